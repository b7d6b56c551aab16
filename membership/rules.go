package membership

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Rules are a program's versions and their changes in order of time. They are safe
// for concurrent use.
type Rules struct {
	terms []Terms
}

// Terms are the rules that hold from a day until the next ones do.
type Terms struct {
	From    kizuna.Date // of the first terms: what was before goes by them, too
	Program *program.Program
	*program.MembershipRules
}

// NewRules returns the rules of a program in its versions. The error is
// "membership-no-rules" if one of them enrolls nobody, or there is none.
func NewRules(id string, versions []*program.Program) (*Rules, error) {
	var own []*program.Program
	for _, p := range versions {
		if p.ID == id {
			own = append(own, p)
		}
	}
	slices.SortStableFunc(own, func(a, b *program.Program) int { return cmp.Compare(a.InForce.From, b.InForce.From) })
	r := &Rules{}
	for i, p := range own {
		if p.Membership == nil {
			return nil, noRules(p.Ref())
		}
		r.terms = append(r.terms, Terms{p.InForce.From, p, p.Membership})
		for j := range p.Membership.Changes {
			c := &p.Membership.Changes[j]
			if i+1 == len(own) || *c.From < own[i+1].InForce.From {
				r.terms = append(r.terms, Terms{*c.From, p, c})
			}
		}
	}
	if len(r.terms) == 0 {
		return nil, noRules(id)
	}
	return r, nil
}

func noRules(of string) error {
	return kizuna.Errorf("membership-no-rules", "%s says nothing of membership", of).
		WithMend("add membership: to the program file")
}

// On returns the terms of a day: those in force, or the latest before it.
func (r *Rules) On(d kizuna.Date) *Terms {
	for i := len(r.terms) - 1; i > 0; i-- {
		if r.terms[i].From <= d {
			return &r.terms[i]
		}
	}
	return &r.terms[0]
}

// Day returns the day that it is for the program at an instant, in the zone of the
// rules in force.
func (r *Rules) Day(at kizuna.Instant) kizuna.Date { return r.On(at.Date()).Zone.Date(at) }

// Start returns the first instant of a day of the program.
func (r *Rules) Start(d kizuna.Date) kizuna.Instant { return r.On(d).Zone.Start(d) }

// counts are the days that count, on a day, for entering into an area.
func (t *Terms) counts(day kizuna.Date) Days {
	first, last := t.Program.Windows.NotEnrolled.Days(day)
	return Days{first, last}
}

// keeps are the days that count for keeping an area at an anniversary: none after the
// last on which it can be renewed.
func (t *Terms) keeps(anniversary kizuna.Date) Days {
	first, last := t.Program.Windows.Enrolled.Days(anniversary)
	return Days{first, min(last, max(anniversary, t.renewal(anniversary).Last))}
}

// renewal are the days on which the term after an anniversary can be paid.
func (t *Terms) renewal(anniversary kizuna.Date) Days {
	first, last := t.MembershipRules.Renewal.Days(anniversary)
	return Days{first, last}
}

// way is which qualifying days let a company enroll on a day.
type way struct {
	day    kizuna.Date
	recent kizuna.Date // from this day on all do
	counts Days        // and these; none if they are in the wrong order
}

func (t *Terms) way(day kizuna.Date) way {
	w := way{day: day, recent: day.AddDays(-t.Program.Windows.EnrolWithin), counts: Days{First: 1}}
	if t.Open == program.OpenEither {
		w.counts = t.counts(day)
	}
	return w
}

// open reports whether a qualifying day does.
func (w way) open(qualified kizuna.Date) bool {
	return qualified <= w.day && (qualified >= w.recent || w.counts.Contains(qualified))
}

// lastOpen returns the last day of the run of days, from a day on, on which a
// qualifying day lets a company enroll.
func (r *Rules) lastOpen(qualified, day kizuna.Date) kizuna.Date {
	for {
		t := r.On(day)
		end := r.changesAfter(day)
		// Within terms the window only moves on: the last day is found by doubling, then halving.
		lo, hi := day, end
		for step := 32; ; step *= 2 {
			probe := day.AddDays(step)
			if probe >= end {
				break
			}
			if !t.way(probe).open(qualified) {
				hi = probe
				break
			}
			lo = probe
		}
		for lo+1 < hi {
			if mid := lo + (hi-lo)/2; t.way(mid).open(qualified) {
				lo = mid
			} else {
				hi = mid
			}
		}
		if lo+1 < end || end == never || !r.On(end).way(end).open(qualified) {
			return lo
		}
		day = end
	}
}

// never is a day after all others.
const never = kizuna.Date(1 << 30)

// changesAfter returns the first later day on which other terms hold.
func (r *Rules) changesAfter(d kizuna.Date) kizuna.Date {
	for i := 1; i < len(r.terms); i++ {
		if r.terms[i].From > d {
			return r.terms[i].From
		}
	}
	return never
}
