package kernel

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna/program"
)

// dialect is how plans read a row: what they call its workload, who can reach it by
// owning it, and whether its offer's revenue counts.
type dialect struct {
	program  *program.Program // the first of them
	excluded map[string]bool
	ownerOf  map[string]int // by the program's name for a workload: index into Kernel.owners

	firstOf map[string]uint32 // likewise: the workload that stands for all of the name; Kernel.mu guards it
}

// sameDialect reports whether two programs read rows alike.
func sameDialect(p, q *program.Program) bool {
	return sameNames(p.ExcludedOffers, q.ExcludedOffers) && maps.Equal(p.Aliases, q.Aliases) &&
		maps.EqualFunc(p.OwnedWorkloads, q.OwnedWorkloads, sameOwners)
}

func sameOwners(a, b program.OwnerRule) bool {
	return a.LatestOnly == b.LatestOnly && sameNames(a.Relations, b.Relations)
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// dialect numbers how a program reads rows.
func (k *Kernel) dialect(p *program.Program) int {
	if i := slices.IndexFunc(k.dialects, func(d dialect) bool { return sameDialect(d.program, p) }); i >= 0 {
		return i
	}
	d := dialect{program: p, excluded: make(map[string]bool), ownerOf: make(map[string]int), firstOf: make(map[string]uint32)}
	for _, offer := range p.ExcludedOffers {
		d.excluded[offer] = true
	}
	for name, rule := range p.OwnedWorkloads {
		d.ownerOf[name] = k.owner(rule)
	}
	k.dialects = append(k.dialects, d)
	return len(k.dialects) - 1
}

// owner numbers a rule of who reaches a workload by owning it.
func (k *Kernel) owner(rule program.OwnerRule) int {
	if i := slices.IndexFunc(k.owners, func(other program.OwnerRule) bool { return sameOwners(rule, other) }); i >= 0 {
		return i
	}
	k.owners = append(k.owners, rule)
	return len(k.owners) - 1
}

// workload numbers the workload of that name in the facts. The lock is held.
func (k *Kernel) workload(text string) uint32 {
	names := make([]string, len(k.dialects))
	for d := range names {
		names[d] = k.dialects[d].program.WorkloadName(text)
	}
	key := fmt.Sprintf("%q", names)
	if n, ok := k.workloadOf[key]; ok {
		return n
	}
	n := uint32(len(k.known.workloads))
	var w workload
	for d, name := range names {
		c := called{name: name, first: n, same: []uint32{n}, owner: -1}
		if owner, ok := k.dialects[d].ownerOf[name]; ok {
			c.owner = owner
		}
		if first, ok := k.dialects[d].firstOf[name]; ok {
			c.first, c.same = first, nil
			of := &k.known.workloads[first].called
			*of = slices.Clone(*of) // workers may be reading them
			(*of)[d].same = append(slices.Clip((*of)[d].same), n)
		} else {
			k.dialects[d].firstOf[name] = n
		}
		w.called = append(w.called, c)
	}
	for _, t := range k.tariffs {
		of, known := t.plan.Rate(names[t.dialect])
		w.rates = append(w.rates, rate{of, known})
	}
	k.workloadOf[key] = n
	k.known.workloads = append(k.known.workloads, w)
	return n
}

// same lists the workloads that a dialect calls by the same name.
func (k *Kernel) same(workload uint32, dialect int) []uint32 {
	return k.known.workloads[k.known.workloads[workload].called[dialect].first].called[dialect].same
}

// alikeFor parts the dialects by who can reach a workload by owning it, and by whether
// the offer's revenue counts.
func (k *Kernel) alikeFor(workload uint32, offer string) [][]int {
	of := k.known.workloads[workload].called
	all := make([]int, len(k.dialects))
	for d := range all {
		all[d] = d
	}
	return parted(all, func(d, other int) bool {
		return of[d].owner == of[other].owner && k.dialects[d].excluded[offer] == k.dialects[other].excluded[offer]
	})
}

// claimedAlike parts dialects by which names claims on a workload may have.
func (k *Kernel) claimedAlike(workload uint32, dialects []int) [][]int {
	return parted(dialects, func(d, other int) bool {
		return slices.Equal(k.same(workload, d), k.same(workload, other))
	})
}

// parted parts a list into those that are alike.
func parted(list []int, alike func(a, b int) bool) (parts [][]int) {
	for _, v := range list {
		i := slices.IndexFunc(parts, func(part []int) bool { return alike(v, part[0]) })
		if i < 0 {
			i = len(parts)
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], v)
	}
	return parts
}
