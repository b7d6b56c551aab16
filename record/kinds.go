package record

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// kept is what can be done with the things of a kind whatever they are.
type kept interface {
	name() store.Kind
	// ring does what the clock has to do by now with a thing whose time has come.
	ring(s *session, id string) ([]lifecycle.Event, error)
	// forViewer is a version as the viewer may see it; part says that it is not all.
	forViewer(v store.Scope, r *store.Record) (seen *store.Record, part bool, err error)
}

// The kinds of things that the record keeps.
const (
	AccountKind      store.Kind = "account"
	LocationKind     store.Kind = "location"
	ProfileKind      store.Kind = "profile"
	CertificateKind  store.Kind = "certificate"
	SubscriptionKind store.Kind = "subscription"
	ClaimKind        store.Kind = "claim"
	LinkKind         store.Kind = "pal"
	AppointmentKind  store.Kind = "dpor"
	ResaleKind       store.Kind = "csp"
	RoleKind         store.Kind = "role"
	MembershipKind   store.Kind = "membership"
	PlacementKind    store.Kind = "scope"
	EnrollmentKind   store.Kind = "enrollment" // of a company in the program

	SpecializationKind store.Kind = "specialization"
	BenefitKind        store.Kind = "benefit" // what was used of a bundle
	BadgeKind          store.Kind = "badge"
	BadgeCountKind     store.Kind = "badge-count" // of an issuer
	BadgeListKind      store.Kind = "badge-list"  // stretches of status lists
)

// kinds is every kind of thing that the record keeps.
func kinds() []kept {
	return []kept{
		accounts, locations, profiles, certificates, subscriptions,
		claims, links, appointments, resales, roles, memberships, placements,
		enrollments, pursuits, uses, badges, badgeCounts, badgeLists,
	}
}

// Kinds lists the kinds of things that the record keeps.
func Kinds() []store.Kind {
	var out []store.Kind
	for _, k := range kinds() {
		out = append(out, k.name())
	}
	return out
}

func kindOf(name store.Kind) (kept, error) {
	all := kinds()
	if i := slices.IndexFunc(all, func(k kept) bool { return k.name() == name }); i >= 0 {
		return all[i], nil
	}
	return nil, kizuna.Errorf("record-kind", "there are no things of the kind %q", name).
		WithMend("one of: %s", listOf(Kinds()))
}

func listOf(names []store.Kind) (out string) {
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += string(n)
	}
	return out
}

func (l *life[T]) name() store.Kind { return l.kind }

func (l *life[T]) forViewer(v store.Scope, r *store.Record) (*store.Record, bool, error) {
	if l.shown == nil {
		return r, false, nil
	}
	value, err := l.decode(r)
	if err != nil {
		return nil, false, err
	}
	body, err := json.Marshal(l.shown(v, value))
	if err != nil {
		return nil, false, err
	}
	seen := *r
	seen.Body = body
	return &seen, !v.All && !slices.Contains(v.Subjects, r.Concerns.Subject), nil
}

func (l *life[T]) ring(s *session, id string) ([]lifecycle.Event, error) {
	value, version, err := load(s, l, id)
	if err != nil || l.due == nil {
		return nil, err
	}
	var events []lifecycle.Event
	for {
		at, ok, err := l.due(s, &value)
		switch {
		case err != nil:
			return nil, err
		case !ok || at > s.at: // saved even if nothing happened: another day's rules set another time
			return events, save(s, l, id, version, value, events)
		case l.tick == nil:
			return nil, stuck(l.thing(id), at)
		}
		after, caused, err := l.tick(s, value)
		if err != nil {
			return nil, err
		}
		if again, ok, err := l.due(s, &after); err != nil || ok && again <= at {
			return nil, cmp.Or(err, stuck(l.thing(id), at)) // or it would ring for ever
		}
		value, events = after, append(events, caused...)
	}
}

func stuck(t store.Thing, at kizuna.Instant) error {
	return kizuna.Errorf("clock-stuck", "%s is due at %s, and nothing comes of it", t, at).
		WithMend("look at its history, and report this")
}
