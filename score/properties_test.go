package score_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// A small world, drawn so that things meet: few customers, few subscriptions,
// amounts near thresholds, intervals that end inside months.

var (
	worldTenants   = []string{"t1", "T2"}
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

func drawFacts(t *rapid.T) *score.Facts {
	tenant := func() string { return pick(t, "tenant", worldTenants...) }
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
	return &score.Facts{
		Facts:    attribution.Facts{Associations: f, Usage: usage.Collect(rows)},
		People:   drawPeople(t),
		Coverage: everything{},
	}
}

// drawPeople draws three people, one with two profiles, and certificates that many
// rules ask for.
func drawPeople(t *rapid.T) *people.Facts {
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

// everything covers all that can be asked for.
type everything struct{}

func (everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }
func (everything) Certifications() bool                                        { return true }

func questions(t testing.TB) []score.Question {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	day, err := kizuna.ParseDate("2023-11-15")
	if err != nil {
		t.Fatal(err)
	}
	var out []score.Question
	for _, p := range programs {
		for _, history := range []program.CSPHistory{program.OwnerOnDate, program.ByInterval} {
			changed := *p
			changed.CSPHistory = history
			out = append(out, score.Question{Program: &changed, AsOf: day})
		}
	}
	return out
}

func TestEveryMeasureIsWhatTheReferenceSays(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		a := score.Ask(q, f)
		ref := newReference(q, f)
		total := a.Book.Total()
		for _, account := range []string{"G1", "G2"} {
			eachComponent(q.Program, func(at string, c *program.Component) {
				number := a.Book.Plan.MeasureOf(c)
				in := a.Book.Plan.Input(number, total[attribution.Key{Account: account, Measure: number}])
				now, base := ref.measured(&c.Measure, account)
				if in.Now.String() != now.RatString() || in.Base.String() != base.RatString() {
					t.Fatalf("%s %s %s: now %s, base %s; the reference says %s, %s",
						q.Program.Ref(), account, at, in.Now, in.Base, now.RatString(), base.RatString())
				}
			})
		}
	})
}

func eachComponent(p *program.Program, visit func(at string, c *program.Component)) {
	for i := range p.Areas {
		area := &p.Areas[i]
		for _, metric := range area.Metrics {
			for _, track := range area.Track.Tracks {
				for j := range metric.Rules[track].Components {
					c := &metric.Rules[track].Components[j]
					visit(fmt.Sprint(area.ID, "/", track, "/", metric.ID, "/", c.ID), c)
				}
			}
		}
	}
}

func resultBytes(t *rapid.T, q score.Question, f *score.Facts) string {
	data, err := json.Marshal(score.Ask(q, f).Result())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheOrderOfFactsNeverMatters(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		before := resultBytes(t, q, f)
		g := *f
		g.Usage = usage.Collect(shuffled(t, f.Usage.Rows()))
		a := *f.Associations
		a.Claims, a.Links, a.Assignments = shuffled(t, a.Claims), shuffled(t, a.Links), shuffled(t, a.Assignments)
		a.Resales, a.Appointments = shuffled(t, a.Resales), shuffled(t, a.Appointments)
		a.Scopes, a.Memberships, a.Ownerships = shuffled(t, a.Scopes), shuffled(t, a.Memberships), shuffled(t, a.Ownerships)
		g.Associations = &a
		if after := resultBytes(t, q, &g); after != before {
			t.Fatalf("another order gives another score:\n%s\n%s", before, after)
		}
	})
}

func shuffled[T any](t *rapid.T, in []T) []T {
	if len(in) == 0 {
		return in
	}
	return rapid.Permutation(slices.Clone(in)).Draw(t, "order")
}

func TestCustomersAddUpHoweverTheyAreSplit(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		whole := score.Ask(q, f).Book
		sum := attribution.Contribution{}
		for _, tenant := range rapid.Permutation(worldTenants).Draw(t, "order") {
			part := *f
			part.Usage = usage.Collect(slices.DeleteFunc(f.Usage.Rows(), func(u usage.Row) bool { return u.Tenant != tenant }))
			alone := score.Ask(q, &part).Book.Total()
			together := whole.Contribution(tenant)
			if fmt.Sprint(alone) != fmt.Sprint(together) {
				t.Fatalf("%s alone adds %v, among others %v", tenant, alone, together)
			}
			sum.Add(alone)
		}
		total := whole.Total()
		if fmt.Sprint(sum) != fmt.Sprint(total) {
			t.Fatalf("the parts add up to %v, the whole is %v", sum, total)
		}
		for _, tenant := range worldTenants {
			total.Sub(whole.Contribution(tenant))
		}
		if len(total) != 0 {
			t.Fatalf("taken back, %v is left", total)
		}
	})
}

func TestTracesAddUpToTheTally(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		a := score.Ask(q, f)
		total := a.Book.Total()
		for _, account := range a.Accounts() {
			for number := range a.Book.Plan.Measures() {
				var sum attribution.Tally
				for _, tenant := range a.Book.Tenants() {
					sum = sum.Add(a.Book.Trace(tenant, account, number, false).Tally)
				}
				if got := total[attribution.Key{Account: account, Measure: number}]; fmt.Sprint(got) != fmt.Sprint(sum) {
					t.Fatalf("measure %d of %s: traces add up to %v, the tally is %v", number, account, sum, got)
				}
			}
		}
	})
}
