package dataset

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/table"
)

// WriteTemplates makes the directory and in it every plain table with nothing but
// its header. A table that is there already is left as it is; the names of those
// that were written are returned.
func WriteTemplates(dir string) (written []string, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	for _, k := range kinds() {
		name := filepath.Join(dir, k.table().File())
		if k.exists(dir) {
			continue
		}
		if err := writeFile(name, func(w io.Writer) error { return writePlain(w, k, new(Dataset)) }); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	return written, nil
}

func (s *schema[T]) exists(dir string) bool {
	for _, extension := range extensions {
		if _, err := os.Lstat(filepath.Join(dir, s.name+extension)); err == nil {
			return true
		}
	}
	return false
}

// Write makes the directory and writes every plain table that has rows, in the
// order of the dataset: the same dataset gives the same bytes. Files there are
// replaced.
func Write(dir string, d *Dataset) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, k := range kinds() {
		if k.empty(d) {
			continue
		}
		name := filepath.Join(dir, k.table().File())
		if err := writeFile(name, func(w io.Writer) error { return writePlain(w, k, d) }); err != nil {
			return err
		}
	}
	return nil
}

// WriteTable writes one plain table, header first. An unknown name is an error.
func WriteTable(w io.Writer, name string, d *Dataset) error {
	if k := plainKind(name); k != nil {
		return writePlain(w, k, d)
	}
	return kizuna.Errorf("table-name", "there is no table %q", name)
}

func writePlain(w io.Writer, k kind, d *Dataset) error {
	t := table.NewWriter(w, k.columnNames(false)...)
	k.write(t, d, false)
	return t.Close()
}

func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

func (f facts[T]) empty(d *Dataset) bool { return len(*f.records(d)) == 0 }

func (f facts[T]) write(w recordWriter, d *Dataset, places bool) {
	rows := newTableWriter(w, f.schema, places)
	records := *f.records(d)
	for i := range records {
		rows.row(&records[i])
	}
}

func (u usageRows) empty(d *Dataset) bool {
	return len(d.Usage) == 0 && (d.Ledger == nil || d.Ledger.Len() == 0)
}

func (u usageRows) write(w recordWriter, d *Dataset, places bool) {
	rows := newTableWriter(w, u.schema, places)
	var line usageLine
	if d.Usage == nil && d.Ledger != nil {
		for _, row := range d.Ledger.All() {
			line.Row = *row
			rows.row(&line)
		}
	}
	for i := range d.Usage {
		line.Row = d.Usage[i]
		rows.row(&line)
	}
}

// recordWriter takes the cells of one row after the other. A [table.Writer] is one.
type recordWriter interface{ Write(record []string) error }

// tableWriter writes records as the rows of a table. The first error is kept by
// the table's writer until close.
type tableWriter[T any] struct {
	schema *schema[T]
	out    recordWriter
	places bool // with the columns that say where rows were imported from
	cells  []string
}

func newTableWriter[T any](out recordWriter, s *schema[T], places bool) *tableWriter[T] {
	return &tableWriter[T]{schema: s, out: out, places: places}
}

// columnNames returns the header that a table is written with.
func (s *schema[T]) columnNames(places bool) []string {
	names := make([]string, 0, len(s.columns)+2)
	for _, c := range s.columns {
		names = append(names, c.Name)
	}
	if places {
		names = append(names, sourceFile, sourceLine)
	}
	return names
}

func (t *tableWriter[T]) row(r *T) {
	cells := t.cells[:0]
	for i := range t.schema.columns {
		cells = append(cells, t.schema.columns[i].get(r))
	}
	if t.places {
		at := t.schema.at(r)
		cells = append(cells, filepath.Base(at.File), strconv.Itoa(at.Line))
	}
	t.cells = cells
	t.out.Write(cells) //nolint:errcheck // reported by Close
}
