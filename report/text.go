package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/textgrid"
)

// maxFindings is how many findings a report prints; JSON has them all.
const maxFindings = 20

// Text writes a score for a terminal: a table of areas for each account, and,
// where detail is asked for or an account has a single area, every metric below it.
func Text(w io.Writer, r *score.Result, opts Options) error {
	out := bufio.NewWriter(w)
	t := &text{Writer: out, words: words{opts.P, r.Rules}, color: opts.Color}
	t.head(r)
	for _, account := range r.Accounts {
		t.account(account.Name, account.Value)
		switch areas := account.Value.Areas; {
		case len(areas) == 1:
			t.open(areas[0].Name, areas[0].Value, true)
		case opts.Detail:
			for _, a := range areas {
				t.open(a.Name, a.Value, false)
			}
		}
	}
	if opts.Detail {
		t.findings(r)
	}
	return out.Flush()
}

type text struct {
	*bufio.Writer
	words
	color bool
}

// The colors, few and of the terminal's own palette.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint colors the words of a text, not the blanks around them.
func (t *text) paint(color, s string) string {
	words := strings.TrimSpace(s)
	if !t.color || color == "" || words == "" {
		return s
	}
	before, after, _ := strings.Cut(s, words)
	return before + "\x1b[" + color + "m" + words + "\x1b[0m" + after
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(t, format+"\n", args...)
}

func (t *text) head(r *score.Result) {
	t.line("%s", t.paint(bold, t.program(r)))
	last, _ := r.Months.Get("M-1")
	before, _ := r.Months.Get("M-13")
	t.line("%s", t.p.T("report.question", r.AsOf, last, before))
	if r.Carried {
		t.line("%s", t.paint(yellow, t.p.T("report.carried", r.ProgramID+"@"+r.Program)))
	}
	gaps := t.p.T("report.gaps", r.Missing)
	if r.Missing > 0 {
		gaps = t.paint(yellow, gaps)
	}
	findings := t.p.T("report.findings", len(r.Findings))
	if len(r.Findings) > 0 {
		findings = t.paint(yellow, findings)
	}
	t.line("%s  %s", gaps, findings)
}

func (t *text) account(id string, a *score.Account) {
	t.line("\n%s", strings.TrimSpace(t.paint(bold, id)+"  "+a.Name))
	if a.Asked != "" {
		t.line("%s", t.p.T("report.asked", a.Asked, id))
	}
	t.WriteByte('\n')
	const points, passes = 1, 3
	head := []string{
		t.p.T("report.column.area"), t.p.T("report.column.points"), t.p.T("report.column.exact"),
		t.p.T("report.column.passes"), t.p.T("report.column.track"), t.p.T("report.column.missing"),
	}
	var rows [][]string
	for _, area := range a.Areas {
		v := area.Value
		shown := fmt.Sprint(v.Displayed)
		track := t.track(area.Name, v.TakenTrack)
		if v.ClassificationUnknown {
			track = t.p.T("report.track.assumed", track)
		}
		rows = append(rows, []string{
			t.area(area.Name), shown, exact(v.Total, shown), t.passes(area.Name, v), track, t.missing(area.Name, v),
		})
	}
	columns := filled(rows, len(head))
	g := textgrid.New(pick(head, columns)...).Right(points).Indent("  ")
	for _, row := range rows {
		g.Row(pick(row, columns)...)
	}
	t.grid(g, func(row, column int) string {
		switch {
		case row < 0:
			return dim
		case columns[column] != points && columns[column] != passes:
			return ""
		case a.Areas[row].Value.Qualified:
			return green
		}
		return red
	})
}

// filled lists the columns in which some row has something to say.
func filled(rows [][]string, n int) (columns []int) {
	for i := range n {
		if slices.ContainsFunc(rows, func(row []string) bool { return row[i] != "" }) {
			columns = append(columns, i)
		}
	}
	return columns
}

func pick(cells []string, columns []int) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = cells[c]
	}
	return out
}

func (t *text) grid(g *textgrid.Grid, color func(row, column int) string) {
	if t.color {
		g.Style(func(row, column int, s string) string { return t.paint(color(row, column), s) })
	}
	g.WriteTo(t)
}

// open opens an area: the taken track, and the others whole or in a line each.
func (t *text) open(id string, a *score.Area, all bool) {
	t.line("")
	t.line("%s", t.paint(bold, t.area(id)))
	if s := t.classification(id, a); s != "" {
		t.line("  %s", s)
	}
	if track, ok := a.Tracks.Get(a.TakenTrack); ok {
		t.trackOf(id, a, a.TakenTrack, track, true)
	}
	for _, track := range a.Tracks {
		if track.Name != a.TakenTrack {
			t.trackOf(id, a, track.Name, track.Value, all)
		}
	}
}

// trackOf writes a track's line, and its metrics if it is to be opened.
func (t *text) trackOf(area string, a *score.Area, id string, track *score.Track, open bool) {
	if name := t.track(area, id); name != "" {
		key := "report.track.other"
		if id == a.TakenTrack {
			key = "report.track.taken"
		}
		t.line("  %s", t.p.T(key, name, track.Displayed, t.verdict(track)))
	}
	if !open {
		return
	}
	g := textgrid.New().Right(1).Indent("  ")
	colors := make([]string, len(track.Metrics))
	for i, m := range track.Metrics {
		v := m.Value
		g.Row(t.metric(area, m.Name), t.points(v.Points)+"/"+v.Max.String(), bar(v.Points, v.Max), t.progressOf(place{Area: area, Track: id, Metric: m.Name}, v))
		switch {
		case v.Status != score.Scored:
			colors[i] = yellow
		case v.Points.Sign() == 0:
			colors[i] = red
		}
	}
	var lines bytes.Buffer
	if t.color {
		g.Style(func(row, column int, s string) string {
			if column == 0 {
				return s
			}
			return t.paint(colors[row], s)
		})
	}
	g.WriteTo(&lines)
	for _, m := range track.Metrics {
		if line, err := lines.ReadString('\n'); err == nil {
			t.WriteString(line)
		}
		for _, note := range t.notes(place{Area: area, Track: id, Metric: m.Name}, m.Value) {
			t.line("      %s", t.paint(dim, note))
		}
	}
}

func (t *text) verdict(track *score.Track) string {
	if track.Passes {
		return t.p.T("report.passes")
	}
	return t.p.T("report.fails")
}

// bar shows ten tenths of the points. It is full only for all points, and empty
// only for none. Its characters are one column wide in every terminal, which
// block characters are not in Japanese ones.
func bar(points, most kizuna.Fraction) string {
	const width = 10
	n := 0
	if points.Sign() > 0 && most.Sign() > 0 {
		n = int(min(width, max(1, points.Mul(kizuna.Int(width)).Div(most).Floor())))
	}
	return strings.Repeat("#", n) + strings.Repeat("-", width-n)
}

// progressOf says how far a metric is, or why that cannot be said.
func (t *text) progressOf(at place, m *score.Metric) string {
	if m.Status != score.Scored {
		return t.status(m.Status)
	}
	return strings.Join(nonempty(
		t.progress(m.Progress, m.Threshold, t.unit(at, m.Unit)), t.toFull(m)), t.p.T("report.semicolon"))
}

func (w words) toFull(m *score.Metric) string {
	if m.ToFull == nil || m.ToFull.Sign() <= 0 {
		return ""
	}
	return w.p.T("report.to-full", amount(*m.ToFull))
}

func nonempty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// notes are the lines below a metric.
func (t *text) notes(at place, m *score.Metric) []string {
	var out []string
	if e := exact(m.Points, t.points(m.Points)); e != "" {
		out = append(out, t.p.T("report.exactly", e))
	}
	if m.Reason != "" {
		out = append(out, Reason(t.p, m.Reason))
	}
	if in := t.inputs(m.Inputs); in != "" {
		out = append(out, in)
	}
	for i, g := range m.Gates {
		out = append(out, t.gate(i, g))
	}
	for _, o := range m.Options {
		out = append(out, t.componentNote(at, m, o, "report.option"))
	}
	for _, p := range m.Parts {
		out = append(out, t.componentNote(at, m, p, "report.part"))
	}
	for _, f := range m.Fill {
		out = append(out, t.p.T("report.fill", Fill(t.p, f)))
	}
	var sources []string
	if len(m.Types) > 0 {
		sources = append(sources, t.p.T("report.through", strings.Join(m.Types, ", ")))
	}
	if m.Through != nil {
		sources = append(sources, t.p.T("report.fresh", *m.Through))
	}
	if len(sources) > 0 {
		out = append(out, strings.Join(sources, t.p.T("report.semicolon")))
	}
	return out
}

// gate says whether a prerequisite is met, with the people there are and needed.
func (w words) gate(i int, g score.Gate) string {
	key := "report.gate.shut"
	if g.Open {
		key = "report.gate.open"
	}
	return w.p.T(key, i+1, strings.Join(g.AnyOf, " / "), g.Have, g.Need)
}

// componentNote is a line about an option or a part; the option taken is marked.
func (t *text) componentNote(at place, m *score.Metric, c score.Named[*score.Component], key string) string {
	at.Component = c.Name
	name := t.component(c.Name)
	if key == "report.option" && m.Option == c.Name {
		key = "report.option.best"
	}
	state := t.progress(c.Value.Progress, &c.Value.Threshold, t.unit(at, m.Unit))
	if c.Value.Status != score.Scored {
		state = t.status(c.Value.Status)
	}
	if c.Value.Reason != "" {
		state = strings.Join(nonempty(state, Reason(t.p, c.Value.Reason)), t.p.T("report.semicolon"))
	}
	return t.p.T(key, name, t.points(c.Value.Points), c.Value.Max, state)
}

// findings lists facts that can never count.
func (t *text) findings(r *score.Result) {
	if len(r.Findings) == 0 {
		return
	}
	t.line("\n%s", t.paint(bold, t.p.T("report.findings.title")))
	for _, f := range r.Findings[:min(len(r.Findings), maxFindings)] {
		t.line("  %s", t.p.Error(f))
	}
	if n := len(r.Findings) - maxFindings; n > 0 {
		t.line("  %s", t.p.T("report.findings.more", n))
	}
}
