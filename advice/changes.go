package advice

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/usage"
)

// Changes are facts that would be others than they are. Zero changes nothing. They take
// effect in the order of the fields: what is added may be ended by the same changes.
type Changes struct {
	// Associations and People hold besides those that are there. A location, a customer or
	// a subscription of an id that is there takes its place.
	Associations association.Facts
	People       people.Facts
	// End ends facts at an instant.
	End []Ending
	// Usage is consumed besides. Its revenue is in dollars, to a millionth at most.
	Usage []usage.Row
	// Growth multiplies usage, added usage too, one after the other. What begins after the
	// projection's first month multiplies what is projected.
	Growth []Growth
	// Projection, if set, is what usage is taken to be in months to come.
	Projection *Projection
}

// Table is a plain table whose facts can end, by its name without extension.
type Table string

// The tables of facts that can end.
const (
	Claims         Table = "cpor_claims"
	Links          Table = "pal_links"
	Roles          Table = "role_assignments"
	Memberships    Table = "group_members"
	Placements     Table = "scopes"
	Owners         Table = "resource_owners"
	Appointments   Table = "dpor"
	Resales        Table = "csp"
	ProfileLinks   Table = "profile_links"
	Certifications Table = "certifications"
)

// Tables lists the tables of facts that can end.
func Tables() []Table {
	return []Table{Claims, Links, Roles, Memberships, Placements, Owners, Appointments, Resales, ProfileLinks, Certifications}
}

// Selection names facts of a table: all whose columns say what is given. Ids and scopes
// have no case. A field that the table has no column for must be empty.
type Selection struct {
	Table        Table
	Claim        string
	Tenant       string
	Subscription string
	Location     string
	Workload     string
	Object       string // the identity; of a group's member, the member
	Group        string
	Role         string // of a role assignment or a claim; of an owner, the relation
	Scope        string
	Parent       string
	MCID         string
	Certificate  string
	Tier         string // of a resale
}

// Ending ends the selected facts: those that hold at the instant hold no longer from then
// on, and those that begin later never hold. A certificate expires on the instant's day.
type Ending struct {
	Selection
	At kizuna.Instant
}

// Growth multiplies the usage of the selected rows, in months from From to To, by a factor
// that is not negative. Of "" everything is selected. Money is rounded to a millionth of a
// dollar, units likewise, users and seats to whole ones, half away from zero.
type Growth struct {
	Tenant, Subscription, Workload string
	From, To                       kizuna.Month // To 0: without end
	Factor                         kizuna.Fraction
}

// Projection says what usage is taken to be in the months after From, until Until: of each resource what
// it is in From, times 1 + k x rate in the k-th month after it, and never less than nothing. What a month's
// days carry is added up to one row for the month, which an association covers in part as it does any row of
// a month. A resource without usage in From has none later.
type Projection struct {
	From, Until kizuna.Month
	Rate        kizuna.Fraction  // per month, of From's usage
	Rates       map[string]Rates // of customers that have their own, by id without case
	// Last is, of subscriptions that end, the last month of which anything is taken.
	Last map[Bought]kizuna.Month
}

// Bought is a customer's subscription: the ids of both, without case.
type Bought struct{ Tenant, Subscription string }

// Rates are rates of growth, each of a figure that rows carry.
type Rates struct {
	Money kizuna.Fraction `json:"money,omitzero"`
	Users kizuna.Fraction `json:"users,omitzero"`
	Seats kizuna.Fraction `json:"seats,omitzero"`
	Units kizuna.Fraction `json:"units,omitzero"`
}

// RatesOf are rates of growth that are the same for every figure.
func RatesOf(rate kizuna.Fraction) Rates { return Rates{rate, rate, rate, rate} }

func (p *Projection) rates(tenant string) Rates {
	if r, ok := p.Rates[tenant]; ok {
		return r
	}
	return RatesOf(p.Rate)
}

// until returns the last month of which anything is taken of a subscription.
func (p *Projection) until(tenant, subscription string) kizuna.Month {
	if last, ok := p.Last[Bought{tenant, association.Fold(subscription)}]; ok {
		return min(last, p.Until)
	}
	return p.Until
}

// columns are what a fact says, as a selection names it.
type columns = Selection

// names reports whether a fact is selected.
func (s *Selection) names(c *columns) bool {
	id := func(want, have string) bool { return want == "" || strings.EqualFold(want, have) }
	text := func(want, have string) bool { return want == "" || want == have }
	return id(s.Claim, c.Claim) && id(s.Tenant, c.Tenant) && id(s.Subscription, c.Subscription) &&
		id(s.Location, c.Location) && text(s.Workload, c.Workload) && id(s.Object, c.Object) && id(s.Group, c.Group) &&
		text(s.Role, c.Role) && id(s.Scope, c.Scope) && id(s.Parent, c.Parent) && text(s.MCID, c.MCID) &&
		text(s.Certificate, c.Certificate) && text(s.Tier, c.Tier)
}

// String names the selection as its table does: "cpor_claims (claim_id c-7)".
func (s *Selection) String() string {
	var said []string
	for _, c := range [...][2]string{
		{"claim_id", s.Claim}, {"tenant_id", s.Tenant}, {"subscription_id", s.Subscription}, {"location_id", s.Location},
		{"workload", s.Workload}, {"object_id", s.Object}, {"group_id", s.Group}, {"role", s.Role}, {"scope", s.Scope},
		{"parent", s.Parent}, {"mcid", s.MCID}, {"certificate", s.Certificate}, {"tier", s.Tier},
	} {
		if c[1] != "" {
			said = append(said, c[0]+" "+c[1])
		}
	}
	if len(said) == 0 {
		return string(s.Table)
	}
	return string(s.Table) + " (" + strings.Join(said, ", ") + ")"
}

// Missed returns an ending that would end no fact, neither of those there are nor of what
// is added; false if each ends some.
func (c *Changes) Missed(a *association.Facts, p *people.Facts) (ending int, missed bool) {
	seen := make(endings, len(c.End))
	c.changed(a, seen.see)
	c.changedPeople(p, seen.see)
	n := slices.Index(seen, false)
	return n, n >= 0
}

// Empty reports whether nothing is changed.
func (c *Changes) Empty() bool {
	return len(c.End) == 0 && !c.ofUsage() && !c.ofAssociations() && !c.ofPeople()
}

func (c *Changes) ofUsage() bool {
	return len(c.Usage) > 0 || len(c.Growth) > 0 || c.Projection != nil
}

func (c *Changes) ofAssociations() bool {
	f := &c.Associations
	if cmp.Or(len(f.Locations), len(f.Customers), len(f.Subscriptions), len(f.Scopes), len(f.Claims), len(f.Links),
		len(f.Assignments), len(f.Memberships), len(f.Ownerships), len(f.Appointments), len(f.Resales)) > 0 {
		return true
	}
	for i := range c.End {
		if !c.End[i].Table.ofPeople() {
			return true
		}
	}
	return false
}

func (c *Changes) ofPeople() bool {
	if cmp.Or(len(c.People.People), len(c.People.Links), len(c.People.Certifications)) > 0 {
		return true
	}
	for i := range c.End {
		if c.End[i].Table.ofPeople() {
			return true
		}
	}
	return false
}

func (t Table) ofPeople() bool { return t == ProfileLinks || t == Certifications }
