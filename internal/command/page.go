package command

import (
	"fmt"
	"strings"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
)

// page is a score with everything behind it, for report.HTML.
func (in *inquiry) page(result *score.Result, p *locale.Printer) report.Page {
	opened := opener{in.answer, p, make(map[string]*score.Explanation)}
	return report.Page{Result: result, P: p, Explain: opened.explain, Limits: report.DefaultLimits}
}

// opener explains metrics as the page asks for their components, each metric once.
type opener struct {
	answer *score.Answer
	p      *locale.Printer
	done   map[string]*score.Explanation
}

func (o *opener) explain(account string, at score.Place) report.Explanation {
	key := strings.Join([]string{account, at.Area, at.Track, at.Metric}, "\x00")
	e, ok := o.done[key]
	if !ok {
		var err error
		if e, err = o.answer.Explain(account, at.Area, at.Track, at.Metric, true); err != nil {
			return report.Explanation{} // the page asks only for what the result holds
		}
		o.done[key] = e
	}
	var out report.Explanation
	most := report.DefaultLimits.Contributions
	for _, person := range e.People {
		if len(out.Contributions) == most {
			out.More = len(e.People) - most
			break
		}
		out.Contributions = append(out.Contributions, o.person(person))
	}
	for _, c := range e.Components {
		if c.ID != at.Component {
			continue
		}
		for _, trace := range c.Customers[:min(most, len(c.Customers))] {
			out.Contributions = append(out.Contributions, o.customer(c.Measure, trace))
		}
		out.More = max(0, len(c.Customers)-most)
	}
	return out
}

func (o *opener) person(c score.PersonContribution) report.Contribution {
	var serves []string
	for _, step := range c.Steps {
		serves = append(serves, o.p.T("page.step", step))
	}
	if c.Counted {
		serves = append(serves, o.p.T("column.counted"))
	}
	return report.Contribution{
		Subject: c.Person, Label: c.Name,
		Note: strings.Join(serves, ", ") + ": " + strings.Join(c.Certificates, ", "),
	}
}

func (o *opener) customer(number int, t *attribution.Trace) report.Contribution {
	values := o.answer.Input(number, t.Tally)
	out := report.Contribution{Subject: t.Tenant, Label: t.Name, Now: values.Now.Show(), Base: values.Base.Show()}
	for _, test := range t.Tests {
		what := strings.TrimSpace(o.p.T("test."+test.What) + " " + test.Workload)
		out.Tests = append(out.Tests, report.Test{When: test.When, What: what, Value: test.Value, Wanted: test.Wanted, Holds: test.Holds})
	}
	most := report.DefaultLimits.Rows
	for _, line := range t.Lines[:min(most, len(t.Lines))] {
		out.Rows = append(out.Rows, o.row(line))
	}
	out.More = max(0, len(t.Lines)-most)
	return out
}

func (o *opener) row(line attribution.Line) report.Row {
	when := line.Month.String()
	if line.Day != nil {
		when = line.Day.String()
	}
	var covered []string
	for _, r := range line.Reaches {
		if r.Feeds {
			covered = append(covered, fmt.Sprintf("%s %s [%s – %s]", r.Type, r.Location, openEnd(r.From), openEnd(r.To)))
		}
	}
	return report.Row{
		Source: sourceOf(&line), Month: when,
		What:   strings.TrimSpace(line.Resource.Workload + " " + line.Resource.Offer),
		Amount: line.Amount.String(), Credited: line.Credited.String(),
		Covered: strings.Join(covered, "; "), Clause: o.p.T("clause." + string(line.Clause)),
	}
}
