package record

import (
	"cmp"
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/store"
)

// Accounts lists global accounts.
func (r *Record) Accounts(ctx context.Context, v store.View, q store.Query) Items[company.Account] {
	return find(ctx, r, accounts, v, q)
}

// Account returns a global account.
func (r *Record) Account(ctx context.Context, v store.View, id string) (*Item[company.Account], error) {
	return get(ctx, r, accounts, v, id)
}

// Locations lists partner locations, those of an account with q.Location.
func (r *Record) Locations(ctx context.Context, v store.View, q store.Query) Items[company.Location] {
	return find(ctx, r, locations, v, q)
}

// Location returns a partner location.
func (r *Record) Location(ctx context.Context, v store.View, id string) (*Item[company.Location], error) {
	return get(ctx, r, locations, v, id)
}

// Subscriptions lists what customers bought.
func (r *Record) Subscriptions(ctx context.Context, v store.View, q store.Query) Items[Subscription] {
	return find(ctx, r, subscriptions, v, q)
}

// Subscription returns a subscription.
func (r *Record) Subscription(ctx context.Context, v store.View, id string) (*Item[Subscription], error) {
	return get(ctx, r, subscriptions, v, id)
}

// Assignments lists the roles that objects hold.
func (r *Record) Assignments(ctx context.Context, v store.View, q store.Query) Items[access.Assignment] {
	return find(ctx, r, roles, v, q)
}

// Memberships lists who is in which group.
func (r *Record) Memberships(ctx context.Context, v store.View, q store.Query) Items[access.Membership] {
	return find(ctx, r, memberships, v, q)
}

// Placements lists where scopes lie.
func (r *Record) Placements(ctx context.Context, v store.View, q store.Query) Items[access.Placement] {
	return find(ctx, r, placements, v, q)
}

// Appointments lists digital partners of record.
func (r *Record) Appointments(ctx context.Context, v store.View, q store.Query) Items[dpor.Record] {
	return find(ctx, r, appointments, v, q)
}

// Appointment returns who was partner of record of a subscription, and who is.
func (r *Record) Appointment(ctx context.Context, v store.View, subscription string) (*Item[dpor.Record], error) {
	return get(ctx, r, appointments, v, subscription)
}

// Resales lists subscriptions that are sold through the program.
func (r *Record) Resales(ctx context.Context, v store.View, q store.Query) Items[csp.Resale] {
	return find(ctx, r, resales, v, q)
}

// Resale returns who sold a subscription, and who sells it.
func (r *Record) Resale(ctx context.Context, v store.View, subscription string) (*Item[csp.Resale], error) {
	return get(ctx, r, resales, v, subscription)
}

// PartnerLinks lists partner admin links.
func (r *Record) PartnerLinks(ctx context.Context, v store.View, q store.Query) Items[pal.Link] {
	return find(ctx, r, links, v, q)
}

// PartnerLink returns the link of an identity.
func (r *Record) PartnerLink(ctx context.Context, v store.View, tenant, object string) (*Item[pal.Link], error) {
	return get(ctx, r, links, v, tenant+"/"+object)
}

// Profiles lists learning profiles, each as far as the viewer may see it.
func (r *Record) Profiles(ctx context.Context, v store.View, q store.Query) Items[Profile] {
	return func(yield func(*Item[Profile], error) bool) {
		for item, err := range find(ctx, r, profiles, v, q) {
			if err == nil {
				item.Value = item.Value.For(v.Scope)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// Person is a learning profile with what belongs to it.
type Person struct {
	Item[Profile]
	Names        []map[string]string       `json:"names,omitempty"`
	Certificates []certificate.Certificate `json:"certificates,omitempty"`
	NextLink     *kizuna.Date              `json:"next_link,omitempty"` // the first day on which it may be linked anew
}

// Person returns a profile, its names as far as they are held, and its
// certificates, to whoever may see these: the person, who runs the program, and the
// company that the profile is linked to.
func (r *Record) Person(ctx context.Context, v store.View, mcid string) (*Person, error) {
	item, err := get(ctx, r, profiles, v, mcid)
	if err != nil {
		return nil, err
	}
	out := &Person{Item: *item}
	out.Value = item.Value.For(v.Scope)
	if rules, _ := r.rulesOn(r.dayOf(v)); rules != nil {
		if day, ok := item.Value.NextLink(rules.People); ok && item.Value.theirOwn(v.Scope) {
			out.NextLink = &day
		}
	}
	held, err := r.Names(ctx, v, out.Value.References()...)
	if err != nil {
		return nil, err
	}
	for _, ref := range out.Value.References() {
		if name := held[ref]; name != nil {
			out.Names = append(out.Names, name)
		}
	}
	at := item.Value.Location()
	if !item.Value.theirOwn(v.Scope) && (at == "" || !slices.Contains(v.Scope.Locations, association.Fold(at))) {
		return out, nil
	}
	all := store.View{Scope: store.Everything, KnownAt: v.KnownAt}
	for c, err := range find(ctx, r, certificates, all, store.Query{Subject: association.Fold(cmp.Or(item.Value.Into, mcid))}) {
		if err != nil {
			return nil, err
		}
		out.Certificates = append(out.Certificates, c.Value)
	}
	return out, nil
}

// theirOwn reports whether the viewer may see all of a profile: the person does,
// and who runs the program.
func (p *Profile) theirOwn(s store.Scope) bool {
	return s.All || slices.Contains(s.Subjects, association.Fold(p.MCID))
}

// For returns the profile as the viewer may see it: of companies, each sees its own
// invitations and spells, and not where else somebody works or worked.
func (p Profile) For(s store.Scope) Profile {
	if p.theirOwn(s) {
		return p
	}
	others := func(location string) bool { return !slices.Contains(s.Locations, association.Fold(location)) }
	elsewhere := p.Location() != "" && others(p.Location())
	p.Invitations = slices.DeleteFunc(slices.Clone(p.Invitations), func(in profile.Invitation) bool { return others(in.Location) })
	p.Spells = slices.DeleteFunc(slices.Clone(p.Spells), func(sp profile.Spell) bool { return others(sp.Location) })
	p.Names = slices.DeleteFunc(slices.Clone(p.Names), func(n Name) bool { return others(n.Location) })
	p.Links, p.Announced, p.Person = nil, 0, ""
	if elsewhere {
		p.State, p.Leaves = profile.Unlinked, nil // as far as this company is concerned
	}
	return p
}

// References lists the references to what the person is called.
func (p *Profile) References() []string {
	var refs []string
	for _, n := range p.Names {
		refs = append(refs, n.Ref)
	}
	return refs
}
