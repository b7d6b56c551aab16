package solve

import (
	"cmp"
	"math"
	"slices"

	"github.com/kizuna-org/kizuna/advice/plan"
)

// whole is how near to a whole number a variable must be to count as one.
const whole = 1e-5

// choose picks the variable to branch on: the one whose two sides together raise
// the bound most, as far as the next pivot or earlier branches tell. It returns
// -1 if all that must be whole is.
func (s *search) choose(b *box, x []float64) (v int, at int64, up bool) {
	v = -1
	best, room := -1.0, math.Inf(1)
	if s.best != nil {
		room = max(float64(s.cost)-s.lp.objective(), 1)
	}
	for i := range s.m.vars {
		w := &s.m.vars[i]
		r := s.lp.position[i]
		if !w.whole || b.lo[i] == b.hi[i] || r < 0 {
			continue
		}
		if w.kind == kindCount && b.hi[i]-b.lo[i] > 10000 {
			continue
		}
		floor := math.Floor(x[i])
		f := x[i] - floor
		if f < whole || f > 1-whole {
			continue
		}
		unit := math.Ldexp(1, -s.colScale[i])
		down, known := expected(s.down, i, f)
		if !known {
			down = max(down, s.lp.gain(r, -1, f*unit))
		}
		rise, known := expected(s.up, i, 1-f)
		if !known {
			rise = max(rise, s.lp.gain(r, 1, (1-f)*unit))
		}
		down, rise = min(down, room), min(rise, room)
		score := max(down, 1e-3) * max(rise, 1e-3)
		if score > best {
			v, best, at, up = i, score, int64(floor), rise < down
		}
	}
	return v, at, up
}

// expected is what earlier branches let expect, and whether they were enough to
// know; if not, the next pivot is asked as well.
func expected(seen []gained, v int, by float64) (gain float64, known bool) {
	if v >= len(seen) || seen[v].count == 0 {
		return 0, false
	}
	return by * seen[v].sum / float64(seen[v].count), seen[v].count >= 4
}

// learn remembers what a branch gained.
func (s *search) learn(t *tree) {
	if t.parent == nil || t.by <= 0 {
		return
	}
	seen := &s.up
	if t.low {
		seen = &s.down
	}
	for len(*seen) < len(s.m.vars) {
		*seen = append(*seen, gained{})
	}
	p := &(*seen)[t.v]
	p.sum += max(s.lp.objective()-t.estimate, 0) / t.by
	p.count++
}

// chooseAny branches where everything is whole and yet the plan is no answer: on
// a percentage of which the relaxation makes too much, else on any bundle that is
// open.
func (s *search) chooseAny(b *box, x []float64) (v int, at int64, up bool) {
	v, most := -1, 1e-4
	for i := range s.m.parts {
		p := &s.m.parts[i]
		if p.over < 0 {
			continue
		}
		level, unit := p.p, 1.0
		if p.n >= 0 {
			level, unit = p.n, float64(p.step)
		}
		real := max(float64(p.num)*x[p.gain]/(float64(p.den)*max(x[p.over], 1)), 0) / unit
		excess := x[level] - real
		if excess <= most {
			continue
		}
		// Between its bounds a product is not known, at them it is: either the
		// points are divided, or what they are a percentage of.
		if mid := int64(math.Floor((x[level] + real) / 2)); excess > 1 && mid > b.lo[level] && mid < b.hi[level] {
			v, at, most = level, mid, excess
		} else if over := int64(math.Round(x[p.over])); over >= b.lo[p.over] && over < b.hi[p.over] {
			v, at, most = p.over, over, excess
		}
	}
	if v >= 0 {
		return v, at, x[v] > float64(at)
	}
	best := -1.0
	for i := range s.m.vars {
		if s.m.vars[i].kind == kindBundle && b.lo[i] < b.hi[i] && x[i] > best {
			v, best = i, x[i]
		}
	}
	return v, 0, best > 0.5
}

// foresee adds worlds that a plan rounded from the first relaxation does not
// survive, a few times: the more of them the model has from the start, the better
// its bound.
func (s *search) foresee(x []float64) bool {
	const many = 12 // worlds from the start; each makes the relaxation larger
	if len(s.in.Failures) == 0 || len(s.m.worlds) > many {
		return false
	}
	p := s.rounding(x, s.guess.nominal)
	if p == nil {
		return false
	}
	added := false
	for w := range s.in.Failures {
		if !slices.Contains(s.m.worlds, w) && len(s.m.worlds) <= many && !s.in.Survives(p, w) {
			s.m.addWorld(w)
			added = true
		}
	}
	return added
}

// addWorlds adds to the model the first world that a whole solution does not survive.
func (s *search) addWorlds(x []float64) bool {
	if len(s.in.Failures) == 0 {
		return false
	}
	p := s.taken(x, 0.5)
	if !s.in.Allows(p) {
		return false
	}
	for _, w := range s.m.worlds {
		if !s.in.Survives(p, w) {
			return false
		}
	}
	for w := range s.in.Failures {
		if !slices.Contains(s.m.worlds, w) && !s.in.Survives(p, w) {
			s.m.addWorld(w)
			return true
		}
	}
	return false
}

// taken rounds a relaxed solution.
func (s *search) taken(x []float64, least float64) plan.Plan {
	p := make(plan.Plan, len(s.m.units))
	for i, u := range s.m.units {
		p[i] = plan.None
		best := least
		for b := range u.count {
			if x[u.first+b] > best {
				p[i], best = b, x[u.first+b]
			}
		}
	}
	return p
}

// round makes a plan of a relaxed solution, and reports whether it is the best so far.
func (s *search) round(x []float64) bool {
	p := s.rounding(x, s.guess.reaches)
	return p != nil && s.offer(s.reduced(p, s.guess.reaches))
}

// rounding takes what is mostly taken, and more in the order of the relaxation
// until the plan is enough. It returns nil if everything is not.
func (s *search) rounding(x []float64, enough func(plan.Plan) bool) plan.Plan {
	base := s.taken(x, 0.5)
	type more struct {
		c     plan.Choice
		x, by float64
	}
	var list []more
	for i, u := range s.m.units {
		for k := range u.count {
			v := u.first + k
			if base[i] != k && s.lp.hi[v] > 0 {
				list = append(list, more{plan.Choice{Unit: i, Bundle: k}, x[v], s.lp.d[v]})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b more) int {
		return cmp.Or(cmp.Compare(b.x, a.x), cmp.Compare(a.by, b.by))
	})
	with := func(n int) plan.Plan {
		p := slices.Clone(base)
		for _, m := range list[:n] {
			if p[m.c.Unit] == plan.None {
				p[m.c.Unit] = m.c.Bundle
			}
		}
		return p
	}
	// More is not always better (it may change the track), so little is tried first.
	lo, hi := 0, 0
	for !enough(with(hi)) {
		if hi == len(list) {
			return nil
		}
		lo, hi = hi+1, min(2*hi+1, len(list))
	}
	for lo < hi {
		if n := (lo + hi) / 2; enough(with(n)) {
			hi = n
		} else {
			lo = n + 1
		}
	}
	return with(hi)
}

// reduced leaves out, or replaces by something cheaper, what a plan can do
// without, dearest first; of two bundles at one cost the one with fewer actions stays.
func (s *search) reduced(p plan.Plan, enough func(plan.Plan) bool) plan.Plan {
	p = slices.Clone(p)
	var order []int
	for u, b := range p {
		if b != plan.None {
			order = append(order, u)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.in.Units[b].Bundles[p[b]].Cost, s.in.Units[a].Bundles[p[a]].Cost)
	})
	for _, u := range order {
		bundles := s.in.Units[u].Bundles
		now := p[u]
		var less []int
		for b := range bundles {
			c := cmp.Or(cmp.Compare(bundles[b].Cost, bundles[now].Cost), cmp.Compare(len(bundles[b].Actions), len(bundles[now].Actions)))
			if c < 0 {
				less = append(less, b)
			}
		}
		slices.SortStableFunc(less, func(a, b int) int {
			return cmp.Or(cmp.Compare(bundles[a].Cost, bundles[b].Cost), cmp.Compare(len(bundles[a].Actions), len(bundles[b].Actions)))
		})
		for _, b := range append([]int{plan.None}, less...) {
			p[u] = b
			if enough(p) {
				break
			}
			p[u] = now
		}
	}
	return p
}
