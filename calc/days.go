package calc

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// rated lists the workloads that have a rate.
func (e *evaluation) rated() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(e.program.Rates)) {
		if e.program.Rates[name].Value != nil {
			names = append(names, name)
		}
	}
	return names
}

// window finds the days in which a qualifying score is looked for.
func (e *evaluation) window(in *fields, out *Answer) error {
	days, anchor := e.program.Windows.NotEnrolled, "today"
	if in.truth("enrolled") {
		days, anchor = e.program.Windows.Enrolled, "anniversary"
	}
	day := in.date(anchor)
	if err := in.done(); err != nil {
		return err
	}
	start, end := days.Days(day)
	out.Start, out.End = &start, &end
	return nil
}

// renewalWindow finds the days on which a designation is renewed.
func (e *evaluation) renewalWindow(in *fields, out *Answer) error {
	day := in.date("anniversary")
	if err := in.done(); err != nil {
		return err
	}
	rules := e.program.MembershipOn(day)
	if rules == nil {
		in.fail(in.object, kizuna.Errorf("calc-no-membership", "case %s: %s says nothing of membership", e.of.ID, e.program.Ref()).
			WithMend("ask a program that has rules for it"))
		return in.err
	}
	opens, closes := rules.Renewal.Days(day)
	out.Opens, out.Closes = &opens, &closes
	return nil
}

// anniversary is a year after the first designation: those that are attained
// later share it (Partner Center docs, Solutions Partner FAQ of 2022-09-07).
func (e *evaluation) anniversary(in *fields, out *Answer) error {
	attained := in.list("attained")
	if err := in.done(); err != nil {
		return err
	}
	var first kizuna.Month
	for i := range attained {
		n := &attained[i].node
		if n.shape != isList || len(n.members) != 2 {
			in.wants("attained", n, `[["modern-work", "2022-11"]]`)
			return in.err
		}
		// An area and a month are read as fields are, so that mistakes sound the same.
		pair := e.of.fields(&node{line: n.line, column: n.column, shape: isObject, members: []member{
			{"area", n.members[0].node}, {"month", n.members[1].node},
		}}, "input.attained")
		e.areaOf(pair)
		month := pair.month("month")
		if err := pair.done(); err != nil {
			return err
		}
		if i == 0 || month < first {
			first = month
		}
	}
	if len(attained) == 0 {
		in.wants("attained", in.object.get("attained"), `[["modern-work", "2022-11"]]`)
		return in.err
	}
	first = first.Add(12)
	out.Anniversary = &first
	return nil
}

// months lists the months that a metric looks at when it is computed in a month.
// Without a metric it is the net customer adds of the Azure areas.
func (e *evaluation) months(in *fields, out *Answer) error {
	last := in.month("calculation_month").Add(-1)
	p, ok := e.azureAdds()
	if in.optional("metric") != nil || in.optional("area") != nil || !ok {
		p = e.placeOf(in)
	}
	option := in.optional("option")
	if err := in.done(); err != nil {
		return err
	}
	var c *program.Component
	switch {
	case len(p.rule.Components) == 0:
	case option == nil:
		c = &p.rule.Components[0]
	default:
		c = componentOf(p.rule, in.textOf("option", option))
	}
	if c == nil && option != nil {
		e.noPart(in, option, p.rule, option.text)
		return in.err
	}
	if c == nil {
		in.fail(in.object, kizuna.Errorf("calc-no-months", "case %s: %s looks at no months: it counts people on a day", e.of.ID, p.metric.ID).
			WithMend("ask about another metric"))
		return in.err
	}
	out.at(p)
	out.Current, out.Baseline = attribution.Months(c.Measure.Window, last)
	return nil
}

func (e *evaluation) azureAdds() (p place, ok bool) {
	if p.area = e.program.Area("data-ai"); p.area == nil {
		return p, false
	}
	if p.metric = p.area.Metric("net_customer_adds"); p.metric == nil {
		return p, false
	}
	p.track = p.area.Track.Tracks[0]
	p.rule = p.metric.Rules[p.track]
	return p, true
}
