// Package association holds who is bound to whom: partner locations, customers
// and what they own, and the four association types with the facts that prove
// them. Everything compiles to one thing, a [Reach].
//
// The records mirror the plain tables of docs/data.md, one type a table. Ids and
// scopes are compared without case ([Fold]); everything else exactly.
package association

import (
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Fold makes an id or a scope comparable: ids (GUIDs) and scopes have no case.
func Fold(id string) string { return strings.ToLower(id) }

// Location is a partner's location for a time under one global account
// (partners.csv). Associations name locations; scores belong to global accounts.
type Location struct {
	ID      string
	Global  string
	Name    string
	Country string
	During  kizuna.Interval
	At      kizuna.Ref
}

// Customer is a customer tenant (customers.csv).
type Customer struct {
	Tenant  string
	Name    string
	Country string
	Segment string // "SMB", "Enterprise" or unknown
	At      kizuna.Ref
}

// Subscription is what a customer bought (subscriptions.csv).
type Subscription struct {
	ID        string
	Tenant    string
	Product   string // Azure, Microsoft 365, Dynamics 365, Power Platform, Other
	Agreement string // EA, MCA, CSP, WebDirect
	During    kizuna.Interval
	At        kizuna.Ref
}

// ScopeParent puts a management group or a subscription under a management group
// for a time (scopes.csv). An empty Parent is a root.
type ScopeParent struct {
	Tenant string
	Scope  string
	Parent string
	During kizuna.Interval
	At     kizuna.Ref
}

// ClaimRole says which metrics a claim can feed.
type ClaimRole string

// The roles of a claim.
const (
	UsageRole    ClaimRole = "usage"
	PresalesRole ClaimRole = "presales"
	RevenueRole  ClaimRole = "revenue"
)

// Claim is a claiming partner of record (cpor_claims.csv): a workload of a
// tenant, or a subscription.
type Claim struct {
	ID           string
	Location     string
	Tenant       string
	Workload     string
	Subscription string
	Role         ClaimRole
	During       kizuna.Interval // approved to ended
	At           kizuna.Ref
}

// Link is a partner admin link (pal_links.csv): an identity in a tenant that
// carries a partner location's id.
type Link struct {
	Tenant   string
	Object   string
	Location string
	During   kizuna.Interval
	At       kizuna.Ref
}

// Assignment is a role that a person, service principal or group holds at a
// scope (role_assignments.csv). PrincipalTenant is the identity's home where that
// is another tenant (Lighthouse).
type Assignment struct {
	Tenant          string
	Object          string
	PrincipalTenant string
	Role            string
	Scope           string
	During          kizuna.Interval
	At              kizuna.Ref
}

// Membership puts an identity or a group into a group (group_members.csv).
type Membership struct {
	Tenant string
	Group  string
	Object string
	During kizuna.Interval
	At     kizuna.Ref
}

// Ownership is an identity's relation to an app, a flow, a dataset or an
// instance (resource_owners.csv).
type Ownership struct {
	Tenant       string
	Scope        string
	Object       string
	Relation     string
	LastActivity *kizuna.Instant
	During       kizuna.Interval
	At           kizuna.Ref
}

// Appointment is a digital partner of record that the customer named on a
// subscription (dpor.csv).
type Appointment struct {
	Subscription string
	Location     string
	During       kizuna.Interval
	At           kizuna.Ref
}

// Resale is a subscription sold through the Cloud Solution Provider program
// (csp.csv). Tier is "T1" or "T2".
type Resale struct {
	Subscription string
	Tier         string
	Location     string
	During       kizuna.Interval
	At           kizuna.Ref
}

// Facts is everything about associations that was known when the question was asked.
type Facts struct {
	Locations     []Location
	Customers     []Customer
	Subscriptions []Subscription
	Scopes        []ScopeParent
	Claims        []Claim
	Links         []Link
	Assignments   []Assignment
	Memberships   []Membership
	Ownerships    []Ownership
	Appointments  []Appointment
	Resales       []Resale
}
