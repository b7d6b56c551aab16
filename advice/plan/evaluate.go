package plan

import (
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Nominal is the world in which nothing fails; the others are numbers of failures.
const Nominal = -1

// Outcome is what a plan reaches in one world.
type Outcome struct {
	Areas []AreaOutcome
}

// AreaOutcome is what a plan reaches in an area.
type AreaOutcome struct {
	Passes bool
	Ways   []WayOutcome
}

// WayOutcome is what a plan reaches on a way.
type WayOutcome struct {
	Open, Passes bool
	Total        kizuna.Fraction
	Points       []kizuna.Fraction // by metric
}

// Passes reports whether every area is earned.
func (o *Outcome) Passes() bool {
	for i := range o.Areas {
		if !o.Areas[i].Passes {
			return false
		}
	}
	return true
}

// Reaches reports whether the plan is an answer: it may be taken, and every area
// is earned in every world.
func (in *Instance) Reaches(p Plan) bool {
	if !in.Allows(p) {
		return false
	}
	for w := Nominal; w < len(in.Failures); w++ {
		if !in.Survives(p, w) {
			return false
		}
	}
	return true
}

// Survives reports whether every area is earned in the world.
func (in *Instance) Survives(p Plan, world int) bool {
	values := in.Values(p, world)
	for i := range in.Areas {
		if a := in.Areas[i].outcome(values); !a.Passes {
			return false
		}
	}
	return true
}

// Allows reports whether the plan may be taken: its bundles are not barred, what
// they need is there, what must be is, and the limits hold.
func (in *Instance) Allows(p Plan) bool {
	if len(p) != len(in.Units) {
		return false
	}
	for u, b := range p {
		unit := &in.Units[u]
		if b < None || b >= len(unit.Bundles) || b == None && unit.Must || b != None && unit.Bundles[b].Barred {
			return false
		}
		if b == None {
			continue
		}
		for _, anyOf := range unit.Bundles[b].Needs {
			if !p.hasAny(anyOf) {
				return false
			}
		}
	}
	return holdAll(in.Limits, in.Values(p, Nominal))
}

func (p Plan) hasAny(choices []Choice) bool {
	for _, c := range choices {
		if p[c.Unit] == c.Bundle {
			return true
		}
	}
	return false
}

// Values returns the quantities that a plan leads to in a world.
func (in *Instance) Values(p Plan, world int) []int64 {
	values := make([]int64, len(in.Counters)+len(in.Sets))
	for i := range in.Counters {
		values[i] = in.Counters[i].Base
	}
	var failed []int
	if world != Nominal {
		failed = in.Failures[world].Units
		apply(values, in.Failures[world].Lost)
	}
	for u, b := range p {
		if b != None && !slices.Contains(failed, u) {
			apply(values, in.Units[u].Bundles[b].Adds)
		}
	}
	for i := range in.Sets {
		for _, m := range in.Sets[i].Members {
			if values[m] > 0 {
				values[len(in.Counters)+i]++
			}
		}
	}
	return values
}

func apply(values []int64, adds []Add) {
	for _, a := range adds {
		values[a.Counter] += a.By
	}
}

// Evaluate returns what a plan reaches in a world.
func (in *Instance) Evaluate(p Plan, world int) *Outcome {
	values := in.Values(p, world)
	out := &Outcome{}
	for i := range in.Areas {
		out.Areas = append(out.Areas, in.Areas[i].outcome(values))
	}
	return out
}

func (a *Area) outcome(values []int64) AreaOutcome {
	var out AreaOutcome
	for i := range a.Ways {
		way := &a.Ways[i]
		w := WayOutcome{Open: holdAll(way.When, values)}
		w.Passes = w.Open
		for j := range way.Metrics {
			m := &way.Metrics[j]
			points := m.points(values)
			w.Points = append(w.Points, points)
			w.Total = w.Total.Add(points)
			c := points.Cmp(m.Gate)
			w.Passes = w.Passes && (c > 0 || c == 0 && m.GateInclusive)
		}
		w.Passes = w.Passes && w.Total.Cmp(a.Pass) >= 0
		out.Passes = out.Passes || w.Passes
		out.Ways = append(out.Ways, w)
	}
	return out
}

func (m *Metric) points(values []int64) kizuna.Fraction {
	var best kizuna.Fraction
	for i := range m.Options {
		var sum kizuna.Fraction
		for j := range m.Options[i].Parts {
			sum = sum.Add(m.Options[i].Parts[j].points(values))
		}
		best = best.Max(sum)
	}
	best = best.Min(m.Max)
	if m.Whole {
		best = kizuna.Int(best.Floor())
	}
	return best
}

func (p *Part) points(values []int64) kizuna.Fraction {
	if !holdAll(p.When, values) {
		return kizuna.Fraction{}
	}
	if len(p.Gain) == 0 {
		return p.Max
	}
	points := p.Rate.Mul(kizuna.Int(sum(p.Gain, values)))
	if len(p.Over) > 0 {
		over := sum(p.Over, values)
		if over <= 0 {
			return kizuna.Fraction{}
		}
		points = points.Div(kizuna.Int(over))
	}
	if p.Step.Sign() > 0 {
		points = kizuna.Int(points.Div(p.Step).Floor()).Mul(p.Step)
	}
	if points = points.Min(p.Max); p.Signed {
		return points
	}
	return points.Max(kizuna.Fraction{})
}

func holdAll(conditions []Condition, values []int64) bool {
	for i := range conditions {
		if sum(conditions[i].Terms, values) < conditions[i].AtLeast {
			return false
		}
	}
	return true
}

func sum(terms []Term, values []int64) int64 {
	var n int64
	for _, t := range terms {
		n += t.Times * values[t.Quantity]
	}
	return n
}
