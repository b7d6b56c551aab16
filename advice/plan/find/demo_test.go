package find_test

import (
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/plan/find"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func demoBase(tb testing.TB, by kizuna.Date) *advice.Base {
	tb.Helper()
	d := demo.New()
	programs, err := program.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		tb.Fatal(err)
	}
	ledger := usage.Collect(d.Usage)
	last := kizuna.NewDate(2023, 10, 1).Month()
	b, err := advice.New(score.Question{Program: p, AsOf: by}, demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: everything{}, Usage: advice.UsageOf(ledger, d.Rates),
		Always: []*advice.Changes{{Projection: &advice.Projection{From: last, Until: by.Month() - 1}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestDemo(t *testing.T) {
	for _, margin := range []bool{false, true} {
		b := demoBase(t, kizuna.NewDate(2024, 6, 30))
		start := time.Now()
		ask := &action.Ask{Base: b, Today: demo.AsOf, Costs: action.Default(), Margin: margin,
			Areas: []string{"data-ai", "infrastructure", "digital-app-innovation", "business-applications", "modern-work", "security"}}
		for _, a := range b.Now().Score().Areas {
			t.Log(a.Name, a.Value.TakenTrack, a.Value.Total, a.Value.Qualified)
		}
		p, err := action.Propose(ask)
		if err != nil {
			t.Fatal(err)
		}
		bundles := 0
		for _, u := range p.Units {
			bundles += len(u.Bundles)
		}
		t.Log(len(p.Actions), "actions", len(p.Units), "units", bundles, "bundles", len(p.Failures), "failures", len(p.TooLate), "late", p.Without, "without", time.Since(start))
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		start = time.Now()
		r, err := find.Find(ask, find.Options{Stop: func() bool { return time.Since(start) > 40*time.Second }})
		if err != nil {
			t.Fatal(err)
		}
		t.Log("cost", r.Cost, "bound", r.Bound, r.Infeasible, r.Optimal, r.Verified, time.Since(start))
		for _, s := range r.Steps {
			t.Log(s.ID, s.Cost, s.From, s.Areas)
		}
	}
}

// everything covers all that can be asked for.
type everything struct{}

func (everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }
func (everything) Certifications() bool                                        { return true }
