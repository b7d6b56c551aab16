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

// row is the unit of counting: a row of the ledger, in dollars, rounded once.
type row struct {
	month kizuna.Month
	day   kizuna.Date // wholeMonth if the period is the month

	hasMoney, snapshot bool
	duplicate          bool  // another row of the same file keeps this usage
	source             int32 // its number in the ledger

	money               kizuna.Micro // dollars
	users, seats, units kizuna.Micro // of a snapshot
	asserted            *assertions  // the vendor's own attribution, if any
}

const wholeMonth kizuna.Date = -1 << 31

// assertions are what a file says of a row that is asserted, perhaps several times.
type assertions struct {
	reaches []association.Reach
	sources []int32 // the other ledger rows that say so
}

func (r *row) period() kizuna.Interval {
	if r.day == wholeMonth {
		return r.month.Interval()
	}
	from := r.day.Instant()
	return kizuna.Interval{From: from, To: r.day.AddDays(1).Instant()}
}

// reaches returns what the row itself asserts.
func (r *row) reaches() []association.Reach {
	if r.asserted == nil {
		return nil
	}
	return r.asserted.reaches
}

// resource is what rows of one kind are about: everything that decides which
// reaches and which feeds apply, but the time.
type resource struct {
	association.Resource // with the workload under the program's name for it
	product              string
	offer, channel       string
	rows                 []row // by time
}

// resourceKey tells resources apart; ids and scopes folded.
type resourceKey struct {
	subscription, scope, workload, offer, channel string
}

func (k resourceKey) compare(l resourceKey) int {
	return cmp.Or(
		strings.Compare(k.subscription, l.subscription), strings.Compare(k.scope, l.scope),
		strings.Compare(k.workload, l.workload), strings.Compare(k.offer, l.offer),
		strings.Compare(k.channel, l.channel))
}

// tenantRows is one customer's usage.
type tenantRows struct {
	id        string // as first written
	folded    string
	resources []*resource
	keys      map[resourceKey]*keyed // as written, and folded
	order     []*keyed
}

type keyed struct {
	resource
	folded resourceKey
	// As the row before wrote its tenant and key, and what came after it then.
	tenant  string
	written resourceKey
	next    *keyed
}

// Refusal is a usage row that cannot be counted, and why.
type Refusal struct {
	Number int // the row's in the ledger
	Row    usage.Row
	Err    *kizuna.Error
}

// rowReader groups the ledger's rows by tenant and resource.
type rowReader struct {
	plan    *Plan
	index   *association.Index
	rates   Rates
	tenants map[string]*tenantRows // as written, and folded
	order   []*tenantRows
	refused []Refusal
	months  map[kizuna.Month]bool
	last    *keyed // the resource of the row before
	asserts *asserter
}

func (r *rowReader) read(ledger *usage.Ledger) []*tenantRows {
	var lastMonth kizuna.Month
	for i, u := range ledger.All() {
		if u.Month != lastMonth {
			lastMonth = u.Month
			r.months[lastMonth] = true
		}
		out := r.resourceOf(u)
		if row, err := r.row(i, u); err != nil {
			r.refused = append(r.refused, Refusal{i, *u, err.WithRef(u.At)})
		} else {
			out.rows = append(out.rows, row)
		}
	}
	slices.SortFunc(r.order, func(a, b *tenantRows) int { return strings.Compare(a.folded, b.folded) })
	for _, t := range r.order {
		slices.SortFunc(t.order, func(a, b *keyed) int { return a.folded.compare(b.folded) })
		for _, k := range t.order {
			k.settle(ledger)
			t.resources = append(t.resources, &k.resource)
		}
		t.keys, t.order = nil, nil
	}
	return r.order
}

// resourceOf finds the row's resource. A month mostly lists them in the order of
// the month before, so the one that came next then is tried first.
func (r *rowReader) resourceOf(u *usage.Row) *resource {
	written := resourceKey{u.Subscription, u.Scope, u.Workload, u.OfferType, u.Channel}
	k := r.last.next
	if k == nil || k.tenant != u.Tenant || k.written != written {
		k = r.lookUp(u, written)
		k.tenant, k.written = u.Tenant, written
		r.last.next = k
	}
	r.last = k
	return &k.resource
}

// lookUp finds it by its key, as written first, because folding costs more than
// looking up.
func (r *rowReader) lookUp(u *usage.Row, written resourceKey) *keyed {
	t := r.tenants[u.Tenant]
	if t == nil {
		folded := association.Fold(u.Tenant)
		if t = r.tenants[folded]; t == nil {
			t = &tenantRows{id: u.Tenant, folded: folded, keys: make(map[resourceKey]*keyed)}
			r.tenants[folded] = t
			r.order = append(r.order, t)
		}
		r.tenants[u.Tenant] = t
	}
	k := t.keys[written]
	if k == nil {
		k = t.resource(r, u)
		t.keys[written] = k
	}
	return k
}

func (t *tenantRows) resource(r *rowReader, u *usage.Row) *keyed {
	workload := r.plan.Program.WorkloadName(u.Workload)
	folded := resourceKey{
		association.Fold(u.Subscription), association.ScopeOf(u.Subscription, u.Scope),
		workload, u.OfferType, u.Channel,
	}
	if k := t.keys[folded]; k != nil {
		return k
	}
	k := &keyed{folded: folded, resource: resource{
		Resource: association.Resource{
			Tenant: t.id, Subscription: u.Subscription, Scope: u.Scope, Workload: workload,
		},
		product: r.index.Product(u.Subscription),
		offer:   u.OfferType,
		channel: u.Channel,
	}}
	t.keys[folded] = k
	t.order = append(t.order, k)
	return k
}

func (r *rowReader) row(number int, u *usage.Row) (row, *kizuna.Error) {
	f, err := r.rates.Figures(u)
	if err != nil {
		return row{}, err
	}
	out := row{
		month: u.Month, day: wholeMonth, source: int32(number),
		hasMoney: f.HasMoney, snapshot: f.Snapshot, duplicate: f.Duplicate,
		money: f.Money, users: f.Users, seats: f.Seats, units: f.Units,
	}
	if u.Day != nil {
		out.day = *u.Day
	}
	if f.Asserted {
		r.assert(&out, f.As, u)
	}
	return out, nil
}

// assert adds the reach that a row of an export asserts.
func (r *rowReader) assert(out *row, t program.Type, u *usage.Row) {
	out.asserted = &assertions{}
	if reach, ok := r.asserts.reach(&Assertion{t, u.Asserted.Location, u.Period(), u.At}); ok {
		out.asserted.reaches = []association.Reach{reach}
	}
}

// settle orders the rows by time and makes one of those that are one usage row
// asserted several times: they share a source row id and a period.
func (k *keyed) settle(ledger *usage.Ledger) {
	slices.SortStableFunc(k.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.day, b.day))
	})
	type id struct {
		source string
		month  kizuna.Month
		day    kizuna.Date
	}
	var seen map[id]int
	kept := k.rows[:0]
	for _, r := range k.rows {
		if r.asserted == nil {
			kept = append(kept, r)
			continue
		}
		var u usage.Row
		ledger.Row(int(r.source), &u)
		if u.Asserted.SourceRow == "" {
			kept = append(kept, r)
			continue
		}
		key := id{u.Asserted.SourceRow, r.month, r.day}
		if i, again := seen[key]; again {
			first := kept[i].asserted
			first.reaches = append(first.reaches, r.asserted.reaches...)
			first.sources = append(first.sources, r.source)
			continue
		}
		if seen == nil {
			seen = make(map[id]int)
		}
		seen[key] = len(kept)
		kept = append(kept, r)
	}
	k.rows = slices.Clip(kept)
}
