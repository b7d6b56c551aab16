package attribution

import (
	"slices"

	"github.com/kizuna-org/kizuna/program"
)

// Found is a usage row in the book: the row that the line of a file became part of.
type Found struct {
	Tenant   string
	Resource ResourceOfRow
	tenant   *tenantRows
	resource *resource
	row      *row
}

// FindRow finds what a row of the ledger became part of; nil if it was refused.
func (b *Book) FindRow(number int) *Found {
	for _, t := range b.tenants {
		for _, r := range t.resources {
			for i := range r.rows {
				if slices.Contains(r.rows[i].sourceRows(), int32(number)) {
					return &Found{
						t.id, ResourceOfRow{r.Subscription, r.Scope, r.Workload, r.offer, r.channel},
						t, r, &r.rows[i],
					}
				}
			}
		}
	}
	return nil
}

// sourceRows are the numbers of the ledger's rows that the row is made of.
func (r *row) sourceRows() []int32 {
	if r.asserted == nil {
		return []int32{r.source}
	}
	return append([]int32{r.source}, r.asserted.sources...)
}

// AccountsOf lists the accounts that any reach ties to the row.
func (b *Book) AccountsOf(f *Found) []string {
	return b.accountsOf(b.coveringOf(f.resource), f.row)
}

// RowFate says what becomes of the row for an account and a measure.
func (b *Book) RowFate(f *Found, account string, number int) Line {
	m := &b.Plan.measures[number]
	feed, clause := b.Plan.feedFor(m, f.resource)
	return b.line(number, f.resource, b.coveringOf(f.resource), f.row, account, feed, clause)
}

// TypesFor returns the association types through which a workload of a product
// feeds a measure; none if the measure does not look at it.
func (pl *Plan) TypesFor(number int, workload, product string) program.TypeSet {
	workload = pl.Program.WorkloadName(workload)
	for _, f := range pl.measures[number].feeds {
		if pl.feeds[f].set.Holds(workload, product) {
			return pl.types[pl.feeds[f].types]
		}
	}
	return 0
}
