// Package badge says which badges a company may show, and makes them: its
// designations as Open Badges 3.0 credentials (1EdTech, Open Badges Specification 3.0;
// W3C Verifiable Credentials Data Model 2.0), and professionals' certificates the
// same way. What signs, packs and checks them is in the packages below.
package badge

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// AllAreas is the designation of who holds every area.
const AllAreas = "all"

// Standing is how a company stands in one designation, as of the present term.
type Standing struct {
	Designation string          `json:"designation"` // an area's id
	Term        kizuna.Interval `json:"term"`        // to the end of the anniversary
	// WindowUntil is when it can no longer be renewed, GraceUntil when a renewal is no
	// longer looked at; zero: there is no such time.
	WindowUntil kizuna.Instant `json:"window_until,omitzero"`
	GraceUntil  kizuna.Instant `json:"grace_until,omitzero"`
	// Changed is when the term became known; its badge appears some time after.
	Changed kizuna.Instant `json:"changed,omitzero"`
}

// Phase is where in a designation's life an instant lies.
type Phase string

// The phases.
const (
	Coming        Phase = "coming"
	Held          Phase = "held"
	RenewalWindow Phase = program.RenewalWindow
	Grace         Phase = program.Grace
	Lapsed        Phase = "lapsed"
)

// PhaseAt returns the phase of an instant.
func (s *Standing) PhaseAt(at kizuna.Instant) Phase {
	switch {
	case at < s.Term.From:
		return Coming
	case at < s.Term.To:
		return Held
	case at < s.WindowUntil:
		return RenewalWindow
	case at < s.GraceUntil:
		return Grace
	}
	return Lapsed
}

// badge is from when to when there is a badge: from some hours after the change to the
// end of the term, or of the times after it that the program does not close.
func (s *Standing) badge(rules *program.BadgeRules) kizuna.Interval {
	during := kizuna.Interval{From: max(s.Term.From, s.Changed+kizuna.Instant(rules.AppearsAfterHours)*3600), To: s.Term.To}
	for _, after := range []struct {
		phase Phase
		until kizuna.Instant
	}{{RenewalWindow, s.WindowUntil}, {Grace, s.GraceUntil}} {
		if after.until <= during.To {
			continue
		}
		if slices.Contains(rules.ClosedDuring, string(after.phase)) {
			break
		}
		during.To = after.until
	}
	return during
}

// Specialization is an active one of a company's.
type Specialization struct {
	ID     string          `json:"id,omitempty"` // by which it can be named, too
	Name   string          `json:"name"`
	Areas  []string        `json:"areas"` // the designations that it is aligned with
	During kizuna.Interval `json:"during"`
}

func (s *Specialization) named(name string) bool {
	return strings.EqualFold(s.Name, name) || s.ID != "" && strings.EqualFold(s.ID, name)
}

// Offer is a badge that a company may have.
type Offer struct {
	Designation string       `json:"designation"`
	Name        program.Text `json:"name"`
	// During is from when it appears to when it no longer holds.
	During kizuna.Interval `json:"during"`
	// Specializations that are shown on it, in the order that the company picked.
	Specializations []string `json:"specializations,omitempty"`
}

// Company is what badges depend on.
type Company struct {
	Standings       []Standing
	Specializations []Specialization
}

// Offer returns the badge of a designation, or of [AllAreas], at an instant. Picked
// names the specializations to show, in order. The errors say why there is none:
// "badge-none", "badge-not-held", "badge-closed", "badge-too-early", "badge-not-all",
// and of the specializations "badge-specialization", "badge-not-aligned".
func (c *Company) Offer(p *program.Program, designation string, picked []string, at kizuna.Instant) (Offer, error) {
	rules := p.Badges
	if rules == nil {
		return Offer{}, kizuna.Errorf("badge-none", "%s has no badges", p.Ref()).WithMend("add badges: to the program file")
	}
	o := Offer{Designation: designation, During: kizuna.Interval{From: kizuna.Never, To: kizuna.Forever}}
	areas := []string{designation}
	if designation == AllAreas {
		o.Name, areas = rules.AllSix, nil
		for i := range p.Areas {
			areas = append(areas, p.Areas[i].ID)
		}
	} else if area := p.Area(designation); area != nil {
		o.Name = rules.NameOf(area)
	} else {
		return Offer{}, kizuna.Errorf("badge-designation", "%.60q is not a designation of %s", designation, p.Ref()).
			WithMend("name an area, such as data-ai, or %s", AllAreas)
	}
	for _, area := range areas {
		one, err := c.holds(rules, area, at)
		if err != nil && designation == AllAreas {
			return Offer{}, kizuna.Errorf("badge-not-all", "the badge for all areas needs every one of them, and %s is missing", area).
				WithMend("see which designations hold: kizuna badge offers").WithCause(err)
		}
		if err != nil {
			return Offer{}, err
		}
		o.During = o.During.Intersect(one)
	}
	shown, err := c.shown(rules, designation, areas, picked, at)
	o.Specializations = shown
	return o, err
}

// holds returns from when to when there is a badge of one area.
func (c *Company) holds(rules *program.BadgeRules, area string, at kizuna.Instant) (kizuna.Interval, error) {
	refused := error(kizuna.Errorf("badge-not-held", "the designation %s is not held on %s", area, at.Date()).
		WithMend("a badge can be had from enrollment to the anniversary"))
	for i := range c.Standings {
		s := &c.Standings[i]
		if s.Designation != area {
			continue
		}
		during, phase := s.badge(rules), s.PhaseAt(at)
		switch {
		case during.Contains(at):
			return during, nil
		case phase == Held:
			refused = kizuna.Errorf("badge-too-early", "the badge of %s appears at %s", area, during.From).
				WithMend("come back then; it takes %d hours after a change of status", rules.AppearsAfterHours)
		case phase == RenewalWindow || phase == Grace:
			refused = kizuna.Errorf("badge-closed", "there is no badge of %s on %s: it is to be renewed", area, at.Date()).
				WithMend("renew it; there are badges again after that")
		}
	}
	return kizuna.Interval{}, refused
}

func (c *Company) shown(rules *program.BadgeRules, designation string, areas, picked []string, at kizuna.Instant) ([]string, error) {
	var names []string
	for _, name := range picked {
		i := slices.IndexFunc(c.Specializations, func(s Specialization) bool {
			return s.named(name) && s.During.Contains(at)
		})
		if i < 0 {
			return nil, kizuna.Errorf("badge-specialization", "the specialization %.120q is not active on %s", name, at.Date()).
				WithMend("name active ones, as the program spells them")
		}
		s := &c.Specializations[i]
		if slices.Contains(names, s.Name) {
			return nil, kizuna.Errorf("badge-twice", "the specialization %.120q is named twice", name).WithMend("name each once")
		}
		if rules.AlignedOnly && !slices.ContainsFunc(s.Areas, func(a string) bool { return slices.Contains(areas, a) }) {
			return nil, kizuna.Errorf("badge-not-aligned", "the specialization %.120q is not aligned with %s", name, designation).
				WithMend("it can be shown on: %s", strings.Join(s.Areas, ", "))
		}
		names = append(names, s.Name)
	}
	return names, nil
}
