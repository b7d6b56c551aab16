package model

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/program"
)

// goal states a goal: where one of several areas is enough, each way of any of them is one.
func (m *Model) goal(g *Goal) plan.Area {
	out := plan.Area{Name: strings.Join(g.AnyOf, " or ")}
	for _, id := range g.AnyOf {
		area := m.plan.Program.Area(id)
		one := m.area(area, g.metrics(area))
		out.Pass = one.Pass
		for _, way := range one.Ways {
			if len(g.AnyOf) > 1 {
				way.Name = id + "/" + way.Name
			}
			out.Ways = append(out.Ways, way)
		}
	}
	if g.Metric != "" { // whatever the others give
		out.Name, out.Pass = out.Name+"/"+g.Metric, kizuna.Fraction{}
		for i := range out.Ways {
			m := &out.Ways[i].Metrics[0]
			m.Gate, m.GateInclusive = m.Max, true
		}
	}
	return out
}

// area states an area: each track is a way, or several where one of several conditions
// opens it.
func (m *Model) area(area *program.Area, metrics []program.Metric) plan.Area {
	scoring := m.plan.Program.ScoringOf(area)
	out := plan.Area{Name: area.ID, Pass: scoring.PassTotal}
	for _, track := range area.Track.Tracks {
		way := plan.Way{Name: track}
		for i := range metrics {
			way.Metrics = append(way.Metrics, m.metric(&metrics[i], track, scoring))
		}
		if area.Track.Kind != program.Classified {
			out.Ways = append(out.Ways, way)
			continue
		}
		for _, when := range m.classified(area, track) {
			way.When = when
			out.Ways = append(out.Ways, way)
		}
	}
	return out
}

// never is a condition that nothing fulfils.
var never = plan.Condition{AtLeast: 1}

// classified lists the conditions any of which puts the account on a track.
func (m *Model) classified(area *program.Area, track string) (ways [][]plan.Condition) {
	c := area.Track.Classifier
	measures := m.plan.ClassificationOf(area.ID)
	main := m.measures[measures.Main]
	var then, otherwise [][]plan.Condition
	atLeast := func(quantity int, n int64) plan.Condition {
		return plan.Condition{Terms: []plan.Term{{Quantity: quantity, Times: 1}}, AtLeast: n}
	}
	below := func(quantity int, n int64) plan.Condition {
		return plan.Condition{Terms: []plan.Term{{Quantity: quantity, Times: -1}}, AtLeast: 1 - n}
	}
	switch c.Kind {
	case program.BySellingWorkloads:
		now, base := atLeast(main.now, c.AtLeast), atLeast(main.base, c.AtLeast)
		notNow, notBase := below(main.now, c.AtLeast), below(main.base, c.AtLeast)
		switch c.Decides {
		case program.LastMonth:
			then, otherwise = [][]plan.Condition{{now}}, [][]plan.Condition{{notNow}}
		case program.EitherMonth:
			then, otherwise = [][]plan.Condition{{now}, {base}}, [][]plan.Condition{{notNow, notBase}}
		default:
			then, otherwise = [][]plan.Condition{{now, base}}, [][]plan.Condition{{notNow}, {notBase}}
		}
	case program.BySegment:
		all := m.measures[measures.All].now
		num, den, _ := c.Share.Terms()
		share := []plan.Term{{Quantity: main.now, Times: den}, {Quantity: all, Times: -num}}
		less := []plan.Term{{Quantity: main.now, Times: -den}, {Quantity: all, Times: num}}
		least := int64(0)
		if c.ShareExclusive {
			least = 1
		}
		then = [][]plan.Condition{{atLeast(all, 1), {Terms: share, AtLeast: least}}}
		otherwise = [][]plan.Condition{{below(all, 1)}, {atLeast(all, 1), {Terms: less, AtLeast: 1 - least}}}
		if c.RevenueBelow != nil {
			revenue := m.measures[measures.Revenue].now
			then[0] = append(then[0], below(revenue, int64(*c.RevenueBelow)))
			otherwise = append(otherwise, []plan.Condition{atLeast(revenue, int64(*c.RevenueBelow))})
		}
	case program.ByMarket:
		then, otherwise = [][]plan.Condition{{atLeast(main.now, 1)}}, [][]plan.Condition{{below(main.now, 1)}}
	}
	if c.Then == track {
		ways = append(ways, then...)
	}
	if c.Otherwise == track {
		ways = append(ways, otherwise...)
	}
	if ways == nil {
		ways = [][]plan.Condition{{never}}
	}
	return ways
}

// metric states a metric on a track.
func (m *Model) metric(metric *program.Metric, track string, scoring *program.Scoring) plan.Metric {
	rule := metric.Rules[track]
	out := plan.Metric{
		Name: metric.ID, Max: rule.Max, Gate: scoring.GateValue, GateInclusive: scoring.GateInclusive, Whole: scoring.WholePoints,
	}
	if len(rule.People) > 0 {
		out.Options = []plan.Option{{}}
		if r := rule.PeopleOn(m.plan.AsOf); r != nil && m.coverage.Certifications() {
			out.Options[0] = m.people(rule, r)
		}
		return out
	}
	alone := len(rule.Components) == 1 && rule.Components[0].ID == ""
	rated := m.rated(rule)
	var parts []plan.Part
	for i := range rule.Components {
		c := &rule.Components[i]
		if m.covers(c) {
			parts = append(parts, m.part(rule, c, rated))
		}
	}
	switch {
	case alone || rule.Combine == program.Best:
		for _, p := range parts {
			p.Signed = false
			out.Options = append(out.Options, plan.Option{Name: p.Name, Parts: []plan.Part{p}})
			out.Max = out.Max.Max(p.Max)
		}
	default:
		out.Options = []plan.Option{{Parts: parts}}
	}
	if len(out.Options) == 0 { // no source could hold data
		out.Options = []plan.Option{{}}
	}
	return out
}

// covers reports whether some source could hold data for a component.
func (m *Model) covers(c *program.Component) bool {
	return slices.ContainsFunc(c.Measure.Feeds, func(f program.Feed) bool {
		_, ok := m.coverage.Usage(c.Measure.Quantity, f.Workloads.Family)
		return ok
	})
}

// rated is the condition that no counted workload is without a rate; the metric stops
// otherwise.
func (m *Model) rated(rule *program.Rule) []plan.Condition {
	var terms []plan.Term
	for i := range rule.Components {
		c := &rule.Components[i]
		if of := m.measures[m.plan.MeasureOf(c)]; of.unrated >= 0 && m.covers(c) {
			terms = append(terms, plan.Term{Quantity: of.unrated, Times: -1})
		}
	}
	if terms == nil {
		return nil
	}
	return []plan.Condition{{Terms: terms}}
}

// part states a component.
func (m *Model) part(rule *program.Rule, c *program.Component, rated []plan.Condition) plan.Part {
	of := m.measures[m.plan.MeasureOf(c)]
	p := plan.Part{
		Name: c.ID, Max: c.Max, Signed: rule.LossesOffset, When: slices.Clone(rated),
		Gain: []plan.Term{{Quantity: of.now, Times: 1}}, Rate: c.Max.Div(c.Threshold),
		Step: c.Step.Mul(c.Max).Div(c.Threshold),
	}
	if c.Measure.Change != program.Gross {
		p.Gain = append(p.Gain, plan.Term{Quantity: of.base, Times: -1})
	}
	if c.Measure.Change != program.Percent {
		p.Rate = p.Rate.Mul(of.one)
		return p
	}
	p.Rate = p.Rate.Mul(kizuna.Int(100))
	p.Over = []plan.Term{{Quantity: of.base, Times: 1}}
	floor := func(quantity int, least *kizuna.Micro) {
		if least != nil {
			p.When = append(p.When, plan.Condition{
				Terms: []plan.Term{{Quantity: quantity, Times: 1}}, AtLeast: least.Fraction().Div(of.one).Ceil(),
			})
		}
	}
	floor(of.now, c.Measure.FloorNow)
	floor(of.base, c.Measure.FloorBase)
	return p
}

// people states a people rule: a step earns when it is met, counted people when all are.
func (m *Model) people(rule *program.Rule, r *program.PeopleRule) plan.Option {
	g := m.groups[r]
	var out plan.Option
	var met []plan.Condition
	for i := range r.Steps {
		step := &r.Steps[i]
		holds := plan.Condition{Terms: []plan.Term{{Quantity: g.steps[i], Times: 1}}, AtLeast: step.People}
		if step.Points.Sign() > 0 {
			p := plan.Part{Name: "step", When: []plan.Condition{holds}, Max: step.Points}
			if r.StepsInOrder {
				p.When = append(slices.Clone(met), holds)
			}
			out.Parts = append(out.Parts, p)
		}
		met = append(met, holds)
	}
	if len(r.Counted) > 0 && r.PerPerson.Sign() > 0 {
		out.Parts = append(out.Parts, plan.Part{
			Name: "people", When: met, Gain: []plan.Term{{Quantity: g.counted, Times: 1}}, Rate: r.PerPerson, Max: rule.Max,
		})
	}
	return out
}
