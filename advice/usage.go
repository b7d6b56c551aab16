package advice

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/usage"
)

// Customer is a customer's usage: its resources with their rows, and what each is about,
// both in the order of [association.ComparePaths] of their scopes. What facts say of it is
// not looked at: its reaches, products, owners, country and segment.
type Customer struct {
	*segment.Tenant
	About []association.Resource
}

// ofUsageOf reports whether some change of usage concerns a customer.
func (c *Changes) ofUsageOf(tenant string) bool {
	return c.Projection != nil ||
		slices.ContainsFunc(c.Usage, func(u usage.Row) bool { return association.Fold(u.Tenant) == tenant }) ||
		slices.ContainsFunc(c.Growth, func(g Growth) bool { return g.Tenant == "" || association.Fold(g.Tenant) == tenant })
}

// consumedBy returns a customer's usage with what is consumed besides, its growth and what
// it is taken to be later. The customer is left as it is.
func (c *Changes) consumedBy(of *Customer, names segment.Names) *Customer {
	var more []usage.Row
	for i := range c.Usage {
		if association.Fold(c.Usage[i].Tenant) == of.ID {
			more = append(more, c.Usage[i])
		}
	}
	if len(more) > 0 {
		of = together(of, newUsageCompiler(names, nil).customer(of.ID, usage.Collect(more).Rows()))
	}
	return c.grown(of)
}

// together returns the usage of both: resources that are the same are one, and so are
// their rows that are.
func together(a, b *Customer) *Customer {
	type key struct {
		about          association.Resource
		offer, channel segment.Name
	}
	type resource struct {
		segment.Resource
		about association.Resource
	}
	at := make(map[key]int)
	var all []resource
	for _, c := range []*Customer{a, b} {
		for i := range c.Resources {
			r := &c.Resources[i]
			about := c.About[i]
			about.Tenant = "" // the same
			k := key{about, r.Offer, r.Channel}
			n, ok := at[k]
			if !ok {
				at[k] = len(all)
				all = append(all, resource{*r, c.About[i]})
				continue
			}
			all[n].Rows = rowsTogether(all[n].Rows, r.Rows)
		}
	}
	slices.SortStableFunc(all, func(x, y resource) int { return association.ComparePaths(x.about.Scope, y.about.Scope) })
	t := *a.Tenant
	out := &Customer{&t, nil}
	t.Resources = nil
	for i := range all {
		t.Resources = append(t.Resources, all[i].Resource)
		out.About = append(out.About, all[i].about)
	}
	return out
}

// rowsTogether adds rows to others, by time.
func rowsTogether(rows, more []segment.Row) []segment.Row {
	out := slices.Clone(rows)
	for _, m := range more {
		i := slices.IndexFunc(out, func(r segment.Row) bool {
			return r.Month == m.Month && r.Day == m.Day && r.Asserted == nil && m.Asserted == nil
		})
		if i < 0 {
			out = append(out, m)
			continue
		}
		r := &out[i]
		r.HasMoney, r.Snapshot = r.HasMoney || m.HasMoney, r.Snapshot || m.Snapshot
		r.Money, r.Users, r.Seats, r.Units = r.Money+m.Money, r.Users+m.Users, r.Seats+m.Seats, r.Units+m.Units
	}
	slices.SortStableFunc(out, func(a, b segment.Row) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
	})
	return out
}

// grown returns a customer's usage with its growth and what it is taken to be later.
func (c *Changes) grown(of *Customer) *Customer {
	t := *of.Tenant
	t.Resources = slices.Clone(t.Resources)
	for i := range t.Resources {
		r := &t.Resources[i]
		r.Rows = slices.Clone(r.Rows)
		c.grow(r, t.ID, &of.About[i], false)
		if c.Projection != nil {
			c.Projection.extend(r, t.ID, of.About[i].Subscription)
			c.grow(r, t.ID, &of.About[i], true)
		}
	}
	return &Customer{&t, of.About}
}

// Selects reports whether usage of a resource of a tenant, whose id is folded, grows in
// the months from From to To.
func (g *Growth) Selects(tenant string, r *association.Resource) bool { return g.about(tenant, r) }

// grow multiplies a resource's rows: by what begins later than the projection, in months that
// are projected; or by the rest, before anything is projected.
func (c *Changes) grow(r *segment.Resource, tenant string, about *association.Resource, later bool) {
	for i := range c.Growth {
		g := &c.Growth[i]
		if c.ofProjected(g) != later || !g.about(tenant, about) {
			continue
		}
		for k := range r.Rows {
			if g.in(r.Rows[k].Month) {
				scale(&r.Rows[k], g.Factor)
			}
		}
	}
}

// ofProjected reports whether growth begins in months that are projected.
func (c *Changes) ofProjected(g *Growth) bool {
	return c.Projection != nil && g.From > c.Projection.From
}

func (g *Growth) about(tenant string, r *association.Resource) bool {
	return (g.Tenant == "" || association.Fold(g.Tenant) == tenant) &&
		(g.Subscription == "" || strings.EqualFold(g.Subscription, r.Subscription)) &&
		(g.Workload == "" || g.Workload == r.Workload)
}

func (g *Growth) in(m kizuna.Month) bool { return g.From <= m && (g.To == 0 || m <= g.To) }

// scale multiplies what a row carries.
func scale(r *segment.Row, factor kizuna.Fraction) {
	r.Money, r.Units = times(r.Money, factor, 1), times(r.Units, factor, 1)
	r.Users, r.Seats = times(r.Users, factor, kizuna.MicroPerUnit), times(r.Seats, factor, kizuna.MicroPerUnit)
}

// times multiplies, rounded half away from zero to a multiple of whole.
func times(m kizuna.Micro, factor kizuna.Fraction, whole kizuna.Micro) kizuna.Micro {
	if m == 0 {
		return 0
	}
	f := kizuna.Ratio(int64(m), int64(whole)).Mul(factor).Round(0)
	n, _, _ := f.Terms()
	return kizuna.Micro(n) * whole
}

// extend adds to a resource what its usage is taken to be in the months to come.
func (p *Projection) extend(r *segment.Resource, tenant, subscription string) {
	last := make([]segment.Row, 0, 1)
	for _, row := range r.Rows {
		if row.Month == p.From {
			last = append(last, row)
		}
	}
	r.Rows = slices.DeleteFunc(r.Rows, func(row segment.Row) bool { return row.Month > p.From })
	r.Rows = append(r.Rows, p.Rows(last, tenant, subscription)...)
}

// Consumed returns a customer's usage with what it is taken to be in the months to come. The customer is
// left as it is.
func (p *Projection) Consumed(of *Customer) *Customer { return (&Changes{Projection: p}).grown(of) }

// Rows returns what a resource's usage is taken to be in the months to come, in order: last are its rows
// in From. The tenant's id has no case.
func (p *Projection) Rows(last []segment.Row, tenant, subscription string) (out []segment.Row) {
	rates, until := p.rates(tenant), p.until(tenant, subscription)
	last = monthly(last)
	out = make([]segment.Row, 0, len(last)*max(0, int(until-p.From)))
	for k := 1; k <= int(until-p.From); k++ {
		for _, row := range last {
			row.Month = p.From + kizuna.Month(k)
			rates.scale(&row, int64(k))
			out = append(out, row)
		}
	}
	return out
}

// scale multiplies what a row carries by what it grows to in k months.
func (r *Rates) scale(row *segment.Row, k int64) {
	one := kizuna.Int(1)
	grown := func(m kizuna.Micro, rate kizuna.Fraction, whole kizuna.Micro) kizuna.Micro {
		if rate.Sign() == 0 {
			return m
		}
		return times(m, one.Add(rate.Mul(kizuna.Int(k))).Max(kizuna.Fraction{}), whole)
	}
	row.Money, row.Units = grown(row.Money, r.Money, 1), grown(row.Units, r.Units, 1)
	row.Users = grown(row.Users, r.Users, kizuna.MicroPerUnit)
	row.Seats = grown(row.Seats, r.Seats, kizuna.MicroPerUnit)
}

// monthly returns what a resource's rows of one month carry as rows of the month: one for all that is alike.
func monthly(rows []segment.Row) (out []segment.Row) {
	for _, row := range rows {
		row.Day = 0
		i := slices.IndexFunc(out, func(o segment.Row) bool {
			return o.HasMoney == row.HasMoney && o.Snapshot == row.Snapshot && alike(o.Asserted, row.Asserted)
		})
		if i < 0 {
			out = append(out, row)
			continue
		}
		o := &out[i]
		o.Money, o.Users, o.Seats, o.Units = o.Money+row.Money, o.Users+row.Users, o.Seats+row.Seats, o.Units+row.Units
	}
	return out
}

// alike reports whether rows are asserted for the same partners.
func alike(a, b []segment.Assertion) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	order := func(x, y segment.Assertion) int {
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Partner, y.Partner))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// Consumed is what rows of usage carry, added up: revenue in dollars.
type Consumed struct {
	Money kizuna.Micro `json:"revenue_usd"`
	Users kizuna.Micro `json:"active_users"`
	Seats kizuna.Micro `json:"paid_seats"`
	Units kizuna.Micro `json:"units"`
}

// Add adds a row.
func (c *Consumed) Add(r *segment.Row) {
	c.Money, c.Users, c.Seats, c.Units = c.Money+r.Money, c.Users+r.Users, c.Seats+r.Seats, c.Units+r.Units
}

// Consumed adds up what is consumed of all that a growth selects in its months, as facts
// are, or with changes of usage if there are any.
func (b *Base) Consumed(g *Growth, with *Changes) (sum Consumed) {
	ids := b.ids
	if g.Tenant != "" {
		ids = []string{association.Fold(g.Tenant)}
	} else if with != nil {
		ids = slices.Clip(ids)
		for i := range with.Usage {
			if id := association.Fold(with.Usage[i].Tenant); b.customers[id] == nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, id := range ids {
		c := b.Customer(id)
		if c == nil {
			c = none(id)
		}
		if with != nil && with.ofUsageOf(id) {
			c = with.consumedBy(c, b.desk.Names())
		}
		for i := range c.Resources {
			if !g.about(id, &c.About[i]) {
				continue
			}
			rows := c.Resources[i].Rows
			for k := range rows {
				if g.in(rows[k].Month) {
					sum.Add(&rows[k])
				}
			}
		}
	}
	return sum
}
