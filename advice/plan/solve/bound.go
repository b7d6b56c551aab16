package solve

import (
	"math"
	"math/big"
)

// price is a row and what it is multiplied with: times / 2^(scale of the row + fine).
type price struct {
	row   int
	times int64
}

// prices are multipliers of rows that prove a bound. Ray says that they prove
// that there is nothing in the box: then costs are taken as 0.
type prices struct {
	list []price
	fine int
	ray  bool
}

// exact evaluates bounds in whole numbers.
type exact struct {
	m     *model
	d     []big.Int
	row   row
	a, b  big.Int
	best  big.Int
	total big.Int
}

// addTimes adds x*y*2^shift to sum.
func (e *exact) addTimes(sum *big.Int, x, y int64, shift uint) {
	e.a.SetInt64(x)
	e.b.SetInt64(y)
	e.a.Mul(&e.a, &e.b)
	sum.Add(sum, e.a.Lsh(&e.a, shift))
}

// bound returns the least cost in the box that the prices prove, rounded up; for
// a ray any positive number proves that the box is empty.
func (e *exact) bound(b *box, scale []int, y prices) int64 {
	for len(e.d) < len(e.m.vars) {
		e.d = append(e.d, big.Int{})
	}
	high := 0
	for _, p := range y.list {
		high = max(high, scale[p.row]+y.fine)
	}
	for v := range e.m.vars {
		e.d[v].SetInt64(0)
		if !y.ray {
			e.addTimes(&e.d[v], 1, e.m.vars[v].cost, uint(high))
		}
	}
	total := e.total.SetInt64(0)
	for _, p := range y.list {
		r := e.m.row(p.row, b, &e.row)
		shift := uint(high - scale[p.row] - y.fine)
		e.addTimes(total, p.times, r.rhs, shift)
		for i, v := range r.vars {
			e.addTimes(&e.d[v], -p.times, r.by[i], shift)
		}
	}
	for _, u := range e.m.units {
		best, have := &e.best, false
		if !u.must {
			best.SetInt64(0)
			have = true
		}
		for x := u.first; x < u.first+u.count; x++ {
			if b.lo[x] > 0 {
				best.Set(&e.d[x])
				have = true
				break
			}
			if b.hi[x] > 0 && (!have || e.d[x].Cmp(best) < 0) {
				best.Set(&e.d[x])
				have = true
			}
		}
		if have {
			total.Add(total, best)
		}
	}
	for v := range e.m.vars {
		if e.m.vars[v].kind == kindBundle {
			continue
		}
		switch e.d[v].Sign() {
		case 1:
			total.Add(total, e.a.Mul(&e.d[v], e.b.SetInt64(b.lo[v])))
		case -1:
			total.Add(total, e.a.Mul(&e.d[v], e.b.SetInt64(b.hi[v])))
		}
	}
	if y.ray {
		return int64(total.Sign())
	}
	// Rounded up: shifting rounds down.
	total.Neg(total).Rsh(total, uint(high)).Neg(total)
	if !total.IsInt64() {
		return math.MinInt64
	}
	return total.Int64()
}

// row writes a row into r, whose space is used again.
func (m *model) row(i int, b *box, r *row) *row {
	r.vars, r.by, r.rhs, r.exact = r.vars[:0], r.by[:0], 0, false
	m.rows[i].write(b, r)
	return r
}
