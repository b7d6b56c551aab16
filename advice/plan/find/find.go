// Package find answers what the cheapest way to designations is: it has actions proposed,
// the cheapest plan of them found and proven, and tells what each step brings.
package find

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/plan/check"
	"github.com/kizuna-org/kizuna/advice/plan/model"
	"github.com/kizuna-org/kizuna/advice/plan/solve"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Answer is the cheapest plan, or the best that was found.
type Answer struct {
	By    kizuna.Date `json:"by"`
	Today kizuna.Date `json:"today"`
	Areas []string    `json:"areas"`
	// Specializations that are wanted, and how far the plan comes with each.
	Specializations []Specialization `json:"specializations,omitempty"`
	// Goals are what all of that comes to: of each, one area.
	Goals  []model.Goal `json:"goals"`
	Unit   program.Text `json:"unit"` // of costs
	Margin bool         `json:"margin,omitempty"`

	// Steps are in the order in which they bring most for their cost; what confirms a
	// specialization comes last.
	Steps []Step `json:"steps"`
	// Cost is that of the steps whose cost is given; the others are in every plan.
	Cost int64 `json:"cost_hundredths"`
	// Bound is proven: no plan of these actions costs less.
	Bound      int64 `json:"bound_hundredths"`
	Found      bool  `json:"found"`
	Optimal    bool  `json:"optimal"`
	Infeasible bool  `json:"infeasible,omitempty"` // proven: no plan of these actions reaches the areas
	// Verified: the proof was checked by a program that shares nothing with the one that
	// found it.
	Verified bool `json:"verified"`
	Boxes    int  `json:"boxes"` // of which the proof consists

	// Before is the account on the day if nothing is done, After with all steps.
	Before *score.Account `json:"before"`
	After  *score.Account `json:"after,omitempty"`

	Considered  Considered        `json:"considered"`
	Certificate *plan.Certificate `json:"-"`
	Instance    *plan.Instance    `json:"-"`
}

// Considered says what was looked at.
type Considered struct {
	Actions int `json:"actions"`
	Units   int `json:"customers_and_people"`
	Bundles int `json:"bundles"`
	Without int `json:"bring_nothing"`
	// TooLate would not take effect before the day; Entangled touch several customers at once.
	TooLate   []*action.Action `json:"too_late,omitempty"`
	Entangled []*action.Action `json:"entangled,omitempty"`
}

// Step is an action of the plan.
type Step struct {
	*action.Action
	// Areas are those of the goals after this step and those before it.
	Areas []AreaAfter `json:"areas"`
	// Met are the requirements that are then met, by specialization.
	Met map[string][]string `json:"met,omitempty"`
	// After is the account then.
	After *score.Account `json:"-"`
	// Alone is what the step brings if it is the only one. It does not add up over steps.
	Alone []score.Effect `json:"alone"`
}

// AreaAfter is an area's total after some steps.
type AreaAfter struct {
	Area      string          `json:"area"`
	Total     kizuna.Fraction `json:"total"`
	Qualified bool            `json:"qualified"`
}

// Options bound the work.
type Options struct {
	// Stop is asked now and then; once it is true, the best so far is the answer.
	Stop func() bool
	// Nodes bounds the search so that the answer is the same on every machine; 0: no bound.
	Nodes int
	Found func(cost int64)
}

// Find answers. It returns nil if it is stopped before anything could be found.
func Find(ask *action.Ask, opts Options) (*Answer, error) {
	p, err := action.Propose(ask)
	if err != nil || p == nil {
		return nil, err
	}
	out := &Answer{
		By: ask.Base.Question.AsOf, Today: ask.Today, Areas: append([]string{}, ask.Areas...), Goals: ask.Goals(), Unit: ask.Costs.Unit, Margin: ask.Margin, Steps: []Step{},
		Before: ask.Base.Now().Score(), Instance: &p.Instance,
		Considered: Considered{Without: p.Without, TooLate: p.TooLate, Entangled: p.Entangled},
	}
	for i := range p.Units {
		if !p.Units[i].Must { // nothing to choose
			out.Considered.Units++
			out.Considered.Bundles += len(p.Units[i].Bundles)
		}
	}
	for _, a := range p.Actions {
		if !a.Validates() {
			out.Considered.Actions++
		}
	}
	if ask.Part == nil {
		out.specializations(ask)
	}
	so := solve.Options{Stop: opts.Stop, Nodes: opts.Nodes, Found: opts.Found}
	if ask.Margin {
		if so.Start, err = start(&p.Instance, so); err != nil {
			return nil, err
		}
	}
	r, err := solve.Solve(&p.Instance, so)
	if err != nil {
		return nil, err
	}
	out.Cost, out.Bound, out.Found, out.Optimal, out.Infeasible = r.Cost, r.Bound, r.Plan != nil, r.Optimal(), r.Infeasible
	if out.Certificate = r.Certificate; out.Certificate != nil {
		out.Boxes = len(out.Certificate.Nodes)
		if err := check.Certificate(&p.Instance, out.Certificate); err != nil {
			return nil, kizuna.Errorf("plan-unproven", "the proof of the plan does not hold; this is a fault of Kizuna's").WithCause(err)
		}
		out.Verified = true
	}
	if !out.Found {
		return out, nil
	}
	if err := out.steps(ask, p.Of(r.Plan)); err != nil {
		return nil, err
	}
	for i := range out.Specializations {
		out.Specializations[i].After = new(ask.Specializations[i].Assess(out.By, out.After))
	}
	return out, nil
}

// steps orders actions by what they bring for their cost, those that others need before
// these, and tells what the areas are after each.
func (a *Answer) steps(ask *action.Ask, actions []*action.Action) error {
	var rest, done, last []*action.Action
	for _, one := range actions {
		if one.Validates() {
			last = append(last, one)
		} else {
			rest = append(rest, one)
		}
	}
	before := a.Before
	for len(rest) > 0 {
		var best int
		var after *score.Account
		var most kizuna.Fraction
		for i, one := range rest {
			if needsAny(one, rest) {
				continue
			}
			out, err := ask.Base.Evaluate(action.Changes(append(done[:len(done):len(done)], one)))
			if err != nil {
				return err
			}
			then := out.Score()
			gain := a.towards(ask, then).Sub(a.towards(ask, before)).Div(kizuna.Int(one.Cost + 1))
			if after == nil || gain.Cmp(most) > 0 {
				best, after, most = i, then, gain
			}
		}
		one := rest[best]
		alone, err := ask.Base.Evaluate(one.Changes())
		if err != nil {
			return err
		}
		done = append(done, one)
		rest = append(append([]*action.Action{}, rest[:best]...), rest[best+1:]...)
		a.Steps = append(a.Steps, a.step(ask, one, after, effects(ask, a.Before, alone.Score())))
		before = after
	}
	a.After = before
	for _, one := range last {
		a.Steps = append(a.Steps, a.step(ask, one, before, nil))
	}
	return nil
}

func (a *Answer) step(ask *action.Ask, one *action.Action, after *score.Account, alone []score.Effect) Step {
	s := Step{Action: one, Areas: a.after(ask, after), Alone: alone, After: after}
	for i := range ask.Specializations {
		of := &ask.Specializations[i]
		if f := of.Assess(a.By, after); len(of.Terms.Requirements) > 0 {
			if s.Met == nil {
				s.Met = make(map[string][]string)
			}
			s.Met[of.ID] = append([]string{}, f.Met...)
		}
	}
	return s
}

// needsAny reports whether an action needs one that is still to be done.
func needsAny(a *action.Action, rest []*action.Action) bool {
	for _, id := range a.Needs {
		for _, other := range rest {
			if other.ID == id {
				return true
			}
		}
	}
	return false
}

// towards is how far the goals are, each by the area that comes nearest.
func (a *Answer) towards(ask *action.Ask, of *score.Account) (sum kizuna.Fraction) {
	for _, g := range a.Goals {
		var most kizuna.Fraction
		for _, id := range g.AnyOf {
			if area, ok := of.Areas.Get(id); ok {
				p := ask.Base.Question.Program
				most = most.Max(near(area, p.ScoringOf(p.Area(id))))
			}
		}
		sum = sum.Add(most)
	}
	return sum
}

// near is how far an area is: its total up to the pass mark, and as many points for each
// metric of the taken track that has any.
func near(area *score.Area, rules *program.Scoring) kizuna.Fraction {
	sum := area.Total.Min(rules.PassTotal)
	if area.Qualified {
		sum = sum.Add(kizuna.Int(1))
	}
	if t, ok := area.Tracks.Get(area.TakenTrack); ok {
		for _, m := range t.Metrics {
			if m.Value.Points.Sign() > 0 {
				sum = sum.Add(kizuna.Int(1))
			}
		}
	}
	return sum
}

func (a *Answer) after(ask *action.Ask, of *score.Account) (out []AreaAfter) {
	for _, g := range a.Goals {
		for _, id := range g.AnyOf {
			area, ok := of.Areas.Get(id)
			if ask.Base.Question.Program.Specialization(id) == nil && ok && !slices.ContainsFunc(out, func(a AreaAfter) bool { return a.Area == id }) {
				out = append(out, AreaAfter{id, area.Total, area.Qualified})
			}
		}
	}
	return out
}

func effects(ask *action.Ask, before, after *score.Account) (out []score.Effect) {
	for _, x := range before.Areas {
		if y, ok := after.Areas.Get(x.Name); ok && ask.Base.Question.Program.Specialization(x.Name) == nil && x.Value.Total.Cmp(y.Total) != 0 {
			out = append(out, score.Effect{Area: x.Name, Before: x.Value.Total, After: y.Total})
		}
	}
	return out
}

// Changes are the changed facts of the first steps of the plan, all of them if n is 0.
func (a *Answer) Changes(n int) *advice.Changes {
	if n == 0 {
		n = len(a.Steps)
	}
	actions := make([]*action.Action, 0, n)
	for _, s := range a.Steps[:min(n, len(a.Steps))] {
		actions = append(actions, s.Action)
	}
	return action.Changes(actions)
}
