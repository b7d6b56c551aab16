package usage_test

import (
	"fmt"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage"
)

// BenchmarkLedgerAdd adds rows as bills have them: of resources that were never
// seen, of resources that were there the day before, and rows that equal another.
func BenchmarkLedgerAdd(b *testing.B) {
	const rows = 1 << 17
	first := kizuna.NewDate(2024, 9, 1)
	amount, err := kizuna.ParseDecimal("12.345678")
	if err != nil {
		b.Fatal(err)
	}
	workloads := []string{"Storage", "Virtual Machines", "SQL Database", "Functions", "Microsoft Sentinel"}
	for _, resources := range []int{rows, rows / 30, 1000} {
		texts := make([]usage.Row, resources)
		for i := range texts {
			subscription := fmt.Sprintf("%08x-0000-4000-8000-%012x", i/50*7919, i/50)
			texts[i] = usage.Row{
				Month: first.Month(), Tenant: fmt.Sprintf("%08x-0000-4000-9000-%012x", i/400*7919, i/400), Subscription: subscription,
				Scope:    fmt.Sprintf("/subscriptions/%s/resourceGroups/rg-%d/providers/Microsoft.Compute/virtualMachines/vm%d", subscription, i%7, i),
				Workload: workloads[i%len(workloads)], Revenue: &amount, At: kizuna.Ref{File: "bill.csv", Line: i + 2},
			}
		}
		b.Run(fmt.Sprintf("resources=%d", resources), func(b *testing.B) {
			b.ReportAllocs()
			var row usage.Row
			var day kizuna.Date
			for b.Loop() {
				l := usage.NewLedger()
				for i := range rows {
					row = texts[i%resources]
					day = first.AddDays(i / resources % 30)
					row.Day = &day
					l.Add(&row)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
}
