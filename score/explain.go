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
	All       int                  `json:"-"` // how many customers there are, those left out too
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

// Opening says how far a metric is opened.
type Opening struct {
	Most int  // so many customers of each component, the largest contributions; 0: all
	Rows bool // each down to its rows
	// Customer, if set, is the only one, down to its rows, whether it contributes or not.
	Customer string
}

// Behind is what totals are made of.
type Behind interface {
	// Customers traces who contributes to each of an account's measures, the largest
	// contribution first (see [attribution.Tally.Weight]), equal ones in the order of their
	// ids: the first most, or all if most is 0.
	Customers(account string, measures []int, most int) ([]Contributions, error)
	// Customer traces one customer, whether it contributes or not.
	Customer(tenant, account string, measures []int) ([]*attribution.Trace, error)
}

// Contributions are what customers contribute to a measure.
type Contributions struct {
	Customers []*attribution.Trace
	All       int // how many there are
}

// Explain opens a metric with all its customers. Without a track it opens the one that
// the area's figure is taken from. With rows, every contribution is opened down to its
// rows.
func (a *Answer) Explain(account, area, track, metric string, rows bool) (*Explanation, error) {
	return a.Open(account, Place{Area: area, Track: track, Metric: metric}, Opening{Rows: rows})
}

// Open opens a metric as far as is asked for. The place's component is not looked at.
func (a *Answer) Open(account string, at Place, o Opening) (*Explanation, error) {
	rule, track, err := a.find(account, at.Area, at.Track, at.Metric)
	if err != nil {
		return nil, err
	}
	total := a.totals.Account(account)
	scoring := a.Question.Program.ScoringOf(a.Question.Program.Area(at.Area))
	out := &Explanation{
		Account: account, Area: at.Area, Track: track, Metric: at.Metric,
		Score: a.scorer.metric(account, rule, scoring, total), Provenance: rule.Provenance,
	}
	if len(rule.People) > 0 {
		out.People = a.peopleBehind(account, rule.PeopleOn(a.Question.AsOf))
		return out, nil
	}
	for i := range rule.Components {
		c := &rule.Components[i]
		scored := a.scorer.component(account, c, total)
		out.Components = append(out.Components, &ComponentExplanation{
			ID: c.ID, Points: scored.Points, Measure: scored.Measure,
			Curve: Curve{scored.Progress, c.Max, c.Threshold},
			Tally: total[attribution.Key{Account: account, Measure: scored.Measure}],
		})
	}
	return out, a.customersBehind(out, o)
}

// customersBehind fills in the customers of an explanation.
func (a *Answer) customersBehind(e *Explanation, o Opening) error {
	measures := make([]int, len(e.Components))
	for i, c := range e.Components {
		measures[i] = c.Measure
	}
	if o.Customer != "" {
		traces, err := a.behind.Customer(o.Customer, e.Account, measures)
		for i, trace := range traces {
			e.Components[i].Customers, e.Components[i].All = []*attribution.Trace{trace}, 1
		}
		return err
	}
	contributions, err := a.behind.Customers(e.Account, measures, o.Most)
	for i, of := range contributions {
		for _, trace := range of.Customers {
			if !o.Rows {
				trace.Lines = nil
			}
		}
		e.Components[i].Customers, e.Components[i].All = of.Customers, of.All
	}
	return err
}

// inBook is all customers: whoever contributes is found by looking at everybody.
type inBook struct{ *attribution.Book }

func (b inBook) Customers(account string, measures []int, most int) ([]Contributions, error) {
	out := make([]Contributions, len(measures))
	for i, number := range measures {
		of := &out[i]
		for _, tenant := range b.Tenants() {
			if trace := b.Trace(tenant, account, number, false); !trace.Tally.IsZero() || trace.Credited {
				of.Customers = append(of.Customers, trace)
			}
		}
		// Of equal contributions the order of the ids, which have no case, decides.
		slices.SortStableFunc(of.Customers, func(x, y *attribution.Trace) int {
			return -cmp.Compare(x.Tally.Weight(), y.Tally.Weight())
		})
		if of.All = len(of.Customers); most > 0 {
			of.Customers = of.Customers[:min(most, of.All)]
		}
	}
	return out, nil
}

func (b inBook) Customer(tenant, account string, measures []int) ([]*attribution.Trace, error) {
	var out []*attribution.Trace
	for _, number := range measures {
		out = append(out, b.Trace(tenant, account, number, false))
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

func (a *Answer) peopleBehind(account string, rule *program.PeopleRule) []PersonContribution {
	var out []PersonContribution
	for _, h := range a.Roster.Holders(account) {
		p := PersonUnder(h, rule)
		if p.Counted || len(p.Steps) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// PersonUnder says what a person adds under a rule.
func PersonUnder(h *people.Holder, rule *program.PeopleRule) PersonContribution {
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
