package oracle

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Naive returns what Kizuna's clear form says of the facts: attribution.Book and
// score.Scorer.
func Naive(p *program.Program, asOf kizuna.Date, d *dataset.Dataset) *Results {
	plan := attribution.NewPlan(p, asOf)
	book := attribution.NewBook(plan, &attribution.Facts{Associations: &d.Associations, Usage: d.Ledger, Rates: d.Rates})
	roster := people.NewRoster(&d.People, p, asOf, book.Index().AccountAt)
	scorer := &score.Scorer{Plan: plan, Roster: roster, Coverage: Everything(plan.Last)}
	r := newResults(book.Total())
	for _, account := range book.Index().Accounts() {
		for _, area := range scorer.Account(account, r.Tallies).Areas {
			r.Areas[Metric{Account: account, Area: area.Name}] = Area{area.Value.TakenTrack, area.Value.Total, area.Value.Qualified}
			for _, track := range area.Value.Tracks {
				r.Tracks[Metric{Account: account, Area: area.Name, Track: track.Name}] = Track{track.Value.Total, track.Value.Passes}
				for _, m := range track.Value.Metrics {
					r.Points[Metric{account, area.Name, track.Name, m.Name}] = m.Value.Points
				}
			}
		}
	}
	return r
}

// Scores are the points of all accounts that totals know, by their numbers.
type Scores struct {
	program *program.Program
	totals  *kernel.Totals
	figures []score.Figures
}

// Score turns totals into points. The roster's accounts go by the totals' numbers.
func Score(totals *kernel.Totals, plan *attribution.Plan, roster *people.Roster, workers int) *Scores {
	const together = 256
	sheet := (&score.Scorer{Plan: plan, Roster: roster, Coverage: Everything(plan.Last)}).Sheet()
	out := &Scores{plan.Program, totals, sheet.Figures(len(totals.Accounts()))}
	read := totals.Values()
	var next atomic.Int64
	var wait sync.WaitGroup
	for range max(1, workers) {
		wait.Go(func() {
			evaluator, values := sheet.Evaluator(), make([]attribution.Value, plan.Measures())
			for {
				from := int(next.Add(together)) - together
				if from >= len(out.figures) {
					return
				}
				for i := from; i < min(from+together, len(out.figures)); i++ {
					read(i, values)
					evaluator.Evaluate(&out.figures[i], values, roster.Counts(i))
				}
			}
		})
	}
	wait.Wait()
	return out
}

// Results are the scores beside the tallies, but those of who belongs to no account.
func (s *Scores) Results() *Results {
	r := newResults(s.totals.Contribution())
	s.each(func(account string, f *score.Figures) {
		for i, area := range f.Areas {
			r.Areas[Metric{Account: account, Area: f.ID(i)}] = Area{area.Track, area.Total, area.Qualified}
			rules := &s.program.Areas[i]
			for j, track := range f.Tracks(i) {
				name := rules.Track.Tracks[j]
				r.Tracks[Metric{Account: account, Area: f.ID(i), Track: name}] = Track{track.Total, track.Passes}
				for k, m := range f.Metrics(i, j) {
					r.Points[Metric{account, f.ID(i), name, rules.Metrics[k].ID}] = m.Points
				}
			}
		}
	})
	return r
}

func (s *Scores) each(visit func(account string, f *score.Figures)) {
	for i, account := range s.totals.Accounts() {
		if account != "" {
			visit(account, &s.figures[i])
		}
	}
}

// Places tells in which account of a segment somebody's location lies.
type Places struct {
	segment *segment.Segment
	number  []uint32 // in the segment, of each location of the people; none: it has no such location
}

const none = math.MaxUint32

// NewPlaces finds the people's locations in a segment, whatever the day.
func NewPlaces(s *segment.Segment, x *people.Index) *Places {
	numbers := make(map[string]uint32, s.Partners())
	for n := range uint32(s.Partners()) {
		numbers[s.Partner(segment.Partner(n))] = n
	}
	p := &Places{segment: s}
	for _, location := range x.Locations() {
		n, ok := numbers[location]
		if !ok {
			n = none
		}
		p.number = append(p.number, n)
	}
	return p
}

// On returns what tells the number of a location's account on a day.
func (p *Places) On(day kizuna.Date) func(location int) (account int, ok bool) {
	of, _ := p.segment.AccountsOn(day.Instant())
	return func(location int) (int, bool) {
		n := p.number[location]
		if n == none || of[n] == segment.NoAccount {
			return 0, false
		}
		return int(of[n]), true
	}
}

// Everything covers all: worlds hold data for every metric.
func Everything(last kizuna.Month) score.Coverage { return everything{last} }

type everything struct{ last kizuna.Month }

func (e everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return e.last, true }

func (everything) Certifications() bool { return true }
