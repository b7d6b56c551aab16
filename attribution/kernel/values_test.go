package kernel_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/internal/worldtest"
)

// Numbers are those of the tallies, account by account and measure by measure.
func TestValuesAreTheTalliesInNumbers(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		k := compiled(t, drawProgram(t, all), rapid.SampledFrom(days).Draw(t, "as of"), "")
		totals, err := k.Run(context.Background(), viewOf(t, built(t, worldtest.DrawMixed(t))), kernel.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		read, got := totals.Values(), make([]attribution.Value, k.Plan.Measures())
		for i, account := range totals.Accounts() {
			if n, ok := totals.Number(account); !ok || n != i {
				t.Fatalf("%s is number %d, %v", account, n, ok)
			}
			read(i, got)
			for m, want := range k.Plan.Values(nil, account, totals.Account(account)) {
				if got[m] != want {
					t.Fatalf("%s, measure %d: %+v, want %+v", account, m, got[m], want)
				}
			}
		}
	})
}
