package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
)

// ImportOptions say how files are imported. The zero value is the usual way.
type ImportOptions struct {
	Strict  bool         // keep nothing at all if any row or file is refused
	As      string       // the kind of the files; "": what their content shows
	Mapping string       // the file that maps services to workloads; "": the one that Kizuna comes with
	Cost    string       // the column of a bill that holds the revenue; "": EffectiveCost
	Tenant  string       // of listings that do not name theirs
	Since   *kizuna.Date // since when undated listings hold
	Limits  table.Limits // zero: table.DefaultLimits
	// AzureFrom says whose figures count, from now on, where two kinds of files
	// measure the same revenue; "": as before.
	AzureFrom AzureSource
	// Progress, if set, is called now and then, from one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far reading a file has come.
type Progress struct {
	File  string
	Bytes int64 // read so far
	Size  int64
	Rows  int
}

// Import takes files into a data directory, and accounts for every row of them.
// The directory is made if there is none.
//
// The same content again changes nothing. A file takes the place of older ones of
// its kind and source, month by month; bills, which come in parts, stand beside
// others that are imported with them. A file that cannot be read as a whole is
// refused and the others are kept, unless opts.Strict. Nothing changes until all
// is written: an error, a done context or a crash leaves what was there.
func Import(ctx context.Context, dir string, files []string, opts ImportOptions) (*Account, error) {
	return ImportTo(ctx, &directory{fsys: os.DirFS(dir), dir: dir}, files, opts)
}

// ImportTo is [Import] to any shelf. One that keeps files singly has kept those
// before an error; to import all again is safe. With opts.Strict it, too, keeps all
// or nothing.
func ImportTo(ctx context.Context, shelf Shelf, files []string, opts ImportOptions) (*Account, error) {
	im := &importer{shelf: shelf, opts: opts, tenants: make(tenants)}
	var err error
	if im.catalog, err = shelf.Catalog(ctx); err != nil {
		return nil, err
	}
	if err := im.knownTenants(ctx); err != nil {
		return nil, err
	}
	if im.mapping, err = readMapping(opts.Mapping); err != nil {
		return nil, err
	}
	if im.stage, err = shelf.Stage(ctx); err != nil {
		return nil, err
	}
	defer im.stage.Discard()
	account, err := im.files(ctx, files)
	if err != nil {
		return nil, err
	}
	if opts.Strict && slices.ContainsFunc(account.Files, (*FileAccount).faulty) {
		for _, f := range account.Files {
			if f.Status == FileImported {
				f.Status = FileDropped
			}
		}
		return account, nil
	}
	account.Kept = true
	if err := im.keep(ctx); err != nil {
		return account, err
	}
	account.Overlaps, err = im.overlaps(ctx)
	return account, err
}

// overlaps tells what the shelf now holds twice.
func (im *importer) overlaps(ctx context.Context) ([]*kizuna.Error, error) {
	c, err := im.shelf.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	l := newLoader(ctx, im.shelf, Options{Limits: im.opts.Limits})
	if l.twice, err = l.findTwice(c); err != nil {
		return nil, err
	}
	if l.twice == nil {
		return c.perhapsTwice(), nil
	}
	l.only = "usage"
	l.usage = func(f *File, row *usage.Row) { l.twice.again(f, row) }
	for _, f := range c.Files {
		if f.Kind == l.twice.second {
			if err := l.imported(f); err != nil {
				return nil, err
			}
		}
	}
	return append(l.twice.notes(), c.perhapsTwice()...), nil
}

// faulty reports whether the file or a row of it was refused.
func (f *FileAccount) faulty() bool { return f.Status == FileRefused || f.Rows.Refused > 0 }

// importer is one import.
type importer struct {
	shelf   Shelf
	opts    ImportOptions
	catalog *Catalog // as it was found
	mapping *mapping
	tenants tenants
	stage   Stage
	read    []*readFile // that are to be kept
}

// readFile is a file that has been read.
type readFile struct {
	account   *FileAccount
	options   string
	what      description
	collector *collector // nil once it is written
	entry     *File
	kept      outcome
}

// files reads all files. Those that may say whose subscriptions are whose come
// before bills, which may need to know.
func (im *importer) files(ctx context.Context, names []string) (*Account, error) {
	account := &Account{}
	var opened []*openFile
	defer func() {
		for _, f := range opened {
			f.Close()
		}
	}()
	for _, name := range names {
		one := &FileAccount{File: name, Status: FileImported}
		account.Files = append(account.Files, one)
		f, err := im.open(name)
		if err != nil {
			one.refuse(err)
			continue
		}
		f.account = one
		opened = append(opened, f)
	}
	slices.SortStableFunc(opened, func(a, b *openFile) int { return a.order - b.order })
	for _, f := range opened {
		if err := im.file(ctx, f); err != nil {
			return nil, err
		}
		f.Close()
	}
	for _, r := range im.read {
		if r.collector != nil {
			if err := im.settle(ctx, r); err != nil {
				return nil, err
			}
		}
	}
	// Accounts are in the order in which the files were named.
	slices.SortStableFunc(im.read, func(a, b *readFile) int {
		return slices.Index(account.Files, a.account) - slices.Index(account.Files, b.account)
	})
	return account, nil
}

func (f *FileAccount) refuse(err error) {
	known, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		known = kizuna.Errorf("import-file", "the file cannot be imported: %v", err).
			WithMend("check that it can be read").WithRef(kizuna.Ref{File: f.File})
	}
	f.Status, f.Error = FileRefused, known
}

// file reads one file. The error is not the file's but one that ends the import.
func (im *importer) file(ctx context.Context, f *openFile) error {
	account := f.account
	account.Kind = f.kind
	var err error
	if account.SHA256, err = f.hash(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		account.refuse(err)
		return nil
	}
	options := im.optionsOf(f.kind)
	old := im.catalog.find(account.SHA256, options)
	if old != nil && old.Rows.Refused == 0 || im.twice(account, options) {
		account.unchanged(old, im.catalog)
		return nil
	}
	c := newCollector(account, stageDir(im.stage.Dir()), im.tenants)
	what, err := f.read(ctx, c, im.progress(f, account))
	if err != nil {
		c.abandon()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	account.Kind, account.Vintage, account.Source = what.Kind, what.Vintage, what.Source
	account.Unmapped = unmapped(what.unmapped)
	account.Notes = what.notes
	if err != nil {
		account.refuse(err)
		return nil
	}
	im.tenants.add(c.facts.Associations.Subscriptions)
	r := &readFile{account: account, options: options, what: what, collector: c}
	im.read = append(im.read, r)
	for stray := range c.strays {
		if len(im.tenants[stray]) == 0 {
			c.ledger = c.pile.wait(c.ledger)
			return nil // a file that is still to come may tell whose it is
		}
	}
	return im.settle(ctx, r)
}

// settle finds the tenants of rows that had none, and puts the file on the stage.
func (im *importer) settle(ctx context.Context, r *readFile) error {
	if err := r.collector.settle(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return unwritable(im.shelf, err)
	}
	return im.write(ctx, r)
}

// unchanged accounts for a file that is there already.
func (f *FileAccount) unchanged(old *File, c *Catalog) {
	f.Status = FileUnchanged
	if old == nil {
		return // it is named twice in one command
	}
	f.Kind, f.Vintage, f.Source, f.Rows = old.Kind, old.Vintage, old.Source, old.Rows
	f.Months = nil
	for _, s := range old.Statements {
		f.Months = append(f.Months, s.Month)
	}
	f.ReplacedBy = c.replacing(old)
}

// twice reports whether the same file was read before in this import.
func (im *importer) twice(account *FileAccount, options string) bool {
	return slices.ContainsFunc(im.read, func(r *readFile) bool {
		return r.account.SHA256 == account.SHA256 && r.options == options
	})
}

// optionsOf says which options a file of the kind was read with, as far as they
// change what is kept.
func (im *importer) optionsOf(kind string) string {
	var options []string
	add := func(name, value string) {
		if value != "" {
			options = append(options, name+"="+value)
		}
	}
	add("as", im.opts.As)
	switch {
	case kind == billKind:
		add("cost", im.opts.Cost)
		add("mapping", im.mapping.hash)
	case strings.HasPrefix(kind, "az/"):
		add("tenant", association.Fold(im.opts.Tenant))
		if im.opts.Since != nil {
			add("since", im.opts.Since.String())
		}
	}
	return strings.Join(options, " ")
}

const progressBytes = 1 << 20

func (im *importer) progress(f *openFile, account *FileAccount) func(bytes int64) {
	if im.opts.Progress == nil {
		return func(int64) {}
	}
	var last int64
	return func(bytes int64) {
		if bytes-last >= progressBytes || bytes == f.size {
			last = bytes
			im.opts.Progress(Progress{File: f.name, Bytes: bytes, Size: f.size, Rows: account.Rows.Read})
		}
	}
}

// knownTenants learns from the shelf whose its subscriptions are.
func (im *importer) knownTenants(ctx context.Context) error {
	l := newLoader(ctx, im.shelf, Options{Limits: im.opts.Limits})
	l.only = "subscriptions"
	if err := l.all(); err != nil {
		return err
	}
	im.tenants.add(l.data.Associations.Subscriptions)
	return nil
}

// tenants says whose subscriptions are.
type tenants map[string][]association.Subscription

func (t tenants) add(subscriptions []association.Subscription) {
	for _, s := range subscriptions {
		if s.Tenant != "" {
			id := association.Fold(s.ID)
			t[id] = append(t[id], s)
		}
	}
}

// during returns the tenant that had the subscription in the period.
func (t tenants) during(subscription string, at kizuna.Interval) (tenant string, ok bool) {
	for _, s := range t[association.Fold(subscription)] {
		if !s.During.Intersect(at).Empty() {
			return s.Tenant, true
		}
	}
	return "", false
}

// of returns the tenant that had the subscription in the period, or else ever.
func (t tenants) of(subscription string, at kizuna.Interval) (tenant string, ok bool) {
	if tenant, ok = t.during(subscription, at); ok {
		return tenant, true
	}
	if all := t[association.Fold(subscription)]; len(all) > 0 {
		return all[0].Tenant, true
	}
	return "", false
}

// hash returns the SHA-256 of the content.
func (f *openFile) hash(ctx context.Context) (string, error) {
	h := sha256.New()
	buffer := make([]byte, 1<<20)
	for {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := f.Read(buffer)
		h.Write(buffer[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	_, err := f.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)), err
}

// write puts what was read of a file on the stage.
func (im *importer) write(ctx context.Context, r *readFile) error {
	c := r.collector
	r.collector = nil
	r.account.Asides = c.asides.list()
	entry := &File{
		Name: filepath.Base(r.account.File), SHA256: r.account.SHA256, Options: r.options,
		Kind: r.what.Kind, Vintage: r.what.Vintage, Source: r.what.Source, Covers: r.what.Covers,
		Certifications: len(c.facts.People.Certifications) > 0,
		Rows:           r.account.Rows,
	}
	var err error
	if entry.Facts, entry.Statements, err = stageDir(im.stage.Dir()).write(ctx, entry, c); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return unwritable(im.shelf, err)
	}
	if entry.Journal, err = c.journal.close(); err != nil {
		return unwritable(im.shelf, err)
	}
	for _, s := range entry.Statements {
		r.account.Months = append(r.account.Months, s.Month)
	}
	r.entry = entry
	return nil
}

// outcome is what keeping a file came to.
type outcome struct {
	replaces  []string
	unchanged *File // that said the same; nil: the file is kept
	catalog   *Catalog
}

// keep makes what is on the stage part of the shelf.
func (im *importer) keep(ctx context.Context) error {
	groups := [][]*readFile{im.read}
	if im.shelf.Singly() && !im.opts.Strict && len(im.read) > 1 {
		groups = slices.Collect(slices.Chunk(im.read, 1))
	}
	batch := 0
	for _, group := range groups {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		next := batch
		err := im.stage.Keep(ctx, im.catalog, func(c *Catalog) ([]*File, bool) {
			if batch == 0 { // the first group says the number of them all
				_, last := c.lastNumber()
				next = last + 1
			}
			return im.change(c, group, next)
		})
		if err != nil {
			return err
		}
		batch = next
		for _, r := range group {
			r.account.Replaces = r.kept.replaces
			if r.kept.unchanged != nil {
				r.account.unchanged(r.kept.unchanged, r.kept.catalog)
			}
		}
	}
	return nil
}

// change puts files that were read into a catalogue. What comes of it it only
// notes: it may not be the last time.
func (im *importer) change(c *Catalog, files []*readFile, batch int) (added []*File, changed bool) {
	if from := im.opts.AzureFrom; from != "" && from != c.AzureFrom {
		c.AzureFrom, changed = from, true
	}
	number, _ := c.lastNumber()
	for _, r := range files {
		r.kept = outcome{catalog: c}
		if old := c.find(r.account.SHA256, r.options); old != nil && old.Rows == r.account.Rows {
			r.kept.unchanged = old // its refused rows are still refused
			continue
		}
		number++
		f := *r.entry
		f.Statements = slices.Clone(f.Statements)
		f.Number, f.Batch = number, batch
		for _, old := range c.add(&f) {
			r.kept.replaces = append(r.kept.replaces, old.Name)
		}
		added = append(added, &f)
	}
	return added, changed || len(added) > 0
}

func unwritable(shelf fmt.Stringer, cause error) error {
	return kizuna.Errorf("import-write", "nothing can be written into %s", shelf).
		WithMend("check the permissions and the space on the disk").WithCause(fmt.Errorf("import: %w", cause))
}
