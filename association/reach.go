package association

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Reach is what every association compiles to: a partner location that covers
// something of a customer's for a time. What it covers is a subscription, a
// workload of a tenant, or a scope, depending on the type.
type Reach struct {
	Type     program.Type
	Account  string // the global account that the location belongs to
	Location string
	During   kizuna.Interval
	Evidence []Evidence // the facts that make it, the association itself first

	role string // PAL: by which role
}

// Evidence is one fact behind a reach: "claim c7", "role Owner at /subscriptions/…".
type Evidence struct {
	Kind   EvidenceKind    `json:"kind"`
	What   string          `json:"what"`
	During kizuna.Interval `json:"during"`
	At     kizuna.Ref      `json:"at,omitzero"`
	// Parts are what What is made of, for other languages: "Owner", "/subscriptions/…".
	Parts      [2]string `json:"-"`
	ByGlobalID bool      `json:"-"` // an assertion that names the global account, no location
}

// evidence names a fact in words: role "Owner", "at", "/subscriptions/…". What is
// not needed may be empty.
func evidence(kind EvidenceKind, what, word, where string, during kizuna.Interval, at kizuna.Ref) Evidence {
	e := Evidence{Kind: kind, What: what, During: during, At: at, Parts: [2]string{what, where}}
	for _, more := range [...]string{word, where} {
		if more != "" {
			e.What += " " + more
		}
	}
	return e
}

// EvidenceKind names the kind of a fact.
type EvidenceKind string

// The kinds.
const (
	ByClaim       EvidenceKind = "claim"
	ByLink        EvidenceKind = "pal_link"
	ByRole        EvidenceKind = "role_assignment"
	ByMembership  EvidenceKind = "group_membership"
	ByPlacement   EvidenceKind = "scope_placement"
	ByOwnership   EvidenceKind = "resource_ownership"
	ByAppointment EvidenceKind = "dpor"
	ByResale      EvidenceKind = "csp"
	ByAssertion   EvidenceKind = "asserted"
)

// Question is what reaches are asked for: the rules and the day on which account
// structure and CSP ownership are read.
type Question struct {
	Program *program.Program
	AsOf    kizuna.Date
}

// Index answers which reaches cover a resource. It is safe for concurrent use.
type Index struct {
	q         Question
	accounts  []string
	accountOf map[string]string // by folded location, on the question's date
	// locationsOf lists an account's locations on that date.
	locationsOf map[string][]string
	owned       map[string]program.OwnerRule

	subscriptions map[string]*Subscription // by folded id
	customers     map[string]*Customer     // by folded tenant
	tenants       map[string]*tenantReach  // by folded tenant
	bySub         map[string][]Reach       // claims, DPOR, CSP by folded subscription
	subWorkload   map[string][]claimReach  // claims on a subscription and a workload

	// Findings are facts that can never count, each with its reason.
	Findings []*kizuna.Error
}

type claimReach struct {
	workload string
	reach    Reach
}

// tenantReach is what is known of one tenant's reaches before a resource is named.
type tenantReach struct {
	byWorkload map[string][]Reach     // claims
	byScope    map[string][]Reach     // partner admin links, by the folded scope of the role
	placed     map[string][]placement // folded scope to the management groups directly above
	owners     map[string][]ownerReach
}

type placement struct {
	parent string
	fact   Evidence
}

type ownerReach struct {
	relation string
	active   kizuna.Instant
	reach    Reach
}

// NewIndex prepares the facts for the question.
func NewIndex(f *Facts, q Question) *Index {
	x := &Index{
		q:             q,
		owned:         q.Program.OwnedWorkloads,
		accountOf:     make(map[string]string),
		locationsOf:   make(map[string][]string),
		subscriptions: make(map[string]*Subscription, len(f.Subscriptions)),
		customers:     make(map[string]*Customer, len(f.Customers)),
		tenants:       make(map[string]*tenantReach),
		bySub:         make(map[string][]Reach),
		subWorkload:   make(map[string][]claimReach),
	}
	x.addLocations(f.Locations)
	for i := range f.Subscriptions {
		x.subscriptions[Fold(f.Subscriptions[i].ID)] = &f.Subscriptions[i]
	}
	for i := range f.Customers {
		x.customers[Fold(f.Customers[i].Tenant)] = &f.Customers[i]
	}
	x.addClaims(f.Claims)
	x.addAppointments(f.Appointments)
	x.addResales(f.Resales)
	x.addScopes(f.Scopes)
	x.addLinks(f)
	return x
}

// Accounts lists the global accounts in order; one that has no location on the
// question's date has no reaches.
func (x *Index) Accounts() []string { return x.accounts }

// AccountOf returns the global account of a location, or of a global account
// itself, on the question's date.
func (x *Index) AccountOf(id string) (account string, isLocation, ok bool) {
	if account, ok = x.AccountAt(id); ok {
		return account, true, true
	}
	for _, a := range x.accounts {
		if Fold(a) == Fold(id) {
			return a, false, true
		}
	}
	return "", false, false
}

// AccountAt returns the global account of a location on the question's date.
func (x *Index) AccountAt(location string) (account string, ok bool) {
	account, ok = x.accountOf[Fold(location)]
	return account, ok
}

// LocationsOf returns the locations of an account on the question's date, in order.
func (x *Index) LocationsOf(account string) []string { return x.locationsOf[account] }

// Product returns the product of a subscription, "" if it is not known.
func (x *Index) Product(subscription string) string {
	if s := x.subscriptions[Fold(subscription)]; s != nil {
		return s.Product
	}
	return ""
}

// TenantOf returns the tenant of a subscription, "" if it is not known.
func (x *Index) TenantOf(subscription string) string {
	if s := x.subscriptions[Fold(subscription)]; s != nil {
		return s.Tenant
	}
	return ""
}

// Customer returns what is known of a tenant, or nil.
func (x *Index) Customer(tenant string) *Customer { return x.customers[Fold(tenant)] }

func (x *Index) tenant(id string) *tenantReach {
	id = Fold(id)
	t := x.tenants[id]
	if t == nil {
		t = &tenantReach{
			byWorkload: make(map[string][]Reach),
			byScope:    make(map[string][]Reach),
			placed:     make(map[string][]placement),
			owners:     make(map[string][]ownerReach),
		}
		x.tenants[id] = t
	}
	return t
}

func (x *Index) addLocations(locations []Location) {
	known := make(map[string]bool)
	at := x.q.AsOf.Instant()
	for _, l := range locations {
		if !known[l.Global] {
			known[l.Global] = true
			x.accounts = append(x.accounts, l.Global)
		}
		if l.During.Contains(at) {
			x.accountOf[Fold(l.ID)] = l.Global
			x.locationsOf[l.Global] = append(x.locationsOf[l.Global], l.ID)
		}
	}
	slices.Sort(x.accounts)
	for _, ids := range x.locationsOf {
		slices.Sort(ids)
	}
}

// reach starts a reach of a location; false if nobody answers to that id.
func (x *Index) reach(t program.Type, location string, during kizuna.Interval, fact Evidence) (Reach, bool) {
	account, ok := x.accountOf[Fold(location)]
	if !ok {
		x.findUnknownLocation(location, fact)
		return Reach{}, false
	}
	return Reach{Type: t, Account: account, Location: location, During: during, Evidence: []Evidence{fact}}, !during.Empty()
}

// Asserted returns the reach that the vendor itself asserts for a row; false if
// the partner is in no account. The vendor's own exports may name the global
// account where one's own associations must name a location.
func (x *Index) Asserted(t program.Type, partner string, during kizuna.Interval, at kizuna.Ref) (reach Reach, byGlobalID, ok bool) {
	account, isLocation, ok := x.AccountOf(partner)
	word := "of"
	if byGlobalID = ok && !isLocation; byGlobalID {
		ok = len(x.locationsOf[account]) > 0 // else it was taken over by another account
		word = "of global account"
	}
	fact := evidence(ByAssertion, t.String(), word, partner, during, at)
	fact.ByGlobalID = byGlobalID
	return Reach{Type: t, Account: account, Location: partner, During: during, Evidence: []Evidence{fact}}, byGlobalID, ok
}

func (x *Index) findUnknownLocation(id string, fact Evidence) {
	x.Findings = append(x.Findings, x.UnknownLocation(id, fact))
}

// UnknownLocation says why an association with a location that is in no account
// counts for nobody.
func (x *Index) UnknownLocation(id string, fact Evidence) *kizuna.Error {
	if account, isLocation, ok := x.AccountOf(id); ok && !isLocation {
		return kizuna.Errorf("global-id-in-association",
			"%s %s names the global account %s, which no association takes", fact.Kind, fact.What, id).
			WithMend("name one of its locations: %s", strings.Join(x.LocationsOf(account), ", ")).WithRef(fact.At)
	}
	return kizuna.Errorf("unknown-location",
		"%s %s names location %s, which is in no account on %s", fact.Kind, fact.What, id, x.q.AsOf).
		WithMend("add the location to partners.csv, or correct its id").WithRef(fact.At)
}

func (x *Index) addClaims(claims []Claim) {
	types := map[ClaimRole]program.Type{
		UsageRole: program.CPORUsage, PresalesRole: program.CPORPresales, RevenueRole: program.CPORRevenue,
	}
	for _, c := range claims {
		t, ok := types[c.Role]
		if !ok {
			x.Findings = append(x.Findings, kizuna.Errorf("claim-role",
				"claim %s has the role %q", c.ID, c.Role).
				WithMend("write usage, presales or revenue").WithRef(c.At))
			continue
		}
		r, ok := x.reach(t, c.Location, c.During, evidence(ByClaim, c.ID, "", "", c.During, c.At))
		switch {
		case !ok:
		case c.Subscription == "" && c.Workload == "":
			x.Findings = append(x.Findings, kizuna.Errorf("claim-covers-nothing",
				"claim %s names neither a workload nor a subscription", c.ID).
				WithMend("a Microsoft 365 claim names its workload, a Dynamics 365 claim its subscription").WithRef(c.At))
		case c.Subscription == "":
			t := x.tenant(c.Tenant)
			w := x.q.Program.WorkloadName(c.Workload)
			t.byWorkload[w] = append(t.byWorkload[w], r)
		case c.Workload == "":
			x.bySub[Fold(c.Subscription)] = append(x.bySub[Fold(c.Subscription)], r)
		default:
			s := Fold(c.Subscription)
			x.subWorkload[s] = append(x.subWorkload[s], claimReach{x.q.Program.WorkloadName(c.Workload), r})
		}
	}
}

func (x *Index) addAppointments(appointments []Appointment) {
	for _, a := range appointments {
		s := Fold(a.Subscription)
		fact := evidence(ByAppointment, a.Subscription, "", "", a.During, a.At)
		if r, ok := x.reach(program.DPOR, a.Location, a.During, fact); ok {
			x.bySub[s] = append(x.bySub[s], r)
		}
	}
}

// addResales gives a subscription's history to whom it belongs: under owner_on_D,
// the account that has it on the question's date, or had it last, has it all.
func (x *Index) addResales(resales []Resale) {
	type sale struct {
		reach Reach
		Resale
	}
	bySub := make(map[string][]sale)
	var order []string
	for _, r := range resales {
		t := program.CSPTier1
		if r.Tier == "T2" {
			t = program.CSPTier2
		}
		reach, ok := x.reach(t, r.Location, r.During, evidence(ByResale, r.Subscription, "", r.Tier, r.During, r.At))
		if r.During.Empty() {
			continue
		}
		if !ok { // an unknown seller counts for nobody, yet its time is the subscription's
			reach.During = r.During
		}
		s := Fold(r.Subscription)
		if bySub[s] == nil {
			order = append(order, s)
		}
		bySub[s] = append(bySub[s], sale{reach, r})
	}
	at := x.q.AsOf.Instant()
	for _, s := range order {
		sales := bySub[s]
		if x.q.Program.CSPHistory == program.ByInterval {
			for _, r := range sales {
				if r.reach.Account != "" {
					x.bySub[s] = append(x.bySub[s], r.reach)
				}
			}
			continue
		}
		var history []kizuna.Interval
		last := kizuna.Never
		anyNow := false
		for _, r := range sales {
			if r.During.From > at {
				continue
			}
			history = append(history, r.During)
			last = max(last, r.During.To)
			anyNow = anyNow || r.During.Contains(at)
		}
		union := kizuna.Union(history)
		for _, r := range sales {
			owns := r.During.Contains(at)
			if !anyNow {
				owns = r.During.From <= at && r.During.To == last
			}
			if !owns || r.reach.Account == "" {
				continue
			}
			for _, during := range union {
				whole := r.reach
				whole.During = during
				x.bySub[s] = append(x.bySub[s], whole)
			}
		}
	}
}

// Resource is what a usage row is about.
type Resource struct {
	Tenant       string `json:"tenant,omitempty"`
	Subscription string `json:"subscription,omitempty"`
	Scope        string `json:"scope,omitempty"`
	Workload     string `json:"workload,omitempty"`
}

// Reaches returns every reach that may cover the resource, in a stable order.
// byRole is set if a workload that is reached by owning fell back to roles,
// because nobody's relation to the resource is known.
func (x *Index) Reaches(r Resource) (reaches []Reach, byRole bool) {
	sub, workload := Fold(r.Subscription), x.q.Program.WorkloadName(r.Workload)
	if sub != "" {
		reaches = append(reaches, x.bySub[sub]...)
		for _, c := range x.subWorkload[sub] {
			if c.workload == workload {
				reaches = append(reaches, c.reach)
			}
		}
	}
	t := x.tenants[Fold(r.Tenant)]
	if t == nil {
		return reaches, false
	}
	if workload != "" {
		reaches = append(reaches, t.byWorkload[workload]...)
	}
	scope := ScopeOf(r.Subscription, r.Scope)
	if scope == "" {
		return reaches, false
	}
	if rule, owned := x.owned[workload]; owned {
		if owners := t.owners[scope]; len(owners) > 0 {
			return append(reaches, latest(owners, rule)...), false
		}
		byRole = true
	}
	return append(reaches, t.byRoles(scope)...), byRole
}

// ScopeOf returns the folded scope of a row: its own, or its subscription's.
func ScopeOf(subscription, scope string) string {
	if scope == "" {
		if subscription == "" {
			return ""
		}
		scope = subscriptionPrefix + subscription
	}
	return trimSlash(Fold(scope))
}
