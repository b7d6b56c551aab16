package membership_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/membership"
)

// madeLedgers are those of companies two years after they enrolled: a score a month
// in two areas, a purchase and a renewal.
func madeLedgers(n int) []membership.Ledger {
	out := make([]membership.Ledger, n)
	for i := range out {
		first := kizuna.NewDate(2023, 10, 1+i%300)
		l := membership.Ledger{Account: fmt.Sprint("G", i)}
		for month := range 24 {
			for _, area := range areas[:2] {
				l.Findings = append(l.Findings, membership.Finding{
					Area: area, On: first.AddMonths(month).Month().Day(1), Total: kizuna.Int(int64(60 + (i+month)%30)),
					Qualified: (i+month)%30 >= 10, Program: "mcpp@2023-12",
				})
			}
		}
		l.Events = []membership.Event{
			{Kind: membership.Purchase, At: first.AddDays(20).Instant(), Fee: "4730 USD"},
			{Kind: membership.Renewal, At: first.AddDays(20 + 365 + 7).Instant(), Fee: "4730 USD"},
		}
		out[i] = l
	}
	return out
}

var states [5]int

// The whole fleet on all processors: 400,000 partners for a day.
func BenchmarkFleet(b *testing.B) {
	r := rules(b)
	ledgers := madeLedgers(10_000) // each stands for forty
	on := kizuna.NewDate(2025, 6, 15)
	b.ReportAllocs()
	for b.Loop() {
		statuses := make([]*membership.Status, len(ledgers))
		for range 40 {
			parallel.Each(len(ledgers), func() func(int) {
				return func(i int) { statuses[i] = r.Status(&ledgers[i], on) }
			})
		}
	}
}

// How one company stands on a day, from the scores and payments that are kept of it.
func BenchmarkStatus(b *testing.B) {
	r := rules(b)
	ledgers := madeLedgers(1000)
	on := kizuna.NewDate(2025, 6, 15)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := r.Status(&ledgers[i%len(ledgers)], on)
		states[len(s.Areas)%5]++
	}
}

// The same, read from the form in which the record keeps it.
func BenchmarkStoredStatus(b *testing.B) {
	r := rules(b)
	var stored [][]byte
	for _, l := range madeLedgers(1000) {
		data, err := json.Marshal(&l)
		if err != nil {
			b.Fatal(err)
		}
		stored = append(stored, data)
	}
	on := kizuna.NewDate(2025, 6, 15)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var l membership.Ledger
		if err := json.Unmarshal(stored[i%len(stored)], &l); err != nil {
			b.Fatal(err)
		}
		states[len(r.Status(&l, on).Areas)%5]++
	}
}
