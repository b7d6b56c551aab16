package membership

import (
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Turn is a change of how a company stands in an area.
type Turn struct {
	On    kizuna.Date  `json:"on"`
	Area  string       `json:"area"`
	From  State        `json:"from"`
	To    State        `json:"to"`
	Until *kizuna.Date `json:"until,omitempty"` // as it looked on the day
	Why   Why          `json:"why"`
}

// same reports whether two turns tell the same.
func (t *Turn) same(u *Turn) bool {
	return t.On == u.On && t.Area == u.Area && t.From == u.From && t.To == u.To && t.Why.Cause == u.Why.Cause
}

// History lists every change up to a day, in order: what happened, and what came with
// time. Where an area is lost and won on one day both make one turn.
func (r *Rules) History(l *Ledger, through kizuna.Date) []Turn {
	days := r.daysOf(l, nil)
	slices.Sort(days)
	var out []Turn
	var before *Status
	for len(days) > 0 && days[0] <= through {
		day := days[0]
		s := r.Status(l, day)
		out = append(out, turns(before, s)...)
		before = s
		for len(days) > 0 && days[0] <= day {
			days = days[1:]
		}
		if s.Next != nil && (len(days) == 0 || *s.Next < days[0]) {
			days = append([]kizuna.Date{*s.Next}, days...)
		}
	}
	return out
}

// daysOf are the days on which a ledger, and what merged into it, says something.
func (r *Rules) daysOf(l *Ledger, days []kizuna.Date) []kizuna.Date {
	for i := range l.Findings {
		days = append(days, l.Findings[i].On)
	}
	for i := range l.Events {
		days = append(days, r.Day(l.Events[i].At))
		if with := l.Events[i].With; with != nil {
			days = r.daysOf(with, days)
		}
	}
	return days
}

// turns are the areas that stand otherwise than before.
func turns(before, s *Status) []Turn {
	var out []Turn
	for i := range s.Areas {
		a := &s.Areas[i]
		was := Area{State: InProgress}
		if before != nil {
			if j := slices.IndexFunc(before.Areas, func(b Area) bool { return b.ID == a.ID }); j >= 0 {
				was = before.Areas[j]
			}
		}
		if a.State != was.State || a.Holds() && before != nil && day(a.Held) != day(was.Held) && day(a.Held) > before.On {
			out = append(out, Turn{s.On, a.ID, was.State, a.State, a.Until, a.Why})
		}
	}
	return out
}
