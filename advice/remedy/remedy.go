// Package remedy lists the associations that are not there and that would make a
// customer's usage count: what somebody could do about it, and who. Which kinds of
// association feed what is read from the program; whether one helps is not decided here
// but by evaluating it ([advice.Base.Evaluate]).
package remedy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// Kind is what is to be done.
type Kind string

// The kinds.
const (
	// Claim: the partner claims a workload of the customer, or a subscription (CPOR).
	Claim Kind = "claim"
	// Link: an identity that already has a role at the customer links the partner's id (PAL).
	Link Kind = "link"
	// Role: the customer gives a role that earns to an identity that is linked already (PAL).
	Role Kind = "role"
	// Access: the customer gives an identity of the partner a role that earns, and it links
	// the partner's id (PAL).
	Access Kind = "access"
	// Owner: whoever runs the resource makes a linked identity its owner (PAL on apps and flows).
	Owner Kind = "owner"
	// Appointment: the customer names the partner on a subscription (DPOR).
	Appointment Kind = "appointment"
)

// Actor is who must act.
type Actor string

// The actors.
const (
	Partner      Actor = "partner"
	Customer     Actor = "customer"
	Professional Actor = "professional"
)

// Remedy is an association that is not there.
type Remedy struct {
	Kind         Kind         `json:"kind"`
	Type         program.Type `json:"-"`
	Actors       []Actor      `json:"actors"` // in the order in which they act
	Tenant       string       `json:"tenant"`
	Location     string       `json:"location"` // of the partner, to be named
	Subscription string       `json:"subscription,omitempty"`
	Workload     string       `json:"workload,omitempty"`
	ClaimRole    string       `json:"claim_role,omitempty"`
	// Of a partner admin link: the identity, [NewIdentity] if one is still to be made, its role
	// and the scope of the role; of an owner, the relation.
	Object string `json:"object,omitempty"`
	Role   string `json:"role,omitempty"`
	Scope  string `json:"scope,omitempty"`
	// Because is what is there already: the role without a link, the link without a role.
	Because []kizuna.Ref `json:"because,omitempty"`
}

// NewIdentity stands for an identity of the partner that has no role at the customer yet.
const NewIdentity = "new-identity"

// standardRole is the role that a customer is asked for: the least of Azure's built-in roles
// that may write everywhere.
const standardRole = "Contributor"

// Changes is the remedy as changed facts, from an instant on.
func (r *Remedy) Changes(from kizuna.Instant) *advice.Changes {
	during := kizuna.Interval{From: from, To: kizuna.Forever}
	var f association.Facts
	switch r.Kind {
	case Claim:
		f.Claims = []association.Claim{{
			ID: "proposed", Location: r.Location, Tenant: r.Tenant, Workload: r.Workload, Subscription: r.Subscription,
			Role: association.ClaimRole(r.ClaimRole), During: during,
		}}
	case Appointment:
		f.Appointments = []association.Appointment{{Subscription: r.Subscription, Location: r.Location, During: during}}
	case Owner:
		at := from
		f.Ownerships = []association.Ownership{{
			Tenant: r.Tenant, Scope: r.Scope, Object: r.Object, Relation: r.Role, LastActivity: &at, During: during,
		}}
	}
	if r.Kind == Role || r.Kind == Access {
		f.Assignments = []association.Assignment{{Tenant: r.Tenant, Object: r.Object, Role: r.Role, Scope: r.Scope, During: during}}
	}
	if r.Kind == Link || r.Kind == Access || r.Kind == Owner {
		f.Links = []association.Link{{Tenant: r.Tenant, Object: r.Object, Location: r.Location, During: during}}
	}
	return &advice.Changes{Associations: f}
}

// ID names the remedy, the same in every run: "claim/contoso/Exchange Online".
func (r *Remedy) ID() string {
	parts := []string{string(r.Kind), association.Fold(r.Tenant)}
	for _, p := range []string{association.Fold(r.Subscription), r.Workload, r.ClaimRole, association.Fold(r.Object), r.Role, association.Fold(r.Scope)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}

// Measures lists those of the measures that look at what the remedy would cover, through
// its type: no other one can change.
func Measures(b *advice.Base, r *Remedy, measures []int) (out []int) {
	products := b.Products(r.Tenant)
	for _, about := range b.About(r.Tenant) {
		if !r.covers(b.Question.Program, &about) {
			continue
		}
		for _, m := range measures {
			if b.Plan.TypesFor(m, about.Workload, products[association.Fold(about.Subscription)]).Has(r.Type) && !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// covers reports whether the remedy may reach usage: a role what lies under its scope,
// whatever subscription a row names.
func (r *Remedy) covers(p *program.Program, about *association.Resource) bool {
	switch r.Kind {
	case Link:
		return true // of all roles of the identity
	case Role, Access, Owner:
		scope, at := association.Fold(r.Scope), association.ScopeOf(about.Subscription, about.Scope)
		return at == scope || strings.HasPrefix(at, scope+"/")
	case Claim:
		if r.Workload != "" && r.Workload != p.WorkloadName(about.Workload) {
			return false
		}
	}
	return r.Subscription == "" || strings.EqualFold(r.Subscription, about.Subscription)
}

// For lists what would make a customer's usage feed any of the measures, those that ask
// least of others first. Some may turn out to help nothing: evaluate them.
func For(b *advice.Base, tenant string, measures []int) []Remedy {
	f := &finder{b: b, tenant: association.Fold(tenant), facts: b.Associations(tenant), seen: make(map[string]bool)}
	f.location = f.usualLocation()
	if f.location == "" {
		return nil // the account has no location that an association could name
	}
	for _, about := range f.subjects(measures) {
		f.about(about)
	}
	slices.SortStableFunc(f.out, func(a, b Remedy) int {
		return cmp.Or(cmp.Compare(effort(a.Kind), effort(b.Kind)), cmp.Compare(a.ID(), b.ID()))
	})
	return f.out
}

// effort orders kinds by how much they ask of others.
func effort(k Kind) int {
	return slices.Index([]Kind{Link, Claim, Appointment, Role, Owner, Access}, k)
}

type finder struct {
	b        *advice.Base
	tenant   string
	location string
	facts    *association.Facts
	seen     map[string]bool
	out      []Remedy
}

// subject is usage that is reached alike: a workload of a subscription, or at a scope of
// its own.
type subject struct {
	association.Resource
	types program.TypeSet
}

// subjects lists what of the customer's usage the measures look at, and through which
// types.
func (f *finder) subjects(measures []int) (out []subject) {
	at := make(map[association.Resource]int)
	products := f.b.Products(f.tenant)
	for _, about := range f.b.About(f.tenant) {
		if _, owned := f.b.Question.Program.OwnedWorkloads[f.b.Question.Program.WorkloadName(about.Workload)]; !owned {
			about.Scope = ""
		}
		if _, done := at[about]; done {
			continue
		}
		var types program.TypeSet
		for _, m := range measures {
			types |= f.b.Plan.TypesFor(m, about.Workload, products[association.Fold(about.Subscription)])
		}
		if at[about] = len(out); types != 0 {
			out = append(out, subject{about, types})
		}
	}
	return out
}

func (f *finder) about(s subject) {
	for role, t := range map[association.ClaimRole]program.Type{
		association.UsageRole: program.CPORUsage, association.PresalesRole: program.CPORPresales, association.RevenueRole: program.CPORRevenue,
	} {
		if s.types.Has(t) && !(role == association.PresalesRole && s.types.Has(program.CPORRevenue)) {
			f.claim(s, role, t)
		}
	}
	if s.types.Has(program.DPOR) && s.Subscription != "" && f.takesAppointments(s.Subscription) {
		f.add(Remedy{Kind: Appointment, Type: program.DPOR, Actors: []Actor{Customer}, Subscription: s.Subscription})
	}
	if s.types.Has(program.PAL) {
		f.link(s)
	}
}

// What subscriptions.csv says of products and agreements.
const (
	azureProduct = "Azure"
	dynamics     = "Dynamics 365"
	resold       = "CSP"
	enterprise   = "EA"
)

func (f *finder) subscription(id string) *association.Subscription {
	for i := range f.facts.Subscriptions {
		if s := &f.facts.Subscriptions[i]; strings.EqualFold(s.ID, id) {
			return s
		}
	}
	return nil
}

// takesAppointments reports whether a customer can name a partner on a subscription: of
// Azure those under an Enterprise Agreement, else those that no partner sold.
// Source: Partner Center docs, "Link a partner ID for Azure performance (PAL or DPOR)".
func (f *finder) takesAppointments(id string) bool {
	s := f.subscription(id)
	switch {
	case s == nil || s.Agreement == "":
		return true // not known: the customer will see
	case s.Product == azureProduct:
		return s.Agreement == enterprise
	}
	return s.Agreement != resold
}

// claim proposes a claim: Dynamics 365 by subscription, the rest by workload.
func (f *finder) claim(s subject, role association.ClaimRole, t program.Type) {
	r := Remedy{Kind: Claim, Type: t, Actors: []Actor{Partner, Customer}, ClaimRole: string(role)}
	of := f.subscription(s.Subscription)
	bySubscription := of != nil && of.Product == dynamics
	if bySubscription && of.Agreement == resold {
		return // claims are for what was bought by volume licence or on the web
	}
	if bySubscription || s.Workload == "" {
		r.Subscription = s.Subscription
	} else {
		r.Workload = f.b.Question.Program.WorkloadName(s.Workload)
	}
	if r.Subscription != "" || r.Workload != "" {
		f.add(r)
	}
}

// link proposes what is missing of a partner admin link: the link of somebody who has a
// role, the role of somebody who is linked, or both.
func (f *finder) link(s subject) {
	p := f.b.Question.Program
	if rule, owned := p.OwnedWorkloads[p.WorkloadName(s.Workload)]; owned && s.Scope != "" {
		object, because := NewIdentity, []kizuna.Ref(nil)
		for i := range f.facts.Links {
			if l := &f.facts.Links[i]; f.ours(l.Location) && f.open(l.During) && association.Fold(l.Tenant) == f.tenant {
				object, because = l.Object, []kizuna.Ref{l.At}
			}
		}
		if len(rule.Relations) > 0 {
			f.add(Remedy{Kind: Owner, Type: program.PAL, Actors: []Actor{Customer, Professional}, Object: object,
				Role: rule.Relations[0], Scope: s.Scope, Workload: p.WorkloadName(s.Workload), Because: because})
		}
		return
	}
	if s.Subscription == "" {
		return
	}
	scope := "/subscriptions/" + association.Fold(s.Subscription)
	for i := range f.facts.Assignments {
		a := &f.facts.Assignments[i]
		if association.Fold(a.Tenant) == f.tenant && a.PrincipalTenant == "" && f.open(a.During) && association.Earns(&p.Roles, a.Role) &&
			f.above(a.Scope, scope) && !f.linked(a.Object) {
			f.add(Remedy{Kind: Link, Type: program.PAL, Actors: []Actor{Professional}, Object: a.Object, Role: a.Role, Scope: a.Scope, Because: []kizuna.Ref{a.At}})
		}
	}
	object, kind, because := NewIdentity, Access, []kizuna.Ref(nil)
	for i := range f.facts.Links {
		l := &f.facts.Links[i]
		if f.ours(l.Location) && f.open(l.During) && association.Fold(l.Tenant) == f.tenant {
			object, kind, because = l.Object, Role, []kizuna.Ref{l.At}
		}
	}
	actors := []Actor{Customer, Professional}
	if kind == Role {
		actors = actors[:1]
	}
	f.add(Remedy{Kind: kind, Type: program.PAL, Actors: actors, Object: object, Role: f.role(), Scope: scope, Subscription: s.Subscription, Because: because})
}

// role is one that earns.
func (f *finder) role() string {
	roles := &f.b.Question.Program.Roles
	if !association.Earns(roles, standardRole) && len(roles.Eligible) > 0 {
		return roles.Eligible[0]
	}
	return standardRole
}

// above reports whether a role's scope reaches a subscription by its path, or may through
// a management group.
func (f *finder) above(scope, subscription string) bool {
	scope = association.Fold(scope)
	return scope == "/" || scope == subscription || strings.HasPrefix(scope, subscription+"/") ||
		strings.HasPrefix(scope, "/providers/microsoft.management/managementgroups/")
}

func (f *finder) linked(object string) bool {
	return slices.ContainsFunc(f.facts.Links, func(l association.Link) bool {
		return strings.EqualFold(l.Object, object) && association.Fold(l.Tenant) == f.tenant && f.ours(l.Location) && f.open(l.During)
	})
}

func (f *finder) ours(location string) bool {
	account, ok := f.b.Index().AccountAt(location)
	return ok && account == f.b.Account
}

// open reports whether a fact holds on the question's day.
func (f *finder) open(during kizuna.Interval) bool {
	return during.Contains(f.b.Question.AsOf.Instant())
}

// usualLocation is the location of the account that most of the customer's associations
// name, or its first.
func (f *finder) usualLocation() string {
	named := make(map[string]int)
	for i := range f.facts.Claims {
		named[association.Fold(f.facts.Claims[i].Location)]++
	}
	for i := range f.facts.Links {
		if association.Fold(f.facts.Links[i].Tenant) == f.tenant {
			named[association.Fold(f.facts.Links[i].Location)]++
		}
	}
	for i := range f.facts.Appointments {
		named[association.Fold(f.facts.Appointments[i].Location)]++
	}
	for i := range f.facts.Resales {
		named[association.Fold(f.facts.Resales[i].Location)]++
	}
	best := ""
	for _, l := range f.b.Index().LocationsOf(f.b.Account) {
		if best == "" || named[association.Fold(l)] > named[association.Fold(best)] {
			best = l
		}
	}
	return best
}

func (f *finder) add(r Remedy) {
	r.Tenant, r.Location = f.tenant, f.location
	if id := r.ID(); !f.seen[id] {
		f.seen[id] = true
		f.out = append(f.out, r)
	}
}
