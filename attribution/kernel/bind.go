package kernel

import (
	"slices"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// binding is what a segment's numbers mean to a kernel.
type binding struct {
	accounts []uint32 // of partners as locations, on the question's day
	itself   []uint32 // of partners as accounts: what exports may assert
	earns    []bool   // roles, by name
	workload []uint32 // by name
	relation [][]bool // by owner rule and name
	selects  [][]bool // by measure: nil, or by name of the segment and country (see selected)
	segments []segment.Name
	kinds    []kind
}

// kind is what a kernel does with a resource.
type kind struct {
	lanes    []kindLane
	types    program.TypeSet // of all lanes
	workload uint32
	owner    int32 // rule, -1 if it is not reached by owning
	excluded bool  // the offer's revenue never counts
	// Which figures any of the lanes looks at.
	money, snapshots bool
}

type kindLane struct {
	types            program.TypeSet
	series           uint32
	money, snapshots bool
}

// noName is no name of a segment.
const noName = ^segment.Name(0)

// bind makes the tables of a segment.
func (k *Kernel) bind(s *segment.Segment, accounts, itself []uint32) *binding {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := &binding{accounts: accounts, itself: itself}
	names := make([]string, s.Names())
	b.earns, b.workload = make([]bool, len(names)), make([]uint32, len(names))
	for i := range names {
		names[i] = s.Name(segment.Name(i))
		b.earns[i] = association.Earns(&k.Plan.Program.Roles, names[i])
	}
	// Names that are no workload of any kind are compared with nothing.
	for i := range b.workload {
		b.workload[i] = noWorkload
	}
	for _, of := range s.Kinds() {
		b.workload[of.Workload] = k.workload(names[of.Workload])
	}
	for i, name := range names {
		if n, ok := k.workloadOf[k.Plan.Program.WorkloadName(name)]; ok {
			b.workload[i] = n
		}
	}
	for _, of := range s.Kinds() {
		b.kinds = append(b.kinds, k.kind(b, names, of))
	}
	for _, rule := range k.known.owners {
		counts := make([]bool, len(names))
		for i, name := range names {
			counts[i] = slices.Contains(rule.Relations, name)
		}
		b.relation = append(b.relation, counts)
	}
	for i := range k.measures {
		b.selector(&k.measures[i], names)
	}
	return b
}

const noWorkload = ^uint32(0)

func (k *Kernel) kind(b *binding, names []string, of segment.Kind) kind {
	out := kind{
		workload: b.workload[of.Workload],
		excluded: k.excluded[names[of.Offer]],
	}
	w := &k.known.workloads[out.workload]
	out.owner = int32(w.owner)
	byTypes := make([][]int, len(k.typeSets))
	for f := range k.feeds {
		feed := &k.feeds[f]
		if feed.Workloads.Holds(w.name, names[of.Product]) &&
			(len(feed.Channels) == 0 || slices.Contains(feed.Channels, names[of.Channel])) {
			byTypes[k.typesOf[f]] = append(byTypes[k.typesOf[f]], f)
		}
	}
	for _, feeds := range byTypes {
		if feeds == nil {
			continue
		}
		n := k.lane(feeds)
		l := &k.known.lanes[n]
		out.lanes = append(out.lanes, kindLane{l.types, k.series(n, out.workload), l.money && !out.excluded, l.snapshots})
		out.types |= l.types
		out.money = out.money || l.money && !out.excluded
		out.snapshots = out.snapshots || l.snapshots
	}
	return out
}

// selector finds the names by which a measure looks at customers.
func (b *binding) selector(m *measure, names []string) {
	of := noName
	var countries []bool
	if m.Segment != "" {
		if i := slices.Index(names, m.Segment); i >= 0 {
			of = segment.Name(i)
		}
	}
	if m.Countries != nil {
		countries = make([]bool, len(names))
		for i, name := range names {
			countries[i] = slices.Contains(m.Countries, name)
		}
	}
	b.segments = append(b.segments, of)
	b.selects = append(b.selects, countries)
}

// selected reports whether a measure looks at a customer.
func (b *binding) selected(m *measure, r *segment.Record) bool {
	return (m.Segment == "" || r.Segment == b.segments[m.number]) &&
		(m.Countries == nil || b.selects[m.number][r.Country])
}
