package imports

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/table"
)

// A fact's body is a row of a plain table: what its cells say by column, without
// the empty ones, and the line of the file that it stood in. Of a cell that is
// personal data it holds the reference, under COLUMN_ref.
const (
	sourceFile = "source_file" // not in the body: the file's record says it
	sourceLine = "source_line"
	refSuffix  = "_ref"
)

// keys says which column names what a table's rows are about.
var keys = map[string]string{
	"partners": "location_id", "customers": "tenant_id", "subscriptions": "subscription_id", "scopes": "scope",
	"cpor_claims": "claim_id", "pal_links": "object_id", "role_assignments": "object_id", "group_members": "object_id",
	"resource_owners": "scope", "dpor": "subscription_id", "csp": "subscription_id",
	"people": "mcid", "profile_links": "mcid", "certifications": "mcid", "exchange_rates": "currency",
}

// subjects are the columns that name a subject, the first that is filled.
var subjects = [...]string{"mcid", "object_id", "subscription_id"}

// concerns says whose row it is.
func concerns(row map[string]string) store.Concerns {
	c := store.Concerns{
		Tenant:   association.Fold(row["tenant_id"]),
		Location: association.Fold(row["location_id"]),
		Second:   association.Fold(row["global_id"]),
	}
	for _, column := range subjects {
		c.Subject = cmp.Or(c.Subject, association.Fold(row[column]))
	}
	return c
}

// facter makes facts of a file's rows, in one transaction.
type facter struct{ people *keeper }

// of makes facts of tables.
func (f *facter) of(sheets []*dataset.Sheet) iter.Seq2[*store.Fact, error] {
	return func(yield func(*store.Fact, error) bool) {
		for _, sheet := range sheets {
			if err := f.sheet(sheet, func(fact *store.Fact) bool { return yield(fact, nil) }); err != nil {
				if err != errStopped {
					yield(nil, err)
				}
				return
			}
		}
	}
}

var errStopped = errors.New("stopped")

func (f *facter) sheet(sheet *dataset.Sheet, yield func(*store.Fact) bool) error {
	rows, err := sheet.Open(table.Limits{})
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fact, err := f.fact(sheet.Table, rows.Header(), cells)
		if err != nil {
			return err
		}
		if !yield(fact) {
			return errStopped
		}
	}
}

func (f *facter) fact(name string, header, cells []string) (*store.Fact, error) {
	row := make(map[string]string, len(header))
	for i, column := range header {
		if column != sourceFile && cells[i] != "" {
			row[column] = cells[i]
		}
	}
	fact := &store.Fact{Table: name, Key: association.Fold(row[keys[name]]), Concerns: concerns(row)}
	var err error
	if name == peopleTable {
		if fact.Concerns.Subject, err = f.people.keep(row); err != nil {
			return nil, err
		}
	}
	fact.Body, err = json.Marshal(row)
	return fact, err
}

// Facts lists a file's tables besides usage, as far as they are for the viewer's
// eyes.
func (s *Shelf) Facts(ctx context.Context, f *dataset.File) iter.Seq2[*dataset.Sheet, error] {
	return func(yield func(*dataset.Sheet, error) bool) {
		next, stop := iter.Pull2(s.Store.Facts(ctx, s.View, thing(f).ID))
		defer stop()
		sheetsOf(f.Name, next, s.heldFor(ctx))(yield)
	}
}

// InForce reads the rows of a table that an id, folded, is the key or a location
// of, in the files that are in force: those imported last first.
func InForce(r record.Reader, table, id string) (*dataset.Dataset, error) {
	facts, err := r.FactsOf(table, id)
	if err != nil {
		return nil, err
	}
	return inForce(facts, func(id string) (*dataset.File, error) { return fileOf(r, id) }, heldIn(r))
}

// inForce reads rows, as far as their files are in force.
func inForce(facts []*store.Fact, fileOf func(id string) (*dataset.File, error), people lookup) (*dataset.Dataset, error) {
	// A few rows in memory: there is nothing to cancel.
	return dataset.Read(context.Background(), func(yield func(*dataset.Sheet, error) bool) {
		for rows := range byFile(facts) {
			f, err := fileOf(rows[0].File)
			if err != nil {
				yield(nil, err)
				return
			}
			if !f.FactsInForce() {
				continue
			}
			for sheet, err := range sheetsOf(f.Name, each(rows), people) {
				if !yield(sheet, err) {
					return
				}
			}
		}
	})
}

// byFile yields the rows of each file; those of one file follow each other.
func byFile(facts []*store.Fact) iter.Seq[[]*store.Fact] {
	return func(yield func([]*store.Fact) bool) {
		for len(facts) > 0 {
			n := slices.IndexFunc(facts, func(f *store.Fact) bool { return f.File != facts[0].File })
			if n < 0 {
				n = len(facts)
			}
			if !yield(facts[:n]) {
				return
			}
			facts = facts[n:]
		}
	}
}

func fileOf(r record.Reader, id string) (*dataset.File, error) {
	f, err := r.Get(store.Thing{Kind: File, ID: id})
	if err != nil {
		return nil, err
	}
	return decode(f)
}

// each returns what gives one fact after the other.
func each(facts []*store.Fact) func() (*store.Fact, error, bool) {
	return func() (*store.Fact, error, bool) {
		if len(facts) == 0 {
			return nil, nil, false
		}
		first := facts[0]
		facts = facts[1:]
		return first, nil, true
	}
}

// sheetsOf makes tables of a file's facts that follow each other.
func sheetsOf(file string, next func() (*store.Fact, error, bool), people lookup) iter.Seq2[*dataset.Sheet, error] {
	return func(yield func(*dataset.Sheet, error) bool) {
		queue := &queue{people: people, next: next}
		for {
			first, err := queue.first()
			if err != nil {
				yield(nil, err)
				return
			}
			if first == nil {
				return
			}
			rows := newFactRows(queue, file, first.table)
			open := func(table.Limits) (dataset.RowReader, error) { return rows, nil }
			if !yield(&dataset.Sheet{Table: first.table, File: file, Open: open}, nil) {
				return
			}
			for err == nil { // what the reader left
				_, err = rows.Next()
			}
			if err != io.EOF {
				yield(nil, err)
				return
			}
		}
	}
}

// queue reads facts ahead, so that many people are looked up at once.
type queue struct {
	people lookup
	next   func() (*store.Fact, error, bool)
	rows   []factRow
	ended  bool
}

type factRow struct {
	table string
	cells map[string]string
}

const ahead = 512

// first returns the first row; nil at the end.
func (q *queue) first() (*factRow, error) {
	if len(q.rows) == 0 && !q.ended {
		if err := q.fill(); err != nil {
			return nil, err
		}
	}
	if len(q.rows) == 0 {
		return nil, nil
	}
	return &q.rows[0], nil
}

func (q *queue) fill() error {
	q.rows = nil
	var refs []string
	for len(q.rows) < ahead {
		fact, err, ok := q.next()
		if !ok {
			q.ended = true
			break
		}
		if err != nil {
			return err
		}
		row := factRow{table: fact.Table}
		if err := json.Unmarshal(fact.Body, &row.cells); err != nil {
			return unreadableFact(fact, err)
		}
		refs = append(refs, row.refs()...)
		q.rows = append(q.rows, row)
	}
	if len(refs) == 0 {
		return nil
	}
	held, err := q.people(refs)
	for i := range q.rows {
		q.rows[i].fillIn(held)
	}
	return err
}

func unreadableFact(f *store.Fact, cause error) error {
	return kizuna.Errorf("fact-body", "row %d of the imported file %s cannot be read", f.N, f.File).WithCause(cause)
}

// factRows are the rows of one table, as a file of it would give them.
type factRows struct {
	*queue
	file, table string
	header      []string
	cells       []string
	line        int
	failed      error
}

func newFactRows(q *queue, file, name string) *factRows {
	r := &factRows{queue: q, file: file, table: name, header: headers()[name]}
	if r.header == nil {
		r.header = []string{sourceFile, sourceLine}
	}
	r.cells = make([]string, len(r.header))
	return r
}

// headers are the columns of the tables as facts give them, made once: most who read
// facts read a row or two.
var headers = sync.OnceValue(func() map[string][]string {
	all := make(map[string][]string)
	for _, t := range dataset.Tables() {
		for _, c := range t.Columns {
			all[t.Name] = append(all[t.Name], c.Name)
		}
		all[t.Name] = append(all[t.Name], sourceFile, sourceLine)
	}
	return all
})

func (r *factRows) Header() []string { return r.header }

// Find compares letter by letter: the header and those who ask have the names from
// the same list.
func (r *factRows) Find(names ...string) int {
	for _, name := range names {
		if i := slices.Index(r.header, name); i >= 0 {
			return i
		}
	}
	return -1
}

func (r *factRows) Next() ([]string, error) {
	first, err := r.first()
	if err != nil {
		r.failed = err
		return nil, err
	}
	if first == nil || first.table != r.table {
		return nil, io.EOF
	}
	for i, column := range r.header {
		r.cells[i] = first.cells[column]
	}
	r.cells[slices.Index(r.header, sourceFile)] = r.file
	r.line, _ = strconv.Atoi(first.cells[sourceLine])
	r.rows = r.rows[1:]
	return r.cells, nil
}

func (r *factRows) Err() error { return r.failed }
func (r *factRows) Line() int  { return r.line }

func (r *factRows) Ref(column int) kizuna.Ref {
	return kizuna.Ref{File: r.file, Line: r.line, Column: column + 1}
}

func (r *factRows) Close() error { return nil }
