package record_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

func listed(t *testing.T, object, scope, since string) association.Assignment {
	return association.Assignment{
		Tenant: "T1", Object: object, Role: "Owner", Scope: scope,
		During: kizuna.Interval{From: instant(t, since), To: kizuna.Forever}, At: kizuna.Ref{File: "roles.json", Line: 3},
	}
}

func TestWhatAFullListingNoLongerHasEndsOnItsDay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, vendor := t.Context(), l.as("vendor:az")
		l.on("2023-02-01")
		first := &record.Listing{Full: "/", Assignments: []association.Assignment{
			listed(t, "O1", "/subscriptions/S1", "2023-01-05"), listed(t, "o1", "/subscriptions/S1/", "2023-01-05"),
			listed(t, "O2", "/subscriptions/S2", "2023-01-06"),
		}}
		if told := must(l.Relate(ctx, vendor, "T1", first))(l); told.Began != 2 || told.Ended != 0 {
			t.Errorf("first: %+v", told)
		}
		l.on("2023-03-01")
		if told := must(l.Relate(ctx, vendor, "T1", first))(l); told.Unchanged != 2 || told.Began+told.Ended != 0 {
			t.Errorf("again: %+v", told)
		}
		// A listing of one subscription says nothing about another.
		only := &record.Listing{Full: "/subscriptions/s1", Assignments: []association.Assignment{listed(t, "O3", "/subscriptions/S1", "2023-02-20")}}
		if told := must(l.Relate(ctx, vendor, "T1", only))(l); told.Began != 1 || told.Ended != 1 || types(told.Events) != "role.granted role.revoked" {
			t.Errorf("one subscription: %+v", told)
		}
		// What comes back came back after it had ended, whatever the listing says.
		l.on("2023-04-01")
		if told := must(l.Relate(ctx, vendor, "T1", first))(l); told.Began != 1 || told.Ended != 1 {
			t.Errorf("back: %+v", told)
		}
		facts, _, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{
			"O1 2023-01-05 2023-03-01": true, "O1 2023-03-01 ": true, "O2 2023-01-06 ": true, "O3 2023-02-20 2023-04-01": true,
		}
		for _, a := range facts.Assignments {
			key := a.Object + " " + a.During.From.String() + " " + a.During.To.String()
			if !want[key] {
				t.Errorf("unexpected %s", key)
			}
			delete(want, key)
		}
		if len(want) > 0 {
			t.Errorf("missing %v", want)
		}

		// All or nothing, and only of the tenant that it is imported for.
		future := &record.Listing{Assignments: []association.Assignment{listed(t, "O9", "/", "2023-03-01"), listed(t, "O8", "/", "2023-05-01")}}
		_, err = l.Relate(ctx, vendor, "T1", future)
		l.refuses("access-listing-day", err)
		_, err = l.Relate(ctx, vendor, "T2", first)
		l.refuses("access-listing-tenant", err)
		_, err = l.Relate(ctx, l.as("partner:L1/u"), "T1", &record.Listing{Assignments: future.Assignments[:1]})
		l.refuses("lifecycle-actor", err)
		if got := listOf(l.Assignments(ctx, l.view("operator"), store.Query{Subject: "o9"})); got != "" {
			t.Errorf("kept %s", got)
		}
	})
}

func TestScopesMoveAsListingsSay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, vendor := t.Context(), l.as("vendor:az")
		under := func(parent string) *record.Listing {
			return &record.Listing{Full: "/", Scopes: []association.ScopeParent{
				{Tenant: "T1", Scope: "/groups/root", During: kizuna.Always},
				{Tenant: "T1", Scope: "/subscriptions/S1", Parent: parent, During: kizuna.Always},
			}}
		}
		l.on("2023-02-01")
		must(l.Relate(ctx, vendor, "T1", under("/groups/a")))(l)
		must(l.Place(ctx, l.as("customer:T1/admin"), access.Move, "T1", "/subscriptions/S2", "/groups/a"))(l)
		l.on("2023-03-01")
		told := must(l.Relate(ctx, vendor, "T1", under("/groups/b")))(l)
		if told.Moved != 1 || told.Ended != 1 {
			t.Errorf("%+v", told)
		}
		facts, _, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil || len(facts.Scopes) != 3 || facts.Scopes[0].During != (kizuna.Interval{From: kizuna.Never, To: l.now}) || facts.Scopes[1].Parent != "/groups/b" {
			t.Errorf("%+v, %v", facts.Scopes, err)
		}
	})
}

// A role of a group, for a time, at a management group: the link reaches what lies
// under it as long as all of it holds, and the clock ends what was given for a time.
func TestALinkReachesThroughGroupsAsLongAsTheyLast(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, admin := t.Context(), l.as("customer:T1/admin")
		l.companies()
		until := instant(t, "2023-04-01")
		must(l.Access(ctx, admin, access.Grant, record.Role{Tenant: "T1", Object: "TEAM", Role: "Contributor", Scope: "/groups/a"}, 0))(l)
		must(l.Member(ctx, admin, access.Grant, "T1", "TEAM", "O1", until))(l)
		must(l.Place(ctx, admin, access.Move, "T1", "/subscriptions/S1", "/groups/a"))(l)
		link := must(l.Link(ctx, l.as("identity:T1/O1"), pal.Create, "L1"))(l)
		at := association.Resource{Tenant: "t1", Scope: "/subscriptions/s1"}

		l.on("2023-06-01") // the clock stood still
		events := l.ring()
		if types(events) != "membership.expired" {
			t.Errorf("rang %s", types(events))
		}
		reach := must(l.Reach(ctx, l.view("identity:T1/O1"), &link.Value, at))(l)
		if len(reach) != 1 || reach[0].During.To != until || reach[0].Ended[0].Kind != association.ByMembership {
			t.Errorf("%+v", reach)
		}
		if again := l.ring(); len(again) > 0 {
			t.Errorf("rang twice: %s", types(again))
		}
	})
}
