package kernel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// random numbers that are the same everywhere (SplitMix64).
type random uint64

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (r *random) below(n int) int  { return int((r.next() >> 32) * uint64(n) >> 32) }
func (r *random) unit() float64    { return float64(r.next()>>11) / (1 << 53) }
func (r *random) skewed(n int) int { return min(n-1, int(math.Exp(r.unit()*math.Log(float64(n)+1)))-1) }

// shape is how customers are: rows Pareto with a least number of them, many partners
// with few of the customers and few with many.
type shape struct {
	rows, least int
	alpha       float64
	partners    int
}

var (
	programShape = shape{least: 1, alpha: 1.2, rows: 1_000_000}
	bookShape    = shape{least: 3300, alpha: 1.5, rows: 1_000_000, partners: 300}
)

// segmentOf is a segment of a shape; or the one of the file that KIZUNA_BENCH_SEGMENT
// names, which is made if it is missing, so that large ones are made once.
func segmentOf(b *testing.B, s shape) *segment.Segment {
	b.Helper()
	path := os.Getenv("KIZUNA_BENCH_SEGMENT")
	if path == "" {
		g, err := segment.Read(made(b, s))
		if err != nil {
			b.Fatal(err)
		}
		return g
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(path, made(b, s), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	g, err := segment.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := g.Close(); err != nil {
			b.Error(err)
		}
	})
	return g
}

// made is the bytes of a segment of a shape.
func made(b *testing.B, s shape) []byte {
	b.Helper()
	if n, err := strconv.Atoi(os.Getenv("KIZUNA_BENCH_ROWS")); err == nil {
		s.rows = n
	}
	if s.partners == 0 {
		s.partners = s.rows / 250
	}
	var out bytes.Buffer
	build := segment.NewBuilder(&out)
	m := maker{shape: s, b: build, r: 42}
	m.names(b)
	for i := 0; m.total < s.rows; i++ {
		if err := build.Add(m.tenant(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := build.Finish(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

type maker struct {
	shape
	b         *segment.Builder
	r         random
	azure     []segment.Kind
	seats     []segment.Kind
	locations []segment.Partner
	owner     segment.Name
	total     int
	out       segment.Tenant
}

func (m *maker) names(b testing.TB) {
	all, err := program.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	p, err := program.Find(all, "mcpp@2023-10")
	if err != nil {
		b.Fatal(err)
	}
	kind := func(workload, product, channel string) segment.Kind {
		return segment.Kind{Workload: m.b.Name(workload), Product: m.b.Name(product), Channel: m.b.Name(channel)}
	}
	for i := range 103 {
		m.azure = append(m.azure, kind(fmt.Sprintf("Azure service %d", i), "Azure", "EA"))
	}
	for _, list := range []string{"security-azure", "modern-work", "security-m365", "business-sales", "dynamics-usage"} {
		for _, name := range slicesSorted(p.Workloads[list].Names) {
			if list == "security-azure" {
				m.azure = append(m.azure, kind(name, "Azure", "EA"))
			} else {
				m.seats = append(m.seats, kind(name, "Microsoft 365", "CSP"))
			}
		}
	}
	var locations []association.Location
	for i := range m.partners {
		id := fmt.Sprintf("location-%d", i)
		locations = append(locations, association.Location{ID: id, Global: fmt.Sprintf("account-%d", i), During: kizuna.Always})
		m.locations = append(m.locations, m.b.Partner(id))
	}
	m.b.SetLocations(locations)
	m.owner = m.b.Name("Owner")
}

const firstMonth = kizuna.Month(2021*12 + 10)

func (m *maker) tenant(number int) *segment.Tenant {
	r := &m.r
	t := &m.out
	t.ID = fmt.Sprintf("%08x-%04x-4000-8000-%012x", number*64, r.below(1<<16), r.next()>>16)
	t.Resources, t.Reaches = t.Resources[:0], t.Reaches[:0]
	rows := min(100_000, int(float64(m.least)*math.Pow(1-r.unit(), -1/m.alpha)*1.75))
	daily := rows > 400
	per := 1 + r.below(24)
	if daily {
		per = 30 + r.below(400)
	}
	for left := rows; left > 0; left -= per {
		n := min(left, per)
		x := segment.Resource{}
		isAzure := r.below(5) < 3
		if isAzure {
			x.Kind = m.azure[r.skewed(len(m.azure))]
		} else {
			x.Kind = m.seats[r.below(len(m.seats))]
		}
		base := math.Exp(r.unit()*8 + 1)
		seats := kizuna.Micro(math.Exp(r.unit()*7)) * kizuna.MicroPerUnit
		start := r.below(25)
		day := firstMonth.Day(1).AddDays(r.below(max(1, 730-n)))
		for i := range n {
			row := segment.Row{HasMoney: true, Money: kizuna.Micro(base*(0.8+0.4*r.unit())*100) * 10_000}
			if daily && isAzure {
				row.Month, row.Day = day.Month(), uint8(day-day.Month().Day(1))+1
				day++
			} else {
				row.Month = firstMonth.Add((start + i) % 24)
				if (start+i)%24 < start && i < 24 || i >= 24 {
					break
				}
			}
			if !isAzure {
				row.Snapshot, row.Seats = true, seats
				row.Users = seats / 100 * kizuna.Micro(30+r.below(60)) / kizuna.MicroPerUnit * kizuna.MicroPerUnit
				row.Units = row.Users
			}
			x.Rows = append(x.Rows, row)
		}
		m.total += len(x.Rows)
		t.Resources = append(t.Resources, x)
	}
	favorite := r.skewed(m.partners)
	for range 1 + r.below(2*min(3, 1+len(t.Resources))) + len(t.Resources)/20 {
		m.reach(t, favorite)
	}
	return t
}

func (m *maker) reach(t *segment.Tenant, favorite int) {
	r := &m.r
	partner := favorite
	if r.below(2) == 0 {
		partner = r.skewed(m.partners)
	}
	first := r.below(len(t.Resources))
	x := segment.Reach{Location: m.locations[partner], First: uint32(first), End: uint32(first + 1 + r.below(len(t.Resources)-first))}
	from := firstMonth.Day(1).AddDays(r.below(900) - 250)
	x.During = kizuna.Interval{From: from.Instant(), To: kizuna.Forever}
	if r.below(3) == 0 {
		x.During.To = from.AddDays(60 + r.below(600)).Instant()
	}
	switch r.below(10) {
	case 0, 1, 2, 3:
		x.Type, x.By, x.What = program.CPORUsage, segment.ByWorkload, t.Resources[first].Workload
		x.First, x.End = 0, uint32(len(t.Resources))
	case 4, 5:
		x.Type = program.DPOR
	case 6:
		x.Type = program.CSPTier1
	default:
		x.Type, x.By, x.What = program.PAL, segment.ByRole, m.owner
	}
	t.Reaches = append(t.Reaches, x)
}

func slicesSorted(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// rules compiles mcpp@2023-10 and lays a view over a segment.
func rules(b *testing.B, g *segment.Segment) (*kernel.Kernel, *segment.View) {
	b.Helper()
	if err := g.Check(); err != nil {
		b.Fatal(err)
	}
	all, err := program.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	p, err := program.Find(all, "mcpp@2023-10")
	if err != nil {
		b.Fatal(err)
	}
	k, err := kernel.Compile(attribution.NewPlan(p, kizuna.NewDate(2023, 11, 15)), "")
	if err != nil {
		b.Fatal(err)
	}
	v, err := segment.NewView(g)
	if err != nil {
		b.Fatal(err)
	}
	return k, v
}

func benchmarkRun(b *testing.B, s shape) {
	k, v := rules(b, segmentOf(b, s))
	info := v.Newest().Info()
	b.ReportAllocs()
	start := processorTime()
	for b.Loop() {
		if _, err := k.Run(context.Background(), v, kernel.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	// On a machine that others use too, the processor's time says more than the clock's.
	b.ReportMetric(float64((processorTime()-start).Milliseconds())/float64(b.N), "cpu-ms/op")
	n := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(float64(info.Rows)*n/1e6, "Mrows/s")
	b.ReportMetric(float64(info.Tenants)*n/1e6, "Mtenants/s")
	b.ReportMetric(float64(info.RowBytes+info.DirectoryBytes)/float64(info.Rows), "B/row")
	b.ReportMetric(float64(info.Tenants), "tenants")
	b.ReportMetric(float64(info.Reaches)/float64(info.Tenants), "reaches/tenant")
}

// KIZUNA_BENCH_ROWS says how many rows; a million if it is not set.
func BenchmarkProgram(b *testing.B) { benchmarkRun(b, programShape) }
func BenchmarkBook(b *testing.B)    { benchmarkRun(b, bookShape) }

// BenchmarkBacktest counts a second version of the rules in the same walk, and says
// how many times the processor's time of counting one that is: a draft, whose
// measures are nearly all the same, and another year's rules, which read facts alike
// in part.
func BenchmarkBacktest(b *testing.B) {
	one, v := rules(b, segmentOf(b, programShape))
	all, err := program.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	draft := one.Plan.Program.Clone()
	for i := range draft.Areas {
		for _, rule := range draft.Areas[i].Metrics[0].Rules {
			for c := range rule.Components {
				rule.Components[c].Measure.Amount = nil
			}
		}
	}
	for name, p := range map[string]*program.Program{"draft": draft, "2026-07": all[len(all)-1]} {
		b.Run(name, func(b *testing.B) {
			two, err := kernel.CompileTogether("", one.Plan, attribution.NewPlan(p, one.Plan.AsOf))
			if err != nil {
				b.Fatal(err)
			}
			var alone, together time.Duration
			for b.Loop() {
				start := processorTime()
				if _, err := one.Run(context.Background(), v, kernel.Options{}); err != nil {
					b.Fatal(err)
				}
				between := processorTime()
				if _, err := two.Run(context.Background(), v, kernel.Options{}); err != nil {
					b.Fatal(err)
				}
				alone, together = alone+between-start, together+processorTime()-between
			}
			b.ReportMetric(float64(together)/float64(alone), "x-one")
		})
	}
}

// BenchmarkChange ends or reopens one association of a customer anywhere, and makes
// the totals follow.
func BenchmarkChange(b *testing.B) {
	k, v := rules(b, segmentOf(b, programShape))
	l, err := k.Live(context.Background(), v, kernel.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var ids []string // of whoever is reached
	var record segment.Record
	for i := range v.Newest().Blocks() {
		block, err := v.Newest().Block(i)
		if err != nil {
			b.Fatal(err)
		}
		for t := range block.Len() {
			if block.Record(t, &record); record.Entries() > 0 {
				ids = append(ids, block.ID(t))
			}
		}
	}
	r := random(1)
	end := func(_ segment.Names, reaches []segment.Reach) []segment.Reach {
		x := &reaches[r.below(len(reaches))]
		x.During.To = kizuna.Instant(1_690_000_000 + r.below(10_000_000))
		return reaches
	}
	var took []time.Duration
	began := processorTime()
	for b.Loop() {
		id := ids[r.below(len(ids))]
		start := time.Now()
		if err := l.Reaches(id, end); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	b.ReportMetric(float64((processorTime()-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		made(b, programShape)
	}
}
