package solve

import (
	"math"

	"github.com/kizuna-org/kizuna/advice/plan"
)

// result writes down what was found and its proof.
func (s *search) result(root *tree) *Result {
	out := &Result{Nodes: s.nodes, Pivots: s.lp.pivots}
	c := &plan.Certificate{Worlds: s.m.worlds}
	if s.best != nil {
		out.Plan = s.reduced(s.best)
		out.Cost = s.in.Cost(out.Plan)
		c.Plan, c.Cost = out.Plan, out.Cost
		out.Bound = s.lowest(out.Cost)
	} else if len(s.open) == 0 {
		out.Infeasible = true
	} else {
		out.Bound = s.lowest(math.MaxInt64)
	}
	c.Bound, c.Infeasible = out.Bound, out.Infeasible
	numbers := map[int]int64{}
	s.write(c, root, numbers)
	out.Certificate = c
	return out
}

// write adds a node and what is below it. An open box has the proof that it
// inherited.
func (s *search) write(c *plan.Certificate, t *tree, numbers map[int]int64) {
	if t.lowChild != nil {
		c.Nodes = append(c.Nodes, plan.Node{Branch: s.m.vars[t.lowChild.v].name, Low: t.lowChild.at, High: t.highChild.at})
		s.write(c, t.lowChild, numbers)
		s.write(c, t.highChild, numbers)
		return
	}
	n := plan.Node{}
	if !t.emptiness && !t.everything {
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
