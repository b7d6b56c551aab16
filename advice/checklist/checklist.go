// Package checklist asks the three things that every partner should check: whether the
// requirements of a designation are met, whether the right associations are in place, and
// whether the people's certificates are linked. Whether something counts is always asked of
// the score: by evaluating the facts without it.
//
// Source: Microsoft partner blog, "Grow your partner capability score with partner
// associations", 2022-08-23.
package checklist

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/gaps"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
)

// State says how a line stands.
type State string

// The states.
const (
	Done    State = "done"
	NotDone State = "not_done"
	AtRisk  State = "at_risk"
	// NotKnown: no source says what is asked for. It is never taken for done.
	NotKnown State = "not_known"
)

// Line is one thing that was checked, with its evidence.
type Line struct {
	State State `json:"state"`
	// Code says what the line is about: see the constants.
	Code Code `json:"code"`

	Area   string `json:"area,omitempty"`
	Track  string `json:"track,omitempty"`
	Metric string `json:"metric,omitempty"`
	// Of a metric: its points, what they may come to, its progress and how much more gives
	// all points, in its unit.
	Points   *kizuna.Fraction `json:"points,omitempty"`
	Max      *kizuna.Fraction `json:"max,omitempty"`
	Progress *kizuna.Fraction `json:"progress,omitempty"`
	ToFull   *kizuna.Fraction `json:"to_full,omitempty"`
	Unit     string           `json:"unit,omitempty"`
	Gates    []score.Gate     `json:"gates,omitempty"`

	Tenant      string       `json:"tenant,omitempty"`
	What        string       `json:"what,omitempty"` // a claim, an identity, a subscription
	Person      string       `json:"person,omitempty"`
	Name        string       `json:"name,omitempty"`
	Certificate string       `json:"certificate,omitempty"`
	On          *kizuna.Date `json:"on,omitempty"` // when it ends, or ended
	Days        int          `json:"days,omitempty"`
	// Loses are the areas that lose points with it. Points do not add up over lines.
	Loses []score.Effect `json:"loses,omitempty"`
	// Moves is what becomes of the specializations' figures with it; of a gap, if it is closed.
	Moves []specialization.Movement `json:"moves,omitempty"`

	Specialization string `json:"specialization,omitempty"`
	// Of a specialization: how many requirements are met, of how many; the figures of one.
	Met     int                     `json:"met,omitempty"`
	Of      int                     `json:"of,omitempty"`
	Figures []specialization.Figure `json:"figures,omitempty"`
	AnyOf   []string                `json:"any_of,omitempty"` // designations
	AllOf   []string                `json:"all_of,omitempty"`
	At      []kizuna.Ref            `json:"at,omitempty"`
	Cause   *kizuna.Error           `json:"cause,omitempty"`
}

// Code says what a line is about.
type Code string

// The codes. What an association has the matter with it is named by what would be seen
// first: several may be true.
const (
	AreaPasses  Code = "area"   // the area's total, and all of its metrics
	MetricHas   Code = "metric" // a metric has points of its own
	PeopleSteps Code = "step"   // a prerequisite of a people metric

	Specialization Code = "specialization" // all of it, but the validation
	Designation    Code = "designation"    // those that it stands on
	Requirement    Code = "requirement"
	Unknown        Code = "unknown"    // an aspect of which no source says what is asked for
	Validation     Code = "validation" // the last step

	Gap              Code = "gap"               // usage that earns nothing: see package gaps
	Finding          Code = "finding"           // a fact that can never count, and why
	LinkWithoutRole  Code = "link-without-role" // the linked identity has no role, or none any more
	RoleDoesNotEarn  Code = "role-does-not-earn"
	RoleForHours     Code = "role-for-hours" // its roles held for a small part of the last month only
	ClaimNotApproved Code = "claim-pending"  // the claim was not approved, or was ended
	DPORAgreement    Code = "dpor-agreement" // the subscription moved to an agreement without DPOR
	Renewed          Code = "renewed"        // the subscription ended, and a newer one of its product has no association
	CSPMoved         Code = "csp-moved"      // another partner sells it now
	WrongType        Code = "wrong-type"     // no metric of these areas takes it for what is used
	EarnsNothing     Code = "earns-nothing"  // it counts nowhere: nothing is used, or others cover it

	NotLinked     Code = "person-not-linked"   // an employee with certificates, linked to nobody
	NothingCounts Code = "person-without"      // linked, and no certificate counts in these areas
	NotVerified   Code = "certificate-claimed" // claimed by hand, in no export
	Expired       Code = "certificate-expired"
	Expiring      Code = "certificate-expiring"
	Retiring      Code = "certificate-retiring" // counts to its last day only
	Retired       Code = "certificate-retired"
	PeopleLinked  Code = "people" // how many people count
)

// Step is one of the three.
type Step string

// The steps.
const (
	Requirements Step = "requirements"
	Associations Step = "associations"
	People       Step = "people"
)

// Check is the checklist for some areas.
type Check struct {
	Requirements []Line `json:"requirements"`
	Associations []Line `json:"associations"`
	People       []Line `json:"people"`
	// Counting is how many associations of the account bring something, of all.
	Counting, All int      `json:"-"`
	Areas         []string `json:"areas"`
}

// Horizons are the days within which what ends is said to be at risk.
var Horizons = [...]int{30, 60, 90, 180}

// Make checks an account for areas and specializations; what is known of these are areas of
// the base's program ([program.Program.WithSpecializations]). Findings are facts that can
// never count.
func Make(b *advice.Base, areas []string, aims []specialization.Aim, findings []*kizuna.Error, stop func() bool) (*Check, error) {
	c := &checker{base: b, points: areas, areas: slices.Clip(areas), aims: aims, now: b.Now().Score(), out: &Check{Areas: areas}}
	for _, id := range areas {
		c.requirements(id)
	}
	for i := range aims {
		c.specialization(&aims[i])
	}
	missing, err := gaps.Find(b, gaps.Options{Specializations: aims, Stop: stop})
	if err != nil {
		return nil, err
	}
	if err := c.associations(missing, findings, stop); err != nil {
		return nil, err
	}
	return c.out, c.people()
}

type checker struct {
	base   *advice.Base
	points []string // areas that have points
	areas  []string // these, and the specializations
	aims   []specialization.Aim
	now    *score.Account
	out    *Check
}

// requirements checks an area's metrics on the track that its figure is taken from.
func (c *checker) requirements(id string) {
	area, ok := c.now.Areas.Get(id)
	if !ok {
		return
	}
	head := Line{State: NotDone, Code: AreaPasses, Area: id, Track: area.TakenTrack, Points: &area.Total, Max: &c.base.Question.Program.Scoring.PassTotal}
	if area.Qualified {
		head.State = Done
	}
	c.out.Requirements = append(c.out.Requirements, head)
	track, ok := area.Tracks.Get(area.TakenTrack)
	if !ok {
		return
	}
	rules := c.base.Question.Program.Area(id)
	for i, m := range track.Metrics {
		rule := rules.Metrics[i].Rules[area.TakenTrack]
		l := Line{State: NotDone, Code: MetricHas, Area: id, Track: area.TakenTrack, Metric: m.Name,
			Points: &m.Value.Points, Max: &m.Value.Max, Progress: m.Value.Progress, ToFull: m.Value.ToFull, Unit: m.Value.Unit, Gates: m.Value.Gates}
		if c.base.Question.Program.Scoring.Passes(m.Value.Points) {
			l.State = Done
		}
		if r := rule.PeopleOn(c.base.Question.AsOf); r != nil {
			counted := kizuna.Int(0)
			if m.Value.Counted != nil {
				counted = kizuna.Int(*m.Value.Counted)
			}
			l.Progress, l.Unit = &counted, "person"
			if need, ok := score.PeopleFor(r, m.Value.Max); ok {
				more := kizuna.Int(need).Sub(counted).Max(kizuna.Fraction{})
				l.ToFull = &more
			}
		}
		c.out.Requirements = append(c.out.Requirements, l)
	}
}

// loses evaluates the facts with changes and notes which of the areas lose points, and what
// becomes of specializations; any says whether anything at all of the customers
// contributes otherwise.
func (c *checker) loses(l *Line, changes *advice.Changes) (any bool, err error) {
	out, err := c.base.Evaluate(changes)
	if err != nil {
		return false, err
	}
	for id, gives := range out.Customers {
		d := make(map[int]bool)
		before := c.base.Contribution(id)
		for key := range gives {
			d[key.Measure] = true
		}
		for key := range before {
			d[key.Measure] = true
		}
		for m := range d {
			key := keyOf(c.base.Account, m)
			if !gives[key].Sub(before[key]).IsZero() {
				any = true
			}
		}
	}
	after := out.Score()
	l.Moves = specialization.Movements(c.aims, c.now, after)
	for _, id := range c.points {
		x, _ := c.now.Areas.Get(id)
		y, ok := after.Areas.Get(id)
		if ok && y.Total.Cmp(x.Total) < 0 {
			l.Loses = append(l.Loses, score.Effect{Area: id, Before: x.Total, After: y.Total})
		}
	}
	return any || len(l.Loses)+len(l.Moves) > 0, nil
}

// sorted puts lines that are not done first, then those at risk, the soonest first.
func sorted(lines []Line) []Line {
	rank := map[State]int{NotDone: 0, AtRisk: 1, Done: 2}
	day := func(l *Line) kizuna.Date {
		if l.On == nil {
			return 0
		}
		return *l.On
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(rank[a.State], rank[b.State]), cmp.Compare(day(&a), day(&b)))
	})
	return lines
}

// measures lists the measures that the areas look at.
func (c *checker) measures() (out []int) {
	for _, id := range c.areas {
		area := c.base.Question.Program.Area(id)
		if area == nil {
			continue
		}
		for _, m := range area.Metrics {
			for _, track := range area.Track.Tracks {
				for i := range m.Rules[track].Components {
					out = append(out, c.base.Plan.MeasureOf(&m.Rules[track].Components[i]))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// takes reports whether some metric of the areas takes a type for usage of a customer.
func (c *checker) takes(tenant, subscription string, of program.Type) (takes, uses bool) {
	products := c.base.Products(tenant)
	for _, about := range c.base.About(tenant) {
		if subscription != "" && !same(subscription, about.Subscription) {
			continue
		}
		uses = true
		for _, m := range c.measures() {
			takes = takes || c.base.Plan.TypesFor(m, about.Workload, products[fold(about.Subscription)]).Has(of)
		}
	}
	return takes, uses
}
