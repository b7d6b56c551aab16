package command

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/fleet"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/segmentcache"
	"github.com/kizuna-org/kizuna/textgrid"
)

// fleetCmd asks about all partners at once.
type fleetCmd struct {
	Score    fleetScoreCmd    `cmd:"" help:"help.fleet-score"`
	Backtest fleetBacktestCmd `cmd:"" help:"help.fleet-backtest"`
}

// fleetFlags say what is asked, and where the facts are: in a place, packed in a
// segment, or the usage in a segment and the people in a place.
type fleetFlags struct {
	questionFlags
	processFlags
	Segment string `name:"segment" type:"path" placeholder:"FILE" help:"help.fleet-segment"`
}

// Validate sees to it that there are facts. A segment is enough.
func (f *fleetFlags) Validate() error {
	if f.Segment != "" {
		return nil
	}
	if f.Processes > 1 || f.Part != "" {
		return kizuna.Errorf("fleet-processes", "--processes needs facts that are packed").
			WithMend("build a segment (kizuna segment build) and name it with --segment")
	}
	return f.questionFlags.Validate()
}

// packed is what the flags name, ready to be counted.
type packed struct {
	app   *app
	view  *segment.View
	facts fleet.Facts
	name  string
	day   kizuna.Date         // of a question that names none
	hasIt bool                // there is such a day
	kept  *segmentcache.Facts // nil: the view is a segment that was named
	notes []*kizuna.Error
}

func (f *fleetFlags) pack(a *app) (*packed, error) {
	if f.Part != "" { // people are for who adds the parts up
		f.Data, f.Store = "", ""
	}
	if f.Segment != "" {
		return f.fromSegment(a)
	}
	shelf, facts, err := f.facts(a, f.KnownAt)
	if err != nil {
		return nil, err
	}
	data := facts.Data
	p := &packed{
		app: a, view: facts.View, name: fmt.Sprint(shelf), kept: facts,
		notes: slices.Concat(facts.Notes, data.Overlaps, data.Problems, facts.Survey.Refused),
		facts: fleet.Facts{Locations: data.Associations.Locations, People: people.NewIndex(&data.People), Coverage: data.Coverage()},
	}
	p.day, p.hasIt = data.Coverage().AsOf()
	return p, nil
}

// fromSegment opens a segment. The people, and the names and countries of locations,
// are in the place, if one is named.
func (f *fleetFlags) fromSegment(a *app) (*packed, error) {
	s, err := segment.Open(f.Segment)
	if err != nil {
		return nil, err
	}
	a.atEnd(s.Close)
	p := &packed{app: a, name: f.Segment}
	if p.view, err = segment.NewView(s); err != nil {
		return nil, err
	}
	from, known := segmentcache.ReadOrigin(s.Info().Label)
	if !known {
		from = &segmentcache.Origin{}
	}
	if err := f.knownAs(from); err != nil {
		return nil, err
	}
	covers := coverage{usage: wholly(s.Info().Last)}
	p.day, p.hasIt = s.Info().Last.Add(1).Day(1), s.Info().Rows > 0
	if known {
		covers.usage = from.Coverage()
		p.day, p.hasIt = from.Coverage().AsOf()
	}
	p.facts.Locations = s.Locations()
	if f.Data == "" && f.Store == "" {
		p.notes = append(p.notes, kizuna.Errorf("segment-without-people", "the segment holds no people: certifications are no data, and partners have no names and countries").
			WithMend("name the place of the facts beside the segment: --data DIR or --store DSN").WithRef(kizuna.Ref{File: f.Segment}))
		p.facts.Coverage = covers
		return p, nil
	}
	shelf, own, err := f.shelf(a, f.KnownAt)
	if err != nil {
		return nil, err
	}
	data, err := dataset.LoadShelf(a.Context, shelf, dataset.Options{Packed: true, FactsOnly: true, Own: own})
	if err != nil {
		return nil, err
	}
	if known && !from.Agrees(data.Sources) {
		p.notes = append(p.notes, kizuna.Errorf("segment-other-facts", "%s holds other facts now than the segment was built from: usage and associations are the segment's, people the place's", shelf).
			WithMend("build the segment again").WithRef(kizuna.Ref{File: f.Segment}))
	}
	p.notes = append(p.notes, data.Problems...)
	describe(p.facts.Locations, data.Associations.Locations)
	covers.people = data.Coverage().Certifications()
	p.facts.People, p.facts.Coverage = people.NewIndex(&data.People), covers
	return p, nil
}

// knownAs sees to it that everything is read as it was known when the segment was built.
func (f *fleetFlags) knownAs(from *segmentcache.Origin) error {
	switch {
	case f.KnownAt == "" && from.KnownAt != nil:
		if f.Store != "" {
			f.KnownAt = from.KnownAt.String()
		}
		return nil
	case f.KnownAt == "":
		return nil
	}
	at, err := kizuna.ParseMoment(f.KnownAt)
	if err != nil {
		return err
	}
	if from.KnownAt == nil || *from.KnownAt != at {
		return kizuna.Errorf("segment-known-at", "the segment was not built for what was known at %s", at).
			WithMend("leave --known-at out, or build one: kizuna segment build --known-at %s", at).WithRef(kizuna.Ref{File: f.Segment})
	}
	return nil
}

// describe gives a segment's locations the names and countries that it does not keep.
func describe(locations, by []association.Location) {
	type key struct {
		id, global string
		during     kizuna.Interval
	}
	described := make(map[key]*association.Location, len(by))
	for i := range by {
		described[key{association.Fold(by[i].ID), by[i].Global, by[i].During}] = &by[i]
	}
	for i := range locations {
		l := &locations[i]
		if d := described[key{association.Fold(l.ID), l.Global, l.During}]; d != nil {
			l.Name, l.Country = d.Name, d.Country
		}
	}
}

// coverage is a segment's for usage and a place's for people.
type coverage struct {
	usage interface {
		Usage(program.Quantity, program.Family) (kizuna.Month, bool)
	}
	people bool
}

func (c coverage) Usage(q program.Quantity, f program.Family) (kizuna.Month, bool) {
	return c.usage.Usage(q, f)
}

func (c coverage) Certifications() bool { return c.people }

// wholly is the coverage of a segment that does not say what it was built from:
// everything, up to its last month.
type wholly kizuna.Month

func (w wholly) Usage(program.Quantity, program.Family) (kizuna.Month, bool) {
	return kizuna.Month(w), w != 0
}

// ask counts all customers under one question or several, in one walk.
func (p *packed) ask(by *processFlags, questions ...score.Question) ([]*fleet.Fleet, error) {
	var plans []*attribution.Plan
	var names []string
	for _, q := range questions {
		plans = append(plans, attribution.NewPlan(q.Program, q.AsOf))
		names = append(names, q.Program.Ref())
	}
	k, err := kernel.CompileTogether(questions[0].Trust, plans...)
	if err != nil {
		return nil, err
	}
	if by.Part != "" {
		return nil, by.send(p.app, k, p.view)
	}
	for _, q := range questions {
		p.twins(q.Program)
	}
	line := p.app.counter()
	defer line.clear()
	progress := func(done, of int) {
		line.show(p.app.P.T("fleet.progress", strings.Join(names, ", "), done, of))
	}
	var totals []*kernel.Totals
	if by.Processes > 1 {
		totals, err = by.gather(p.app, k, p.view, progress)
	} else {
		totals, err = k.Run(p.app.Context, p.view, kernel.Options{Progress: progress})
	}
	if err != nil {
		return nil, err
	}
	out := []*fleet.Fleet{fleet.New(questions[0], plans[0], &p.facts, totals[0])}
	for i := 1; i < len(questions); i++ {
		out = append(out, out[0].Under(questions[i], plans[i], totals[i]))
	}
	return out, nil
}

// twins notes what a segment counts otherwise than kizuna score does.
func (p *packed) twins(rules *program.Program) {
	if p.kept == nil {
		return
	}
	if twins, ok := p.kept.Twins(rules); ok {
		p.notes = append(p.notes, kizuna.Errorf("segment-twins", "an export asserts usage rows both as %q and as %q, which %s takes for one workload: each counts twice here, and once in kizuna score",
			twins[0], twins[1], rules.Ref()).WithMend("write one of the names in the export's rows"))
	}
}

// fleetScoreCmd scores all partners.
type fleetScoreCmd struct {
	fleetFlags
	Out string `name:"out" type:"path" placeholder:"FILE.csv|FILE.parquet" help:"help.fleet-out"`
}

// fleetSummary is how all partners stand, as JSON.
type fleetSummary struct {
	Program string      `json:"program"`
	Carried bool        `json:"carried,omitempty"`
	AsOf    kizuna.Date `json:"as_of"`
	*fleet.Summary
	Bins  []string        `json:"bins"`
	File  string          `json:"file,omitempty"`
	Rows  int             `json:"rows,omitempty"` // of the file
	Notes []*kizuna.Error `json:"notes,omitempty"`
}

// Run scores.
func (c *fleetScoreCmd) Run(a *app) error {
	if err := writable(c.Out); err != nil {
		return err
	}
	p, err := c.pack(a)
	if err != nil {
		return err
	}
	q, err := c.questionOn(p.name, p.day, p.hasIt)
	if err != nil {
		return err
	}
	fleets, err := p.ask(&c.processFlags, q)
	if err != nil {
		return err
	}
	f := fleets[0]
	out := fleetSummary{
		Program: q.Program.Ref(), Carried: q.Carried, AsOf: q.AsOf, Summary: fleet.NewSummary(f),
		Bins: fleet.Bins(), File: c.Out, Notes: p.notes,
	}
	scores := counting(a, len(f.Partners), f.All(a.Context), out.Add)
	if out.Rows, err = writeRows(c.Out, scores, scoreRows); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, &out)
	}
	a.note(p.notes)
	fmt.Fprintln(a.Stdout, a.P.T("fleet.question", out.Program, out.AsOf, out.Partners))
	a.carried(q)
	g := textgrid.New(append([]string{a.P.T("column.area"), a.P.T("fleet.passing")}, fleet.Bins()...)...).Right(upTo(1, 2+len(fleet.Bins()))...)
	for i := range out.Areas {
		s := &out.Areas[i]
		g.Row(append([]string{a.areaName(s.Area, q.Program), strconv.Itoa(s.Passing)}, figures(s.Distribution[:])...)...)
	}
	if _, err := g.WriteTo(a.Stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.Stdout, a.P.T("fleet.bins"))
	a.wrote(c.Out, out.Rows)
	return nil
}

// counting passes things on while it adds them up and shows how many are done.
func counting[T any](a *app, of int, things iter.Seq2[T, error], add func(*T)) iter.Seq2[T, error] {
	const often = 4096
	return func(yield func(T, error) bool) {
		line := a.counter()
		defer line.clear()
		done := 0
		for thing, err := range things {
			if err == nil {
				add(&thing)
				if done++; done%often == 0 {
					line.show(a.P.T("fleet.progress-partners", done, of))
				}
			}
			if !yield(thing, err) {
				return
			}
		}
	}
}

// carried says that no version is in force on the day of a question.
func (a *app) carried(q score.Question) {
	if q.Carried {
		fmt.Fprintln(a.Stdout, a.P.T("report.carried", q.Program.Ref()))
	}
}

// wrote says what stands in a file.
func (a *app) wrote(file string, rows int) {
	if file != "" {
		fmt.Fprintln(a.Stdout, a.P.T("fleet.wrote", rows, file))
	}
}

// areaName names an area in the reader's language, as the first program does that
// has it.
func (a *app) areaName(id string, programs ...*program.Program) string {
	for _, p := range programs {
		if area := p.Area(id); area != nil {
			if name := area.Name.In(a.P.Lang); name != "" {
				return name
			}
		}
	}
	return id
}

func figures(of []int) []string {
	out := make([]string, len(of))
	for i, n := range of {
		out[i] = strconv.Itoa(n)
	}
	return out
}

// upTo lists the numbers from one to before another.
func upTo(from, to int) []int {
	var out []int
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}
