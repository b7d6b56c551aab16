package kernel_test

import (
	"context"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
)

// Whatever plans are counted together, each has the totals that it has alone.
func TestPlansCountedTogetherCountAsAlone(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		f.Trust = rapid.SampledFrom([]attribution.Trust{"", attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust")
		v := viewOf(t, built(t, f))
		asOf := rapid.SampledFrom(days).Draw(t, "as of")
		var plans []*attribution.Plan
		for range rapid.IntRange(1, 4).Draw(t, "plans") {
			p := drawProgram(t, all)
			if len(plans) > 0 && rapid.Bool().Draw(t, "like the one before") {
				p = plans[len(plans)-1].Program.Clone()
				drawDraft(t, p)
			}
			plans = append(plans, attribution.NewPlan(p, asOf))
		}
		together, err := kernel.CompileTogether(f.Trust, plans...)
		if err != nil {
			t.Fatal(err)
		}
		totals, err := together.Run(context.Background(), v, kernel.Options{Workers: rapid.IntRange(1, 3).Draw(t, "workers")})
		if err != nil {
			t.Fatal(err)
		}
		for i, plan := range plans {
			want := attribution.NewBook(plan, f).Total()
			if d := difference(want, totals[i].Contribution()); d != "" {
				t.Fatalf("plan %d of %d: %s", i, len(plans), d)
			}
			for _, account := range totals[i].Accounts() {
				part := attribution.Contribution{}
				for key, tally := range want {
					if key.Account == account {
						part[key] = tally
					}
				}
				if d := difference(part, totals[i].Account(account)); d != "" {
					t.Fatalf("plan %d, %s alone: %s", i, account, d)
				}
			}
		}
	})
}

// drawDraft changes a few things of a program, as somebody does who tries out rules.
func drawDraft(t *rapid.T, p *program.Program) {
	switch rapid.SampledFrom([]string{"nothing", "a measure", "a rate", "an area less", "roles", "offers", "a list"}).Draw(t, "draft") {
	case "a measure":
		m := &p.Areas[rapid.IntRange(0, len(p.Areas)-1).Draw(t, "area")].Metrics[0]
		for _, rule := range m.Rules {
			if len(rule.Components) > 0 {
				drawMeasure(t, &rule.Components[0].Measure)
				return
			}
		}
	case "a rate":
		for _, name := range slicesSorted(p.Workloads["dynamics-usage"].Names) {
			delete(p.Rates, name)
		}
	case "an area less":
		p.Areas = p.Areas[min(1, len(p.Areas)-1):]
	case "roles":
		p.Roles.ExcludeContaining = nil
	case "offers":
		p.ExcludedOffers = nil
	case "a list":
		for i := range p.Areas {
			for _, rule := range p.Areas[i].Metrics[0].Rules {
				for c := range rule.Components {
					feed := &rule.Components[c].Measure.Feeds[0]
					names := slicesSorted(feed.Workloads.Names)
					feed.Workloads.Names = maps.Clone(feed.Workloads.Names) // programs share it
					if len(names) > 0 {
						delete(feed.Workloads.Names, names[0])
					}
				}
			}
		}
	}
}
