package scenario_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

var tables = dataset.ScenarioTables{}

func parse(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("s.yaml", []byte(text), tables)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func demoFacts(t testing.TB) *score.Facts {
	t.Helper()
	d := demo.New()
	f := &score.Facts{People: &d.People, Coverage: d.Coverage()}
	f.Associations, f.Rates = &d.Associations, d.Rates
	f.Usage = usage.Collect(d.Usage)
	return f
}

func ground(t testing.TB) *scenario.Ground {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		t.Fatal(err)
	}
	return scenario.OfFacts(p, demoFacts(t), demo.AsOf.Month().Add(-1))
}

// What is wrong is said with its place and how to mend it.
func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct{ text, code, at string }{
		{"", "scenario-empty", "s.yaml"},
		{"add: [", "scenario-syntax", "s.yaml:2:1"},
		{"nam: a", "scenario-key", "s.yaml:1:1"},
		{"name: A b", "scenario-name", "s.yaml:1:7"},
		{"name: a\nname: b", "scenario-twice", "s.yaml:2:1"},
		{"name: a\n---\nname: b", "scenario-documents", "s.yaml"},
		{"name: &x a", "scenario-anchor", "s.yaml:1:7"},
		{"as_of: soon", "date", "s.yaml:1:8"},
		{"add: 3", "scenario-form", "s.yaml:1:6"},
		{"add:\n  claims: [{}]", "scenario-table", "s.yaml:2:3"},
		{"add:\n  dpor:\n  - {subscription_id: s, location: L1}", "scenario-column", "s.yaml:3:26"},
		{"add:\n  dpor:\n  - {subscription_id: s, location_id: L1}", "scenario-cell-missing", "s.yaml:3:5"},
		{"add:\n  dpor:\n  - {subscription_id: s, location_id: '', from: 2023-01-01}", "cell-empty", "s.yaml:3:39"},
		{"add:\n  dpor:\n  - {subscription_id: s, location_id: L1, from: yesterday}", "instant", "s.yaml:3:49"},
		{"add:\n  csp: {subscription_id: s, tier: T3, location_id: L1, from: 2023-01-01}", "cell-choice", "s.yaml:2:35"},
		{"end: [{on: 2023-01-01, tenant_id: t}]", "scenario-needs", "s.yaml:1:7"},
		{"end: [{table: usage, on: 2023-01-01}]", "scenario-end-table", "s.yaml:1:15"},
		{"end: [{table: dpor, on: 2023-01-01}]", "scenario-ends-all", "s.yaml:1:7"},
		{"end: [{table: dpor, on: 2023-01-01, tenant_id: t}]", "scenario-column", "s.yaml:1:37"},
		{"earn: {person: P01, certificate: AZ-104}", "scenario-needs", "s.yaml:1:7"},
		{"move: {tenant_id: t, tier: T9, on: 2023-01-01}", "scenario-tier", "s.yaml:1:28"},
		{"grow: {percent: -101, from: 2023-01}", "scenario-negative", "s.yaml:1:7"},
		{"grow: {percent: 1, from: 2023-02, to: 2023-01}", "scenario-months", "s.yaml:1:7"},
		{"grow: {percent: 10000001, from: 2023-02}", "scenario-percent", "s.yaml:1:17"},
		{"project: {percent_per_month: 1}", "scenario-needs", "s.yaml:1:10"},
	} {
		_, err := scenario.Parse("s.yaml", []byte(c.text), tables)
		known, ok := errors.AsType[*kizuna.Error](err)
		if !ok {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if known.Code != c.code && !strings.HasPrefix(known.Code, c.code) || !strings.HasPrefix(known.At.String(), c.at) {
			t.Errorf("%q: %s at %s, not %s at %s", c.text, known.Code, known.At, c.code, c.at)
		}
	}
}

// Ids that select nothing are errors, with their place.
func TestWhatSelectsNothingIsNamed(t *testing.T) {
	on := ground(t)
	for text, code := range map[string]string{
		"end: {table: dpor, subscription_id: nobody, on: 2023-01-01}":                               "change-selects-nothing",
		"earn: {person: P99, certificate: AZ-104, on: 2023-01-01}":                                  "scenario-person",
		"earn: {person: P01, certificate: AZ-999, on: 2023-01-01}":                                  "scenario-certificate",
		"lose: {person: P01, certificate: SC-100, on: 2023-01-01}":                                  "change-selects-nothing",
		"leave: {person: P99, on: 2023-01-01}":                                                      "scenario-person",
		"move: {tenant_id: nobody, to: '990002001', on: 2023-01-01}":                                "scenario-moves-nothing",
		"move: {tenant_id: nobody, to: nowhere, on: 2023-01-01}":                                    "scenario-location",
		"grow: {tenant_id: nobody, percent: 1, from: 2023-01}":                                      "scenario-no-usage",
		"add: {usage: {month: 2023-01, tenant_id: t, revenue: 5, currency: JPY}}":                   "no-exchange-rate",
		"add: {usage: {month: 2023-01, tenant_id: t, revenue_usd: 0.0000001}}":                      "scenario-millionths",
		"project: {until: 2020-01}":                                                                 "scenario-projection",
		"{project: {until: 2024-01}, add: {usage: {month: 2023-11, tenant_id: t, revenue_usd: 1}}}": "scenario-projected",
		"project: {until: 2024-01, customers: {nobody: 3}}":                                         "scenario-no-usage",
	} {
		_, err := parse(t, text).Changes(on)
		known, ok := errors.AsType[*kizuna.Error](err)
		if !ok || !strings.HasPrefix(known.Code, code) || known.At.Line != 1 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The conveniences say what rows and endings say.
func TestConveniencesAreRowsAndEndings(t *testing.T) {
	on := ground(t)
	var sold string
	for _, r := range on.Associations.Resales {
		if r.Location == "990001002" && r.During.Contains(kizuna.NewDate(2023, 9, 1).Instant()) {
			sold = r.Subscription
			break
		}
	}
	tier := on.Associations.Resales[0].Tier
	for short, long := range map[string]string{
		"earn: {person: P01, certificate: SC-100, on: 2023-01-01, expires_on: 2024-01-01}": "add: {certifications: {mcid: MC23633880, certificate: SC-100, earned_on: 2023-01-01, expires_on: 2024-01-01}}",
		"lose: {person: P01, certificate: AZ-104, on: 2023-01-01}":                         "end: {table: certifications, mcid: MC23633880, certificate: AZ-104, on: 2023-01-01}",
		"lose: {certificate: AZ-104, on: 2023-01-01}":                                      "end: {table: certifications, certificate: AZ-104, on: 2023-01-01}",
		"leave: {person: P01, on: 2023-01-01}":                                             "end: {table: profile_links, mcid: MC23633880, on: 2023-01-01}",
		"move: {subscription_id: " + sold + ", to: '990002001', on: 2023-09-01}": "add: {csp: {subscription_id: " + sold + ", tier: " + tier + ", location_id: '990002001', from: 2023-09-01}}\n" +
			"end: {table: csp, subscription_id: " + sold + ", location_id: '990001002', tier: " + tier + ", on: 2023-09-01}",
	} {
		a, errA := parse(t, short).Changes(on)
		b, errB := parse(t, long).Changes(on)
		if errA != nil || errB != nil {
			t.Errorf("%s: %v, %v", short, errA, errB)
			continue
		}
		if x, y := said(t, a), said(t, b); x != y {
			t.Errorf("%s\n%s\n%s", short, x, y)
		}
	}
}

// said is what changes change, without the places that say so.
func said(t testing.TB, c *advice.Changes) string {
	t.Helper()
	data, err := scenario.Format(scenario.Made(c), tables)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What is written is read again, and written again the same.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worldtest.DrawMixed(t)
		rows := w.Usage.Rows()
		for i := range rows {
			if rows[i].Revenue == nil || rows[i].Currency == "USD" {
				rows[i].Currency = "" // a table does not say it either
			}
		}
		for i := range w.Associations.Claims { // what claims everything leaves out what a table must say
			c := &w.Associations.Claims[i]
			c.ID, c.Tenant = cmp.Or(c.ID, "c"), cmp.Or(c.Tenant, "t1")
			if c.Subscription == "" {
				c.Workload = cmp.Or(c.Workload, "Teams")
			}
		}
		s := &scenario.Scenario{
			Name: "a-1", Title: program.Text{EN: rapid.SampledFrom([]string{"", "1", "yes: no", "#"}).Draw(t, "en"), JA: rapid.SampledFrom([]string{"", "試算"}).Draw(t, "ja")},
			Add: scenario.Facts{Associations: *w.Associations, People: *worldtest.DrawPeople(t), Usage: rows},
		}
		if s.Title.EN == "" {
			s.Title.JA = ""
		}
		for _, table := range advice.Tables() {
			if !rapid.Bool().Draw(t, "ends") {
				continue
			}
			e := scenario.Ending{}
			e.Table, e.Ending.At = table, kizuna.NewDate(2023, 5, 6).Instant()
			e.Location, e.Tenant = "L1", "null"
			switch table {
			case advice.Certifications, advice.ProfileLinks:
				e.Selection = advice.Selection{Table: table, MCID: "007"}
			case advice.Appointments, advice.Resales:
				e.Selection = advice.Selection{Table: table, Subscription: "1e3"}
			default:
				e.Selection = advice.Selection{Table: table, Tenant: "~"}
			}
			s.End = append(s.End, e)
		}
		if rapid.Bool().Draw(t, "grows") {
			var g scenario.Growth
			g.Tenant, g.From, g.Factor = "t1", kizuna.NewMonth(2023, 4), kizuna.Ratio(rapid.Int64Range(0, 50).Draw(t, "factor"), 7)
			s.Grow = append(s.Grow, g)
			s.Project = &scenario.Projection{Projection: advice.Projection{
				Until: kizuna.NewMonth(2024, 1), Rate: kizuna.Ratio(rapid.Int64Range(-9, 9).Draw(t, "rate"), 7), Rates: map[string]advice.Rates{"t2": advice.RatesOf(kizuna.Ratio(1, 3))},
			}}
		}
		first, err := scenario.Format(s, tables)
		if err != nil {
			t.Fatal(err)
		}
		read, err := scenario.Parse("s.yaml", first, tables)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		second, err := scenario.Format(read, tables)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
		if x, y := hashOf(t, s), hashOf(t, read); x != y {
			t.Fatal(x, y)
		}
	})
}

func hashOf(t *rapid.T, s *scenario.Scenario) kizuna.Hash {
	h, err := scenario.Hash(s, tables)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A scenario in JSON is one in YAML.
func TestJSONIsRead(t *testing.T) {
	text := `{"name": "x", "end": [{"table": "dpor", "subscription_id": "s", "on": "2023-01-01"}], "grow": {"percent": 10, "from": "2023-01"}}`
	if !json.Valid([]byte(text)) {
		t.Fatal(text)
	}
	a, b := parse(t, text), parse(t, "name: x\nend: [{table: dpor, subscription_id: s, on: 2023-01-01}]\ngrow: {percent: 10%, from: 2023-01}")
	b.End[0].At, b.Grow[0].At = a.End[0].At, a.Grow[0].At
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("name: x\nadd:\n  dpor:\n  - {subscription_id: s, location_id: L1, from: 2023-01-01}\n")
	f.Add("end: {table: csp, subscription_id: s, on: 2023-01-01}\ngrow: {percent: 1/3, from: 2023-01}")
	f.Add("add: {usage: {month: 2023-01, tenant_id: t, revenue_usd: 1.5}}\nproject: {until: 2024-01, customers: {t: -1}}")
	f.Add("move: {tenant_id: t, on: 2023-01-01}\nleave: {person: p, on: 2023-01-01}\nlose: {certificate: c, on: 2023-01-01}")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := scenario.Parse("s.yaml", []byte(text), tables)
		if err != nil {
			return
		}
		first, err := scenario.Format(s, tables)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsRune(text, 0) {
			return
		}
		again, err := scenario.Parse("s.yaml", first, tables)
		if len(first) < 10 || kizuna.CodeOf(err) == "scenario-empty" {
			return // it changes nothing
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second, err := scenario.Format(again, tables); err != nil || string(first) != string(second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}

// On a base and on facts as a whole a scenario means the same, and comes to the same.
func TestAScenarioMeansTheSameOnABase(t *testing.T) {
	f, on := demoFacts(t), ground(t)
	q := score.Question{Program: on.Program, AsOf: demo.AsOf}
	b, err := advice.New(q, demo.Partner, &advice.Facts{
		Associations: f.Associations, People: f.People, Coverage: f.Coverage, Usage: advice.UsageOf(f.Usage, f.Rates),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"earn: {person: P01, certificate: SC-100, on: 2023-01-01}",
		"lose: {certificate: AZ-104, on: 2023-01-01}\nleave: {person: P02, on: 2023-02-01}",
		"grow: [{percent: 10, from: 2023-01, workload: Storage}, {tenant_id: 4a295f54-79ae-8c51-b0e4-f253fdf72abe, percent: -5, from: 2023-10}]",
		"project: {until: 2023-12, percent_per_month: 1/3}",
	} {
		s := parse(t, text)
		x, errX := s.Changes(scenario.Of(b, on.Last))
		y, errY := s.Changes(on)
		if errX != nil || errY != nil || said(t, x) != said(t, y) {
			t.Fatalf("%s: %v, %v\n%s\n%s", text, errX, errY, said(t, x), said(t, y))
		}
		out, err := b.Evaluate(x)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := y.Apply(f)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := score.Ask(q, whole).Result(demo.Partner).Accounts.Get(demo.Partner)
		for _, area := range out.Score().Areas {
			if other, _ := want.Areas.Get(area.Name); other.Total.Cmp(area.Value.Total) != 0 {
				t.Errorf("%s: %s comes to %s and %s", text, area.Name, area.Value.Total, other.Total)
			}
		}
	}
}
