package kernel

import (
	"encoding/binary"
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

	plain   []segment.Kind // by name: what else means the same as a workload, a product, an offer, a channel
	firsts  map[meaning]segment.Name
	plainOf map[segment.Kind]uint32 // numbers of kinds of such names
}

// meaning is what programs make of a name: which of the ways to use one, and a mark for
// each that takes it.
type meaning struct {
	as    int
	taken string
}

func (k *Kernel) newBinding() *binding {
	return &binding{
		relation: make([][]bool, len(k.owners)), selects: make([][]looks, len(k.measures)),
		kinds: make([]kind, 1), numbers: map[string]uint32{"": 0},
		firsts: make(map[meaning]segment.Name), plainOf: make(map[segment.Kind]uint32),
	}
}

// kind is what a kernel does with a resource.
type kind struct {
	looks figures // at which figures any of the lanes does
	from  int     // the first month at which any of the lanes does
	treatment
	others []treatment // of dialects that do not
}

// treatment is what dialects do with a resource that agree on who reaches it.
type treatment struct {
	lanes    []kindLane
	types    program.TypeSet // of all lanes
	workload uint32
	same     []uint32 // if the dialects call others the same: all of the name
	owner    int32    // rule, -1 if it is not reached by owning
}

type kindLane struct {
	types        program.TypeSet
	looks        figures
	from         int32
	lane, series uint32
}

// extend adds to the tables what the dictionary holds more than they do.
func (k *Kernel) extend(b *binding, d segment.Dictionary) {
	k.extendNames(b, d)
	k.extendKinds(b, d)
}

func (k *Kernel) extendNames(b *binding, d segment.Dictionary) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := len(b.names); i < d.Names(); i++ {
		name := d.Name(segment.Name(i))
		b.names = append(b.names, name)
		b.earns = append(b.earns, association.Earns(&k.Plan.Program.Roles, name))
		b.workload = append(b.workload, k.workload(name)) // it may be one
		b.plain = append(b.plain, k.plain(b, segment.Name(i)))
		for m := range k.measures {
			b.selects[m] = append(b.selects[m], looksAt(&k.rules[m], name))
		}
		for rule := range b.relation {
			b.relation[rule] = append(b.relation[rule], slices.Contains(k.owners[rule].Relations, name))
		}
	}
}

// extendKinds takes names that are known: where there are several dialects, those of
// all facts that a customer may have.
func (k *Kernel) extendKinds(b *binding, d segment.Dictionary) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, of := range d.Kinds()[len(b.kindOf):] {
		of = segment.Kind{
			Workload: b.plain[of.Workload].Workload, Product: b.plain[of.Product].Product,
			Offer: b.plain[of.Offer].Offer, Channel: b.plain[of.Channel].Channel,
		}
		number, ok := b.plainOf[of]
		if !ok {
			number = k.kind(b, of)
			b.plainOf[of] = number
		}
		b.kindOf = append(b.kindOf, number)
	}
}

// plain returns, for each use of a name, the first name that no plan tells from it: a
// segment has thousands of kinds, and nearly all of them differ in such names alone.
func (k *Kernel) plain(b *binding, n segment.Name) segment.Kind {
	name := b.names[n]
	first := func(as int, taken []byte) segment.Name {
		of := meaning{as, string(taken)}
		if first, ok := b.firsts[of]; ok {
			return first
		}
		b.firsts[of] = n
		return n
	}
	products, offers, channels := make([]byte, len(k.feeds)), make([]byte, len(k.dialects)), make([]byte, len(k.feeds))
	for i := range k.feeds {
		f := &k.feeds[i]
		products[i] = byte(count(f.Workloads.Product == name))
		channels[i] = byte(count(slices.Contains(f.Channels, name)))
	}
	for i := range k.dialects {
		offers[i] = byte(count(k.dialects[i].excluded[name]))
	}
	return segment.Kind{
		Workload: first(0, binary.AppendUvarint(nil, uint64(b.workload[n]))),
		Product:  first(1, products), Offer: first(2, offers), Channel: first(3, channels),
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
	out := kind{from: k.months}
	var key []byte
	n := 0
	workload := b.workload[of.Workload]
	for _, alike := range k.alikeFor(workload, b.names[of.Offer]) {
		for i, claimed := range k.claimedAlike(workload, alike) {
			t := k.treatment(b, of, claimed[0], func(dialect int, types program.TypeSet) bool {
				if types&segment.Claims == 0 {
					return i == 0 && slices.Contains(alike, dialect)
				}
				return slices.Contains(claimed, dialect)
			})
			if t.lanes == nil {
				continue
			}
			key = binary.AppendUvarint(key, uint64(len(t.lanes)))
			for _, l := range t.lanes {
				key = append(binary.AppendUvarint(key, uint64(l.series)), byte(l.looks))
				out.looks |= l.looks
				out.from = min(out.from, int(l.from))
			}
			if n++; n == 1 {
				out.treatment = t
			} else {
				out.others = append(out.others, t)
			}
		}
	}
	if n, ok := b.numbers[string(key)]; ok {
		return n
	}
	number := uint32(len(b.kinds))
	b.kinds = append(b.kinds, out)
	b.numbers[string(key)] = number
	return number
}

// treatment is what is done with a kind of resources as a dialect reads them, for the
// feeds that are taken. The lock is held.
func (k *Kernel) treatment(b *binding, of segment.Kind, dialect int, takes func(dialect int, types program.TypeSet) bool) treatment {
	workload := b.workload[of.Workload]
	called := k.known.workloads[workload].called
	out := treatment{workload: workload, owner: int32(called[dialect].owner)}
	if same := k.same(workload, dialect); len(same) > 1 {
		out.same = same
	}
	byTypes := make([][]int, len(k.typeSets))
	for f := range k.feeds {
		feed, d := &k.feeds[f], k.dialectOf[f]
		if takes(d, feed.Types) && feed.Workloads.Holds(called[d].name, b.names[of.Product]) &&
			(len(feed.Channels) == 0 || slices.Contains(feed.Channels, b.names[of.Channel])) {
			byTypes[k.typesOf[f]] = append(byTypes[k.typesOf[f]], f)
		}
	}
	looksAt := money | people | units
	if k.dialects[dialect].excluded[b.names[of.Offer]] {
		looksAt = people | units // the offer's revenue never counts
	}
	for _, feeds := range byTypes {
		if feeds == nil {
			continue
		}
		n := k.lane(feeds)
		l := &k.known.lanes[n]
		if l.looks&looksAt == 0 {
			continue
		}
		out.lanes = append(out.lanes, kindLane{l.types, l.looks & looksAt, int32(l.from), n, k.series(n, workload)})
		out.types |= l.types
	}
	return out
}

// selected reports whether a measure looks at a customer.
func (b *binding) selected(m *attribution.Measure, number int, r *segment.Record) bool {
	by := b.selects[number]
	return (m.Segment == "" || by[r.Segment]&looksAtSegment != 0) &&
		(m.Countries == nil || by[r.Country]&looksAtCountry != 0)
}
