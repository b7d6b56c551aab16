package record

import (
	"context"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// lookup is what things are looked up in: a transaction, or the store as it is now.
type lookup interface {
	Get(store.Thing) (*store.Record, error)
	Find(store.Query) ([]*store.Record, error)
	FactsOf(table, key string) ([]*store.Fact, error)
}

// now looks things up outside of any command, all of them.
type now struct {
	ctx   context.Context
	store store.Store
}

var everything = store.View{Scope: store.Everything}

func (n now) Get(t store.Thing) (*store.Record, error) { return n.store.Get(n.ctx, everything, t) }

func (n now) Find(q store.Query) (out []*store.Record, err error) {
	for r, err := range n.store.Find(n.ctx, everything, q) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (n now) FactsOf(table, key string) (out []*store.Fact, err error) {
	for f, err := range n.store.FactsOf(n.ctx, everything, table, key) {
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// locationsOf returns what is known under an id, a location's or an account's.
func locationsOf(in lookup, id string) (out []association.Location, err error) {
	id = association.Fold(id)
	found, err := in.Find(store.Query{Kind: locations.kind, Location: id})
	if err != nil {
		return nil, err
	}
	// An id that is a location's own stands for that location alone.
	if i := slices.IndexFunc(found, func(r *store.Record) bool { return r.ID == id }); i >= 0 {
		found = found[i : i+1]
	}
	for _, r := range found {
		l, err := locations.decode(r)
		if err != nil {
			return nil, err
		}
		out = append(out, l.Facts()...)
	}
	return out, nil
}

// within returns the folded ids that a partner's actor acts for: the company
// itself and, of a global account, the locations under it.
func within(in lookup, company string, at kizuna.Instant) ([]string, error) {
	ids := []string{association.Fold(company)}
	found, err := locationsOf(in, company)
	for _, l := range found {
		if id := association.Fold(l.ID); l.During.Contains(at) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// scopeOf says whose things an actor may see. A partner sees what concerns its
// locations, a customer its tenant, an identity and a person themselves; who runs
// the program sees everything.
func scopeOf(in lookup, actor lifecycle.Actor, at kizuna.Instant) (s store.Scope, err error) {
	switch actor.Role {
	case lifecycle.Partner:
		s.Locations, err = within(in, actor.Company, at)
	case lifecycle.Customer, lifecycle.Owner:
		s.Tenants = []string{association.Fold(actor.Company)}
	case lifecycle.Identity, lifecycle.Person:
		// A subject with a colon is no person: see claims.
		if id := association.Fold(actor.ID); !strings.Contains(id, ":") {
			s.Subjects = []string{id}
		}
	case lifecycle.Reviewer, lifecycle.Operator, lifecycle.Vendor, lifecycle.System:
		s.All = true
	}
	return s, err
}
