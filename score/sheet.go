package score

import (
	"reflect"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// Sheet is a scorer's rules laid out flat, to score many accounts in numbers. It is
// made once and is safe for concurrent use; who works with it takes an [Evaluator].
type Sheet struct {
	plan    *attribution.Plan
	roster  *people.Roster
	areas   []areaRules
	tracks  int     // of all areas
	metrics int     // of all tracks
	widest  int     // how many components a metric has at most
	idle    Figures // of whom nothing is known: most of what most accounts have
}

type areaRules struct {
	area           *program.Area
	track, metric  int           // where the area's stand in Figures
	metrics        []metricRules // track by track
	classification attribution.Classification
}

type metricRules struct {
	rule    *program.Rule
	scoring *program.Scoring // of its area
	alone   bool             // its one component is all of it
	parts   []partRules
	people  *program.PeopleRule // in force on the day; nil: it is about parts, or without data
	count   people.Rule
	same    int // an earlier metric in Figures that comes to the same; -1: none
}

type partRules struct {
	component *program.Component
	measure   int
	covered   bool
}

// Figures are an account's score in numbers, without what there is to say about them.
type Figures struct {
	Areas   []AreaFigure // as the program's areas stand
	sheet   *Sheet
	tracks  []TrackFigure
	metrics []MetricFigure
}

// AreaFigure is an account's score in an area.
type AreaFigure struct {
	Track     string // that it is taken from
	Total     kizuna.Fraction
	Displayed int64
	Qualified bool
}

// MetricFigure is a metric's points.
type MetricFigure struct {
	Points kizuna.Fraction
	state  state
}

// Status says whether the points rest on data.
func (m *MetricFigure) Status() Status { return m.state.status() }

// ID returns the id of an area.
func (f *Figures) ID(area int) string { return f.sheet.areas[area].area.ID }

// Tracks returns the figures of an area's tracks, in the program's order.
func (f *Figures) Tracks(area int) []TrackFigure {
	a := &f.sheet.areas[area]
	return f.tracks[a.track:][:len(a.area.Track.Tracks)]
}

// Metrics returns the figures of an area's metrics on a track, in the program's order.
func (f *Figures) Metrics(area, track int) []MetricFigure {
	a := &f.sheet.areas[area]
	n := len(a.area.Metrics)
	return f.metrics[a.metric+track*n:][:n]
}

// WithoutData lists by commas the metrics of an area's taken track that no source could
// hold data for.
func (f *Figures) WithoutData(area int) string {
	rules := f.sheet.areas[area].area
	track := slices.Index(rules.Track.Tracks, f.Areas[area].Track)
	if track < 0 {
		return ""
	}
	var ids []string
	for i, m := range f.Metrics(area, track) {
		if m.state == noData {
			ids = append(ids, rules.Metrics[i].ID)
		}
	}
	return strings.Join(ids, ",")
}

// Sheet lays the rules out.
func (s *Scorer) Sheet() *Sheet {
	sheet := &Sheet{plan: s.Plan, roster: s.Roster}
	for i := range s.Plan.Program.Areas {
		area := &s.Plan.Program.Areas[i]
		a := areaRules{
			area: area, track: sheet.tracks, metric: sheet.metrics,
			classification: s.Plan.ClassificationOf(area.ID),
		}
		for _, track := range area.Track.Tracks {
			for j := range area.Metrics {
				m := s.metricRules(area.Metrics[j].Rules[track])
				m.scoring = s.Plan.Program.ScoringOf(area)
				m.same = sheet.like(&m)
				sheet.widest = max(sheet.widest, len(m.parts))
				a.metrics = append(a.metrics, m)
			}
		}
		sheet.areas = append(sheet.areas, a)
		sheet.tracks += len(area.Track.Tracks)
		sheet.metrics += len(a.metrics)
	}
	idle := sheet.Figures(1)[0]
	sheet.Evaluator().evaluate(&idle, make([]attribution.Value, s.Plan.Measures()), nil)
	sheet.idle = idle
	return sheet
}

func (s *Scorer) metricRules(rule *program.Rule) metricRules {
	m := metricRules{rule: rule}
	if len(rule.People) > 0 {
		if s.Coverage.Certifications() {
			m.people = rule.PeopleOn(s.Plan.AsOf)
			m.count = s.Roster.Rule(m.people)
		}
		return m
	}
	m.alone = alone(len(rule.Components), rule.Components[0].ID)
	for i := range rule.Components {
		c := &rule.Components[i]
		m.parts = append(m.parts, partRules{c, s.Plan.MeasureOf(c), s.covers(c)})
	}
	return m
}

// like finds a metric of the areas so far that comes to the same as another: areas have
// much in common. Where metrics are mixed it would be overwritten.
func (s *Sheet) like(m *metricRules) int {
	for i := range s.areas {
		a := &s.areas[i]
		if a.area.Track.Kind == program.BestMetrics {
			continue
		}
		if j := slices.IndexFunc(a.metrics, func(n metricRules) bool { return n.equal(m) }); j >= 0 {
			return a.metric + j
		}
	}
	return -1
}

func (m *metricRules) equal(n *metricRules) bool {
	return m.rule.Max.Cmp(n.rule.Max) == 0 && m.scoring.WholePoints == n.scoring.WholePoints && m.rule.Combine == n.rule.Combine && m.rule.LossesOffset == n.rule.LossesOffset &&
		m.alone == n.alone && reflect.DeepEqual(m.people, n.people) &&
		slices.EqualFunc(m.parts, n.parts, func(p, q partRules) bool {
			a, b := p.component, q.component
			return p.measure == q.measure && a.Max.Cmp(b.Max) == 0 && a.Threshold.Cmp(b.Threshold) == 0 && a.Step.Cmp(b.Step) == 0
		})
}

// Figures makes room for the figures of so many accounts.
func (s *Sheet) Figures(accounts int) []Figures {
	out := make([]Figures, accounts)
	areas := make([]AreaFigure, accounts*len(s.areas))
	tracks := make([]TrackFigure, accounts*s.tracks)
	metrics := make([]MetricFigure, accounts*s.metrics)
	for i := range out {
		out[i] = Figures{
			Areas: areas[i*len(s.areas):][:len(s.areas)], sheet: s,
			tracks: tracks[i*s.tracks:][:s.tracks], metrics: metrics[i*s.metrics:][:s.metrics],
		}
	}
	return out
}

// Evaluator scores accounts by a sheet, one after the other.
type Evaluator struct {
	*Sheet
	parts []part
	tally people.Tally
}

// Evaluator returns a new evaluator.
func (s *Sheet) Evaluator() *Evaluator { return &Evaluator{Sheet: s, parts: make([]part, s.widest)} }

// Evaluate scores an account: values are its tallies by measure, counts its people as
// the roster counts them ([people.Roster.Counts]). The figures are those that
// [Scorer.Account] gives. Nothing is allocated, unless points outgrow two int64.
func (e *Evaluator) Evaluate(f *Figures, values []attribution.Value, counts []int32) {
	if !slices.ContainsFunc(counts, func(n int32) bool { return n != 0 }) {
		counts = nil
	}
	if counts == nil && !slices.ContainsFunc(values, attribution.Value.Any) {
		copy(f.Areas, e.idle.Areas)
		copy(f.tracks, e.idle.tracks)
		copy(f.metrics, e.idle.metrics)
		return
	}
	e.evaluate(f, values, counts)
}

func (e *Evaluator) evaluate(f *Figures, values []attribution.Value, counts []int32) {
	for i := range e.areas {
		a := &e.areas[i]
		figures := f.metrics[a.metric:][:len(a.metrics)]
		idle := true // and so is the area
		for j := range a.metrics {
			switch m := &a.metrics[j]; {
			case e.idle.metrics != nil && m.isIdle(values, counts):
				figures[j] = e.idle.metrics[a.metric+j]
				continue
			case m.same >= 0:
				figures[j] = f.metrics[m.same]
			default:
				figures[j] = e.metric(m, values, counts)
			}
			idle = false
		}
		if idle && !a.classifies(values) {
			copy(f.Tracks(i), e.idle.Tracks(i))
			f.Areas[i] = e.idle.Areas[i]
		} else {
			e.area(f, i, values)
		}
	}
}

// isIdle reports whether nothing is known that a metric looks at.
func (m *metricRules) isIdle(values []attribution.Value, counts []int32) bool {
	for i := range m.parts {
		if values[m.parts[i].measure].Any() {
			return false
		}
	}
	return m.people == nil || m.count.None(counts)
}

// classifies reports whether anything is known of an area's track.
func (a *areaRules) classifies(values []attribution.Value) bool {
	if a.area.Track.Kind != program.Classified {
		return false
	}
	for _, measure := range []int{a.classification.Main, a.classification.All, a.classification.Revenue} {
		if measure >= 0 && values[measure].Any() {
			return true
		}
	}
	return false
}

// metric gives a metric its points.
func (e *Evaluator) metric(m *metricRules, values []attribution.Value, counts []int32) (f MetricFigure) {
	switch {
	case m.people != nil:
		e.roster.Count(counts, m.count, &e.tally)
		f.Points, _ = skilled(m.people, m.rule.Max, &e.tally, nil)
	case len(m.parts) == 0:
		f.state = noData
	default:
		parts := e.parts[:len(m.parts)]
		for i := range m.parts {
			parts[i] = m.parts[i].measured(e.plan, values)
		}
		c := combine(m.rule, parts, m.alone)
		f = MetricFigure{c.points, c.state}
	}
	f.Points = m.scoring.Counted(f.Points)
	return f
}

func (p *partRules) measured(plan *attribution.Plan, values []attribution.Value) part {
	switch v := values[p.measure]; {
	case !p.covered:
		return part{of: p.component, state: noData}
	case v.Unrated:
		return part{of: p.component, state: unrated}
	default:
		now, base := plan.Units(p.measure, v)
		return measured(p.component, now, base)
	}
}

// area adds up an area's tracks and takes one.
func (e *Evaluator) area(f *Figures, number int, values []attribution.Value) {
	a := &e.areas[number]
	tracks, n, scoring := f.Tracks(number), len(a.area.Metrics), e.plan.Program.ScoringOf(a.area)
	metrics := f.metrics[a.metric:][:len(a.metrics)]
	if a.area.Track.Kind == program.BestMetrics {
		for j := range n {
			most := metrics[best(len(tracks), func(t int) kizuna.Fraction { return metrics[t*n+j].Points })*n+j]
			for t := range tracks {
				metrics[t*n+j] = most
			}
		}
	}
	for t := range tracks {
		tracks[t] = tracked(n, func(j int) kizuna.Fraction { return metrics[t*n+j].Points }, scoring)
	}
	out := &f.Areas[number]
	*out = AreaFigure{}
	candidates, first := tracks, 0
	if c := a.area.Track.Classifier; a.area.Track.Kind == program.Classified {
		facts := classifiedBy(e.plan, a.classification, func(measure int) attribution.Value { return values[measure] })
		out.Track, _ = facts.track(c)
		if first = slices.Index(a.area.Track.Tracks, out.Track); first < 0 {
			return
		}
		candidates = tracks[first : first+1]
	}
	taken, qualified := take(candidates)
	*out = AreaFigure{a.area.Track.Tracks[first+taken], candidates[taken].Total, candidates[taken].Displayed, qualified}
}
