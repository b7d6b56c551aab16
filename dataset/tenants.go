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

// UsageOf reads the usage of some customers alone: their rows, as [LoadShelf] would load
// them, in the same order. What came of reading says how many rows of each table that
// were, and of a statement all of whose customers are wanted, what loading it says.
func UsageOf(ctx context.Context, shelf Shelf, tenants []string) (*usage.Ledger, *Reading, error) {
	if len(tenants) == 0 {
		return usage.NewLedger(), new(Reading), nil
	}
	wanted := make(map[string]bool, 2*len(tenants)) // without case, and as written
	for _, t := range tenants {
		wanted[association.Fold(t)] = true
	}
	l := newLoader(ctx, shelf, Options{})
	l.only, l.tenants = "usage", slices.Sorted(maps.Keys(wanted))
	l.data.Reading = new(Reading)
	collect := l.usage
	l.usage = func(f *File, row *usage.Row) {
		is, known := wanted[row.Tenant]
		if !known {
			is = wanted[association.Fold(row.Tenant)]
			wanted[row.Tenant] = is
		}
		if is {
			collect(f, row)
		}
	}
	l.refused = func(*kizuna.Error, int) {} // who loaded all has said it
	if err := l.all(); err != nil {
		return nil, nil, err
	}
	return l.data.Ledger, l.data.Reading, nil
}

// CustomersOf lists the customers of some statements in force, in order and without
// case. A statement that is not in force any more has none.
func CustomersOf(ctx context.Context, shelf Shelf, statements []StatementState) ([]string, error) {
	c, err := shelf.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for f, st := range c.usage() {
		if slices.Contains(statements, st.state(f)) {
			if all, err = appendCustomers(ctx, all, shelf, f, st); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func appendCustomers(ctx context.Context, to []string, shelf Shelf, f *File, st *Statement) (_ []string, err error) {
	u, err := shelf.Usage(ctx, f, st)
	if err != nil {
		return to, err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	for t, err := range u.File.Tenants() {
		if err != nil {
			return to, err
		}
		to = append(to, t.ID)
	}
	return to, nil
}
