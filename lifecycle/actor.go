package lifecycle

import (
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Role is the capacity in which somebody acts.
type Role string

// The roles.
const (
	Partner  Role = "partner"  // somebody at a partner; Company is a location or a global account
	Customer Role = "customer" // an administrator of a customer; Company is the tenant
	Owner    Role = "owner"    // the owner administrator of a customer; Company is the tenant
	Identity Role = "identity" // an identity in a customer's cloud; Company is the tenant, ID the object
	Person   Role = "person"   // a professional; ID is the learning profile
	Reviewer Role = "reviewer" // checks claims for the operator
	Operator Role = "operator" // runs the program
	Vendor   Role = "vendor"   // the vendor's own systems: sales, exports that are imported
	System   Role = "system"   // the clock
)

// Roles lists every role.
func Roles() []Role {
	return []Role{Partner, Customer, Owner, Identity, Person, Reviewer, Operator, Vendor, System}
}

// Actor is who acts, in which role, for which company.
type Actor struct {
	Role    Role   `json:"role"`
	Company string `json:"company,omitempty"` // a location, a global account or a tenant
	ID      string `json:"id,omitempty"`      // the user, object or learning profile
}

// ParseActor reads ROLE, ROLE:COMPANY or ROLE:COMPANY/ID; for persons,
// reviewers, operators, vendors and the system, who have no company, ROLE:ID.
func ParseActor(s string) (Actor, error) {
	role, rest, _ := strings.Cut(s, ":")
	a := Actor{Role: Role(role)}
	switch a.Role {
	case Partner, Customer, Owner, Identity:
		a.Company, a.ID, _ = strings.Cut(rest, "/")
		if a.Company == "" || a.Role == Identity && a.ID == "" {
			return a, kizuna.Errorf("actor-company", "%q does not say for whom", s).
				WithMend("write partner:LOCATION/USER, customer:TENANT/USER, owner:TENANT/USER or identity:TENANT/OBJECT")
		}
	case Person, Reviewer, Operator, Vendor, System:
		a.ID = rest
		if a.Role == Person && a.ID == "" {
			return a, kizuna.Errorf("actor-person", "%q does not say who", s).WithMend("write person:PROFILE")
		}
	default:
		return a, kizuna.Errorf("actor-role", "%q is no role", role).WithMend("one of: %s", join(Roles()))
	}
	return a, nil
}

// String writes the actor as [ParseActor] reads it.
func (a Actor) String() string {
	s := string(a.Role)
	if a.Company != "" {
		s += ":" + a.Company
		if a.ID != "" {
			s += "/" + a.ID
		}
	} else if a.ID != "" {
		s += ":" + a.ID
	}
	return s
}
