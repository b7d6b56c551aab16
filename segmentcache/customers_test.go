package segmentcache_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/segmentcache"
)

// customersMustAgree compares the customers that the cache yields with those that all
// rows of usage make.
func customersMustAgree(t fataler, f *segmentcache.Facts, d *dataset.Dataset) {
	t.Helper()
	numbers := segment.NewPatch().Numbers()
	want := usageIn(t, advice.UsageOf(d.Ledger, d.Rates), numbers)
	got := usageIn(t, f.Customers, numbers)
	if len(got) != len(want) {
		t.Fatal(fmt.Sprintf("the cache yields %d customers, all rows make %d", len(got), len(want)))
	}
	n := 0
	for p, err := range f.Resources() {
		if err != nil {
			t.Fatal(kizuna.CodeOf(err), err)
		}
		for n < len(got) && len(got[n].About) == 0 {
			n++
		}
		if n == len(got) || p.Tenant != got[n].ID || !slices.Equal(p.Resources, got[n].About) {
			t.Fatal(fmt.Sprintf("%d: the resources of %s are\n%+v", n, p.Tenant, p.Resources))
		}
		n++
	}
	if left := slices.IndexFunc(got[n:], func(c *advice.Customer) bool { return len(c.About) > 0 }); left >= 0 {
		t.Fatal("the resources of " + got[n+left].ID + " are missing")
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatal(fmt.Sprintf("all rows make\n%+v %+v\nthe cache\n%+v %+v", want[i].Tenant, want[i].About, got[i].Tenant, got[i].About))
		}
	}
}

// adviceMustAgree compares what an account comes to by the usage as it lies packed and by
// all rows, as facts are and with something that is always assumed.
func adviceMustAgree(t fataler, f *segmentcache.Facts, d *dataset.Dataset, q score.Question) {
	t.Helper()
	if _, twins := f.Twins(q.Program); twins || len(d.Associations.Locations) == 0 {
		return
	}
	account := d.Associations.Locations[0].Global
	packed := &advice.Facts{Associations: &f.Data.Associations, People: &f.Data.People, Coverage: f.Data.Coverage(), Packed: f.Packed}
	rows := &advice.Facts{Associations: &d.Associations, People: &d.People, Coverage: d.Coverage(), Usage: advice.UsageOf(d.Ledger, d.Rates)}
	for _, always := range [][]*advice.Changes{nil, {{Growth: []advice.Growth{{From: q.AsOf.Month().Add(-13), Factor: kizuna.Ratio(3, 2)}}}}} {
		packed.Always, rows.Always = always, always
		var said [2]string
		for i, facts := range []*advice.Facts{packed, rows} {
			b, err := advice.New(q, account, facts)
			if err != nil {
				t.Fatal(err)
			}
			ended, err := b.Evaluate(&advice.Changes{Growth: []advice.Growth{{Tenant: "t1", From: q.AsOf.Month().Add(-3), Factor: kizuna.Ratio(1, 2)}}})
			if err != nil {
				t.Fatal(err)
			}
			data, err := json.Marshal([]any{b.Now().Score(), ended.Score()})
			if err != nil {
				t.Fatal(err)
			}
			said[i] = string(data)
		}
		if said[0] != said[1] {
			t.Fatal(fmt.Sprintf("packed\n%s\nall rows\n%s", said[0], said[1]))
		}
	}
}

// usageIn collects customers without what facts say of them.
func usageIn(t fataler, usage advice.Usage, names segment.Names) (out []*advice.Customer) {
	t.Helper()
	for c, err := range usage(names) {
		if err != nil {
			t.Fatal(kizuna.CodeOf(err), err)
		}
		of := segment.Tenant{ID: c.ID}
		for _, r := range c.Resources {
			r.Product, r.Owned = 0, false
			for i := range r.Rows {
				if len(r.Rows[i].Asserted) == 0 {
					r.Rows[i].Asserted = nil
				}
			}
			slices.SortStableFunc(r.Rows, func(a, b segment.Row) int { // rows of one period have no order
				return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day), strings.Compare(fmt.Sprint(a), fmt.Sprint(b)))
			})
			of.Resources = append(of.Resources, r)
		}
		out = append(out, &advice.Customer{Tenant: &of, About: c.About})
	}
	return out
}
