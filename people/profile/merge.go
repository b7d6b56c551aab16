package profile

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// Merge makes one profile of two that a person has, as certification support does.
// No new link is made: where the surviving profile was linked nowhere, the other's
// spells are its own; where both were linked, the survivor's hold, since a person
// is linked to one company at a time. The links of both count in the limits. The
// certificates are carried over by their own step.
//
// The step's action is not looked at.
func Merge(survivor, duplicate Profile, s Step, rules program.PeopleRules) (Profile, Profile, []lifecycle.Event, error) {
	settled, events := settle(survivor, s.At, rules)
	ending, more := settle(duplicate, s.At, rules)
	s.Action = GiveUp
	ended, given, err := apply(Case{Profile: ending, Step: s, Rules: rules, Other: settled})
	if err != nil {
		return survivor, duplicate, nil, err
	}
	s.Action = Absorb
	united, taken, err := apply(Case{Profile: settled, Step: s, Rules: rules, Other: ending})
	if err != nil {
		return survivor, duplicate, nil, err
	}
	return united, ended, slices.Concat(events, more, taken, given), nil
}

// settle removes a leaver whose day has come, if the clock has not yet.
func settle(p Profile, now kizuna.Instant, rules program.PeopleRules) (Profile, []lifecycle.Event) {
	if p.State != Leaving || *p.Leaves > now {
		return p, nil
	}
	settled, events, err := Apply(p, Step{Action: RemoveLeaver, Actor: lifecycle.Actor{Role: lifecycle.System}, At: now}, rules)
	if err != nil { // a step out of time: the merge itself will say so
		return p, nil
	}
	return settled, events
}

// unite takes over what the other profile had.
func (p *Profile) unite(other *Profile) {
	if p.State == Unlinked {
		p.Leaves = other.Leaves
	}
	own := slices.Clone(p.Spells)
	for _, s := range other.Spells {
		p.Spells = append(p.Spells, outside(s, own)...)
	}
	slices.SortFunc(p.Spells, func(a, b Spell) int {
		return cmp.Or(cmp.Compare(a.During.From, b.During.From), cmp.Compare(a.During.To, b.During.To))
	})
	unannounced := len(p.Links) > p.Announced || len(other.Links) > other.Announced
	p.Links = append(p.Links, other.Links...)
	slices.Sort(p.Links)
	p.Announced = len(p.Links)
	if unannounced {
		p.Announced--
	}
	for _, in := range other.Invitations {
		if in.Ended != "" || p.invitation(in.Location) == nil {
			p.Invitations = append(p.Invitations, in)
		}
	}
}

// outside cuts from the spell what the other spells, which are in order, cover.
func outside(s Spell, others []Spell) []Spell {
	var parts []Spell
	for _, o := range others {
		if before := s.During.Intersect(kizuna.Interval{From: kizuna.Never, To: o.During.From}); !before.Empty() {
			parts = append(parts, Spell{Location: s.Location, During: before, Ended: Moved})
		}
		s.During.From = max(s.During.From, o.During.To)
	}
	if !s.During.Empty() {
		parts = append(parts, s)
	}
	return parts
}
