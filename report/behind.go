package report

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/score"
)

// Behind returns what [Page.Explain] asks, answered from the facts that were
// scored. Of long lists it puts into words what DefaultLimits show.
func Behind(a *score.Answer, p *locale.Printer) func(account string, at score.Place) Explanation {
	// A metric is explained whole, but asked for component by component.
	var last *score.Explanation
	return func(account string, at score.Place) Explanation {
		if last == nil || last.Account != account || last.Area != at.Area || last.Track != at.Track || last.Metric != at.Metric {
			e, err := a.Explain(account, at.Area, at.Track, at.Metric, true)
			if err != nil {
				return Explanation{}
			}
			last = e
		}
		b := behind{words{p, a.Question.Program}, a}
		for _, c := range last.Components {
			if c.ID == at.Component {
				return b.component(c)
			}
		}
		return b.people(last.People)
	}
}

// behind puts explanations into words.
type behind struct {
	words
	answer *score.Answer
}

func (b behind) component(c *score.ComponentExplanation) Explanation {
	var out Explanation
	shown := min(len(c.Customers), DefaultLimits.Contributions)
	out.More = len(c.Customers) - shown
	for _, trace := range c.Customers[:shown] {
		in := b.answer.Book.Plan.Input(c.Measure, trace.Tally)
		v := Contribution{Subject: trace.Tenant, Label: trace.Name, Now: amount(in.Now), Base: amount(in.Base)}
		for _, t := range trace.Tests[:min(len(trace.Tests), DefaultLimits.Rows)] {
			what := strings.TrimSpace(b.p.T("test."+t.What) + " " + t.Workload)
			v.Tests = append(v.Tests, Test{t.When, what, t.Value, t.Wanted, t.Holds})
		}
		rows := min(len(trace.Lines), DefaultLimits.Rows)
		v.More = len(trace.Lines) - rows
		for i := range trace.Lines[:rows] {
			v.Rows = append(v.Rows, b.row(&trace.Lines[i]))
		}
		out.Contributions = append(out.Contributions, v)
	}
	return out
}

func (b behind) row(l *attribution.Line) Row {
	out := Row{
		Month: l.Month.String(), What: l.Resource.Workload,
		Amount: thousands(l.Amount.String()), Credited: thousands(l.Credited.String()),
		Covered: b.cover(l), Clause: b.p.T("clause." + string(l.Clause)),
	}
	if l.Day != nil {
		out.Month = l.Day.String()
	}
	if l.Resource.Offer != "" {
		out.What = b.p.T("report.html.resource", out.What, l.Resource.Offer)
	}
	if len(l.Source) > 0 {
		out.Source = l.Source[0].String()
		if n := len(l.Source) - 1; n > 0 {
			out.Source += " +" + strconv.Itoa(n)
		}
	}
	return out
}

// cover names the associations that cover a row, those that feed the metric
// first, and the share of its period that they cover.
func (b behind) cover(l *attribution.Line) string {
	var feed, others []string
	for _, r := range l.Reaches {
		if r.Feeds {
			feed = append(feed, b.p.T("report.html.cover", r.Type, r.Location, open(r.From), open(r.To)))
		} else {
			others = append(others, b.p.T("report.html.cover-not-fed", r.Type, r.Location))
		}
	}
	if l.Covered > 0 && l.Covered < l.Period {
		feed = append(feed, b.p.T("report.html.share-covered", kizuna.Ratio(l.Covered*100, l.Period).Decimal(2)))
	}
	return strings.Join(append(feed, others...), b.p.T("report.semicolon"))
}

// open writes an end of an interval that may have none.
func open(t kizuna.Instant) string { return named(t.String(), "…") }

func (b behind) people(all []score.PersonContribution) Explanation {
	var out Explanation
	shown := min(len(all), DefaultLimits.Contributions)
	out.More = len(all) - shown
	for _, p := range all[:shown] {
		var roles []string
		if p.Counted {
			roles = append(roles, b.p.T("report.html.counted"))
		}
		for _, step := range p.Steps {
			roles = append(roles, b.p.T("report.html.step", strconv.Itoa(step)))
		}
		out.Contributions = append(out.Contributions, Contribution{
			Subject: p.Person, Label: p.Name,
			Note: strings.Join(roles, b.p.T("report.comma")) + b.p.T("report.semicolon") + strings.Join(p.Certificates, ", "),
		})
	}
	return out
}
