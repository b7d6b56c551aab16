package attribution

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// Book is every customer's usage with the reaches that may cover it, for one
// program and date: the facts of one question. It is this package's clear form,
// and the oracle of any faster one.
type Book struct {
	Plan *Plan

	index   *association.Index
	trust   Trust
	tenants []*tenantRows // sorted by folded id
	ledger  *usage.Ledger
	refused []Refusal
	// findings are facts that can never count, each with its reason.
	findings []*kizuna.Error
	// remarks are facts that count in a way that should be said.
	remarks []*kizuna.Error
	months  map[kizuna.Month]bool // months that have rows
}

// Facts is what a book is made of.
type Facts struct {
	Associations *association.Facts
	Usage        *usage.Ledger
	Rates        []usage.Rate
	Trust        Trust // TrustBoth if empty
}

// NewBook prepares the facts for the plan's question. It keeps references into
// the facts, which must not change.
func NewBook(plan *Plan, f *Facts) *Book {
	b := &Book{
		Plan:   plan,
		index:  association.NewIndex(f.Associations, plan.question()),
		trust:  f.Trust,
		ledger: f.Usage,
	}
	if b.trust == "" {
		b.trust = TrustBoth
	}
	r := rowReader{
		plan:    plan,
		index:   b.index,
		rates:   NewRates(f.Rates),
		tenants: make(map[string]*tenantRows),
		months:  make(map[kizuna.Month]bool),
		last:    new(keyed),
		asserts: newAsserter(b.index),
	}
	b.tenants = r.read(f.Usage)
	b.refused, b.remarks, b.months = r.refused, r.asserts.remarks, r.months
	b.findings = append(slices.Clone(b.index.Findings), r.asserts.findings...)
	return b
}

// Index returns the prepared associations.
func (b *Book) Index() *association.Index { return b.index }

// Findings lists facts that can never count, each with its reason.
func (b *Book) Findings() []*kizuna.Error { return b.findings }

// Remarks lists facts that count in a way that should be said.
func (b *Book) Remarks() []*kizuna.Error { return b.remarks }

// Row writes a row of the ledger into u.
func (b *Book) Row(number int, u *usage.Row) { b.ledger.Row(number, u) }

// Refused lists the usage rows that cannot be counted, and why.
func (b *Book) Refused() []Refusal { return b.refused }

// Tenants lists the customers that have usage, in order.
func (b *Book) Tenants() []string {
	ids := make([]string, len(b.tenants))
	for i, t := range b.tenants {
		ids[i] = t.id
	}
	return ids
}

func (b *Book) tenant(id string) *tenantRows {
	folded := association.Fold(id)
	i, ok := slices.BinarySearchFunc(b.tenants, folded, func(t *tenantRows, id string) int {
		return strings.Compare(t.folded, id)
	})
	if !ok {
		return nil
	}
	return b.tenants[i]
}

// MissingMonths counts the months that the plan looks at and that have no rows
// of any customer.
func (b *Book) MissingMonths() (missing, of int) {
	return b.Plan.missing(func(m kizuna.Month) bool { return b.months[m] })
}

// Total adds up the contributions of all customers.
func (b *Book) Total() Contribution {
	total := make(Contribution)
	for _, t := range b.tenants {
		total.Add(b.contribution(t))
	}
	return total
}

// Contribution returns what one customer adds, to every account and measure. A
// customer without usage adds nothing.
func (b *Book) Contribution(tenant string) Contribution {
	if t := b.tenant(tenant); t != nil {
		return b.contribution(t)
	}
	return Contribution{}
}
