// Package attribution turns usage and reaches into contributions: what each
// customer adds to each measure of each partner.
//
//	contribution(customer, program, as-of date) -> {(partner, measure) -> tally}
//
// Tallies add and subtract, so a whole program is scored by adding contributions
// up in any order, and one event by the difference that it makes to one customer.
package attribution

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Tally is what a measure has counted: integers and counted sets. Tallies are a
// commutative group under [Tally.Add] and [Tally.Sub]. The zero Tally is empty.
type Tally struct {
	// Now and Base are the value at the end of the window and a year before:
	// counts as they are, money and users in millionths.
	Now, Base int64
	// NowSet and BaseSet count for each member how many customers hold it up, so
	// that a distinct count can go down again.
	NowSet, BaseSet Counts
	// Unrated holds counted workloads whose units no rate turns into consumption.
	Unrated Counts
}

// Counts is a counted set: a member is in it while its count is not 0.
type Counts map[string]int64

// Members lists the members in order.
func (c Counts) Members() []string { return slices.Sorted(maps.Keys(c)) }

func (c *Counts) add(member string, n int64) {
	if n == 0 {
		return
	}
	if *c == nil {
		*c = make(Counts)
	}
	if (*c)[member] += n; (*c)[member] == 0 {
		delete(*c, member)
		if len(*c) == 0 {
			*c = nil // so that what was taken back leaves nothing
		}
	}
}

func (c *Counts) addAll(d Counts, sign int64) {
	for member, n := range d {
		c.add(member, sign*n)
	}
}

func (t Tally) plus(u Tally, sign int64) Tally {
	t.Now += sign * u.Now
	t.Base += sign * u.Base
	t.NowSet, t.BaseSet, t.Unrated = maps.Clone(t.NowSet), maps.Clone(t.BaseSet), maps.Clone(t.Unrated)
	t.NowSet.addAll(u.NowSet, sign)
	t.BaseSet.addAll(u.BaseSet, sign)
	t.Unrated.addAll(u.Unrated, sign)
	return t
}

// Add returns t + u.
func (t Tally) Add(u Tally) Tally { return t.plus(u, 1) }

// Sub returns t - u.
func (t Tally) Sub(u Tally) Tally { return t.plus(u, -1) }

// IsZero reports whether the tally is empty.
func (t Tally) IsZero() bool {
	return t.Now == 0 && t.Base == 0 && len(t.NowSet) == 0 && len(t.BaseSet) == 0 && len(t.Unrated) == 0
}

// Weight says how much the tally moves its measure: by the difference that it makes, and
// each member of a set by one. Contributions are listed by it, the largest first.
func (t Tally) Weight() int64 {
	difference := t.Now - t.Base
	return max(difference, -difference) + int64(len(t.NowSet)) + int64(len(t.BaseSet))
}

// MarshalJSON writes the tally with its members in order.
func (t Tally) MarshalJSON() ([]byte, error) {
	return json.Marshal(writtenTally(t))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Tally) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*writtenTally)(t)) }

type writtenTally struct {
	Now     int64  `json:"now"`
	Base    int64  `json:"base"`
	NowSet  Counts `json:"now_set,omitempty"`
	BaseSet Counts `json:"base_set,omitempty"`
	Unrated Counts `json:"unrated,omitempty"`
}

// Key says whose tally it is, and of what: a partner's global account and the
// number of a measure in the plan.
type Key struct {
	Account string
	Measure int
}

// Contribution is what one customer, or many together, add. It holds no empty tallies.
type Contribution map[Key]Tally

// Add adds d to c in place.
func (c Contribution) Add(d Contribution) { c.merge(d, Tally.Add) }

// Sub takes d away from c in place.
func (c Contribution) Sub(d Contribution) { c.merge(d, Tally.Sub) }

func (c Contribution) merge(d Contribution, op func(Tally, Tally) Tally) {
	for key, tally := range d {
		if sum := op(c[key], tally); sum.IsZero() {
			delete(c, key)
		} else {
			c[key] = sum
		}
	}
}

// dollars and people are kept in millionths; counts are not.
func (m *measure) value(v int64) kizuna.Fraction {
	if m.inMillionths() {
		return kizuna.Micro(v).Fraction()
	}
	return kizuna.Int(v)
}
