package command

import (
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/calc"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/textgrid"
)

// calcCmd scores figures that a person types in.
type calcCmd struct {
	Program string `name:"program" placeholder:"REF|FILE" help:"help.calc-program"`
	File    string `arg:"" optional:"" default:"-" placeholder:"FILE" help:"help.calc-file"`
}

// Run answers every case; one that cannot be answered does not keep the others
// from being answered.
func (c *calcCmd) Run(a *app) error {
	calculator, err := c.calculator()
	if err != nil {
		return err
	}
	file, err := c.read(a)
	if err != nil {
		return err
	}
	calculator.Cases = file.Index()
	answers := make([]*calc.Answer, len(file.Cases))
	failures := make([]error, len(file.Cases))
	for i := range file.Cases {
		answers[i], failures[i] = calculator.Answer(&file.Cases[i])
	}
	if file.Single && failures[0] != nil {
		return failures[0]
	}
	if a.JSON {
		err = c.writeJSON(a, file, answers, failures)
	} else {
		err = c.writeText(a, calculator.Programs, answers, failures)
	}
	if err != nil {
		return err
	}
	if errors.Join(failures...) != nil {
		return errProblems
	}
	return nil
}

// calculator knows the built-in programs, and one in a file in place of the
// built-in one of the same name.
func (c *calcCmd) calculator() (*calc.Calculator, error) {
	programs, err := program.Builtin()
	if err != nil || c.Program == "" {
		return &calc.Calculator{Programs: programs}, err
	}
	p, _, err := programFor(c.Program, 0)
	if err != nil {
		return nil, err
	}
	programs = slices.DeleteFunc(programs, func(q *program.Program) bool { return q.Ref() == p.Ref() })
	return &calc.Calculator{Programs: append(programs, p), Default: p.Ref()}, nil
}

func (c *calcCmd) read(a *app) (*calc.File, error) {
	if c.File == "-" {
		return calc.Parse(a.Stdin, "-")
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, kizuna.Errorf("calc-file", "the cases in %s cannot be read", c.File).
			WithMend("check the path and the permissions; - reads standard input").WithCause(err)
	}
	defer func() { _ = f.Close() }() // only read
	return calc.Parse(io.Reader(f), c.File)
}

// failedCase stands in JSON where the answer to a case would.
type failedCase struct {
	ID    string `json:"id"`
	Error any    `json:"error"`
}

func (c *calcCmd) writeJSON(a *app, file *calc.File, answers []*calc.Answer, failures []error) error {
	if file.Single {
		return a.writeJSON(a.Stdout, answers[0])
	}
	all := make([]any, len(answers))
	for i, answer := range answers {
		all[i] = answer
		if failures[i] != nil {
			all[i] = failedCase{file.Cases[i].ID, errorForJSON(failures[i])}
		}
	}
	return a.writeJSON(a.Stdout, struct {
		Cases []any `json:"cases"`
	}{all})
}

func (c *calcCmd) writeText(a *app, programs []*program.Program, answers []*calc.Answer, failures []error) error {
	grid := textgrid.New(a.P.T("calc.case"), a.P.T("calc.program"), a.P.T("calc.question"), a.P.T("calc.answer"))
	for i, answer := range answers {
		if failures[i] != nil {
			a.fail(failures[i])
			continue
		}
		v := calcView{app: a, answer: answer}
		for _, p := range programs {
			if p.Ref() == answer.Program {
				v.program = p
				break
			}
		}
		grid.Row(answer.ID, answer.Program, v.question(), v.words())
	}
	if grid.Len() == 0 {
		return nil
	}
	_, err := grid.WriteTo(a.Stdout)
	return err
}

// calcView puts an answer into words.
type calcView struct {
	*app
	answer  *calc.Answer
	program *program.Program
}

// question names what was asked: the place, or the kind of case.
func (v calcView) question() string {
	parts := []string{}
	if area := v.program.Area(v.answer.Area); area != nil {
		parts = append(parts, area.Name.In(v.P.Lang))
	}
	if v.answer.Metric != "" {
		parts = append(parts, v.metric(v.answer.Metric))
	}
	if v.answer.Track != "" {
		parts = append(parts, v.track(v.answer.Track))
	}
	switch v.answer.Type {
	case calc.Metric, calc.People, calc.Area:
	default:
		parts = append([]string{v.P.T("calc.type." + string(v.answer.Type))}, parts...)
	}
	return strings.Join(parts, " / ")
}

func (v calcView) metric(id string) string {
	if area := v.program.Area(v.answer.Area); area != nil {
		if m := area.Metric(id); m != nil {
			return m.Name.In(v.P.Lang)
		}
	}
	return id
}

func (v calcView) track(id string) string {
	if area := v.program.Area(v.answer.Area); area != nil {
		if name := area.Track.Names[id].In(v.P.Lang); name != "" {
			return name
		}
	}
	return id
}

// words says what the case comes to.
func (v calcView) words() string {
	out := v.answer
	switch out.Type {
	case calc.Metric, calc.People:
		return v.points()
	case calc.AreaTracks:
		words := v.P.T("calc.best-track", out.Display, v.track(out.BestTotalTrack))
		if out.QualifyingTrack != "" {
			return words + v.P.T("calc.qualifies-through", v.track(out.QualifyingTrack))
		}
		return words + v.qualified()
	case calc.Area, calc.AreaInline:
		return v.P.T("calc.total", out.Display) + v.qualified()
	case calc.Qualify:
		return v.P.T("calc.total", out.DisplayTotal) + v.qualified()
	case calc.Needed:
		return v.P.T("calc.more", strconv.FormatInt(*out.More, 10), v.rounded(out.Gain, v.program.Scoring.MetricDecimals))
	case calc.MCV:
		return v.rounded(out.MCV, 6)
	case calc.Window:
		return v.P.T("calc.from-to", out.Start, out.End)
	case calc.RenewalWindow:
		return v.P.T("calc.from-to", out.Opens, out.Closes)
	case calc.Anniversary:
		return out.Anniversary.String()
	default:
		return v.months()
	}
}

// rounded writes an exact figure as people read it.
func (v calcView) rounded(exact string, decimals int) string {
	f, err := kizuna.ParseFraction(exact)
	if err != nil {
		return exact
	}
	return calc.Display(f, decimals)
}

func (v calcView) points() string {
	out := v.answer
	decimals := v.program.Scoring.MetricDecimals
	words := v.P.T("calc.points", out.Display, v.rounded(out.Max, decimals))
	var each []string
	for _, component := range append(out.Options[:len(out.Options):len(out.Options)], out.Parts...) {
		each = append(each, component.Name+" "+v.rounded(component.Value, decimals))
	}
	if len(each) > 0 {
		words += v.P.T("calc.each", strings.Join(each, v.P.T("calc.comma")))
	}
	if out.Type == calc.People && out.Counted != nil {
		words += v.P.T("calc.counted", strconv.FormatInt(*out.Counted, 10))
	}
	for _, step := range out.Unmet {
		words += v.P.T("calc.unmet", strings.Join(step.AnyOf, "/"), step.Have, step.Need)
	}
	for _, n := range out.NotCounted {
		words += v.P.T("calc.not-counted", n.Certificate, n.Person)
	}
	return words
}

// qualified says whether the total passes, and if not what is lacking.
func (v calcView) qualified() string {
	out := v.answer
	if *out.Qualified {
		return v.P.T("calc.qualified")
	}
	words := v.P.T("calc.not-qualified")
	if out.Missing == nil {
		return words
	}
	if out.Missing.Points != "0" {
		words += v.P.T("calc.short", v.rounded(out.Missing.Points, 2))
	}
	var metrics []string
	for _, id := range out.Missing.Metrics {
		metrics = append(metrics, v.metric(id))
	}
	if len(metrics) > 0 {
		words += v.P.T("calc.without-points", strings.Join(metrics, v.P.T("calc.comma")))
	}
	return words
}

func (v calcView) months() string {
	list := func(months []kizuna.Month) string {
		var names []string
		for _, m := range months {
			names = append(names, m.String())
		}
		return strings.Join(names, v.P.T("calc.comma"))
	}
	if len(v.answer.Baseline) == 0 {
		return list(v.answer.Current)
	}
	return v.P.T("calc.against", list(v.answer.Current), list(v.answer.Baseline))
}
