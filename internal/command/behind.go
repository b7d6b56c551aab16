package command

import (
	"context"
	"reflect"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/score"
)

// open is [questionFlags.ask] to explain one partner's figures: packed usage tells which
// customers are behind them, and the rows of these alone are read.
func (f *questionFlags) open(a *app) (*inquiry, error) {
	c, err := f.packed(a)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return f.ask(a)
	}
	index, err := segment.IndexPartners(a.Context, c.View)
	if err != nil {
		return nil, err
	}
	in := &inquiry{shelf: c.shelf, data: c.Data, facts: factsOf(c.Data), notes: c.Notes, question: c.q}
	in.behind = &packedBehind{ctx: a.Context, in: in, plan: c.k.Plan, trust: c.q.Trust, explainer: c.k.Explainer(c.View, index)}
	in.answer = score.AskCounted(c.q, in.facts, &score.Counted{
		Plan: c.k.Plan, Totals: in.behind, Survey: c.Survey, Behind: in.behind,
	})
	return in, nil
}

// resolve finds the account of a partner id, and what it has, if it alone is counted.
func (in *inquiry) resolve(partner string) (account, location string, err error) {
	account, location, err = in.answer.Resolve(partner)
	if err == nil && in.behind != nil {
		in.behind.total, err = in.behind.explainer.Total(account)
	}
	return account, location, err
}

// packedBehind opens figures that were counted from packed usage. The customers' rows
// are read from where they came from, and traced by the rules in their clear form:
// contributions are customer by customer, so a book of some says of them what a book of
// all does.
type packedBehind struct {
	ctx       context.Context
	in        *inquiry
	plan      *attribution.Plan
	trust     attribution.Trust
	explainer *kernel.Explainer
	total     attribution.Contribution // of the account that is asked about
}

// Account returns the account's total, once it was resolved.
func (b *packedBehind) Account(string) attribution.Contribution { return b.total }

// book holds some customers alone.
func (b *packedBehind) book(tenants ...string) (*attribution.Book, error) {
	ledger, _, err := dataset.UsageOf(b.ctx, b.in.shelf, dataset.Part{Tenants: tenants})
	if err != nil {
		return nil, err
	}
	b.in.data.Ledger = ledger // whose lines may be asked for
	return attribution.NewBook(b.plan, &attribution.Facts{
		Associations: b.in.facts.Associations, Rates: b.in.facts.Rates, Usage: ledger, Trust: b.trust,
	}), nil
}

// Customers traces who contributes.
func (b *packedBehind) Customers(account string, measures []int, most int) ([]score.Contributions, error) {
	lists := make([]kernel.List, len(measures))
	var tenants []string
	for i, number := range measures {
		var err error
		if lists[i], err = b.explainer.Customers(account, number, most); err != nil {
			return nil, err
		}
		for _, c := range lists[i].Customers {
			tenants = append(tenants, c.ID)
		}
	}
	book, err := b.book(tenants...)
	if err != nil {
		return nil, err
	}
	out := make([]score.Contributions, len(measures))
	for i, number := range measures {
		out[i].All = lists[i].All
		for _, c := range lists[i].Customers {
			trace := book.Trace(c.ID, account, number, false)
			if !reflect.DeepEqual(trace.Tally, c.Tally) {
				return nil, kizuna.Errorf("explain-changed", "the usage of customer %q is another now than when it was counted", c.ID).
					WithMend("ask again")
			}
			out[i].Customers = append(out[i].Customers, trace)
		}
	}
	return out, nil
}

// Customer traces one customer.
func (b *packedBehind) Customer(tenant, account string, measures []int) ([]*attribution.Trace, error) {
	book, err := b.book(association.Fold(tenant))
	if err != nil {
		return nil, err
	}
	out := make([]*attribution.Trace, len(measures))
	for i, number := range measures {
		out[i] = book.Trace(tenant, account, number, false)
	}
	return out, nil
}
