package focus

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/usage"
)

// charge is one row of a bill, whatever it was read from. A missing column and
// NULL are empty. Its texts last: they are parts of nothing longer. What repeats is
// mostly the same text again, which is why none is copied: comparing it with itself
// looks at nothing.
type charge struct {
	text [fields]string // the fields but the cost
	cost []byte
}

// set takes a field as it was read.
func (ch *charge) set(f field, text string) {
	if text == "NULL" {
		text = ""
	}
	ch.text[f] = text
}

func (ch *charge) setCost(text []byte) {
	if string(text) == "NULL" {
		text = nil
	}
	ch.cost = text
}

// collector decides what becomes of each charge. Rows of a bill repeat their
// texts over and over: what follows from one is worked out once and looked up by
// the text itself, which allocates nothing.
type collector struct {
	mapping *Mapping
	binding *binding
	sink    intake.Sink
	place   func(field) kizuna.Ref // of a field of the current row, or of wholeRow

	row    usage.Row
	amount kizuna.Decimal
	day    kizuna.Date

	rows      int
	accounts  cache[one, bool]
	providers cache[one, bool]
	services  cache[pair, workload]
	periods   cache[pair, periodFound]
	details   cache[pair, string]
	said      cache[one, string] // subscriptions already told, and the tenant told with them
	customers map[string]bool
	unmapped  map[pair]*Unmapped
}

type periodFound struct {
	period period
	err    *kizuna.Error
	field  field // where the error is
}

type workload struct {
	name  string
	known bool
}

func newCollector(m *Mapping, b *binding, sink intake.Sink, place func(field) kizuna.Ref) *collector {
	return &collector{
		mapping: m, binding: b, sink: sink, place: place,
		said: cache[one, string]{lasting: true}, customers: make(map[string]bool), unmapped: make(map[pair]*Unmapped),
	}
}

func (c *collector) take(ch *charge) {
	var amount *kizuna.Decimal
	if len(ch.cost) > 0 {
		var err error
		if c.amount, err = kizuna.ParseDecimal(string(ch.cost)); err != nil {
			c.refuse(cost, kizuna.Errorf("focus-cost", "%s is not an amount: %q", c.binding.names[cost], clip(string(ch.cost))).
				WithMend("write 1234.5, without currency and thousands separators"))
			return
		}
		amount = &c.amount
	}
	switch {
	case !c.counts(c.provider(ch)):
		c.aside(ch, "aside.other-provider", c.detail(c.provider(ch), ch.text[service]), amount)
	case !equalFold(ch.text[category], "Usage"):
		c.notUsage(ch, amount)
	case strings.EqualFold(ch.text[commitment], "Unused"):
		c.aside(ch, "aside.unused-commitment", ch.text[service], amount)
	case amount == nil:
		c.refuse(cost, kizuna.Errorf("focus-cost-empty", "a charge for usage has no %s", c.binding.names[cost]).
			WithMend("export the bill with that column filled"))
	default:
		c.usage(ch)
	}
}

// provider returns who provides the service, by the column of the bill's version
// and, where that is empty, by the other one.
func (c *collector) provider(ch *charge) string {
	if c.binding.version >= "1.3" {
		return cmp.Or(ch.text[serviceProvider], ch.text[provider])
	}
	return cmp.Or(ch.text[provider], ch.text[serviceProvider])
}

func (c *collector) counts(provider string) bool {
	yes := c.providers.get(one(provider))
	if yes == nil {
		yes = c.providers.put(one(provider), c.mapping.Counts(provider))
	}
	return *yes
}

func (c *collector) detail(provider, service string) string {
	d := c.details.get(pair{provider, service})
	if d == nil {
		d = c.details.put(pair{provider, service}, provider+": "+service)
	}
	return *d
}

// Charges that are not for usage. A category that no version knows is an error:
// it might be revenue.
func (c *collector) notUsage(ch *charge, amount *kizuna.Decimal) {
	for _, name := range [...]string{"Purchase", "Tax", "Credit", "Adjustment"} {
		if strings.EqualFold(ch.text[category], name) {
			c.aside(ch, "aside.not-usage", name, amount)
			return
		}
	}
	c.refuse(category, kizuna.Errorf("focus-category", "%q is no charge category", clip(ch.text[category])).
		WithMend("ChargeCategory is Usage, Purchase, Tax, Credit or Adjustment"))
}

func (c *collector) usage(ch *charge) {
	p := c.period(ch)
	if p.err != nil {
		c.refuse(p.field, p.err)
		return
	}
	if ch.text[currency] == "" {
		c.refuse(currency, kizuna.Errorf("focus-currency", "the charge has no currency").
			WithMend("export the bill with BillingCurrency filled"))
		return
	}
	tenant, subscription := ch.text[customer], subscriptionID(ch.text[subAccount])
	if tenant == "" && subscription == "" {
		c.refuse(subAccount, kizuna.Errorf("focus-customer", "the charge names neither a customer nor a subscription").
			WithMend("export the bill with SubAccountId, or with x_CustomerId, filled"))
		return
	}
	w := c.workload(ch.text[meter], ch.text[service])
	c.account(ch.text[billingAccount])

	row := &c.row // what is not set here never is
	row.Month = p.period.month
	row.Tenant, row.Subscription, row.Scope = tenant, subscription, scope(ch.text[resource])
	row.Workload, row.Currency = w.name, c.currency(ch)
	row.Revenue, row.Day = &c.amount, nil
	row.At, row.Lasting = c.place(wholeRow), true
	if p.period.daily {
		c.day = p.period.day
		row.Day = &c.day
	}
	if !w.known {
		c.count(ch.text[service], row.Currency)
	}
	c.sink.Usage(row)
	c.facts(tenant, ch.text[customerName], subscription, row.At)
	c.sink.Kept(row.At)
	c.rows++
}

func (c *collector) period(ch *charge) *periodFound {
	key := pair{ch.text[periodStart], ch.text[periodEnd]}
	if found := c.periods.get(key); found != nil {
		return found
	}
	var found periodFound
	from, ok1 := parseTime(key.a)
	to, ok2 := parseTime(key.b)
	switch {
	case !ok1 || !ok2:
		found.field = periodStart
		if ok1 {
			found.field = periodEnd
		}
		found.err = kizuna.Errorf("focus-time", "%s is not an instant: %q", columns[found.field], clip(ch.text[found.field])).
			WithMend("write 2024-09-01T00:00:00Z")
	default:
		found.field = periodEnd
		found.period, found.err = newPeriod(from, to)
	}
	return c.periods.put(key, found)
}

// workload looks a service up in the mapping.
func (c *collector) workload(meter, service string) *workload {
	if w := c.services.get(pair{meter, service}); w != nil {
		return w
	}
	var w workload
	w.name, w.known = c.mapping.Workload(meter, service)
	return c.services.put(pair{meter, service}, w)
}

const subscriptionsPath = "/subscriptions/"

// subscriptionID takes the id out of /subscriptions/ID; an id alone stands for
// itself. Accounts of other kinds are no subscriptions.
func subscriptionID(account string) string {
	if hasPrefixFold(account, subscriptionsPath) {
		id, _, _ := strings.Cut(account[len(subscriptionsPath):], "/")
		return id
	}
	if len(account) == 36 && account[8] == '-' && account[13] == '-' && account[18] == '-' && account[23] == '-' {
		return account
	}
	return ""
}

// scope returns the resource's path; names of other kinds are no scopes.
func scope(resource string) string {
	if hasPrefixFold(resource, subscriptionsPath) || hasPrefixFold(resource, "/providers/") {
		return resource
	}
	return ""
}

// equalFold is [strings.EqualFold] of texts that are mostly the same.
func equalFold(a, b string) bool { return a == b || strings.EqualFold(a, b) }

func hasPrefixFold(s, prefix string) bool {
	return strings.HasPrefix(s, prefix) || len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// currency returns the currency of the amount, "" for dollars.
func (c *collector) currency(ch *charge) string {
	if c.binding.dollars || equalFold(ch.text[currency], "USD") {
		return ""
	}
	return strings.ToUpper(ch.text[currency])
}

func (c *collector) account(id string) {
	if id != "" && c.accounts.get(one(id)) == nil {
		c.accounts.put(one(id), true)
	}
}

// facts tells of subscriptions and customers once each.
func (c *collector) facts(tenant, name, subscription string, at kizuna.Ref) {
	if subscription != "" {
		told := c.said.get(one(subscription))
		if told == nil || *told == "" && tenant != "" {
			if told == nil {
				told = c.said.put(one(subscription), tenant)
			}
			*told = tenant
			c.sink.Facts(association.Subscription{
				ID: subscription, Tenant: tenant, Product: "Azure", During: kizuna.Always, At: at,
			})
		}
	}
	if tenant != "" && name != "" && !c.customers[tenant] {
		c.customers[tenant] = true
		c.sink.Facts(association.Customer{Tenant: tenant, Name: name, At: at})
	}
}

// count adds a row up under the service's name that the mapping does not know.
func (c *collector) count(service, currency string) {
	total := c.unmapped[pair{service, currency}]
	if total == nil {
		if len(c.unmapped) >= maxCached {
			service = "…" // the rest, so that a hostile bill costs no more
		}
		key := pair{service, currency}
		if total = c.unmapped[key]; total == nil {
			total = &Unmapped{Service: key.a, Currency: key.b}
			c.unmapped[key] = total
		}
	}
	total.Rows++
	total.Amount = total.Amount.Add(c.amount)
}

func (c *collector) aside(ch *charge, reason, detail string, amount *kizuna.Decimal) {
	a := intake.Aside{Reason: reason, Detail: detail, At: c.place(wholeRow), Unit: ch.text[currency]}
	if amount != nil {
		kept := *amount
		a.Amount = &kept
	}
	c.sink.SetAside(a)
}

func (c *collector) refuse(f field, err *kizuna.Error) { c.sink.Refuse(err.WithRef(c.place(f))) }

func (c *collector) report() Report {
	r := Report{
		Version: c.binding.version,
		Rows:    c.rows,
		Description: intake.Description{
			Kind:    "focus",
			Vintage: c.binding.version,
			Source:  c.source(),
			Covers:  covers(),
		},
	}
	for _, u := range c.unmapped {
		r.Unmapped = append(r.Unmapped, *u)
	}
	slices.SortFunc(r.Unmapped, func(a, b Unmapped) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Currency, b.Currency))
	})
	return r
}

// source names the billing accounts that the kept rows are of.
func (c *collector) source() string {
	var ids []string
	for id := range c.accounts.at {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	if len(ids) > 8 {
		ids = append(ids[:8], "…")
	}
	return strings.Join(ids, " ")
}

func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
