package dataset

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// pile is a file's usage on the stage. Rows are put on it whenever there are many,
// so that a file of any length is read in little memory: equal rows that come far
// apart stay two until they are loaded. The first error is kept.
type pile struct {
	stage  stageDir
	name   string
	sorter *statement.Sorter
	err    error
}

// statementFile is the name of a statement in its place.
const statementFile = "usage.parquet"

func newPile(s stageDir, name string) *pile {
	return &pile{stage: s, name: name, sorter: statement.NewSorter(string(s))}
}

// next returns the ledger to go on with after a row was added to one: when memory
// should not hold them, its rows are put on the pile.
func (p *pile) next(l *usage.Ledger) *usage.Ledger {
	l, err := p.sorter.Next(l)
	p.err = cmp.Or(p.err, err)
	return l
}

// whole puts the rows of a ledger on the pile if they are as many as are added up; it
// returns the ledger to go on with.
func (p *pile) whole(l *usage.Ledger) *usage.Ledger {
	if l.Len() < statement.AddedRows {
		return l
	}
	return p.put(l, usage.NewLedger())
}

// wait puts rows that nothing is added to any more on the pile, so that few files
// that wait for others take little memory.
func (p *pile) wait(l *usage.Ledger) *usage.Ledger {
	if l.SinceCut() == l.Len() {
		return l
	}
	rest := l.Split()
	return p.put(l, rest)
}

func (p *pile) put(l, rest *usage.Ledger) *usage.Ledger {
	p.err = cmp.Or(p.err, p.sorter.Add(l))
	return rest
}

// each reads the rows back; they may lack a tenant.
func (p *pile) each(ctx context.Context, visit func(*usage.Row)) error {
	for _, month := range p.sorter.Months() {
		for row, err := range p.sorter.Rows(ctx, month) {
			if err != nil {
				return err
			}
			visit(row)
		}
	}
	return p.err
}

// statements writes a statement of each month, with the rows of the last ledger.
func (p *pile) statements(ctx context.Context, last *usage.Ledger) ([]Statement, error) {
	if p.err == nil {
		p.err = p.sorter.Hold(last)
	}
	if p.err != nil {
		return nil, p.err
	}
	var all []Statement
	for _, month := range p.sorter.Months() {
		s, err := p.statement(ctx, month)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (p *pile) statement(ctx context.Context, month kizuna.Month) (s Statement, err error) {
	s = Statement{Month: month, Place: p.name + "-" + month.String()}
	dir := filepath.Join(string(p.stage), s.Place)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return s, err
	}
	f, err := os.Create(filepath.Join(dir, statementFile))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<18)
	summary, err := p.sorter.Write(ctx, month, out)
	if err != nil {
		return s, err
	}
	s.Rows, s.Tenants, s.Bytes, s.SHA256 = summary.Rows, summary.Tenants, summary.Bytes, summary.SHA256
	return s, out.Flush()
}

// close removes what the pile keeps on the disk besides statements.
func (p *pile) close() error { return p.sorter.Close() }
