package record

import (
	"iter"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/pack"
)

// Standings tells how companies stand on a day by the rules, in the order of their
// ledgers, many of them side by side.
func Standings(ledgers iter.Seq2[*pack.One, error], rules *membership.Rules, day kizuna.Date) iter.Seq2[*membership.Status, error] {
	const batch = 4096
	return func(yield func(*membership.Status, error) bool) {
		some := make([]*pack.One, 0, batch)
		statuses := make([]*membership.Status, batch)
		tell := func() bool {
			parallel.Each(len(some), func() func(int) {
				return func(i int) { statuses[i] = rules.Status(&some[i].Ledger, day) }
			})
			for i := range some {
				if !yield(statuses[i], nil) {
					return false
				}
			}
			some = some[:0]
			return true
		}
		for one, err := range ledgers {
			if err != nil {
				yield(nil, err)
				return
			}
			if some = append(some, one); len(some) == batch && !tell() {
				return
			}
		}
		tell()
	}
}
