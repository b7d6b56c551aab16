package find_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/plan/find"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/usage"
)

// drawSmall draws a world in which something is used in the last month.
func drawSmall(t *rapid.T) *score.Facts {
	f := worldtest.Draw(t)
	rows := f.Usage.Rows()
	last := kizuna.NewDate(2023, 10, 1).Month()
	for _, s := range []struct{ tenant, subscription, workload string }{{"t1", "s1", "Storage"}, {"T2", "s2", "Storage"}, {"t1", "s3", "Exchange"}} {
		if rapid.IntRange(0, 3).Draw(t, "unused") == 0 {
			continue
		}
		amount, err := kizuna.ParseDecimal(rapid.SampledFrom([]string{"300", "1000", "1000", "1200"}).Draw(t, "amount"))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, usage.Row{Month: last, Tenant: s.tenant, Subscription: s.subscription, Workload: s.workload, Channel: "EA",
			Revenue: &amount, ActiveUsers: new(int64(60)), PaidSeats: new(int64(100))})
	}
	f.Usage = usage.Collect(rows)
	return &score.Facts{Facts: *f, People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{}}
}

// ways is how many plans an instance has.
func ways(in *plan.Instance) int {
	n := 1
	for i := range in.Units {
		if n *= len(in.Units[i].Bundles) + 1; n > 1<<20 {
			break
		}
	}
	return n
}

// each calls f with every plan.
func each(in *plan.Instance, f func(plan.Plan)) {
	p := make(plan.Plan, len(in.Units))
	var try func(u int)
	try = func(u int) {
		if u == len(p) {
			f(p)
			return
		}
		for p[u] = plan.None; p[u] < len(in.Units[u].Bundles); p[u]++ {
			try(u + 1)
		}
	}
	try(0)
}

// The cheapest plan for specializations is the cheapest of all sets of actions after which
// what is found of them lacks nothing. Its changes, made to the facts as a whole, leave
// what is asked for met, and what is not known open.
func TestPlansForSpecializationsAreTheCheapestOfAll(t *testing.T) {
	of := worldtest.Small(t)
	today, by := kizuna.NewDate(2023, 11, 15), kizuna.NewDate(2024, 5, 1)
	goesOn := &advice.Projection{From: by.Month() - 7, Until: by.Month() - 1}
	found, never := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := *of
		p.Scoring.PassTotal = kizuna.Int(rapid.Int64Range(1, 15).Draw(t, "mark"))
		p.Scoring.GateInclusive = true
		held := rapid.SampledFrom([]string{"", "", "infrastructure", "modern-work"}).Draw(t, "held")
		costs := action.Default()
		costs.Growth = costs.Growth[1:2]
		costs.LeaveOut = rapid.SampledFrom([][]string{{"p1", "t1"}, {"p3", "T2"}, {"t1", "T2"}, {"p1", "p2", "p3"}, {"p2", "p3", "t1"}}).Draw(t, "left out")
		costs.Validation = map[action.Kind]action.Validating{action.Audit: {Cost: new(int64(700))}}
		ask := &action.Ask{Today: today, Costs: costs}
		for _, id := range rapid.SampledFrom([][]string{{"storage"}, {"adoption"}, {"storage", "adoption"}}).Draw(t, "wanted") {
			terms := p.Specialization(id).TermsOn(by)
			ask.Specializations = append(ask.Specializations, specialization.Aim{
				ID: id, Terms: terms, Held: func(area string) bool { return area == held }, Validations: specialization.Validations(new(specialization.Pursuit), p.Specializations, terms, by, by),
			})
		}
		q := score.Question{Program: p.WithSpecializations(by, "storage", "adoption"), AsOf: by}
		f := drawSmall(t)
		base, err := advice.New(q, "G1", &advice.Facts{
			Associations: f.Associations, People: f.People, Coverage: f.Coverage, Usage: advice.UsageOf(f.Usage, nil),
			Always: []*advice.Changes{{Projection: goesOn}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ask.Base = base
		proposal, err := action.Propose(ask)
		if err != nil {
			t.Fatal(err)
		}
		if ways(&proposal.Instance) > 1000 {
			return
		}
		lacks := func(of *score.Account) bool {
			for i := range ask.Specializations {
				s := &ask.Specializations[i]
				figures, _ := of.Areas.Get(s.ID)
				f := specialization.Assess(s.Terms, by, func(id string) bool {
					area, ok := of.Areas.Get(id)
					return id == held || ok && area.Qualified
				}, figures, nil)
				if !f.Entitled || len(f.Lacking) > 0 {
					return true
				}
				if open := f.Open(); s.ID == "storage" && (f.AllMet() || len(open) != 1 || open[0] != program.OfOffers) {
					t.Fatalf("what is not known is taken for met: %+v", f)
				}
			}
			return false
		}
		best := int64(-1)
		each(&proposal.Instance, func(p plan.Plan) {
			for u := range p {
				if proposal.Units[u].Must && p[u] == plan.None {
					return
				}
			}
			if cost := proposal.Cost(p); best < 0 || cost < best {
				out, err := ask.Base.Evaluate(action.Changes(proposal.Of(p)))
				if err != nil {
					t.Fatal(err)
				}
				if !lacks(out.Score()) {
					best = cost
				}
			}
		})
		a, err := find.Find(ask, find.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !a.Verified || a.Infeasible != (best < 0) || a.Found && (a.Cost != best || !a.Optimal) {
			t.Fatalf("found %v at %d (impossible: %v), the cheapest of all costs %d", a.Found, a.Cost, a.Infeasible, best)
		}
		if !a.Found {
			never++
			return
		}
		if len(a.Steps) > 0 {
			found++
		}
		all := a.Changes(0)
		all.Projection = goesOn
		after, err := all.Apply(f)
		if err != nil {
			t.Fatal(err)
		}
		if lacks(score.Ask(q, after).Result("G1").Accounts[0].Value) {
			t.Fatal("scored as a whole, the plan does not reach what is wanted")
		}
		confirms(t, ask, a)
	})
	if found == 0 || never == 0 {
		t.Errorf("%d plans were found, %d times there is none", found, never)
	}
}

// confirms checks the last steps: a reference has no cost that is given, the audit has.
func confirms(t *rapid.T, ask *action.Ask, a *find.Answer) {
	want, n := 0, 0
	for i := range ask.Specializations {
		want += ask.Specializations[i].Validations
	}
	for i, s := range a.Steps {
		if !s.Validates() {
			continue
		}
		n++
		if i < len(a.Steps)-want || s.CostNotGiven != (s.Kind == action.Reference) || s.CostNotGiven && s.Cost != 0 || s.From != 0 {
			t.Fatalf("step %d of %d: %+v", i+1, len(a.Steps), s.Action)
		}
	}
	if n != want {
		t.Fatalf("%d steps confirm, not %d", n, want)
	}
}
