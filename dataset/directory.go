package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// directory is the shelf of people who work with files: their own tables, and
// beside them a directory of what was imported, with its catalogue.
type directory struct {
	fsys fs.FS
	dir  string // how people name it
	// relative names tables relative to the directory.
	relative bool
}

// Directory returns the shelf that a data directory is. Places in it are named
// relative to it.
func Directory(dir string) Shelf { return &directory{os.DirFS(dir), dir, true} }

// The places of imported files in a data directory.
const (
	importedDir = "imported"
	catalogFile = "catalog.json"
)

func (d *directory) String() string { return orDot(d.dir) }

func orDot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

func (d *directory) Empty() *kizuna.Error {
	if missing := d.missing(); missing != nil {
		return missing
	}
	return kizuna.Errorf("data-empty", "%s holds none of Kizuna's tables", d).
		WithMend("write empty ones to fill in with: kizuna template %s", d)
}

// missing is an error if there is no such directory.
func (d *directory) missing() *kizuna.Error {
	if info, err := fs.Stat(d.fsys, "."); err != nil || !info.IsDir() {
		return kizuna.Errorf("data-missing", "there is no data directory %s", d.dir).
			WithMend("make one with: kizuna template %s", d.dir).WithCause(err)
	}
	return nil
}

func (d *directory) shown(name string) string {
	if d.relative {
		return name
	}
	return filepath.Join(d.dir, filepath.FromSlash(name))
}

// Catalog reads the catalogue; it is empty if nothing has been imported.
func (d *directory) Catalog(context.Context) (*Catalog, error) {
	text, err := fs.ReadFile(d.fsys, path.Join(importedDir, catalogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &Catalog{Form: catalogForm}, nil
	}
	if missing := d.missing(); missing != nil {
		return nil, missing
	}
	if err != nil {
		return nil, kizuna.Errorf("catalog-read", "the catalogue of imported files cannot be read").
			WithMend("check the permissions").WithCause(err).WithRef(d.catalogRef())
	}
	return d.parse(text)
}

func (d *directory) catalogRef() kizuna.Ref {
	return kizuna.Ref{File: filepath.Join(d.dir, importedDir, catalogFile)}
}

func (d *directory) parse(text []byte) (*Catalog, error) {
	c := &Catalog{Form: catalogForm}
	if text == nil {
		return c, nil
	}
	at := d.catalogRef()
	if err := json.Unmarshal(text, c); err != nil || c.Form != catalogForm {
		return nil, kizuna.Errorf("catalog-broken", "the catalogue of imported files is damaged, or of a newer Kizuna").
			WithMend("restore it, or remove the directory %s and import the files again", filepath.Dir(at.File)).
			WithCause(err).WithRef(at)
	}
	for _, f := range c.Files {
		for _, name := range append(f.places(), f.Facts, f.Journal) {
			if name != "" && (path.Base(name) != name || !fs.ValidPath(name)) {
				return nil, kizuna.Errorf("catalog-dir", "the catalogue names a directory %q outside its own", name).
					WithMend("restore it, or remove the directory %s and import the files again", filepath.Dir(at.File)).
					WithRef(at)
			}
		}
	}
	c.text = text
	return c, nil
}

// places lists where the tables and the journal lie that are in force.
func (f *File) places() []string {
	var names []string
	if f.FactsInForce() {
		names = append(names, f.Facts)
	}
	for i := range f.Statements {
		if s := &f.Statements[i]; s.ReplacedBy == 0 {
			names = append(names, s.Place)
		}
	}
	if f.Journal != "" && f.inForce() {
		names = append(names, f.Journal)
	}
	return names
}

// Own lists the tables of the directory itself; none if there is no such directory.
func (d *directory) Own(context.Context) iter.Seq2[*Sheet, error] {
	return func(yield func(*Sheet, error) bool) {
		sheets, err := d.sheets(".")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(nil, err)
			return
		}
		yieldAll(sheets, yield)
	}
}

func yieldAll(sheets []*Sheet, yield func(*Sheet, error) bool) {
	for _, s := range sheets {
		if !yield(s, nil) {
			return
		}
	}
}

func (d *directory) Facts(_ context.Context, f *File) iter.Seq2[*Sheet, error] {
	return func(yield func(*Sheet, error) bool) {
		sheets, err := d.sheets(path.Join(importedDir, f.Facts))
		if err != nil {
			yield(nil, d.gone(f, err))
			return
		}
		yieldAll(sheets, yield)
	}
}

func (d *directory) Usage(ctx context.Context, f *File, s *Statement) (*Usage, error) {
	name := path.Join(importedDir, s.Place, statementFile)
	file, err := d.fsys.Open(name)
	if err != nil {
		return nil, d.gone(f, err)
	}
	u, err := statement.OpenContent(ctx, file, s.SHA256)
	if err != nil {
		return nil, inFile(err, d.shown(name))
	}
	return &Usage{File: u}, nil
}

// inFile names the file of an error that has no place.
func inFile(err error, file string) error {
	if known, ok := errors.AsType[*kizuna.Error](err); ok && known.At.File == "" {
		return known.WithRef(kizuna.Ref{File: file})
	}
	return err
}

func (d *directory) gone(f *File, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return kizuna.Errorf("imported-missing", "the tables that %s was imported as are gone", f.Name).
		WithMend("remove %s and import the files again", d.shown(importedDir)).WithCause(err)
}

func (d *directory) Journal(_ context.Context, f *File) (*Sheet, error) {
	return d.sheet(journalTable, path.Join(importedDir, f.Journal, journalTable+packedTable)), nil
}

// extensions are how the file of a table may end.
var extensions = [...]string{".csv", ".csv.gz", packedTable}

// packedTable ends the name of a table that was imported.
const packedTable = ".csv.zst"

// sheets lists the tables in a directory: those that are known, in the order of
// the documentation, and then others.
func (d *directory) sheets(dir string) ([]*Sheet, error) {
	entries, err := fs.ReadDir(d.fsys, dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string) // table to file
	for _, entry := range entries {
		name := entry.Name()
		base, extension, _ := strings.Cut(name, ".")
		if entry.IsDir() || !slices.Contains(extensions[:], "."+extension) {
			continue
		}
		if first, twice := files[base]; twice {
			return nil, kizuna.Errorf("table-twice", "%s and %s are the same table", first, name).
				WithMend("keep one of the two").WithRef(kizuna.Ref{File: d.shown(path.Join(dir, name))})
		}
		files[base] = name
	}
	var sheets []*Sheet
	for _, k := range kinds() {
		name := k.title()
		if file, ok := files[name]; ok {
			sheets = append(sheets, d.sheet(name, path.Join(dir, file)))
			delete(files, name)
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(files), func(a, b string) int { return strings.Compare(files[a], files[b]) }) {
		sheets = append(sheets, d.sheet(name, path.Join(dir, files[name])))
	}
	return sheets, nil
}

func (d *directory) sheet(name, file string) *Sheet {
	shown := d.shown(file)
	open := func(limits table.Limits) (RowReader, error) {
		f, err := d.fsys.Open(file)
		if err != nil {
			return nil, err
		}
		return OpenTable(f, shown, limits)
	}
	state := func() (string, time.Time, error) {
		info, err := fs.Stat(d.fsys, file)
		if err != nil {
			return "", time.Time{}, err
		}
		return fmt.Sprint(info.Size(), info.ModTime().UnixNano(), inodeOf(info)), info.ModTime(), nil
	}
	return &Sheet{Table: name, File: shown, Open: open, State: state}
}

// OpenTable reads a table from a file, which is closed with it, or at once if it
// cannot be read.
func OpenTable(f io.ReadCloser, shown string, limits table.Limits) (RowReader, error) {
	r, err := table.Open(f, shown, limits)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &fileRows{r, f}, nil
}

type fileRows struct {
	*table.Reader
	file io.Closer
}

func (r *fileRows) Close() error { return r.file.Close() }

// Singly is false: the catalogue is one file, and files imported together appear
// together.
func (d *directory) Singly() bool { return false }

// directoryStage is a directory beside those of imported files, so that tables
// only need to be renamed.
type directoryStage struct {
	*directory
	imported string
	tmp      string
}

const stagePrefix = ".new-"

func (d *directory) Stage(context.Context) (Stage, error) {
	imported := filepath.Join(d.dir, importedDir)
	if err := os.MkdirAll(imported, 0o777); err != nil {
		return nil, unwritable(d, err)
	}
	tmp, err := os.MkdirTemp(imported, stagePrefix)
	if err != nil {
		return nil, unwritable(d, err)
	}
	return &directoryStage{d, imported, tmp}, nil
}

func (s *directoryStage) Dir() string { return s.tmp }

func (s *directoryStage) Owns(info os.FileInfo) bool {
	own, err := os.Stat(filepath.Join(s.dir, info.Name()))
	return err == nil && os.SameFile(own, info)
}

func (s *directoryStage) Discard() {
	os.RemoveAll(s.tmp) //nolint:errcheck // the next import sweeps what is left
	// Nothing was imported, and nothing ever had been: leave no trace.
	os.Remove(s.imported) //nolint:errcheck // it fails unless it is empty
}

func (s *directoryStage) Keep(ctx context.Context, seen *Catalog, change Change) error {
	c, err := s.parse(seen.text)
	if err != nil {
		return err
	}
	added, changed := change(c)
	if !changed {
		return nil
	}
	for _, f := range added {
		if err := s.publish(f); err != nil {
			return unwritable(s, err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch now, err := os.ReadFile(filepath.Join(s.imported, catalogFile)); {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return unwritable(s, err)
	case !bytes.Equal(now, seen.text):
		return kizuna.Errorf("import-meanwhile", "something else was imported into %s meanwhile", s).
			WithMend("import the files again")
	}
	if err := s.write(c); err != nil {
		return unwritable(s, err)
	}
	return s.sweep(c)
}

// publish moves those of a file's tables that are in force beside the others, and
// gives all of them names that say what is in them.
func (s *directoryStage) publish(f *File) error {
	staged := *f
	staged.Statements = slices.Clone(f.Statements)
	before := staged.places()
	if f.Facts != "" {
		f.Facts = s.free(s.name(f, "all"))
	}
	for i := range f.Statements {
		st := &f.Statements[i]
		st.Place = s.free(s.name(f, st.Month.String()))
	}
	if f.Journal != "" {
		f.Journal = s.free(journalTable + "-" + f.SHA256[:12])
	}
	for i, name := range f.places() {
		if err := os.Rename(filepath.Join(s.tmp, before[i]), filepath.Join(s.imported, name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *directoryStage) name(f *File, month string) string {
	name := slug(f.Kind, 40)
	if source := slug(f.Source, 40); source != "" {
		name += "-" + source
	}
	return name + "-" + month + "-" + f.SHA256[:12]
}

// free returns the name, or one like it, that is not taken.
func (s *directoryStage) free(name string) string {
	free := name
	for n := 2; exists(filepath.Join(s.imported, free)); n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	return free
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// write replaces the catalogue in one step.
func (s *directoryStage) write(c *Catalog) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(s.imported, catalogFile)
	next := name + ".new"
	f, err := os.Create(next)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(next, name)
}

// ours is the form of the names that [directoryStage.name] gives.
var ours = regexp.MustCompile(`-[0-9a-f]{12}(-[0-9]+)?$`)

// sweep removes tables that are not in force any more, and what a crash left.
func (s *directoryStage) sweep(c *Catalog) error {
	kept := make(map[string]bool)
	for _, f := range c.Files {
		for _, name := range f.places() {
			kept[name] = true
		}
	}
	entries, err := os.ReadDir(s.imported)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && !kept[e.Name()] && ours.MatchString(e.Name()) {
			if err := os.RemoveAll(filepath.Join(s.imported, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
