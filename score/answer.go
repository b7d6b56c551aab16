package score

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// Question is what is asked: under which rules, about which day.
type Question struct {
	Program *program.Program
	Carried bool // no version is in force on the day
	AsOf    kizuna.Date
	Trust   attribution.Trust
	// Specializations: the program's areas are specializations
	// ([program.Program.ForSpecializations]).
	Specializations bool
}

// Facts is everything that was known when the question was asked.
type Facts struct {
	attribution.Facts
	People   *people.Facts
	Coverage Coverage
}

// Answer holds a question's prepared facts and every account's tallies. It is
// safe for concurrent reading.
type Answer struct {
	Question Question
	Book     *attribution.Book // nil if the usage was counted elsewhere: see [AskCounted]
	Roster   *people.Roster

	index    *association.Index
	behind   Behind
	scorer   Scorer
	totals   Totals
	missing  int             // months without rows
	findings []*kizuna.Error // in order
	remarks  []*kizuna.Error
	names    map[string]string
}

// Totals are what all customers contribute, account by account.
type Totals interface {
	// Account returns the account's tallies. There may be others' among them.
	Account(account string) attribution.Contribution
}

// total is what a book counts.
type total attribution.Contribution

func (t total) Account(string) attribution.Contribution { return attribution.Contribution(t) }

// Counted is usage that was counted already, and what its rows say besides.
type Counted struct {
	Plan   *attribution.Plan // for the question's program and day
	Totals Totals
	Survey *attribution.Survey
	Behind Behind // nil: nobody will ask
}

// Ask scores the whole of the facts.
func Ask(q Question, f *Facts) *Answer {
	facts := f.Facts
	facts.Trust = q.Trust
	book := attribution.NewBook(attribution.NewPlan(q.Program, q.AsOf), &facts)
	a := &Answer{Book: book, behind: inBook{book}, totals: total(book.Total()), remarks: book.Remarks()}
	a.missing, _ = book.MissingMonths()
	findings := slices.Clone(book.Findings())
	for _, r := range book.Refused() {
		findings = append(findings, r.Err)
	}
	return a.prepare(q, f, book.Plan, book.Index(), findings)
}

// AskCounted is [Ask] for usage that was counted already. The facts' own usage is not
// looked at.
func AskCounted(q Question, f *Facts, c *Counted) *Answer {
	index := association.NewIndex(f.Associations, association.Question{Program: q.Program, AsOf: q.AsOf})
	a := &Answer{totals: c.Totals, behind: c.Behind}
	a.missing, _ = c.Survey.Missing(c.Plan)
	var asserted []*kizuna.Error
	asserted, a.remarks = c.Survey.Notes(index)
	return a.prepare(q, f, c.Plan, index, slices.Concat(index.Findings, asserted, c.Survey.Refused))
}

func (a *Answer) prepare(q Question, f *Facts, plan *attribution.Plan, index *association.Index, findings []*kizuna.Error) *Answer {
	a.Question, a.index = q, index
	a.Roster = people.NewRoster(f.People, q.Program, q.AsOf, index.AccountAt)
	a.scorer = Scorer{Plan: plan, Roster: a.Roster, Coverage: f.Coverage}
	slices.SortStableFunc(findings, func(x, y *kizuna.Error) int {
		return cmp.Or(
			strings.Compare(x.At.File, y.At.File), cmp.Compare(x.At.Line, y.At.Line),
			strings.Compare(x.Code, y.Code), strings.Compare(x.Message, y.Message))
	})
	a.findings = findings
	a.names = make(map[string]string)
	for _, l := range f.Associations.Locations {
		if a.names[l.Global] == "" {
			a.names[l.Global] = l.Name
		}
	}
	return a
}

// Accounts lists the global accounts on the question's day.
func (a *Answer) Accounts() []string { return a.index.Accounts() }

// Resolve finds the account of a partner id, which may be a location or a global
// account. Location is the id itself if it is a location.
func (a *Answer) Resolve(partner string) (account, location string, err error) {
	account, isLocation, ok := a.index.AccountOf(partner)
	switch {
	case !ok:
		return "", "", kizuna.Errorf("unknown-partner", "no location and no global account on %s is %q", a.Question.AsOf, partner).
			WithMend("known accounts: %s", clipList(a.Accounts(), 8))
	case isLocation:
		return account, partner, nil
	}
	return account, "", nil
}

func clipList(ids []string, n int) string {
	if len(ids) > n {
		return strings.Join(ids[:n], ", ") + ", …"
	}
	return strings.Join(ids, ", ")
}

// Result scores the accounts, all of them if none is named.
func (a *Answer) Result(accounts ...string) *Result {
	if len(accounts) == 0 {
		accounts = a.Accounts()
	}
	p := a.Question.Program
	r := &Result{
		Program: p.Version, ProgramID: p.ID, Digest: program.Digest(p), Carried: a.Question.Carried,
		AsOf: a.Question.AsOf, Missing: a.missing, Findings: a.findings, Remarks: a.remarks, Rules: p,
	}
	last := a.scorer.Plan.Last
	r.Months.Set("M-1", last)
	r.Months.Set("M-13", last.Add(-12))
	r.Accounts = make(Keyed[*Account], len(accounts))
	parallel.Each(len(accounts), func() func(i int) {
		return func(i int) {
			account := accounts[i]
			scored := a.scorer.Account(account, a.totals.Account(account))
			scored.Name = a.names[account]
			r.Accounts[i] = Named[*Account]{account, scored}
		}
	})
	return r
}

// Input returns a tally's values in whole units: see [attribution.Plan.Input].
func (a *Answer) Input(measure int, t attribution.Tally) attribution.Input {
	return a.scorer.Plan.Input(measure, t)
}

// Findings lists facts that can never count and rows that were refused.
func (a *Answer) Findings() []*kizuna.Error { return a.findings }

// Remarks lists facts that count in a way that should be said.
func (a *Answer) Remarks() []*kizuna.Error { return a.remarks }

// Effect is what an account's points would be with other facts, area by area.
type Effect struct {
	Area   string          `json:"area"`
	Before kizuna.Fraction `json:"before"`
	After  kizuna.Fraction `json:"after"`
}

// Differences lists the areas in which an account's total differs between two answers.
func Differences(before, after *Result, account string) []Effect {
	x, okX := before.Accounts.Get(account)
	y, okY := after.Accounts.Get(account)
	if !okX || !okY {
		return nil
	}
	var out []Effect
	for _, area := range x.Areas {
		if other, ok := y.Areas.Get(area.Name); ok && area.Value.Total.Cmp(other.Total) != 0 {
			out = append(out, Effect{area.Name, area.Value.Total, other.Total})
		}
	}
	return out
}

// Name returns an account's name, or "".
func (a *Answer) Name(account string) string { return a.names[account] }

// Customer returns a tenant's name, or "".
func (a *Answer) Customer(tenant string) string {
	if c := a.index.Customer(association.Fold(tenant)); c != nil {
		return c.Name
	}
	return ""
}

// NoSuchArea says that the program has no such area, and which it has.
func (a *Answer) NoSuchArea(area string) *kizuna.Error {
	p := a.Question.Program
	ids := make([]string, len(p.Areas))
	for i := range p.Areas {
		ids[i] = p.Areas[i].ID
	}
	if a.Question.Specializations {
		return kizuna.Errorf("no-such-specialization", "%s has no specialization %q on %s whose requirements are known", p.Ref(), area, a.Question.AsOf).
			WithMend("known: %s", strings.Join(ids, ", "))
	}
	return kizuna.Errorf("no-such-area", "%s has no area %q", p.Ref(), area).
		WithMend("its areas: %s", strings.Join(ids, ", "))
}
