package solve

import (
	"math"
)

// relaxation is what is kept of the linear program from box to box.
type relaxation struct {
	lp simplex
	// Variables and rows are multiplied by powers of two, so that the numbers are
	// of one size: customers, and millionths of a dollar.
	rowScale, colScale []int
	loaded             *tree // whose rows are there
	followed           int   // how often they were kept since

	row    row
	rowAt  []int
	rowVar []int
	rowVal []float64
	rhs    []float64
	same   []bool // rows that are equations
}

// relax solves the relaxation of a box.
func (s *search) relax(t *tree, b *box) (verdict, float64) {
	if s.follows(t) {
		// The rows of a box hold in every box within it: they are kept, and so is the basis.
		s.bound(b)
		s.lp.settle()
		s.followed++
	} else {
		s.load(b, t.basis)
		s.followed = 0
	}
	s.loaded = t
	cutoff := math.Inf(1)
	if s.best != nil {
		cutoff = float64(s.cost-s.m.step) + cutoffMargin
	}
	return s.lp.solve(cutoff, pivotLimit)
}

// follows reports whether a box is half of the one that was looked at last, and
// its rows are hardly tighter.
func (s *search) follows(t *tree) bool {
	return t.parent != nil && t.parent == s.loaded && s.followed < 40 && !s.m.shapes[t.v] && s.lp.n == len(s.m.vars)
}

// bound gives the relaxation the bounds of a box.
func (s *search) bound(b *box) {
	for v := range s.m.vars {
		s.lp.lo[v] = math.Ldexp(float64(b.lo[v]), -s.colScale[v])
		s.lp.hi[v] = math.Ldexp(float64(b.hi[v]), -s.colScale[v])
	}
}

// load makes the relaxation of a box, to begin with a basis.
func (s *search) load(b *box, basis []int) {
	m := s.m
	if len(s.colScale) < len(m.vars) {
		root := m.root()
		root.tighten(m)
		for v := len(s.colScale); v < len(m.vars); v++ {
			// About 8 steps from bound to bound, whatever the unit.
			_, e := math.Frexp(float64(root.hi[v] - root.lo[v]))
			s.colScale = append(s.colScale, max(e-4, 0))
		}
	}
	gub := s.gubs()
	s.rowAt, s.rowVar, s.rowVal = append(s.rowAt[:0], 0), s.rowVar[:0], s.rowVal[:0]
	s.rhs, s.same = s.rhs[:0], s.same[:0]
	for i := range m.rows {
		r := m.row(i, b, &s.row)
		if i >= len(s.rowScale) {
			s.rowScale = append(s.rowScale, s.scaleOf(r))
		}
		for k, v := range r.vars {
			if r.by[k] != 0 {
				s.rowVar = append(s.rowVar, v)
				s.rowVal = append(s.rowVal, math.Ldexp(float64(r.by[k]), s.colScale[v]-s.rowScale[i]))
			}
		}
		s.rowAt = append(s.rowAt, len(s.rowVar))
		s.rhs = append(s.rhs, math.Ldexp(float64(r.rhs), -s.rowScale[i]))
		s.same = append(s.same, r.exact)
	}
	for _, u := range gub {
		for x := m.units[u].first; x < m.units[u].first+m.units[u].count; x++ {
			s.rowVar = append(s.rowVar, x)
			s.rowVal = append(s.rowVal, 1)
		}
		s.rowAt = append(s.rowAt, len(s.rowVar))
	}
	rows := len(m.rows) + len(gub)
	lp := &s.lp
	lp.load(len(m.vars), rows, s.rowAt, s.rowVar, s.rowVal)
	s.bound(b)
	for v := range m.vars {
		// A little extra on every column, so that ties are rare.
		lp.cost[v] = math.Ldexp(float64(m.vars[v].cost), s.colScale[v]) + 1e-6*(1+float64(hash(v)%1000)/1000)
	}
	for i := range rows {
		j := lp.n + i
		lp.cost[j] = 0
		if i >= len(m.rows) {
			lp.lo[j], lp.hi[j] = 0, 1
			if m.units[gub[i-len(m.rows)]].must {
				lp.lo[j] = 1
			}
			continue
		}
		lp.lo[j], lp.hi[j] = s.rhs[i], s.rhs[i]
		if !s.same[i] {
			var most float64
			for k := s.rowAt[i]; k < s.rowAt[i+1]; k++ {
				v := s.rowVar[k]
				most += max(s.rowVal[k]*lp.lo[v], s.rowVal[k]*lp.hi[v])
			}
			lp.hi[j] = max(most, s.rhs[i])
		}
	}
	start := make([]int, 0, len(basis))
	for _, j := range basis {
		switch {
		case j >= 0:
			start = append(start, j)
		case ^j < gubMark:
			start = append(start, lp.n+^j)
		default:
			start = append(start, lp.n+len(m.rows)+(^j-gubMark))
		}
	}
	lp.start(start)
}

const (
	pivotLimit = 20_000
	// cutoffMargin is more than the little extras on costs add up to.
	cutoffMargin = 0.02
)

// gubMark separates rows of the model from those of units in a kept basis.
const gubMark = 1 << 30

// keepBasis names the basis so that it lasts when variables and rows are added.
func (s *search) keepBasis() []int {
	basis := make([]int, 0, s.lp.m)
	for _, j := range s.lp.basis[:s.lp.m] {
		switch i := j - s.lp.n; {
		case i < 0:
			basis = append(basis, j)
		case i < len(s.m.rows):
			basis = append(basis, ^i)
		default:
			basis = append(basis, ^(i - len(s.m.rows) + gubMark))
		}
	}
	return basis
}

// gubs are the units that need a row of their own: at most one bundle.
func (s *search) gubs() []int {
	var out []int
	for i, u := range s.m.units {
		if u.count > 1 || u.must {
			out = append(out, i)
		}
	}
	return out
}

func hash(v int) uint32 {
	x := uint32(v)*2654435761 + 12345
	return x ^ x>>15
}

func (s *search) scaleOf(r *row) int {
	most := 0.0
	for k, v := range r.vars {
		most = max(most, math.Abs(math.Ldexp(float64(r.by[k]), s.colScale[v])))
	}
	_, e := math.Frexp(most)
	return e
}

// values returns what the relaxation gives each variable, in its own unit.
func (s *search) values() []float64 {
	x := make([]float64, len(s.m.vars))
	for v := range x {
		y := s.lp.value[v]
		if i := s.lp.position[v]; i >= 0 {
			y = s.lp.xB[i]
		}
		x[v] = math.Ldexp(y, s.colScale[v])
	}
	return x
}

// The multipliers are rounded to these binary places, coarse first.
var fineness = [...]int{12, 24, 36}

// quantize rounds multipliers of scaled rows.
func (s *search) quantize(y []float64, sign float64, fine int, ray bool) (prices, bool) {
	out := prices{fine: fine, ray: ray}
	for i := range s.m.rows {
		t := math.Round(math.Ldexp(sign*y[i], fine))
		if math.Abs(t) > 1<<60 {
			return out, false
		}
		if t != 0 && (s.same[i] || t > 0) {
			out.list = append(out.list, price{i, int64(t)})
		}
	}
	return out, true
}

// prove closes the box if its bound reaches the best plan's cost.
func (s *search) prove(t *tree, b *box) bool {
	y := s.lp.d[s.lp.n:] // of a row's value it is the row's multiplier
	if s.best == nil || s.lp.objective() < float64(s.cost-s.m.step)-1e-2 {
		// Nothing to prove yet, but what is known so far is kept.
		t.y, _ = s.quantize(y, 1, fineness[1], false)
		return false
	}
	for _, fine := range fineness {
		p, ok := s.quantize(y, 1, fine, false)
		if !ok {
			return false
		}
		if s.rounded(s.exact.bound(b, s.rowScale, p)) >= s.cost {
			t.closed, t.y = true, p
			return true
		}
	}
	return false
}

// ray proves that there is nothing in a box.
func (s *search) ray(b *box, sign float64) (prices, bool) {
	most := 0.0
	for _, v := range s.lp.rho[:s.lp.m] {
		most = max(most, math.Abs(v))
	}
	if most == 0 {
		return prices{}, false
	}
	for _, fine := range fineness {
		p, ok := s.quantize(s.lp.rho, -sign/most, fine, true)
		if ok && s.exact.bound(b, s.rowScale, p) > 0 {
			return p, true
		}
	}
	return prices{}, false
}
