package check_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/check"
	"github.com/kizuna-org/kizuna/advice/plan/plantest"
	"github.com/kizuna-org/kizuna/advice/plan/solve"

	"pgregory.net/rapid"
)

func certified(t interface{ Fatal(...any) }, in *plan.Instance) *plan.Certificate {
	r, err := solve.Solve(in, solve.Options{Nodes: 2000})
	if err != nil {
		t.Fatal(err)
	}
	return r.Certificate
}

// copied is a certificate that can be changed without harm.
func copied(t interface{ Fatal(...any) }, c *plan.Certificate) *plan.Certificate {
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out := &plan.Certificate{}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Whatever is changed in a certificate: it is refused, or what it says is true.
func TestWhatIsAcceptedIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Any(func(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, "n") })
		c := copied(t, certified(t, in))
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			mutate(t, c)
		}
		if check.Certificate(in, c) != nil {
			return
		}
		best := plantest.Cheapest(in)
		switch {
		case best == nil && c.Plan != nil:
			t.Fatalf("a plan was accepted where there is none")
		case best != nil && (c.Infeasible || c.Bound > in.Cost(best)):
			t.Fatalf("bound %d, infeasible %v, but %v costs %d", c.Bound, c.Infeasible, best, in.Cost(best))
		case c.Plan != nil && (!in.Reaches(c.Plan) || c.Cost != in.Cost(c.Plan)):
			t.Fatalf("plan %v was accepted", c.Plan)
		}
	})
}

func mutate(t *rapid.T, c *plan.Certificate) {
	by := int64(rapid.SampledFrom([]int{-1000000, -64, -1, 1, 2, 64, 1000000}).Draw(t, "by"))
	node := &c.Nodes[rapid.IntRange(0, len(c.Nodes)-1).Draw(t, "node")]
	switch rapid.IntRange(0, 12).Draw(t, "what") {
	case 0:
		c.Bound += by
	case 1:
		c.Cost += by
	case 2:
		c.Infeasible = !c.Infeasible
	case 3:
		if len(c.Plan) > 0 {
			c.Plan[rapid.IntRange(0, len(c.Plan)-1).Draw(t, "unit")] += int(by % 3)
		}
	case 4:
		c.Plan = nil
	case 5:
		node.Ray = !node.Ray
	case 6:
		node.Fine += int(by % 70)
	case 7:
		node.Low += by
	case 8:
		node.High += by
	case 9:
		node.Branch = rapid.SampledFrom([]string{"", "x/0/0", "x/1/1", "t/-1/0/0", "p/-1/0/0/0/0/0", "nothing"}).Draw(t, "branch")
	case 10:
		if len(node.Times) > 0 {
			node.Times[rapid.IntRange(0, len(node.Times)-1).Draw(t, "times")][1] *= by
		}
	case 11:
		if len(c.Rows) > 0 {
			c.Rows[0].Scale += int(by % 70)
		}
	default:
		c.Nodes = slices.Delete(c.Nodes, 0, 1)
		if len(c.Nodes) == 0 {
			c.Nodes = []plan.Node{{}}
		}
	}
}

func TestWhatIsWrongIsRefused(t *testing.T) {
	in := plantest.Partner(1, 300)
	whole := certified(t, in)
	if err := check.Certificate(in, whole); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct {
		do   func(c *plan.Certificate)
		code string
	}{
		"a bound above the cost":     {func(c *plan.Certificate) { c.Bound++ }, "certificate-plan"},
		"a higher bound, no plan":    {func(c *plan.Certificate) { c.Bound++; c.Plan = nil }, "proves less than the bound"},
		"a cheaper plan":             {func(c *plan.Certificate) { c.Cost--; c.Bound-- }, "does not reach"},
		"no plan at all":             {func(c *plan.Certificate) { c.Plan, c.Infeasible = nil, true }, "proves less"},
		"something left out":         {func(c *plan.Certificate) { drop(in, c) }, "does not reach"},
		"no multipliers":             {func(c *plan.Certificate) { last(c).Times = nil }, "proves less"},
		"negative multipliers":       {func(c *plan.Certificate) { negate(last(c)) }, "proves less"},
		"a node too few":             {func(c *plan.Certificate) { c.Nodes = c.Nodes[:len(c.Nodes)-1] }, "nodes are missing"},
		"a node too many":            {func(c *plan.Certificate) { c.Nodes = append(c.Nodes, plan.Node{}) }, "left over"},
		"a gap between the branches": {func(c *plan.Certificate) { c.Nodes[0].High++ }, "branch"},
		"an unknown row":             {func(c *plan.Certificate) { c.Rows[0].Name = "sum/0" }, "sum/0"},
		"an unknown world":           {func(c *plan.Certificate) { c.Worlds = []int{-1, 0} }, "worlds"},
		"a world twice":              {func(c *plan.Certificate) { c.Worlds = []int{-1, -1} }, "worlds"},
	} {
		c := copied(t, whole)
		change.do(c)
		err := check.Certificate(in, c)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), change.code) && change.code != "certificate-plan" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func drop(in *plan.Instance, c *plan.Certificate) {
	for u, b := range c.Plan {
		if b != plan.None {
			c.Cost -= in.Units[u].Bundles[b].Cost
			c.Bound, c.Plan[u] = c.Cost, plan.None
			return
		}
	}
}

func last(c *plan.Certificate) *plan.Node { return &c.Nodes[len(c.Nodes)-1] }

func negate(n *plan.Node) {
	for i := range n.Times {
		n.Times[i][1] = -n.Times[i][1]
	}
}

func FuzzCertificate(f *testing.F) {
	in := plantest.Partner(16, 60)
	in.Areas = in.Areas[3:4]
	r, err := solve.Solve(in, solve.Options{})
	if err != nil || !r.Optimal() {
		f.Fatal(err, r)
	}
	text, _ := json.Marshal(r.Certificate)
	f.Add(text)
	f.Add([]byte(`{"bound":1,"worlds":[-1],"nodes":[{"branch":"x/0/0","low":9223372036854775807,"high":-9223372036854775808},{},{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &plan.Certificate{}
		if json.Unmarshal(text, c) != nil || check.Certificate(in, c) != nil {
			return
		}
		if c.Infeasible || c.Bound > r.Cost || c.Plan != nil && !in.Reaches(c.Plan) {
			t.Errorf("accepted: bound %d of %d, infeasible %v, plan %v", c.Bound, r.Cost, c.Infeasible, c.Plan)
		}
	})
}
