package program

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is a difference between two programs.
type Difference struct {
	Path string `json:"path"` // "data-ai / net_customer_adds / smb / amount"
	Old  string `json:"old"`  // empty if it is new; of a list, what was taken away
	New  string `json:"new"`  // empty if it is gone; of a list, what was added
}

// Diff lists what differs between two programs, in words of the program file and
// in its order. Where one of them has a single track and the other several, the
// single one is set against each. Programs without a difference in rules give
// nothing, even if their notes differ.
func Diff(a, b *Program) []Difference {
	before, after := describe(a, b), describe(b, a)
	var out []Difference
	for _, path := range merged(before.order, after.order) {
		if d := before.facts[path].differsFrom(after.facts[path]); d != nil {
			d.Path = path
			out = append(out, *d)
		}
	}
	return out
}

// merged is both orders in one: what only the second has follows what it follows there.
func merged(a, b []string) []string {
	out := slices.Clone(a)
	for i, path := range b {
		if slices.Contains(out, path) {
			continue
		}
		at := len(out)
		if i > 0 {
			at = slices.Index(out, b[i-1]) + 1
		}
		out = slices.Insert(out, at, path)
	}
	return out
}

// fact is a value, or a list whose order means nothing.
type fact struct {
	text  string
	names []string
}

func (f fact) differsFrom(g fact) *Difference {
	if f.names == nil && g.names == nil {
		if f.text == g.text {
			return nil
		}
		return &Difference{Old: f.text, New: g.text}
	}
	gone, added := lacking(f.names, g.names), lacking(g.names, f.names)
	if len(gone)+len(added) == 0 {
		return nil
	}
	return &Difference{Old: strings.Join(gone, ", "), New: strings.Join(added, ", ")}
}

// lacking is what the first list holds and the second does not.
func lacking(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// description is a program as facts with paths.
type description struct {
	facts map[string]fact
	order []string
	path  []string
}

func (d *description) add(key string, f fact) {
	if f.text == "" && len(f.names) == 0 {
		return
	}
	path := strings.Join(append(slices.Clone(d.path), key), " / ")
	if _, again := d.facts[path]; !again { // a rule and its only component are one
		d.order = append(d.order, path)
	}
	d.facts[path] = f
}

func (d *description) text(key string, value any) { d.add(key, fact{text: fmt.Sprint(value)}) }

func (d *description) names(key string, names []string) { d.add(key, fact{names: names}) }

// under describes something one level deeper.
func (d *description) under(key string, what func()) {
	d.path = append(d.path, key)
	what()
	d.path = d.path[:len(d.path)-1]
}

// describe writes the program as facts, on the tracks that the other one has as well.
func describe(p, other *Program) *description {
	d := &description{facts: make(map[string]fact)}
	d.text("name", p.Name.EN)
	d.under("scoring", func() {
		d.text("total", p.Scoring.TotalMax)
		d.text("pass", p.Scoring.PassTotal)
		d.text("every_metric", gateText(p.Scoring))
		if p.Scoring.WholePoints {
			d.text("whole_points", true)
		}
		d.text("decimals", fmt.Sprint(p.Scoring.MetricDecimals, ", ", p.Scoring.TotalDecimals))
	})
	d.under("qualification", func() {
		d.text("not_enrolled", p.Windows.NotEnrolled)
		d.text("enrolled", p.Windows.Enrolled)
		d.text("enroll_within_days", p.Windows.EnrolWithin)
	})
	d.names("excluded_offers", p.ExcludedOffers)
	d.text("csp_history", string(p.CSPHistory))
	d.under("roles", func() {
		d.names("eligible", p.Roles.Eligible)
		d.names("exclude_containing", p.Roles.ExcludeContaining)
	})
	d.definitions(p)
	for i := range p.Areas {
		d.under(p.Areas[i].ID, func() { d.area(&p.Areas[i], other.Area(p.Areas[i].ID)) })
	}
	if p.Specializations != nil {
		d.under("specializations", func() { d.specializations(p.Specializations) })
	}
	if p.Benefits != nil {
		d.under("benefits", func() { d.benefits(p.Benefits) })
	}
	return d
}

func gateText(s Scoring) string {
	if s.GateInclusive {
		return ">= " + s.GateValue.String()
	}
	return "> " + s.GateValue.String()
}

func (d *description) definitions(p *Program) {
	d.under("owned_workloads", func() {
		for _, name := range slices.Sorted(maps.Keys(p.OwnedWorkloads)) {
			o := p.OwnedWorkloads[name]
			credit := "all"
			if o.LatestOnly {
				credit = "latest"
			}
			d.text(name, strings.Join(o.Relations, ", ")+"; "+credit)
		}
	})
	d.under("workloads", func() {
		for _, name := range slices.Sorted(maps.Keys(p.Workloads)) {
			w := p.Workloads[name]
			d.text(name+" / product", w.Product)
			d.names(name, slices.Sorted(maps.Keys(w.Names)))
			d.names(name+" / except", slices.Sorted(maps.Keys(w.Except)))
		}
	})
	d.under("aliases", func() {
		for _, name := range slices.Sorted(maps.Keys(p.Aliases)) {
			d.text(name, p.Aliases[name])
		}
	})
	d.under("rates", func() {
		for _, name := range slices.Sorted(maps.Keys(p.Rates)) {
			value := "unknown"
			if r := p.Rates[name]; r.Value != nil {
				value = r.Value.String() + " / " + r.Unit
			}
			d.text(name, value)
		}
	})
	d.names("certificates", slices.Sorted(maps.Keys(p.Certificates)))
	d.under("certificates", func() {
		for _, id := range slices.Sorted(maps.Keys(p.Certificates)) {
			if c := p.Certificates[id]; c.LastDay != nil {
				d.text(id+" / counts_through", *c.LastDay)
			}
		}
	})
	d.under("people", func() {
		d.text("retired_counts_months", p.People.RetiredCountsMonths)
		d.text("links_per_year", p.People.LinksPerYear)
		d.text("cooling_off_days", p.People.CoolingOffDays)
		d.text("leavers_count_through", p.People.LeaversCountThrough)
	})
	if p.Claims != nil {
		d.under("claims", func() { d.claims(p.Claims) })
	}
	if p.Membership != nil {
		d.under("membership", func() { d.membership(p.Membership) })
	}
	if p.Badges != nil {
		d.under("badges", func() { d.figures(p.Badges.Figures()) })
	}
}

func (d *description) claims(c *ClaimRules) {
	var alternatives []string
	figures := slices.DeleteFunc(c.Figures(), func(f Figure) bool {
		if f.Key == "decline / alternatives" {
			alternatives = append(alternatives, f.Value)
			return true
		}
		return false
	})
	d.figures(figures)
	d.names("decline / alternatives", alternatives)
}

func (d *description) figures(all []Figure) {
	for _, f := range all {
		if f.Value == "" {
			d.names(f.Key, f.Names)
		} else {
			d.text(f.Key, f.Value)
		}
	}
}

func (d *description) membership(m *MembershipRules) {
	for _, f := range m.Figures() {
		d.text(f.Key, f.Value)
	}
	for i := range m.Changes {
		d.under("from "+m.Changes[i].From.String(), func() { d.membership(&m.Changes[i]) })
	}
}

func (d *description) area(a, other *Area) {
	d.text("tracks", string(a.Track.Kind))
	d.names("tracks / names", a.Track.Tracks)
	if c := a.Track.Classifier; c != nil {
		d.under("tracks", func() { d.classifier(c) })
	}
	tracks := a.Track.Tracks
	if a.Track.Kind == SingleTrack && other != nil {
		tracks = other.Track.Tracks
	}
	for i := range a.Metrics {
		d.under(a.Metrics[i].ID, func() {
			d.text("category", string(a.Metrics[i].Category))
			for _, track := range tracks {
				rule := a.Metrics[i].Rules[track]
				if a.Track.Kind == SingleTrack {
					rule = a.Metrics[i].Rules[Single]
				}
				if track == Single {
					d.rule(rule)
					continue
				}
				d.under(track, func() { d.rule(rule) })
			}
		})
	}
}

func (d *description) classifier(c *Classifier) {
	d.text("by", string(c.Kind))
	d.text("then", c.Then)
	d.text("otherwise", c.Otherwise)
	switch c.Kind {
	case BySellingWorkloads:
		d.text("above", c.Above)
		d.text("at_least", c.AtLeast)
		d.text("count", string(c.Count))
		d.text("decides", string(c.Decides))
	case BySegment:
		op := ">= "
		if c.ShareExclusive {
			op = "> "
		}
		d.text("share", op+c.Share.String()+" "+c.Segment)
		if c.RevenueBelow != nil {
			d.text("revenue_below", *c.RevenueBelow)
		}
	}
	d.names("countries", c.Countries)
	d.names("channels", c.Channels)
	d.feeds(c.Feeds)
}

func (d *description) feeds(feeds []Feed) {
	for _, f := range feeds {
		d.names("through / "+f.Workloads.List, strings.Split(f.Types.String(), ", "))
	}
}

func (d *description) rule(r *Rule) {
	d.text("max", r.Max)
	d.text("basis", string(r.Provenance.Basis))
	for i := range r.People {
		p := &r.People[i]
		if p.From == nil {
			d.people(p)
			continue
		}
		d.under("from "+p.From.String(), func() { d.people(p) })
	}
	if len(r.Components) > 1 {
		d.text("combine", string(r.Combine))
		if r.LossesOffset {
			d.text("losses_offset", true)
		}
	}
	for i := range r.Components {
		c := &r.Components[i]
		if c.ID == "" {
			d.component(c)
			continue
		}
		d.under(c.ID, func() { d.component(c) })
	}
}

func (d *description) people(p *PeopleRule) {
	d.text("per_person", p.PerPerson)
	d.names("counted", p.Counted)
	var steps []string
	for _, s := range p.Steps {
		steps = append(steps, s.String())
	}
	d.names("steps", steps)
	if p.StepsInOrder {
		d.text("steps_in_order", true)
	}
}

func (d *description) component(c *Component) {
	m := &c.Measure
	d.text("max", c.Max)
	d.text("full_at", c.Threshold)
	d.text("measure", fmt.Sprintf("%s %s by %s", m.Change, m.Subject, m.Quantity))
	d.text("window", fmt.Sprintf("%s %d, back %d", m.Window.Kind, m.Window.Months, m.Window.Back))
	optional := []struct {
		key   string
		given bool
		value any
	}{
		{"amount", m.Amount != nil, m.Amount},
		{"seats", m.Seats != nil, m.Seats},
		{"stays_after_growth", m.StaysAfterGrowth, true},
		{"step", c.Step.Sign() > 0, c.Step},
		{"active_share", m.Share != nil && !m.ShareExclusive, m.Share},
		{"active_share_above", m.ShareExclusive, m.Share},
		{"share_of", m.ShareOfWorkload, "workload"},
		{"new_share_at_most", m.NewShareAtMost != nil && !m.NewShareExclusive, m.NewShareAtMost},
		{"new_share_below", m.NewShareExclusive, m.NewShareAtMost},
		{"since_association", m.SinceAssociation, true},
		{"floor / now", m.FloorNow != nil, m.FloorNow},
		{"floor / base", m.FloorBase != nil, m.FloorBase},
	}
	for _, o := range optional {
		if o.given {
			d.text(o.key, o.value)
		}
	}
	d.names("channels", m.Channels)
	d.feeds(m.Feeds)
}
