package live

import (
	"context"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// recount compiles and counts customers anew, some of them at a time, as far as their
// tasks say.
type recount struct {
	place *Place
	base  *base
	view  store.View
	work  work
	// homes are what is known of links and groups by the tenants of identities: one of
	// a provider's may be looked at for many customers.
	homes map[string]*association.Facts
}

// sliceLength is how many customers are compiled together: large enough that few questions
// go to the store, small enough that little is held.
const sliceLength = 64

// all counts all customers of the work anew and makes their difference part of a
// change. done is told how many have been counted, from time to time.
func (r *recount) all(ctx context.Context, c *kernel.Change, done func(customers int)) error {
	r.homes = make(map[string]*association.Facts)
	ids := slices.Sorted(maps.Keys(r.work))
	for i := 0; i < len(ids); i += sliceLength {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		some := ids[i:min(i+sliceLength, len(ids))]
		if err := r.some(ctx, c, some); err != nil {
			return err
		}
		done(i + len(some))
	}
	return nil
}

// brokenError says that what is held of a customer cannot be counted: trying again
// does not help.
type brokenError struct{ cause error }

func (e *brokenError) Error() string { return e.cause.Error() }
func (e *brokenError) Unwrap() error { return e.cause }

// customer is one that is being counted anew.
type customer struct {
	*task
	id    string
	about []association.Resource
}

func (r *recount) some(ctx context.Context, c *kernel.Change, ids []string) error {
	var customers []customer
	for _, id := range ids {
		customers = append(customers, customer{r.work[id], id, r.base.outline.about(id)})
	}
	f, err := r.facts(ctx, customers)
	if err != nil {
		return err
	}
	compiler := association.NewCompiler(f)
	for i := range customers {
		one := &customers[i]
		compiled, _ := compiler.Tenant(one.id, one.about)
		if err := c.Reaches(one.id, one.replace(compiled)); err != nil {
			return &brokenError{err}
		}
	}
	return nil
}

// replace puts what was compiled in the place of what the task covers.
func (c *customer) replace(compiled []association.Compiled) kernel.Customer {
	return func(names segment.Names, reaches []segment.Reach) []segment.Reach {
		reaches = slices.DeleteFunc(reaches, func(r segment.Reach) bool { return c.covers(r.Type, &c.about[r.First]) })
		for i := range compiled {
			if one := &compiled[i]; c.covers(one.Type, &c.about[one.First]) {
				reaches = append(reaches, segment.NewReach(names, one))
			}
		}
		return reaches
	}
}

// facts reads what the customers' tasks need, and perhaps more.
func (r *recount) facts(ctx context.Context, customers []customer) (*association.Facts, error) {
	var f association.Facts
	var claimed, reached, subscriptions []string // customers, customers, folded subscriptions
	sold := make(map[string]bool)
	for i := range customers {
		c := &customers[i]
		if c.access {
			reached = append(reached, c.id)
		}
		if c.claims {
			claimed = append(claimed, c.id)
			subscriptions = append(subscriptions, c.subscriptions()...)
		}
		maps.Copy(sold, c.sold)
	}
	if err := r.claims(ctx, &f, claimed, subscriptions); err != nil {
		return nil, err
	}
	if err := r.sales(ctx, &f, sold); err != nil {
		return nil, err
	}
	return &f, r.access(ctx, &f, reached)
}

// subscriptions lists those of the customer's usage, without case.
func (c *customer) subscriptions() (out []string) {
	for i := range c.about {
		if s := c.about[i].Subscription; s != "" && (i == 0 || s != c.about[i-1].Subscription) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// read adds what life cycles tell of things that concern any of the ids.
func (r *recount) read(ctx context.Context, f *association.Facts, q store.Query, ids []string, by func(*store.Query, []string)) error {
	for some := range slices.Chunk(ids, atOnce) {
		by(&q, some)
		found, err := r.place.Record.Associations(ctx, r.view, q)
		if err != nil {
			return err
		}
		add(f, &found)
	}
	return nil
}

func byTenant(q *store.Query, ids []string)  { q.Tenants = ids }
func bySubject(q *store.Query, ids []string) { q.Subjects = ids }

// said adds what imported files say of tenants.
func (r *recount) said(ctx context.Context, f *association.Facts, tables []string, tenants []string) error {
	for some := range slices.Chunk(tenants, atOnce) {
		found, err := r.base.part.About(ctx, tables, some)
		if err != nil {
			return err
		}
		add(f, &found.Associations)
	}
	return nil
}

// claims adds the claims of customers, and those on their subscriptions, whoever's
// the claims say that these are.
func (r *recount) claims(ctx context.Context, f *association.Facts, customers, subscriptions []string) error {
	subjects := make([]string, len(subscriptions))
	for i, s := range subscriptions {
		subjects[i] = record.ClaimSubject(s)
		f.Claims = append(f.Claims, r.base.strays[s]...)
	}
	if err := r.read(ctx, f, store.Query{Kind: record.ClaimKind}, customers, byTenant); err != nil {
		return err
	}
	if err := r.read(ctx, f, store.Query{Kind: record.ClaimKind}, subjects, bySubject); err != nil {
		return err
	}
	return r.said(ctx, f, []string{"cpor_claims"}, customers)
}

// sales adds appointments and resales on subscriptions.
func (r *recount) sales(ctx context.Context, f *association.Facts, of map[string]bool) error {
	subscriptions := slices.Sorted(maps.Keys(of))
	q := store.Query{Kind: record.AppointmentKind, Also: []store.Kind{record.ResaleKind}}
	if err := r.read(ctx, f, q, subscriptions, bySubject); err != nil {
		return err
	}
	for _, table := range []string{"dpor", "csp"} {
		for _, s := range subscriptions {
			found, err := r.base.part.Of(ctx, table, s)
			if err != nil {
				return err
			}
			add(f, &found.Associations)
		}
	}
	// A location may have the id of a subscription; what is sold there is another's.
	f.Appointments = slices.DeleteFunc(f.Appointments, func(a association.Appointment) bool { return !of[association.Fold(a.Subscription)] })
	f.Resales = slices.DeleteFunc(f.Resales, func(s association.Resale) bool { return !of[association.Fold(s.Subscription)] })
	return nil
}

// access adds the roles at customers and all that decides whom these are held by.
func (r *recount) access(ctx context.Context, f *association.Facts, customers []string) error {
	// Most identities are of the customers themselves: all is asked for at once.
	var found association.Facts
	q := store.Query{Kind: record.RoleKind, Also: []store.Kind{record.PlacementKind, record.MembershipKind, record.LinkKind}}
	if err := r.read(ctx, &found, q, customers, byTenant); err != nil {
		return err
	}
	if err := r.said(ctx, &found, []string{"role_assignments", "scopes", "resource_owners", "group_members", "pal_links"}, customers); err != nil {
		return err
	}
	add(f, &found)
	guests := make(map[string]bool)
	for i := range found.Assignments {
		if home := homeOf(&found.Assignments[i]); !slices.Contains(customers, home) {
			guests[home] = true
		}
	}
	return r.guests(ctx, f, slices.Sorted(maps.Keys(guests)))
}

// guests adds the links and groups of tenants whose identities are others' guests.
func (r *recount) guests(ctx context.Context, f *association.Facts, homes []string) error {
	unknown := slices.DeleteFunc(slices.Clone(homes), func(id string) bool { return r.homes[id] != nil })
	var found association.Facts
	if err := r.read(ctx, &found, store.Query{Kind: record.MembershipKind, Also: []store.Kind{record.LinkKind}}, unknown, byTenant); err != nil {
		return err
	}
	if err := r.said(ctx, &found, []string{"group_members", "pal_links"}, unknown); err != nil {
		return err
	}
	for _, id := range unknown {
		r.homes[id] = new(association.Facts)
	}
	for _, m := range found.Memberships {
		home := r.homes[association.Fold(m.Tenant)]
		home.Memberships = append(home.Memberships, m)
	}
	for _, l := range found.Links {
		home := r.homes[association.Fold(l.Tenant)]
		home.Links = append(home.Links, l)
	}
	for _, id := range homes {
		add(f, r.homes[id])
	}
	return nil
}
