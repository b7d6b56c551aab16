package check

import (
	"math/big"

	"github.com/kizuna-org/kizuna/advice/plan"
)

// whole returns the box of all plans.
func (r *relaxation) whole() bounds { return r.first.clone() }

// taken reports whether a bundle of the unit is taken in the box.
func (r *relaxation) taken(b bounds, unit int) bool {
	for i := range r.in.Units[unit].Bundles {
		if b[r.firstX[unit]+i].lo > 0 {
			return true
		}
	}
	return false
}

// only returns the plan of a box in which there is just one.
func (r *relaxation) only(b bounds) (plan.Plan, bool) {
	var p plan.Plan
	for u := range r.in.Units {
		choice, open := plan.None, 0
		for i := range r.in.Units[u].Bundles {
			x := b[r.firstX[u]+i]
			if x.lo > 0 {
				choice = i
			} else if x.hi > 0 {
				open++
			}
		}
		if choice == plan.None && (open > 0 || r.in.Units[u].Must) {
			return nil, false
		}
		p = append(p, choice)
	}
	return p, true
}

// narrow draws the bounds of sums, members and points together as far as the
// bundles allow. It returns false if nothing is left.
func (r *relaxation) narrow(b bounds) bool {
	for u := range r.in.Units {
		taken, open := 0, 0
		for i := range r.in.Units[u].Bundles {
			x := b[r.firstX[u]+i]
			if x.lo > x.hi {
				return false
			}
			if x.lo > 0 {
				taken++
			}
			if x.hi > 0 {
				open++
			}
		}
		if taken > 1 || open == 0 && r.in.Units[u].Must {
			return false
		}
		for i := range r.in.Units[u].Bundles {
			if x := &b[r.firstX[u]+i]; taken == 1 && x.lo == 0 {
				x.hi = 0
			}
		}
	}
	// Sums of counters first, then members, then sums of members.
	r.narrowSums(b, false)
	for _, m := range r.members {
		if b[m.counter].lo > 0 {
			b[m.z].lo = 1
		}
		if b[m.counter].hi <= 0 {
			b[m.z].hi = min(b[m.z].hi, 0)
		}
	}
	r.narrowSums(b, true)
	for _, p := range r.points {
		// level x unit <= num x gain / (den x over)
		num := new(big.Int).Mul(big.NewInt(p.num), big.NewInt(max(b[p.gain].hi, 0)))
		den := big.NewInt(p.den)
		most := ceiling(num, den)
		if p.over >= 0 {
			most = ceiling(big.NewInt(most), big.NewInt(max(b[p.over].lo, 1)))
		}
		b[p.p].hi = min(b[p.p].hi, most)
		if p.level != p.p {
			b[p.level].hi = min(b[p.level].hi, most/p.unit)
		}
	}
	for _, v := range b {
		if v.lo > v.hi {
			return false
		}
	}
	return true
}

func ceiling(num, den *big.Int) int64 {
	q, rest := new(big.Int).DivMod(num, den, new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64()
}

// narrowSums bounds the sums that have members, or those that have none, by the
// least and the greatest that each unit can add.
func (r *relaxation) narrowSums(b bounds, members bool) {
	for _, s := range r.sums {
		if (len(s.members) > 0) != members {
			continue
		}
		lo, hi := s.fixed, s.fixed
		for u, effects := range s.byUnit {
			var possible []int64
			for i, by := range effects {
				x := b[r.firstX[u]+i]
				if x.lo > 0 {
					possible = []int64{by}
					break
				}
				if x.hi > 0 {
					possible = append(possible, by)
				}
			}
			if !r.in.Units[u].Must && !r.taken(b, u) {
				possible = append(possible, 0)
			}
			least, most := possible[0], possible[0]
			for _, by := range possible {
				least, most = min(least, by), max(most, by)
			}
			lo, hi = lo+least, hi+most
		}
		for _, z := range s.members {
			at := [2]int64{z.times * b[z.v].lo, z.times * b[z.v].hi}
			lo, hi = lo+min(at[0], at[1]), hi+max(at[0], at[1])
		}
		b[s.v].lo, b[s.v].hi = max(b[s.v].lo, lo), min(b[s.v].hi, hi)
	}
}
