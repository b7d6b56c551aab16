package fleet

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// stretch is how many things are worked out before the first of them is handed on.
	stretch = 1024
	// hand is how many of them a worker takes at a time.
	hand = 32
)

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
			together(len(part), func() func(int) {
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

// together does the work of 0 to n-1 on all processors.
func together(n int, worker func() func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min((n+hand-1)/hand, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			work := worker()
			for {
				from := int(next.Add(hand)) - hand
				if from >= n {
					return
				}
				for i := from; i < min(from+hand, n); i++ {
					work(i)
				}
			}
		})
	}
	wait.Wait()
}
