// Package solve finds the cheapest plan of an instance and proves that it is.
//
// A branch and bound search divides the plans into boxes. In each a linear
// relaxation is solved in floating point: units choose among bundles, sums of
// quantities are variables of their own so that they can be branched on, points
// lie under the rates of what was gained, and a percentage, points times a base,
// lies above two planes that become exact as the box narrows. The multipliers of
// its rows are then rounded to whole numbers and the bound is computed from them
// exactly; only that closes a box. So the numbers guide the search and decide
// nothing. What closed the boxes is the certificate.
//
// Failures are worlds with areas of their own over the same bundles. One is added
// to the model when a plan would not survive it.
package solve

import (
	"cmp"
	"math"
	"slices"
)

// simplex is the dual simplex method for boxed variables, on an explicit inverse
// that is updated only where it is not 0. It guides the search and proposes
// multipliers; nothing it says is believed before it was checked in whole numbers.
//
// Column j < n is a variable, column n+i the value of row i, so that rows read
// A x - s = 0 and their right hand sides are bounds of s.
type simplex struct {
	n, m int
	// The matrix by rows and by columns.
	rowAt, colAt []int
	rowVar       []int
	rowVal       []float64
	colRow       []int
	colVal       []float64

	lo, hi, cost []float64   // of n+m columns
	value        []float64   // of columns outside the basis
	basis        []int       // by position
	position     []int       // in the basis, or -1
	inverse      [][]float64 // columns, of those rows whose value is outside the basis
	xB           []float64
	d            []float64 // reduced costs
	weight       []float64 // of positions: how far infeasibility is trusted

	alpha   []float64 // pivot row over columns
	touched []int
	seen    []bool
	found   []candidate
	column  []float64 // pivot column
	rho     []float64
	support []int
	nonzero []int

	pivots int // in all
}

const (
	feasible = 1e-7
	small    = 1e-9
)

type verdict int

const (
	solved verdict = iota
	infeasible
	beyond // the objective passed the cutoff
	stuck
)

// load takes a matrix by rows; bounds and costs are filled in by the caller.
func (s *simplex) load(n, m int, rowAt, rowVar []int, rowVal []float64) {
	s.n, s.m, s.rowAt, s.rowVar, s.rowVal = n, m, rowAt, rowVar, rowVal
	s.colAt = grown(s.colAt, n+1)
	clear(s.colAt)
	for _, v := range rowVar {
		s.colAt[v+1]++
	}
	for j := range n {
		s.colAt[j+1] += s.colAt[j]
	}
	s.colRow, s.colVal = grown(s.colRow, len(rowVar)), grown(s.colVal, len(rowVar))
	next := slices.Clone(s.colAt[:n])
	for i := range m {
		for k := rowAt[i]; k < rowAt[i+1]; k++ {
			v := rowVar[k]
			s.colRow[next[v]], s.colVal[next[v]] = i, rowVal[k]
			next[v]++
		}
	}
	s.lo, s.hi, s.cost = grown(s.lo, n+m), grown(s.hi, n+m), grown(s.cost, n+m)
	s.value, s.d, s.alpha = grown(s.value, n+m), grown(s.d, n+m), grown(s.alpha, n+m)
	s.position = grown(s.position, n+m)
	s.basis, s.xB, s.weight = grown(s.basis, m), grown(s.xB, m), grown(s.weight, m)
	s.column, s.rho = grown(s.column, m), grown(s.rho, m)
	s.inverse = grown(s.inverse, m)
	s.seen = grown(s.seen, n+m)
	clear(s.alpha)
	clear(s.seen)
	s.touched = s.touched[:0]
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// start puts columns into the basis, as far as they are independent, and fills it
// up with rows.
func (s *simplex) start(columns []int) {
	for j := range s.n + s.m {
		s.position[j] = -1
	}
	for i := range s.m {
		s.basis[i] = s.n + i
		s.position[s.n+i] = i
	}
	keep := make([]bool, s.m)
	var enter []int
	for _, j := range columns {
		if j >= s.n {
			keep[j-s.n] = true
		} else {
			enter = append(enter, j)
		}
	}
	for _, j := range enter {
		s.ftran(j)
		r, most := -1, 1e-6
		for i, a := range s.column[:s.m] {
			if s.basis[i] >= s.n && !keep[s.basis[i]-s.n] && math.Abs(a) > most {
				r, most = i, math.Abs(a)
			}
		}
		if r >= 0 {
			s.rowOf(r)
			s.update(r, j)
		}
	}
	for i := range s.weight {
		s.weight[i] = 1
	}
	s.price()
	s.settle()
}

// price computes all reduced costs anew.
func (s *simplex) price() {
	y := s.multipliers()
	for j := range s.n {
		d := s.cost[j]
		for k := s.colAt[j]; k < s.colAt[j+1]; k++ {
			d -= y[s.colRow[k]] * s.colVal[k]
		}
		s.d[j] = d
	}
	for i := range s.m {
		s.d[s.n+i] = s.cost[s.n+i] + y[i]
	}
	for _, j := range s.basis {
		s.d[j] = 0
	}
}

// multipliers returns the prices of the rows under the basis.
func (s *simplex) multipliers() []float64 {
	y := make([]float64, s.m)
	for k := range y {
		if s.position[s.n+k] >= 0 {
			continue // rows have no cost
		}
		col := s.inverse[k]
		var v float64
		for i, j := range s.basis {
			if c := s.cost[j]; c != 0 && col[i] != 0 {
				v += c * col[i]
			}
		}
		y[k] = v
	}
	return y
}

// settle puts what is outside the basis to the bound that its reduced cost asks
// for, and computes the basis.
func (s *simplex) settle() {
	for j := range s.n + s.m {
		if s.position[j] >= 0 {
			continue
		}
		s.value[j] = s.lo[j]
		if s.d[j] < 0 {
			s.value[j] = s.hi[j]
		}
	}
	s.compute()
}

// compute finds the values of the basis: B xB = -N xN.
func (s *simplex) compute() {
	sum := make([]float64, s.m)
	for j := range s.n {
		if x := s.value[j]; s.position[j] < 0 && x != 0 {
			for k := s.colAt[j]; k < s.colAt[j+1]; k++ {
				sum[s.colRow[k]] -= x * s.colVal[k]
			}
		}
	}
	for i := range s.m {
		if s.position[s.n+i] < 0 {
			sum[i] += s.value[s.n+i]
		}
	}
	clear(s.xB)
	for k, v := range sum {
		if v != 0 {
			s.addColumn(v, k, s.xB)
		}
	}
}

// addColumn adds a multiple of a column of the inverse. While the value of row k
// is in the basis, its column has a single entry and is not kept.
func (s *simplex) addColumn(a float64, k int, y []float64) {
	if p := s.position[s.n+k]; p >= 0 {
		y[p] -= a
		return
	}
	axpy(a, s.inverse[k], y)
}

func axpy(a float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

// ftran computes column = inverse x column j.
func (s *simplex) ftran(j int) {
	clear(s.column)
	if j >= s.n {
		s.addColumn(-1, j-s.n, s.column)
		return
	}
	for k := s.colAt[j]; k < s.colAt[j+1]; k++ {
		s.addColumn(s.colVal[k], s.colRow[k], s.column)
	}
}

// rowOf reads row r of the inverse.
func (s *simplex) rowOf(r int) {
	s.support = s.support[:0]
	for k := range s.m {
		var v float64
		switch p := s.position[s.n+k]; {
		case p < 0:
			v = s.inverse[k][r]
		case p == r:
			v = -1
		}
		s.rho[k] = v
		if v != 0 {
			s.support = append(s.support, k)
		}
	}
}

// update replaces position r by column j, whose pivot column and pivot row are there.
func (s *simplex) update(r, j int) {
	if k := s.basis[r] - s.n; k >= 0 {
		col := grown(s.inverse[k], s.m)
		clear(col)
		col[r] = -1
		s.inverse[k] = col
	}
	pivot := s.column[r]
	s.column[r] = pivot - 1
	s.nonzero = s.nonzero[:0]
	for i, a := range s.column {
		if math.Abs(a) > 1e-14 {
			s.nonzero = append(s.nonzero, i)
		}
	}
	for _, k := range s.support {
		col := s.inverse[k]
		f := s.rho[k] / pivot
		for _, i := range s.nonzero {
			col[i] -= f * s.column[i]
		}
	}
	s.column[r] = pivot
	s.position[s.basis[r]] = -1
	s.basis[r] = j
	s.position[j] = r
}

// objective returns the value of the basis, which bounds the optimum from below.
func (s *simplex) objective() float64 {
	var sum float64
	for j := range s.n {
		if s.position[j] < 0 {
			sum += s.cost[j] * s.value[j]
		}
	}
	for i, j := range s.basis {
		sum += s.cost[j] * s.xB[i]
	}
	return sum
}

// entering computes the pivot row of the row that was read and returns who may
// enter, that is, moves the row the right way, in the order of their ratios.
func (s *simplex) entering(found []candidate, sign float64) []candidate {
	for _, j := range s.touched {
		s.alpha[j], s.seen[j] = 0, false
	}
	s.touched = s.touched[:0]
	for _, i := range s.support {
		f := s.rho[i]
		for k := s.rowAt[i]; k < s.rowAt[i+1]; k++ {
			j := s.rowVar[k]
			if s.position[j] >= 0 {
				continue
			}
			if !s.seen[j] {
				s.seen[j] = true
				s.touched = append(s.touched, j)
			}
			s.alpha[j] += f * s.rowVal[k]
		}
		if j := s.n + i; s.position[j] < 0 {
			s.alpha[j], s.seen[j] = -f, true
			s.touched = append(s.touched, j)
		}
	}
	for _, j := range s.touched {
		a := -sign * s.alpha[j]
		if math.Abs(a) < small || s.lo[j] == s.hi[j] {
			continue
		}
		low := s.value[j] == s.lo[j]
		if low && a > 0 || !low && a < 0 {
			found = append(found, candidate{j, max(s.d[j]/a, 0), math.Abs(a)})
		}
	}
	slices.SortFunc(found, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.ratio, y.ratio), x.j-y.j)
	})
	return found
}

// gain returns by how much the objective grows at least if the variable in
// position r had to be gap larger (sign 1) or smaller (-1): as far as the first
// pivot gets.
func (s *simplex) gain(r int, sign, gap float64) float64 {
	s.rowOf(r)
	s.found = s.entering(s.found[:0], sign)
	var sum, at float64
	for i := range s.found {
		c := &s.found[i]
		sum += gap * (c.ratio - at)
		at = c.ratio
		if gap -= c.alpha * (s.hi[c.j] - s.lo[c.j]); gap <= 0 {
			return sum
		}
	}
	return math.Inf(1)
}

type candidate struct {
	j     int
	ratio float64
	alpha float64
}

// solve pivots until the basis is feasible, nothing is left, or the objective
// passes the cutoff. When it returns infeasible, rho proves it with sign.
func (s *simplex) solve(cutoff float64, limit int) (v verdict, sign float64) {
	found := s.found
	defer func() { s.found = found }()
	flips := make([]float64, s.m)
	objective := s.objective()
	for count := 0; ; count++ {
		if count >= limit {
			return stuck, 0
		}
		if count%100 == 99 {
			s.price()
			s.settle()
			objective = s.objective()
		}
		if objective > cutoff {
			s.price()
			s.settle()
			if objective = s.objective(); objective > cutoff {
				return beyond, 0
			}
		}
		r, most := -1, 0.0
		for i, j := range s.basis {
			x := s.xB[i]
			gap := max(s.lo[j]-x, x-s.hi[j])
			if gap > feasible {
				if g := gap * gap / s.weight[i]; g > most {
					r, most = i, g
				}
			}
		}
		if r < 0 {
			return solved, 0
		}
		leaving := s.basis[r]
		sign, target := 1.0, s.lo[leaving]
		if s.xB[r] > s.hi[leaving] {
			sign, target = -1, s.hi[leaving]
		}
		gap := math.Abs(target - s.xB[r])
		s.rowOf(r)
		found = s.entering(found[:0], sign)
		// As long as the row stays infeasible, what is passed goes to its other
		// bound and the step becomes longer.
		at, left := -1, gap
		for k := range found {
			c := &found[k]
			left -= c.alpha * (s.hi[c.j] - s.lo[c.j])
			if left < small {
				at = k
				break
			}
		}
		if at < 0 {
			return infeasible, sign
		}
		// Among nearly equal ratios the largest pivot is the safest.
		best := at
		for k := at + 1; k < len(found) && found[k].ratio <= found[at].ratio+small; k++ {
			if found[k].alpha > found[best].alpha {
				best = k
			}
		}
		for k := at - 1; k >= 0 && found[k].ratio >= found[at].ratio-small; k-- {
			if found[k].alpha > found[best].alpha && found[best].alpha < 1e-5 {
				best = k
			}
		}
		if best < at {
			at = best
		}
		entering := found[best].j
		s.ftran(entering)
		pivot := s.column[r]
		if math.Abs(pivot) < 1e-8 || math.Abs(pivot-s.alpha[entering]) > 1e-5*(1+math.Abs(pivot)) {
			if count > 0 && count%100 != 0 {
				s.start(slices.Clone(s.basis[:s.m]))
				objective = s.objective()
				count += 100 - count%100 // not twice in a row
				continue
			}
			return stuck, 0
		}
		step := s.d[entering] / pivot
		// Flips.
		flipped := false
		clear(flips)
		for k := range at {
			j := found[k].j
			to := s.hi[j]
			if s.value[j] == s.hi[j] {
				to = s.lo[j]
			}
			by := to - s.value[j]
			s.value[j] = to
			flipped = true
			if j >= s.n {
				flips[j-s.n] += by
				continue
			}
			for i := s.colAt[j]; i < s.colAt[j+1]; i++ {
				flips[s.colRow[i]] -= by * s.colVal[i]
			}
		}
		if flipped {
			for k, v := range flips {
				if v != 0 {
					s.addColumn(v, k, s.xB)
				}
			}
		}
		move := (s.xB[r] - target) / pivot
		axpy(-move, s.column, s.xB)
		entered := s.value[entering] + move
		for _, j := range s.touched {
			s.d[j] -= step * s.alpha[j]
		}
		s.d[leaving], s.d[entering] = -step, 0
		s.value[leaving] = target
		// Weights, so that rows which many pivots touched do not lead.
		w := s.weight[r]
		for i, a := range s.column {
			if a != 0 && i != r {
				f := a / pivot
				s.weight[i] = max(s.weight[i], f*f*w)
			}
		}
		s.weight[r] = max(w/(pivot*pivot), 1)
		s.update(r, entering)
		s.xB[r] = entered
		s.pivots++
		objective = s.objective()
	}
}
