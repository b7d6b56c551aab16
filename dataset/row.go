package dataset

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/usage"
)

// ScenarioTables read and write the rows of scenarios as those of the plain tables.
type ScenarioTables struct{}

// Read adds a row to facts. The error's number is that of the cell at fault, -1 if it is
// the row as a whole.
func (ScenarioTables) Read(to *scenario.Facts, table string, row []scenario.Cell, at kizuna.Ref) (cell int, err error) {
	i := slices.IndexFunc(kinds(), func(k kind) bool { return k.table().Name == table })
	if i < 0 || table == "exchange_rates" {
		return -1, kizuna.Errorf("scenario-table", "there is no table %q to add to", table).
			WithMend("name one of them: %s", strings.Join(scenarioTables(), ", "))
	}
	known := kinds()[i].table()
	for n, c := range row {
		if !slices.ContainsFunc(known.Columns, func(of Column) bool { return of.Name == c.Column }) {
			var names []string
			for _, of := range known.Columns {
				names = append(names, of.Name)
			}
			return n, kizuna.Errorf("scenario-column", "the table %s has no column %q", table, c.Column).
				WithMend("its columns: %s", strings.Join(names, ", "))
		}
	}
	for _, c := range known.Columns {
		if c.Required && !slices.ContainsFunc(row, func(of scenario.Cell) bool { return of.Column == c.Name }) {
			return -1, kizuna.Errorf("scenario-cell-missing", "the row of %s says no %s", table, c.Name).
				WithMend("add %s", c.Name)
		}
	}
	one := &oneRow{cells: row, line: at.Line}
	d := &Dataset{Associations: to.Associations, People: to.People}
	in := &input{RowReader: one, file: at.File, refuse: func(e *kizuna.Error) { err = errors.Join(err, e) }, note: func(*kizuna.Error) {}}
	added := usage.NewLedger()
	in.usage = func(u *usage.Row) { added.Add(u) }
	if failed := kinds()[i].read(context.Background(), in, d, new(Source)); failed != nil {
		cell, err = -1, failed
	} else if broken, ok := errors.AsType[*kizuna.Error](err); ok {
		cell = broken.At.Column - 1
	}
	if err != nil {
		return cell, err
	}
	to.Associations, to.People = d.Associations, d.People
	to.Usage = append(to.Usage, added.Rows()...)
	return -1, nil
}

func scenarioTables() (names []string) {
	for _, k := range kinds() {
		if name := k.table().Name; name != "exchange_rates" {
			names = append(names, name)
		}
	}
	return names
}

// Rows lists facts as rows, table by table, without the cells that are empty.
func (ScenarioTables) Rows(f *scenario.Facts) (rows []scenario.Row) {
	d := &Dataset{Associations: f.Associations, People: f.People, Usage: f.Usage}
	for _, k := range kinds() {
		if k.empty(d) {
			continue
		}
		k.write(&rowsOf{table: k.table(), rows: &rows}, d, false)
	}
	return rows
}

// rowsOf collects what is written of a table.
type rowsOf struct {
	table Table
	rows  *[]scenario.Row
}

// Write takes a record. Required cells are kept even if they are empty: that has a meaning.
func (r *rowsOf) Write(record []string) error {
	row := scenario.Row{Table: r.table.Name}
	for i, cell := range record {
		if c := &r.table.Columns[i]; cell != "" || c.Required {
			row.Cells = append(row.Cells, scenario.Cell{Column: c.Name, Text: cell})
		}
	}
	*r.rows = append(*r.rows, row)
	return nil
}

// oneRow is a table of one row.
type oneRow struct {
	cells []scenario.Cell
	line  int
	read  bool
}

// Header returns the columns' names.
func (o *oneRow) Header() []string {
	names := make([]string, len(o.cells))
	for i, c := range o.cells {
		names[i] = c.Column
	}
	return names
}

// Find returns the number of the first of these columns, -1 if there is none.
func (o *oneRow) Find(names ...string) int {
	return slices.IndexFunc(o.cells, func(c scenario.Cell) bool { return slices.Contains(names, c.Column) })
}

// Next returns the row, then io.EOF.
func (o *oneRow) Next() ([]string, error) {
	if o.read {
		return nil, io.EOF
	}
	o.read = true
	texts := make([]string, len(o.cells))
	for i, c := range o.cells {
		texts[i] = c.Text
	}
	return texts, nil
}

// Err returns nil.
func (o *oneRow) Err() error { return nil }

// Line returns the line of the file that it stands in.
func (o *oneRow) Line() int { return o.line }

// Ref names a cell by its number, from 1.
func (o *oneRow) Ref(column int) kizuna.Ref { return kizuna.Ref{Column: column + 1} }

// Close does nothing.
func (o *oneRow) Close() error { return nil }
