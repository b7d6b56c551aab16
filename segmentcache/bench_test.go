package segmentcache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/internal/processor"
)

// BenchmarkRestatement opens a place of a million rows of imported statements, 2,000
// customers with 42 resources over 12 months, of which 20 customers' usage of one month
// from a second source is restated: as a delta over the segment, and with all usage
// packed anew.
func BenchmarkRestatement(b *testing.B) {
	const customers, resources, months = 2000, 42, 12
	p := &place{dir: filepath.Join(b.TempDir(), "data")}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		b.Fatal(err)
	}
	const header = "month,tenant_id,subscription_id,scope,workload,revenue_usd\n"
	line := func(out *strings.Builder, month, customer, resource, amount int) {
		fmt.Fprintf(out, "2023-%02d,t%04d,s%04d,/subscriptions/s%04d/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm%d,%s,%d.%02d\n",
			month, customer, customer, customer, resource, [...]string{"Virtual Machines", "Storage", "SQL Database"}[resource%3], amount+resource, customer%100)
	}
	var all, csp strings.Builder
	all.WriteString(header)
	csp.WriteString("subscription_id,tier,location_id,from,to\n")
	for c := range customers {
		fmt.Fprintf(&csp, "s%04d,T1,L%d,2020-01-01,\n", c, c%2)
		for r := range resources {
			for m := range months {
				line(&all, m+1, c, r, m)
			}
		}
	}
	p.writeTable(b, "partners.csv", "location_id,global_id\nL0,G0\nL1,G1\n")
	p.writeTable(b, "csp.csv", csp.String())
	p.imports(b, "all.csv", all.String())
	restate := func(amount int) {
		var out strings.Builder
		out.WriteString(header)
		for c := range 20 {
			for r := range resources {
				line(&out, 10, 100*c, r+resources, amount)
			}
		}
		p.imports(b, "some.csv", out.String())
	}
	restate(1)
	open := func(b *testing.B) {
		b.Helper()
		f := p.open(b, p.cache())
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	open(b)
	restate(2)
	for _, way := range []struct{ name, forgets string }{{"delta", "*.delta"}, {"anew", "*"}} {
		b.Run(way.name, func(b *testing.B) {
			start := processor.Time()
			for range b.N {
				open(b)
				b.StopTimer()
				p.removeAll(b, way.forgets)
				b.StartTimer()
			}
			b.ReportMetric(float64((processor.Time()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
	open(b)
	b.Run("kept", func(b *testing.B) {
		start := processor.Time()
		for range b.N {
			open(b)
		}
		b.ReportMetric(float64((processor.Time()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	})
}
