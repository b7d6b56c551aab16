package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/forecast"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/report/ics"
)

// ForecastCalendar writes the losses of a forecast as a calendar: a day for each area that
// loses points or its designation, with an alarm on the last day on which acting helps,
// and that day itself where a designation is at stake. Titles are in the language of the
// first printer, descriptions in the language of each.
func ForecastCalendar(w io.Writer, f *forecast.Forecast, o ForecastOptions, languages ...*locale.Printer) error {
	c := &ics.Calendar{
		Name: languages[0].T("forecast.ics-name", strings.TrimSpace(f.Account+" "+o.Name)),
		Lang: languages[0].Lang, Stamp: o.Question.AsOf,
	}
	for i := range f.Changes {
		change := &f.Changes[i]
		for k := range change.Areas {
			if a := &change.Areas[k]; a.Lost() || a.Is.Cmp(a.Was) < 0 {
				c.Events = append(c.Events, lossEvents(f.Account, change, a, o, languages)...)
			}
		}
	}
	return ics.Write(w, c)
}

// lossEvents are the day of a loss, and the last day to act if a designation is lost.
func lossEvents(account string, c *forecast.Change, a *forecast.AreaChange, o ForecastOptions, languages []*locale.Printer) []ics.Event {
	uid := func(what string) string {
		key := strings.Join([]string{what, account, a.Area, c.On.String()}, "|")
		return kizuna.HashOf([]byte(key)).String()[:32] + "@kizuna"
	}
	category := "points"
	if a.Lost() {
		category = "designation"
	}
	loss := ics.Event{UID: uid("loss"), On: c.On, Summary: lossTitle(languages[0], c, a), Categories: []string{category, a.Area}}
	var descriptions []string
	for _, p := range languages {
		descriptions = append(descriptions, lossText(p, c, a, o))
	}
	loss.Description = strings.Join(descriptions, "\n\n")
	by, ok := actBy(c, a)
	if !ok {
		return []ics.Event{loss}
	}
	loss.Alarms = []ics.Alarm{{Before: int(c.On - by), Text: languages[0].T("forecast.ics-act", lossTitle(languages[0], c, a), c.On)}}
	if !a.Lost() {
		return []ics.Event{loss}
	}
	act := ics.Event{
		UID: uid("act"), On: by, Summary: languages[0].T("forecast.ics-act", lossTitle(languages[0], c, a), c.On),
		Description: loss.Description, Categories: []string{"act", a.Area},
	}
	return []ics.Event{act, loss}
}

// actBy is the first of the last days on which acting helps against what an area loses;
// false if all have passed.
func actBy(c *forecast.Change, a *forecast.AreaChange) (by kizuna.Date, ok bool) {
	for i := range c.Causes {
		cause := &c.Causes[i]
		if cause.Act == nil || cause.Act.Late || lossOf(cause, a.Area) == nil {
			continue
		}
		if !ok || cause.Act.By < by {
			by, ok = cause.Act.By, true
		}
	}
	return by, ok
}

// lossOf is what a cause alone takes from an area; nil if nothing.
func lossOf(c *forecast.Cause, area string) *forecast.AreaChange {
	for i := range c.Alone {
		if a := &c.Alone[i]; a.Area == area && (a.Lost() || a.Is.Cmp(a.Was) < 0) {
			return a
		}
	}
	return nil
}

func lossTitle(p *locale.Printer, c *forecast.Change, a *forecast.AreaChange) string {
	w := words{p, c.Program()}
	title := p.T("forecast.area", w.area(a.Area), a.Was.Show(), a.Is.Show())
	if a.Lost() {
		title += " – " + p.T("forecast.lost")
	}
	return title
}

func lossText(p *locale.Printer, c *forecast.Change, a *forecast.AreaChange, o ForecastOptions) string {
	w := words{p, c.Program()}
	lines := []string{fmt.Sprintf("%s  %s", c.On, lossTitle(p, c, a))}
	for _, m := range taken(a) {
		lines = append(lines, fmt.Sprintf("%s  %s → %s", w.metric(a.Area, m.Metric), m.Was.Show(), m.Is.Show()))
	}
	shown := 0
	for i := range c.Causes {
		cause := &c.Causes[i]
		of := lossOf(cause, a.Area)
		if of == nil || shown == max(1, o.Most) {
			continue
		}
		shown++
		lines = append(lines, "· "+CauseText(p, cause)+": "+of.Is.Sub(of.Was).Show())
		if cause.Act != nil {
			lines = append(lines, "  "+ActText(p, cause.Act))
		}
	}
	for _, m := range taken(a) {
		if m.Lost().Sign() > 0 {
			lines = append(lines, o.Open(c.On, a.Area, m.Track, m.Metric))
		}
	}
	return strings.Join(lines, "\n")
}
