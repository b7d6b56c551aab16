// Package imports keeps imported files in the record: it is the shelf
// ([dataset.Shelf]) that a store is.
//
// Each file is a thing of kind [File]: a newer file that takes its place gives it a
// new version, so that what was in force at any earlier moment can still be read.
// What a file says besides usage are facts, rows of the store; names of people are
// kept apart from them, where they can be erased. Its usage, month by month, and the
// journal of its lines are tables in the blob store, by the hash of their content.
package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// The kinds of things that importing records.
const (
	File     store.Kind = "file"            // an imported file; its body is a [dataset.File]
	Settings store.Kind = "import-settings" // how files count beside each other
)

// settings is the one thing of its kind.
var settings = store.Thing{Kind: Settings, ID: "azure"}

type settingsBody struct {
	AzureFrom dataset.AzureSource `json:"azure_from"`
}

// Shelf is a store's imported files.
type Shelf struct {
	Store store.Store
	Blobs blob.Store // nil: neither usage nor journals can be read or written
	Name  string     // how people name the store
	// View is how it is looked at. Usage is shown of the tenants in its scope;
	// journals only to whom everything is shown.
	View store.View
	// Actor imports, on behalf of somebody, for a reason.
	Actor          lifecycle.Actor
	Behalf, Reason string
}

var _ dataset.Shelf = (*Shelf)(nil)

// String returns the store's name.
func (s *Shelf) String() string { return s.Name }

// Singly is true: a file is one transaction.
func (s *Shelf) Singly() bool { return true }

// Own lists nothing: what the record keeps besides imports are no tables.
func (s *Shelf) Own(context.Context) iter.Seq2[*dataset.Sheet, error] {
	return func(func(*dataset.Sheet, error) bool) {}
}

// Empty is the error for a store without imports.
func (s *Shelf) Empty() *kizuna.Error {
	return kizuna.Errorf("store-empty", "nothing was imported into %s", s).
		WithMend("import files with: kizuna import --store DSN FILE...; or ask for a later moment")
}

// Catalog lists the files that were known, as they were in force then.
func (s *Shelf) Catalog(ctx context.Context) (*dataset.Catalog, error) {
	c := new(dataset.Catalog)
	for r, err := range s.Store.Find(ctx, s.View, store.Query{Kind: File}) {
		if err != nil {
			return nil, err
		}
		if err := addFile(c, r); err != nil {
			return nil, err
		}
	}
	r, err := s.Store.Get(ctx, s.View, settings)
	if store.IsNotFound(err) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	return c, readSettings(c, r)
}

func addFile(c *dataset.Catalog, r *store.Record) error {
	f, err := decode(r)
	c.Files = append(c.Files, f)
	return err
}

func decode(r *store.Record) (*dataset.File, error) {
	f := new(dataset.File)
	if err := json.Unmarshal(r.Body, f); err != nil {
		return nil, store.Unreadable(r, err)
	}
	return f, nil
}

func readSettings(c *dataset.Catalog, r *store.Record) error {
	var body settingsBody
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return store.Unreadable(r, err)
	}
	c.AzureFrom = body.AzureFrom
	return nil
}

// thing names a file's record: in the order of the ids files were imported.
func thing(f *dataset.File) store.Thing {
	return store.Thing{Kind: File, ID: fmt.Sprintf("%08d-%s", f.Number, f.SHA256[:12])}
}

// Usage opens a month's statement: of the tenants in the view's scope.
func (s *Shelf) Usage(ctx context.Context, f *dataset.File, st *dataset.Statement) (*dataset.Usage, error) {
	content, err := s.content(ctx, f, st.Place)
	if err != nil {
		return nil, err
	}
	u, err := statement.OpenContent(ctx, content, st.SHA256)
	if err != nil {
		return nil, err
	}
	if s.View.Scope.All {
		return &dataset.Usage{File: u}, nil
	}
	return &dataset.Usage{File: u, Tenants: append([]string{}, s.View.Scope.Tenants...)}, nil
}

// Journal opens what became of a file's lines, for those who may see everything:
// the lines of all customers stand in it.
func (s *Shelf) Journal(ctx context.Context, f *dataset.File) (*dataset.Sheet, error) {
	if !s.View.Scope.All {
		return nil, nil
	}
	return s.sheet(ctx, f, "lines", f.Journal), nil
}

// sheet is a table in the blob store.
func (s *Shelf) sheet(ctx context.Context, f *dataset.File, name, sum string) *dataset.Sheet {
	open := func(limits table.Limits) (dataset.RowReader, error) {
		content, err := s.content(ctx, f, sum)
		if err != nil {
			return nil, err
		}
		return dataset.OpenTable(content, f.Name, limits)
	}
	return &dataset.Sheet{Table: name, File: f.Name, Open: open}
}

// content opens what is kept of a file in the blob store.
func (s *Shelf) content(ctx context.Context, f *dataset.File, sum string) (io.ReadCloser, error) {
	hash, err := kizuna.ParseHash(sum)
	if err != nil {
		return nil, err
	}
	if s.Blobs == nil {
		return nil, noBlobs()
	}
	content, err := s.Blobs.Open(ctx, hash)
	if kizuna.CodeOf(err) == "blob-missing" {
		return nil, kizuna.Errorf("imported-blob", "a table of %s is not where files are kept: %s", f.Name, sum).
			WithMend("name the right place with --blobs, or restore it from a backup").WithCause(err)
	}
	return content, err
}

func noBlobs() error {
	return kizuna.Errorf("blobs-none", "no place is named where files are kept").
		WithMend("name it with --blobs DIR or --blobs s3://BUCKET/PREFIX")
}
