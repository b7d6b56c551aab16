package usage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func TestRadixSortIsAStableSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 5),
			rapid.Map(rapid.Uint64Range(0, 5), func(n uint64) uint64 { return n << 50 }))).Draw(t, "keys")
		rows := make([]numbered, len(keys))
		for i, key := range keys {
			rows[i] = numbered{key, uint32(i)}
		}
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b numbered) int {
			switch {
			case a.key < b.key:
				return -1
			case a.key > b.key:
				return 1
			}
			return 0
		})
		if got := radixSort(rows); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// The order is that of keys, and of equal ones that of their appearance.
func TestRowsAreInTheOrderOfTheirKeys(t *testing.T) {
	text := func(t *rapid.T, label string, n int) string {
		return fmt.Sprint(label, rapid.IntRange(0, n).Draw(t, label))
	}
	rapid.Check(t, func(t *rapid.T) {
		l := NewLedger()
		const first = kizuna.Month(2023 * 12)
		for n := range rapid.IntRange(0, 60).Draw(t, "rows") {
			month := first + kizuna.Month(rapid.IntRange(0, 1).Draw(t, "month"))
			row := Row{
				Month: month, Tenant: text(t, "T", 2), Subscription: text(t, "S", 2), Workload: text(t, "w", 2),
				OfferType: text(t, "o", 1), Channel: text(t, "c", 1), Currency: text(t, "u", 1),
			}
			if rapid.Bool().Draw(t, "scoped") {
				row.Scope = text(t, "/subscriptions/", 2) + rapid.SampledFrom([]string{"", "/", "/a", "-a", "/A"}).Draw(t, "rest")
			}
			if day := rapid.IntRange(0, 3).Draw(t, "day"); day > 0 {
				date := month.Day(day)
				row.Day = &date
			}
			if rapid.Bool().Draw(t, "loud") {
				row.Tenant, row.Subscription, row.Scope = strings.ToUpper(row.Tenant), strings.ToUpper(row.Subscription), strings.ToUpper(row.Scope)
			}
			row.At.Line = n + 1
			if l.Add(&row); rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
				l.Cut()
			}
		}
		want := l.Rows()
		slices.SortStableFunc(want, func(a, b Row) int {
			var k, l Key
			k.Set(&a)
			l.Set(&b)
			return cmp.Or(cmp.Compare(a.Month, b.Month), k.Compare(&l))
		})
		months := l.ByMonth()
		positions := append(slices.Clone(months[first]), months[first+1]...)
		if len(positions) != len(want) {
			t.Fatalf("%d rows of %d", len(positions), len(want))
		}
		var row Row
		for i, position := range positions {
			l.Row(int(position), &row)
			said := func(r *Row) string { return fmt.Sprint(r.Tenant, r.Scope, r.Subscription, r.At, dayOf(r)) }
			if said(&row) != said(&want[i]) {
				t.Fatalf("row %d is %+v, want %+v", i, row, want[i])
			}
		}
	})
}

func TestNothingIsAddedToRowsBeforeACut(t *testing.T) {
	l := NewLedger()
	rows := []Row{{Month: 24000, Tenant: "A", Lines: 1}, {Month: 24000, Tenant: "b"}}
	l.Add(&rows[0])
	l.Cut()
	if _, ok := l.Find(&rows[0]); ok || l.SinceCut() != 0 {
		t.Error("a row before the cut is found")
	}
	for range 2 {
		l.Add(&rows[0])
		l.Add(&rows[1])
	}
	if l.Len() != 3 || l.SinceCut() != 2 {
		t.Errorf("%d rows, %d since the cut", l.Len(), l.SinceCut())
	}
	rest := l.Split()
	if l.Len() != 1 || l.SinceCut() != 0 || rest.Len() != 2 {
		t.Errorf("%d rows stay, %d are split off", l.Len(), rest.Len())
	}
	if got := rest.Rows(); got[0].Tenant != "A" || got[0].Lines != 2 || got[1].Tenant != "b" {
		t.Errorf("%+v", got)
	}
	if l.Add(&rows[1]); l.Len() != 2 || l.Rows()[1].Tenant != "b" {
		t.Errorf("%+v", l.Rows())
	}
}
