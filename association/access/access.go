// Package access is what identities may do in a tenant, over time: role
// assignments, memberships of groups, and where scopes lie under management groups.
// A partner admin link reaches what these give its identity, as long as they give
// it; [Over] says when a link reached something, and which fact began and ended that.
//
// The customer's administrators change these things, or an import of what the cloud
// says; Kizuna gives nobody access.
//
// Source: "Understand Azure role assignments" and "What is Privileged Identity
// Management?" (Microsoft Learn).
package access

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// The states of an assignment and of a membership.
const (
	Held  lifecycle.State = "held"
	Ended lifecycle.State = "ended" // it can be granted again under the same id
)

// The actions.
const (
	Grant  lifecycle.Action = "grant"
	Revoke lifecycle.Action = "revoke"
	Expire lifecycle.Action = "expire" // a grant for a time is over
)

// Step is what somebody asks for.
type Step struct {
	Action lifecycle.Action `json:"action"`
	Actor  lifecycle.Actor  `json:"actor"`
	At     kizuna.Instant   `json:"at"`
	Until  kizuna.Instant   `json:"until,omitzero"` // of a grant for a time; 0 is without end
}

// Holding is what assignments and memberships have in common: something is held
// for a time.
type Holding struct {
	State  lifecycle.State  `json:"state,omitempty"`
	Until  kizuna.Instant   `json:"until,omitzero"`
	Spells lifecycle.Spells `json:"spells,omitempty"`
}

// Due returns when the clock has something to do: a grant for a time is over.
func (h *Holding) Due() (kizuna.Instant, bool) { return h.Until, h.State == Held && h.Until != 0 }

// Case is what the machine's guards look at.
type Case struct {
	Holding Holding
	Tenant  string
	Step    Step
}

// Machine returns the table of assignments and memberships.
func Machine() *lifecycle.Machine[Case] {
	type guards = []lifecycle.Guard[Case]
	own := lifecycle.Guard[Case]{Name: "the tenant is the administrator's", Check: func(c Case) error { return ownTenant(c.Step.Actor, c.Tenant) }}
	order := lifecycle.Guard[Case]{Name: "not before the last step", Check: func(c Case) error {
		return lifecycle.InOrder(c.Step.Action, c.Step.At, c.Holding.Spells.Changed())
	}}
	until := lifecycle.Guard[Case]{Name: "it ends after it begins", Check: endsLater}
	over := lifecycle.Guard[Case]{Name: "its time is over", Check: isOver}
	grant := guards{own, order, until}
	return &lifecycle.Machine[Case]{
		Name:   "access",
		States: []lifecycle.State{lifecycle.None, Held, Ended},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: Grant, By: administrators(), To: Held, Guards: grant},
			{From: Ended, Action: Grant, By: administrators(), To: Held, Guards: grant},
			{From: Held, Action: Revoke, By: administrators(), To: Ended, Guards: guards{own, order}},
			{From: Held, Action: Expire, By: []lifecycle.Role{lifecycle.System}, To: Ended, Guards: guards{over}},
		},
	}
}

// administrators are who changes access: the customer's own, or an import of what
// the cloud says.
func administrators() []lifecycle.Role {
	return []lifecycle.Role{lifecycle.Customer, lifecycle.Owner, lifecycle.Vendor}
}

func ownTenant(a lifecycle.Actor, tenant string) error {
	if a.Role == lifecycle.Vendor || association.Fold(a.Company) == association.Fold(tenant) {
		return nil
	}
	return kizuna.Errorf("access-not-own", "tenant %s is not that of %s", tenant, a).
		WithMend("only its own administrators change who has access")
}

func endsLater(c Case) error {
	if c.Step.Until == 0 || c.Step.Until > c.Step.At {
		return nil
	}
	return kizuna.Errorf("access-until", "a grant from %s cannot end on %s", c.Step.At, c.Step.Until).
		WithMend("name a later end, or none")
}

func isOver(c Case) error {
	if at, ok := c.Holding.Due(); ok && at <= c.Step.At {
		return nil
	}
	return kizuna.Errorf("access-not-over", "the grant is not over on %s", c.Step.At).
		WithMend("wait for its end, or revoke it")
}

// apply does a step. What the clock does is dated when it fell due, and done before
// anybody's step if nobody did it yet; it returns the actions that were done.
func (h Holding) apply(tenant string, step Step) (Holding, []lifecycle.Action, error) {
	due, ok := h.Due()
	if ok && due <= step.At && step.Action != Expire {
		settled, first, err := h.apply(tenant, Step{Action: Expire, Actor: lifecycle.Actor{Role: lifecycle.System}, At: step.At})
		if err != nil {
			return h, nil, err
		}
		after, then, err := settled.apply(tenant, step)
		if err != nil {
			return h, nil, err
		}
		return after, append(first, then...), nil
	}
	state, err := Machine().Next(h.State, step.Action, step.Actor.Role, Case{h, tenant, step})
	if err != nil {
		return h, nil, err
	}
	h.State = state
	switch step.Action {
	case Grant:
		h.Until, h.Spells = step.Until, h.Spells.Begin("", step.At)
	case Expire:
		h.Until, h.Spells = 0, h.Spells.End(due, Expire)
	default:
		h.Until, h.Spells = 0, h.Spells.End(step.At, step.Action)
	}
	return h, []lifecycle.Action{step.Action}, nil
}

// events tells what was done to a thing, in the past tense.
func events(thing string, done []lifecycle.Action, detail map[string]string) []lifecycle.Event {
	past := map[lifecycle.Action]string{Grant: "granted", Revoke: "revoked", Expire: "expired"}
	var out []lifecycle.Event
	for _, a := range done {
		out = append(out, lifecycle.Event{Type: thing + "." + past[a], Detail: detail})
	}
	return out
}
