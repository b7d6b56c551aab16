package command

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/textgrid"
)

// programCmd shows, checks and compares programs.
type programCmd struct {
	List   programListCmd   `cmd:"" help:"help.program-list"`
	Show   programShowCmd   `cmd:"" help:"help.program-show"`
	Check  programCheckCmd  `cmd:"" help:"help.program-check"`
	Diff   programDiffCmd   `cmd:"" help:"help.program-diff"`
	Schema programSchemaCmd `cmd:"" help:"help.program-schema"`
}

type programListCmd struct{}

// Run lists the built-in versions.
func (c *programListCmd) Run(a *app) error {
	programs, err := program.Builtin()
	if err != nil {
		return err
	}
	type row struct {
		Ref    string       `json:"ref"`
		Name   program.Text `json:"name"`
		From   kizuna.Date  `json:"from"`
		To     *kizuna.Date `json:"to"`
		Digest string       `json:"digest"`
	}
	var rows []row
	grid := textgrid.New(a.P.T("program.ref"), a.P.T("program.from"), a.P.T("program.to"), a.P.T("program.name"))
	for _, p := range programs {
		rows = append(rows, row{p.Ref(), p.Name, p.InForce.From, p.InForce.To, program.Digest(p)})
		grid.Row(p.Ref(), p.InForce.From.String(), lastDay(p), p.Name.In(a.P.Lang))
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, rows)
	}
	_, err = grid.WriteTo(a.Stdout)
	return err
}

func lastDay(p *program.Program) string {
	if p.InForce.To == nil {
		return ""
	}
	return p.InForce.To.String()
}

type programShowCmd struct {
	Associations bool   `name:"associations" help:"help.program-associations"`
	Program      string `arg:"" optional:"" placeholder:"REF|FILE" help:"help.program-ref"`
}

// Run shows a program's rules, or the table of what its associations earn.
func (c *programShowCmd) Run(a *app) error {
	p, err := readProgram(c.Program)
	if err != nil {
		return a.programProblems(err)
	}
	switch {
	case c.Associations && a.JSON:
		return a.writeJSON(a.Stdout, program.Associations(p, a.P.Lang))
	case c.Associations:
		return a.showAssociations(p)
	case a.JSON:
		return a.writeJSON(a.Stdout, p)
	}
	return a.showProgram(p)
}

// readProgram finds a program by reference or in a file; without either, the
// newest built-in one.
func readProgram(ref string) (*program.Program, error) {
	programs, err := program.Builtin()
	if err != nil {
		return nil, err
	}
	switch {
	case ref == "":
		return programs[len(programs)-1], nil
	case isProgramFile(ref):
		return parseProgramFile(ref)
	}
	return program.Find(programs, ref)
}

func parseProgramFile(name string) (*program.Program, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	return program.Read(name, f)
}

// programProblems says everything that is wrong with a program file, a line each.
func (a *app) programProblems(err error) error {
	problems, ok := errors.AsType[program.Problems](err)
	if !ok {
		return err
	}
	if a.JSON {
		if err := a.writeJSON(a.Stdout, map[string]any{"problems": problems}); err != nil {
			return err
		}
		return errProblems
	}
	for _, problem := range problems {
		fmt.Fprintln(a.Stdout, a.P.Error(problem))
	}
	return errProblems
}

func (a *app) showAssociations(p *program.Program) error {
	grid := textgrid.New(a.P.T("program.area"), a.P.T("program.metric"), a.P.T("program.track"),
		a.P.T("program.part"), a.P.T("program.workloads"), a.P.T("program.through"))
	for _, row := range program.Associations(p, a.P.Lang) {
		grid.Row(row.Area, row.Metric, row.Track, row.Part, row.Workloads, row.Types.String())
	}
	fmt.Fprintf(a.Stdout, "%s  %s\n\n", p.Ref(), p.Name.In(a.P.Lang))
	_, err := grid.WriteTo(a.Stdout)
	return err
}

func (a *app) showProgram(p *program.Program) error {
	fmt.Fprintf(a.Stdout, "%s  %s\n", p.Ref(), p.Name.In(a.P.Lang))
	fmt.Fprintln(a.Stdout, a.P.T("program.in-force", p.InForce.From, lastDay(p)))
	gate := "> "
	if p.Scoring.GateInclusive {
		gate = ">= "
	}
	fmt.Fprintln(a.Stdout, a.P.T("program.passes", p.Scoring.PassTotal, p.Scoring.TotalMax, gate+p.Scoring.GateValue.String()))
	fmt.Fprintln(a.Stdout, a.P.T("program.digest", program.Digest(p)))
	for i := range p.Areas {
		if err := a.showArea(p, &p.Areas[i]); err != nil {
			return err
		}
	}
	if err := a.showClaims(p); err != nil {
		return err
	}
	if err := a.showMembership(p); err != nil {
		return err
	}
	if err := a.showSpecializations(p); err != nil {
		return err
	}
	if err := a.showBenefits(p); err != nil {
		return err
	}
	if p.Badges != nil {
		if err := a.showFigures(a.P.T("program.badges"), p.Badges.Figures()); err != nil {
			return err
		}
	}
	return a.showSources(p)
}

// showClaims lists the rules for claims of a partner of record.
func (a *app) showClaims(p *program.Program) error {
	if p.Claims == nil {
		return nil
	}
	return a.showFigures(a.P.T("program.claims"), p.Claims.Figures())
}

// showMembership lists the rules for entering, renewing and losing designations, and
// what becomes of them later.
func (a *app) showMembership(p *program.Program) error {
	if p.Membership == nil {
		return nil
	}
	before := p.Membership.Figures()
	if err := a.showFigures(a.P.T("program.membership"), before); err != nil {
		return err
	}
	for i := range p.Membership.Changes {
		c := &p.Membership.Changes[i]
		after := c.Figures()
		changed := slices.DeleteFunc(slices.Clone(after), func(f program.Figure) bool {
			return slices.ContainsFunc(before, func(g program.Figure) bool { return g.Key == f.Key && g.Value == f.Value })
		})
		if err := a.showFigures(a.P.T("program.changes-from", *c.From), changed); err != nil {
			return err
		}
		before = after
	}
	return nil
}

// showFigures lists rules of one section, with how sure they are.
func (a *app) showFigures(title string, figures []program.Figure) error {
	fmt.Fprintf(a.Stdout, "\n%s\n", title)
	grid := textgrid.New(a.P.T("program.rule"), a.P.T("program.value"), a.P.T("program.basis"), a.P.T("program.note")).Indent("  ")
	for _, f := range figures {
		value, names := f.Value, f.Names
		for {
			if len(names) > 0 {
				value, names = names[0], names[1:]
			}
			basis := ""
			if f.Provenance.Basis != "" {
				basis = a.P.T("program.basis." + string(f.Provenance.Basis))
			}
			grid.Row(f.Key, value, basis, f.Provenance.Note)
			if len(names) == 0 {
				break
			}
			f = program.Figure{} // the rest of a list stands alone
		}
	}
	_, err := grid.WriteTo(a.Stdout)
	return err
}

func (a *app) showArea(p *program.Program, area *program.Area) error {
	fmt.Fprintf(a.Stdout, "\n%s (%s)\n", area.Name.In(a.P.Lang), area.ID)
	if area.Track.Kind != program.SingleTrack {
		fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("program.tracks."+string(area.Track.Kind), trackNames(a, area)))
	}
	if c := area.Track.Classifier; c != nil {
		fmt.Fprintf(a.Stdout, "  %s\n", a.classifierWords(area, c))
	}
	grid := textgrid.New(a.P.T("program.metric"), a.P.T("program.track"), a.P.T("program.part"), a.P.T("program.points"),
		a.P.T("program.full-at"), a.P.T("program.measured"), a.P.T("program.through"), a.P.T("program.basis")).Right(3, 4).Indent("  ")
	var notes footnotes
	for _, metric := range area.Metrics {
		for _, track := range area.Track.Tracks {
			rule := metric.Rules[track]
			name := ""
			if track != program.Single {
				name = area.Track.Names[track].In(a.P.Lang)
			}
			start := []string{metric.Name.In(a.P.Lang), name}
			basis := a.P.T("program.basis." + string(rule.Provenance.Basis))
			for i := range rule.People {
				people := &rule.People[i]
				grid.Row(append(start, fromWords(a, people), rule.Max.String(), a.P.T("program.each", people.PerPerson), peopleWords(a, people, &notes), "", basis)...)
			}
			for i := range rule.Components {
				c := &rule.Components[i]
				grid.Row(append(start, c.ID, c.Max.String(), c.Threshold.String(), measureWords(a, &c.Measure), throughWords(&c.Measure), basis)...)
			}
		}
	}
	if _, err := grid.WriteTo(a.Stdout); err != nil {
		return err
	}
	for i, note := range notes {
		fmt.Fprintf(a.Stdout, "  [%d] %s\n", i+1, note)
	}
	return nil
}

// footnotes are lists too long for a table.
type footnotes []string

// add returns the list itself if it is short, or else the number of its footnote.
func (f *footnotes) add(names []string) string {
	const short = 7
	list := strings.Join(names, " | ")
	if len(names) <= short {
		return list
	}
	at := slices.Index(*f, list)
	if at < 0 {
		at = len(*f)
		*f = append(*f, list)
	}
	return "[" + strconv.Itoa(at+1) + "]"
}

func trackNames(a *app, area *program.Area) string {
	var names []string
	for _, track := range area.Track.Tracks {
		names = append(names, area.Track.Names[track].In(a.P.Lang))
	}
	return strings.Join(names, ", ")
}

func (a *app) classifierWords(area *program.Area, c *program.Classifier) string {
	then, otherwise := area.Track.Names[c.Then].In(a.P.Lang), area.Track.Names[c.Otherwise].In(a.P.Lang)
	switch c.Kind {
	case program.BySellingWorkloads:
		return a.P.T("program.classifier.selling", then, c.AtLeast, c.Above, otherwise)
	case program.BySegment:
		return a.P.T("program.classifier.segment", then, c.Share.Mul(kizuna.Int(100)).Show(), c.Segment, otherwise)
	}
	countries := strings.Join(c.Countries, ", ")
	if countries == "" {
		countries = a.P.T("program.not-known")
	}
	return a.P.T("program.classifier.market", then, countries, otherwise)
}

func fromWords(a *app, people *program.PeopleRule) string {
	if people.From == nil {
		return ""
	}
	return a.P.T("program.from-day", *people.From)
}

// peopleWords says who is counted.
func peopleWords(a *app, people *program.PeopleRule, notes *footnotes) string {
	words := a.P.T("program.people", notes.add(people.Counted))
	for _, step := range people.Steps {
		words += "; " + a.P.T("program.step", step)
	}
	return words
}

// measureWords says what is measured, clause by clause.
func measureWords(a *app, m *program.Measure) string {
	words := []string{a.P.T("program.measure." + string(m.Subject) + "." + string(m.Quantity))}
	switch {
	case m.Amount != nil && m.Quantity == program.ActiveUsers:
		words = append(words, a.P.T("program.active-users", m.Amount))
	case m.Amount != nil:
		words[0] += " " + m.Amount.String()
	}
	if m.Seats != nil {
		words = append(words, a.P.T("program.seats", m.Seats))
	}
	if m.StaysAfterGrowth {
		words = append(words, a.P.T("program.stays"))
	}
	if m.Share != nil {
		words = append(words, a.P.T("program.share", m.Share.Mul(kizuna.Int(100)).Show()))
	}
	if m.NewShareAtMost != nil {
		words = append(words, a.P.T("program.new-share", m.NewShareAtMost.Mul(kizuna.Int(100)).Show()))
	}
	switch {
	case m.Window.Kind == program.Trailing:
		words = append(words, a.P.T("program.trailing", m.Window.Months))
	case m.Window.Months > 1:
		words = append(words, a.P.T("program.months", m.Window.Months))
	}
	if m.Change != program.Gross {
		words = append(words, a.P.T("program.change."+string(m.Change), m.Window.Back))
	}
	if m.SinceAssociation {
		words = append(words, a.P.T("program.since-association"))
	}
	if m.FloorNow != nil {
		words = append(words, a.P.T("program.floor-now", *m.FloorNow))
	}
	if m.FloorBase != nil {
		words = append(words, a.P.T("program.floor-base", *m.FloorBase))
	}
	if len(m.Channels) > 0 {
		words = append(words, strings.Join(m.Channels, "/"))
	}
	return strings.Join(words, ", ")
}

func throughWords(m *program.Measure) string {
	var all []string
	for _, f := range m.Feeds {
		words := f.Types.String()
		if len(m.Feeds) > 1 {
			words = f.Workloads.List + ": " + words
		}
		all = append(all, words)
	}
	return strings.Join(all, "; ")
}

func (a *app) showSources(p *program.Program) error {
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("program.sources"))
	grid := textgrid.New().Indent("  ")
	for _, key := range slices.Sorted(maps.Keys(p.Sources)) {
		source := p.Sources[key]
		grid.Row(key, source.Date, source.Title)
	}
	_, err := grid.WriteTo(a.Stdout)
	return err
}

type programCheckCmd struct {
	Files []string `arg:"" placeholder:"FILE" help:"help.program-files"`
}

// Run checks every file and says all that is wrong with each.
func (c *programCheckCmd) Run(a *app) error {
	type verdict struct {
		File     string           `json:"file"`
		Ref      string           `json:"ref,omitempty"`
		Problems program.Problems `json:"problems"`
	}
	var verdicts []verdict
	failed := false
	for _, name := range c.Files {
		p, err := parseProgramFile(name)
		problems, known := errors.AsType[program.Problems](err)
		switch {
		case err == nil:
			verdicts = append(verdicts, verdict{File: name, Ref: p.Ref(), Problems: program.Problems{}})
		case known:
			failed = true
			verdicts = append(verdicts, verdict{File: name, Problems: problems})
		default:
			return err
		}
		if a.JSON {
			continue
		}
		if err == nil {
			fmt.Fprintln(a.Stdout, a.P.T("program.checked", name, p.Ref()))
		}
		for _, problem := range problems {
			fmt.Fprintln(a.Stdout, a.P.Error(problem))
		}
	}
	if a.JSON {
		if err := a.writeJSON(a.Stdout, verdicts); err != nil {
			return err
		}
	}
	if failed {
		return errProblems
	}
	return nil
}

type programDiffCmd struct {
	Before string `arg:"" placeholder:"REF|FILE" help:"help.program-before"`
	After  string `arg:"" placeholder:"REF|FILE" help:"help.program-after"`
}

// Run tells what differs between two programs.
func (c *programDiffCmd) Run(a *app) error {
	before, err := readProgram(c.Before)
	if err != nil {
		return a.programProblems(err)
	}
	after, err := readProgram(c.After)
	if err != nil {
		return a.programProblems(err)
	}
	differences := program.Diff(before, after)
	if a.JSON {
		return a.writeJSON(a.Stdout, slices.Concat([]program.Difference{}, differences))
	}
	if len(differences) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("program.same", before.Ref(), after.Ref()))
		return nil
	}
	grid := textgrid.New(a.P.T("program.path"), before.Ref(), after.Ref())
	for _, d := range differences {
		grid.Row(d.Path, d.Old, d.New)
	}
	if _, err := grid.WriteTo(a.Stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.Stdout, a.P.T("program.differences", strconv.Itoa(len(differences))))
	return err
}

type programSchemaCmd struct{}

// Run prints the JSON Schema of program files.
func (c *programSchemaCmd) Run(a *app) error {
	_, err := a.Stdout.Write(program.Schema())
	return err
}
