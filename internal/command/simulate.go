package command

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/advice/watch"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/proof"
	"github.com/kizuna-org/kizuna/textgrid"
)

// simulateCmd tells what the score would be.
type simulateCmd struct {
	Files  simulateFilesCmd  `cmd:"" default:"withargs" name:"files" help:"help.simulate-files"`
	Save   simulateSaveCmd   `cmd:"" help:"help.simulate-save"`
	List   simulateListCmd   `cmd:"" help:"help.simulate-list"`
	Show   simulateShowCmd   `cmd:"" help:"help.simulate-show"`
	Replay simulateReplayCmd `cmd:"" help:"help.simulate-replay"`
}

// simulateFilesCmd evaluates scenarios and sets them beside what is.
type simulateFilesCmd struct {
	adviceFlags
	Scenarios []string `arg:"" name:"scenario" help:"help.simulate-scenario"`
	Most      int      `name:"most" default:"10" help:"help.most"`
}

// simulated is a scenario that was evaluated.
type simulated struct {
	Name     string          `json:"name"`
	Title    program.Text    `json:"title,omitzero"`
	File     string          `json:"file"`
	Hash     string          `json:"scenario"` // "sha256:…" of what it changes
	Movement *watch.Movement `json:"movement"`
	Proofs   proofs          `json:"proofs"`

	scenario *scenario.Scenario
	changes  *advice.Changes
	before   *watch.State
	after    *watch.State
	question *questionFlags // that opens a figure of it
}

// proofs are the digests of both states: of the score and of all contributions to it.
type proofs struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Run evaluates each scenario; several are compared in one table.
func (c *simulateFilesCmd) Run(a *app) error {
	var all []*simulated
	for _, file := range c.Scenarios {
		s := &simulated{File: file}
		var err error
		var hash kizuna.Hash
		if s.scenario, hash, err = c.scenario(file); err != nil {
			return err
		}
		s.Name, s.Title, s.Hash = cmp.Or(s.scenario.Name, nameOfFile(file)), s.scenario.Title, "sha256:"+hash.String()
		all = append(all, s)
	}
	in, err := c.advised(a)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := in.simulate(&c.questionFlags, s); err != nil {
			return err
		}
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"account": in.account, "asked": in.location, "scenarios": all})
	}
	a.warn(in.inquiry)
	c.say(a, in, all)
	return nil
}

// scenario reads a scenario: a file, or one that was saved in the place.
func (c *simulateFilesCmd) scenario(name string) (*scenario.Scenario, kizuna.Hash, error) {
	if known, err := scenario.ParseName(name); err == nil && !isFile(name) {
		return readScenario(c.saved(known).file())
	}
	return readScenario(name)
}

func nameOfFile(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// simulate evaluates a scenario. One that asks about another day, or under another
// program, has a base of its own.
func (in *adviceInquiry) simulate(f *questionFlags, s *simulated) error {
	base := in.base
	s.question = f
	if s.scenario.AsOf != nil || s.scenario.Program != "" {
		asked := *f
		if s.scenario.AsOf != nil {
			asked.AsOf = ""
		}
		if s.scenario.Program != "" {
			asked.Program = ""
		}
		s.question = asked.under(s.scenario)
		q, err := s.question.question(in.shelf, in.data)
		if err != nil {
			return err
		}
		if base, err = advice.New(q, in.account, in.given); err != nil {
			return err
		}
	}
	var err error
	if s.changes, err = in.changesOf(s.scenario, base); err != nil {
		return err
	}
	outcome, err := base.Evaluate(s.changes)
	if err != nil {
		return err
	}
	s.before, s.after = watch.Of(in.base.Now()), watch.Of(outcome)
	s.Movement = watch.Compare(s.before, s.after, nil)
	if s.Proofs.Before, err = proof.DigestOf(s.before); err != nil {
		return err
	}
	s.Proofs.After, err = proof.DigestOf(s.after)
	return err
}

func (c *simulateFilesCmd) say(a *app, in *adviceInquiry, all []*simulated) {
	fmt.Fprintln(a.Stdout, a.P.T("advice.question", in.who(), in.question.Program.Ref(), in.question.AsOf))
	if len(all) > 1 {
		c.sayTogether(a, all)
		return
	}
	s := all[0]
	v := in.view(a, s.after.Rules(), c.Most)
	v.open = strings.Join(append([]string{"kizuna explain"}, c.placeArgs(in.account, s.question, s.File)...), " ")
	fmt.Fprintln(a.Stdout, a.P.T("simulate.title", s.title(a)))
	if s.before.Program != s.after.Program || s.before.AsOf != s.after.AsOf {
		fmt.Fprintln(a.Stdout, a.P.T("simulate.question", s.after.Program, s.after.AsOf))
	}
	for _, line := range changesText(a, s.changes) {
		fmt.Fprintf(a.Stdout, "  %s\n", line)
	}
	fmt.Fprintln(a.Stdout)
	v.areas(s.Movement, a.P.T("simulate.column.now"), a.P.T("simulate.column.then"))
	v.details(s.Movement)
	v.note(s.Movement)
	fmt.Fprintln(a.Stdout, a.P.T("simulate.proofs", s.Proofs.Before, s.Proofs.After))
}

func (s *simulated) title(a *app) string {
	if title := s.Title.In(a.P.Lang); title != "" {
		return title + " (" + s.Name + ")"
	}
	return s.Name
}

// sayTogether writes several scenarios beside each other.
func (c *simulateFilesCmd) sayTogether(a *app, all []*simulated) {
	header := []string{a.P.T("column.area"), a.P.T("simulate.column.now")}
	for _, s := range all {
		header = append(header, s.Name)
	}
	g := textgrid.New(header...)
	for i := range all {
		g.Right(i + 1)
	}
	g.Right(len(all) + 1)
	v := &movementView{app: a, rules: all[0].before.Rules()}
	for i := range all[0].before.Areas {
		area := &all[0].before.Areas[i]
		row := []string{v.area(area.ID), pointsOf(&watch.AreaFigure{Points: area.Points, Displayed: area.Displayed}) + mark(area.Qualified)}
		for _, s := range all {
			cell := "-"
			for k := range s.Movement.Areas {
				if m := &s.Movement.Areas[k]; m.ID == area.ID && m.After != nil {
					cell = strings.TrimSpace(pointsOf(m.After)+" "+signedExact(m.Difference)) + mark(m.After.Qualified)
				}
			}
			row = append(row, cell)
		}
		g.Row(row...)
	}
	fmt.Fprintln(a.Stdout)
	g.WriteTo(a.Stdout)
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("simulate.marks"))
}

// mark says beside a figure whether the area passes.
func mark(passes bool) string {
	if passes {
		return " ✓"
	}
	return "  "
}

// who names the account that is advised.
func (in *adviceInquiry) who() string {
	if in.location != "" {
		return in.location + " (" + in.account + ")"
	}
	return in.account
}

// placeArgs are the flags with which another command asks the same question, under a
// scenario if one is named.
func (f *placeFlags) placeArgs(partner string, q *questionFlags, scenario string) []string {
	out := f.args()
	add := func(flag, value, standard string) {
		if value != "" && value != standard {
			out = append(out, "--"+flag, quoted(value))
		}
	}
	add("known-at", q.KnownAt, "")
	add("as-of", q.AsOf, "")
	add("program", q.Program, "")
	add("csp-history", q.CSPHistory, "program")
	add("attribution", q.Attribution, "both")
	add("metric-gate", q.Gate, "program")
	add("scenario", scenario, "")
	return append(out, "--partner", quoted(partner))
}

func (f *placeFlags) args() []string {
	if f.inStore() {
		return []string{"--store", quoted(withoutPassword(f.Store))}
	}
	return []string{"--data", quoted(f.Data)}
}

// quoted writes a word for a shell.
func quoted(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@,+=", r) && r < 128
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// changesText says what changes, a line for each.
func changesText(a *app, c *advice.Changes) (lines []string) {
	made := scenario.Made(c)
	for _, row := range (dataset.ScenarioTables{}).Rows(&made.Add) {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, cell.Column+" "+cell.Text)
		}
		lines = append(lines, "+ "+row.Table+" ("+strings.Join(cells, ", ")+")")
	}
	for i := range c.End {
		lines = append(lines, a.P.T("simulate.ends", c.End[i].String(), c.End[i].At))
	}
	for i := range c.Growth {
		g := &c.Growth[i]
		of := strings.Join(strings.Fields(g.Tenant+" "+g.Subscription+" "+g.Workload), " ")
		until := "…"
		if g.To != 0 {
			until = g.To.String()
		}
		lines = append(lines, a.P.T("simulate.grows", cmp.Or(of, a.P.T("simulate.all")), g.Factor, g.From, until))
	}
	if p := c.Projection; p != nil {
		lines = append(lines, a.P.T("simulate.projects", p.From, p.Until, p.Rate.Mul(kizuna.Int(100))))
		if len(p.Rates) > 0 {
			lines = append(lines, a.P.T("simulate.projects-own", len(p.Rates)))
		}
	}
	const most = 12
	if len(lines) > most {
		return append(lines[:most:most], a.P.T("explain.more", len(lines)-most))
	}
	return lines
}
