package live

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/store"
)

// What went into an outline comes out of it, whatever scopes and subscriptions are.
func TestAnOutlineKeepsWhatResourcesAreAbout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
		o := newOutline()
		want := make(map[string][]association.Resource)
		users := make(map[string]map[string]bool)
		for n := range rapid.IntRange(0, 20).Draw(t, "customers") {
			id := fmt.Sprintf("t%02d", n)
			var about []association.Resource
			for range rapid.IntRange(1, 6).Draw(t, "resources") {
				r := association.Resource{
					Tenant: id, Subscription: text("subscription", "", "s1", "s2", "00000000-0000-0000-0000-000000000001"), Workload: text("workload", "Storage", "Teams", ""),
				}
				r.Scope = association.ScopeOf(r.Subscription, text("scope", "", "/", "/subscriptions/s1", "/subscriptions/s1/resourcegroups/a", "/subscriptions/s2/x", "/subscriptions/", "app"))
				about = append(about, r)
				if r.Subscription != "" {
					if users[r.Subscription] == nil {
						users[r.Subscription] = make(map[string]bool)
					}
					users[r.Subscription][id] = true
				}
			}
			slices.SortStableFunc(about, func(a, b association.Resource) int {
				return cmp.Or(association.ComparePaths(a.Scope, b.Scope), cmp.Compare(a.Subscription, b.Subscription))
			})
			want[id] = about
			o.add(id, about)
		}
		o.finish()
		for id, about := range want {
			if got := o.about(id); !o.has(id) || !reflect.DeepEqual(got, about) {
				t.Fatalf("%s: %+v, want %+v", id, got, about)
			}
		}
		if o.has("t") || o.about("zz") != nil || o.usersOf("s9") != nil || o.usersOf("") != nil {
			t.Fatal("there is what was not put in")
		}
		for subscription, by := range users {
			got := o.usersOf(subscription)
			if len(got) != len(by) || slices.ContainsFunc(got, func(id string) bool { return !by[id] }) {
				t.Fatalf("%s is used by %v, want %v", subscription, got, by)
			}
		}
	})
}

// Every kind of thing that a record tells of is followed or a reason to count anew; a
// kind that is added must be thought about here.
func TestEveryKindOfEventIsKnown(t *testing.T) {
	anew := map[store.Kind]Reason{record.LocationKind: NewLocation, imports.File: NewImport, imports.Settings: NewImport, "else": UnknownEvent}
	for _, kind := range append(record.Kinds(), imports.File, imports.Settings, "else") {
		o := newOutline()
		o.finish()
		l := &look{base: &base{outline: o}, work: make(work), identities: make(map[identity]bool)}
		reason, err := l.event(t.Context(), &store.Event{Thing: store.Thing{Kind: kind, ID: "x"}, Event: lifecycle.Event{Type: "x"}})
		if err != nil || reason != anew[kind] {
			t.Errorf("%s: %q, %v", kind, reason, err)
		}
	}
}
