// Package forecast says what an account's score is going to be if nothing changes, month
// by month, and on which days points or a designation go or come back: how many, because
// of what, and the last day on which acting still helps.
//
// What changes by itself is what the rules make of the same facts on later days: windows
// that move on, certificates that expire or stop counting, associations that end, sales
// whose owner changes, versions of the program that come into force. What usage is going
// to be is assumed: see [Assumption]. Each figure is the score of the facts with what is
// assumed ([advice.Changes.Apply]) as of the day; the first month is the score.
package forecast

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Question is what is asked: how an account goes on after the question's day.
type Question struct {
	score.Question
	Account string
	Months  int // how many follow the question's own: from 1 to [MostMonths]
	// Versions are the programs that take the place of the question's on later days, in
	// the order of their days.
	Versions []Version
	Assume   Assumption
	Delays   Delays
	// Most is how many customers are named as causes of one day's change, those that make
	// most of it; the rest are counted together.
	Most int
}

// MostMonths is how many months a forecast looks ahead at most.
const MostMonths = 60

// Version is a program from a day on.
type Version struct {
	From    kizuna.Date
	Program *program.Program
	Carried bool // no version is in force
}

// Facts are what a forecast is made of. They must not change.
type Facts struct {
	View         *segment.View // the usage, and who reaches it by the associations
	Associations *association.Facts
	People       *people.Facts
	Coverage     score.Coverage
	// Usage is that of some customers, by their folded ids in order. It is asked of those
	// for which the packed usage alone does not tell enough.
	Usage func(tenants []string) advice.Usage
}

// Forecast is how an account goes on.
type Forecast struct {
	Account string `json:"account"`
	// Assumed is what usage is taken to be.
	Assumed *advice.Projection `json:"-"`
	// Ends are the subscriptions that end, whose usage is taken to end with them.
	Ends    []Ending `json:"ends"`
	Months  []Month  `json:"months"`  // the question's own first
	Changes []Change `json:"changes"` // in the order of their days
}

// Ending is a subscription that ends.
type Ending struct {
	Subscription string      `json:"subscription"`
	Tenant       string      `json:"tenant"`
	On           kizuna.Date `json:"on"`
	At           kizuna.Ref  `json:"at"`
}

// Month is the account's score on a day.
type Month struct {
	AsOf    kizuna.Date      `json:"as_of"`
	Program *program.Program `json:"-"`
	Ref     string           `json:"program"`
	Carried bool             `json:"carried,omitempty"`
	Areas   []Area           `json:"areas"`
}

// Area is the figures of an area.
type Area struct {
	ID        string          `json:"area"`
	Track     string          `json:"track"`
	Total     kizuna.Fraction `json:"total"`
	Displayed int64           `json:"displayed"`
	Qualified bool            `json:"qualified"`
	Metrics   []Metric        `json:"metrics"` // on the track
}

// Metric is a metric's points.
type Metric struct {
	ID     string          `json:"metric"`
	Points kizuna.Fraction `json:"points"`
	Max    kizuna.Fraction `json:"max"`
	Status score.Status    `json:"status"`
}

// Change is a day on which points, or a designation, go or come back: the score as of the
// day differs from that of the day before. Both were scored.
type Change struct {
	On    kizuna.Date  `json:"on"`
	Areas []AreaChange `json:"areas"` // those that differ
	// Causes are what changed on the day, each with what it alone makes: what the score
	// would be had it alone stayed as it was. Such effects do not add up.
	Causes []Cause `json:"causes"`
	// Others are customers beyond those that are named.
	Others *Others `json:"others,omitempty"`
	// Together are changes that no cause alone makes: several do so together.
	Together []Place `json:"together,omitempty"`

	program *program.Program
}

// Program returns the program of the day.
func (c *Change) Program() *program.Program { return c.program }

// Place is a metric on a track of an area.
type Place struct {
	Area   string `json:"area"`
	Track  string `json:"track"`
	Metric string `json:"metric"`
}

// AreaChange is how an area differs.
type AreaChange struct {
	Area     string          `json:"area"`
	TrackWas string          `json:"track_was,omitempty"`
	Track    string          `json:"track"`
	Was      kizuna.Fraction `json:"was"` // the area's figure
	Is       kizuna.Fraction `json:"is"`
	WasShown int64           `json:"was_shown"`
	IsShown  int64           `json:"is_shown"`
	Held     bool            `json:"held"` // whether it qualified
	Holds    bool            `json:"holds"`
	Metrics  []MetricChange  `json:"metrics,omitempty"` // on any track
}

// Lost reports whether the designation goes.
func (c *AreaChange) Lost() bool { return c.Held && !c.Holds }

// Back reports whether the designation comes back.
func (c *AreaChange) Back() bool { return !c.Held && c.Holds }

// MetricChange is how a metric differs on a track.
type MetricChange struct {
	Track  string          `json:"track"`
	Metric string          `json:"metric"`
	Was    kizuna.Fraction `json:"was"`
	Is     kizuna.Fraction `json:"is"`
}

// Lost is how many points go; 0 if some come.
func (c *MetricChange) Lost() kizuna.Fraction { return c.Was.Sub(c.Is).Max(kizuna.Fraction{}) }

// Others are customers that changed on a day and are not named.
type Others struct {
	Customers int          `json:"customers"`
	Alone     []AreaChange `json:"alone"` // what they make together
}

// Check says what is wrong with the numbers of a question: "forecast-months" and
// "forecast-delays".
func (q *Question) Check() error {
	if q.Months < 1 || q.Months > MostMonths {
		return kizuna.Errorf("forecast-months", "%d is no number of months to look ahead", q.Months).
			WithMend("name one from 1 to %d", MostMonths)
	}
	if least := min(q.Delays.Skilling, q.Delays.Association); least < 0 {
		return kizuna.Errorf("forecast-delays", "a delay of %d days is none", least).WithMend("name 0 days or more")
	}
	return nil
}

// New makes a forecast. The errors are those of [Question.Check], of compiling programs
// and of what the facts read, and ctx's.
func New(ctx context.Context, q *Question, f *Facts) (*Forecast, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	m := &maker{Question: q, f: f, ctx: ctx, last: q.AsOf.Month().Add(q.Months).Day(1)}
	m.prepare()
	if err := m.count(); err != nil {
		return nil, err
	}
	out := &Forecast{Account: q.Account, Assumed: m.assumed, Ends: m.ends, Changes: []Change{}}
	for k := 0; k <= q.Months; k++ {
		d, err := m.day(m.dayOf(k))
		if err != nil {
			return nil, err
		}
		out.Months = append(out.Months, d.month())
	}
	for _, on := range m.days[1:] {
		c, err := m.change(on)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out.Changes = append(out.Changes, *c)
		}
	}
	return out, nil
}

// dayOf returns the day of a month of the forecast.
func (q *Question) dayOf(k int) kizuna.Date {
	if k == 0 {
		return q.AsOf
	}
	return q.AsOf.Month().Add(k).Day(1)
}

// On returns the program of a day.
func (q *Question) On(d kizuna.Date) Version {
	out := Version{q.AsOf, q.Program, q.Carried}
	for _, v := range q.Versions {
		if v.From > q.AsOf && v.From <= d {
			out = v
		}
	}
	return out
}

// month puts down a day's score.
func (d *scored) month() Month {
	out := Month{AsOf: d.on, Program: d.plan.Program, Ref: d.plan.Program.Ref(), Carried: d.carried}
	for i := range d.figures.Areas {
		a, rules := &d.figures.Areas[i], &d.plan.Program.Areas[i]
		area := Area{ID: rules.ID, Track: a.Track, Total: a.Total, Displayed: a.Displayed, Qualified: a.Qualified}
		if track := slices.Index(rules.Track.Tracks, a.Track); track >= 0 {
			for j, f := range d.figures.Metrics(i, track) {
				m := &rules.Metrics[j]
				area.Metrics = append(area.Metrics, Metric{m.ID, f.Points, m.Rules[a.Track].Max, f.Status()})
			}
		}
		out.Areas = append(out.Areas, area)
	}
	return out
}
