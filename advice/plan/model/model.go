// Package model states a program's rules, and an account's totals, as the counters and
// areas of a [plan.Instance]: nothing of a rule is decided here, each is only written in
// that form. Its tests hold [plan.Instance.Evaluate] against package score.
package model

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Standing is what an account comes to: its tallies, and who counts for it.
type Standing struct {
	Account string
	Total   attribution.Contribution
	Roster  *people.Roster
}

// Model is an instance that knows which of its counters are which tallies. It has no
// units: whoever asks adds them.
type Model struct {
	plan.Instance

	plan     *attribution.Plan
	coverage score.Coverage
	now      Standing

	measures map[int]*measured // by the plan's measure
	groups   map[*program.PeopleRule]*group
	order    []int // of measures
	rules    []*program.PeopleRule
}

// measured is where a measure's tally stands.
type measured struct {
	number    int
	now, base int // quantities
	unrated   int // counter; -1: it has none
	sets      bool
	members   [2]map[string]int // of NowSet and BaseSet: counters
	one       kizuna.Fraction   // what 1 of the counter is in whole units
}

// group is where people under a rule stand.
type group struct {
	steps   []int // counters
	counted int
}

// Goal is what is wanted: that one of some areas, which are judged alike, is earned.
type Goal struct {
	AnyOf []string `json:"any_of"`
	// Metric, if it is not "", is all that is wanted of them: that it gives all its points.
	Metric string `json:"metric,omitempty"`
}

// Each wants every one of some areas.
func Each(areas ...string) []Goal {
	goals := make([]Goal, len(areas))
	for i, id := range areas {
		goals[i].AnyOf = []string{id}
	}
	return goals
}

// metrics lists the metrics of an area that the goal looks at.
func (g *Goal) metrics(area *program.Area) []program.Metric {
	if g.Metric == "" {
		return area.Metrics
	}
	return slices.DeleteFunc(slices.Clone(area.Metrics), func(m program.Metric) bool { return m.ID != g.Metric })
}

// New states the goals, all of which are wanted, as the account stands. Of the members of counted
// sets, such as workloads, the given ones may come besides those that the account has.
// The errors: "no-such-area", the program has no such area; "plan-mixed" and "plan-offset", a rule of
// it cannot be stated.
func New(pl *attribution.Plan, coverage score.Coverage, now Standing, goals []Goal, members []string) (*Model, error) {
	m := &Model{plan: pl, coverage: coverage, now: now, measures: make(map[int]*measured), groups: make(map[*program.PeopleRule]*group)}
	for i := range goals {
		for _, id := range goals[i].AnyOf {
			area := pl.Program.Area(id)
			if area == nil {
				return nil, kizuna.Errorf("no-such-area", "%s has no area %q", pl.Program.Ref(), id)
			}
			if err := m.look(area, goals[i].metrics(area)); err != nil {
				return nil, err
			}
		}
	}
	m.number(members)
	for i := range goals {
		m.Areas = append(m.Areas, m.goal(&goals[i]))
	}
	return m, nil
}

// look notes the measures and people rules that some metrics of an area look at, and what
// finds its track.
func (m *Model) look(area *program.Area, metrics []program.Metric) error {
	if area.Track.Kind == program.BestMetrics {
		return kizuna.Errorf("plan-mixed", "area %s takes each metric from another track, which no plan can state", area.ID).
			WithMend("leave the area out")
	}
	measure := func(number int) {
		if number >= 0 && m.measures[number] == nil {
			m.measures[number] = &measured{number: number, unrated: -1}
			m.order = append(m.order, number)
		}
	}
	for _, metric := range metrics {
		for _, track := range area.Track.Tracks {
			rule := metric.Rules[track]
			if r := rule.PeopleOn(m.plan.AsOf); r != nil && m.groups[r] == nil {
				m.groups[r] = &group{}
				m.rules = append(m.rules, r)
			}
			for i := range rule.Components {
				c := &rule.Components[i]
				if rule.LossesOffset && c.Step.Sign() > 0 {
					return kizuna.Errorf("plan-offset", "area %s lets losses offset whole steps, which no plan can state", area.ID).
						WithMend("leave the area out")
				}
				measure(m.plan.MeasureOf(c))
			}
		}
	}
	if area.Track.Kind == program.Classified {
		c := m.plan.ClassificationOf(area.ID)
		measure(c.Main)
		measure(c.All)
		measure(c.Revenue)
	}
	return nil
}

// number makes the counters, then the sets.
func (m *Model) number(members []string) {
	counter := func(name string, base int64) int {
		m.Counters = append(m.Counters, plan.Counter{Name: name, Base: base})
		return len(m.Counters) - 1
	}
	for _, number := range m.order {
		of := m.measures[number]
		rule := m.plan.Measure(number)
		tally := m.now.Total[attribution.Key{Account: m.now.Account, Measure: number}]
		of.one, _ = m.plan.Units(number, attribution.Value{Now: 1})
		of.sets = rule.Subject == program.Workloads
		if of.sets {
			for k, counts := range []attribution.Counts{tally.NowSet, tally.BaseSet} {
				of.members[k] = make(map[string]int)
				names := slices.AppendSeq(slices.Clone(members), maps.Keys(counts))
				slices.Sort(names)
				for _, name := range slices.Compact(names) {
					of.members[k][name] = counter(fmt.Sprintf("m%d %s %s", number, when(k), name), counts[name])
				}
			}
			continue
		}
		of.now = counter(fmt.Sprintf("m%d now", number), tally.Now)
		of.base = counter(fmt.Sprintf("m%d base", number), tally.Base)
		if rule.Quantity == program.Consumption {
			var sum int64
			for _, n := range tally.Unrated {
				sum += n
			}
			of.unrated = counter(fmt.Sprintf("m%d without a rate", number), sum)
		}
	}
	for i, r := range m.rules {
		g, tally := m.groups[r], m.now.Roster.Tally(m.now.Account, r)
		for s := range r.Steps {
			g.steps = append(g.steps, counter(fmt.Sprintf("p%d step %d", i, s+1), tally.Steps[s]))
		}
		g.counted = counter(fmt.Sprintf("p%d counted", i), tally.Counted)
	}
	for _, number := range m.order {
		of := m.measures[number]
		if !of.sets {
			continue
		}
		for k := range of.members {
			set := plan.Set{Name: fmt.Sprintf("m%d %s", number, when(k))}
			for _, name := range slices.Sorted(maps.Keys(of.members[k])) {
				set.Members = append(set.Members, of.members[k][name])
			}
			m.Sets = append(m.Sets, set)
		}
		of.now, of.base = len(m.Counters)+len(m.Sets)-2, len(m.Counters)+len(m.Sets)-1
	}
}

func when(k int) string { return [...]string{"now", "base"}[k] }

// Measures lists the measures that the wanted areas look at, by their numbers in the plan.
func (m *Model) Measures() []int { return slices.Sorted(slices.Values(m.order)) }

// PeopleRules lists the people rules that the wanted areas look at.
func (m *Model) PeopleRules() []*program.PeopleRule { return m.rules }

// Adds is what lies between two standings of the account: what a bundle adds to counters. ok
// is false if it adds a member that the model does not know.
func (m *Model) Adds(before, after attribution.Contribution) (adds []plan.Add, ok bool) {
	add := func(counter int, by int64) {
		if by != 0 {
			adds = append(adds, plan.Add{Counter: counter, By: by})
		}
	}
	for _, number := range m.order {
		of := m.measures[number]
		key := attribution.Key{Account: m.now.Account, Measure: number}
		d := after[key].Sub(before[key])
		if of.sets {
			for k, counts := range []attribution.Counts{d.NowSet, d.BaseSet} {
				for _, name := range slices.Sorted(maps.Keys(counts)) {
					n, known := of.members[k][name]
					if !known {
						return nil, false
					}
					add(n, counts[name])
				}
			}
			continue
		}
		add(of.now, d.Now)
		add(of.base, d.Base)
		if of.unrated >= 0 {
			var sum int64
			for _, n := range d.Unrated {
				sum += n
			}
			add(of.unrated, sum)
		}
	}
	return adds, true
}

// AddsOfPeople is what lies between who counts for the account, and who else would.
func (m *Model) AddsOfPeople(before, after *people.Roster) (adds []plan.Add) {
	for _, r := range m.rules {
		g := m.groups[r]
		b, a := before.Tally(m.now.Account, r), after.Tally(m.now.Account, r)
		for s := range g.steps {
			if by := a.Steps[s] - b.Steps[s]; by != 0 {
				adds = append(adds, plan.Add{Counter: g.steps[s], By: by})
			}
		}
		if by := a.Counted - b.Counted; by != 0 {
			adds = append(adds, plan.Add{Counter: g.counted, By: by})
		}
	}
	return adds
}
