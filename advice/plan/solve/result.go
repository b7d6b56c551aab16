package solve

import (
	"math"
	"slices"

	"github.com/kizuna-org/kizuna/advice/plan"
)

// result writes down what was found and its proof.
func (s *search) result(root *tree) *Result {
	out := &Result{Nodes: s.nodes, Pivots: s.lp.pivots}
	c := &plan.Certificate{Worlds: s.m.worlds}
	if s.best != nil {
		out.Plan = s.least(s.best)
		out.Cost = s.in.Cost(out.Plan)
		c.Plan, c.Cost = out.Plan, out.Cost
		out.Bound = out.Cost
	} else {
		out.Infeasible = len(s.open) == 0
		out.Bound = math.MaxInt64
	}
	for _, t := range s.open {
		out.Bound = min(out.Bound, s.promised(t))
	}
	s.target = out.Bound
	s.fold(root)
	out.Bound = s.target
	if out.Infeasible {
		out.Bound = 0
	}
	c.Bound, c.Infeasible = out.Bound, out.Infeasible
	s.write(c, root, map[int]int64{})
	out.Certificate = c
	return out
}

// least leaves out what can be left out, again and again: something cheaper in one place may
// do another's work. Unlike what the search does this is exact.
func (s *search) least(p plan.Plan) plan.Plan {
	for {
		less := s.reduced(p, s.in.Reaches)
		if slices.Equal(less, p) {
			return p
		}
		p = less
	}
}

// promised is the bound that a box should be able to prove.
func (s *search) promised(t *tree) int64 {
	if math.IsInf(t.estimate, -1) {
		return 0
	}
	return max(s.rounded(int64(math.Ceil(t.estimate-1e-2))), 0)
}

// fold makes a single proven box of every branch that what was known before it
// was split suffices for. What proves less than was promised lowers the target.
func (s *search) fold(t *tree) {
	if t.closed && (t.empty || t.decided || t.y.ray) {
		return
	}
	if t.lowChild != nil && (math.IsInf(t.estimate, -1) || s.promised(t) < s.target) {
		s.fold(t.lowChild)
		s.fold(t.highChild)
		return
	}
	b, any := s.boxOf(t)
	if !any {
		t.empty, t.lowChild, t.highChild = true, nil, nil
		return
	}
	if t.closed && t.lowChild == nil {
		return // proven when it was closed, by a plan that was not cheaper
	}
	bound := max(s.rounded(s.exact.bound(b, s.rowScale, t.y)), 0)
	switch {
	case bound >= s.target:
		t.lowChild, t.highChild = nil, nil
	case t.lowChild != nil:
		s.fold(t.lowChild)
		s.fold(t.highChild)
	default:
		s.target = bound
	}
}

// write adds a node and what is below it to the certificate.
func (s *search) write(c *plan.Certificate, t *tree, numbers map[int]int64) {
	if t.lowChild != nil {
		c.Nodes = append(c.Nodes, plan.Node{Branch: s.m.vars[t.lowChild.v].name, Low: t.lowChild.at, High: t.highChild.at})
		s.write(c, t.lowChild, numbers)
		s.write(c, t.highChild, numbers)
		return
	}
	n := plan.Node{}
	if !t.empty && !t.decided {
		n.Fine, n.Ray = t.y.fine, t.y.ray
		for _, p := range t.y.list {
			number, ok := numbers[p.row]
			if !ok {
				number = int64(len(c.Rows))
				numbers[p.row] = number
				c.Rows = append(c.Rows, plan.Row{Name: s.m.rows[p.row].name, Scale: s.rowScale[p.row]})
			}
			n.Times = append(n.Times, [2]int64{number, p.times})
		}
	}
	c.Nodes = append(c.Nodes, n)
}
