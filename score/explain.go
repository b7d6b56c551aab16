package score

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// Explanation opens one metric: what was measured, who contributed what, and how
// that makes points.
type Explanation struct {
	Account    string                  `json:"account"`
	Area       string                  `json:"area"`
	Track      string                  `json:"track"`
	Metric     string                  `json:"metric"`
	Score      *Metric                 `json:"score"`
	Provenance program.Provenance      `json:"rule_provenance"`
	Components []*ComponentExplanation `json:"components,omitempty"`
	People     []PersonContribution    `json:"people,omitempty"`
}

// ComponentExplanation opens an option or a part of a metric, or all of it.
type ComponentExplanation struct {
	ID        string               `json:"id,omitempty"`
	Points    kizuna.Fraction      `json:"points"`
	Curve     Curve                `json:"curve"`
	Tally     attribution.Tally    `json:"tally"` // the sum of the contributions
	Customers []*attribution.Trace `json:"customers"`
	Measure   int                  `json:"-"` // its number in the plan
}

// Curve is how a progress becomes points: clamp(max x progress / threshold, 0, max).
type Curve struct {
	Progress  *kizuna.Fraction `json:"progress"`
	Max       kizuna.Fraction  `json:"max"`
	Threshold kizuna.Fraction  `json:"threshold"`
}

// PersonContribution is what one professional adds to a people metric.
type PersonContribution struct {
	Person       string   `json:"person"`
	Name         string   `json:"name,omitempty"`
	MCID         string   `json:"mcid"`
	Location     string   `json:"location"`
	Steps        []int    `json:"steps,omitempty"` // the prerequisites that the person serves, from 1
	Counted      bool     `json:"counted"`
	Certificates []string `json:"certificates"` // of the rule, that count
}

// Explain opens a metric. Without a track it opens the one that the area's figure
// is taken from. With rows, every contribution is opened down to its rows.
func (a *Answer) Explain(account, area, track, metric string, rows bool) (*Explanation, error) {
	rule, track, err := a.find(account, area, track, metric)
	if err != nil {
		return nil, err
	}
	out := &Explanation{
		Account: account, Area: area, Track: track, Metric: metric,
		Score: a.scorer.metric(account, rule, a.totals.Account(account)), Provenance: rule.Provenance,
	}
	if len(rule.People) > 0 {
		out.People = a.peopleBehind(account, rule.PeopleOn(a.Question.AsOf))
		return out, nil
	}
	for i := range rule.Components {
		out.Components = append(out.Components, a.component(account, &rule.Components[i], rows))
	}
	return out, nil
}

func (a *Answer) find(account, area, track, metric string) (*program.Rule, string, error) {
	p := a.Question.Program
	rules := p.Area(area)
	if rules == nil {
		return nil, "", a.NoSuchArea(area)
	}
	m := rules.Metric(metric)
	if m == nil {
		ids := make([]string, len(rules.Metrics))
		for i := range rules.Metrics {
			ids[i] = rules.Metrics[i].ID
		}
		return nil, "", kizuna.Errorf("no-such-metric", "area %s has no metric %q", area, metric).
			WithMend("its metrics: %s", strings.Join(ids, ", "))
	}
	if track == "" {
		track = a.scorer.area(account, rules, a.totals.Account(account)).TakenTrack
	}
	rule := m.Rules[track]
	if rule == nil {
		return nil, "", kizuna.Errorf("no-such-track", "area %s has no track %q", area, track).
			WithMend("its tracks: %s", strings.Join(rules.Track.Tracks, ", "))
	}
	return rule, track, nil
}

func (a *Answer) component(account string, c *program.Component, rows bool) *ComponentExplanation {
	scored := a.scorer.component(account, c, a.totals.Account(account))
	number := scored.Measure
	out := &ComponentExplanation{
		ID: c.ID, Points: scored.Points, Measure: number,
		Curve: Curve{scored.Progress, c.Max, c.Threshold},
		Tally: a.totals.Account(account)[attribution.Key{Account: account, Measure: number}],
	}
	for _, tenant := range a.Book.Tenants() {
		trace := a.Book.Trace(tenant, account, number, false)
		if trace.Tally.IsZero() && !trace.Credited {
			continue
		}
		if !rows {
			trace.Lines = nil
		}
		out.Customers = append(out.Customers, trace)
	}
	// Of equal contributions the order of the ids, which have no case, decides.
	slices.SortStableFunc(out.Customers, func(x, y *attribution.Trace) int {
		return -cmp.Compare(x.Tally.Weight(), y.Tally.Weight())
	})
	return out
}

func (a *Answer) peopleBehind(account string, rule *program.PeopleRule) []PersonContribution {
	var out []PersonContribution
	for _, h := range a.Roster.Holders(account) {
		p := contributionOf(h, rule)
		if p.Counted || len(p.Steps) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func contributionOf(h *people.Holder, rule *program.PeopleRule) PersonContribution {
	p := PersonContribution{
		Person: h.Person.ID, Name: h.Person.Name, MCID: h.Person.MCID, Location: h.Link.Location,
	}
	note := func(ids []string) {
		for _, id := range ids {
			if !slices.Contains(p.Certificates, id) {
				p.Certificates = append(p.Certificates, id)
			}
		}
	}
	for i, step := range rule.Steps {
		if held := h.Held(step.AnyOf); len(held) > 0 {
			p.Steps = append(p.Steps, i+1)
			note(held)
		}
	}
	held := h.Held(rule.Counted)
	p.Counted = len(held) > 0
	note(held)
	return p
}
