package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/advice/watch"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/textgrid"
)

// beside is where something is kept that belongs to the place: in the data directory,
// beside the SQLite file, or, of a database server, where the user's settings are.
func (f *placeFlags) beside(what string) (string, error) {
	stored := storeFlags{Store: f.Store}
	switch {
	case !f.inStore():
		return filepath.Join(f.Data, what), nil
	case !stored.postgres():
		return stored.file() + "." + what, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", kizuna.Errorf("beside-nowhere", "there is no place to keep %s of %s", what, withoutPassword(f.Store)).
			WithMend("set the environment variable HOME").WithCause(err)
	}
	return filepath.Join(dir, "kizuna", kizuna.HashOf([]byte(withoutPassword(f.Store))).String()[:16], what), nil
}

// savedScenario is a scenario that is kept, and what it promised.
type savedScenario struct {
	dir  string
	name string
}

func (f *placeFlags) saved(name string) savedScenario {
	dir, err := f.beside("scenarios")
	if err != nil {
		dir = "" // nothing is there
	}
	return savedScenario{dir, name}
}

func (s savedScenario) file() string    { return filepath.Join(s.dir, s.name+".yaml") }
func (s savedScenario) promise() string { return filepath.Join(s.dir, s.name+".promise.json") }

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// promise is what a scenario promised when it was saved.
type promise struct {
	Name     string        `json:"name"`
	Title    program.Text  `json:"title,omitzero"`
	Scenario string        `json:"scenario"` // "sha256:…"
	Saved    kizuna.Moment `json:"saved_at"`
	Proofs   proofs        `json:"proofs"`
	// The readings under which it was asked.
	CSPHistory  string       `json:"csp_history"`
	Attribution string       `json:"attribution"`
	Gate        string       `json:"metric_gate"`
	Before      *watch.State `json:"before"`
	After       *watch.State `json:"after"`
	// Usage is what usage came to under what was assumed of it, by growth and projection.
	Usage []assumedUsage `json:"usage,omitempty"`
}

// assumedUsage is what is consumed of a selection under a scenario.
type assumedUsage struct {
	Tenant       string       `json:"tenant_id,omitempty"`
	Subscription string       `json:"subscription_id,omitempty"`
	Workload     string       `json:"workload,omitempty"`
	From         kizuna.Month `json:"from"`
	To           kizuna.Month `json:"to"`
	advice.Consumed
}

func readPromise(s savedScenario) (*promise, error) {
	data, err := os.ReadFile(s.promise())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, kizuna.Errorf("scenario-unsaved", "no scenario %q is saved here", s.name).
			WithMend("see what is: kizuna simulate list; save one: kizuna simulate save FILE")
	}
	if err != nil {
		return nil, unreadable(s.promise(), err)
	}
	p := new(promise)
	if err := json.Unmarshal(data, p); err != nil || p.After == nil || p.Before == nil {
		return nil, kizuna.Errorf("promise-unreadable", "what the scenario %q promised cannot be read", s.name).
			WithMend("save the scenario again").WithRef(kizuna.Ref{File: s.promise()}).WithCause(err)
	}
	return p, nil
}

// simulateSaveCmd keeps a scenario with what it promises.
type simulateSaveCmd struct {
	adviceFlags
	File string `arg:"" type:"existingfile" help:"help.simulate-scenario"`
	Name string `name:"name" placeholder:"NAME" help:"help.simulate-name"`
}

// Run evaluates the scenario and keeps it.
func (c *simulateSaveCmd) Run(a *app) error {
	s := &simulated{File: c.File}
	read, hash, err := readScenario(c.File)
	if err != nil {
		return err
	}
	switch {
	case c.Name != "":
		read.Name = c.Name
	case read.Name == "":
		read.Name = strings.ToLower(nameOfFile(c.File))
	}
	if _, err := scenario.ParseName(read.Name); err != nil {
		return err
	}
	s.scenario, s.Name, s.Title, s.Hash = read, read.Name, read.Title, "sha256:"+hash.String()
	in, err := c.advised(a)
	if err != nil {
		return err
	}
	if err := in.simulate(&c.questionFlags, s); err != nil {
		return err
	}
	now, err := clock()
	if err != nil {
		return err
	}
	p := &promise{
		Name: s.Name, Title: s.Title, Scenario: s.Hash, Saved: kizuna.MomentOf(now()), Proofs: s.Proofs, Before: s.before, After: s.after,
		CSPHistory: c.CSPHistory, Attribution: c.Attribution, Gate: c.Gate,
		Usage: assumed(in.base, s.changes),
	}
	if err := c.keep(p, read); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, s)
	}
	a.warn(in.inquiry)
	fmt.Fprintln(a.Stdout, a.P.T("simulate.saved", s.Name, c.saved(s.Name).file()))
	v := &movementView{app: a, w: a.Stdout, rules: s.after.Rules()}
	v.areas(s.Movement, a.P.T("simulate.column.now"), a.P.T("simulate.column.then"))
	return nil
}

// keep writes both files. A scenario of that name takes another's place.
func (c *simulateSaveCmd) keep(p *promise, s *scenario.Scenario) error {
	dir, err := c.beside("scenarios")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unwritable(dir, err)
	}
	text, err := scenario.Format(s, dataset.ScenarioTables{})
	if err != nil {
		return err
	}
	at := savedScenario{dir, p.Name}
	if err := writeWhole(at.file(), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		return err
	}
	return writeWhole(at.promise(), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(p)
	})
}

// assumed adds up what is assumed of usage.
func assumed(b *advice.Base, c *advice.Changes) (out []assumedUsage) {
	ask := func(g advice.Growth) {
		usage := advice.Changes{Usage: c.Usage, Growth: c.Growth, Projection: c.Projection}
		out = append(out, assumedUsage{g.Tenant, g.Subscription, g.Workload, g.From, g.To, b.Consumed(&g, &usage)})
	}
	for i := range c.Usage {
		u := &c.Usage[i]
		ask(advice.Growth{Tenant: u.Tenant, Subscription: u.Subscription, Workload: u.Workload, From: u.Month, To: u.Month})
	}
	for _, g := range c.Growth {
		ask(g)
	}
	if p := c.Projection; p != nil {
		ask(advice.Growth{From: p.From.Add(1), To: p.Until})
	}
	return out
}

// simulateListCmd lists the scenarios that are kept.
type simulateListCmd struct {
	placeFlags
}

// Run lists them.
func (c *simulateListCmd) Run(a *app) error {
	dir, err := c.beside("scenarios")
	if err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(strings.NewReplacer("[", `\[`, "*", `\*`, "?", `\?`).Replace(dir), "*.promise.json"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	all := []*promise{}
	for _, name := range names {
		p, err := readPromise(savedScenario{dir, strings.TrimSuffix(filepath.Base(name), ".promise.json")})
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("simulate.none"))
		return nil
	}
	g := textgrid.New(a.P.T("simulate.column.name"), a.P.T("simulate.column.title"), a.P.T("simulate.column.account"), a.P.T("simulate.column.saved"), a.P.T("simulate.column.as-of"), a.P.T("simulate.column.program"))
	for _, p := range all {
		g.Row(p.Name, p.Title.In(a.P.Lang), p.After.Account, p.Saved.Instant().String(), p.After.AsOf.String(), p.After.Program)
	}
	g.WriteTo(a.Stdout)
	return nil
}

// simulateShowCmd shows a scenario and what it promised.
type simulateShowCmd struct {
	placeFlags
	Name string `arg:"" help:"help.simulate-name"`
}

// Run shows it.
func (c *simulateShowCmd) Run(a *app) error {
	s := c.saved(c.Name)
	p, err := readPromise(s)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(s.file())
	if err != nil {
		return unreadable(s.file(), err)
	}
	m := watch.Compare(p.Before, p.After, builtinProgram)
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"name": p.Name, "saved_at": p.Saved, "scenario": string(text), "proofs": p.Proofs, "movement": m})
	}
	fmt.Fprintf(a.Stdout, "%s\n%s\n", s.file(), text)
	v := &movementView{app: a, w: a.Stdout, rules: rulesOf(p.After.Program)}
	v.areas(m, a.P.T("simulate.column.before"), a.P.T("simulate.column.promised"))
	fmt.Fprintln(a.Stdout, a.P.T("simulate.proofs", p.Proofs.Before, p.Proofs.After))
	return nil
}

// builtinProgram finds a version by its reference; nil if it is none.
func builtinProgram(ref string) *program.Program {
	p, _, err := programFor(ref, 0)
	if err != nil || isProgramFile(ref) {
		return nil
	}
	return p
}

// rulesOf are the rules of a built-in version, or none.
func rulesOf(ref string) *program.Program {
	if p := builtinProgram(ref); p != nil {
		return p
	}
	return new(program.Program)
}

// simulateReplayCmd sets what a scenario promised against what happened.
type simulateReplayCmd struct {
	adviceFlags
	Name string `arg:"" help:"help.simulate-name"`
	Most int    `name:"most" default:"10" help:"help.most"`
}

// replayed is a promise and what happened.
type replayed struct {
	Name      string          `json:"name"`
	Saved     kizuna.Moment   `json:"saved_at"`
	Promised  *watch.Movement `json:"promised"`  // from what was then to what was promised
	Happened  *watch.Movement `json:"happened"`  // from what was then to what is now
	Remainder *watch.Movement `json:"remainder"` // from what was promised to what is now
	Assumed   []scenario.Came `json:"assumed"`
}

// Run replays a scenario.
func (c *simulateReplayCmd) Run(a *app) error {
	saved := c.saved(c.Name)
	p, err := readPromise(saved)
	if err != nil {
		return err
	}
	s, _, err := readScenario(saved.file())
	if err != nil {
		return err
	}
	if c.Partner == "" {
		c.Partner = p.After.Account
	}
	if c.Program == "" && builtinProgram(p.After.Program) != nil {
		c.Program = p.After.Program // like with like
	}
	c.CSPHistory, c.Attribution, c.Gate = p.CSPHistory, p.Attribution, p.Gate
	in, err := c.advised(a)
	if err != nil {
		return err
	}
	now := watch.Of(in.base.Now())
	out := &replayed{
		Name: p.Name, Saved: p.Saved,
		Promised: watch.Compare(p.Before, p.After, builtinProgram), Happened: watch.Compare(p.Before, now, builtinProgram),
		Remainder: watch.Compare(p.After, now, builtinProgram),
	}
	ground := scenario.Of(in.base, lastMonth(in.data))
	ground.Uses = func(*advice.Growth) bool { return true } // what there is not came to nothing
	if out.Assumed, err = s.Came(ground, in.base.Question.AsOf, func(g *advice.Growth) (promised, now advice.Consumed) {
		for _, u := range p.Usage {
			if strings.EqualFold(u.Tenant, g.Tenant) && strings.EqualFold(u.Subscription, g.Subscription) && u.Workload == g.Workload && u.From == g.From && u.To == g.To {
				promised = u.Consumed
			}
		}
		return promised, in.base.Consumed(g, nil)
	}); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, out)
	}
	a.warn(in.inquiry)
	c.say(a, in, out)
	return nil
}

func (c *simulateReplayCmd) say(a *app, in *adviceInquiry, r *replayed) {
	fmt.Fprintln(a.Stdout, a.P.T("advice.question", in.who(), in.question.Program.Ref(), in.question.AsOf))
	fmt.Fprintf(a.Stdout, "%s\n\n", a.P.T("simulate.replays", r.Name, r.Saved.Instant(), r.Promised.After.AsOf))
	v := in.view(a, in.question.Program, c.Most)
	g := textgrid.New(a.P.T("column.area"), a.P.T("simulate.column.before"), a.P.T("simulate.column.promised"), a.P.T("simulate.column.happened"), a.P.T("simulate.column.short")).Right(1, 2, 3, 4).Indent("  ")
	for i := range r.Remainder.Areas {
		m := &r.Remainder.Areas[i]
		before := "-"
		for k := range r.Promised.Areas {
			if r.Promised.Areas[k].ID == m.ID {
				before = pointsOf(r.Promised.Areas[k].Before)
			}
		}
		g.Row(v.area(m.ID), before, pointsOf(m.Before), pointsOf(m.After), signedExact(m.Difference))
	}
	g.WriteTo(a.Stdout)
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("simulate.assumed"))
	for _, came := range r.Assumed {
		line := a.P.T("simulate."+string(came.Fate), came.What)
		if came.Assumed != nil {
			line += a.P.T("simulate.usage", usedText(a, *came.Assumed), usedText(a, *came.Found))
		}
		fmt.Fprintf(a.Stdout, "  %s\n", line)
	}
	if !r.Remainder.Moved() {
		fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("simulate.kept"))
		return
	}
	v.open = strings.Join(append([]string{"kizuna explain"}, c.placeArgs(in.account, &c.questionFlags, "")...), " ")
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("simulate.remainder"))
	v.details(r.Remainder)
}
