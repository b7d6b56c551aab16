package program

import (
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// metric reads one line of an area: a rule for every track. What is written
// nearer wins: part over track over metric over the shared rule that it uses.
func (b *builder) metric(e entry, tracks *TrackRule, around Provenance) (Metric, bool) {
	n := e.value
	m := Metric{ID: e.key, Rules: make(map[string]*Rule, len(tracks.Tracks))}
	use := n
	if n.kind == mapping {
		use = n.get("use")
	}
	if use != nil {
		base := b.named("rules", use)
		if base == nil {
			return m, false
		}
		if n.kind == mapping {
			n = merge(base, n.without("use"))
		} else {
			n = &node{at: n.at, kind: mapping, entries: base.entries}
		}
	}
	if !b.heading(e, n, &m) {
		return m, false
	}
	byTrack := n.get("tracks")
	for _, track := range byTrack.fields() {
		if !slices.Contains(tracks.Tracks, track.key) {
			b.report(track.at, unknown("program-unknown-track", "%q is not a track here", clip(track.key), tracks.Tracks, "tracks"))
		}
	}
	common := n.without("name", "category", "tracks")
	for _, track := range tracks.Tracks {
		of := byTrack.get(track)
		body := merge(common, of)
		if of == nil && byTrack != nil && !body.has("full_at") && !body.has("per_person") && !body.has("parts") && !body.has("best_of") && !body.has("all_of") {
			b.report(e.at, kizuna.Errorf("program-track-without-rule", "%s has no rule for the track %s", e.key, track).
				WithMend("add %s: under its tracks:", track))
			continue
		}
		m.Rules[track] = b.rule(body, around)
	}
	return m, true
}

// heading finds a metric's name and category: its own, or those under metrics.
func (b *builder) heading(e entry, n *node, m *Metric) bool {
	shared := b.root.get("metrics").get(e.key)
	name, category := n.get("name"), n.get("category")
	if name == nil {
		name = shared.get("name")
	}
	if category == nil {
		category = shared.get("category")
	}
	if name == nil || category == nil {
		b.report(e.at, unknown("program-unknown-metric", "%q has no name and category", clip(e.key), b.root.get("metrics").names(), "metrics"))
		return false
	}
	m.Name, m.Category = namesOf(name), Category(category.text)
	return true
}

// rule reads what a metric measures on one track.
func (b *builder) rule(n *node, around Provenance) *Rule {
	r := &Rule{Unit: textOf(n.get("unit")), Provenance: b.provenanceOf(n, around)}
	if !n.has("max") {
		b.report(n.at, missing("max"))
		return r
	}
	r.Max = fractionOf(n.get("max"))
	if r.Max.Sign() <= 0 {
		b.report(n.get("max").at, kizuna.Errorf("program-max", "a maximum of %s points gives nothing", r.Max).WithMend("write a max: above 0"))
	}
	gate := b.p.Scoring
	if !gate.Passes(r.Max) {
		b.report(n.get("max").at, kizuna.Errorf("program-gate-unreachable", "with %s points at most the metric never opens the gate of %s", r.Max, gate.GateValue).
			WithMend("raise its max:, or lower every_metric: under scoring"))
	}
	if n.has("counted") {
		b.people(n, r)
	} else {
		b.components(n, r)
	}
	if r.Unit == "" {
		r.Unit = unitOf(r)
	}
	return r
}

func unitOf(r *Rule) string {
	switch {
	case len(r.People) > 0:
		return "person"
	case len(r.Components) == 0:
		return ""
	case r.Components[0].Measure.Change == Percent:
		return "percent"
	case r.Components[0].Measure.Subject == Amount:
		return string(r.Components[0].Measure.Quantity)
	}
	return string(r.Components[0].Measure.Subject)
}

// peopleOnly and measureOnly are keys that make no sense in the other kind of rule.
var (
	peopleOnly  = []string{"per_person", "steps", "steps_in_order", "changes"}
	measureOnly = []string{"change", "count", "by", "sum", "window", "workloads", "through", "feeds", "channels", "amount", "seats",
		"stays_after_growth", "active_share", "active_share_above", "share_of", "new_share_at_most", "new_share_below", "since_association",
		"floor", "step", "best_of", "parts", "all_of", "losses_offset"}
)

// people reads a rule that counts people, and what becomes of it later.
func (b *builder) people(n *node, r *Rule) {
	for _, key := range measureOnly {
		if n.has(key) {
			b.report(n.place(key), kizuna.Errorf("program-not-of-people", "%q has no meaning in a rule that counts people", key).
				WithMend("take it away, or make two metrics"))
		}
	}
	r.People = []PeopleRule{b.peopleRule(n, r.Max)}
	later := n.get("changes")
	if later == nil {
		return
	}
	unchanged := n.without("changes")
	for _, item := range later.items {
		over := item.without("from")
		switch { // the two ways of saying what a person earns exclude each other
		case over.has("full_at"):
			unchanged = unchanged.without("per_person")
		case over.has("per_person"):
			unchanged = unchanged.without("full_at")
		}
		rule := b.peopleRule(merge(unchanged, over), r.Max)
		rule.From = dateOrNil(item.get("from"))
		if before := r.People[len(r.People)-1].From; before != nil && *rule.From <= *before {
			b.report(item.get("from").at, kizuna.Errorf("program-changes-order", "%s is not after %s", *rule.From, *before).
				WithMend("order the changes by their days"))
		}
		r.People = append(r.People, rule)
	}
}

func (b *builder) peopleRule(n *node, most kizuna.Fraction) PeopleRule {
	p := PeopleRule{Counted: b.knownCertificates(n.get("counted")), StepsInOrder: isTrue(n.get("steps_in_order"))}
	if len(p.Counted) == 0 {
		b.report(n.get("counted").at, kizuna.Errorf("program-nobody-counted", "without certificates nobody is counted").
			WithMend("name the certificates that count"))
	}
	full, each := n.get("full_at"), n.get("per_person")
	switch {
	case (full == nil) == (each == nil):
		b.report(n.at, kizuna.Errorf("program-per-person", "what a person earns is said by full_at or by per_person").
			WithMend("write one: full_at: 5 for five people, or per_person: 4 for four points each"))
		return p
	case full != nil:
		if threshold := b.positive(full); threshold.Sign() > 0 {
			p.PerPerson = most.Div(threshold)
		}
	default:
		p.PerPerson = b.positive(each)
	}
	if steps := n.get("steps"); steps != nil {
		for _, item := range steps.items {
			p.Steps = append(p.Steps, b.step(item, most))
		}
	}
	return p
}

func (b *builder) step(n *node, most kizuna.Fraction) Step {
	s := Step{AnyOf: b.knownCertificates(n.get("any_of")), People: int64(integerOr(n.get("people"), 0))}
	if s.People <= 0 || len(s.AnyOf) == 0 {
		b.report(n.at, kizuna.Errorf("program-step", "%d people with one of %d certificates is no step", s.People, len(s.AnyOf)).
			WithMend("write {people: 2, any_of: [AZ-104]}"))
	}
	if points := n.get("points"); points != nil {
		s.Points = fractionOf(points)
		if s.Points.Sign() < 0 || s.Points.Cmp(most) > 0 {
			b.report(points.at, kizuna.Errorf("program-step-points", "a step cannot give %s of %s points", s.Points, most).
				WithMend("write points between 0 and the metric's max"))
		}
	}
	return s
}

// positive reads a threshold, which only a number above 0 can be.
func (b *builder) positive(n *node) kizuna.Fraction {
	f := fractionOf(n)
	if f.Sign() <= 0 {
		b.report(n.at, kizuna.Errorf("program-threshold", "a threshold of %s cannot be reached, or is always reached", f).
			WithMend("write a number above 0"))
	}
	return f
}

// components reads a rule that measures usage: one measure, options or parts.
func (b *builder) components(n *node, r *Rule) {
	for _, key := range peopleOnly {
		if n.has(key) {
			b.report(n.place(key), kizuna.Errorf("program-not-of-usage", "%q has no meaning in a rule without counted certificates", key).
				WithMend("take it away, or add counted: [...]"))
		}
	}
	r.Combine = Sum
	options, parts, all := n.get("best_of"), n.get("parts"), n.get("all_of")
	several := 0
	for _, of := range []*node{options, parts, all} {
		if of != nil {
			several++
		}
	}
	switch {
	case several > 1:
		b.report(n.firstOf("parts", "all_of"), kizuna.Errorf("program-parts-and-options", "a rule has one of best_of, parts and all_of").WithMend("keep one of them"))
		return
	case several == 0:
		if c, ok := b.component("", n, r.Max); ok {
			r.Components = []Component{c}
		}
	default:
		if options != nil {
			r.Combine = Best
		}
		own := n.without("unit", "best_of", "parts", "all_of", "losses_offset", "basis", "sources", "note")
		if of := len(all.fields()); of > 0 {
			own = own.with("max", scalarNode(all.at, r.Max.Div(kizuna.Int(int64(of))).String()))
		}
		for _, e := range slices.Concat(options.fields(), parts.fields(), all.fields()) {
			if c, ok := b.component(e.key, merge(own, e.value), r.Max); ok {
				r.Components = append(r.Components, c)
			}
		}
		if len(r.Components) == 0 && len(options.fields())+len(parts.fields())+len(all.fields()) == 0 {
			b.report(n.at, kizuna.Errorf("program-no-parts", "there is nothing under best_of:, parts: or all_of:").WithMend("add what is measured"))
		}
	}
	if r.LossesOffset = isTrue(n.get("losses_offset")); r.LossesOffset && parts == nil {
		b.report(n.place("losses_offset"), kizuna.Errorf("program-needs", "%q needs %q", "losses_offset", "parts").
			WithMend("add it, or take %q away", "losses_offset"))
	}
	b.checkMax(n, r)
}

// checkMax asks that the components can give all of the rule's points, and none
// more than them.
func (b *builder) checkMax(n *node, r *Rule) {
	var reach kizuna.Fraction
	for _, c := range r.Components {
		if c.Max.Cmp(r.Max) > 0 {
			b.report(n.place("max"), kizuna.Errorf("program-part-max", "%q can give %s points, more than the metric's %s", c.ID, c.Max, r.Max).
				WithMend("lower the part's max:, or raise the metric's"))
		}
		if r.Combine == Best {
			reach = reach.Max(c.Max)
		} else {
			reach = reach.Add(c.Max)
		}
	}
	if len(r.Components) > 0 && reach.Cmp(r.Max) < 0 {
		b.report(n.place("max"), kizuna.Errorf("program-max-unreachable", "the parts give %s points at most, the metric promises %s", reach, r.Max).
			WithMend("raise the parts' max:, or lower the metric's"))
	}
}

func (b *builder) component(id string, n *node, most kizuna.Fraction) (Component, bool) {
	c := Component{ID: id, Max: fractionOf(n.get("max"))}
	if !n.has("full_at") {
		b.report(n.at, missing("full_at"))
		return c, false
	}
	if c.Threshold = b.positive(n.get("full_at")); c.Threshold.Sign() <= 0 {
		return c, false
	}
	if c.Max.Sign() <= 0 && most.Sign() > 0 {
		b.report(n.get("max").at, kizuna.Errorf("program-max", "a maximum of %s points gives nothing", c.Max).WithMend("write a max: above 0"))
	}
	if step := n.get("step"); step != nil {
		c.Step = b.positive(step)
		if c.Step.Cmp(c.Threshold) > 0 {
			b.report(step.at, kizuna.Errorf("program-step-size", "a step of %s goes past the threshold of %s", c.Step, c.Threshold).
				WithMend("write a step up to %s", c.Threshold))
		}
	}
	var ok bool
	c.Measure, ok = b.measure(n)
	if ok {
		b.checkMeasure(n, &c)
	}
	return c, true
}

// measure reads what is measured.
func (b *builder) measure(n *node) (Measure, bool) {
	m := Measure{Change: Net, Subject: Amount}
	if change := n.get("change"); change != nil {
		m.Change = Change(change.text)
	}
	count, by, sum := n.get("count"), n.get("by"), n.get("sum")
	switch {
	case sum != nil && count == nil && by == nil:
		m.Quantity = Quantity(sum.text)
	case sum == nil && count != nil && by != nil:
		m.Subject, m.Quantity = Subject(count.text), Quantity(by.text)
	default:
		b.report(n.firstOf("count", "by", "sum"), kizuna.Errorf("program-measured", "a measure says either count: and by:, or sum:").
			WithMend("write count: tenants, by: revenue, or sum: revenue"))
		return m, false
	}
	m.Window = b.window(n, m.Change)
	m.Feeds = b.feeds(n)
	m.Channels = b.distinct(n.get("channels"))
	m.Amount, m.Seats = b.rangeOf(n.get("amount")), b.rangeOf(n.get("seats"))
	m.StaysAfterGrowth, m.SinceAssociation = isTrue(n.get("stays_after_growth")), isTrue(n.get("since_association"))
	m.Share, m.ShareExclusive = b.share(n, "active_share", "active_share_above")
	m.NewShareAtMost, m.NewShareExclusive = b.share(n, "new_share_at_most", "new_share_below")
	m.ShareOfWorkload = textOf(n.get("share_of")) == "workload"
	if floor := n.get("floor"); floor != nil {
		m.FloorNow, m.FloorBase = microOrNil(floor.get("now")), microOrNil(floor.get("base"))
	}
	return m, true
}

// share reads a share that is said by either of two keys, the second one leaving
// out the share itself.
func (b *builder) share(n *node, inclusive, exclusive string) (share *kizuna.Fraction, excluded bool) {
	key := inclusive
	if excluded = n.has(exclusive); excluded {
		key = exclusive
		if n.has(inclusive) {
			b.report(n.place(exclusive), kizuna.Errorf("program-range-twice", "one end of the range is said twice").
				WithMend("keep one of %s and %s", inclusive, exclusive))
		}
	}
	share = shareOrNil(n.get(key))
	b.checkShare(n.get(key), share)
	return share, excluded
}

// window reads the months that are looked at.
func (b *builder) window(n *node, change Change) Window {
	w := Window{Kind: AnyMonth, Months: 1, Back: 12}
	if change == Gross {
		w.Back = 0
	}
	win := n.get("window")
	if win == nil {
		return w
	}
	months, trailing := win.get("months"), win.get("trailing")
	if months != nil && trailing != nil {
		b.report(win.at, kizuna.Errorf("program-window-kind", "a window has either months or trailing months").WithMend("keep one of the two"))
	}
	if w.Months = integerOr(months, 1); trailing != nil {
		w.Kind, w.Months = Trailing, integerOr(trailing, 1)
	}
	w.Back = integerOr(win.get("back"), w.Back)
	const most = 120
	switch {
	case w.Months < 1 || w.Months > most || w.Back < 0 || w.Back > most:
		b.report(win.at, kizuna.Errorf("program-window-size", "a window of %d months, %d back, cannot be looked at", w.Months, w.Back).
			WithMend("write 1 to %d months, and 0 to %d back", most, most))
	case change == Gross && w.Back != 0:
		b.report(win.at, kizuna.Errorf("program-window-gross", "a gross figure is compared with nothing").WithMend("leave back: out, or write change: net"))
	case change != Gross && w.Back == 0:
		b.report(win.at, kizuna.Errorf("program-window-alone", "a %s figure needs a window to compare with", change).WithMend("write back: 12, or change: gross"))
	case w.Back != 0 && w.Back < w.Months:
		b.report(win.at, kizuna.Errorf("program-window-overlap", "the window of %d months and the same %d months before overlap", w.Months, w.Back).
			WithMend("look back %d months or more", w.Months))
	}
	return w
}

// feeds reads which workloads count through which association types.
func (b *builder) feeds(n *node) []Feed {
	several, one := n.get("feeds"), n.get("workloads")
	var from []*node
	switch {
	case several != nil && (one != nil || n.has("through")):
		b.report(n.place("feeds"), kizuna.Errorf("program-feeds-twice", "what feeds this is said twice").
			WithMend("keep feeds:, or workloads: and through:"))
		return nil
	case several != nil:
		from = several.items
	case one != nil:
		from = []*node{n}
	}
	if len(from) == 0 {
		b.report(n.at, kizuna.Errorf("program-no-feed", "no workload feeds this").WithMend("add workloads: and through:"))
		return nil
	}
	var feeds []Feed
	for _, item := range from {
		feeds = append(feeds, b.feed(item))
	}
	return feeds
}

func (b *builder) feed(n *node) Feed {
	var f Feed
	if name := n.get("workloads"); name == nil {
		b.report(n.at, missing("workloads"))
	} else if found, ok := b.p.Workloads[name.text]; ok {
		f.Workloads = found.WorkloadSet
	} else if section := b.root.get("workloads"); !section.has(name.text) {
		b.report(name.at, unknown("program-unknown-list", "%q is not a list of workloads", clip(name.text), section.names(), "workloads"))
	}
	through := n.get("through")
	if through == nil {
		b.report(n.at, missing("through"))
		return f
	}
	f.Types = b.typesOf(through)
	if f.Types&^SetOf(TPOR) == 0 {
		b.report(through.at, kizuna.Errorf("program-no-type", "no association type can feed this: %q earns no points", f.Types.String()).
			WithMend("name a type that does, such as PAL, DPOR, CPOR or CSP"))
	}
	return f
}

// rangeOf reads bounds; no bounds are nil.
func (b *builder) rangeOf(n *node) *Range {
	if n == nil {
		return nil
	}
	above, least, below, most := n.get("above"), n.get("at_least"), n.get("below"), n.get("at_most")
	if above != nil && least != nil || below != nil && most != nil {
		b.report(n.at, kizuna.Errorf("program-range-twice", "one end of the range is said twice").
			WithMend("keep one of above and at_least, one of below and at_most"))
	}
	r := &Range{From: microOrNil(least), To: microOrNil(most)}
	if above != nil {
		r.From, r.FromExclusive = microOrNil(above), true
	}
	if below != nil {
		r.To, r.ToExclusive = microOrNil(below), true
	}
	empty := r.From != nil && r.To != nil && (*r.From > *r.To || *r.From == *r.To && (r.FromExclusive || r.ToExclusive))
	if empty || r.From == nil && r.To == nil {
		b.report(n.at, kizuna.Errorf("program-range", "the range %q holds no number, or every number", r.String()).
			WithMend("write {at_least: 11, at_most: 300}"))
	}
	return r
}

// checkMeasure asks whether the parts of a measure go together, and whether its
// threshold can be reached.
func (b *builder) checkMeasure(n *node, c *Component) {
	m := &c.Measure
	snapshot := m.Quantity != Revenue
	seats := m.Quantity == ActiveUsers || m.Quantity == PaidSeats
	mismatch := func(key, with string) {
		b.report(n.place(key), kizuna.Errorf("program-mismatch", "%q does not go with %q", key, with).
			WithMend("see what can be measured in docs/program.md"))
	}
	needs := func(key, needed string) {
		b.report(n.place(key), kizuna.Errorf("program-needs", "%q needs %q", key, needed).
			WithMend("add it, or take %q away", key))
	}
	by := "by: " + string(m.Quantity)
	if m.Subject == Amount {
		by = "sum: " + string(m.Quantity)
	}
	if snapshot && (m.Window.Months != 1 || m.Window.Kind != AnyMonth) {
		mismatch("window", by) // a snapshot is of one month
	}
	if seats && (m.Subject == Pairs || m.Subject == Workloads) || m.Quantity == Consumption && m.Subject == Workloads {
		mismatch("count", by)
	}
	if m.Quantity == PaidSeats && m.Subject == Amount {
		mismatch("sum", by)
	}
	counted := m.Subject == Tenants && m.Quantity == ActiveUsers // by their active users
	if m.Amount != nil && (seats && !counted || m.Quantity == Consumption && m.Subject == Amount) {
		mismatch("amount", by)
	}
	if m.Seats != nil && !seats {
		mismatch("seats", by)
	}
	if m.Share != nil && (!seats || m.Subject != Tenants) {
		needs(n.oneOf("active_share", "active_share_above"), "count: tenants, by: users")
	}
	if m.NewShareAtMost != nil && m.Share == nil {
		needs(n.oneOf("new_share_at_most", "new_share_below"), "active_share")
	}
	if m.ShareOfWorkload && m.Share == nil {
		needs("share_of", "active_share")
	}
	if m.SinceAssociation && (m.Subject != Amount || !seats) {
		needs("since_association", "sum: users")
	}
	if m.StaysAfterGrowth && (m.Seats == nil || m.Seats.To == nil) {
		needs("stays_after_growth", "seats: {at_most: ...}")
	}
	if m.Change != Percent && (m.FloorNow != nil || m.FloorBase != nil) {
		needs("floor", "change: percent")
	}
	b.checkWorkloads(n, c)
}

// checkWorkloads asks whether a count of workloads can reach its threshold, and
// whether consumption has a rate for every workload.
func (b *builder) checkWorkloads(n *node, c *Component) {
	finite, all := true, make(map[string]bool)
	for _, f := range c.Measure.Feeds {
		finite = finite && f.Workloads.Product == ""
		maps.Copy(all, f.Workloads.Names)
		if c.Measure.Quantity != Consumption {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.Workloads.Names)) {
			if _, ok := b.p.Rates[name]; !ok {
				b.report(n.firstOf("feeds", "workloads"), kizuna.Errorf("program-no-rate", "%q on the list %q is counted by consumption and has no rate", name, f.Workloads.List).
					WithMend("add it under rates:, with rate: unknown if no source gives one"))
			}
		}
		if f.Workloads.Product != "" {
			b.report(n.firstOf("feeds", "workloads"), kizuna.Errorf("program-no-rates", "consumption needs workloads by name; %q holds a whole product", f.Workloads.List).
				WithMend("count by revenue, or use a list of names"))
		}
	}
	if c.Measure.Subject == Workloads && finite && len(all) > 0 && c.Threshold.Cmp(kizuna.Int(int64(len(all)))) > 0 {
		b.report(n.get("full_at").at, kizuna.Errorf("program-workloads-threshold", "%s distinct workloads cannot be reached: the lists hold %d", c.Threshold, len(all)).
			WithMend("lower full_at:, or add workloads"))
	}
}
