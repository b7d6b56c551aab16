package dataset

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// Part says which usage is wanted.
type Part struct {
	Tenants []string
	Months  []kizuna.Month // nil: all
	// Progress, if set, is told as [Options.Progress] is.
	Progress func(rows int)
}

// UsageOf reads a part of the usage alone: the rows, as [LoadShelf] would load them, in
// the same order. What came of reading says how many rows of each table that were, and of
// a statement that is wanted whole, what loading it says.
func UsageOf(ctx context.Context, shelf Shelf, part Part) (*usage.Ledger, *Reading, error) {
	wanted := make(map[string]bool, 2*len(part.Tenants)) // without case, and as written
	for _, t := range part.Tenants {
		wanted[association.Fold(t)] = true
	}
	l := newLoader(ctx, shelf, Options{Progress: part.Progress})
	l.only, l.tenants, l.months = "usage", slices.AppendSeq([]string{}, maps.Keys(wanted)), part.Months
	l.data.Reading = new(Reading)
	collect := l.usage
	l.usage = func(f *File, row *usage.Row) {
		is, known := wanted[row.Tenant]
		if !known {
			is = wanted[association.Fold(row.Tenant)]
			wanted[row.Tenant] = is
		}
		if is && l.inMonths(row.Month) {
			collect(f, row)
		}
	}
	l.refused = func(*kizuna.Error, int) {} // who loaded all has said it
	if err := l.all(); err != nil {
		return nil, nil, err
	}
	return l.data.Ledger, l.data.Reading, nil
}

// CustomersOf tells of every customer of some statements, without case, as
// [Options.Customer] is told: a statement's number is that in the list. One that is not in
// force any more has none.
func CustomersOf(ctx context.Context, shelf Shelf, statements []StatementState, each func(statement int, tenant string)) error {
	c, err := shelf.Catalog(ctx)
	if err != nil {
		return err
	}
	for f, st := range c.usage() {
		if i := slices.Index(statements, st.state(f)); i >= 0 {
			if err := customers(ctx, shelf, f, st, func(tenant string) { each(i, tenant) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func customers(ctx context.Context, shelf Shelf, f *File, st *Statement, each func(tenant string)) (err error) {
	u, err := shelf.Usage(ctx, f, st)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	for t, err := range u.File.Tenants() {
		if err != nil {
			return err
		}
		each(t.ID)
	}
	return nil
}
