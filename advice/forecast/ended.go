package forecast

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// ended looks at associations and subscriptions that have ended, or will have. Had each
// alone gone on, more would be there on the day, perhaps, and on the day before, too: what
// is new on the day is laid to it.
func (l *lapse) ended() error {
	if err := l.lookForOthers(); err != nil {
		return err
	}
	p := l.is.plan.Program
	is, was := l.number(l.asked(p, l.is.on)), l.number(l.asked(l.was.plan.Program, l.was.on))
	for i := range l.other.all {
		a := &l.other.all[i]
		if *a.cause.Ended > l.is.on.Instant() || *a.cause.Ended <= l.is.plan.First().Day(1).Instant() {
			continue
		}
		l.lay(a, is, was)
	}
	return nil
}

// lay lays to a cause what it takes on the day more than on the day before, if anything.
// is and was are the numbers of the days' plans.
func (l *lapse) lay(a *alternative, is, was int) {
	now, other := a.contributions(l.maker, is)
	nowEve, otherEve := a.contributions(l.maker, was)
	if maps.EqualFunc(now, other, sameTally) {
		return
	}
	cause := a.cause
	without := l.is.evaluate(l.is.instead(now, other), l.is.counts)
	eve := l.was.evaluate(l.was.instead(nowEve, otherEve), l.was.counts)
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

// alternatives are what would be had associations and subscriptions gone on.
type alternatives struct{ all []alternative }

// alternative is one of them: what ended, of which customers, and what these would
// contribute. Customers of different alternatives that are not the same are counted in
// one course.
type alternative struct {
	cause   Cause
	tenants []string
	goesOn  association.Facts
	ends    *Ending // a subscription, that would not
	course  *kernel.Course
	at      map[string]int
}

// contributions are what the customers contribute under a plan of the course, and what
// they would.
func (a *alternative) contributions(m *maker, plan int) (now, other attribution.Contribution) {
	now, other = make(attribution.Contribution), make(attribution.Contribution)
	for _, id := range a.tenants {
		if i, ok := m.at[id]; ok {
			now.Add(m.course.Contribution(i, plan))
		}
		if i, ok := a.at[id]; ok {
			other.Add(a.course.Contribution(i, plan))
		}
	}
	return now, other
}

// lookForOthers finds what has ended or will have, once, and counts the customers concerned as if
// it had gone on: as many of them in one course as differ.
func (m *maker) lookForOthers() error {
	if m.other != nil {
		return nil
	}
	m.other = m.lookedFor()
	var layers [][]int // numbers of alternatives
	taken := make([]map[string]bool, 0)
	for i := range m.other.all {
		a := &m.other.all[i]
		n := slices.IndexFunc(taken, func(t map[string]bool) bool {
			return !slices.ContainsFunc(a.tenants, func(id string) bool { return t[id] })
		})
		if n < 0 {
			n = len(layers)
			layers, taken = append(layers, nil), append(taken, make(map[string]bool))
		}
		layers[n] = append(layers[n], i)
		for _, id := range a.tenants {
			taken[n][id] = true
		}
	}
	for n := range layers {
		if err := m.countLayer(layers[n], slices.Sorted(maps.Keys(taken[n]))); err != nil {
			return err
		}
	}
	return nil
}

// countLayer counts customers of alternatives, each of one.
func (m *maker) countLayer(layer []int, tenants []string) error {
	of, p := make(map[string]*association.Facts), *m.assumed
	p.Last = maps.Clone(p.Last)
	for _, i := range layer {
		a, facts := &m.other.all[i], new(*m.f.Associations)
		for _, id := range a.tenants {
			of[id] = facts
		}
		add(&facts.Claims, a.goesOn.Claims)
		add(&facts.Links, a.goesOn.Links)
		add(&facts.Assignments, a.goesOn.Assignments)
		add(&facts.Memberships, a.goesOn.Memberships)
		add(&facts.Scopes, a.goesOn.Scopes)
		add(&facts.Ownerships, a.goesOn.Ownerships)
		add(&facts.Appointments, a.goesOn.Appointments)
		add(&facts.Resales, a.goesOn.Resales)
		if a.ends != nil {
			delete(p.Last, advice.Bought{Tenant: association.Fold(a.ends.Tenant), Subscription: association.Fold(a.ends.Subscription)})
		}
	}
	s, err := m.packed(tenants, func(id string) *association.Facts { return of[id] }, &p)
	if err != nil {
		return err
	}
	view, err := segment.NewView(s)
	if err != nil {
		return err
	}
	course, err := m.together.Course(m.ctx, view, m.Account, nil, kernel.Options{})
	if err != nil {
		return err
	}
	at := make(map[string]int, course.Customers())
	for i := range course.Customers() {
		at[course.ID(i)] = i
	}
	for _, i := range layer {
		m.other.all[i].course, m.other.all[i].at = course, at
	}
	return nil
}

// add appends facts to a table, whose own list is left as it is.
func add[T any](table *[]T, more []T) { *table = append(slices.Clip(*table), more...) }

// lookedFor lists what ends in the months that any day looks at, of customers that
// contribute anything on any of them.
func (m *maker) lookedFor() *alternatives {
	first := m.AsOf.Month()
	for _, p := range m.programs() {
		first = min(first, attribution.NewPlan(p, m.AsOf).First())
	}
	out := &alternatives{}
	concerned := func(ids []string) (some []string) {
		for _, id := range ids {
			if _, ok := m.at[id]; ok {
				some = append(some, id)
			}
		}
		slices.Sort(some)
		return slices.Compact(some)
	}
	for _, f := range m.endedFacts(kizuna.Interval{From: first.Day(1).Instant() + 1, To: m.last.Instant() + 1}) {
		if f.tenants = concerned(f.tenants); len(f.tenants) > 0 {
			f.cause.Customer, f.cause.Name = f.tenants[0], m.customerName(f.tenants[0])
			out.all = append(out.all, f)
		}
	}
	for i := range m.ends {
		e := &m.ends[i]
		if tenants := concerned([]string{association.Fold(e.Tenant)}); len(tenants) > 0 {
			out.all = append(out.all, alternative{tenants: tenants, ends: e, cause: Cause{
				Kind: SubscriptionEnded, Customer: tenants[0], Name: m.customerName(tenants[0]),
				Subscription: e.Subscription, Fact: e.At, Ended: new(e.On.Instant()),
			}})
		}
	}
	return out
}

// endedFacts lists the associations that end in a time, but for those of other accounts,
// each with the customers whose it is: of a subscription, the one that it belongs to.
func (m *maker) endedFacts(during kizuna.Interval) (out []alternative) {
	f := m.f.Associations
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
	mine := func(location string) bool { return m.mine[association.Fold(location)] }
	end := func(table advice.Table, i kizuna.Interval, at kizuna.Ref, tenants []string, put func(f *association.Facts, later kizuna.Interval)) {
		e := alternative{tenants: tenants}
		e.cause = Cause{Kind: AssociationEnded, Table: table, Fact: at, Ended: &i.To}
		put(&e.goesOn, kizuna.Interval{From: i.To, To: kizuna.Forever})
		out = append(out, e)
	}
	home := func(id string) []string {
		return append([]string{association.Fold(id)}, guests[association.Fold(id)]...)
	}
	for _, c := range f.Claims {
		if ends(c.During) && mine(c.Location) {
			end(advice.Claims, c.During, c.At, []string{association.Fold(c.Tenant), tenantOf[association.Fold(c.Subscription)]}, func(f *association.Facts, i kizuna.Interval) {
				c.During = i
				f.Claims = append(f.Claims, c)
			})
			out[len(out)-1].cause.Location, out[len(out)-1].cause.Subscription = c.Location, c.Subscription
		}
	}
	for _, x := range f.Links {
		if ends(x.During) && mine(x.Location) {
			end(advice.Links, x.During, x.At, home(x.Tenant), func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Links = append(f.Links, x)
			})
			out[len(out)-1].cause.Location = x.Location
		}
	}
	for _, x := range f.Assignments {
		if ends(x.During) {
			end(advice.Roles, x.During, x.At, []string{association.Fold(x.Tenant)}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Assignments = append(f.Assignments, x)
			})
		}
	}
	for _, x := range f.Memberships {
		if ends(x.During) {
			end(advice.Memberships, x.During, x.At, home(x.Tenant), func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Memberships = append(f.Memberships, x)
			})
		}
	}
	for _, x := range f.Scopes {
		if ends(x.During) {
			end(advice.Placements, x.During, x.At, []string{association.Fold(x.Tenant)}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Scopes = append(f.Scopes, x)
			})
		}
	}
	for _, x := range f.Ownerships {
		if ends(x.During) {
			end(advice.Owners, x.During, x.At, []string{association.Fold(x.Tenant)}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Ownerships = append(f.Ownerships, x)
			})
		}
	}
	for _, x := range f.Appointments {
		if ends(x.During) && mine(x.Location) {
			end(advice.Appointments, x.During, x.At, []string{tenantOf[association.Fold(x.Subscription)]}, func(f *association.Facts, i kizuna.Interval) {
				x.During = i
				f.Appointments = append(f.Appointments, x)
			})
			out[len(out)-1].cause.Location, out[len(out)-1].cause.Subscription = x.Location, x.Subscription
		}
	}
	for _, x := range f.Resales {
		if ends(x.During) && mine(x.Location) {
			end(advice.Resales, x.During, x.At, []string{tenantOf[association.Fold(x.Subscription)]}, func(f *association.Facts, i kizuna.Interval) {
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
