package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/forecast"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/textgrid"
)

// ForecastOptions say how a forecast is written, besides the rest.
type ForecastOptions struct {
	Options
	Question *forecast.Question
	Name     string // of the account
	// Open is the command that opens a metric's figure on a day.
	Open func(on kizuna.Date, area, track, metric string) string
	Most int // causes of a change
}

// Forecast writes a forecast for a terminal: a table of areas by months, and under it the
// calendar of what goes and what comes back.
func Forecast(w io.Writer, f *forecast.Forecast, o ForecastOptions) error {
	out := bufio.NewWriter(w)
	t := &forecastText{text: &text{Writer: out, words: words{o.P, f.Months[0].Program}, color: o.Color}, f: f, o: o}
	t.head()
	t.months()
	t.calendar()
	return out.Flush()
}

type forecastText struct {
	*text
	f *forecast.Forecast
	o ForecastOptions
}

func (t *forecastText) head() {
	q := t.o.Question
	t.line("%s", strings.TrimSpace(t.paint(bold, t.f.Account)+"  "+t.o.Name))
	t.line("%s", t.p.T("forecast.head", q.Months, q.AsOf))
	p := t.f.Assumed
	switch q.Assume.Kind {
	case forecast.Trend:
		t.line("%s", t.p.T("forecast.assume-trend", p.From, len(p.Rates)))
	case forecast.Given:
		t.line("%s", t.p.T("forecast.assume-given", p.From, p.Rate.Mul(kizuna.Int(100)).Show(), len(p.Rates)))
	default:
		t.line("%s", t.p.T("forecast.assume-flat", p.From))
	}
	for _, e := range t.f.Ends {
		t.line("%s", t.p.T("forecast.assume-ends", e.Subscription, e.On, e.At))
	}
	t.line("%s", t.p.T("forecast.assume-rest"))
}

// months writes the table.
func (t *forecastText) months() {
	head := []string{t.p.T("forecast.column.as-of"), t.p.T("forecast.column.program")}
	for _, a := range t.f.Months[0].Areas {
		head = append(head, t.area(a.ID))
	}
	const first = 2
	g := textgrid.New(head...).Indent("  ")
	for i := range t.f.Months[0].Areas {
		g.Right(first + i)
	}
	for i := range t.f.Months {
		m := &t.f.Months[i]
		row := []string{m.AsOf.String(), m.Ref}
		for _, id := range t.f.Months[0].Areas {
			cell := ""
			if a := areaOf(m, id.ID); a != nil {
				if cell = fmt.Sprint(a.Displayed) + "  "; a.Qualified {
					cell = fmt.Sprint(a.Displayed) + " ✓"
				}
			}
			row = append(row, cell)
		}
		g.Row(row...)
	}
	t.line("")
	t.grid(g, func(row, column int) string {
		if row < 0 {
			return dim
		}
		if column < first {
			return ""
		}
		id := t.f.Months[0].Areas[column-first].ID
		a := areaOf(&t.f.Months[row], id)
		switch {
		case a == nil:
			return ""
		case a.Qualified:
			return green
		case row > 0:
			if before := areaOf(&t.f.Months[row-1], id); before != nil && before.Qualified {
				return red
			}
		}
		return ""
	})
	t.line("%s", t.paint(dim, t.p.T("forecast.legend")))
}

func areaOf(m *forecast.Month, id string) *forecast.Area {
	if i := slices.IndexFunc(m.Areas, func(a forecast.Area) bool { return a.ID == id }); i >= 0 {
		return &m.Areas[i]
	}
	return nil
}

// calendar writes what goes and comes back, day by day.
func (t *forecastText) calendar() {
	t.line("\n%s", t.paint(bold, t.p.T("forecast.calendar")))
	elsewhere, last := 0, forecast.Place{}
	var on kizuna.Date
	for i := range t.f.Changes {
		c := &t.f.Changes[i]
		t.rules = c.Program()
		if !t.change(c) {
			elsewhere++
			continue
		}
		if at, ok := greatestLoss(c); ok {
			last, on = at, c.On
		}
	}
	if len(t.f.Changes) == elsewhere {
		t.line("%s", t.p.T("forecast.nothing"))
	}
	if elsewhere > 0 {
		t.line("%s", t.p.T("forecast.elsewhere", elsewhere))
	}
	t.line("\n%s", t.p.T("forecast.marginal"))
	if on != 0 {
		t.line("%s", t.p.T("forecast.open", t.o.Open(on, last.Area, last.Track, last.Metric)))
	}
}

// change writes a day; false if only tracks differ that no area's figure is taken from.
func (t *forecastText) change(c *forecast.Change) bool {
	var areas []*forecast.AreaChange
	for i := range c.Areas {
		if a := &c.Areas[i]; a.Was.Cmp(a.Is) != 0 || a.Held != a.Holds || len(taken(a)) > 0 {
			areas = append(areas, a)
		}
	}
	if len(areas) == 0 {
		return false
	}
	t.line("\n%s", t.paint(bold, c.On.String()))
	for _, a := range areas {
		line := t.p.T("forecast.area", t.area(a.Area), a.Was.Show(), a.Is.Show())
		switch {
		case a.Lost():
			line = t.paint(red, line+"  "+t.p.T("forecast.lost"))
		case a.Back():
			line = t.paint(green, line+"  "+t.p.T("forecast.back"))
		}
		if a.TrackWas != a.Track && a.TrackWas != "" {
			line += "  " + t.p.T("forecast.track", t.track(a.Area, a.TrackWas), t.track(a.Area, a.Track))
		}
		t.line("  %s", line)
		for _, m := range taken(a) {
			t.line("    %s  %s → %s  %s", t.metric(a.Area, m.Metric), m.Was.Show(), m.Is.Show(), t.paint(dim, a.Area+"/"+m.Metric))
		}
	}
	t.causes(c)
	if at, ok := greatestLoss(c); ok {
		t.line("    %s", t.paint(dim, t.o.Open(c.On, at.Area, at.Track, at.Metric)))
	}
	return true
}

// taken lists what differs on the track that the area's figure is taken from.
func taken(a *forecast.AreaChange) (out []forecast.MetricChange) {
	for _, m := range a.Metrics {
		if m.Track == a.Track {
			out = append(out, m)
		}
	}
	return out
}

// greatestLoss is where most points go.
func greatestLoss(c *forecast.Change) (at forecast.Place, ok bool) {
	most := kizuna.Fraction{}
	for i := range c.Areas {
		for _, m := range taken(&c.Areas[i]) {
			if lost := m.Lost(); lost.Cmp(most) > 0 {
				most, ok = lost, true
				at = forecast.Place{Area: c.Areas[i].Area, Track: m.Track, Metric: m.Metric}
			}
		}
	}
	return at, ok
}

func (t *forecastText) causes(c *forecast.Change) {
	shown := c.Causes[:min(len(c.Causes), max(1, t.o.Most))]
	for i := range shown {
		cause := &shown[i]
		t.line("    · %s", CauseText(t.p, cause))
		if alone := t.alone(cause.Alone); alone != "" {
			t.line("      %s", t.p.T("forecast.alone", alone))
		}
		if cause.Act != nil {
			t.line("      %s", ActText(t.p, cause.Act))
		}
	}
	if more := len(c.Causes) - len(shown); more > 0 {
		t.line("    · %s", t.p.T("forecast.more", more))
	}
	if c.Others != nil {
		t.line("    · %s", t.p.T("forecast.others", c.Others.Customers))
		if alone := t.alone(c.Others.Alone); alone != "" {
			t.line("      %s", t.p.T("forecast.alone", alone))
		}
	}
	var together []string
	for _, at := range c.Together {
		if i := slices.IndexFunc(c.Areas, func(a forecast.AreaChange) bool { return a.Area == at.Area }); i >= 0 && c.Areas[i].Track == at.Track {
			together = append(together, t.area(at.Area)+" › "+t.metric(at.Area, at.Metric))
		}
	}
	if len(together) > 0 {
		t.line("    · %s", t.p.T("forecast.together", strings.Join(together, t.p.T("forecast.and"))))
	}
}

// alone says what a cause makes by itself, area by area.
func (t *forecastText) alone(areas []forecast.AreaChange) string {
	var parts []string
	for i := range areas {
		a := &areas[i]
		d := a.Is.Sub(a.Was)
		sign := ""
		if d.Sign() > 0 {
			sign = "+"
		}
		text := t.area(a.Area) + " " + sign + d.Show()
		if d.Show() == "0" || d.Show() == "-0" {
			if a.Held == a.Holds {
				continue // on another track
			}
			text = t.area(a.Area)
		}
		switch {
		case a.Lost():
			text = t.p.T("forecast.alone-lost", text)
		case a.Back():
			text = t.p.T("forecast.alone-back", text)
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, t.p.T("forecast.and"))
}

// CauseText says what a cause is.
func CauseText(p *locale.Printer, c *forecast.Cause) string {
	who := strings.TrimSpace(c.Person + " " + c.Name)
	if c.Customer != "" {
		who = strings.TrimSpace(c.Name + " " + c.Customer)
	}
	if who == "" {
		who = c.MCID
	}
	text := ""
	switch key := "forecast.cause." + string(c.Kind); c.Kind {
	case forecast.Expired, forecast.Earned:
		text = p.T(key, c.Certificate, who)
	case forecast.Retired:
		text = p.T(key, c.Certificate)
	case forecast.RuleChanged, forecast.ProgramChanged:
		text = p.T(key, c.Program)
	case forecast.ProfileEnded, forecast.ProfileLinked:
		text = p.T(key, who, c.Location)
	case forecast.OwnerChanged, forecast.SubscriptionEnded:
		text = p.T(key, c.Subscription, who)
	case forecast.LocationsChanged:
		text = p.T(key, c.Location)
	case forecast.AssociationEnded:
		text = p.T(key, p.T("forecast.table."+string(c.Table)), who, c.Ended)
	default:
		switch {
		case c.Now && c.Base:
			key += "-both"
		case c.Base:
			key += "-base"
		default:
			key += "-now"
		}
		text = p.T(key, who)
	}
	if at := c.Fact.String(); at != "" {
		text += " (" + at + ")"
	}
	return text
}

// ActText says who can act, and until when.
func ActText(p *locale.Printer, a *forecast.Act) string {
	var who []string
	for _, actor := range a.Who {
		who = append(who, p.T("forecast.actor."+string(actor)))
	}
	all := strings.Join(who, p.T("forecast.and"))
	text := p.T("forecast.act", all, a.By)
	if a.Late {
		text = p.T("forecast.late", all, a.By, a.Helps)
	}
	if a.Until != nil {
		text += p.T("forecast.until", *a.Until)
	}
	return text
}
