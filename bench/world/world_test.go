package world_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna/bench/world"
)

func catalog(t testing.TB) *world.Catalog {
	t.Helper()
	p, err := world.FindProgram()
	if err != nil {
		t.Fatal(err)
	}
	return world.NewCatalog(p)
}

func copyOf(t *world.Tenant) world.Tenant {
	c := *t
	c.Leaves, c.Claims, c.Resales = slices.Clone(t.Leaves), slices.Clone(t.Claims), slices.Clone(t.Resales)
	c.Rows.Money, c.Rows.Day = slices.Clone(t.Rows.Money), slices.Clone(t.Rows.Day)
	return c
}

func TestACustomerIsAPureFunctionOfSeedAndNumber(t *testing.T) {
	cat := catalog(t)
	for _, c := range []world.Config{world.Tiny(3, 40), {Seed: 1, Rows: 20_000, Partners: 50, Scale: 60, Shape: 1.2, Least: 1, Most: 3000}} {
		var first []world.Tenant
		for x := range c.Tenants(cat) {
			first = append(first, copyOf(x))
		}
		rows := 0
		for i, want := range first {
			var alone world.Tenant
			next := c.Tenant(cat, want.Number, want.Node, c.Rows-rows, &alone)
			if next != want.End+1 || !reflect.DeepEqual(alone.Rows.Money, want.Rows.Money) || !reflect.DeepEqual(alone.Rows.Day, want.Rows.Day) ||
				!slices.Equal(alone.Leaves, want.Leaves) || !slices.Equal(alone.Claims, want.Claims) || !slices.Equal(alone.Resales, want.Resales) {
				t.Fatalf("customer %d is another when it is made alone", i)
			}
			rows += len(want.Rows.Month)
		}
		if rows != c.Rows {
			t.Errorf("%d rows, want %d", rows, c.Rows)
		}
	}
}

func TestTheTreeIsInPreOrderAndRowsAreUnique(t *testing.T) {
	cat := catalog(t)
	c := world.Tiny(5, 60)
	last := world.Node(0)
	for x := range c.Tenants(cat) {
		if x.Node != last+1 || x.End < x.Node {
			t.Fatalf("customer %d has nodes %d to %d after %d", x.Number, x.Node, x.End, last)
		}
		last = x.End
		type place struct {
			node  world.Node
			class world.Class
		}
		seen := make(map[place]bool)
		for i, l := range x.Leaves {
			if l.Node < x.Node || l.Node > x.End || i > 0 && l.Node < x.Leaves[i-1].Node {
				t.Fatalf("customer %d: leaf %d is out of place", x.Number, i)
			}
			if l.Subscription >= 0 {
				if s := x.Subscriptions[l.Subscription]; l.Node < s.Node || l.Node > s.End {
					t.Fatalf("customer %d: leaf %d is not in its subscription", x.Number, i)
				}
			}
			if seen[place{l.Node, l.Class}] {
				t.Fatalf("customer %d: leaf %d comes twice", x.Number, i)
			}
			seen[place{l.Node, l.Class}] = true
		}
	}
}

func TestSmallWorldsHaveEveryKindOfAssociation(t *testing.T) {
	cat := catalog(t)
	c := world.Tiny(1, 100)
	d := c.Dataset(cat)
	a := &d.Associations
	for what, n := range map[string]int{
		"locations": len(a.Locations), "subscriptions": len(a.Subscriptions), "scopes": len(a.Scopes), "claims": len(a.Claims),
		"links": len(a.Links), "assignments": len(a.Assignments), "appointments": len(a.Appointments), "resales": len(a.Resales),
		"people": len(d.People.People), "certificates": len(d.People.Certifications), "rows": d.Ledger.Len(),
	} {
		if n < 100 {
			t.Errorf("%d %s", n, what)
		}
	}
}
