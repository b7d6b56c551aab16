package watch_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/advice/watch"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func row(table string, cells ...string) scenario.Row {
	r := scenario.Row{Table: table}
	for i := 0; i < len(cells); i += 2 {
		r.Cells = append(r.Cells, scenario.Cell{Column: cells[i], Text: cells[i+1]})
	}
	return r
}

// Rows that differ account for every difference: what is removed and added, taken away
// and put back, makes one of the other.
func TestRowsThatDifferAccountForTheDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) (rows []scenario.Row) {
			for range rapid.IntRange(0, 8).Draw(t, label) {
				rows = append(rows, row(rapid.SampledFrom([]string{"dpor", "csp"}).Draw(t, "table"),
					"subscription_id", rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, "subscription"), "from", rapid.SampledFrom([]string{"2023-01-01", "2023-02-01"}).Draw(t, "from")))
			}
			return rows
		}
		before, after := &watch.Kept{Rows: append([]scenario.Row{}, draw("before")...)}, &watch.Kept{Rows: append([]scenario.Row{}, draw("after")...)}
		count := make(map[string]int)
		add := func(table string, cells []scenario.Cell, n int) {
			if cells != nil {
				count[table+" "+watch.Said(cells)] += n
			}
		}
		for _, r := range before.Rows {
			add(r.Table, r.Cells, 1)
		}
		for _, r := range after.Rows {
			add(r.Table, r.Cells, -1)
		}
		for _, f := range watch.Facts(before, after) {
			add(f.Table, f.Before, -1)
			add(f.Table, f.After, 1)
			if changed := f.Before != nil && f.After != nil; changed != (f.Fate == watch.Changed) || changed && len(f.Differing()) == 0 {
				t.Fatalf("%+v", f)
			}
		}
		for what, n := range count {
			if n != 0 {
				t.Fatalf("%s: %d too many", what, n)
			}
		}
	})
}

// What is kept comes back from JSON, and holds no names.
func TestWhatIsKeptHoldsNoNames(t *testing.T) {
	d := demo.New()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		t.Fatal(err)
	}
	b, err := advice.New(score.Question{Program: p, AsOf: demo.AsOf, Trust: attribution.TrustBoth}, demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: d.Coverage(), Usage: advice.UsageOf(usage.Collect(d.Usage), d.Rates),
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := (dataset.ScenarioTables{}).Rows(&scenario.Facts{Associations: d.Associations, People: d.People})
	k := watch.Keep(b.Now(), rows)
	data, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.People.People {
		if bytes.Contains(data, []byte(p.Name)) {
			t.Errorf("%s is kept", p.Name)
		}
	}
	for _, c := range d.Associations.Customers {
		if bytes.Contains(data, []byte(c.Name)) {
			t.Errorf("%s is kept", c.Name)
		}
	}
	again := new(watch.Kept)
	if err := json.Unmarshal(data, again); err != nil {
		t.Fatal(err)
	}
	r := watch.Looked(again, k, watch.ConcernOf(again, k), nil, watch.Compare(again.State, k.State, noProgram))
	if r.Moved() || len(r.Events()) > 0 {
		t.Errorf("%+v", r)
	}

	// A competitor's claim concerns nobody else, a customer's role assignment does.
	k.Rows = append(k.Rows, row("dpor", "subscription_id", "s", "location_id", "990002001", "from", "2023-01-01"),
		row("role_assignments", "tenant_id", d.Associations.Claims[0].Tenant, "object_id", "o", "role", "Owner", "scope", "/", "from", "2023-01-01"))
	k.At = kizuna.MomentOf(demo.AsOf.Time())
	r = watch.Looked(again, k, watch.ConcernOf(again, k), nil, watch.Compare(again.State, k.State, noProgram))
	if len(r.Facts) != 1 || r.Facts[0].Table != "role_assignments" || len(r.Events()) != 1 || r.Events()[0].Type != "io.github.kizuna-org.fact.added" {
		t.Errorf("%+v", r.Facts)
	}
}
