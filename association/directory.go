package association

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Directory answers which locations an id stands for at a time: a location's id
// for itself, a global account's for all of its locations, an unknown one for none.
type Directory func(id string, at kizuna.Instant) []Location

// NewDirectory makes the locations answer.
func NewDirectory(locations []Location) Directory {
	byID := make(map[string][]Location)
	byGlobal := make(map[string][]Location)
	for _, l := range locations {
		byID[Fold(l.ID)] = append(byID[Fold(l.ID)], l)
		byGlobal[Fold(l.Global)] = append(byGlobal[Fold(l.Global)], l)
	}
	return func(id string, at kizuna.Instant) []Location {
		var out []Location
		for _, of := range []map[string][]Location{byID, byGlobal} {
			for _, l := range of[Fold(id)] {
				if l.During.Contains(at) {
					out = append(out, l)
				}
			}
			if out != nil {
				break
			}
		}
		return out
	}
}

// Location returns the location that has the id. The errors: "partner-id-global",
// the id is a global account's, which no association takes; "partner-id-unknown".
func (d Directory) Location(id string, at kizuna.Instant) (Location, error) {
	found := d(id, at)
	var ids []string
	for _, l := range found {
		if Fold(l.ID) == Fold(id) {
			return l, nil
		}
		ids = append(ids, l.ID)
	}
	if len(ids) == 0 {
		return Location{}, kizuna.Errorf("partner-id-unknown", "no partner location has the id %q on %s", id, at).
			WithMend("ask the partner for the id of the location")
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return Location{}, kizuna.Errorf("partner-id-global", "%s is a global account; an association takes a location", id).
		WithMend("name one of its locations: %s", strings.Join(ids, ", "))
}

// MustBe refuses a subscription that is not known, or is another than the one that
// the id names.
func (s *Subscription) MustBe(id string) error {
	if s.ID != "" && Fold(s.ID) == Fold(id) {
		return nil
	}
	return kizuna.Errorf("subscription-unknown", "subscription %q is not known", id).
		WithMend("check the id, or import the subscription first")
}

// MustRun refuses what needs the subscription at a time at which it does not run.
func (s *Subscription) MustRun(at kizuna.Instant) error {
	if s.During.Contains(at) {
		return nil
	}
	return kizuna.Errorf("subscription-not-running", "subscription %s does not run on %s", s.ID, at).
		WithMend("check the date, and the subscription's beginning and end")
}

// MustBeOver refuses what only the end of the subscription brings about.
func (s *Subscription) MustBeOver(at kizuna.Instant) error {
	if s.During.To <= at {
		return nil
	}
	return kizuna.Errorf("subscription-not-over", "subscription %s is not over on %s", s.ID, at).
		WithMend("wait for its end")
}
