package dataset

import (
	"context"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// Shelf is where imported files are kept: a data directory is one, and so is a
// system of record. It holds tables and a catalogue; what these say, and which of
// them is in force, is understood here alone.
type Shelf interface {
	// String is how people name it.
	String() string
	// Catalog lists what was imported. The caller may change what is returned.
	Catalog(ctx context.Context) (*Catalog, error)
	// Own lists the tables that people keep beside what was imported; they have the
	// last word. They come in the order of [Tables], then those that are none of these.
	Own(ctx context.Context) iter.Seq2[*Sheet, error]
	// Facts lists the tables of what a file says besides usage, in the same order.
	Facts(ctx context.Context, f *File) iter.Seq2[*Sheet, error]
	// Usage opens a file's usage of a month.
	Usage(ctx context.Context, f *File, s *Statement) (*Usage, error)
	// Journal returns the table of what became of a file's lines; nil if it may not
	// be seen.
	Journal(ctx context.Context, f *File) (*Sheet, error)
	// Empty is the error for a shelf that holds no table at all.
	Empty() *kizuna.Error

	// Singly reports whether files that are imported together are kept one by one.
	Singly() bool
	// Stage prepares an import.
	Stage(ctx context.Context) (Stage, error)
}

// Stage is an import under way. Nothing that is on it counts until it is kept.
type Stage interface {
	// Dir is an empty directory: in the places that a [File] names lie files
	// TABLE.csv.zst, or for usage usage.parquet.
	Dir() string
	// Owns reports whether a file is one of the shelf's own tables.
	Owns(info os.FileInfo) bool
	// Keep makes the change part of the shelf, all of it or nothing: the catalogue
	// as change leaves it, and the tables of the files that it says are new. The
	// change may be made more than once, each time to a fresh catalogue. A shelf that
	// cannot change anything but the catalogue that was seen refuses another
	// ("import-meanwhile").
	Keep(ctx context.Context, seen *Catalog, change Change) error
	// Discard removes the directory.
	Discard()
}

// Change changes a catalogue and says which of its files are new; changed is false
// if there is nothing to keep.
type Change func(c *Catalog) (added []*File, changed bool)

// Sheet is one table on a shelf.
type Sheet struct {
	Table string // its name, without extension
	File  string // how people name it, for rows that do not say where they are from
	// Open starts to read it. Of the sheets of a sequence only the last one may be
	// open.
	Open func(limits table.Limits) (RowReader, error)
	// State tells the content apart from what it is at other times, without reading
	// it, and when it was changed. Nil: the place says which content it is.
	State func() (text string, changed time.Time, err error)
}

// Usage is a statement that is open.
type Usage struct {
	*statement.File
	// Tenants are those whose rows may be seen, without case; nil: all.
	Tenants []string
}

// only leaves of the tenants those that are wanted, too.
func (u *Usage) only(tenants []string) {
	visible := u.Tenants
	u.Tenants = slices.DeleteFunc(slices.Clone(tenants), func(t string) bool {
		return visible != nil && !slices.Contains(visible, t)
	})
}

// Rows yields the rows that may be seen, up to an error. The row is reused.
func (u *Usage) Rows() iter.Seq2[*usage.Row, error] {
	if u.Tenants == nil {
		return u.All()
	}
	return func(yield func(*usage.Row, error) bool) {
		spans, err := u.spans()
		if err != nil {
			yield(nil, err)
			return
		}
		u.File.Rows(spans...)(yield)
	}
}

// spans are the rows that may be seen: those of customers next to each other in one.
func (u *Usage) spans() (spans []statement.Span, err error) {
	for _, tenant := range slices.Sorted(slices.Values(u.Tenants)) {
		span, err := u.Find(tenant)
		if err != nil {
			return nil, err
		}
		switch last := len(spans) - 1; {
		case span.From == span.To:
		case last >= 0 && spans[last].To == span.From:
			spans[last].To = span.To
		default:
			spans = append(spans, span)
		}
	}
	return spans, nil
}

// RowReader reads a table as [table.Reader] does.
type RowReader interface {
	Header() []string
	Find(names ...string) int
	Next() ([]string, error)
	Err() error
	Line() int
	Ref(column int) kizuna.Ref
	Close() error
}
