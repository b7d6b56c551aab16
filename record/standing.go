package record

import (
	"context"
	"iter"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/store"
)

// batch is how many companies are looked at side by side.
const batch = 4096

// Standings tells how companies stand on a day by the rules, with what was known at
// the view's moment, in the order of their ids.
func (r *Record) Standings(ctx context.Context, v store.View, rules *membership.Rules, day kizuna.Date) iter.Seq2[*membership.Status, error] {
	return func(yield func(*membership.Status, error) bool) {
		found := make([][]*store.Record, 0, batch)
		tell := func() bool {
			statuses, errs := make([]*membership.Status, len(found)), make([]error, len(found))
			parallel.Each(len(found), func() func(int) {
				return func(i int) {
					e, err := enrollments.grown(found[i])
					if errs[i] = err; err == nil {
						statuses[i] = rules.Status(&e.Ledger, day)
					}
				}
			})
			for i := range found {
				if !yield(statuses[i], errs[i]) || errs[i] != nil {
					return false
				}
			}
			found = found[:0]
			return true
		}
		for one, err := range things(r.store.Versions(ctx, v, enrollments.kind, "")) {
			if err != nil {
				yield(nil, err)
				return
			}
			if found = append(found, one); len(found) == batch && !tell() {
				return
			}
		}
		tell()
	}
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
