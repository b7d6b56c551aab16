package score

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// The rules stand here once, in numbers. A [Sheet] applies them to whole fleets; an
// [Account] is the same numbers with what there is to say about them.

// part is what a component comes to.
type part struct {
	of       *program.Component
	progress kizuna.Fraction
	defined  bool // there is a progress
	points   kizuna.Fraction
	state    state
	reason   reason
}

// state is a [Status] in numbers.
type state uint8

const (
	scored state = iota
	noData
	unrated
)

func (s state) status() Status { return [...]Status{Scored, NoData, Unrated}[s] }

// reason says why a component has no points, whatever its progress.
type reason uint8

const (
	noReason reason = iota
	baseUnderFloor
	baseNotPositive
	nowBelow
)

// measured gives a component its points for what was measured, in whole units.
func measured(c *program.Component, now, base kizuna.Fraction) part {
	p := part{of: c}
	progress := now.Sub(base)
	switch c.Measure.Change {
	case program.Gross:
		progress = now
	case program.Percent:
		if p.reason = percentReason(&c.Measure, now, base); base.Sign() <= 0 {
			return p
		}
		progress = kizuna.Int(100).Mul(progress).Div(base)
	}
	p.progress, p.defined = progress, true
	if p.reason == noReason {
		p.points = c.Points(progress)
	}
	return p
}

// percentReason says why a percentage earns nothing, however high.
func percentReason(m *program.Measure, now, base kizuna.Fraction) reason {
	switch {
	case m.FloorBase != nil && base.Cmp(m.FloorBase.Fraction()) < 0:
		return baseUnderFloor
	case base.Sign() <= 0:
		return baseNotPositive
	case m.FloorNow != nil && now.Cmp(m.FloorNow.Fraction()) < 0:
		return nowBelow
	}
	return noReason
}

// earned is what a part adds: its points, or what it lost where losses offset.
func (p *part) earned(rule *program.Rule) kizuna.Fraction {
	if rule.LossesOffset && p.defined && p.progress.Sign() < 0 {
		return p.of.Max.Mul(p.progress).Div(p.of.Threshold)
	}
	return p.points
}

// combined is what the components of a metric come to together.
type combined struct {
	points  kizuna.Fraction
	state   state // no data only if no component has any; stopped if any is
	taken   int   // the component that the metric is; -1: it is the sum of all
	stopped int   // the last one that is stopped
}

// combine makes a metric of its components: the only one, the best option, or the sum
// of the parts.
func combine(rule *program.Rule, parts []part, alone bool) combined {
	c := combined{taken: -1}
	switch {
	case alone:
		c.taken, c.points = 0, parts[0].points
	case rule.Combine == program.Best:
		c.taken = 0
		for i := range parts {
			if parts[i].points.Cmp(parts[c.taken].points) > 0 {
				c.taken = i
			}
		}
		c.points = parts[c.taken].points
	default:
		for i := range parts {
			c.points = c.points.Add(parts[i].earned(rule))
		}
		c.points = c.points.Clamp(kizuna.Fraction{}, rule.Max)
	}
	without := 0
	for i := range parts {
		switch parts[i].state {
		case noData:
			without++
		case unrated:
			c.state, c.stopped, c.points = unrated, i, kizuna.Fraction{}
		}
	}
	if without == len(parts) {
		c.state, c.points = noData, kizuna.Fraction{}
	}
	return c
}

// skilled gives points for the people counted under a rule, and says whether every
// step is met. A step that earns points earns them when it is met by itself; counted
// people earn only when every step is met. Gates, if there is a place for them, are
// what becomes of each step.
func skilled(r *program.PeopleRule, most kizuna.Fraction, t *people.Tally, gates []Gate) (points kizuna.Fraction, open bool) {
	open = true
	for i := range r.Steps {
		step := &r.Steps[i]
		met := t.Steps[i] >= step.People
		earns := met && (open || !r.StepsInOrder)
		if earns {
			points = points.Add(step.Points)
		}
		open = open && met
		if gates != nil {
			gates[i] = Gate{AnyOf: step.AnyOf, Have: t.Steps[i], Need: step.People, Open: met}
			if earns {
				gates[i].Points = step.Points
			}
		}
	}
	if open {
		points = points.Add(r.PerPerson.Mul(kizuna.Int(t.Counted)))
	}
	return points.Clamp(kizuna.Fraction{}, most), open
}

// TrackFigure is an area's score on a track, in numbers.
type TrackFigure struct {
	Total     kizuna.Fraction
	Displayed int64
	Passes    bool
}

// tracked adds up a track's metrics and says whether it passes.
func tracked(n int, points func(metric int) kizuna.Fraction, rules *program.Scoring) TrackFigure {
	t := TrackFigure{Passes: true}
	for i := range n {
		p := points(i)
		t.Total = t.Total.Add(p)
		t.Passes = t.Passes && rules.Passes(p)
	}
	t.Passes = t.Passes && t.Total.Cmp(rules.PassTotal) >= 0
	t.Displayed = shown(t.Total, rules.TotalDecimals)
	return t
}

// shown is for show: what stands before the point once a total is rounded.
func shown(f kizuna.Fraction, decimals int) int64 {
	f = f.Round(decimals)
	if f.Sign() < 0 {
		return f.Ceil()
	}
	return f.Floor()
}

// take picks the area's figure among candidates: the highest total; on equal totals
// one that passes, then the first. The area qualifies if any candidate passes, be it a
// lower one.
func take(candidates []TrackFigure) (best int, qualified bool) {
	for i := range candidates {
		t, b := &candidates[i], &candidates[best]
		qualified = qualified || t.Passes
		if c := t.Total.Cmp(b.Total); c > 0 || c == 0 && t.Passes && !b.Passes {
			best = i
		}
	}
	return best, qualified
}

// best picks among tracks the one that gives a metric most, the first of equals.
func best(tracks int, points func(track int) kizuna.Fraction) int {
	found := 0
	for t := range tracks {
		if points(t).Cmp(points(found)) > 0 {
			found = t
		}
	}
	return found
}

// classified is what the facts say about an area's track.
type classified struct {
	now, base int64 // selling workloads; customers of the segment or of the markets
	all       int64 // customers
	revenue   kizuna.Micro
}

// track finds the track that the facts put an account on; unknown: they do not tell.
func (f *classified) track(c *program.Classifier) (track string, unknown bool) {
	then := false
	switch c.Kind {
	case program.BySellingWorkloads:
		inLast, inBase := f.now >= c.AtLeast, f.base >= c.AtLeast
		switch c.Decides {
		case program.BothMonths:
			then = inLast && inBase
		case program.LastMonth:
			then = inLast
		case program.EitherMonth:
			then = inLast || inBase
		}
	case program.BySegment:
		unknown = f.all == 0
		if f.all > 0 {
			share := kizuna.Ratio(f.now, f.all).Cmp(c.Share)
			then = share > 0 || share == 0 && !c.ShareExclusive
		}
		if then && c.RevenueBelow != nil {
			then = f.revenue < *c.RevenueBelow
		}
	case program.ByMarket:
		unknown = len(c.Countries) == 0
		then = f.now > 0
	}
	if then {
		return c.Then, unknown
	}
	return c.Otherwise, unknown
}
