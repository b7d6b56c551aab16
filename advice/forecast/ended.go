package forecast

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/score"
)

// ended looks at associations and subscriptions that have ended, or will have: what would
// be on the day had each alone gone on.
func (l *lapse) ended() error {
	c, err := l.candidates()
	if err != nil || c == nil {
		return err
	}
	for i := range c.facts {
		f := &c.facts[i]
		if f.cause.Ended > l.is.on.Instant() {
			continue
		}
		out, err := c.base.Evaluate(&f.goesOn)
		if err != nil {
			return err
		}
		l.add(f.cause, l.is.evaluate(l.instead(c.base.Now().Total, out.Total), l.is.counts))
	}
	for i := range l.ends {
		e := &l.ends[i]
		if e.On > l.is.on || !slices.Contains(c.tenants, association.Fold(e.Tenant)) {
			continue
		}
		figures, err := l.outlasts(c, e)
		if err != nil {
			return err
		}
		l.add(Cause{
			Kind: SubscriptionEnded, Customer: association.Fold(e.Tenant), Name: l.customerName(association.Fold(e.Tenant)),
			Subscription: e.Subscription, Fact: e.At, Ended: e.On.Instant(),
		}, figures)
	}
	return nil
}

// outlasts returns the figures if a subscription did not end.
func (l *lapse) outlasts(c *candidates, e *Ending) (*score.Figures, error) {
	p := *l.assumed
	p.Last = maps.Clone(p.Last)
	delete(p.Last, advice.Bought{Tenant: association.Fold(e.Tenant), Subscription: association.Fold(e.Subscription)})
	base, err := c.laidOut(l, &p)
	if err != nil {
		return nil, err
	}
	return l.is.evaluate(l.instead(c.base.Now().Total, base.Now().Total), l.is.counts), nil
}

// candidates are the facts that may have something to do with what is lost on a day.
type candidates struct {
	tenants []string
	usage   advice.Usage
	base    *advice.Base // of their customers alone, on the day
	facts   []endedFact
}

// endedFact is an association that ended, and the change that makes it go on.
type endedFact struct {
	cause  Cause
	goesOn advice.Changes
}

// candidates lists the associations that ended in the months that the day's plan looks
// at, or will have, of customers that contribute something else than the day before; nil
// if there are none.
func (l *lapse) candidates() (*candidates, error) {
	p := l.is.plan.Program
	was, is := l.number(l.asked(p, l.was.on)), l.number(l.asked(p, l.is.on))
	differs := make(map[string]bool)
	for i := range l.course.Customers() {
		if a, b := l.course.Contribution(i, was), l.course.Contribution(i, is); !maps.EqualFunc(a, b, sameTally) {
			differs[l.course.ID(i)] = true
		}
	}
	during := kizuna.Interval{From: l.is.plan.First().Day(1).Instant() + 1, To: l.is.on.Instant() + 1}
	c := &candidates{}
	tenants := make(map[string]bool)
	for _, f := range l.endedFacts(during) {
		for _, id := range f.tenants {
			if differs[id] {
				tenants[id] = true
				f.cause.Customer, f.cause.Name = id, l.customerName(id)
			}
		}
		if f.cause.Customer != "" {
			c.facts = append(c.facts, f.endedFact)
		}
	}
	for i := range l.ends {
		if id := association.Fold(l.ends[i].Tenant); l.ends[i].On <= l.is.on && differs[id] {
			tenants[id] = true
		}
	}
	if len(tenants) == 0 {
		return nil, nil
	}
	c.tenants = slices.Sorted(maps.Keys(tenants))
	ledger, err := l.f.Rows(c.tenants)
	if err != nil {
		return nil, err
	}
	c.usage = l.consumed(ledger)
	c.base, err = c.laidOut(l, l.assumed)
	return c, err
}

// laidOut lays the customers out for the day.
func (c *candidates) laidOut(l *lapse, p *advice.Projection) (*advice.Base, error) {
	q := score.Question{Program: l.is.plan.Program, AsOf: l.is.on, Trust: l.Trust}
	return advice.New(q, l.Account, &advice.Facts{
		Associations: l.f.Associations, People: new(people.Facts), Coverage: l.f.Coverage,
		Usage: c.usage, Always: []*advice.Changes{{Projection: p}},
	})
}

// endedOf is an association that ended, and the customers that it may concern.
type endedOf struct {
	endedFact
	tenants []string
}

// endedFacts lists the associations that end in a time, but for those of other accounts.
func (l *lapse) endedFacts(during kizuna.Interval) (out []endedOf) {
	f := l.f.Associations
	tenantOf := make(map[string]string)
	for i := range f.Subscriptions {
		tenantOf[association.Fold(f.Subscriptions[i].ID)] = association.Fold(f.Subscriptions[i].Tenant)
	}
	guests := make(map[string][]string) // by the tenant that they come from
	for i := range f.Assignments {
		if home := association.Fold(f.Assignments[i].PrincipalTenant); home != "" {
			guests[home] = append(guests[home], association.Fold(f.Assignments[i].Tenant))
		}
	}
	ends := func(i kizuna.Interval) bool { return !i.Empty() && during.Contains(i.To) }
	mine := func(location string) bool { return l.mine[association.Fold(location)] }
	add := func(table advice.Table, i kizuna.Interval, at kizuna.Ref, tenants []string, put func(f *association.Facts, later kizuna.Interval)) {
		e := endedOf{tenants: tenants}
		e.cause = Cause{Kind: AssociationEnded, Table: table, Fact: at, Ended: i.To}
		put(&e.goesOn.Associations, kizuna.Interval{From: i.To, To: kizuna.Forever})
		out = append(out, e)
	}
	home := func(id string) []string {
		return append([]string{association.Fold(id)}, guests[association.Fold(id)]...)
	}
	for _, c := range f.Claims {
		if ends(c.During) && mine(c.Location) {
			add(advice.Claims, c.During, c.At, []string{association.Fold(c.Tenant), tenantOf[association.Fold(c.Subscription)]}, func(f *association.Facts, i kizuna.Interval) {
				c.During = i
				f.Claims = append(f.Claims, c)
			})
			out[len(out)-1].cause.Location, out[len(out)-1].cause.Subscription = c.Location, c.Subscription
		}
	}
	for _, x := range f.Links {
		if ends(x.During) && mine(x.Location) {
			add(advice.Links, x.During, x.At, home(x.Tenant), func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Links = append(f.Links, x)
			})
			out[len(out)-1].cause.Location = x.Location
		}
	}
	for _, x := range f.Assignments {
		if ends(x.During) {
			add(advice.Roles, x.During, x.At, []string{association.Fold(x.Tenant)}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Assignments = append(f.Assignments, x)
			})
		}
	}
	for _, x := range f.Memberships {
		if ends(x.During) {
			add(advice.Memberships, x.During, x.At, home(x.Tenant), func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Memberships = append(f.Memberships, x)
			})
		}
	}
	for _, x := range f.Scopes {
		if ends(x.During) {
			add(advice.Placements, x.During, x.At, []string{association.Fold(x.Tenant)}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Scopes = append(f.Scopes, x)
			})
		}
	}
	for _, x := range f.Ownerships {
		if ends(x.During) {
			add(advice.Owners, x.During, x.At, []string{association.Fold(x.Tenant)}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Ownerships = append(f.Ownerships, x)
			})
		}
	}
	for _, x := range f.Appointments {
		if ends(x.During) && mine(x.Location) {
			add(advice.Appointments, x.During, x.At, []string{tenantOf[association.Fold(x.Subscription)]}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Appointments = append(f.Appointments, x)
			})
			out[len(out)-1].cause.Location, out[len(out)-1].cause.Subscription = x.Location, x.Subscription
		}
	}
	for _, x := range f.Resales {
		if ends(x.During) && mine(x.Location) {
			add(advice.Resales, x.During, x.At, []string{tenantOf[association.Fold(x.Subscription)]}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Resales = append(f.Resales, x)
			})
			out[len(out)-1].cause.Location, out[len(out)-1].cause.Subscription = x.Location, x.Subscription
		}
	}
	return out
}

// actorsOf says who can have an association of a table go on, in the order in which they act.
func actorsOf(t advice.Table) []remedy.Actor {
	switch t {
	case advice.Claims, advice.Resales:
		return []remedy.Actor{remedy.Partner, remedy.Customer}
	case advice.Links:
		return []remedy.Actor{remedy.Partner}
	}
	return []remedy.Actor{remedy.Customer}
}
