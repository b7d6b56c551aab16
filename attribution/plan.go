package attribution

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// Plan is a program compiled for attribution on one date: its distinct measures,
// each evaluated once however many areas use it, and the feeds that they draw on.
// It is immutable.
type Plan struct {
	Program *program.Program
	AsOf    kizuna.Date
	// Last is M-1, the last month complete before the date.
	Last kizuna.Month

	measures    []measure
	feeds       []feed
	types       []program.TypeSet
	ofComponent map[*program.Component]int
	ofArea      map[string]Classification
	first       kizuna.Month // the earliest month that any measure looks at
	excluded    map[string]bool
}

// Classification names the measures behind an area's classified track.
type Classification struct {
	Main int // selling workloads; customers of the segment; customers of the markets
	All  int // all customers, for a share; -1 if not asked for
	// Revenue is trailing revenue, for a limit; -1 if not asked for.
	Revenue int
}

// feed is a source of rows for measures: workloads, channels and the association
// types through which they count.
type feed struct {
	set      program.WorkloadSet
	channels []string
	types    int // index into Plan.types
}

type measure struct {
	program.Measure
	feeds     []int // indexes into Plan.feeds, in the measure's order
	segment   string
	countries []string
	key       string
}

// inMillionths reports whether tallies hold millionths rather than counts.
func (m *measure) inMillionths() bool { return m.Subject == program.Amount }

// NewPlan compiles the program for a date.
func NewPlan(p *program.Program, asOf kizuna.Date) *Plan {
	pl := &Plan{
		Program:     p,
		AsOf:        asOf,
		Last:        asOf.Month().Add(-1),
		ofComponent: make(map[*program.Component]int),
		ofArea:      make(map[string]Classification),
		excluded:    make(map[string]bool),
	}
	for _, offer := range p.ExcludedOffers {
		pl.excluded[offer] = true
	}
	pl.first = pl.Last
	for i := range p.Areas {
		area := &p.Areas[i]
		if c := area.Track.Classifier; c != nil {
			pl.ofArea[area.ID] = pl.classification(c)
		}
		for _, m := range area.Metrics {
			for _, track := range area.Track.Tracks {
				rule := m.Rules[track]
				for j := range rule.Components {
					c := &rule.Components[j]
					pl.ofComponent[c] = pl.add(measure{Measure: c.Measure})
				}
			}
		}
	}
	return pl
}

// classification compiles a track rule into measures of its own.
func (pl *Plan) classification(c *program.Classifier) Classification {
	month := program.Window{Kind: program.AnyMonth, Months: 1}
	base := measure{Measure: program.Measure{
		Change: program.Gross, Subject: program.Tenants, Quantity: program.Revenue,
		Window: month, Feeds: c.Feeds, Channels: c.Channels,
	}}
	out := Classification{All: -1, Revenue: -1}
	switch main := base; c.Kind {
	case program.BySellingWorkloads:
		main.Subject, main.Change = cmp.Or(c.Count, program.Workloads), program.Net
		main.Window.Back = 12
		main.Amount = &program.Range{From: &c.Above, FromExclusive: true}
		out.Main = pl.add(main)
	case program.BySegment:
		main.segment = c.Segment
		out.Main, out.All = pl.add(main), pl.add(base)
		if c.RevenueBelow != nil {
			sum := base
			sum.Subject, sum.Window = program.Amount, program.Window{Kind: program.Trailing, Months: 12}
			out.Revenue = pl.add(sum)
		}
	case program.ByMarket:
		main.countries = c.Countries
		if len(c.Countries) == 0 {
			main.countries = []string{}
		}
		out.Main = pl.add(main)
	}
	return out
}

// add returns the number of an equal measure, or of a new one.
func (pl *Plan) add(m measure) int {
	key, err := json.Marshal(struct {
		program.Measure
		Segment   string
		Countries []string
	}{m.Measure, m.segment, m.countries})
	if err != nil {
		panic(err) // a measure is plain data
	}
	m.key = string(key)
	if i := slices.IndexFunc(pl.measures, func(n measure) bool { return n.key == m.key }); i >= 0 {
		return i
	}
	for _, f := range m.Feeds {
		m.feeds = append(m.feeds, pl.addFeed(f, m.Channels))
	}
	pl.measures = append(pl.measures, m)
	pl.first = min(pl.first, pl.Last.Add(1-m.Window.Months-m.Window.Back))
	return len(pl.measures) - 1
}

func (pl *Plan) addFeed(f program.Feed, channels []string) int {
	types := slices.Index(pl.types, f.Types)
	if types < 0 {
		types = len(pl.types)
		pl.types = append(pl.types, f.Types)
	}
	same := func(g feed) bool {
		return g.types == types && g.set.List == f.Workloads.List && slices.Equal(g.channels, channels)
	}
	if i := slices.IndexFunc(pl.feeds, same); i >= 0 {
		return i
	}
	pl.feeds = append(pl.feeds, feed{f.Workloads, channels, types})
	return len(pl.feeds) - 1
}

// Measures returns how many distinct measures there are.
func (pl *Plan) Measures() int { return len(pl.measures) }

// Measure is a measure of a plan.
type Measure struct {
	program.Measure
	Feeds []int // numbers of the plan's feeds; a feed may stand there twice
	// Segment and Countries, where set, are whose customers are looked at. Countries
	// that are empty and not nil are nobody's.
	Segment   string
	Countries []string
}

// Measure returns a measure by its number.
func (pl *Plan) Measure(number int) Measure {
	m := &pl.measures[number]
	return Measure{m.Measure, m.feeds, m.segment, m.countries}
}

// Feed is a source of rows for measures.
type Feed struct {
	Workloads program.WorkloadSet
	Channels  []string // all if empty
	Types     program.TypeSet
}

// Feeds lists the plan's feeds, by number.
func (pl *Plan) Feeds() []Feed {
	out := make([]Feed, len(pl.feeds))
	for i, f := range pl.feeds {
		out[i] = Feed{f.set, f.channels, pl.types[f.types]}
	}
	return out
}

// First returns the earliest month that any measure looks at.
func (pl *Plan) First() kizuna.Month { return pl.first }

// Rate returns the monthly consumption value of a unit of a workload in
// millionths; false if it has none.
func (pl *Plan) Rate(workload string) (kizuna.Micro, bool) { return pl.rateOf(workload) }

// MeasureOf returns the number of a component's measure.
func (pl *Plan) MeasureOf(c *program.Component) int { return pl.ofComponent[c] }

// ClassificationOf returns the measures behind an area's track.
func (pl *Plan) ClassificationOf(area string) Classification { return pl.ofArea[area] }

// Types returns the association types that can feed a measure.
func (pl *Plan) Types(number int) program.TypeSet {
	var all program.TypeSet
	for _, f := range pl.measures[number].Feeds {
		all |= f.Types
	}
	return all
}

// window returns the months that a measure looks at: now and, if it compares, before.
func (pl *Plan) window(m *measure) (now, base months) { return monthsOf(m.Window, pl.Last) }

func monthsOf(w program.Window, last kizuna.Month) (now, base months) {
	now = months{last.Add(1 - w.Months), last}
	if w.Back == 0 {
		return now, months{1, 0}
	}
	return now, months{now.first.Add(-w.Back), now.last.Add(-w.Back)}
}

// Months lists the months that a window looks at if last is M-1: now and, if it
// compares, before.
func Months(w program.Window, last kizuna.Month) (now, base []kizuna.Month) {
	n, b := monthsOf(w, last)
	return n.list(), b.list()
}

// months is a stretch of months, both ends included.
type months struct{ first, last kizuna.Month }

func (w months) holds(m kizuna.Month) bool { return w.first <= m && m <= w.last }

func (w months) empty() bool { return w.last < w.first }

func (w months) list() (all []kizuna.Month) {
	for m := w.first; m <= w.last; m++ {
		all = append(all, m)
	}
	return all
}

// question is what reaches are asked for.
func (pl *Plan) question() association.Question {
	return association.Question{Program: pl.Program, AsOf: pl.AsOf}
}

// missing counts the months that the plan looks at, and those that have no rows.
func (pl *Plan) missing(has func(kizuna.Month) bool) (missing, of int) {
	for m := pl.first; m <= pl.Last; m++ {
		of++
		if !has(m) {
			missing++
		}
	}
	return missing, of
}

// Input is what a measure gives to be scored, in whole units.
type Input struct {
	Now, Base kizuna.Fraction
	// Unrated lists counted workloads without a rate: the measure has no value.
	Unrated []string
}

// Value is a tally in numbers: now and base as it keeps them; of distinct workloads,
// how many there are.
type Value struct {
	Now, Base int64
	Unrated   bool // some counted workload has no rate: the measure has no value
}

// Any reports whether there is anything.
func (v Value) Any() bool { return v.Now|v.Base != 0 || v.Unrated }

// Value returns a tally in numbers.
func (pl *Plan) Value(number int, t Tally) Value {
	if pl.measures[number].Subject == program.Workloads {
		return Value{int64(len(t.NowSet)), int64(len(t.BaseSet)), len(t.Unrated) > 0}
	}
	return Value{t.Now, t.Base, len(t.Unrated) > 0}
}

// Values appends what an account's tallies are in numbers, by measure.
func (pl *Plan) Values(into []Value, account string, total Contribution) []Value {
	for number := range pl.measures {
		into = append(into, pl.Value(number, total[Key{account, number}]))
	}
	return into
}

// Units returns a value in whole units.
func (pl *Plan) Units(number int, v Value) (now, base kizuna.Fraction) {
	m := &pl.measures[number]
	return m.value(v.Now), m.value(v.Base)
}

// Input returns a tally's values in whole units; of distinct workloads, how many
// there are.
func (pl *Plan) Input(number int, t Tally) Input {
	in := Input{Unrated: t.Unrated.Members()}
	in.Now, in.Base = pl.Units(number, pl.Value(number, t))
	return in
}
