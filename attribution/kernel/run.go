package kernel

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Options say how a run is made. They never change what comes out.
type Options struct {
	Workers int // 0: one a processor
	// Progress, if set, is told from time to time how many tenants are done. Calls
	// come one after the other.
	Progress func(done, of int)
	// Of, if above 1, limits the run to the part number Part, counting from 0, of as
	// many parts of the customers. The totals of all parts add up to those of the whole.
	Part, Of int
}

// Run counts what a view shows. It stops early if ctx is done. The errors are ctx's
// and those of [segment.Segment.Block].
func (k *Kernel) Run(ctx context.Context, v *segment.View, o Options) (*Totals, error) {
	w := newWalk(v, k)
	if err := w.run(ctx, o); err != nil {
		return nil, err
	}
	return w.counts[0].sums.under(0), nil
}

// walk is one walk over what a view shows: what it reads once, every kernel counts.
type walk struct {
	view   *segment.View
	counts []*counting

	blocks []place // in the order in which they are dealt
	next   atomic.Int64

	mu       sync.Mutex // of what follows, and of calls of Progress
	done, of int
}

// place is a block of a segment of the view.
type place struct{ segment, block int }

func newWalk(v *segment.View, kernels ...*Kernel) *walk {
	w := &walk{view: v}
	for _, k := range kernels {
		w.counts = append(w.counts, k.bind(v))
	}
	return w
}

func (w *walk) run(ctx context.Context, o Options) error {
	w.deal(o)
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	for range min(workers, max(1, len(w.blocks))) {
		wait.Go(func() {
			if err := w.work(ctx, o.Progress); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	for _, c := range w.counts {
		if c.sums != nil && ctx.Err() == nil {
			c.sums.settle(c.shares, workers)
		}
	}
	return context.Cause(ctx)
}

// deal lists the blocks that the run looks at.
func (w *walk) deal(o Options) {
	for i, s := range w.view.Segments() {
		for b := range s.Blocks() {
			w.blocks = append(w.blocks, place{i, b})
		}
		w.of += s.Tenants()
	}
	if o.Of > 1 {
		n := len(w.blocks)
		w.blocks = w.blocks[n*o.Part/o.Of : n*(o.Part+1)/o.Of]
		w.of = 0
		for _, p := range w.blocks {
			w.of += w.view.Segments()[p.segment].BlockTenants(p.block)
		}
	}
}

// work evaluates blocks until there are no more.
func (w *walk) work(ctx context.Context, progress func(done, of int)) error {
	workers := make([]*worker, len(w.counts))
	for i, c := range w.counts {
		workers[i] = c.k.worker()
		defer c.k.rest(workers[i])
	}
	for {
		i := int(w.next.Add(1)) - 1
		if i >= len(w.blocks) {
			for i, c := range w.counts {
				workers[i].chunks.flush(c.sums)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		p := w.blocks[i]
		b, err := w.view.Segments()[p.segment].Block(p.block)
		if err != nil {
			return err
		}
		for i, c := range w.counts {
			if err := c.block(workers[i], p.segment, b); err != nil {
				return err
			}
		}
		if progress != nil {
			w.mu.Lock()
			w.done += b.Len()
			progress(w.done, w.of)
			w.mu.Unlock()
		}
	}
}

// counting is a kernel bound to a view, and what it has counted.
type counting struct {
	k        *Kernel
	view     *segment.View
	bindings []*binding // by segment
	shares   *sharing
	sums     *sums
	// visit, if set, is what is done with each customer's record instead of adding it to
	// the sums.
	visit func(w *worker, segment, tenant int)
}

// bind makes a kernel's tables know what the segments of a view hold.
func (k *Kernel) bind(v *segment.View) *counting {
	c := k.counting(v)
	newest := v.Newest()
	accounts := make([]string, newest.Accounts())
	for i := range accounts {
		accounts[i] = newest.Account(uint32(i))
	}
	c.sums = newSums(k, accounts)
	return c
}

// counting is one without sums.
func (k *Kernel) counting(v *segment.View) *counting {
	c := &counting{k: k, view: v, bindings: k.bindings(v)}
	c.shares = k.sharing()
	return c
}

// bindings are those of the segments of a view.
func (k *Kernel) bindings(v *segment.View) (bindings []*binding) {
	ofLocation, itself := v.AccountsOn(k.ownersOn.Instant())
	for i, s := range v.Segments() {
		b := k.newBinding()
		b.accounts, b.itself = ofLocation[i], itself[i]
		k.extendNames(b, s)
		bindings = append(bindings, b)
	}
	for i, s := range v.Segments() {
		k.extendKinds(bindings[i], s)
	}
	return bindings
}

// block evaluates the tenants of a block that no newer segment hides.
func (c *counting) block(w *worker, number int, b segment.Block) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = b.Unreadable().WithCause(fmt.Errorf("%v", cause))
		}
	}()
	w.b, w.by, w.shares = c.bindings[number], c.bindings[number], c.shares
	for i := range b.Len() {
		if c.view.Hidden(number, b.First()+i) {
			continue
		}
		b.Record(i, &w.record)
		if c.visit != nil {
			c.visit(w, number, b.First()+i)
			continue
		}
		w.evaluate()
		for s := range w.slots {
			if w.contribute(&w.slots[s]); len(w.out) > 0 {
				w.chunks.put(c.sums, w.slots[s].account, w.out)
			}
		}
	}
	return nil
}

// chunks collect records for each part of the totals until there are enough of them
// to be worth loading the part into the cache.
type chunks [parts][]uint64

func (c *chunks) put(t *sums, account uint32, entries []uint64) {
	chunk := &c[account%parts]
	if len(*chunk)+1+len(entries) > chunkWords {
		t.add(int(account%parts), *chunk, 1)
		*chunk = (*chunk)[:0]
	}
	*chunk = append(*chunk, header(account, len(entries)))
	*chunk = append(*chunk, entries...)
}

func (c *chunks) flush(t *sums) {
	for part := range c {
		if len(c[part]) > 0 {
			t.add(part, c[part], 1)
			c[part] = c[part][:0]
		}
	}
}

func (c *chunks) drop() {
	for part := range c {
		c[part] = c[part][:0]
	}
}
