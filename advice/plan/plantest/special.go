package plantest

import (
	"fmt"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// Special returns a tiny instance as specializations make them: besides its areas, one
// that passes if every requirement is met, each at its threshold and for no points below
// it; designations any of which is enough; steps that are in every plan.
func Special(draw func(lo, hi int) int) *plan.Instance {
	t := tiny{draw, Tiny(draw)}
	in := t.in
	if draw(0, 1) == 1 { // of several areas one
		anyOf := in.Areas[0]
		for _, a := range in.Areas[1:] {
			anyOf.Ways = append(anyOf.Ways, a.Ways...)
		}
		in.Areas = []plan.Area{anyOf}
	}
	in.Areas = append(in.Areas, t.requirements())
	for n := range draw(0, 2) {
		name := fmt.Sprint("reference ", n+1)
		in.Units = append(in.Units, plan.Unit{Name: name, Must: true, Bundles: []plan.Bundle{{Name: name, Actions: []string{name}, Cost: int64(draw(0, 3))}}})
	}
	return in
}

// requirements are an area that passes if all of them are met.
func (t tiny) requirements() plan.Area {
	n := t.draw(1, 3)
	share := kizuna.Ratio(100, int64(n))
	w := plan.Way{Name: "way"}
	for i := range n {
		m := plan.Metric{Name: fmt.Sprint("requirement ", i+1), Max: share, Gate: share, GateInclusive: true}
		switch parts := t.draw(1, 2); {
		case parts == 2 && t.draw(0, 1) == 1: // either of two
			m.Options = []plan.Option{{Parts: []plan.Part{t.threshold(share)}}, {Parts: []plan.Part{t.threshold(share)}}}
		default:
			var o plan.Option
			for range parts {
				o.Parts = append(o.Parts, t.threshold(share.Div(kizuna.Int(int64(parts)))))
			}
			m.Options = []plan.Option{o}
		}
		w.Metrics = append(w.Metrics, m)
	}
	return plan.Area{Name: "specialization", Pass: kizuna.Int(100), Ways: []plan.Way{w}}
}

// threshold is a part that gives all or nothing.
func (t tiny) threshold(points kizuna.Fraction) plan.Part {
	p := plan.Part{Gain: t.terms(), Max: points, Step: points, Rate: points.Div(kizuna.Int(int64(t.draw(1, 6))))}
	if t.draw(0, 4) == 0 { // of a percentage
		p.Over = t.terms()
		p.Rate = points.Mul(kizuna.Ratio(1, int64(t.draw(1, 3))))
	}
	return p
}
