package segment_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// What is extended has the rows up to the month and those that were added, and is else
// what it was; more sees what each resource carries in the month.
func TestARecordIsExtended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, tenants := drawSegment(t)
		s, err := segment.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		month := kizuna.Month(rapid.IntRange(2019*12, 2023*12).Draw(t, "month"))
		if len(tenants) > 0 && len(tenants[0].Resources) > 0 && rapid.Bool().Draw(t, "a month that there is") {
			if rows := tenants[0].Resources[0].Rows; len(rows) > 0 {
				month = rapid.SampledFrom(rows).Draw(t, "row").Month
			}
		}
		x := segment.NewExtender(s)
		for i := range s.Blocks() {
			b, err := s.Block(i)
			if err != nil {
				t.Fatal(err)
			}
			for k := range b.Len() {
				want, err := b.Tenant(k)
				if err != nil {
					t.Fatal(err)
				}
				var r segment.Record
				b.Record(k, &r)
				added := make([][]segment.Row, len(want.Resources))
				err = x.Extend(&r, month, func(resource int, last []segment.Row) []segment.Row {
					money := kizuna.Micro(0)
					for _, row := range last {
						if row.Month != month || row.Day != 0 {
							t.Fatalf("a row of %s, day %d", row.Month, row.Day)
						}
						money += row.Money
					}
					for _, row := range want.Resources[resource].Rows {
						if row.Month == month {
							money -= row.Money
						}
					}
					if money != 0 {
						t.Fatalf("resource %d carries %s more than its rows", resource, money)
					}
					for _, row := range last {
						row.Month++
						added[resource] = append(added[resource], row)
					}
					return added[resource]
				})
				if err != nil {
					t.Fatal(err)
				}
				got := r.Tenant()
				got.ID = want.ID
				for n := range want.Resources {
					w := &want.Resources[n]
					w.Rows = append(slices.DeleteFunc(w.Rows, func(row segment.Row) bool { return row.Month > month }), added[n]...)
				}
				if d := same([]*segment.Tenant{want}, []*segment.Tenant{got}); d != "" {
					t.Fatal(d)
				}
			}
		}
	})
}
