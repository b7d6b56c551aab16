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
	out := &Area{}
	for _, name := range area.Track.Tracks {
		track := &Track{}
		for i := range area.Metrics {
			m := &area.Metrics[i]
			track.Metrics.Set(m.ID, s.metric(account, m.Rules[name], total))
		}
		Finish(track, &s.Plan.Program.Scoring)
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
	out.Take(candidates, &s.Plan.Program.Scoring)
	return out
}

// mix gives every track the best of each metric over all of them.
func (s *Scorer) mix(out *Area, area *program.Area) {
	mixed := &Track{}
	for i := range area.Metrics {
		var best *Metric
		for _, t := range out.Tracks {
			if m := t.Value.Metrics[i].Value; best == nil || m.Points.Cmp(best.Points) > 0 {
				best = m
			}
		}
		mixed.Metrics.Set(area.Metrics[i].ID, best)
	}
	Finish(mixed, &s.Plan.Program.Scoring)
	for i := range out.Tracks {
		out.Tracks[i].Value = mixed
	}
}

// Finish adds up a track's metrics and says whether it passes.
func Finish(t *Track, rules *program.Scoring) {
	t.Passes = true
	for _, m := range t.Metrics {
		t.Total = t.Total.Add(m.Value.Points)
		t.Passes = t.Passes && rules.Passes(m.Value.Points)
	}
	t.Passes = t.Passes && t.Total.Cmp(rules.PassTotal) >= 0
	t.Displayed = rounded(t.Total, rules.TotalDecimals)
}

// rounded is for show; totals are shown as whole points.
func rounded(f kizuna.Fraction, decimals int) int64 {
	whole, _, _ := strings.Cut(f.Decimal(decimals), ".")
	n, err := kizuna.ParseFraction(whole)
	if err != nil {
		return 0
	}
	return n.Ceil()
}

// Take picks the area's figure among the candidate tracks: the highest total; on
// equal totals one that passes, then the program's order. The area qualifies if
// any candidate passes, be it a lower one.
func (a *Area) Take(candidates []string, rules *program.Scoring) {
	a.QualifiedTracks = []string{}
	var best *Track
	for _, name := range candidates {
		t, ok := a.Tracks.Get(name)
		if !ok {
			continue
		}
		if t.Passes {
			a.Qualified = true
			a.QualifiedTracks = append(a.QualifiedTracks, name)
		}
		if best == nil || t.Total.Cmp(best.Total) > 0 || t.Total.Cmp(best.Total) == 0 && t.Passes && !best.Passes {
			best, a.TakenTrack = t, name
		}
	}
	if best == nil {
		return
	}
	a.Total, a.Displayed = best.Total, best.Displayed
	if !a.Qualified {
		a.Missing = missing(best, rules)
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
	c, measures := area.Track.Classifier, s.Plan.ClassificationOf(area.ID)
	values := func(number int) (now, base int64) {
		in := s.Plan.Input(number, total[attribution.Key{Account: account, Measure: number}])
		return in.Now.Ceil(), in.Base.Ceil()
	}
	now, base := values(measures.Main)
	then := false
	switch c.Kind {
	case program.BySellingWorkloads:
		out.ClassificationCounts = []int64{now, base}
		inLast, inBase := now >= c.AtLeast, base >= c.AtLeast
		switch c.Decides {
		case program.BothMonths:
			then = inLast && inBase
		case program.LastMonth:
			then = inLast
		case program.EitherMonth:
			then = inLast || inBase
		}
	case program.BySegment:
		all, _ := values(measures.All)
		out.ClassificationCounts = []int64{now, all}
		out.ClassificationUnknown = all == 0
		if all > 0 {
			share := kizuna.Ratio(now, all).Cmp(c.Share)
			then = share > 0 || share == 0 && !c.ShareExclusive
		}
		if then && c.RevenueBelow != nil {
			revenue := total[attribution.Key{Account: account, Measure: measures.Revenue}]
			then = kizuna.Micro(revenue.Now) < *c.RevenueBelow
		}
	case program.ByMarket:
		out.ClassificationUnknown = len(c.Countries) == 0
		then = now > 0
	}
	out.TakenTrack = c.Otherwise
	if then {
		out.TakenTrack = c.Then
	}
}

func (s *Scorer) metric(account string, rule *program.Rule, total attribution.Contribution) *Metric {
	out := &Metric{Max: rule.Max, Unit: rule.Unit, Status: Scored}
	if len(rule.People) > 0 {
		out.people = true
		s.skilling(out, account, rule)
		out.Points = s.Plan.Program.Scoring.Counted(out.Points)
		return out
	}
	var scored Keyed[*Component]
	for i := range rule.Components {
		c := &rule.Components[i]
		scored.Set(c.ID, s.component(account, c, total))
	}
	Combine(out, rule, scored)
	out.Points = s.Plan.Program.Scoring.Counted(out.Points)
	for _, c := range scored {
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
func Combine(out *Metric, rule *program.Rule, scored Keyed[*Component]) {
	switch {
	case len(scored) == 1 && scored[0].Name == "":
		out.take(scored[0].Value)
	case rule.Combine == program.Best:
		out.Options = scored
		best := scored[0]
		for _, o := range scored[1:] {
			if o.Value.Points.Cmp(best.Value.Points) > 0 {
				best = o
			}
		}
		out.take(best.Value)
		out.Option = best.Name
	default:
		out.Parts = scored
		for _, p := range scored {
			out.Points = out.Points.Add(p.Value.earned(rule))
		}
		out.Points = out.Points.Clamp(kizuna.Fraction{}, rule.Max)
	}
	out.settle(scored)
}

// earned is what a part adds: its points, or what it lost where losses offset.
func (c *Component) earned(rule *program.Rule) kizuna.Fraction {
	if rule.LossesOffset && c.Progress != nil && c.Progress.Sign() < 0 {
		return c.Max.Mul(*c.Progress).Div(c.Threshold)
	}
	return c.Points
}

func (m *Metric) take(c *Component) {
	m.Progress, m.Points, m.Reason, m.Inputs = c.Progress, c.Points, c.Reason, c.Inputs
	m.Threshold = &c.Threshold
	if c.Progress != nil {
		more := c.Threshold.Sub(*c.Progress).Max(kizuna.Fraction{})
		m.ToFull = &more
	}
}

// settle gives a metric the state of its components: no data only if none of
// them has data, stopped if any of them is.
func (m *Metric) settle(scored Keyed[*Component]) {
	without := 0
	for _, c := range scored {
		switch c.Value.Status {
		case NoData:
			without++
			for _, f := range c.Value.Fill {
				if !slices.Contains(m.Fill, f) {
					m.Fill = append(m.Fill, f)
				}
			}
		case Unrated:
			m.Status, m.Reason, m.Points, m.Progress = Unrated, c.Value.Reason, kizuna.Fraction{}, nil
		}
	}
	if without == len(scored) {
		m.Status, m.Progress, m.Points, m.ToFull = NoData, nil, kizuna.Fraction{}, nil
		m.Reason, m.Inputs = "", nil
	}
}

func (s *Scorer) component(account string, c *program.Component, total attribution.Contribution) *Component {
	number := s.Plan.MeasureOf(c)
	out := Score(c, s.Plan.Input(number, total[attribution.Key{Account: account, Measure: number}]))
	out.Measure = number
	covered := false
	for _, f := range c.Measure.Feeds {
		if _, ok := s.Coverage.Usage(c.Measure.Quantity, f.Workloads.Family); ok {
			covered = true
			continue
		}
		if fill := string(c.Measure.Quantity) + "." + string(f.Workloads.Family); !slices.Contains(out.Fill, fill) {
			out.Fill = append(out.Fill, fill)
		}
	}
	if !covered {
		out.Status, out.Progress, out.Points, out.Reason, out.Inputs = NoData, nil, kizuna.Fraction{}, "", nil
	}
	return out
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

// unscored returns a component before anything is known of its progress.
func unscored(c *program.Component) *Component {
	out := &Component{Max: c.Max, Threshold: c.Threshold, Status: Scored}
	var types program.TypeSet
	for _, f := range c.Measure.Feeds {
		types |= f.Types
	}
	for _, t := range types.Types() {
		out.Types = append(out.Types, t.String())
	}
	return out
}

// PointsOf gives a component its points for a progress that is known already,
// such as one that a person types in.
func PointsOf(c *program.Component, progress kizuna.Fraction) *Component {
	out := unscored(c)
	out.Progress, out.Points = &progress, c.Points(progress)
	return out
}

// Score gives a component its points for what was measured.
func Score(c *program.Component, in attribution.Input) *Component {
	out := unscored(c)
	if len(in.Unrated) > 0 {
		out.Status = Unrated
		out.Reason = "no rate for " + strings.Join(in.Unrated, ", ")
		return out
	}
	progress := in.Now.Sub(in.Base)
	switch c.Measure.Change {
	case program.Gross:
		progress = in.Now
	case program.Percent:
		out.Inputs = &Inputs{in.Now, in.Base}
		if out.Reason = percentReason(&c.Measure, in); in.Base.Sign() <= 0 {
			return out
		}
		progress = kizuna.Int(100).Mul(progress).Div(in.Base)
	}
	out.Progress = &progress
	if out.Reason == "" {
		out.Points = c.Points(progress)
	}
	return out
}

// percentReason says why a percentage earns nothing, however high.
func percentReason(m *program.Measure, in attribution.Input) string {
	switch {
	case m.FloorBase != nil && in.Base.Cmp(m.FloorBase.Fraction()) < 0:
		return "base under the floor"
	case in.Base.Sign() <= 0:
		return "base not positive"
	case m.FloorNow != nil && in.Now.Cmp(m.FloorNow.Fraction()) < 0:
		return "now below " + m.FloorNow.String()
	}
	return ""
}

func (s *Scorer) skilling(out *Metric, account string, rule *program.Rule) {
	r := rule.PeopleOn(s.Plan.AsOf)
	if !s.Coverage.Certifications() {
		out.Status, out.Fill = NoData, []string{"certifications"}
		return
	}
	People(out, r, s.Roster.Tally(account, r))
}

// People gives a metric its points for the people counted under a rule. A step
// that earns points earns them when it is met by itself; counted people earn
// only when every step is met.
func People(out *Metric, r *program.PeopleRule, t people.Tally) {
	open := true
	for i, step := range r.Steps {
		g := Gate{AnyOf: step.AnyOf, Have: t.Steps[i], Need: step.People, Open: t.Steps[i] >= step.People}
		if g.Open {
			if open || !r.StepsInOrder {
				g.Points = step.Points
				out.Points = out.Points.Add(step.Points)
			}
		}
		open = open && g.Open
		out.Gates = append(out.Gates, g)
	}
	counted := kizuna.Int(t.Counted)
	out.people, out.Progress, out.Counted = true, &counted, &t.Counted
	if open {
		out.Points = out.Points.Add(r.PerPerson.Mul(counted))
	} else {
		out.Reason = "a prerequisite is not met"
	}
	out.Points = out.Points.Clamp(kizuna.Fraction{}, out.Max)
	if full, ok := PeopleFor(r, out.Max); ok {
		threshold := kizuna.Int(full)
		more := threshold.Sub(counted).Max(kizuna.Fraction{})
		out.Threshold, out.ToFull = &threshold, &more
	}
}
