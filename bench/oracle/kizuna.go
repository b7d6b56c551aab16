package oracle

import (
	"iter"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
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
	roster := people.NewRoster(&d.People, p, asOf, func(location string) (string, bool) {
		account, isLocation, ok := book.Index().AccountOf(location)
		return account, ok && isLocation
	})
	return Scored(&score.Scorer{Plan: plan, Roster: roster, Coverage: Everything(plan.Last)}, book.Index().Accounts(), book.Total())
}

// Scored returns the points that tallies give.
func Scored(s *score.Scorer, accounts []string, total attribution.Contribution) *Results {
	r := &Results{
		Tallies: total, Points: make(map[Metric]kizuna.Fraction), Tracks: make(map[Metric]Track), Areas: make(map[Metric]Area),
	}
	for _, account := range accounts {
		for _, area := range s.Account(account, total).Areas {
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

// ScoreAll scores accounts, several at a time.
func ScoreAll(s *score.Scorer, totals iter.Seq2[string, attribution.Contribution], workers int) (names []string, scored []*score.Account) {
	type task struct {
		account string
		total   attribution.Contribution
		out     **score.Account
	}
	const together = 64
	tasks := make(chan []task, workers)
	var wait sync.WaitGroup
	for range max(1, workers) {
		wait.Go(func() {
			for some := range tasks {
				for _, t := range some {
					*t.out = s.Account(t.account, t.total)
				}
			}
		})
	}
	var outs []**score.Account
	var some []task
	for account, total := range totals {
		names, outs = append(names, account), append(outs, new(*score.Account))
		if some = append(some, task{account, total, outs[len(outs)-1]}); len(some) == together {
			tasks <- some
			some = nil
		}
	}
	tasks <- some
	close(tasks)
	wait.Wait()
	for _, out := range outs {
		scored = append(scored, *out)
	}
	return names, scored
}

// Everything covers all: worlds hold data for every metric.
func Everything(last kizuna.Month) score.Coverage { return everything{last} }

type everything struct{ last kizuna.Month }

func (e everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return e.last, true }

func (everything) Certifications() bool { return true }
