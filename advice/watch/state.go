// Package watch keeps what an account came to, and tells what has moved since: which
// areas and metrics, because of which customers and people.
package watch

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// State is what an account comes to and who contributes what to it. It can be kept as
// JSON, to be compared with a later one.
type State struct {
	Account string        `json:"account"`
	Program string        `json:"program"` // "mcpp@2023-10"
	Digest  string        `json:"program_digest"`
	AsOf    kizuna.Date   `json:"as_of"`
	Areas   []Area        `json:"areas"`
	People  *people.Facts `json:"people"` // whoever may concern the account
	// Contributions are, by measure of the program, the tallies of the customers that
	// contribute, by id.
	Contributions []map[string]attribution.Tally `json:"contributions"`

	outcome *advice.Outcome // nil in a state that was kept
	plan    *attribution.Plan
}

// Area is an area of a state.
type Area struct {
	ID        string          `json:"id"`
	Track     string          `json:"track"` // that the figure is taken from
	Points    kizuna.Fraction `json:"points"`
	Displayed int64           `json:"displayed"`
	Qualified bool            `json:"qualified"`
	Metrics   []Metric        `json:"metrics"`
}

// Metric is a metric on a track.
type Metric struct {
	Track      string                     `json:"track"`
	ID         string                     `json:"id"`
	Points     kizuna.Fraction            `json:"points"`
	Max        kizuna.Fraction            `json:"max"`
	Status     score.Status               `json:"status"`
	Components []Component                `json:"components,omitempty"`
	People     []score.PersonContribution `json:"people,omitempty"`
}

// Component is what a metric, an option or a part of one measures.
type Component struct {
	ID      string       `json:"id,omitempty"`
	Measure int          `json:"measure"`
	Total   score.Inputs `json:"total"`
}

// Of is the state of an outcome.
func Of(o *advice.Outcome) *State {
	b := o.Base()
	rules := b.Question.Program
	s := &State{
		Account: b.Account, Program: rules.Ref(), Digest: program.Digest(rules), AsOf: b.Question.AsOf,
		People: nameless(o.People()), Contributions: make([]map[string]attribution.Tally, b.Plan.Measures()), outcome: o, plan: b.Plan,
	}
	for id, gives := range o.Contributions() {
		for key, tally := range gives {
			of := &s.Contributions[key.Measure]
			if *of == nil {
				*of = make(map[string]attribution.Tally)
			}
			(*of)[id] = tally
		}
	}
	scored := o.Score()
	for _, area := range scored.Areas {
		s.Areas = append(s.Areas, s.area(area.Name, area.Value, o))
	}
	return s
}

// nameless returns facts without names and without the places where they stand: neither
// changes a count, and a name may have to be erased elsewhere.
func nameless(f *people.Facts) *people.Facts {
	out := &people.Facts{People: slices.Clone(f.People), Links: slices.Clone(f.Links), Certifications: slices.Clone(f.Certifications)}
	for i := range out.People {
		out.People[i].At, out.People[i].Name = kizuna.Ref{}, ""
	}
	for i := range out.Links {
		out.Links[i].At = kizuna.Ref{}
	}
	for i := range out.Certifications {
		out.Certifications[i].At = kizuna.Ref{}
	}
	return out
}

func (s *State) area(id string, scored *score.Area, o *advice.Outcome) Area {
	out := Area{ID: id, Track: scored.TakenTrack, Points: scored.Total, Displayed: scored.Displayed, Qualified: scored.Qualified}
	rules := s.plan.Program.Area(id)
	for _, track := range scored.Tracks {
		for _, metric := range track.Value.Metrics {
			m := Metric{Track: track.Name, ID: metric.Name, Points: metric.Value.Points, Max: metric.Value.Max, Status: metric.Value.Status}
			rule := rules.Metric(metric.Name).Rules[track.Name]
			for i := range rule.Components {
				number := s.plan.MeasureOf(&rule.Components[i])
				in := s.plan.Input(number, o.Total[attribution.Key{Account: s.Account, Measure: number}])
				m.Components = append(m.Components, Component{rule.Components[i].ID, number, score.Inputs{Now: in.Now, Base: in.Base}})
			}
			if len(rule.People) > 0 {
				m.People = peopleUnder(o.Roster, s.Account, rule.PeopleOn(s.AsOf))
			}
			out.Metrics = append(out.Metrics, m)
		}
	}
	return out
}

// peopleUnder lists who counts under a rule or serves one of its steps.
func peopleUnder(r *people.Roster, account string, rule *program.PeopleRule) (out []score.PersonContribution) {
	if rule == nil {
		return nil
	}
	for _, h := range r.Holders(account) {
		if p := score.PersonUnder(h, rule); p.Counted || len(p.Steps) > 0 {
			p.Name = ""
			out = append(out, p)
		}
	}
	return out
}

// inputs are what a customer contributes to a measure, in whole units.
func (s *State) inputs(measure int, tenant string) score.Inputs {
	in := s.plan.Input(measure, s.Contributions[measure][tenant])
	return score.Inputs{Now: in.Now, Base: in.Base}
}

// Rules returns the program of a state that is an outcome's.
func (s *State) Rules() *program.Program { return s.plan.Program }
