package kernel_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/internal/worldtest"
)

// ownersOn returns, for a day, the first day on which everything belongs to whom it
// belongs on that day.
func ownersOn(f *association.Facts, day kizuna.Date) kizuna.Date {
	var first kizuna.Date
	since := func(t kizuna.Instant) {
		if d := t.Date(); t <= day.Instant() {
			if d.Instant() < t {
				d++
			}
			first = max(first, d)
		}
	}
	for i := range f.Locations {
		since(f.Locations[i].During.From)
		since(f.Locations[i].During.To)
	}
	for i := range f.Resales {
		since(f.Resales[i].During.From)
		since(f.Resales[i].During.To)
	}
	return first
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
		var owners []kizuna.Date
		for range rapid.IntRange(1, 5).Draw(t, "plans") {
			if rapid.IntRange(0, 3).Draw(t, "another program") == 0 {
				p = drawProgram(t, all)
			}
			plans = append(plans, attribution.NewPlan(p, rapid.SampledFrom(days).Draw(t, "as of")))
			owners = append(owners, ownersOn(f.Associations, plans[len(plans)-1].AsOf))
		}
		together, err := kernel.CompileDays(f.Trust, plans, owners)
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
