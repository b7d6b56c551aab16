package kernel_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// BenchmarkExplain opens figures of random partners: the first 50 of a random measure's
// list, and a random one of these down to its first 50 rows. Every partner is as likely
// as any other; "busiest" asks the one with the most customers. Before that, once for all questions, a view is indexed, and, once
// for a program and a day, the lists of busy partners are prepared.
func BenchmarkExplain(b *testing.B)     { benchmarkExplain(b, programShape) }
func BenchmarkExplainBook(b *testing.B) { benchmarkExplain(b, bookShape) }

func benchmarkExplain(b *testing.B, s shape) {
	k, v := rules(b, segmentOf(b, s))
	index := func() *segment.PartnerIndex {
		x, err := segment.IndexPartners(context.Background(), v)
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	prepare := func(x *segment.PartnerIndex) *kernel.Explainer {
		e := k.Explainer(v, x)
		if err := e.Prepare(context.Background(), kernel.Options{}); err != nil {
			b.Fatal(err)
		}
		return e
	}
	bare := heap()
	x := index()
	indexed := heap()
	e := prepare(x)
	ready := heap()
	b.Run("index", func(b *testing.B) {
		start := processorTime()
		for b.Loop() {
			index()
		}
		b.ReportMetric(float64((processorTime()-start).Milliseconds())/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(indexed-bare)/1e6, "MB")
		b.ReportMetric(float64(x.Pairs())/1e6, "Mpairs")
	})
	b.Run("prepare", func(b *testing.B) {
		start := processorTime()
		for b.Loop() {
			prepare(x)
		}
		b.ReportMetric(float64((processorTime()-start).Milliseconds())/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(ready-indexed)/1e6, "MB")
		b.ReportMetric(float64(e.Busy()), "busy-accounts")
	})
	accounts := v.Newest().Accounts() - 1
	r := random(1)
	id := func() string { return fmt.Sprintf("account-%d", r.below(accounts)) }
	measure := func() int { return r.below(k.Plan.Measures()) }
	list := func(account string, measure int) kernel.List {
		l, err := e.Customers(account, measure, 50)
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	b.Run("list", func(b *testing.B) {
		var took times
		for b.Loop() {
			account, measure := id(), measure()
			took.of(func() { list(account, measure) })
		}
		took.report(b)
	})
	b.Run("busiest", func(b *testing.B) {
		var took times
		all := 0
		for b.Loop() {
			measure := measure()
			took.of(func() { all = max(all, list("account-0", measure).All) })
		}
		took.report(b)
		b.ReportMetric(float64(all), "customers")
	})
	b.Run("rows", func(b *testing.B) {
		var took times
		all := 0
		for b.Loop() {
			account, number := id(), measure()
			customers := list(account, number).Customers
			for len(customers) == 0 {
				account, number = id(), measure()
				customers = list(account, number).Customers
			}
			tenant := customers[r.below(len(customers))].ID
			took.of(func() {
				_, n, err := e.Rows(account, tenant, number, 50)
				if err != nil {
					b.Fatal(err)
				}
				all += n
			})
		}
		took.report(b)
		b.ReportMetric(float64(all)/float64(3*len(took.first)), "rows")
	})
}

// times are how long things took the first time, and the quickest of three: on a machine
// that others use too, the first may have waited for them.
type times struct{ first, warm []time.Duration }

func (t *times) of(do func()) {
	var took [3]time.Duration
	for i := range took {
		start := time.Now()
		do()
		took[i] = time.Since(start)
	}
	t.first, t.warm = append(t.first, took[0]), append(t.warm, min(took[0], took[1], took[2]))
}

func (t *times) report(b *testing.B) {
	for name, of := range map[string][]time.Duration{"": t.first, "warm-": t.warm} {
		slices.Sort(of)
		at := func(share float64) float64 { return float64(of[int(share*float64(len(of)-1))].Nanoseconds()) / 1e3 }
		b.ReportMetric(at(0.5), name+"p50-us")
		b.ReportMetric(at(0.99), name+"p99-us")
		b.ReportMetric(at(1), name+"max-us")
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
