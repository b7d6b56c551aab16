// Package profile is the life of a professional's learning profile: who invited
// the person, where the profile is linked since when, and how it ends.
//
// There is one value per profile, not per company and profile: that a profile is
// linked to one company at a time is then how it is built, not a rule to check.
// Linking it at B ends the spell at A at the same instant.
package profile

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// Profile is a learning profile. Who the person is stands elsewhere, where it can
// be erased.
type Profile struct {
	MCID   string          `json:"mcid"`
	Person string          `json:"person,omitempty"` // id in the table of persons
	State  lifecycle.State `json:"state"`
	// Invitations stand until somebody ends them: whoever was invited is a user of
	// the company, and may come back without another invitation.
	Invitations []Invitation `json:"invitations,omitempty"`
	Spells      []Spell      `json:"spells,omitempty"` // one after another; they never overlap
	// Links are the instants at which a link was made: what the limits count. They
	// are not the starts of the spells, because a merge of profiles cuts spells.
	Links     []kizuna.Instant `json:"links,omitempty"`
	Leaves    *kizuna.Instant  `json:"leaves,omitempty"`    // while Leaving: when the link ends
	Announced int              `json:"announced,omitempty"` // of how many links it was announced that the wait is over
	Into      string           `json:"into,omitempty"`      // once Merged: the profile that goes on
	Changed   kizuna.Instant   `json:"changed,omitzero"`
}

// Invitation is a company's to a person.
type Invitation struct {
	Location string          `json:"location"`
	During   kizuna.Interval `json:"during"`
	Ended    Reason          `json:"ended,omitempty"`
}

// Spell is a time at a location.
type Spell struct {
	Location string          `json:"location"`
	During   kizuna.Interval `json:"during"`
	Ended    Reason          `json:"ended,omitempty"`
}

// Reason says why an invitation or a spell ended.
type Reason string

// The reasons.
const (
	Moved     Reason = "moved"     // linked elsewhere
	Removed   Reason = "unlinked"  // by the person
	Left      Reason = "left"      // the company reported it
	Withdrawn Reason = "withdrawn" // the company took the invitation back
	Declined  Reason = "declined"  // the person turned the invitation down
)

// Step is what somebody does to a profile.
type Step struct {
	Action   lifecycle.Action `json:"action"`
	Actor    lifecycle.Actor  `json:"actor"`
	At       kizuna.Instant   `json:"at"`
	MCID     string           `json:"mcid,omitempty"`     // the profile, where it is not known yet
	Person   string           `json:"person,omitempty"`   // id in the table of persons, where it is not known yet
	Location string           `json:"location,omitempty"` // where; a partner's own if empty
	// Account is the global account of Location at that time, if an actor may act
	// for it: the caller looks it up.
	Account string `json:"account,omitempty"`
}

func (s *Step) location() string {
	if s.Location == "" && s.Actor.Role == lifecycle.Partner {
		return s.Actor.Company
	}
	return s.Location
}

// Apply returns the profile after the step and what happened. A step that is
// refused changes nothing.
func Apply(p Profile, s Step, rules program.PeopleRules) (Profile, []lifecycle.Event, error) {
	return apply(Case{Profile: p, Step: s, Rules: rules})
}

func apply(c Case) (Profile, []lifecycle.Event, error) {
	p, s := c.Profile, &c.Step
	if s.At < p.Changed && p.State != lifecycle.None {
		return p, nil, kizuna.Errorf("profile-time-order", "profile %s changed on %s; a step on %s comes too late", p.MCID, p.Changed, s.At).
			WithMend("steps follow one another in time")
	}
	to, err := machine.Next(p.State, s.Action, s.Actor.Role, c)
	if err != nil {
		return p, nil, err
	}
	p.Invitations, p.Spells, p.Links = slices.Clone(p.Invitations), slices.Clone(p.Spells), slices.Clone(p.Links)
	events := p.take(&c)
	p.State, p.Changed = to, s.At
	return p, events, nil
}

// take does what the machine allowed.
func (p *Profile) take(c *Case) []lifecycle.Event {
	s := &c.Step
	if p.MCID == "" {
		p.MCID = s.MCID
	}
	if p.Person == "" {
		p.Person = s.Person
	}
	switch s.Action {
	case Invite:
		p.Invitations = append(p.Invitations, Invitation{Location: s.location(), During: kizuna.Interval{From: s.At, To: kizuna.Forever}})
		return []lifecycle.Event{p.event("invited", "location", s.location())}
	case Withdraw:
		p.endInvitation(s.location(), s.At, Withdrawn)
		return []lifecycle.Event{p.event("invitation-withdrawn", "location", s.location())}
	case Decline:
		p.endInvitation(s.location(), s.At, Declined)
		return []lifecycle.Event{p.event("invitation-declined", "location", s.location())}
	case Link:
		var events []lifecycle.Event
		if p.Location() != "" {
			events = append(events, p.end(s.At, Moved))
		}
		// A wait that is over needs no announcement once it has been made use of.
		p.Announced = len(p.Links)
		p.Links = append(p.Links, s.At)
		p.Spells = append(p.Spells, Spell{Location: s.location(), During: kizuna.Interval{From: s.At, To: kizuna.Forever}})
		return append(events, p.event("linked", "location", s.location()))
	case Unlink:
		return []lifecycle.Event{p.end(s.At, Removed)}
	case ReportLeft:
		leaves := leaverEnds(s.At, c.Rules)
		p.Leaves = &leaves
		return []lifecycle.Event{p.event("leaving", "location", p.Location(), "on", leaves.String())}
	case RetractReport:
		p.Leaves = nil
		return []lifecycle.Event{p.event("stays", "location", p.Location())}
	case RemoveLeaver:
		return []lifecycle.Event{p.end(s.At, Left)}
	case Announce:
		p.Announced = len(p.Links)
		return []lifecycle.Event{p.event("may-link-again", "from", nextLink(p.Links, c.Rules).day.String())}
	case Absorb:
		p.unite(&c.Other)
		return []lifecycle.Event{p.event("absorbed", "profile", c.Other.MCID)}
	case GiveUp:
		p.Into, p.Leaves = c.Other.MCID, nil
		return []lifecycle.Event{p.event("merged", "into", c.Other.MCID)}
	}
	return nil
}

func (p *Profile) event(what string, detail ...string) lifecycle.Event {
	e := lifecycle.Event{Type: "profile." + what, Detail: map[string]string{"mcid": p.MCID}}
	for i := 0; i+1 < len(detail); i += 2 {
		e.Detail[detail[i]] = detail[i+1]
	}
	return e
}

// Location returns where the profile is linked, "" if nowhere. Someone leaving is
// linked until the removal is recorded, though the removal counts from its day.
func (p *Profile) Location() string {
	if p.State == Linked || p.State == Leaving {
		return p.Spells[len(p.Spells)-1].Location
	}
	return ""
}

// end closes the open spell. Where the company's report fell due earlier, the
// spell ended then, whenever that is noticed.
func (p *Profile) end(at kizuna.Instant, why Reason) lifecycle.Event {
	spell := &p.Spells[len(p.Spells)-1]
	if p.Leaves != nil {
		if *p.Leaves <= at {
			at, why = *p.Leaves, Left
		}
		p.endInvitation(spell.Location, at, Left)
		p.Leaves = nil
	}
	spell.During.To, spell.Ended = at, why
	return p.event("unlinked", "location", spell.Location, "on", at.String(), "why", string(why))
}

// invitation returns the location's open invitation, or nil.
func (p *Profile) invitation(location string) *Invitation {
	for i := range p.Invitations {
		in := &p.Invitations[i]
		if in.Ended == "" && association.Fold(in.Location) == association.Fold(location) {
			return in
		}
	}
	return nil
}

func (p *Profile) endInvitation(location string, at kizuna.Instant, why Reason) {
	if in := p.invitation(location); in != nil {
		in.During.To, in.Ended = at, why
	}
}

// Facts returns where the profile was linked, for counting. A profile that was
// merged has none: its spells are those of the profile that goes on.
func (p *Profile) Facts() []people.ProfileLink {
	if p.State == Merged {
		return nil
	}
	var links []people.ProfileLink
	for _, s := range p.Spells {
		if !s.During.Empty() {
			links = append(links, people.ProfileLink{MCID: p.MCID, Location: s.Location, During: s.During})
		}
	}
	return links
}
