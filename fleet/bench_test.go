package fleet_test

import (
	"testing"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/score"
)

// A partner's score with all that there is to say about it, from totals to points.
func BenchmarkExplain(b *testing.B) {
	all := programs(b)
	f := fleetOf(b, score.Question{Program: all[len(all)-1], AsOf: demo.AsOf, Trust: attribution.TrustBoth}, demoFacts(b))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		f.Explain(f.Partners[i%len(f.Partners)])
		i++
	}
}
