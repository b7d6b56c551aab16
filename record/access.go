package record

import (
	"context"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// roles is how role assignments are kept, under "tenant/id".
var roles = &life[access.Assignment]{
	kind: RoleKind,
	concerns: func(a *access.Assignment) store.Concerns {
		return store.Concerns{Tenant: association.Fold(a.Tenant), Subject: association.Fold(a.Object)}
	},
	holds: func(a *access.Assignment) kizuna.Intervals { return holding(a.Spells) },
	due: func(_ *session, a *access.Assignment) (kizuna.Instant, bool, error) {
		at, ok := a.Due()
		return at, ok, nil
	},
	tick: func(s *session, a access.Assignment) (access.Assignment, []lifecycle.Event, error) {
		return a.Apply(access.Step{Action: access.Expire, Actor: s.ask.Actor, At: s.at})
	},
}

// memberships is how memberships of groups are kept, under "tenant/group/object".
var memberships = &life[access.Membership]{
	kind: MembershipKind,
	concerns: func(m *access.Membership) store.Concerns {
		return store.Concerns{Tenant: association.Fold(m.Tenant), Subject: association.Fold(m.Object)}
	},
	holds: func(m *access.Membership) kizuna.Intervals { return holding(m.Spells) },
	due: func(_ *session, m *access.Membership) (kizuna.Instant, bool, error) {
		at, ok := m.Due()
		return at, ok, nil
	},
	tick: func(s *session, m access.Membership) (access.Membership, []lifecycle.Event, error) {
		return m.Apply(access.Step{Action: access.Expire, Actor: s.ask.Actor, At: s.at})
	},
}

// placements is how it is kept where scopes lie, under "tenant" and the scope.
var placements = &life[access.Placement]{
	kind: PlacementKind,
	concerns: func(p *access.Placement) store.Concerns {
		return store.Concerns{Tenant: association.Fold(p.Tenant), Subject: association.Fold(p.Scope)}
	},
	holds: func(p *access.Placement) kizuna.Intervals { return holding(p.Spells) },
}

// Role says which role is given to whom, where.
type Role struct {
	Tenant string `json:"tenant"`
	Object string `json:"object"`
	Home   string `json:"home,omitempty"` // the object's tenant where that is another (Lighthouse)
	Role   string `json:"role"`
	Scope  string `json:"scope"`
}

// key is the id of the assignment. The same role of the same object at the same
// scope is the same assignment, however often it is given.
func (r *Role) key() string {
	what := strings.Join([]string{association.Fold(r.Object), association.Fold(r.Home), r.Role, trimScope(r.Scope)}, "\n")
	return kizuna.HashOf([]byte(what)).String()[:16]
}

func (r *Role) id() string { return r.Tenant + "/" + r.key() }

func trimScope(scope string) string {
	if len(scope) > 1 {
		scope = strings.TrimSuffix(scope, "/")
	}
	return association.Fold(scope)
}

// Access gives a role ([access.Grant], until an instant if that is not 0) or takes
// it away ([access.Revoke]).
func (r *Record) Access(ctx context.Context, ask Ask, action lifecycle.Action, role Role, until kizuna.Instant) (*Outcome[access.Assignment], error) {
	if err := role.check(); err != nil {
		return nil, err
	}
	return change(ctx, r, ask, roles, role.id(), action, []any{role, until},
		func(s *session, a access.Assignment) (access.Assignment, []lifecycle.Event, error) {
			return role.assignment(a).Apply(access.Step{Action: action, Actor: ask.Actor, At: s.at, Until: until})
		})
}

func (r *Role) check() error {
	if r.Tenant == "" || r.Object == "" || r.Role == "" || r.Scope == "" {
		return kizuna.Errorf("access-incomplete", "the role %q of %q at %q in tenant %q", r.Role, r.Object, r.Scope, r.Tenant).
			WithMend("name the object, the role, the scope and the tenant")
	}
	return nil
}

// assignment fills in what a new assignment is.
func (r *Role) assignment(a access.Assignment) access.Assignment {
	if a.State == lifecycle.None {
		a.ID, a.Tenant, a.Object, a.PrincipalTenant, a.Role, a.Scope = r.key(), r.Tenant, r.Object, r.Home, r.Role, r.Scope
	}
	return a
}

// Member puts an object into a group ([access.Grant]) or takes it out ([access.Revoke]).
func (r *Record) Member(ctx context.Context, ask Ask, action lifecycle.Action, tenant, group, object string, until kizuna.Instant) (*Outcome[access.Membership], error) {
	return change(ctx, r, ask, memberships, tenant+"/"+group+"/"+object, action, until,
		func(s *session, m access.Membership) (access.Membership, []lifecycle.Event, error) {
			if m.State == lifecycle.None {
				m = access.Membership{Tenant: tenant, Group: group, Object: object}
			}
			return m.Apply(access.Step{Action: action, Actor: ask.Actor, At: s.at, Until: until})
		})
}

// Place puts a scope under a management group ([access.Move]) or takes it out of
// the tenant's groups ([access.Remove]).
func (r *Record) Place(ctx context.Context, ask Ask, action lifecycle.Action, tenant, scope, parent string) (*Outcome[access.Placement], error) {
	return change(ctx, r, ask, placements, placeID(tenant, scope), action, parent,
		func(s *session, p access.Placement) (access.Placement, []lifecycle.Event, error) {
			return placed(p, tenant, scope).Apply(access.MoveStep{Action: action, Actor: ask.Actor, At: s.at, Parent: parent})
		})
}

func placeID(tenant, scope string) string { return tenant + "/" + strings.Trim(scope, "/") }

func placed(p access.Placement, tenant, scope string) access.Placement {
	if p.Scope == "" {
		p.Tenant, p.Scope = tenant, scope
	}
	return p
}

// Listing is what a tenant's administrators printed of who may do what, or of where
// scopes lie, on a day.
type Listing struct {
	// Full is the scope of which the listing says all; "/": the whole tenant; "": it
	// may leave things out, so that nothing ends because it is missing.
	Full        string                    `json:"full,omitempty"`
	Assignments []association.Assignment  `json:"assignments,omitempty"`
	Scopes      []association.ScopeParent `json:"scopes,omitempty"`
}

// Told is what a listing changed.
type Told struct {
	At        kizuna.Instant    `json:"at"`
	Began     int               `json:"began"`
	Moved     int               `json:"moved"`
	Ended     int               `json:"ended"`
	Unchanged int               `json:"unchanged"`
	Events    []lifecycle.Event `json:"events,omitempty"`
	Receipt
}

// Relate records what a listing says. What is new begins when the listing says; what
// a full listing no longer has, ends at the time of the listing, ask.At. All of it
// happens or nothing.
func (r *Record) Relate(ctx context.Context, ask Ask, tenant string, l *Listing) (*Told, error) {
	told, receipt, err := do(ctx, r, ask, "access.import", []any{tenant, l}, func(s *session) (*Told, error) {
		told := &Told{At: s.at}
		if err := s.relateRoles(tenant, l, told); err != nil {
			return nil, err
		}
		return told, s.relateScopes(tenant, l, told)
	})
	if err != nil {
		return nil, err
	}
	told.told(receipt)
	return told, nil
}

// within reports whether a scope lies in what the listing says all of.
func (l *Listing) within(scope string) bool {
	full := trimScope(l.Full)
	scope = trimScope(scope)
	return full == "/" || full != "" && (scope == full || strings.HasPrefix(scope, full+"/"))
}

func mustBeOf(tenant, other string, at kizuna.Ref) error {
	if association.Fold(tenant) == association.Fold(other) {
		return nil
	}
	return kizuna.Errorf("access-listing-tenant", "the listing speaks of tenant %s, not of %s", other, tenant).
		WithMend("import each tenant's listing for that tenant").WithRef(at)
}

// settle records what a step made of a thing that a listing speaks of, and counts it.
func settle[T any](s *session, l *life[T], r *store.Record, count *int, told *Told) func(T, []lifecycle.Event, error) error {
	return func(after T, events []lifecycle.Event, err error) error {
		if err != nil {
			return err
		}
		if err := save(s, l, r.ID, r.Version, after, events); err != nil {
			return err
		}
		*count++
		told.Events = append(told.Events, events...)
		return nil
	}
}

func (s *session) relateRoles(tenant string, l *Listing, told *Told) error {
	listed := make(map[string]bool)
	for i := range l.Assignments {
		a := &l.Assignments[i]
		if err := mustBeOf(tenant, a.Tenant, a.At); err != nil {
			return err
		}
		role := Role{tenant, a.Object, a.PrincipalTenant, a.Role, a.Scope}
		thing := roles.thing(role.id())
		if listed[thing.ID] {
			continue // what is inherited is listed again below
		}
		listed[thing.ID] = true
		if err := s.relateRole(role, a, told); err != nil {
			return err
		}
	}
	if len(listed) == 0 || l.Full == "" {
		return nil
	}
	found, err := s.Find(store.Query{Kind: roles.kind, Tenant: association.Fold(tenant)})
	if err != nil {
		return err
	}
	for _, r := range found {
		a, err := roles.decode(r)
		if err != nil {
			return err
		}
		if listed[r.ID] || a.State != access.Held || !l.within(a.Scope) || a.Spells.Changed() > s.at {
			continue
		}
		step := access.Step{Action: access.Revoke, Actor: s.ask.Actor, At: s.at}
		if due, ok := a.Due(); ok && due <= s.at { // the clock has not come by yet
			step.Action, step.Actor = access.Expire, lifecycle.Actor{Role: lifecycle.System}
		}
		if err := settle(s, roles, r, &told.Ended, told)(a.Apply(step)); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) relateRole(role Role, a *association.Assignment, told *Told) error {
	if a.During.From > s.at {
		return kizuna.Errorf("access-listing-day", "the listing of %s has a role that was given on %s", s.at, a.During.From).
			WithMend("say when it was printed, with --at").WithRef(a.At)
	}
	now, version, err := load(s, roles, role.id())
	if err != nil {
		return err
	}
	due, ends := now.Due()
	if now.State == access.Held && (!ends || due > s.at) {
		told.Unchanged++
		return nil
	}
	// A past that was told is not told again: what came back, came back after it ended.
	step := access.Step{Action: access.Grant, Actor: s.ask.Actor, At: max(a.During.From, now.Spells.Changed(), due)}
	r := &store.Record{Thing: roles.thing(role.id()), Version: version}
	return settle(s, roles, r, &told.Began, told)(role.assignment(now).Apply(step))
}

func (s *session) relateScopes(tenant string, l *Listing, told *Told) error {
	listed := make(map[string]bool)
	for i := range l.Scopes {
		sc := &l.Scopes[i]
		if err := mustBeOf(tenant, sc.Tenant, sc.At); err != nil {
			return err
		}
		if sc.Parent == "" {
			continue // the root of the tenant lies under nothing
		}
		thing := placements.thing(placeID(tenant, sc.Scope))
		listed[thing.ID] = true
		now, version, err := load(s, placements, thing.ID)
		if err != nil {
			return err
		}
		if trimScope(now.Spells.Now()) == trimScope(sc.Parent) {
			told.Unchanged++
			continue
		}
		step := access.MoveStep{Action: access.Move, Actor: s.ask.Actor, At: s.at, Parent: sc.Parent}
		if len(now.Spells) == 0 { // nothing was known: since when the listing is said to hold
			step.At = min(sc.During.From, s.at)
		}
		r := &store.Record{Thing: thing, Version: version}
		if err := settle(s, placements, r, &told.Moved, told)(placed(now, tenant, sc.Scope).Apply(step)); err != nil {
			return err
		}
	}
	if len(l.Scopes) == 0 || trimScope(l.Full) != "/" {
		return nil
	}
	found, err := s.Find(store.Query{Kind: placements.kind, Tenant: association.Fold(tenant)})
	if err != nil {
		return err
	}
	for _, r := range found {
		p, err := placements.decode(r)
		if err != nil {
			return err
		}
		if listed[r.ID] || p.State != access.Placed || p.Spells.Changed() > s.at {
			continue
		}
		step := access.MoveStep{Action: access.Remove, Actor: s.ask.Actor, At: s.at}
		if err := settle(s, placements, r, &told.Ended, told)(p.Apply(step)); err != nil {
			return err
		}
	}
	return nil
}
