package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
)

// Reading is what came of reading all usage on a shelf, but for the rows. With it the
// same facts are loaded again as if usage were read, too: see [Options.Usage].
type Reading struct {
	Tables []TableReading     `json:"tables"` // in the order in which they were read
	Twice  []kizuna.KeptError `json:"twice,omitempty"`
}

// TableReading is what came of reading one table.
type TableReading struct {
	Source Source `json:"source"`
	// Asserted is the first row that names each partner, in the rows' order.
	Asserted []attribution.Assertion `json:"asserted,omitempty"`
	Problems []kizuna.KeptError      `json:"problems,omitempty"`
	Notes    []kizuna.KeptError      `json:"notes,omitempty"`
}

// ErrOtherUsage says that [Options.Usage] tells of other tables than those there are.
var ErrOtherUsage = errors.New("the usage is another than the one that was read")

// usageSheet reads a table of usage, or takes over what came of it before.
func (l *loader) usageSheet(sheet *Sheet) (Source, error) {
	if l.opts.Usage != nil {
		return l.known(sheet.File)
	}
	problems, notes := len(l.data.Problems), len(l.data.Notes)
	l.asserted = attribution.Survey{}
	source, err := l.read(sheet)
	if l.data.Reading != nil {
		l.data.Reading.Tables = append(l.data.Reading.Tables, TableReading{
			Source: source, Asserted: l.asserted.Asserted, Problems: kizuna.KeepErrors(l.data.Problems[problems:]), Notes: kizuna.KeepErrors(l.data.Notes[notes:]),
		})
	}
	return source, err
}

// known takes over what came of reading a table or a statement before.
func (l *loader) known(file string) (Source, error) {
	tables := l.opts.Usage.Tables
	if l.taken == len(tables) || tables[l.taken].Source.File != file {
		return Source{}, ErrOtherUsage
	}
	t := &tables[l.taken]
	l.taken++
	l.data.Problems = append(l.data.Problems, kizuna.RestoreErrors(t.Problems)...)
	l.data.Notes = append(l.data.Notes, kizuna.RestoreErrors(t.Notes)...)
	return t.Source, nil
}

// measuredTwice tells of usage that two files measure.
func (l *loader) measuredTwice() []*kizuna.Error {
	if l.opts.Usage != nil {
		return kizuna.RestoreErrors(l.opts.Usage.Twice)
	}
	notes := l.twice.notes()
	if l.data.Reading != nil {
		l.data.Reading.Twice = kizuna.KeepErrors(notes)
	}
	return notes
}

// UsageState tells the usage of a shelf apart from what it is at other times, without
// reading it: tables that people keep by their files' sizes and times, those that were
// imported by the catalogue, which has the hash of their content.
type UsageState struct {
	Key kizuna.Hash
	// Own tells apart what is not in Statements.
	Own kizuna.Hash
	// Tables counts the tables of usage that people keep.
	Tables int
	// Statements are those in force, in the order in which they are read.
	Statements []StatementState
	// Twice reports whether rows of one statement may not count, or count again,
	// because of another's.
	Twice bool
	// Changed is when a file of usage was changed last. One that is changed again at
	// nearly the same time may look the same.
	Changed time.Time
}

// StateOfUsage looks at a shelf.
func StateOfUsage(ctx context.Context, shelf Shelf) (*UsageState, error) {
	c, err := shelf.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	state := &UsageState{Twice: len(c.measuredTwiceIn()) > 0}
	sum := sha256.New()
	out := json.NewEncoder(sum)
	note := func(sheet *Sheet) error {
		text, changed := "", time.Time{}
		if sheet.State != nil {
			if text, changed, err = sheet.State(); err != nil {
				return err
			}
		}
		if changed.After(state.Changed) {
			state.Changed = changed
		}
		return out.Encode([]string{sheet.File, text})
	}
	for sheet, err := range shelf.Own(ctx) {
		if err != nil {
			return nil, err
		}
		if sheet.Table == usageTable().name {
			if err := note(sheet); err != nil {
				return nil, err
			}
			state.Tables++
		}
	}
	if err := out.Encode(c.AzureFrom); err != nil {
		return nil, err
	}
	sum.Sum(state.Own[:0])
	for f, st := range c.usage() {
		id := st.state(f)
		state.Statements = append(state.Statements, id)
		if err := out.Encode([]any{id, f.Name, f.Kind, f.Source, f.SHA256, f.Options}); err != nil {
			return nil, err
		}
	}
	sum.Sum(state.Key[:0])
	return state, nil
}

// StatementState is a statement in force: of which import, and its content.
type StatementState struct {
	File   int          `json:"file"`
	Month  kizuna.Month `json:"month"`
	Place  string       `json:"place"`
	SHA256 kizuna.Hash  `json:"sha256"`
}

func (st *Statement) state(of *File) StatementState {
	return StatementState{of.Number, st.Month, st.Place, st.SHA256}
}

// usage yields the statements in force, in the order in which they are read: what was
// said last goes before.
func (c *Catalog) usage() iter.Seq2[*File, *Statement] {
	return func(yield func(*File, *Statement) bool) {
		for _, f := range slices.Backward(c.Files) {
			for i := range f.Statements {
				if st := &f.Statements[i]; st.ReplacedBy == 0 && !yield(f, st) {
					return
				}
			}
		}
	}
}

// Survey is what the rows say besides what they count, if all of them count.
func (r *Reading) Survey() *attribution.Survey {
	s := new(attribution.Survey)
	for i := range r.Tables {
		t := &r.Tables[i]
		if t.Source.Rows > 0 {
			s.Months = append(s.Months, t.Source.Months...)
		}
		for _, a := range t.Asserted {
			s.Assert(a)
		}
	}
	slices.Sort(s.Months)
	s.Months = slices.Compact(s.Months)
	return s
}
