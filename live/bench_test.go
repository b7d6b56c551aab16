package live_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/blob/dir"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/internal/processor"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/live"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// bench is a program of 100,000 customers (KIZUNA_BENCH_CUSTOMERS), each with ten rows
// of usage and four associations, in an SQLite store as it is used: durable.
type bench struct {
	customers, locations int

	store    store.Store
	commands *record.Record
	totals   *live.Totals
}

const busy = 1000 // of the customers have one guest with a role, the first ones

func newBench(b *testing.B) *bench {
	b.Helper()
	w := &bench{customers: 100_000}
	if n, err := strconv.Atoi(os.Getenv("KIZUNA_BENCH_CUSTOMERS")); err == nil {
		w.customers = max(n, busy)
	}
	w.locations = w.customers / 20
	ctx := context.Background()
	files := b.TempDir()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	// The store's clock stands in the last month of the usage, and goes.
	begin, then := time.Now(), time.Date(2023, 10, 15, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return then.Add(time.Since(begin)) }
	s, err := sqlite.Open(ctx, filepath.Join(files, "record.db"), store.Options{Migrate: true, Clock: clock})
	must(err)
	b.Cleanup(func() { _ = s.Close() })
	blobs, err := dir.Open(filepath.Join(files, "blobs"))
	must(err)
	b.Cleanup(func() { _ = blobs.Close() })
	shelf := &imports.Shelf{Store: s, Blobs: blobs, Name: "record", View: store.View{Scope: store.Everything},
		Actor: lifecycle.Actor{Role: lifecycle.Operator, ID: "o"}}
	_, err = dataset.ImportTo(ctx, shelf, w.tables(b, files), dataset.ImportOptions{})
	must(err)
	programs, err := program.Builtin()
	must(err)
	rules, _ := program.InForceOn(programs, "mcpp", 0)
	for _, p := range programs {
		if p.Ref() == "mcpp@2023-10" {
			rules = p
		}
	}
	newRecord := func(s store.Store) *record.Record {
		return record.New(s, blobs, "mcpp", programs, record.WithClock(clock), record.WithImports(imports.Known{}))
	}
	started := time.Now()
	w.totals, err = live.Open(ctx, live.Place{Shelf: shelf, Record: newRecord(s)}, func(c dataset.Coverage) (score.Question, error) {
		day, _ := c.AsOf()
		return score.Question{Program: rules, AsOf: day}, nil
	}, live.Options{})
	must(err)
	b.Cleanup(func() { _ = w.totals.Close() })
	b.Logf("%d customers counted in %s", w.customers, time.Since(started).Round(time.Millisecond))
	w.store = w.totals.Over(s)
	w.commands = newRecord(w.store)
	return w
}

// tables writes the files to import.
func (w *bench) tables(b *testing.B, folder string) (files []string) {
	random := rand.New(rand.NewPCG(1, 1))
	place := func() int { return random.IntN(w.locations) }
	table := func(name, header string, row func(n int, line func(string, ...any))) {
		file := filepath.Join(folder, name+".csv")
		files = append(files, file)
		f, err := os.Create(file)
		if err != nil {
			b.Fatal(err)
		}
		var out strings.Builder
		fmt.Fprintln(&out, header)
		for n := range w.customers {
			row(n, func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) })
		}
		_, err = f.WriteString(out.String())
		if err := errors.Join(err, f.Close()); err != nil {
			b.Fatal(err)
		}
	}
	type lines = func(string, ...any)
	table("partners", "location_id,global_id", func(n int, line lines) {
		if n < w.locations {
			line("L%d,G%d", n, n/2)
		}
	})
	table("customers", "tenant_id,country,segment", func(n int, line lines) { line("t%d,JP,SMB", n) })
	table("subscriptions", "subscription_id,tenant_id,product,agreement", func(n int, line lines) {
		line("%s,t%d,Azure,CSP", subscription(n), n)
	})
	table("usage", "month,tenant_id,subscription_id,scope,workload,revenue_usd", func(n int, line lines) {
		s := subscription(n)
		for _, month := range []string{"2022-09", "2022-10", "2023-08", "2023-09", "2023-10"} {
			line("%s,t%d,%s,/subscriptions/%s/resourceGroups/rg%d,Virtual Machines,%d.%02d", month, n, s, s, n%7, 50+random.IntN(5000), n%100)
			line("%s,t%d,%s,/subscriptions/%s/resourceGroups/data,Storage,%d.%02d", month, n, s, s, 10+random.IntN(900), n%100)
		}
	})
	table("role_assignments", "tenant_id,object_id,principal_tenant_id,role,scope,from", func(n int, line lines) {
		line("t%d,o%d,,Contributor,/subscriptions/%s,2022-01-01", n, n, subscription(n))
		if n < busy {
			line("t%d,guest,msp,Contributor,/,2022-01-01", n)
		}
	})
	table("pal_links", "tenant_id,object_id,location_id,from", func(n int, line lines) { line("t%d,o%d,L%d,2022-01-01", n, n, place()) })
	table("dpor", "subscription_id,location_id,from", func(n int, line lines) { line("%s,L%d,2022-01-01", subscription(n), place()) })
	return files
}

func subscription(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }

// event gives one command about a customer and waits until its score shows it.
func (w *bench) event(ctx context.Context, n int) error {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	// Each event is about a customer of its own, as long as there are enough.
	customer := busy + (n*7919)%(w.customers-busy)
	tenant, location := fmt.Sprint("t", customer), fmt.Sprint("L", random.IntN(w.locations))
	by := func(a lifecycle.Actor) record.Ask { return record.Ask{Actor: a} }
	var entry int64
	var err error
	switch n % 5 {
	case 0, 1:
		entry, err = entryOf(w.commands.Access(ctx, by(lifecycle.Actor{Role: lifecycle.Customer, Company: tenant, ID: "admin"}), access.Grant,
			record.Role{Tenant: tenant, Object: fmt.Sprint("o", customer), Role: fmt.Sprint("Owner ", n), Scope: "/"}, 0))
	case 2, 3:
		entry, err = entryOf(w.commands.Link(ctx, by(lifecycle.Actor{Role: lifecycle.Identity, Company: tenant, ID: fmt.Sprint("o", customer)}), pal.Create, location))
	case 4:
		entry, err = entryOf(w.commands.Sale(ctx, by(lifecycle.Actor{Role: lifecycle.Vendor, ID: "sales"}), csp.Sell, subscription(customer), csp.Parties{Seller: location}))
	}
	if err != nil {
		return err
	}
	return w.totals.Wait(ctx, entry)
}

// BenchmarkEvents times single events from the command's start until the totals show
// it, at 1,000 a second whatever becomes of those before, and as fast as they go.
func BenchmarkEvents(b *testing.B) {
	w := newBench(b)
	next := 0
	b.Run("1000-a-second", func(b *testing.B) {
		begin, cpu := time.Now(), processor.Time()
		took := make([]time.Duration, b.N)
		var all sync.WaitGroup
		for i := range b.N {
			due := begin.Add(time.Duration(i) * time.Millisecond)
			time.Sleep(time.Until(due))
			n := next + i
			all.Go(func() {
				if err := w.event(context.Background(), n); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(due) // also what it waited before it could begin
			})
		}
		all.Wait()
		next += b.N
		report(b, took, time.Since(begin), processor.Time()-cpu)
	})
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprint("writers-", writers), func(b *testing.B) {
			begin, cpu := time.Now(), processor.Time()
			took := make([]time.Duration, b.N)
			var all sync.WaitGroup
			var dealt atomic.Int64
			for range writers {
				all.Go(func() {
					for i := int(dealt.Add(1)) - 1; i < b.N; i = int(dealt.Add(1)) - 1 {
						start := time.Now()
						if err := w.event(context.Background(), next+i); err != nil {
							b.Error(err)
							return
						}
						took[i] = time.Since(start)
					}
				})
			}
			all.Wait()
			next += b.N
			report(b, took, time.Since(begin), processor.Time()-cpu)
		})
	}
	linked := false
	b.Run("link-of-1000-customers", func(b *testing.B) {
		begin, cpu := time.Now(), processor.Time()
		took := make([]time.Duration, b.N)
		for i := range b.N {
			start, action := time.Now(), pal.Update
			if !linked {
				action, linked = pal.Create, true
			}
			guest := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Identity, Company: "msp", ID: "guest"}}
			entry, err := entryOf(w.commands.Link(context.Background(), guest, action, fmt.Sprint("L", next%w.locations)))
			if err != nil {
				b.Fatal(err)
			}
			if err := w.totals.Wait(context.Background(), entry); err != nil {
				b.Fatal(err)
			}
			took[i], next = time.Since(start), next+1
		}
		report(b, took, time.Since(begin), processor.Time()-cpu)
	})
}

func report(b *testing.B, took []time.Duration, wall, cpu time.Duration) {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
	b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(ms(took[len(took)-1]), "max-ms")
	b.ReportMetric(float64(b.N)/wall.Seconds(), "events/s")
	b.ReportMetric(ms(cpu)/float64(b.N), "cpu-ms/op")
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		one, _, _ := strings.Cut(string(load), " ")
		if v, err := strconv.ParseFloat(one, 64); err == nil {
			b.ReportMetric(v, "load")
		}
	}
}
