package kizuna

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
)

// Interval is the half-open stretch of time [From, To). It is empty unless To
// is after From.
type Interval struct {
	From Instant `json:"from"`
	To   Instant `json:"to"`
}

// UnmarshalJSON reads {"from", "to"}; an end that is empty or missing is open.
func (i *Interval) UnmarshalJSON(b []byte) error {
	var ends struct{ From, To string }
	if err := json.Unmarshal(b, &ends); err != nil {
		return err
	}
	*i = Always
	var errFrom, errTo error
	if ends.From != "" {
		i.From, errFrom = ParseInstant(ends.From)
	}
	if ends.To != "" {
		i.To, errTo = ParseInstant(ends.To)
	}
	return errors.Join(errFrom, errTo)
}

// Always covers all of time.
var Always = Interval{From: Never, To: Forever}

// Empty reports whether the interval holds no instant.
func (i Interval) Empty() bool { return i.To <= i.From }

// Contains reports whether the interval holds t.
func (i Interval) Contains(t Instant) bool { return i.From <= t && t < i.To }

// Intersect returns the part that lies in both.
func (i Interval) Intersect(j Interval) Interval {
	return Interval{From: max(i.From, j.From), To: min(i.To, j.To)}
}

// Seconds returns the interval's length; an open interval has no length to ask for.
func (i Interval) Seconds() int64 {
	if i.Empty() {
		return 0
	}
	return int64(i.To) - int64(i.From)
}

// Intervals is a set of instants: intervals in order that neither overlap nor
// touch and are not empty. Make one with [Union].
type Intervals []Interval

// Union returns the instants that lie in any of the intervals. It sorts its
// argument in place and reuses its memory.
func Union(in []Interval) Intervals {
	in = slices.DeleteFunc(in, Interval.Empty)
	slices.SortFunc(in, func(a, b Interval) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	out := in[:0]
	for _, next := range in {
		if n := len(out); n > 0 && next.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, next.To)
			continue
		}
		out = append(out, next)
	}
	return Intervals(out)
}

// Intersect returns the instants that lie in both sets.
func (s Intervals) Intersect(t Intervals) Intervals {
	var out Intervals
	for i, j := 0, 0; i < len(s) && j < len(t); {
		if both := s[i].Intersect(t[j]); !both.Empty() {
			out = append(out, both)
		}
		if s[i].To < t[j].To {
			i++
		} else {
			j++
		}
	}
	return out
}

// Covered returns how many seconds of the period lie in the set.
func (s Intervals) Covered(period Interval) int64 {
	var total int64
	for _, i := range s {
		total += i.Intersect(period).Seconds()
	}
	return total
}

// Contains reports whether the set holds t.
func (s Intervals) Contains(t Instant) bool {
	return slices.ContainsFunc(s, func(i Interval) bool { return i.Contains(t) })
}
