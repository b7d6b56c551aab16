package forecast

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// ended looks at associations and subscriptions that have ended, or will have. Had each
// alone gone on, more would be there on the day, perhaps, and on the day before, too: what
// is new on the day is laid to it.
func (l *lapse) ended() error {
	c, err := l.candidates()
	if err != nil || c == nil {
		return err
	}
	for i := range c.facts {
		f := &c.facts[i]
		is, err := c.is.Evaluate(&f.goesOn)
		if err != nil {
			return err
		}
		was, err := c.was.Evaluate(&f.goesOn)
		if err != nil {
			return err
		}
		l.lay(f.cause, c, is.Total, was.Total)
	}
	for i := range l.ends {
		e := &l.ends[i]
		id := association.Fold(e.Tenant)
		if e.On > l.is.on || !slices.Contains(c.tenants, id) {
			continue
		}
		p := *l.assumed
		p.Last = maps.Clone(p.Last)
		delete(p.Last, advice.Bought{Tenant: id, Subscription: association.Fold(e.Subscription)})
		is, err := c.laidOut(l, l.is, &p)
		if err != nil {
			return err
		}
		was, err := c.laidOut(l, l.was, &p)
		if err != nil {
			return err
		}
		l.lay(Cause{
			Kind: SubscriptionEnded, Customer: id, Name: l.customerName(id),
			Subscription: e.Subscription, Fact: e.At, Ended: new(e.On.Instant()),
		}, c, is.Now().Total, was.Now().Total)
	}
	return nil
}

// lay lays to a cause what it takes on the day more than on the day before, if anything:
// is and was are what its customers would contribute without it.
func (l *lapse) lay(cause Cause, c *candidates, is, was attribution.Contribution) {
	without := l.is.evaluate(l.is.instead(c.is.Now().Total, is), l.is.counts)
	eve := l.was.evaluate(l.was.instead(c.was.Now().Total, was), l.was.counts)
	stood := make(map[Place]kizuna.Fraction) // what it takes on the day before already
	for _, a := range differences(l.was, eve, l.was, l.was.figures) {
		stood[Place{Area: a.Area}] = a.Was.Sub(a.Is)
		for _, m := range a.Metrics {
			stood[Place{a.Area, m.Track, m.Metric}] = m.Was.Sub(m.Is)
		}
	}
	held := func(area string) bool {
		i := slices.IndexFunc(l.was.plan.Program.Areas, func(a program.Area) bool { return a.ID == area })
		return i >= 0 && l.was.figures.Areas[i].Qualified
	}
	for _, a := range differences(l.is, without, l.is, l.is.figures) {
		a.Was = a.Was.Sub(stood[Place{Area: a.Area}]).Max(a.Is)
		a.Held = a.Held && held(a.Area) || a.Holds
		a.Metrics = slices.DeleteFunc(a.Metrics, func(m MetricChange) bool {
			return m.Was.Sub(stood[Place{a.Area, m.Track, m.Metric}]).Cmp(m.Is) <= 0
		})
		for i := range a.Metrics {
			m := &a.Metrics[i]
			m.Was = m.Was.Sub(stood[Place{a.Area, m.Track, m.Metric}])
		}
		if a.Lost() || a.Is.Cmp(a.Was) < 0 || len(a.Metrics) > 0 {
			cause.Alone = append(cause.Alone, a)
		}
	}
	if len(cause.Alone) > 0 {
		l.c.Causes = append(l.c.Causes, cause)
	}
}

// candidates are the facts that may have something to do with what is lost on a day.
type candidates struct {
	tenants []string
	usage   advice.Usage
	is, was *advice.Base // of their customers alone, on the day and on the day before
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
	during := kizuna.Interval{From: l.is.plan.First().Day(1).Instant() + 1, To: l.is.on.Instant() + 1}
	facts := l.endedFacts(during)
	differs := make(map[string]bool) // of the customers concerned
	for _, f := range facts {
		for _, id := range f.tenants {
			differs[id] = false
		}
	}
	for i := range l.ends {
		if l.ends[i].On <= l.is.on {
			differs[association.Fold(l.ends[i].Tenant)] = false
		}
	}
	p := l.is.plan.Program
	was, is := l.number(l.asked(p, l.was.on)), l.number(l.asked(p, l.is.on))
	for i := range l.course.Customers() {
		if _, concerned := differs[l.course.ID(i)]; concerned {
			differs[l.course.ID(i)] = !maps.EqualFunc(l.course.Contribution(i, was), l.course.Contribution(i, is), sameTally)
		}
	}
	c := &candidates{}
	tenants := make(map[string]bool)
	for _, f := range facts {
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
	if c.is, err = c.laidOut(l, l.is, l.assumed); err != nil {
		return nil, err
	}
	c.was, err = c.laidOut(l, l.was, l.assumed)
	return c, err
}

// laidOut lays the customers out for a day.
func (c *candidates) laidOut(l *lapse, d *scored, p *advice.Projection) (*advice.Base, error) {
	q := score.Question{Program: d.plan.Program, AsOf: d.on, Trust: l.Trust}
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
		e.cause = Cause{Kind: AssociationEnded, Table: table, Fact: at, Ended: &i.To}
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
