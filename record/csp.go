package record

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// resales is how sales through the Cloud Solution Provider program are kept, by
// subscription. Both tiers are party to one.
var resales = &life[csp.Resale]{
	kind:  ResaleKind,
	fresh: csp.New,
	concerns: func(c *csp.Resale) store.Concerns {
		on := store.Concerns{Location: lastOf(c.Sellers), Subject: association.Fold(c.Subscription)}
		if c.Sellers.Changed() == c.Resellers.Changed() || c.State == csp.Indirect {
			on.Location, on.Second = lastOf(c.Resellers), on.Location
		}
		return on
	},
	about: func(s *session, c *csp.Resale, on *store.Concerns) error { return s.tenantOf(c.Subscription, on) },
	holds: func(c *csp.Resale) kizuna.Intervals { return holding(c.Sellers) },
	due: func(s *session, c *csp.Resale) (kizuna.Instant, bool, error) {
		terms, err := s.cspTerms(c.Subscription)
		if err != nil {
			return 0, false, err
		}
		at, ok := c.Due(terms)
		return at, ok, nil
	},
	tick: func(s *session, c csp.Resale) (csp.Resale, []lifecycle.Event, error) {
		terms, err := s.cspTerms(c.Subscription)
		if err != nil {
			return c, nil, err
		}
		return csp.Apply(c, csp.Step{Action: csp.Expire, Actor: s.ask.Actor, At: s.at}, terms)
	},
}

// lastOf returns what the last spell is of, folded.
func lastOf(spells lifecycle.Spells) string {
	if len(spells) == 0 {
		return ""
	}
	return association.Fold(spells[len(spells)-1].Of)
}

func (s *session) cspTerms(subscription string) (csp.Terms, error) {
	on, err := s.known().subscription(subscription)
	return csp.Terms{Subscription: on.Fact(), Directory: s.directory()}, err
}

// Sale does what the vendor's sales records say of a subscription: [csp.Sell],
// [csp.Transfer], [csp.ChangeReseller] or [csp.Cancel].
func (r *Record) Sale(ctx context.Context, ask Ask, action lifecycle.Action, subscription string, parties csp.Parties) (*Outcome[csp.Resale], error) {
	return change(ctx, r, ask, resales, subscription, action, parties,
		func(s *session, c csp.Resale) (csp.Resale, []lifecycle.Event, error) {
			terms, err := s.cspTerms(subscription)
			if err != nil {
				return c, nil, err
			}
			return csp.Apply(c, csp.Step{Action: action, Actor: ask.Actor, At: s.at, Parties: parties}, terms)
		})
}
