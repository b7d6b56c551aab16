package find

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/solve"
)

// start finds a plan that survives every failure, to begin with: the cheapest plan of
// higher marks, which are raised by what its failures would lack, until it lacks nothing.
// It is an answer, not the cheapest one. Nil if it finds none.
func start(in *plan.Instance, opts solve.Options) (plan.Plan, error) {
	raised := *in
	raised.Failures = nil
	raised.Areas = slices.Clone(in.Areas)
	for a := range raised.Areas {
		area := &raised.Areas[a]
		area.Ways = slices.Clone(area.Ways)
		for w := range area.Ways {
			area.Ways[w].Metrics = slices.Clone(area.Ways[w].Metrics)
		}
	}
	opts.Found = nil
	opts.Nodes = nodesOfStart
	for range rounds {
		r, err := solve.Solve(&raised, opts)
		if err != nil || r.Plan == nil {
			return nil, err
		}
		if in.Reaches(r.Plan) {
			return r.Plan, nil
		}
		if !raise(&raised, in, r.Plan) {
			return nil, nil
		}
	}
	return nil, nil
}

const (
	rounds       = 12
	nodesOfStart = 400
)

// raise raises the marks of the ways on which the plan passes by what it lacks on them
// once something fails; false if that is nothing.
func raise(raised, in *plan.Instance, p plan.Plan) (any bool) {
	nominal := in.Evaluate(p, plan.Nominal)
	worlds := make([]*plan.Outcome, len(in.Failures))
	for w := range in.Failures {
		worlds[w] = in.Evaluate(p, w)
	}
	for a := range in.Areas {
		way := slices.IndexFunc(nominal.Areas[a].Ways, func(w plan.WayOutcome) bool { return w.Passes })
		if way < 0 {
			continue
		}
		now := &nominal.Areas[a].Ways[way]
		pass := raised.Areas[a].Pass
		for w := range worlds {
			if worlds[w].Areas[a].Passes {
				continue
			}
			then := &worlds[w].Areas[a].Ways[way]
			if lack := in.Areas[a].Pass.Sub(then.Total); lack.Sign() > 0 {
				pass = pass.Max(now.Total.Add(lack))
			}
			for m := range then.Points {
				metric := &in.Areas[a].Ways[way].Metrics[m]
				c := then.Points[m].Cmp(metric.Gate)
				if c > 0 || c == 0 && metric.GateInclusive {
					continue
				}
				// More than it has now, by every way: one more of whatever counts.
				for k := range raised.Areas[a].Ways {
					other := &raised.Areas[a].Ways[k]
					for l := range other.Metrics {
						if other.Metrics[l].Name == metric.Name && other.Metrics[l].Gate.Cmp(now.Points[m]) < 0 {
							other.Metrics[l].Gate, other.Metrics[l].GateInclusive = now.Points[m].Min(other.Metrics[l].Max), false
							any = true
						}
					}
				}
			}
		}
		if pass.Cmp(raised.Areas[a].Pass) > 0 {
			raised.Areas[a].Pass, any = onGrid(pass, in), true
		}
	}
	return any
}

// onGrid rounds points up to what the instance's points are multiples of, so that marks do
// not become finer than points.
func onGrid(f kizuna.Fraction, in *plan.Instance) kizuna.Fraction {
	scale := in.PointScale()
	return kizuna.Ratio(f.Mul(kizuna.Int(scale)).Ceil(), scale)
}
