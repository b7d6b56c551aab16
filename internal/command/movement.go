package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/watch"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/textgrid"
)

// movementView writes what differs between two states of an account.
type movementView struct {
	*app
	w     io.Writer
	rules *program.Program
	name  func(tenant string) string // a customer's, or ""
	who   func(person string) string // a person's, or ""
	// open is the command that opens a figure, before the area and the metric.
	open string
	most int
}

// areas writes the areas side by side.
func (v *movementView) areas(m *watch.Movement, before, after string) {
	g := textgrid.New(v.P.T("column.area"), before, after, v.P.T("column.difference"), v.P.T("movement.passes")).Right(1, 2, 3).Indent("  ")
	for i := range m.Areas {
		a := &m.Areas[i]
		g.Row(v.area(a.ID), pointsOf(a.Before), pointsOf(a.After), signedExact(a.Difference), v.passes(a))
	}
	if v.Color {
		g.Style(func(row, column int, text string) string {
			if row < 0 || column < 3 {
				return text
			}
			return colored(text, tone(&m.Areas[row], column))
		})
	}
	g.WriteTo(v.w)
}

// tone is the color of a cell: green for better, red for worse.
func tone(a *watch.AreaMove, column int) string {
	better := a.Difference.Sign()
	if column == 4 {
		before, after := a.Before != nil && a.Before.Qualified, a.After != nil && a.After.Qualified
		switch {
		case before == after:
			return ""
		case after:
			better = 1
		default:
			better = -1
		}
	}
	switch better {
	case 1:
		return "32"
	case -1:
		return "31"
	}
	return ""
}

func colored(text, color string) string {
	words := strings.TrimSpace(text)
	if color == "" || words == "" {
		return text
	}
	before, after, _ := strings.Cut(text, words)
	return before + "\x1b[" + color + "m" + words + "\x1b[0m" + after
}

func pointsOf(a *watch.AreaFigure) string {
	if a == nil {
		return "-"
	}
	shown := fmt.Sprint(a.Displayed)
	if exact := report.Exact(a.Points); exact != shown {
		return shown + " (" + exact + ")"
	}
	return shown
}

// signedExact writes a difference with its sign; of none, nothing.
func signedExact(f kizuna.Fraction) string {
	switch f.Sign() {
	case 1:
		return "+" + report.Exact(f)
	case -1:
		return "-" + report.Exact(kizuna.Fraction{}.Sub(f))
	}
	return ""
}

func (v *movementView) passes(a *watch.AreaMove) string {
	word := func(f *watch.AreaFigure) string {
		if f == nil {
			return "-"
		}
		return yesNo(v.P, f.Qualified)
	}
	if x, y := word(a.Before), word(a.After); x != y {
		return x + " → " + y
	}
	return word(a.After)
}

// area names an area, as the rules of now do.
func (v *movementView) area(id string) string {
	if a := v.rules.Area(id); a != nil {
		return a.Name.In(v.P.Lang)
	}
	return id
}

func (v *movementView) metric(area string, m *watch.MetricMove) string {
	a := v.rules.Area(area)
	if a == nil || a.Metric(m.ID) == nil {
		return m.ID
	}
	name := a.Metric(m.ID).Name.In(v.P.Lang)
	if track := a.Track.Names[m.Track].In(v.P.Lang); track != "" {
		name = track + " › " + name
	}
	return name
}

// details writes, area by area, the metrics that have moved on the tracks that the
// area's figures are taken from, with who moved them.
func (v *movementView) details(m *watch.Movement) {
	for i := range m.Areas {
		a := &m.Areas[i]
		shown := 0
		for k := range a.Metrics {
			metric := &a.Metrics[k]
			if !taken(a, metric.Track) {
				continue
			}
			if shown++; shown == 1 {
				fmt.Fprintf(v.w, "\n%s\n", v.area(a.ID))
			}
			v.oneMetric(a, metric)
		}
		v.marginal(a)
		if more := len(a.Metrics) - shown; more > 0 && shown > 0 {
			fmt.Fprintf(v.w, "  %s\n", v.P.T("movement.other-tracks", more))
		}
	}
}

func taken(a *watch.AreaMove, track string) bool {
	return a.Before != nil && a.Before.Track == track || a.After != nil && a.After.Track == track
}

func (v *movementView) oneMetric(a *watch.AreaMove, m *watch.MetricMove) {
	fmt.Fprintf(v.w, "  %s  %s\n", v.metric(a.ID, m), v.P.T("movement.points", report.Exact(m.Before), report.Exact(m.After), signedOrNone(v, m.Difference), m.Max))
	if v.open != "" && v.rules.Area(a.ID) != nil {
		fmt.Fprintf(v.w, "    %s --area %s --metric %s --track %s\n", v.open, a.ID, m.ID, m.Track)
	}
	for i := range m.Components {
		v.component(&m.Components[i])
	}
	for i := range m.People {
		p := &m.People[i]
		key := "movement.person-changed"
		switch {
		case p.Before == nil:
			key = "movement.person-in"
		case p.After == nil:
			key = "movement.person-out"
		}
		named := p.After
		if named == nil {
			named = p.Before
		}
		fmt.Fprintf(v.w, "    %s\n", v.P.T(key, strings.TrimSpace(p.Person+" "+v.who(p.Person)), strings.Join(named.Certificates, ", ")))
	}
}

func signedOrNone(v *movementView, f kizuna.Fraction) string {
	if f.Sign() == 0 {
		return v.P.T("movement.same")
	}
	return signedExact(f)
}

func (v *movementView) component(c *watch.ComponentMove) {
	if len(c.Customers) == 0 {
		return
	}
	g := textgrid.New(v.P.T("column.customer"), v.P.T("column.now"), v.P.T("column.base"), v.P.T("movement.change-now"), v.P.T("movement.change-base")).Right(1, 2, 3, 4).Indent("    ")
	for i, t := range c.Customers {
		if i == v.most {
			break
		}
		g.Row(strings.TrimSpace(t.Tenant+" "+v.name(t.Tenant)), t.After.Now.Show(), t.After.Base.Show(), signedShown(t.Difference.Now), signedShown(t.Difference.Base))
	}
	if c.ID != "" {
		fmt.Fprintf(v.w, "    [%s]\n", report.Component(v.P, c.ID))
	}
	g.WriteTo(v.w)
	if more := len(c.Customers) - v.most; more > 0 {
		fmt.Fprintf(v.w, "    %s\n", v.P.T("explain.more", more))
	}
	if !c.Additive {
		fmt.Fprintf(v.w, "    %s\n", v.P.T("movement.not-additive"))
	}
}

func signedShown(f kizuna.Fraction) string {
	if f.Sign() > 0 {
		return "+" + f.Show()
	}
	if f.Sign() == 0 {
		return ""
	}
	return f.Show()
}

// marginal writes who alone makes how many points.
func (v *movementView) marginal(a *watch.AreaMove) {
	for i, m := range a.Marginal {
		if i == v.most {
			fmt.Fprintf(v.w, "  %s\n", v.P.T("explain.more", len(a.Marginal)-v.most))
			return
		}
		who := strings.TrimSpace(m.Person + " " + v.who(m.Person))
		if m.Tenant != "" {
			who = strings.TrimSpace(m.Tenant + " " + v.name(m.Tenant))
		}
		fmt.Fprintf(v.w, "  %s\n", v.P.T("movement.marginal", who, signedExact(m.Points)))
	}
}

// note says what marginal means, if anything is.
func (v *movementView) note(m *watch.Movement) {
	for i := range m.Areas {
		if len(m.Areas[i].Marginal) > 0 {
			fmt.Fprintf(v.w, "\n%s\n", v.P.T("movement.marginal-note"))
			return
		}
	}
}

// view writes movements in the words of an inquiry.
func (in *adviceInquiry) view(a *app, rules *program.Program, most int) *movementView {
	people := make(map[string]string)
	for i := range in.data.People.People {
		p := &in.data.People.People[i]
		people[p.ID] = p.Name
	}
	return &movementView{
		app: a, w: a.Stdout, rules: rules, name: in.answer.Customer, who: func(person string) string { return people[person] }, most: max(0, most),
	}
}

// usedText writes what is consumed.
func usedText(a *app, u advice.Consumed) string {
	return a.P.T("advice.used", u.Money, u.Users, u.Seats, u.Units)
}
