package fleet

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// stretch is how many things are worked out before the first of them is handed on.
const stretch = 2048

// inOrder works out n things on all processors and yields them in order, holding one
// stretch of them. The error is ctx's, and ends it.
func inOrder[T any](ctx context.Context, n int, work func(i int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		done := make([]T, min(n, stretch))
		for from := 0; from < n; from += stretch {
			if ctx.Err() != nil {
				var none T
				yield(none, context.Cause(ctx))
				return
			}
			part := done[:min(stretch, n-from)]
			together(len(part), func(i int) { part[i] = work(from + i) })
			for _, thing := range part {
				if !yield(thing, nil) {
					return
				}
			}
		}
	}
}

// together calls work with 0 to n-1 on all processors.
func together(n int, work func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	wait.Wait()
}
