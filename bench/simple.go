package main

import (
	"fmt"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/program"
)

// simple is the prototype's job in Kizuna's rules, as near as they come: six areas to
// which workloads are dealt in turn, one threshold a month, the same associations,
// every role and offer; of each area net customers, deployed workloads, growth and
// customers. The prototype also keeps every month's sums, and what it credits to each
// partner and customer.
func simple(p *program.Program) *program.Program {
	const areas = 6
	threshold := kizuna.Micro(100 * kizuna.MicroPerUnit)
	above := &program.Range{From: &threshold}
	out := *p
	out.ExcludedOffers, out.OwnedWorkloads, out.Areas = nil, nil, nil
	out.Roles = program.Roles{ExcludeContaining: []string{"reader"}}
	catalog := world.NewCatalog(p)
	for area := range areas {
		azure := program.WorkloadSet{List: fmt.Sprintf("azure %d", area), Family: program.AzureFamily, Names: make(map[string]bool)}
		seats := program.WorkloadSet{List: fmt.Sprintf("seats %d", area), Family: program.M365Family, Names: make(map[string]bool)}
		for i := area; i < len(catalog.Workloads); i += areas {
			if w := catalog.Workloads[i]; w.Kind == world.Azure {
				azure.Names[w.Name] = true
			} else {
				seats.Names[w.Name] = true
			}
		}
		measure := func(change program.Change, subject program.Subject, w program.Window, amount *program.Range) program.Measure {
			return program.Measure{
				Change: change, Subject: subject, Quantity: program.Revenue, Window: w, Amount: amount,
				Feeds: []program.Feed{
					{Workloads: azure, Types: program.SetOf(program.DPOR, program.CSPTier1, program.CSPTier2, program.PAL)},
					{Workloads: seats, Types: program.SetOf(program.CPORUsage, program.CPORPresales, program.CPORRevenue, program.CSPTier1, program.CSPTier2)},
				},
			}
		}
		month := program.Window{Kind: program.AnyMonth, Months: 1}
		aYearBefore := month
		aYearBefore.Back = 12
		year := program.Window{Kind: program.Trailing, Months: 12}
		a := program.Area{
			ID: fmt.Sprintf("area-%d", area), Max: kizuna.Int(100),
			Track: program.TrackRule{Kind: program.SingleTrack, Tracks: []string{program.Single}},
		}
		metric := func(id string, most, full int64, m program.Measure) {
			a.Metrics = append(a.Metrics, program.Metric{ID: id, Category: program.Performance, Rules: map[string]*program.Rule{
				program.Single: {Max: kizuna.Int(most), Combine: program.Sum, Components: []program.Component{
					{Max: kizuna.Int(most), Threshold: kizuna.Int(full), Measure: m},
				}},
			}})
		}
		metric("net_customers", 30, 15, measure(program.Net, program.Tenants, aYearBefore, above))
		metric("workloads", 30, 15, measure(program.Gross, program.Workloads, year, above))
		metric("growth", 20, 80, measure(program.Percent, program.Amount, aYearBefore, nil))
		metric("customers", 20, 20, measure(program.Gross, program.Tenants, month, above))
		out.Areas = append(out.Areas, a)
	}
	return &out
}
