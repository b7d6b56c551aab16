package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/proof"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/textgrid"
)

// explainCmd opens a figure to its contributions, and one of these to its rows.
type explainCmd struct {
	scenarioFlags
	oracleFlag
	Partner  string `name:"partner" required:"" placeholder:"ID" help:"help.partner"`
	Area     string `name:"area" xor:"what" required:"" placeholder:"AREA" help:"help.area"`
	Special  string `name:"specialization" xor:"what" required:"" placeholder:"ID" help:"help.explain-specialization"`
	Metric   string `name:"metric" required:"" placeholder:"METRIC" help:"help.metric"`
	Track    string `name:"track" placeholder:"TRACK" help:"help.track"`
	Customer string `name:"customer" placeholder:"TENANT" help:"help.customer"`
	Most     int    `name:"most" default:"50" help:"help.most"`
}

// Run prints the explanation; as JSON it is a proof that kizuna verify checks.
func (c *explainCmd) Run(a *app) error {
	what := "--area " + c.Area
	if c.Special != "" {
		c.Specializations, c.Area, what = true, c.Special, "--specialization "+c.Special
	}
	ask := c.open
	if c.Oracle {
		ask = c.ask
	}
	in, err := ask(a)
	if err != nil {
		return err
	}
	return c.show(a, in, a.P.T("explain.open-example", c.Data, c.Partner, what, c.Metric))
}

// show opens the figure; next is how one of its contributions is opened.
func (c *explainCmd) show(a *app, in *inquiry, next string) error {
	account, location, err := in.resolve(c.Partner)
	if err != nil {
		return err
	}
	most := max(0, c.Most)
	opening := score.Opening{Most: max(1, most), Customer: c.Customer}
	if a.JSON {
		opening = score.Opening{Rows: true} // a proof is whole
	}
	e, err := in.answer.Open(account, score.Place{Area: c.Area, Track: c.Track, Metric: c.Metric}, opening)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := in.nameLines(a.Context, rowsOf(e)); err != nil {
			return err
		}
		p, err := in.proof(e)
		if err != nil {
			return err
		}
		return a.writeJSON(a.Stdout, p)
	}
	a.warn(in)
	v := explainView{a, in, in.answer, most}
	v.head(e, c.Partner, location)
	if len(e.People) > 0 || len(e.Components) == 0 {
		v.people(e)
		return nil
	}
	for _, component := range e.Components {
		if c.Customer != "" {
			if err := v.customer(component, c.Customer); err != nil {
				return err
			}
			continue
		}
		v.component(component)
	}
	if c.Customer == "" {
		fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("explain.open", next))
	}
	return nil
}

// proof proves an explanation, under the scenario if there is one.
func (in *inquiry) proof(e *score.Explanation) (*proof.Proof, error) {
	if in.scenario == (kizuna.Hash{}) {
		return proof.New(in.answer, e)
	}
	return proof.NewUnder(in.answer, e, "sha256:"+in.scenario.String())
}

// explainView writes an explanation for people.
type explainView struct {
	*app
	in     *inquiry
	answer *score.Answer
	most   int
}

func (v explainView) head(e *score.Explanation, asked, location string) {
	rules := v.answer.Question.Program
	area := rules.Area(e.Area)
	title := fmt.Sprintf("%s › %s", area.Name.In(v.P.Lang), area.Metric(e.Metric).Name.In(v.P.Lang))
	if name := area.Track.Names[e.Track].In(v.P.Lang); name != "" {
		title += " › " + name
	}
	fmt.Fprintf(v.Stdout, "%s\n", title)
	who := e.Account
	if location != "" {
		who = v.P.T("explain.location-of", asked, e.Account)
	}
	fmt.Fprintln(v.Stdout, v.P.T("explain.question", who, rules.Ref(), v.answer.Question.AsOf))
	fmt.Fprintln(v.Stdout, v.reached(e.Score))
	if e.Score.Reason != "" {
		fmt.Fprintln(v.Stdout, reasonText(v.P, e.Score.Reason))
	}
	var sources []string
	for _, key := range e.Provenance.Sources {
		s := rules.Sources[key]
		sources = append(sources, strings.TrimSpace(s.Title+" "+s.Date))
	}
	fmt.Fprintln(v.Stdout, v.P.T("explain.rule", v.P.T("basis."+string(e.Provenance.Basis)), strings.Join(sources, "; ")))
	if e.Provenance.Note != "" {
		fmt.Fprintf(v.Stdout, "  %s\n", e.Provenance.Note)
	}
}

// reached is what a metric earns; of a requirement, whether it is met.
func (v explainView) reached(m *score.Metric) string {
	switch {
	case !v.answer.Question.Specializations:
		return v.P.T("explain.points", report.Exact(m.Points), m.Max)
	case m.Points.Cmp(m.Max) >= 0:
		return v.P.T("explain.met")
	}
	return v.P.T("explain.not-met")
}

func (v explainView) people(e *score.Explanation) {
	for i, gate := range e.Score.Gates {
		state := v.P.T("explain.gate-shut")
		if gate.Open {
			state = v.P.T("explain.gate-open")
		}
		fmt.Fprintln(v.Stdout, v.P.T("explain.gate", i+1, strings.Join(gate.AnyOf, " / "), gate.Have, gate.Need, state))
	}
	g := textgrid.New(v.P.T("column.person"), v.P.T("column.location"), v.P.T("column.steps"), v.P.T("column.counted"), v.P.T("column.certificates"))
	for i, p := range e.People {
		if i == v.most {
			break
		}
		steps := make([]string, len(p.Steps))
		for j, s := range p.Steps {
			steps[j] = fmt.Sprint(s)
		}
		name := strings.TrimSpace(p.Person + " " + p.Name)
		g.Row(name, p.Location, strings.Join(steps, ","), yesNo(v.P, p.Counted), strings.Join(p.Certificates, ", "))
	}
	fmt.Fprintln(v.Stdout)
	g.WriteTo(v.Stdout)
	v.more(len(e.People))
}

func (v explainView) more(n int) {
	if n > v.most {
		fmt.Fprintln(v.Stdout, v.P.T("explain.more", n-v.most))
	}
}

func (v explainView) component(c *score.ComponentExplanation) {
	fmt.Fprintln(v.Stdout)
	v.curve(c)
	g := textgrid.New(v.P.T("column.customer"), v.P.T("column.now"), v.P.T("column.base"), v.P.T("column.difference"))
	g.Right(1, 2, 3)
	number := c.Measure
	for i, trace := range c.Customers {
		if i == v.most {
			break
		}
		in := v.answer.Input(number, trace.Tally)
		g.Row(strings.TrimSpace(trace.Tenant+" "+trace.Name), in.Now.Show(), in.Base.Show(), in.Now.Sub(in.Base).Show())
	}
	g.WriteTo(v.Stdout)
	v.more(c.All)
}

func (v explainView) curve(c *score.ComponentExplanation) {
	if c.ID != "" {
		fmt.Fprintf(v.Stdout, "[%s] ", report.Component(v.P, c.ID))
	}
	switch requirement := v.answer.Question.Specializations; {
	case requirement && c.Curve.Progress == nil:
		fmt.Fprintln(v.Stdout, v.P.T("explain.no-figure"))
		return
	case requirement:
		fmt.Fprintln(v.Stdout, v.P.T("explain.threshold", report.Exact(*c.Curve.Progress), c.Curve.Threshold))
		return
	case c.Curve.Progress == nil:
		fmt.Fprintln(v.Stdout, v.P.T("explain.no-progress", report.Exact(c.Points)))
		return
	}
	fmt.Fprintln(v.Stdout, v.P.T("explain.curve", c.Curve.Max, report.Exact(*c.Curve.Progress), c.Curve.Threshold, report.Exact(c.Points)))
}

// customer opens one contribution down to its rows and the reaches behind them.
func (v explainView) customer(c *score.ComponentExplanation, tenant string) error {
	trace := c.Customers[0]
	if len(trace.Lines) == 0 {
		fmt.Fprintln(v.Stdout, v.P.T("explain.no-rows", tenant, c.ID))
		return nil
	}
	in := v.answer.Input(c.Measure, trace.Tally)
	fmt.Fprintln(v.Stdout)
	if c.ID != "" {
		fmt.Fprintf(v.Stdout, "[%s] ", report.Component(v.P, c.ID))
	}
	fmt.Fprintln(v.Stdout, v.P.T("explain.contribution", strings.TrimSpace(trace.Tenant+" "+trace.Name), in.Now.Show(), in.Base.Show()))
	writeTests(v.app, trace.Tests)
	if err := v.in.nameLines(v.Context, linesOf(trace.Lines[:min(v.most, len(trace.Lines))])); err != nil {
		return err
	}
	writeLines(v.app, trace.Lines, v.most)
	return nil
}

func writeTests(a *app, tests []attribution.Test) {
	for _, t := range tests {
		mark := "✗"
		if t.Holds {
			mark = "✓"
		}
		what := a.P.T("test." + t.What)
		if t.Workload != "" {
			what += " " + t.Workload
		}
		fmt.Fprintf(a.Stdout, "  %s %s  %s: %s  (%s)\n", mark, t.When, what, t.Value, t.Wanted)
	}
}

// writeLines writes rows with their credit, and below each the associations
// that cover it, once where the row before has the same.
func writeLines(a *app, lines []attribution.Line, most int) {
	before := ""
	for i, line := range lines {
		if i == most {
			fmt.Fprintln(a.Stdout, a.P.T("explain.more", len(lines)-most))
			return
		}
		when := line.Month.String()
		if line.Day != nil {
			when = line.Day.String()
		}
		fmt.Fprintf(a.Stdout, "  %s  %s  %s  %s\n", sourceOf(&line), when, line.Resource.Workload,
			a.P.T("explain.credited", line.Credited, line.Amount, coveredShare(line), a.P.T("clause."+string(line.Clause))))
		reaches := reachesText(a.P, line.Reaches)
		if reaches != "" && reaches == before {
			fmt.Fprintf(a.Stdout, "      %s\n", a.P.T("explain.reaches-as-above"))
			continue
		}
		fmt.Fprint(a.Stdout, reaches)
		before = reaches
	}
}

// reachesText writes associations, each with the facts behind it.
func reachesText(p *locale.Printer, reaches []attribution.ReachOfRow) string {
	var out strings.Builder
	for _, r := range reaches {
		key := "explain.reach"
		if !r.Feeds {
			key = "explain.reach-not-fed"
		}
		fmt.Fprintf(&out, "      %s\n", p.T(key, r.Type, r.Location, openEnd(r.From), openEnd(r.To)))
		for _, e := range r.Evidence {
			fmt.Fprintf(&out, "        %s [%s – %s] %s\n", evidenceText(p, &e), openEnd(e.During.From), openEnd(e.During.To), e.At)
		}
	}
	return out.String()
}

// evidenceText names the fact behind an association.
func evidenceText(p *locale.Printer, e *association.Evidence) string {
	key := "evidence." + string(e.Kind)
	if e.ByGlobalID {
		key += "-global"
	}
	return p.T(key, e.Parts[0], e.Parts[1])
}

func openEnd(t kizuna.Instant) string {
	if s := t.String(); s != "" {
		return s
	}
	return "…"
}

func coveredShare(line attribution.Line) string {
	if line.Period == 0 {
		return ""
	}
	return kizuna.Ratio(line.Covered*100, line.Period).Decimal(2) + " %"
}

func yesNo(p *locale.Printer, b bool) string {
	if b {
		return p.T("yes")
	}
	return p.T("no")
}

// reasonText translates a reason that a score gives; what is not in the
// catalogue is shown as it is.
func reasonText(p *locale.Printer, reason string) string {
	if text, ok := p.Lookup("reason." + reason); ok {
		return text
	}
	return reason
}

// verifyCmd computes a proof again and says where the facts now differ.
type verifyCmd struct {
	Proof string `arg:"" type:"existingfile" help:"help.proof"`
	placeFlags
	KnownAt string `name:"known-at" placeholder:"MOMENT" help:"help.known-at"`
	File    string `name:"program-file" type:"existingfile" placeholder:"FILE" help:"help.program-file"`
	// Scenario is the file of the scenario under which the figure was proved.
	Scenario string `name:"scenario" type:"existingfile" placeholder:"FILE" help:"help.proof-scenario"`
}

// Run verifies the proof; differences make exit code 1.
func (c *verifyCmd) Run(a *app) error {
	content, err := os.ReadFile(c.Proof)
	if err != nil {
		return err
	}
	q, read, err := proof.Read(c.Proof, content)
	if err != nil {
		return err
	}
	flags := scenarioFlags{Scenario: c.Scenario, questionFlags: questionFlags{
		placeFlags: c.placeFlags, KnownAt: c.KnownAt, Program: q.Program, AsOf: q.AsOf.String(),
		CSPHistory: q.CSPHistory, Attribution: q.Attribution, Gate: q.MetricGate, Specializations: q.Specialization,
	}}
	if c.File != "" {
		flags.Program = c.File
	}
	if q.Scenario != "" && c.Scenario == "" {
		return kizuna.Errorf("proof-scenario", "the proof is of a scenario, which is not named").
			WithMend("name its file: --scenario FILE")
	}
	in, err := flags.ask(a)
	if err != nil {
		return err
	}
	e, err := in.answer.Explain(q.Account, q.Area, q.Track, q.Metric, true)
	if err != nil {
		return err
	}
	if err := in.nameLines(a.Context, rowsOf(e)); err != nil {
		return err
	}
	fresh, err := in.proof(e)
	if err != nil {
		return err
	}
	differences, err := proof.Compare(read, fresh, 100)
	if err != nil {
		return err
	}
	return c.say(a, fresh, differences)
}

func (c *verifyCmd) say(a *app, fresh *proof.Proof, differences []proof.Difference) error {
	holds := len(differences) == 0
	if a.JSON {
		if differences == nil {
			differences = []proof.Difference{}
		}
		if err := a.writeJSON(a.Stdout, map[string]any{
			"holds": holds, "digest": fresh.Digest, "differences": differences,
		}); err != nil {
			return err
		}
	} else if holds {
		fmt.Fprintln(a.Stdout, a.P.T("verify.holds", fresh.Digest))
	} else {
		fmt.Fprintln(a.Stdout, a.P.T("verify.differs", len(differences)))
		g := textgrid.New(a.P.T("column.path"), a.P.T("column.proof"), a.P.T("column.facts"))
		const most = 20
		for _, d := range differences[:min(most, len(differences))] {
			g.Row(d.Path, d.Proof, d.Now)
		}
		g.WriteTo(a.Stdout)
		if more := len(differences) - most; more > 0 {
			fmt.Fprintln(a.Stdout, a.P.T("verify.more", more))
		}
	}
	if !holds {
		return errProblems
	}
	return nil
}
