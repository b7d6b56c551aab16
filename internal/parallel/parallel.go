// Package parallel spreads work of many small parts over all processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// hand is how many parts a worker takes at a time.
const hand = 32

// Each does the work of 0 to n-1 on all processors. Worker is called once for each of
// them, to make what does the work there.
func Each(n int, worker func() func(i int)) {
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
