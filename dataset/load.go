package dataset

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
)

// Options say how facts are loaded. The zero value is the usual way.
type Options struct {
	Limits table.Limits // zero: table.DefaultLimits
	// Packed leaves Dataset.Usage empty: the rows are in Dataset.Ledger only.
	Packed bool
	// Relative names places relative to the directory, so that the same facts say
	// the same wherever the directory lies. It is for [Load].
	Relative bool
	// FactsOnly passes over usage: it is packed elsewhere.
	FactsOnly bool
	// Usage, if set, is what came of reading usage before: it is not read again, and
	// all is said that was said then. There are no rows. If there are other tables of
	// usage now, loading fails with [ErrOtherUsage].
	Usage *Reading
	// Customer, if set, is told of every customer of every statement, without case: the
	// statement by its number among those in force ([UsageState]).
	Customer func(statement int, tenant string)
	// Progress, if set, is told from time to time how many rows of usage were read.
	Progress func(rows int)
	// Own holds facts that are kept by other means than import, all but usage. Like
	// a directory's own tables they have the last word.
	Own *Dataset
}

// Load reads a data directory: its plain tables, whichever there are, and its
// imported statements. A broken row is reported in Dataset.Problems and the rest
// kept; a file that cannot be read as a table at all is an error
// ("table-column-missing", "table-twice", and those of package table), as is a
// directory without a single table ("data-empty", "data-missing").
func Load(ctx context.Context, dir string, opts Options) (*Dataset, error) {
	return LoadShelf(ctx, &directory{os.DirFS(dir), dir, opts.Relative}, opts)
}

// LoadFS is [Load] from a file system; places are named relative to its root.
func LoadFS(ctx context.Context, fsys fs.FS, opts Options) (*Dataset, error) {
	return LoadShelf(ctx, &directory{fsys: fsys}, opts)
}

// LoadShelf is [Load] from any shelf.
func LoadShelf(ctx context.Context, shelf Shelf, opts Options) (*Dataset, error) {
	l := newLoader(ctx, shelf, opts)
	if opts.Usage == nil && !opts.FactsOnly {
		l.data.Reading = new(Reading)
	}
	if err := l.all(); err != nil {
		return nil, err
	}
	if opts.Usage != nil && l.taken != len(opts.Usage.Tables) {
		return nil, ErrOtherUsage
	}
	if len(l.data.Sources) == 0 {
		return nil, shelf.Empty()
	}
	if !opts.Packed {
		l.data.Usage = l.data.Ledger.Rows()
	}
	return l.data, nil
}

// Read makes one dataset of tables, those that say something first before others:
// a field that one record leaves empty is filled in from later ones.
func Read(ctx context.Context, sheets iter.Seq2[*Sheet, error]) (*Dataset, error) {
	l := newLoader(ctx, nil, Options{})
	var err error
	if l.data.Sources, err = l.sheets(sheets); err != nil {
		return nil, err
	}
	l.data.consolidate(nil)
	l.data.Usage = l.data.Ledger.Rows()
	return l.data, nil
}

// loader is one loading of what is on a shelf.
type loader struct {
	ctx   context.Context
	shelf Shelf
	opts  Options
	only  string // if set, the one table to read
	data  *Dataset

	of    *File // whose tables are being read; nil: the shelf's own
	twice *twice
	taken int // tables of opts.Usage
	rows  int // of usage that were read
	// statements are how many have been read, and asserted whom the rows of the table of
	// usage name that is being read.
	statements int
	asserted   attribution.Survey
	// tenants, if not nil, are the only ones whose usage is wanted, without case. Of
	// tables that people keep it is read nevertheless.
	tenants []string
	// months, if not nil, are the only ones whose usage is wanted.
	months []kizuna.Month
	// wants says which imported files are to be read; nil: all.
	wants func(f *File) bool
	// usage takes every row of usage of a file, and refused every broken row of a
	// table, the number-th. They collect, unless somebody only looks.
	usage   func(f *File, row *usage.Row)
	refused func(err *kizuna.Error, number int)
}

func newLoader(ctx context.Context, shelf Shelf, opts Options) *loader {
	l := &loader{ctx: ctx, shelf: shelf, opts: opts, data: &Dataset{Ledger: usage.NewLedger()}}
	l.usage = func(f *File, row *usage.Row) {
		if !l.twice.again(f, row) {
			l.data.Ledger.Add(row)
		}
	}
	l.refused = func(err *kizuna.Error, number int) {
		if number <= MaxProblems {
			l.data.Problems = append(l.data.Problems, err)
		}
	}
	return l
}

// all reads the shelf's own tables and what was imported.
func (l *loader) all() error {
	c, err := l.shelf.Catalog(l.ctx)
	if err != nil {
		return err
	}
	return l.allOf(c)
}

func (l *loader) allOf(c *Catalog) (err error) {
	if l.reads("usage") && l.opts.Usage == nil {
		if l.twice, err = l.findTwice(c); err != nil {
			return err
		}
	}
	l.data.adopt(l.opts.Own, l.reads)
	own, err := l.sheets(l.shelf.Own(l.ctx))
	if err != nil {
		return err
	}
	l.data.Sources = append(l.data.Sources, own...)
	counts := make(map[string]int)
	for _, k := range kinds() {
		counts[k.title()] = k.count(l.data)
	}
	for _, f := range slices.Backward(c.Files) { // what was said last goes before
		if l.wants != nil && !l.wants(f) {
			continue
		}
		if err := l.imported(f); err != nil {
			return err
		}
	}
	if l.only == "" {
		l.data.consolidate(counts)
	}
	l.data.Overlaps = append(l.measuredTwice(), c.perhapsTwice()...)
	return nil
}

func (l *loader) reads(table string) bool {
	if l.opts.FactsOnly && table == "usage" {
		return false
	}
	return l.only == "" || l.only == table
}

// mayFind reports whether a file's facts may hold a table that is wanted.
func (l *loader) mayFind(f *File) bool {
	return l.only == "" || l.only != "usage" && (f.Tables == nil || slices.Contains(f.Tables, l.only))
}

// adopt takes over facts that were not imported, of the tables that are wanted.
func (d *Dataset) adopt(own *Dataset, wanted func(table string) bool) {
	if own == nil {
		return
	}
	for _, k := range kinds() {
		name := k.title()
		if n := k.count(own); n > 0 && wanted(name) {
			k.adopt(d, own)
			d.Sources = append(d.Sources, Source{File: ownFile, Kind: "table/" + name, Rows: n})
		}
	}
}

// ownFile is the name of what was not imported from any file.
const ownFile = "record"

// imported reads what is in force of an imported file.
func (l *loader) imported(f *File) error {
	if !f.hasTables() {
		return nil
	}
	l.of = f
	s := Source{
		File: f.Name, Kind: f.Kind, Vintage: f.Vintage, Source: f.Source, SHA256: f.SHA256,
		Covers: f.Covers, Certifications: f.Certifications, Months: f.current(), Refused: f.Rows.Refused,
	}
	var tables []Source
	if f.FactsInForce() && l.mayFind(f) {
		var err error
		if tables, err = l.sheets(l.shelf.Facts(l.ctx, f)); err != nil {
			return err
		}
	}
	for i := range f.Statements {
		if st := &f.Statements[i]; st.ReplacedBy == 0 && l.reads("usage") {
			t, err := l.usageStatement(f, st)
			if err != nil {
				return err
			}
			s.Rows += t.Rows
		}
	}
	for _, t := range tables {
		s.Rows += t.Rows
	}
	l.data.Sources = append(l.data.Sources, s)
	return nil
}

// usageStatement reads a file's usage of a month, or takes over what came of it
// before.
func (l *loader) usageStatement(f *File, st *Statement) (Source, error) {
	if l.opts.Usage != nil {
		return l.known(st.Place)
	}
	t, err := l.statement(f, st)
	if l.data.Reading != nil {
		l.data.Reading.Tables = append(l.data.Reading.Tables, t)
	}
	l.statements++
	return t.Source, err
}

func (l *loader) statement(f *File, st *Statement) (t TableReading, err error) {
	t.Source = st.source()
	if !l.inMonths(st.Month) {
		return t, nil
	}
	u, err := l.shelf.Usage(l.ctx, f, st)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	if l.tenants != nil {
		u.only(l.tenants)
	}
	l.asserted = attribution.Survey{}
	written, tenant := "", ""
	for row, err := range u.Rows() {
		if err != nil {
			return t, err
		}
		if t.Source.Rows%1024 == 0 && l.ctx.Err() != nil {
			return t, context.Cause(l.ctx)
		}
		l.take(f, row)
		t.Source.Rows++
		if l.opts.Customer != nil && (row.Tenant != written || t.Source.Rows == 1) {
			written = row.Tenant
			if id := association.Fold(written); id != tenant || t.Source.Rows == 1 {
				tenant = id
				l.opts.Customer(l.statements, tenant)
			}
		}
	}
	t.Asserted = l.asserted.Asserted
	return t, nil
}

func (l *loader) inMonths(m kizuna.Month) bool {
	return l.months == nil || slices.Contains(l.months, m)
}

// source is what a statement is to whoever reads it, but for its rows.
func (st *Statement) source() Source {
	return Source{File: st.Place, Kind: "table/usage", Months: []kizuna.Month{st.Month}}
}

// sheets reads tables, those that are wanted.
func (l *loader) sheets(sheets iter.Seq2[*Sheet, error]) (sources []Source, err error) {
	for sheet, err := range sheets {
		if err != nil {
			return nil, err
		}
		if plainKind(sheet.Table) == nil {
			l.note(kizuna.Errorf("table-unknown", "%s is none of Kizuna's tables and was not read", path.Base(filepath.ToSlash(sheet.File))).
				WithRef(kizuna.Ref{File: sheet.File}))
			continue
		}
		if !l.reads(sheet.Table) {
			continue
		}
		s, err := l.sheet(sheet)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// plainKind returns the table of the name; nil if there is none.
func plainKind(name string) kind {
	for _, k := range kinds() {
		if k.title() == name {
			return k
		}
	}
	return nil
}

func (l *loader) note(n *kizuna.Error) { l.data.Notes = append(l.data.Notes, n) }

func (l *loader) sheet(sheet *Sheet) (Source, error) {
	if sheet.Table == "usage" {
		return l.usageSheet(sheet)
	}
	return l.read(sheet)
}

func (l *loader) read(sheet *Sheet) (source Source, err error) {
	r, err := sheet.Open(l.opts.Limits)
	if err != nil {
		return Source{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	source = Source{File: sheet.File, Kind: "table/" + sheet.Table}
	in := &input{RowReader: r, file: sheet.File, note: l.note}
	in.refuse = func(err *kizuna.Error) {
		source.Refused++
		l.refused(err, source.Refused)
	}
	in.usage = func(row *usage.Row) { l.take(l.of, row) }
	return source, plainKind(sheet.Table).read(l.ctx, in, l.data, &source)
}

// take takes a row of usage, and tells how many there were.
func (l *loader) take(f *File, row *usage.Row) {
	l.usage(f, row)
	if l.data.Reading != nil {
		if a, ok := attribution.AssertionOf(row); ok {
			l.asserted.Assert(a)
		}
	}
	if l.rows++; l.opts.Progress != nil && l.rows%progressRows == 0 {
		l.opts.Progress(l.rows)
	}
}

// progressRows is how many rows are read until progress is told.
const progressRows = 1 << 16

// kind is a plain table of any type of record.
type kind interface {
	title() string // the table's name
	table() Table
	exists(dir string) bool // in any spelling of its file
	empty(d *Dataset) bool

	// read reads the table into the dataset.
	read(ctx context.Context, in *input, d *Dataset, s *Source) error
	// hand reads it and hands every row to a sink.
	hand(ctx context.Context, in *input, sink intake.Sink) error

	columnNames(places bool) []string
	write(w recordWriter, d *Dataset, places bool)

	// identity returns a key that equal records have in common, wherever they
	// were said; ok is false for records of other tables.
	identity(record any) (key any, ok bool)
	add(d *Dataset, record any)
	adopt(d, from *Dataset) // all records of another dataset
	count(d *Dataset) int   // of its records
	dedupe(d *Dataset, own int)
}

// input is one table being read.
type input struct {
	RowReader
	file   string
	refuse func(*kizuna.Error)
	note   func(*kizuna.Error)
	usage  func(*usage.Row) // takes the rows of usage
}

// facts is a plain table whose records are kept one by one.
type facts[T any] struct {
	*schema[T]
	records func(*Dataset) *[]T
}

func (f facts[T]) read(ctx context.Context, in *input, d *Dataset, s *Source) error {
	records := f.records(d)
	return f.schema.read(ctx, in, func() *T { return new(T) }, func(r *T) {
		*records = append(*records, *r)
		s.Rows++
	})
}

func (f facts[T]) hand(ctx context.Context, in *input, sink intake.Sink) error {
	return f.schema.read(ctx, in, func() *T { return new(T) }, func(r *T) {
		sink.Facts(*r)
		sink.Kept(*f.at(r))
	})
}

// usageRows is the one table that may be long. One goroutine reads and parses it
// while another adds rows up, so the order of rows stays that of the file.
type usageRows struct{ *schema[usageLine] }

func (u usageRows) read(ctx context.Context, in *input, d *Dataset, s *Source) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const chunkLength, chunks = 512, 4
	free := make(chan []usageLine, chunks)
	for range chunks {
		free <- make([]usageLine, 0, chunkLength)
	}
	full := make(chan []usageLine, chunks)
	failed := make(chan error, 1)
	go func() {
		defer close(full)
		chunk := <-free
		// The slot's own pointers point into the chunk, which never moves.
		slot := func() *usageLine {
			if len(chunk) == chunkLength {
				full <- chunk
				chunk = <-free
			}
			r := &chunk[:len(chunk)+1][len(chunk)]
			*r = usageLine{}
			return r
		}
		err := u.schema.read(ctx, in, slot, func(*usageLine) { chunk = chunk[:len(chunk)+1] })
		full <- chunk
		failed <- err
	}()
	months := make(map[kizuna.Month]bool)
	last := kizuna.Month(-1)
	for chunk := range full {
		for i := range chunk {
			row := &chunk[i].Row
			if row.Month != last {
				last = row.Month
				months[last] = true
			}
			in.usage(row)
		}
		s.Rows += len(chunk)
		free <- chunk[:0]
	}
	if err := <-failed; err != nil {
		return err
	}
	s.Months = slices.Sorted(maps.Keys(months))
	if s.Rows > 0 {
		s.Covers = usageCoverage(func(column string) bool { return in.Find(column) >= 0 })
	}
	return nil
}

func (u usageRows) hand(ctx context.Context, in *input, sink intake.Sink) error {
	var line usageLine
	next := func() *usageLine {
		line = usageLine{}
		return &line
	}
	return u.schema.read(ctx, in, next, func(r *usageLine) {
		sink.Usage(&r.Row)
		sink.Kept(r.At)
	})
}

// The places of imported rows, in columns that every table may have.
const (
	sourceFile = "source_file" // the file that was imported
	sourceLine = "source_line" // its line
	sourceRows = "source_rows" // usage: how many of its lines were added up
)

// boundColumn is a column of the schema and where the file has it.
type boundColumn[T any] struct {
	*column[T]
	at int
}

// read reads every row: next gives the record to fill, keep takes it when it is
// whole. Rows that cannot be understood are refused.
func (s *schema[T]) read(ctx context.Context, in *input, next func() *T, keep func(*T)) error {
	columns, err := s.bind(in)
	if err != nil {
		return err
	}
	place := bindPlace(in)
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		record, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			broken, ok := errors.AsType[*kizuna.Error](err)
			if !ok || in.Err() != nil {
				return err // half a table is worse than none
			}
			in.refuse(broken)
			continue
		}
		r := next()
		if s.start != nil {
			*r = s.start()
		}
		at := s.at(r)
		if broken := s.fill(columns, record, r, in); broken != nil {
			in.refuse(broken)
			continue
		}
		at.File, at.Line = in.file, in.Line()
		if place != nil {
			if broken := place.fill(record, at, s.lines(r), in); broken != nil {
				in.refuse(broken)
				continue
			}
		}
		keep(r)
	}
}

// bind finds the schema's columns in the header.
func (s *schema[T]) bind(in *input) ([]boundColumn[T], error) {
	var columns []boundColumn[T]
	used := make(map[int]bool)
	for i := range s.columns {
		c := &s.columns[i]
		at := in.Find(c.Name)
		if at < 0 && c.Required {
			return nil, kizuna.Errorf("table-column-missing", "%s has no column %q", in.file, c.Name).
				WithMend("add it: %s needs a header with %s", s.name+".csv", strings.Join(s.needed(), ", ")).
				WithRef(kizuna.Ref{File: in.file, Line: 1})
		}
		if at >= 0 {
			columns = append(columns, boundColumn[T]{c, at})
			used[at] = true
		}
	}
	for _, name := range [...]string{sourceFile, sourceLine, sourceRows} {
		used[in.Find(name)] = true
	}
	for i, name := range in.Header() {
		if !used[i] && name != "" {
			in.note(kizuna.Errorf("column-unused", "the column %q is not one of %s's and was not read", name, s.name+".csv").
				WithRef(kizuna.Ref{File: in.file, Line: 1}))
		}
	}
	return columns, nil
}

func (s *schema[T]) needed() []string {
	var names []string
	for _, c := range s.columns {
		if c.Required {
			names = append(names, c.Name)
		}
	}
	return names
}

// fill sets the record's fields in the order of the schema.
func (s *schema[T]) fill(columns []boundColumn[T], record []string, r *T, in *input) *kizuna.Error {
	for i := range columns {
		c := &columns[i]
		var cell string
		if c.at < len(record) {
			cell = strings.TrimSpace(record[c.at])
		}
		var err error
		switch {
		case cell == "" && c.Filled:
			err = kizuna.Errorf("cell-empty", "the cell of %s is empty", c.Name).WithMend("fill it in")
		case cell != "" && c.Values != nil:
			if cell, err = choose(cell, c.Values); err == nil {
				err = c.set(r, cell)
			}
		default:
			err = c.set(r, cell)
		}
		if err != nil {
			return in.broken(err, c.at)
		}
	}
	if s.finish != nil {
		if err := s.finish(r); err != nil {
			return in.broken(err, 0)
		}
	}
	return nil
}

// choose returns the value that the cell means.
func choose(cell string, values []string) (string, error) {
	for _, v := range values {
		if strings.EqualFold(v, cell) {
			return v, nil
		}
	}
	return "", kizuna.Errorf("cell-choice", "%q is not one of %s", cell, strings.Join(values, ", ")).
		WithMend("write one of them")
}

// broken names the place of an error in the row that was read last.
func (in *input) broken(err error, column int) *kizuna.Error {
	known, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		known = kizuna.Errorf("cell", "%v", err)
	}
	return known.WithRef(in.Ref(column))
}

// place is where a table's rows were imported from.
type place struct{ file, line, rows int }

func bindPlace(in *input) *place {
	p := &place{in.Find(sourceFile), in.Find(sourceLine), in.Find(sourceRows)}
	if p.file < 0 || p.line < 0 {
		return nil
	}
	return p
}

func (p *place) fill(record []string, at *kizuna.Ref, lines *int, in *input) *kizuna.Error {
	if p.file >= len(record) || p.line >= len(record) || record[p.file] == "" {
		return nil
	}
	line, err := whole(record[p.line])
	if err != nil {
		return in.broken(err, p.line)
	}
	at.File, at.Line = record[p.file], int(line)
	if lines != nil && p.rows >= 0 && p.rows < len(record) {
		n, err := whole(record[p.rows])
		if err != nil {
			return in.broken(err, p.rows)
		}
		*lines = int(n)
	}
	return nil
}

// lines returns where a record counts the lines it stands for; nil: it does not.
func (s *schema[T]) lines(r *T) *int {
	if u, ok := any(r).(*usageLine); ok {
		return &u.Lines
	}
	return nil
}
