package attribution

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// row is the unit of counting: usage rows equal in tenant, subscription, scope,
// workload, offer type, channel, currency, period and asserted association,
// summed exactly and rounded once.
type row struct {
	month  kizuna.Month
	period kizuna.Interval

	hasMoney bool
	money    kizuna.Micro // dollars

	snapshot            bool // a month's row that carries users, seats or units
	users, seats, units kizuna.Micro

	asserted  []association.Reach // the vendor's own attribution
	duplicate bool                // another row of the same file keeps this usage
	source    []*usage.Row
}

// resource is what rows of one kind are about: everything that decides which
// reaches and which feeds apply, but the time.
type resource struct {
	association.Resource // with the workload under the program's name for it
	product              string
	offer, channel       string
	rows                 []row
}

// resourceKey tells resources apart; ids and scopes folded.
type resourceKey struct {
	subscription, scope, workload, offer, channel string
}

// tenantRows is one customer's usage.
type tenantRows struct {
	id        string // as first written
	resources []*resource
}

// rowReader groups usage rows by tenant and resource.
type rowReader struct {
	plan    *Plan
	index   *association.Index
	rates   map[rateKey]kizuna.Decimal
	tenants map[string]*tenantGroup // as written, and folded
	order   []*tenantGroup
	refused []Refusal
}

type rateKey struct {
	currency string
	month    kizuna.Month
}

type tenantGroup struct {
	tenantRows
	byKey map[resourceKey]*group // as written, and folded
	order []*group
}

type group struct {
	resource
	folded resourceKey
	rows   []*usage.Row
}

// Refusal is a usage row that cannot be counted, and why.
type Refusal struct {
	Row *usage.Row
	Err *kizuna.Error
}

func (r *rowReader) read(rows []usage.Row) []*tenantRows {
	for i := range rows {
		r.add(&rows[i])
	}
	slices.SortFunc(r.order, func(a, b *tenantGroup) int {
		return strings.Compare(association.Fold(a.id), association.Fold(b.id))
	})
	out := make([]*tenantRows, 0, len(r.order))
	for _, t := range r.order {
		slices.SortFunc(t.order, func(a, b *group) int { return a.folded.compare(b.folded) })
		for _, g := range t.order {
			r.merge(g)
			t.resources = append(t.resources, &g.resource)
		}
		out = append(out, &t.tenantRows)
	}
	return out
}

func (k resourceKey) compare(l resourceKey) int {
	return cmp.Or(
		strings.Compare(k.subscription, l.subscription), strings.Compare(k.scope, l.scope),
		strings.Compare(k.workload, l.workload), strings.Compare(k.offer, l.offer),
		strings.Compare(k.channel, l.channel))
}

// add puts a row with its resource. Keys are looked up as written first, because
// folding costs more than looking up.
func (r *rowReader) add(u *usage.Row) {
	t := r.tenants[u.Tenant]
	if t == nil {
		folded := association.Fold(u.Tenant)
		if t = r.tenants[folded]; t == nil {
			t = &tenantGroup{tenantRows: tenantRows{id: u.Tenant}, byKey: make(map[resourceKey]*group)}
			r.tenants[folded] = t
			r.order = append(r.order, t)
		}
		r.tenants[u.Tenant] = t
	}
	written := resourceKey{u.Subscription, u.Scope, u.Workload, u.OfferType, u.Channel}
	g := t.byKey[written]
	if g == nil {
		g = t.group(r, u)
		t.byKey[written] = g
	}
	g.rows = append(g.rows, u)
}

func (t *tenantGroup) group(r *rowReader, u *usage.Row) *group {
	workload := u.Workload
	if name, ok := r.plan.Program.Aliases[workload]; ok {
		workload = name
	}
	folded := resourceKey{
		association.Fold(u.Subscription), association.ScopeOf(u.Subscription, u.Scope),
		workload, u.OfferType, u.Channel,
	}
	if g := t.byKey[folded]; g != nil {
		return g
	}
	g := &group{folded: folded, resource: resource{
		Resource: association.Resource{
			Tenant: t.id, Subscription: u.Subscription, Scope: u.Scope, Workload: workload,
		},
		product: r.index.Product(u.Subscription),
		offer:   u.OfferType,
		channel: u.Channel,
	}}
	t.byKey[folded] = g
	t.order = append(t.order, g)
	return g
}

// merge sums the rows of a resource that are equal in all else.
func (r *rowReader) merge(g *group) {
	slices.SortStableFunc(g.rows, compareRows)
	for rest := g.rows; len(rest) > 0; {
		n := 1
		for n < len(rest) && compareRows(rest[0], rest[n]) == 0 {
			n++
		}
		r.sum(g, rest[:n:n])
		rest = rest[n:]
	}
	g.rows = nil
	g.joinAssertions()
}

// compareRows orders the rows of one resource; equal rows are one row.
func compareRows(a, b *usage.Row) int {
	return cmp.Or(
		cmp.Compare(a.Month, b.Month), cmp.Compare(dayOf(a), dayOf(b)),
		strings.Compare(a.Currency, b.Currency),
		strings.Compare(a.Asserted.SourceRow, b.Asserted.SourceRow),
		strings.Compare(association.Fold(a.Asserted.Location), association.Fold(b.Asserted.Location)),
		strings.Compare(a.Asserted.Type, b.Asserted.Type),
		compareFlags(a.Asserted.DuplicateForAccount, b.Asserted.DuplicateForAccount))
}

func dayOf(u *usage.Row) kizuna.Date {
	if u.Day == nil {
		return 0
	}
	return *u.Day
}

func compareFlags(a, b *bool) int {
	value := func(p *bool) int {
		switch {
		case p == nil:
			return 0
		case *p:
			return 2
		}
		return 1
	}
	return cmp.Compare(value(a), value(b))
}

func (r *rowReader) sum(g *group, rows []*usage.Row) {
	first := rows[0]
	out := row{month: first.Month, period: first.Period(), source: rows}
	var money kizuna.Decimal
	for _, u := range rows {
		if u.Revenue != nil {
			out.hasMoney = true
			money = money.Add(*u.Revenue)
		}
		if u.Day == nil {
			out.addSnapshot(u)
		}
	}
	if out.hasMoney {
		if first.Currency != "" && first.Currency != "USD" {
			rate, ok := r.rates[rateKey{first.Currency, first.Month}]
			if !ok {
				r.refuse(rows, kizuna.Errorf("no-exchange-rate", "no rate of %s in %s", first.Currency, first.Month).
					WithMend("add the line %s,%s,<dollars> to exchange_rates.csv", first.Currency, first.Month))
				return
			}
			money = money.Mul(rate)
		}
		var ok bool
		if out.money, ok = money.Micro(); !ok {
			r.refuse(rows, kizuna.Errorf("amount-too-large", "%s dollars are beyond what is counted", money).
				WithMend("correct the amount"))
			return
		}
	}
	if d := first.Asserted.DuplicateForAccount; d != nil && *d && first.Asserted.SourceRow == "" {
		out.duplicate = true
	}
	if reach, ok := r.assertion(first); ok {
		out.asserted = []association.Reach{reach}
	}
	g.resource.rows = append(g.resource.rows, out)
}

func (r *rowReader) refuse(rows []*usage.Row, err *kizuna.Error) {
	for _, u := range rows {
		r.refused = append(r.refused, Refusal{u, err.WithRef(u.At)})
	}
}

// addSnapshot adds a month's users, seats and units; empty cells are 0, but
// active users stand in for units.
func (r *row) addSnapshot(u *usage.Row) {
	if u.ActiveUsers == nil && u.PaidSeats == nil && u.Units == nil {
		return
	}
	r.snapshot = true
	whole := func(n *int64) kizuna.Micro {
		if n == nil {
			return 0
		}
		return kizuna.Micro(*n) * kizuna.MicroPerUnit
	}
	r.users += whole(u.ActiveUsers)
	r.seats += whole(u.PaidSeats)
	if u.Units != nil {
		r.units += *u.Units
	} else {
		r.units += whole(u.ActiveUsers)
	}
}

// assertion returns the reach that a row of an export asserts.
func (r *rowReader) assertion(u *usage.Row) (association.Reach, bool) {
	if u.Asserted.Location == "" || u.Asserted.Type == "" {
		return association.Reach{}, false
	}
	t, ok := program.TypeOf(u.Asserted.Type)
	if !ok {
		r.refuse([]*usage.Row{u}, kizuna.Errorf("asserted-type", "%q is not an association type", u.Asserted.Type).
			WithMend("write CPOR-OSU, CPOR-OSA, CPOR-RevRec, PAL, DPOR, CSP-T1, CSP-T2 or TPOR"))
		return association.Reach{}, false
	}
	return r.index.Asserted(t, u.Asserted.Location, u.Period(), u.At)
}

// joinAssertions makes one row of those that are one usage row asserted several
// times: they share a source row id and a period.
func (g *group) joinAssertions() {
	type id struct {
		source string
		from   kizuna.Instant
		to     kizuna.Instant
	}
	seen := make(map[id]int)
	kept := g.resource.rows[:0]
	for _, r := range g.resource.rows {
		source := r.source[0].Asserted.SourceRow
		if source == "" {
			kept = append(kept, r)
			continue
		}
		key := id{source, r.period.From, r.period.To}
		if i, again := seen[key]; again {
			kept[i].asserted = append(kept[i].asserted, r.asserted...)
			kept[i].source = append(slices.Clip(kept[i].source), r.source...)
			continue
		}
		seen[key] = len(kept)
		kept = append(kept, r)
	}
	g.resource.rows = kept
}
