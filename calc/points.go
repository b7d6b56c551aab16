package calc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// trackName leaves out the name of an only track.
func trackName(track string) string {
	if track == program.Single {
		return ""
	}
	return track
}

// metric scores one metric for its progress.
func (e *evaluation) metric(in *fields, out *Answer) error {
	p := e.placeOf(in)
	m := e.figure(in, "progress", in.required("progress"), p.rule)
	if err := in.done(); err != nil {
		return err
	}
	out.at(p)
	e.show(out, m)
	return nil
}

// show writes a scored metric into the answer.
func (e *evaluation) show(out *Answer, m *score.Metric) {
	out.Points, out.Max = m.Points.String(), m.Max.String()
	out.Display = Display(m.Points, e.program.Scoring.MetricDecimals)
	out.Options, out.Option, out.Parts = exact(m.Options), m.Option, exact(m.Parts)
	out.Counted = m.Counted
	for _, g := range m.Gates {
		if !g.Open {
			out.Unmet = append(out.Unmet, UnmetStep{g.AnyOf, g.Have, g.Need})
		}
	}
}

// figure scores a rule for the progress in a value: a number; of a rule in parts
// or options, an object with a number for each; of a rule about people, how many
// are counted, the steps before being met.
func (e *evaluation) figure(in *fields, name string, n *node, rule *program.Rule) *score.Metric {
	if in.err != nil {
		return nil
	}
	out := &score.Metric{Max: rule.Max, Unit: rule.Unit, Status: score.Scored}
	if len(rule.People) > 0 {
		if r := e.peopleRule(in, n, rule); r != nil {
			score.People(out, r, score.StepsMet(r, in.people(name, n)))
			out.Points = e.program.Scoring.Counted(out.Points)
		}
		return out
	}
	var scored score.Keyed[*score.Component]
	for i := range rule.Components {
		c := &rule.Components[i]
		value := n
		if n.shape == isObject {
			value = n.get(c.ID)
		}
		switch {
		case value == nil && rule.Combine == program.Best:
			continue // an option that was not tried
		case value == nil || n.shape != isObject && len(rule.Components) > 1:
			in.fail(n, kizuna.Errorf("calc-parts", "case %s: %s.%s needs a figure for each of %s", e.of.ID, in.path, name, partsOf(rule)).
				WithMend(`write {%s}; 0 where there is nothing`, partsExample(rule)))
			return out
		}
		scored.Set(c.ID, score.PointsOf(c, in.numberOf(name, value)))
	}
	if n.shape == isObject {
		for i := range n.members {
			if m := &n.members[i]; rule.Components[0].ID == "" || componentOf(rule, m.key) == nil {
				e.noPart(in, &m.node, rule, m.key)
			}
		}
	}
	if in.err == nil && len(scored) == 0 {
		in.wants(name, n, "{"+partsExample(rule)+"}")
	}
	if in.err == nil {
		score.Combine(out, rule, scored)
		out.Points = e.program.Scoring.Counted(out.Points)
	}
	return out
}

func componentOf(rule *program.Rule, id string) *program.Component {
	for i := range rule.Components {
		if rule.Components[i].ID == id {
			return &rule.Components[i]
		}
	}
	return nil
}

func (e *evaluation) noPart(in *fields, n *node, rule *program.Rule, id string) {
	if len(rule.Components) == 0 || rule.Components[0].ID == "" {
		in.fail(n, kizuna.Errorf("calc-no-parts", "case %s: this metric has neither parts nor options, and %q is named", e.of.ID, id).
			WithMend("write one number"))
		return
	}
	in.fail(n, kizuna.Errorf("calc-part", "case %s: this metric has no part or option %q", e.of.ID, id).
		WithMend("there are %s", partsOf(rule)))
}

func partsOf(rule *program.Rule) string {
	var ids []string
	for _, c := range rule.Components {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, ", ")
}

func partsExample(rule *program.Rule) string {
	var ids []string
	for _, c := range rule.Components {
		ids = append(ids, strconv.Quote(c.ID)+": 0")
	}
	return strings.Join(ids, ", ")
}

// peopleRule returns the people rule in force on the day of the question.
func (e *evaluation) peopleRule(in *fields, n *node, rule *program.Rule) *program.PeopleRule {
	r := rule.PeopleOn(e.day)
	if r == nil {
		in.fail(n, kizuna.Errorf("calc-not-people", "case %s: this metric does not count people in %s", e.of.ID, e.program.Ref()).
			WithMend(`ask with "type": "metric" and "progress"`))
	}
	return r
}

// people scores a metric for the people that are listed with their certificates.
func (e *evaluation) people(in *fields, out *Answer) error {
	p := e.placeOf(in)
	persons := in.objectOf("people")
	if err := in.done(); err != nil {
		return err
	}
	rule := e.peopleRule(in, in.object.get("people"), p.rule)
	facts := e.roll(in, persons)
	if in.err != nil {
		return in.err
	}
	const us = "us"
	roster := people.NewRoster(facts, e.program, e.day, func(string) (string, bool) { return us, true })
	for _, v := range roster.Verdicts() {
		if v.Clause != people.Counts {
			out.NotCounted = append(out.NotCounted, NotCounted{v.Certification.MCID, v.Certification.Certificate, string(v.Clause)})
		}
	}
	m := &score.Metric{Max: p.rule.Max, Unit: p.rule.Unit, Status: score.Scored}
	score.People(m, rule, roster.Tally(us, rule))
	m.Points = e.program.Scoring.Counted(m.Points)
	out.at(p)
	e.show(out, m)
	return nil
}

// roll makes facts of people and the certificates that they hold on the day.
func (e *evaluation) roll(in *fields, persons []member) *people.Facts {
	facts := &people.Facts{}
	for i := range persons {
		name, held := persons[i].key, &persons[i].node
		if held.shape != isList {
			in.wants("people."+name, held, `["AZ-104", ...]`)
			continue
		}
		facts.People = append(facts.People, people.Person{ID: name, Name: name, MCID: name})
		facts.Links = append(facts.Links, people.ProfileLink{MCID: name, During: kizuna.Always})
		for j := range held.members {
			n := &held.members[j].node
			id := in.textOf("people."+name, n)
			if _, known := e.program.Certificates[id]; !known {
				in.fail(n, kizuna.Errorf("calc-certificate", "case %s: %s knows no certificate %q", e.of.ID, e.program.Ref(), id).
					WithMend("write the exam code, such as AZ-104; kizuna program show lists them"))
			}
			facts.Certifications = append(facts.Certifications, people.Certification{MCID: name, Certificate: id, EarnedOn: &e.day})
		}
	}
	return facts
}

// area adds up an area on one track.
func (e *evaluation) area(in *fields, out *Answer) error {
	area, name, track, err := e.track(in)
	if err != nil {
		return err
	}
	out.Area, out.Track = area.ID, trackName(name)
	e.total(out, track, name)
	return nil
}

// track scores every metric of an area on the track that a case names.
func (e *evaluation) track(in *fields) (*program.Area, string, *score.Track, error) {
	area := e.areaOf(in)
	name := e.trackOf(in, area)
	figures := in.objectOf("progress")
	if err := in.done(); err != nil {
		return nil, "", nil, err
	}
	progress := in.object.get("progress")
	for i := range figures {
		if f := &figures[i]; area.Metric(f.key) == nil {
			e.noMetric(in, &f.node, area, f.key)
		}
	}
	track := &score.Track{}
	for _, m := range area.Metrics {
		n := progress.get(m.ID)
		if n == nil {
			in.fail(progress, kizuna.Errorf("calc-figure-missing", "case %s: there is no figure for %s of %s", e.of.ID, m.ID, area.ID).
				WithMend("add %q: 0 if there is nothing to count", m.ID))
			break
		}
		track.Metrics.Set(m.ID, e.figure(in, "progress."+m.ID, n, m.Rules[name]))
	}
	if in.err != nil {
		return nil, "", nil, in.err
	}
	score.Finish(track, &e.program.Scoring)
	return area, name, track, nil
}

// total writes a track's total into the answer.
func (e *evaluation) total(out *Answer, track *score.Track, name string) {
	for _, m := range track.Metrics {
		out.Metrics.Set(m.Name, m.Value.Points.String())
	}
	area := &score.Area{}
	area.Tracks.Set(name, track)
	e.take(out, area, []string{name})
}

func (e *evaluation) take(out *Answer, area *score.Area, candidates []string) {
	area.Take(candidates, &e.program.Scoring)
	out.Total, out.Display = area.Total.String(), strconv.FormatInt(area.Displayed, 10)
	out.Qualified = &area.Qualified
	if m := area.Missing; m != nil {
		out.Missing = &Missing{m.Points.String(), m.Metrics}
	}
}

// areaTracks takes the best of an area's tracks, each the answer to another case.
func (e *evaluation) areaTracks(in *fields, out *Answer) error {
	of := e.areaOf(in)
	named := in.objectOf("tracks")
	if err := in.done(); err != nil {
		return err
	}
	if of.Track.Kind != program.BestTrack {
		in.fail(in.object.get("area"), kizuna.Errorf("calc-not-best", "case %s: in %s the area %s does not take the best of its tracks", e.of.ID, e.program.Ref(), of.ID).
			WithMend(`ask for the one track with "type": "area"`))
	}
	area := &score.Area{}
	for i := range named {
		n := &named[i]
		if !slices.Contains(of.Track.Tracks, n.key) {
			in.fail(&n.node, kizuna.Errorf("calc-tracks", "case %s: the area %s has no track %q in %s", e.of.ID, of.ID, n.key, e.program.Ref()).
				WithMend("its tracks are %s", strings.Join(of.Track.Tracks, ", ")))
		}
		id := in.textOf("tracks."+n.key, &n.node)
		if in.err != nil {
			return in.err
		}
		track, err := e.referred(in, &n.node, id, of, n.key)
		if err != nil {
			return err
		}
		area.Tracks.Set(n.key, track)
	}
	if len(named) == 0 {
		in.wants("tracks", in.object.get("tracks"), `{"`+of.Track.Tracks[0]+`": "id of a case"}`)
	}
	if in.err != nil {
		return in.err
	}
	e.take(out, area, of.Track.Tracks)
	out.Area, out.BestTotalTrack = of.ID, area.TakenTrack
	switch {
	case slices.Contains(area.QualifiedTracks, area.TakenTrack):
		out.QualifyingTrack = area.TakenTrack
	case area.Qualified:
		out.QualifyingTrack = area.QualifiedTracks[0]
	}
	return nil
}

// referred answers the case that a track refers to: one of those at hand, or a
// built-in one.
func (e *evaluation) referred(in *fields, n *node, id string, area *program.Area, track string) (*score.Track, error) {
	c := e.Cases[id]
	if c == nil {
		worked, err := Worked()
		if err != nil {
			return nil, err
		}
		c = worked[id]
	}
	if c == nil {
		in.fail(n, kizuna.Errorf("calc-reference", "case %s: it refers to a case %q, which is nowhere", e.of.ID, id).
			WithMend("add that case to the file"))
		return nil, in.err
	}
	other, err := e.evaluation(c)
	if err != nil {
		return nil, err
	}
	if c.Type != Area || other.program != e.program {
		in.fail(n, kizuna.Errorf("calc-reference-kind", "case %s: the case %q that it refers to is not an area of %s", e.of.ID, id, e.program.Ref()).
			WithMend(`refer to a case of "type": "area" and the same program`))
		return nil, in.err
	}
	of, name, scored, err := other.track(c.fields(c.input, "input"))
	if err != nil {
		return nil, err
	}
	if of != area || name != track {
		in.fail(n, kizuna.Errorf("calc-reference-track", "case %s: the case %q that it refers to is about %s, %s", e.of.ID, id, of.ID, name).
			WithMend("refer to a case about %s, %s", area.ID, track))
		return nil, in.err
	}
	return scored, nil
}

// areaInline adds up metrics that bring their own maxima and thresholds.
func (e *evaluation) areaInline(in *fields, out *Answer) error {
	metrics := in.objectOf("metrics")
	if err := in.done(); err != nil {
		return err
	}
	track := &score.Track{}
	for i := range metrics {
		m := e.of.fields(&metrics[i].node, "input.metrics."+metrics[i].key)
		c := program.Component{Max: m.number("max"), Threshold: m.number("threshold")}
		progress := m.number("progress")
		if m.err == nil && (c.Max.Sign() <= 0 || c.Threshold.Sign() <= 0) {
			m.fail(m.object, kizuna.Errorf("calc-inline", "case %s: max and threshold of %s must be above 0", e.of.ID, metrics[i].key).
				WithMend("write what the vendor gave for it, or leave the metric out"))
		}
		if err := m.done(); err != nil {
			return err
		}
		rule := &program.Rule{Max: c.Max, Combine: program.Sum}
		scored := &score.Metric{Max: c.Max, Status: score.Scored}
		score.Combine(scored, rule, score.Keyed[*score.Component]{{Value: score.PointsOf(&c, progress)}})
		track.Metrics.Set(metrics[i].key, scored)
	}
	if len(metrics) == 0 {
		in.wants("metrics", in.object, `{"deployments": {"max": 10, "threshold": 5, "progress": 3}}`)
		return in.err
	}
	score.Finish(track, &e.program.Scoring)
	e.total(out, track, program.Single)
	return nil
}

// qualify asks whether points that are known already qualify.
func (e *evaluation) qualify(in *fields, out *Answer) error {
	said := in.optional("total")
	points := in.list("metrics")
	if err := in.done(); err != nil {
		return err
	}
	track := &score.Track{}
	for i := range points {
		name := "metrics[" + strconv.Itoa(i) + "]"
		track.Metrics.Set(strconv.Itoa(i+1), &score.Metric{Points: in.numberOf(name, &points[i].node), Status: score.Scored})
	}
	score.Finish(track, &e.program.Scoring)
	if said != nil {
		if total := in.numberOf("total", said); in.err == nil && total.Cmp(track.Total) != 0 {
			in.fail(said, kizuna.Errorf("calc-total", "case %s: the total is given as %s, but the metrics add up to %s", e.of.ID, total, track.Total).
				WithMend("correct one of them, or leave the total out"))
		}
	}
	if in.err != nil {
		return in.err
	}
	e.total(out, track, program.Single)
	out.Metrics, out.DisplayTotal, out.Display = nil, out.Display, ""
	return nil
}

// needed asks how much more progress gives a number of points.
func (e *evaluation) needed(in *fields, out *Answer) error {
	p := e.placeOf(in)
	option, part := in.optional("option"), in.optional("part")
	current, target := in.number("current"), in.number("target_points")
	if err := in.done(); err != nil {
		return err
	}
	if option == nil {
		option = part
	}
	points, progress, most := e.curve(in, p.rule, option)
	if in.err != nil {
		return in.err
	}
	at := in.object.get("target_points")
	need, ok := progress(target)
	if !ok || target.Sign() < 0 || target.Cmp(most) > 0 {
		in.fail(at, kizuna.Errorf("calc-target", "case %s: no progress gives %s points here; there are at most %s", e.of.ID, target, most).
			WithMend("ask for fewer points"))
		return in.err
	}
	more := need.Sub(current).Max(kizuna.Fraction{}).Ceil()
	gain := points(current.Add(kizuna.Int(more))).Sub(points(current))
	out.at(p)
	out.More, out.Gain = &more, gain.String()
	return nil
}

// curve returns the points of a progress, the progress that gives points, and the
// most points there are, of a rule or of one of its options or parts.
func (e *evaluation) curve(in *fields, rule *program.Rule, option *node) (
	points func(kizuna.Fraction) kizuna.Fraction, progress func(kizuna.Fraction) (kizuna.Fraction, bool), most kizuna.Fraction) {
	if len(rule.People) > 0 {
		n := in.object.get("current")
		if option != nil {
			e.noPart(in, option, rule, in.textOf("option", option))
		}
		in.people("current", n)
		r := e.peopleRule(in, n, rule)
		points = func(counted kizuna.Fraction) kizuna.Fraction {
			m := &score.Metric{Max: rule.Max}
			score.People(m, r, score.StepsMet(r, counted.Ceil()))
			return m.Points
		}
		return points, func(points kizuna.Fraction) (kizuna.Fraction, bool) {
			n, ok := score.PeopleFor(r, points)
			return kizuna.Int(n), ok
		}, rule.Max
	}
	c := &rule.Components[0]
	switch {
	case option != nil:
		id := in.textOf("option", option)
		if found := componentOf(rule, id); found != nil && id != "" {
			c = found
		} else {
			e.noPart(in, option, rule, id)
		}
	case len(rule.Components) > 1:
		in.fail(in.object, kizuna.Errorf("calc-no-option", "case %s: this metric has several parts or options, and none is named", e.of.ID).
			WithMend(`add "option": one of %s`, partsOf(rule)))
	}
	return func(progress kizuna.Fraction) kizuna.Fraction { return score.PointsOf(c, progress).Points },
		func(points kizuna.Fraction) (kizuna.Fraction, bool) {
			return score.ProgressFor(c, points), true
		}, c.Max
}

// mcv adds up units times the rates of their workloads.
func (e *evaluation) mcv(in *fields, out *Answer) error {
	units := in.list("units")
	if err := in.done(); err != nil {
		return err
	}
	var total kizuna.Fraction
	for i := range units {
		n := &units[i].node
		if n.shape != isList || len(n.members) != 2 {
			in.wants("units", n, `[["Business Central", 10]]`)
			return in.err
		}
		workload := in.textOf("units", &n.members[0].node)
		count := in.numberOf("units", &n.members[1].node)
		rate := e.rate(in, &n.members[0].node, workload)
		if count.Sign() < 0 && in.err == nil {
			in.fail(&n.members[1].node, kizuna.Errorf("calc-units", "case %s: %s has units below 0", e.of.ID, workload).
				WithMend("write the units of one month"))
		}
		if in.err != nil {
			return in.err
		}
		total = total.Add(count.Mul(rate))
	}
	out.MCV = total.String()
	return nil
}

// rate finds the rate of a workload under any of its names.
func (e *evaluation) rate(in *fields, n *node, workload string) kizuna.Fraction {
	if name, ok := e.program.Aliases[workload]; ok {
		workload = name
	}
	rate, known := e.program.Rates[workload]
	if known && rate.Value != nil {
		value, _ := decimal(rate.Value.String())
		return value
	}
	if in.err == nil {
		in.fail(n, kizuna.Errorf("calc-rate", "case %s: %s gives no rate for %q", e.of.ID, e.program.Ref(), workload).
			WithMend("workloads with a rate are %s", strings.Join(e.rated(), ", ")))
	}
	return kizuna.Fraction{}
}
