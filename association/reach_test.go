package association_test

import (
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

func during(t *testing.T, from, to string) kizuna.Interval {
	t.Helper()
	i := kizuna.Interval{To: kizuna.Forever}
	var err error
	if i.From, err = kizuna.ParseInstant(from); err != nil {
		t.Fatal(err)
	}
	if to != "" {
		if i.To, err = kizuna.ParseInstant(to); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// index answers questions of 2023-11-15 for two accounts: G1 with L1 and L2, G2 with L3.
func index(t *testing.T, f association.Facts) *association.Index {
	t.Helper()
	f.Locations = []association.Location{
		{ID: "L2", Global: "G1", During: kizuna.Always},
		{ID: "L1", Global: "G1", During: kizuna.Always},
		{ID: "L3", Global: "G2", During: kizuna.Always},
		{ID: "L8", Global: "G2", During: during(t, "2020-01-01", "2023-01-01")},
		{ID: "L9", Global: "G3", During: during(t, "2020-01-01", "2023-01-01")},
	}
	return association.NewIndex(&f, association.Question{
		AsOf: kizuna.NewDate(2023, 11, 15),
		Program: &program.Program{
			CSPHistory: program.OwnerOnDate,
			Roles:      program.Roles{ExcludeContaining: []string{"reader"}},
			OwnedWorkloads: map[string]program.OwnerRule{
				"Power App":      {Relations: []string{"owner", "co-owner"}, LatestOnly: true},
				"Power Automate": {Relations: []string{"creator"}},
			},
		},
	})
}

// reached lists "account type" of the reaches that hold at an instant.
func reached(t *testing.T, x *association.Index, r association.Resource, at string) []string {
	t.Helper()
	var out []string
	reaches, _ := x.Reaches(r)
	for _, reach := range reaches {
		if reach.During.Contains(during(t, at, "").From) {
			out = append(out, reach.Account+" "+reach.Type.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestALinkReachesWhatItsIdentityMayChange(t *testing.T) {
	always := during(t, "2020-01-01", "")
	x := index(t, association.Facts{
		Links: []association.Link{
			{Tenant: "t1", Object: "O1", Location: "l1", During: always},
			{Tenant: "provider", Object: "o2", Location: "L3", During: always},
		},
		Assignments: []association.Assignment{
			{Tenant: "T1", Object: "o1", Role: "Contributor", Scope: "/subscriptions/S1/resourceGroups/web/", During: during(t, "2023-01-01", "2023-02-01")},
			{Tenant: "t1", Object: "o1", Role: "Billing READER", Scope: "/subscriptions/s1", During: always},
			{Tenant: "t1", Object: "o2", PrincipalTenant: "provider", Role: "Owner", Scope: "/providers/Microsoft.Management/managementGroups/root", During: always},
			{Tenant: "t1", Object: "o1", Role: "Owner", Scope: "/subscriptions/s9", During: always},
		},
		Scopes: []association.ScopeParent{
			{Tenant: "t1", Scope: "/subscriptions/s1", Parent: "/providers/microsoft.management/managementgroups/child", During: during(t, "2023-06-01", "")},
			{Tenant: "t1", Scope: "/providers/Microsoft.Management/managementGroups/child", Parent: "/providers/Microsoft.Management/managementGroups/root", During: always},
			// A loop in the data must not hang.
			{Tenant: "t1", Scope: "/providers/Microsoft.Management/managementGroups/root", Parent: "/providers/Microsoft.Management/managementGroups/child", During: always},
		},
	})
	web := association.Resource{Tenant: "t1", Subscription: "s1", Scope: "/SUBSCRIPTIONS/s1/resourcegroups/WEB/providers/x/y/z", Workload: "Storage"}
	webber := web
	webber.Scope = "/subscriptions/s1/resourceGroups/webber"
	for _, c := range []struct {
		name string
		r    association.Resource
		at   string
		want []string
	}{
		{"below the role's scope, while the role holds", web, "2023-01-20", []string{"G1 PAL"}},
		{"after the role has gone", web, "2023-02-01", nil},
		{"a neighbor whose name begins alike", webber, "2023-01-20", nil},
		{"from another tenant, through management groups, once placed there", web, "2023-06-01", []string{"G2 PAL"}},
		{"another tenant's resource", association.Resource{Tenant: "t2", Subscription: "s1"}, "2023-07-01", nil},
	} {
		if got := reached(t, x, c.r, c.at); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRolesThroughGroupsCountWhileTheMembershipHolds(t *testing.T) {
	always := during(t, "2020-01-01", "")
	x := index(t, association.Facts{
		Links:       []association.Link{{Tenant: "t1", Object: "o1", Location: "L1", During: always}},
		Assignments: []association.Assignment{{Tenant: "t1", Object: "outer", Role: "Owner", Scope: "/", During: always}},
		Memberships: []association.Membership{
			{Tenant: "t1", Group: "inner", Object: "o1", During: during(t, "2023-01-01", "2023-03-01")},
			{Tenant: "t1", Group: "outer", Object: "INNER", During: during(t, "2023-02-01", "")},
			{Tenant: "t1", Group: "inner", Object: "outer", During: always}, // a loop
		},
	})
	r := association.Resource{Tenant: "t1", Subscription: "s1"}
	for at, want := range map[string][]string{"2023-01-15": nil, "2023-02-15": {"G1 PAL"}, "2023-03-01": nil} {
		if got := reached(t, x, r, at); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}

func TestOwnedWorkloadsGoToTheOwnerAndToRolesWhereNobodyIsKnown(t *testing.T) {
	always := during(t, "2020-01-01", "")
	early, late := during(t, "2023-01-01", "").From, during(t, "2023-05-01", "").From
	x := index(t, association.Facts{
		Links: []association.Link{
			{Tenant: "t1", Object: "o1", Location: "L1", During: always},
			{Tenant: "t1", Object: "o3", Location: "L3", During: always},
		},
		Assignments: []association.Assignment{{Tenant: "t1", Object: "o1", Role: "Owner", Scope: "/", During: always}},
		Ownerships: []association.Ownership{
			{Tenant: "t1", Scope: "/apps/a", Object: "o1", Relation: "owner", LastActivity: &early, During: always},
			{Tenant: "t1", Scope: "/apps/a", Object: "o3", Relation: "co-owner", LastActivity: &late, During: always},
			{Tenant: "t1", Scope: "/apps/a", Object: "o1", Relation: "user", LastActivity: &late, During: always},
			{Tenant: "t1", Scope: "/flows/f", Object: "o1", Relation: "owner", During: always},
			{Tenant: "t1", Scope: "/flows/f", Object: "o3", Relation: "creator", During: always},
			{Tenant: "t1", Scope: "/apps/stranger", Object: "o9", Relation: "owner", During: always},
		},
	})
	for _, c := range []struct {
		name, workload, scope string
		want                  []string
		byRole                bool
	}{
		{"the account that was active last", "Power App", "/apps/a", []string{"G2 PAL"}, false},
		{"the creator of a flow", "Power Automate", "/flows/f", []string{"G2 PAL"}, false},
		{"an owner without a link leaves nobody", "Power App", "/apps/stranger", nil, false},
		{"nobody known: roles", "Power App", "/apps/b", []string{"G1 PAL"}, true},
		{"no scope: roles", "Power App", "", []string{"G1 PAL"}, true},
		{"not an owned workload", "Storage", "/apps/a", []string{"G1 PAL"}, false},
	} {
		r := association.Resource{Tenant: "t1", Subscription: "s1", Scope: c.scope, Workload: c.workload}
		if got := reached(t, x, r, "2023-10-01"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if _, byRole := x.Reaches(r); byRole != c.byRole {
			t.Errorf("%s: by role is %v", c.name, byRole)
		}
	}
}

func TestTheOwnerOnTheDayHasTheWholeCSPHistory(t *testing.T) {
	facts := association.Facts{Resales: []association.Resale{
		{Subscription: "s1", Tier: "T1", Location: "L1", During: during(t, "2021-01-01", "2023-09-01")},
		{Subscription: "S1", Tier: "T1", Location: "L3", During: during(t, "2023-09-01", "")},
		{Subscription: "s2", Tier: "T2", Location: "L1", During: during(t, "2021-01-01", "2022-01-01")},
		{Subscription: "s2", Tier: "T1", Location: "L3", During: during(t, "2021-06-01", "2022-06-01")},
		{Subscription: "s3", Tier: "T1", Location: "L3", During: during(t, "2023-12-01", "")}, // after the day
	}}
	x := index(t, facts)
	for _, c := range []struct {
		subscription, at string
		want             []string
	}{
		{"s1", "2021-02-01", []string{"G2 CSP-T1"}},
		{"s1", "2020-02-01", nil},
		{"s2", "2021-02-01", []string{"G2 CSP-T1"}}, // nobody has it on the day: who had it last
		{"s3", "2023-12-02", nil},
	} {
		if got := reached(t, x, association.Resource{Subscription: c.subscription}, c.at); !slices.Equal(got, c.want) {
			t.Errorf("%s at %s: %v, want %v", c.subscription, c.at, got, c.want)
		}
	}
}

func TestWhatCanNeverCountIsNamed(t *testing.T) {
	always := during(t, "2020-01-01", "")
	x := index(t, association.Facts{
		Claims: []association.Claim{
			{ID: "global", Location: "g1", Tenant: "t1", Workload: "Teams", Role: association.UsageRole, During: always},
			{ID: "moved", Location: "L8", Tenant: "t1", Workload: "Teams", Role: association.UsageRole, During: always},
			{ID: "nothing", Location: "L1", Tenant: "t1", Role: association.UsageRole, During: always},
			{ID: "role", Location: "L1", Tenant: "t1", Workload: "Teams", Role: "owner", During: always},
		},
	})
	var codes []string
	for _, f := range x.Findings {
		codes = append(codes, f.Code)
		if f.Mend == "" {
			t.Errorf("%s says no mend", f)
		}
	}
	want := []string{"global-id-in-association", "unknown-location", "claim-covers-nothing", "claim-role"}
	if !slices.Equal(codes, want) {
		t.Errorf("found %v, want %v", codes, want)
	}
	if got := x.Findings[0].Mend; got != "name one of its locations: L1, L2" {
		t.Errorf("the mend for a global id is %q", got)
	}
}

func TestAClaimOnASubscriptionIsNarrowedByItsWorkload(t *testing.T) {
	always := during(t, "2020-01-01", "")
	x := index(t, association.Facts{Claims: []association.Claim{
		{ID: "c1", Location: "L1", Tenant: "t1", Subscription: "S1", Role: association.PresalesRole, During: always},
		{ID: "c2", Location: "L3", Tenant: "t1", Subscription: "s1", Workload: "Sales", Role: association.RevenueRole, During: always},
		{ID: "c3", Location: "L1", Tenant: "T1", Workload: "Teams", Role: association.UsageRole, During: always},
	}})
	for _, c := range []struct {
		subscription, workload string
		want                   []string
	}{
		{"s1", "Sales", []string{"G1 CPOR-OSA", "G2 CPOR-RevRec"}},
		{"s1", "Finance", []string{"G1 CPOR-OSA"}},
		{"s2", "Teams", []string{"G1 CPOR-OSU"}},
		{"s2", "teams", nil}, // workloads are compared exactly
	} {
		r := association.Resource{Tenant: "t1", Subscription: c.subscription, Workload: c.workload}
		if got := reached(t, x, r, "2023-10-01"); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %v, want %v", c.subscription, c.workload, got, c.want)
		}
	}
}

// The vendor's own exports may name the account where associations name a location.
func TestAnAssertionMayNameTheGlobalAccount(t *testing.T) {
	x := index(t, association.Facts{})
	for _, c := range []struct {
		partner, account, what string
		byGlobalID, ok         bool
	}{
		{"l1", "G1", "CPOR-RevRec of l1", false, true},
		{"g1", "G1", "CPOR-RevRec of global account g1", true, true},
		{"G9", "", "CPOR-RevRec of G9", false, false},
		{"G3", "G3", "CPOR-RevRec of global account G3", true, false}, // it has no location any more
	} {
		r, byGlobalID, ok := x.Asserted(program.CPORRevenue, c.partner, kizuna.Always, kizuna.Ref{})
		if r.Account != c.account || r.Evidence[0].What != c.what || byGlobalID != c.byGlobalID || ok != c.ok {
			t.Errorf("%s: %+v %v %v", c.partner, r, byGlobalID, ok)
		}
	}
	// One's own association is refused.
	x = index(t, association.Facts{Appointments: []association.Appointment{{Subscription: "s", Location: "G1", During: kizuna.Always}}})
	if len(x.Findings) != 1 || x.Findings[0].Code != "global-id-in-association" {
		t.Error(x.Findings)
	}
}
