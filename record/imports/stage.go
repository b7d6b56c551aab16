package imports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// stage is an import into the record under way.
type stage struct {
	shelf *Shelf
	dir   string
	blobs map[string]kizuna.Hash // by their path on the stage: those that were put
}

// Stage begins an import. It must be one of an operator who looks at the present.
func (s *Shelf) Stage(context.Context) (dataset.Stage, error) {
	if !s.View.Scope.All || s.View.KnownAt != 0 {
		return nil, kizuna.Errorf("import-view", "nothing can be imported into the past, or by those who may not see everything").
			WithMend("leave --known-at out")
	}
	dir, err := os.MkdirTemp("", "kizuna-import-")
	if err != nil {
		return nil, kizuna.Errorf("import-write", "nothing can be written into %s", os.TempDir()).
			WithMend("check the permissions and the space on the disk").WithCause(err)
	}
	return &stage{s, dir, make(map[string]kizuna.Hash)}, nil
}

func (st *stage) Dir() string           { return st.dir }
func (st *stage) Owns(os.FileInfo) bool { return false }
func (st *stage) Discard()              { _ = os.RemoveAll(st.dir) }

// errNothing ends a command that has nothing to record.
var errNothing = errors.New("nothing to record")

// Keep puts the tables into the blob store first, so that a crash leaves at worst
// some that nothing refers to, and then records all else in one transaction. It
// need not refuse what was imported meanwhile: the change is made to the catalogue
// as the transaction finds it.
func (st *stage) Keep(ctx context.Context, _ *dataset.Catalog, change dataset.Change) error {
	c, err := st.shelf.Catalog(ctx)
	if err != nil {
		return err
	}
	added, changed := change(c)
	if !changed {
		return nil
	}
	for _, f := range added {
		if _, err := st.keepBlobs(ctx, f); err != nil {
			return err
		}
	}
	_, err = st.shelf.Store.Write(ctx, store.Command{
		Actor: st.shelf.Actor, Behalf: st.shelf.Behalf, Reason: st.shelf.Reason, Action: "import", Alone: true,
	}, func(tx store.Tx) error { return st.record(tx, change) })
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// keepBlobs puts a file's usage and journal into the blob store, unless they are
// there, and makes their hashes their places.
func (st *stage) keepBlobs(ctx context.Context, f *dataset.File) (sums []kizuna.Hash, err error) {
	put := func(place *string, name string) {
		if *place == "" || err != nil {
			return
		}
		var sum kizuna.Hash
		if sum, err = st.put(ctx, filepath.Join(st.dir, *place, name)); err == nil {
			*place = sum.String()
			sums = append(sums, sum)
		}
	}
	for i := range f.Statements {
		put(&f.Statements[i].Place, "usage.parquet")
	}
	put(&f.Journal, "lines.csv.zst")
	return sums, err
}

func (st *stage) put(ctx context.Context, name string) (kizuna.Hash, error) {
	if sum, ok := st.blobs[name]; ok {
		return sum, nil
	}
	if st.shelf.Blobs == nil {
		return kizuna.Hash{}, noBlobs()
	}
	file, err := os.Open(name)
	if err != nil {
		return kizuna.Hash{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return kizuna.Hash{}, err
	}
	ref, err := st.shelf.Blobs.Put(ctx, file, info.Size())
	if err == nil {
		st.blobs[name] = ref.SHA256
	}
	return ref.SHA256, err
}

// record makes the change in a transaction.
func (st *stage) record(tx store.Tx, change dataset.Change) error {
	things := &recorded{tx: tx, files: make(map[store.Thing]*store.Record)}
	c, err := things.catalog()
	if err != nil {
		return err
	}
	from := c.AzureFrom
	added, changed := change(c)
	if !changed {
		return errNothing
	}
	for _, f := range added {
		if err := st.add(tx, f); err != nil {
			return err
		}
	}
	for _, f := range c.Files {
		if err := things.put(f); err != nil {
			return err
		}
	}
	if c.AzureFrom != from {
		return things.putSettings(c.AzureFrom)
	}
	return nil
}

// add records what a new file says.
func (st *stage) add(tx store.Tx, f *dataset.File) error {
	if place := f.Facts; place != "" {
		sheets, err := dataset.Staged(st, place)
		if err != nil {
			return err
		}
		f.Facts = thing(f).ID
		rows := &facter{&keeper{tx, st.shelf.Store, make(map[string]string)}}
		if err := tx.AddFacts(f.Facts, rows.of(sheets)); err != nil {
			return err
		}
	}
	sums, err := st.keepBlobs(tx.Context(), f)
	tx.Cite(sums...)
	return err
}

// recorded is the catalogue as a transaction finds it and leaves it.
type recorded struct {
	tx       store.Tx
	files    map[store.Thing]*store.Record
	settings *store.Record
}

func (r *recorded) catalog() (*dataset.Catalog, error) {
	c := new(dataset.Catalog)
	files, err := r.tx.Find(store.Query{Kind: File})
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		r.files[file.Thing] = file
		if err := addFile(c, file); err != nil {
			return nil, err
		}
	}
	if r.settings, err = r.tx.Get(settings); err != nil {
		if store.IsNotFound(err) {
			return c, nil
		}
		return nil, err
	}
	return c, readSettings(c, r.settings)
}

// put records a file that is new, or in whose place another one came.
func (r *recorded) put(f *dataset.File) error {
	body, err := json.Marshal(f)
	if err != nil {
		return err
	}
	next, happened := &store.Record{Thing: thing(f), Version: 1, Body: body}, "file.imported"
	if old := r.files[next.Thing]; old != nil {
		if bytes.Equal(old.Body, body) {
			return nil
		}
		next.Version, happened = old.Version+1, "file.replaced"
	}
	if err := r.tx.Put(next); err != nil {
		return err
	}
	r.tx.Emit(next.Thing, next.Concerns, lifecycle.Event{
		Type: happened, Detail: map[string]string{"kind": f.Kind, "sha256": f.SHA256, "rows": strconv.Itoa(f.Rows.Kept)},
	})
	return nil
}

func (r *recorded) putSettings(from dataset.AzureSource) error {
	body, err := json.Marshal(settingsBody{from})
	if err != nil {
		return err
	}
	next := &store.Record{Thing: settings, Version: 1, Body: body}
	if r.settings != nil {
		next.Version = r.settings.Version + 1
	}
	if err := r.tx.Put(next); err != nil {
		return err
	}
	r.tx.Emit(settings, store.Concerns{}, lifecycle.Event{Type: "import-settings.changed", Detail: map[string]string{"azure_from": string(from)}})
	return nil
}
