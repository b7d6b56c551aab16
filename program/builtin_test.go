package program

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
)

var update = flag.Bool("update", false, "write generated files anew")

func builtin(t testing.TB, ref string) *Program {
	t.Helper()
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Find(programs, ref)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func day(t testing.TB, s string) kizuna.Date {
	t.Helper()
	d, err := kizuna.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheBuiltInVersionsFollowOneAnotherWithoutOverlap(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range programs {
		if p.Ref() != builtinRefs[i] {
			t.Errorf("%d is %s, want %s", i, p.Ref(), builtinRefs[i])
		}
		if i > 0 && (programs[i-1].InForce.To == nil || *programs[i-1].InForce.To >= p.InForce.From) {
			t.Errorf("%s overlaps the version before", p.Ref())
		}
	}
}

func TestTheVersionOfADayIsInForceOrCarried(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		day, version string
		carried      bool
	}{
		{"2022-01-01", "2022-10", true},
		{"2022-10-03", "2022-10", false},
		{"2023-03-31", "2022-10", false},
		{"2023-04-01", "2022-10", true},
		{"2023-09-18", "2022-10", true},
		{"2023-09-19", "2023-10", false},
		{"2023-11-30", "2023-10", false},
		{"2023-12-01", "2023-12", false},
		{"2026-06-30", "2023-12", false},
		{"2026-07-01", "2026-07", false},
		{"2031-01-01", "2026-07", false},
	} {
		p, carried := InForceOn(programs, "mcpp", day(t, c.day))
		if p.Version != c.version || carried != c.carried {
			t.Errorf("%s: %s, carried %v", c.day, p.Version, carried)
		}
	}
	if p, carried := InForceOn(programs, "contoso", day(t, "2023-12-01")); p != nil || carried {
		t.Errorf("an unknown program gives %v", p)
	}
}

func TestAProgramIsFoundByReferenceOrVersion(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"mcpp@2023-10", "2023-10"} {
		if p, err := Find(programs, ref); err != nil || p.Ref() != "mcpp@2023-10" {
			t.Errorf("%s: %v, %v", ref, p, err)
		}
	}
	if _, err := Find(programs, "mcpp@1999"); kizuna.CodeOf(err) != "program-unknown" {
		t.Errorf("got %v", err)
	}
}

// The maxima have been the same in every version since launch.
func TestEveryVersionHasTheMaximaOfTheSixAreas(t *testing.T) {
	want := map[string]string{
		"data-ai":                "net_customer_adds 30, intermediate 40, usage_growth 20, deployments 10",
		"infrastructure":         "net_customer_adds 30, intermediate 20, advanced 20, usage_growth 20, deployments 10",
		"digital-app-innovation": "net_customer_adds 30, intermediate 20, advanced 20, usage_growth 20, deployments 10",
		"business-applications":  "net_customer_adds 15, intermediate 20, advanced 15, usage_growth 30, deployments 20",
		"modern-work":            "net_customer_adds 20, intermediate 10, advanced 15, usage_growth 30, deployments 25",
		"security":               "net_customer_adds 20, intermediate 40, usage_growth 20, deployments 20",
	}
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if len(p.Areas) != len(want) {
			t.Errorf("%s has %d areas", p.Ref(), len(p.Areas))
		}
		for _, a := range p.Areas {
			for _, track := range a.Track.Tracks {
				var got []string
				for _, m := range a.Metrics {
					got = append(got, fmt.Sprint(m.ID, " ", m.Rules[track].Max))
				}
				if strings.Join(got, ", ") != want[a.ID] {
					t.Errorf("%s, %s, %s: %s", p.Ref(), a.ID, track, strings.Join(got, ", "))
				}
			}
		}
	}
}

func TestEveryNameIsInBothLanguagesAndEverySourceIsAPage(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		texts := map[string]Text{"name": p.Name}
		for category, text := range p.Categories {
			texts[string(category)] = text
		}
		for name, list := range p.Workloads {
			texts[name] = list.Name
		}
		for _, a := range p.Areas {
			texts[a.ID] = a.Name
			maps.Copy(texts, a.Track.Names)
			for _, m := range a.Metrics {
				texts[m.ID] = m.Name
			}
		}
		for what, text := range texts {
			if text.EN == "" || text.JA == "" {
				t.Errorf("%s: %s is called %+v", p.Ref(), what, text)
			}
		}
		for key, s := range p.Sources {
			if s.Title == "" || s.Date == "" && s.Note == "" || strings.Contains(s.URL, "github") {
				t.Errorf("%s: source %s is %+v", p.Ref(), key, s)
			}
		}
	}
}

func TestQualificationWindowsAreThoseOfTheWorkedCases(t *testing.T) {
	for _, c := range []struct {
		ref, anchor string
		enrolled    bool
		want        string
	}{
		{"mcpp@2023-10", "2023-08-15", false, "2023-03-15 2023-08-15"},
		{"mcpp@2023-10", "2023-08-15", true, "2023-03-01 2023-08-31"},
		{"mcpp@2023-10", "2023-07-31", false, "2023-02-28 2023-07-31"},
		{"mcpp@2026-07", "2024-08-15", false, "2024-03-01 2024-08-15"},
		{"mcpp@2026-07", "2026-09-01", true, "2026-04-01 2026-10-01"},
		{"mcpp@2022-10", "2023-03-31", true, "2023-03-01 2023-03-31"},
		{"mcpp@2022-10", "2023-01-10", false, "2023-01-10 2023-01-10"},
	} {
		w := builtin(t, c.ref).Windows.NotEnrolled
		if c.enrolled {
			w = builtin(t, c.ref).Windows.Enrolled
		}
		first, last := w.Days(day(t, c.anchor))
		if got := fmt.Sprint(first, " ", last); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.ref, c.anchor, got, c.want)
		}
	}
}

func TestSecondSpellingsLandOnTheLists(t *testing.T) {
	for _, c := range []struct{ ref, list, written string }{
		{"mcpp@2023-10", "business-sales", "Power Apps"},
		{"mcpp@2023-10", "business-sales", "Customer Insights"},
		{"mcpp@2023-10", "power-platform-usage", "Power Apps"},
		{"mcpp@2023-10", "modern-work", "Exchange Online"},
		{"mcpp@2022-10", "modern-work", "Exchange"},
		{"mcpp@2026-07", "modern-work", "Exchange"},
		{"mcpp@2026-07", "modern-work", "Yammer"},
		{"mcpp@2026-07", "security-azure", "Security Center"},
	} {
		p := builtin(t, c.ref)
		list := p.Workloads[c.list].WorkloadSet
		if !list.Holds(p.WorkloadName(c.written), "") {
			t.Errorf("%s: %s is not on %s", c.ref, c.written, c.list)
		}
	}
	for _, name := range []string{"Power Apps", "Customer Insights"} {
		p := builtin(t, "mcpp@2023-10")
		if rate := p.Rates[p.WorkloadName(name)]; rate.Value == nil {
			t.Errorf("%s has no rate", name)
		}
	}
}

func TestRulesThatChangeOnADayHoldFromThatDay(t *testing.T) {
	rule := builtin(t, "mcpp@2023-10").Area("security").Metric("intermediate").Rules[Single]
	for _, c := range []struct {
		day     string
		people  int64
		counted int
	}{{"2023-11-30", 1, 4}, {"2023-12-01", 2, 3}} {
		got := rule.PeopleOn(day(t, c.day))
		if got.Steps[0].People != c.people || len(got.Counted) != c.counted || got.PerPerson.String() != "20/3" {
			t.Errorf("%s: %+v", c.day, got)
		}
	}
}

func TestAProgramDoesNotDifferFromItselfAndItsBytesAreAlwaysTheSame(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range programs {
		for j, q := range again {
			if same := bytes.Equal(Canonical(p), Canonical(q)); same != (i == j) {
				t.Errorf("%s and %s have the same bytes: %v", p.Ref(), q.Ref(), same)
			}
			there, back := Diff(p, q), Diff(q, p)
			if (len(there) == 0) != (i == j) || len(there) != len(back) {
				t.Errorf("%s and %s differ in %d places, and in %d", p.Ref(), q.Ref(), len(there), len(back))
			}
			for _, d := range there {
				if !slices.Contains(back, Difference{d.Path, d.New, d.Old}) {
					t.Errorf("%s to %s: %+v has no counterpart", p.Ref(), q.Ref(), d)
				}
			}
		}
	}
}

func TestDiffTellsWhatChangedInDecember2023(t *testing.T) {
	var got []string
	for _, d := range Diff(builtin(t, "mcpp@2023-10"), builtin(t, "mcpp@2023-12")) {
		got = append(got, fmt.Sprintf("%s: %s -> %s", d.Path, d.Old, d.New))
	}
	want := `business-applications / intermediate / enterprise / counted: PL-100 -> 
business-applications / intermediate / smb / counted: PL-100 -> 
security / intermediate / counted: SC-200 -> 
security / intermediate / steps: 1 x AZ-500, 1 x SC-200 | MS-500 -> 2 x AZ-500, 2 x SC-200 | MS-500
security / intermediate / from 2023-12-01 / per_person: 20/3 -> 
security / intermediate / from 2023-12-01 / counted: SC-100, SC-300, SC-400 -> 
security / intermediate / from 2023-12-01 / steps: 2 x AZ-500, 2 x SC-200 | MS-500 -> 
specializations / smb-management / from 2026-03-27 / usage_growth / full_at:  -> 15
specializations / smb-management / from 2026-03-27 / deployments / full_at:  -> 15`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// A sample of the table, one row of each kind.
func TestAssociationsMapTypesToWhatTheyEarn(t *testing.T) {
	var english, japanese []string
	for _, lang := range []string{"en", "ja"} {
		for _, r := range Associations(builtin(t, "mcpp@2023-10"), lang) {
			line := strings.Join([]string{r.Area, r.Metric, r.Track, r.Part, r.Workloads, r.Types.String()}, "; ")
			if lang == "en" {
				english = append(english, line)
			} else {
				japanese = append(japanese, line)
			}
		}
	}
	if len(english) != 35 || len(japanese) != len(english) {
		t.Errorf("%d and %d rows", len(english), len(japanese))
	}
	for _, want := range []string{
		"Infrastructure (Azure); Net customer adds; ; ; Azure services; PAL, DPOR, CSP-T1, CSP-T2",
		"Business Applications; Usage growth; SMB; ; Power Platform and Customer Insights; PAL",
		"Modern Work; Deployments; SMB; CSP; Modern Work workloads; CSP-T1, CSP-T2",
		"Security; Net customer adds; ; m365; Microsoft 365 security workloads; CPOR-OSU",
	} {
		if !slices.Contains(english, want) {
			t.Errorf("there is no row %q", want)
		}
	}
	if want := "セキュリティ; 顧客の純増; ; m365; Microsoft 365 のセキュリティ ワークロード; CPOR-OSU"; !slices.Contains(japanese, want) {
		t.Errorf("there is no row %q", want)
	}
}

func TestTheSchemaIsCurrentAndTakesEveryBuiltInFile(t *testing.T) {
	if *update {
		if err := os.WriteFile("schema.json", Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, Schema()) {
		t.Error("schema.json is not what the grammar says; go test ./program -update writes it anew")
	}
	schema := compiled(t)
	for _, ref := range builtinRefs {
		data, _ := builtinFile(ref)
		if err := schema.Validate(plain(t, data)); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if err := schema.Validate(plain(t, []byte(example(t)))); err != nil {
		t.Errorf("the example: %v", err)
	}
}

func TestTheSchemaRefusesWhatTheGrammarRefuses(t *testing.T) {
	schema := compiled(t)
	for _, c := range []struct{ old, new string }{
		{"        full_at: 5\n", "        ful_at: 5\n"},
		{"        max: 40\n", "        max: [40]\n"},
		{"        max: 40\n", "        max: forty\n"},
		{"retired: 2025-06-30", "retired: soon"},
		{"people: 2,", "people: 2.5,"},
		{"category: skilling", "category: skills"},
		{"[AZ-305, PL-600]", "[AZ-305, [PL-600]]"},
		{"program: contoso\n", ""},
	} {
		if err := schema.Validate(plain(t, []byte(strings.Replace(example(t), c.old, c.new, 1)))); err == nil {
			t.Errorf("it takes %q", c.new)
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plain reads YAML as editors hand it to a JSON Schema: dates are strings.
func plain(t *testing.T, data []byte) any {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		t.Fatal(err)
	}
	var untag func(n *yaml.Node)
	untag = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, child := range n.Content {
			untag(child)
		}
	}
	untag(&doc)
	var tree any
	if err := doc.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// An object's definition is found by its name.
func TestEveryObjectOfTheGrammarHasItsOwnName(t *testing.T) {
	named := make(map[string]*object)
	for _, o := range objectsIn(fileShape) {
		if other, ok := named[o.name]; ok && other != o {
			t.Errorf("two objects are called %q", o.name)
		}
		named[o.name] = o
	}
}

// Choosing a built-in program without reading the others chooses the same.
func TestOneBuiltinProgramIsChosenLikeAmongAll(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range []kizuna.Date{
		kizuna.NewDate(2020, 1, 1), kizuna.NewDate(2022, 10, 3), kizuna.NewDate(2023, 3, 31), kizuna.NewDate(2023, 4, 1), kizuna.NewDate(2023, 9, 19),
		kizuna.NewDate(2023, 11, 30), kizuna.NewDate(2023, 12, 1), kizuna.NewDate(2026, 6, 30), kizuna.NewDate(2026, 7, 1), kizuna.NewDate(2030, 1, 1),
	} {
		want, wantCarried := InForceOn(all, "mcpp", day)
		got, carried, err := BuiltinInForceOn("mcpp", day)
		if err != nil || Digest(got) != Digest(want) || carried != wantCarried {
			t.Errorf("%s: %v (carried: %v, %v), among all %s (%v)", day, got, carried, err, want.Ref(), wantCarried)
		}
	}
	for _, p := range all {
		got, err := BuiltinNamed(p.Ref())
		if err != nil || Digest(got) != Digest(p) {
			t.Errorf("%s: %v, %v", p.Ref(), got, err)
		}
	}
	if p, _, err := BuiltinInForceOn("other", kizuna.NewDate(2023, 1, 1)); p != nil || err != nil {
		t.Errorf("of no such id: %v, %v", p, err)
	}
	if _, err := BuiltinNamed("mcpp@1999"); kizuna.CodeOf(err) != "program-unknown" {
		t.Error(err)
	}
}
