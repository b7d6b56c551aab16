package solve

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// model is the instance as variables and rows: the relaxation whose names and
// meaning package plan documents at [plan.Certificate]. Points are counted in
// units of 1/scale, so that every coefficient is a whole number.
type model struct {
	in    *plan.Instance
	scale int64
	vars  []variable
	rows  []rowRule
	units []unitVars
	// members come before the forms that add them up: bounds are found in order.
	forms   []form
	members []member
	parts   []partVars
	worlds  []int // that are in the model, nominal first
	formOf  map[string]int
	// memberOf finds the variable that says whether a set's counter is held.
	memberOf map[string]int
	// shapes are variables whose bounds make rows much tighter.
	shapes map[int]bool
	step   int64 // every plan's cost is a multiple of it
}

type kind int

// The kinds: a bundle is taken, something is so, a quantity or a number of
// steps, points, which need not be whole.
const (
	kindBundle kind = iota
	kindLiteral
	kindCount
	kindPoints
)

type variable struct {
	name   string
	kind   kind
	lo, hi int64
	cost   int64
	whole  bool
}

// unitVars are the variables of a unit's bundles, one after the other.
type unitVars struct {
	first, count int
	must         bool
}

// form is a sum of quantities in a world, and the variable that stands for it.
type form struct {
	v        int
	constant int64
	effects  []effect
	members  []term // variables of set members
}

// effect is what a unit's bundles add to a form.
type effect struct {
	unit int
	by   []int64
}

type term struct {
	v  int
	by int64
}

// member says whether a counter of a set is above 0.
type member struct{ v, held int }

// partVars remembers what bounds a part's points.
type partVars struct {
	p, n       int // n is -1 without steps
	step       int64
	gain, over int // variables, -1 if there are none
	num, den   int64
}

// rowRule writes a row as it is within a box.
type rowRule struct {
	name  string
	write func(b *box, r *row)
}

// row says that a sum of variables is at least, or exactly, rhs.
type row struct {
	vars  []int
	by    []int64
	rhs   int64
	exact bool
}

func (r *row) add(v int, by int64) {
	r.vars = append(r.vars, v)
	r.by = append(r.by, by)
}

// literal is a variable of 0 or 1, or the constant 1.
type literal int

const always literal = -1

// addLiteral adds a multiple of a literal.
func (r *row) addLiteral(l literal, by int64) {
	if l == always {
		r.rhs -= by
		return
	}
	r.add(int(l), by)
}

func newModel(in *plan.Instance) *model {
	m := &model{in: in, scale: in.PointScale(), formOf: map[string]int{}, memberOf: map[string]int{}, shapes: map[int]bool{}}
	var step big.Int
	for u := range in.Units {
		unit := &in.Units[u]
		m.units = append(m.units, unitVars{len(m.vars), len(unit.Bundles), unit.Must})
		for b := range unit.Bundles {
			hi := int64(1)
			if unit.Bundles[b].Barred {
				hi = 0
			}
			m.addVar(variable{name: fmt.Sprintf("x/%d/%d", u, b), kind: kindBundle, hi: hi, cost: unit.Bundles[b].Cost, whole: true})
			step.GCD(nil, nil, &step, big.NewInt(unit.Bundles[b].Cost))
		}
	}
	m.step = max(step.Int64(), 1)
	for u := range in.Units {
		for b := range in.Units[u].Bundles {
			for i, anyOf := range in.Units[u].Bundles[b].Needs {
				x := m.x(plan.Choice{Unit: u, Bundle: b})
				m.addRow(fmt.Sprintf("need/%d/%d/%d", u, b, i), func(_ *box, r *row) {
					r.add(x, -1)
					for _, c := range anyOf {
						r.add(m.x(c), 1)
					}
				})
			}
		}
	}
	for i := range in.Limits {
		m.when(fmt.Sprintf("limit/%d", i), plan.Nominal, always, &in.Limits[i])
	}
	m.addWorld(plan.Nominal)
	return m
}

func (m *model) x(c plan.Choice) int { return m.units[c.Unit].first + c.Bundle }

func (m *model) addVar(v variable) int {
	m.vars = append(m.vars, v)
	return len(m.vars) - 1
}

func (m *model) addRow(name string, write func(b *box, r *row)) {
	m.rows = append(m.rows, rowRule{name, write})
}

// touched reports whether a failure changes a quantity.
func (m *model) touched(world, quantity int) bool {
	if world == plan.Nominal {
		return true
	}
	if s := quantity - len(m.in.Counters); s >= 0 {
		for _, c := range m.in.Sets[s].Members {
			if m.touched(world, c) {
				return true
			}
		}
		return false
	}
	f := &m.in.Failures[world]
	for _, a := range f.Lost {
		if a.Counter == quantity && a.By != 0 {
			return true
		}
	}
	for _, u := range f.Units {
		for b := range m.in.Units[u].Bundles {
			for _, a := range m.in.Units[u].Bundles[b].Adds {
				if a.Counter == quantity && a.By != 0 {
					return true
				}
			}
		}
	}
	return false
}

// form returns the variable for a sum of quantities in a world. One that the
// failure does not touch is the nominal one.
func (m *model) form(world int, terms []plan.Term) int {
	at := plan.Nominal
	for _, t := range terms {
		if world != plan.Nominal && m.touched(world, t.Quantity) {
			at = world
		}
	}
	name := formName(at, terms)
	if v, ok := m.formOf[name]; ok {
		return v
	}
	by := make([]int64, len(m.in.Counters))
	f := form{}
	for _, t := range terms {
		if t.Quantity < len(m.in.Counters) {
			by[t.Quantity] += t.Times
			continue
		}
		for _, c := range m.in.Sets[t.Quantity-len(m.in.Counters)].Members {
			f.members = append(f.members, term{m.member(at, c), t.Times})
		}
	}
	for c := range by {
		f.constant += by[c] * m.in.Counters[c].Base
	}
	var failed []int
	if at != plan.Nominal {
		failed = m.in.Failures[at].Units
		for _, a := range m.in.Failures[at].Lost {
			f.constant += by[a.Counter] * a.By
		}
	}
	for u := range m.in.Units {
		if slices.Contains(failed, u) {
			continue
		}
		e := effect{u, make([]int64, len(m.in.Units[u].Bundles))}
		any := false
		for b := range m.in.Units[u].Bundles {
			for _, a := range m.in.Units[u].Bundles[b].Adds {
				e.by[b] += by[a.Counter] * a.By
			}
			any = any || e.by[b] != 0
		}
		if any {
			f.effects = append(f.effects, e)
		}
	}
	f.v = m.addVar(variable{name: "v/" + name, kind: kindCount, lo: -plan.Limit, hi: plan.Limit, whole: true})
	m.formOf[name] = f.v
	m.forms = append(m.forms, f)
	m.addRow("sum/"+name, func(_ *box, r *row) {
		r.exact, r.rhs = true, -f.constant
		for _, e := range f.effects {
			for b, by := range e.by {
				if by != 0 {
					r.add(m.units[e.unit].first+b, by)
				}
			}
		}
		for _, t := range f.members {
			r.add(t.v, t.by)
		}
		r.add(f.v, -1)
	})
	return f.v
}

// formName names a sum of quantities in a world.
func formName(world int, terms []plan.Term) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:", world)
	for i, t := range terms {
		if i > 0 {
			b.WriteByte('+')
		}
		fmt.Fprintf(&b, "%d*%d", t.Times, t.Quantity)
	}
	return b.String()
}

func (m *model) member(world, counter int) int {
	if world != plan.Nominal && !m.touched(world, counter) {
		world = plan.Nominal
	}
	name := fmt.Sprintf("%d/%d", world, counter)
	if z, ok := m.memberOf[name]; ok {
		return z
	}
	held := m.form(world, []plan.Term{{Quantity: counter, Times: 1}})
	z := m.addVar(variable{name: "z/" + name, kind: kindCount, hi: 1, whole: true})
	m.memberOf[name] = z
	m.members = append(m.members, member{z, held})
	m.addRow("held/"+name, func(_ *box, r *row) {
		r.add(held, 1)
		r.add(z, -1)
	})
	m.addRow("holds/"+name, func(b *box, r *row) {
		r.add(z, max(b.hi[held], 0))
		r.add(held, -1)
	})
	return z
}

// addWorld adds what a world asks for: the areas that differ from the nominal ones.
func (m *model) addWorld(world int) {
	m.worlds = append(m.worlds, world)
	for a := range m.in.Areas {
		if world == plan.Nominal || m.areaTouched(world, &m.in.Areas[a]) {
			m.addArea(world, a)
		}
	}
}

func (m *model) areaTouched(world int, a *plan.Area) bool {
	found := false
	a.EachTerms(func(terms []plan.Term) {
		for _, t := range terms {
			found = found || m.touched(world, t.Quantity)
		}
	})
	return found
}

func (m *model) addArea(world, area int) {
	a := &m.in.Areas[area]
	at := fmt.Sprintf("%d/%d", world, area)
	ways := make([]literal, len(a.Ways))
	for i := range a.Ways {
		ways[i] = always
		if len(a.Ways) > 1 {
			ways[i] = m.addLiteral(fmt.Sprintf("t/%s/%d", at, i))
		}
	}
	m.addRow("way/"+at, func(_ *box, r *row) {
		r.rhs = 1
		for _, t := range ways {
			r.addLiteral(t, 1)
		}
	})
	for i := range a.Ways {
		m.addWay(world, fmt.Sprintf("%s/%d", at, i), &a.Ways[i], ways[i], m.scaled(a.Pass))
	}
}

// scaled returns points in units of 1/scale.
func (m *model) scaled(f kizuna.Fraction) int64 { return f.Mul(kizuna.Int(m.scale)).Ceil() }

func (m *model) addLiteral(name string) literal {
	return literal(m.addVar(variable{name: name, kind: kindLiteral, hi: 1, whole: true}))
}

func (m *model) addWay(world int, at string, way *plan.Way, t literal, pass int64) {
	for i := range way.When {
		m.when(fmt.Sprintf("open/%s/%d", at, i), world, t, &way.When[i])
	}
	var total []term
	for i := range way.Metrics {
		total = append(total, m.addMetric(world, fmt.Sprintf("%s/%d", at, i), &way.Metrics[i], t)...)
	}
	m.addRow("pass/"+at, func(_ *box, r *row) {
		for _, p := range total {
			r.add(p.v, p.by)
		}
		r.addLiteral(t, -pass)
	})
}

// when writes that a condition holds where a literal does.
func (m *model) when(name string, world int, l literal, c *plan.Condition) {
	m.atLeast(name, l, m.form(world, c.Terms), c.AtLeast)
}

func (m *model) atLeast(name string, l literal, v int, least int64) {
	m.addRow(name, func(b *box, r *row) {
		r.rhs = b.lo[v]
		r.add(v, 1)
		r.addLiteral(l, -max(least-b.lo[v], 0))
	})
}

// addMetric returns the terms that add up to the metric's points.
func (m *model) addMetric(world int, at string, metric *plan.Metric, t literal) []term {
	positive := metric.Gate.Sign() == 0 && !metric.GateInclusive
	capped, signed := metric.Whole, false
	var points, active []term
	var options []literal
	var below, parts int64 = 0, 1
	for i := range metric.Options {
		o := &metric.Options[i]
		here := fmt.Sprintf("%s/%d", at, i)
		l := t
		if len(metric.Options) > 1 {
			l = m.addLiteral("o/" + here)
			options = append(options, l)
		}
		var most kizuna.Fraction
		for j := range o.Parts {
			p := &o.Parts[j]
			name := fmt.Sprintf("%s/%d", here, j)
			a := l
			if !p.Signed && (len(o.Parts) > 1 || len(metric.Options) == 1 && !positive) {
				a = m.addLiteral("a/" + name)
				if l != always {
					m.addRow("within/"+name, func(_ *box, r *row) {
						r.addLiteral(l, 1)
						r.addLiteral(a, -1)
					})
				}
			}
			v := m.addPart(world, name, p, a)
			points = append(points, term{v.p, 1})
			parts = lcm(parts, v.den)
			if p.Signed {
				signed = true
				below -= m.vars[v.p].lo
			} else {
				active = append(active, term{int(a), 1})
			}
			most = most.Add(p.Max)
		}
		capped = capped || most.Cmp(metric.Max) > 0
	}
	if len(options) > 0 {
		m.addRow("one/"+at, func(_ *box, r *row) {
			r.addLiteral(t, 1)
			for _, o := range options {
				r.addLiteral(o, -1)
			}
		})
	}
	sum := points
	if capped || signed {
		q := variable{name: "q/" + at, kind: kindPoints, hi: m.scaled(metric.Max)}
		unit := int64(1)
		if metric.Whole {
			unit, q.hi, q.whole, q.kind = m.scale, metric.Max.Floor(), true, kindCount
		}
		v := m.addVar(q)
		m.addRow("cap/"+at, func(_ *box, r *row) {
			for _, p := range sum {
				r.add(p.v, p.by)
			}
			r.add(v, -unit)
			r.addLiteral(t, -below)
			r.rhs -= below
		})
		points = []term{{v, unit}}
	}
	least := m.scaled(metric.Gate)
	if metric.Whole {
		least = metric.Gate.Ceil()
		if !metric.GateInclusive {
			least = metric.Gate.Floor() + 1
		}
		least *= m.scale
	}
	switch {
	case least > 0:
		m.addRow("gate/"+at, func(_ *box, r *row) {
			for _, p := range points {
				r.add(p.v, p.by)
			}
			r.addLiteral(t, -least)
		})
	case positive && signed:
		// The sum of the parts is a whole number of 1/parts.
		m.addRow("gate/"+at, func(_ *box, r *row) {
			for _, p := range sum {
				r.add(p.v, p.by*parts)
			}
			r.addLiteral(t, -1-below*parts)
			r.rhs -= below * parts
		})
	case positive:
		m.addRow("gate/"+at, func(_ *box, r *row) {
			for _, a := range active {
				r.addLiteral(literal(a.v), 1)
			}
			r.addLiteral(t, -1)
		})
	}
	return points
}

// addPart writes what bounds a part's points, which are nothing where a does not hold.
func (m *model) addPart(world int, at string, p *plan.Part, a literal) partVars {
	v := partVars{n: -1, gain: -1, over: -1, num: 1, den: 1}
	v.p = m.addVar(variable{name: "p/" + at, kind: kindPoints, hi: m.scaled(p.Max)})
	for i := range p.When {
		m.when(fmt.Sprintf("when/%s/%d", at, i), world, a, &p.When[i])
	}
	if a != always && !p.Signed {
		m.addRow("most/"+at, func(b *box, r *row) {
			r.addLiteral(a, b.hi[v.p])
			r.add(v.p, -1)
		})
	}
	if len(p.Gain) == 0 {
		return v
	}
	v.num, v.den, _ = p.Rate.Mul(kizuna.Int(m.scale)).Terms()
	v.gain = m.form(world, p.Gain)
	if p.Signed {
		lo, _ := m.formBounds(v.gain)
		m.vars[v.p].lo = min(floorDiv(v.num*lo, v.den), 0)
		m.addRow("rate/"+at, func(_ *box, r *row) {
			r.add(v.gain, v.num)
			r.add(v.p, -v.den)
		})
		m.parts = append(m.parts, v)
		return v
	}
	level, unit := v.p, int64(1)
	if p.Step.Sign() > 0 {
		v.step = m.scaled(p.Step)
		v.n = m.addVar(variable{name: "n/" + at, kind: kindCount, hi: (m.vars[v.p].hi + v.step - 1) / v.step, whole: true})
		level, unit = v.n, v.step
		m.addRow("steps/"+at, func(_ *box, r *row) {
			r.add(v.n, v.step)
			r.add(v.p, -1)
		})
	}
	least := int64(1)
	if v.step > 0 && len(p.Over) == 0 && v.num > 0 {
		least = ceilDiv(v.step*v.den, v.num)
	}
	m.atLeast("gain/"+at, a, v.gain, least)
	if len(p.Over) == 0 {
		m.addRow("rate/"+at, func(b *box, r *row) {
			slack := v.num * max(-b.lo[v.gain], 0)
			r.rhs = -slack
			r.add(v.gain, v.num)
			r.add(level, -v.den*unit)
			r.addLiteral(a, -slack)
		})
		m.parts = append(m.parts, v)
		return v
	}
	v.over = m.form(world, p.Over)
	m.atLeast("over/"+at, a, v.over, 1)
	// level x over is at least each of the planes that touch it at two edges of
	// the box.
	m.shapes[level], m.shapes[v.over] = true, true
	plane := func(low bool) func(b *box, r *row) {
		return func(b *box, r *row) {
			edge, side := b.lo[level]*unit, max(b.lo[v.over], 1)
			if !low {
				edge, side = b.hi[level]*unit, b.hi[v.over]
			}
			var slack int64
			if b.lo[level] <= 0 {
				slack = v.num * max(-b.lo[v.gain], 0)
			}
			r.rhs = -v.den*edge*side - slack
			r.add(v.gain, v.num)
			r.add(v.over, -v.den*edge)
			r.add(level, -v.den*side*unit)
			r.addLiteral(a, -slack)
		}
	}
	m.addRow("low/"+at, plane(true))
	m.addRow("high/"+at, plane(false))
	m.parts = append(m.parts, v)
	return v
}

// formBounds returns the bounds of a form's variable over all plans.
func (m *model) formBounds(v int) (lo, hi int64) {
	b := m.root()
	b.tighten(m)
	return b.lo[v], b.hi[v]
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func ceilDiv(a, b int64) int64 { return -floorDiv(-a, b) }

func lcm(a, b int64) int64 {
	return a / new(big.Int).GCD(nil, nil, big.NewInt(a), big.NewInt(b)).Int64() * b
}
