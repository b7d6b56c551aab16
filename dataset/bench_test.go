package dataset_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/fstest"

	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/usage"
)

const benchRows = 1_000_000

// manyRows makes a usage table of a million different rows: 400 tenants, 25,000
// resources, 40 months.
func manyRows() []byte {
	var b bytes.Buffer
	b.WriteString("month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd,active_users,paid_seats,units,currency\n")
	workloads := []string{"Storage", "Virtual Machines", "SQL Database", "Functions", "Sentinel"}
	for i := range benchRows {
		resource, month := i%25_000, i/25_000
		tenant := resource % 400
		sub := fmt.Sprintf("%08x-0000-4000-8000-%012x", tenant*7919, resource/4)
		fmt.Fprintf(&b, "%04d-%02d,,%08x-0000-4000-8000-%012x,%s,/subscriptions/%s/resourceGroups/rg-%d/providers/Microsoft.Compute/virtualMachines/vm%d,%s,,CSP,%d.%06d,,,,\n",
			2020+month/12, month%12+1, tenant*7919, tenant, sub, sub, resource%7, resource, workloads[resource%5], i%977, i)
	}
	return b.Bytes()
}

func BenchmarkLoadAMillionRows(b *testing.B) {
	data := manyRows()
	fsys := fstest.MapFS{"usage.csv": &fstest.MapFile{Data: data}}
	for _, packed := range []bool{true, false} {
		b.Run(fmt.Sprintf("packed=%v", packed), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var d *dataset.Dataset
			for b.Loop() {
				d = nil
				var err error
				d, err = dataset.LoadFS(context.Background(), fsys, dataset.Options{Packed: packed})
				if err != nil || d.Ledger.Len() != benchRows {
					b.Fatal(err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-live")
			runtime.KeepAlive(d)
		})
	}
}

func BenchmarkLedgerAdd(b *testing.B) {
	d, err := dataset.LoadFS(context.Background(), fstest.MapFS{"usage.csv": &fstest.MapFile{Data: manyRows()}}, dataset.Options{})
	if err != nil {
		b.Fatal(err)
	}
	rows := d.Usage
	for b.Loop() {
		l := usage.NewLedger()
		for i := range rows {
			l.Add(&rows[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/row")
}
