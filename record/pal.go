package record

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/store"
)

// links is how partner admin links are kept, under "tenant/object".
var links = &life[pal.Link]{
	kind: LinkKind,
	concerns: func(l *pal.Link) store.Concerns {
		return store.Concerns{
			Tenant: association.Fold(l.Tenant), Subject: association.Fold(l.Object), Location: association.Fold(l.Partner),
		}
	},
	holds: func(l *pal.Link) kizuna.Intervals { return holding(l.Spells) },
}

// Link makes, moves or deletes the partner admin link of the identity that asks.
func (r *Record) Link(ctx context.Context, ask Ask, action lifecycle.Action, partner string) (*Outcome[pal.Link], error) {
	tenant, object := ask.Actor.Company, ask.Actor.ID
	return change(ctx, r, ask, links, tenant+"/"+object, action, partner,
		func(s *session, l pal.Link) (pal.Link, []lifecycle.Event, error) {
			if l.State == lifecycle.None {
				l = pal.New(tenant, object)
			}
			return pal.Apply(l, pal.Step{Action: action, Actor: ask.Actor, At: s.at, Partner: partner}, s.directory())
		})
}

// Reach returns when an identity's link reached the resources, or what its roles
// reach if none are given, and which fact began and ended that. It is computed from
// the roles, memberships and placements as they were known at the view's moment, so
// that it follows every change of them.
func (r *Record) Reach(ctx context.Context, v store.View, l *pal.Link, resources ...association.Resource) ([]access.Stretch, error) {
	known := r.knownAt(ctx, v)
	day := r.dayOf(v)
	rules, err := r.rulesOn(day)
	if err != nil {
		return nil, err
	}
	var f association.Facts
	for _, spell := range l.Spells {
		found, err := known.locations(spell.Of)
		if err != nil {
			return nil, err
		}
		f.Locations = append(f.Locations, found...)
	}
	told(&f.Links, l.Facts(), kizuna.Ref{File: links.thing(l.Tenant + "/" + l.Object).String()}, func(x *association.Link) *kizuna.Ref { return &x.At })
	// The identity, and the groups that it is in, directly and through others.
	holders := []string{association.Fold(l.Object)}
	for i := 0; i < len(holders); i++ {
		before := len(f.Memberships)
		if err := addFacts(known, store.Query{Kind: roles.kind, Also: []store.Kind{memberships.kind}, Subject: holders[i]}, &f); err != nil {
			return nil, err
		}
		for _, m := range f.Memberships[before:] {
			if group := association.Fold(m.Group); !slices.Contains(holders, group) {
				holders = append(holders, group)
			}
		}
	}
	var tenants []string
	for _, a := range f.Assignments {
		if tenant := association.Fold(a.Tenant); !slices.Contains(tenants, tenant) && len(resources) > 0 {
			tenants = append(tenants, tenant)
			if err := addFacts(known, store.Query{Kind: placements.kind, Tenant: tenant}, &f); err != nil {
				return nil, err
			}
		}
	}
	return access.Over(&f, association.Question{Program: rules, AsOf: day}, access.Identity{Tenant: l.Tenant, Object: l.Object}, resources...), nil
}

// dayOf is the day that a view is about.
func (r *Record) dayOf(v store.View) kizuna.Date {
	switch {
	case v.AsOf != nil:
		return v.AsOf.Date()
	case v.KnownAt != 0:
		return v.KnownAt.Instant().Date()
	}
	return r.clock().Instant().Date()
}

// rulesOn returns the version of the program that is in force on a day.
func (r *Record) rulesOn(day kizuna.Date) (*program.Program, error) {
	if p, _ := program.InForceOn(r.programs, r.id, day); p != nil {
		return p, nil
	}
	return nil, kizuna.Errorf("record-no-program", "there is no program %q", r.id).WithMend("name one that there is")
}
