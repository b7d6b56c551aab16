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
	// Start is a plan that is known to be an answer, if one is.
	Start plan.Plan
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

// tree is a node of the certificate in the making: a box, which is half of its
// parent's.
type tree struct {
	parent              *tree
	lowChild, highChild *tree

	// The variable v is at most, or at least, at; by says how far that moved it.
	v   int
	at  int64
	low bool
	by  float64

	y        prices  // the best that is known of the box, be it from its parent
	estimate float64 // what y should be good for
	basis    []int   // to begin with
	serial   int     // decides between equals

	closed  bool // by y, or because
	empty   bool // nothing is in the box, or
	decided bool // there is a single plan in it, which was looked at
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

// search is a branch and bound over boxes.
type search struct {
	in    *plan.Instance
	m     *model
	guess *guess
	opts  Options

	open   queue
	best   plan.Plan
	cost   int64 // of the best
	target int64 // what every box of the certificate proves
	nodes  int
	serial int

	exact exact
	relaxation
	up, down []gained // by variable
}

// gained is what branches on a variable gained, for each unit that it moved.
type gained struct {
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
	if opts.Start != nil && in.Allows(opts.Start) && s.offer(opts.Start) {
		s.offer(s.reduced(opts.Start, s.guess.reaches))
	}
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
		t := next
		next = s.visit(t)
		t.basis = nil // nobody begins with it any more
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
			t.closed, t.empty = true, true
			return nil
		}
		if s.best != nil && t.estimate > float64(s.cost-s.m.step) && s.rounded(s.exact.bound(b, s.rowScale, t.y)) >= s.cost {
			t.closed = true // what was known before it was split suffices by now
			return nil
		}
		if p, ok := s.m.decided(b); ok {
			s.offer(p)
			t.closed, t.decided = true, true
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
		v, at, up := s.choose(b, x)
		if (v < 0 || s.nodes <= 50 || s.nodes%10 == 0) && s.round(x) && s.prove(t, b) {
			return nil
		}
		if o := s.lp.objective(); o > t.estimate {
			t.estimate = o
		}
		if t.parent == nil && s.foresee(x) {
			continue
		}
		if v < 0 {
			if s.addWorlds(x) {
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
	t.lowChild, t.highChild = lo, hi
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
