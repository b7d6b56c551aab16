package record

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Subscription is what a customer bought, as the vendor says. It has no states:
// what the vendor says last holds.
type Subscription struct {
	ID        string          `json:"id"`
	Tenant    string          `json:"tenant"`
	Product   string          `json:"product"`
	Agreement string          `json:"agreement,omitempty"` // EA, MCA, CSP, WebDirect
	During    kizuna.Interval `json:"during"`
	// Since is when it came under its agreement, if that has changed.
	Since kizuna.Instant `json:"since,omitzero"`
}

// Fact returns the subscription as scoring reads it. The Ref is left to the caller.
func (s *Subscription) Fact() association.Subscription {
	return association.Subscription{ID: s.ID, Tenant: s.Tenant, Product: s.Product, Agreement: s.Agreement, During: s.During}
}

// subscriptions is how subscriptions are kept.
var subscriptions = &life[Subscription]{
	kind: SubscriptionKind,
	concerns: func(s *Subscription) store.Concerns {
		return store.Concerns{Tenant: association.Fold(s.Tenant), Subject: association.Fold(s.ID)}
	},
	holds: func(s *Subscription) kizuna.Intervals { return kizuna.Union([]kizuna.Interval{s.During}) },
}

// Register records what a subscription is from now on, for a new one or another
// word on one that is known. What stands on it follows: who was to be told of its
// end is told of the new one.
func (r *Record) Register(ctx context.Context, ask Ask, to Subscription) (*Outcome[Subscription], error) {
	return one(ctx, r, ask, "subscription.register", to, func(s *session) (*Outcome[Subscription], error) {
		o, err := step(s, subscriptions, to.ID, func(s *session, before Subscription) (Subscription, []lifecycle.Event, error) {
			return before.become(to, ask.Actor, s.at)
		})
		if err != nil {
			return nil, err
		}
		return o, s.subscriptionChanged(to.ID)
	})
}

// details pairs names and values, without those that are empty.
func details(pairs ...string) map[string]string {
	out := make(map[string]string)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out[pairs[i]] = pairs[i+1]
		}
	}
	return out
}

func endText(t kizuna.Instant) string {
	if t == kizuna.Never || t == kizuna.Forever {
		return ""
	}
	return t.String()
}

// become checks what the vendor says and returns the subscription afterwards.
func (s Subscription) become(to Subscription, by lifecycle.Actor, at kizuna.Instant) (Subscription, []lifecycle.Event, error) {
	switch {
	case by.Role != lifecycle.Vendor:
		return s, nil, kizuna.Errorf("subscription-actor", "%s cannot register a subscription", by.Role).WithMend("the vendor does")
	case to.ID == "" || to.Tenant == "" || to.Product == "":
		return s, nil, kizuna.Errorf("subscription-incomplete", "a subscription %q of tenant %q and product %q", to.ID, to.Tenant, to.Product).
			WithMend("name the subscription, its tenant and its product")
	case to.During.Empty():
		return s, nil, kizuna.Errorf("subscription-ends", "subscription %s would end on %s, before it begins on %s", to.ID, to.During.To, to.During.From).
			WithMend("correct the dates")
	case s.ID != "" && association.Fold(s.Tenant) != association.Fold(to.Tenant):
		return s, nil, kizuna.Errorf("subscription-tenant", "subscription %s belongs to tenant %s", s.ID, s.Tenant).
			WithMend("a subscription stays with its tenant; register another one")
	}
	what := "registered"
	if s.ID != "" {
		what, to.ID = "changed", s.ID
		if to.Agreement == s.Agreement {
			to.Since = s.Since
		} else if to.Since == 0 {
			to.Since = at
		}
	}
	return to, []lifecycle.Event{{Type: "subscription." + what, Detail: details(
		"subscription", to.ID, "tenant", to.Tenant, "product", to.Product, "agreement", to.Agreement,
		"from", endText(to.During.From), "to", endText(to.During.To),
	)}}, nil
}

// subscription looks a subscription up: what is kept here, else what was imported;
// the zero Subscription if nothing is known.
func (k knowledge) subscription(id string) (Subscription, error) {
	r, err := k.Get(subscriptions.thing(id))
	if err == nil {
		return subscriptions.decode(r)
	}
	if !store.IsNotFound(err) {
		return Subscription{}, err
	}
	s, ok, err := k.imports.Subscription(k, association.Fold(id))
	if err != nil || !ok {
		return Subscription{}, err
	}
	return Subscription{ID: s.ID, Tenant: s.Tenant, Product: s.Product, Agreement: s.Agreement, During: s.During}, nil
}

// subscriptionChanged makes the clock look anew at what stands on a subscription.
func (s *session) subscriptionChanged(id string) error {
	for _, again := range []func(*session, string) error{retime(appointments), retime(resales), (*session).redateClaims} {
		if err := again(s, id); err != nil {
			return err
		}
	}
	return nil
}

// retime records the things about a subscription anew if the clock has to ring at
// another time.
func retime[T any](l *life[T]) func(*session, string) error {
	return func(s *session, subscription string) error {
		found, err := s.Find(store.Query{Kind: l.kind, Subject: association.Fold(subscription)})
		if err != nil {
			return err
		}
		for _, r := range found {
			value, err := l.decode(r)
			if err != nil {
				return err
			}
			at, ok, err := l.due(s, &value)
			if err != nil {
				return err
			}
			if ok == (r.Due != nil) && (!ok || at == *r.Due) {
				continue
			}
			if err := save(s, l, r.ID, r.Version, value, nil); err != nil {
				return err
			}
		}
		return nil
	}
}
