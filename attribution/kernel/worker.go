package kernel

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// worker evaluates tenants, one after the other. What it needs it keeps: once warm,
// it allocates nothing.
type worker struct {
	k      *Kernel
	b      *binding // of the resources at hand
	by     *binding // of the reaches at hand
	shares *sharing
	known

	record segment.Record
	walk   segment.Resources

	acts  []act   // who reaches what, by account
	sales []act   // CSP, until it is known whose they are
	slots []slot  // the accounts that reach anything
	hits  []int   // the acts of one slot on one resource
	cover []spell // when one slot covers one resource through one set of types

	runs   []run // of the resource at hand
	parsed bool
	months []int32 // of runs: indexes of months
	values []int64 // of runs: figures

	blocks []block
	cells  []int64
	index  []indexed // of blocks, by slot and series
	turn   uint32    // entries of the index of other turns are void

	lists   [][]ref // by view
	touched []int   // views with a list

	totalsOf *ref            // the list that totals are of
	summed   uint64          // windows whose totals are known, as bits
	totals   [noWindow]int64 // by window

	out    []uint64
	chunks chunks
}

// act is an association at work: an account that reaches resources [first, end).
type act struct {
	account    uint32
	first, end uint32
	location   segment.Partner
	from, to   int64
	workload   uint32 // allWorkloads, or the one it covers
	types      program.TypeSet
	by         segment.By
	relation   segment.Name
	active     kizuna.Instant
}

const allWorkloads = noWorkload - 1

// slot is an account's place in the tenant at hand.
type slot struct {
	account     uint32
	act, acts   int // acts [act, acts): those at work at the resource at hand
	live, next  int // are [act, live), those whose first comes later are [next, acts)
	first, end  uint32
	types       program.TypeSet
	block, last int32 // its blocks, as a list; -1 is none
}

// spell is a stretch of time.
type spell struct{ from, to int64 }

// block is what one account is credited with of one series: a cell a month of every
// figure that its lane looks at. What is covered counts snapshots.
type block struct {
	series uint32
	next   int32
	places // in cells
}

type indexed struct {
	turn  uint32
	block int32
}

func (k *Kernel) newWorker() *worker {
	w := &worker{k: k, lists: make([][]ref, len(k.views))}
	w.learn()
	return w
}

// worker returns one that has worked before, and has what it needs, or a new one.
func (k *Kernel) worker() *worker {
	k.mu.Lock()
	n := len(k.idle)
	if n == 0 {
		k.mu.Unlock()
		return k.newWorker()
	}
	w := k.idle[n-1]
	k.idle = k.idle[:n-1]
	stale := len(w.series) != len(k.known.series) || len(w.workloads) != len(k.known.workloads)
	k.mu.Unlock()
	if stale {
		w.learn()
	}
	return w
}

// rest keeps a worker for the next run.
func (k *Kernel) rest(w *worker) {
	w.chunks.drop()
	w.b, w.by, w.shares, w.record = nil, nil, nil, segment.Record{} // which may hold a segment
	k.mu.Lock()
	defer k.mu.Unlock()
	k.idle = append(k.idle, w)
}

// learn takes over what bindings have brought since.
func (w *worker) learn() {
	w.k.mu.Lock()
	defer w.k.mu.Unlock()
	w.known = w.k.known.clone()
	w.index, w.turn = nil, 0
}

// evaluate leaves in w.slots and their blocks what the tenant credits to accounts.
func (w *worker) evaluate() {
	w.reset()
	w.load()
	w.credit()
}

// credit credits the tenant's usage to the accounts in w.slots.
func (w *worker) credit() {
	if len(w.slots) == 0 {
		return
	}
	w.turn++
	if w.turn == 0 { // once in four thousand million tenants
		clear(w.index)
		w.turn = 1
	}
	if need := len(w.slots) * len(w.series); need > len(w.index) {
		w.index = make([]indexed, 2*need)
		w.turn = 1
	}
	for w.record.Walk(&w.walk); w.walk.Next(); {
		w.resource()
	}
}

func (w *worker) reset() {
	w.acts, w.sales, w.slots = w.acts[:0], w.sales[:0], w.slots[:0]
	w.blocks, w.cells = w.blocks[:0], w.cells[:0]
}

// load resolves who reaches the tenant, under the program and on the day.
func (w *worker) load() {
	if w.k.Trust != attribution.TrustAsserted {
		var r segment.Reach
		for entry := 0; entry < w.record.Entries(); {
			entry = w.record.Reach(entry, &r)
			w.reach(&r)
		}
		if len(w.sales) > 0 {
			w.sell()
		}
	}
	if w.record.Asserted && w.k.Trust != attribution.TrustOwn {
		w.loadAsserted()
	}
	sortActs(w.acts)
	for i := range w.acts {
		a := &w.acts[i]
		if i == 0 || w.acts[i-1].account != a.account {
			var s *slot
			w.slots, s = extended(w.slots)
			s.account, s.types = a.account, 0
			s.act, s.live, s.next = i, i, i
			s.first, s.end = a.first, 0
			s.block, s.last = -1, -1
		}
		s := &w.slots[len(w.slots)-1]
		s.acts = i + 1
		s.first, s.end = min(s.first, a.first), max(s.end, a.end)
		s.types |= a.types
	}
}

// sortActs sorts by account, then by first resource: few as they nearly always are,
// by insertion.
func sortActs(acts []act) {
	if len(acts) > 24 {
		slices.SortFunc(acts, func(a, b act) int {
			return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.first, b.first))
		})
		return
	}
	for i := 1; i < len(acts); i++ {
		for j := i; j > 0 && acts[j].before(&acts[j-1]); j-- {
			acts[j-1], acts[j] = acts[j], acts[j-1]
		}
	}
}

func (a *act) before(b *act) bool {
	return a.account < b.account || a.account == b.account && a.first < b.first
}

// extended makes a list longer by one and returns where that is, with whatever was
// left there. What is filled in place needs no copying: a copy would wait for the
// stores that it reads back.
func extended[T any](list []T) ([]T, *T) {
	n := len(list)
	if n == cap(list) {
		var none T
		list = append(list, none)
	}
	list = list[:n+1]
	return list, &list[n]
}

func (w *worker) reach(r *segment.Reach) {
	if r.During.Empty() {
		return
	}
	sale := r.Type == program.CSPTier1 || r.Type == program.CSPTier2
	if !sale && r.By != segment.ByOwner && !w.looksAt(int64(r.During.From), int64(r.During.To)) {
		return
	}
	account := w.by.accounts[r.Location]
	if account == segment.NoAccount && !sale || r.By == segment.ByRole && !w.by.earns[r.What] {
		return
	}
	var a *act
	if sale { // also of nobody: its time is the subscription's
		w.sales, a = extended(w.sales)
	} else {
		w.acts, a = extended(w.acts)
	}
	a.account, a.location = account, r.Location
	a.first, a.end = r.First, r.End
	a.from, a.to = int64(r.During.From), int64(r.During.To)
	a.workload, a.types, a.by = allWorkloads, 1<<r.Type, r.By
	switch r.By {
	case segment.ByWorkload:
		a.workload = w.by.workload[r.What]
	case segment.ByOwner: // whenever it was: who was last is asked of all
		a.relation, a.active = r.What, r.Active
	}
}

// looksAt reports whether the plan looks at any of a time.
func (w *worker) looksAt(from, to int64) bool {
	return to > w.k.starts[0] && from < w.k.starts[w.k.months]
}

// sold makes an act of a sale, in the time given.
func (w *worker) sold(sale *act, from, to int64) {
	if sale.account == segment.NoAccount || !w.looksAt(from, to) {
		return
	}
	var a *act
	w.acts, a = extended(w.acts)
	*a = *sale
	a.from, a.to = from, to
}

// sell gives every subscription's history to whom it belongs.
func (w *worker) sell() {
	if w.k.Plan.Program.CSPHistory == program.ByInterval {
		for i := range w.sales {
			w.sold(&w.sales[i], w.sales[i].from, w.sales[i].to)
		}
		return
	}
	at := int64(w.k.ownersOn.Instant())
	n := 0
	for i := range w.sales {
		if w.sales[i].from <= at {
			if n != i {
				w.sales[n] = w.sales[i]
			}
			n++
		}
	}
	if w.sales = w.sales[:n]; n > 1 {
		slices.SortFunc(w.sales, func(a, b act) int {
			return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.end, b.end))
		})
	}
	for first := 0; first < len(w.sales); {
		end := first + 1
		for end < len(w.sales) && w.sales[end].first == w.sales[first].first && w.sales[end].end == w.sales[first].end {
			end++
		}
		if end == first+1 {
			w.sold(&w.sales[first], w.sales[first].from, w.sales[first].to)
		} else {
			w.sellOne(w.sales[first:end], at)
		}
		first = end
	}
}

// sellOne gives the union of a subscription's sales to the accounts that have it on
// the question's day or, if nobody has, had it last.
func (w *worker) sellOne(sales []act, at int64) {
	now := false
	last := int64(kizuna.Never)
	w.cover = w.cover[:0]
	for i := range sales {
		s := &sales[i]
		w.cover = append(w.cover, spell{s.from, s.to})
		now = now || s.to > at
		last = max(last, s.to)
	}
	w.unite()
	for i := range sales {
		s := &sales[i]
		if owns := s.to > at || !now && s.to == last; !owns {
			continue
		}
		for _, c := range w.cover {
			w.sold(s, c.from, c.to)
		}
	}
}

// unite makes of w.cover spells in order that neither overlap nor touch.
func (w *worker) unite() {
	c := w.cover
	if len(c) < 2 {
		return
	}
	if len(c) > 24 {
		slices.SortFunc(c, func(a, b spell) int { return cmp.Compare(a.from, b.from) })
	} else {
		for i := 1; i < len(c); i++ {
			for j := i; j > 0 && c[j-1].from > c[j].from; j-- {
				c[j-1], c[j] = c[j], c[j-1]
			}
		}
	}
	n := 1
	for _, next := range c[1:] {
		if last := &c[n-1]; next.from <= last.to {
			last.to = max(last.to, next.to)
			continue
		}
		c[n] = next
		n++
	}
	w.cover = c[:n]
}

// loadAsserted gives a slot to every account that a row asserts.
func (w *worker) loadAsserted() {
	var (
		r segment.Run
		a segment.Assertion
	)
	for w.record.Walk(&w.walk); w.walk.Next(); {
		for w.walk.NextRun(&r) {
			for r.NextAssertion(&a) {
				if account := w.asserted(a.Partner); account != segment.NoAccount {
					w.acts = append(w.acts, act{account: account}) // reaches nothing by itself
				}
			}
		}
	}
}

// asserted returns the account that a row asserts: a location's, or the one named.
func (w *worker) asserted(p segment.Partner) uint32 {
	if account := w.b.accounts[p]; account != segment.NoAccount {
		return account
	}
	return w.b.itself[p]
}

// resource credits the resource at hand to every account that covers it.
func (w *worker) resource() {
	kindNumber := w.b.kindOf[w.walk.Kind]
	if kindNumber == 0 {
		return
	}
	kind := &w.b.kinds[kindNumber]
	w.parsed = false
	w.treat(kind, &kind.treatment)
	for i := range kind.others {
		w.treat(kind, &kind.others[i])
	}
}

// treat credits the resource at hand as one of its treatments says.
func (w *worker) treat(kind *kind, t *treatment) {
	number := uint32(w.walk.Number)
	owned := t.owner >= 0 && w.walk.Owned
	latest := kizuna.Never
	if owned {
		latest = w.latest(t, w.acts, number)
	}
	for i := range w.slots {
		s := &w.slots[i]
		reached := number-s.first < s.end-s.first && s.types&t.types != 0
		if !reached && !w.record.Asserted {
			continue
		}
		w.hits = w.hits[:0]
		if reached {
			w.hit(t, s, number, owned, latest)
		}
		if len(w.hits) == 0 && !w.record.Asserted {
			continue
		}
		if !w.parsed {
			w.parse(kind)
		}
		for l := range t.lanes {
			w.creditLane(i, &t.lanes[l])
		}
	}
}

// hit finds a slot's acts that reach a resource.
func (w *worker) hit(t *treatment, s *slot, number uint32, owned bool, latest kizuna.Instant) {
	asOwner := owned
	if owned && w.k.owners[t.owner].LatestOnly {
		asOwner = w.latest(t, w.acts[s.act:s.acts], number) == latest
	}
	// Resources come in order: acts begin, and end, as they pass.
	for ; s.next < s.acts && w.acts[s.next].first <= number; s.next++ {
		if s.live != s.next {
			w.acts[s.live], w.acts[s.next] = w.acts[s.next], w.acts[s.live]
		}
		s.live++
	}
	for i := s.act; i < s.live; i++ {
		a := &w.acts[i]
		for a.end <= number {
			if s.live--; i == s.live {
				return
			}
			w.acts[i], w.acts[s.live] = w.acts[s.live], w.acts[i]
		}
		if a.types&t.types == 0 || a.workload != allWorkloads && a.workload != t.workload && !slices.Contains(t.same, a.workload) {
			continue
		}
		switch a.by {
		case segment.ByRole:
			if owned {
				continue
			}
		case segment.ByOwner:
			if !owned || !asOwner || !w.by.relation[t.owner][a.relation] {
				continue
			}
		}
		w.hits = append(w.hits, i)
	}
}

// latest returns when the last of the acts that stand in a relation which counts was
// active at a resource.
func (w *worker) latest(t *treatment, acts []act, number uint32) kizuna.Instant {
	last := kizuna.Never
	for i := range acts {
		a := &acts[i]
		if a.by == segment.ByOwner && number-a.first < a.end-a.first && w.by.relation[t.owner][a.relation] {
			last = max(last, a.active)
		}
	}
	return last
}

// creditLane credits the resource's runs to a slot through one lane.
func (w *worker) creditLane(slot int, l *kindLane) {
	w.cover = w.cover[:0]
	for _, i := range w.hits {
		if a := &w.acts[i]; a.types&l.types != 0 {
			w.cover = append(w.cover, spell{a.from, a.to})
		}
	}
	if len(w.cover) == 0 && !w.record.Asserted {
		return
	}
	if len(w.cover) > 1 {
		w.unite()
	}
	c := credit{w: w, slot: slot, lane: l}
	for i := range w.runs {
		r := &w.runs[i]
		holds := r.holds & l.looks
		if holds == 0 {
			continue
		}
		first := 0
		for first < r.n && w.months[r.months+first] < l.from {
			first++
		}
		switch {
		case first == r.n:
		case r.Asserts && w.k.Trust != attribution.TrustOwn && w.assertedTo(r, w.slots[slot].account, l.types):
			c.whole(r, first, holds)
		case len(w.cover) == 0:
		case w.covers(r, first):
			c.whole(r, first, holds)
		default:
			c.parts(r, first, holds)
		}
	}
}

// assertedTo reports whether a run's rows name an account by one of the types.
func (w *worker) assertedTo(r *run, account uint32, types program.TypeSet) bool {
	again := r.Run // what it asserts is read once
	for a := (segment.Assertion{}); again.NextAssertion(&a); {
		if types.Has(a.Type) && w.asserted(a.Partner) == account {
			return true
		}
	}
	return false
}

// covers reports whether one spell covers all of a run, from its month number first
// on, that the plan looks at.
func (w *worker) covers(r *run, first int) bool {
	c := w.cover[0]
	return len(w.cover) == 1 && c.from <= w.k.starts[w.months[r.months+first]] &&
		w.k.starts[w.months[r.months+r.n-1]+1] <= c.to
}

// block returns where a slot is credited through a lane.
func (w *worker) block(slotNumber int, l *kindLane) *block {
	e := &w.index[slotNumber*len(w.series)+int(l.series)]
	if e.turn == w.turn {
		return &w.blocks[e.block]
	}
	number := int32(len(w.blocks))
	*e = indexed{w.turn, number}
	of := &w.lanes[l.lane].layout
	at := int32(w.allocate(of.cells))
	var b *block
	w.blocks, b = extended(w.blocks)
	b.series, b.next = l.series, -1
	b.money, b.users, b.seats = at+of.money, at+of.users, at+of.seats
	b.covered, b.units = at+of.covered, at+of.units
	sl := &w.slots[slotNumber]
	if sl.block < 0 {
		sl.block = number
	} else {
		w.blocks[sl.last].next = number
	}
	sl.last = number
	return b
}

// allocate returns cells that are 0.
func (w *worker) allocate(n int) int {
	at := len(w.cells)
	w.cells = slices.Grow(w.cells, n)[:at+n]
	clear(w.cells[at:])
	return at
}
