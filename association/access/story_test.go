package access_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

func TestAnEngineerLinksLosesTheRoleAndTheReachEndsThatDay(t *testing.T) {
	f := &association.Facts{Locations: []association.Location{{ID: "L1", Global: "G1", During: kizuna.Always}}}
	engineer := lifecycle.Actor{Role: lifecycle.Identity, Company: "t1", ID: "o1"}
	link, _, err := pal.Apply(pal.New("t1", "o1"), pal.Step{Action: pal.Create, Actor: engineer, At: 100, Partner: "L1"}, association.NewDirectory(f.Locations))
	if err != nil {
		t.Fatal(err)
	}
	role, _ := apply(t, newRole(), grant(200, 0), revoke(500))
	f.Links, f.Assignments = link.Facts(), role.Facts()

	told := access.Over(f, question, access.Identity{Tenant: "t1", Object: "o1"})
	if len(told) != 1 || told[0].During != between(200, 500) || told[0].Location != "L1" {
		t.Fatalf("%+v", told)
	}
	if why := kinds(told[0].Ended); !slices.Equal(why, []string{"role_assignment Contributor at /subscriptions/s1"}) {
		t.Errorf("it ended because of %q", why)
	}
}

func TestOnlyRolesThatTheProgramNamesEarn(t *testing.T) {
	q := question
	q.Program = &program.Program{Roles: program.Roles{Eligible: []string{"Contributor", "Support Request Contributor", "Reader and Data Access"}}}
	for role, earns := range map[string]bool{
		"Contributor": true, "Support Request Contributor": true, "Reader and Data Access": true,
		"Reader": false, "Owner": false, "Cognitive Services User": false,
	} {
		f := world()
		f.Assignments = f.Assignments[:1]
		f.Assignments[0].Role = role
		if got := access.Over(f, q, access.Identity{Tenant: "t1", Object: "o1"}); (len(got) == 1) != earns {
			t.Errorf("%s reached %v", role, got)
		}
	}
}

// TestStretchesAreWhatHeldInEverySecond compares with the rule read out second by
// second: the link, a role of its own or of a group it is in, at the subscription or
// at the management group it lies under.
func TestStretchesAreWhatHeldInEverySecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		during := rapid.Custom(func(t *rapid.T) kizuna.Interval {
			from := rapid.Int64Range(0, 20).Draw(t, "from")
			return between(kizuna.Instant(from), kizuna.Instant(from+rapid.Int64Range(0, 15).Draw(t, "length")))
		})
		times := rapid.SliceOfN(during, 0, 3)
		f := &association.Facts{Locations: world().Locations}
		for _, i := range times.Draw(t, "links") {
			f.Links = append(f.Links, association.Link{Tenant: "t1", Object: "o1", Location: "L1", During: i})
		}
		for _, i := range times.Draw(t, "memberships") {
			f.Memberships = append(f.Memberships, association.Membership{Tenant: "t1", Group: "g1", Object: "o1", During: i})
		}
		for _, i := range times.Draw(t, "placements") {
			f.Scopes = append(f.Scopes, association.ScopeParent{Tenant: "t1", Scope: "/subscriptions/s1", Parent: "/groups/a", During: i})
		}
		for _, i := range times.Draw(t, "roles") {
			f.Assignments = append(f.Assignments, association.Assignment{
				Tenant: "t1", Object: rapid.SampledFrom([]string{"o1", "g1"}).Draw(t, "holder"), Role: "Owner",
				Scope: rapid.SampledFrom([]string{"/subscriptions/s1", "/groups/a", "/subscriptions/s2"}).Draw(t, "scope"), During: i,
			})
		}
		holds := func(at kizuna.Instant) bool {
			linked := slices.ContainsFunc(f.Links, func(l association.Link) bool { return l.During.Contains(at) })
			member := slices.ContainsFunc(f.Memberships, func(m association.Membership) bool { return m.During.Contains(at) })
			placed := slices.ContainsFunc(f.Scopes, func(s association.ScopeParent) bool { return s.During.Contains(at) })
			return linked && slices.ContainsFunc(f.Assignments, func(a association.Assignment) bool {
				return a.During.Contains(at) && (a.Object == "o1" || member) && (a.Scope == "/subscriptions/s1" || a.Scope == "/groups/a" && placed)
			})
		}
		told := access.Over(f, question, access.Identity{Tenant: "t1", Object: "o1"}, association.Resource{Tenant: "t1", Subscription: "s1"})
		for at := kizuna.Instant(0); at < 40; at++ {
			in := slices.ContainsFunc(told, func(s access.Stretch) bool { return s.During.Contains(at) })
			if in != holds(at) {
				t.Fatalf("at %d reached is %v: %v", at, in, told)
			}
		}
		for i, s := range told {
			if len(s.Began) == 0 || len(s.Ended) == 0 || i > 0 && told[i-1].During.To >= s.During.From {
				t.Fatalf("a stretch without a reason, or two that touch: %+v", told)
			}
		}
	})
}
