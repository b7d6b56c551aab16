package kernel

import (
	"math/bits"

	"github.com/kizuna-org/kizuna"
)

// ref is a view's sight of a series: one feed's credits of one workload.
type ref struct {
	places   // in worker.cells
	workload uint32
	feed     int32 // position in the view's list
	nameless bool
}

// contribute evaluates every measure for a slot and leaves what is not 0 in w.out,
// as entries (see entry.go).
func (w *worker) contribute(s *slot) {
	w.out = w.out[:0]
	differs := w.look(s)
	for _, v := range w.touched {
		list := w.lists[v]
		for _, number := range w.shares.leads[v] {
			w.ask(number, list)
		}
	}
	for ; differs != 0; differs &= differs - 1 {
		w.differ(&w.shares.followers[bits.TrailingZeros64(differs)])
	}
	w.forget()
}

// ask evaluates a measure that looks at the customer.
func (w *worker) ask(number int, list []ref) {
	m := &w.k.measures[number]
	if !m.selective || w.b.selected(&w.k.rules[number], number, &w.record) {
		w.measure(m, list)
	}
}

// look makes every view's list of what a slot is credited with, and says which followers
// see other things than their leaders: the others have no lists.
func (w *worker) look(s *slot) (differs uint64) {
	if len(w.shares.followers) > 0 {
		for number := s.block; number >= 0; number = w.blocks[number].next {
			differs |= w.shares.differs[w.blocks[number].series]
		}
	}
	for number := s.block; number >= 0; number = w.blocks[number].next {
		b := &w.blocks[number]
		sights := w.series[b.series].sights
		for i := range sights {
			if bit := w.shares.bits[sights[i].view]; bit&differs == bit {
				w.see(&sights[i], b)
			}
		}
	}
	return differs
}

// see adds a block to a view: as a series, or to one of the same feed and workload.
func (w *worker) see(s *sight, b *block) {
	list := &w.lists[s.view]
	if len(*list) == 0 {
		w.touched = append(w.touched, int(s.view))
	}
	l := &w.lanes[w.series[b.series].lane]
	if s.shared {
		for i := range *list {
			if r := &(*list)[i]; r.workload == s.workload && r.feed == s.feed {
				w.join(r, b, l)
				return
			}
		}
	}
	var r *ref
	*list, r = extended(*list)
	r.workload, r.feed, r.nameless = s.workload, s.feed, s.nameless
	if !s.shared {
		r.places = b.places
		return
	}
	// Cells of its own, for any figure: what joins it may have others.
	whole := layoutOf(money|people|units, 0, w.k.months)
	at := int32(w.allocate(whole.cells))
	r.money, r.users, r.seats = at+whole.money, at+whole.users, at+whole.seats
	r.covered, r.units = at+whole.covered, at+whole.units
	w.join(r, b, l)
}

// join adds a block's cells to a series that has cells of its own.
func (w *worker) join(r *ref, b *block, l *lane) {
	add := func(to, of int32) {
		for m := int32(l.from); m < int32(w.k.months); m++ {
			w.cells[to+m] += w.cells[of+m]
		}
	}
	if l.looks&money != 0 {
		add(r.money, b.money)
	}
	if l.looks&people != 0 {
		add(r.users, b.users)
		add(r.seats, b.seats)
		add(r.covered, b.covered)
	}
	if l.looks&units != 0 {
		add(r.units, b.units)
	}
}

func (w *worker) measure(m *measure, list []ref) {
	var now, base int64
	switch m.class {
	case revenueTenants:
		now = w.earns(m, list, m.nowFirst, m.now, m.nowWindow)
		if m.hasBase {
			base = w.earns(m, list, m.baseFirst, m.base, m.baseWindow)
		}
	case revenueAmount:
		now = w.amount(m, list, m.nowFirst, m.now, m.nowWindow)
		if m.hasBase {
			base = w.amount(m, list, m.baseFirst, m.base, m.baseWindow)
		}
	case revenuePairs, revenueWorkloads:
		w.each(m, list)
		return
	case consumptionTenants, consumptionPairs, consumptionAmount:
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
		at := int(list[i].money)
		for _, v := range w.cells[at+first : at+last+1] {
			total += v
		}
	}
	return total
}

// total is the sum of a window of a view's list, which several measures look at. It is
// kept until another list is asked.
func (w *worker) total(list []ref, first, last int, window uint8) int64 {
	if window >= noWindow {
		return w.sum(list, first, last)
	}
	if w.totalsOf != &list[0] {
		w.totalsOf, w.summed = &list[0], 0
	}
	if w.summed>>window&1 == 0 {
		w.summed |= 1 << window
		w.totals[window] = w.sum(list, first, last)
	}
	return w.totals[window]
}

// earns reports, as a number, whether the revenue of some month of the window, or of
// all of a trailing window together, is in the measure's range.
func (w *worker) earns(m *measure, list []ref, first, last int, window uint8) int64 {
	if m.trailing {
		return count(m.amount.holds(w.total(list, first, last, window)))
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
func (w *worker) amount(m *measure, list []ref, first, last int, window uint8) int64 {
	sum := w.total(list, first, last, window)
	if m.bounded && !m.amount.holds(sum) {
		return 0
	}
	return sum
}

// each asks the revenue of every workload by itself.
func (w *worker) each(m *measure, list []ref) {
	var now, base int64
	for i := range list {
		if list[i].nameless {
			continue // counts in sums and never as a workload
		}
		inNow, inBase := w.earns(m, list[i:i+1], m.nowFirst, m.now, noWindow), int64(0)
		if m.hasBase {
			inBase = w.earns(m, list[i:i+1], m.baseFirst, m.base, noWindow)
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
		if m.class == consumptionPairs {
			now, base = now+count(m.amount.holds(inNow)), base+count(m.amount.holds(inBase))
			continue
		}
		allNow, allBase = allNow+inNow, allBase+inBase
	}
	switch m.class {
	case consumptionTenants:
		return count(m.amount.holds(allNow)), count(m.amount.holds(allBase))
	case consumptionAmount:
		return allNow, allBase
	}
	return now, base
}

// consumed is a pair's units times its workload's rate. Units without a rate are
// named.
func (w *worker) consumed(m *measure, r *ref, month int) int64 {
	units := w.cells[int(r.units)+month]
	if units == 0 {
		return 0
	}
	rate := &w.workloads[r.workload].rates[m.tariff]
	if !rate.known {
		w.emitMember(inUnrated, m.number, r.workload, 1, 0)
		return 0
	}
	return times(units, int64(rate.of))
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
func (w *worker) covered(r *ref, month int) bool  { return w.cells[int(r.covered)+month] != 0 }
func (w *worker) usersOf(r *ref, month int) int64 { return w.cells[int(r.users)+month] }
func (w *worker) seatsOf(r *ref, month int) int64 { return w.cells[int(r.seats)+month] }

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
	if m.inRangeBefore < 0 || month != m.now {
		return false
	}
	above := false
	for i := range list {
		above = above || w.covered(&list[i], month) && w.seatsOf(&list[i], month) > m.seatsTo
	}
	return above && w.seatsWithin(m.seats, list, m.inRangeBefore)
}

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
		case m.sinceAssociated && coveredNow:
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
	if m.paidSeats {
		return w.seatsOf(r, month)
	}
	return w.usersOf(r, month)
}

// holders counts a tenant by its seats, by the share of them that is active and by
// its active users.
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
	if users, _ := w.active(list, month); m.bounded && !m.amount.holds(users) {
		return false
	}
	switch {
	case !m.share.set:
		return true
	case m.shareOfWorkload:
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
