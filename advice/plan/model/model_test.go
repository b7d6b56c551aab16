package model_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/model"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// usageOnly covers usage.
type usageOnly struct{ worldtest.Everything }

func (usageOnly) Certifications() bool { return false }

// drawGoals wants every area, sometimes one of two, and sometimes a single metric.
func drawGoals(t *rapid.T, p *program.Program) []model.Goal {
	var areas []string
	for i := range p.Areas {
		areas = append(areas, p.Areas[i].ID)
	}
	goals := model.Each(areas...)
	any := func(label string) *program.Area { return &p.Areas[rapid.IntRange(0, len(areas)-1).Draw(t, label)] }
	if one, other := any("one"), any("or another"); one != other && p.ScoringOf(one) == p.ScoringOf(other) {
		goals = append(goals, model.Goal{AnyOf: []string{one.ID, other.ID}})
	}
	if of := any("of"); of.Track.Kind != program.Classified {
		goals = append(goals, model.Goal{AnyOf: []string{of.ID}, Metric: rapid.SampledFrom(of.Metrics).Draw(t, "metric").ID})
	}
	return goals
}

// reached says by the score whether a goal is.
func reached(g *model.Goal, of *score.Account) bool {
	return slices.ContainsFunc(g.AnyOf, func(id string) bool {
		area, _ := of.Areas.Get(id)
		if g.Metric == "" {
			return area.Qualified
		}
		return slices.ContainsFunc(area.Tracks, func(t score.Named[*score.Track]) bool {
			m, _ := t.Value.Metrics.Get(g.Metric)
			return m.Points.Cmp(m.Max) == 0
		})
	})
}

// differences says where an instance's outcome is not the score.
func differences(t *rapid.T, goals []model.Goal, in *plan.Instance, p plan.Plan, want *score.Account) {
	out := in.Evaluate(p, plan.Nominal)
	for i := range in.Areas {
		if want := reached(&goals[i], want); out.Areas[i].Passes != want {
			t.Fatalf("%s: the instance passes: %v, the score: %v", in.Areas[i].Name, out.Areas[i].Passes, want)
		}
		if len(goals[i].AnyOf) > 1 || goals[i].Metric != "" {
			continue
		}
		area, _ := want.Areas.Get(in.Areas[i].Name)
		for j, w := range out.Areas[i].Ways {
			name := in.Areas[i].Ways[j].Name
			track, _ := area.Tracks.Get(name)
			if !w.Open {
				continue
			}
			for k, m := range track.Metrics {
				if m.Value.Points.Cmp(w.Points[k]) != 0 {
					t.Fatalf("%s/%s/%s: the instance has %s points, the score %s %v %v", in.Areas[i].Name, name, m.Name, w.Points[k], m.Value.Points, m.Value.Status, m.Value.Reason)
				}
			}
			if w.Total.Cmp(track.Total) != 0 || w.Passes != track.Passes {
				t.Fatalf("%s/%s: the instance has %s (%v), the score %s (%v)", in.Areas[i].Name, name, w.Total, w.Passes, track.Total, track.Passes)
			}
		}
	}
}

// What an instance says is what the score says, of the account as it is and as it would
// be under changes of several units.
func TestAnInstanceSaysWhatTheScoreSays(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	asOf := kizuna.NewDate(2023, 11, 15)
	for _, p := range programs[:len(programs):len(programs)] {
		only := p.ForSpecializations(asOf)
		programs = append(programs, only)
		for i := range only.Areas {
			programs = append(programs, p.WithSpecializations(asOf, only.Areas[i].ID))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(programs).Draw(t, "program")
		q := score.Question{Program: p, AsOf: asOf}
		f := worldtest.Draw(t)
		var coverage score.Coverage = worldtest.Everything{}
		if rapid.IntRange(0, 9).Draw(t, "no certificates") == 0 {
			coverage = usageOnly{}
		}
		b, err := advice.New(q, "G1", &advice.Facts{
			Associations: f.Associations, People: worldtest.DrawPeople(t), Coverage: coverage, Usage: advice.UsageOf(usage.Collect(f.Usage.Rows()), nil),
		})
		if err != nil {
			t.Fatal(err)
		}
		goals := drawGoals(t, p)
		now := b.Now()
		var workloads []string
		for _, c := range b.Customers() {
			for _, r := range b.About(c) {
				workloads = append(workloads, p.WorkloadName(r.Workload))
			}
		}
		m, err := model.New(b.Plan, coverage, model.Standing{Account: "G1", Total: now.Total, Roster: now.Roster}, goals, workloads)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		differences(t, goals, &m.Instance, plan.Plan{}, now.Score())

		more := worldtest.Draw(t).Associations
		var all advice.Changes
		var taken plan.Plan
		for _, tenant := range worldtest.Tenants {
			var c advice.Changes
			for _, claim := range more.Claims {
				if claim.Subscription == "" && claim.Tenant == tenant {
					c.Associations.Claims = append(c.Associations.Claims, claim)
				}
			}
			c.Growth = []advice.Growth{{Tenant: tenant, Factor: kizuna.Ratio(rapid.Int64Range(0, 5).Draw(t, "growth"), 2)}}
			out, err := b.Evaluate(&c)
			if err != nil {
				t.Fatal(err)
			}
			adds, ok := m.Adds(now.Total, out.Total)
			if !ok {
				t.Fatal("a workload is not known")
			}
			taken = append(taken, 0)
			m.Units = append(m.Units, plan.Unit{Name: tenant, Bundles: []plan.Bundle{{Adds: adds}}})
			all.Associations.Claims = append(all.Associations.Claims, c.Associations.Claims...)
			all.Growth = append(all.Growth, c.Growth...)
		}
		people := advice.Changes{People: *worldtest.DrawPeople(t)}
		people.People.People, people.People.Links = nil, nil
		out, err := b.Evaluate(&people)
		if err != nil {
			t.Fatal(err)
		}
		m.Units = append(m.Units, plan.Unit{Name: "people", Bundles: []plan.Bundle{{Adds: m.AddsOfPeople(now.Roster, out.Roster)}}})
		taken = append(taken, 0)
		all.People = people.People
		if out, err = b.Evaluate(&all); err != nil {
			t.Fatal(err)
		}
		differences(t, goals, &m.Instance, taken, out.Score())
	})
}
