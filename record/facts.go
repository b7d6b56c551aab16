package record

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/store"
)

// Facts returns all that life cycles tell scoring, as it was known at the view's
// moment, in the order of the things' ids. The place of a fact is the thing whose
// story tells it, such as claim/C-1. Names of people are left out: nothing counts
// by them.
func (r *Record) Facts(ctx context.Context, v store.View) (association.Facts, people.Facts, error) {
	f, err := r.Associations(ctx, v,
		store.Query{Kind: subscriptions.kind}, store.Query{Kind: claims.kind}, store.Query{Kind: links.kind},
		store.Query{Kind: roles.kind}, store.Query{Kind: memberships.kind}, store.Query{Kind: placements.kind},
		store.Query{Kind: appointments.kind}, store.Query{Kind: resales.kind})
	if err != nil {
		return f, people.Facts{}, err
	}
	v.AsOf = nil
	if f.Locations, err = r.locationFacts(ctx, viewed{ctx, r.store, v}); err != nil {
		return f, people.Facts{}, err
	}
	p, err := r.People(ctx, v)
	return f, p, err
}

// Associations returns the part of [Record.Facts] that the things tell which match
// any of the queries: of associations, and of what their reach depends on. A thing
// that matches several is told as often. "record-facts-kind" is the error for things
// that tell nothing of the sort.
func (r *Record) Associations(ctx context.Context, v store.View, queries ...store.Query) (f association.Facts, err error) {
	v.AsOf = nil // scoring looks back: it wants what held before, too
	in := viewed{ctx, r.store, v}
	for _, q := range queries {
		if err = addFacts(in, q, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// addFacts adds what the things tell that match.
func addFacts(r Reader, q store.Query, f *association.Facts) error {
	found, err := r.Find(q)
	if err != nil {
		return err
	}
	for _, one := range found {
		if err := addFactsOf(one, f); err != nil {
			return err
		}
	}
	return nil
}

// addFactsOf adds what a thing tells.
func addFactsOf(r *store.Record, f *association.Facts) error {
	switch r.Kind {
	case subscriptions.kind:
		return tell(r, subscriptions, func(s *Subscription, at kizuna.Ref) {
			fact := s.Fact()
			fact.At = at
			f.Subscriptions = append(f.Subscriptions, fact)
		})
	case claims.kind:
		return tell(r, claims, func(c *claim.Claim, at kizuna.Ref) {
			told(&f.Claims, c.Facts(), at, func(x *association.Claim) *kizuna.Ref { return &x.At })
		})
	case links.kind:
		return tell(r, links, func(l *pal.Link, at kizuna.Ref) {
			told(&f.Links, l.Facts(), at, func(x *association.Link) *kizuna.Ref { return &x.At })
		})
	case roles.kind:
		return tell(r, roles, func(a *access.Assignment, at kizuna.Ref) {
			told(&f.Assignments, a.Facts(), at, func(x *association.Assignment) *kizuna.Ref { return &x.At })
		})
	case memberships.kind:
		return tell(r, memberships, func(m *access.Membership, at kizuna.Ref) {
			told(&f.Memberships, m.Facts(), at, func(x *association.Membership) *kizuna.Ref { return &x.At })
		})
	case placements.kind:
		return tell(r, placements, func(p *access.Placement, at kizuna.Ref) {
			told(&f.Scopes, p.Facts(), at, func(x *association.ScopeParent) *kizuna.Ref { return &x.At })
		})
	case appointments.kind:
		return tell(r, appointments, func(d *dpor.Record, at kizuna.Ref) {
			told(&f.Appointments, d.Facts(), at, func(x *association.Appointment) *kizuna.Ref { return &x.At })
		})
	case resales.kind:
		return tell(r, resales, func(c *csp.Resale, at kizuna.Ref) {
			told(&f.Resales, c.Facts(), at, func(x *association.Resale) *kizuna.Ref { return &x.At })
		})
	}
	return kizuna.Errorf("record-facts-kind", "things of the kind %q tell nothing of associations", r.Kind).
		WithMend("name a kind of association, or of what its reach depends on")
}

// tell visits a thing, with the place of its facts.
func tell[T any](r *store.Record, l *life[T], visit func(*T, kizuna.Ref)) error {
	value, err := l.decode(r)
	if err == nil {
		visit(&value, placeOf(r))
	}
	return err
}

// People returns the part of [Record.Facts] that is about people.
func (r *Record) People(ctx context.Context, v store.View) (people.Facts, error) {
	v.AsOf = nil
	return peopleFacts(viewed{ctx, r.store, v})
}

// each visits the things of a kind that match, with the place of their facts.
func each[T any](r Reader, l *life[T], q store.Query, visit func(*T, kizuna.Ref)) error {
	q.Kind = l.kind
	found, err := r.Find(q)
	if err != nil {
		return err
	}
	for _, one := range found {
		if err := tell(one, l, visit); err != nil {
			return err
		}
	}
	return nil
}

// told adds facts with their place.
func told[T any](to *[]T, facts []T, at kizuna.Ref, place func(*T) *kizuna.Ref) {
	for i := range facts {
		*place(&facts[i]) = at
	}
	*to = append(*to, facts...)
}

// locationFacts returns the locations with the names of the companies, all of which
// are fetched at once.
func (r *Record) locationFacts(ctx context.Context, in viewed) ([]association.Location, error) {
	var out []association.Location
	var refs []string // of the names, one for each fact
	err := each(in, locations, store.Query{}, func(l *company.Location, at kizuna.Ref) {
		told(&out, l.Facts(), at, func(x *association.Location) *kizuna.Ref { return &x.At })
		for len(refs) < len(out) {
			refs = append(refs, l.Name)
		}
	})
	if err != nil {
		return nil, err
	}
	names, err := r.Names(ctx, in.view, refs...)
	for i := range out {
		out[i].Name = names[refs[i]]["name"]
	}
	return out, err
}

// peopleFacts returns the people with their links and certificates, profiles
// spelled one way.
func peopleFacts(in Reader) (f people.Facts, err error) {
	spelled := make(map[string]string)
	err = each(in, profiles, store.Query{}, func(p *Profile, at kizuna.Ref) {
		if p.State == profile.Merged {
			return
		}
		spelled[association.Fold(p.MCID)] = p.MCID
		f.People = append(f.People, people.Person{ID: p.Person, MCID: p.MCID, At: at})
		told(&f.Links, p.Facts(), at, func(x *people.ProfileLink) *kizuna.Ref { return &x.At })
	})
	if err != nil {
		return f, err
	}
	err = each(in, certificates, store.Query{}, func(c *certificate.Certificate, at kizuna.Ref) {
		facts := c.Facts()
		if claimed, ok := c.Claimed(); ok {
			facts = append(facts, claimed)
		}
		for i := range facts {
			if mcid, ok := spelled[association.Fold(facts[i].MCID)]; ok {
				facts[i].MCID = mcid
			}
		}
		told(&f.Certifications, facts, at, func(x *people.Certification) *kizuna.Ref { return &x.At })
	})
	return f, err
}

// Names returns what is held under the references of names, if the view shows it
// and it was not erased.
func (r *Record) Names(ctx context.Context, v store.View, refs ...string) (map[string]map[string]string, error) {
	var wanted []string
	for _, ref := range refs {
		if ref != "" {
			wanted = append(wanted, ref)
		}
	}
	out := make(map[string]map[string]string)
	if len(wanted) == 0 {
		return out, nil
	}
	held, err := r.store.Personal(ctx, v, wanted)
	for ref, p := range held {
		out[ref] = p.Value
	}
	return out, err
}
