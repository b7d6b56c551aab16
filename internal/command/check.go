package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/checklist"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/textgrid"
)

// checkCmd checks requirements, associations and people.
type checkCmd struct {
	adviceFlags
	Area []string `name:"area" placeholder:"AREA" help:"help.check-area"`
	specializationFlags
	Most int `name:"most" default:"20" help:"help.most"`
}

// Run checks and tells.
func (c *checkCmd) Run(a *app) error {
	c.Besides = c.ids()
	in, err := c.advised(a)
	if err != nil {
		return err
	}
	areas := []string{}
	if len(c.Area) > 0 || len(c.Besides) == 0 {
		if areas, err = areasOf(in.answer.Question.Program, c.Area); err != nil {
			return err
		}
	}
	aims, err := c.aims(a, &c.questionFlags, in)
	if err != nil {
		return err
	}
	check, err := checklist.Make(in.base, areas, aims, in.answer.Findings(), func() bool { return a.Context.Err() != nil })
	if err != nil {
		return err
	}
	if err := a.Context.Err(); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, struct {
			Account string      `json:"account"`
			AsOf    kizuna.Date `json:"as_of"`
			Program string      `json:"program"`
			*checklist.Check
		}{in.account, in.answer.Question.AsOf, in.answer.Question.Program.Ref(), check})
	}
	a.warn(in.inquiry)
	t := &checkTold{app: a, in: in, place: c.placeArgs(in.account, &c.questionFlags, "")}
	return t.all(check, c.Most)
}

// checkTold tells a checklist.
type checkTold struct {
	app   *app
	in    *adviceInquiry
	place []string
}

func (t *checkTold) all(c *checklist.Check, most int) error {
	a := t.app
	s := a.P.T
	fmt.Fprintln(a.Stdout, s("check.head", t.in.account, t.in.answer.Question.AsOf, t.in.answer.Question.Program.Ref()))
	fmt.Fprintf(a.Stdout, "\n%s\n", s("check.requirements"))
	if err := t.lines(c.Requirements, 0); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", s("check.associations", c.Counting, c.All))
	if err := t.lines(c.Associations, most); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", s("check.people"))
	if err := t.lines(c.People, most); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", s("check.marginal"))
	fmt.Fprintln(a.Stdout, s("check.open", strings.Join(append([]string{"kizuna explain"}, t.place...), " ")))
	return nil
}

// lines are a table: how each stands, what it is about, what it costs, where it says so.
func (t *checkTold) lines(lines []checklist.Line, most int) error {
	a := t.app
	g := textgrid.New().Indent("  ")
	left := 0
	for i := range lines {
		if most > 0 && i >= most && lines[i].State != checklist.Done {
			left++
			continue
		}
		l := &lines[i]
		var at []string
		for _, ref := range l.At {
			if s := ref.String(); s != "" {
				at = append(at, s)
			}
		}
		if len(at) > 3 {
			at = append(at[:3], "…")
		}
		g.Row(a.P.T("check.state."+string(l.State)), t.says(l), t.loses(l), strings.Join(at, " "))
	}
	if left > 0 {
		g.Row("", a.P.T("check.more", left), "", "")
	}
	_, err := g.WriteTo(a.Stdout)
	return err
}

// loses says what a line costs.
func (t *checkTold) loses(l *checklist.Line) string {
	var out []string
	for _, e := range l.Loses {
		out = append(out, t.app.areaName(e.Area, t.rules())+" "+signed(e))
	}
	for i := range l.Moves {
		out = append(out, t.app.moved(t.rules(), &l.Moves[i])...)
	}
	return strings.Join(out, ", ")
}

// signed writes the difference that an effect makes.
func signed(e score.Effect) string {
	d := e.After.Sub(e.Before)
	if d.Sign() > 0 {
		return "+" + d.Decimal(1)
	}
	return strings.Replace(d.Decimal(1), "-", "−", 1)
}

func (t *checkTold) rules() *program.Program { return t.in.answer.Question.Program }

// says says what a line is about.
func (t *checkTold) says(l *checklist.Line) string {
	s := t.app.P.T
	person := strings.TrimSpace(l.Person + " " + l.Name)
	customer := l.Tenant
	if name := t.in.answer.Customer(l.Tenant); name != "" {
		customer = name
	}
	on := ""
	if l.On != nil {
		on = l.On.String()
	}
	switch l.Code {
	case checklist.AreaPasses:
		return s("check.area", t.app.areaName(l.Area, t.rules()), l.Points.Decimal(1), l.Max.Show())
	case checklist.MetricHas:
		return t.metric(l)
	case checklist.Specialization:
		if l.Of == 0 {
			return t.app.specializationName(t.rules(), l.Specialization)
		}
		return s("check.specialization", t.app.specializationName(t.rules(), l.Specialization), l.Met, l.Of)
	case checklist.Designation:
		if len(l.AllOf) > 0 {
			return "  " + s("program.all-of", strings.Join(l.AllOf, ", "))
		}
		return "  " + s("program.any-of", strings.Join(l.AnyOf, ", "))
	case checklist.Requirement:
		return t.requirement(l)
	case checklist.Unknown:
		return s("check.unknown", s("aspect."+l.What))
	case checklist.Validation:
		return s("check.validation", s("validation."+l.What))
	case checklist.Gap:
		return s("check.gap", customer, s("gaps.fix."+l.What))
	case checklist.Finding:
		return t.app.P.Error(l.Cause)
	case checklist.PeopleLinked:
		return s("check.people-linked", l.Points.Show())
	case checklist.NotLinked, checklist.NothingCounts:
		return s("check."+string(l.Code), person)
	case checklist.NotVerified:
		return s("check."+string(l.Code), person, l.Certificate)
	case checklist.Expired, checklist.Retired:
		return s("check."+string(l.Code), person, l.Certificate, on)
	case checklist.Expiring, checklist.Retiring:
		return s("check."+string(l.Code), person, l.Certificate, on, l.Days)
	}
	text := s("check."+string(l.Code), customer, l.What)
	if on != "" {
		text += s("check.since", on)
	}
	return text
}

// requirement says how far a requirement is.
func (t *checkTold) requirement(l *checklist.Line) string {
	a := t.app
	var figures []string
	for i := range l.Figures {
		f := &l.Figures[i]
		switch {
		case f.Fill != nil:
			figures = append(figures, a.figureText(f))
		case f.Now != nil && f.Asked != nil:
			name := ""
			if f.Part != "" {
				name = report.Component(a.P, f.Part)
			}
			figures = append(figures, strings.TrimSpace(a.P.T("plan.figure", name, f.Now.Show(), f.Asked)))
		}
	}
	name := t.rules().Area(l.Specialization).Metric(l.Metric).Name.In(a.P.Lang)
	return a.P.T("check.requirement", name, strings.Join(figures, a.P.T("gaps.comma")))
}

// metric says what a metric has, and what is missing of all of its points, in its own unit.
func (t *checkTold) metric(l *checklist.Line) string {
	s := t.app.P.T
	name := l.Metric
	for _, m := range t.rules().Area(l.Area).Metrics {
		if m.ID == l.Metric {
			name = m.Name.In(t.app.P.Lang)
		}
	}
	out := s("check.metric", name, l.Points.Decimal(1), l.Max.Show())
	if l.Progress != nil {
		out += s("check.has", report.Unit(t.app.P, l.Unit, *l.Progress))
	}
	if l.ToFull != nil && l.ToFull.Sign() > 0 {
		out += s("check.to-full", report.Unit(t.app.P, l.Unit, *l.ToFull))
	}
	for _, g := range l.Gates {
		if !g.Open {
			out += s("check.gate", strings.Join(g.AnyOf, "/"), strconv.FormatInt(g.Have, 10), strconv.FormatInt(g.Need, 10))
		}
	}
	return out
}
