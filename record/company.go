package record

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/store"
)

// accounts is how partners' global accounts are kept. Whoever offers a merge is
// party to it.
var accounts = &life[company.Account]{
	kind: AccountKind,
	concerns: func(a *company.Account) store.Concerns {
		return store.Concerns{Location: association.Fold(a.ID), Second: association.Fold(cmp.Or(a.Into, a.By))}
	},
	holds: func(a *company.Account) kizuna.Intervals {
		during := kizuna.Always
		if a.State == company.Merged || a.State == company.Closed {
			during.To = a.Changed
		}
		return kizuna.Intervals{during}
	},
}

// locations is how partner locations are kept.
var locations = &life[company.Location]{
	kind: LocationKind,
	concerns: func(l *company.Location) store.Concerns {
		return store.Concerns{Location: association.Fold(l.ID), Second: association.Fold(l.Account())}
	},
	holds: func(l *company.Location) kizuna.Intervals {
		return union(l.Spells, func(s *company.Spell) kizuna.Interval { return s.During })
	},
}

// OpenAccount opens a global account under the name of a company.
func (r *Record) OpenAccount(ctx context.Context, ask Ask, id, name string) (*Outcome[company.Account], error) {
	return change(ctx, r, ask, accounts, id, company.OpenAccount, name,
		func(s *session, a company.Account) (company.Account, []lifecycle.Event, error) {
			if err := s.mustBeFree(id, locations.thing(id)); err != nil {
				return a, nil, err
			}
			ref, err := s.keepName(accounts.thing(id), store.Concerns{Location: association.Fold(id)}, name)
			if err != nil {
				return a, nil, err
			}
			return company.ApplyAccount(a, company.AccountStep{Action: company.OpenAccount, Actor: ask.Actor, At: s.at, ID: id, Name: ref})
		})
}

// mustBeFree refuses an id that something else has: an id finds an account or a
// location, never both.
func (s *session) mustBeFree(id string, other store.Thing) error {
	switch _, err := s.Get(other); {
	case store.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	return kizuna.Errorf("company-id-taken", "%q is the id of the %s %s", id, other.Kind, other.ID).
		WithMend("name another id")
}

// keepName holds a company's name where it can be erased; "" if there is none.
func (s *session) keepName(of store.Thing, c store.Concerns, name string) (ref string, err error) {
	if name == "" {
		return "", nil
	}
	return s.Keep(of.String(), c, map[string]string{"name": name})
}

// Merging does a step of a merge into the account that the offering side acts for:
// [company.OfferMerge], [company.WithdrawMerge], [company.DeclineMerge] or
// [company.AcceptMerge]. ConfirmMerge ends it.
func (r *Record) Merging(ctx context.Context, ask Ask, action lifecycle.Action, id string) (*Outcome[company.Account], error) {
	return change(ctx, r, ask, accounts, id, action, nil,
		func(s *session, a company.Account) (company.Account, []lifecycle.Event, error) {
			other, _, err := load(s, accounts, ask.Actor.Company)
			if err != nil {
				return a, nil, err
			}
			return company.ApplyAccount(a, company.AccountStep{Action: action, Actor: ask.Actor, At: s.at, Other: other})
		})
}

// ConfirmMerge merges an account into that of the actor, all its locations at once.
func (r *Record) ConfirmMerge(ctx context.Context, ask Ask, id string) (*Outcome[company.Account], error) {
	return r.together(ctx, ask, company.ConfirmMerge, id,
		func(s *session, a company.Account, under []company.Location) (company.Account, []company.Location, []lifecycle.Event, error) {
			into, _, err := load(s, accounts, ask.Actor.Company)
			if err != nil {
				return a, nil, nil, err
			}
			after, moved, events, err := company.Merge(into, a, under, company.AccountStep{Actor: ask.Actor, At: s.at})
			if err == nil {
				err = s.absorb(into.ID, a.ID)
			}
			return after, moved, events, err
		})
}

// CloseAccount closes an account with its locations; what names one refuses it.
func (r *Record) CloseAccount(ctx context.Context, ask Ask, id string) (*Outcome[company.Account], error) {
	return r.together(ctx, ask, company.CloseAccount, id,
		func(s *session, a company.Account, under []company.Location) (company.Account, []company.Location, []lifecycle.Event, error) {
			step := company.AccountStep{Actor: ask.Actor, At: s.at}
			for _, l := range under {
				named, err := s.naming(l.ID)
				if err != nil {
					return a, nil, nil, err
				}
				step.Named = append(step.Named, named...)
			}
			after, closed, events, err := company.Close(a, under, step)
			if err == nil {
				err = s.endEnrollment(a.ID, "")
			}
			return after, closed, events, err
		})
}

type withLocations func(*session, company.Account, []company.Location) (company.Account, []company.Location, []lifecycle.Event, error)

// together changes an account with all its locations in one transaction.
func (r *Record) together(ctx context.Context, ask Ask, action lifecycle.Action, id string, apply withLocations) (*Outcome[company.Account], error) {
	return one(ctx, r, ask, "account."+string(action), id, func(s *session) (*Outcome[company.Account], error) {
		var all []lifecycle.Event
		o, err := step(s, accounts, id, func(s *session, a company.Account) (company.Account, []lifecycle.Event, error) {
			under, err := s.under(a.ID)
			if err != nil {
				return a, nil, err
			}
			after, moved, events, err := apply(s, a, under)
			if err != nil {
				return a, nil, err
			}
			all = events
			for _, l := range moved {
				_, version, err := load(s, locations, l.ID)
				if err != nil {
					return a, nil, err
				}
				if err := save(s, locations, l.ID, version, l, eventsOf(events, "location", l.ID)); err != nil {
					return a, nil, err
				}
			}
			return after, eventsOf(events, "account", a.ID), nil
		})
		if err == nil {
			o.Events = all
		}
		return o, err
	})
}

// eventsOf picks the events about one of several things that changed together.
func eventsOf(events []lifecycle.Event, kind, id string) []lifecycle.Event {
	var out []lifecycle.Event
	for _, e := range events {
		if strings.HasPrefix(e.Type, kind+".") && association.Fold(e.Detail[kind]) == association.Fold(id) {
			out = append(out, e)
		}
	}
	return out
}

// under lists the locations of an account.
func (s *session) under(account string) ([]company.Location, error) {
	found, err := s.Find(store.Query{Kind: locations.kind, Location: association.Fold(account)})
	if err != nil {
		return nil, err
	}
	var out []company.Location
	for _, r := range found {
		l, err := locations.decode(r)
		if err != nil {
			return nil, err
		}
		if association.Fold(l.Account()) == association.Fold(account) {
			out = append(out, l)
		}
	}
	return out, nil
}

// NewLocation describes a location that is added.
type NewLocation struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	Country string `json:"country,omitempty"`
}

// AddLocation adds a location to an account.
func (r *Record) AddLocation(ctx context.Context, ask Ask, n NewLocation) (*Outcome[company.Location], error) {
	return r.locate(ctx, ask, company.AddLocation, n.ID, n, func(s *session, _ company.Location, step *company.LocationStep) (err error) {
		if err := s.mustBeFree(n.ID, accounts.thing(n.ID)); err != nil {
			return err
		}
		step.ID, step.Country = n.ID, n.Country
		if step.Account, _, err = load(s, accounts, n.Account); err != nil {
			return err
		}
		step.Name, err = s.keepName(locations.thing(n.ID), store.Concerns{Location: association.Fold(n.ID), Second: association.Fold(n.Account)}, n.Name)
		return err
	})
}

// MoveLocation puts a location under another account.
func (r *Record) MoveLocation(ctx context.Context, ask Ask, id, account string) (*Outcome[company.Location], error) {
	return r.locate(ctx, ask, company.MoveLocation, id, account, func(s *session, _ company.Location, step *company.LocationStep) (err error) {
		step.Account, _, err = load(s, accounts, account)
		return err
	})
}

// MoveAssociations tells who has to move what from a location to another.
func (r *Record) MoveAssociations(ctx context.Context, ask Ask, id, to string) (*Outcome[company.Location], error) {
	return r.locate(ctx, ask, company.MoveAssociations, id, to, func(s *session, l company.Location, step *company.LocationStep) (err error) {
		if step.To, _, err = load(s, locations, to); err != nil {
			return err
		}
		step.Named, err = s.naming(l.ID)
		return err
	})
}

// DeleteLocation deletes a location that nothing names.
func (r *Record) DeleteLocation(ctx context.Context, ask Ask, id string) (*Outcome[company.Location], error) {
	return r.locate(ctx, ask, company.DeleteLocation, id, nil, func(s *session, l company.Location, step *company.LocationStep) (err error) {
		if step.Named, err = s.naming(l.ID); err != nil {
			return err
		}
		under, err := s.under(l.Account())
		step.Others = len(under) - 1
		return err
	})
}

// locate runs a command about a location; prepare looks up what the step needs.
func (r *Record) locate(ctx context.Context, ask Ask, action lifecycle.Action, id string, input any, prepare func(*session, company.Location, *company.LocationStep) error) (*Outcome[company.Location], error) {
	return change(ctx, r, ask, locations, id, action, input,
		func(s *session, l company.Location) (company.Location, []lifecycle.Event, error) {
			step := company.LocationStep{Action: action, Actor: ask.Actor, At: s.at}
			if err := prepare(s, l, &step); err != nil {
				return l, nil, err
			}
			return company.ApplyLocation(l, step)
		})
}

// naming lists what names a location now or will later, as this transaction sees it.
func (s *session) naming(location string) ([]company.Reference, error) {
	location = association.Fold(location)
	var facts association.Facts
	var linked []people.ProfileLink
	var pending []company.Reference
	q := store.Query{Location: location}
	err := errors.Join(
		each(s, claims, q, func(c *claim.Claim, _ kizuna.Ref) {
			facts.Claims = append(facts.Claims, c.Facts()...)
			if slices.Contains(pendingClaims, c.State) && association.Fold(c.Location) == location {
				pending = append(pending, company.Reference{Kind: company.Claim, ID: c.ID})
			}
		}),
		each(s, links, q, func(l *pal.Link, _ kizuna.Ref) { facts.Links = append(facts.Links, l.Facts()...) }),
		each(s, appointments, q, func(d *dpor.Record, _ kizuna.Ref) { facts.Appointments = append(facts.Appointments, d.Facts()...) }),
		each(s, resales, q, func(c *csp.Resale, _ kizuna.Ref) { facts.Resales = append(facts.Resales, c.Facts()...) }),
		each(s, profiles, q, func(p *Profile, _ kizuna.Ref) { linked = append(linked, p.Facts()...) }),
	)
	if err != nil {
		return nil, err
	}
	named := append(company.Naming(location, s.at, &facts, linked), pending...)
	imported, err := s.imports.Naming(s, location, s.at)
	return append(named, imported...), err
}

// pendingClaims are the states of claims that may yet be approved for their location.
var pendingClaims = []lifecycle.State{claim.Submitted, claim.UnderReview, claim.ActionRequired, claim.Disputed, claim.Arbitration}
