// Package segmentcache keeps packed facts beside a place, so that asking it again does
// not read its usage again: a segment for each state of the usage, where its resources
// lie, and a delta over it when associations have changed. docs/engine.md tells how.
//
// What it keeps may be deleted at any time. It is written whole or not at all, checked
// before it is used, and built again if anything is wrong with it.
package segmentcache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Cache is a directory of packed facts. Any number of processes may use it at once.
type Cache struct {
	Dir string           // for its owner's eyes; "": nothing is kept
	Now func() time.Time // the clock of the file system
	Log *slog.Logger     // hears of what is found, built and removed
	// Read and Packed, if set, are told how many rows have been read, and how many
	// customers packed. An error of Packed's ends the packing.
	Read   func(rows int)
	Packed func(customers int) error
}

// Place is where the facts are.
type Place struct {
	Shelf   dataset.Shelf    // one that shows everything
	Own     *dataset.Dataset // facts that are kept by other means than import
	KnownAt *kizuna.Moment   // nil: the shelf remembers nothing earlier
	// Apart wants what was imported by itself, too: [Facts.Imported].
	Apart bool
}

// Facts are a place's facts: the usage packed, all else as it is loaded.
type Facts struct {
	View *segment.View
	// Data is what loading the place says, but for the rows of usage: it has none.
	Data *dataset.Dataset
	// Imported is the same without the place's own facts, if they were wanted apart.
	Imported *dataset.Dataset
	Survey   *attribution.Survey
	// Notes say what is wrong with the cache itself.
	Notes []*kizuna.Error

	twins    []segment.Twins
	segments []*segment.Segment
	places   []places // of each segment; of one that has the places of that beneath it, none
}

// Twins returns two names that a program takes for one workload and under both of which
// one row of usage is asserted. The rules count one row then, and a segment holds two;
// ok is false if there are none, and the packed usage gives the program's figures.
func (f *Facts) Twins(p *program.Program) (twins segment.Twins, ok bool) {
	for _, t := range f.twins {
		if p.WorkloadName(t[0]) == p.WorkloadName(t[1]) {
			return t, true
		}
	}
	return twins, false
}

// Close gives the segments back.
func (f *Facts) Close() (err error) {
	for _, s := range f.segments {
		err = errors.Join(err, s.Close())
	}
	f.segments = nil
	return err
}

// settled is how much later than a file's last change it must have been looked at, for
// a further change to show in its time.
const settled = 100 * time.Millisecond

// Open returns a place's facts, from the cache if they are there. The errors are those
// of [dataset.LoadShelf]; what is wrong with the cache is none.
func (c *Cache) Open(ctx context.Context, p *Place) (*Facts, error) {
	seen := c.Now()
	state, err := dataset.StateOfUsage(ctx, p.Shelf)
	if err != nil {
		return nil, err
	}
	o := &opening{Cache: c, ctx: ctx, place: p, state: state, seen: seen, log: c.Log}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	facts, err := o.kept()
	for _, other := range [...]func() (*Facts, error){o.keptLate, o.late, o.buildColumns, o.build} {
		if facts == nil && err == nil {
			facts, err = other()
		}
	}
	if err != nil {
		return nil, err
	}
	facts.Notes = o.notes
	return facts, nil
}

// opening is one opening of a cache.
type opening struct {
	*Cache
	ctx   context.Context
	place *Place
	state *dataset.UsageState
	seen  time.Time
	log   *slog.Logger
	notes []*kizuna.Error

	transient  bool          // what is built is not kept
	unwritable *kizuna.Error // why nothing can be kept, if it cannot
}

// The endings of the cache's files.
const (
	segmentFile = ".segment" // all customers
	placeFile   = ".places"  // where their resources lie
	deltaFile   = ".delta"   // customers of whom facts say something else
)

func (o *opening) base(usage kizuna.Hash) string {
	return filepath.Join(o.Dir, short(usage)+segmentFile)
}

// placesOf is where a segment has its places.
func (o *opening) placesOf(l *label) places {
	return places{path: placesBeside(o.base(l.Usage)), of: l.identity()}
}

func (o *opening) delta(facts kizuna.Hash) string {
	return filepath.Join(o.Dir, short(o.state.Key)+"-"+short(facts)+deltaFile)
}

// short names a state in a file's name; the label has the whole hash.
func short(h kizuna.Hash) string { return h.String()[:16] }

// kept answers from a segment of the same usage; nil if there is none that answers.
func (o *opening) kept() (*Facts, error) {
	base, l := o.openBase(o.state.Key)
	if base == nil {
		return nil, nil
	}
	f := &Facts{Survey: l.Content.Survey, twins: l.Content.Twins, segments: []*segment.Segment{base}, places: []places{o.placesOf(l)}}
	ok, err := o.complete(f, l)
	if err != nil || !ok {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// openBase opens the segment of a usage, which may be another than the place's now; nil
// if there is none that can be trusted.
func (o *opening) openBase(usage kizuna.Hash) (*segment.Segment, *label) {
	if o.Dir == "" {
		return nil, nil
	}
	s, l := o.open(o.base(usage), usage)
	if s == nil {
		return nil, nil
	}
	if l.Over == nil && l.Content != nil {
		if o.settled(l) {
			return s, l
		}
		o.log.Debug("cache: the usage may have changed at the moment when it was read", "file", o.base(usage))
	}
	o.close(s)
	return nil, nil
}

// settled reports whether tables that people keep cannot have changed since they were
// read, if they look as they did.
func (o *opening) settled(l *label) bool {
	return o.state.Changed.IsZero() || !l.Content.Seen.Before(o.state.Changed.Add(settled))
}

// close gives back a segment that is not used after all.
func (o *opening) close(s *segment.Segment) {
	if err := s.Close(); err != nil {
		o.log.Debug("cache: a file cannot be closed", "error", err)
	}
}

// load loads what is not usage, as if the usage had been read now; false if it is
// another by now.
func (o *opening) load(f *Facts, known *dataset.Reading) (facts kizuna.Hash, ok bool, err error) {
	err = o.loadAs(f, dataset.Options{Packed: true, Usage: known})
	if errors.Is(err, dataset.ErrOtherUsage) {
		return facts, false, nil
	}
	if err != nil {
		return facts, false, err
	}
	return segment.FactsDigest(&f.Data.Associations, f.Data.Rates), true, nil
}

// loadAs loads what options say, with the place's own facts.
func (o *opening) loadAs(f *Facts, opts dataset.Options) (err error) {
	if !o.place.Apart {
		opts.Own = o.place.Own
		f.Data, err = dataset.LoadShelf(o.ctx, o.place.Shelf, opts)
		return err
	}
	if f.Imported, err = dataset.LoadShelf(o.ctx, o.place.Shelf, opts); err != nil {
		return err
	}
	f.Data = f.Imported.With(cmp.Or(o.place.Own, new(dataset.Dataset)))
	return nil
}

// sameRates reports whether rows are worth what they were when a segment was built.
func (o *opening) sameRates(f *Facts, l *label) bool {
	same := l.Rates == segment.RatesDigest(f.Data.Rates)
	if !same {
		o.log.Debug("cache: the exchange rates have changed", "file", o.base(l.Usage))
	}
	return same
}

// complete loads what is not usage, and lays a delta over the segment if it says
// something else than when the segment was built; false if that cannot be.
func (o *opening) complete(f *Facts, l *label) (ok bool, err error) {
	facts, ok, err := o.load(f, l.Content.Reading)
	if err != nil || !ok {
		return false, err
	}
	if facts != l.Facts {
		if !o.sameRates(f, l) {
			return false, nil
		}
		found, err := o.laid(f, l, o.delta(facts))
		if err == nil && !found {
			found, err = o.revise(f, &change{base: l, facts: facts, content: l.Content})
		}
		if err != nil || !found {
			return false, err
		}
	}
	f.View, err = segment.NewView(f.segments[0], f.segments[1:]...)
	return err == nil, err
}

// open opens a file of the cache and checks all of it; nil if it is not there, is
// damaged or of another usage.
func (o *opening) open(path string, usage kizuna.Hash) (*segment.Segment, *label) {
	s, err := segment.Open(path)
	if kizuna.CodeOf(err) == "segment-unreadable" {
		o.log.Debug("cache: there is no such file", "file", path, "error", err)
		return nil, nil
	}
	if err == nil {
		err = verified(s)
	}
	if err == nil {
		if l, ok := readLabel(s.Info().Label); ok && l.Usage == usage {
			return s, l
		}
		err = errors.New("it is of another usage, or of another Kizuna")
	}
	if s != nil {
		err = errors.Join(err, s.Close())
	}
	o.damaged(path, err)
	return nil, nil
}

// verified reads every block once, which verifies its checksum.
func verified(s *segment.Segment) error {
	for i := range s.Blocks() {
		if _, err := s.Block(i); err != nil {
			return err
		}
	}
	return nil
}

// damaged notes that a file of the cache cannot be used, and removes it.
func (o *opening) damaged(path string, cause error) {
	o.notes = append(o.notes, kizuna.Errorf("cache-damaged", "a file of the cache was damaged; it is built again").
		WithRef(kizuna.Ref{File: path}).WithCause(cause))
	o.log.Debug("cache: a file cannot be used", "file", path, "error", cause)
	o.remove(path)
}

func (o *opening) remove(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.log.Debug("cache: a file cannot be removed", "file", path, "error", err)
	}
}

// mergeShare is the share of customers from which on a delta is merged into the
// segment: one in so many.
const mergeShare = 4

// laid lays over the segment the delta of that name; false if there is none that is
// over this segment and of its usage.
func (o *opening) laid(f *Facts, l *label, path string) (ok bool, err error) {
	s, d := o.open(path, o.state.Key)
	if s == nil {
		return false, nil
	}
	if d.Over != nil && *d.Over == l.identity() && o.delta(d.Facts) == path {
		f.segments, f.places = append(f.segments, s), append(f.places, places{})
		return true, nil
	}
	o.remove(path) // of a segment that was merged meanwhile
	return false, s.Close()
}

// change is what differs from a segment that is kept.
type change struct {
	base    *label
	facts   kizuna.Hash // of now
	content *content    // what reading all usage says now
	late    *late       // nil: the usage is the same
}

// manyOf reports whether so many customers are to be merged into a segment.
func manyOf(customers int, s *segment.Segment) bool { return customers*mergeShare > s.Tenants() }

// revise compiles what differs from the segment, with the places of its resources, and
// lays it over. False if that cannot be.
func (o *opening) revise(f *Facts, c *change) (ok bool, err error) {
	now := *c.base
	now.Usage, now.Facts, now.Sources, now.Content = o.state.Key, c.facts, f.Data.Sources, c.content
	path := o.delta(c.facts)
	known := o.placesOf(c.base)
	to := &segment.Changes{
		Facts: &attribution.Facts{Associations: &f.Data.Associations, Usage: usage.NewLedger(), Rates: f.Data.Rates},
		Same:  c.facts == c.base.Facts,
	}
	if c.late != nil {
		to.Late, to.Months, to.Facts.Usage = c.late.customers, c.late.months, c.late.ledger
	}
	var revision *segment.Revision
	var fresh, lately *placesFile
	s, err := o.write(path, func(b *segment.Builder) (err error) {
		lately.discard()
		lately = o.newPlaces(path, now.identity(), func(string) []int { return nil })
		if to.Same && !manyOf(len(to.Late), f.segments[0]) { // nothing to compare, nor to merge
			to.Keep = c.late.only(lately.put)
			revision, err = segment.Revise(b, f.segments[0], c.late.each, to)
		} else {
			fresh.discard()
			revision, fresh, err = o.compare(b, f.segments[0], c, now.identity(), to, c.late.only(lately.put))
		}
		if err != nil {
			return err
		}
		if len(revision.Refused) > 0 {
			return errRefused
		}
		delta := now
		if over := c.base.identity(); c.late != nil {
			now.Content.Twins = revision.Twins
			delta.Over = &over
		} else {
			delta.Over, delta.Content = &over, nil
		}
		b.SetLabel(delta.text())
		if err := b.Finish(); err != nil {
			return err
		}
		if c.late != nil {
			lately.keep()
		}
		return nil
	})
	defer func() {
		fresh.discard()
		lately.discard()
	}()
	switch {
	case o.ctx.Err() != nil:
		return false, errors.Join(context.Cause(o.ctx), closed(s))
	case errors.Is(err, errRefused):
		o.log.Debug("cache: rows cannot be counted: all usage is read, to say which")
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		o.log.Debug("cache: there are no places", "file", known.path)
		return false, nil
	case err != nil:
		o.damaged(known.path, err)
		return false, nil
	}
	o.log.Debug("cache: customers were packed again", "customers", revision.Customers, "file", path)
	f.twins = now.Content.Twins
	f.segments, f.places = append(f.segments, s), append(f.places, places{})
	if c.late != nil {
		f.places[len(f.places)-1] = lately.where
	}
	if !manyOf(revision.Customers, f.segments[0]) {
		o.tidy()
		return true, nil
	}
	return true, o.merge(f, &now, fresh, path)
}

// compare revises by the places of the segment, and writes those of now.
func (o *opening) compare(b *segment.Builder, base *segment.Segment, c *change, now identity, to *segment.Changes, lately func(*segment.Place) error) (*segment.Revision, *placesFile, error) {
	from := o.placesOf(c.base)
	known, file, err := from.open()
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	var at *placed
	fresh := o.newPlaces(o.base(now.Usage), now, func(tenant string) []int { return c.late.statementsOf(tenant, at) })
	to.Keep = func(p *segment.Place) error { return errors.Join(fresh.put(p), lately(p)) }
	revision, err := segment.Revise(b, base, func(yield func(*segment.Place, error) bool) {
		for p, err := range known {
			if at = p; err != nil {
				yield(nil, err)
				return
			}
			if !yield(&p.Place, nil) {
				return
			}
		}
	}, to)
	return revision, fresh, err
}

var errRefused = errors.New("there are rows that cannot be counted")

func closed(s *segment.Segment) error {
	if s == nil {
		return nil
	}
	return s.Close()
}

// merge makes one segment of the two, and its places of those that were written with
// the delta.
func (o *opening) merge(f *Facts, l *label, fresh *placesFile, delta string) error {
	view, err := segment.NewView(f.segments[0], f.segments[1:]...)
	if err != nil {
		return err
	}
	merged, err := o.write(o.base(o.state.Key), func(b *segment.Builder) error {
		b.SetLabel(l.text())
		if err := segment.Merge(b, view); err != nil {
			return err
		}
		fresh.keep()
		return nil
	})
	if err != nil {
		return err
	}
	o.log.Debug("cache: segments were merged", "file", o.base(o.state.Key))
	o.remove(delta)
	o.remove(placesBeside(delta))
	err = f.Close()
	f.segments, f.places = []*segment.Segment{merged}, []places{fresh.where}
	o.tidy()
	return err
}

// large is from how many rows on it matters that nothing can be kept.
const large = 200_000

// build reads all usage row by row and packs it.
func (o *opening) build() (*Facts, error) {
	in := make(statementsOf)
	f := new(Facts)
	err := o.loadAs(f, dataset.Options{Packed: true, Progress: o.Read, Customer: in.add})
	if err != nil {
		return nil, err
	}
	data := f.Data
	rows := data.Ledger
	f.Survey = attribution.NewSurvey(rows, attribution.NewRates(data.Rates))
	err = o.pack(f, data.Reading, in, func(c *segment.Compiler, b *segment.Builder) error {
		_, err := c.AddAll(b, &attribution.Facts{Associations: &data.Associations, Usage: rows})
		return err
	})
	if err != nil {
		return nil, err
	}
	if o.unwritable != nil && rows.Len() >= large {
		o.notes = append(o.notes, o.unwritable)
	}
	data.Ledger = usage.NewLedger()
	if f.Imported != nil {
		f.Imported.Ledger = data.Ledger
	}
	return f, nil
}

// buildColumns reads all usage by columns and packs it. It returns nil if there is more
// to be said than columns say: of tables that people keep, of rows that two statements
// measure, that name partners or that cannot be counted.
func (o *opening) buildColumns() (_ *Facts, err error) {
	if o.state.Tables > 0 || o.state.Twice || len(o.state.Statements) == 0 {
		return nil, nil
	}
	statements, reading, err := dataset.OpenStatements(o.ctx, o.place.Shelf)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, statements.Close()) }()
	if statements.Assert() {
		return nil, nil
	}
	in := make(statementsOf)
	for i, file := range statements {
		for t, err := range file.Tenants() {
			if err != nil {
				return nil, err
			}
			in.add(i, t.ID)
		}
	}
	f := &Facts{Survey: reading.Survey()}
	if _, ok, err := o.load(f, reading); err != nil || !ok {
		return nil, err
	}
	err = o.pack(f, reading, in, func(c *segment.Compiler, b *segment.Builder) error {
		refused, err := c.AddStatements(b, statements)
		if err == nil && len(refused) > 0 {
			err = errRefused
		}
		b.SetLocations(f.Data.Associations.Locations)
		return err
	})
	if errors.Is(err, errRefused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o.log.Debug("cache: usage was read by columns", "rows", statements.Len())
	if o.unwritable != nil && statements.Len() >= large {
		o.notes = append(o.notes, o.unwritable)
	}
	return f, nil
}

// pack packs all customers, which add adds, as the segment of the usage.
func (o *opening) pack(f *Facts, reading *dataset.Reading, in statementsOf, add func(*segment.Compiler, *segment.Builder) error) error {
	if !o.sameState() {
		o.log.Debug("cache: the usage changed while it was read; it is not kept")
		o.transient = true
	}
	data := f.Data
	l := &label{
		Origin: Origin{fmt.Sprint(o.place.Shelf), o.place.KnownAt, data.Sources}, Form: form,
		Usage: o.state.Key, Facts: segment.FactsDigest(&data.Associations, data.Rates), Rates: segment.RatesDigest(data.Rates),
		Content: &content{Seen: o.seen, State: o.state, Reading: reading, Survey: f.Survey},
	}
	var where *placesFile
	s, err := o.write(o.base(o.state.Key), func(b *segment.Builder) error {
		where = o.newPlaces(o.base(o.state.Key), l.identity(), func(tenant string) []int { return in[tenant] })
		defer where.discard()
		c := segment.NewCompiler(b, &data.Associations, attribution.NewRates(data.Rates))
		c.Keep(where.put)
		if err := add(c, b); err != nil {
			return err
		}
		f.twins = c.Twins()
		l.Content.Twins = f.twins
		b.SetLabel(l.text())
		if err := b.Finish(); err != nil {
			return err
		}
		where.keep()
		return nil
	})
	if err != nil {
		return err
	}
	o.tidy()
	f.segments, f.places = []*segment.Segment{s}, []places{where.where}
	if f.View, err = segment.NewView(s); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// sameState looks again whether the usage is what it was.
func (o *opening) sameState() bool {
	now, err := dataset.StateOfUsage(o.ctx, o.place.Shelf)
	return err == nil && now.Key == o.state.Key
}

// statementsOf are for each customer the numbers of the statements that have rows of it.
type statementsOf map[string][]int

func (s statementsOf) add(statement int, tenant string) { s[tenant] = append(s[tenant], statement) }
