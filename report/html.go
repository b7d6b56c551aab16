package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

//go:embed page.css
var style string

//go:embed page.html
var markup string

// HTML writes a score as one page that needs nothing but itself: no script, no
// font, no picture from elsewhere; its policy forbids them.
func HTML(w io.Writer, page Page) error {
	t, err := template.New("page").Funcs(template.FuncMap{"t": page.P.T}).Parse(markup)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if page.Limits == (Limits{}) {
		page.Limits = DefaultLimits
	}
	out := bufio.NewWriter(w)
	v := &viewer{words: words{page.P, page.Result.Rules}, page: page, rows: page.Limits.AllRows}
	if err := t.ExecuteTemplate(out, "head", v.head()); err != nil {
		return err
	}
	// One account at a time: its explanation may be large.
	accounts := page.Result.Accounts
	for i, a := range accounts[:min(len(accounts), page.Limits.Accounts)] {
		if err := t.ExecuteTemplate(out, "account", v.account(i, a.Name, a.Value)); err != nil {
			return err
		}
	}
	if err := t.ExecuteTemplate(out, "foot", v.foot()); err != nil {
		return err
	}
	return out.Flush()
}

// viewer puts a result into words for the template.
type viewer struct {
	words
	page Page
	rows int // of Limits.AllRows, what is left
}

type headView struct {
	Lang, Title, Policy string
	Style               template.CSS
	Program             string
	Facts               []fact
	Notices             []string
	Findings            []string
	MoreFindings        string
	Accounts            []link
}

type fact struct{ Name, Value string }

type link struct{ Anchor, Name string }

func (v *viewer) head() headView {
	r := v.page.Result
	last, _ := r.Months.Get("M-1")
	before, _ := r.Months.Get("M-13")
	sum := sha256.Sum256([]byte(style))
	out := headView{
		Lang:  v.p.Lang,
		Title: v.p.T("report.html.title"),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'",
		Style:   template.CSS(style),
		Program: v.program(r),
		Facts: []fact{
			{v.p.T("report.html.as-of"), r.AsOf.String()},
			{v.p.T("report.html.last"), last.String()},
			{v.p.T("report.html.before"), before.String()},
			{v.p.T("report.html.gaps"), fmt.Sprint(r.Missing)},
			{v.p.T("report.html.findings"), fmt.Sprint(len(r.Findings))},
		},
	}
	if r.Carried {
		out.Notices = append(out.Notices, v.p.T("report.carried", r.ProgramID+"@"+r.Program))
	}
	for _, f := range r.Findings[:min(len(r.Findings), maxFindings)] {
		out.Findings = append(out.Findings, v.p.Error(f))
	}
	if n := len(r.Findings) - maxFindings; n > 0 {
		out.MoreFindings = v.p.T("report.findings.more", n)
	}
	if len(r.Accounts) > 1 {
		for i, a := range r.Accounts[:min(len(r.Accounts), v.page.Limits.Accounts)] {
			out.Accounts = append(out.Accounts, link{anchor("account", i), strings.TrimSpace(a.Name + " " + a.Value.Name)})
		}
	}
	return out
}

func anchor(parts ...any) string {
	return strings.ReplaceAll(strings.TrimSpace(fmt.Sprintln(parts...)), " ", "-")
}

type footView struct{ More, Text string }

func (v *viewer) foot() footView {
	out := footView{Text: v.p.T("report.html.footer", v.page.Result.Digest)}
	if n := len(v.page.Result.Accounts) - v.page.Limits.Accounts; n > 0 {
		out.More = v.p.T("report.html.accounts-more", n)
	}
	return out
}

type accountView struct {
	Anchor, ID, Name, Asked string
	Caption, Mark           string
	Areas                   []areaView
}

type areaView struct {
	Anchor, Name     string
	Shown, Exact     string
	Max              string
	Passes           bool
	Verdict, Missing string
	Track            string
	Classification   string
	Bar              barView
	Open             bool
	Tracks           []trackView
}

type trackView struct {
	Name    string // "" where there is only one
	Shown   int64
	Taken   bool
	Passes  bool
	Verdict string
	Metrics []metricView
}

func (v *viewer) account(i int, id string, a *score.Account) accountView {
	out := accountView{Anchor: anchor("account", i), ID: id, Name: a.Name}
	who := named(a.Name, id)
	out.Caption = v.p.T("report.html.overview", who)
	if a.Asked != "" {
		out.Asked = v.p.T("report.asked", a.Asked, id)
	}
	if v.rules != nil {
		out.Mark = v.p.T("report.html.mark", v.rules.Scoring.PassTotal)
	}
	for _, area := range a.Areas {
		view := v.area(id, area.Name, area.Value)
		view.Anchor = anchor(out.Anchor, area.Name)
		view.Open = len(a.Areas) == 1
		out.Areas = append(out.Areas, view)
	}
	return out
}

func (v *viewer) area(account, id string, a *score.Area) areaView {
	shown := fmt.Sprint(a.Displayed)
	out := areaView{
		Name: v.words.area(id), Shown: shown, Exact: exact(a.Total, shown), Max: v.areaMax(id, a),
		Passes: a.Qualified, Verdict: v.verdict(id, a), Missing: v.missing(id, a),
		Track: v.track(id, a.TakenTrack), Classification: v.classification(id, a),
	}
	if a.ClassificationUnknown {
		out.Track = v.p.T("report.track.assumed", out.Track)
	}
	for _, t := range a.Tracks {
		taken := t.Name == a.TakenTrack
		if taken {
			out.Bar = v.bar(id, t.Value, out)
		}
		view := trackView{
			Name: v.track(id, t.Name), Shown: t.Value.Displayed, Taken: taken, Passes: t.Value.Passes,
			Verdict: v.p.T("report.html.fails"),
		}
		if view.Passes {
			view.Verdict = v.p.T("report.passes")
		}
		for _, m := range t.Value.Metrics {
			view.Metrics = append(view.Metrics, v.metric(account, place{Area: id, Track: t.Name, Metric: m.Name}, m.Value, taken))
		}
		if taken { // the taken track stands first
			out.Tracks = append([]trackView{view}, out.Tracks...)
			continue
		}
		out.Tracks = append(out.Tracks, view)
	}
	return out
}

// verdict is words.passes for a badge that stands by itself.
func (v *viewer) verdict(id string, a *score.Area) string {
	switch {
	case !a.Qualified:
		return v.p.T("report.html.fails")
	case slices.Contains(a.QualifiedTracks, a.TakenTrack):
		return v.p.T("report.passes")
	}
	return v.p.T("report.html.passes-by", v.trackNames(id, a.QualifiedTracks))
}

// areaMax is what an area's metrics add up to.
func (v *viewer) areaMax(id string, a *score.Area) string {
	if rules := v.areaRules(id); rules != nil {
		return rules.Max.String()
	}
	var sum kizuna.Fraction
	if t, ok := a.Tracks.Get(a.TakenTrack); ok {
		for _, m := range t.Metrics {
			sum = sum.Add(m.Value.Max)
		}
	}
	return sum.String()
}

// barView is a bar of an area's metrics, a hundred wide.
type barView struct {
	Label    string
	Segments []segment
	Mark     string // where a total passes; "" if unknown
}

type segment struct{ Category, X, Width, Title string }

func (v *viewer) bar(area string, t *score.Track, a areaView) barView {
	out := barView{Label: v.p.T("report.html.bar", a.Shown, a.Max)}
	full, err := kizuna.ParseFraction(a.Max)
	if err != nil || full.Sign() <= 0 {
		return out
	}
	percent := func(f kizuna.Fraction) string { return f.Mul(kizuna.Int(100)).Div(full).Decimal(2) }
	var x kizuna.Fraction
	for _, m := range t.Metrics {
		if p := m.Value.Points; p.Sign() > 0 {
			out.Segments = append(out.Segments, segment{
				Category: categoryClass(v.category(area, m.Name)), X: percent(x), Width: percent(p),
				Title: v.words.metric(area, m.Name) + " " + v.points(p),
			})
			x = x.Add(p)
		}
	}
	if v.rules != nil {
		out.Mark = percent(v.rules.Scoring.PassTotal)
	}
	return out
}

// categoryClass is a class of the page's style sheet.
func categoryClass(c program.Category) string {
	switch c {
	case program.Performance, program.Skilling, program.CustomerSuccess:
		return strings.ReplaceAll(string(c), "_", "-")
	}
	return "other"
}

type metricView struct {
	Name          string
	Category      string
	Points, Max   string
	Value, Most   string // of the meter
	State         string // class: "full", "some", "zero", "no-data", "no-rate"
	Badge         string
	Progress      string
	Reason        string
	Facts         []fact
	Rule          string
	Fill          []string
	Gates         []gateView
	GatesTitle    string
	Components    []componentView
	ComponentName string // heading of their column: option or part
	ComponentsAre string
	Why           *whyView
}

type gateView struct {
	Number     int
	AnyOf      string
	Have, Need int64
	Open       bool
}

type componentView struct {
	Name, Points, Max, Progress, Types string
	Value, Most                        string
	Best                               bool
	Why                                *whyView
}

func (v *viewer) metric(account string, at place, m *score.Metric, taken bool) metricView {
	name := v.words.metric(at.Area, at.Metric)
	shown := v.points(m.Points)
	out := metricView{
		Name: name, Category: categoryClass(v.category(at.Area, at.Metric)),
		Points: shown, Max: m.Max.String(), Value: m.Points.Decimal(4), Most: m.Max.Decimal(4),
		State: "some", Progress: v.progress(m.Progress, m.Threshold, v.unit(at, m.Unit)),
		GatesTitle: v.p.T("report.html.gates", name),
	}
	switch {
	case m.Status == score.NoData:
		out.State, out.Badge = "no-data", v.status(m.Status)
	case m.Status == score.Unrated:
		out.State, out.Badge = "no-rate", v.status(m.Status)
	case m.Points.Sign() <= 0:
		out.State, out.Badge = "zero", v.p.T("report.html.zero")
	case m.Points.Cmp(m.Max) >= 0:
		out.State = "full"
	}
	if m.Reason != "" {
		out.Reason = Reason(v.p, m.Reason)
	}
	for _, f := range m.Fill {
		out.Fill = append(out.Fill, Fill(v.p, f))
	}
	for i, g := range m.Gates {
		out.Gates = append(out.Gates, gateView{i + 1, strings.Join(g.AnyOf, " / "), g.Have, g.Need, g.Open})
	}
	out.Facts, out.Rule = v.facts(at, m), v.ruleText(v.rule(at))
	components, kind := m.Parts, "part"
	if len(m.Options) > 0 {
		components, kind = m.Options, "option"
	}
	out.ComponentName = v.p.T("report.html." + kind)
	out.ComponentsAre = v.p.T("report.html."+kind+"s", name)
	for _, c := range components {
		out.Components = append(out.Components, v.component(account, at, m, c, taken))
	}
	if taken && len(components) == 0 && m.Status != score.NoData {
		out.Why = v.why(account, at)
	}
	return out
}

// facts are what a metric says of itself, name by name.
func (v *viewer) facts(at place, m *score.Metric) []fact {
	var out []fact
	add := func(key, value string) {
		if value != "" {
			out = append(out, fact{v.p.T("report.html." + key), value})
		}
	}
	unit := v.unit(at, m.Unit)
	if m.Progress != nil {
		add("progress", v.quantity(amount(*m.Progress), amount(*m.Progress), unit))
	}
	if m.Threshold != nil {
		add("threshold", v.quantity(amount(*m.Threshold), amount(*m.Threshold), unit))
	}
	if m.ToFull != nil && m.ToFull.Sign() > 0 {
		add("to-full", v.quantity(amount(*m.ToFull), amount(*m.ToFull), unit))
	}
	add("inputs", v.inputs(m.Inputs))
	if m.Progress != nil && m.Threshold != nil && m.Threshold.Sign() > 0 && m.Reason == "" && m.Counted == nil {
		add("formula", v.p.T("report.html.curve", m.Max, Exact(*m.Progress), m.Threshold, m.Max, Exact(m.Points)))
	}
	add("exact", exact(m.Points, v.points(m.Points)))
	add("types", strings.Join(m.Types, ", "))
	if m.Through != nil {
		add("through", m.Through.String())
	}
	return out
}

func (v *viewer) component(account string, at place, m *score.Metric, c score.Named[*score.Component], taken bool) componentView {
	at.Component = c.Name
	out := componentView{
		Name: v.words.component(c.Name), Points: v.points(c.Value.Points), Max: c.Value.Max.String(),
		Value: c.Value.Points.Decimal(4), Most: c.Value.Max.Decimal(4),
		Progress: v.progress(c.Value.Progress, &c.Value.Threshold, v.unit(at, m.Unit)),
		Types:    strings.Join(c.Value.Types, ", "), Best: m.Option == c.Name,
	}
	if c.Value.Status != score.Scored {
		out.Progress = v.status(c.Value.Status)
	}
	if c.Value.Reason != "" {
		out.Progress = strings.Join(nonempty(out.Progress, Reason(v.p, c.Value.Reason)), v.p.T("report.semicolon"))
	}
	if taken && c.Value.Status != score.NoData {
		out.Why = v.why(account, at)
	}
	return out
}

// whyView is what stands behind a figure.
type whyView struct {
	Title         string
	Count         string
	Contributions []contributionView
	More          string
	Command       string
}

type contributionView struct {
	Contribution
	Name     string
	RowsName string
	More     string
	Command  string
}

// why opens a figure; nil if the page has no explanations.
func (v *viewer) why(account string, at place) *whyView {
	if v.page.Explain == nil {
		return nil
	}
	e := v.page.Explain(account, at)
	command := fmt.Sprintf("kizuna explain --partner %s --area %s --metric %s", account, at.Area, at.Metric)
	if at.Track != program.Single {
		command += " --track " + at.Track
	}
	out := &whyView{Title: v.p.T("report.html.customers"), Command: command}
	if at.Component != "" {
		out.Title = v.p.T("report.html.customers-of", v.words.component(at.Component))
	}
	all := len(e.Contributions) + e.More
	out.Count = v.quantityOf("report.html.contributions", all)
	shown := min(len(e.Contributions), v.page.Limits.Contributions)
	for _, c := range e.Contributions[:shown] {
		out.Contributions = append(out.Contributions, v.contribution(c, command))
	}
	if all > shown {
		out.More = v.p.T("report.html.more", all-shown)
	}
	return out
}

func (v *viewer) quantityOf(key string, n int) string {
	if n == 1 {
		key += ".one"
	}
	return v.p.T(key, n)
}

func (v *viewer) contribution(c Contribution, command string) contributionView {
	out := contributionView{Contribution: c, Name: named(c.Label, c.Subject), Command: command + " --customer " + c.Subject}
	all := len(c.Rows) + c.More
	shown := min(len(c.Rows), v.page.Limits.Rows, v.rows)
	v.rows -= shown
	out.Rows = c.Rows[:shown]
	out.RowsName = v.p.T("report.html.rows", out.Name)
	if all > shown {
		out.More = v.p.T("report.html.more", all-shown)
	}
	return out
}
