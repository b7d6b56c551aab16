package fleet

import (
	"context"
	"iter"

	"github.com/kizuna-org/kizuna/internal/parallel"
)

// stretch is how many things are worked out before the first of them is handed on.
const stretch = 1024

// inOrder works out n things on all processors and yields them in order. There is room
// for one stretch of them, which is used again: what a thing points to holds until the
// next one is asked for. A worker is made for each processor and stretch. The error is
// ctx's, and ends it.
func inOrder[T any](ctx context.Context, n int, room func(n int) []T, worker func() func(i int, out *T)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		done := room(min(n, stretch))
		for from := 0; from < n; from += stretch {
			if ctx.Err() != nil {
				var none T
				yield(none, context.Cause(ctx))
				return
			}
			part := done[:min(stretch, n-from)]
			parallel.Each(len(part), func() func(int) {
				work := worker()
				return func(i int) { work(from+i, &part[i]) }
			})
			for i := range part {
				if !yield(part[i], nil) {
					return
				}
			}
		}
	}
}
