package solve_test

import (
	"encoding/json"
	"testing"

	"github.com/kizuna-org/kizuna/advice/plan/check"
	"github.com/kizuna-org/kizuna/advice/plan/plantest"
	"github.com/kizuna-org/kizuna/advice/plan/solve"

	"pgregory.net/rapid"
)

func TestSmallInstancesHaveTheCheapestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Tiny(func(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, "n") })
		r, err := solve.Solve(in, solve.Options{Nodes: 5000})
		if err != nil {
			t.Fatal(err)
		}
		best := plantest.Cheapest(in)
		if (best == nil) != r.Infeasible {
			t.Fatalf("infeasible: %v, but the best is %v", r.Infeasible, best)
		}
		if best != nil && (!r.Optimal() || r.Cost != in.Cost(best)) {
			t.Fatalf("cost %d (bound %d, %d nodes), but %v costs %d", r.Cost, r.Bound, r.Nodes, best, in.Cost(best))
		}
		if err := check.Certificate(in, r.Certificate); err != nil {
			text, _ := json.Marshal(r.Certificate)
			t.Fatalf("%v: %s", err, text)
		}
	})
}
