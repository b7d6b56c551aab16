package segment

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// AddStatements is [Compiler.AddAll] for usage that lies in statements, read by columns:
// nothing is made of a row but its figures, and names are looked up once for each row
// group. Rows that are one row are added up whichever statements they stand in, the
// first statement's first. Locations are the caller's to set.
//
// It returns the usage rows that cannot be counted, and why: their numbers are the
// places among the rows of their tenant.
func (c *Compiler) AddStatements(b *Builder, files []*statement.File) ([]attribution.Refusal, error) {
	j := &joint{compiler: c, builder: b}
	for _, f := range files {
		j.cursors = append(j.cursors, &columnCursor{file: f, scanner: f.Scan(countedColumns...), month: f.Month()})
	}
	for _, cur := range j.cursors {
		if err := cur.load(); err != nil {
			return nil, err
		}
	}
	for {
		id, ok := j.next()
		if !ok {
			return j.refused, nil
		}
		if err := j.tenant(id); err != nil {
			return j.refused, err
		}
	}
}

// countedColumns are those that a segment is made of.
var countedColumns = []statement.Column{
	statement.TenantID, statement.Subscription, statement.Scope,
	statement.Workload, statement.OfferType, statement.Channel, statement.Day,
	statement.Currency, statement.Revenue, statement.ActiveUsers, statement.PaidSeats, statement.Units,
	statement.AssertedLocation, statement.AssertedType,
}

// joint merges statements tenant by tenant.
type joint struct {
	compiler *Compiler
	builder  *Builder
	cursors  []*columnCursor
	here     []*columnCursor // those that have more of the tenant
	all      []*columnCursor // those that have it
	refused  []attribution.Refusal

	// Of the tenant. They are used again.
	rows    []Row
	ends    []int // of each resource's rows
	kinds   []Kind
	about   []association.Resource
	out     Tenant
	unusual bool // a row needs more than its columns: the tenant is compiled row by row
}

// next returns the least tenant that there is.
func (j *joint) next() (id string, ok bool) {
	j.here = j.here[:0]
	for _, cur := range j.cursors {
		if cur.batch == nil {
			continue
		}
		switch c := strings.Compare(cur.tenant, id); {
		case !ok || c < 0:
			id, ok = cur.tenant, true
			j.here = append(j.here[:0], cur)
		case c == 0:
			j.here = append(j.here, cur)
		}
	}
	return id, ok
}

// tenant compiles the tenant that the cursors here stand at.
func (j *joint) tenant(id string) error {
	j.rows, j.ends, j.kinds, j.about, j.unusual = j.rows[:0], j.ends[:0], j.kinds[:0], j.about[:0], false
	for _, cur := range j.here {
		cur.start = cur.position()
		cur.begin()
	}
	here := append(j.all[:0], j.here...)
	j.all = here
	for len(j.here) > 0 {
		if err := j.resource(id); err != nil {
			return err
		}
	}
	if j.unusual {
		return j.rowByRow(id, here)
	}
	t := &j.out
	t.ID, t.Reaches, t.Resources = id, t.Reaches[:0], t.Resources[:0]
	start := 0
	for i, end := range j.ends {
		t.Resources = append(t.Resources, Resource{Kind: j.kinds[i], Rows: j.rows[start:end]})
		start = end
	}
	about := j.about
	if j.compiler.keep != nil {
		about = slices.Clone(about)
	}
	if err := j.compiler.finish(id, t, about); err != nil {
		return err
	}
	return j.builder.Add(t)
}

// resource takes the rows of the least resource that the cursors stand at.
func (j *joint) resource(id string) error {
	least := j.here[0]
	least.has = true
	for i, cur := range j.here[1:] {
		order := cur.compare(least)
		if cur.has = order <= 0; order < 0 {
			for _, other := range j.here[:i+1] {
				other.has = false
			}
			least = cur
		}
	}
	first := len(j.rows)
	// What it is, before the least cursor moves on.
	key := least.resource
	kind := Kind{
		least.name(j.builder, statement.Workload), 0,
		least.name(j.builder, statement.OfferType), least.name(j.builder, statement.Channel),
	}
	least.fold()
	about := association.Resource{Subscription: least.subscription, Scope: least.path, Workload: key.workload}
	left := j.here[:0]
	for _, cur := range j.here {
		if !cur.has {
			left = append(left, cur)
			continue
		}
		more, err := j.take(cur, id)
		for more && err == nil && cur.at(&key, &about) { // in another spelling
			more, err = j.take(cur, id)
		}
		if err != nil {
			return err
		}
		if more {
			left = append(left, cur)
		}
	}
	j.here = left
	j.inTime(first)
	if len(j.rows) > first {
		j.ends, j.kinds, j.about = append(j.ends, len(j.rows)), append(j.kinds, kind), append(j.about, about)
	}
	return nil
}

// take takes a cursor's rows of its resource. It reports whether the tenant has more.
func (j *joint) take(cur *columnCursor, id string) (more bool, err error) {
	for {
		end := cur.sameResource()
		j.figures(cur, end)
		cur.i = end
		if cur.i < cur.batch.Len {
			if cur.index[tenantColumn][cur.i] != cur.index[tenantColumn][end-1] {
				cur.tenant = cur.texts[tenantColumn][cur.index[tenantColumn][cur.i]]
				if cur.tenant != id {
					return false, nil
				}
			}
			cur.begin()
			return true, nil
		}
		before := cur.resource
		if err := cur.load(); err != nil {
			return false, err
		}
		if cur.batch == nil || cur.tenant != id {
			return false, nil
		}
		cur.begin()
		if cur.resource != before {
			return true, nil
		}
	}
}

// figures makes rows of a cursor's rows up to end.
func (j *joint) figures(cur *columnCursor, end int) {
	b := cur.batch
	if !cur.plain {
		j.unusual = j.unusual || cur.unusual(end)
	}
	days, money := b.Numbers(statement.Day), b.Numbers(statement.Revenue)
	hasDay, hasMoney := b.Present(statement.Day), b.Present(statement.Revenue)
	noDay, noMoney := b.Empty(statement.Day), b.Empty(statement.Revenue)
	start := cur.firstDay - 1
	for i := cur.i; i < end; i++ {
		row := Row{Month: cur.month}
		if !noDay && (hasDay == nil || hasDay[i] != 0) {
			row.Day = uint8(days[i] - start)
		}
		if !noMoney && (hasMoney == nil || hasMoney[i] != 0) {
			row.HasMoney, row.Money = true, kizuna.Micro(money[i])
		}
		if cur.counts && row.Day == 0 {
			cur.snapshot(&row, i)
		}
		j.rows = append(j.rows, row)
	}
}

// inTime brings a resource's rows in the order of time. Two of one time are perhaps
// one row.
func (j *joint) inTime(first int) {
	rows := j.rows[first:]
	ordered := true
	for i := 1; i < len(rows); i++ {
		if before(&rows[i], &rows[i-1]) {
			ordered = false
			break
		}
	}
	if !ordered {
		slices.SortStableFunc(rows, func(a, b Row) int {
			return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
		})
	}
	for i := 1; i < len(rows) && !j.unusual; i++ {
		j.unusual = rows[i].Month == rows[i-1].Month && rows[i].Day == rows[i-1].Day
	}
}

func before(a, b *Row) bool {
	return a.Month < b.Month || a.Month == b.Month && a.Day < b.Day
}

// rowByRow compiles a tenant whose rows need more: rates, the vendor's own attribution,
// exact amounts that are added up.
func (j *joint) rowByRow(id string, cursors []*columnCursor) error {
	ledger := usage.NewLedger()
	for _, cur := range cursors {
		for row, err := range cur.file.Rows(statement.Span{From: cur.start, To: cur.position()}) {
			if err != nil {
				return err
			}
			ledger.Add(row)
		}
	}
	t, refused, err := j.compiler.compile(id, ledger.Rows())
	j.refused = append(j.refused, refused...)
	if err != nil {
		return err
	}
	return j.builder.Add(t)
}

// columnCursor walks through a statement.
type columnCursor struct {
	file    *statement.File
	scanner *statement.Scanner
	month   kizuna.Month
	batch   *statement.Batch // nil at the end
	group   int              // whose dictionaries are mapped
	i       int              // the row
	start   int              // the first row of the tenant

	firstDay int64
	counts   bool // some row of the batch has users, seats or units
	plain    bool // no row of the batch needs a look
	tenant   string
	index    [numTextColumns][]uint32
	texts    [numTextColumns][]string
	names    [numTextColumns][]Name // plus one; 0 is not asked yet

	has                bool // the least resource
	resource           resourceTexts
	folded             bool // subscription and path are those of the resource
	subscription, path string
}

// resourceTexts is a resource as it is written.
type resourceTexts struct{ subscription, scope, workload, offer, channel string }

// The columns of texts that resources and tenants are made of.
const (
	tenantColumn = iota
	subscriptionColumn
	scopeColumn
	workloadColumn
	offerColumn
	channelColumn
	numTextColumns
)

var textColumns = [numTextColumns]statement.Column{
	statement.TenantID, statement.Subscription, statement.Scope, statement.Workload, statement.OfferType, statement.Channel,
}

// position is the number of the row in the file.
func (c *columnCursor) position() int {
	if c.batch == nil {
		return c.file.Len()
	}
	return c.batch.Start + c.i
}

// load reads the next batch.
func (c *columnCursor) load() error {
	b, err := c.scanner.Next()
	if err == io.EOF {
		c.batch = nil
		return nil
	}
	if err != nil {
		return err
	}
	changed := c.batch == nil || b.Group != c.group
	c.batch, c.group, c.i = b, b.Group, 0
	for k, column := range textColumns {
		c.index[k] = b.Index(column)
		if changed {
			c.texts[k] = b.Texts(column)
			c.names[k] = resized(c.names[k], len(c.texts[k]))
		}
	}
	c.firstDay = int64(c.month.Day(1))
	c.counts = !b.Empty(statement.ActiveUsers) || !b.Empty(statement.PaidSeats) || !b.Empty(statement.Units)
	c.plain = dollarsOnly(b.Texts(statement.Currency)) && (none(b.Texts(statement.AssertedLocation)) || none(b.Texts(statement.AssertedType))) &&
		!b.Overflows()
	c.tenant = c.texts[tenantColumn][c.index[tenantColumn][0]]
	return nil
}

func resized(s []Name, n int) []Name {
	if cap(s) < n {
		return make([]Name, n)
	}
	s = s[:n]
	clear(s)
	return s
}

const dollar = "USD"

func dollarsOnly(currencies []string) bool {
	return !slices.ContainsFunc(currencies, func(c string) bool { return c != "" && c != dollar })
}

func none(texts []string) bool { return len(texts) == 1 && texts[0] == "" }

// begin looks at the resource of the row.
func (c *columnCursor) begin() {
	text := func(k int) string { return c.texts[k][c.index[k][c.i]] }
	c.resource = resourceTexts{
		text(subscriptionColumn), text(scopeColumn), text(workloadColumn), text(offerColumn), text(channelColumn),
	}
	c.folded = false
}

// fold makes subscription and path those of the resource.
func (c *columnCursor) fold() {
	if !c.folded {
		c.folded = true
		c.subscription = association.Fold(c.resource.subscription)
		c.path = association.ScopeOf(c.resource.subscription, c.resource.scope)
	}
}

// compare orders the resources of two cursors.
func (c *columnCursor) compare(d *columnCursor) int {
	if c.resource == d.resource {
		return 0
	}
	a, b := &c.resource, &d.resource
	if a.subscription != b.subscription || a.scope != b.scope {
		c.fold()
		d.fold()
		if order := association.ComparePaths(c.path, d.path); order != 0 {
			return order
		}
		if order := strings.Compare(c.subscription, d.subscription); order != 0 {
			return order
		}
	}
	return cmp.Or(strings.Compare(a.workload, b.workload), strings.Compare(a.offer, b.offer), strings.Compare(a.channel, b.channel))
}

// at reports whether the cursor stands at a resource.
func (c *columnCursor) at(key *resourceTexts, about *association.Resource) bool {
	if c.resource == *key {
		return true
	}
	a := &c.resource
	if a.workload != key.workload || a.offer != key.offer || a.channel != key.channel || surelyOther(a.scope, key.scope) {
		return false
	}
	c.fold()
	return c.path == about.Scope && c.subscription == about.Subscription
}

// surelyOther reports whether the last bytes of scopes tell that they differ without
// case, too: most do, and nothing has to be folded.
func surelyOther(a, b string) bool {
	for i := 1; i <= min(len(a), len(b), 8); i++ {
		x, y := a[len(a)-i], b[len(b)-i]
		switch {
		case x == '/' && i == 1 || y == '/' && i == 1, x >= utf8.RuneSelf || y >= utf8.RuneSelf:
			return false
		case lower(x) != lower(y):
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// name returns the builder's number of a text of the row.
func (c *columnCursor) name(b *Builder, column statement.Column) Name {
	k := workloadColumn + int(column-statement.Workload)
	i := c.index[k][c.i]
	if c.names[k][i] == 0 {
		c.names[k][i] = b.Name(c.texts[k][i]) + 1
	}
	return c.names[k][i] - 1
}

// sameResource returns where the rows end that are about the same as the row: within
// the batch, and of the same spelling.
func (c *columnCursor) sameResource() int {
	i, end := c.i, c.batch.Len
	var want [numTextColumns]uint32
	for k := range want {
		want[k] = c.index[k][i]
	}
	tenant, subscription, scope := c.index[tenantColumn], c.index[subscriptionColumn], c.index[scopeColumn]
	workload, offer, channel := c.index[workloadColumn], c.index[offerColumn], c.index[channelColumn]
	for i++; i < end; i++ {
		if scope[i] != want[scopeColumn] || workload[i] != want[workloadColumn] || tenant[i] != want[tenantColumn] ||
			subscription[i] != want[subscriptionColumn] || offer[i] != want[offerColumn] || channel[i] != want[channelColumn] {
			break
		}
	}
	return i
}

// unusual reports whether a row up to end needs more than its columns.
func (c *columnCursor) unusual(end int) bool {
	b := c.batch
	currencies, currency := b.Texts(statement.Currency), b.Index(statement.Currency)
	locations, location := b.Texts(statement.AssertedLocation), b.Index(statement.AssertedLocation)
	types, as := b.Texts(statement.AssertedType), b.Index(statement.AssertedType)
	for i := c.i; i < end; i++ {
		if text := currencies[currency[i]]; text != "" && text != dollar {
			return true
		}
		if locations[location[i]] != "" && types[as[i]] != "" {
			return true
		}
	}
	return b.Overflows()
}

// snapshot fills in users, seats and units of a month's row. Empty cells are 0, but
// users stand in for units.
func (c *columnCursor) snapshot(row *Row, i int) {
	number := func(column statement.Column, scale kizuna.Micro) (kizuna.Micro, bool) {
		if c.batch.Empty(column) {
			return 0, false
		}
		if present := c.batch.Present(column); present != nil && present[i] == 0 {
			return 0, false
		}
		return kizuna.Micro(c.batch.Numbers(column)[i]) * scale, true
	}
	users, has1 := number(statement.ActiveUsers, kizuna.MicroPerUnit)
	seats, has2 := number(statement.PaidSeats, kizuna.MicroPerUnit)
	units, has3 := number(statement.Units, 1)
	if !has1 && !has2 && !has3 {
		return
	}
	row.Snapshot, row.Users, row.Seats, row.Units = true, users, seats, users
	if has3 {
		row.Units = units
	}
}
