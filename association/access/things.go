package access

import (
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Assignment is a role that a person, a service principal or a group holds at a
// scope. Only its times change: another role is another assignment.
type Assignment struct {
	ID              string `json:"id"`
	Tenant          string `json:"tenant"`
	Object          string `json:"object"`
	PrincipalTenant string `json:"principal_tenant,omitempty"` // where that is another (Lighthouse)
	Role            string `json:"role"`
	Scope           string `json:"scope"`
	Holding
}

// Apply does a step: the assignment afterwards and what happened.
func (a Assignment) Apply(step Step) (Assignment, []lifecycle.Event, error) {
	holding, done, err := a.Holding.apply(a.Tenant, step)
	if err != nil {
		return a, nil, err
	}
	a.Holding = holding
	return a, events("role", done, map[string]string{
		"assignment": a.ID, "tenant": a.Tenant, "object": a.Object, "role": a.Role, "scope": a.Scope,
	}), nil
}

// Facts returns the assignment as scoring reads it, a fact for each spell that lasted.
func (a *Assignment) Facts() []association.Assignment {
	var out []association.Assignment
	for _, s := range a.Spells {
		if !s.During.Empty() {
			out = append(out, association.Assignment{
				Tenant: a.Tenant, Object: a.Object, PrincipalTenant: a.PrincipalTenant,
				Role: a.Role, Scope: a.Scope, During: s.During,
			})
		}
	}
	return out
}

// Membership puts an identity or a group into a group.
type Membership struct {
	Tenant string `json:"tenant"`
	Group  string `json:"group"`
	Object string `json:"object"`
	Holding
}

// Apply does a step: the membership afterwards and what happened.
func (m Membership) Apply(step Step) (Membership, []lifecycle.Event, error) {
	holding, done, err := m.Holding.apply(m.Tenant, step)
	if err != nil {
		return m, nil, err
	}
	m.Holding = holding
	return m, events("membership", done, map[string]string{
		"tenant": m.Tenant, "group": m.Group, "object": m.Object,
	}), nil
}

// Facts returns the membership as scoring reads it, a fact for each spell that lasted.
func (m *Membership) Facts() []association.Membership {
	var out []association.Membership
	for _, s := range m.Spells {
		if !s.During.Empty() {
			out = append(out, association.Membership{Tenant: m.Tenant, Group: m.Group, Object: m.Object, During: s.During})
		}
	}
	return out
}
