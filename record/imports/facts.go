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

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/table"
)

// A fact's body is a row of a plain table: what its cells say by column, without
// the empty ones, and the line of the file that it stood in. Of the column that
// names a person it holds the reference of the name under COLUMN_ref.
const (
	sourceFile = "source_file" // not in the body: the file's record says it
	sourceLine = "source_line"
	refSuffix  = "_ref"
)

// personal says which column of a table names a person, by whose id.
var personal = map[string]string{"people": "name"}

// keys says which column names what a table's rows are about.
var keys = map[string]string{
	"partners": "location_id", "customers": "tenant_id", "subscriptions": "subscription_id", "scopes": "scope",
	"cpor_claims": "claim_id", "pal_links": "object_id", "role_assignments": "object_id", "group_members": "object_id",
	"resource_owners": "scope", "dpor": "subscription_id", "csp": "subscription_id",
	"people": "mcid", "profile_links": "mcid", "certifications": "mcid", "exchange_rates": "currency",
}

// subjects are the columns that name a subject, the first that is filled.
var subjects = [...]string{"mcid", "object_id", "subscription_id", "person_id"}

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

// factsOf makes facts of a file's tables. Names of people go to keep, which
// returns what refers to them.
func factsOf(ctx context.Context, sheets []*dataset.Sheet, keep func(about string, c store.Concerns, value map[string]string) (string, error)) iter.Seq2[*store.Fact, error] {
	return func(yield func(*store.Fact, error) bool) {
		for _, sheet := range sheets {
			for fact, err := range sheetFacts(ctx, sheet, keep) {
				if !yield(fact, err) || err != nil {
					return
				}
			}
		}
	}
}

func sheetFacts(ctx context.Context, sheet *dataset.Sheet, keep func(string, store.Concerns, map[string]string) (string, error)) iter.Seq2[*store.Fact, error] {
	return func(yield func(*store.Fact, error) bool) {
		rows, err := sheet.Open(table.Limits{})
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for {
			cells, err := rows.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			fact, err := factOf(sheet.Table, rows.Header(), cells, keep)
			if !yield(fact, err) || err != nil {
				return
			}
		}
	}
}

func factOf(name string, header, cells []string, keep func(string, store.Concerns, map[string]string) (string, error)) (*store.Fact, error) {
	row := make(map[string]string, len(header))
	for i, column := range header {
		if column != sourceFile && cells[i] != "" {
			row[column] = cells[i]
		}
	}
	f := &store.Fact{Table: name, Concerns: concerns(row), Key: association.Fold(row[keys[name]])}
	if column := personal[name]; row[column] != "" {
		ref, err := keep(f.Concerns.Subject, f.Concerns, map[string]string{column: row[column]})
		if err != nil {
			return nil, err
		}
		delete(row, column)
		row[column+refSuffix] = ref
	}
	var err error
	f.Body, err = json.Marshal(row)
	return f, err
}

// Facts lists a file's tables besides usage, as far as they are for the viewer's
// eyes.
func (s *Shelf) Facts(ctx context.Context, f *dataset.File) iter.Seq2[*dataset.Sheet, error] {
	return s.sheets(ctx, f.Name, s.Store.Facts(ctx, s.View, thing(f).ID))
}

// sheets makes tables of facts that follow each other; name is that of their file.
func (s *Shelf) sheets(ctx context.Context, name string, facts iter.Seq2[*store.Fact, error]) iter.Seq2[*dataset.Sheet, error] {
	return func(yield func(*dataset.Sheet, error) bool) {
		next, stop := iter.Pull2(facts)
		defer stop()
		queue := &queue{shelf: s, ctx: ctx, next: next}
		for {
			first, err := queue.first()
			if err != nil {
				yield(nil, err)
				return
			}
			if first == nil {
				return
			}
			rows := newFactRows(queue, name, first.table)
			open := func(table.Limits) (dataset.RowReader, error) { return rows, nil }
			if !yield(&dataset.Sheet{Table: first.table, File: name, Open: open}, nil) {
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

// queue reads facts ahead, so that many names are looked up at once.
type queue struct {
	shelf *Shelf
	ctx   context.Context
	next  func() (*store.Fact, error, bool)
	rows  []factRow
	ended bool
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
	q.rows = make([]factRow, 0, ahead)
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
			return kizuna.Errorf("fact-body", "row %d of the imported file %s cannot be read", fact.N, fact.File).WithCause(err)
		}
		if ref := row.ref(); ref != "" {
			refs = append(refs, ref)
		}
		q.rows = append(q.rows, row)
	}
	if len(refs) == 0 {
		return nil
	}
	names, err := q.shelf.Store.Personal(q.ctx, q.shelf.View, refs)
	for i := range q.rows {
		r := &q.rows[i]
		if ref := r.ref(); ref != "" { // a name that was erased stays empty
			r.cells[personal[r.table]] = names[ref].Value[personal[r.table]]
		}
	}
	return err
}

func (r *factRow) ref() string {
	column, ok := personal[r.table]
	if !ok {
		return ""
	}
	return r.cells[column+refSuffix]
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
	r := &factRows{queue: q, file: file, table: name}
	for _, t := range dataset.Tables() {
		if t.Name == name {
			for _, c := range t.Columns {
				r.header = append(r.header, c.Name)
			}
		}
	}
	r.header = append(r.header, sourceFile, sourceLine)
	r.cells = make([]string, len(r.header))
	return r
}

func (r *factRows) Header() []string { return r.header }

func (r *factRows) Find(names ...string) int { return table.FindIn(r.header, names...) }

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
