package solve

// box bounds every variable.
type box struct{ lo, hi []int64 }

func (m *model) root() *box {
	b := &box{make([]int64, len(m.vars)), make([]int64, len(m.vars))}
	for i := range m.vars {
		b.lo[i], b.hi[i] = m.vars[i].lo, m.vars[i].hi
	}
	return b
}

// raise and lower keep what is tighter.
func (b *box) raise(v int, lo int64) { b.lo[v] = max(b.lo[v], lo) }
func (b *box) lower(v int, hi int64) { b.hi[v] = min(b.hi[v], hi) }

// tighten follows what the bundles still allow: one taken excludes the others of
// its unit, forms lie between the sums of least and greatest effects, members and
// points follow from forms. It reports whether anything is left.
func (b *box) tighten(m *model) bool {
	for _, u := range m.units {
		taken := -1
		for x := u.first; x < u.first+u.count; x++ {
			if b.lo[x] > b.hi[x] || b.lo[x] > 0 && taken >= 0 {
				return false
			}
			if b.lo[x] > 0 {
				taken = x
			}
		}
		left := 0
		for x := u.first; x < u.first+u.count; x++ {
			if taken >= 0 && x != taken {
				b.lower(x, 0)
			}
			if b.hi[x] > 0 {
				left++
			}
		}
		if u.must && left == 0 {
			return false
		}
	}
	// Forms of counters first, then members, which depend on them, then forms of members.
	for pass := range 2 {
		for i := range m.forms {
			f := &m.forms[i]
			if (len(f.members) > 0) != (pass == 1) {
				continue
			}
			lo, hi := f.constant, f.constant
			for _, e := range f.effects {
				l, h := b.effectBounds(m, &e)
				lo, hi = lo+l, hi+h
			}
			for _, t := range f.members {
				if t.by > 0 {
					lo, hi = lo+t.by*b.lo[t.v], hi+t.by*b.hi[t.v]
				} else {
					lo, hi = lo+t.by*b.hi[t.v], hi+t.by*b.lo[t.v]
				}
			}
			b.raise(f.v, lo)
			b.lower(f.v, hi)
			if b.lo[f.v] > b.hi[f.v] {
				return false
			}
		}
		if pass == 0 {
			for _, z := range m.members {
				if b.lo[z.held] > 0 {
					b.raise(z.v, 1)
				}
				if b.hi[z.held] <= 0 {
					b.lower(z.v, 0)
				}
				if b.lo[z.v] > b.hi[z.v] {
					return false
				}
			}
		}
	}
	for i := range m.parts {
		p := &m.parts[i]
		most := ceilDiv(p.num*max(b.hi[p.gain], 0), p.den)
		if p.over >= 0 {
			most = ceilDiv(most, max(b.lo[p.over], 1))
		}
		b.lower(p.p, most)
		if p.n >= 0 {
			b.lower(p.n, most/p.step)
			if b.lo[p.n] > b.hi[p.n] {
				return false
			}
		}
		if b.lo[p.p] > b.hi[p.p] {
			return false
		}
	}
	for v := range b.lo {
		if b.lo[v] > b.hi[v] {
			return false
		}
	}
	return true
}

// effectBounds returns the least and the greatest effect that a unit may have.
func (b *box) effectBounds(m *model, e *effect) (lo, hi int64) {
	u := &m.units[e.unit]
	first := true
	none := !u.must
	for i, by := range e.by {
		x := u.first + i
		if b.lo[x] > 0 {
			return by, by
		}
		if b.hi[x] == 0 {
			continue
		}
		if first {
			lo, hi, first = by, by, false
			continue
		}
		lo, hi = min(lo, by), max(hi, by)
	}
	if none {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	return lo, hi
}
