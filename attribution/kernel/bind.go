package kernel

import (
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
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
	kindOf   []uint32  // by the dictionary's kind; 0 counts nowhere
	kinds    []kind    // the distinct ones
	numbers  map[string]uint32
}

func (k *Kernel) newBinding() *binding {
	return &binding{
		relation: make([][]bool, len(k.owners)), selects: make([][]looks, len(k.measures)),
		kinds: make([]kind, 1), numbers: map[string]uint32{"": 0},
	}
}

// kind is what a kernel does with a resource.
type kind struct {
	lanes    []kindLane
	types    program.TypeSet // of all lanes
	looks    figures         // at which figures any of the lanes does
	from     int             // the first month at which any of the lanes does
	workload uint32
	owner    int32 // rule, -1 if it is not reached by owning
}

type kindLane struct {
	types        program.TypeSet
	looks        figures
	from         int32
	lane, series uint32
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
			b.selects[m] = append(b.selects[m], looksAt(&k.rules[m], name))
		}
		for rule := range b.relation {
			b.relation[rule] = append(b.relation[rule], slices.Contains(k.owners[rule].Relations, name))
		}
	}
	for _, of := range d.Kinds()[len(b.kindOf):] {
		b.kindOf = append(b.kindOf, k.kind(b, of))
	}
}

// looksAt says whether a measure looks at customers of a segment of that name, and
// of a country.
func looksAt(m *attribution.Measure, name string) (l looks) {
	if m.Segment == name {
		l |= looksAtSegment
	}
	if name != "" && slices.Contains(m.Countries, name) {
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

// kind numbers what is done with a kind of resources: many kinds are treated alike,
// and few tables stay in the cache. The lock is held.
func (k *Kernel) kind(b *binding, of segment.Kind) uint32 {
	names := b.names
	out := kind{workload: b.workload[of.Workload], from: k.months}
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
	looksAt := money | people | units
	if k.excluded[names[of.Offer]] {
		looksAt = people | units // the offer's revenue never counts
	}
	var key []byte
	for _, feeds := range byTypes {
		if feeds == nil {
			continue
		}
		n := k.lane(feeds)
		l := &k.known.lanes[n]
		if l.looks&looksAt == 0 {
			continue
		}
		s := k.series(n, out.workload)
		key = fmt.Append(key, s, l.looks&looksAt, ";")
		out.lanes = append(out.lanes, kindLane{l.types, l.looks & looksAt, int32(l.from), n, s})
		out.types |= l.types
		out.looks |= l.looks & looksAt
		out.from = min(out.from, l.from)
	}
	if n, ok := b.numbers[string(key)]; ok {
		return n
	}
	n := uint32(len(b.kinds))
	b.kinds = append(b.kinds, out)
	b.numbers[string(key)] = n
	return n
}

// selected reports whether a measure looks at a customer.
func (b *binding) selected(m *attribution.Measure, number int, r *segment.Record) bool {
	by := b.selects[number]
	return (m.Segment == "" || by[r.Segment]&looksAtSegment != 0) &&
		(m.Countries == nil || by[r.Country]&looksAtCountry != 0)
}
