package solve

import (
	"container/heap"
	"math"
	"slices"

	"github.com/kizuna-org/kizuna/advice/plan"
)

// Options bound the work.
type Options struct {
	// Nodes is how many boxes are looked at; 0: no limit. The answer to an instance
	// within a number of nodes is the same on every machine.
	Nodes int
	// Stop is asked now and then; once it is true, what was found so far is the answer.
	Stop func() bool
	// Found is told what every better plan costs.
	Found func(cost int64)
}

// Result is an answer.
type Result struct {
	Plan plan.Plan // nil if none was found
	Cost int64     // of the plan
	// Bound is proven: no plan costs less. If Infeasible, there is no plan at all.
	Bound       int64
	Infeasible  bool
	Certificate *plan.Certificate
	Nodes       int
	Pivots      int
}

// Optimal reports whether no plan can be cheaper than the one found.
func (r *Result) Optimal() bool { return r.Plan != nil && r.Cost == r.Bound }

// tree is a node of the certificate in the making.
type tree struct {
	parent     *tree
	v          int // branching variable of the parent, and the side
	at         int64
	low        bool
	by         float64 // how far the branch moved the variable
	closed     bool
	y          prices // of a closed node; else inherited
	lowChild   *tree
	highChild  *tree
	estimate   float64
	basis      []int
	serial     int
	undecided  bool
	emptiness  bool // the box itself is empty
	everything bool // every unit is decided: the plan itself is looked at
}

type queue []*tree

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].estimate != q[j].estimate {
		return q[i].estimate < q[j].estimate
	}
	return q[i].serial < q[j].serial
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*tree)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

type search struct {
	in       *plan.Instance
	m        *model
	guess    *guess
	opts     Options
	exact    exact
	lp       simplex
	rowScale []int
	colScale []int
	loaded   *tree // whose relaxation is there, and how often its rows were kept
	followed int
	open     queue
	best     plan.Plan
	cost     int64
	target   int64 // what every box of the certificate proves
	nodes    int
	serial   int
	row      row
	rowAt    []int
	rowVar   []int
	rowVal   []float64
	rhs      []float64
	same     []bool
	up, down []pseudo
}

type pseudo struct {
	sum   float64
	count int
}

// Solve returns the cheapest plan and the proof that it is.
func Solve(in *plan.Instance, opts Options) (*Result, error) {
	if err := in.Check(); err != nil {
		return nil, err
	}
	s := &search{in: in, m: newModel(in), guess: newGuess(in), opts: opts, cost: math.MaxInt64}
	s.exact.m = s.m
	root := &tree{estimate: math.Inf(-1)}
	s.run(root)
	return s.result(root), nil
}

func (s *search) stopped() bool {
	return s.opts.Nodes > 0 && s.nodes >= s.opts.Nodes || s.opts.Stop != nil && s.opts.Stop()
}

func (s *search) run(root *tree) {
	heap.Push(&s.open, root)
	var next *tree
	for !s.stopped() {
		if next == nil {
			if len(s.open) == 0 {
				return
			}
			next = heap.Pop(&s.open).(*tree)
		}
		s.nodes++
		next = s.visit(next)
	}
	if next != nil {
		heap.Push(&s.open, next)
	}
}

func (s *search) boxOf(t *tree) (*box, bool) {
	b := s.m.root()
	for ; t.parent != nil; t = t.parent {
		if t.low {
			b.lower(t.v, t.at)
		} else {
			b.raise(t.v, t.at)
		}
	}
	return b, b.tighten(s.m)
}

// visit looks at a box: it is closed, or split in two, of which the more
// promising half is returned and the other kept for later.
func (s *search) visit(t *tree) *tree {
	for {
		b, any := s.boxOf(t)
		if !any {
			t.closed, t.emptiness = true, true
			return nil
		}
		if s.best != nil && t.estimate > float64(s.cost-s.m.step) && s.rounded(s.exact.bound(b, s.rowScale, t.y)) >= s.cost {
			t.closed = true // what was known before it was split suffices by now
			return nil
		}
		if p, ok := s.m.decided(b); ok {
			s.offer(p)
			t.closed, t.everything = true, true
			return nil
		}
		verdict, sign := s.relax(t, b)
		if verdict == beyond {
			if s.prove(t, b) {
				return nil
			}
			// In whole numbers it is not quite beyond: go on.
			verdict, sign = s.lp.solve(math.Inf(1), pivotLimit)
		}
		switch verdict {
		case infeasible:
			if y, ok := s.ray(b, sign); ok {
				t.closed, t.y = true, y
				return nil
			}
		case solved:
			if s.prove(t, b) {
				return nil
			}
		}
		x := s.values()
		if verdict == solved {
			s.learn(t)
		}
		if s.heuristic(b, x) {
			if s.prove(t, b) {
				return nil
			}
		}
		t.estimate = max(t.estimate, s.lp.objective())
		if t.parent == nil && s.foresee(x) {
			continue
		}
		v, at, up := s.choose(b, x)
		if v < 0 {
			if s.addWorlds(b, x) {
				continue // the same box under more worlds
			}
			v, at, up = s.chooseAny(b, x)
		}
		return s.split(t, v, at, up, x[v])
	}
}

func (s *search) split(t *tree, v int, at int64, up bool, x float64) *tree {
	basis := s.keepBasis()
	s.serial += 2
	high := at + 1
	if !s.m.vars[v].whole {
		high = at
	}
	lo := &tree{parent: t, v: v, at: at, low: true, by: x - float64(at), y: t.y, estimate: t.estimate, basis: basis, serial: s.serial}
	hi := &tree{parent: t, v: v, at: high, by: float64(high) - x, y: t.y, estimate: t.estimate, basis: basis, serial: s.serial + 1}
	t.lowChild, t.highChild, t.basis = lo, hi, nil
	if up {
		lo, hi = hi, lo
	}
	heap.Push(&s.open, hi)
	return lo
}

// rounded is the least cost of a plan that is not below a bound.
func (s *search) rounded(bound int64) int64 { return ceilDiv(bound, s.m.step) * s.m.step }

// decided returns the plan of a box in which nothing is open.
func (m *model) decided(b *box) (plan.Plan, bool) {
	p := make(plan.Plan, len(m.units))
	for i, u := range m.units {
		p[i] = plan.None
		for x := u.first; x < u.first+u.count; x++ {
			if b.lo[x] > 0 {
				p[i] = x - u.first
			} else if b.hi[x] > 0 {
				if p[i] == plan.None && !b.takenIn(u) {
					return nil, false
				}
			}
		}
		if p[i] == plan.None && u.must {
			return nil, false
		}
	}
	return p, true
}

func (b *box) takenIn(u unitVars) bool {
	for x := u.first; x < u.first+u.count; x++ {
		if b.lo[x] > 0 {
			return true
		}
	}
	return false
}

// offer takes a plan if it is an answer and better than the best.
func (s *search) offer(p plan.Plan) bool {
	cost := s.in.Cost(p)
	if s.best != nil && cost >= s.cost || !s.in.Reaches(p) {
		return false
	}
	s.best, s.cost = slices.Clone(p), cost
	if s.opts.Found != nil {
		s.opts.Found(cost)
	}
	return true
}

// relax solves the relaxation of a box.
func (s *search) relax(t *tree, b *box) (verdict, float64) {
	if s.follows(t) {
		// The rows of a box hold in every box within it: they are kept, and so is the basis.
		s.bound(b)
		s.lp.price()
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
	y := s.lp.multipliers()
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
