package record

import (
	"context"
	"iter"

	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/pack"
	"github.com/kizuna-org/kizuna/store"
)

// Ledgers lists all that is recorded of companies' memberships, with what was known at
// the view's moment, in the order of their ids. The next ones are read while one is
// looked at.
func (r *Record) Ledgers(ctx context.Context, v store.View) iter.Seq2[*pack.One, error] {
	return func(yield func(*pack.One, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for read := range ahead(ctx, things(r.store.Versions(ctx, v, enrollments.kind, ""))) {
			if read.err != nil {
				yield(nil, read.err)
				return
			}
			ledgers, errs := make([]pack.One, len(read.all)), make([]error, len(read.all))
			parallel.Each(len(ledgers), func() func(int) {
				return func(i int) {
					versions := read.all[i]
					e, err := enrollments.grown(versions)
					ledgers[i], errs[i] = pack.One{ID: versions[0].ID, Ledger: e.Ledger}, err
				}
			})
			for i := range ledgers {
				if !yield(&ledgers[i], errs[i]) || errs[i] != nil {
					return
				}
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(nil, err)
		}
	}
}

// some is a batch of things, each with its versions, or why there are no more.
type some struct {
	all [][]*store.Record
	err error
}

// ahead reads batches while the one before is worked on, until the context ends.
func ahead(ctx context.Context, in iter.Seq2[[]*store.Record, error]) <-chan some {
	const versions = 8192 // of a batch
	out := make(chan some)
	go func() {
		defer close(out)
		var batch some
		n := 0
		send := func() bool {
			select {
			case out <- batch:
				batch, n = some{}, 0
				return true
			case <-ctx.Done():
				return false
			}
		}
		for one, err := range in {
			if err != nil {
				batch = some{err: err}
				break
			}
			batch.all = append(batch.all, one)
			if n += len(one); n >= versions && !send() {
				return
			}
		}
		if len(batch.all) > 0 || batch.err != nil {
			send()
		}
	}()
	return out
}

// Growth is what was added to a ledger, or all of one that is new.
type Growth struct {
	Whole  bool
	Ledger membership.Ledger
}

// LedgersSince are the growths of ledgers after an entry, by the ledger's id, with what
// was known at the view's moment; false if there are more versions than a number: then
// all ledgers are read as quickly.
func (r *Record) LedgersSince(ctx context.Context, v store.View, after int64, most int) (grown map[string]*Growth, ok bool, err error) {
	grown = make(map[string]*Growth)
	n := 0
	for one, err := range r.store.Since(ctx, v, enrollments.kind, after) {
		if err != nil {
			return nil, false, err
		}
		if n++; n > most {
			return nil, false, nil
		}
		line, adds, err := enrollments.line(one)
		if err != nil {
			return nil, false, err
		}
		g := grown[one.ID]
		if g == nil || !adds {
			grown[one.ID] = &Growth{!adds, line.Ledger}
			continue
		}
		g.Ledger.Findings = append(g.Ledger.Findings, line.Findings...)
		g.Ledger.Events = append(g.Ledger.Events, line.Events...)
	}
	return grown, true, nil
}

// HeadOf returns the last entry that a view knows of and what tells it from that of
// another store; 0 if there is none.
func (r *Record) HeadOf(ctx context.Context, v store.View) (h pack.Head, err error) {
	if h.Entry, h.Recorded, err = r.store.Head(ctx, v.KnownAt); err != nil || h.Entry == 0 {
		return h, err
	}
	h.Hash, _, err = r.store.EntryHash(ctx, h.Entry)
	return h, err
}

// Agrees reports whether the store's audit trail has such a head.
func (r *Record) Agrees(ctx context.Context, h pack.Head) (bool, error) {
	hash, ok, err := r.store.EntryHash(ctx, h.Entry)
	return ok && hash == h.Hash, err
}

// things gathers versions, in order of id, by the thing that they are of.
func things(versions iter.Seq2[*store.Record, error]) iter.Seq2[[]*store.Record, error] {
	return func(yield func([]*store.Record, error) bool) {
		var one []*store.Record
		for r, err := range versions {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(one) > 0 && one[0].ID != r.ID {
				if !yield(one, nil) {
					return
				}
				one = nil
			}
			one = append(one, r)
		}
		if len(one) > 0 {
			yield(one, nil)
		}
	}
}
