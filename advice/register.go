package advice

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// register finds the facts that concern a customer: all that compiling who reaches it
// looks at.
type register struct {
	facts *association.Facts

	customers, scopes, claims, roles, owners rows // by tenant
	links, memberships                       rows // by the identity's tenant
	subscriptions                            rows // by subscription, as the rest
	claimsOn, appointments, resales          rows
}

// rows are numbers of facts by folded id.
type rows map[string][]int32

func rowsOf[T any](facts []T, id func(*T) string) rows {
	out := make(rows)
	for i := range facts {
		if s := association.Fold(id(&facts[i])); s != "" {
			out[s] = append(out[s], int32(i))
		}
	}
	return out
}

func newRegister(f *association.Facts) *register {
	return &register{
		facts:         f,
		customers:     rowsOf(f.Customers, func(c *association.Customer) string { return c.Tenant }),
		scopes:        rowsOf(f.Scopes, func(s *association.ScopeParent) string { return s.Tenant }),
		claims:        rowsOf(f.Claims, func(c *association.Claim) string { return c.Tenant }),
		roles:         rowsOf(f.Assignments, func(a *association.Assignment) string { return a.Tenant }),
		owners:        rowsOf(f.Ownerships, func(o *association.Ownership) string { return o.Tenant }),
		links:         rowsOf(f.Links, func(l *association.Link) string { return l.Tenant }),
		memberships:   rowsOf(f.Memberships, func(m *association.Membership) string { return m.Tenant }),
		subscriptions: rowsOf(f.Subscriptions, func(s *association.Subscription) string { return s.ID }),
		claimsOn:      rowsOf(f.Claims, func(c *association.Claim) string { return c.Subscription }),
		appointments:  rowsOf(f.Appointments, func(a *association.Appointment) string { return a.Subscription }),
		resales:       rowsOf(f.Resales, func(r *association.Resale) string { return r.Subscription }),
	}
}

// of returns the facts that concern a customer whose resources are about the given
// ones, each table in the order in which it stands.
func (r *register) of(tenant string, about []association.Resource) *association.Facts {
	tenant = association.Fold(tenant)
	subscriptions := subscriptionsOf(about)
	bySubscription := func(of rows) (numbers []int32) {
		for _, s := range subscriptions {
			numbers = append(numbers, of[s]...)
		}
		return inOrder(numbers)
	}
	f := r.facts
	out := &association.Facts{
		Customers:     pick(f.Customers, r.customers[tenant]),
		Scopes:        pick(f.Scopes, r.scopes[tenant]),
		Assignments:   pick(f.Assignments, r.roles[tenant]),
		Ownerships:    pick(f.Ownerships, r.owners[tenant]),
		Claims:        pick(f.Claims, inOrder(slices.Concat(r.claims[tenant], bySubscription(r.claimsOn)))),
		Subscriptions: pick(f.Subscriptions, bySubscription(r.subscriptions)),
		Appointments:  pick(f.Appointments, bySubscription(r.appointments)),
		Resales:       pick(f.Resales, bySubscription(r.resales)),
	}
	var links, memberships []int32
	for home := range homes(tenant, out.Assignments) {
		links = append(links, r.links[home]...)
		memberships = append(memberships, r.memberships[home]...)
	}
	out.Links, out.Memberships = pick(f.Links, inOrder(links)), pick(f.Memberships, inOrder(memberships))
	return out
}

// subscriptionsOf lists the subscriptions that resources are of, folded and in order.
func subscriptionsOf(about []association.Resource) []string {
	var out []string
	for i := range about {
		if s := association.Fold(about[i].Subscription); s != "" && (len(out) == 0 || out[len(out)-1] != s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// homes are the tenants whose identities have, or may have, roles at a customer: its own
// and those that its role assignments name.
func homes(tenant string, roles []association.Assignment) map[string]bool {
	out := map[string]bool{tenant: true}
	for i := range roles {
		if home := association.Fold(roles[i].PrincipalTenant); home != "" {
			out[home] = true
		}
	}
	return out
}

// inOrder sorts numbers and leaves out those that stand there again.
func inOrder(numbers []int32) []int32 {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// pick returns the facts with the given numbers, in the order of the table.
func pick[T any](facts []T, numbers []int32) []T {
	if len(numbers) == 0 {
		return nil
	}
	out := make([]T, len(numbers))
	for i, n := range numbers {
		out[i] = facts[n]
	}
	return out
}

// touched lists the customers, folded, of whom changes of associations may say something
// else. users lists the customers that have usage of a subscription.
func (r *register) touched(c *Changes, users func(subscription string) []string, seen endings) []string {
	out := make(map[string]bool)
	tenant := func(id string) { out[association.Fold(id)] = true }
	subscription := func(id string) {
		for _, of := range users(association.Fold(id)) {
			out[of] = true
		}
	}
	identity := func(home string) {
		tenant(home)
		home = association.Fold(home)
		for i := range r.facts.Assignments {
			if a := &r.facts.Assignments[i]; association.Fold(a.PrincipalTenant) == home {
				tenant(a.Tenant)
			}
		}
	}
	f, f0 := &c.Associations, r.facts
	for i := range f.Customers {
		tenant(f.Customers[i].Tenant)
	}
	for i := range f.Subscriptions {
		subscription(f.Subscriptions[i].ID)
	}
	for i := range f.Scopes {
		tenant(f.Scopes[i].Tenant)
	}
	for i := range f.Claims {
		tenant(f.Claims[i].Tenant)
		subscription(f.Claims[i].Subscription)
	}
	for i := range f.Assignments {
		tenant(f.Assignments[i].Tenant)
	}
	for i := range f.Ownerships {
		tenant(f.Ownerships[i].Tenant)
	}
	for i := range f.Links {
		identity(f.Links[i].Tenant)
	}
	for i := range f.Memberships {
		identity(f.Memberships[i].Tenant)
	}
	for i := range f.Appointments {
		subscription(f.Appointments[i].Subscription)
	}
	for i := range f.Resales {
		subscription(f.Resales[i].Subscription)
	}
	for i := range c.End {
		e := &c.End[i]
		switch e.Table {
		case Claims:
			selected(f0.Claims, e, &seen[i], r.narrow(e, r.claims, r.claimsOn), claimColumns, func(said *columns) {
				tenant(said.Tenant)
				subscription(said.Subscription)
			})
		case Links:
			selected(f0.Links, e, &seen[i], r.narrow(e, r.links, nil), linkColumns, func(said *columns) { identity(said.Tenant) })
		case Memberships:
			selected(f0.Memberships, e, &seen[i], r.narrow(e, r.memberships, nil), membershipColumns, func(said *columns) { identity(said.Tenant) })
		case Appointments:
			selected(f0.Appointments, e, &seen[i], r.narrow(e, nil, r.appointments), appointmentColumns, func(said *columns) { subscription(said.Subscription) })
		case Resales:
			selected(f0.Resales, e, &seen[i], r.narrow(e, nil, r.resales), resaleColumns, func(said *columns) { subscription(said.Subscription) })
		case Roles:
			selected(f0.Assignments, e, &seen[i], r.narrow(e, r.roles, nil), roleColumns, func(said *columns) { tenant(said.Tenant) })
		case Placements:
			selected(f0.Scopes, e, &seen[i], r.narrow(e, r.scopes, nil), placementColumns, func(said *columns) { tenant(said.Tenant) })
		case Owners:
			selected(f0.Ownerships, e, &seen[i], r.narrow(e, r.owners, nil), ownerColumns, func(said *columns) { tenant(said.Tenant) })
		}
	}
	c.changed(new(association.Facts), seen.see) // what is added may end, too
	delete(out, "")
	return slices.Sorted(maps.Keys(out))
}

// narrow returns where facts that an ending may select stand, by an id that it names, if
// it names one; else nil.
func (r *register) narrow(e *Ending, byTenant, bySubscription rows) []int32 {
	switch {
	case e.Tenant != "" && byTenant != nil:
		return append([]int32{}, byTenant[association.Fold(e.Tenant)]...)
	case e.Subscription != "" && bySubscription != nil:
		return append([]int32{}, bySubscription[association.Fold(e.Subscription)]...)
	}
	return nil
}

// selected tells of the facts that an ending selects, among all or those of the numbers.
func selected[T any](facts []T, e *Ending, seen *bool, numbers []int32, of func(*T) (columns, *kizuna.Interval), tell func(*columns)) {
	ask := func(i int) {
		if said, _ := of(&facts[i]); e.names(&said) {
			*seen = true
			tell(&said)
		}
	}
	if numbers == nil {
		for i := range facts {
			ask(i)
		}
		return
	}
	for _, n := range numbers {
		ask(int(n))
	}
}
