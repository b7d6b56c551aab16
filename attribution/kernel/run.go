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
	r := k.prepare(v)
	if err := r.run(ctx, o); err != nil {
		return nil, err
	}
	return r.sums.under(0), nil
}

func (r *runner) run(ctx context.Context, o Options) error {
	r.deal(o)
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	for range min(workers, max(1, len(r.blocks))) {
		wait.Go(func() {
			if err := r.work(ctx, o.Progress); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

// runner is a kernel bound to a view.
type runner struct {
	k        *Kernel
	view     *segment.View
	bindings []*binding // by segment
	sums     *sums

	blocks []place // in the order in which they are dealt
	next   atomic.Int64

	mu       sync.Mutex // of what follows, and of calls of Progress
	done, of int
}

// place is a block of a segment of the view.
type place struct{ segment, block int }

// prepare binds the segments of a view.
func (k *Kernel) prepare(v *segment.View) *runner {
	r := &runner{k: k, view: v}
	ofLocation, itself := v.AccountsOn(k.Plan.AsOf.Instant())
	for i, s := range v.Segments() {
		b := k.newBinding()
		b.accounts, b.itself = ofLocation[i], itself[i]
		k.extend(b, s)
		r.bindings = append(r.bindings, b)
	}
	newest := v.Newest()
	accounts := make([]string, newest.Accounts())
	for i := range accounts {
		accounts[i] = newest.Account(uint32(i))
	}
	r.sums = newSums(k, accounts)
	return r
}

// deal lists the blocks that the run looks at.
func (r *runner) deal(o Options) {
	for i, s := range r.view.Segments() {
		for b := range s.Blocks() {
			r.blocks = append(r.blocks, place{i, b})
		}
		r.of += s.Tenants()
	}
	if o.Of > 1 {
		n := len(r.blocks)
		r.blocks = r.blocks[n*o.Part/o.Of : n*(o.Part+1)/o.Of]
		r.of = 0
		for _, p := range r.blocks {
			r.of += r.view.Segments()[p.segment].BlockTenants(p.block)
		}
	}
}

// work evaluates blocks until there are no more.
func (r *runner) work(ctx context.Context, progress func(done, of int)) error {
	w := r.k.worker()
	defer r.k.rest(w)
	for {
		i := int(r.next.Add(1)) - 1
		if i >= len(r.blocks) {
			w.chunks.flush(r.sums)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := r.block(w, r.blocks[i])
		if err != nil {
			return err
		}
		if progress != nil {
			r.mu.Lock()
			r.done += n
			progress(r.done, r.of)
			r.mu.Unlock()
		}
	}
}

// block evaluates the tenants of a block that no newer segment hides.
func (r *runner) block(w *worker, p place) (tenants int, err error) {
	b, err := r.view.Segments()[p.segment].Block(p.block)
	if err != nil {
		return 0, err
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = b.Unreadable().WithCause(fmt.Errorf("%v", cause))
		}
	}()
	w.b, w.by = r.bindings[p.segment], r.bindings[p.segment]
	for i := range b.Len() {
		if r.view.Hidden(p.segment, b.First()+i) {
			continue
		}
		b.Record(i, &w.record)
		w.evaluate()
		for s := range w.slots {
			if w.contribute(&w.slots[s]); len(w.out) > 0 {
				w.chunks.put(r.sums, w.slots[s].account, w.out)
			}
		}
	}
	return b.Len(), nil
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
