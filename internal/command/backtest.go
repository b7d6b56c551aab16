package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/fleet"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/textgrid"
)

// fleetBacktestCmd tells what another program would change.
type fleetBacktestCmd struct {
	fleetFlags
	Against string `name:"against" required:"" placeholder:"REF|FILE" help:"help.fleet-against"`
	Partner string `name:"partner" placeholder:"ID" help:"help.fleet-partner"`
	Most    int    `name:"most" default:"20" help:"help.most"`
	Out     string `name:"out" type:"path" placeholder:"FILE.csv|FILE.parquet" help:"help.fleet-out"`
}

// backtested is both programs' fleets, and what is said about them.
type backtested struct {
	fleet.Backtest
	app   *app
	notes []*kizuna.Error
}

// Run counts under both programs and sets the scores beside each other.
func (c *fleetBacktestCmd) Run(a *app) error {
	if err := writable(c.Out); err != nil {
		return err
	}
	p, err := c.pack(a)
	if err != nil {
		return err
	}
	before, err := c.questionOn(p.name, p.day, p.hasIt)
	if err != nil {
		return err
	}
	after := before
	rules, _, err := programFor(c.Against, before.AsOf) // a draft need not be in force
	if err != nil {
		return err
	}
	after.Program, after.Carried = c.adjust(rules), false
	fleets, err := p.ask(&c.processFlags, before, after)
	if err != nil {
		return err
	}
	b := backtested{fleet.Backtest{Before: fleets[0], After: fleets[1]}, a, p.notes}
	if c.Partner != "" {
		return b.partner(c.Partner)
	}
	return b.all(c.Out, c.Most)
}

// all tells what changes for everybody.
func (b *backtested) all(file string, most int) error {
	a, effect := b.app, fleet.NewEffect(&b.Backtest)
	rows, err := writeRows(file, counting(a, len(b.Before.Partners), b.All(a.Context), effect.Add), backtestRows)
	if err != nil {
		return err
	}
	effect.Finish()
	if a.JSON {
		return a.writeJSON(a.Stdout, struct {
			backtestHead
			*fleet.Effect
			Bins []string `json:"bins"`
			File string   `json:"file,omitempty"`
			Rows int      `json:"rows,omitempty"`
		}{b.forJSON(), effect, fleet.Bins(), file, rows})
	}
	b.head()
	fmt.Fprintln(a.Stdout, a.P.T("fleet.differing", effect.Partners, effect.Differing))
	for _, write := range []func(*fleet.Effect) error{b.areas, b.spread, b.regions} {
		if err := write(effect); err != nil {
			return err
		}
	}
	if err := b.moves(effect, most); err != nil {
		return err
	}
	a.wrote(file, rows)
	return nil
}

// backtestHead is what was asked, as JSON.
type backtestHead struct {
	Before        string          `json:"program"`
	BeforeCarried bool            `json:"carried,omitempty"`
	After         string          `json:"against"`
	AsOf          kizuna.Date     `json:"as_of"`
	Notes         []*kizuna.Error `json:"notes,omitempty"`
}

func (b *backtested) forJSON() backtestHead {
	before, after := b.Before.Question, b.After.Question
	return backtestHead{before.Program.Ref(), before.Carried, after.Program.Ref(), before.AsOf, b.notes}
}

func (b *backtested) head() {
	a, before, after := b.app, b.Before.Question, b.After.Question
	a.note(b.notes)
	fmt.Fprintln(a.Stdout, a.P.T("fleet.backtest", before.Program.Ref(), after.Program.Ref(), before.AsOf))
	a.carried(before)
}

func (b *backtested) programs() []*program.Program {
	return []*program.Program{b.Before.Question.Program, b.After.Question.Program}
}

func (b *backtested) area(id string) string { return b.app.areaName(id, b.programs()...) }

// areas tells how many pass and how many gain and lose, area by area.
func (b *backtested) areas(e *fleet.Effect) error {
	t := b.app.P.T
	g := textgrid.New(t("column.area"), t("fleet.passing-before"), t("fleet.passing-after"), t("fleet.gain"), t("fleet.lose")).Right(1, 2, 3, 4)
	for i := range e.Areas {
		s := &e.Areas[i]
		g.Row(append([]string{b.area(s.Area)}, figures([]int{s.Before.Passing, s.After.Passing, s.Gain, s.Lose})...)...)
	}
	return b.app.section(g, t("fleet.areas"))
}

// spread tells how points are spread before and after.
func (b *backtested) spread(e *fleet.Effect) error {
	t, bins := b.app.P.T, fleet.Bins()
	g := textgrid.New(append([]string{t("column.area"), ""}, bins...)...).Right(upTo(2, 2+len(bins))...)
	for i := range e.Areas {
		s := &e.Areas[i]
		g.Row(append([]string{b.area(s.Area), t("fleet.before")}, figures(s.Before.Distribution[:])...)...)
		g.Row(append([]string{"", t("fleet.after")}, figures(s.After.Distribution[:])...)...)
	}
	return b.app.section(g, t("fleet.spread"))
}

// regions tells how many gain and lose in which country.
func (b *backtested) regions(e *fleet.Effect) error {
	t := b.app.P.T
	g := textgrid.New(t("fleet.country"), t("column.area"), t("fleet.gain"), t("fleet.lose")).Right(2, 3)
	for _, r := range e.Regions {
		g.Row(b.country(r.Country), b.area(r.Area), strconv.Itoa(r.Gain), strconv.Itoa(r.Lose))
	}
	return b.app.section(g, t("fleet.regions"))
}

func (b *backtested) country(country string) string {
	if country == "" {
		return b.app.P.T("fleet.country-unknown")
	}
	return country
}

// moves tells who gains and who loses.
func (b *backtested) moves(e *fleet.Effect, most int) error {
	a, t := b.app, b.app.P.T
	g := textgrid.New(t("fleet.account"), t("fleet.name"), t("fleet.country"), t("column.area"), "", t("fleet.before"), t("fleet.after")).Right(5, 6)
	for i := range e.Moves {
		if i == most {
			break
		}
		m := &e.Moves[i]
		g.Row(m.Account, m.Name, b.country(m.Country), b.area(m.Area), t("fleet.outcome."+string(m.Outcome)), m.Before.Show(), m.After.Show())
	}
	if err := a.section(g, t("fleet.moves")); err != nil {
		return err
	}
	if more := len(e.Moves) - most; more > 0 {
		fmt.Fprintln(a.Stdout, t("fleet.more", more))
	}
	return nil
}

// changed is what becomes of a partner in an area, as JSON.
type changed struct {
	Area       string               `json:"area"`
	Outcome    fleet.Outcome        `json:"outcome"`
	Difference kizuna.Fraction      `json:"difference"`
	Before     *score.Area          `json:"before"`
	After      *score.Area          `json:"after"`
	Metrics    []fleet.MetricChange `json:"metrics"` // of the tracks that are taken
}

// partner explains what changes for one partner.
func (b *backtested) partner(id string) error {
	p, err := b.Before.Resolve(id)
	if err != nil {
		return err
	}
	a, compared := b.app, b.Explain(p)
	if a.JSON {
		areas := make([]changed, len(compared))
		for i := range compared {
			c := &compared[i]
			areas[i] = changed{c.Area, c.Outcome(), c.Difference(), c.Before, c.After, c.Metrics()}
		}
		return a.writeJSON(a.Stdout, struct {
			backtestHead
			fleet.Partner
			Areas []changed `json:"areas"`
		}{b.forJSON(), p, areas})
	}
	b.head()
	t := a.P.T
	g := textgrid.New(t("column.area"), t("fleet.before"), t("fleet.after"), t("column.difference"), "").Right(1, 2, 3)
	for i := range compared {
		c := &compared[i]
		g.Row(b.area(c.Area), points(c.Before), points(c.After), c.Difference().Show(), t("fleet.outcome."+string(c.Outcome())))
	}
	title := p.Account
	if p.Name != "" {
		title += "  " + p.Name
	}
	if err := a.section(g, title); err != nil {
		return err
	}
	for i := range compared {
		if err := b.metrics(&compared[i]); err != nil {
			return err
		}
	}
	return nil
}

func points(a *score.Area) string {
	if a == nil {
		return "–"
	}
	return a.Total.Show()
}

// metrics tells which metrics of an area differ.
func (b *backtested) metrics(c *fleet.Explained) error {
	t := b.app.P.T
	g := textgrid.New(t("column.metric"), t("fleet.before"), t("fleet.after"))
	for _, m := range c.Metrics() {
		if before, after := b.metric(m.Before), b.metric(m.After); before != after {
			g.Row(b.metricName(c.Area, m.Metric), before, after)
		}
	}
	return b.app.section(g, b.area(c.Area))
}

func (b *backtested) metricName(area, id string) string {
	for _, p := range b.programs() {
		if a := p.Area(area); a != nil {
			if m := a.Metric(id); m != nil && m.Name.In(b.app.P.Lang) != "" {
				return m.Name.In(b.app.P.Lang)
			}
		}
	}
	return id
}

// metric tells a metric's points and what stands behind them.
func (b *backtested) metric(m *score.Metric) string {
	t := b.app.P.T
	switch {
	case m == nil:
		return "–"
	case m.Status == score.NoData:
		return t("report.status.no-data")
	}
	var behind []string
	if m.Reason != "" {
		behind = append(behind, report.Reason(b.app.P, m.Reason))
	}
	if m.Progress != nil && m.Threshold != nil {
		behind = append(behind, t("report.progress", m.Progress.Show(), m.Threshold.Show()))
	}
	for _, part := range m.Parts {
		if c := part.Value; c.Progress != nil {
			behind = append(behind, report.Component(b.app.P, part.Name)+" "+t("report.progress", c.Progress.Show(), c.Threshold.Show()))
		}
	}
	points := t("fleet.points", m.Points.Show(), m.Max.Show())
	if len(behind) > 0 {
		points += " (" + strings.Join(behind, t("report.comma")) + ")"
	}
	return points
}
