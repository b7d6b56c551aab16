package checklist_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/checklist"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/usage"
)

func question(tb testing.TB) score.Question {
	tb.Helper()
	programs, err := program.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		tb.Fatal(err)
	}
	return score.Question{Program: p, AsOf: demo.AsOf}
}

func find(lines []checklist.Line, is func(*checklist.Line) bool) *checklist.Line {
	for i := range lines {
		if is(&lines[i]) {
			return &lines[i]
		}
	}
	return nil
}

func TestTheDemoIsChecked(t *testing.T) {
	d := demo.New()
	b, err := advice.New(question(t), demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: worldtest.Everything{}, Usage: advice.UsageOf(usage.Collect(d.Usage), d.Rates),
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := checklist.Make(b, []string{"infrastructure", "security"}, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if l := find(c.Requirements, func(l *checklist.Line) bool { return l.Area == "security" && l.Metric == "deployments" }); l == nil || l.State != checklist.NotDone {
		t.Errorf("security's deployments are %+v", l)
	}
	if l := find(c.Requirements, func(l *checklist.Line) bool { return l.Area == "infrastructure" && l.Metric == "intermediate" }); l == nil ||
		l.State != checklist.Done || l.ToFull.Cmp(kizuna.Int(2)) != 0 || l.Progress.Cmp(kizuna.Int(3)) != 0 {
		t.Errorf("infrastructure's people are %+v", l)
	}
	l := find(c.People, func(l *checklist.Line) bool { return l.Certificate == "AZ-140" && l.Code == checklist.Expiring })
	if l == nil || l.State != checklist.AtRisk || l.On.String() != "2023-12-08" || l.Days != 30 || len(l.Loses) != 1 ||
		l.Loses[0].Before.Sub(l.Loses[0].After).Cmp(kizuna.Int(4)) != 0 {
		t.Errorf("the planted lapse is %+v", l)
	}
	if l := find(c.Associations, func(l *checklist.Line) bool { return l.Code == checklist.CSPMoved }); l == nil || l.On.String() != "2023-10-01" {
		t.Errorf("the subscription that moved is %+v", l)
	}
	if l := find(c.Associations, func(l *checklist.Line) bool { return l.Code == checklist.ClaimNotApproved }); l == nil || l.What != "CL-0900" {
		t.Errorf("the claim in dispute is %+v", l)
	}
	if c.Counting == 0 || c.Counting >= c.All {
		t.Errorf("%d of %d associations count", c.Counting, c.All)
	}
}

// A specialization is checked requirement by requirement, with what is held and what no
// source says.
func TestASpecializationIsChecked(t *testing.T) {
	d := demo.New()
	q := question(t)
	q.Program = q.Program.WithSpecializations(q.AsOf, "infra-database-migration")
	b, err := advice.New(q, demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: worldtest.Everything{}, Usage: advice.UsageOf(usage.Collect(d.Usage), d.Rates),
	})
	if err != nil {
		t.Fatal(err)
	}
	aim := specialization.Aim{
		ID: "infra-database-migration", Terms: q.Program.Specialization("infra-database-migration").TermsOn(q.AsOf),
		Held: func(area string) bool { return area == "data-ai" }, Validations: 1,
	}
	c, err := checklist.Make(b, nil, []specialization.Aim{aim}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range c.Requirements {
		got = append(got, fmt.Sprint(l.Code, " ", l.Metric, l.What, " ", l.State))
	}
	want := []string{
		"specialization  not_done", "designation  done", "requirement windows-server-vms not_done", "requirement linux-vms not_done",
		"requirement sql-databases done", "requirement open-databases done", "unknown skilling not_known", "validation audit not_done",
	}
	if !slices.Equal(got, want) {
		t.Errorf("checked: %q", got)
	}
	if l := c.Requirements[4]; len(l.Figures) != 4 || l.Figures[3].Part != "customers" || l.Figures[3].Now.Cmp(kizuna.Int(15)) != 0 || !l.Figures[3].Met {
		t.Errorf("SQL databases are %+v", l.Figures)
	}
}

// What a line says that a certificate's end costs is what the score without it says, and
// an association that is said to bring nothing can end without a change.
func TestLinesAreTheScoreWithout(t *testing.T) {
	q := question(t)
	rapid.Check(t, func(t *rapid.T) {
		f := &score.Facts{Facts: *worldtest.Draw(t), People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{}}
		f.Usage = usage.Collect(f.Usage.Rows())
		b, err := advice.New(q, "G1", &advice.Facts{
			Associations: f.Associations, People: f.People, Coverage: f.Coverage, Usage: advice.UsageOf(f.Usage, f.Rates),
		})
		if err != nil {
			t.Fatal(err)
		}
		var areas []string
		for i := range q.Program.Areas {
			areas = append(areas, q.Program.Areas[i].ID)
		}
		c, err := checklist.Make(b, areas, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := score.Ask(q, f).Result("G1").Accounts.Get("G1")
		without := func(e advice.Ending) *score.Account {
			whole, err := (&advice.Changes{End: []advice.Ending{e}}).Apply(f)
			if err != nil {
				t.Fatal(err)
			}
			after, _ := score.Ask(q, whole).Result("G1").Accounts.Get("G1")
			return after
		}
		for _, l := range c.Associations {
			if l.Code != checklist.EarnsNothing && l.Code != checklist.WrongType || l.What != "c" || b.About(l.Tenant) == nil {
				continue // claims, which a name tells apart from the rest
			}
			if !slices.ContainsFunc(f.Associations.Claims, func(c association.Claim) bool { return association.Fold(c.Tenant) == l.Tenant }) {
				continue // of a customer without usage, on a subscription of this one
			}
			after := without(advice.Ending{Selection: advice.Selection{Table: advice.Claims, Claim: l.What, Tenant: l.Tenant}, At: kizuna.Never})
			for _, area := range before.Areas {
				if then, _ := after.Areas.Get(area.Name); then.Total.Cmp(area.Value.Total) != 0 {
					t.Fatalf("claim %s of %s is said to bring nothing, and %s changes", l.What, l.Tenant, area.Name)
				}
			}
		}
		for _, l := range c.People {
			for _, e := range l.Loses {
				mcid := ""
				for _, p := range f.People.People {
					for _, x := range f.People.Certifications {
						if p.ID == l.Person && x.MCID == p.MCID && x.Certificate == l.Certificate {
							mcid = x.MCID
						}
					}
				}
				if mcid == "" || l.Person == "p1" { // p1 has two profiles
					continue
				}
				after := without(advice.Ending{Selection: advice.Selection{Table: advice.Certifications, MCID: mcid, Certificate: l.Certificate}, At: q.AsOf.Instant()})
				if then, _ := after.Areas.Get(e.Area); then.Total.Cmp(e.After) != 0 {
					t.Fatalf("%s of %s: %s, the score says %s", l.Certificate, l.Person, e.After, then.Total)
				}
			}
		}
	})
}
