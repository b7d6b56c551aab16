package access_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/program"
)

func between(from, to kizuna.Instant) kizuna.Interval { return kizuna.Interval{From: from, To: to} }

// question asks a program in which readers earn nothing.
var question = association.Question{
	Program: &program.Program{Roles: program.Roles{ExcludeContaining: []string{"reader"}}},
	AsOf:    kizuna.NewDate(2023, 11, 15),
}

func world() *association.Facts {
	const last = kizuna.Forever
	return &association.Facts{
		Locations: []association.Location{
			{ID: "L1", Global: "G1", During: kizuna.Always}, {ID: "L2", Global: "G2", During: kizuna.Always},
		},
		Links: []association.Link{
			{Tenant: "t1", Object: "o1", Location: "L1", During: between(100, last)},
			{Tenant: "t1", Object: "o2", Location: "L2", During: between(0, last)}, // somebody else's
		},
		Assignments: []association.Assignment{
			{Tenant: "t1", Object: "o1", Role: "Contributor", Scope: "/subscriptions/s1", During: between(50, 300)},
			{Tenant: "t1", Object: "o1", Role: "Reader", Scope: "/subscriptions/s1", During: between(0, last)},
			{Tenant: "t1", Object: "o2", Role: "Owner", Scope: "/", During: between(0, last)},
		},
	}
}

func TestALossNamesTheFactThatEnded(t *testing.T) {
	const last = kizuna.Forever
	link := access.Identity{Tenant: "T1", Object: "O1"}
	s1 := association.Resource{Tenant: "t1", Subscription: "s1"}
	type stretch struct {
		location     string
		during       kizuna.Interval
		began, ended []string
	}
	roleAt := func(scope string) string { return "role_assignment Contributor at " + scope }
	for _, c := range []struct {
		name string
		told func(*association.Facts)
		want []stretch
	}{
		{"the role ended", func(*association.Facts) {},
			[]stretch{{"L1", between(100, 300), []string{"pal_link o1 in t1"}, []string{roleAt("/subscriptions/s1")}}}},
		{"the link was deleted, and came back", func(f *association.Facts) {
			f.Links[0].During.To = 200
			f.Links = append(f.Links, association.Link{Tenant: "t1", Object: "o1", Location: "L1", During: between(250, last)})
		}, []stretch{
			{"L1", between(100, 200), []string{"pal_link o1 in t1"}, []string{"pal_link o1 in t1"}},
			{"L1", between(250, 300), []string{"pal_link o1 in t1"}, []string{roleAt("/subscriptions/s1")}},
		}},
		{"the link moved to another partner", func(f *association.Facts) {
			f.Links[0].During.To = 200
			f.Links = append(f.Links, association.Link{Tenant: "t1", Object: "o1", Location: "L2", During: between(200, last)})
		}, []stretch{
			{"L1", between(100, 200), []string{"pal_link o1 in t1"}, []string{"pal_link o1 in t1"}},
			{"L2", between(200, 300), []string{"pal_link o1 in t1"}, []string{roleAt("/subscriptions/s1")}},
		}},
		{"it left the group that held the role", func(f *association.Facts) {
			f.Assignments[0].Object, f.Assignments[0].During = "g1", between(0, last)
			f.Memberships = []association.Membership{{Tenant: "t1", Group: "g1", Object: "o1", During: between(120, 220)}}
		}, []stretch{{"L1", between(120, 220), []string{"group_membership o1 in group g1"}, []string{"group_membership o1 in group g1"}}}},
		{"the subscription moved away", func(f *association.Facts) {
			f.Assignments[0].Scope, f.Assignments[0].During = "/groups/a", between(0, last)
			f.Scopes = []association.ScopeParent{{Tenant: "t1", Scope: "/subscriptions/s1", Parent: "/groups/a", During: between(0, 170)}}
		}, []stretch{{"L1", between(100, 170), []string{"pal_link o1 in t1"}, []string{"scope_placement /subscriptions/s1 under /groups/a"}}}},
		{"another role still reaches", func(f *association.Facts) {
			f.Assignments = append(f.Assignments, association.Assignment{Tenant: "t1", Object: "o1", Role: "Owner", Scope: "/", During: between(200, 400)})
		}, []stretch{{"L1", between(100, 400), []string{"pal_link o1 in t1"}, []string{"role_assignment Owner at /"}}}},
		{"it lasts", func(f *association.Facts) { f.Assignments[0].During.To = last },
			[]stretch{{"L1", between(100, last), []string{"pal_link o1 in t1"}, nil}}},
		{"only a reader", func(f *association.Facts) { f.Assignments = f.Assignments[1:] }, nil},
	} {
		f := world()
		c.told(f)
		var got []stretch
		for _, s := range access.Over(f, question, link, s1) {
			got = append(got, stretch{s.Location, s.During, kinds(s.Began), kinds(s.Ended)})
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestWithoutAResourceTheScopesOfTheRolesAreTold(t *testing.T) {
	f := world()
	f.Assignments = append(f.Assignments, association.Assignment{Tenant: "T1", Object: "o1", Role: "Owner", Scope: "/Groups/a/", During: between(0, 500)})
	var scopes []string
	for _, s := range access.Over(f, question, access.Identity{Tenant: "t1", Object: "o1"}) {
		scopes = append(scopes, s.Resource.Scope)
	}
	if !slices.Equal(scopes, []string{"/groups/a", "/subscriptions/s1"}) {
		t.Errorf("scopes %q", scopes)
	}
	if got := access.Over(f, question, access.Identity{Tenant: "t1", Object: "o9"}); got != nil {
		t.Errorf("an identity without a link reached %v", got)
	}
}
