package usage_test

import (
	"testing"

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
