package kernel_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
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

// A claim on one name of a workload covers what usage calls by another, under the plan
// that takes both for the same, and under no other.
func TestPlansMayCallWorkloadsByOtherNames(t *testing.T) {
	names := []string{"Exchange", "Teams", "SharePoint", "Intune"} // of one list
	before := programs(t)[0]
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.Draw(t)
		name := func() string { return rapid.SampledFrom(names).Draw(t, "name") }
		for range rapid.IntRange(1, 3).Draw(t, "more claims") {
			f.Associations.Claims = append(f.Associations.Claims, association.Claim{
				Location: "L1", Tenant: worldtest.Tenants[0], Workload: name(), Role: association.UsageRole, During: kizuna.Always,
			})
		}
		rows := f.Usage.Rows()
		for range rapid.IntRange(1, 3).Draw(t, "more rows") {
			users, seats := rapid.Int64Range(1, 400).Draw(t, "active users"), int64(400)
			rows = append(rows, usage.Row{
				Month: days[0].Month() - 1, Tenant: worldtest.Tenants[0], Workload: name(), ActiveUsers: &users, PaidSeats: &seats,
			})
		}
		f.Usage = usage.Collect(rows)
		after := before.Clone()
		drawAliases(t, after, names)
		plans := []*attribution.Plan{attribution.NewPlan(before, days[0]), attribution.NewPlan(after, days[0])}
		together, err := kernel.CompileTogether("", plans...)
		if err != nil {
			t.Fatal(err)
		}
		totals, err := together.Run(context.Background(), viewOf(t, built(t, f)), kernel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, plan := range plans {
			if d := difference(attribution.NewBook(plan, f).Total(), totals[i].Contribution()); d != "" {
				t.Fatalf("plan %d with %v: %s", i, plan.Program.Aliases, d)
			}
		}
	})
}

// drawDraft changes a few things of a program, as somebody does who tries out rules.
func drawDraft(t *rapid.T, p *program.Program) {
	switch rapid.SampledFrom([]string{"nothing", "a measure", "a rate", "an area less", "roles", "offers", "a list", "names", "owners"}).Draw(t, "draft") {
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
	case "names":
		drawAliases(t, p, []string{
			"Storage", "Virtual Machines", "Key Vault", "Exchange", "Teams", "Sales", "Sentinel",
			"Power App", "Power Apps", "Power BI", "Power Automate", "Customer Insights Partner",
		})
	case "owners":
		p.OwnedWorkloads = maps.Clone(p.OwnedWorkloads)
		p.OwnedWorkloads["Power App"] = program.OwnerRule{Relations: []string{"owner"}}
		delete(p.OwnedWorkloads, rapid.SampledFrom(slices.Sorted(maps.Keys(p.OwnedWorkloads))).Draw(t, "not owned"))
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

// drawAliases changes which names are others of a workload; an alias of an alias is
// none, as in programs that are checked.
func drawAliases(t *rapid.T, p *program.Program, names []string) {
	p.Aliases = maps.Clone(p.Aliases)
	for range rapid.IntRange(1, 4).Draw(t, "aliases") {
		alias, name := rapid.SampledFrom(names).Draw(t, "alias"), rapid.SampledFrom(names).Draw(t, "of")
		_, chain := p.Aliases[name]
		if chain || alias == name || slices.Contains(slices.Collect(maps.Values(p.Aliases)), alias) {
			delete(p.Aliases, alias)
		} else {
			p.Aliases[alias] = name
		}
	}
}
