package action

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/model"
	"github.com/kizuna-org/kizuna/specialization"
)

// Ask is the question what could be done.
type Ask struct {
	// Base is the account on the day by which all is wanted, with what usage is taken to be
	// until then always assumed.
	Base  *advice.Base
	Today kizuna.Date // on which whoever acts begins
	Areas []string    // all of them
	// Specializations, all of them, each with the designations that it stands on. What is
	// known of their requirements are areas of the question's program
	// ([program.Program.WithSpecializations]).
	Specializations []specialization.Aim
	// Part, if set, is all that is wanted: to see what of the rest can be reached.
	Part  *model.Goal
	Costs *Costs
	// Margin asks that no single fact's failing loses the areas.
	Margin bool
	// Stop is asked now and then: once it is true, [Propose] returns nil.
	Stop func() bool
	// Progress is told how many customers and people have been looked at.
	Progress func(done, of int)
}

// Bounds of what one customer or person is asked for at once: bundles of more are not made.
const (
	mostPerCustomer = 3 // associations, besides growth
	mostPerPerson   = 2 // certificates, besides those that these need
	mostBundles     = 200
)

// Proposal is an instance, and what its bundles do.
type Proposal struct {
	*model.Model
	ask *Ask

	Actions map[string]*Action
	// TooLate are actions that would not take effect before the day.
	TooLate []*Action
	// Entangled are actions that would touch more than one customer: no plan has them.
	Entangled []*Action
	// Without is how many actions bring nothing towards the areas by themselves.
	Without    int
	directions []direction  // by counter
	bundles    [][][]string // by unit and bundle: ids of actions
}

// Propose lists what could be done. The errors are those of [model.New] and
// [advice.Base.Evaluate].
func Propose(ask *Ask) (*Proposal, error) {
	p := &Proposal{ask: ask, Actions: make(map[string]*Action)}
	now := ask.Base.Now()
	var workloads []string
	for _, tenant := range ask.Base.Customers() {
		for _, about := range ask.Base.About(tenant) {
			workloads = append(workloads, ask.Base.Question.Program.WorkloadName(about.Workload))
		}
	}
	slices.Sort(workloads)
	var err error
	p.Model, err = model.New(ask.Base.Plan, ask.Base.Facts().Coverage,
		model.Standing{Account: ask.Base.Account, Total: now.Total, Roster: now.Roster}, ask.Goals(), slices.Compact(workloads))
	if err != nil {
		return nil, err
	}
	p.directions = direct(&p.Instance)
	c := &customers{Proposal: p, measures: p.Measures()}
	if err := c.all(); err != nil {
		return nil, err
	}
	h := &humans{Proposal: p}
	if err := h.all(len(ask.Base.Customers())); err != nil {
		return nil, err
	}
	if p.stopped() {
		return nil, nil
	}
	p.validations()
	p.forget()
	return p, nil
}

func (p *Proposal) stopped() bool { return p.ask.Stop != nil && p.ask.Stop() }

func (p *Proposal) progress(done, of int) {
	if p.ask.Progress != nil {
		p.ask.Progress(done, of)
	}
}

// inTime reports whether an action takes effect before the day; else it is noted.
func (p *Proposal) inTime(a *Action) bool {
	if a.From < p.ask.Base.Question.AsOf {
		return true
	}
	p.TooLate = append(p.TooLate, a)
	return false
}

// Changes joins what actions do.
func Changes(actions []*Action) *advice.Changes {
	all := make([]*advice.Changes, len(actions))
	for i, a := range actions {
		all[i] = a.Changes()
	}
	return advice.Join(all...)
}

// candidate is a bundle before it is known to be worth it.
type candidate struct {
	actions []*Action
	cost    int64
	adds    []plan.Add
}

// unit adds a unit with the candidates that none of the others is better than.
func (p *Proposal) unit(name string, all []candidate) {
	all = p.undominated(all)
	if len(all) == 0 {
		return
	}
	u := plan.Unit{Name: name}
	var of [][]string
	for _, c := range all {
		ids := make([]string, len(c.actions))
		for i, a := range c.actions {
			ids[i] = a.ID
			p.Actions[a.ID] = a
		}
		u.Bundles = append(u.Bundles, plan.Bundle{Name: ids[0], Actions: ids, Cost: c.cost, Adds: c.adds})
		of = append(of, ids)
	}
	p.Units = append(p.Units, u)
	p.bundles = append(p.bundles, of)
}

// undominated leaves out candidates that add nothing, and those than which another is
// better: it costs no more, has no more actions and adds nowhere worse.
func (p *Proposal) undominated(all []candidate) (out []candidate) {
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(len(a.actions), len(b.actions)))
	})
	for _, c := range all {
		if len(c.adds) == 0 || slices.ContainsFunc(out, func(k candidate) bool { return len(k.actions) <= len(c.actions) && p.noWorse(k.adds, c.adds) }) {
			continue
		}
		if out = append(out, c); len(out) == mostBundles {
			break
		}
	}
	return out
}

// noWorse reports whether what x adds is at least as good as what y adds, whatever else is
// done.
func (p *Proposal) noWorse(x, y []plan.Add) bool {
	more := make(map[int]int64, len(x))
	for _, a := range x {
		more[a.Counter] += a.By
	}
	for _, a := range y {
		more[a.Counter] -= a.By
	}
	for counter, by := range more {
		d := p.directions[counter]
		if by > 0 && d&down != 0 || by < 0 && d&up != 0 {
			return false
		}
	}
	return true
}

// direction says in which direction more of a counter can matter.
type direction uint8

const (
	up   direction = 1 << iota // more helps somewhere
	down                       // more harms somewhere
)

// direct finds for every counter where more of it helps and where it harms.
func direct(in *plan.Instance) []direction {
	out := make([]direction, len(in.Counters))
	mark := func(quantity int, d direction) {
		if quantity < len(in.Counters) {
			out[quantity] |= d
			return
		}
		for _, m := range in.Sets[quantity-len(in.Counters)].Members {
			out[m] |= d
		}
	}
	terms := func(list []plan.Term) {
		for _, t := range list {
			switch {
			case t.Times > 0:
				mark(t.Quantity, up)
			case t.Times < 0:
				mark(t.Quantity, down)
			}
		}
	}
	conditions := func(list []plan.Condition) {
		for i := range list {
			terms(list[i].Terms)
		}
	}
	for i := range in.Areas {
		for j := range in.Areas[i].Ways {
			way := &in.Areas[i].Ways[j]
			conditions(way.When)
			for k := range way.Metrics {
				for _, o := range way.Metrics[k].Options {
					for l := range o.Parts {
						part := &o.Parts[l]
						conditions(part.When)
						terms(part.Gain)
						for _, t := range part.Over {
							mark(t.Quantity, up|down) // nothing at 0, and less the more there is
						}
					}
				}
			}
		}
	}
	return out
}

// forget drops actions that are in no bundle.
func (p *Proposal) forget() {
	used := make(map[string]bool)
	for _, unit := range p.bundles {
		for _, ids := range unit {
			for _, id := range ids {
				used[id] = true
			}
		}
	}
	maps.DeleteFunc(p.Actions, func(id string, _ *Action) bool { return !used[id] })
}

// Of returns the actions of a plan, those that are needed before others first, else in
// the order of their ids.
func (p *Proposal) Of(taken plan.Plan) (out []*Action) {
	for u, b := range taken {
		if b == plan.None || u >= len(p.bundles) {
			continue
		}
		for _, id := range p.bundles[u][b] {
			out = append(out, p.Actions[id])
		}
	}
	slices.SortFunc(out, func(a, b *Action) int {
		return cmp.Or(cmp.Compare(len(a.Needs), len(b.Needs)), cmp.Compare(a.ID, b.ID))
	})
	return out
}
