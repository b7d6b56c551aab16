package command

import (
	"cmp"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/segmentcache"
	"github.com/kizuna-org/kizuna/store"
)

// placeFlags say where the facts are: in a data directory or in a store.
type placeFlags struct {
	Data  string `name:"data" type:"path" xor:"place" placeholder:"DIR" help:"help.data"`
	Store string `name:"store" xor:"place" placeholder:"DSN" help:"help.place-store"`
	Blobs string `name:"blobs" env:"KIZUNA_BLOBS" placeholder:"DIR|URL" help:"help.blobs"`
	Key   string `name:"audit-key" env:"KIZUNA_AUDIT_KEY" placeholder:"FILE" help:"help.audit-key"`
}

// Validate sees to it that there is a place. What the command line says goes
// before the environment.
func (f *placeFlags) Validate() error {
	if f.Data == "" && f.Store == "" {
		f.Store = os.Getenv("KIZUNA_STORE")
	}
	if f.Data == "" && f.Store == "" {
		return kizuna.Errorf("place-missing", "neither a data directory nor a store is named").
			WithMend("name one of them: --data DIR or --store DSN")
	}
	return nil
}

func (f *placeFlags) inStore() bool { return f.Data == "" }

// open opens the store; close it.
func (f *placeFlags) open(a *app) (*opened, error) {
	flags := storeFlags{Store: f.Store, Blobs: f.Blobs, Key: f.Key}
	return flags.open(a)
}

// imported is the shelf that the store is.
func (f *placeFlags) imported(o *opened) *imports.Shelf {
	return &imports.Shelf{Store: o.Store, Blobs: o.blobs, Name: withoutPassword(f.Store), View: store.View{Scope: store.Everything}}
}

func withoutPassword(dsn string) string {
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		return u.Redacted()
	}
	return dsn
}

// shelf opens the facts to be asked about, as they were known at a moment: what was
// imported, and what the record itself tells. They are closed when the command ends.
func (f *placeFlags) shelf(a *app, knownAt string) (shelf dataset.Shelf, own *dataset.Dataset, err error) {
	if !f.inStore() {
		if knownAt != "" {
			return nil, nil, kizuna.Errorf("known-at-directory", "a data directory does not remember what was known earlier").
				WithMend("leave --known-at out, or ask a store: --store DSN")
		}
		return dataset.Directory(f.Data), nil, nil
	}
	o, err := f.open(a)
	if err != nil {
		return nil, nil, err
	}
	a.atEnd(o.close)
	imported := f.imported(o)
	// Imports and record are read one after the other: at one moment, so that they agree.
	known := &imported.View.KnownAt
	if knownAt == "" {
		*known, err = o.Latest(a.Context)
	} else {
		*known, err = kizuna.ParseMoment(knownAt)
		*known = cmp.Or(*known, 1) // 0 would be now
	}
	if err != nil {
		return nil, nil, err
	}
	own = new(dataset.Dataset)
	own.Associations, own.People, err = o.Record.Facts(a.Context, imported.View)
	return imported, own, err
}

// facts opens the facts with their usage packed, from the place's cache. They are
// closed when the command ends.
func (f *placeFlags) facts(a *app, knownAt string) (dataset.Shelf, *segmentcache.Facts, error) {
	shelf, own, err := f.shelf(a, knownAt)
	if err != nil {
		return nil, nil, err
	}
	line := a.counter()
	defer line.clear()
	cache := segmentcache.Cache{
		Dir: f.cache(), Now: time.Now, Log: a.log(),
		Read: a.reading(line),
		Packed: func(customers int) error {
			line.show(a.P.T("segment.progress", customers))
			return nil
		},
	}
	facts, err := cache.Open(a.Context, &segmentcache.Place{Shelf: shelf, Own: own, KnownAt: knownAtOf(shelf)})
	if err != nil {
		return nil, nil, err
	}
	a.atEnd(facts.Close)
	return shelf, facts, nil
}

// load reads a shelf with all its usage.
func (a *app) load(shelf dataset.Shelf, own *dataset.Dataset) (*dataset.Dataset, error) {
	line := a.counter()
	defer line.clear()
	return dataset.LoadShelf(a.Context, shelf, dataset.Options{Packed: true, Own: own, Progress: a.reading(line)})
}

// reading is told from time to time how many rows of usage have been read, and shows it.
func (a *app) reading(line *counter) func(rows int) {
	return func(rows int) {
		saveMemory()
		line.show(a.P.T("usage.progress-rows", rows))
	}
}

// cache is where packed facts are kept: beside the place, or, of a database server,
// where the user's caches are. "" is nowhere.
func (f *placeFlags) cache() string {
	stored := storeFlags{Store: f.Store}
	switch {
	case !f.inStore():
		return filepath.Join(f.Data, "cache")
	case !stored.postgres():
		return stored.file() + ".cache"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // no home: nothing can be kept
	}
	return filepath.Join(dir, "kizuna", kizuna.HashOf([]byte(withoutPassword(f.Store))).String()[:16])
}

// log is where the program says what it does behind the scenes: on standard error if
// KIZUNA_DEBUG is set.
func (a *app) log() *slog.Logger {
	if os.Getenv("KIZUNA_DEBUG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
