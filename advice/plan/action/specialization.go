package action

import (
	"slices"
	"strconv"

	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/model"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/specialization"
)

// Goals lists what is wanted, all of it: the areas; of each specialization what is known
// of its requirements, and the designations that it stands on, unless they are held.
func (a *Ask) Goals() []model.Goal {
	if a.Part != nil {
		return []model.Goal{*a.Part}
	}
	goals := model.Each(a.Areas...)
	for i := range a.Specializations {
		s := &a.Specializations[i]
		if len(s.Terms.Requirements) > 0 {
			goals = append(goals, model.Goal{AnyOf: []string{s.ID}})
		}
		if s.Terms.Entitled(s.Held) {
			continue
		}
		goals = append(goals, model.Each(slices.DeleteFunc(slices.Clone(s.Terms.AllOf), s.Held)...)...)
		if len(s.Terms.AnyOf) > 0 {
			goals = append(goals, model.Goal{AnyOf: s.Terms.AnyOf})
		}
	}
	return unimplied(goals)
}

// unimplied leaves out the goals that another one reaches, too.
func unimplied(goals []model.Goal) (out []model.Goal) {
	for i, g := range goals {
		implied := false
		for k, other := range goals {
			within := !slices.ContainsFunc(other.AnyOf, func(id string) bool { return !slices.Contains(g.AnyOf, id) })
			implied = implied || k != i && within && (len(other.AnyOf) < len(g.AnyOf) || k < i)
		}
		if !implied {
			out = append(out, g)
		}
	}
	return out
}

// Parts lists the goals one by one, and of a specialization each requirement.
func (a *Ask) Parts() (out []model.Goal) {
	for _, g := range a.Goals() {
		i := slices.IndexFunc(a.Specializations, func(s specialization.Aim) bool { return s.ID == g.AnyOf[0] })
		if i < 0 {
			out = append(out, g)
			continue
		}
		for _, m := range a.Specializations[i].Terms.Requirements {
			out = append(out, model.Goal{AnyOf: g.AnyOf, Metric: m.ID})
		}
	}
	return out
}

// validations adds what confirms the specializations in the end: steps of every plan.
func (p *Proposal) validations() {
	if p.ask.Part != nil {
		return
	}
	for i := range p.ask.Specializations {
		s := &p.ask.Specializations[i]
		for n := range s.Validations {
			a := p.validation(s, n+1)
			p.Actions[a.ID] = a
			p.Units = append(p.Units, plan.Unit{Name: a.ID, Must: true, Bundles: []plan.Bundle{{Name: a.ID, Actions: []string{a.ID}, Cost: a.Cost}}})
			p.bundles = append(p.bundles, [][]string{{a.ID}})
		}
	}
}

// validation is an audit, or one of the references: it can begin once all else is met.
func (p *Proposal) validation(s *specialization.Aim, n int) *Action {
	a := &Action{Kind: Audit, Actors: []remedy.Actor{remedy.Partner, Auditor}, Specialization: s.ID}
	if s.Terms.Validation == program.ByReferences {
		a.Kind, a.Actors, a.Number, a.Of = Reference, []remedy.Actor{remedy.Partner, remedy.Customer}, n, s.Validations
	}
	a.ID = string(a.Kind) + " " + s.ID
	if a.Number > 0 {
		a.ID += " " + strconv.Itoa(a.Number)
	}
	e := p.ask.Costs.Validation[a.Kind]
	if a.CostNotGiven = e.Cost == nil; !a.CostNotGiven {
		a.Cost = p.ask.Costs.of(Effort{Cost: *e.Cost}, s.ID)
	}
	if e.Takes != nil {
		a.From = p.ask.Base.Question.AsOf.AddDays(*e.Takes)
	}
	return a
}

// Validates reports whether the action confirms what all others have reached.
func (a *Action) Validates() bool { return a.Kind == Audit || a.Kind == Reference }
