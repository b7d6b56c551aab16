package fleet

import (
	"context"
	"iter"

	"github.com/kizuna-org/kizuna/internal/parallel"
)

// stretch is how many things are worked out before the first of them is handed on.
const stretch = 1024

// inOrder works out n things on all processors and yields them in order. There is room
// for two stretches of them, one that is worked out while the other is handed on: what a
// thing points to holds until the next one is asked for. A worker is made for each
// processor and stretch. The error is ctx's, and ends it.
func inOrder[T any](ctx context.Context, n int, room func(n int) []T, worker func() func(i int, out *T)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		free, done, stop := make(chan []T, 2), make(chan []T), make(chan struct{})
		size := min(n, stretch)
		for range cap(free) {
			free <- room(size)
		}
		go func() {
			defer close(done)
			for from := 0; from < n && ctx.Err() == nil; from += size {
				select {
				case <-stop:
					return
				case part := <-free:
					part = part[:min(size, n-from)]
					parallel.Each(len(part), func() func(int) {
						work := worker()
						return func(i int) { work(from+i, &part[i]) }
					})
					select {
					case <-stop:
						return
					case done <- part:
					}
				}
			}
		}()
		defer func() {
			close(stop)
			for range done { // nothing works on behind the caller's back
			}
		}()
		yielded := 0
		for part := range done {
			for i := range part {
				if !yield(part[i], nil) {
					return
				}
			}
			yielded += len(part)
			free <- part[:size]
		}
		if yielded < n {
			var none T
			yield(none, context.Cause(ctx))
		}
	}
}
