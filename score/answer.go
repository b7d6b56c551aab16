package score

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// Question is what is asked: under which rules, about which day.
type Question struct {
	Program *program.Program
	Carried bool // no version is in force on the day
	AsOf    kizuna.Date
	Trust   attribution.Trust
}

// Facts is everything that was known when the question was asked.
type Facts struct {
	attribution.Facts
	People   *people.Facts
	Coverage Coverage
}

// Answer holds a question's prepared facts and every account's tallies. It is
// safe for concurrent reading.
type Answer struct {
	Question Question
	Book     *attribution.Book
	Roster   *people.Roster

	scorer Scorer
	total  attribution.Contribution
	names  map[string]string
}

// Ask scores the whole of the facts.
func Ask(q Question, f *Facts) *Answer {
	facts := f.Facts
	facts.Trust = q.Trust
	plan := attribution.NewPlan(q.Program, q.AsOf)
	book := attribution.NewBook(plan, &facts)
	a := &Answer{
		Question: q,
		Book:     book,
		Roster: people.NewRoster(f.People, q.Program, q.AsOf, func(location string) (string, bool) {
			account, isLocation, ok := book.Index().AccountOf(location)
			return account, ok && isLocation
		}),
		total: book.Total(),
		names: make(map[string]string),
	}
	a.scorer = Scorer{Plan: plan, Roster: a.Roster, Coverage: f.Coverage}
	for _, l := range facts.Associations.Locations {
		if a.names[l.Global] == "" {
			a.names[l.Global] = l.Name
		}
	}
	return a
}

// Accounts lists the global accounts on the question's day.
func (a *Answer) Accounts() []string { return a.Book.Index().Accounts() }

// Resolve finds the account of a partner id, which may be a location or a global
// account. Location is the id itself if it is a location.
func (a *Answer) Resolve(partner string) (account, location string, err error) {
	account, isLocation, ok := a.Book.Index().AccountOf(partner)
	switch {
	case !ok:
		return "", "", kizuna.Errorf("unknown-partner", "no location and no global account on %s is %q", a.Question.AsOf, partner).
			WithMend("known accounts: %s", clipList(a.Accounts(), 8))
	case isLocation:
		return account, partner, nil
	}
	return account, "", nil
}

func clipList(ids []string, n int) string {
	if len(ids) > n {
		return strings.Join(ids[:n], ", ") + ", …"
	}
	return strings.Join(ids, ", ")
}

// Result scores the accounts, all of them if none is named.
func (a *Answer) Result(accounts ...string) *Result {
	if len(accounts) == 0 {
		accounts = a.Accounts()
	}
	missing, _ := a.Book.MissingMonths()
	p := a.Question.Program
	r := &Result{
		Program: p.Version, ProgramID: p.ID, Digest: program.Digest(p), Carried: a.Question.Carried,
		AsOf: a.Question.AsOf, Missing: missing, Findings: a.Findings(), Remarks: a.Book.Remarks(), Rules: p,
	}
	last := a.Book.Plan.Last
	r.Months.Set("M-1", last)
	r.Months.Set("M-13", last.Add(-12))
	for _, account := range accounts {
		scored := a.scorer.Account(account, a.total)
		scored.Name = a.names[account]
		r.Accounts.Set(account, scored)
	}
	return r
}

// Findings lists facts that can never count and rows that were refused.
func (a *Answer) Findings() []*kizuna.Error {
	out := slices.Clone(a.Book.Findings())
	for _, r := range a.Book.Refused() {
		out = append(out, r.Err)
	}
	slices.SortStableFunc(out, func(x, y *kizuna.Error) int {
		return cmp.Or(
			strings.Compare(x.At.File, y.At.File), cmp.Compare(x.At.Line, y.At.Line),
			strings.Compare(x.Code, y.Code), strings.Compare(x.Message, y.Message))
	})
	return out
}

// Effect is what an account's points would be with other facts, area by area.
type Effect struct {
	Area   string          `json:"area"`
	Before kizuna.Fraction `json:"before"`
	After  kizuna.Fraction `json:"after"`
}

// Differences lists the areas in which an account's total differs between two answers.
func Differences(before, after *Result, account string) []Effect {
	x, okX := before.Accounts.Get(account)
	y, okY := after.Accounts.Get(account)
	if !okX || !okY {
		return nil
	}
	var out []Effect
	for _, area := range x.Areas {
		if other, ok := y.Areas.Get(area.Name); ok && area.Value.Total.Cmp(other.Total) != 0 {
			out = append(out, Effect{area.Name, area.Value.Total, other.Total})
		}
	}
	return out
}

// Customer returns a tenant's name, or "".
func (a *Answer) Customer(tenant string) string {
	if c := a.Book.Index().Customer(association.Fold(tenant)); c != nil {
		return c.Name
	}
	return ""
}

// NoSuchArea says that the program has no such area, and which it has.
func (a *Answer) NoSuchArea(area string) *kizuna.Error {
	p := a.Question.Program
	ids := make([]string, len(p.Areas))
	for i := range p.Areas {
		ids[i] = p.Areas[i].ID
	}
	return kizuna.Errorf("no-such-area", "%s has no area %q", p.Ref(), area).
		WithMend("its areas: %s", strings.Join(ids, ", "))
}
