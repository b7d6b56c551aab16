package world

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/usage"
)

// Tenants yields every customer of the world, in order; the tenant is used again.
func (c *Config) Tenants(catalog *Catalog) func(yield func(*Tenant) bool) {
	return func(yield func(*Tenant) bool) {
		var t Tenant
		next := Node(1)
		for rows, number := 0, uint32(0); rows < c.Rows; number++ {
			next = c.Tenant(catalog, number, next, c.Rows-rows, &t)
			rows += len(t.Rows.Month)
			if !yield(&t) {
				return
			}
		}
	}
}

// Dataset makes the whole world as Kizuna's facts. It is meant for small worlds.
func (c *Config) Dataset(catalog *Catalog) *dataset.Dataset {
	d := &dataset.Dataset{Ledger: usage.NewLedger()}
	for account := range c.Partners {
		c.partnerFacts(catalog, account, d)
	}
	for t := range c.Tenants(catalog) {
		t.facts(catalog, d)
	}
	return d
}

func (c *Config) partnerFacts(catalog *Catalog, account int, d *dataset.Dataset) {
	a := &d.Associations
	for _, s := range c.Locations(account) {
		a.Locations = append(a.Locations, association.Location{
			ID: LocationID(s.Location), Global: AccountID(s.Account), Name: "Partner " + AccountID(s.Account), During: s.During,
		})
	}
	for _, l := range c.Credentials(account) {
		a.Links = append(a.Links, association.Link{
			Tenant: credentialHome(account), Object: objectOf(l.Credential), Location: LocationID(l.Location), During: l.During,
		})
	}
	c.peopleFacts(catalog, account, &d.People)
}

// PeopleFacts makes the people of all partners.
func (c *Config) PeopleFacts(catalog *Catalog) *people.Facts {
	f := new(people.Facts)
	for account := range c.Partners {
		c.peopleFacts(catalog, account, f)
	}
	return f
}

func (c *Config) peopleFacts(catalog *Catalog, account int, f *people.Facts) {
	for _, p := range c.People(catalog, account) {
		mcid := numbered("mc", int(p.Profile))
		f.People = append(f.People, people.Person{ID: numbered("p", int(p.Number)), MCID: mcid})
		for _, l := range p.Links {
			f.Links = append(f.Links, people.ProfileLink{MCID: mcid, Location: LocationID(l.Location), During: l.During})
		}
		for _, x := range p.Certificates {
			out := people.Certification{MCID: mcid, Certificate: catalog.Certificates[x.Number], EarnedOn: &x.Earned}
			if x.Expires != NoExpiry {
				out.ExpiresOn = &x.Expires
			}
			f.Certifications = append(f.Certifications, out)
		}
	}
}

func (t *Tenant) facts(catalog *Catalog, d *dataset.Dataset) {
	a, id := &d.Associations, TenantID(t.Number)
	a.Customers = append(a.Customers, association.Customer{Tenant: id})
	subscription := func(i int) string {
		if i < 0 {
			return ""
		}
		return SubscriptionID(t.Subscriptions[i].Node)
	}
	for i, s := range t.Subscriptions {
		a.Subscriptions = append(a.Subscriptions, association.Subscription{
			ID: subscription(i), Tenant: id, Product: Products[s.Product], During: kizuna.Always,
		})
	}
	for _, p := range t.Placements {
		child := SubscriptionScope(p.Child.Node)
		if p.Group {
			child = GroupScope(p.Child.Node)
		}
		a.Scopes = append(a.Scopes, association.ScopeParent{Tenant: id, Scope: child, Parent: GroupScope(p.Parent), During: p.During})
	}
	for _, c := range t.Claims {
		out := association.Claim{
			ID: numbered("c", len(a.Claims)), Location: LocationID(c.Location), Tenant: id, Subscription: subscription(c.Subscription),
			Role: association.ClaimRole(ClaimRoles[c.Role]), During: c.During,
		}
		if c.Workload >= 0 {
			out.Workload = catalog.Workloads[c.Workload].Name
		}
		a.Claims = append(a.Claims, out)
	}
	for _, x := range t.Appointments {
		a.Appointments = append(a.Appointments, association.Appointment{
			Subscription: subscription(x.Subscription), Location: LocationID(x.Location), During: x.During,
		})
	}
	for _, x := range t.Resales {
		a.Resales = append(a.Resales, association.Resale{
			Subscription: subscription(x.Subscription), Tier: numbered("T", int(x.Tier)), Location: LocationID(x.Location), During: x.During,
		})
	}
	t.access(a, id)
	t.usage(catalog, d.Ledger, id)
}

func (t *Tenant) access(a *association.Facts, id string) {
	own := make(map[Credential]bool)
	for _, l := range t.Links {
		own[l.Credential] = true
		a.Links = append(a.Links, association.Link{
			Tenant: id, Object: objectOf(l.Credential), Location: LocationID(l.Location), During: l.During,
		})
	}
	for i, x := range t.Assignments {
		out := association.Assignment{Tenant: id, Object: objectOf(x.Credential), Role: Roles[x.Role], During: x.During}
		if !own[x.Credential] {
			out.PrincipalTenant = credentialHome(int(x.Credential) / credentialsPerPartner)
		}
		switch x.At {
		case AtRoot:
			out.Scope = "/"
		case AtGroup:
			out.Scope = GroupScope(x.Scope.Node)
		default:
			out.Scope = t.scopeOf(x.Scope.Node)
		}
		if i%3 == 0 {
			out.Scope = strings.ToUpper(out.Scope) // scopes have no case
		}
		a.Assignments = append(a.Assignments, out)
	}
}

func (t *Tenant) usage(catalog *Catalog, ledger *usage.Ledger, id string) {
	r := &t.Rows
	for _, l := range t.Leaves {
		workload, _, offer, channel := l.Class.Split()
		row := usage.Row{
			Tenant: id, Workload: catalog.Workloads[workload].Name, OfferType: Offers[offer], Channel: Channels[channel],
		}
		if l.Subscription >= 0 {
			row.Subscription = SubscriptionID(t.Subscriptions[l.Subscription].Node)
			if l.Node != t.Subscriptions[l.Subscription].Node {
				row.Scope = t.scopeOf(l.Node)
			}
		}
		for i := l.Lo; i < l.Hi; i++ {
			row.Month, row.Day, row.Revenue = r.Month[i], nil, nil
			if r.Day[i] != WholeMonth {
				row.Day = &r.Day[i]
			}
			if r.Money[i] != 0 {
				money, _ := kizuna.ParseDecimal(r.Money[i].String())
				row.Revenue = &money
			}
			row.ActiveUsers, row.PaidSeats, row.Units = nil, nil, nil
			if r.Snapshot[i] {
				users, seats := int64(r.Users[i]), int64(r.Seats[i])
				row.ActiveUsers, row.PaidSeats = &users, &seats
				if units := r.Units[i]; units != NoUnits {
					row.Units = &units
				}
			}
			ledger.Add(&row)
		}
	}
}

func objectOf(c Credential) string { return numbered("o", int(c)) }

func numbered(prefix string, n int) string { return prefix + strconv.Itoa(n) }
