package report_test

import (
	"fmt"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
)

// partner is the account of the fixture that has every state a score can be in.
const partner = "990001000"

// fixture is a result under the program of October 2023: areas that pass and
// fail, shut gates, options, parts, classified tracks, figures without data and
// without a rate.
func fixture(t *testing.T) *score.Result {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := program.Find(programs, "mcpp@2023-10")
	if err != nil {
		t.Fatal(err)
	}
	b := builder{t: t, rules: rules, asOf: kizuna.NewDate(2023, 11, 15)}
	r := &score.Result{
		Program: rules.Version, ProgramID: rules.ID, Rules: rules, AsOf: b.asOf,
		Digest:  "sha256:0f3a…",
		Missing: 2,
		Findings: []*kizuna.Error{
			kizuna.Errorf("fixture-loose-link", "the link of object %q names no location", "o-17").
				WithRef(kizuna.Ref{File: "pal_links.csv", Line: 12}),
			kizuna.Errorf("fixture-rate", "no rate of %s in %s", "JPY", "2023-04").
				WithMend("add the line %s,%s,<dollars> to exchange_rates.csv", "JPY", "2023-04").
				WithRef(kizuna.Ref{File: "usage/2023-04.csv", Line: 90311, Column: 7}),
		},
	}
	last := b.asOf.Month().Add(-1)
	r.Months.Set("M-1", last)
	r.Months.Set("M-13", last.Add(-12))
	r.Accounts.Set(partner, b.account("結橋情報サービス"))
	return r
}

// carried is a result on a day when no version is in force, for two accounts.
func carried(t *testing.T) *score.Result {
	r := fixture(t)
	r.Carried = true
	second := &score.Account{Name: "<Nagihara> & Systems", Asked: "990002001"}
	first := r.Accounts[0].Value.Areas[0]
	second.Areas.Set(first.Name, first.Value)
	r.Accounts.Set("990002000", second)
	return r
}

// builder scores progress that the fixture makes up, by the program's own rules.
type builder struct {
	t     *testing.T
	rules *program.Program
	asOf  kizuna.Date
}

// figures is the progress of an area's components, by "metric" or "metric/component";
// what is not named is 0. Pairs are the inputs of percentages.
type figures struct {
	progress map[string]string
	inputs   map[string]attribution.Input
	people   map[string]people.Tally
	without  map[string]string // fill keys of components without data
}

func (b *builder) account(name string) *score.Account {
	out := &score.Account{Name: name}
	add := func(id string, tracks map[string]figures, take func(*score.Area)) {
		rules := b.rules.Area(id)
		area := &score.Area{}
		for _, track := range rules.Track.Tracks {
			scored := &score.Track{}
			for i := range rules.Metrics {
				m := &rules.Metrics[i]
				scored.Metrics.Set(m.ID, b.metric(m.ID, m.Rules[track], tracks[track]))
			}
			score.Finish(scored, &b.rules.Scoring)
			area.Tracks.Set(track, scored)
		}
		candidates := rules.Track.Tracks
		if take != nil {
			take(area)
			candidates = []string{area.TakenTrack}
		}
		area.Take(candidates, &b.rules.Scoring)
		out.Areas.Set(id, area)
	}
	growth := func(now, base string) attribution.Input {
		return attribution.Input{Now: b.fraction(now), Base: b.fraction(base)}
	}
	single := func(f figures) map[string]figures { return map[string]figures{program.Single: f} }

	// Passes with whole points.
	add("data-ai", single(figures{
		progress: map[string]string{"net_customer_adds": "3", "deployments": "11"},
		inputs:   map[string]attribution.Input{"usage_growth": growth("1284350.25", "1079285.92")},
		people:   map[string]people.Tally{"intermediate": {Steps: []int64{4, 3}, Counted: 8}},
	}), nil)
	// Fails: a shut gate and a base that is not positive.
	add("infrastructure", single(figures{
		progress: map[string]string{"net_customer_adds": "2", "deployments": "4"},
		inputs:   map[string]attribution.Input{"usage_growth": growth("88000", "0")},
		people: map[string]people.Tally{
			"intermediate": {Steps: []int64{3}, Counted: 5},
			"advanced":     {Steps: []int64{1}, Counted: 2},
		},
	}), nil)
	// No data at all but for certificates.
	add("digital-app-innovation", single(figures{
		people:  map[string]people.Tally{"intermediate": {Steps: []int64{2}, Counted: 1}},
		without: map[string]string{"net_customer_adds": "revenue.azure", "usage_growth": "revenue.azure", "deployments": "revenue.azure", "advanced": "certifications"},
	}), nil)
	// Classified; growth under the floor, deployments without a rate.
	add("business-applications", map[string]figures{
		"smb": {
			progress: map[string]string{"net_customer_adds": "7"},
			inputs: map[string]attribution.Input{
				"usage_growth": growth("31200", "18400.5"),
				"deployments":  {Unrated: []string{"Portals"}},
			},
			people: map[string]people.Tally{"intermediate": {Counted: 3}, "advanced": {Counted: 1}},
		},
		"enterprise": {
			inputs: map[string]attribution.Input{"usage_growth": growth("31200", "18400.5"), "deployments": {Unrated: []string{"Portals"}}},
			people: map[string]people.Tally{"intermediate": {Counted: 3}, "advanced": {Counted: 1}},
		},
	}, func(a *score.Area) { a.TakenTrack, a.ClassificationCounts = "smb", []int64{6, 4} })
	// Two tracks: the higher one misses a metric, the lower one passes.
	add("modern-work", map[string]figures{
		"enterprise": {
			progress: map[string]string{"net_customer_adds": "9", "usage_growth/CPOR": "860", "usage_growth/DPOR": "4100", "deployments/CPOR": "6", "deployments/DPOR": "3"},
			people:   map[string]people.Tally{"intermediate": {Counted: 6}},
		},
		"smb": {
			progress: map[string]string{"net_customer_adds": "6", "usage_growth/CPOR": "400", "usage_growth/CSP": "310", "deployments/CPOR": "3", "deployments/CSP": "2"},
			people:   map[string]people.Tally{"intermediate": {Counted: 6}, "advanced": {Counted: 1}},
		},
	}, nil)
	// Pooled parts, one of them without data; thirds of points.
	add("security", single(figures{
		progress: map[string]string{
			"net_customer_adds/azure": "4", "usage_growth/azure": "18400.5", "deployments/azure": "2",
		},
		people:  map[string]people.Tally{"intermediate": {Steps: []int64{1, 2}, Counted: 5}},
		without: map[string]string{"net_customer_adds/m365": "seats.microsoft-365", "usage_growth/m365": "users.microsoft-365", "deployments/m365": "users.microsoft-365"},
	}), nil)
	return out
}

func (b *builder) fraction(s string) kizuna.Fraction {
	f, err := kizuna.ParseFraction(s)
	if err != nil {
		b.t.Fatal(err)
	}
	return f
}

func (b *builder) metric(id string, rule *program.Rule, f figures) *score.Metric {
	out := &score.Metric{Max: rule.Max, Unit: rule.Unit, Status: score.Scored}
	if len(rule.People) > 0 {
		if fill := f.without[id]; fill != "" {
			out.Status, out.Fill = score.NoData, []string{fill}
			return out
		}
		r := rule.PeopleOn(b.asOf)
		tally := f.people[id]
		for len(tally.Steps) < len(r.Steps) {
			tally.Steps = append(tally.Steps, 0)
		}
		score.People(out, r, tally)
		return out
	}
	var scored score.Keyed[*score.Component]
	for i := range rule.Components {
		c := &rule.Components[i]
		key := id
		if c.ID != "" {
			key += "/" + c.ID
		}
		scored.Set(c.ID, b.component(key, c, f))
	}
	score.Combine(out, rule, scored)
	for _, c := range scored {
		out.Types = c.Value.Types
	}
	if out.Status != score.NoData {
		through := b.asOf.Month().Add(-1)
		out.Through = &through
	}
	return out
}

func (b *builder) component(key string, c *program.Component, f figures) *score.Component {
	if fill := f.without[key]; fill != "" {
		out := score.PointsOf(c, kizuna.Fraction{})
		out.Status, out.Progress, out.Fill = score.NoData, nil, []string{fill}
		return out
	}
	if in, ok := f.inputs[key]; ok {
		return score.Score(c, in)
	}
	progress := kizuna.Fraction{}
	if s := f.progress[key]; s != "" {
		progress = b.fraction(s)
	}
	return score.PointsOf(c, progress)
}

// explain makes up what stands behind every figure.
func explain(account string, at score.Place) report.Explanation {
	if at.Metric == "intermediate" || at.Metric == "advanced" {
		return report.Explanation{Contributions: []report.Contribution{
			{Subject: "p-014", Label: "水野 透", Note: "DP-203, AZ-305"},
			{Subject: "p-020", Note: "AI-102"},
		}}
	}
	var rows []report.Row
	for i := range 40 {
		rows = append(rows, report.Row{
			Source: fmt.Sprintf("usage/2023-%02d.csv:%d", 10-i%10, 812+i), Month: fmt.Sprintf("2023-%02d", 10-i%10),
			What: "Azure Kubernetes Service", Amount: "1,904.22", Credited: "1,412.81",
			Covered: "PAL, location 990001001 (2023-03-09 to …), 74.19 % of the period", Clause: "counted",
		})
	}
	return report.Explanation{
		Contributions: []report.Contribution{
			{
				Subject: "5b1f0a8e-9d1f-4c55-8a2b-6a0b7a0d1101", Label: "青葉港湾運輸", Now: "1", Base: "0", Rows: rows,
				Tests: []report.Test{
					{When: "2023-10", What: "revenue", Value: "4,210.55", Wanted: ">= 1000", Holds: true},
					{When: "2022-10", What: "revenue", Value: "312", Wanted: ">= 1000"},
				},
			},
			{Subject: "0c9d7f9e-18a6-4a3e-9f4b-2f4ad9f0c702", Label: `<script>alert("x")</script> & Co.`, Now: "1", Base: "0", Rows: rows[:2]},
			{Subject: "77c1e0d2-5a4b-4f0e-b1d5-90a3a7a7e803", Now: "0", Base: "1"},
		},
		More: 41,
	}
}

func printer(t *testing.T, lang string) *locale.Printer {
	t.Helper()
	p, err := locale.For(lang)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
