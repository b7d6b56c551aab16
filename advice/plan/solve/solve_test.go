package solve_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/check"
	"github.com/kizuna-org/kizuna/advice/plan/plantest"
	"github.com/kizuna-org/kizuna/advice/plan/solve"

	"pgregory.net/rapid"
)

func tiny(t *rapid.T) *plan.Instance {
	return plantest.Any(func(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, "n") })
}

// solved solves an instance whole and has the certificate checked.
func solved(t interface{ Fatal(...any) }, in *plan.Instance, o solve.Options) *solve.Result {
	r, err := solve.Solve(in, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := check.Certificate(in, r.Certificate); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSmallInstancesHaveTheCheapestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := tiny(t)
		r := solved(t, in, solve.Options{Nodes: 5000})
		best := plantest.Cheapest(in)
		if (best == nil) != r.Infeasible {
			t.Fatalf("infeasible: %v, but the best is %v", r.Infeasible, best)
		}
		if best != nil && (!r.Optimal() || r.Cost != in.Cost(best)) {
			t.Fatalf("cost %d (bound %d, %d nodes), but %v costs %d", r.Cost, r.Bound, r.Nodes, best, in.Cost(best))
		}
	})
}

func TestAStoppedSearchProvesWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := tiny(t)
		r := solved(t, in, solve.Options{Nodes: rapid.IntRange(1, 8).Draw(t, "nodes")})
		best := plantest.Cheapest(in)
		if best == nil && r.Plan != nil || best != nil && (r.Infeasible || r.Bound > in.Cost(best)) {
			t.Fatalf("bound %d, infeasible %v, but %v costs %d", r.Bound, r.Infeasible, best, in.Cost(best))
		}
	})
}

func TestAnUnstartedSearchProvesNothingAndSaysSo(t *testing.T) {
	in := plantest.Partner(1, 100)
	r := solved(t, in, solve.Options{Stop: func() bool { return true }})
	if r.Plan != nil || r.Bound != 0 || r.Infeasible {
		t.Errorf("%+v", r)
	}
}

// partners with an optimum that is found quickly.
var partners = []uint64{1, 6, 16, 19}

func TestNothingInAPlanCanBeLeftOut(t *testing.T) {
	for _, seed := range partners {
		in := plantest.Partner(seed, 300)
		r := solved(t, in, solve.Options{})
		if !r.Optimal() {
			t.Fatalf("partner %d: %d, bound %d", seed, r.Cost, r.Bound)
		}
		for u, b := range r.Plan {
			if b == plan.None {
				continue
			}
			taken := in.Units[u].Bundles[b]
			less := slices.Clone(r.Plan)
			less[u] = plan.None
			if in.Reaches(less) {
				t.Errorf("partner %d: %s of %s can be left out", seed, taken.Name, in.Units[u].Name)
			}
			for c, other := range in.Units[u].Bundles {
				if len(other.Actions) < len(taken.Actions) && subset(other.Actions, taken.Actions) {
					if less[u] = c; in.Reaches(less) {
						t.Errorf("partner %d: %s suffices of %s", seed, other.Name, taken.Name)
					}
				}
			}
		}
	}
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

func TestTheSameQuestionHasTheSameAnswer(t *testing.T) {
	in := plantest.Partner(7, 300)
	first, _ := json.Marshal(solved(t, in, solve.Options{Nodes: 150}))
	again, _ := json.Marshal(solved(t, plantest.Partner(7, 300), solve.Options{Nodes: 150}))
	if string(first) != string(again) {
		t.Error("two runs differ")
	}
	r := &solve.Result{}
	if err := json.Unmarshal(first, r); err != nil {
		t.Fatal(err)
	}
	if err := check.Certificate(in, r.Certificate); err != nil {
		t.Error("after JSON: ", err)
	}
}

// What makes a question easier never makes its answer dearer.
func TestCostsAreMonotonic(t *testing.T) {
	cost := func(t *rapid.T, in *plan.Instance) (int64, bool) {
		r := solved(t, in, solve.Options{Nodes: 5000})
		return r.Cost, !r.Infeasible
	}
	rapid.Check(t, func(t *rapid.T) {
		in := tiny(t)
		before, feasible := cost(t, in)
		easier := "no failures"
		switch rapid.IntRange(0, 2).Draw(t, "change") {
		case 0:
			in.Failures = nil
		case 1:
			easier = "an area less"
			in.Areas = in.Areas[:len(in.Areas)-1]
		default:
			easier = "a bundle for less"
			b := &in.Units[0].Bundles[0]
			b.Cost /= 2
		}
		if after, ok := cost(t, in); feasible && (!ok || after > before) {
			t.Fatalf("with %s %d instead of %d", easier, after, before)
		}
	})
}

func TestASafetyMarginSurvivesEveryFailure(t *testing.T) {
	// Two of three customers are needed, and each may be lost.
	in := &plan.Instance{Counters: []plan.Counter{{Name: "customers"}}}
	for _, cost := range []int64{3, 5, 9} {
		in.Units = append(in.Units, plan.Unit{Bundles: []plan.Bundle{{Cost: cost, Adds: []plan.Add{{Counter: 0, By: 1}}}}})
	}
	in.Areas = []plan.Area{{Pass: kizuna.Int(20), Ways: []plan.Way{{Metrics: []plan.Metric{{
		Max: kizuna.Int(30), Options: []plan.Option{{Parts: []plan.Part{{Gain: []plan.Term{{Quantity: 0, Times: 1}}, Rate: kizuna.Int(10), Max: kizuna.Int(30)}}}},
	}}}}}}
	if r := solved(t, in, solve.Options{}); !r.Optimal() || !reflect.DeepEqual(r.Plan, plan.Plan{0, 0, plan.None}) {
		t.Errorf("%+v", r)
	}
	r := solved(t, plantest.Margin(in, 3), solve.Options{})
	if !r.Optimal() || r.Cost != 17 {
		t.Errorf("%+v", r)
	}
}

func BenchmarkSolve(b *testing.B) {
	in := plantest.Partner(13, 300)
	for b.Loop() {
		if _, err := solve.Solve(in, solve.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
