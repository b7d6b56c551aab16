package dataset

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/kizuna-org/kizuna/table"
)

// stageDir is a [Stage]'s directory while it is filled: a place is a directory in
// it, and in that a file for each table, or one statement.
type stageDir string

// write writes the tables of one file: what it says besides usage, and its usage
// month by month.
func (s stageDir) write(ctx context.Context, f *File, c *collector) (facts string, statements []Statement, err error) {
	for _, k := range c.kinds {
		if !k.empty(&c.facts) {
			facts = "facts-" + f.SHA256[:12]
			f.Tables = append(f.Tables, k.title())
			if err := s.table(facts, k, &c.facts); err != nil {
				return "", nil, err
			}
		}
	}
	statements, err = c.pile.statements(ctx, c.ledger)
	return facts, statements, errors.Join(err, c.pile.close())
}

func (s stageDir) table(place string, k kind, d *Dataset) (err error) {
	f, out, err := s.create(place, k.title(), k.columnNames(true))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	k.write(out, d, true)
	return errors.Join(out.Close(), f.Sync())
}

// create begins a table in a place.
func (s stageDir) create(place, name string, columns []string) (*os.File, *table.Writer, error) {
	dir := filepath.Join(string(s), place)
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
func (s stageDir) journal(sha string) *journal {
	return &journal{stage: s, name: journalTable + "-" + sha[:12]}
}

// Staged lists the tables in a place of a stage's directory.
func Staged(s Stage, place string) ([]*Sheet, error) {
	return (&directory{fsys: os.DirFS(s.Dir()), dir: s.Dir()}).sheets(place)
}
