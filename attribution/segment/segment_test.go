package segment_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

func amount(t *rapid.T, label string) kizuna.Micro {
	return kizuna.Micro(rapid.OneOf(
		rapid.Int64(),
		rapid.SampledFrom([]int64{0, math.MinInt64, math.MaxInt64, 1}),
		rapid.Map(rapid.Int64Range(-1000, 1000), func(n int64) int64 { return n * 10_000 }),
	).Draw(t, label))
}

func drawRow(t *rapid.T) segment.Row {
	row := segment.Row{Month: kizuna.Month(rapid.IntRange(2019*12, 2023*12).Draw(t, "month"))}
	if rapid.Bool().Draw(t, "daily") {
		row.Day = uint8(rapid.IntRange(1, row.Month.Days()).Draw(t, "day"))
	} else if row.Snapshot = rapid.Bool().Draw(t, "snapshot"); row.Snapshot {
		row.Users, row.Seats = amount(t, "users"), amount(t, "seats")
		if row.Units = row.Users; rapid.Bool().Draw(t, "own units") {
			row.Units = amount(t, "units")
		}
	}
	if row.HasMoney = rapid.Bool().Draw(t, "money"); row.HasMoney {
		row.Money = amount(t, "amount")
	}
	if rapid.IntRange(0, 3).Draw(t, "asserted") == 0 {
		row.Asserted = []segment.Assertion{}
		for range rapid.IntRange(0, 2).Draw(t, "assertions") {
			row.Asserted = append(row.Asserted, segment.Assertion{Type: program.PAL, Partner: segment.Partner(rapid.IntRange(0, 1).Draw(t, "partner"))})
		}
	}
	return row
}

// drawRows may also draw what is frequent: one row a day or a month, without a gap.
func drawRows(t *rapid.T) []segment.Row {
	if rapid.Bool().Draw(t, "regular") {
		start := kizuna.NewDate(2023, 1, rapid.IntRange(1, 31).Draw(t, "start"))
		rows := make([]segment.Row, rapid.IntRange(1, 100).Draw(t, "rows"))
		daily := rapid.Bool().Draw(t, "of days")
		for i := range rows {
			rows[i] = segment.Row{Month: start.Month().Add(i), HasMoney: true, Money: amount(t, "amount")}
			if day := start.AddDays(i); daily {
				rows[i].Month, rows[i].Day = day.Month(), uint8(day-day.Month().Day(1))+1
			}
		}
		return rows
	}
	rows := rapid.SliceOfN(rapid.Custom(drawRow), 0, 12).Draw(t, "rows")
	slices.SortStableFunc(rows, byTime)
	return rows
}

func byTime(a, b segment.Row) int {
	return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}

func drawInstant(t *rapid.T, label string) kizuna.Instant {
	return rapid.SampledFrom([]kizuna.Instant{kizuna.Never, -1, 0, 1_700_000_000, math.MaxUint32 - 70_000, math.MaxUint32, kizuna.Forever}).Draw(t, label)
}

func drawTenant(t *rapid.T, b *segment.Builder, id string) *segment.Tenant {
	out := &segment.Tenant{ID: id, Country: b.Name("JP"), Segment: b.Name("SMB")}
	for range rapid.IntRange(0, 4).Draw(t, "resources") {
		out.Resources = append(out.Resources, segment.Resource{
			Kind: segment.Kind{
				Workload: b.Name(rapid.SampledFrom([]string{"", "Storage", "Teams"}).Draw(t, "workload")),
				Product:  b.Name(rapid.SampledFrom([]string{"Azure", ""}).Draw(t, "product")),
			},
			Owned: rapid.Bool().Draw(t, "owned"),
			Rows:  drawRows(t),
		})
	}
	for range rapid.IntRange(0, 3*min(1, len(out.Resources))).Draw(t, "reaches") {
		first := rapid.IntRange(0, len(out.Resources)-1).Draw(t, "first")
		r := segment.Reach{
			Type: program.Type(rapid.IntRange(0, int(program.TPOR)).Draw(t, "type")), Location: b.Partner(rapid.SampledFrom([]string{"L1", "l1", "L2"}).Draw(t, "location")),
			First: uint32(first), End: uint32(rapid.IntRange(first+1, len(out.Resources)).Draw(t, "end")),
			By:     segment.By(rapid.IntRange(0, 3).Draw(t, "by")),
			What:   b.Name(rapid.SampledFrom([]string{"Owner", "Storage"}).Draw(t, "what")),
			During: kizuna.Interval{From: drawInstant(t, "from"), To: drawInstant(t, "to")},
		}
		switch {
		case r.By == segment.ByOwner:
			r.Active = drawInstant(t, "active")
		case r.By == segment.ByWorkload:
			r.Type = rapid.SampledFrom(segment.Claims.Types()).Draw(t, "claim")
		}
		out.Reaches = append(out.Reaches, r)
	}
	return out
}

var ids = []string{
	"", "a", "b", "contoso.example", "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-55555555555g",
	"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "11111111-2222-3333-4444-55555555555", strings.Repeat("x", 254),
}

// drawSegment returns a segment's bytes and what was put into it.
func drawSegment(t *rapid.T) ([]byte, []*segment.Tenant) {
	var out bytes.Buffer
	b := segment.NewBuilder(&out)
	b.SetLabel("a label")
	b.Partner("G1") // number 1
	b.SetLocations([]association.Location{
		{ID: "L1", Global: "G1", During: kizuna.Interval{From: 0, To: 100}}, {ID: "L1", Global: "G2", During: kizuna.Interval{From: 100, To: 200}},
	})
	chosen := rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID[string]).Draw(t, "tenants")
	slices.Sort(chosen)
	var tenants []*segment.Tenant
	for _, id := range chosen {
		tenant := drawTenant(t, b, id)
		if err := b.Add(tenant); err != nil {
			t.Fatal(err)
		}
		tenants = append(tenants, tenant)
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), tenants
}

func unpacked(t interface{ Fatal(...any) }, s *segment.Segment) (all []*segment.Tenant) {
	for i := range s.Blocks() {
		b, err := s.Block(i)
		if err != nil {
			t.Fatal(err)
		}
		for k := range b.Len() {
			tenant, err := b.Tenant(k)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, tenant)
		}
	}
	return all
}

// same compares tenants; rows of one instant may change their order.
func same(a, b []*segment.Tenant) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d tenants, not %d", len(a), len(b))
	}
	for i := range a {
		x, y := *a[i], *b[i]
		for _, t := range []*segment.Tenant{&x, &y} {
			t.Resources = slices.Clone(t.Resources)
			for k := range t.Resources {
				r := &t.Resources[k]
				r.Rows = slices.Clone(r.Rows)
				slices.SortFunc(r.Rows, func(a, b segment.Row) int {
					return cmp.Or(byTime(a, b), strings.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b))) // nil and empty differ
				})
				if len(r.Rows) == 0 {
					r.Rows = nil
				}
			}
		}
		if !reflect.DeepEqual(x, y) {
			return fmt.Sprintf("tenant %q is\n%+v, not\n%+v", x.ID, y, x)
		}
	}
	return ""
}

func TestWhatIsBuiltIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, want := drawSegment(t)
		s, err := segment.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if difference := same(want, unpacked(t, s)); difference != "" {
			t.Fatal(difference)
		}
		info := s.Info()
		if info.Label != "a label" || info.Tenants != len(want) || info.FileBytes != len(data) {
			t.Fatalf("%+v", info)
		}
		for _, id := range ids {
			b, i, ok, err := s.Find(strings.ToUpper(id))
			if err != nil {
				t.Fatal(err)
			}
			if kept := slices.ContainsFunc(want, func(t *segment.Tenant) bool { return t.ID == id }); ok != kept || ok && b.ID(i) != id {
				t.Fatalf("found %q: %v", id, ok)
			}
		}
	})
}

func TestAnyDamageIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, _ := drawSegment(t)
		damaged := slices.Clone(data)
		switch rapid.IntRange(0, 2).Draw(t, "damage") {
		case 0: // a bit
			bit := rapid.IntRange(0, 8*len(data)-1).Draw(t, "bit")
			damaged[bit/8] ^= 1 << (bit % 8)
		case 1: // the end is missing
			damaged = damaged[:rapid.IntRange(0, len(data)-1).Draw(t, "length")]
		case 2: // a stretch is zero
			from := rapid.IntRange(0, len(data)-1).Draw(t, "from")
			clear(damaged[from:rapid.IntRange(from, len(data)).Draw(t, "to")])
			if bytes.Equal(data, damaged) {
				return
			}
		}
		s, err := segment.Read(damaged)
		if err == nil {
			err = s.Check()
		}
		if code := kizuna.CodeOf(err); code != "segment-damaged" && code != "segment-damaged-block" {
			t.Fatalf("the damage was not found: %v", err)
		}
	})
}

func TestWhoWatchesHearsOfEveryBlockAndCanEndTheWriting(t *testing.T) {
	var out bytes.Buffer
	b := segment.NewBuilder(&out)
	enough := errors.New("enough")
	var heard []int
	b.Watch(func(tenants int) error {
		if heard = append(heard, tenants); len(heard) == 2 {
			return enough
		}
		return nil
	})
	var err error
	for i := 0; err == nil && i < 1e6; i++ {
		err = b.Add(&segment.Tenant{ID: fmt.Sprintf("%0200d", i)})
	}
	if !errors.Is(err, enough) || len(heard) != 2 || heard[0] < 1 || heard[1] <= heard[0] {
		t.Errorf("%v after %v", err, heard)
	}
	if err := b.Finish(); !errors.Is(err, enough) {
		t.Errorf("finished: %v", err)
	}
	if _, err := segment.Read(out.Bytes()); err == nil {
		t.Error("half a segment is read")
	}
}

func TestLocationsBelongToAccountsForATime(t *testing.T) {
	var out bytes.Buffer
	b := segment.NewBuilder(&out)
	l1, global, unknown := b.Partner("L1"), b.Partner("g2"), b.Partner("L9")
	b.SetLocations([]association.Location{
		{ID: "L1", Global: "G1", During: kizuna.Interval{From: 0, To: 100}}, {ID: "l1", Global: "G2", During: kizuna.Interval{From: 100, To: 200}},
	})
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	name := func(account uint32) string {
		if account == segment.NoAccount {
			return "-"
		}
		return s.Account(account)
	}
	for _, c := range []struct {
		at   kizuna.Instant
		want string
	}{{50, "G1 - -"}, {100, "G2 - G2"}, {200, "- - -"}} {
		of, itself := s.AccountsOn(c.at)
		if got := name(of[l1]) + " " + name(of[unknown]) + " " + name(itself[global]); got != c.want {
			t.Errorf("at %d: %s, want %s", c.at, got, c.want)
		}
	}
}

// A tenant is found by guesses where ids are spread evenly, and wherever else it stands.
func TestTenantsOfAnyIDsAreFound(t *testing.T) {
	shapes := map[string]func(i int) string{
		"guids spread evenly":  func(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000001", uint32(i)*2654435761) },
		"guids that are close": func(i int) string { return fmt.Sprintf("7e000000-0000-4000-8000-%012x", i*i) },
		"guids and texts": func(i int) string {
			if i%3 == 0 {
				return fmt.Sprintf("%05d.example", i)
			}
			return fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7919, i)
		},
	}
	const tenants = 6000
	for name, id := range shapes {
		var ids []string
		for i := range tenants {
			ids = append(ids, id(i))
		}
		slices.Sort(ids)
		var out bytes.Buffer
		b := segment.NewBuilder(&out)
		for i := 0; i < tenants; i += 2 { // every other one
			kind := segment.Kind{Workload: b.Name("Storage"), Product: b.Name(strings.Repeat("x", 50))}
			row := segment.Row{Month: 24000, HasMoney: true, Money: kizuna.Micro(i)}
			one := segment.Resource{Kind: kind, Rows: []segment.Row{row}}
			if err := b.Add(&segment.Tenant{ID: ids[i], Resources: []segment.Resource{one, one, one, one}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Finish(); err != nil {
			t.Fatal(err)
		}
		s, err := segment.Read(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if s.Blocks() < 3 {
			t.Fatalf("%s: %d blocks", name, s.Blocks())
		}
		for range 2 { // blocks are known from the second time on
			for i, want := range ids {
				b, at, ok, err := s.Find(want)
				if err != nil || ok != (i%2 == 0) || ok && b.ID(at) != want {
					t.Fatalf("%s: %q is found: %t, %v", name, want, ok, err)
				}
			}
		}
	}
}
