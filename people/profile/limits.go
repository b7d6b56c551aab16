package profile

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// YearDays is the year in which links are limited: any 365 days, not a calendar
// year. The source says "each year" and no more; a calendar year would allow three
// links in December and three in January. After a link on 2024-02-01 the year is
// over on 2025-01-31, leap day or not.
const YearDays = 365

// wait is how long a profile must wait, and for what.
type wait struct {
	day    kizuna.Date // the first day on which it may be linked
	since  kizuna.Date // of the link that is counted from
	yearly bool        // for the year, not for the cooling off
}

// nextLink finds the first day on which another link may be made. Limits count
// whole days in UTC: after a link at any time on 1 March, cooling off for 30 days
// is over on 31 March at 00:00.
func nextLink(links []kizuna.Instant, rules program.PeopleRules) wait {
	n := len(links)
	if n == 0 {
		return wait{}
	}
	last := links[n-1].Date()
	w := wait{day: last.AddDays(rules.CoolingOffDays), since: last}
	if most := rules.LinksPerYear; most > 0 && n >= most {
		first := links[n-most].Date()
		if day := first.AddDays(YearDays); day > w.day {
			w = wait{day: day, since: first, yearly: true}
		}
	}
	return w
}

// NextLink returns the first day on which the profile may be linked anew, false
// if it never was linked.
func (p *Profile) NextLink(rules program.PeopleRules) (kizuna.Date, bool) {
	return nextLink(p.Links, rules).day, len(p.Links) > 0
}

// leaverEnds says when the link of somebody ends whose leaving is reported.
func leaverEnds(reported kizuna.Instant, rules program.PeopleRules) kizuna.Instant {
	if rules.LeaversCountThrough == 0 {
		return reported
	}
	next := reported.Date().Month().Add(1)
	return next.Day(rules.LeaversCountThrough + 1).Instant()
}

// Due returns when the clock next has something to do with the profile, and what.
func (p *Profile) Due(rules program.PeopleRules) (at kizuna.Instant, action lifecycle.Action, ok bool) {
	at = kizuna.Forever
	if p.State == Leaving {
		at, action = *p.Leaves, RemoveLeaver
	}
	if over := nextLink(p.Links, rules).day.Instant(); p.announces() && over < at {
		at, action = over, Announce
	}
	return at, action, action != ""
}

func (p *Profile) announces() bool { return p.State != Merged && p.Announced < len(p.Links) }
