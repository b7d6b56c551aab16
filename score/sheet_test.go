package score_test

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/internal/scoretest"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// partly covers everything but what it lacks.
type partly struct {
	quantity program.Quantity
	family   program.Family
	people   bool
}

func (c partly) Usage(q program.Quantity, f program.Family) (kizuna.Month, bool) {
	return 0, q != c.quantity && f != c.family
}
func (c partly) Certifications() bool { return c.people }

// drawTally draws a tally of any measure: often nothing, and sometimes so much that
// points outgrow two int64 on the way.
func drawTally(t *rapid.T) (out attribution.Tally) {
	number := func(label string) int64 {
		return rapid.OneOf(
			rapid.Just(int64(0)), rapid.Int64Range(-3, 30), rapid.SampledFrom([]int64{1e9, 999_999_999, 12_000e6, 333_333_333, 1e17 + 1}),
			rapid.Int64Range(-1e12, 1e15),
		).Draw(t, label)
	}
	if rapid.IntRange(0, 3).Draw(t, "nothing") == 0 {
		return out
	}
	out.Now, out.Base = number("now"), number("base")
	members := func(label string, most int) attribution.Counts {
		out := make(attribution.Counts)
		for i := range rapid.IntRange(0, most).Draw(t, label) {
			out["w"+strconv.Itoa(i)] = 1
		}
		return out
	}
	out.NowSet, out.BaseSet = members("now", 9), members("base", 9)
	if rapid.IntRange(0, 9).Draw(t, "unrated") == 0 {
		out.Unrated = attribution.Counts{"w": 2}
	}
	return out
}

// drawRules draws a built-in program with other parameters, or another reading of one.
func drawRules(t *rapid.T, all []score.Question) *program.Program {
	q := drawQuestion(t, all)
	p := drawVariant(t, q.Program).Clone()
	if rapid.IntRange(0, 4).Draw(t, "best metrics") == 0 {
		for i := range p.Areas {
			if track := &p.Areas[i].Track; track.Kind == program.BestTrack {
				track.Kind = program.BestMetrics
			}
		}
	}
	if s := p.Specializations; s != nil && rapid.Bool().Draw(t, "with specializations") {
		for i := range s.List {
			p = p.WithSpecializations(q.AsOf, s.List[i].ID)
		}
	}
	if rapid.Bool().Draw(t, "another reading") {
		q.Program = p
		if readings := score.Readings(q, false); len(readings) > 0 {
			p = rapid.SampledFrom(readings).Draw(t, "reading").Question.Program
		}
	}
	return p
}

func TestFiguresAreThoseOfTheScore(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		p := drawRules(t, all)
		plan := attribution.NewPlan(p, all[0].AsOf)
		scorer := &score.Scorer{
			Plan: plan,
			Coverage: partly{
				quantity: pick[program.Quantity](t, "without", "", "", program.Revenue, program.ActiveUsers, program.Consumption),
				family:   pick[program.Family](t, "without family", "", "", program.AzureFamily, program.M365Family),
				people:   rapid.IntRange(0, 4).Draw(t, "people") > 0,
			},
			Roster: people.NewRoster(worldtest.DrawPeople(t), p, plan.AsOf, func(location string) (string, bool) {
				account, ok := map[string]string{"L1": "G1", "L2": "G2", "L3": "G2"}[location]
				return account, ok
			}),
		}
		sheet := scorer.Sheet()
		evaluator, figures := sheet.Evaluator(), sheet.Figures(1)
		for _, account := range []string{"G1", "G2", "G3"} { // into the same memory
			total := make(attribution.Contribution)
			for number := range plan.Measures() {
				if tally := drawTally(t); !tally.IsZero() {
					total[attribution.Key{Account: account, Measure: number}] = tally
				}
			}
			var counts []int32
			if n, ok := scorer.Roster.Number(account); ok {
				counts = scorer.Roster.Counts(n)
			}
			evaluator.Evaluate(&figures[0], plan.Values(nil, account, total), counts)
			for _, d := range scoretest.Differences(&figures[0], scorer.Account(account, total)) {
				t.Errorf("%s under %s: %s", account, p.Ref(), d)
			}
		}
	})
}

// ordinary is a scorer with people, and values of one account as they usually are: some
// of everything.
func ordinary(t testing.TB, of score.Question) (*score.Scorer, []attribution.Value) {
	t.Helper()
	plan := attribution.NewPlan(of.Program, of.AsOf)
	facts := &people.Facts{}
	earned := kizuna.NewDate(2023, 1, 1)
	for i, certificate := range []string{"AZ-104", "AZ-305", "AZ-500", "SC-200", "MS-100", "DP-203"} {
		mcid := "m" + strconv.Itoa(i)
		facts.People = append(facts.People, people.Person{ID: mcid, MCID: mcid})
		facts.Links = append(facts.Links, people.ProfileLink{MCID: mcid, Location: "L1", During: kizuna.Always})
		facts.Certifications = append(facts.Certifications, people.Certification{MCID: mcid, Certificate: certificate, EarnedOn: &earned})
	}
	roster := people.NewRoster(facts, of.Program, of.AsOf, func(string) (string, bool) { return "G1", true })
	values := make([]attribution.Value, plan.Measures())
	for i := range values {
		if plan.Measure(i).Subject == program.Amount {
			values[i] = attribution.Value{Now: 123_456_789_012 + int64(i)*1_000_003, Base: 98_765_432_101}
		} else {
			values[i] = attribution.Value{Now: int64(i%7 + 3), Base: int64(i % 3)}
		}
	}
	return &score.Scorer{Plan: plan, Roster: roster, Coverage: everything{}}, values
}

func TestScoringInNumbersAllocatesNothing(t *testing.T) {
	for _, q := range questions(t) {
		scorer, values := ordinary(t, q)
		sheet := scorer.Sheet()
		evaluator, figures, counts := sheet.Evaluator(), sheet.Figures(1), scorer.Roster.Counts(0)
		for what, values := range map[string][]attribution.Value{"some of everything": values, "nothing": make([]attribution.Value, len(values))} {
			if n := testing.AllocsPerRun(20, func() {
				evaluator.Evaluate(&figures[0], values, counts)
				evaluator.Evaluate(&figures[0], values, nil)
			}); n != 0 {
				t.Errorf("%s, %s: %v allocations", q.Program.Ref(), what, n)
			}
		}
	}
}

// A partner's points from its tallies, in numbers: with some of everything, with people
// alone, and with nothing.
func BenchmarkPoints(b *testing.B) {
	for _, q := range questions(b) {
		if q.Program.Ref() != "mcpp@2023-10" || q.Program.CSPHistory != program.OwnerOnDate {
			continue
		}
		scorer, values := ordinary(b, q)
		sheet := scorer.Sheet()
		evaluator, figures, counts := sheet.Evaluator(), sheet.Figures(1), scorer.Roster.Counts(0)
		for _, c := range []struct {
			name   string
			values []attribution.Value
			counts []int32
		}{
			{"everything", values, counts}, {"people", make([]attribution.Value, len(values)), counts}, {"nothing", make([]attribution.Value, len(values)), nil},
		} {
			b.Run(c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					evaluator.Evaluate(&figures[0], c.values, c.counts)
				}
			})
		}
	}
}
