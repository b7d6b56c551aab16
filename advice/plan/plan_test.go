package plan_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// one asks what a metric gives of two counters and a set over two more.
func one(m plan.Metric, a, b, c, d int64) *plan.Instance {
	return &plan.Instance{
		Counters: []plan.Counter{{Name: "a", Base: a}, {Name: "b", Base: b}, {Name: "c", Base: c}, {Name: "d", Base: d}},
		Sets:     []plan.Set{{Name: "set", Members: []int{2, 3}}},
		Areas:    []plan.Area{{Ways: []plan.Way{{Metrics: []plan.Metric{m}}}}},
	}
}

func of(quantity int, times int64) plan.Term { return plan.Term{Quantity: quantity, Times: times} }

func least(quantity int, n int64) plan.Condition {
	return plan.Condition{Terms: []plan.Term{of(quantity, 1)}, AtLeast: n}
}

func metric(most int64, parts ...plan.Part) plan.Metric {
	return plan.Metric{Max: kizuna.Int(most), Options: []plan.Option{{Parts: parts}}}
}

func part(most, rate int64, gain ...plan.Term) plan.Part {
	return plan.Part{Max: kizuna.Int(most), Rate: kizuna.Int(rate), Gain: gain}
}

func TestPoints(t *testing.T) {
	adds := metric(30, part(30, 10, of(0, 1)))
	growth := metric(20, plan.Part{Gain: []plan.Term{of(0, 1), of(1, -1)}, Over: []plan.Term{of(1, 1)}, When: []plan.Condition{least(1, 1000)}, Rate: kizuna.Int(100), Max: kizuna.Int(20)})
	steps := metric(20, plan.Part{Gain: []plan.Term{of(0, 1)}, Rate: kizuna.Ratio(1, 5), Step: kizuna.Int(4), Max: kizuna.Int(20)})
	gated := metric(40, plan.Part{When: []plan.Condition{least(0, 1)}, Max: kizuna.Int(4)},
		plan.Part{When: []plan.Condition{least(0, 1), least(1, 1)}, Gain: []plan.Term{of(2, 1)}, Rate: kizuna.Int(8), Max: kizuna.Int(40)})
	loss := part(10, 1, of(0, 1))
	loss.Signed = true
	losses := metric(20, loss, part(10, 1, of(1, 1)))
	best := plan.Metric{Max: kizuna.Int(30), Options: []plan.Option{
		{Parts: []plan.Part{{Gain: []plan.Term{of(0, 1)}, Rate: kizuna.Ratio(30, 1000), Max: kizuna.Int(30)}}},
		{Parts: []plan.Part{{Gain: []plan.Term{of(1, 1)}, Rate: kizuna.Ratio(30, 4000), Max: kizuna.Int(30)}}},
	}}
	whole := metric(40, plan.Part{Gain: []plan.Term{of(0, 1)}, Rate: kizuna.Ratio(20, 3), Max: kizuna.Int(40)})
	whole.Whole = true
	for _, c := range []struct {
		name       string
		metric     plan.Metric
		a, b, c, d int64
		points     string
		passes     bool
	}{
		{"two of three customers", adds, 2, 0, 0, 0, "20", true},
		{"no more than the maximum", adds, 5, 0, 0, 0, "30", true},
		{"never below 0", adds, -59, 0, 0, 0, "0", false},
		{"4.18 percent", growth, 10418, 10000, 0, 0, "209/50", true},
		{"a base under the floor", growth, 1998, 999, 0, 0, "0", false},
		{"nothing before", growth, 5000, 0, 0, 0, "0", false},
		{"whole steps only", steps, 39, 0, 0, 0, "4", true},
		{"less than a step", steps, 19, 0, 0, 0, "0", false},
		{"a step that earns points", gated, 1, 0, 5, 0, "4", true},
		{"counted people behind both", gated, 1, 1, 4, 0, "36", true},
		{"a loss takes away", losses, -3, 9, 0, 0, "6", true},
		{"but not more than there is", losses, -30, 9, 0, 0, "0", false},
		{"the best option", best, 500, 3000, 0, 0, "45/2", true},
		{"options do not add up", best, 500, 500, 0, 0, "15", true},
		{"whole points", whole, 1, 0, 0, 0, "6", true},
		{"distinct members", metric(10, part(10, 2, of(4, 1))), 0, 0, 7, 1, "4", true},
	} {
		in := one(c.metric, c.a, c.b, c.c, c.d)
		if err := in.Check(); err != nil {
			t.Fatal(c.name, err)
		}
		got := in.Evaluate(plan.Plan{}, plan.Nominal)
		if points := got.Areas[0].Ways[0].Points[0]; points.String() != c.points || got.Passes() != c.passes {
			t.Errorf("%s: %s, passes %v; want %s, %v", c.name, points, got.Passes(), c.points, c.passes)
		}
	}
}

func TestPlansThatMayNotBeTaken(t *testing.T) {
	in := one(metric(10, part(10, 1, of(0, 1))), 1, 0, 0, 0)
	in.Limits = []plan.Condition{{Terms: []plan.Term{of(1, -1)}, AtLeast: -5}}
	in.Units = []plan.Unit{
		{Bundles: []plan.Bundle{{Adds: []plan.Add{{Counter: 1, By: 3}}}, {Barred: true}}, Must: true},
		{Bundles: []plan.Bundle{{Adds: []plan.Add{{Counter: 1, By: 3}}}, {Needs: [][]plan.Choice{{{Unit: 2, Bundle: 0}}}}}},
		{Bundles: []plan.Bundle{{}}},
	}
	for _, c := range []struct {
		plan plan.Plan
		ok   bool
	}{
		{plan.Plan{0, plan.None, plan.None}, true},
		{plan.Plan{plan.None, plan.None, plan.None}, false}, // one must be taken
		{plan.Plan{1, plan.None, plan.None}, false},         // barred
		{plan.Plan{0, 0, plan.None}, false},                 // over the limit
		{plan.Plan{0, 1, plan.None}, false},                 // needs another
		{plan.Plan{0, 1, 0}, true},
		{plan.Plan{0, 2, 0}, false},
		{plan.Plan{0}, false},
	} {
		if got := in.Reaches(c.plan); got != c.ok {
			t.Errorf("%v: %v", c.plan, got)
		}
	}
}

func TestAFailureTakesTheBundleAndWhatWasThere(t *testing.T) {
	in := one(metric(10, part(10, 1, of(0, 1))), 4, 0, 0, 0)
	in.Units = []plan.Unit{{Bundles: []plan.Bundle{{Adds: []plan.Add{{Counter: 0, By: 5}}}}}}
	in.Failures = []plan.Failure{{Units: []int{0}, Lost: []plan.Add{{Counter: 0, By: -1}}}}
	if n, f := in.Values(plan.Plan{0}, plan.Nominal)[0], in.Values(plan.Plan{0}, 0)[0]; n != 9 || f != 3 {
		t.Error(n, f)
	}
}

func TestCheckSaysWhatHasNoMeaning(t *testing.T) {
	bundle := func(b plan.Bundle) func(*plan.Instance) {
		return func(in *plan.Instance) { in.Units = []plan.Unit{{Name: "u", Bundles: []plan.Bundle{b}}} }
	}
	within := func(change func(*plan.Metric)) func(*plan.Instance) {
		return func(in *plan.Instance) { change(&in.Areas[0].Ways[0].Metrics[0]) }
	}
	for code, change := range map[string]func(*plan.Instance){
		"plan-set":         func(in *plan.Instance) { in.Sets[0].Members[1] = 2 },
		"plan-cost":        bundle(plan.Bundle{Cost: -1}),
		"plan-bundle":      bundle(plan.Bundle{Adds: []plan.Add{{Counter: 4}}}),
		"plan-needs":       bundle(plan.Bundle{Needs: [][]plan.Choice{{{Unit: 1}}}}),
		"plan-must":        func(in *plan.Instance) { in.Units = []plan.Unit{{Must: true}} },
		"plan-failure":     func(in *plan.Instance) { in.Failures = []plan.Failure{{Units: []int{3}}} },
		"plan-size":        bundle(plan.Bundle{Adds: []plan.Add{{Counter: 0, By: plan.Limit + 1}}}),
		"plan-held":        bundle(plan.Bundle{Adds: []plan.Add{{Counter: 2, By: -1}}}),
		"plan-limit":       func(in *plan.Instance) { in.Limits = []plan.Condition{least(9, 1)} },
		"plan-area":        func(in *plan.Instance) { in.Areas[0].Ways = nil },
		"plan-size-points": within(func(m *plan.Metric) { m.Options[0].Parts[0].Rate = kizuna.Int(1 << 61) }),
	} {
		in := one(metric(10, part(10, 1, of(0, 1))), 1, 0, 0, 0)
		change(in)
		if got := kizuna.CodeOf(in.Check()); got != code {
			t.Errorf("%q instead of %q", got, code)
		}
	}
	for name, change := range map[string]func(*plan.Metric){
		"no options":      func(m *plan.Metric) { m.Options = nil },
		"negative points": func(m *plan.Metric) { m.Options[0].Parts[0].Max = kizuna.Int(-1) },
		"losses with When": func(m *plan.Metric) {
			p := &m.Options[0].Parts[0]
			p.Signed, p.When = true, []plan.Condition{least(0, 1)}
		},
		"unknown quantity": func(m *plan.Metric) { m.Options[0].Parts[0].Gain[0].Quantity = 5 },
		"too fine":         func(m *plan.Metric) { m.Max = kizuna.Ratio(1, 1<<40) },
	} {
		in := one(metric(10, part(10, 1, of(0, 1))), 1, 0, 0, 0)
		change(&in.Areas[0].Ways[0].Metrics[0])
		if got := kizuna.CodeOf(in.Check()); got != "plan-area" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
