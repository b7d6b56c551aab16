package lifecycle

import (
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Spell is a time in which something was so. Of says what, where that changes
// from spell to spell: the location of a link, the group that a scope lies under.
type Spell struct {
	Of     string          `json:"of,omitempty"`
	During kizuna.Interval `json:"during"`
	Ended  Action          `json:"ended,omitempty"` // the action that ended it
}

// Spells is a thing's past in order, the last one open while it lasts. Spells do
// not overlap; one that was over within the second in which it began is empty.
type Spells []Spell

// Begin returns the spells with a new one that lasts.
func (s Spells) Begin(of string, at kizuna.Instant) Spells {
	return append(slices.Clone(s), Spell{Of: of, During: kizuna.Interval{From: at, To: kizuna.Forever}})
}

// End returns the spells with the one that lasts ended, at the earliest when it began.
func (s Spells) End(at kizuna.Instant, by Action) Spells {
	out := slices.Clone(s)
	if len(out) == 0 {
		return out
	}
	last := &out[len(out)-1]
	last.During.To, last.Ended = max(at, last.During.From), by
	return out
}

// Now returns what the spell that lasts is of, "" if none does.
func (s Spells) Now() string {
	if len(s) == 0 || s[len(s)-1].During.To != kizuna.Forever {
		return ""
	}
	return s[len(s)-1].Of
}

// Changed returns when a spell last began or ended; Never if there is none.
func (s Spells) Changed() kizuna.Instant {
	if len(s) == 0 {
		return kizuna.Never
	}
	if last := s[len(s)-1].During; last.To != kizuna.Forever {
		return last.To
	}
	return s[len(s)-1].During.From
}

// InOrder refuses a step that is dated before the last one: a past that was told
// is not told again.
func InOrder[T interface {
	~int64
	String() string
}](action Action, at, last T) error {
	if at >= last {
		return nil
	}
	return kizuna.Errorf("step-before-last", "%s on %s comes before what was done last, on %s", action, at, last).
		WithMend("date it %s or later", last)
}
