package kernel

import (
	"slices"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// binding is what a dictionary's numbers mean to a kernel.
type binding struct {
	accounts []uint32 // of partners as locations, on the question's day
	itself   []uint32 // of partners as accounts: what exports may assert
	names    []string
	earns    []bool    // roles, by name
	workload []uint32  // by name
	relation [][]bool  // by owner rule and name
	selects  [][]looks // by measure and name
	kinds    []kind
}

func (k *Kernel) newBinding() *binding {
	return &binding{relation: make([][]bool, len(k.owners)), selects: make([][]looks, len(k.measures))}
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

// extend adds to the tables what the dictionary holds more than they do.
func (k *Kernel) extend(b *binding, d segment.Dictionary) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := len(b.names); i < d.Names(); i++ {
		name := d.Name(segment.Name(i))
		b.names = append(b.names, name)
		b.earns = append(b.earns, association.Earns(&k.Plan.Program.Roles, name))
		b.workload = append(b.workload, k.workload(name)) // it may be one
		for m := range k.measures {
			b.selects[m] = append(b.selects[m], k.measures[m].looksAt(name))
		}
		for rule := range b.relation {
			b.relation[rule] = append(b.relation[rule], slices.Contains(k.owners[rule].Relations, name))
		}
	}
	for _, of := range d.Kinds()[len(b.kinds):] {
		b.kinds = append(b.kinds, k.kind(b, of))
	}
}

// looksAt says whether a measure looks at customers of a segment of that name, and
// of a country.
func (m *measure) looksAt(name string) (l looks) {
	if m.Segment == name {
		l |= looksAtSegment
	}
	if slices.Contains(m.Countries, name) {
		l |= looksAtCountry
	}
	return l
}

type looks uint8

const (
	looksAtSegment looks = 1 << iota
	looksAtCountry
)

const noWorkload = ^uint32(0)

func (k *Kernel) kind(b *binding, of segment.Kind) kind {
	names := b.names
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

// selected reports whether a measure looks at a customer.
func (b *binding) selected(m *measure, r *segment.Record) bool {
	by := b.selects[m.number]
	return (m.Segment == "" || by[r.Segment]&looksAtSegment != 0) &&
		(m.Countries == nil || by[r.Country]&looksAtCountry != 0)
}
