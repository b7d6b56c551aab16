package segment

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// PartnerIndex lists the customers of every partner id: those that an association of
// it reaches, or a row asserts it for. It knows no program and no day, as the segments
// do not. It takes four bytes for each pair of a partner and a customer.
//
// Customers are numbered through the view, segment by segment.
type PartnerIndex struct {
	view      *View
	firsts    []int    // by segment, the number of its first customer
	starts    []uint64 // by partner of the newest segment, where its customers begin
	customers []uint32
	bytes     []uint64 // by partner: of its customers' records
}

// IndexPartners reads who reaches whom, with as many workers as there are processors.
// The errors are ctx's and those of [Segment.Block].
func IndexPartners(ctx context.Context, v *View) (*PartnerIndex, error) {
	x := &PartnerIndex{view: v}
	total := 0
	var stretches []stretch
	for i, s := range v.segments {
		x.firsts = append(x.firsts, total)
		total += s.Tenants()
		for b := range s.Blocks() {
			stretches = append(stretches, stretch{i, b})
		}
	}
	partners := v.Newest().Partners()
	// Each worker takes its share of the blocks twice: to count, and, once it is known
	// where its customers go, to write them. More workers than these would cost more
	// memory than they save time.
	workers := make([]indexer, min(8, runtime.GOMAXPROCS(0), max(1, len(stretches))))
	for i := range workers {
		n := len(stretches)
		workers[i] = indexer{
			x: x, blocks: stretches[n*i/len(workers) : n*(i+1)/len(workers)],
			of: make([]indexed, partners),
		}
	}
	if err := each(ctx, workers, (*indexer).count); err != nil {
		return nil, err
	}
	x.starts, x.bytes = make([]uint64, partners+1), make([]uint64, partners)
	at := uint64(0)
	for p := range partners {
		x.starts[p] = at
		for i := range workers {
			of := &workers[i].of[p]
			x.bytes[p] += of.bytes
			at, of.next, of.last = at+of.next, at, 0
		}
	}
	x.starts[partners], x.customers = at, make([]uint32, at)
	return x, each(ctx, workers, (*indexer).write)
}

// stretch is a block of a segment of a view.
type stretch struct{ segment, block int }

// indexer reads a share of the blocks.
type indexer struct {
	x      *PartnerIndex
	blocks []stretch
	of     []indexed // by partner
}

type indexed struct {
	next  uint64 // how many customers; then, where the next one is written
	bytes uint64
	last  uint32 // the customer that was seen last, counting from 1
}

func each(ctx context.Context, workers []indexer, do func(*indexer, context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			if err := do(&workers[i], ctx); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

func (w *indexer) count(ctx context.Context) error {
	return w.walk(ctx, func(of *indexed, _ uint32, size int) {
		of.next++
		of.bytes += uint64(size)
	})
}

func (w *indexer) write(ctx context.Context) error {
	return w.walk(ctx, func(of *indexed, customer uint32, _ int) {
		w.x.customers[of.next] = customer
		of.next++
	})
}

// walk calls f for every partner of every customer that is not hidden, once.
func (w *indexer) walk(ctx context.Context, f func(of *indexed, customer uint32, size int)) error {
	for _, at := range w.blocks {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		b, err := w.x.view.segments[at.segment].Block(at.block)
		if err != nil {
			return err
		}
		if err := w.block(at.segment, b, f); err != nil {
			return err
		}
	}
	return nil
}

func (w *indexer) block(segment int, b Block, f func(of *indexed, customer uint32, size int)) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = b.Unreadable().WithCause(fmt.Errorf("%v", cause))
		}
	}()
	numbers := w.x.view.partners[segment]
	var record Record
	for i := range b.Len() {
		if w.x.view.Hidden(segment, b.First()+i) {
			continue
		}
		customer, size := uint32(w.x.firsts[segment]+b.First()+i), b.start(i+1)-b.start(i)
		b.Record(i, &record)
		record.partners(func(p Partner) {
			number := uint32(p)
			if numbers != nil {
				number = numbers[p]
			}
			if number == NoAccount { // the newest segment does not know it: it is in no account
				return
			}
			if of := &w.of[number]; of.last != customer+1 {
				of.last = customer + 1
				f(of, customer, size)
			}
		})
	}
	return nil
}

// partners calls f for the partner of every reach and every assertion.
func (r *Record) partners(f func(Partner)) {
	var reach Reach
	for entry := 0; entry < r.Entries(); {
		entry = r.Reach(entry, &reach)
		f(reach.Location)
	}
	if !r.Asserted {
		return
	}
	var (
		walk Resources
		run  Run
		a    Assertion
	)
	for r.Walk(&walk); walk.Next(); {
		for walk.NextRun(&run) {
			for run.NextAssertion(&a) {
				f(a.Partner)
			}
		}
	}
}

// Of returns a partner's customers, by number, in ascending order, and how many bytes
// their records are long. The list must not be changed.
func (x *PartnerIndex) Of(p Partner) (customers []uint32, bytes uint64) {
	return x.customers[x.starts[p]:x.starts[p+1]], x.bytes[p]
}

// Pairs returns how many pairs of a partner and a customer there are.
func (x *PartnerIndex) Pairs() int { return len(x.customers) }

// Number returns the number of a customer of a segment.
func (x *PartnerIndex) Number(segment, tenant int) uint32 { return uint32(x.firsts[segment] + tenant) }

// At returns the segment, the block and the place in it of a customer. The error is that
// of [Segment.Block].
func (x *PartnerIndex) At(customer uint32) (segment int, b Block, i int, err error) {
	segment, found := slices.BinarySearch(x.firsts, int(customer))
	if !found {
		segment--
	}
	// Segments without customers begin where the next one does.
	for segment+1 < len(x.firsts) && x.firsts[segment+1] == x.firsts[segment] {
		segment++
	}
	tenant := int(customer) - x.firsts[segment]
	s := x.view.segments[segment]
	b, err = s.Block(s.blockOf(tenant))
	return segment, b, tenant - b.first, err
}

// FindAccount returns the number of a global account; false if the segment has none.
// Accounts are told apart exactly.
func (s *Segment) FindAccount(id string) (number uint32, ok bool) {
	return s.accounts.find(id)
}
