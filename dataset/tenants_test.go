package dataset_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/usage"
)

// Some customers' rows are those that loading everything finds of them: of what was
// imported and of the directory's own table.
func TestUsageOfSomeCustomersIsTheirs(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{},
		d.file("bill.csv", bill("2024-09-01,s1,t1,1.5", "2024-09-01,s1,T1,2", "2024-10-02,s2,t2,4", "2024-10-02,s3,t3,8")),
		d.file("late.csv", bill("2024-11-01,s3,t3,16", "2024-11-02,s1,t1,32")))
	own := "month,tenant_id,subscription_id,workload,revenue_usd\n2024-09,t2,s2,Storage,64\n2024-12,T3,s3,Storage,128\n"
	if err := os.WriteFile(filepath.Join(d.data, "usage.csv"), []byte(own), 0o666); err != nil {
		t.Fatal(err)
	}
	shelf := dataset.Directory(d.data)
	all, err := dataset.LoadShelf(context.Background(), shelf, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, tenants := range [][]string{nil, {"nobody"}, {"t1"}, {"T2"}, {"t3", "T1"}, {"t1", "t2", "t3"}} {
		got, reading, err := dataset.UsageOf(context.Background(), shelf, dataset.Part{Tenants: tenants})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(slices.Clone(all.Usage), func(r usage.Row) bool {
			return !slices.ContainsFunc(tenants, func(id string) bool { return association.Fold(id) == association.Fold(r.Tenant) })
		})
		if !slices.EqualFunc(got.Rows(), want, sameRow) {
			t.Errorf("%q: %+v\nwant %+v", tenants, got.Rows(), want)
		}
		seen += len(want)
		read := 0
		for _, table := range reading.Tables[min(1, len(reading.Tables)):] { // of the own table all lines are
			read += table.Source.Rows
		}
		if imported := len(slices.DeleteFunc(want, func(r usage.Row) bool { return r.At.File == "usage.csv" })); read != imported {
			t.Errorf("%q: %d rows were read of what was imported, not %d", tenants, read, imported)
		}
	}
	if seen < 12 {
		t.Errorf("only %d rows", seen)
	}
}

func sameRow(a, b usage.Row) bool {
	money := a.Revenue.String() == b.Revenue.String()
	a.Revenue, b.Revenue = nil, nil
	days := (a.Day == nil) == (b.Day == nil) && (a.Day == nil || *a.Day == *b.Day)
	a.Day, b.Day = nil, nil
	return money && days && a == b
}
