package kernel

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Course is what every customer contributes to one account under several plans, such as
// those of days that follow each other. It is safe for concurrent use.
type Course struct {
	t         *Together
	account   string
	back      []*backs // by plan
	customers []courseOf
}

type courseOf struct {
	id    string
	words [][]uint64 // by kernel: entries, of all its plans
}

// backs says which of a plan's measures are a kernel's.
type backs struct {
	k         *Kernel
	of        [][]int
	workloads []workload // that the kernel knows in the end
}

// Revise changes a customer's record before it is counted; who reaches it must stay. It
// is asked of customers that the account may reach only.
type Revise func(segment int, tenant string, r *segment.Record) error

// Course counts the customers of a view for one account. reviser, if it is not nil,
// makes a [Revise] for each worker. It stops early if ctx is done; the other errors are
// those of [segment.Segment.Block] and of Revise. Of the options, Workers is used.
func (t *Together) Course(ctx context.Context, v *segment.View, account string, reviser func() Revise, o Options) (*Course, error) {
	c := &Course{t: t, account: account}
	for _, p := range t.of {
		k := t.kernels[p.kernel]
		b := &backs{k: k, of: make([][]int, len(k.measures))}
		for number, n := range k.of[p.plan] {
			b.of[n] = append(b.of[n], number)
		}
		c.back = append(c.back, b)
	}
	number, ok := v.Newest().FindAccount(account)
	if !ok {
		return c, nil
	}
	w := &courseWalk{view: v, account: number}
	for _, k := range t.kernels {
		w.counts = append(w.counts, &counting{k: k, view: v, bindings: k.bindings(v), shares: k.unshared()})
	}
	for i, s := range v.Segments() {
		for b := range s.Blocks() {
			w.blocks = append(w.blocks, place{i, b})
		}
	}
	w.found = make([][]courseOf, len(w.blocks))
	if err := w.run(ctx, o.Workers, reviser); err != nil {
		return nil, err
	}
	known := make(map[*Kernel][]workload)
	for _, b := range c.back {
		if known[b.k] == nil {
			known[b.k] = b.k.workloads()
		}
		b.workloads = known[b.k]
	}
	c.customers = slices.Concat(w.found...)
	slices.SortFunc(c.customers, func(a, b courseOf) int { return strings.Compare(a.id, b.id) })
	return c, nil
}

// Customers returns how many customers anything is counted of.
func (c *Course) Customers() int { return len(c.customers) }

// ID returns a customer's id, without case. They stand in the order of their ids.
func (c *Course) ID(customer int) string { return c.customers[customer].id }

// Contribution returns what a customer contributes to the account under a plan.
func (c *Course) Contribution(customer, plan int) attribution.Contribution {
	out := make(attribution.Contribution)
	b := c.back[plan]
	b.k.contribute(out, c.account, c.customers[customer].words[c.t.of[plan].kernel], b.of, b.workloads)
	return out
}

// Total returns what all customers contribute under a plan.
func (c *Course) Total(plan int) attribution.Contribution {
	at := c.t.of[plan]
	sums := newSums(c.t.kernels[at.kernel], []string{c.account})
	var words []uint64
	for i := range c.customers {
		if of := c.customers[i].words[at.kernel]; len(of) > 0 {
			words = append(append(words[:0], header(0, len(of))), of...)
			sums.addAll(words, 1)
		}
	}
	return sums.under(at.plan).Account(c.account)
}

// courseWalk walks over a view for one account.
type courseWalk struct {
	view    *segment.View
	account uint32
	counts  []*counting
	blocks  []place
	next    atomic.Int64
	found   [][]courseOf // by block
}

func (w *courseWalk) run(ctx context.Context, workers int, reviser func() Revise) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	for range min(workers, max(1, len(w.blocks))) {
		wait.Go(func() {
			if err := w.work(ctx, reviser); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

func (w *courseWalk) work(ctx context.Context, reviser func() Revise) error {
	workers := make([]*worker, len(w.counts))
	for i, c := range w.counts {
		workers[i] = c.k.worker()
		defer c.k.rest(workers[i])
	}
	var revise Revise
	if reviser != nil {
		revise = reviser()
	}
	for {
		i := int(w.next.Add(1)) - 1
		if i >= len(w.blocks) {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := w.blocks[i]
		b, err := w.view.Segments()[p.segment].Block(p.block)
		if err == nil {
			w.found[i], err = w.block(workers, revise, p.segment, b)
		}
		if err != nil {
			return err
		}
	}
}

// block counts the customers of a block that no newer segment hides.
func (w *courseWalk) block(workers []*worker, revise Revise, number int, b segment.Block) (found []courseOf, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = b.Unreadable().WithCause(fmt.Errorf("%v", cause))
		}
	}()
	for i := range b.Len() {
		if w.view.Hidden(number, b.First()+i) {
			continue
		}
		of := courseOf{words: make([][]uint64, len(workers))}
		var revised *segment.Record
		for n, worker := range workers {
			c := w.counts[n]
			worker.b, worker.by, worker.shares = c.bindings[number], c.bindings[number], c.shares
			b.Record(i, &worker.record)
			worker.reset()
			worker.load()
			if !slices.ContainsFunc(worker.slots, func(s slot) bool { return s.account == w.account }) {
				continue
			}
			if revised == nil {
				of.id = b.ID(i)
				if revise != nil {
					if err := revise(number, of.id, &worker.record); err != nil {
						return nil, err
					}
				}
				revised = new(worker.record)
			}
			worker.record = *revised
			worker.creditOnly(w.account)
			for s := range worker.slots {
				worker.contribute(&worker.slots[s])
				of.words[n] = append(of.words[n], worker.out...)
			}
		}
		if slices.ContainsFunc(of.words, func(words []uint64) bool { return len(words) > 0 }) {
			found = append(found, of)
		}
	}
	return found, nil
}
