package plantest

import (
	"fmt"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// Tiny returns an instance that is small enough to try every plan and uses
// everything an instance can say; draw picks a number from lo to hi.
func Tiny(draw func(lo, hi int) int) *plan.Instance {
	t := tiny{draw, &plan.Instance{}}
	in := t.in
	counters := draw(2, 4)
	for i := range counters {
		in.Counters = append(in.Counters, plan.Counter{Name: fmt.Sprint("counter ", i), Base: int64(draw(-2, 4))})
	}
	if draw(0, 1) == 1 {
		// Members are held so often that nothing takes the last away.
		for range draw(1, 3) {
			in.Counters = append(in.Counters, plan.Counter{Name: "member", Base: int64(draw(0, 1))})
		}
		set := plan.Set{Name: "set"}
		for c := counters; c < len(in.Counters); c++ {
			set.Members = append(set.Members, c)
		}
		in.Sets = append(in.Sets, set)
	}
	for u := range draw(1, 4) {
		unit := plan.Unit{Name: fmt.Sprint("unit ", u), Must: draw(0, 9) == 0}
		for b := range draw(1, 3) {
			bundle := plan.Bundle{Name: fmt.Sprint("bundle ", b), Cost: int64(draw(0, 9)), Barred: b > 0 && draw(0, 9) == 0}
			for range draw(1, 3) {
				c := draw(0, len(in.Counters)-1)
				low := -2
				if c >= counters {
					low = 0
				}
				bundle.Adds = append(bundle.Adds, plan.Add{Counter: c, By: int64(draw(low, 5))})
			}
			if u > 0 && draw(0, 5) == 0 {
				other := draw(0, u-1)
				bundle.Needs = [][]plan.Choice{{{Unit: other, Bundle: draw(0, len(in.Units[other].Bundles)-1)}}}
			}
			unit.Bundles = append(unit.Bundles, bundle)
		}
		in.Units = append(in.Units, unit)
	}
	for range draw(1, 2) {
		in.Areas = append(in.Areas, t.area())
	}
	if draw(0, 5) == 0 {
		in.Limits = append(in.Limits, t.condition())
	}
	if draw(0, 3) == 0 {
		for range draw(1, 2) {
			f := plan.Failure{Name: "failure", Units: []int{draw(0, len(in.Units)-1)}}
			if other := draw(0, len(in.Units)-1); draw(0, 3) == 0 && other != f.Units[0] {
				f.Units = append(f.Units, other)
			}
			if draw(0, 1) == 1 {
				f.Lost = []plan.Add{{Counter: draw(0, counters-1), By: int64(draw(-2, 0))}}
			}
			in.Failures = append(in.Failures, f)
		}
	}
	return in
}

type tiny struct {
	draw func(lo, hi int) int
	in   *plan.Instance
}

func (t tiny) area() plan.Area {
	a := plan.Area{Name: "area", Pass: kizuna.Ratio(int64(t.draw(0, 30)), int64(t.draw(1, 3)))}
	for range t.draw(1, 2) {
		w := plan.Way{Name: "way"}
		if t.draw(0, 3) == 0 {
			w.When = []plan.Condition{t.condition()}
		}
		for range t.draw(1, 2) {
			w.Metrics = append(w.Metrics, t.metric())
		}
		a.Ways = append(a.Ways, w)
	}
	return a
}

func (t tiny) metric() plan.Metric {
	m := plan.Metric{Name: "metric", Max: kizuna.Int(int64(t.draw(5, 20))), Whole: t.draw(0, 4) == 0}
	switch t.draw(0, 4) {
	case 0:
		m.Gate = kizuna.Ratio(int64(t.draw(0, 4)), 2)
		m.GateInclusive = true
	case 1:
		m.Gate = kizuna.Ratio(int64(t.draw(0, 4)), 2)
	}
	if t.draw(0, 5) == 0 {
		// Parts of which some may be losses.
		m.GateInclusive = false
		var o plan.Option
		for range t.draw(1, 2) {
			p := t.part()
			if p.Signed = t.draw(0, 1) == 1; p.Signed || len(p.Gain) == 0 || len(p.Over) > 0 {
				p = plan.Part{Gain: t.terms(), Rate: p.Rate, Max: p.Max, Signed: true}
			}
			o.Parts = append(o.Parts, p)
		}
		m.Options = []plan.Option{o}
		return m
	}
	for range t.draw(1, 2) {
		var o plan.Option
		for range t.draw(1, 2) {
			o.Parts = append(o.Parts, t.part())
		}
		m.Options = append(m.Options, o)
	}
	return m
}

func (t tiny) part() plan.Part {
	p := plan.Part{Rate: kizuna.Ratio(int64(t.draw(1, 6)), int64(t.draw(1, 3))), Max: kizuna.Ratio(int64(t.draw(2, 20)), int64(t.draw(1, 2)))}
	if t.draw(0, 2) == 0 {
		p.When = []plan.Condition{t.condition()}
	}
	switch t.draw(0, 4) {
	case 0:
		return p // gives Max
	case 1, 2:
		p.Over = t.terms()
		p.Rate = p.Rate.Mul(kizuna.Int(5))
	}
	p.Gain = t.terms()
	if t.draw(0, 3) == 0 {
		p.Step = kizuna.Ratio(int64(t.draw(1, 6)), int64(t.draw(1, 2)))
	}
	return p
}

func (t tiny) condition() plan.Condition {
	return plan.Condition{Terms: t.terms(), AtLeast: int64(t.draw(-2, 6))}
}

func (t tiny) terms() []plan.Term {
	var out []plan.Term
	for range t.draw(1, 2) {
		times := int64(1)
		if t.draw(0, 3) == 0 {
			times = int64(t.draw(-2, 2))
		}
		out = append(out, plan.Term{Quantity: t.draw(0, len(t.in.Counters)+len(t.in.Sets)-1), Times: times})
	}
	return out
}

// Any returns an instance of [Tiny] or of [Special].
func Any(draw func(lo, hi int) int) *plan.Instance {
	if draw(0, 1) == 1 {
		return Special(draw)
	}
	return Tiny(draw)
}

// Cheapest tries every plan. It returns nil if none is an answer.
func Cheapest(in *plan.Instance) plan.Plan {
	p := make(plan.Plan, len(in.Units))
	var best plan.Plan
	var cost int64
	var try func(u int)
	try = func(u int) {
		if u < len(p) {
			for p[u] = plan.None; p[u] < len(in.Units[u].Bundles); p[u]++ {
				try(u + 1)
			}
			return
		}
		if c := in.Cost(p); (best == nil || c < cost) && in.Reaches(p) {
			best, cost = append(plan.Plan(nil), p...), c
		}
	}
	try(0)
	return best
}
