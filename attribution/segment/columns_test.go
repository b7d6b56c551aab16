package segment_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// statementsOf writes the rows of a source as statements, month by month.
func statementsOf(t testing.TB, rows []usage.Row) (files []*statement.File) {
	t.Helper()
	s := statement.NewSorter(t.TempDir())
	defer s.Close()
	if err := s.Hold(usage.Collect(rows)); err != nil {
		t.Fatal(err)
	}
	for _, month := range s.Months() {
		var out bytes.Buffer
		if _, err := s.Write(context.Background(), month, &out); err != nil {
			t.Fatal(err)
		}
		f, err := statement.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// bothWays builds segments of statements by columns and row by row, and says what is
// in them and what was refused.
func bothWays(t testing.TB, files []*statement.File, f *association.Facts, rates []usage.Rate) (columns, rows []string) {
	t.Helper()
	var byColumns, byRows bytes.Buffer
	b := segment.NewBuilder(&byColumns)
	c := segment.NewCompiler(b, f, attribution.NewRates(rates))
	refused, err := c.AddStatements(b, files)
	if err != nil {
		t.Fatal(err)
	}
	b.SetLocations(f.Locations)
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	ledger := usage.NewLedger()
	for _, file := range files {
		for row, err := range file.All() {
			if err != nil {
				t.Fatal(err)
			}
			ledger.Add(row)
		}
	}
	also, err := segment.Build(segment.NewBuilder(&byRows), &attribution.Facts{Associations: f, Usage: ledger, Rates: rates})
	if err != nil {
		t.Fatal(err)
	}
	return append(told(t, byColumns.Bytes()), toldRefused(refused)...), append(told(t, byRows.Bytes()), toldRefused(also)...)
}

func toldRefused(refused []attribution.Refusal) (out []string) {
	for _, r := range refused {
		out = append(out, r.Err.Error())
	}
	slices.Sort(out)
	return out
}

// told writes what a segment says, by names and not by their numbers.
func told(t testing.TB, data []byte) (out []string) {
	t.Helper()
	s, err := segment.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Blocks() {
		block, err := s.Block(i)
		if err != nil {
			t.Fatal(err)
		}
		for k := range block.Len() {
			tenant, err := block.Tenant(k)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%q %s %s", tenant.ID, s.Name(tenant.Country), s.Name(tenant.Segment)))
			for _, r := range tenant.Resources {
				out = append(out, fmt.Sprintf("  %q %q %q %q %v", s.Name(r.Workload), s.Name(r.Product), s.Name(r.Offer), s.Name(r.Channel), r.Owned))
				for _, row := range r.Rows {
					var asserted []string
					for _, a := range row.Asserted {
						asserted = append(asserted, fmt.Sprint(a.Type, s.Partner(a.Partner)))
					}
					row.Asserted = nil
					out = append(out, fmt.Sprintf("    %+v %v", row, asserted))
				}
			}
			var reaches []string
			for _, r := range tenant.Reaches {
				reaches = append(reaches, fmt.Sprintf("  %v %s %d-%d %v %q %v %v", r.Type, s.Partner(r.Location), r.First, r.End, r.By, s.Name(r.What), r.Active, r.During))
			}
			slices.Sort(reaches)
			out = append(out, reaches...)
		}
	}
	return out
}

func sameLines(t interface {
	Helper()
	Fatalf(string, ...any)
}, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d of\n%s\nis not that of\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// A segment of statements that are read by columns says what one says that is made row
// by row: in worlds with everything that rows can carry, however they are dealt out to
// files.
func TestColumnsSayWhatRowsSay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := worldtest.DrawMixed(rt)
		sources := make([][]usage.Row, rapid.IntRange(1, 3).Draw(rt, "files"))
		deal := func(row usage.Row) {
			i := rapid.IntRange(0, len(sources)-1).Draw(rt, "file")
			sources[i] = append(sources[i], row)
		}
		for _, row := range f.Usage.Rows() {
			deal(row)
		}
		plain := rapid.IntRange(0, 20).Draw(rt, "plain rows")
		for range plain {
			deal(drawPlain(rt))
		}
		var files []*statement.File
		for _, rows := range sources {
			files = append(files, statementsOf(t, rows)...)
		}
		columns, rows := bothWays(t, files, f.Associations, f.Rates)
		sameLines(rt, columns, rows)
	})
}

// drawPlain draws a row as bills have them, of a customer of its own, in few spellings.
func drawPlain(t *rapid.T) usage.Row {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	month := kizuna.Month(2023*12 + rapid.IntRange(7, 8).Draw(t, "month"))
	row := usage.Row{
		Month: month, Tenant: pick("tenant", "p1", "P1", "p2"), Subscription: pick("subscription", "q1", "Q1", ""),
		Scope:    pick("scope", "", "/subscriptions/q1", "/subscriptions/Q1/a", "/subscriptions/q1/A", "/subscriptions/q1/a-b", "/subscriptions/q1/a/b"),
		Workload: pick("workload", "Storage", "VM"), Channel: pick("channel", "", "CSP"), Currency: pick("currency", "", "", "", "USD"),
	}
	if rapid.Bool().Draw(t, "daily") {
		day := month.Day(rapid.IntRange(1, 30).Draw(t, "day"))
		row.Day = &day
	}
	if amount, err := kizuna.ParseDecimal(pick("amount", "1", "0.0000004", "-12.5", "1234.567891", "99999999999999999999")); err == nil && rapid.IntRange(0, 9).Draw(t, "has money") > 0 {
		row.Revenue = &amount
	}
	if row.Day == nil && rapid.Bool().Draw(t, "counts") {
		users := int64(rapid.IntRange(0, 9).Draw(t, "users"))
		row.ActiveUsers = &users
	}
	return row
}

// billRows are rows of a program: tenants with days of Azure by resource, and months of
// seats.
func billRows(tenants, months, days int) (rows []usage.Row) {
	for tenant := range tenants {
		id := fmt.Sprintf("00000000-0000-0000-0000-%012d", tenant)
		subscription := fmt.Sprintf("11111111-0000-0000-0000-%012d", tenant)
		for m := range months {
			month := kizuna.Month(2022*12 + m)
			for resource := range tenant%5 + 1 {
				scope := fmt.Sprintf("/subscriptions/%s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-%d", subscription, resource)
				for d := range days {
					day := month.Day(d + 1)
					amount := kizuna.Micro(1_000_000 + tenant*1000 + resource*77_000 + d*10_000).Decimal()
					rows = append(rows, usage.Row{
						Month: month, Day: &day, Tenant: id, Subscription: subscription, Scope: scope,
						Workload: [...]string{"Virtual Machines", "Storage", "SQL Database"}[resource%3], Channel: "CSP", Revenue: &amount,
						At: kizuna.Ref{File: "bill.csv", Line: len(rows) + 2}, Lines: 1,
					})
				}
			}
			users, seats := int64(10+tenant%100), int64(20+tenant%100)
			rows = append(rows, usage.Row{
				Month: month, Tenant: id, Workload: "Exchange", ActiveUsers: &users, PaidSeats: &seats,
				At: kizuna.Ref{File: "bill.csv", Line: len(rows) + 2}, Lines: 1,
			})
		}
	}
	return rows
}

// Many pages and row groups.
func TestColumnsOfManyPages(t *testing.T) {
	f := &association.Facts{Locations: []association.Location{{ID: "L1", Global: "G1", During: kizuna.Always}}}
	columns, rows := bothWays(t, statementsOf(t, billRows(400, 3, 28)), f, nil)
	sameLines(t, columns, rows)
	if len(columns) < 80_000 {
		t.Errorf("%d lines", len(columns))
	}
}
