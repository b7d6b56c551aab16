package live_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna/live"
)

// Whatever happens, the totals are those of a batch over what was known at the entry
// that they stand at.
func TestTotalsAreThoseOfABatchAtTheirEntry(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.furnish()
		totals := w.follow(live.Options{})
		here := w.clerk(totals.Over(w.store))
		w.equal(totals, 0)
		for seed := range uint64(6) {
			w.rand = rand.New(rand.NewPCG(seed, 5))
			for n := range 30 {
				w.pass(time.Duration(w.rand.IntN(20)) * time.Hour / 4)
				entry := here.act(t.Context())
				if entry > 0 && n%10 == 0 {
					w.equal(totals, entry)
				}
			}
			head, _, err := w.store.Head(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			w.equal(totals, head)
		}
		for _, name := range []string{"role", "link", "member", "place", "sale", "dpor", "claim", "claim ends", "person", "subscription"} {
			if here.done[name] == 0 {
				t.Errorf("no command about a %s succeeded: %v", name, here.done)
			}
		}
		if s := totals.Status(); s.Err != nil || s.Rebuild != nil || s.Changed == 0 {
			t.Errorf("%+v", s)
		}
	})
}

var _ = context.Background
var _ = fmt.Sprint
