// Package fleet scores all partners at once, and tells what another program would
// change: who gains a designation, who loses one, where, and why.
//
// It turns the totals of one counting of all customers into what [score.Ask] says
// of each account, a partner at a time, so that what is held does not grow with the
// partners. docs/fleet.md tells how it is asked.
package fleet

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/score"
)

// Facts is what the totals do not tell.
type Facts struct {
	// Locations say which account each belonged to, and when: the same as in the
	// totals. Their names and countries are taken if they have any.
	Locations []association.Location
	People    *people.Facts // nil: nothing is known of people
	Coverage  score.Coverage
}

// Fleet is all partners under one question. It is safe for concurrent use.
type Fleet struct {
	Question score.Question
	Partners []Partner // in order of their accounts

	index  *association.Index
	scorer score.Scorer
	totals score.Totals   // read from several goroutines
	idle   *score.Account // the score of whoever has neither customers nor people
}

// Partner is a global account.
type Partner struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"` // of the first location that has one
	// Country is that of its first location that names one: of those that belong to
	// it on the question's day, or else of any.
	Country string `json:"country,omitempty"`
}

// Scored is a partner's score. It must not be changed: partners may share it.
type Scored struct {
	Partner
	Areas score.Keyed[*score.Area]
}

// New prepares the scores of all partners. The plan is the one that the totals were
// counted under.
func New(q score.Question, plan *attribution.Plan, f *Facts, totals score.Totals) *Fleet {
	index := association.NewIndex(&association.Facts{Locations: f.Locations},
		association.Question{Program: plan.Program, AsOf: plan.AsOf})
	known := f.People
	if known == nil {
		known = new(people.Facts)
	}
	roster := people.NewRoster(known, plan.Program, plan.AsOf, func(location string) (string, bool) {
		account, isLocation, ok := index.AccountOf(location)
		return account, ok && isLocation
	})
	scorer := score.Scorer{Plan: plan, Roster: roster, Coverage: remember(f.Coverage, plan)}
	idle := scorer
	idle.Roster = new(people.Roster)
	return &Fleet{
		Question: q, Partners: partners(index.Accounts(), f.Locations, plan.AsOf.Instant()),
		index: index, scorer: scorer, totals: totals, idle: idle.Account("", nil),
	}
}

// partners gives the accounts their names and countries.
func partners(accounts []string, locations []association.Location, at kizuna.Instant) []Partner {
	type described struct{ name, current, any string }
	of := make(map[string]*described, len(accounts))
	for i := range locations {
		l := &locations[i]
		d := of[l.Global]
		if d == nil {
			d = new(described)
			of[l.Global] = d
		}
		d.name, d.any = cmp.Or(d.name, l.Name), cmp.Or(d.any, l.Country)
		if l.During.Contains(at) {
			d.current = cmp.Or(d.current, l.Country)
		}
	}
	out := make([]Partner, len(accounts))
	for i, account := range accounts {
		d := of[account]
		out[i] = Partner{account, d.name, cmp.Or(d.current, d.any)}
	}
	return out
}

// Resolve finds a partner by a location's id or by its account's.
func (f *Fleet) Resolve(id string) (Partner, error) {
	account, _, ok := f.index.AccountOf(id)
	i, found := slices.BinarySearchFunc(f.Partners, account, func(p Partner, account string) int {
		return strings.Compare(p.Account, account)
	})
	if !ok || !found {
		return Partner{}, kizuna.Errorf("fleet-partner", "none of the %d partners has the id %q on %s",
			len(f.Partners), id, f.Question.AsOf).
			WithMend("name a global account, or one of its locations on that day")
	}
	return f.Partners[i], nil
}

// Score scores one partner.
func (f *Fleet) Score(p Partner) Scored {
	total := f.totals.Account(p.Account)
	if len(total) == 0 && len(f.scorer.Roster.Holders[p.Account]) == 0 {
		return Scored{p, f.idle.Areas}
	}
	return Scored{p, f.scorer.Account(p.Account, total).Areas}
}

// All scores all partners, on all processors, and yields them in order. The error is
// ctx's, and ends it.
func (f *Fleet) All(ctx context.Context) iter.Seq2[Scored, error] {
	return inOrder(ctx, len(f.Partners), func(i int) Scored { return f.Score(f.Partners[i]) })
}
