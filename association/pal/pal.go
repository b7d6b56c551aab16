// Package pal is the life of a partner admin link: one record for each identity in
// a tenant, holding the partner location that the identity works for. Only the
// identity itself makes, changes and removes it; the link grants nothing, it marks
// what the identity's roles reach.
//
// Versions, times and the way back from deletion are those of the cloud's own
// interface, as recorded: every write, a deletion too, raises the version by one,
// and a link made again keeps its first creation time.
//
// Source: "Link a partner ID to your account that's used to manage customers"
// (Microsoft Learn), and recorded traffic of the ManagementPartner interface.
package pal

import (
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// The states.
const (
	Active  lifecycle.State = "active"
	Deleted lifecycle.State = "deleted" // kept: it can come back
)

// The actions.
const (
	Create lifecycle.Action = "create"
	Update lifecycle.Action = "update"
	Delete lifecycle.Action = "delete"
)

// Link is the link of an identity in a tenant.
type Link struct {
	Tenant    string           `json:"tenant"`
	Object    string           `json:"object"`
	State     lifecycle.State  `json:"state,omitempty"`
	Partner   string           `json:"partner,omitempty"` // the location; of a deleted link the last one
	Version   int              `json:"version,omitempty"`
	CreatedAt Stamp            `json:"created_at,omitzero"`
	UpdatedAt Stamp            `json:"updated_at,omitzero"`
	Spells    lifecycle.Spells `json:"spells,omitempty"` // of locations
}

// New returns the link of an identity that never had one.
func New(tenant, object string) Link { return Link{Tenant: tenant, Object: object} }

// Step is what somebody asks for.
type Step struct {
	Action  lifecycle.Action `json:"action"`
	Actor   lifecycle.Actor  `json:"actor"`
	At      kizuna.Instant   `json:"at"`
	Ticks   int64            `json:"ticks,omitempty"`   // past At, in units of 100 ns
	Partner string           `json:"partner,omitempty"` // the id to link, or the one to delete
}

func (s *Step) stamp() Stamp { return NewStamp(s.At, s.Ticks) }

// Case is what the machine's guards look at.
type Case struct {
	Link      Link
	Step      Step
	Directory association.Directory
}

// Machine returns the table.
func Machine() *lifecycle.Machine[Case] {
	own := lifecycle.Guard[Case]{Name: "the link is its own", Check: ownLink}
	order := lifecycle.Guard[Case]{Name: "not before the last write", Check: inOrder}
	location := lifecycle.Guard[Case]{Name: "the id is a partner location's", Check: isLocation}
	linked := lifecycle.Guard[Case]{Name: "the id is the linked one", Check: isLinked}
	identity := []lifecycle.Role{lifecycle.Identity}
	create := []lifecycle.Guard[Case]{own, order, location}
	return &lifecycle.Machine[Case]{
		Name:   "link",
		States: []lifecycle.State{lifecycle.None, Active, Deleted},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: Create, By: identity, To: Active, Guards: create},
			{From: Deleted, Action: Create, By: identity, To: Active, Guards: create},
			{From: Active, Action: Update, By: identity, To: Active, Guards: create},
			{From: Active, Action: Delete, By: identity, To: Deleted, Guards: []lifecycle.Guard[Case]{own, order, linked}},
		},
	}
}

func ownLink(c Case) error {
	a := c.Step.Actor
	if association.Fold(a.Company) == association.Fold(c.Link.Tenant) && association.Fold(a.ID) == association.Fold(c.Link.Object) {
		return nil
	}
	return kizuna.Errorf("pal-not-own", "the link of %s in tenant %s is not that of %s", c.Link.Object, c.Link.Tenant, a).
		WithMend("only the identity itself can make, change or remove its link")
}

func inOrder(c Case) error {
	if c.Link.State == lifecycle.None {
		return nil
	}
	return lifecycle.InOrder(c.Step.Action, c.Step.stamp(), c.Link.UpdatedAt)
}

func isLocation(c Case) error {
	_, err := c.Directory.Location(c.Step.Partner, c.Step.At)
	return err
}

func isLinked(c Case) error {
	if association.Fold(c.Step.Partner) == association.Fold(c.Link.Partner) {
		return nil
	}
	return kizuna.Errorf("pal-other-id", "the link does not hold %q", c.Step.Partner).
		WithMend("it holds %s", c.Link.Partner)
}

// Apply does a step: the link afterwards and what happened. Beside the machine's
// refusals: "pal-already-linked", which the interface calls PartnerIdAlreadyLinked;
// "pal-not-linked"; "pal-other-id"; "partner-id-global" with the locations to
// choose from; "partner-id-unknown".
func Apply(link Link, step Step, directory association.Directory) (Link, []lifecycle.Event, error) {
	c := Case{link, step, directory}
	state, err := Machine().Next(link.State, step.Action, step.Actor.Role, c)
	if err != nil {
		return link, nil, refusal(c, err)
	}
	was := link.State
	at, _ := step.stamp().Split()
	link.State = state
	link.Version++
	link.UpdatedAt = step.stamp()
	if was == lifecycle.None {
		link.CreatedAt = link.UpdatedAt
	}
	if step.Action == Delete {
		link.Spells = link.Spells.End(at, Delete)
		return link, happened("pal.deleted", link), nil
	}
	location, err := directory.Location(step.Partner, step.At)
	if err != nil {
		return c.Link, nil, err
	}
	link.Partner = location.ID
	if step.Action == Update {
		if now := link.Spells.Now(); association.Fold(now) != association.Fold(location.ID) {
			link.Spells = link.Spells.End(at, Update).Begin(location.ID, at)
		}
		return link, happened("pal.updated", link), nil
	}
	link.Spells = link.Spells.Begin(location.ID, at)
	if was == Deleted {
		return link, happened("pal.revived", link), nil
	}
	return link, happened("pal.created", link), nil
}

// refusal says in the link's own words what the machine cannot: that there is a
// link already, or none. Only the identity itself is told.
func refusal(c Case, err error) error {
	if kizuna.CodeOf(err) != "lifecycle-action" || c.Step.Actor.Role != lifecycle.Identity || ownLink(c) != nil {
		return err
	}
	switch {
	case c.Step.Action == Create:
		return kizuna.Errorf("pal-already-linked", "%s in tenant %s is linked to %s already", c.Link.Object, c.Link.Tenant, c.Link.Partner).
			WithMend("update the link to move it to another partner")
	case c.Step.Action == Update || c.Step.Action == Delete:
		return kizuna.Errorf("pal-not-linked", "%s in tenant %s is linked to no partner", c.Link.Object, c.Link.Tenant).
			WithMend("create the link first")
	}
	return err
}

func happened(what string, l Link) []lifecycle.Event {
	return []lifecycle.Event{{Type: what, Detail: map[string]string{
		"tenant": l.Tenant, "object": l.Object, "location": l.Partner, "version": strconv.Itoa(l.Version),
	}}}
}

// Facts returns the link as scoring reads it, a fact for each spell that lasted.
func (l *Link) Facts() []association.Link {
	var out []association.Link
	for _, s := range l.Spells {
		if !s.During.Empty() {
			out = append(out, association.Link{Tenant: l.Tenant, Object: l.Object, Location: s.Of, During: s.During})
		}
	}
	return out
}
