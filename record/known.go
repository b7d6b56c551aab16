package record

import (
	"context"
	"iter"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/store"
)

// Reader is the record as things are looked up in it: by a command in its
// transaction, which [store.Tx] is, or in a view.
type Reader interface {
	Get(t store.Thing) (*store.Record, error)
	Versions(t store.Thing) ([]*store.Record, error)
	Find(q store.Query) ([]*store.Record, error)
	FactsOf(table, id string) ([]*store.Fact, error)
	Personal(ref string) (p store.Personal, ok bool, err error)
}

// Imports is what imported files that are in force say, for life cycles to look up
// what is not kept here. Ids are folded.
type Imports interface {
	// Locations returns what is known under an id, a location's or an account's.
	Locations(r Reader, id string) ([]association.Location, error)
	Subscription(r Reader, id string) (s association.Subscription, ok bool, err error)
	Certifications(r Reader, mcid string) ([]people.Certification, error)
	// Abouts lists under what personal data of a profile's owner is kept.
	Abouts(r Reader, mcid string) ([]string, error)
	// Rows lists what is said of a profile and its owner.
	Rows(r Reader, mcid string) ([]*store.Fact, error)
	// Naming lists what names a location at the time or will later.
	Naming(r Reader, location string, at kizuna.Instant) ([]company.Reference, error)
}

// noImports is the record without imported files.
type noImports struct{}

func (noImports) Locations(Reader, string) ([]association.Location, error) { return nil, nil }

func (noImports) Subscription(Reader, string) (s association.Subscription, ok bool, err error) {
	return s, false, nil
}

func (noImports) Certifications(Reader, string) ([]people.Certification, error) { return nil, nil }

func (noImports) Abouts(Reader, string) ([]string, error) { return nil, nil }

func (noImports) Rows(Reader, string) ([]*store.Fact, error) { return nil, nil }

func (noImports) Naming(Reader, string, kizuna.Instant) ([]company.Reference, error) { return nil, nil }

// recalled are imports that look up once what one command asks again and again: whether
// an id is a location's, whose, and what is sold there. A command does not import.
type recalled struct {
	Imports
	locations     map[string][]association.Location
	subscriptions map[string]*association.Subscription // nil: there is none
}

func (r *recalled) Locations(in Reader, id string) ([]association.Location, error) {
	known, ok := r.locations[id]
	if !ok {
		var err error
		if known, err = r.Imports.Locations(in, id); err != nil {
			return nil, err
		}
		if r.locations == nil {
			r.locations = make(map[string][]association.Location)
		}
		r.locations[id] = known
	}
	return slices.Clone(known), nil
}

func (r *recalled) Subscription(in Reader, id string) (s association.Subscription, ok bool, err error) {
	known, asked := r.subscriptions[id]
	if !asked {
		if s, ok, err = r.Imports.Subscription(in, id); err != nil {
			return s, false, err
		}
		if ok {
			known = &s
		}
		if r.subscriptions == nil {
			r.subscriptions = make(map[string]*association.Subscription)
		}
		r.subscriptions[id] = known
	}
	if known == nil {
		return association.Subscription{}, false, nil
	}
	return *known, true, nil
}

// knowledge is what can be looked up: what is kept here, else what was imported.
type knowledge struct {
	Reader
	imports Imports
}

// locations returns what is known under an id, a location's or an account's.
func (k knowledge) locations(id string) ([]association.Location, error) {
	id = association.Fold(id)
	var kept []*store.Record
	switch r, err := k.Get(locations.thing(id)); {
	case err == nil:
		kept = append(kept, r)
	case !store.IsNotFound(err):
		return nil, err
	}
	under, err := k.Find(store.Query{Kind: locations.kind, Location: id})
	if err != nil {
		return nil, err
	}
	for _, r := range under {
		if r.ID != id {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return k.imports.Locations(k, id)
	}
	var out []association.Location
	for _, r := range kept {
		l, err := locations.decode(r)
		if err != nil {
			return nil, err
		}
		name, err := k.name(l.Name)
		if err != nil {
			return nil, err
		}
		for _, fact := range l.Facts() {
			fact.Name, fact.At = name, placeOf(r)
			out = append(out, fact)
		}
	}
	return out, nil
}

// directory finds the locations behind a partner's id.
func (k knowledge) directory() association.Directory {
	return func(id string, at kizuna.Instant) []association.Location {
		found, err := k.locations(id)
		if err != nil {
			return nil // the transaction is lost, and says so when it ends
		}
		return association.NewDirectory(found)(id, at)
	}
}

// name returns the name that is held under a reference, "" once it is erased.
func (k knowledge) name(ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	p, _, err := k.Personal(ref)
	return p.Value["name"], err
}

// placeOf says where a fact of the record is told: in the story of a thing.
func placeOf(r *store.Record) kizuna.Ref { return kizuna.Ref{File: r.Thing.String()} }

// viewed is the record as a view shows it.
type viewed struct {
	ctx   context.Context
	store store.Store
	view  store.View
}

func (v viewed) Get(t store.Thing) (*store.Record, error) { return v.store.Get(v.ctx, v.view, t) }

func (v viewed) Versions(t store.Thing) ([]*store.Record, error) {
	return collected(v.store.Versions(v.ctx, v.view, t.Kind, t.ID))
}

func (v viewed) Find(q store.Query) ([]*store.Record, error) {
	return collected(v.store.Find(v.ctx, v.view, q))
}

func (v viewed) FactsOf(table, id string) ([]*store.Fact, error) {
	return collected(v.store.FactsOf(v.ctx, v.view, table, id))
}

func collected[T any](all iter.Seq2[T, error]) (found []T, err error) {
	for one, err := range all {
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

func (v viewed) Personal(ref string) (store.Personal, bool, error) {
	held, err := v.store.Personal(v.ctx, v.view, []string{ref})
	p, ok := held[ref]
	return p, ok, err
}

// knownAt returns all that was known at the view's moment, for what a viewer needs
// behind a thing that the view itself has shown.
func (r *Record) knownAt(ctx context.Context, v store.View) knowledge {
	return knowledge{viewed{ctx, r.store, store.View{Scope: store.Everything, KnownAt: v.KnownAt}}, r.imports}
}
