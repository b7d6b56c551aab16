package segmentcache

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/usage"
)

// late is usage that differs from a segment's: of the customers in statements that came
// since, or went.
type late struct {
	customers []string // in order, without case
	months    []kizuna.Month
	places    []segment.Place // of the customers that the segment has
	ledger    *usage.Ledger   // their rows of these months
	added     statementsOf    // by their numbers now
	numbers   []int           // now, of the segment's statements; -1: it went
}

// statementsOf returns the statements of a customer, by their numbers now. At is the
// record of the segment's places that was read last.
func (l *late) statementsOf(tenant string, at *placed) (all []int) {
	if at != nil && at.Tenant == tenant {
		all = at.statements
	}
	if l == nil {
		return all
	}
	now := slices.Clone(l.added[tenant])
	for _, n := range all {
		if n < len(l.numbers) && l.numbers[n] >= 0 {
			now = append(now, l.numbers[n])
		}
	}
	slices.Sort(now)
	return now
}

// keptLate answers from a delta of the same usage over a segment of another; nil if
// there is none that answers.
func (o *opening) keptLate() (*Facts, error) {
	if o.Dir == "" {
		return nil, nil
	}
	f := new(Facts)
	var facts kizuna.Hash
	var err error
	for _, path := range o.files(short(o.state.Key) + "-*" + deltaFile) {
		s, d := o.open(path, o.state.Key)
		if s == nil {
			continue
		}
		if d.Content == nil || d.Over == nil || f.Data != nil && d.Facts != facts {
			o.close(s)
			continue
		}
		if f.Data == nil { // all that are of this usage say the same of it
			var ok bool
			if facts, ok, err = o.load(f, d.Content.Reading); err != nil || !ok {
				o.close(s)
				return nil, err
			}
		}
		base, l := o.openBase(d.Over.Usage)
		if base == nil {
			o.close(s)
			continue
		}
		if l.identity() == *d.Over && d.Facts == facts && d.Rates == segment.RatesDigest(f.Data.Rates) {
			f.Survey, f.twins, f.segments = d.Content.Survey, d.Content.Twins, []*segment.Segment{base, s}
			f.places = []places{o.placesOf(l), {path: placesBeside(path), of: d.identity()}}
			if f.View, err = segment.NewView(base, s); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return f, nil
		}
		o.close(base)
		o.close(s)
	}
	return nil, nil
}

// late packs the customers of the statements that differ from those of a segment that
// is kept, and lays them over it. It returns nil, and all usage is read, whenever what
// reading everything would say cannot be known from these customers' rows alone:
//
//   - tables that people keep have changed, or the choice between reports and bills;
//   - a report and a bill are in force for one month, then or now: a row of one decides
//     whether rows of the other count;
//   - rows cannot be counted, then or now: they are told of in the order of all rows;
//   - rows are twins ([Facts.Twins]);
//   - more than half of the customers are in those statements: reading all is quicker.
func (o *opening) late() (*Facts, error) {
	if o.Dir == "" || o.state.Twice {
		return nil, nil
	}
	ground := o.ground()
	if ground == nil {
		return nil, nil
	}
	base, l := o.openBase(ground.Usage)
	if base == nil {
		return nil, nil
	}
	f := &Facts{segments: []*segment.Segment{base}, places: []places{o.placesOf(l)}}
	ok, err := o.lateOver(f, l)
	if err != nil || !ok {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (o *opening) lateOver(f *Facts, l *label) (ok bool, err error) {
	came, went := o.differ(l)
	late, err := o.lateCustomers(l, came, went)
	if err != nil || late == nil || len(late.customers) > f.segments[0].Tenants()/2 {
		return false, err
	}
	var part *dataset.Reading
	if late.ledger, part, err = dataset.UsageOf(o.ctx, o.place.Shelf, dataset.Part{Tenants: late.customers, Months: late.months, Progress: o.Read}); err != nil {
		return false, err
	}
	reading, ok := o.reading(l, part)
	if !ok || !o.sameState() {
		return false, nil
	}
	read := 0
	for i := o.state.Tables; i < len(part.Tables); i++ {
		read += part.Tables[i].Source.Rows
	}
	o.log.Debug("cache: statements have changed", "came", len(came), "went", len(went), "customers", len(late.customers), "rows", read)
	facts, ok, err := o.load(f, reading)
	if err != nil || !ok || !o.sameRates(f, l) {
		return false, err
	}
	f.Survey = reading.Survey()
	c := &change{base: l, facts: facts, late: late, content: &content{
		Seen: l.Content.Seen, State: o.state, Reading: reading, Survey: f.Survey,
	}}
	if ok, err = o.revise(f, c); err != nil || !ok {
		return false, err
	}
	f.View, err = segment.NewView(f.segments[0], f.segments[1:]...)
	return err == nil, err
}

// ground returns what the segment says of itself from whose statements those of now
// differ least; nil if there is none that a delta can lie over.
func (o *opening) ground() (best *label) {
	least := 0
	for _, path := range o.files("*" + segmentFile) {
		s, err := segment.Open(path)
		if err != nil {
			continue // it is not needed
		}
		l, ok := readLabel(s.Info().Label)
		o.close(s)
		if !ok || path != o.base(l.Usage) || l.Usage == o.state.Key || !o.carries(l) {
			continue
		}
		came, went := o.differ(l)
		if n := len(came) + len(went); best == nil || n < least {
			best, least = l, n
		}
	}
	return best
}

// carries reports whether what is said of a segment's usage can be said of the usage of
// now without reading the rows that both have.
func (o *opening) carries(l *label) bool {
	if l.Over != nil || l.Content == nil {
		return false
	}
	c := l.Content
	return c.State.Own == o.state.Own && !c.State.Twice && len(c.Survey.Refused) == 0 && len(c.Twins) == 0 &&
		len(c.Reading.Twice) == 0 && len(c.Reading.Tables) == c.State.Tables+len(c.State.Statements)
}

// files lists the cache's files whose names match.
func (o *opening) files(pattern string) []string {
	names, err := fs.Glob(os.DirFS(o.Dir), pattern)
	if err != nil {
		panic(err) // of the pattern
	}
	for i, name := range names {
		names[i] = filepath.Join(o.Dir, name)
	}
	return names
}

// differ returns which statements of now a segment was not built from, and which of its
// own are not in force any more, by their numbers here and there.
func (o *opening) differ(l *label) (came, went []int) {
	before, now := l.Content.State.Statements, o.state.Statements
	for i, s := range now {
		if !slices.Contains(before, s) {
			came = append(came, i)
		}
	}
	for i, s := range before {
		if !slices.Contains(now, s) {
			went = append(went, i)
		}
	}
	return came, went
}

// lateCustomers finds whose usage may have changed: who is in a statement that came, or,
// by the places of the segment, in one that went. Nil if that cannot be known.
func (o *opening) lateCustomers(l *label, came, went []int) (*late, error) {
	out := &late{added: make(statementsOf), months: []kizuna.Month{}}
	statements := make([]dataset.StatementState, len(came))
	for i, n := range came {
		statements[i] = o.state.Statements[n]
	}
	err := dataset.CustomersOf(o.ctx, o.place.Shelf, statements, func(i int, tenant string) { out.added.add(came[i], tenant) })
	if err != nil {
		return nil, err
	}
	for _, n := range came {
		out.months = append(out.months, o.state.Statements[n].Month)
	}
	before := l.Content.State.Statements
	for _, n := range went {
		out.months = append(out.months, before[n].Month)
	}
	for _, s := range before {
		out.numbers = append(out.numbers, slices.Index(o.state.Statements, s))
	}
	out.customers = slices.AppendSeq(make([]string, 0, len(out.added)), maps.Keys(out.added))
	places := o.placesOf(l)
	known, file, err := places.open()
	if errors.Is(err, fs.ErrNotExist) {
		o.log.Debug("cache: there are no places", "file", places.path)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for p, err := range known {
		if err != nil {
			o.damaged(places.path, err)
			return nil, nil
		}
		_, late := out.added[p.Tenant]
		if slices.ContainsFunc(p.statements, func(n int) bool { return n >= len(out.numbers) || out.numbers[n] < 0 }) {
			late, out.customers = true, append(out.customers, p.Tenant)
		}
		if late {
			out.places = append(out.places, segment.Place{Tenant: p.Tenant, Resources: slices.Clone(p.Resources), Digest: p.Digest})
		}
	}
	slices.Sort(out.customers)
	out.customers = slices.Compact(out.customers)
	return out, nil
}

// each yields the places of the late customers; none if there are no such.
func (l *late) each(yield func(*segment.Place, error) bool) {
	if l == nil {
		return
	}
	for i := range l.places {
		if !yield(&l.places[i], nil) {
			return
		}
	}
}

// only passes the places of late customers on.
func (l *late) only(put func(*segment.Place) error) func(*segment.Place) error {
	return func(p *segment.Place) error {
		if l == nil {
			return nil
		}
		if _, ok := slices.BinarySearch(l.customers, p.Tenant); !ok {
			return nil
		}
		return put(p)
	}
}

// reading is what reading all usage says now: of the segment's tables what was said of
// them, and of the statements that came what reading all their customers' rows said.
func (o *opening) reading(l *label, part *dataset.Reading) (*dataset.Reading, bool) {
	before, now := l.Content.State, o.state
	if len(part.Tables) != now.Tables+len(now.Statements) {
		return nil, false // it changed just now
	}
	out := &dataset.Reading{Tables: slices.Clone(l.Content.Reading.Tables[:now.Tables])}
	for i, s := range now.Statements {
		table := part.Tables[now.Tables+i]
		if n := slices.Index(before.Statements, s); n >= 0 {
			table = l.Content.Reading.Tables[before.Tables+n]
		}
		if table.Source.File != s.Place {
			return nil, false
		}
		out.Tables = append(out.Tables, table)
	}
	return out, true
}
