package command

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/segmentcache"
)

// questionFlags are what every command takes that asks about facts.
type questionFlags struct {
	placeFlags
	KnownAt     string `name:"known-at" placeholder:"MOMENT" help:"help.known-at"`
	Program     string `name:"program" placeholder:"REF|FILE" help:"help.program"`
	AsOf        string `name:"as-of" placeholder:"DATE" help:"help.as-of"`
	CSPHistory  string `name:"csp-history" enum:"owner_on_D,by_interval,program" default:"program" help:"help.csp-history"`
	Attribution string `name:"attribution" enum:"both,own,asserted" default:"both" help:"help.attribution"`
	Gate        string `name:"metric-gate" enum:"program,above-0,at-least-1" default:"program" help:"help.metric-gate"`
	// Specializations asks about these instead of areas.
	Specializations bool `kong:"-"`
	// Besides asks about these specializations besides areas.
	Besides []string `kong:"-"`
}

// oracleFlag is for commands that answer from packed usage, as the kernel counts it:
// all usage is read instead, and counted by the rules in their clear form.
type oracleFlag struct {
	Oracle bool `name:"oracle" help:"help.oracle"`
}

// inquiry is what a data directory or a store holds, loaded, and the answer to a question about it.
type inquiry struct {
	shelf  dataset.Shelf
	data   *dataset.Dataset
	facts  *score.Facts
	answer *score.Answer
	notes  []*kizuna.Error // of the cache
	behind *packedBehind   // if figures are opened from packed usage

	question score.Question
	scenario kizuna.Hash // of the facts; zero: they are as they are
}

// ask loads the facts and scores them.
func (f *questionFlags) ask(a *app) (*inquiry, error) {
	in, err := f.load(a)
	if err != nil {
		return nil, err
	}
	in.answer = score.Ask(in.question, in.facts)
	return in, nil
}

// load loads the facts, with all rows of usage, and the question.
func (f *questionFlags) load(a *app) (*inquiry, error) {
	shelf, own, err := f.shelf(a, f.KnownAt)
	if err != nil {
		return nil, err
	}
	data, err := a.load(shelf, own)
	if err != nil {
		return nil, err
	}
	q, err := f.question(shelf, data)
	if err != nil {
		return nil, err
	}
	return &inquiry{shelf: shelf, data: data, facts: factsOf(data), question: q}, nil
}

func factsOf(data *dataset.Dataset) *score.Facts {
	return &score.Facts{
		Facts: attribution.Facts{
			Associations: &data.Associations,
			Usage:        data.Ledger,
			Rates:        data.Rates,
		},
		People:   &data.People,
		Coverage: data.Coverage(),
	}
}

// count is [questionFlags.ask] by the kernel, from packed usage: the answer knows the
// scores and no usage rows.
func (f *questionFlags) count(a *app) (*inquiry, error) {
	c, err := f.packed(a)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return f.ask(a)
	}
	totals, err := c.k.Run(a.Context, c.View, kernel.Options{})
	if err != nil {
		return nil, err
	}
	facts := factsOf(c.Data)
	answer := score.AskCounted(c.q, facts, &score.Counted{Plan: c.k.Plan, Totals: totals, Survey: c.Survey})
	return &inquiry{shelf: c.shelf, data: c.Data, facts: facts, answer: answer, notes: c.Notes, question: c.q}, nil
}

// packedQuestion is a question about packed usage, and the kernel that counts it.
type packedQuestion struct {
	*segmentcache.Facts
	shelf dataset.Shelf
	q     score.Question
	k     *kernel.Kernel
}

// packed makes ready to answer from packed usage. It returns nil if that is not what the
// program would count.
func (f *questionFlags) packed(a *app) (*packedQuestion, error) {
	shelf, packed, err := f.facts(a, f.KnownAt)
	if err != nil {
		return nil, err
	}
	q, err := f.question(shelf, packed.Data)
	if err != nil {
		return nil, err
	}
	if _, twins := packed.Twins(q.Program); twins {
		a.log().Debug("the packed usage counts rows twice that are one under the program: all usage is read")
		return nil, nil
	}
	k, err := kernel.Compile(attribution.NewPlan(q.Program, q.AsOf), q.Trust)
	return &packedQuestion{packed, shelf, q, k}, err
}

// question fills in what was not said: the day after the last month that every
// source covers, and the program in force on it.
func (f *questionFlags) question(shelf dataset.Shelf, data *dataset.Dataset) (score.Question, error) {
	day, ok := data.Coverage().AsOf()
	return f.questionOn(shelf, day, ok)
}

// questionOn is a question about a day, unless another was said; ok is false if the
// place holds no usage, and so has no day of its own.
func (f *questionFlags) questionOn(place any, day kizuna.Date, ok bool) (q score.Question, err error) {
	q.Trust, q.AsOf = attribution.Trust(f.Attribution), day
	switch {
	case f.AsOf != "":
		if q.AsOf, err = kizuna.ParseDate(f.AsOf); err != nil {
			return q, err
		}
	case !ok:
		return q, kizuna.Errorf("as-of-missing", "%s holds no usage, so there is no last month to ask about", place).
			WithMend("name the day: --as-of 2023-11-15")
	}
	p, carried, err := programFor(f.Program, q.AsOf)
	if err != nil {
		return q, err
	}
	q.Program, q.Carried = f.adjust(p).WithSpecializations(q.AsOf, f.Besides...), carried
	if f.Specializations {
		q.Program, q.Specializations = q.Program.ForSpecializations(q.AsOf), true
	}
	return q, nil
}

// adjust puts the readings that the user chose over the program's own.
func (f *questionFlags) adjust(p *program.Program) *program.Program {
	changed := *p
	if f.CSPHistory != "program" {
		changed.CSPHistory = program.CSPHistory(f.CSPHistory)
	}
	switch f.Gate {
	case "above-0":
		changed.Scoring.GateValue, changed.Scoring.GateInclusive = kizuna.Fraction{}, false
	case "at-least-1":
		changed.Scoring.GateValue, changed.Scoring.GateInclusive = kizuna.Int(1), true
	}
	return &changed
}

// programFor finds a program by reference, in a file, or by the day. A program
// that is named is taken even on days when it is not in force.
func programFor(ref string, day kizuna.Date) (p *program.Program, carried bool, err error) {
	switch {
	case ref == "":
		return program.BuiltinInForceOn("mcpp", day)
	case isProgramFile(ref):
		data, err := os.ReadFile(ref)
		if err != nil {
			return nil, false, unreadable(ref, err)
		}
		p, err = program.Parse(ref, data)
		return p, false, err
	}
	p, err = program.BuiltinNamed(ref)
	return p, p != nil && !p.InForce.Contains(day), err
}

func isProgramFile(ref string) bool {
	return strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml") || strings.ContainsRune(ref, os.PathSeparator)
}

// warn says on standard error which rows could not be understood, which usage two
// files measure and what counts in a way that should be said, so that nothing is
// dropped silently; the answer itself stands on standard output.
func (a *app) warn(in *inquiry) {
	const most = 10
	data := in.data
	for _, note := range slices.Concat(in.notes, data.Overlaps, in.answer.Remarks()) {
		fmt.Fprintf(a.Stderr, "%s\n", a.P.Error(note))
	}
	for i, problem := range data.Problems {
		if i == most {
			break
		}
		fmt.Fprintf(a.Stderr, "%s\n", a.P.Error(problem))
	}
	refused := 0
	for i := range data.Sources {
		refused += data.Sources[i].Refused
	}
	if refused > most {
		fmt.Fprintln(a.Stderr, a.P.T("warn.refused", refused))
	}
}
