package dataset

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Table describes a plain table: what its file is called and what its columns mean.
type Table struct {
	Name    string // without ".csv"
	About   program.Text
	Columns []Column
}

// File returns the name of the table's file in a data directory.
func (t Table) File() string { return t.Name + ".csv" }

// Column describes one column of a plain table.
type Column struct {
	Name     string
	Form     Form
	Required bool     // the header must name it
	Filled   bool     // and no cell may be empty
	Values   []string // all that it may say; empty: anything
	About    program.Text
}

// Form is how the cells of a column are written.
type Form string

// The forms.
const (
	TextForm    Form = "text"
	IDForm      Form = "id"      // compared without case
	DateForm    Form = "date"    // 2023-10-20
	InstantForm Form = "instant" // 2023-10-20 or 2023-10-20T08:00:00Z
	MonthForm   Form = "month"   // 2023-10
	DecimalForm Form = "decimal" // 1234.5
	WholeForm   Form = "whole"   // 1234
	FlagForm    Form = "flag"    // true or false
)

// schema is a table and how its rows become records of type T and back.
type schema[T any] struct {
	name    string
	about   program.Text
	columns []column[T]
	// start makes the record that cells are then filled into; nil: the zero T.
	start func() T
	// finish looks at the record as a whole.
	finish func(*T) error
	at     func(*T) *kizuna.Ref
}

// column fills one cell into a record, and writes it again.
type column[T any] struct {
	Column
	set func(*T, string) error
	get func(*T) string
}

func (s *schema[T]) title() string { return s.name }

func (s *schema[T]) table() Table {
	t := Table{Name: s.name, About: s.about}
	for _, c := range s.columns {
		t.Columns = append(t.Columns, c.Column)
	}
	return t
}

func both(en, ja string) program.Text { return program.Text{EN: en, JA: ja} }

// required says that the header must name the column.
func (c column[T]) required() column[T] {
	c.Required = true
	return c
}

// filled says that, besides, no cell may be empty.
func (c column[T]) filled() column[T] {
	c.Required, c.Filled = true, true
	return c
}

// oneOf closes the list of what a cell may say.
func (c column[T]) oneOf(values ...string) column[T] {
	c.Values = values
	return c
}

func (c column[T]) means(en, ja string) column[T] {
	c.About = both(en, ja)
	return c
}

func newColumn[T any](name string, form Form, set func(*T, string) error, get func(*T) string) column[T] {
	return column[T]{Column: Column{Name: name, Form: form}, set: set, get: get}
}

func text[T any](name string, field func(*T) *string) column[T] {
	return newColumn(name, TextForm,
		func(r *T, cell string) error { *field(r) = cell; return nil },
		func(r *T) string { return *field(r) })
}

func id[T any](name string, field func(*T) *string) column[T] {
	c := text(name, field)
	c.Form = IDForm
	return c
}

// begin reads the start of an interval: an empty one never holds.
func begin[T any](name string, field func(*T) *kizuna.Interval) column[T] {
	return newColumn(name, InstantForm,
		func(r *T, cell string) (err error) {
			if cell == "" {
				*field(r) = kizuna.Interval{From: kizuna.Never, To: kizuna.Never}
				return nil
			}
			field(r).From, err = kizuna.ParseInstant(cell)
			return err
		},
		func(r *T) string {
			if i := *field(r); i.From == kizuna.Never && !i.Empty() {
				return dawn.String()
			}
			return field(r).From.String()
		})
}

// dawn stands for "since ever" in a column whose empty cells mean "never".
var dawn = kizuna.NewDate(1, 1, 1)

// end reads the end of an interval: an empty one is open. It stands after begin.
func end[T any](name string, field func(*T) *kizuna.Interval) column[T] {
	return newColumn(name, InstantForm,
		func(r *T, cell string) (err error) {
			i := field(r)
			if cell == "" {
				return nil
			}
			to, err := kizuna.ParseInstant(cell)
			if never := i.From == kizuna.Never && i.To == kizuna.Never; err == nil && !never {
				i.To = to
			}
			return err
		},
		func(r *T) string { return field(r).To.String() })
}

// always starts a record that holds from ever until ever, for tables whose
// interval columns may be missing.
func always[T any](field func(*T) *kizuna.Interval) func() T {
	return func() (r T) {
		*field(&r) = kizuna.Always
		return r
	}
}

func date[T any](name string, field func(*T) **kizuna.Date) column[T] {
	return newColumn(name, DateForm,
		func(r *T, cell string) error {
			if cell == "" {
				return nil
			}
			d, err := kizuna.ParseDate(cell)
			*field(r) = &d
			return err
		},
		func(r *T) string {
			if d := *field(r); d != nil {
				return d.String()
			}
			return ""
		})
}

func instant[T any](name string, field func(*T) **kizuna.Instant) column[T] {
	return newColumn(name, InstantForm,
		func(r *T, cell string) error {
			if cell == "" {
				return nil
			}
			t, err := kizuna.ParseInstant(cell)
			*field(r) = &t
			return err
		},
		func(r *T) string {
			if t := *field(r); t != nil {
				return t.String()
			}
			return ""
		})
}

func month[T any](name string, field func(*T) *kizuna.Month) column[T] {
	return newColumn(name, MonthForm,
		func(r *T, cell string) (err error) {
			*field(r), err = kizuna.ParseMonth(cell)
			return err
		},
		func(r *T) string { return field(r).String() })
}

func decimal[T any](name string, field func(*T) *kizuna.Decimal) column[T] {
	return newColumn(name, DecimalForm,
		func(r *T, cell string) (err error) {
			*field(r), err = kizuna.ParseDecimal(cell)
			return err
		},
		func(r *T) string { return field(r).String() })
}

// whole reads a whole number, also one written 12.0.
func whole(cell string) (int64, error) {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err == nil {
		return n, nil
	}
	d, err := kizuna.ParseDecimal(cell)
	if err != nil {
		return 0, err
	}
	if m, ok := d.Micro(); ok && strings.IndexByte(d.String(), '.') < 0 {
		return int64(m / kizuna.MicroPerUnit), nil
	}
	return 0, kizuna.Errorf("number-whole", "%q is not a whole number", cell).
		WithMend("write whole numbers such as 121")
}

// flag reads a truth value as exports and spreadsheets write it.
func flag(cell string) (bool, error) {
	switch strings.ToLower(cell) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no":
		return false, nil
	}
	return false, kizuna.Errorf("flag", "%q is neither true nor false", cell).
		WithMend("write true or false")
}
