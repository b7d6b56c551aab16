package record

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// companyRules are the rules of all days by which a company stands.
type companyRules struct {
	membership      func() (*membership.Rules, error)
	specializations *specialization.Rules
}

func (s *session) company() companyRules { return companyRules{s.membership, s.specializations} }

func (r *Record) company() companyRules { return companyRules{r.membership, r.specializations} }

// standing is how a company stands by its membership and its specializations at an
// instant; known is false if nothing is recorded of a membership.
func (k knowledge) standing(rules companyRules, account string, at kizuna.Instant) (stands *badge.Company, known bool, err error) {
	e, version, err := lookUp(k, enrollments, account)
	if err != nil {
		return nil, false, err
	}
	if version == 0 {
		return &badge.Company{}, false, nil
	}
	terms, err := rules.membership()
	if err != nil {
		return nil, false, err
	}
	day := terms.Day(at)
	status := terms.Status(&e.Ledger, day)
	stands = &badge.Company{}
	for i := range status.Areas {
		if a := &status.Areas[i]; a.Holds() {
			stands.Standings = append(stands.Standings, standingOf(terms, status, a))
		}
	}
	found, err := k.Find(store.Query{Kind: pursuits.kind, Location: association.Fold(account)})
	if err != nil {
		return nil, false, err
	}
	for _, r := range found {
		p, err := pursuits.decode(r)
		if err != nil {
			return nil, false, err
		}
		if s, ok := active(rules.specializations, terms, &p, day); ok {
			stands.Specializations = append(stands.Specializations, s)
		}
	}
	return stands, true, nil
}

// active is a specialization that is held on the day, as badges see it.
func active(rules *specialization.Rules, terms *membership.Rules, p *specialization.Pursuit, day kizuna.Date) (badge.Specialization, bool) {
	s := rules.Status(p, day)
	_, named, asks := rules.On(p.Specialization, day)
	if !s.State.Held() || s.Earned == nil || s.Until == nil || named == nil || asks == nil {
		return badge.Specialization{}, false
	}
	return badge.Specialization{
		ID: p.Specialization, Name: named.Name.EN, Areas: asks.Aligned(),
		During: kizuna.Interval{From: terms.Start(*s.Earned), To: terms.Start(s.Until.AddDays(1))},
	}, true
}

// standingOf is an area that is held, as badges see it: its term runs to the end of the
// anniversary, and its badge appears some time after the payment or the decision that
// the term came with.
func standingOf(terms *membership.Rules, s *membership.Status, a *membership.Area) badge.Standing {
	after := func(d kizuna.Date) kizuna.Instant { return terms.Start(d.AddDays(1)) }
	began := *a.Held
	if i := slices.IndexFunc(s.Paid, func(b membership.Bundle) bool { return b.Anniversary == *s.Anniversary }); i >= 0 {
		began = max(began, s.Paid[i].First)
	}
	out := badge.Standing{
		Designation: a.ID, Term: kizuna.Interval{From: terms.Start(*a.Held), To: after(*s.Anniversary)}, Changed: terms.Start(began),
	}
	if e := a.Why.Event; e != nil && terms.Day(e.At) == began {
		out.Changed = e.At
	}
	if s.Renewal != nil && s.Renewal.Last > *s.Anniversary {
		out.WindowUntil = after(s.Renewal.Last)
	}
	return out
}
