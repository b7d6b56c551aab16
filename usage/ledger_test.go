package usage_test

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage"
)

func TestFindSeesThePositionAtWhichARowWasAddedUp(t *testing.T) {
	month := kizuna.NewDate(2023, 10, 1).Month()
	row := func(tenant, workload string) *usage.Row {
		return &usage.Row{Month: month, Tenant: tenant, Workload: workload}
	}
	l := usage.NewLedger()
	if _, ok := l.Find(row("t1", "Storage")); ok {
		t.Error("an empty ledger found a row")
	}
	for i, c := range []struct {
		row      *usage.Row
		position int
		merged   bool
	}{
		{row("t1", "Storage"), 0, false},
		{row("t1", "storage"), 1, false}, // workloads have case
		{row("T1", "Storage"), 0, true},  // tenants have none
		{row("t2", "Storage"), 2, false},
		{row("t1", "storage"), 1, true},
	} {
		if position, merged := l.Add(c.row); position != c.position || merged != c.merged {
			t.Errorf("%d: added at %d, %v", i, position, merged)
		}
		if position, ok := l.Find(c.row); position != c.position || !ok {
			t.Errorf("%d: found at %d, %v", i, position, ok)
		}
	}
	if _, ok := l.Find(row("t3", "Storage")); ok || l.Len() != 3 {
		t.Errorf("%d rows", l.Len())
	}
}

// A ledger says what adding up row by row in a map says, whatever the spelling of
// ids, and however many texts there are.
func TestALedgerAddsUpWhatAPlainMapAddsUp(t *testing.T) {
	type plain struct {
		month                          kizuna.Month
		day                            kizuna.Date
		tenant, scope, workload, other string
	}
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "A", "b", "Straße", "STRASSE", "İstanbul", "ß", "ẞ", "kelvin", "\u212Aelvin"}),
		rapid.StringMatching(`/SUBscriptions/[A-Za-c@\[{é]{6,10}/[x-zX-Z]{0,9}`),
		rapid.Map(rapid.IntRange(0, 2000), func(n int) string { return strings.Repeat("Resource", n%3) + strconv.Itoa(n) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		l := usage.NewLedger()
		sums, first := make(map[plain]int64), make(map[plain]usage.Row)
		var order []plain
		for i := range rapid.IntRange(0, 400).Draw(t, "rows") {
			users := rapid.Int64Range(0, 9).Draw(t, "users")
			row := usage.Row{
				Month: kizuna.NewDate(2024, 9, 1).Month(), Tenant: text.Draw(t, "tenant"), Scope: text.Draw(t, "scope"),
				Workload: text.Draw(t, "workload"), Channel: rapid.SampledFrom([]string{"", "CSP", "csp"}).Draw(t, "channel"),
				ActiveUsers: &users, At: kizuna.Ref{File: "f", Line: i + 1},
			}
			key := plain{row.Month, 0, strings.ToLower(row.Tenant), strings.ToLower(row.Scope), row.Workload, row.Channel}
			if rapid.Bool().Draw(t, "by day") {
				day := kizuna.NewDate(2024, 9, rapid.IntRange(1, 3).Draw(t, "day"))
				row.Day, key.day = &day, day
			}
			position, merged := l.Add(&row)
			if _, known := first[key]; known != merged || !known && position != len(order) {
				t.Fatalf("row %d is added at %d, merged %v", i, position, merged)
			}
			if !merged {
				first[key] = row
				order = append(order, key)
			}
			sums[key] += users
		}
		if l.Len() != len(order) {
			t.Fatalf("%d rows, want %d", l.Len(), len(order))
		}
		for i, row := range l.All() {
			want := first[order[i]]
			if row.Tenant != want.Tenant || row.Scope != want.Scope || row.Workload != want.Workload || row.Channel != want.Channel ||
				row.At != want.At || *row.ActiveUsers != sums[order[i]] {
				t.Fatalf("row %d is %+v, want %+v", i, row, want)
			}
		}
	})
}
