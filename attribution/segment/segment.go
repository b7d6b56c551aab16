// Package segment keeps usage and compiled reaches packed, tenant by tenant, in
// one checksummed file that is mapped into memory: what the kernel counts.
//
// A segment knows no program and no day of a question. It keeps locations, not
// accounts; roles, not whether they earn; sales, not whom a history belongs to. So
// one segment answers every program and every as-of day. It is a cache: it may be
// deleted at any time, and one that is damaged is found, named and never trusted.
//
// Write one with a [Builder], read it with [Open] or [Read]. docs/engine.md has the
// format.
package segment

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Name is the number of a text in a segment: a workload, a product, an offer, a
// channel, a role, a relation, a country, a segment of customers. 0 is the empty text.
type Name uint32

// Partner is the number of a partner id in a segment: a location's, or, of a row
// that an export asserts, perhaps a global account's. 0 is the empty id.
type Partner uint32

// Tenant is a customer: its usage, and who reaches it.
type Tenant struct {
	ID        string // without case
	Country   Name
	Segment   Name       // of customers: SMB, Enterprise
	Resources []Resource // in the order of [association.ComparePaths] of their scopes
	Reaches   []Reach    // in any order
}

// Resource is what rows of one kind are about: one scope, one subscription, and a
// Kind. A resource's place in its tenant's list is its node id: because scopes are
// in order, whatever lies under a scope is one range of them.
type Resource struct {
	Kind
	// Owned: somebody's relation to the scope is known, so that a workload which
	// is reached by owning does not fall back to roles.
	Owned bool
	Rows  []Row // by time: month, then day, whole months first
}

// Kind is what a program's feeds look at in a resource.
type Kind struct{ Workload, Product, Offer, Channel Name }

// Row is the unit of counting: in dollars, rounded once.
type Row struct {
	Month kizuna.Month
	Day   uint8 // of the month; 0: the row's period is the month
	// HasMoney and Snapshot say which figures the row carries. Only a month's row
	// is a snapshot.
	HasMoney, Snapshot bool
	Money              kizuna.Micro
	Users, Seats       kizuna.Micro
	Units              kizuna.Micro
	// Asserted is the vendor's own attribution. It is nil for a row that carries
	// none; rows of a resource may share it.
	Asserted []Assertion
}

// Assertion is a reach that a row itself asserts for its whole period.
type Assertion struct {
	Type    program.Type
	Partner Partner
}

// Reach is an association, compiled for one tenant: who reaches which of its
// resources, how and when. An association that reaches several ranges (a role on a
// management group reaches one for each subscription) is several of them, each with
// the interval in which it did: so moves never change history.
type Reach struct {
	Type     program.Type
	Location Partner
	First    uint32 // resources [First, End)
	End      uint32
	By       By
	What     Name           // as By says
	Active   kizuna.Instant // ByOwner: the last activity, [kizuna.Never] if unknown
	During   kizuna.Interval
}

// By says what, besides range and time, a reach depends on.
type By uint8

// The ways.
const (
	ByRange    By = iota // on nothing else: claims on subscriptions, DPOR, CSP
	ByWorkload           // on the resource's workload: What; [Claims] alone
	ByRole               // PAL: on whether the role What earns
	ByOwner              // PAL: on whether the relation What counts; the range is one scope's
	numBy
)

// Claims are the types whose associations may name a workload. Who reads a segment under
// several programs relies on it: what other types reach is the same whatever a program
// calls a workload. Another type that names one is refused, when it is written and when it
// is read.
const Claims = program.TypeSet(1<<program.CPORUsage | 1<<program.CPORPresales | 1<<program.CPORRevenue)
