package live

import (
	"context"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/store"
)

// Reason is why everything has to be counted anew.
type Reason string

// The reasons.
const (
	NewQuestion  Reason = "question"   // another program, another day
	NewImport    Reason = "import"     // files were imported, or count otherwise
	NewLocation  Reason = "location"   // a location came, went or belongs to another account
	NewProduct   Reason = "product"    // a subscription is of another product, so that its usage feeds other metrics
	UnknownEvent Reason = "unknown"    // something happened that is not known here
	Damaged      Reason = "evaluation" // a customer could not be evaluated from what is held
)

// look finds what events touch, in the record as it is known after them.
type look struct {
	place *Place
	base  *base
	view  store.View

	work   work
	people bool
	// identities are linked, or members of groups: whom their roles concern is looked
	// up for all of them together.
	identities map[identity]bool
}

// identity is an object in its home tenant, folded.
type identity struct{ tenant, object string }

// touched finds what events touch. A reason other than "" says that it cannot be
// followed customer by customer.
func (l *look) touched(ctx context.Context, events []store.Event) (Reason, error) {
	l.work, l.identities = make(work), make(map[identity]bool)
	for i := range events {
		if reason, err := l.event(ctx, &events[i]); reason != "" || err != nil {
			return reason, err
		}
	}
	if err := l.reached(ctx); err != nil {
		return "", err
	}
	// Nothing counts of customers without usage.
	maps.DeleteFunc(l.work, func(id string, _ *task) bool { return !l.base.outline.has(id) })
	return "", nil
}

// event finds what an event touches. A kind that is not named here is not guessed at.
func (l *look) event(ctx context.Context, e *store.Event) (Reason, error) {
	c := &e.Concerns
	switch e.Thing.Kind {
	case record.ClaimKind:
		l.task(c.Tenant).claims = true
		if s, ok := record.ClaimedSubscription(*c); ok {
			for _, id := range l.base.outline.usersOf(s) {
				l.task(id).claims = true
			}
		}
	case record.RoleKind, record.PlacementKind:
		l.task(c.Tenant).access = true
	case record.LinkKind, record.MembershipKind:
		l.identities[identity{c.Tenant, c.Subject}] = true
	case record.AppointmentKind, record.ResaleKind:
		for _, id := range l.base.outline.usersOf(c.Subject) {
			l.task(id).sale(c.Subject)
		}
	case record.SubscriptionKind:
		return l.subscription(ctx, c.Subject)
	case record.ProfileKind, record.CertificateKind:
		l.people = true
	case record.AccountKind: // nothing counts for an account but by its locations
	case record.EnrollmentKind, record.SpecializationKind, record.BenefitKind,
		record.BadgeKind, record.BadgeCountKind, record.BadgeListKind: // they rest on scores, no score rests on them
	case record.LocationKind:
		return NewLocation, nil
	case imports.File, imports.Settings:
		return NewImport, nil
	default:
		return UnknownEvent, nil
	}
	return "", nil
}

func (l *look) task(customer string) *task { return l.work.of(customer) }

// subscription looks whether a subscription that has usage is of another product than
// before: nothing else of it counts.
func (l *look) subscription(ctx context.Context, id string) (Reason, error) {
	if len(l.base.outline.usersOf(id)) == 0 {
		return "", nil
	}
	before, err := l.product(ctx, at(l.base.stands.KnownAt), id)
	if err != nil {
		return "", err
	}
	after, err := l.product(ctx, l.view, id)
	if err != nil || before == after {
		return "", err
	}
	return NewProduct, nil
}

// product is what a subscription is of: as the record says, or else imported files.
func (l *look) product(ctx context.Context, v store.View, id string) (string, error) {
	kept, err := l.place.Record.Associations(ctx, v, store.Query{Kind: record.SubscriptionKind, Subject: id})
	if err != nil {
		return "", err
	}
	said, err := l.base.part.Of(ctx, "subscriptions", id)
	if err != nil {
		return "", err
	}
	for _, s := range slices.Concat(kept.Subscriptions, said.Associations.Subscriptions) {
		if s.Product != "" {
			return s.Product, nil
		}
	}
	return "", nil
}

// reached finds the customers at which the identities, and the groups that they are
// in, hold or held roles.
func (l *look) reached(ctx context.Context) error {
	if len(l.identities) == 0 {
		return nil
	}
	var holders []identity
	for one := range l.identities {
		holders = append(holders, one)
		if l.base.part.Holds("resource_owners") { // an owner is of its own tenant
			l.task(one.tenant).access = true
		}
	}
	var held association.Facts
	for next := holders; len(next) > 0; {
		f, err := l.heldBy(ctx, next)
		if err != nil {
			return err
		}
		held.Assignments = append(held.Assignments, f.Assignments...)
		next = nil
		for i := range f.Memberships {
			m := &f.Memberships[i]
			group := identity{association.Fold(m.Tenant), association.Fold(m.Group)}
			if l.identities[identity{group.tenant, association.Fold(m.Object)}] && !l.identities[group] {
				l.identities[group] = true
				next = append(next, group)
			}
		}
	}
	for i := range held.Assignments {
		a := &held.Assignments[i]
		if l.identities[identity{homeOf(a), association.Fold(a.Object)}] {
			l.task(association.Fold(a.Tenant)).access = true
		}
	}
	return nil
}

// homeOf returns the tenant, folded, of the identity that holds a role.
func homeOf(a *association.Assignment) string {
	if a.PrincipalTenant != "" {
		return association.Fold(a.PrincipalTenant)
	}
	return association.Fold(a.Tenant)
}

// heldBy reads the roles of objects and the groups that they are in, as they are kept
// and as they were imported.
func (l *look) heldBy(ctx context.Context, of []identity) (association.Facts, error) {
	var objects []string
	for _, one := range of {
		objects = append(objects, one.object)
	}
	var all association.Facts
	for some := range slices.Chunk(objects, atOnce) {
		f, err := l.place.Record.Associations(ctx, l.view, store.Query{
			Kind: record.RoleKind, Also: []store.Kind{record.MembershipKind}, Subjects: some})
		if err != nil {
			return all, err
		}
		add(&all, &f)
	}
	for _, object := range objects {
		for _, table := range []string{"role_assignments", "group_members"} {
			said, err := l.base.part.Of(ctx, table, object)
			if err != nil {
				return all, err
			}
			add(&all, &said.Associations)
		}
	}
	return all, nil
}

// atOnce is how many ids a question to the store names at most.
const atOnce = 500

// add adds facts of associations to others.
func add(to, f *association.Facts) {
	to.Claims = append(to.Claims, f.Claims...)
	to.Links = append(to.Links, f.Links...)
	to.Assignments = append(to.Assignments, f.Assignments...)
	to.Memberships = append(to.Memberships, f.Memberships...)
	to.Ownerships = append(to.Ownerships, f.Ownerships...)
	to.Scopes = append(to.Scopes, f.Scopes...)
	to.Appointments = append(to.Appointments, f.Appointments...)
	to.Resales = append(to.Resales, f.Resales...)
}
