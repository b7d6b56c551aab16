package plan

import (
	"math/big"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Limit bounds what quantities, multiples of them and costs may reach, so that
// sums and products with points stay exact.
const Limit = 1 << 52

// PointScale returns the least number of which every maximum, gate, step and
// pass mark is a multiple of the inverse: 42 where points come in sixths and
// sevenths.
func (in *Instance) PointScale() int64 {
	scale := big.NewInt(1)
	take := func(f kizuna.Fraction) {
		_, den, _ := f.Terms()
		d := big.NewInt(max(den, 1))
		gcd := new(big.Int).GCD(nil, nil, scale, d)
		scale.Mul(scale, d.Quo(d, gcd))
	}
	for i := range in.Areas {
		take(in.Areas[i].Pass)
		for j := range in.Areas[i].Ways {
			for k := range in.Areas[i].Ways[j].Metrics {
				m := &in.Areas[i].Ways[j].Metrics[k]
				take(m.Max)
				take(m.Gate)
				for _, o := range m.Options {
					for _, p := range o.Parts {
						take(p.Max)
						take(p.Step)
					}
				}
			}
		}
	}
	if !scale.IsInt64() {
		return Limit
	}
	return scale.Int64()
}

// EachTerms calls f with every sum of quantities that an area looks at.
func (a *Area) EachTerms(f func([]Term)) {
	conditions := func(list []Condition) {
		for _, c := range list {
			f(c.Terms)
		}
	}
	for i := range a.Ways {
		conditions(a.Ways[i].When)
		for _, m := range a.Ways[i].Metrics {
			for _, o := range m.Options {
				for _, p := range o.Parts {
					conditions(p.When)
					f(p.Gain)
					f(p.Over)
				}
			}
		}
	}
}

// Check reports the first thing in the instance that has no meaning, or numbers
// too large to be exact.
func (in *Instance) Check() error {
	for i, s := range in.Sets {
		seen := map[int]bool{}
		for _, c := range s.Members {
			if c < 0 || c >= len(in.Counters) || seen[c] {
				return kizuna.Errorf("plan-set", "set %d (%s) has no proper counter as a member: %d", i, s.Name, c)
			}
			seen[c] = true
		}
	}
	for u := range in.Units {
		open := !in.Units[u].Must
		for _, b := range in.Units[u].Bundles {
			open = open || !b.Barred
		}
		if !open {
			return kizuna.Errorf("plan-must", "something must be done with %s, and nothing may", in.Units[u].Name)
		}
		for b := range in.Units[u].Bundles {
			bundle := &in.Units[u].Bundles[b]
			if bundle.Cost < 0 || bundle.Cost > Limit {
				return kizuna.Errorf("plan-cost", "bundle %s of %s costs %d", bundle.Name, in.Units[u].Name, bundle.Cost).
					WithMend("give a cost of 0 or more")
			}
			if !in.counters(bundle.Adds) {
				return kizuna.Errorf("plan-bundle", "bundle %s of %s adds to a counter that is not there", bundle.Name, in.Units[u].Name)
			}
			for _, anyOf := range bundle.Needs {
				for _, c := range anyOf {
					if c.Unit < 0 || c.Unit >= len(in.Units) || c.Bundle < 0 || c.Bundle >= len(in.Units[c.Unit].Bundles) {
						return kizuna.Errorf("plan-needs", "bundle %s of %s needs one that is not there", bundle.Name, in.Units[u].Name)
					}
				}
			}
		}
	}
	for i, f := range in.Failures {
		if !in.units(f.Units) || !in.counters(f.Lost) {
			return kizuna.Errorf("plan-failure", "failure %d (%s) names a unit or a counter that is not there", i, f.Name)
		}
	}
	if err := in.checkQuantities(); err != nil {
		return err
	}
	for i := range in.Areas {
		if err := in.Areas[i].check(in); err != nil {
			return err
		}
	}
	for _, c := range in.Limits {
		if !in.terms(c.Terms) {
			return kizuna.Errorf("plan-limit", "a limit looks at a quantity that is not there")
		}
	}
	return nil
}

// units reports whether the numbers are of units, each at most once.
func (in *Instance) units(numbers []int) bool {
	for i, u := range numbers {
		if u < 0 || u >= len(in.Units) || slices.Contains(numbers[:i], u) {
			return false
		}
	}
	return true
}

func (in *Instance) counters(adds []Add) bool {
	for _, a := range adds {
		if a.Counter < 0 || a.Counter >= len(in.Counters) {
			return false
		}
	}
	return true
}

func (in *Instance) terms(terms []Term) bool {
	for _, t := range terms {
		if t.Quantity < 0 || t.Quantity >= len(in.Counters)+len(in.Sets) || t.Times > Limit || t.Times < -Limit {
			return false
		}
	}
	return true
}

// checkQuantities sees to it that no counter grows too large and that no member
// of a set can be held less than never.
func (in *Instance) checkQuantities() error {
	size, least := make([]big.Int, len(in.Counters)), make([]big.Int, len(in.Counters))
	for c := range in.Counters {
		size[c].SetInt64(in.Counters[c].Base)
		size[c].Abs(&size[c])
		least[c].SetInt64(in.Counters[c].Base)
	}
	change := func(adds []Add, lost []big.Int) {
		for _, a := range adds {
			by := big.NewInt(a.By)
			if by.Sign() < 0 {
				lost[a.Counter].Add(&lost[a.Counter], by)
			}
			size[a.Counter].Add(&size[a.Counter], by.Abs(by))
		}
	}
	for u := range in.Units {
		worst := make(map[int]int64)
		for b := range in.Units[u].Bundles {
			per := make(map[int]int64)
			for _, a := range in.Units[u].Bundles[b].Adds {
				per[a.Counter] += a.By
			}
			for c, by := range per {
				worst[c] = min(worst[c], by)
			}
			change(in.Units[u].Bundles[b].Adds, make([]big.Int, len(in.Counters)))
		}
		for c, by := range worst {
			least[c].Add(&least[c], big.NewInt(by))
		}
	}
	lost := make([]int64, len(in.Counters))
	for _, f := range in.Failures {
		per := make(map[int]int64)
		for _, a := range f.Lost {
			per[a.Counter] += a.By
		}
		for c, by := range per {
			lost[c] = min(lost[c], by)
		}
		change(f.Lost, make([]big.Int, len(in.Counters)))
	}
	for c := range in.Counters {
		if size[c].Cmp(big.NewInt(Limit)) > 0 {
			return kizuna.Errorf("plan-size", "counter %s can become too large to be exact", in.Counters[c].Name).
				WithMend("count it in a coarser unit")
		}
	}
	for _, s := range in.Sets {
		for _, c := range s.Members {
			if least[c].Add(&least[c], big.NewInt(lost[c])).Sign() < 0 {
				return kizuna.Errorf("plan-held", "counter %s of set %s can fall below 0", in.Counters[c].Name, s.Name)
			}
			least[c].Sub(&least[c], big.NewInt(lost[c]))
		}
	}
	return nil
}

func (a *Area) check(in *Instance) error {
	bad := func(why string) error { return kizuna.Errorf("plan-area", "area %s: %s", a.Name, why) }
	if len(a.Ways) == 0 {
		return bad("no way to earn it")
	}
	missing := false
	a.EachTerms(func(terms []Term) { missing = missing || !in.terms(terms) })
	if missing {
		return bad("a quantity that is not there")
	}
	if scale := in.PointScale(); scale > 1<<20 {
		return bad("points in too fine fractions")
	}
	for i := range a.Ways {
		for j := range a.Ways[i].Metrics {
			m := &a.Ways[i].Metrics[j]
			if len(m.Options) == 0 || m.Max.Sign() < 0 || m.Gate.Sign() < 0 {
				return bad("metric " + m.Name + " gives no points")
			}
			for k := range m.Options {
				signed, over := false, false
				for _, p := range m.Options[k].Parts {
					signed, over = signed || p.Signed, over || len(p.Over) > 0
				}
				if signed && over {
					return bad("metric " + m.Name + " adds losses to shares")
				}
				for l := range m.Options[k].Parts {
					p := &m.Options[k].Parts[l]
					if p.Max.Sign() < 0 || p.Rate.Sign() < 0 || p.Step.Sign() < 0 {
						return bad("metric " + m.Name + " has negative points")
					}
					if p.Signed && (len(p.When) > 0 || len(p.Gain) == 0 || len(p.Over) > 0 || p.Step.Sign() > 0 || len(m.Options) > 1 || m.GateInclusive) {
						return bad("metric " + m.Name + " has losses where they have no meaning")
					}
					if !in.fits(p) {
						return kizuna.Errorf("plan-size-points", "metric %s of area %s multiplies numbers too large to be exact", m.Name, a.Name).
							WithMend("count its quantities in a coarser unit")
					}
				}
			}
		}
	}
	return nil
}

// fits reports whether the products of points and quantities stay exact.
func (in *Instance) fits(p *Part) bool {
	num, den, ok := p.Rate.Mul(kizuna.Int(in.PointScale())).Terms()
	if !ok {
		return false
	}
	product := func(a, b int64) bool {
		return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)).BitLen() <= 60
	}
	most := p.Max.Mul(kizuna.Int(in.PointScale())).Ceil()
	gain, over := in.reach(p.Gain), in.reach(p.Over)
	return gain <= Limit && over <= Limit && product(num, gain) && product(den, most) && (over == 0 || product(den*most, over))
}

// reach bounds the absolute value of a sum of quantities.
func (in *Instance) reach(terms []Term) int64 {
	total := new(big.Int)
	add := func(times, by int64) {
		p := new(big.Int).Mul(big.NewInt(times), big.NewInt(by))
		total.Add(total, p.Abs(p))
	}
	for _, t := range terms {
		if t.Quantity >= len(in.Counters) {
			add(t.Times, int64(len(in.Sets[t.Quantity-len(in.Counters)].Members)))
			continue
		}
		add(t.Times, in.Counters[t.Quantity].Base)
		for u := range in.Units {
			most := int64(0)
			for b := range in.Units[u].Bundles {
				for _, a := range in.Units[u].Bundles[b].Adds {
					if a.Counter == t.Quantity {
						most = max(most, a.By, -a.By)
					}
				}
			}
			add(t.Times, most)
		}
		most := int64(0)
		for _, f := range in.Failures {
			for _, a := range f.Lost {
				if a.Counter == t.Quantity {
					most = max(most, a.By, -a.By)
				}
			}
		}
		add(t.Times, most)
	}
	if total.BitLen() > 53 {
		return Limit + 1
	}
	return total.Int64()
}
