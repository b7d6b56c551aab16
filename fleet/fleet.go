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
	People    *people.Index // nil: nothing is known of people
	Coverage  score.Coverage
}

// Totals are what all customers contribute to each account, as the kernel counts it.
// They are read from several goroutines, and do not change.
type Totals interface {
	score.Totals
	// Number returns the number by which an account goes; false if it is not known.
	Number(account string) (n int, ok bool)
	// Values returns what reads the tallies of the account of a number as numbers.
	Values() func(account int, into []attribution.Value)
}

// Fleet is all partners under one question. It is safe for concurrent use.
type Fleet struct {
	Question score.Question
	Partners []Partner // in order of their accounts

	facts   *Facts
	known   *people.Index
	index   *association.Index
	at      []int // by location of the people: the place of the partner; nobody
	scorer  score.Scorer
	sheet   *score.Sheet
	totals  Totals
	values  func(account int, into []attribution.Value)
	numbers []int // of the partners in the totals; nobody
}

// nobody is the place of a partner that there is not.
const nobody = -1

// Partner is a global account.
type Partner struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"` // of the first location that has one
	// Country is that of its first location that names one: of those that belong to
	// it on the question's day, or else of any.
	Country string `json:"country,omitempty"`
}

// Scored is a partner's score in numbers. It holds until the next partner comes.
type Scored struct {
	Partner
	Figures *score.Figures
}

// New prepares the scores of all partners. The plan is the one that the totals were
// counted under.
func New(q score.Question, plan *attribution.Plan, facts *Facts, totals Totals) *Fleet {
	f := &Fleet{
		facts: facts, known: facts.People,
		index: association.NewIndex(&association.Facts{Locations: facts.Locations},
			association.Question{Program: plan.Program, AsOf: plan.AsOf}),
	}
	if f.known == nil {
		f.known = people.NewIndex(new(people.Facts))
	}
	f.Partners = partners(f.index.Accounts(), facts.Locations, plan.AsOf.Instant())
	places := make(map[string]int, len(f.Partners))
	for i := range f.Partners {
		places[f.Partners[i].Account] = i
	}
	f.at = make([]int, len(f.known.Locations()))
	for i, location := range f.known.Locations() {
		f.at[i] = nobody
		if account, ok := f.index.AccountAt(location); ok {
			f.at[i] = places[account]
		}
	}
	return f.ask(q, plan, totals)
}

// Under prepares the scores of the same partners under another question about the same
// facts. What depends on the day alone is shared if the day is the same.
func (f *Fleet) Under(q score.Question, plan *attribution.Plan, totals Totals) *Fleet {
	if plan.AsOf != f.scorer.Plan.AsOf {
		return New(q, plan, f.facts, totals)
	}
	other := *f
	return other.ask(q, plan, totals)
}

// ask prepares what depends on the question.
func (f *Fleet) ask(q score.Question, plan *attribution.Plan, totals Totals) *Fleet {
	accounts := f.index.Accounts()
	roster := f.known.Roster(plan.Program, plan.AsOf, accounts, func(location int) (int, bool) {
		return f.at[location], f.at[location] != nobody
	})
	f.Question, f.totals, f.values = q, totals, totals.Values()
	f.scorer = score.Scorer{Plan: plan, Roster: roster, Coverage: remember(f.facts.Coverage, plan)}
	f.sheet = f.scorer.Sheet()
	f.numbers = make([]int, len(accounts))
	for i, account := range accounts {
		f.numbers[i] = nobody
		if n, ok := totals.Number(account); ok {
			f.numbers[i] = n
		}
	}
	return f
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
	i, found := f.find(account)
	if !ok || !found {
		return Partner{}, kizuna.Errorf("fleet-partner", "none of the %d partners has the id %q on %s",
			len(f.Partners), id, f.Question.AsOf).
			WithMend("name a global account, or one of its locations on that day")
	}
	return f.Partners[i], nil
}

// find returns the place of a partner.
func (f *Fleet) find(account string) (i int, ok bool) {
	return slices.BinarySearchFunc(f.Partners, account, func(p Partner, account string) int {
		return strings.Compare(p.Account, account)
	})
}

// Explain scores one partner, with all that there is to say about the figures.
func (f *Fleet) Explain(p Partner) *score.Account {
	out := f.scorer.Account(p.Account, f.totals.Account(p.Account))
	out.Name = p.Name
	return out
}

// All scores all partners, on all processors, and yields them in order. The error is
// ctx's, and ends it.
func (f *Fleet) All(ctx context.Context) iter.Seq2[Scored, error] {
	room := func(n int) []Scored {
		out, figures := make([]Scored, n), f.sheet.Figures(n)
		for i := range out {
			out[i].Figures = &figures[i]
		}
		return out
	}
	return inOrder(ctx, len(f.Partners), room, func() func(int, *Scored) {
		e := f.evaluator()
		return func(i int, out *Scored) {
			out.Partner = f.Partners[i]
			e.score(i, out.Figures)
		}
	})
}

// evaluator scores one partner after the other.
type evaluator struct {
	*Fleet
	*score.Evaluator
	read []attribution.Value
}

func (f *Fleet) evaluator() *evaluator {
	return &evaluator{f, f.sheet.Evaluator(), make([]attribution.Value, f.scorer.Plan.Measures())}
}

func (e *evaluator) score(partner int, out *score.Figures) {
	var counts []int32
	clear(e.read)
	if partner != nobody {
		counts = e.scorer.Roster.Counts(partner)
		if n := e.numbers[partner]; n != nobody {
			e.values(n, e.read)
		}
	}
	e.Evaluate(out, e.read, counts)
}
