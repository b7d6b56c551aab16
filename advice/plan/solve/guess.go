package solve

import "github.com/kizuna-org/kizuna/advice/plan"

// guess says quickly whether a plan is an answer. It computes points as floating
// point numbers, so it serves to try many plans; what is found is asked again.
type guess struct {
	in    *plan.Instance
	areas []guessArea
}

type guessArea struct {
	pass float64
	ways []guessWay
}

type guessWay struct {
	when    []plan.Condition
	metrics []guessMetric
}

type guessMetric struct {
	max, gate float64
	inclusive bool
	whole     bool
	options   [][]guessPart
}

type guessPart struct {
	part            *plan.Part
	rate, max, step float64
}

func newGuess(in *plan.Instance) *guess {
	g := &guess{in: in}
	for i := range in.Areas {
		a := guessArea{pass: float(in.Areas[i].Pass)}
		for j := range in.Areas[i].Ways {
			way := &in.Areas[i].Ways[j]
			w := guessWay{when: way.When}
			for k := range way.Metrics {
				m := &way.Metrics[k]
				gm := guessMetric{max: float(m.Max), gate: float(m.Gate), inclusive: m.GateInclusive, whole: m.Whole}
				for _, o := range m.Options {
					var parts []guessPart
					for l := range o.Parts {
						p := &o.Parts[l]
						parts = append(parts, guessPart{p, float(p.Rate), float(p.Max), float(p.Step)})
					}
					gm.options = append(gm.options, parts)
				}
				w.metrics = append(w.metrics, gm)
			}
			a.ways = append(a.ways, w)
		}
		g.areas = append(g.areas, a)
	}
	return g
}

func float(f interface{ Terms() (int64, int64, bool) }) float64 {
	num, den, _ := f.Terms()
	return float64(num) / float64(max(den, 1))
}

// nominal guesses whether the plan is an answer as long as nothing fails.
func (g *guess) nominal(p plan.Plan) bool {
	return g.in.Allows(p) && g.passes(g.in.Values(p, plan.Nominal))
}

// reaches guesses whether the plan is an answer.
func (g *guess) reaches(p plan.Plan) bool {
	if !g.in.Allows(p) {
		return false
	}
	values := g.in.Values(p, plan.Nominal)
	if !g.passes(values) {
		return false
	}
	if len(g.in.Failures) == 0 {
		return true
	}
	changed := make([]int64, len(values))
	for i := range g.in.Failures {
		f := &g.in.Failures[i]
		copy(changed, values)
		for _, a := range f.Lost {
			changed[a.Counter] += a.By
		}
		for _, u := range f.Units {
			if b := p[u]; b != plan.None {
				for _, a := range g.in.Units[u].Bundles[b].Adds {
					changed[a.Counter] -= a.By
				}
			}
		}
		for s := range g.in.Sets {
			n := len(g.in.Counters) + s
			changed[n] = 0
			for _, c := range g.in.Sets[s].Members {
				if changed[c] > 0 {
					changed[n]++
				}
			}
		}
		if !g.passes(changed) {
			return false
		}
	}
	return true
}

const near = 1e-9

func (g *guess) passes(values []int64) bool {
	for i := range g.areas {
		a := &g.areas[i]
		passes := false
		for j := range a.ways {
			passes = passes || a.ways[j].passes(a.pass, values)
		}
		if !passes {
			return false
		}
	}
	return true
}

func (w *guessWay) passes(pass float64, values []int64) bool {
	if !holdAll(w.when, values) {
		return false
	}
	var total float64
	for i := range w.metrics {
		m := &w.metrics[i]
		points := m.points(values)
		if points < m.gate-near || !m.inclusive && points <= m.gate {
			return false
		}
		total += points
	}
	return total >= pass-near
}

func (m *guessMetric) points(values []int64) float64 {
	var best float64
	for _, o := range m.options {
		var sum float64
		for i := range o {
			sum += o[i].points(values)
		}
		best = max(best, sum)
	}
	best = min(best, m.max)
	if m.whole {
		best = float64(int64(best + near))
	}
	return best
}

func (p *guessPart) points(values []int64) float64 {
	if !holdAll(p.part.When, values) {
		return 0
	}
	if len(p.part.Gain) == 0 {
		return p.max
	}
	points := p.rate * float64(total(p.part.Gain, values))
	if len(p.part.Over) > 0 {
		over := total(p.part.Over, values)
		if over <= 0 {
			return 0
		}
		points /= float64(over)
	}
	if p.step > 0 {
		points = float64(int64(points/p.step+near)) * p.step
	}
	if points = min(points, p.max); p.part.Signed {
		return points
	}
	return max(points, 0)
}

func holdAll(conditions []plan.Condition, values []int64) bool {
	for i := range conditions {
		if total(conditions[i].Terms, values) < conditions[i].AtLeast {
			return false
		}
	}
	return true
}

func total(terms []plan.Term, values []int64) int64 {
	var n int64
	for _, t := range terms {
		n += t.Times * values[t.Quantity]
	}
	return n
}
