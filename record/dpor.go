package record

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// appointments is how digital partners of record are kept, by subscription.
var appointments = &life[dpor.Record]{
	kind:  AppointmentKind,
	fresh: dpor.New,
	concerns: func(d *dpor.Record) store.Concerns {
		return store.Concerns{Location: lastOf(d.Spells), Subject: association.Fold(d.Subscription)}
	},
	about: func(s *session, d *dpor.Record, c *store.Concerns) error { return s.tenantOf(d.Subscription, c) },
	holds: func(d *dpor.Record) kizuna.Intervals { return holding(d.Spells) },
	due: func(s *session, d *dpor.Record) (kizuna.Instant, bool, error) {
		terms, err := s.dporTerms(d.Subscription)
		if err != nil {
			return 0, false, err
		}
		at, _, ok := d.Due(terms)
		return at, ok, nil
	},
	tick: func(s *session, d dpor.Record) (dpor.Record, []lifecycle.Event, error) {
		terms, err := s.dporTerms(d.Subscription)
		if err != nil {
			return d, nil, err
		}
		_, action, _ := d.Due(terms)
		return dpor.Apply(d, dpor.Step{Action: action, Actor: s.ask.Actor, At: s.at}, terms)
	},
}

// tenantOf fills in whose the subscription is.
func (s *session) tenantOf(subscription string, c *store.Concerns) error {
	on, err := s.known().subscription(subscription)
	c.Tenant = association.Fold(on.Tenant)
	return err
}

func (s *session) dporTerms(subscription string) (dpor.Terms, error) {
	on, err := s.known().subscription(subscription)
	return dpor.Terms{Subscription: on.Fact(), Since: on.Since, Directory: s.directory()}, err
}

// LookUpPartner shows an owner which partner an id stands for, before it is saved.
func (r *Record) LookUpPartner(ctx context.Context, v store.View, by lifecycle.Actor, subscription, id string, at kizuna.Instant) (dpor.Shown, error) {
	known := r.knownAt(ctx, v)
	on, err := known.subscription(subscription)
	if err != nil {
		return dpor.Shown{}, err
	}
	if by.Role != lifecycle.Owner {
		_, err := dpor.Machine().Next(lifecycle.None, dpor.Appoint, by.Role, dpor.Case{})
		return dpor.Shown{}, err
	}
	if !owns(by, &on) {
		return dpor.Shown{}, store.NotFound(subscriptions.thing(subscription))
	}
	found, err := known.locations(id)
	if err != nil {
		return dpor.Shown{}, err
	}
	return dpor.LookUp(association.NewDirectory(found), subscription, id, at)
}

// owns reports whether the actor is of the subscription's tenant. To others its
// subscriptions are as if there were none.
func owns(by lifecycle.Actor, on *Subscription) bool {
	return on.ID != "" && association.Fold(by.Company) == association.Fold(on.Tenant)
}

// Appoint makes a partner the subscription's digital partner of record; shown is
// the token that LookUpPartner gave.
func (r *Record) Appoint(ctx context.Context, ask Ask, subscription, partner, shown string) (*Outcome[dpor.Record], error) {
	return r.appointment(ctx, ask, subscription, dpor.Step{Action: dpor.Appoint, Partner: partner, Shown: shown})
}

// RemovePartner ends the appointment.
func (r *Record) RemovePartner(ctx context.Context, ask Ask, subscription string) (*Outcome[dpor.Record], error) {
	return r.appointment(ctx, ask, subscription, dpor.Step{Action: dpor.Remove})
}

func (r *Record) appointment(ctx context.Context, ask Ask, subscription string, step dpor.Step) (*Outcome[dpor.Record], error) {
	return change(ctx, r, ask, appointments, subscription, step.Action, step,
		func(s *session, d dpor.Record) (dpor.Record, []lifecycle.Event, error) {
			step := step
			step.Actor, step.At = ask.Actor, s.at
			on, err := s.known().subscription(subscription)
			if err != nil {
				return d, nil, err
			}
			if ask.Actor.Role == lifecycle.Owner && !owns(ask.Actor, &on) {
				return d, nil, store.NotFound(subscriptions.thing(subscription))
			}
			terms, err := s.dporTerms(subscription)
			if err != nil {
				return d, nil, err
			}
			return dpor.Apply(d, step, terms)
		})
}
