package association

import (
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Compiled is a reach as a range of a tenant's resources, for no program and no day
// yet: it names the location, not the account; the role, not whether it earns; the
// sale's own time, not whom the history belongs to.
type Compiled struct {
	Type       program.Type
	Location   string // without case
	First, End int    // resources [First, End)
	Workload   string // only resources of this workload; "" is all
	Role       string // PAL by a role: which
	Owner      bool   // PAL by owning: the range is one scope's, Relation says how
	Relation   string
	Active     kizuna.Instant
	During     kizuna.Interval
}

// Compiler turns facts into reaches of ranges, tenant by tenant. It is safe for
// concurrent use.
type Compiler struct {
	*Index
}

// NewCompiler prepares the facts: those of all tenants, or of one with the links
// of the tenants that its guests come from.
func NewCompiler(f *Facts) *Compiler {
	// An index under rules that leave everything open, in which every location is an
	// account of its own.
	open := *f
	open.Locations = nil
	for _, id := range locationsNamed(f) {
		open.Locations = append(open.Locations, Location{ID: id, Global: "of " + id, During: kizuna.Always})
	}
	return &Compiler{NewIndex(&open, Question{Program: &program.Program{CSPHistory: program.ByInterval}})}
}

// locationsNamed lists the locations that associations name, without case.
func locationsNamed(f *Facts) []string {
	named := make(map[string]bool)
	for i := range f.Claims {
		named[Fold(f.Claims[i].Location)] = true
	}
	for i := range f.Links {
		named[Fold(f.Links[i].Location)] = true
	}
	for i := range f.Appointments {
		named[Fold(f.Appointments[i].Location)] = true
	}
	for i := range f.Resales {
		named[Fold(f.Resales[i].Location)] = true
	}
	return slices.Sorted(maps.Keys(named))
}

// ComparePaths orders scopes so that what lies under one follows it: as texts, with
// the slash before every other character.
func ComparePaths(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			switch {
			case a[i] == '/':
				return -1
			case b[i] == '/':
				return 1
			}
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

// span is a range of resources.
type span struct{ first, end int }

// Tenant compiles what reaches a tenant's resources, which stand in the order of
// [ComparePaths] of their scopes ([ScopeOf]); and says of which of them an owner is
// known.
func (c *Compiler) Tenant(tenant string, resources []Resource) (reaches []Compiled, owned []bool) {
	owned = make([]bool, len(resources))
	add := func(r Reach, s span, more Compiled) {
		more.Type, more.Location, more.During = r.Type, Fold(r.Location), r.During
		more.First, more.End = s.first, s.end
		reaches = append(reaches, more)
	}
	for s := range stretches(resources, func(r *Resource) string { return Fold(r.Subscription) }) {
		sub := Fold(resources[s.first].Subscription)
		if sub == "" {
			continue
		}
		for _, r := range c.bySub[sub] {
			add(r, s, Compiled{})
		}
		for _, claim := range c.subWorkload[sub] {
			if claim.workload != "" {
				add(claim.reach, s, Compiled{Workload: claim.workload})
			}
		}
	}
	t := c.tenants[Fold(tenant)]
	if t == nil || len(resources) == 0 {
		return reaches, owned
	}
	for _, w := range slices.Sorted(maps.Keys(t.byWorkload)) {
		for _, r := range t.byWorkload[w] {
			add(r, span{0, len(resources)}, Compiled{Workload: w})
		}
	}
	for s := range stretches(resources, func(r *Resource) string { return ScopeOf(r.Subscription, r.Scope) }) {
		scope := ScopeOf(resources[s.first].Subscription, resources[s.first].Scope)
		for _, o := range t.owners[scope] {
			for i := s.first; i < s.end && scope != ""; i++ {
				owned[i] = true
			}
			if o.reach.Account != "" && scope != "" {
				add(o.reach, s, Compiled{Owner: true, Relation: o.relation, Active: o.active})
			}
		}
	}
	t.ranges(resources, func(r Reach, s span) { add(r, s, Compiled{Role: r.role}) })
	return reaches, owned
}

// stretches yields the ranges of resources that have something in common.
func stretches(resources []Resource, of func(*Resource) string) func(func(span) bool) {
	return func(yield func(span) bool) {
		for first := 0; first < len(resources); {
			end := first + 1
			for end < len(resources) && of(&resources[end]) == of(&resources[first]) {
				end++
			}
			if !yield(span{first, end}) {
				return
			}
			first = end
		}
	}
}

// ranges yields what roles reach: under every scope that has resources, the links
// with a role there, and those with a role at a management group above it, as long
// as it lay there.
func (t *tenantReach) ranges(resources []Resource, add func(Reach, span)) {
	under := make(map[string]*span)
	var order []string
	scoped := len(resources)
	for i := range resources {
		scope := ScopeOf(resources[i].Subscription, resources[i].Scope)
		if scope == "" {
			continue
		}
		scoped = min(scoped, i)
		for path := scope; ; {
			if s := under[path]; s != nil {
				s.end = i + 1
			} else {
				under[path] = &span{i, i + 1}
				order = append(order, path)
			}
			cut := strings.LastIndexByte(path, '/')
			if cut <= 0 {
				break
			}
			path = path[:cut]
		}
	}
	for _, path := range order {
		for _, r := range t.byScope[path] {
			add(r, *under[path])
		}
		var above []Reach
		t.aboveGroups(path, kizuna.Always, nil, &above)
		for _, r := range above {
			add(r, *under[path])
		}
	}
	for _, r := range t.byScope[rootScope] {
		if scoped < len(resources) {
			add(r, span{scoped, len(resources)})
		}
	}
}
