package kernel

import (
	"slices"
	"sync"
)

// sharing is what plans need not count twice over the facts that they are bound to.
// Where a view sees nearly all that another one sees, its measures are counted as what
// they differ by: most accounts of most customers have nothing that only one of both
// sees. It holds for bindings made before.
type sharing struct {
	followers []follower
	leads     [][]int  // by view: its measures, and those that only followers have; none if it follows
	bits      []uint64 // by view: 1 << its number among followers; 0 if it is none
	differs   []uint64 // by series: bits of the followers that see it otherwise
}

// follower is a view whose measures are counted as differences.
type follower struct {
	view, leader int
	own          []int    // measures that the leader has not
	same         [][2]int // those that it has, and the leader's
}

const maxFollowers = 64

// unshared is that of views none of which follows.
func (k *Kernel) unshared() *sharing {
	s := &sharing{leads: make([][]int, len(k.views)), bits: make([]uint64, len(k.views))}
	for v := range k.views {
		s.leads[v] = k.views[v].measures
	}
	return s
}

// sharing compares what views see.
func (k *Kernel) sharing() *sharing {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.unshared()
	if len(k.of) == 1 { // a plan has no view twice, and live totals learn new names
		return s
	}
	s.differs = make([]uint64, len(k.known.series))
	seen := k.seen()
	for v := range k.views {
		if f := k.follower(v, s, seen); f != nil && len(s.followers) < maxFollowers {
			s.add(*f, seen)
		}
	}
	return s
}

// seen lists, by view, series and as what they are seen. The lock is held.
func (k *Kernel) seen() []map[seenKey]bool {
	out := make([]map[seenKey]bool, len(k.views))
	for v := range out {
		out[v] = make(map[seenKey]bool)
	}
	for n := range k.known.series {
		for _, s := range k.known.series[n].sights {
			view := s.view
			s.view, s.shared = 0, false
			out[view][seenKey{n, s}] = true
		}
	}
	return out
}

type seenKey struct {
	series int
	sight
}

// follower finds the view that a view has most in common with; nil if there is none.
func (k *Kernel) follower(view int, s *sharing, seen []map[seenKey]bool) (best *follower) {
	most := 0
	for leader := range view {
		if s.bits[leader] != 0 {
			continue
		}
		common := 0
		for key := range seen[view] {
			if seen[leader][key] {
				common++
			}
		}
		// Half of it, or the differences cost more than they save.
		if common <= most || 2*common < max(len(seen[view]), len(seen[leader])) {
			continue
		}
		f := follower{view: view, leader: leader}
		for _, m := range k.views[view].measures {
			same := slices.IndexFunc(k.views[leader].measures, func(n int) bool { return k.sameMeasure(leader, m, n) })
			if same < 0 {
				f.own = append(f.own, m)
			} else {
				f.same = append(f.same, [2]int{m, k.views[leader].measures[same]})
			}
		}
		// Without a measure that both have, what is saved is the view's list alone: where two
		// dialects see the same but for a few names.
		if len(f.same) > 0 || k.viewDialect(view) != k.viewDialect(leader) && 8*common >= 7*max(len(seen[view]), len(seen[leader])) {
			best, most = &f, common
		}
	}
	return best
}

func (k *Kernel) viewDialect(view int) int { return k.dialectOf[k.views[view].feeds[0]] }

// sameMeasure reports whether two measures make the same tally of what a view sees.
func (k *Kernel) sameMeasure(view, a, b int) bool {
	m, n := &k.measures[a], &k.measures[b]
	if k.identities[a] != k.identities[b] {
		return false
	}
	if m.tariff == n.tariff {
		return true
	}
	for i := range k.known.series {
		for _, s := range k.known.series[i].sights {
			if int(s.view) == view {
				if rates := k.known.workloads[s.workload].rates; rates[m.tariff] != rates[n.tariff] {
					return false
				}
			}
		}
	}
	return true
}

func (s *sharing) add(f follower, seen []map[seenKey]bool) {
	bit := uint64(1) << len(s.followers)
	s.bits[f.view] = bit
	s.followers = append(s.followers, f)
	s.leads[f.view], s.leads[f.leader] = nil, append(slices.Clip(s.leads[f.leader]), f.own...)
	for _, pair := range [][2]int{{f.view, f.leader}, {f.leader, f.view}} {
		for key := range seen[pair[0]] {
			if !seen[pair[1]][key] {
				s.differs[key.series] |= bit
			}
		}
	}
}

// differ makes a difference of what a follower sees to what its leader sees, whose
// measures have been evaluated.
func (w *worker) differ(f *follower) {
	takeAway := func(measure, of int) {
		if len(w.lists[f.leader]) > 0 {
			before := len(w.out)
			w.ask(of, w.lists[f.leader])
			takeAway(w.out[before:], measure)
		}
	}
	for _, m := range f.own {
		takeAway(m, m)
	}
	for _, same := range f.same {
		takeAway(same[0], same[1])
	}
	if list := w.lists[f.view]; len(list) > 0 {
		for _, m := range w.k.views[f.view].measures {
			w.ask(m, list)
		}
	}
}

// settle adds to the tallies that were counted as differences what they differ from.
func (t *sums) settle(s *sharing, workers int) {
	if len(s.followers) == 0 {
		return
	}
	next := make(chan int, parts)
	for i := range t.parts {
		next <- i
	}
	close(next)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range next {
				t.parts[i].settle(s, 2*len(t.k.measures))
			}
		})
	}
	wait.Wait()
}

func (p *part) settle(s *sharing, stride int) {
	followed := make([][]int, stride/2)
	for i := range s.followers {
		for _, same := range s.followers[i].same {
			followed[same[1]] = append(followed[same[1]], same[0])
		}
	}
	for row := p.tallies; len(row) > 0; row = row[stride:] {
		for leader, followers := range followed {
			for _, m := range followers {
				row[2*m] += row[2*leader]
				row[2*m+1] += row[2*leader+1]
			}
		}
	}
	for _, m := range slices.Clone(p.members.slots) {
		if m.key == 0 {
			continue
		}
		e, workload := ofMember(m.key)
		for _, number := range followed[e.measure()] {
			of := e&entryKind | entry(number)<<measureShift
			p.members.add(memberKey(uint32(accountOfMember(m.key)), of, workload), m.now, m.base)
		}
	}
}
