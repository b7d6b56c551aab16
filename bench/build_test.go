package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna"
)

// imported is a small bill as statements, and what is in them.
func imported(t *testing.T) (place string, rows, tenants int, revenue kizuna.Micro) {
	t.Helper()
	dir := t.TempDir()
	bill := filepath.Join(dir, "bill.csv")
	if err := writeBill(bill, billRow, 3000, 30); err != nil {
		t.Fatal(err)
	}
	place = filepath.Join(dir, "data")
	if err := importBill(t.Context(), bill, place); err != nil {
		t.Fatal(err)
	}
	files, err := statements(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		defer f.Close()
		for row, err := range f.All() {
			if err != nil {
				t.Fatal(err)
			}
			micro, exact, ok := row.Revenue.Millionths()
			if !exact || !ok {
				t.Fatalf("an amount of %v", row.Revenue)
			}
			rows, revenue = rows+1, revenue+micro
		}
		for _, err := range f.Tenants() {
			if err != nil {
				t.Fatal(err)
			}
			tenants++
		}
	}
	return place, rows, tenants, revenue
}

func TestABillBecomesASegment(t *testing.T) {
	place, rows, tenants, _ := imported(t)
	if rows != 3000 || tenants != 4 {
		t.Errorf("%d rows of %d tenants", rows, tenants)
	}
	if err := buildSegment(context.Background(), place); err != nil {
		t.Error(err)
	}
}
