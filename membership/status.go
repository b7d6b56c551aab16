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
	for i := range s.Areas {
		if !s.Areas[i].Holds() && c.closed == nil {
			later(c.reopened(s.Areas[i].ID, day))
		}
	}
	if next != never {
		s.Next = &next
	}
	return s
}

// tellTerm tells of the term that runs, and when it changes.
func (c *company) tellTerm(s *Status, later func(kizuna.Date)) {
	t := c.term
	anniversary, renewal, keeps := t.anniversary, t.renewal, t.keeps
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
	a.Keeps = c.keeping(s.id, t, day)
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
	var own []*Finding
	for _, f := range c.found {
		if f.Area == a.ID && f.On <= day {
			own = append(own, f)
		}
	}
	if len(own) == 0 {
		return
	}
	last := own[len(own)-1]
	if !t.way(day).open(last.On) {
		if a.State == InProgress {
			over := c.rules.lastOpen(last.On, last.On).AddDays(1)
			a.Since, a.Why = &over, Why{WindowOver, last, nil}
		}
		return
	}
	since, until := c.rules.openSince(own), c.rules.lastOpen(last.On, day)
	if a.State == Lapsed {
		since = max(since, *a.Since)
	}
	a.State, a.Since, a.Until, a.Why = Qualified, &since, &until, Why{ScoreOfDay, last, nil}
}

// reopened is the first later day on which other rules let in who could not enter the
// day before, if there is one.
func (c *company) reopened(area string, day kizuna.Date) kizuna.Date {
	r := c.rules
	for change := r.changesAfter(day); change != never; change = r.changesAfter(change) {
		for _, f := range slices.Backward(c.found) {
			if f.Area != area {
				continue
			}
			if eve := change - 1; r.On(change).way(change).open(f.On) && !r.On(eve).way(eve).open(f.On) {
				return change
			}
			break // those before are in no better place
		}
	}
	return never
}

// openSince is the first of the days, up to the last of the decisions, on all of which
// one of them lets the company enroll.
func (r *Rules) openSince(found []*Finding) kizuna.Date {
	i := len(found) - 1
	since := found[i].On
	for i > 0 {
		eve := since - 1
		way := r.On(eve).way(eve)
		first := i
		for j := i - 1; j >= 0 && (found[j].On > eve || way.open(found[j].On) && r.stays(found[j].On, eve)); j-- {
			first = j
		}
		if first == i {
			break
		}
		i, since = first, found[first].On
	}
	return since
}

// stays reports whether a qualifying day that lets a company enroll on a later day
// does so on all days between: other rules may have closed the way in, and opened it.
func (r *Rules) stays(qualified, day kizuna.Date) bool {
	for change := r.changesAfter(qualified); change <= day; change = r.changesAfter(change) {
		if eve := change - 1; !r.On(eve).way(eve).open(qualified) {
			return false
		}
	}
	return true
}

// last fills in what was found last of each area, qualified or not, by the day.
func (c *company) last(l *Ledger, s *Status) {
	for i := range l.Findings {
		f := &l.Findings[i]
		if f.On > s.On {
			continue
		}
		for j := range s.Areas {
			a := &s.Areas[j]
			if a.Last != nil && f.On < a.Last.On || a.ID != f.Area { // the days differ sooner than the names
				continue
			}
			if a.Last == nil || a.Last.Compare(f) < 0 {
				a.Last = f
			}
			break
		}
	}
}
