package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/textgrid"
)

// Compare writes published figures beside Kizuna's own, with the likely reason
// for each difference: a file that is missing, or another reading of the sources
// under which the figure comes out.
func Compare(w io.Writer, rows []score.Comparison, opts Options) error {
	out := bufio.NewWriter(w)
	t := &text{Writer: out, words: words{opts.P, opts.Rules}, color: opts.Color}
	const difference = 5
	head := []string{
		t.p.T("report.column.account"), t.p.T("report.column.area"), t.p.T("report.column.metric"),
		t.p.T("report.column.published"), t.p.T("report.column.ours"), t.p.T("report.column.difference"),
		t.p.T("report.column.qualified"), t.p.T("report.column.likely"),
	}
	several := slices.ContainsFunc(rows, func(c score.Comparison) bool { return c.Account != rows[0].Account })
	var cells [][]string
	equal := 0
	for _, c := range rows {
		if c.Equal {
			equal++
		}
		account := ""
		if several {
			account = c.Account
		}
		cells = append(cells, []string{
			account, t.areaAndTrack(c.Area, c.Track), t.figure(c), thousands(c.Published.Show()), t.ours(c.Ours),
			signed(c), t.qualified(c.Qualified), t.likely(c),
		})
	}
	columns := filled(cells, len(head))
	g := textgrid.New(pick(head, columns)...)
	for i, c := range columns {
		if c >= 3 && c <= difference {
			g.Right(i)
		}
	}
	for _, row := range cells {
		g.Row(pick(row, columns)...)
	}
	t.grid(g, func(row, column int) string {
		switch {
		case row < 0:
			return dim
		case columns[column] == difference && !rows[row].Equal:
			return red
		}
		return ""
	})
	t.readings(rows)
	fmt.Fprintf(t, "\n%s\n", t.p.T("report.compare.summary", equal, len(rows)))
	return out.Flush()
}

func (w words) areaAndTrack(area, track string) string {
	if name := w.track(area, track); name != "" {
		return w.area(area) + " / " + name
	}
	return w.area(area)
}

// figure names the metric, or the area's total.
func (w words) figure(c score.Comparison) string {
	if c.Metric == "" {
		return w.p.T("report.compare.total")
	}
	return w.metric(c.Area, c.Metric)
}

func (w words) ours(f kizuna.Fraction) string { return thousands(f.Show()) }

// signed shows the direction of a difference; equal figures have none.
func signed(c score.Comparison) string {
	switch s := thousands(c.Difference.Show()); {
	case c.Equal:
		return "="
	case c.Difference.Sign() > 0:
		return "+" + s
	default:
		return s
	}
}

// qualified says who says that an area qualifies.
func (w words) qualified(q *score.Qualified) string {
	switch {
	case q == nil:
		return ""
	case q.Published != q.Ours && q.Ours:
		return w.p.T("report.compare.qualified.ours")
	case q.Published != q.Ours:
		return w.p.T("report.compare.qualified.published")
	case q.Ours:
		return w.p.T("report.compare.qualified.both")
	}
	return w.p.T("report.compare.qualified.none")
}

// likely is what explains a difference.
func (w words) likely(c score.Comparison) string {
	if c.Equal {
		return ""
	}
	var parts []string
	for _, f := range c.Missing {
		parts = append(parts, w.p.T("report.compare.missing", Fill(w.p, f)))
	}
	if len(c.Readings) > 0 {
		parts = append(parts, w.p.T("report.compare.reading", strings.Join(c.Readings, ", ")))
	}
	if len(parts) == 0 {
		return w.p.T("report.compare.unknown")
	}
	return strings.Join(parts, w.p.T("report.semicolon"))
}

// readings says what the readings mean that were named.
func (t *text) readings(rows []score.Comparison) {
	g := textgrid.New()
	named := false
	for _, id := range score.ReadingIDs() {
		if slices.ContainsFunc(rows, func(c score.Comparison) bool { return slices.Contains(c.Readings, id) }) {
			g.Row(id, t.p.T("report.reading."+id))
			named = true
		}
	}
	if named {
		fmt.Fprintf(t, "\n%s\n", t.p.T("report.compare.readings"))
		t.grid(g, func(int, int) string { return "" })
	}
}
