package find_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/plan/find"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func programNamed(tb testing.TB, ref string) *program.Program {
	tb.Helper()
	programs, err := program.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := program.Find(programs, ref)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// fataler is what rapid.T and testing.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// kept holds an answer against what it promises: simulated, each step leaves the areas as
// it says, all of them earn what is wanted, and none of them can be left out.
func kept(t fataler, base *advice.Base, a *find.Answer) {
	t.Helper()
	earned := func(c *advice.Changes) (*score.Account, bool) {
		out, err := base.Evaluate(c)
		if err != nil {
			t.Fatal(err)
		}
		of, all := out.Score(), true
		for _, id := range a.Areas {
			area, _ := of.Areas.Get(id)
			all = all && area.Qualified
		}
		return of, all
	}
	for i := range a.Steps {
		of, _ := earned(a.Changes(i + 1))
		for _, after := range a.Steps[i].Areas {
			if area, _ := of.Areas.Get(after.Area); area.Total.Cmp(after.Total) != 0 || area.Qualified != after.Qualified {
				t.Fatalf("after step %d area %s has %s, the plan says %s", i+1, after.Area, area.Total, after.Total)
			}
		}
	}
	if _, ok := earned(a.Changes(0)); !ok {
		t.Fatal("the plan does not reach what it promises")
	}
	for i := range a.Steps {
		var rest []*action.Action
		for j, s := range a.Steps {
			if j != i {
				rest = append(rest, s.Action)
			}
		}
		if needed(a.Steps[i].ID, rest) {
			continue // what needs it would be nothing without it
		}
		if _, ok := earned(action.Changes(rest)); ok {
			t.Fatalf("%s can be left out (cost %d, bound %d, %d steps)", a.Steps[i].ID, a.Cost, a.Bound, len(a.Steps))
		}
	}
}

func needed(id string, by []*action.Action) bool {
	for _, a := range by {
		for _, n := range a.Needs {
			if n == id {
				return true
			}
		}
	}
	return false
}

// Plans of random worlds keep what they promise. The marks are low, so that there is
// something to reach.
func TestPlansKeepWhatTheyPromise(t *testing.T) {
	of := programNamed(t, "mcpp@2023-10")
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		p := *of
		p.Scoring.PassTotal = kizuna.Int(rapid.Int64Range(1, 40).Draw(t, "mark"))
		p.Scoring.GateInclusive = true
		f := worldtest.Draw(t)
		base, err := advice.New(score.Question{Program: &p, AsOf: kizuna.NewDate(2024, 5, 1)}, "G1", &advice.Facts{
			Associations: f.Associations, People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{},
			Usage:  advice.UsageOf(usage.Collect(f.Usage.Rows()), nil),
			Always: []*advice.Changes{{Projection: &advice.Projection{From: kizuna.NewDate(2023, 10, 1).Month(), Until: kizuna.NewDate(2024, 4, 1).Month()}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var areas []string
		for i := range p.Areas {
			if rapid.IntRange(0, 2).Draw(t, "wanted") == 0 {
				areas = append(areas, p.Areas[i].ID)
			}
		}
		if len(areas) == 0 {
			areas = []string{p.Areas[0].ID}
		}
		a, err := find.Find(&action.Ask{
			Base: base, Today: kizuna.NewDate(2023, 11, 15), Areas: areas, Costs: action.Default(), Margin: rapid.IntRange(0, 3).Draw(t, "margin") == 0,
		}, find.Options{Nodes: 30})
		if err != nil {
			t.Fatal(err)
		}
		if a.Found && !a.Margin {
			found++
			kept(t, base, a)
		}
		if a.Certificate != nil && !a.Verified {
			t.Fatal("a proof was not checked")
		}
	})
	if found == 0 {
		t.Error("no plan was found in any world")
	}
}

func demoBase(tb testing.TB, by kizuna.Date) *advice.Base {
	tb.Helper()
	d := demo.New()
	b, err := advice.New(score.Question{Program: programNamed(tb, demo.Program), AsOf: by}, demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: worldtest.Everything{}, Usage: advice.UsageOf(usage.Collect(d.Usage), d.Rates),
		Always: []*advice.Changes{{Projection: &advice.Projection{From: kizuna.NewDate(2023, 10, 1).Month(), Until: by.Month() - 1}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func fiveAreas() []string {
	return []string{"data-ai", "infrastructure", "digital-app-innovation", "modern-work", "security"}
}

// The demo partner's cheapest way to five areas.
func TestTheDemoHasAPlan(t *testing.T) {
	base := demoBase(t, kizuna.NewDate(2024, 6, 30))
	ask := &action.Ask{Base: base, Today: demo.AsOf, Costs: action.Default(), Areas: fiveAreas()}
	a, err := find.Find(ask, find.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !a.Optimal || !a.Verified || a.Cost != 3420 {
		t.Errorf("the plan costs %d, at least %d (verified: %v); it is known to cost 3420", a.Cost, a.Bound, a.Verified)
	}
	kept(t, base, a)
}

// BenchmarkDemo is the demo partner's plan for five areas, from facts to proof.
func BenchmarkDemo(b *testing.B) {
	base := demoBase(b, kizuna.NewDate(2024, 6, 30))
	ask := &action.Ask{Base: base, Today: demo.AsOf, Costs: action.Default(), Areas: fiveAreas()}
	for b.Loop() {
		if a, err := find.Find(ask, find.Options{}); err != nil || !a.Optimal {
			b.Fatal(err)
		}
	}
}
