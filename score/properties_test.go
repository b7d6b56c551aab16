package score_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func drawFacts(t *rapid.T) *score.Facts {
	return &score.Facts{Facts: *worldtest.Draw(t), People: worldtest.DrawPeople(t), Coverage: everything{}}
}

// everything covers all that can be asked for.
type everything struct{}

func (everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }
func (everything) Certifications() bool                                        { return true }

func questions(t testing.TB) []score.Question {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	day, err := kizuna.ParseDate("2023-11-15")
	if err != nil {
		t.Fatal(err)
	}
	var out []score.Question
	for _, p := range programs {
		for _, history := range []program.CSPHistory{program.OwnerOnDate, program.ByInterval} {
			changed := *p
			changed.CSPHistory = history
			out = append(out, score.Question{Program: &changed, AsOf: day})
		}
	}
	return out
}

func TestEveryMeasureIsWhatTheReferenceSays(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		a := score.Ask(q, f)
		ref := newReference(q, f)
		total := a.Book.Total()
		for _, account := range []string{"G1", "G2"} {
			eachComponent(q.Program, func(at string, c *program.Component) {
				number := a.Book.Plan.MeasureOf(c)
				in := a.Book.Plan.Input(number, total[attribution.Key{Account: account, Measure: number}])
				now, base := ref.measured(&c.Measure, account)
				if in.Now.String() != now.RatString() || in.Base.String() != base.RatString() {
					t.Fatalf("%s %s %s: now %s, base %s; the reference says %s, %s",
						q.Program.Ref(), account, at, in.Now, in.Base, now.RatString(), base.RatString())
				}
			})
		}
	})
}

func eachComponent(p *program.Program, visit func(at string, c *program.Component)) {
	for i := range p.Areas {
		area := &p.Areas[i]
		for _, metric := range area.Metrics {
			for _, track := range area.Track.Tracks {
				for j := range metric.Rules[track].Components {
					c := &metric.Rules[track].Components[j]
					visit(fmt.Sprint(area.ID, "/", track, "/", metric.ID, "/", c.ID), c)
				}
			}
		}
	}
}

func resultBytes(t *rapid.T, q score.Question, f *score.Facts) string {
	data, err := json.Marshal(score.Ask(q, f).Result())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheOrderOfFactsNeverMatters(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		before := resultBytes(t, q, f)
		g := *f
		g.Usage = usage.Collect(shuffled(t, f.Usage.Rows()))
		a := *f.Associations
		a.Claims, a.Links, a.Assignments = shuffled(t, a.Claims), shuffled(t, a.Links), shuffled(t, a.Assignments)
		a.Resales, a.Appointments = shuffled(t, a.Resales), shuffled(t, a.Appointments)
		a.Scopes, a.Memberships, a.Ownerships = shuffled(t, a.Scopes), shuffled(t, a.Memberships), shuffled(t, a.Ownerships)
		g.Associations = &a
		if after := resultBytes(t, q, &g); after != before {
			t.Fatalf("another order gives another score:\n%s\n%s", before, after)
		}
	})
}

func shuffled[T any](t *rapid.T, in []T) []T {
	if len(in) == 0 {
		return in
	}
	return rapid.Permutation(slices.Clone(in)).Draw(t, "order")
}

func TestCustomersAddUpHoweverTheyAreSplit(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		whole := score.Ask(q, f).Book
		sum := attribution.Contribution{}
		for _, tenant := range rapid.Permutation(worldtest.Tenants).Draw(t, "order") {
			part := *f
			part.Usage = usage.Collect(slices.DeleteFunc(f.Usage.Rows(), func(u usage.Row) bool { return u.Tenant != tenant }))
			alone := score.Ask(q, &part).Book.Total()
			together := whole.Contribution(tenant)
			if fmt.Sprint(alone) != fmt.Sprint(together) {
				t.Fatalf("%s alone adds %v, among others %v", tenant, alone, together)
			}
			sum.Add(alone)
		}
		total := whole.Total()
		if fmt.Sprint(sum) != fmt.Sprint(total) {
			t.Fatalf("the parts add up to %v, the whole is %v", sum, total)
		}
		for _, tenant := range worldtest.Tenants {
			total.Sub(whole.Contribution(tenant))
		}
		if len(total) != 0 {
			t.Fatalf("taken back, %v is left", total)
		}
	})
}

func TestTracesAddUpToTheTally(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		a := score.Ask(q, f)
		total := a.Book.Total()
		for _, account := range a.Accounts() {
			for number := range a.Book.Plan.Measures() {
				var sum attribution.Tally
				for _, tenant := range a.Book.Tenants() {
					sum = sum.Add(a.Book.Trace(tenant, account, number, false).Tally)
				}
				if got := total[attribution.Key{Account: account, Measure: number}]; fmt.Sprint(got) != fmt.Sprint(sum) {
					t.Fatalf("measure %d of %s: traces add up to %v, the tally is %v", number, account, sum, got)
				}
			}
		}
	})
}
