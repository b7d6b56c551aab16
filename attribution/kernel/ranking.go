package kernel

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
)

// ranked is a customer in a ranking, with what decides its place.
type ranked struct {
	now, base int64
	customer  uint32
	members   uint32 // of counted sets, before and after
	entries   int32  // in ranking.members: its entries that name members; -1 is none
}

// weight is [attribution.Tally.Weight].
func (c *ranked) weight() int64 {
	difference := c.now - c.base
	return max(difference, -difference) + int64(c.members)
}

// ranking keeps the largest contributions, and counts all.
type ranking struct {
	limit int // how many it keeps; 0 is all
	all   int
	first []ranked // while it is filled to its limit, a heap: the last in order is the root

	members [][]uint64
}

// compare compares two customers' places.
func (e *Explainer) compare(a, b *ranked) int {
	if c := cmp.Compare(b.weight(), a.weight()); c != 0 || len(e.r.bindings) == 1 {
		// Customers of one segment are numbered in the order of their ids.
		return cmp.Or(c, cmp.Compare(a.customer, b.customer))
	}
	return strings.Compare(e.id(a.customer), e.id(b.customer))
}

// id is that of a customer that has been read before, from a block that is whole.
func (e *Explainer) id(customer uint32) string {
	_, b, i, err := e.index.At(customer)
	if err != nil {
		return ""
	}
	return b.ID(i)
}

// offer puts a customer in its place. Its entries that name members are copied.
func (r *ranking) offer(c ranked, members []uint64, e *Explainer) {
	r.all++
	full := r.limit > 0 && len(r.first) == r.limit
	c.entries = -1
	if full {
		if e.compare(&c, &r.first[0]) >= 0 {
			return
		}
		c.entries = r.first[0].entries // whose place is free now
	}
	switch {
	case len(members) == 0 && c.entries < 0:
	case c.entries < 0:
		c.entries = int32(len(r.members))
		r.members = append(r.members, slices.Clone(members))
	default:
		r.members[c.entries] = append(r.members[c.entries][:0], members...)
	}
	if full {
		r.first[0] = c
		sink(r.first, 0, e.compare)
		return
	}
	if r.first = append(r.first, c); len(r.first) == r.limit {
		heapify(r.first, e.compare)
	}
}

// sink puts a member of a heap, whose root is the last in order, below those that come
// after it.
func sink[T any](heap []T, i int, compare func(a, b *T) int) {
	for {
		below := 2*i + 1
		if below >= len(heap) {
			return
		}
		if below+1 < len(heap) && compare(&heap[below], &heap[below+1]) < 0 {
			below++
		}
		if compare(&heap[i], &heap[below]) >= 0 {
			return
		}
		heap[i], heap[below] = heap[below], heap[i]
		i = below
	}
}

// heapify makes a heap.
func heapify[T any](heap []T, compare func(a, b *T) int) {
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sink(heap, i, compare)
	}
}

func (r *ranking) sort(e *Explainer) {
	slices.SortFunc(r.first, func(a, b ranked) int { return e.compare(&a, &b) })
}

const (
	// prepared is how many customers rankings keep that are prepared.
	prepared = 50

	// An account is busy if evaluating its customers takes longer than somebody who
	// clicks should wait: measured, a customer takes about as long as so many bytes of
	// records, besides its own.
	bytesPerCustomer = 2 << 10
	busyBytes        = 400 << 10
)

// busy holds the first customers of every measure of the accounts that have many.
type busy struct {
	number   []int32 // by account; -1 is not busy
	locks    []sync.Mutex
	rankings []ranking // by busy account and measure
	measures int
	keep     int // customers in each
}

// ranking returns the first customers of a busy account; false if they are not known.
func (b *busy) ranking(account uint32, measure, limit int) (*ranking, bool) {
	if b == nil || b.number[account] < 0 {
		return nil, false
	}
	r := &b.rankings[int(b.number[account])*b.measures+measure]
	if r.all > b.keep && (limit == 0 || limit > b.keep) {
		return nil, false
	}
	first := r.first
	if limit > 0 {
		first = first[:min(limit, len(first))]
	}
	return &ranking{limit: limit, all: r.all, first: first, members: r.members}, true
}

// Prepare evaluates all customers of accounts that have many, once, and keeps the first
// 50 of each of their measures, so that no list of 50 takes long. It stops early if ctx
// is done. Of the options, Workers and Progress are used. It must return before others
// use the explainer.
func (e *Explainer) Prepare(ctx context.Context, o Options) error {
	return e.prepare(ctx, o, busyBytes, prepared)
}

func (e *Explainer) prepare(ctx context.Context, o Options, patience uint64, keep int) error {
	b := &busy{measures: len(e.r.k.measures), number: make([]int32, len(e.partners)), keep: keep}
	n := 0
	for account := range b.number {
		var work uint64
		for _, p := range e.partners[account] {
			of, bytes := e.index.Of(p)
			work += bytes + bytesPerCustomer*uint64(len(of))
		}
		if b.number[account] = -1; work > patience {
			b.number[account] = int32(n)
			n++
		}
	}
	b.locks, b.rankings = make([]sync.Mutex, n), make([]ranking, n*b.measures)
	for i := range b.rankings {
		b.rankings[i].limit = keep
	}
	if n > 0 {
		if err := e.fill(ctx, b, o); err != nil {
			return err
		}
	}
	for i := range b.rankings {
		r := &b.rankings[i]
		r.sort(e)
		r.first = slices.Clip(r.first)
	}
	e.busy = b
	return nil
}

// fill ranks the customers of busy accounts.
func (e *Explainer) fill(ctx context.Context, b *busy, o Options) error {
	all := *e.r
	all.visit = func(w *worker, segment, tenant int) {
		w.reset()
		w.load()
		w.slots = slices.DeleteFunc(w.slots, func(s slot) bool { return b.number[s.account] < 0 })
		w.credit()
		for i := range w.slots {
			e.rankAll(b, w, &w.slots[i], e.index.Number(segment, tenant))
		}
	}
	o.Of = 0
	return (&walk{view: all.view, counts: []*counting{&all}}).run(ctx, o)
}

// rankAll puts a customer in its place for every measure of a busy account.
func (e *Explainer) rankAll(b *busy, w *worker, s *slot, customer uint32) {
	number := b.number[s.account]
	of := b.rankings[int(number)*b.measures:][:b.measures]
	w.look(s)
	defer w.forget()
	b.locks[number].Lock()
	defer b.locks[number].Unlock()
	for _, v := range w.touched {
		for _, m := range e.r.k.views[v].measures {
			e.rank(&of[m], w, &e.r.k.measures[m], customer)
		}
	}
}
