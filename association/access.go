package association

import (
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

const (
	subscriptionPrefix = "/subscriptions/"
	rootScope          = "/"
	// Azure nests management groups six deep; far more is a loop in the data.
	maxNesting = 32
)

func trimSlash(scope string) string {
	if len(scope) > 1 {
		return strings.TrimSuffix(scope, "/")
	}
	return scope
}

func (x *Index) addScopes(scopes []ScopeParent) {
	for _, s := range scopes {
		if s.Parent == "" || s.During.Empty() {
			continue
		}
		t := x.tenant(s.Tenant)
		child := trimSlash(Fold(s.Scope))
		t.placed[child] = append(t.placed[child], placement{
			parent: trimSlash(Fold(s.Parent)),
			fact:   evidence(ByPlacement, s.Scope, "under", s.Parent, s.During, s.At),
		})
	}
}

// identity is who holds a role or a link: an object in its home tenant, folded.
type identity struct{ tenant, object string }

// addLinks joins every link with the roles and the ownerships of its identity.
func (x *Index) addLinks(f *Facts) {
	groups := make(map[identity][]Membership) // by member
	for _, m := range f.Memberships {
		id := identity{Fold(m.Tenant), Fold(m.Object)}
		groups[id] = append(groups[id], m)
	}
	selves := make(map[identity][]Reach)  // links, as themselves
	holders := make(map[identity][]Reach) // and through groups
	for _, l := range f.Links {
		fact := evidence(ByLink, l.Object, "in", l.Tenant, l.During, l.At)
		r, ok := x.reach(program.PAL, l.Location, l.During, fact)
		if !ok {
			continue
		}
		id := identity{Fold(l.Tenant), Fold(l.Object)}
		selves[id] = append(selves[id], r)
		x.climb(id, r, groups, holders, nil)
	}
	for _, a := range f.Assignments {
		home := a.PrincipalTenant
		if home == "" {
			home = a.Tenant
		}
		links := holders[identity{Fold(home), Fold(a.Object)}]
		if len(links) == 0 || a.During.Empty() || !x.earns(a.Role) {
			continue
		}
		t, scope := x.tenant(a.Tenant), trimSlash(Fold(a.Scope))
		fact := evidence(ByRole, a.Role, "at", a.Scope, a.During, a.At)
		for _, link := range links {
			if r, ok := link.narrow(fact); ok {
				r.role = a.Role
				t.byScope[scope] = append(t.byScope[scope], r)
			}
		}
	}
	for _, o := range f.Ownerships {
		t, scope := x.tenant(o.Tenant), trimSlash(Fold(o.Scope))
		owner := ownerReach{relation: o.Relation, active: kizuna.Never}
		if o.LastActivity != nil {
			owner.active = *o.LastActivity
		}
		fact := evidence(ByOwnership, o.Relation, "of", o.Scope, o.During, o.At)
		// Kept even if nobody's link reaches it: the resource's owner is known.
		t.owners[scope] = append(t.owners[scope], owner)
		// Roles are held through groups; an owner is the linked identity itself.
		for _, link := range selves[identity{Fold(o.Tenant), Fold(o.Object)}] {
			if r, ok := link.narrow(fact); ok {
				owner.reach = r
				t.owners[scope] = append(t.owners[scope], owner)
			}
		}
	}
}

// Linked lists the scopes at which an identity with a link holds a role that
// earns, folded and in order. What lies under them is reached too.
func (x *Index) Linked() []Resource {
	var out []Resource
	for _, tenant := range slices.Sorted(maps.Keys(x.tenants)) {
		for _, scope := range slices.Sorted(maps.Keys(x.tenants[tenant].byScope)) {
			out = append(out, Resource{Tenant: tenant, Scope: scope})
		}
	}
	return out
}

// climb records what a link reaches as its identity and as a member of groups
// within groups. Groups passed are not entered again: data may loop.
func (x *Index) climb(id identity, r Reach, groups map[identity][]Membership, holders map[identity][]Reach, passed []identity) {
	holders[id] = append(holders[id], r)
	if passed = append(slices.Clip(passed), id); len(passed) > maxNesting {
		return
	}
	for _, m := range groups[id] {
		group := identity{id.tenant, Fold(m.Group)}
		if slices.Contains(passed, group) {
			continue
		}
		fact := evidence(ByMembership, m.Object, "in group", m.Group, m.During, m.At)
		if inGroup, ok := r.narrow(fact); ok {
			x.climb(group, inGroup, groups, holders, passed)
		}
	}
}

// narrow returns the reach as far as a further fact holds too.
func (r Reach) narrow(fact Evidence) (Reach, bool) {
	r.During = r.During.Intersect(fact.During)
	r.Evidence = append(slices.Clip(r.Evidence), fact)
	return r, !r.During.Empty()
}

// earns reports whether the program credits a role.
func (x *Index) earns(role string) bool { return Earns(&x.q.Program.Roles, role) }

// Earns reports whether the rules credit a role.
func Earns(rules *program.Roles, role string) bool {
	if len(rules.Eligible) > 0 {
		return slices.Contains(rules.Eligible, role)
	}
	folded := strings.ToLower(role)
	return !slices.ContainsFunc(rules.ExcludeContaining, func(word string) bool {
		return strings.Contains(folded, strings.ToLower(word))
	})
}

// byRoles collects the links that hold a role at the scope or above it.
func (t *tenantReach) byRoles(scope string) []Reach {
	var out []Reach
	for path := scope; ; {
		out = append(out, t.byScope[path]...)
		t.aboveGroups(path, kizuna.Always, nil, &out)
		i := strings.LastIndexByte(path, '/')
		if i <= 0 {
			break
		}
		path = path[:i]
	}
	return append(out, t.byScope[rootScope]...)
}

// aboveGroups collects the links with a role at a management group above the
// scope, each as long as the scope lay under that group. The path holds how it
// came to lie there, the groups passed are not entered again: data may loop.
func (t *tenantReach) aboveGroups(scope string, during kizuna.Interval, path []step, out *[]Reach) {
	for _, p := range t.placed[scope] {
		held := during.Intersect(p.fact.During)
		if held.Empty() || slices.ContainsFunc(path, func(s step) bool { return s.group == p.parent }) {
			continue
		}
		path := append(slices.Clip(path), step{p.parent, p.fact})
		for _, r := range t.byScope[p.parent] {
			ok := true
			for _, s := range path {
				if r, ok = r.narrow(s.fact); !ok {
					break
				}
			}
			if ok {
				*out = append(*out, r)
			}
		}
		if len(path) < maxNesting {
			t.aboveGroups(p.parent, held, path, out)
		}
	}
}

// step is a management group on the way up, and the fact that leads there.
type step struct {
	group string
	fact  Evidence
}

// latest picks, among the links that stand in a relation to the resource that
// the rule names, all, or those of the account that was active last. Equally
// late accounts are all credited: nothing tells them apart.
func latest(owners []ownerReach, rule program.OwnerRule) []Reach {
	active := make(map[string]kizuna.Instant)
	last := kizuna.Never
	owners = slices.DeleteFunc(slices.Clone(owners), func(o ownerReach) bool {
		return o.reach.Account == "" || !slices.Contains(rule.Relations, o.relation)
	})
	for _, o := range owners {
		if before, seen := active[o.reach.Account]; !seen || o.active > before {
			active[o.reach.Account] = o.active
		}
		last = max(last, o.active)
	}
	var out []Reach
	for _, o := range owners {
		if !rule.LatestOnly || active[o.reach.Account] == last {
			out = append(out, o.reach)
		}
	}
	return out
}
