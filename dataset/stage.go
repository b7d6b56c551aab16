package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/kizuna-org/kizuna/table"
)

// stage is where an import writes its tables before they become part of the data
// directory: a directory beside them, so that they only need to be renamed.
type stage struct {
	imported string // the directory of imported files
	dir      string
}

const stagePrefix = ".new-"

// packedTable ends the name of a table on the stage.
const packedTable = ".csv.zst"

func newStage(dir string) (*stage, error) {
	imported := filepath.Join(dir, importedDir)
	if err := os.MkdirAll(imported, 0o777); err != nil {
		return nil, unwritable(dir, err)
	}
	tmp, err := os.MkdirTemp(imported, stagePrefix)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	return &stage{imported, tmp}, nil
}

func (s *stage) remove() {
	os.RemoveAll(s.dir) //nolint:errcheck // the next import sweeps what is left
	// Nothing was imported, and nothing ever had been: leave no trace.
	os.Remove(s.imported) //nolint:errcheck // it fails unless it is empty
}

// write writes the tables of one file: what it says besides usage, and its usage
// month by month.
func (s *stage) write(f *importedFile, c *collector) (facts string, statements []statement, err error) {
	for _, k := range c.kinds {
		if !k.empty(&c.facts) {
			facts = s.name(f, "all")
			if err := s.table(facts, k, &c.facts); err != nil {
				return "", nil, err
			}
		}
	}
	c.pile.take(c.ledger)
	statements, err = c.pile.statements(f)
	return facts, statements, err
}

// name returns a name for a directory that says what is in it and is not taken.
func (s *stage) name(f *importedFile, month string) string {
	name := slug(f.Kind, 40)
	if source := slug(f.Source, 40); source != "" {
		name += "-" + source
	}
	return s.free(name + "-" + month + "-" + f.SHA256[:12])
}

func (s *stage) free(name string) string {
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

func (s *stage) table(dir string, k kind, d *Dataset) (err error) {
	f, out, err := s.create(dir, k.table().Name, k.columnNames(true))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	k.write(out, d, true)
	return errors.Join(out.Close(), f.Sync())
}

// create begins a table in a directory of the stage.
func (s *stage) create(dir, name string, columns []string) (*os.File, *table.Writer, error) {
	dir = filepath.Join(s.dir, dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, err
	}
	f, err := os.Create(filepath.Join(dir, name+packedTable))
	if err != nil {
		return nil, nil, err
	}
	out, err := table.NewZstdWriter(f, columns...)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, out, nil
}

// journal begins a file's journal; nothing is written before it has an entry.
func (s *stage) journal(sha string) *journal {
	return &journal{stage: s, name: s.free(journalTable + "-" + sha[:12])}
}

// publish moves a file's tables beside those that are in force.
func (s *stage) publish(f *importedFile) error {
	for _, dir := range f.files() {
		if err := os.Rename(filepath.Join(s.dir, dir), filepath.Join(s.imported, dir)); err != nil {
			return err
		}
	}
	return nil
}

// ours is the form of the names that [stage.name] gives.
var ours = regexp.MustCompile(`-[0-9a-f]{12}(-[0-9]+)?$`)

// sweep removes tables that are not in force any more, and what a crash left.
func (s *stage) sweep(c *catalog) error {
	kept := make(map[string]bool)
	for _, f := range c.Files {
		for _, dir := range f.files() {
			kept[dir] = true
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
