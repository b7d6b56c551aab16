package dataset

import (
	"context"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// UsageOf reads the usage of some customers alone: their rows, as [LoadShelf] would load
// them, in the same order.
func UsageOf(ctx context.Context, shelf Shelf, tenants []string) (*usage.Ledger, error) {
	if len(tenants) == 0 {
		return usage.NewLedger(), nil
	}
	wanted := make(map[string]bool, 2*len(tenants)) // without case, and as written
	for _, t := range tenants {
		wanted[association.Fold(t)] = true
	}
	l := newLoader(ctx, shelf, Options{})
	l.only, l.tenants = "usage", slices.Sorted(maps.Keys(wanted))
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
		return nil, err
	}
	return l.data.Ledger, nil
}
