package kernel

import (
	"math/bits"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// ref is a view's sight of a series: one feed's credits of one workload.
type ref struct {
	at       int // in worker.cells
	workload uint32
	feed     int32 // position in the view's list
}

// contribute evaluates every measure for a slot and leaves what is not 0 in w.out,
// as entries (see entry.go).
func (w *worker) contribute(s *slot) {
	w.out = w.out[:0]
	for number := s.block; number >= 0; number = w.blocks[number].next {
		b := &w.blocks[number]
		series := &w.series[b.series]
		for _, lv := range w.lanes[series.lane].views {
			if len(w.lists[lv.view]) == 0 {
				w.touched = append(w.touched, lv.view)
			}
			for _, feed := range lv.feeds {
				w.see(lv.view, ref{at: b.at, workload: series.workload, feed: int32(feed)}, series)
			}
		}
	}
	for _, v := range w.touched {
		for _, number := range w.k.views[v].measures {
			m := &w.k.measures[number]
			if (m.Segment != "" || m.Countries != nil) && !w.b.selected(m, &w.record) {
				continue
			}
			w.measure(m, w.lists[v])
		}
		w.lists[v] = w.lists[v][:0]
	}
	w.touched = w.touched[:0]
}

// see adds a block to a view: as a series, or to one of the same feed and workload.
func (w *worker) see(view int, r ref, s *series) {
	list := w.lists[view]
	if s.shared {
		for i := range list {
			if l := &list[i]; l.workload == r.workload && l.feed == r.feed {
				w.join(l, r.at, w.lanes[s.lane].snapshots)
				return
			}
		}
		// Its own copy, as wide as any: what joins it may have snapshots.
		r.at = w.copied(r.at, w.lanes[s.lane].snapshots)
	}
	w.lists[view] = append(list, r)
}

func (w *worker) copied(at int, snapshots bool) int {
	sum := ref{at: w.allocate(w.k.months * cellsOfSnapshots)}
	w.join(&sum, at, snapshots)
	return sum.at
}

// join adds a block's cells to a series that has cells of its own.
func (w *worker) join(l *ref, at int, snapshots bool) {
	n := w.k.months
	if snapshots {
		n *= cellsOfSnapshots
	}
	sum := w.cells[l.at : l.at+n]
	for i, v := range w.cells[at : at+n] {
		sum[i] += v
	}
}

func (w *worker) measure(m *measure, list []ref) {
	var now, base int64
	switch m.class {
	case revenueTenants:
		now = w.earns(m, list, m.nowFirst, m.now)
		if m.hasBase {
			base = w.earns(m, list, m.baseFirst, m.base)
		}
	case revenueAmount:
		now = w.amount(m, list, m.nowFirst, m.now)
		if m.hasBase {
			base = w.amount(m, list, m.baseFirst, m.base)
		}
	case revenuePairs, revenueWorkloads:
		w.each(m, list)
		return
	case consumption:
		now, base = w.consumption(m, list)
	case users:
		now, base = w.users(m, list)
	case holders:
		now, base = w.holders(m, list)
	}
	w.emit(m.number, now, base)
}

// sum adds up the money of a window.
func (w *worker) sum(list []ref, first, last int) (total int64) {
	for i := range list {
		at := list[i].at
		for _, v := range w.cells[at+first : at+last+1] {
			total += v
		}
	}
	return total
}

// earns reports, as a number, whether the revenue of some month of the window, or of
// all of a trailing window together, is in the measure's range.
func (w *worker) earns(m *measure, list []ref, first, last int) int64 {
	if m.trailing {
		return count(m.amount.holds(w.sum(list, first, last)))
	}
	for month := first; month <= last; month++ {
		if m.amount.holds(w.sum(list, month, month)) {
			return 1
		}
	}
	return 0
}

func count(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// amount is the tenant's revenue in the window, if it is in the measure's range.
func (w *worker) amount(m *measure, list []ref, first, last int) int64 {
	sum := w.sum(list, first, last)
	if m.bounded && !m.amount.holds(sum) {
		return 0
	}
	return sum
}

// each asks the revenue of every workload by itself.
func (w *worker) each(m *measure, list []ref) {
	var now, base int64
	for i := range list {
		name := w.workloads[list[i].workload].name
		if name == "" {
			continue // counts in sums and never as a workload
		}
		inNow, inBase := w.earns(m, list[i:i+1], m.nowFirst, m.now), int64(0)
		if m.hasBase {
			inBase = w.earns(m, list[i:i+1], m.baseFirst, m.base)
		}
		if m.class == revenuePairs {
			now, base = now+inNow, base+inBase
		} else {
			w.emitMember(inSets, m.number, list[i].workload, inNow, inBase)
		}
	}
	w.emit(m.number, now, base)
}

// consumption adds up, or tests pair by pair, units times rate.
func (w *worker) consumption(m *measure, list []ref) (now, base int64) {
	var allNow, allBase int64
	for i := range list {
		inNow, inBase := w.consumed(m, &list[i], m.now), int64(0)
		if m.hasBase {
			inBase = w.consumed(m, &list[i], m.base)
		}
		if m.Subject == program.Pairs {
			now, base = now+count(m.amount.holds(inNow)), base+count(m.amount.holds(inBase))
			continue
		}
		allNow, allBase = allNow+inNow, allBase+inBase
	}
	switch m.Subject {
	case program.Tenants:
		return count(m.amount.holds(allNow)), count(m.amount.holds(allBase))
	case program.Amount:
		return allNow, allBase
	}
	return now, base
}

// consumed is a pair's units times its workload's rate. Units without a rate are
// named.
func (w *worker) consumed(m *measure, r *ref, month int) int64 {
	units := w.cells[r.at+3*w.k.months+month]
	if units == 0 {
		return 0
	}
	l := &w.workloads[r.workload]
	if !l.rated {
		w.emitMember(inUnrated, m.number, r.workload, 1, 0)
		return 0
	}
	return times(units, int64(l.rate))
}

// times multiplies millionths, rounded half away from zero.
func times(a, b int64) int64 {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	lo, carry := bits.Add64(lo, uint64(kizuna.MicroPerUnit)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(kizuna.MicroPerUnit))
	if (a < 0) != (b < 0) {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// The snapshot of a month in a series.
func (w *worker) covered(r *ref, month int) bool  { return w.cells[r.at+4*w.k.months+month] != 0 }
func (w *worker) usersOf(r *ref, month int) int64 { return w.cells[r.at+w.k.months+month] }
func (w *worker) seatsOf(r *ref, month int) int64 { return w.cells[r.at+2*w.k.months+month] }

func (w *worker) anyCovered(list []ref, month int) bool {
	for i := range list {
		if w.covered(&list[i], month) {
			return true
		}
	}
	return false
}

// eligible reports whether some covered workload's paid seats are in the measure's
// range, or outgrew it where that counts.
func (w *worker) eligible(m *measure, list []ref, month int) bool {
	if !m.hasSeats || w.seatsWithin(m.seats, list, month) {
		return true
	}
	if !m.StaysAfterGrowth || month != w.k.months-1 || month < monthsPerYear || m.Seats.To == nil {
		return false
	}
	above := false
	for i := range list {
		above = above || w.covered(&list[i], month) && w.seatsOf(&list[i], month) > m.seatsTo
	}
	return above && w.seatsWithin(m.seats, list, month-monthsPerYear)
}

const monthsPerYear = 12

func (w *worker) seatsWithin(b bounds, list []ref, month int) bool {
	for i := range list {
		if w.covered(&list[i], month) && b.holds(w.seatsOf(&list[i], month)) {
			return true
		}
	}
	return false
}

// users adds up active users, or seats.
func (w *worker) users(m *measure, list []ref) (now, base int64) {
	inNow := w.eligible(m, list, m.now)
	inBase := m.hasBase && w.eligible(m, list, m.base)
	for i := range list {
		r := &list[i]
		coveredNow := w.covered(r, m.now)
		if inNow && coveredNow {
			now += w.taken(m, r, m.now)
		}
		switch {
		case !m.hasBase:
		case w.covered(r, m.base):
			if inBase {
				base += w.taken(m, r, m.base)
			}
		case m.SinceAssociation && coveredNow:
			first := m.base + 1
			for !w.covered(r, first) {
				first++
			}
			if w.eligible(m, list, first) {
				base += w.taken(m, r, first)
			}
		}
	}
	return now, base
}

func (w *worker) taken(m *measure, r *ref, month int) int64 {
	if m.Quantity == program.PaidSeats {
		return w.seatsOf(r, month)
	}
	return w.usersOf(r, month)
}

// holders counts a tenant by its seats, and by the share of them that is active.
func (w *worker) holders(m *measure, list []ref) (now, base int64) {
	now = count(w.holds(m, list, m.now) && !w.arrivedActive(m, list))
	if m.hasBase {
		base = count(w.holds(m, list, m.base))
	}
	return now, base
}

func (w *worker) holds(m *measure, list []ref, month int) bool {
	if !w.anyCovered(list, month) || !w.eligible(m, list, month) {
		return false
	}
	switch {
	case !m.share.set:
		return true
	case m.ShareOfWorkload:
		for i := range list {
			if m.share.reached(w.usersOf(&list[i], month), w.seatsOf(&list[i], month)) {
				return true
			}
		}
		return false
	}
	return m.share.reached(w.active(list, month))
}

// active returns the active users and the paid seats over all covered workloads.
func (w *worker) active(list []ref, month int) (users, seats int64) {
	for i := range list {
		users += w.usersOf(&list[i], month)
		seats += w.seatsOf(&list[i], month)
	}
	return users, seats
}

// arrivedActive reports whether the customer is left out because it was already
// active in its first covered month since the base.
func (w *worker) arrivedActive(m *measure, list []ref) bool {
	if !m.newShare.set || !m.hasBase || w.anyCovered(list, m.base) {
		return false
	}
	for month := m.base + 1; month <= m.now; month++ {
		if w.anyCovered(list, month) {
			return m.newShare.reached(w.active(list, month))
		}
	}
	return false
}
