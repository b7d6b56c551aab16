// Package oracle writes a program's rules as SQL: one text that computes every
// tally and every point from the tables of package columns, with no code in common
// with the engine. What a rule says (lists, types, thresholds, windows) comes from
// the program; how it is counted is written out here once more, in sets and joins.
//
// docs/decisions/0031-sql-oracle.md gives the plan of the text.
package oracle

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// Text returns the statements, each ending in ";\n". It refuses a program with
// rules that it does not know rather than leave them out.
func Text(p *program.Program, asOf kizuna.Date, d Dialect) (string, error) {
	w := newWriter(p, asOf)
	w.Dialect = d
	if w.err != nil {
		return "", w.err
	}
	w.names()
	w.reaches()
	w.cover()
	w.revenueOf()
	w.snapshots()
	w.measured()
	w.people()
	w.points()
	return w.text.String(), w.err
}

// ErrUnknownRule says that a program has a rule that the text does not know.
var ErrUnknownRule = errors.New("a rule that the SQL text does not know")

// writer compiles a program into SQL.
type writer struct {
	Dialect
	program *program.Program
	plan    *attribution.Plan
	asOf    kizuna.Date
	text    strings.Builder
	err     error

	feeds    []feed
	through  []program.TypeSet
	measures []*measure // by number in the plan
	months   []months   // the stretches over which revenue is summed
	first    kizuna.Month
	holding  []string // lists of certificates, as SQL, that people are counted by
}

// feed is a source of rows: workloads, channels and the types through which they count.
type feed struct {
	program.WorkloadSet
	channels []string
	through  int
}

type measure struct {
	program.Measure
	feeds []int
}

type months struct{ first, last kizuna.Month }

func newWriter(p *program.Program, asOf kizuna.Date) *writer {
	w := &writer{program: p, plan: attribution.NewPlan(p, asOf), asOf: asOf}
	w.measures = make([]*measure, w.plan.Measures())
	w.first = w.plan.Last
	for i := range p.Areas {
		area := &p.Areas[i]
		if c := area.Track.Classifier; c != nil {
			w.classifier(area.ID, c)
		}
		for _, m := range area.Metrics {
			for _, track := range area.Track.Tracks {
				components := m.Rules[track].Components
				for j := range components {
					w.add(w.plan.MeasureOf(&components[j]), components[j].Measure)
					w.know(components[j].Step.Sign() == 0, "steps of progress")
				}
				w.know(!m.Rules[track].LossesOffset, "losses that offset")
			}
		}
	}
	w.know(!p.Scoring.WholePoints, "whole points")
	w.know(p.CSPHistory == program.OwnerOnDate, "CSP history by interval")
	return w
}

// know notes a rule that the text cannot say.
func (w *writer) know(ok bool, what string) {
	if !ok && w.err == nil {
		w.err = fmt.Errorf("%w: %s, which %s has", ErrUnknownRule, what, w.program.Ref())
	}
}

func (w *writer) classifier(area string, c *program.Classifier) {
	if c.Kind != program.BySellingWorkloads || c.Count != "" && c.Count != program.Workloads {
		w.know(false, "a track by "+string(c.Kind))
		return
	}
	w.add(w.plan.ClassificationOf(area).Main, program.Measure{
		Change: program.Net, Subject: program.Workloads, Quantity: program.Revenue,
		Window: program.Window{Kind: program.AnyMonth, Months: 1, Back: 12}, Feeds: c.Feeds, Channels: c.Channels,
		Amount: &program.Range{From: &c.Above, FromExclusive: true},
	})
}

func (w *writer) add(number int, m program.Measure) {
	if w.measures[number] != nil {
		return
	}
	out := &measure{Measure: m}
	for _, f := range m.Feeds {
		out.feeds = append(out.feeds, w.feed(f, m.Channels))
	}
	w.measures[number] = out
	now, base := attribution.Months(m.Window, w.plan.Last)
	for _, list := range [][]kizuna.Month{now, base} {
		if len(list) == 0 {
			continue
		}
		w.first = min(w.first, list[0])
		if m.Quantity != program.Revenue {
			continue
		}
		if m.Window.Kind == program.Trailing {
			w.stretch(months{list[0], list[len(list)-1]})
			continue
		}
		for _, month := range list {
			w.stretch(months{month, month})
		}
	}
	w.know(!m.StaysAfterGrowth, "customers that stay after growth")
	w.know(!m.ShareOfWorkload, "the share of one workload")
	w.know(m.Quantity != program.PaidSeats || m.Subject != program.Amount, "sums of seats")
	w.know(m.Quantity == program.Revenue || m.Window.Kind == program.AnyMonth && m.Window.Months == 1, "snapshots of several months")
}

func (w *writer) stretch(s months) {
	if !slices.Contains(w.months, s) {
		w.months = append(w.months, s)
	}
}

func (w *writer) feed(f program.Feed, channels []string) int {
	through := slices.Index(w.through, f.Types)
	if through < 0 {
		through = len(w.through)
		w.through = append(w.through, f.Types)
	}
	same := func(g feed) bool {
		return g.through == through && g.List == f.Workloads.List && slices.Equal(g.channels, channels)
	}
	if i := slices.IndexFunc(w.feeds, same); i >= 0 {
		return i
	}
	w.feeds = append(w.feeds, feed{f.Workloads, channels, through})
	return len(w.feeds) - 1
}

// say writes a statement.
func (w *writer) say(comment, format string, args ...any) {
	if comment != "" {
		for _, line := range strings.Split(comment, "\n") {
			w.text.WriteString("-- " + line + "\n")
		}
	}
	fmt.Fprintf(&w.text, strings.TrimSpace(format)+";\n\n", args...)
}

// quote writes a text, or several in brackets.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoteAll(texts []string) string {
	if len(texts) == 0 {
		return "(NULL)"
	}
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}

func list[T any](of []T, each func(i int, v T) string, separator string) string {
	out := make([]string, len(of))
	for i, v := range of {
		out[i] = each(i, v)
	}
	return strings.Join(out, separator)
}

// column names the sum of revenue over a stretch: "r_2022_10_2023_09".
func (s months) column() string {
	return "r_" + strings.ReplaceAll(s.first.String()+"_"+s.last.String(), "-", "_")
}

// within writes a condition on an amount, in millionths.
func within(amount string, r *program.Range) string {
	if r == nil {
		return amount + " > 0"
	}
	var parts []string
	if r.From != nil {
		op := ">="
		if r.FromExclusive {
			op = ">"
		}
		parts = append(parts, fmt.Sprintf("%s %s %d", amount, op, *r.From))
	}
	if r.To != nil {
		op := "<="
		if r.ToExclusive {
			op = "<"
		}
		parts = append(parts, fmt.Sprintf("%s %s %d", amount, op, *r.To))
	}
	return strings.Join(parts, " AND ")
}
