package action

import (
	"math/bits"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
)

// customers proposes what could be done at customers.
type customers struct {
	*Proposal
	measures []int
}

func (c *customers) all() error {
	ids := c.ask.Base.Customers()
	for i, tenant := range ids {
		if c.stopped() {
			return nil
		}
		c.progress(i, len(ids))
		if c.ask.Costs.out(tenant) {
			continue
		}
		if err := c.customer(tenant); err != nil {
			return err
		}
	}
	return nil
}

// customer makes the unit of a customer: some of its associations, and some growth.
func (c *customers) customer(tenant string) error {
	remedies, err := c.remedies(tenant)
	if err != nil {
		return err
	}
	var all []candidate
	for _, set := range subsets(len(remedies), mostPerCustomer) {
		var actions []*Action
		for i := range remedies {
			if set>>i&1 != 0 {
				actions = append(actions, remedies[i])
			}
		}
		if len(actions) > 0 {
			if all, err = c.candidate(all, tenant, actions); err != nil {
				return err
			}
		}
		if all, err = c.grown(all, tenant, actions); err != nil {
			return err
		}
	}
	c.unit(tenant, all)
	return c.failure(tenant)
}

// remedies are the associations that bring something towards the areas by themselves, the
// cheapest of those that bring the same.
func (c *customers) remedies(tenant string) (out []*Action, err error) {
	var all []candidate
	for _, r := range remedy.For(c.ask.Base, tenant, c.measures) {
		a := ofRemedy(&r, c.ask.Costs.Associations[r.Kind], c.ask.Costs, c.ask.Today)
		if c.ask.Costs.out(a.ID) || !c.inTime(a) {
			continue
		}
		before := len(all)
		if all, err = c.candidate(all, tenant, []*Action{a}); err != nil {
			return nil, err
		}
		if len(all) == before {
			c.Without++
		}
	}
	for _, one := range undominated(all) {
		out = append(out, one.actions[0])
	}
	return out[:min(len(out), 10)], nil
}

// candidate evaluates actions at a customer and takes them if they bring anything.
func (c *customers) candidate(all []candidate, tenant string, actions []*Action) ([]candidate, error) {
	one, ok, err := c.evaluate(tenant, actions)
	if ok {
		all = append(all, one)
	}
	return all, err
}

// evaluate returns what actions bring; ok is false if that is nothing, or if they touch
// other customers, which are units of their own.
func (c *customers) evaluate(tenant string, actions []*Action) (one candidate, ok bool, err error) {
	now := c.ask.Base.Now()
	out, err := c.ask.Base.Evaluate(changes(actions))
	if err != nil {
		return one, false, err
	}
	for id := range out.Customers {
		if id != tenant && !same(out.Customers[id], c.ask.Base.Contribution(id)) {
			c.Entangled = append(c.Entangled, actions[len(actions)-1])
			return one, false, nil
		}
	}
	one.adds, ok = c.Adds(now.Total, out.Total)
	if !ok || len(one.adds) == 0 {
		return one, false, nil
	}
	one.actions = actions
	for _, a := range actions {
		one.cost += a.Cost
	}
	return one, true, nil
}

// same reports whether contributions are equal.
func same(a, b attribution.Contribution) bool {
	d := make(attribution.Contribution)
	d.Add(a)
	d.Sub(b)
	return len(d) == 0
}

// grown adds to a set of associations what the customer's growth would bring with it.
func (c *customers) grown(all []candidate, tenant string, with []*Action) ([]candidate, error) {
	base := c.ask.Base
	if len(with) == 0 && len(base.Contribution(tenant)) == 0 {
		return all, nil // what is not associated earns nothing, however it grows
	}
	steps := c.ask.Costs.Growth
	if len(steps) == 0 {
		return all, nil
	}
	probe := ofGrowth(tenant, steps[0], c.ask.Costs, c.ask.Today)
	if len(with) == 0 && !c.inTime(probe) || probe.From >= base.Question.AsOf {
		return all, nil
	}
	levels := slices.Clone(steps)
	if len(with) == 0 {
		nearest, err := c.nearest(tenant)
		if err != nil {
			return nil, err
		}
		levels = append(levels, nearest...)
	}
	var err error
	for _, s := range levels {
		a := ofGrowth(tenant, s, c.ask.Costs, c.ask.Today)
		if c.ask.Costs.out(a.ID) {
			continue
		}
		if all, err = c.candidate(all, tenant, append(slices.Clip(with), a)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// nearest finds between the steps of growth the least whole percent at which as much is
// counted as at the next step: where a customer comes over a threshold.
func (c *customers) nearest(tenant string) (out []Step, err error) {
	steps := c.ask.Costs.Growth
	below := Step{}
	for _, s := range steps {
		want, err := c.counts(tenant, s.Percent)
		if err != nil {
			return nil, err
		}
		have, err := c.counts(tenant, below.Percent)
		if err != nil {
			return nil, err
		}
		if lo, hi := below.Percent, s.Percent; !slices.Equal(want, have) {
			for lo+1 < hi {
				mid := (lo + hi) / 2
				got, err := c.counts(tenant, mid)
				if err != nil {
					return nil, err
				}
				if slices.Equal(got, want) {
					hi = mid
				} else {
					lo = mid
				}
			}
			if hi < s.Percent { // its cost lies between those of the steps, rounded up
				span := s.Percent - below.Percent
				out = append(out, Step{hi, below.Cost + ((s.Cost-below.Cost)*(hi-below.Percent)+span-1)/span})
			}
		}
		below = s
	}
	return out, nil
}

// counts are the values of what is counted, not added up, if a customer grows by percent.
func (c *customers) counts(tenant string, percent int64) (out []int64, err error) {
	total := c.ask.Base.Now().Total
	if percent > 0 {
		o, err := c.ask.Base.Evaluate(ofGrowth(tenant, Step{Percent: percent}, c.ask.Costs, c.ask.Today).Changes())
		if err != nil {
			return nil, err
		}
		total = o.Total
	}
	for _, number := range c.measures {
		if one, _ := c.ask.Base.Plan.Units(number, attribution.Value{Now: 1}); one.Floor() == 1 {
			v := c.ask.Base.Plan.Value(number, total[attribution.Key{Account: c.ask.Base.Account, Measure: number}])
			out = append(out, v.Now, v.Base)
		}
	}
	return out, nil
}

// failure notes what is lost if all associations with the customer end today.
func (c *customers) failure(tenant string) error {
	gives := c.ask.Base.Contribution(tenant)
	u := slices.IndexFunc(c.Units, func(u plan.Unit) bool { return u.Name == tenant })
	if !c.ask.Margin || u < 0 && len(gives) == 0 {
		return nil
	}
	after := gives
	if end := c.endAll(tenant); len(end.End) > 0 {
		out, err := c.ask.Base.Evaluate(end)
		if err != nil {
			return err
		}
		if of, touched := out.Customers[tenant]; touched {
			after = of
		}
	}
	if u < 0 {
		u = len(c.Units)
		c.Units = append(c.Units, plan.Unit{Name: tenant})
		c.bundles = append(c.bundles, nil)
	}
	if lost, ok := c.Adds(gives, after); ok {
		c.Failures = append(c.Failures, plan.Failure{Name: tenant, Unit: u, Lost: lost})
	}
	return nil
}

// endAll ends the account's associations with a customer.
func (c *customers) endAll(tenant string) *advice.Changes {
	out := new(advice.Changes)
	at := c.ask.Today.Instant()
	end := func(during kizuna.Interval, location string, s advice.Selection) {
		of, ok := c.ask.Base.Index().AccountAt(location)
		if e := (advice.Ending{Selection: s, At: at}); ok && of == c.ask.Base.Account && during.To > at && !slices.Contains(out.End, e) {
			out.End = append(out.End, e)
		}
	}
	f := c.ask.Base.Associations(tenant)
	for _, a := range f.Claims {
		end(a.During, a.Location, advice.Selection{Table: advice.Claims, Tenant: a.Tenant, Subscription: a.Subscription, Workload: a.Workload, Location: a.Location})
	}
	for _, a := range f.Links {
		if association.Fold(a.Tenant) == tenant {
			end(a.During, a.Location, advice.Selection{Table: advice.Links, Tenant: a.Tenant, Object: a.Object, Location: a.Location})
		}
	}
	for _, a := range f.Appointments {
		end(a.During, a.Location, advice.Selection{Table: advice.Appointments, Subscription: a.Subscription, Location: a.Location})
	}
	for _, a := range f.Resales {
		end(a.During, a.Location, advice.Selection{Table: advice.Resales, Subscription: a.Subscription, Location: a.Location})
	}
	return out
}

// subsets lists the sets of up to most of n things, as bits, the empty one first.
func subsets(n, most int) (out []uint64) {
	for set := uint64(0); set < 1<<n; set++ {
		if bits.OnesCount64(set) <= most {
			out = append(out, set)
		}
	}
	return out
}
