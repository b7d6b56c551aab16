package attribution

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Survey is what usage rows say besides what they count. Like a segment, and beside
// one, it answers every program and every day.
type Survey struct {
	Months   []kizuna.Month  `json:"months,omitempty"`   // that have rows of any customer, in order
	Asserted []Assertion     `json:"asserted,omitempty"` // the first row that names each partner, in the rows' order
	Refused  []*kizuna.Error `json:"-"`                  // why rows cannot be counted, in their order

	named map[string]bool // partners, without case
	last  string          // the one named last, as written
}

// Assert takes a row that can be counted and names a partner, unless one before did.
func (s *Survey) Assert(a Assertion) {
	if a.Partner == s.last && s.named != nil {
		return
	}
	s.last = a.Partner
	partner := association.Fold(a.Partner)
	if s.named == nil {
		s.named = make(map[string]bool)
	}
	if !s.named[partner] {
		s.named[partner] = true
		s.Asserted = append(s.Asserted, a)
	}
}

// AssertionOf returns the vendor's own attribution of a row that can be counted; false
// if it has none.
func AssertionOf(u *usage.Row) (a Assertion, ok bool) {
	if u.Asserted.Location == "" || u.Asserted.Type == "" {
		return a, false
	}
	as, ok := program.TypeOf(u.Asserted.Type)
	return Assertion{as, u.Asserted.Location, u.Period(), u.At}, ok
}

// Assertion is the vendor's own attribution that a row carries.
type Assertion struct {
	Type    program.Type    `json:"type"`
	Partner string          `json:"partner"` // a location's id, or a global account's, as written
	Period  kizuna.Interval `json:"period"`
	At      kizuna.Ref      `json:"at,omitzero"`
}

// NewSurvey looks at all rows of a ledger.
func NewSurvey(ledger *usage.Ledger, rates Rates) *Survey {
	s := new(Survey)
	months := make(map[kizuna.Month]bool)
	last := kizuna.Month(-1)
	for _, u := range ledger.All() {
		if u.Month != last {
			last = u.Month
			months[last] = true
		}
		f, err := rates.Figures(u)
		switch {
		case err != nil:
			s.Refused = append(s.Refused, err.WithRef(u.At))
		case f.Asserted:
			s.Assert(Assertion{f.As, u.Asserted.Location, u.Period(), u.At})
		}
	}
	s.Months = slices.Sorted(maps.Keys(months))
	return s
}

// Missing counts the months that a plan looks at and that have no rows of any customer.
func (s *Survey) Missing(plan *Plan) (missing, of int) {
	return plan.missing(func(m kizuna.Month) bool {
		_, has := slices.BinarySearch(s.Months, m)
		return has
	})
}

// Notes says of asserted partners which are in no account, and which are accounts
// themselves: what [Book.Findings] says of rows, and [Book.Remarks].
func (s *Survey) Notes(index *association.Index) (findings, remarks []*kizuna.Error) {
	a := newAsserter(index)
	for i := range s.Asserted {
		a.reach(&s.Asserted[i])
	}
	return a.findings, a.remarks
}

// asserter finds the partners that rows assert, and says once of each what is odd.
type asserter struct {
	index    *association.Index
	unknown  map[string]bool // locations that are in no account, without case
	global   map[string]bool // accounts that are asserted themselves
	findings []*kizuna.Error // name the unknown
	remarks  []*kizuna.Error // name the accounts
}

func newAsserter(index *association.Index) *asserter {
	return &asserter{index: index, unknown: make(map[string]bool), global: make(map[string]bool)}
}

// reach returns the reach that a row asserts; false if it is nobody's.
func (r *asserter) reach(a *Assertion) (association.Reach, bool) {
	reach, byGlobalID, ok := r.index.Asserted(a.Type, a.Partner, a.Period, a.At)
	if !ok {
		if location := association.Fold(a.Partner); !r.unknown[location] {
			r.unknown[location] = true
			r.findings = append(r.findings, r.index.UnknownLocation(a.Partner, reach.Evidence[0]))
		}
		return reach, false
	}
	if byGlobalID && !r.global[reach.Account] {
		r.global[reach.Account] = true
		r.remarks = append(r.remarks, kizuna.Errorf("asserted-global-id",
			"the vendor's own attribution names the global account %s and no location: it counts for the account", reach.Account).
			WithRef(a.At))
	}
	return reach, true
}
