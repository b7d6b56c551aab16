package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/kizuna-org/kizuna"
)

// Reading is what came of reading all usage on a shelf, but for the rows. With it the
// same facts are loaded again as if usage were read, too: see [Options.Usage].
type Reading struct {
	Tables []TableReading     `json:"tables"` // in the order in which they were read
	Twice  []kizuna.KeptError `json:"twice,omitempty"`
}

// TableReading is what came of reading one table.
type TableReading struct {
	Source   Source             `json:"source"`
	Problems []kizuna.KeptError `json:"problems,omitempty"`
	Notes    []kizuna.KeptError `json:"notes,omitempty"`
}

// ErrOtherUsage says that [Options.Usage] tells of other tables than those there are.
var ErrOtherUsage = errors.New("the usage is another than the one that was read")

// usageSheet reads a table of usage, or takes over what came of it before.
func (l *loader) usageSheet(sheet *Sheet) (Source, error) {
	if l.opts.Usage != nil {
		return l.known(sheet.File)
	}
	problems, notes := len(l.data.Problems), len(l.data.Notes)
	source, err := l.read(sheet)
	if l.data.Reading != nil {
		l.data.Reading.Tables = append(l.data.Reading.Tables, TableReading{
			source, kizuna.KeepErrors(l.data.Problems[problems:]), kizuna.KeepErrors(l.data.Notes[notes:]),
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
	state := new(UsageState)
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
		}
	}
	if err := out.Encode(c.AzureFrom); err != nil {
		return nil, err
	}
	for _, f := range c.Files {
		for i := range f.Statements {
			st := &f.Statements[i]
			if st.ReplacedBy != 0 {
				continue
			}
			if err := out.Encode([]any{f.Number, f.Name, f.Kind, f.Source, f.SHA256, f.Options, st.Month, st.Place, st.SHA256}); err != nil {
				return nil, err
			}
		}
	}
	sum.Sum(state.Key[:0])
	return state, nil
}
