package dataset

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/usage"
)

// collector takes what a reader finds in one file, and counts.
type collector struct {
	account *FileAccount
	journal *journal
	asides  asides
	kinds   []kind

	// Rows are added up in the ledger and go on the pile when they are many.
	ledger *usage.Ledger
	pile   *pile
	// homeless holds rows whose tenant is not known yet: it may stand in a file
	// that is still to come. They wait likewise.
	homeless *usage.Ledger
	waiting  *pile
	strays   map[string]bool // their subscriptions, folded
	tenants  tenants
	facts    Dataset // all but usage
	said     map[any]bool

	row openRow
}

// openRow counts what the source row said that has not been closed yet.
type openRow struct {
	usage, merged, homeless, facts, repeated int
	into                                     []int // the lines of the rows that it was added to
}

func newCollector(account *FileAccount, stage stageDir, tenants tenants) *collector {
	name := account.SHA256[:12]
	return &collector{
		account: account, journal: stage.journal(account.SHA256), tenants: tenants,
		pile: newPile(stage, "rows-"+name), waiting: newPile(stage, "waiting-"+name), strays: make(map[string]bool),
		asides: make(asides), kinds: kinds(),
		ledger: usage.NewLedger(), homeless: usage.NewLedger(), said: make(map[any]bool),
	}
}

// abandon ends what nobody will read.
func (c *collector) abandon() {
	c.journal.close() //nolint:errcheck // as said
	c.pile.close()    //nolint:errcheck // as said
	c.waiting.close() //nolint:errcheck // as said
}

// Usage keeps a row, or adds it to the one that it equals.
func (c *collector) Usage(row *usage.Row) {
	c.row.usage++
	line, merged := 0, false
	if row.Tenant != "" {
		line, merged = c.keep(row)
	} else if tenant, ok := c.tenants.during(row.Subscription, row.Period()); ok {
		known := *row
		known.Tenant = tenant
		line, merged = c.keep(&known)
	} else {
		c.row.homeless++
		c.strays[association.Fold(row.Subscription)] = true
		var position int
		if position, merged = c.homeless.Add(row); merged {
			line = lineOf(c.homeless, position)
		}
		c.homeless = c.waiting.whole(c.homeless)
	}
	if merged {
		c.row.merged++
		c.row.into = append(c.row.into, line)
	}
}

// keep keeps a row, or adds it to one that began with the line.
func (c *collector) keep(row *usage.Row) (line int, merged bool) {
	position, merged := c.ledger.Add(row)
	if merged {
		return lineOf(c.ledger, position), true
	}
	c.ledger = c.pile.next(c.ledger)
	return 0, false
}

// lineOf returns the line that a row of the ledger began with.
func lineOf(l *usage.Ledger, position int) int {
	var row usage.Row
	l.Row(position, &row)
	return row.At.Line
}

// Facts keeps records that were not said before.
func (c *collector) Facts(records ...any) {
	for _, record := range records {
		for _, k := range c.kinds {
			key, ok := k.identity(record)
			if !ok {
				continue
			}
			c.row.facts++
			if c.said[key] {
				c.row.repeated++
				break
			}
			c.said[key] = true
			k.add(&c.facts, record)
			break
		}
	}
}

// Kept closes a row. A row that waits for its tenant is counted when it is found.
func (c *collector) Kept(at kizuna.Ref) {
	r := &c.row
	for _, row := range r.into {
		c.journal.add(entry{from: at.Line, fate: merged, row: row})
	}
	c.account.Rows.Read++
	switch {
	case r.homeless > 0:
	case r.usage > 0 && r.merged == r.usage,
		r.usage == 0 && r.facts > 0 && r.repeated == r.facts:
		c.account.Rows.Merged++
	default:
		c.account.Rows.Kept++
	}
	*r = openRow{into: r.into[:0]}
}

// SetAside closes a row that rightly does not count.
func (c *collector) SetAside(a intake.Aside) {
	c.journal.add(entry{from: a.At.Line, fate: setAside, reason: a.Reason, detail: clip(a.Detail)})
	c.account.Rows.Read++
	c.account.Rows.SetAside++
	c.row = openRow{}
	key := asideKey{a.Reason, a.Detail, a.Unit}
	sum := c.asides[key]
	if sum == nil {
		if len(c.asides) >= maxAsides {
			key.detail = "…"
		}
		if sum = c.asides[key]; sum == nil {
			sum = &Aside{Reason: key.reason, Detail: key.detail, Unit: key.unit, First: a.At}
			c.asides[key] = sum
		}
	}
	sum.Rows++
	if a.Amount != nil {
		total := *a.Amount
		if sum.Amount != nil {
			total = total.Add(*sum.Amount)
		}
		sum.Amount = &total
	}
}

// Refuse closes a row that is broken.
func (c *collector) Refuse(err *kizuna.Error) {
	c.row = openRow{}
	c.account.Rows.Read++
	c.journal.add(entry{from: err.At.Line, fate: refused, err: err})
	c.refuse(err, 1)
}

func (c *collector) refuse(err *kizuna.Error, rows int) {
	c.account.Rows.Refused += rows
	if len(c.account.Problems) < MaxRefusals {
		c.account.Problems = append(c.account.Problems, err)
	}
}

// settle finds the tenants of the rows that had none; those of a subscription
// that nobody knows are refused by its name.
func (c *collector) settle(ctx context.Context) error {
	type missing struct {
		first kizuna.Ref
		name  string
		rows  int
		lines []int // of the homeless rows
	}
	var order []*missing
	unknown := make(map[string]*missing)
	find := func(row *usage.Row) {
		lines := max(1, row.Lines)
		if tenant, ok := c.tenants.of(row.Subscription, row.Period()); ok {
			row.Tenant = tenant
			if line, again := c.keep(row); again {
				c.account.Rows.Merged += lines
				c.journal.add(entry{from: row.At.Line, fate: moved, row: line})
			} else {
				c.account.Rows.Kept++
				c.account.Rows.Merged += lines - 1
			}
			return
		}
		id := association.Fold(row.Subscription)
		m := unknown[id]
		if m == nil {
			m = &missing{first: row.At, name: row.Subscription}
			unknown[id] = m
			order = append(order, m)
		}
		m.rows += lines
		m.lines = append(m.lines, row.At.Line)
	}
	err := c.waiting.each(ctx, func(row *usage.Row) {
		row.At.File = c.account.File // tables keep the name alone
		find(row)
	})
	if err != nil {
		return err
	}
	for _, row := range c.homeless.All() {
		find(row)
	}
	for _, m := range order {
		err := kizuna.Errorf("tenant-unknown", "nothing says whose subscription %q is: %d rows have no tenant", m.name, m.rows).
			WithMend("add the subscription to subscriptions.csv and import the file again").WithRef(m.first)
		for _, line := range m.lines {
			c.journal.add(entry{from: line, fate: refused, err: err})
		}
		c.refuse(err, m.rows)
	}
	waiting := c.waiting
	c.homeless, c.waiting = usage.NewLedger(), nil
	return waiting.close()
}

// identity makes records comparable that were said at different places.
func (f facts[T]) identity(record any) (key any, ok bool) {
	r, ok := record.(T)
	if !ok {
		return nil, false
	}
	*f.at(&r) = kizuna.Ref{}
	switch r := any(r).(type) {
	case people.Certification:
		earned, expires := dateOrNone(r.EarnedOn), dateOrNone(r.ExpiresOn)
		r.EarnedOn, r.ExpiresOn = nil, nil
		return [...]any{r, earned, expires}, true
	case association.Ownership:
		last := kizuna.Never
		if r.LastActivity != nil {
			last = *r.LastActivity
		}
		r.LastActivity = nil
		return [...]any{r, last, nil}, true
	case usage.Rate:
		return [...]any{r.Currency, r.Month, r.USD.String()}, true
	}
	return r, true
}

func dateOrNone(d *kizuna.Date) any {
	if d == nil {
		return nil
	}
	return *d
}

func (f facts[T]) add(d *Dataset, record any) {
	records := f.records(d)
	*records = append(*records, record.(T))
}

func (u usageRows) identity(any) (any, bool) { return nil, false }
func (u usageRows) add(*Dataset, any)        {}
