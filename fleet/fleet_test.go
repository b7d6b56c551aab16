package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/fleet"
	"github.com/kizuna-org/kizuna/internal/scoretest"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// fataler is what rapid.T and testing.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

func programs(t testing.TB) []*program.Program {
	t.Helper()
	all, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fleetOf packs the facts, counts them and prepares the scores.
func fleetOf(t fataler, q score.Question, f *score.Facts) *fleet.Fleet {
	t.Helper()
	var out bytes.Buffer
	if _, err := segment.Build(segment.NewBuilder(&out), &f.Facts); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	view, err := segment.NewView(s)
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Compile(attribution.NewPlan(q.Program, q.AsOf), q.Trust)
	if err != nil {
		t.Fatal(err)
	}
	totals, err := k.Run(context.Background(), view, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return fleet.New(q, k.Plan, &fleet.Facts{
		Locations: f.Associations.Locations, People: indexed(f.People), Coverage: f.Coverage,
	}, totals)
}

func indexed(f *people.Facts) *people.Index {
	if f == nil {
		return nil
	}
	return people.NewIndex(f)
}

// mustEqual compares every figure of every partner with what score.Ask says.
func mustEqual(t fataler, q score.Question, f *score.Facts) {
	t.Helper()
	want := score.Ask(q, f).Result().Accounts
	i, fleet := 0, fleetOf(t, q, f)
	for p, err := range fleet.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if i == len(want) || want[i].Name != p.Account {
			t.Fatal("another partner", p.Account)
		}
		a := asJSON(t, want[i].Value)
		b := asJSON(t, fleet.Explain(p.Partner))
		if a != b {
			t.Errorf("%s under %s:\nwant %s\ngot  %s", p.Account, q.Program.Ref(), a, b)
		}
		for _, d := range scoretest.Differences(p.Figures, want[i].Value) {
			t.Errorf("%s under %s: %s", p.Account, q.Program.Ref(), d)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d partners of %d", i, len(want))
	}
}

func asJSON(t fataler, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func demoFacts(t testing.TB) *score.Facts {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	if err := demo.Write(dir, false); err != nil {
		t.Fatal(err)
	}
	d, err := dataset.Load(t.Context(), dir, dataset.Options{Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	return &score.Facts{
		Facts:  attribution.Facts{Associations: &d.Associations, Usage: d.Ledger, Rates: d.Rates},
		People: &d.People, Coverage: d.Coverage(),
	}
}

func TestEveryPartnerOfTheDemoScoresAsAsked(t *testing.T) {
	facts := demoFacts(t)
	for _, p := range programs(t) {
		mustEqual(t, score.Question{Program: p, AsOf: demo.AsOf, Trust: attribution.TrustBoth}, facts)
	}
}

// covered says which kinds of usage some source could hold.
type covered struct {
	without program.Quantity
	people  bool
}

func (c covered) Usage(q program.Quantity, _ program.Family) (kizuna.Month, bool) {
	return kizuna.NewDate(2023, 10, 1).Month(), q != c.without
}
func (c covered) Certifications() bool { return c.people }

func TestRandomWorldsScoreAsAsked(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := &score.Facts{
			Facts: *worldtest.DrawMixed(t), People: worldtest.DrawPeople(t),
			Coverage: covered{rapid.SampledFrom([]program.Quantity{"", program.Revenue, program.ActiveUsers}).Draw(t, "without"), rapid.Bool().Draw(t, "people")},
		}
		mustEqual(t, score.Question{
			Program: rapid.SampledFrom(all).Draw(t, "program"),
			AsOf:    rapid.SampledFrom([]kizuna.Date{kizuna.NewDate(2023, 11, 15), kizuna.NewDate(2022, 12, 31)}).Draw(t, "day"),
			Trust:   rapid.SampledFrom([]attribution.Trust{attribution.TrustBoth, attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust"),
		}, f)
	})
}

func backtestOf(t testing.TB, before, after *program.Program) *fleet.Backtest {
	t.Helper()
	facts := demoFacts(t)
	ask := func(p *program.Program) *fleet.Fleet {
		return fleetOf(t, score.Question{Program: p, AsOf: demo.AsOf, Trust: attribution.TrustBoth}, facts)
	}
	return &fleet.Backtest{Before: ask(before), After: ask(after)}
}

func effectOf(t testing.TB, b *fleet.Backtest) *fleet.Effect {
	t.Helper()
	e := fleet.NewEffect(b)
	for p, err := range b.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		e.Add(&p)
	}
	e.Finish()
	return e
}

func TestNobodyGainsOrLosesUnderTheSameProgram(t *testing.T) {
	p := programs(t)[0]
	e := effectOf(t, backtestOf(t, p, p))
	if e.Partners == 0 || e.Differing != 0 || len(e.Moves) != 0 || len(e.Regions) != 0 {
		t.Errorf("%+v", e)
	}
}

// A pass mark that nobody reaches takes every designation, and back again gives it.
func TestWhoLosesOneWayGainsTheOther(t *testing.T) {
	latest := programs(t)[len(programs(t))-1]
	strict := latest.Clone()
	strict.Scoring.PassTotal = kizuna.Int(101)
	there, back := effectOf(t, backtestOf(t, latest, strict)), effectOf(t, backtestOf(t, strict, latest))
	moves := 0
	for i := range there.Areas {
		a, b := there.Areas[i], back.Areas[i]
		if a.After.Passing != 0 || a.Lose != a.Before.Passing || a.Gain != 0 || a.Lose != b.Gain || a.Before != b.After {
			t.Errorf("there %+v\nback %+v", a, b)
		}
		moves += a.Lose
	}
	if moves == 0 || len(there.Moves) != moves || len(back.Moves) != moves || there.Differing != 0 {
		t.Errorf("%d moves; there %d, back %d, %d differ", moves, len(there.Moves), len(back.Moves), there.Differing)
	}
	byRegion := 0
	for _, r := range there.Regions {
		if byRegion += r.Lose; r.Country == "" {
			t.Errorf("%+v has no country", r)
		}
	}
	if byRegion != moves {
		t.Errorf("%d of %d moves stand in a region", byRegion, moves)
	}
}

func TestAnAreaThatOnlyOneProgramHasIsGainedOrLost(t *testing.T) {
	latest := programs(t)[len(programs(t))-1]
	fewer := latest.Clone()
	fewer.Areas = slices.Clone(latest.Areas[1:])
	b := backtestOf(t, fewer, latest)
	e := effectOf(t, b)
	at := slices.IndexFunc(e.Areas, func(a fleet.AreaEffect) bool { return a.Area == latest.Areas[0].ID })
	if at != len(fewer.Areas) {
		t.Fatalf("the new area stands at %d", at)
	}
	if a := e.Areas[at]; a.Gain != a.After.Passing || a.Before.Passing != 0 {
		t.Errorf("%+v", a)
	}
	c := b.Explain(b.Before.Partners[0])[at]
	if c.Before != nil || c.Difference().Cmp(c.After.Total) != 0 || len(c.Metrics()) != len(latest.Areas[0].Metrics) {
		t.Errorf("%+v", c)
	}
}

// The metrics of a change add up to its difference wherever a total is a sum.
func TestMetricsExplainADifference(t *testing.T) {
	latest := programs(t)[len(programs(t))-1]
	for _, q := range programs(t) {
		b := backtestOf(t, q, latest)
		for p, err := range b.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range b.Explain(p.Partner) {
				if in := p.Areas[i]; in.Area != c.Area || in.Difference().Cmp(c.Difference()) != 0 || in.Outcome() != c.Outcome() {
					t.Errorf("%s, %s: %s in numbers, %s explained", p.Account, c.Area, in.Difference(), c.Difference())
				}
				var sum kizuna.Fraction
				for _, m := range c.Metrics() {
					if m.After != nil {
						sum = sum.Add(m.After.Points)
					}
					if m.Before != nil {
						sum = sum.Sub(m.Before.Points)
					}
				}
				if sum.Cmp(c.Difference()) != 0 {
					t.Errorf("%s, %s: metrics say %s, the area %s", p.Account, c.Area, sum, c.Difference())
				}
			}
		}
	}
}

// Another question about the same facts is answered as if it were the only one.
func TestAFleetUnderAnotherQuestionIsAFleet(t *testing.T) {
	facts := madeFacts()
	facts.Locations = facts.Locations[:300]
	facts.Locations[1].During.To = kizuna.NewDate(2023, 9, 1).Instant() // there on one of the days
	all := programs(t)
	first := all[0]
	for _, day := range []kizuna.Date{demo.AsOf, kizuna.NewDate(2023, 8, 1)} {
		for _, p := range all {
			q, plan := score.Question{Program: p, AsOf: day}, attribution.NewPlan(p, day)
			want := fleet.New(q, plan, facts, made{plan})
			got := madeFleet(first, facts).Under(q, plan, made{plan})
			if !slices.Equal(got.Partners, want.Partners) || got.Question != want.Question {
				t.Fatalf("%s on %s: other partners", p.Ref(), day)
			}
			next, stop := iter.Pull2(want.All(t.Context()))
			for a, err := range got.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				b, _, _ := next()
				for _, d := range scoretest.Differences(a.Figures, want.Explain(b.Partner)) {
					t.Errorf("%s on %s, %s: %s", p.Ref(), day, a.Account, d)
				}
			}
			stop()
		}
	}
}

func TestADistributionCountsEveryPartnerOnce(t *testing.T) {
	f := backtestOf(t, programs(t)[0], programs(t)[0]).Before
	s := fleet.NewSummary(f)
	for p, err := range f.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		s.Add(&p)
	}
	for _, a := range s.Areas {
		sum := 0
		for _, n := range a.Distribution {
			sum += n
		}
		if sum != s.Partners || s.Partners != len(f.Partners) || len(fleet.Bins()) != len(a.Distribution) {
			t.Errorf("%s: %d of %d", a.Area, sum, s.Partners)
		}
	}
}

func TestPartnersAreFoundByAnyId(t *testing.T) {
	f := fleetOf(t, score.Question{Program: programs(t)[0], AsOf: kizuna.NewDate(2023, 11, 15)}, &score.Facts{
		Facts:    attribution.Facts{Associations: &association.Facts{Locations: locations}, Usage: usage.NewLedger()},
		Coverage: covered{},
	})
	for id, want := range map[string]fleet.Partner{
		"l1": {Account: "G1", Name: "Alpha", Country: "JP"}, "g1": {Account: "G1", Name: "Alpha", Country: "JP"},
		"L3": {Account: "G2", Name: "Beta", Country: "US"},
	} {
		if got, err := f.Resolve(id); err != nil || got != want {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	if _, err := f.Resolve("L9"); kizuna.CodeOf(err) != "fleet-partner" {
		t.Error(err)
	}
}

var locations = []association.Location{
	{ID: "L0", Global: "G1", Name: "Alpha", Country: "DE", During: kizuna.Interval{From: kizuna.Never, To: kizuna.NewDate(2020, 1, 1).Instant()}},
	{ID: "L1", Global: "G1", Country: "JP", During: kizuna.Always},
	{ID: "L2", Global: "G1", Name: "Alpha Two", Country: "FR", During: kizuna.Always},
	{ID: "L3", Global: "G2", Name: "Beta", Country: "US", During: kizuna.Always},
}

func TestACancelledFleetSaysSo(t *testing.T) {
	f := backtestOf(t, programs(t)[0], programs(t)[0]).Before
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	for p, err := range f.All(ctx) {
		if !errors.Is(err, stop) {
			t.Error(fmt.Sprint(p.Account, err))
		}
	}
}

func TestNothingIsAllocatedForEachPartner(t *testing.T) {
	all := programs(t)
	before := madeFleet(all[0], madeFacts())
	b := &fleet.Backtest{Before: before, After: under(before, all[1])}
	if n := testing.AllocsPerRun(1, func() {
		s := fleet.NewSummary(before)
		for p, err := range before.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			s.Add(&p)
		}
		for range b.All(t.Context()) {
		}
	}); n > fleetSize/2 {
		t.Errorf("%v allocations for %d partners", n, fleetSize)
	}
}
