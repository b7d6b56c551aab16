package advice

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// Apply returns facts as a whole with the changes, to be asked anything: scores, proofs,
// fates. The facts are left as they are. Usage rows that change count in dollars; what is
// taken to be later stands in rows whose place is the projection. The error is
// "change-selects-nothing".
func (c *Changes) Apply(f *score.Facts) (*score.Facts, error) {
	seen := make(endings, len(c.End))
	out := *f
	out.Associations = c.changed(f.Associations, seen.see)
	out.People = c.changedPeople(f.People, seen.see)
	if c.ofUsage() {
		out.Usage = c.consumed(f.Usage, attribution.NewRates(f.Rates))
	}
	return &out, seen.missed(c)
}

// consumed returns a ledger with changes of usage.
func (c *Changes) consumed(ledger *usage.Ledger, rates attribution.Rates) *usage.Ledger {
	out := usage.NewLedger()
	add := func(u *usage.Row) {
		if c.Projection != nil && u.Month > c.Projection.From {
			return
		}
		if grown := c.growRow(u, rates, false); grown != nil {
			u = grown
		}
		out.Add(u)
	}
	rows := ledger
	if len(c.Usage) > 0 { // equal rows are one before they grow
		rows = usage.NewLedger()
		for _, u := range ledger.All() {
			rows.Add(u)
		}
		for i := range c.Usage {
			rows.Add(&c.Usage[i])
		}
	}
	for _, u := range rows.All() {
		add(u)
	}
	if c.Projection != nil {
		c.Projection.rows(out, rates, func(u *usage.Row) {
			if grown := c.growRow(u, rates, true); grown != nil {
				u = grown
			}
			out.Add(u)
		})
	}
	return out
}

// growRow returns a row that has grown, as [Changes.grow] does; nil if it does not, or cannot be counted.
func (c *Changes) growRow(u *usage.Row, rates attribution.Rates, later bool) *usage.Row {
	about := association.Resource{Subscription: u.Subscription, Workload: u.Workload}
	var row segment.Row
	var figures attribution.Figures
	grows := false
	for i := range c.Growth {
		g := &c.Growth[i]
		if c.ofProjected(g) != later || !g.about(association.Fold(u.Tenant), &about) || !g.in(u.Month) {
			continue
		}
		if !grows {
			var err *kizuna.Error
			if figures, err = rates.Figures(u); err != nil {
				return nil
			}
			row = segment.Row{Money: figures.Money, Users: figures.Users, Seats: figures.Seats, Units: figures.Units}
			grows = true
		}
		scale(&row, g.Factor)
	}
	if !grows {
		return nil
	}
	out := *u
	carry(&out, &row, figures.HasMoney, figures.Snapshot)
	return &out
}

// carry puts figures into a row, in dollars.
func carry(u *usage.Row, row *segment.Row, hasMoney, snapshot bool) {
	if hasMoney {
		u.Currency, u.Revenue = "", new(row.Money.Decimal())
	}
	if snapshot {
		u.ActiveUsers = new(int64(row.Users / kizuna.MicroPerUnit))
		u.PaidSeats = new(int64(row.Seats / kizuna.MicroPerUnit))
		u.Units = new(row.Units)
	}
}

// rows yields what usage is taken to be in the months after the projection's first.
func (p *Projection) rows(ledger *usage.Ledger, rates attribution.Rates, yield func(*usage.Row)) {
	names := segment.NewPatch()
	number := 0
	for c := range customersOf(ledger, rates, names.Numbers()) {
		c = (&Changes{Projection: p}).grown(c)
		for i := range c.Resources {
			r, about := &c.Resources[i], &c.About[i]
			for k := range r.Rows {
				row := &r.Rows[k]
				if row.Month <= p.From {
					continue
				}
				number++
				u := usage.Row{
					Month: row.Month, Tenant: c.ID, Subscription: about.Subscription, Scope: about.Scope, Workload: about.Workload,
					OfferType: names.Name(r.Offer), Channel: names.Name(r.Channel),
					At: kizuna.Ref{File: "projection of " + p.From.String(), Line: number},
				}
				carry(&u, row, row.HasMoney, row.Snapshot)
				if len(row.Asserted) == 0 {
					yield(&u)
				}
				for _, a := range row.Asserted {
					u.Asserted = usage.Asserted{SourceRow: fmt.Sprintf("projected-%d", number), Location: names.Partner(a.Partner), Type: a.Type.String()}
					yield(&u)
				}
			}
		}
	}
}

// UsageOf is the usage of a ledger. Rows that cannot be counted are left out.
func UsageOf(ledger *usage.Ledger, rates []usage.Rate) Usage {
	return func(names segment.Names) iter.Seq2[*Customer, error] {
		return func(yield func(*Customer, error) bool) {
			for c := range customersOf(ledger, attribution.NewRates(rates), names) {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

// customersOf yields the customers of a ledger, in order.
func customersOf(ledger *usage.Ledger, rates attribution.Rates, names segment.Names) iter.Seq[*Customer] {
	return func(yield func(*Customer) bool) {
		of := make(map[string][]int)
		for i, u := range ledger.All() {
			id := association.Fold(u.Tenant)
			of[id] = append(of[id], i)
		}
		compiler := newUsageCompiler(names, rates)
		for _, id := range slices.Sorted(maps.Keys(of)) {
			rows := make([]usage.Row, len(of[id]))
			for i, n := range of[id] {
				ledger.Row(n, &rows[i])
			}
			if c := compiler.customer(id, rows); len(c.Resources) > 0 && !yield(c) {
				return
			}
		}
	}
}

// usageCompiler makes customers of rows.
type usageCompiler struct {
	*segment.Compiler
	about []association.Resource // of the last customer
}

func newUsageCompiler(names segment.Names, rates attribution.Rates) *usageCompiler {
	c := &usageCompiler{Compiler: segment.NewCompiler(names, new(association.Facts), rates)}
	c.Keep(func(p *segment.Place) error {
		c.about = p.Resources
		return nil
	})
	return c
}

func (c *usageCompiler) customer(id string, rows []usage.Row) *Customer {
	t, _ := c.Tenant(id, rows)
	return &Customer{t, c.about}
}
