package kernel_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/internal/worldtest"
)

// sameOwners tells days apart between which a location or a sale begins or ends.
func sameOwners(f *association.Facts) func(a, b kizuna.Date) bool {
	var changes []kizuna.Instant
	for i := range f.Locations {
		changes = append(changes, f.Locations[i].During.From, f.Locations[i].During.To)
	}
	for i := range f.Resales {
		changes = append(changes, f.Resales[i].During.From, f.Resales[i].During.To)
	}
	return func(a, b kizuna.Date) bool {
		a, b = min(a, b), max(a, b)
		return !slices.ContainsFunc(changes, func(t kizuna.Instant) bool { return a.Instant() < t && t <= b.Instant() })
	}
}

// Under plans of several days, each customer contributes to each account what the rules
// in their clear form say.
func TestACourseIsEachCustomerUnderEachPlan(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		f.Trust = rapid.SampledFrom([]attribution.Trust{"", attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust")
		p := drawProgram(t, all)
		var plans []*attribution.Plan
		for range rapid.IntRange(1, 5).Draw(t, "plans") {
			if rapid.IntRange(0, 3).Draw(t, "another program") == 0 {
				p = drawProgram(t, all)
			}
			plans = append(plans, attribution.NewPlan(p, rapid.SampledFrom(days).Draw(t, "as of")))
		}
		together, err := kernel.CompileDays(f.Trust, sameOwners(f.Associations), plans...)
		if err != nil {
			t.Fatal(err)
		}
		v := viewOf(t, built(t, f))
		for _, account := range []string{"G1", "G2"} {
			c, err := together.Course(context.Background(), v, account, nil, kernel.Options{Workers: rapid.IntRange(1, 3).Draw(t, "workers")})
			if err != nil {
				t.Fatal(err)
			}
			for i, plan := range plans {
				book := attribution.NewBook(plan, f)
				want, got := of(book.Total(), account), attribution.Contribution{}
				for customer := range c.Customers() {
					of := of(book.Contribution(c.ID(customer)), account)
					if d := difference(of, c.Contribution(customer, i)); d != "" {
						t.Fatalf("plan %d, %s, customer %s: %s", i, account, c.ID(customer), d)
					}
					got.Add(of)
				}
				if d := difference(want, got); d != "" {
					t.Fatalf("plan %d, %s: customers are missing: %s", i, account, d)
				}
				if d := difference(want, c.Total(i)); d != "" {
					t.Fatalf("plan %d, %s: %s", i, account, d)
				}
			}
		}
	})
}

func of(all attribution.Contribution, account string) attribution.Contribution {
	out := attribution.Contribution{}
	for key, tally := range all {
		if key.Account == account {
			out[key] = tally
		}
	}
	return out
}
