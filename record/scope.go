package record

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// within returns the folded ids that a partner's actor acts for: the company
// itself and, of a global account, the locations under it.
func (k knowledge) within(company string, at kizuna.Instant) ([]string, error) {
	ids := []string{association.Fold(company)}
	found, err := k.locations(company)
	for _, l := range found {
		if id := association.Fold(l.ID); l.During.Contains(at) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// scope says whose things an actor may see. A partner sees what concerns its
// locations, a customer its tenant, an identity and a person themselves; who runs
// the program sees everything.
func (k knowledge) scope(actor lifecycle.Actor, at kizuna.Instant) (s store.Scope, err error) {
	switch actor.Role {
	case lifecycle.Partner:
		s.Locations, err = k.within(actor.Company, at)
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

// actingFor is the actor as a location's machine sees it: somebody of the global
// account acts for each of its locations.
func (s *session) actingFor(location string) (lifecycle.Actor, error) {
	actor := s.ask.Actor
	if actor.Role != lifecycle.Partner {
		return actor, nil
	}
	ids, err := s.known().within(actor.Company, s.at)
	if slices.Contains(ids, association.Fold(location)) {
		actor.Company = location
	}
	return actor, err
}

// mustSee answers "not-found" for what is not the actor's business.
func (s *session) mustSee(t store.Thing, c store.Concerns) error {
	scope, err := s.known().scope(s.ask.Actor, s.at)
	if err == nil && !scope.Shows(c) {
		err = store.NotFound(t)
	}
	return err
}
