package kernel

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Together is several plans that are counted in one walk over the customers. Plans
// whose associations are the same share a kernel: a customer is read once, and what
// both measure in the same way is counted once. It is safe for concurrent use.
type Together struct {
	kernels []*Kernel
	of      []planOf
}

// planOf is where a plan is: which of the kernels, and which of its plans.
type planOf struct{ kernel, plan int }

// CompileTogether compiles plans. An empty trust is [attribution.TrustBoth].
func CompileTogether(trust attribution.Trust, plans ...*attribution.Plan) (*Together, error) {
	days := make([]kizuna.Date, len(plans))
	for i, plan := range plans {
		days[i] = plan.AsOf
	}
	return CompileDays(trust, plans, days)
}

// CompileDays compiles plans of several days, of which each goes by who owns what on a
// day of its own: which account a location belongs to, and, where a sale's history follows
// the owner, whose it is. Plans that go by the same day share what they read.
func CompileDays(trust attribution.Trust, plans []*attribution.Plan, owners []kizuna.Date) (*Together, error) {
	t := new(Together)
	var groups [][]*attribution.Plan
	var days []kizuna.Date // of groups
	for i, plan := range plans {
		g := 0
		for ; g < len(groups); g++ {
			if days[g] == owners[i] && !slices.ContainsFunc(groups[g], func(other *attribution.Plan) bool { return !alike(plan, other) }) {
				break
			}
		}
		if g == len(groups) {
			groups, days = append(groups, nil), append(days, owners[i])
		}
		t.of = append(t.of, planOf{g, len(groups[g])})
		groups[g] = append(groups[g], plan)
	}
	for g, group := range groups {
		k, err := compile(group, trust)
		if err != nil {
			return nil, err
		}
		k.ownersOn = days[g]
		t.kernels = append(t.kernels, k)
	}
	return t, nil
}

// Run counts what a view shows and returns the totals of every plan. See [Kernel.Run].
func (t *Together) Run(ctx context.Context, v *segment.View, o Options) ([]*Totals, error) {
	w := newWalk(v, t.kernels...)
	if err := w.run(ctx, o); err != nil {
		return nil, err
	}
	return t.totals(w), nil
}

// alike reports whether two plans read associations alike: who reaches what, and when.
// They may differ in names of workloads, in all that they measure, and in the months.
func alike(a, b *attribution.Plan) bool {
	p, q := a.Program, b.Program
	return p.CSPHistory == q.CSPHistory &&
		sameNames(p.Roles.Eligible, q.Roles.Eligible) &&
		sameNames(p.Roles.ExcludeContaining, q.Roles.ExcludeContaining) &&
		(a.First() == b.First() && a.Last == b.Last || !seesNothing(a) && !seesNothing(b))
}

// seesNothing reports whether a plan has a measure that counts nothing: it must not
// see rows of months that only the other looks at.
func seesNothing(plan *attribution.Plan) bool {
	for number := range plan.Measures() {
		if m := plan.Measure(number); m.Amount != nil && boundsOf(m.Amount).holds(0) {
			return true
		}
	}
	return false
}
