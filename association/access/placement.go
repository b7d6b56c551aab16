package access

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Placed is the state of a scope that lies under a management group.
const Placed lifecycle.State = "placed"

// The actions on a placement.
const (
	Move   lifecycle.Action = "move"
	Remove lifecycle.Action = "remove" // it leaves the tenant's groups
)

// Placement is where a subscription or a management group lies.
type Placement struct {
	Tenant string           `json:"tenant"`
	Scope  string           `json:"scope"`
	State  lifecycle.State  `json:"state,omitempty"`
	Spells lifecycle.Spells `json:"spells,omitempty"` // of parents
}

// MoveStep is what somebody asks for.
type MoveStep struct {
	Action lifecycle.Action `json:"action"`
	Actor  lifecycle.Actor  `json:"actor"`
	At     kizuna.Instant   `json:"at"`
	Parent string           `json:"parent,omitempty"` // the management group to move under
}

// MoveCase is what the guards of placements look at.
type MoveCase struct {
	Placement Placement
	Step      MoveStep
}

// PlacementMachine returns the table of placements.
func PlacementMachine() *lifecycle.Machine[MoveCase] {
	type guards = []lifecycle.Guard[MoveCase]
	own := lifecycle.Guard[MoveCase]{Name: "the tenant is the administrator's", Check: func(c MoveCase) error { return ownTenant(c.Step.Actor, c.Placement.Tenant) }}
	order := lifecycle.Guard[MoveCase]{Name: "not before the last step", Check: func(c MoveCase) error {
		return lifecycle.InOrder(c.Step.Action, c.Step.At, c.Placement.Spells.Changed())
	}}
	parent := lifecycle.Guard[MoveCase]{Name: "under another group than now, and not under itself", Check: otherParent}
	return &lifecycle.Machine[MoveCase]{
		Name:   "placement",
		States: []lifecycle.State{lifecycle.None, Placed},
		Table: []lifecycle.Transition[MoveCase]{
			{From: lifecycle.None, Action: Move, By: administrators(), To: Placed, Guards: guards{own, order, parent}},
			{From: Placed, Action: Move, By: administrators(), To: Placed, Guards: guards{own, order, parent}},
			{From: Placed, Action: Remove, By: administrators(), To: lifecycle.None, Guards: guards{own, order}},
		},
	}
}

func otherParent(c MoveCase) error {
	parent := association.Fold(strings.TrimSuffix(c.Step.Parent, "/"))
	now := association.Fold(strings.TrimSuffix(c.Placement.Spells.Now(), "/"))
	if parent != "" && parent != now && parent != association.Fold(strings.TrimSuffix(c.Placement.Scope, "/")) {
		return nil
	}
	return kizuna.Errorf("placement-parent", "%s cannot move under %q", c.Placement.Scope, c.Step.Parent).
		WithMend("name a management group other than itself and than the one it lies under")
}

// Apply does a step: the placement afterwards and what happened.
func (p Placement) Apply(step MoveStep) (Placement, []lifecycle.Event, error) {
	state, err := PlacementMachine().Next(p.State, step.Action, step.Actor.Role, MoveCase{p, step})
	if err != nil {
		return p, nil, err
	}
	p.State = state
	detail := map[string]string{"tenant": p.Tenant, "scope": p.Scope}
	if was := p.Spells.Now(); was != "" {
		detail["from"] = was
		p.Spells = p.Spells.End(step.At, step.Action)
	}
	if step.Action == Remove {
		return p, []lifecycle.Event{{Type: "scope.removed", Detail: detail}}, nil
	}
	detail["to"] = step.Parent
	p.Spells = p.Spells.Begin(step.Parent, step.At)
	return p, []lifecycle.Event{{Type: "scope.moved", Detail: detail}}, nil
}

// Facts returns the placement as scoring reads it, a fact for each spell that lasted.
func (p *Placement) Facts() []association.ScopeParent {
	var out []association.ScopeParent
	for _, s := range p.Spells {
		if !s.During.Empty() {
			out = append(out, association.ScopeParent{Tenant: p.Tenant, Scope: p.Scope, Parent: s.Of, During: s.During})
		}
	}
	return out
}
