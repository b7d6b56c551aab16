package membership

import (
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Status tells how a company stands on a day, past or future, by what its ledger
// holds: of a future day, if nothing else happens.
func (r *Rules) Status(l *Ledger, day kizuna.Date) *Status {
	c := r.read(l, day)
	t := r.On(day)
	s := &Status{
		Account: l.Account, On: day, Program: t.Program.Ref(), State: InProgress,
		Counts: t.counts(day), Paid: c.paid, Closed: c.closed, Idle: c.idle,
	}
	next := never
	later := func(d kizuna.Date) {
		if d > day {
			next = min(next, d)
		}
	}
	if c.term != nil {
		c.tellTerm(s, later)
	}
	for _, l := range c.legacy {
		if l.Contains(day) && c.closed == nil {
			s.Legacy = &Days{l.First, l.Last}
		}
	}
	s.Areas = make([]Area, 0, len(t.Program.Areas))
	for i := range t.Program.Areas {
		s.Areas = append(s.Areas, c.area(t.Program.Areas[i].ID, t, day))
	}
	for i := range c.areas { // held, but the program has it no more
		if id := c.areas[i].id; t.Program.Area(id) == nil {
			s.Areas = append(s.Areas, c.area(id, t, day))
		}
	}
	c.last(l, s)
	order := States()
	for i := range s.Areas {
		a := &s.Areas[i]
		if slices.Index(order, a.State) > slices.Index(order, s.State) {
			s.State = a.State
		}
		if a.Until != nil {
			later(a.Until.AddDays(1))
		}
	}
	if c.term == nil && c.closed == nil && len(c.found) > 0 {
		later(r.changesAfter(day)) // other rules may let in who could not enter
	}
	if next != never {
		s.Next = &next
	}
	return s
}

// tellTerm tells of the term that runs, and when it changes.
func (c *company) tellTerm(s *Status, later func(kizuna.Date)) {
	t := c.term
	anniversary, renewal := t.anniversary, t.renewal
	keeps := c.rules.On(anniversary).keeps(anniversary)
	s.Anniversary, s.Renewal, s.Keeps = &anniversary, &renewal, &keeps
	later(anniversary.AddDays(1))
	if t.renewed != nil {
		paid := t.nextPaid
		s.Renewed = &paid
		return
	}
	later(renewal.First)
	later(max(renewal.Last, anniversary).AddDays(1))
}

// area tells how the company stands in an area.
func (c *company) area(id string, t *Terms, day kizuna.Date) Area {
	a := Area{ID: id, State: InProgress, Why: Why{Cause: NothingFound}}
	i := slices.IndexFunc(c.areas, func(s standing) bool { return s.id == id })
	if i >= 0 && c.areas[i].in {
		c.holds(&a, &c.areas[i], day)
		return a
	}
	if i >= 0 {
		s := &c.areas[i]
		since := s.since
		a.State, a.Since, a.Why = Lapsed, &since, s.why
	}
	if c.closed == nil && t.Program.Area(id) != nil {
		c.qualified(&a, t, day)
	}
	return a
}

// holds tells of an area that is enrolled.
func (c *company) holds(a *Area, s *standing, day kizuna.Date) {
	t := c.term
	since, held := s.since, s.held
	a.State, a.Since, a.Held, a.Why = Enrolled, &since, &held, s.why
	a.Keeps = c.keeping(s.id, t.anniversary, day)
	until := t.renewal.First.AddDays(-1)
	switch {
	case t.renewed != nil:
		since = max(since, t.nextPaid)
		until = t.anniversary
		if since == t.nextPaid {
			a.Why = Why{ByRenewal, a.Keeps, t.renewed}
		}
	case day >= t.renewal.First:
		a.State, a.Why.Cause = RenewalDue, WindowOpen
		since = max(since, t.renewal.First)
		until = max(t.renewal.Last, t.anniversary)
	}
	a.Until = &until
}

// qualified tells whether an area that is not enrolled can be: since when, and until
// when if no other day qualifies.
func (c *company) qualified(a *Area, t *Terms, day kizuna.Date) {
	before := kizuna.Date(-never) // the run of days began after what ended before it
	if a.State == Lapsed {
		before = *a.Since
	}
	var last, latest *Finding
	since, until := never, kizuna.Date(-never)
	for _, f := range slices.Backward(c.found) {
		if f.Area != a.ID || f.On > day {
			continue
		}
		if latest == nil {
			latest = f
		}
		switch {
		case last == nil && t.open(f.On, day):
			last, since, until = f, f.On, c.rules.lastOpen(f.On, day)
		case last != nil && since > before && c.rules.lastOpen(f.On, f.On) >= since.AddDays(-1):
			since = f.On // the days that this one opens reach to those
			until = max(until, c.lastOpenOn(f, day))
		}
	}
	switch {
	case last != nil:
		since = max(since, before)
		a.State, a.Since, a.Until, a.Why = Qualified, &since, &until, Why{ScoreOfDay, last, nil}
	case latest != nil && a.State == InProgress:
		over := c.rules.lastOpen(latest.On, latest.On).AddDays(1)
		a.Since, a.Why = &over, Why{WindowOver, latest, nil}
	}
}

// lastOpenOn is until when a decision keeps the way in open, from a day on.
func (c *company) lastOpenOn(f *Finding, day kizuna.Date) kizuna.Date {
	if !c.rules.On(day).open(f.On, day) {
		return f.On
	}
	return c.rules.lastOpen(f.On, day)
}

// last fills in what was found last of each area, qualified or not, by the day.
func (c *company) last(l *Ledger, s *Status) {
	for i := range l.Findings {
		f := &l.Findings[i]
		if f.On > s.On {
			continue
		}
		j := slices.IndexFunc(s.Areas, func(a Area) bool { return a.ID == f.Area })
		if j < 0 {
			continue
		}
		if old := s.Areas[j].Last; old == nil || old.On < f.On || old.On == f.On && old.Known < f.Known {
			s.Areas[j].Last = f
		}
	}
}
