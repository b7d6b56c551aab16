package command

import (
	"errors"
	"io"
	"os"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/score"
)

// scenarioFlags are [questionFlags] that can be asked about facts as they would be.
type scenarioFlags struct {
	questionFlags
	Scenario string `name:"scenario" type:"existingfile" placeholder:"FILE" help:"help.scenario"`
}

// readScenario reads a scenario file, no more of it than one may hold. It also returns
// what tells it apart.
func readScenario(name string) (s *scenario.Scenario, hash kizuna.Hash, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, hash, unreadable(name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, scenario.MaxBytes+1))
	if err != nil {
		return nil, hash, unreadable(name, err)
	}
	if s, err = scenario.Parse(name, data, dataset.ScenarioTables{}); err != nil {
		return nil, hash, err
	}
	if s.Changed() {
		hash, err = scenario.Hash(s, dataset.ScenarioTables{})
	}
	return s, hash, err
}

// under returns the flags of a question that a scenario asks: what the command line
// says goes first.
func (f *questionFlags) under(s *scenario.Scenario) *questionFlags {
	out := *f
	if out.AsOf == "" && s.AsOf != nil {
		out.AsOf = s.AsOf.String()
	}
	if out.Program == "" {
		out.Program = s.Program
	}
	return &out
}

// lastMonth is the last month that every source of usage covers; 0 if there is none.
func lastMonth(data *dataset.Dataset) kizuna.Month {
	day, ok := data.Coverage().AsOf()
	if !ok {
		return 0
	}
	return day.Month().Add(-1)
}

// ask loads the facts and scores them as they are, or would be.
func (f *scenarioFlags) ask(a *app) (*inquiry, error) {
	if f.Scenario == "" {
		return f.questionFlags.ask(a)
	}
	s, hash, err := readScenario(f.Scenario)
	if err != nil {
		return nil, err
	}
	in, err := f.under(s).load(a)
	if err != nil {
		return nil, err
	}
	changes, err := s.Changes(scenario.OfFacts(in.question.Program, in.facts, lastMonth(in.data)))
	if err != nil {
		return nil, err
	}
	if in.facts, err = changes.Apply(in.facts); err != nil {
		return nil, err
	}
	in.data.Ledger = in.facts.Usage
	in.scenario = hash
	in.answer = score.Ask(in.question, in.facts)
	return in, nil
}

// count is [scenarioFlags.ask] from packed usage, if nothing would be otherwise.
func (f *scenarioFlags) count(a *app) (*inquiry, error) {
	if f.Scenario == "" {
		return f.questionFlags.count(a)
	}
	return f.ask(a)
}

// open is [scenarioFlags.ask] to explain a figure, from packed usage if nothing would be
// otherwise.
func (f *scenarioFlags) open(a *app) (*inquiry, error) {
	if f.Scenario == "" {
		return f.questionFlags.open(a)
	}
	return f.ask(a)
}

// changesOf compiles a scenario on what advice is given on.
func (in *adviceInquiry) changesOf(s *scenario.Scenario, base *advice.Base) (*advice.Changes, error) {
	return s.Changes(scenario.Of(base, lastMonth(in.data)))
}
