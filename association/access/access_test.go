package access_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
)

var (
	admin = lifecycle.Actor{Role: lifecycle.Customer, Company: "T1", ID: "u1"}
	clock = lifecycle.Actor{Role: lifecycle.System}
)

func newRole() access.Assignment {
	return access.Assignment{ID: "a1", Tenant: "t1", Object: "o1", Role: "Contributor", Scope: "/subscriptions/s1"}
}

func grant(at, until kizuna.Instant) access.Step {
	return access.Step{Action: access.Grant, Actor: admin, At: at, Until: until}
}

func revoke(at kizuna.Instant) access.Step {
	return access.Step{Action: access.Revoke, Actor: admin, At: at}
}

func apply(t *testing.T, a access.Assignment, steps ...access.Step) (access.Assignment, []lifecycle.Event) {
	t.Helper()
	var all []lifecycle.Event
	for _, s := range steps {
		var events []lifecycle.Event
		var err error
		if a, events, err = a.Apply(s); err != nil {
			t.Fatal(err)
		}
		all = append(all, events...)
	}
	return a, all
}

func TestEveryoneMayDoWhatTheTableSays(t *testing.T) {
	lifecycletest.Sound(t, access.Machine())
	lifecycletest.Expect(t, access.Machine(), "testdata/walk.txt",
		func(t *testing.T, s lifecycle.State, a lifecycle.Action, r lifecycle.Role) (lifecycle.State, error) {
			role := newRole()
			switch s {
			case access.Held:
				role, _ = apply(t, role, grant(100, 200))
			case access.Ended:
				role, _ = apply(t, role, grant(10, 0), revoke(20))
			}
			before := lifecycletest.Bytes(t, role)
			step := access.Step{Action: a, Actor: admin, At: 150}
			if a == access.Expire {
				step.At = 200
			}
			step.Actor.Role = r
			after, events, err := role.Apply(step)
			if lifecycletest.Bytes(t, role) != before || err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) {
				t.Error("the assignment given was changed, or a refused step changed it")
			}
			return after.State, err
		})
}

func TestEveryoneMayMoveWhatTheTableSays(t *testing.T) {
	lifecycletest.Sound(t, access.PlacementMachine())
	lifecycletest.Expect(t, access.PlacementMachine(), "testdata/placement.txt",
		func(t *testing.T, s lifecycle.State, a lifecycle.Action, r lifecycle.Role) (lifecycle.State, error) {
			place := access.Placement{Tenant: "t1", Scope: "/subscriptions/s1"}
			if s == access.Placed {
				var err error
				if place, _, err = place.Apply(access.MoveStep{Action: access.Move, Actor: admin, At: 100, Parent: "/groups/a"}); err != nil {
					t.Fatal(err)
				}
			}
			before := lifecycletest.Bytes(t, place)
			actor := admin
			actor.Role = r
			after, events, err := place.Apply(access.MoveStep{Action: a, Actor: actor, At: 200, Parent: "/groups/b"})
			if lifecycletest.Bytes(t, place) != before || err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) {
				t.Error("the placement given was changed, or a refused step changed it")
			}
			return after.State, err
		})
}

func TestTheDocumentsShowTheMachines(t *testing.T) {
	held, placed := access.Machine(), access.PlacementMachine()
	for name, m := range map[string][2]string{
		"access": {held.Markdown(), held.Mermaid()}, "placement": {placed.Markdown(), placed.Mermaid()},
	} {
		lifecycletest.Documented(t, name, m[0], m[1], "../../docs/associations.md", "../../docs/associations.ja.md")
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	stranger := grant(100, 0)
	stranger.Actor.Company = "t2"
	held, _ := apply(t, newRole(), grant(100, 200))
	for name, c := range map[string]struct {
		from access.Assignment
		step access.Step
		code string
	}{
		"another tenant's administrator": {newRole(), stranger, "access-not-own"},
		"an end before the beginning":    {newRole(), grant(100, 100), "access-until"},
		"before the last step":           {held, revoke(99), "step-before-last"},
		"before its time is over":        {held, access.Step{Action: access.Expire, Actor: clock, At: 199}, "access-not-over"},
	} {
		after, events, err := c.from.Apply(c.step)
		if kizuna.CodeOf(err) != c.code || !reflect.DeepEqual(after, c.from) || events != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	place := access.Placement{Tenant: "t1", Scope: "/Groups/A"}
	for _, parent := range []string{"", "/groups/a/"} {
		if _, _, err := place.Apply(access.MoveStep{Action: access.Move, Actor: admin, At: 100, Parent: parent}); kizuna.CodeOf(err) != "placement-parent" {
			t.Errorf("%q: %v", parent, err)
		}
	}
}

func TestAGrantForATimeEndsWhenItFellDue(t *testing.T) {
	held, _ := apply(t, newRole(), grant(100, 200))
	if at, ok := held.Due(); !ok || at != 200 {
		t.Errorf("due %d, %v", at, ok)
	}
	expire := access.Step{Action: access.Expire, Actor: clock, At: 9000}
	ended, events := apply(t, held, expire)
	want := []association.Assignment{{Tenant: "t1", Object: "o1", Role: "Contributor", Scope: "/subscriptions/s1", During: kizuna.Interval{From: 100, To: 200}}}
	if got := ended.Facts(); !reflect.DeepEqual(got, want) || events[0].Type != "role.expired" {
		t.Errorf("%v with %v", got, events)
	}
	if _, _, err := ended.Apply(expire); kizuna.CodeOf(err) != "lifecycle-action" {
		t.Errorf("done twice: %v", err)
	}
	// Activated again before the clock came by: the first time ended when it was over.
	again, events := apply(t, held, grant(300, 400))
	if len(again.Spells) != 2 || again.Spells[0].During.To != 200 || again.Until != 400 || len(events) != 2 {
		t.Errorf("%+v with %v", again, events)
	}
}

func TestMembershipsAndPlacementsBecomeFacts(t *testing.T) {
	m := access.Membership{Tenant: "t1", Group: "g1", Object: "o1"}
	for _, s := range []access.Step{grant(100, 0), revoke(200), grant(200, 0)} {
		var err error
		if m, _, err = m.Apply(s); err != nil {
			t.Fatal(err)
		}
	}
	want := []association.Membership{
		{Tenant: "t1", Group: "g1", Object: "o1", During: kizuna.Interval{From: 100, To: 200}},
		{Tenant: "t1", Group: "g1", Object: "o1", During: kizuna.Interval{From: 200, To: kizuna.Forever}},
	}
	if got := m.Facts(); !reflect.DeepEqual(got, want) {
		t.Errorf("facts %v, want %v", got, want)
	}
	p := access.Placement{Tenant: "t1", Scope: "/subscriptions/s1"}
	for _, s := range []access.MoveStep{
		{Action: access.Move, Actor: admin, At: 100, Parent: "/groups/a"}, {Action: access.Move, Actor: admin, At: 200, Parent: "/groups/b"},
		{Action: access.Remove, Actor: admin, At: 300},
	} {
		var err error
		if p, _, err = p.Apply(s); err != nil {
			t.Fatal(err)
		}
	}
	placed := []association.ScopeParent{
		{Tenant: "t1", Scope: "/subscriptions/s1", Parent: "/groups/a", During: kizuna.Interval{From: 100, To: 200}},
		{Tenant: "t1", Scope: "/subscriptions/s1", Parent: "/groups/b", During: kizuna.Interval{From: 200, To: 300}},
	}
	if got := p.Facts(); !reflect.DeepEqual(got, placed) {
		t.Errorf("facts %v, want %v", got, placed)
	}
}

func TestAccessKeepsItsPastWhateverIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) access.Step {
			return access.Step{
				Action: rapid.SampledFrom([]lifecycle.Action{access.Grant, access.Revoke, access.Expire}).Draw(t, "action"),
				Actor:  rapid.SampledFrom([]lifecycle.Actor{admin, admin, clock, {Role: lifecycle.Vendor}, {Role: lifecycle.Owner, Company: "t2"}}).Draw(t, "actor"),
				At:     kizuna.Instant(rapid.Int64Range(-50, 1000).Draw(t, "at")),
				Until:  kizuna.Instant(rapid.SampledFrom([]int64{0, 0, 100, 400, 900}).Draw(t, "until")),
			}
		}), 0, 30).Draw(t, "steps")
		role, again := newRole(), newRole()
		for _, s := range all {
			before := lifecycletest.Bytes(t, role)
			after, events, err := role.Apply(s)
			if lifecycletest.Bytes(t, role) != before {
				t.Fatal("the assignment given was changed")
			}
			if err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) || err == nil && events == nil {
				t.Fatalf("a step and its events differ: %v, %v", events, err)
			}
			role = after
			lifecycletest.CheckSpells(t, role.Spells, role.State == access.Held)
			lifecycletest.CheckJSON(t, role)
		}
		for _, s := range all {
			again, _, _ = again.Apply(s)
		}
		if lifecycletest.Bytes(t, again) != lifecycletest.Bytes(t, role) {
			t.Fatal("the same steps give another assignment")
		}
	})
}

func TestPlacementsKeepTheirPastWhateverIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := access.Placement{Tenant: "t1", Scope: "/subscriptions/s1"}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			before := lifecycletest.Bytes(t, place)
			after, _, err := place.Apply(access.MoveStep{
				Action: rapid.SampledFrom([]lifecycle.Action{access.Move, access.Move, access.Remove}).Draw(t, "action"),
				Actor:  rapid.SampledFrom([]lifecycle.Actor{admin, admin, clock}).Draw(t, "actor"),
				At:     kizuna.Instant(rapid.Int64Range(-50, 1000).Draw(t, "at")),
				Parent: rapid.SampledFrom([]string{"/groups/a", "/Groups/A/", "/groups/b", ""}).Draw(t, "parent"),
			})
			if lifecycletest.Bytes(t, place) != before || err != nil && lifecycletest.Bytes(t, after) != before {
				t.Fatal("the placement given was changed, or a refused step changed it")
			}
			place = after
			lifecycletest.CheckSpells(t, place.Spells, place.State == access.Placed)
			lifecycletest.CheckJSON(t, place)
		}
	})
}

// kinds lists the kinds of facts, as "role_assignment Owner at /groups/a".
func kinds(facts []association.Evidence) []string {
	var out []string
	for _, f := range facts {
		out = append(out, string(f.Kind)+" "+f.What)
	}
	slices.Sort(out)
	return out
}
