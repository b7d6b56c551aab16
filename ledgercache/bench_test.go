package ledgercache_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/ledgercache"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/pack"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

var (
	companies = flag.Int("companies", 2000, "how many companies the benchmarks' store has")
	months    = flag.Int("months", 24, "how many months of decisions each has")
	storeFile = flag.String("store", "", "keep the benchmarks' store in this file, or use it if it is there")
	packed    = flag.Int("packed", 0, "how many companies more are in the pack alone: a store of 400,000 takes 9 GB")
)

// Each company has what a script of two years leaves in the record: a version for each
// month's decisions in two areas, one for the purchase and one for the renewal.
var areas = []string{"data-ai", "security"}

func madeVersions(account string, i int) []membership.Enrollment {
	first := kizuna.NewDate(2023, 10, 5)
	paid := first.AddDays(20 + i%300)
	events := []membership.Event{
		{Kind: membership.Purchase, At: paid.Instant(), Fee: "4730 USD", Note: fmt.Sprint("R-", i)},
		{Kind: membership.Renewal, At: paid.AddDays(365 + 7).Instant(), Fee: "4730 USD", Note: fmt.Sprint("R-", i, "-2")},
	}
	var out []membership.Enrollment
	line := func(at kizuna.Date) *membership.Enrollment {
		out = append(out, membership.Enrollment{Ledger: membership.Ledger{Account: account}, State: membership.Open, Told: at})
		return &out[len(out)-1]
	}
	for month := range *months {
		on := first.AddMonths(month)
		for len(events) > 0 && events[0].At.Date() < on {
			e := line(events[0].At.Date())
			e.Events, events = events[:1], events[1:]
		}
		l := line(on)
		for k, area := range areas {
			l.Findings = append(l.Findings, membership.Finding{
				Area: area, On: on, Total: kizuna.Int(int64(60 + (i+month+7*k)%30)), Qualified: (i+month+7*k)%30 >= 10,
				Program: "mcpp@2023-12", Known: on.AddDays(14).Instant().Moment(),
				Digest: "sha256:" + kizuna.HashOf([]byte(fmt.Sprint(account, area, month))).String(),
			})
		}
	}
	return out
}

type benchStore struct {
	store.Store
	*record.Record
	dir string
}

// made is a store of companies, of one version after another as commands leave them.
func made(b *testing.B) *benchStore {
	b.Helper()
	file := *storeFile
	if file == "" {
		file = filepath.Join(b.TempDir(), "store.db")
	}
	_, missing := os.Stat(file)
	db, err := sqlite.Open(b.Context(), file, store.Options{Migrate: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	programs, err := program.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	s := &benchStore{Store: db, Record: record.New(db, nil, "mcpp", programs), dir: file + ".cache"}
	if missing == nil {
		return s
	}
	begun := time.Now()
	const together = 256
	for from := 0; from < *companies; from += together {
		c := store.Command{Actor: lifecycle.Actor{Role: lifecycle.Operator, ID: "ops"}, Action: "enrollment.qualify", Alone: true}
		if _, err := db.Write(b.Context(), c, func(tx store.Tx) error {
			for i := from; i < min(from+together, *companies); i++ {
				if err := put(tx, i); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d companies made in %s", *companies, time.Since(begun))
	return s
}

func put(tx store.Tx, i int) error {
	account := fmt.Sprintf("G%06d", i)
	for n, line := range madeVersions(account, i) {
		var body any = line
		if n > 0 {
			body = map[string]any{"over": n, "adds": line}
		}
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		id := fmt.Sprintf("g%06d", i)
		if err := tx.Put(&store.Record{
			Thing: store.Thing{Kind: record.EnrollmentKind, ID: id}, Version: int64(n + 1), Concerns: store.Concerns{Location: id},
			Valid: kizuna.Intervals{kizuna.Always}, Body: data,
		}); err != nil {
			return err
		}
	}
	return nil
}

// pack lays a pack beside the store that has more companies than it.
func (s *benchStore) pack(b *testing.B) {
	b.Helper()
	head, err := s.HeadOf(b.Context(), everything)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(filepath.Join(s.dir, fmt.Sprintf("memberships1-%d.pack", head.Entry)))
	if err != nil {
		b.Fatal(err)
	}
	out := pack.NewBuilder(f)
	for i := range *companies + *packed {
		one := pack.One{ID: fmt.Sprintf("g%06d", i), Ledger: membership.Ledger{Account: fmt.Sprintf("G%06d", i)}}
		for _, line := range madeVersions(one.Ledger.Account, i) {
			one.Ledger.Findings = append(one.Ledger.Findings, line.Findings...)
			one.Ledger.Events = append(one.Ledger.Events, line.Events...)
		}
		if err := out.Add(&one); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(out.Finish(head), f.Close()); err != nil {
		b.Fatal(err)
	}
}

// How all companies stand on a day: from the pack that is there, opened and checked
// each time, as by a command.
func BenchmarkCensus(b *testing.B) {
	s := made(b)
	if *packed > 0 {
		s.pack(b)
	}
	all := *companies + *packed
	census(b, s, all)
	b.ReportAllocs()
	for b.Loop() {
		census(b, s, all)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*all), "ns/company")
}

// The same after all has been read from the record and packed.
func BenchmarkBuild(b *testing.B) {
	s := made(b)
	for b.Loop() {
		if err := os.RemoveAll(s.dir); err != nil {
			b.Fatal(err)
		}
		census(b, s, *companies)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N**companies), "ns/company")
}

func census(b *testing.B, s *benchStore, all int) {
	b.Helper()
	cache := ledgercache.Cache{Dir: s.dir}
	f, err := cache.Open(b.Context(), s.Record, store.View{Scope: store.Everything})
	if err != nil {
		b.Fatal(err)
	}
	rules, err := s.MembershipRules()
	if err != nil {
		b.Fatal(err)
	}
	c, err := f.Census(b.Context(), rules, kizuna.NewDate(2025, 6, 15), nil)
	if err != nil {
		b.Fatal(err)
	}
	if len(f.Notes) > 0 || c.Companies != all || c.Best.Enrolled == 0 {
		b.Fatalf("%v, %+v", f.Notes, c)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// What the record takes for a company with a decision a month in ten areas for ten years:
// versions that tell what they add, and as it was when each told all.
func BenchmarkStored(b *testing.B) {
	for name, whole := range map[string]bool{"adds": false, "whole": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(stored(b, whole)), "bytes")
			}
		})
	}
}

func stored(b *testing.B, whole bool) (size int64) {
	file := filepath.Join(b.TempDir(), fmt.Sprint(b.N, whole, time.Now().UnixNano(), ".db"))
	db, err := sqlite.Open(b.Context(), file, store.Options{Migrate: true})
	if err != nil {
		b.Fatal(err)
	}
	all := membership.Enrollment{Ledger: membership.Ledger{Account: "G1"}, State: membership.Open}
	for month := range 120 {
		line := membership.Enrollment{Ledger: membership.Ledger{Account: "G1"}, State: membership.Open}
		for area := range 10 {
			line.Findings = append(line.Findings, membership.Finding{
				Area: fmt.Sprint("some-area-", area), On: kizuna.NewDate(2023, 10, 5).AddMonths(month), Total: kizuna.Int(74), Qualified: true,
				Program: "mcpp@2023-12", Known: kizuna.NewDate(2023, 10, 20).AddMonths(month).Instant().Moment(),
				Digest: "sha256:" + kizuna.HashOf(fmt.Append(nil, month, area)).String(),
			})
		}
		all.Join(line)
		var body any = line
		switch {
		case whole:
			body = all
		case month > 0:
			body = map[string]any{"over": month, "adds": line}
		}
		data, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		c := store.Command{Actor: lifecycle.Actor{Role: lifecycle.Operator, ID: "ops"}, Action: "enrollment.qualify"}
		if _, err := db.Write(b.Context(), c, func(tx store.Tx) error {
			return tx.Put(&store.Record{
				Thing: store.Thing{Kind: record.EnrollmentKind, ID: "g1"}, Version: int64(month + 1), Concerns: store.Concerns{Location: "g1"},
				Valid: kizuna.Intervals{kizuna.Always}, Body: data,
			})
		}); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}
