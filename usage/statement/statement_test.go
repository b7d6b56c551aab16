package statement_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/statement"
)

const month = kizuna.Month(2023*12 + 8)

// drawRow draws a row with everything that rows can carry, out of few texts so that
// rows meet.
func drawRow(t *rapid.T) usage.Row {
	text := func(label string, some ...string) string { return rapid.SampledFrom(some).Draw(t, label) }
	row := usage.Row{
		Month:        month,
		Tenant:       text("tenant", "t1", "T1", "t2", "", "é", "00000000-0000-0000-0000-00000000000A"),
		Subscription: text("subscription", "", "s1", "S1", "s2"),
		Scope: text("scope", "", "/subscriptions/s1", "/subscriptions/s1/", "/subscriptions/S1/resourceGroups/a",
			"/subscriptions/s1/resourcegroups/a-b", "/subscriptions/s1/resourcegroups/a/x", "app\x00", "app\x01x", "app"),
		Workload:  text("workload", "", "VM", "Storage", "日本"),
		OfferType: text("offer", "", "EA"),
		Channel:   text("channel", "", "CSP", "EA"),
		Asserted:  usage.Asserted{SourceRow: text("source row", "", "r1", "r2"), Location: text("location", "", "L1"), Type: text("type", "", "PAL")},
		At:        kizuna.Ref{File: text("file", "", "a.csv"), Line: rapid.IntRange(0, 1<<31).Draw(t, "line")},
		Lines:     rapid.IntRange(1, 3).Draw(t, "lines"),
	}
	if rapid.Bool().Draw(t, "daily") {
		day := month.Day(rapid.IntRange(1, month.Days()).Draw(t, "day"))
		row.Day = &day
	}
	if rapid.Bool().Draw(t, "revenue") {
		amount, err := kizuna.ParseDecimal(rapid.OneOf(
			rapid.SampledFrom([]string{"0", "-0.0000005", "1e60", "-9223372036854.775808", "9223372036854775807.5", "0.1234567", "12345678901234567890.123456789012345678901234567890"}),
			rapid.Map(rapid.IntRange(-1<<40, 1<<40), func(n int) string { return fmt.Sprintf("%de-%d", n, n&7) }),
		).Draw(t, "amount"))
		if err != nil {
			t.Fatal(err)
		}
		row.Revenue, row.Currency = &amount, text("currency", "", "JPY")
	}
	number := func(label string) *int64 {
		if !rapid.Bool().Draw(t, label) {
			return nil
		}
		n := rapid.Int64().Draw(t, label)
		return &n
	}
	row.ActiveUsers, row.PaidSeats, row.Units = number("users"), number("seats"), (*kizuna.Micro)(number("units"))
	for i, flag := range []**bool{&row.Asserted.DuplicateForAccount, &row.Asserted.DuplicateForType, &row.Asserted.DuplicateForLocation} {
		if n := rapid.IntRange(0, 2).Draw(t, fmt.Sprint("flag", i)); n > 0 {
			value := n > 1
			*flag = &value
		}
	}
	return row
}

// shown writes all that a row says.
func shown(r *usage.Row) string {
	value := func(p any) string {
		switch p := p.(type) {
		case *kizuna.Date:
			if p != nil {
				return p.String()
			}
		case *kizuna.Decimal:
			if p != nil {
				return p.String()
			}
		case *int64:
			if p != nil {
				return fmt.Sprint(*p)
			}
		case *kizuna.Micro:
			if p != nil {
				return p.String()
			}
		case *bool:
			if p != nil {
				return fmt.Sprint(*p)
			}
		}
		return "-"
	}
	a := r.Asserted
	return strings.Join([]string{
		r.Month.String(), value(r.Day), r.Tenant, r.Subscription, r.Scope, r.Workload, r.OfferType, r.Channel, r.Currency,
		value(r.Revenue), value(r.ActiveUsers), value(r.PaidSeats), value(r.Units),
		a.SourceRow, a.Location, a.Type, value(a.DuplicateForAccount), value(a.DuplicateForType), value(a.DuplicateForLocation),
		r.At.String(), fmt.Sprint(r.Lines),
	}, "|")
}

func compareRows(a, b *usage.Row) int {
	var k, l usage.Key
	k.Set(a)
	l.Set(b)
	return k.Compare(&l)
}

// sorted writes rows by ledgers of so many and returns the statement.
func sorted(t testing.TB, rows []usage.Row, each int) ([]byte, statement.Summary) {
	t.Helper()
	s := statement.NewSorter(t.TempDir())
	defer s.Close()
	chunks := slices.Collect(slices.Chunk(rows, each))
	for i, chunk := range chunks {
		add := s.Add
		if i == len(chunks)-1 {
			add = s.Hold
		}
		if err := add(usage.Collect(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	summary, err := s.Write(context.Background(), month, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), summary
}

// What memory holds, what comes from the disk and rows by themselves give the same bytes.
func TestWaysToAStatementMeet(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 60).Draw(rt, "rows")
		added := rapid.IntRange(1, 20).Draw(rt, "added")
		write := func(held int64) []byte {
			s := statement.NewSorter(t.TempDir())
			defer s.Close()
			s.Bounded(added, held)
			l := usage.NewLedger()
			for i := range rows {
				l.Add(&rows[i])
				var err error
				if l, err = s.Next(l); err != nil {
					rt.Fatal(err)
				}
			}
			if err := s.Hold(l); err != nil {
				rt.Fatal(err)
			}
			var out bytes.Buffer
			if _, err := s.Write(context.Background(), month, &out); err != nil {
				rt.Fatal(err)
			}
			return out.Bytes()
		}

		// The plain way: ledgers of their own, a stable sort, row by row.
		var plain []usage.Row
		l := usage.NewLedger()
		for i := range rows {
			if l.Add(&rows[i]); l.Len() == added {
				plain, l = append(plain, l.Rows()...), usage.NewLedger()
			}
		}
		plain = append(plain, l.Rows()...)
		slices.SortStableFunc(plain, func(a, b usage.Row) int { return compareRows(&a, &b) })
		var out bytes.Buffer
		w, err := statement.NewWriter(&out, month)
		for i := range plain {
			err = cmp.Or(err, w.Add(&plain[i]))
		}
		if _, closing := w.Close(); err != nil || closing != nil {
			rt.Fatal(err, closing)
		}
		for _, held := range []int64{0, 2000, 1 << 30} {
			if !bytes.Equal(write(held), out.Bytes()) {
				rt.Errorf("with %d bytes held the statement is another", held)
			}
		}
	})
}

func opened(t testing.TB, data []byte) *statement.File {
	t.Helper()
	f, err := statement.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t testing.TB, rows func(func(*usage.Row, error) bool)) (out []string) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, shown(row))
	}
	return out
}

// Whatever rows there are, by however many ledgers: they are read as they were
// written, in order, all of them or those of one tenant, and the same rows give the
// same bytes.
func TestRowsComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 0, 60).Draw(rt, "rows")
		each := rapid.IntRange(1, 60).Draw(rt, "ledger")
		var want []usage.Row
		for chunk := range slices.Chunk(rows, each) {
			want = append(want, usage.Collect(chunk).Rows()...)
		}
		slices.SortStableFunc(want, func(a, b usage.Row) int { return compareRows(&a, &b) })
		data, summary := sorted(t, rows, each)
		again, _ := sorted(t, rows, each)
		if !bytes.Equal(data, again) {
			rt.Fatal("the same rows gave other bytes")
		}
		if summary.SHA256 != sha256.Sum256(data) || summary.Bytes != int64(len(data)) || summary.Rows != len(want) {
			rt.Fatalf("%+v of %d bytes, %d rows", summary, len(data), len(want))
		}
		f := opened(t, data)
		var texts []string
		byTenant := make(map[string][]string)
		for i := range want {
			text := shown(&want[i])
			texts = append(texts, text)
			id := association.Fold(want[i].Tenant)
			byTenant[id] = append(byTenant[id], text)
		}
		if got := read(t, f.All()); !slices.Equal(got, texts) {
			rt.Fatalf("read\n%s\nof\n%s", strings.Join(got, "\n"), strings.Join(texts, "\n"))
		}
		tenants := 0
		for tenant, err := range f.Tenants() {
			if err != nil {
				rt.Fatal(err)
			}
			tenants++
			if got := read(t, f.Rows(tenant.Span)); !slices.Equal(got, byTenant[tenant.ID]) {
				rt.Fatalf("tenant %q: %q, not %q", tenant.ID, got, byTenant[tenant.ID])
			}
		}
		if tenants != len(byTenant) || tenants != summary.Tenants {
			rt.Fatalf("%d tenants of %d, %d", tenants, len(byTenant), summary.Tenants)
		}
		for _, id := range []string{"T1", "t2", "none", "zz", ""} {
			if got := read(t, f.TenantRows(id)); !slices.Equal(got, byTenant[association.Fold(id)]) {
				rt.Fatalf("tenant %q: %q, not %q", id, got, byTenant[id])
			}
		}
	})
}

// manyRows are n rows of a bill, of tenants with about a hundred each, shuffled.
func manyRows(n int) []usage.Row {
	rows := make([]usage.Row, n)
	for i := range rows {
		k := i * 7919 % n
		day := month.Day(k%30 + 1)
		amount := kizuna.Micro(k%1000*12345 + 1).Decimal()
		tenant, resource := k/100, k/30
		rows[i] = usage.Row{
			Month: month, Day: &day, Tenant: fmt.Sprintf("00000000-0000-0000-0000-%012d", tenant),
			Subscription: fmt.Sprintf("sub-%d", tenant), Scope: fmt.Sprintf("/subscriptions/sub-%d/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-%d", tenant, resource),
			Workload: [...]string{"Virtual Machines", "Storage", "SQL Database"}[resource%3], Channel: "CSP",
			Revenue: &amount, At: kizuna.Ref{File: "bill.csv", Line: i + 2}, Lines: 1,
		}
	}
	return rows
}

// Many row groups, pages and levels of runs.
func TestLargeStatement(t *testing.T) {
	rows := manyRows(150_000)
	data, _ := sorted(t, rows, len(rows))
	spilled, _ := sorted(t, rows, 500) // 300 runs, merged twice
	if !bytes.Equal(data, spilled) {
		t.Fatal("runs on the disk give another statement")
	}
	f := opened(t, data)
	keys := make([]usage.Key, len(rows))
	for i := range rows {
		keys[i].Set(&rows[i])
	}
	slices.SortStableFunc(keys, func(a, b usage.Key) int { return a.Compare(&b) })
	n := 0
	for row, err := range f.All() {
		if err != nil {
			t.Fatal(err)
		}
		if got, want := shown(row), shown(keys[n].Row()); got != want {
			t.Fatalf("row %d is %s, not %s", n, got, want)
		}
		n++
	}
	if n != len(rows) {
		t.Fatalf("%d rows", n)
	}
	for _, tenant := range []int{0, 81, 82, 655, 1499} { // at the borders of pages and groups, too
		id := fmt.Sprintf("00000000-0000-0000-0000-%012d", tenant)
		if got := read(t, f.TenantRows(id)); len(got) != 100 || !strings.Contains(got[0], id) {
			t.Fatalf("%d rows of %s", len(got), id)
		}
	}
}

// Rows lie on the disk, not in memory, however many there are.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it sorts half a million rows")
	}
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const n, each = 300_000, 3_000
	before := held()
	s := statement.NewSorter(t.TempDir())
	defer s.Close()
	most := uint64(0)
	rows := manyRows(each)
	for i := range n / each {
		for k := range rows {
			rows[k].Tenant = fmt.Sprintf("%d-%d", k*31%97, i)
		}
		if err := s.Add(usage.Collect(rows)); err != nil {
			t.Fatal(err)
		}
		most = max(most, held())
	}
	out := &watched{after: func() { most = max(most, held()) }}
	summary, err := s.Write(context.Background(), month, out)
	if err != nil || summary.Rows < n {
		t.Fatal(summary, err)
	}
	const bound = 96 << 20
	if grown := int64(most) - int64(before); grown > bound {
		t.Errorf("%d MB held for %d rows", grown>>20, summary.Rows)
	}
}

// watched is told of every megabyte.
type watched struct {
	n     int
	after func()
}

func (w *watched) Write(p []byte) (int, error) {
	if w.n += len(p); w.n > 1<<20 {
		w.n = 0
		w.after()
	}
	return len(p), nil
}

// The library, which knows nothing of us, reads the same.
func TestOthersReadIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 40).Draw(rt, "rows")
		data, _ := sorted(t, rows, len(rows))
		p, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			rt.Fatal(err)
		}
		var names []string
		for _, c := range p.Root().Columns() {
			names = append(names, c.Name())
		}
		for i, name := range names {
			if name != statement.Column(i).String() {
				rt.Fatalf("column %d is %s", i, name)
			}
		}
		f := opened(t, data)
		n := int64(0)
		var want []usage.Row
		for row, err := range f.All() {
			if err != nil {
				rt.Fatal(err)
			}
			want = append(want, usage.Row{Workload: row.Workload, At: row.At, Scope: row.Scope})
		}
		buffer := make([]parquet.Row, 64)
		for _, g := range p.RowGroups() {
			r := g.Rows()
			for {
				k, err := r.ReadRows(buffer)
				for i := range k {
					w := want[n]
					if got := buffer[i][statement.Workload].String(); got != w.Workload {
						rt.Fatalf("workload %q, not %q", got, w.Workload)
					}
					if got := buffer[i][statement.Scope].String(); got != w.Scope {
						rt.Fatalf("scope %q, not %q", got, w.Scope)
					}
					if got := buffer[i][statement.SourceLine].Int64(); got != int64(w.At.Line) {
						rt.Fatalf("line %d, not %d", got, w.At.Line)
					}
					n++
				}
				if err == io.EOF {
					break
				}
				if err != nil {
					rt.Fatal(err)
				}
			}
			r.Close()
		}
		if n != int64(f.Len()) {
			rt.Fatalf("%d rows of %d", n, f.Len())
		}
	})
}

func TestEmptyStatement(t *testing.T) {
	s := statement.NewSorter(t.TempDir())
	var out bytes.Buffer
	if _, err := s.Write(context.Background(), month, &out); err != nil {
		t.Fatal(err)
	}
	f := opened(t, out.Bytes())
	if f.Len() != 0 || f.Month() != month || len(read(t, f.All())) != 0 || len(read(t, f.TenantRows("a"))) != 0 {
		t.Error("an empty statement is not empty")
	}
}

func TestWriterKeepsTheOrder(t *testing.T) {
	w, err := statement.NewWriter(io.Discard, month)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(&usage.Row{Month: month, Tenant: "b"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(&usage.Row{Month: month, Tenant: "A"}); err == nil {
		t.Error("a tenant out of order was taken")
	}
	if err := w.Add(&usage.Row{Month: month + 1, Tenant: "c"}); err == nil {
		t.Error("a row of another month was taken")
	}
	if err := w.Add(&usage.Row{Month: month, Tenant: "c", Scope: strings.Repeat("x", 3<<20)}); kizuna.CodeOf(err) != "statement-row" {
		t.Errorf("a row of 3 MB: %v", err)
	}
}

func TestRunsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := statement.NewSorter(dir)
	for range 40 {
		if err := s.Add(usage.Collect(manyRows(10))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Write(ctx, month, io.Discard); err != context.Canceled {
		t.Errorf("%v, not cancelled", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".run-*")); len(left) == 0 {
		t.Error("nothing was spilled")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Every byte counts: whichever is changed, or wherever the end is cut off, it is
// found, unless it lies in what only other tools read.
func TestDamageIsFound(t *testing.T) {
	data, _ := sorted(t, manyRows(60), 60)
	want := read(t, opened(t, data).All())
	try := func(content []byte) (rows []string, err error) {
		f, err := statement.Open(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return nil, err
		}
		for row, err := range f.All() {
			if err != nil {
				return nil, err
			}
			rows = append(rows, shown(row))
		}
		return rows, nil
	}
	for i := 0; i < len(data); i += 1 + i%2 {
		broken := slices.Clone(data)
		broken[i] ^= 0x10
		rows, err := try(broken)
		if err == nil && !slices.Equal(rows, want) {
			t.Fatalf("byte %d changed: other rows and no error", i)
		}
		if err != nil && kizuna.CodeOf(err) != "statement-damaged" {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := try(data[:i]); kizuna.CodeOf(err) != "statement-damaged" {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, n := range []int{0, 1, 300} {
		data, _ := sorted(f, manyRows(max(1, n))[:n], 100)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, statement.Resealed(data)} {
			file, err := statement.Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				if kizuna.CodeOf(err) != "statement-damaged" {
					t.Fatal(err)
				}
				continue
			}
			if file.Len() > math.MaxInt32 {
				continue
			}
			for _, err := range file.All() {
				if err != nil {
					if kizuna.CodeOf(err) != "statement-damaged" {
						t.Fatal(err)
					}
					break
				}
			}
			for _, err := range file.Tenants() {
				if err != nil {
					break
				}
			}
			for range file.TenantRows("t1") {
			}
		}
	})
}
