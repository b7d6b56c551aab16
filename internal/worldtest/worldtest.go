// Package worldtest draws small worlds for property tests: few customers, few
// subscriptions, amounts near thresholds, intervals that end inside months, so that
// things meet.
package worldtest

import (
	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Everything covers all that can be asked for (score.Coverage).
type Everything struct{}

// Usage says that every quantity is covered.
func (Everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }

// Certifications says that they are, too.
func (Everything) Certifications() bool { return true }

// Tenants are the customers of every world.
var Tenants = []string{"t1", "T2"}

var (
	worldLocations = []association.Location{
		{ID: "L1", Global: "G1", During: kizuna.Always}, {ID: "L2", Global: "G1", During: kizuna.Always},
		{ID: "L3", Global: "G2", During: kizuna.Always},
	}
	worldSubscriptions = []association.Subscription{
		{ID: "s1", Tenant: "t1", Product: "Azure", During: kizuna.Always},
		{ID: "s2", Tenant: "T2", Product: "Azure", During: kizuna.Always},
		{ID: "s3", Tenant: "t1", Product: "Microsoft 365", During: kizuna.Always},
		{ID: "s4", Tenant: "T2", Product: "Dynamics 365", During: kizuna.Always},
	}
	worldScopes = []string{
		"/subscriptions/s1", "/subscriptions/S1/resourceGroups/rg", "/subscriptions/s1/resourcegroups/rg/providers/x/vm/1",
		"/subscriptions/s2", "/providers/Microsoft.Management/managementGroups/a", "/providers/Microsoft.Management/managementGroups/b", "/",
	}
	worldMonths = []string{"2022-08", "2022-09", "2022-10", "2022-12", "2023-03", "2023-08", "2023-09", "2023-10"}
)

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func instant(s string) kizuna.Instant {
	at, err := kizuna.ParseInstant(s)
	if err != nil {
		panic(err)
	}
	return at
}

func interval(t *rapid.T) kizuna.Interval {
	from := pick(t, "from", "2020-01-01", "2022-10-31T23:59:59Z", "2022-10-15", "2023-03-10T08:00:00Z", "2023-10-10T12:00:00Z", "2023-11-01")
	to := pick(t, "to", "", "", "", "2022-11-01", "2023-03-10T16:00:00Z", "2023-10-31T23:59:59Z", "2023-10-20", "2023-11-05")
	i := kizuna.Interval{From: instant(from), To: kizuna.Forever}
	if to != "" {
		i.To = instant(to)
	}
	return i
}

func many[T any](t *rapid.T, label string, most int, draw func() T) []T {
	var out []T
	for range rapid.IntRange(0, most).Draw(t, label) {
		out = append(out, draw())
	}
	return out
}

// Draw draws a world.
func Draw(t *rapid.T) *attribution.Facts {
	tenant := func() string { return pick(t, "tenant", Tenants...) }
	location := func() string { return pick(t, "location", "L1", "L2", "L3", "L9") }
	subscription := func() string { return pick(t, "subscription", "s1", "S1", "s2", "s3", "s4") }
	workload := func() string {
		return pick(t, "workload", "Storage", "Virtual Machines", "Key Vault", "Exchange", "Teams",
			"Microsoft Defender for Endpoints", "Business Central", "Power App", "Field Service", "")
	}
	object := func() string { return pick(t, "object", "o1", "O2", "g1") }
	f := &association.Facts{
		Locations: worldLocations, Subscriptions: worldSubscriptions,
		Customers: []association.Customer{
			{Tenant: "t1", Segment: pick(t, "segment", "SMB", "Enterprise")},
			{Tenant: "t2", Segment: pick(t, "segment", "SMB", "")},
		},
		Claims: many(t, "claims", 4, func() association.Claim {
			c := association.Claim{ID: "c", Location: location(), Tenant: tenant(), Workload: workload(), During: interval(t),
				Role: pick(t, "role", association.UsageRole, association.PresalesRole, association.RevenueRole)}
			if rapid.Bool().Draw(t, "by subscription") {
				c.Subscription = subscription()
			}
			return c
		}),
		Appointments: many(t, "dpor", 3, func() association.Appointment {
			return association.Appointment{Subscription: subscription(), Location: location(), During: interval(t)}
		}),
		Resales: many(t, "csp", 3, func() association.Resale {
			return association.Resale{Subscription: subscription(), Tier: pick(t, "tier", "T1", "T2"), Location: location(), During: interval(t)}
		}),
		Links: many(t, "links", 3, func() association.Link {
			return association.Link{Tenant: tenant(), Object: object(), Location: location(), During: interval(t)}
		}),
		Assignments: many(t, "roles", 4, func() association.Assignment {
			return association.Assignment{Tenant: tenant(), Object: object(), Role: pick(t, "role", "Owner", "Contributor", "Billing Reader"),
				Scope: pick(t, "scope", worldScopes...), During: interval(t), PrincipalTenant: pick(t, "home", "", "", "t1")}
		}),
		Memberships: many(t, "groups", 2, func() association.Membership {
			return association.Membership{Tenant: tenant(), Group: "g1", Object: pick(t, "member", "o1", "o2"), During: interval(t)}
		}),
		Scopes: many(t, "placements", 3, func() association.ScopeParent {
			return association.ScopeParent{Tenant: tenant(), Scope: pick(t, "child", "/subscriptions/s1", "/subscriptions/s2", "/providers/Microsoft.Management/managementGroups/A"),
				Parent: pick(t, "parent", "/providers/microsoft.management/managementGroups/a", "/providers/Microsoft.Management/managementGroups/b"), During: interval(t)}
		}),
		Ownerships: many(t, "owners", 2, func() association.Ownership {
			o := association.Ownership{Tenant: tenant(), Scope: "/subscriptions/s1", Object: object(), Relation: pick(t, "relation", "owner", "user"), During: interval(t)}
			if rapid.Bool().Draw(t, "active") {
				at := instant(pick(t, "activity", "2023-01-01", "2023-02-01"))
				o.LastActivity = &at
			}
			return o
		}),
	}
	if rapid.Bool().Draw(t, "all claimed") { // else little counts
		for _, s := range worldSubscriptions {
			for _, role := range []association.ClaimRole{association.UsageRole, association.PresalesRole, association.RevenueRole} {
				f.Claims = append(f.Claims, association.Claim{Location: "L1", Subscription: s.ID, Role: role, During: kizuna.Always})
			}
			f.Appointments = append(f.Appointments, association.Appointment{Subscription: s.ID, Location: "L1", During: kizuna.Always})
		}
	}
	rows := many(t, "rows", 14, func() usage.Row { return drawRow(t, tenant(), subscription(), workload()) })
	return &attribution.Facts{Associations: f, Usage: usage.Collect(rows)}
}

// DrawPeople draws three people, one with two profiles, and certificates that many
// rules ask for.
func DrawPeople(t *rapid.T) *people.Facts {
	f := &people.Facts{People: []people.Person{{ID: "p1", MCID: "m1"}, {ID: "p1", MCID: "m2"}, {ID: "p2", MCID: "m3"}, {ID: "p3", MCID: "m4"}}}
	profile := func() string { return pick(t, "profile", "m1", "m2", "m3", "m4", "m9") }
	day := func(label string, of ...string) *kizuna.Date {
		d, err := kizuna.ParseDate(pick(t, label, of...))
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	f.Links = many(t, "profile links", 4, func() people.ProfileLink {
		return people.ProfileLink{MCID: profile(), Location: pick(t, "location", "L1", "L2", "L3"), During: interval(t)}
	})
	f.Certifications = many(t, "certifications", 8, func() people.Certification {
		c := people.Certification{MCID: profile(), EarnedOn: day("earned", "2020-01-01", "2023-11-15", "2023-11-16"),
			Certificate: pick(t, "certificate", "AZ-104", "AZ-204", "AZ-305", "AZ-400", "DP-203", "DP-300", "MS-500", "SC-200", "SC-300", "MB-300", "MB-800", "MD-102")}
		if rapid.IntRange(0, 3).Draw(t, "expires") == 0 {
			c.ExpiresOn = day("expires on", "2023-11-15", "2023-11-16")
		}
		return c
	})
	return f
}

func drawRow(t *rapid.T, tenant, subscription, workload string) usage.Row {
	m, err := kizuna.ParseMonth(pick(t, "month", worldMonths...))
	if err != nil {
		t.Fatal(err)
	}
	row := usage.Row{
		Month: m, Tenant: tenant, Subscription: subscription, Workload: workload,
		Scope:     pick(t, "scope", "", "", worldScopes[1], worldScopes[2]),
		OfferType: pick(t, "offer", "", "", "", "Trial"), Channel: pick(t, "channel", "EA", "CSP", "MCA"),
	}
	if rapid.IntRange(0, 4).Draw(t, "daily") == 0 {
		day := m.Day(rapid.IntRange(1, 28).Draw(t, "day"))
		row.Day = &day
	}
	if rapid.Bool().Draw(t, "money") {
		d, err := kizuna.ParseDecimal(pick(t, "amount", "1000", "999.9999995", "333.333333333", "12000", "100", "-250.5", "260", "5000.01"))
		if err != nil {
			t.Fatal(err)
		}
		row.Revenue = &d
	}
	number := func(label string, of ...int64) *int64 {
		if rapid.Bool().Draw(t, label+" filled") {
			n := pick(t, label, of...)
			return &n
		}
		return nil
	}
	row.ActiveUsers = number("users", 10, 40, 120, 200)
	row.PaidSeats = number("seats", 5, 11, 25, 100, 300, 301)
	if n := number("units", 5, 10, 50); n != nil {
		units := kizuna.Micro(*n) * kizuna.MicroPerUnit
		row.Units = &units
	}
	return row
}

// DrawMixed draws a world with everything that rows and associations can carry: the
// vendor's own attribution, duplicates, aliases, foreign currencies, locations that
// move, global ids, owners, subscriptions of other scopes, whole runs of days.
func DrawMixed(t *rapid.T) *attribution.Facts {
	f := *Draw(t)
	a := *f.Associations
	a.Locations = []association.Location{
		{ID: "L1", Global: "G1", During: kizuna.Always}, {ID: "L3", Global: "G2", During: kizuna.Always},
		{ID: "l2", Global: "G1", During: kizuna.Interval{From: kizuna.Never, To: instant("2023-01-01")}},
		{ID: "L2", Global: "g2", During: kizuna.Interval{From: instant("2023-01-01"), To: kizuna.Forever}},
		{ID: "L4", Global: "G4", During: kizuna.Interval{From: kizuna.Never, To: instant("2023-01-01")}},
	}
	a.Customers = many(t, "customers", 2, func() association.Customer {
		return association.Customer{Tenant: pick(t, "tenant", Tenants...), Country: pick(t, "country", "JP", "US", ""), Segment: pick(t, "segment", "SMB", "Enterprise")}
	})
	for range rapid.IntRange(0, 4).Draw(t, "more owners") {
		o := association.Ownership{Tenant: pick(t, "tenant", Tenants...), Scope: pick(t, "scope", worldScopes...), Object: pick(t, "object", "o1", "o2"),
			Relation: pick(t, "relation", "owner", "co-owner", "creator", "user"), During: interval(t)}
		if rapid.Bool().Draw(t, "active") {
			at := instant(pick(t, "activity", "2023-01-01", "2023-02-01", "2190-01-01"))
			o.LastActivity = &at
		}
		a.Ownerships = append(a.Ownerships, o)
	}
	if rapid.IntRange(0, 9).Draw(t, "a crowd") == 0 {
		for range 60 {
			a.Appointments = append(a.Appointments, association.Appointment{
				Subscription: pick(t, "subscription", "s1", "s2", "S3"), Location: pick(t, "location", "L1", "L2", "L3"), During: interval(t),
			})
		}
	}
	rows := f.Usage.Rows()
	for range rapid.IntRange(0, 20).Draw(t, "more rows") {
		rows = append(rows, drawMixedRow(t))
	}
	if rapid.Bool().Draw(t, "a run of days") {
		rows = append(rows, drawDays(t)...)
	}
	f.Associations, f.Usage = &a, usage.Collect(rows)
	rate, err := kizuna.ParseDecimal("0.0066")
	if err != nil {
		t.Fatal(err)
	}
	month, err := kizuna.ParseMonth("2023-10")
	if err != nil {
		t.Fatal(err)
	}
	f.Rates = []usage.Rate{{Currency: "JPY", Month: month, USD: rate}}
	return &f
}

func drawMixedRow(t *rapid.T) usage.Row {
	row := drawRow(t, pick(t, "tenant", append([]string{"T0", "t3"}, Tenants...)...), pick(t, "subscription", "s1", "S3", "s4", "S9", ""),
		pick(t, "workload", "Storage", "Teams", "Power Apps", "Power App", "Power BI", "Power Automate", "Customer Insights Partner", "Sales", "Sentinel"))
	row.Scope = pick(t, "scope", append([]string{"/", "", "/subscriptions/s1/app", "/Subscriptions/S1/"}, worldScopes...)...)
	if rapid.IntRange(0, 3).Draw(t, "foreign") == 0 {
		row.Currency = pick(t, "currency", "JPY", "EUR", "USD")
	}
	if rapid.Bool().Draw(t, "asserted") {
		row.Asserted = usage.Asserted{
			SourceRow: pick(t, "source", "", "r1", "r2"),
			Location:  pick(t, "asserted location", "", "L1", "l2", "L4", "L9", "g1", "G2", "G4"),
			Type:      pick(t, "asserted type", "PAL", "DPOR", "CSP-T1", "CPOR-OSU", "CPOR-RevRec", "TPOR", "none"),
		}
		if flag := rapid.Bool().Draw(t, "duplicate"); rapid.Bool().Draw(t, "flagged") {
			row.Asserted.DuplicateForAccount = &flag
		}
	}
	return row
}

// drawDays draws a row a day, perhaps with gaps.
func drawDays(t *rapid.T) []usage.Row {
	first := drawMixedRow(t)
	first.ActiveUsers, first.PaidSeats, first.Units = nil, nil, nil
	day := first.Month.Day(rapid.IntRange(1, 28).Draw(t, "first day"))
	var rows []usage.Row
	for range rapid.IntRange(1, 120).Draw(t, "days") {
		row := first
		row.Day = new(kizuna.Date)
		*row.Day, row.Month = day, day.Month()
		if rapid.IntRange(0, 9).Draw(t, "amount changes") == 0 {
			amount, err := kizuna.ParseDecimal(pick(t, "amount", "0.01", "17.123456", "-3", "0"))
			if err != nil {
				t.Fatal(err)
			}
			first.Revenue = &amount
		}
		rows = append(rows, row)
		if day = day.AddDays(1); rapid.IntRange(0, 30).Draw(t, "gap") == 0 {
			day = day.AddDays(rapid.IntRange(1, 40).Draw(t, "long"))
		}
	}
	return rows
}
