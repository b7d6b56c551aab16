package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// The rows of the relaxation. Each holds for every plan that is an answer, with
// these values of the variables: x says what is taken, v and z are what they
// stand for, one open way that passes has t = 1 and the others 0, in it the
// option that gives most has o = 1, a is 1 for its parts that give points, p, n
// and q are their points and steps; everything of other ways and options is 0
// (or, for losses, what it is).
//
//	need      a bundle is taken only with one that it needs
//	limit     a limit holds
//	sum       what v stands for, in terms of x and z
//	held      z is 1 only if the counter is above 0
//	holds     and is 1 if it is
//	way       some way passes
//	open      a way that passes is open
//	pass      and its points are enough
//	one       at most one option counts
//	within    a part gives points only if its option counts
//	gate      the metric gives what every metric must
//	cap       a metric gives no more than its parts together
//	when      a part gives points only if its conditions hold,
//	gain      if it gained anything,
//	over      and if what it is a share of is above 0
//	most      points are at most the maximum, and 0 where a is
//	rate      points (or steps) are at most the rate times the gain
//	steps     points are at most those of the steps
//	low, high points times what the gain is a share of are at most the rate times
//	          the gain: the product is replaced by two planes below it, which
//	          touch it at the lower and at the upper bounds of both
//
// A row under a literal ("if a is 1, then v >= n") is written with the least
// value of v in the box: v >= low + (n - low) a.
type relaxation struct {
	in       *plan.Instance
	variable map[string]int
	cost     []int64
	integral []bool
	first    bounds
	row      map[string]func(bounds) inequality

	sums    []sum
	members []membership
	points  []points
	scale   int64
	firstX  []int
}

type bound struct{ lo, hi int64 }

type bounds []bound

func (b bounds) clone() bounds { return append(bounds(nil), b...) }

type product struct {
	v     int
	times int64
}

type inequality struct {
	terms   []product
	atLeast int64
	equal   bool
}

// sum is a variable that stands for quantities.
type sum struct {
	v       int
	fixed   int64
	byUnit  map[int][]int64
	members []product
}

type membership struct{ z, counter int }

type points struct {
	p, level   int // level is p, or the number of steps
	unit       int64
	gain, over int // over is -1 without
	num, den   int64
}

// sure stands for a literal that is always 1.
const sure = -1

func relax(in *plan.Instance, worlds []int) *relaxation {
	r := &relaxation{in: in, variable: map[string]int{}, row: map[string]func(bounds) inequality{}, scale: in.PointScale()}
	for u, unit := range in.Units {
		r.firstX = append(r.firstX, len(r.cost))
		for b, bundle := range unit.Bundles {
			x := r.new(fmt.Sprintf("x/%d/%d", u, b), 0, 1, true)
			r.cost[x] = bundle.Cost
			if bundle.Barred {
				r.first[x].hi = 0
			}
		}
	}
	for u, unit := range in.Units {
		for b, bundle := range unit.Bundles {
			for i, anyOf := range bundle.Needs {
				row := inequality{terms: []product{{r.firstX[u] + b, -1}}}
				for _, c := range anyOf {
					row.terms = append(row.terms, product{r.firstX[c.Unit] + c.Bundle, 1})
				}
				r.row[fmt.Sprintf("need/%d/%d/%d", u, b, i)] = func(bounds) inequality { return row }
			}
		}
	}
	for i, c := range in.Limits {
		r.ifThen(fmt.Sprintf("limit/%d", i), sure, r.sumOf(plan.Nominal, c.Terms), c.AtLeast)
	}
	for _, w := range worlds {
		for a := range in.Areas {
			if w == plan.Nominal || r.areaChanges(w, a) {
				r.area(w, a)
			}
		}
	}
	return r
}

func (r *relaxation) new(name string, lo, hi int64, integral bool) int {
	v := len(r.cost)
	r.variable[name] = v
	r.cost = append(r.cost, 0)
	r.integral = append(r.integral, integral)
	r.first = append(r.first, bound{lo, hi})
	return v
}

// changes lists by how much a failure may change each counter.
func (r *relaxation) changes(world int) map[int]bool {
	out := map[int]bool{}
	if world == plan.Nominal {
		return out
	}
	f := r.in.Failures[world]
	lists := [][]plan.Add{f.Lost}
	for _, u := range f.Units {
		for _, b := range r.in.Units[u].Bundles {
			lists = append(lists, b.Adds)
		}
	}
	for _, list := range lists {
		for _, a := range list {
			if a.By != 0 {
				out[a.Counter] = true
			}
		}
	}
	return out
}

func (r *relaxation) termsChange(world int, terms []plan.Term) bool {
	changes := r.changes(world)
	for _, t := range terms {
		if t.Quantity < len(r.in.Counters) {
			if changes[t.Quantity] {
				return true
			}
			continue
		}
		for _, c := range r.in.Sets[t.Quantity-len(r.in.Counters)].Members {
			if changes[c] {
				return true
			}
		}
	}
	return false
}

func (r *relaxation) areaChanges(world, area int) bool {
	any := false
	r.in.Areas[area].EachTerms(func(t []plan.Term) { any = any || r.termsChange(world, t) })
	return any
}

// sumOf returns the variable that stands for terms in a world.
func (r *relaxation) sumOf(world int, terms []plan.Term) int {
	if !r.termsChange(world, terms) {
		world = plan.Nominal
	}
	var words []string
	for _, t := range terms {
		words = append(words, fmt.Sprintf("%d*%d", t.Times, t.Quantity))
	}
	name := fmt.Sprintf("%d:%s", world, strings.Join(words, "+"))
	if v, ok := r.variable["v/"+name]; ok {
		return v
	}
	s := sum{byUnit: map[int][]int64{}}
	times := map[int]int64{}
	for _, t := range terms {
		if t.Quantity < len(r.in.Counters) {
			times[t.Quantity] += t.Times
			continue
		}
		for _, c := range r.in.Sets[t.Quantity-len(r.in.Counters)].Members {
			s.members = append(s.members, product{r.isHeld(world, c), t.Times})
		}
	}
	for c, n := range times {
		s.fixed += n * r.in.Counters[c].Base
	}
	var failed []int
	if world != plan.Nominal {
		failed = r.in.Failures[world].Units
		for _, a := range r.in.Failures[world].Lost {
			s.fixed += times[a.Counter] * a.By
		}
	}
	row := inequality{equal: true, atLeast: -s.fixed}
	for u, unit := range r.in.Units {
		if slices.Contains(failed, u) {
			continue
		}
		effects := make([]int64, len(unit.Bundles))
		for b, bundle := range unit.Bundles {
			for _, a := range bundle.Adds {
				effects[b] += times[a.Counter] * a.By
			}
			if effects[b] != 0 {
				row.terms = append(row.terms, product{r.firstX[u] + b, effects[b]})
				s.byUnit[u] = effects
			}
		}
	}
	s.v = r.new("v/"+name, -plan.Limit, plan.Limit, true)
	row.terms = append(append(row.terms, s.members...), product{s.v, -1})
	r.row["sum/"+name] = func(bounds) inequality { return row }
	r.sums = append(r.sums, s)
	return s.v
}

// isHeld returns the variable that is 1 if a counter is above 0.
func (r *relaxation) isHeld(world, counter int) int {
	terms := []plan.Term{{Quantity: counter, Times: 1}}
	if !r.termsChange(world, terms) {
		world = plan.Nominal
	}
	name := fmt.Sprintf("%d/%d", world, counter)
	if z, ok := r.variable["z/"+name]; ok {
		return z
	}
	v := r.sumOf(world, terms)
	z := r.new("z/"+name, 0, 1, true)
	r.members = append(r.members, membership{z, v})
	r.row["held/"+name] = func(bounds) inequality { return inequality{terms: []product{{v, 1}, {z, -1}}} }
	r.row["holds/"+name] = func(b bounds) inequality {
		return inequality{terms: []product{{z, max(b[v].hi, 0)}, {v, -1}}}
	}
	return z
}

// with adds a multiple of a literal.
func (i inequality) with(literal int, times int64) inequality {
	if literal == sure {
		i.atLeast -= times
		return i
	}
	i.terms = append(i.terms, product{literal, times})
	return i
}

// ifThen writes: if the literal is 1, then v is at least n.
func (r *relaxation) ifThen(name string, literal, v int, n int64) {
	r.row[name] = func(b bounds) inequality {
		low := b[v].lo
		return inequality{terms: []product{{v, 1}}, atLeast: low}.with(literal, -max(n-low, 0))
	}
}

func (r *relaxation) scaled(f kizuna.Fraction) int64 { return f.Mul(kizuna.Int(r.scale)).Ceil() }

func (r *relaxation) area(world, number int) {
	area := &r.in.Areas[number]
	name := fmt.Sprintf("%d/%d", world, number)
	some := inequality{atLeast: 1}
	for y := range area.Ways {
		t := sure
		at := fmt.Sprintf("%s/%d", name, y)
		if len(area.Ways) > 1 {
			t = r.new("t/"+at, 0, 1, true)
		}
		some = some.with(t, 1)
		way := &area.Ways[y]
		for i, c := range way.When {
			r.ifThen(fmt.Sprintf("open/%s/%d", at, i), t, r.sumOf(world, c.Terms), c.AtLeast)
		}
		var all []product
		for m := range way.Metrics {
			all = append(all, r.metric(world, fmt.Sprintf("%s/%d", at, m), &way.Metrics[m], t)...)
		}
		r.row["pass/"+at] = func(bounds) inequality {
			return inequality{terms: all[:len(all):len(all)]}.with(t, -r.scaled(area.Pass))
		}
	}
	r.row["way/"+name] = func(bounds) inequality { return some }
}

// metric returns what adds up to the metric's points.
func (r *relaxation) metric(world int, at string, m *plan.Metric, t int) []product {
	mustGain := m.Gate.Sign() == 0 && !m.GateInclusive
	one := inequality{}.with(t, 1)
	var parts, active []product
	var lowest int64 // of the parts that may be losses
	den, losses, capped := int64(1), false, m.Whole
	for i := range m.Options {
		option := t
		name := fmt.Sprintf("%s/%d", at, i)
		if len(m.Options) > 1 {
			option = r.new("o/"+name, 0, 1, true)
			one = one.with(option, -1)
		}
		var most kizuna.Fraction
		for j := range m.Options[i].Parts {
			part := &m.Options[i].Parts[j]
			name := fmt.Sprintf("%s/%d", name, j)
			most = most.Add(part.Max)
			if len(part.Gain) > 0 {
				_, d := r.rate(part)
				den = leastMultiple(den, d)
			}
			if part.Signed {
				losses = true
				p := r.loss(world, name, part)
				parts = append(parts, product{p.p, 1})
				lowest += r.first[p.p].lo
				continue
			}
			literal := option
			if len(m.Options[i].Parts) > 1 || len(m.Options) == 1 && !mustGain {
				literal = r.new("a/"+name, 0, 1, true)
				within := inequality{}.with(option, 1).with(literal, -1)
				r.row["within/"+name] = func(bounds) inequality { return within }
			}
			parts = append(parts, product{r.part(world, name, part, literal), 1})
			active = append(active, product{literal, 1})
		}
		capped = capped || most.Cmp(m.Max) > 0
	}
	if len(m.Options) > 1 {
		r.row["one/"+at] = func(bounds) inequality { return one }
	}
	gives := parts
	if capped || losses {
		unit := int64(1)
		var q int
		if m.Whole {
			unit = r.scale
			q = r.new("q/"+at, 0, m.Max.Floor(), true)
		} else {
			q = r.new("q/"+at, 0, r.scaled(m.Max), false)
		}
		// On another way the parts may be losses: then the row asks for no more
		// than the least they can be.
		sum := inequality{terms: append(parts[:len(parts):len(parts)], product{q, -unit}), atLeast: lowest}.with(t, lowest)
		r.row["cap/"+at] = func(bounds) inequality { return sum }
		gives = []product{{q, unit}}
	}
	gate := inequality{}
	least := r.scaled(m.Gate)
	if m.Whole {
		// A whole number of points above the gate, or at it.
		whole := m.Gate.Ceil()
		if !m.GateInclusive {
			whole = m.Gate.Floor() + 1
		}
		least = whole * r.scale
	}
	switch {
	case least > 0:
		gate.terms = gives[:len(gives):len(gives)]
		gate = gate.with(t, -least)
	case mustGain && losses:
		// The parts add up to a multiple of 1/den, so more than 0 is at least that.
		for _, p := range parts {
			gate.terms = append(gate.terms, product{p.v, den})
		}
		gate.atLeast = lowest * den
		gate = gate.with(t, lowest*den-1)
	case mustGain:
		for _, a := range active {
			gate = gate.with(a.v, 1)
		}
		gate = gate.with(t, -1)
	default:
		return gives
	}
	r.row["gate/"+at] = func(bounds) inequality { return gate }
	return gives
}

func leastMultiple(a, b int64) int64 {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// rate returns the points per gain, in units of 1/scale.
func (r *relaxation) rate(p *plan.Part) (num, den int64) {
	num, den, _ = p.Rate.Mul(kizuna.Int(r.scale)).Terms()
	return num, den
}

// loss is a part that may give less than nothing.
func (r *relaxation) loss(world int, at string, part *plan.Part) points {
	num, den := r.rate(part)
	gain := r.sumOf(world, part.Gain)
	all := r.first.clone()
	r.narrow(all)
	lo := num * all[gain].lo
	if lo > 0 {
		lo = 0
	}
	if lo%den != 0 {
		lo -= den
	}
	v := r.new("p/"+at, lo/den, r.scaled(part.Max), false)
	r.row["rate/"+at] = func(bounds) inequality { return inequality{terms: []product{{gain, num}, {v, -den}}} }
	out := points{p: v, level: v, unit: 1, gain: gain, over: -1, num: num, den: den}
	r.points = append(r.points, out)
	return out
}

// part returns the variable of a part's points.
func (r *relaxation) part(world int, at string, part *plan.Part, literal int) int {
	v := r.new("p/"+at, 0, r.scaled(part.Max), false)
	for i, c := range part.When {
		r.ifThen(fmt.Sprintf("when/%s/%d", at, i), literal, r.sumOf(world, c.Terms), c.AtLeast)
	}
	if literal != sure {
		r.row["most/"+at] = func(b bounds) inequality {
			return inequality{terms: []product{{v, -1}, {literal, b[v].hi}}}
		}
	}
	if len(part.Gain) == 0 {
		return v
	}
	p := points{p: v, level: v, unit: 1, over: -1, gain: r.sumOf(world, part.Gain)}
	p.num, p.den = r.rate(part)
	least := int64(1)
	if part.Step.Sign() > 0 {
		p.unit = r.scaled(part.Step)
		// One step more than the maximum takes may be needed to reach it.
		p.level = r.new("n/"+at, 0, part.Max.Div(part.Step).Ceil(), true)
		r.row["steps/"+at] = func(bounds) inequality { return inequality{terms: []product{{p.level, p.unit}, {v, -1}}} }
		if len(part.Over) == 0 && part.Rate.Sign() > 0 {
			least = part.Step.Div(part.Rate).Ceil()
		}
	}
	r.ifThen("gain/"+at, literal, p.gain, least)
	// Without points a gain may be as low as the box allows.
	slack := func(b bounds) int64 { return p.num * max(-b[p.gain].lo, 0) }
	if len(part.Over) == 0 {
		r.row["rate/"+at] = func(b bounds) inequality {
			return inequality{terms: []product{{p.gain, p.num}, {p.level, -p.den * p.unit}}, atLeast: -slack(b)}.with(literal, -slack(b))
		}
		r.points = append(r.points, p)
		return v
	}
	p.over = r.sumOf(world, part.Over)
	r.ifThen("over/"+at, literal, p.over, 1)
	// num x gain >= den x level x over >= den (level x side + edge x over - edge x side)
	plane := func(b bounds, edge, side int64) inequality {
		free := slack(b)
		if b[p.level].lo > 0 {
			free = 0 // then there are points
		}
		return inequality{
			terms:   []product{{p.gain, p.num}, {p.level, -p.den * p.unit * side}, {p.over, -p.den * edge}},
			atLeast: -p.den*edge*side - free,
		}.with(literal, -free)
	}
	r.row["low/"+at] = func(b bounds) inequality { return plane(b, p.unit*b[p.level].lo, max(b[p.over].lo, 1)) }
	r.row["high/"+at] = func(b bounds) inequality { return plane(b, p.unit*b[p.level].hi, b[p.over].hi) }
	r.points = append(r.points, p)
	return v
}
