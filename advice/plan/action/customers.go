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

// customer makes the units of a customer: what its associations bring and how it grows
// adds up between measures that look at different usage, so these are units apart.
func (c *customers) customer(tenant string) error {
	remedies, err := c.remedies(tenant)
	if err != nil {
		return err
	}
	first := len(c.Units)
	for _, of := range c.apart(tenant, remedies) {
		if err := c.together(tenant, of); err != nil {
			return err
		}
	}
	return c.failure(tenant, first)
}

// growth is usage of a product that may grow.
type growth struct {
	tenant, product string
	grows           []Growing
	measures        []int // that look at it
}

// component is what may act on the same measures.
type component struct {
	remedies []*Action
	growth   []*growth
	measures []int
}

// apart divides what could be done at a customer into what looks at different measures.
func (c *customers) apart(tenant string, remedies []*Action) []*component {
	var parts []*component
	for _, a := range remedies {
		parts = append(parts, &component{remedies: []*Action{a}, measures: remedy.Measures(c.ask.Base, a.Remedy, c.measures)})
	}
	for _, g := range c.products(tenant) {
		parts = append(parts, &component{growth: []*growth{g}, measures: g.measures})
	}
	for merged := true; merged; {
		merged = false
		for i := 0; i < len(parts) && !merged; i++ {
			for k := i + 1; k < len(parts) && !merged; k++ {
				if slices.ContainsFunc(parts[i].measures, func(m int) bool { return slices.Contains(parts[k].measures, m) }) {
					parts[i].remedies = append(parts[i].remedies, parts[k].remedies...)
					parts[i].growth = append(parts[i].growth, parts[k].growth...)
					parts[i].measures = append(parts[i].measures, parts[k].measures...)
					parts = slices.Delete(parts, k, k+1)
					merged = true
				}
			}
		}
	}
	return parts
}

// products are the customer's usage by product.
func (c *customers) products(tenant string) (out []*growth) {
	products := c.ask.Base.Products(tenant)
	at := make(map[string]*growth)
	for _, about := range c.ask.Base.About(tenant) {
		product := products[association.Fold(about.Subscription)]
		g := at[product]
		if g == nil {
			g = &growth{tenant: tenant, product: product}
			at[product] = g
			out = append(out, g)
		}
		of := Growing{Subscription: about.Subscription}
		if of.Subscription == "" {
			of.Workload = about.Workload
		}
		if of != (Growing{}) && !slices.Contains(g.grows, of) {
			g.grows = append(g.grows, of)
		}
	}
	for _, g := range out {
		for _, about := range c.ask.Base.About(tenant) {
			grows := slices.ContainsFunc(g.grows, func(of Growing) bool {
				return (of.Subscription == "" || of.Subscription == about.Subscription) && (of.Workload == "" || of.Workload == about.Workload)
			})
			if !grows {
				continue
			}
			for _, m := range c.measures {
				if c.ask.Base.Plan.TypesFor(m, about.Workload, products[association.Fold(about.Subscription)]) != 0 && !slices.Contains(g.measures, m) {
					g.measures = append(g.measures, m)
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(g *growth) bool { return len(g.measures) == 0 || len(g.grows) == 0 })
}

// together makes a unit: some associations, and some growth.
func (c *customers) together(tenant string, of *component) error {
	var all []candidate
	var err error
	for _, set := range subsets(len(of.remedies), mostPerCustomer) {
		var actions []*Action
		for i := range of.remedies {
			if set>>i&1 != 0 {
				actions = append(actions, of.remedies[i])
			}
		}
		if len(actions) > 0 {
			if all, err = c.candidate(all, tenant, actions); err != nil {
				return err
			}
		}
		for _, g := range of.growth {
			if all, err = c.grown(all, g, actions); err != nil {
				return err
			}
		}
	}
	c.unit(tenant, all)
	return nil
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
	for _, one := range c.undominated(all) {
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
	out, err := c.ask.Base.Evaluate(Changes(actions))
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
func (c *customers) grown(all []candidate, of *growth, with []*Action) ([]candidate, error) {
	base, tenant := c.ask.Base, of.tenant
	if len(with) == 0 && len(base.Contribution(tenant)) == 0 {
		return all, nil // what is not associated earns nothing, however it grows
	}
	steps := c.ask.Costs.Growth
	if len(steps) == 0 {
		return all, nil
	}
	probe := ofGrowth(of, steps[0], c.ask.Costs, c.ask.Today)
	if len(with) == 0 && !c.inTime(probe) || probe.From >= base.Question.AsOf {
		return all, nil
	}
	levels := slices.Clone(steps)
	if len(with) == 0 {
		nearest, err := c.nearest(of)
		if err != nil {
			return nil, err
		}
		levels = append(levels, nearest...)
	}
	var err error
	for _, s := range levels {
		a := ofGrowth(of, s, c.ask.Costs, c.ask.Today)
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
func (c *customers) nearest(of *growth) (out []Step, err error) {
	steps := c.ask.Costs.Growth
	below := Step{}
	for _, s := range steps {
		want, err := c.counts(of, s.Percent)
		if err != nil {
			return nil, err
		}
		have, err := c.counts(of, below.Percent)
		if err != nil {
			return nil, err
		}
		if lo, hi := below.Percent, s.Percent; !slices.Equal(want, have) {
			for lo+1 < hi {
				mid := (lo + hi) / 2
				got, err := c.counts(of, mid)
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
func (c *customers) counts(of *growth, percent int64) (out []int64, err error) {
	total := c.ask.Base.Now().Total
	if percent > 0 {
		o, err := c.ask.Base.Evaluate(ofGrowth(of, Step{Percent: percent}, c.ask.Costs, c.ask.Today).Changes())
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

// failure notes what is lost if all associations with the customer end today, and that
// nothing comes of the customer's units, from the first one on.
func (c *customers) failure(tenant string, first int) error {
	gives := c.ask.Base.Contribution(tenant)
	var units []int
	for u := first; u < len(c.Units); u++ {
		units = append(units, u)
	}
	if !c.ask.Margin || len(units) == 0 && len(gives) == 0 {
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
	if lost, ok := c.Adds(gives, after); ok && (len(units) > 0 || len(lost) > 0) {
		c.Failures = append(c.Failures, plan.Failure{Name: tenant, Units: units, Lost: lost})
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
