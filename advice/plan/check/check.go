// Package check verifies certificates of package plan. It shares nothing with the
// solver but the instance and its meaning: it writes the relaxation out again
// from the instance, and computes in whole numbers only.
package check

import (
	"math/big"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// Certificate verifies that the certificate's plan is an answer at its cost, and
// that no plan costs less than its bound, or that there is none.
func Certificate(in *plan.Instance, c *plan.Certificate) error {
	if err := in.Check(); err != nil {
		return err
	}
	if c.Plan != nil && (c.Infeasible || !in.Reaches(c.Plan) || in.Cost(c.Plan) != c.Cost || c.Bound > c.Cost) {
		return kizuna.Errorf("certificate-plan", "the certificate's plan does not reach what it says at its cost")
	}
	for i, w := range c.Worlds {
		if w < plan.Nominal || w >= len(in.Failures) || (w == plan.Nominal) != (i == 0) || slices.Contains(c.Worlds[:i], w) {
			return kizuna.Errorf("certificate-form", "the certificate is malformed: %s", "worlds")
		}
	}
	p := &proof{in: in, c: c, relaxation: relax(in, c.Worlds), step: step(in)}
	for _, r := range c.Rows {
		if _, ok := p.row[r.Name]; !ok || r.Scale < -maxScale || r.Scale > maxScale {
			return kizuna.Errorf("certificate-form", "the certificate is malformed: %s", "row "+r.Name)
		}
	}
	left, err := p.node(0, p.whole(), 0)
	if err == nil && left != len(c.Nodes) {
		err = kizuna.Errorf("certificate-form", "the certificate is malformed: %s", "nodes left over")
	}
	return err
}

// maxScale bounds the powers of two in a certificate, and maxDepth its nesting,
// so that a damaged one cannot ask for much.
const (
	maxScale = 200
	maxDepth = 100_000
)

type proof struct {
	in *plan.Instance
	c  *plan.Certificate
	*relaxation
	step int64
}

// step is a number of which every cost is a multiple.
func step(in *plan.Instance) int64 {
	var gcd big.Int
	for _, u := range in.Units {
		for _, b := range u.Bundles {
			gcd.GCD(nil, nil, &gcd, big.NewInt(b.Cost))
		}
	}
	return max(gcd.Int64(), 1)
}

// node verifies a box and what follows from node i on, and returns the node after.
func (p *proof) node(i int, b bounds, depth int) (int, error) {
	if i >= len(p.c.Nodes) || depth > maxDepth {
		return 0, kizuna.Errorf("certificate-form", "the certificate is malformed: %s", "nodes are missing")
	}
	n := &p.c.Nodes[i]
	if n.Branch == "" {
		if !p.proves(n, b) {
			return 0, kizuna.Errorf("certificate-proof", "node %d of the certificate proves less than the bound", i)
		}
		return i + 1, nil
	}
	v, ok := p.variable[n.Branch]
	// Nothing may lie between the two sides.
	if !ok || n.High > n.Low && !(p.integral[v] && n.High-1 <= n.Low) {
		return 0, kizuna.Errorf("certificate-form", "the certificate is malformed: %s", "branch "+n.Branch)
	}
	low, high := b.clone(), b.clone()
	low[v].hi = min(low[v].hi, n.Low)
	high[v].lo = max(high[v].lo, n.High)
	next, err := p.node(i+1, low, depth+1)
	if err != nil {
		return 0, err
	}
	return p.node(next, high, depth+1)
}

// proves reports whether no plan in the box costs less than the bound.
func (p *proof) proves(n *plan.Node, b bounds) bool {
	if !p.narrow(b) {
		return true // nothing is in the box
	}
	if only, ok := p.only(b); ok {
		return !p.in.Reaches(only) || !p.c.Infeasible && p.in.Cost(only) >= p.c.Bound
	}
	if p.c.Infeasible && !n.Ray || n.Fine < 0 || n.Fine > maxScale {
		return false
	}
	// Everything is multiplied by 2^shift.
	shift := 0
	for _, t := range n.Times {
		if t[0] < 0 || t[0] >= int64(len(p.c.Rows)) {
			return false
		}
		shift = max(shift, p.c.Rows[t[0]].Scale+n.Fine)
	}
	cost := make([]big.Int, len(b)) // reduced by the rows
	for v := range cost {
		if !n.Ray {
			cost[v].SetInt64(p.cost[v])
			cost[v].Lsh(&cost[v], uint(shift))
		}
	}
	total, y, term := new(big.Int), new(big.Int), new(big.Int)
	for _, t := range n.Times {
		r := p.row[p.c.Rows[t[0]].Name](b)
		if t[1] < 0 && !r.equal {
			return false
		}
		y.SetInt64(t[1])
		y.Lsh(y, uint(shift-p.c.Rows[t[0]].Scale-n.Fine))
		total.Add(total, term.Mul(y, big.NewInt(r.atLeast)))
		for _, e := range r.terms {
			cost[e.v].Sub(&cost[e.v], term.Mul(y, big.NewInt(e.times)))
		}
	}
	// The least that the box allows: of each unit one bundle or none, of
	// everything else one of its bounds.
	v := 0
	for u := range p.in.Units {
		var least *big.Int
		if !p.in.Units[u].Must {
			least = new(big.Int)
		}
		for range p.in.Units[u].Bundles {
			if b[v].lo == 1 {
				least = &cost[v]
			} else if b[v].hi == 1 && (least == nil || cost[v].Cmp(least) < 0) && !p.taken(b, u) {
				least = &cost[v]
			}
			v++
		}
		total.Add(total, least)
	}
	for ; v < len(b); v++ {
		at := b[v].lo
		if cost[v].Sign() < 0 {
			at = b[v].hi
		}
		total.Add(total, term.Mul(&cost[v], big.NewInt(at)))
	}
	if n.Ray {
		return total.Sign() > 0
	}
	// No plan costs less than total, every cost is a multiple of step: is a cost
	// below Bound ruled out? The largest such multiple must be below total.
	below := new(big.Int).SetInt64(p.c.Bound - 1)
	below.Sub(below, term.Mod(below, big.NewInt(p.step)))
	return total.Cmp(below.Lsh(below, uint(shift))) > 0
}
