package profile

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// The states of a profile.
const (
	Unlinked lifecycle.State = "unlinked"
	Linked   lifecycle.State = "linked"
	Leaving  lifecycle.State = "leaving" // still linked; the company reported that the person left
	Merged   lifecycle.State = "merged"  // was the same person's other profile
)

// The actions.
const (
	Invite        lifecycle.Action = "invite"
	Withdraw      lifecycle.Action = "withdraw-invitation"
	Decline       lifecycle.Action = "decline-invitation"
	Link          lifecycle.Action = "link"
	Unlink        lifecycle.Action = "unlink"
	ReportLeft    lifecycle.Action = "report-left"
	RetractReport lifecycle.Action = "retract-report"
	RemoveLeaver  lifecycle.Action = "remove-leaver"      // the clock's
	Announce      lifecycle.Action = "announce-next-link" // the clock's
	Absorb        lifecycle.Action = "absorb"             // goes on with what the other profile had
	GiveUp        lifecycle.Action = "give-up"            // ends in the other profile
)

// Case is what the machine's conditions look at.
type Case struct {
	Profile Profile
	Step    Step
	Rules   program.PeopleRules
	Other   Profile // in a merge
}

// Machine returns the table of a profile's life.
func Machine() *lifecycle.Machine[Case] { return machine }

var machine = &lifecycle.Machine[Case]{
	Name:   "profile",
	States: []lifecycle.State{lifecycle.None, Unlinked, Linked, Leaving, Merged},
	Table: []lifecycle.Transition[Case]{
		{From: lifecycle.None, Action: Invite, By: company, To: Unlinked, Guards: guards(named, ownLocation)},

		{From: Unlinked, Action: Invite, By: company, To: Unlinked, Guards: guards(ownLocation, notInvited)},
		{From: Unlinked, Action: Withdraw, By: company, To: Unlinked, Guards: guards(ownLocation, invited)},
		{From: Unlinked, Action: Decline, By: person, To: Unlinked, Guards: guards(oneself, invited)},
		{From: Unlinked, Action: Link, By: person, To: Linked, Guards: guards(oneself, invited, waited)},
		{From: Unlinked, Action: Announce, By: clock, To: Unlinked, Guards: guards(waitOver)},
		{From: Unlinked, Action: Absorb, By: vendor, To: Linked, When: otherIs(Linked), Guards: guards(twoProfiles)},
		{From: Unlinked, Action: Absorb, By: vendor, To: Leaving, When: otherIs(Leaving), Guards: guards(twoProfiles)},
		{From: Unlinked, Action: Absorb, By: vendor, To: Unlinked, Guards: guards(twoProfiles)},
		{From: Unlinked, Action: GiveUp, By: vendor, To: Merged, Guards: guards(twoProfiles)},

		{From: Linked, Action: Invite, By: company, To: Linked, Guards: guards(ownLocation, notInvited)},
		{From: Linked, Action: Withdraw, By: company, To: Linked, Guards: guards(ownLocation, invited, notLinkedThere)},
		{From: Linked, Action: Decline, By: person, To: Linked, Guards: guards(oneself, invited, notLinkedThere)},
		{From: Linked, Action: Link, By: person, To: Linked, Guards: guards(oneself, invited, notLinkedThere, waited)},
		{From: Linked, Action: Unlink, By: person, To: Unlinked, Guards: guards(oneself)},
		{From: Linked, Action: ReportLeft, By: company, To: Leaving, Guards: guards(ownLocation, linkedThere)},
		{From: Linked, Action: Announce, By: clock, To: Linked, Guards: guards(waitOver)},
		{From: Linked, Action: Absorb, By: vendor, To: Linked, Guards: guards(twoProfiles)},
		{From: Linked, Action: GiveUp, By: vendor, To: Merged, Guards: guards(twoProfiles)},

		{From: Leaving, Action: Invite, By: company, To: Leaving, Guards: guards(ownLocation, notInvited)},
		{From: Leaving, Action: Withdraw, By: company, To: Leaving, Guards: guards(ownLocation, invited, notLinkedThere)},
		{From: Leaving, Action: Decline, By: person, To: Leaving, Guards: guards(oneself, invited, notLinkedThere)},
		{From: Leaving, Action: Link, By: person, To: Linked, Guards: guards(oneself, invited, notLinkedThere, waited)},
		{From: Leaving, Action: Unlink, By: person, To: Unlinked, Guards: guards(oneself)},
		{From: Leaving, Action: RetractReport, By: company, To: Linked, Guards: guards(ownLocation, linkedThere, notGone)},
		{From: Leaving, Action: RemoveLeaver, By: clock, To: Unlinked, Guards: guards(gone)},
		{From: Leaving, Action: Announce, By: clock, To: Leaving, Guards: guards(waitOver)},
		{From: Leaving, Action: Absorb, By: vendor, To: Leaving, Guards: guards(twoProfiles)},
		{From: Leaving, Action: GiveUp, By: vendor, To: Merged, Guards: guards(twoProfiles)},
	},
}

var (
	company = []lifecycle.Role{lifecycle.Partner}
	person  = []lifecycle.Role{lifecycle.Person}
	vendor  = []lifecycle.Role{lifecycle.Vendor}
	clock   = []lifecycle.Role{lifecycle.System}
)

func guards(all ...lifecycle.Guard[Case]) []lifecycle.Guard[Case] { return all }

func otherIs(state lifecycle.State) lifecycle.Condition[Case] {
	return lifecycle.Condition[Case]{
		Name:  "the other is " + string(state),
		Holds: func(c Case) bool { return c.Other.State == state },
	}
}

var (
	named = lifecycle.Guard[Case]{Name: "the profile is named", Check: func(c Case) error {
		if c.Step.MCID == "" {
			return kizuna.Errorf("profile-unnamed", "an invitation of nobody").WithMend("name the learning profile's id (MCID)")
		}
		return nil
	}}
	// Only an admin of the company acts for it, for one location or the account.
	ownLocation = lifecycle.Guard[Case]{Name: "for the actor's own company", Check: func(c Case) error {
		s := &c.Step
		by, at := association.Fold(s.Actor.Company), association.Fold(s.location())
		if at == "" || by != at && (s.Account == "" || by != association.Fold(s.Account)) {
			return kizuna.Errorf("profile-other-company", "%s cannot act for location %q", s.Actor, s.location()).
				WithMend("an admin of that location or of its account can")
		}
		return nil
	}}
	// Privacy: no admin links somebody else's certificates.
	oneself = lifecycle.Guard[Case]{Name: "the person's own profile", Check: func(c Case) error {
		if association.Fold(c.Step.Actor.ID) != association.Fold(c.Profile.MCID) {
			return kizuna.Errorf("profile-not-yours", "%s is not the person of profile %s", c.Step.Actor, c.Profile.MCID).
				WithMend("only the person can do that")
		}
		return nil
	}}
	invited = lifecycle.Guard[Case]{Name: "an invitation stands", Check: func(c Case) error {
		if c.Profile.invitation(c.Step.location()) == nil {
			return kizuna.Errorf("profile-not-invited", "location %q has not invited profile %s", c.Step.location(), c.Profile.MCID).
				WithMend("an admin of the company invites first")
		}
		return nil
	}}
	notInvited = lifecycle.Guard[Case]{Name: "no invitation stands", Check: func(c Case) error {
		if c.Profile.invitation(c.Step.location()) != nil {
			return kizuna.Errorf("profile-already-invited", "location %s has invited profile %s already", c.Step.location(), c.Profile.MCID).
				WithMend("the person can link")
		}
		return nil
	}}
	linkedThere = lifecycle.Guard[Case]{Name: "linked there", Check: func(c Case) error {
		if association.Fold(c.Profile.Location()) != association.Fold(c.Step.location()) {
			return kizuna.Errorf("profile-linked-elsewhere", "profile %s is not linked to location %s", c.Profile.MCID, c.Step.location()).
				WithMend("a company speaks of those who are linked to it")
		}
		return nil
	}}
	notLinkedThere = lifecycle.Guard[Case]{Name: "not linked there", Check: func(c Case) error {
		if association.Fold(c.Profile.Location()) == association.Fold(c.Step.location()) {
			return kizuna.Errorf("profile-linked-there", "profile %s is linked to location %s", c.Profile.MCID, c.Step.location()).
				WithMend("the person unlinks, or the company reports that the person has left")
		}
		return nil
	}}
	waited = lifecycle.Guard[Case]{Name: "links in a year and cooling off allow it", Check: func(c Case) error {
		w := nextLink(c.Profile.Links, c.Rules)
		switch {
		case c.Step.At.Date() >= w.day:
			return nil
		case w.yearly:
			return kizuna.Errorf("profile-links-spent", "profile %s was linked %d times within %d days; the next link is possible from %s",
				c.Profile.MCID, c.Rules.LinksPerYear, YearDays, w.day).WithMend("link it on %s or later", w.day)
		}
		return kizuna.Errorf("profile-cooling-off", "profile %s was linked on %s; %d days lie between two links, the next is possible from %s",
			c.Profile.MCID, w.since, c.Rules.CoolingOffDays, w.day).WithMend("link it on %s or later", w.day)
	}}
	waitOver = lifecycle.Guard[Case]{Name: "the wait is over and not announced", Check: func(c Case) error {
		if day := nextLink(c.Profile.Links, c.Rules).day; !c.Profile.announces() || c.Step.At < day.Instant() {
			return kizuna.Errorf("profile-nothing-to-announce", "profile %s waits for nothing that is over on %s", c.Profile.MCID, c.Step.At).
				WithMend("the clock announces the end of each wait once")
		}
		return nil
	}}
	gone = lifecycle.Guard[Case]{Name: "the day of removal has come", Check: func(c Case) error {
		if c.Step.At < *c.Profile.Leaves {
			return kizuna.Errorf("profile-leaves-later", "profile %s is removed from %s, not on %s", c.Profile.MCID, *c.Profile.Leaves, c.Step.At).
				WithMend("the person can unlink at any time")
		}
		return nil
	}}
	notGone = lifecycle.Guard[Case]{Name: "the day of removal has not come", Check: func(c Case) error {
		if c.Step.At >= *c.Profile.Leaves {
			return kizuna.Errorf("profile-has-left", "profile %s was removed on %s", c.Profile.MCID, *c.Profile.Leaves).
				WithMend("invite the person anew")
		}
		return nil
	}}
	twoProfiles = lifecycle.Guard[Case]{Name: "two profiles of one person", Check: func(c Case) error {
		if c.Other.State == lifecycle.None || c.Other.State == Merged ||
			association.Fold(c.Other.MCID) == association.Fold(c.Profile.MCID) || c.Other.Person != c.Profile.Person {
			return kizuna.Errorf("profile-merge", "profile %s cannot be merged with %q", c.Profile.MCID, c.Other.MCID).
				WithMend("name two different profiles of one person, neither of them merged before")
		}
		return nil
	}}
)
