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
	"github.com/kizuna-org/kizuna/segmentcache"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// bench is a program of 100,000 customers (KIZUNA_BENCH_CUSTOMERS), each with ten rows
// of usage and four associations, in an SQLite store as it is used: durable.
type bench struct {
	customers, locations int

	place    live.Place
	question live.Question
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
	w.place = live.Place{Shelf: shelf, Record: newRecord(s)}
	w.question = func(c dataset.Coverage) (score.Question, error) {
		day, _ := c.AsOf()
		return score.Question{Program: rules, AsOf: day}, nil
	}
	w.totals, err = live.Open(ctx, w.place, w.question, live.Options{})
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

// command gives one command about a customer of its own, as long as there are enough.
func (w *bench) command(ctx context.Context, n int) (entry int64, err error) {
	customer := busy + (n*7919)%(w.customers-busy)
	tenant, object := fmt.Sprint("t", customer), fmt.Sprint("o", customer)
	location := fmt.Sprint("L", (n*104729)%w.locations)
	by := func(role lifecycle.Role, company, id string) record.Ask {
		return record.Ask{Actor: lifecycle.Actor{Role: role, Company: company, ID: id}}
	}
	switch n % 5 {
	case 0, 1:
		return entryOf(w.commands.Access(ctx, by(lifecycle.Customer, tenant, "admin"), access.Grant,
			record.Role{Tenant: tenant, Object: object, Role: fmt.Sprint("Owner ", n), Scope: "/"}, 0))
	case 2, 3:
		return entryOf(w.commands.Link(ctx, by(lifecycle.Identity, tenant, object), pal.Create, location))
	}
	return entryOf(w.commands.Sale(ctx, by(lifecycle.Vendor, "", "sales"), csp.Sell, subscription(customer), csp.Parties{Seller: location}))
}

// event gives a command and waits until the totals show it.
func (w *bench) event(ctx context.Context, n int) error {
	entry, err := w.command(ctx, n)
	if err != nil {
		return err
	}
	return w.totals.Wait(ctx, entry)
}

// BenchmarkEvents times single events from the command's start until the totals show
// it: at 1,000 a second, whatever becomes of those before, and as fast as they go.
// Without the totals, the same commands say what of it is the record's.
//
//	go test ./live -run '^$' -bench Events -benchtime 5000x
func BenchmarkEvents(b *testing.B) {
	w := newBench(b)
	next := 0 // command
	paced := func(what func(context.Context, int) error) func(*testing.B) {
		return func(b *testing.B) {
			m := w.measure(b)
			var all sync.WaitGroup
			for i := range b.N {
				due := m.begin.Add(time.Duration(i) * time.Millisecond)
				time.Sleep(time.Until(due))
				n := next + i
				all.Go(func() {
					if err := what(context.Background(), n); err != nil {
						b.Error(err)
					}
					m.took[i] = time.Since(due) // also what it waited before it could begin
				})
			}
			all.Wait()
			next += b.N
			m.report(b)
		}
	}
	fast := func(writers int, what func(context.Context, int) error) func(*testing.B) {
		return func(b *testing.B) {
			m := w.measure(b)
			var all sync.WaitGroup
			var dealt atomic.Int64
			for range writers {
				all.Go(func() {
					for i := int(dealt.Add(1)) - 1; i < b.N; i = int(dealt.Add(1)) - 1 {
						start := time.Now()
						if err := what(context.Background(), next+i); err != nil {
							b.Error(err)
							return
						}
						m.took[i] = time.Since(start)
					}
				})
			}
			all.Wait()
			next += b.N
			m.report(b)
		}
	}
	b.Run("visible/1000-a-second", paced(w.event))
	b.Run("visible/1-writer", fast(1, w.event))
	b.Run("visible/64-writers", fast(64, w.event))
	if err := w.totals.Close(); err != nil {
		b.Fatal(err)
	}
	recorded := func(ctx context.Context, n int) error {
		_, err := w.command(ctx, n)
		return err
	}
	b.Run("recorded/1000-a-second", paced(recorded))
	b.Run("recorded/1-writer", fast(1, recorded))
	b.Run("recorded/64-writers", fast(64, recorded))
}

// BenchmarkLinkOfAThousand moves the link of an identity with a role at 1,000
// customers, each time to another partner.
//
//	go test ./live -run '^$' -bench LinkOfAThousand -benchtime 20x
func BenchmarkLinkOfAThousand(b *testing.B) {
	w := newBench(b)
	m := w.measure(b)
	action := pal.Create
	for i := range b.N {
		start := time.Now()
		guest := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Identity, Company: "msp", ID: "guest"}}
		entry, err := entryOf(w.commands.Link(context.Background(), guest, action, fmt.Sprint("L", i%w.locations)))
		if err == nil {
			err = w.totals.Wait(context.Background(), entry)
		}
		if err != nil {
			b.Fatal(err)
		}
		m.took[i], action = time.Since(start), pal.Update
	}
	m.report(b)
}

// measured is what a benchmark took.
type measured struct {
	begin     time.Time
	processor time.Duration
	took      []time.Duration
}

func (w *bench) measure(b *testing.B) *measured {
	b.ResetTimer()
	return &measured{time.Now(), processor.Time(), make([]time.Duration, b.N)}
}

// report tells how long events took, how much of the processor, and how many threads
// wanted the processors meanwhile.
func (m *measured) report(b *testing.B) {
	wall, cpu, took := time.Since(m.begin), processor.Time()-m.processor, m.took
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

// BenchmarkScore reads one partner's score from the totals.
func BenchmarkScore(b *testing.B) {
	w := newBench(b)
	m := w.measure(b)
	for i := range b.N {
		start := time.Now()
		if _, err := w.totals.Score(fmt.Sprint("L", i%w.locations)); err != nil {
			b.Fatal(err)
		}
		m.took[i] = time.Since(start)
	}
	m.report(b)
}

// BenchmarkOpen opens totals with all usage to be read, and with the usage packed before.
//
//	go test ./live -run '^$' -bench Open -benchtime 3x
func BenchmarkOpen(b *testing.B) {
	w := newBench(b)
	open := func(cache segmentcache.Cache) {
		place := w.place
		place.Cache = cache
		totals, err := live.Open(context.Background(), place, w.question, live.Options{})
		if err == nil {
			err = totals.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	packed := segmentcache.Cache{Dir: b.TempDir(), Now: time.Now}
	open(packed)
	for name, cache := range map[string]segmentcache.Cache{"usage": {}, "packed": packed} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			m := w.measure(b)
			for i := range b.N {
				start := time.Now()
				open(cache)
				m.took[i] = time.Since(start)
			}
			m.report(b)
		})
	}
}
