package segmentcache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// imports imports a file of that name.
func (p *place) imports(t fataler, name, text string) {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(p.dir), "files")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Import(context.Background(), p.dir, []string{file}, dataset.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
}

// importRows imports rows as a usage table of a source.
func (p *place) importRows(t fataler, source string, rows []usage.Row) {
	t.Helper()
	var out bytes.Buffer
	if err := dataset.WriteTable(&out, "usage", &dataset.Dataset{Ledger: usage.Collect(rows)}); err != nil {
		t.Fatal(err)
	}
	p.imports(t, source+".csv", out.String())
}

// withdraw takes the n-th statement out of force, and reports whether there is one.
func (p *place) withdraw(t fataler, n int) bool {
	t.Helper()
	name := filepath.Join(p.dir, "imported", "catalog.json")
	text, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return false
	}
	var c dataset.Catalog
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	var inForce []*dataset.Statement
	for _, f := range c.Files {
		for i := range f.Statements {
			if s := &f.Statements[i]; s.ReplacedBy == 0 {
				inForce = append(inForce, s)
			}
		}
	}
	if len(inForce) == 0 {
		return false
	}
	inForce[n%len(inForce)].ReplacedBy = 1 << 20
	if text, err = json.Marshal(&c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return true
}

// drawStatement draws usage of some customers of a world and of others, mostly without
// what makes all usage be read again.
func drawStatement(t *rapid.T, f *attribution.Facts) (rows []usage.Row) {
	rates := attribution.NewRates(f.Rates)
	others := rapid.SliceOfN(rapid.SampledFrom([]string{"x1", "X2", "x3", "x4", "x5", "x6", "x7", "x8"}), 1, 3).Draw(t, "others")
	plain := rapid.IntRange(0, 3).Draw(t, "plain") > 0 // as bills have them
	odd := rapid.IntRange(0, 9).Draw(t, "odd") == 0
	for i, row := range worldtest.DrawMixed(t).Usage.Rows() {
		if _, err := rates.Figures(&row); err != nil && !odd {
			continue
		}
		if !odd {
			row.Asserted.SourceRow = "" // twins
		}
		if plain {
			row.Asserted = usage.Asserted{}
		}
		if i%3 > 0 {
			row.Tenant = others[i%len(others)]
		}
		rows = append(rows, row)
	}
	return rows
}

// Whatever is imported, restated and withdrawn, beside a table of the place's own and
// changing associations: the cache answers as if it were built anew.
func TestAnySequenceOfStatementsAnswersAsTheClearForm(t *testing.T) {
	root := t.TempDir()
	deltas, merged := 0, 0
	agree := func(t *rapid.T, p *place) {
		if read, packed := p.opensLate(t, drawQuestion(t)); read != nil {
			if deltas++; packed == 0 {
				merged++
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			t.Fatal(err)
		}
		p := &place{dir: filepath.Join(dir, "data")}
		world := worldtest.DrawMixed(t)
		d := datasetOf(world)
		if d.Ledger = usage.NewLedger(); rapid.IntRange(0, 2).Draw(t, "own usage") == 0 {
			d.Ledger = usage.Collect(drawStatement(t, world))
		}
		p.write(t, d)
		everybody := drawStatement(t, world)
		for i := range 8 {
			row := usage.Row{Month: 2023*12 + 9, Tenant: fmt.Sprint("x", i+1), Subscription: "s1", Workload: "Storage", At: kizuna.Ref{File: "first"}, Lines: 1}
			everybody = append(everybody, row)
		}
		p.importRows(t, "first", everybody)
		for range rapid.IntRange(0, 1).Draw(t, "first") {
			p.importRows(t, rapid.SampledFrom([]string{"usage", "more", "third"}).Draw(t, "source"), drawStatement(t, world))
		}
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			agree(t, p)
			switch rapid.IntRange(0, 6).Draw(t, "change") {
			case 0, 1, 2:
				p.importRows(t, rapid.SampledFrom([]string{"usage", "more", "late"}).Draw(t, "source"), drawStatement(t, world))
			case 3:
				p.withdraw(t, rapid.IntRange(0, 9).Draw(t, "withdrawn"))
			case 4:
				p.withdraw(t, rapid.IntRange(0, 9).Draw(t, "withdrawn"))
				p.importRows(t, "usage", drawStatement(t, world))
			case 5:
				d.Associations = *worldtest.DrawMixed(t).Associations
				p.write(t, d)
			case 6:
				d.Ledger = usage.Collect(drawStatement(t, world))
				p.write(t, d)
			}
		}
		agree(t, p)
	})
	if deltas == 0 || merged == 0 {
		t.Errorf("%d deltas, %d of them merged", deltas, merged)
	}
}

// manyCustomers are rows of customers c00 on, of which each has another amount.
func manyCustomers(month string, from, to, amount int) string {
	var out strings.Builder
	out.WriteString("month,tenant_id,subscription_id,workload,revenue_usd\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&out, "%s,c%02d,s%02d,Storage,%d\n", month, i, i, amount+i)
	}
	return out.String()
}

// statementPlace has 40 customers in two months of one source, and 3 of another.
func statementPlace(t testing.TB) *place {
	t.Helper()
	p := &place{dir: filepath.Join(t.TempDir(), "data")}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	csp := "subscription_id,tier,location_id,from,to\n"
	for i := range 50 {
		csp += fmt.Sprintf("s%02d,T1,L%d,2020-01-01,\n", i, i%2)
	}
	for name, text := range map[string]string{"partners.csv": "location_id,global_id\nL0,G0\nL1,G1\n", "csp.csv": csp} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.touch(t)
	p.imports(t, "big.csv", manyCustomers("2023-09", 0, 40, 100)+strings.TrimPrefix(manyCustomers("2023-10", 0, 40, 200), "month,tenant_id,subscription_id,workload,revenue_usd\n"))
	p.imports(t, "small.csv", manyCustomers("2023-10", 7, 10, 1000))
	return p
}

// told collects what the cache logs of one kind.
type told struct {
	slog.Handler
	message string
	numbers []map[string]int64
}

func (h *told) Enabled(context.Context, slog.Level) bool { return true }

func (h *told) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		of := make(map[string]int64)
		r.Attrs(func(a slog.Attr) bool {
			if a.Value.Kind() == slog.KindInt64 {
				of[a.Key] = a.Value.Int64()
			}
			return true
		})
		h.numbers = append(h.numbers, of)
	}
	return h.Handler.Handle(context.Background(), r)
}

// opensLate opens the place and compares the answer; it returns what was read of changed
// statements, nil if nothing was laid over a segment because of them, and how many
// customers are in the delta.
func (p *place) opensLate(t fataler, q score.Question) (read map[string]int64, packed int) {
	t.Helper()
	late := &told{Handler: slog.DiscardHandler, message: "cache: statements have changed"}
	again := &told{Handler: late, message: "cache: customers were packed again"}
	c := p.cache()
	c.Log = slog.New(again)
	f := p.open(t, c)
	defer f.Close()
	if got, ok := fromCache(t, f, q); ok {
		if want := p.fromBook(t, q); got != want {
			t.Errorf("the clear form says\n%s\nthe cache\n%s", want, got)
		}
	}
	whole := p.cache()
	whole.Dir = ""
	anew := p.open(t, whole)
	defer anew.Close()
	if got, want := contents(t, f.View), contents(t, anew.View); !slices.Equal(got, want) {
		t.Errorf("packed anew is\n%s\nthe cache has\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
	if segments := f.View.Segments(); len(segments) > 1 {
		packed = segments[1].Tenants()
	}
	if len(late.numbers) > 0 && len(again.numbers) > 0 {
		read = late.numbers[0]
	}
	return read, packed
}

// contents says what a view holds, by names and in order.
func contents(t fataler, v *segment.View) (out []string) {
	t.Helper()
	for n, s := range v.Segments() {
		for i := range s.Blocks() {
			b, err := s.Block(i)
			if err != nil {
				t.Fatal(err)
			}
			for k := range b.Len() {
				if v.Hidden(n, b.First()+k) {
					continue
				}
				tenant, err := b.Tenant(k)
				if err != nil {
					t.Fatal(err)
				}
				if len(tenant.Resources) > 0 {
					out = append(out, content(s, tenant))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func content(s *segment.Segment, tenant *segment.Tenant) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%q %q %q", tenant.ID, s.Name(tenant.Country), s.Name(tenant.Segment))
	for i := range tenant.Resources {
		r := &tenant.Resources[i]
		fmt.Fprintf(&out, "\n  %q %q %q %q %v", s.Name(r.Workload), s.Name(r.Product), s.Name(r.Offer), s.Name(r.Channel), r.Owned)
		for _, row := range r.Rows {
			for _, a := range row.Asserted {
				fmt.Fprintf(&out, "\n    %v %q", a.Type, s.Partner(a.Partner))
			}
			row.Asserted = nil
			fmt.Fprintf(&out, "\n    %+v", row)
		}
	}
	var reaches []string
	for i := range tenant.Reaches {
		r := &tenant.Reaches[i]
		reaches = append(reaches, fmt.Sprintf("\n  %v %q %d-%d %v %q %v %v", r.Type, s.Partner(r.Location), r.First, r.End, r.By, s.Name(r.What), r.Active, r.During))
	}
	slices.Sort(reaches) // they are packed by the numbers of the partners
	out.WriteString(strings.Join(reaches, ""))
	return out.String()
}

// A statement that comes, replaces another or goes has the rows of its own customers
// read, of its month, and no others.
func TestChangedStatementsReadTheirCustomersOnly(t *testing.T) {
	p := statementPlace(t)
	if read, packed := p.opensLate(t, demoQuestion(t)); read != nil || packed != 0 {
		t.Fatal("the first opening found a segment", read, packed)
	}
	for _, step := range []struct {
		name         string
		change       func()
		rows, packed int
	}{
		// c07 to c09, in big and in small again.
		{"restated", func() { p.imports(t, "small.csv", manyCustomers("2023-10", 7, 10, 5000)) }, 6, 3},
		// One comes, and two go whom the segment has.
		{"restated for others", func() { p.imports(t, "small.csv", manyCustomers("2023-10", 9, 11, 1)) }, 4 + 2, 4},
		{"a new source", func() { p.imports(t, "new.csv", manyCustomers("2023-11", 39, 42, 1)) }, 5 + 2 + 3, 7},
		{"of nobody else's", func() { p.imports(t, "more.csv", manyCustomers("2023-08", 39, 42, 1)) }, 10 + 3, 7},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.change()
			read, packed := p.opensLate(t, demoQuestion(t))
			if read["rows"] != int64(step.rows) || packed != step.packed {
				t.Errorf("%v, %d customers in the delta", read, packed)
			}
			if read, packed := p.opensLate(t, demoQuestion(t)); read != nil || packed != step.packed {
				t.Error("the delta is not kept", read, packed)
			}
			if len(p.files(t, "*.segment")) != 1 {
				t.Error("all usage was packed")
			}
		})
	}
	t.Run("withdrawn", func(t *testing.T) {
		if !p.withdraw(t, 2) { // small's is the third
			t.Fatal("nothing to withdraw")
		}
		if read, packed := p.opensLate(t, demoQuestion(t)); read["rows"] != 4+3+3 || packed != 6 {
			t.Errorf("%v, %d customers in the delta", read, packed)
		}
	})
	t.Run("with other associations", func(t *testing.T) {
		p.append(t, "csp.csv", "s20,T1,L1,2023-01-01,\n")
		if read, packed := p.opensLate(t, demoQuestion(t)); read == nil || packed != 7 {
			t.Errorf("%v, %d customers in the delta", read, packed)
		}
		if read, packed := p.opensLate(t, demoQuestion(t)); read != nil || packed != 7 {
			t.Errorf("%v, %d customers in the delta", read, packed)
		}
	})
	t.Run("merged", func(t *testing.T) {
		p.imports(t, "late.csv", manyCustomers("2023-10", 20, 30, 7))
		if read, packed := p.opensLate(t, demoQuestion(t)); read == nil || packed != 0 || len(p.files(t, "*.segment")) != 2 {
			t.Errorf("%v, %d customers in the delta, %v", read, packed, p.files(t, "*"))
		}
	})
	t.Run("over what was merged", func(t *testing.T) {
		p.imports(t, "small.csv", manyCustomers("2023-10", 12, 13, 3))
		if read, packed := p.opensLate(t, demoQuestion(t)); read["customers"] == 0 || packed != 1 {
			t.Errorf("%v, %d customers in the delta", read, packed)
		}
	})
}

// What the changed customers' rows alone cannot tell has all usage read.
func TestAllUsageIsReadWhereItMustBe(t *testing.T) {
	for name, change := range map[string]func(p *place){
		"rows that are refused": func(p *place) {
			p.imports(t, "small.csv", "month,tenant_id,subscription_id,workload,revenue,currency\n2023-10,c07,s07,Storage,3,XYZ\n")
		},
		"two measures of one month": func(p *place) {
			p.imports(t, "report.csv", "PGAMpnID,MPNID,CustomerTenantId,CustomerName,SubscriptionId,Month,ServiceLevel2,PartnerAttributionType,AdminType,IsACRDuplicateAtPGALevel,ACR_USD\n"+
				"1,L1,c07,Foods,s07,2023-10-01,Storage,PAL,Owner,0,10\n")
			p.opensLate(t, demoQuestion(t))
			p.imports(t, "bill.csv", "ProviderName,ChargeCategory,EffectiveCost,BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,BillingAccountId,SubAccountId,x_CustomerId\n"+
				"Microsoft,Usage,2,0,USD,2023-10-01,2023-10-02,Storage Accounts,acc,/subscriptions/s07,c07\n")
		},
		"most customers":     func(p *place) { p.imports(t, "late.csv", manyCustomers("2023-11", 0, 30, 7)) },
		"a table of its own": func(p *place) { p.writeTable(t, "usage.csv", manyCustomers("2023-11", 0, 1, 7)) },
		"places are damaged": func(p *place) { p.damage(t, "*.places"); p.imports(t, "small.csv", manyCustomers("2023-10", 7, 8, 7)) },
		"places are gone": func(p *place) {
			p.removeAll(t, "*.places")
			p.imports(t, "small.csv", manyCustomers("2023-10", 7, 8, 7))
		},
		"the base is damaged": func(p *place) { p.damage(t, "*.segment"); p.imports(t, "small.csv", manyCustomers("2023-10", 7, 8, 7)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := statementPlace(t)
			p.opensLate(t, demoQuestion(t))
			change(p)
			if _, packed := p.opensLate(t, demoQuestion(t)); packed != 0 {
				t.Errorf("%d customers in a delta", packed)
			}
			if p.opensLate(t, demoQuestion(t)); p.built(t) {
				t.Error("it is packed again")
			}
		})
	}
}

// A delta that is damaged, or whose base is gone, is made again.
func TestDeltasOfStatementsAreMended(t *testing.T) {
	for _, pattern := range []string{"*.delta", "*.segment"} {
		for _, change := range []func(*place, fataler, string){(*place).damage, (*place).removeAll} {
			p := statementPlace(t)
			p.opensLate(t, demoQuestion(t))
			p.imports(t, "small.csv", manyCustomers("2023-10", 7, 8, 7))
			if _, packed := p.opensLate(t, demoQuestion(t)); packed != 3 {
				t.Fatal(packed)
			}
			change(p, t, pattern)
			p.opensLate(t, demoQuestion(t))
			if p.built(t) {
				t.Error("it is packed again")
			}
		}
	}
}

func (p *place) writeTable(t fataler, table, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, table), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.touch(t)
}

func (p *place) damage(t fataler, pattern string) {
	t.Helper()
	for _, name := range p.files(t, pattern) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data = slices.Clone(data)
		data[len(data)/2] ^= 4
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *place) removeAll(t fataler, pattern string) {
	t.Helper()
	for _, name := range p.files(t, pattern) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// What bills say is read by columns, and answers alike.
func TestStatementsAreReadByColumns(t *testing.T) {
	p := statementPlace(t)
	by := &told{Handler: slog.DiscardHandler, message: "cache: usage was read by columns"}
	c := p.cache()
	c.Log = slog.New(by)
	if err := p.open(t, c).Close(); err != nil {
		t.Fatal(err)
	}
	if len(by.numbers) != 1 || by.numbers[0]["rows"] != 83 {
		t.Error(by.numbers)
	}
	p.mustAgree(t, demoQuestion(t))
	p.imports(t, "asserted.csv", "month,tenant_id,subscription_id,workload,revenue_usd,asserted_location,asserted_type\n2023-10,c07,s07,Storage,3,L1,PAL\n")
	p.removeAll(t, "*")
	p.mustAgree(t, demoQuestion(t))
}
