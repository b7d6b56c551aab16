package score

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// Coverage tells what the imported sources could hold.
type Coverage interface {
	// Usage returns the last month that sources of the quantity for the family
	// cover; false if no source could hold any.
	Usage(program.Quantity, program.Family) (last kizuna.Month, ok bool)
	// Certifications reports whether any source of certificates was imported.
	Certifications() bool
}

// Scorer turns tallies into scores.
type Scorer struct {
	Plan     *attribution.Plan
	Roster   *people.Roster
	Coverage Coverage
}

// Account scores one account: total holds its tallies, by measure.
func (s *Scorer) Account(account string, total attribution.Contribution) *Account {
	out := &Account{}
	for i := range s.Plan.Program.Areas {
		area := &s.Plan.Program.Areas[i]
		out.Areas.Set(area.ID, s.area(account, area, total))
	}
	return out
}

func (s *Scorer) area(account string, area *program.Area, total attribution.Contribution) *Area {
	out, scoring := &Area{}, s.Plan.Program.ScoringOf(area)
	for _, name := range area.Track.Tracks {
		track := &Track{}
		for i := range area.Metrics {
			m := &area.Metrics[i]
			track.Metrics.Set(m.ID, s.metric(account, m.Rules[name], scoring, total))
		}
		Finish(track, scoring)
		out.Tracks.Set(name, track)
	}
	if area.Track.Kind == program.BestMetrics {
		s.mix(out, area)
	}
	candidates := area.Track.Tracks
	if area.Track.Kind == program.Classified {
		s.classify(out, account, area, total)
		candidates = []string{out.TakenTrack}
	}
	out.Take(candidates, scoring)
	return out
}

// mix gives every track the best of each metric over all of them.
func (s *Scorer) mix(out *Area, area *program.Area) {
	mixed := &Track{}
	for i := range area.Metrics {
		metric := func(track int) *Metric { return out.Tracks[track].Value.Metrics[i].Value }
		most := best(len(out.Tracks), func(track int) kizuna.Fraction { return metric(track).Points })
		mixed.Metrics.Set(area.Metrics[i].ID, metric(most))
	}
	Finish(mixed, s.Plan.Program.ScoringOf(area))
	for i := range out.Tracks {
		out.Tracks[i].Value = mixed
	}
}

// Finish adds up a track's metrics and says whether it passes.
func Finish(t *Track, rules *program.Scoring) {
	f := tracked(len(t.Metrics), func(i int) kizuna.Fraction { return t.Metrics[i].Value.Points }, rules)
	t.Total, t.Displayed, t.Passes = f.Total, f.Displayed, f.Passes
}

// Take picks the area's figure among the candidate tracks: the highest total; on
// equal totals one that passes, then the program's order. The area qualifies if
// any candidate passes, be it a lower one.
func (a *Area) Take(candidates []string, rules *program.Scoring) {
	a.QualifiedTracks = []string{}
	var names []string
	var figures []TrackFigure
	for _, name := range candidates {
		t, ok := a.Tracks.Get(name)
		if !ok {
			continue
		}
		names, figures = append(names, name), append(figures, TrackFigure{t.Total, t.Displayed, t.Passes})
		if t.Passes {
			a.QualifiedTracks = append(a.QualifiedTracks, name)
		}
	}
	if len(names) == 0 {
		return
	}
	taken, qualified := take(figures)
	a.TakenTrack, a.Qualified = names[taken], qualified
	a.Total, a.Displayed = figures[taken].Total, figures[taken].Displayed
	if t, _ := a.Tracks.Get(a.TakenTrack); !a.Qualified {
		a.Missing = missing(t, rules)
	}
}

func missing(t *Track, rules *program.Scoring) *Missing {
	out := &Missing{Points: rules.PassTotal.Sub(t.Total).Max(kizuna.Fraction{}), Metrics: []string{}}
	for _, m := range t.Metrics {
		if !rules.Passes(m.Value.Points) {
			out.Metrics = append(out.Metrics, m.Name)
		}
	}
	return out
}

// classify finds the track that the facts put the account on.
func (s *Scorer) classify(out *Area, account string, area *program.Area, total attribution.Contribution) {
	c := area.Track.Classifier
	facts := classifiedBy(s.Plan, s.Plan.ClassificationOf(area.ID), func(measure int) attribution.Value {
		return s.Plan.Value(measure, total[attribution.Key{Account: account, Measure: measure}])
	})
	switch c.Kind {
	case program.BySellingWorkloads:
		out.ClassificationCounts = []int64{facts.now, facts.base}
	case program.BySegment:
		out.ClassificationCounts = []int64{facts.now, facts.all}
	}
	out.TakenTrack, out.ClassificationUnknown = facts.track(c)
}

// classifiedBy looks up what classifies an account among the values of its tallies.
func classifiedBy(plan *attribution.Plan, measures attribution.Classification, value func(measure int) attribution.Value) (out classified) {
	whole := func(measure int) (int64, int64) {
		now, base := plan.Units(measure, value(measure))
		return now.Ceil(), base.Ceil()
	}
	out.now, out.base = whole(measures.Main)
	if measures.All >= 0 {
		out.all, _ = whole(measures.All)
	}
	if measures.Revenue >= 0 {
		out.revenue = kizuna.Micro(value(measures.Revenue).Now)
	}
	return out
}

func (s *Scorer) metric(account string, rule *program.Rule, scoring *program.Scoring, total attribution.Contribution) *Metric {
	out := &Metric{Max: rule.Max, Unit: rule.Unit, Status: Scored}
	if len(rule.People) > 0 {
		out.people = true
		s.skilling(out, account, rule)
		out.Points = scoring.Counted(out.Points)
		return out
	}
	var components Keyed[*Component]
	for i := range rule.Components {
		c := &rule.Components[i]
		components.Set(c.ID, s.component(account, c, total))
	}
	Combine(out, rule, components)
	out.Points = scoring.Counted(out.Points)
	for _, c := range components {
		for _, t := range c.Value.Types {
			if !slices.Contains(out.Types, t) {
				out.Types = append(out.Types, t)
			}
		}
	}
	s.freshness(out, rule)
	return out
}

// Combine makes a metric of its components: the only one, the best option, or
// the sum of the parts.
func Combine(out *Metric, rule *program.Rule, components Keyed[*Component]) {
	parts := make([]part, len(components))
	for i := range components {
		parts[i] = components[i].Value.part()
	}
	only := alone(len(components), components[0].Name)
	c := combine(rule, parts, only)
	switch {
	case only:
		out.take(components[0].Value)
	case c.taken >= 0:
		out.Options = components
		out.take(components[c.taken].Value)
		out.Option = components[c.taken].Name
	default:
		out.Parts = components
	}
	out.Points, out.Status = c.points, c.state.status()
	switch c.state {
	case unrated:
		out.Reason, out.Progress = components[c.stopped].Value.Reason, nil
	case noData:
		out.Progress, out.ToFull, out.Reason, out.Inputs = nil, nil, "", nil
	}
	for _, without := range components {
		for _, f := range without.Value.Fill {
			if without.Value.Status == NoData && !slices.Contains(out.Fill, f) {
				out.Fill = append(out.Fill, f)
			}
		}
	}
}

// alone reports whether a metric is its one component.
func alone(components int, name string) bool { return components == 1 && name == "" }

// part is the component in numbers.
func (c *Component) part() part {
	p := part{of: &program.Component{Max: c.Max, Threshold: c.Threshold}, points: c.Points, state: c.Status.state()}
	if c.Progress != nil {
		p.progress, p.defined = *c.Progress, true
	}
	return p
}

func (s Status) state() state {
	switch s {
	case NoData:
		return noData
	case Unrated:
		return unrated
	}
	return scored
}

func (m *Metric) take(c *Component) {
	m.Progress, m.Reason, m.Inputs = c.Progress, c.Reason, c.Inputs
	m.Threshold = &c.Threshold
	if c.Progress != nil {
		more := c.Threshold.Sub(*c.Progress).Max(kizuna.Fraction{})
		m.ToFull = &more
	}
}

func (s *Scorer) component(account string, c *program.Component, total attribution.Contribution) *Component {
	number := s.Plan.MeasureOf(c)
	out := Score(c, s.Plan.Input(number, total[attribution.Key{Account: account, Measure: number}]))
	out.Measure = number
	out.Fill = s.fill(c)
	if !s.covers(c) {
		out.Status, out.Progress, out.Points, out.Reason, out.Inputs = NoData, nil, kizuna.Fraction{}, "", nil
	}
	return out
}

// covers reports whether some source could hold data for a component.
func (s *Scorer) covers(c *program.Component) bool {
	return slices.ContainsFunc(c.Measure.Feeds, func(f program.Feed) bool {
		_, ok := s.Coverage.Usage(c.Measure.Quantity, f.Workloads.Family)
		return ok
	})
}

// fill lists what would hold the data of a component that no source could hold.
func (s *Scorer) fill(c *program.Component) (files []string) {
	for _, f := range c.Measure.Feeds {
		if _, ok := s.Coverage.Usage(c.Measure.Quantity, f.Workloads.Family); ok {
			continue
		}
		if file := string(c.Measure.Quantity) + "." + string(f.Workloads.Family); !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

// freshness finds the last month that all of a metric's sources cover.
func (s *Scorer) freshness(out *Metric, rule *program.Rule) {
	for i := range rule.Components {
		m := &rule.Components[i].Measure
		for _, f := range m.Feeds {
			if last, ok := s.Coverage.Usage(m.Quantity, f.Workloads.Family); ok && (out.Through == nil || last < *out.Through) {
				out.Through = &last
			}
		}
	}
}

// PointsOf gives a component its points for a progress that is known already,
// such as one that a person types in.
func PointsOf(c *program.Component, progress kizuna.Fraction) *Component {
	return said(&part{of: c, progress: progress, defined: true, points: c.Points(progress)})
}

// Score gives a component its points for what was measured.
func Score(c *program.Component, in attribution.Input) *Component {
	if len(in.Unrated) > 0 {
		out := said(&part{of: c, state: unrated})
		out.Reason = "no rate for " + strings.Join(in.Unrated, ", ")
		return out
	}
	p := measured(c, in.Now, in.Base)
	out := said(&p)
	if c.Measure.Change == program.Percent {
		out.Inputs = &Inputs{in.Now, in.Base}
	}
	return out
}

// said is a part with what there is to say about it.
func said(p *part) *Component {
	c := p.of
	out := &Component{Max: c.Max, Threshold: c.Threshold, Points: p.points, Status: p.state.status()}
	if p.defined {
		out.Progress = &p.progress
	}
	switch p.reason {
	case baseUnderFloor:
		out.Reason = "base under the floor"
	case baseNotPositive:
		out.Reason = "base not positive"
	case nowBelow:
		out.Reason = "now below " + c.Measure.FloorNow.String()
	}
	var types program.TypeSet
	for _, f := range c.Measure.Feeds {
		types |= f.Types
	}
	for _, t := range types.Types() {
		out.Types = append(out.Types, t.String())
	}
	return out
}

func (s *Scorer) skilling(out *Metric, account string, rule *program.Rule) {
	if !s.Coverage.Certifications() {
		out.Status, out.Fill = NoData, []string{"certifications"}
		return
	}
	r := rule.PeopleOn(s.Plan.AsOf)
	People(out, r, s.Roster.Tally(account, r))
}

// People gives a metric its points for the people counted under a rule. A step
// that earns points earns them when it is met by itself; counted people earn
// only when every step is met.
func People(out *Metric, r *program.PeopleRule, t people.Tally) {
	if len(r.Steps) > 0 {
		out.Gates = make([]Gate, len(r.Steps))
	}
	counted := kizuna.Int(t.Counted)
	out.people, out.Progress, out.Counted = true, &counted, &t.Counted
	open := false
	if out.Points, open = skilled(r, out.Max, &t, out.Gates); !open {
		out.Reason = "a prerequisite is not met"
	}
	if full, ok := PeopleFor(r, out.Max); ok {
		threshold := kizuna.Int(full)
		more := threshold.Sub(counted).Max(kizuna.Fraction{})
		out.Threshold, out.ToFull = &threshold, &more
	}
}
