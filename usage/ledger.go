package usage

import (
	"hash/maphash"
	"iter"
	"math"

	"github.com/kizuna-org/kizuna"
)

// Ledger keeps usage rows in little memory (56 bytes a row, 88 for all rows of a
// month that differ in nothing but the day; each text once) and adds up those that
// are one row to the rules of counting: equal in tenant, subscription, scope,
// workload, offer type, channel, currency, period and asserted association, ids and
// scopes without case. The sum is exact; it keeps the spelling and the place of its
// first row and counts its lines.
//
// A Ledger is for one goroutine until it is filled; then any number may read it.
type Ledger struct {
	symbols symbols
	series  blocks[series] // the first one is none
	last    uint32         // the series of the row before
	index   []slot         // open addressing, of the series
	seed    maphash.Seed

	rows   blocks[entry]
	counts blocks[counts]
	cut    int // rows before it are not added to
}

// What things take, about: symbols besides their text, series with their place in the index.
const (
	entryBytes  = 56
	seriesBytes = 88
	countsBytes = 24
	symbolBytes = 40
)

// series is what rows of a month have in common but the day, its texts as symbols. A
// bill lists its resources day after day, mostly in one order: what came behind a
// series before is tried before one is looked up, so that a row whose resource has
// been seen costs comparisons of texts with themselves.
type series struct {
	month                                   kizuna.Month
	tenant, subscription, scope             uint32 // as written
	workload, offer, channel, currency      uint32
	sourceRow, assertedLocation, assertedAs uint32
	duplicates                              uint32 // two bits a flag: 0 none, 1 false, 2 true
	file                                    uint32

	tenantID uint32 // tenant without case
	same     uint32 // the first series that differs in nothing but spelling and file
	next     uint32 // the one that came behind it the last time

	// Of the first series: which rows there are behind the cut.
	days   uint32 // bits, by the last five bits of the day
	latest uint32 // the position of the latest one, plus one
}

// identity is what makes rows of one period one row. Its symbols are those of the
// first text that was the same without case, where case does not count.
type identity struct {
	month                                   kizuna.Month
	tenant, subscription, scope             uint32
	workload, offer, channel, currency      uint32
	sourceRow, assertedLocation, assertedAs uint32
	duplicates                              uint32
}

// slot is a place of the index: the number of a series, 0 if it is free, and a part
// of its identity's hash, so that most looks go to the index alone.
type slot struct{ hash, series uint32 }

// entry is a row.
type entry struct {
	revenue             kizuna.Decimal
	series              uint32
	day                 kizuna.Date // noDay for a month's row
	line, column, lines uint32
	before              uint32 // the position of the row of its series before, plus one
	counts              uint32 // the number of its counts
	has                 hasBits
}

// counts are the figures that a row of a bill lacks. Those numbered 0 are nobody's.
type counts struct {
	users, seats int64
	units        kizuna.Micro
}

const noDay = kizuna.Date(math.MinInt32)

type hasBits uint32

const (
	hasRevenue hasBits = 1 << iota
	hasUsers
	hasSeats
	hasUnits
)

// blocks is a list that grows without moving what it has.
type blocks[T any] struct {
	full   [][]T // all full but the last
	length int
}

const blockLength = 8192

func (b *blocks[T]) at(i int) *T { return &b.full[i/blockLength][i%blockLength] }

func (b *blocks[T]) add(v T) *T {
	if b.length%blockLength == 0 {
		b.full = append(b.full, make([]T, 0, blockLength))
	}
	last := &b.full[len(b.full)-1]
	*last = append(*last, v)
	b.length++
	return &(*last)[len(*last)-1]
}

// keep leaves the first n.
func (b *blocks[T]) keep(n int) {
	b.length = n
	b.full = b.full[:(n+blockLength-1)/blockLength]
	if last := n % blockLength; last > 0 {
		b.full[len(b.full)-1] = b.full[len(b.full)-1][:last]
	}
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{symbols: newSymbols(), seed: maphash.MakeSeed()}
}

// Collect returns a ledger of the rows.
func Collect(rows []Row) *Ledger {
	l := NewLedger()
	for i := range rows {
		l.Add(&rows[i])
	}
	return l
}

// Len returns how many rows there are, equal ones being one.
func (l *Ledger) Len() int { return l.rows.length }

// Cut leaves the rows that there are as they are: from now on none is added to them,
// and [Ledger.Find] does not find them.
func (l *Ledger) Cut() { l.cut = l.rows.length }

// SinceCut returns how many rows there are behind the last cut.
func (l *Ledger) SinceCut() int { return l.rows.length - l.cut }

// Split takes the rows behind the last cut out of the ledger, into one of their own.
func (l *Ledger) Split() *Ledger {
	rest := NewLedger()
	var row Row
	for i := l.cut; i < l.rows.length; i++ {
		l.Row(i, &row)
		rest.Add(&row)
		s := l.series.at(int(l.rows.at(i).series))
		l.series.at(int(s.same)).latest = 0
	}
	l.rows.keep(l.cut)
	return rest
}

// Size returns about how many bytes the rows and their texts take.
func (l *Ledger) Size() int64 {
	return int64(l.rows.length)*entryBytes + int64(l.series.length)*seriesBytes + int64(l.counts.length)*countsBytes +
		l.symbols.kept + int64(len(l.symbols.texts))*symbolBytes
}

// Add keeps a row, or adds it to the one it equals, and returns that one's
// position. The row is copied. Rows before the last [Ledger.Cut] stay as they are.
func (l *Ledger) Add(row *Row) (position int, merged bool) {
	n := l.seriesOf(row)
	s := l.series.at(int(n))
	if s.same != n {
		s = l.series.at(int(s.same))
	}
	day := noDay
	if row.Day != nil {
		day = *row.Day
	}
	if int(s.latest) <= l.cut {
		s.days, s.latest = 0, 0
	}
	bit := uint32(1) << (uint32(day) & 31)
	if s.days&bit != 0 {
		if position, merged = l.ofDay(s, day); merged {
			if l.sum(l.rows.at(position), row) {
				return position, true
			}
			// A sum that does not fit stays two rows: nothing is lost, and the rules
			// add them up anyway.
			l.append(row, n, day)
			return l.rows.length - 1, false
		}
	}
	l.append(row, n, day).before = s.latest
	s.days |= bit
	s.latest = uint32(l.rows.length)
	return l.rows.length - 1, false
}

// ofDay returns the position of a series' row of a day behind the cut.
func (l *Ledger) ofDay(s *series, day kizuna.Date) (position int, ok bool) {
	for at := int(s.latest); at > l.cut; {
		e := l.rows.at(at - 1)
		if e.day == day {
			return at - 1, true
		}
		at = int(e.before)
	}
	return 0, false
}

// Find returns the position of the row that this one equals in all but its
// figures. Like Add, it is for one goroutine.
func (l *Ledger) Find(row *Row) (position int, ok bool) {
	if l.rows.length == 0 {
		return 0, false
	}
	s := l.encode(row)
	_, n, _ := l.find(&s)
	if n == 0 {
		return 0, false
	}
	day := noDay
	if row.Day != nil {
		day = *row.Day
	}
	return l.ofDay(l.series.at(int(l.series.at(int(n)).same)), day)
}

// seriesOf returns the number of a row's series, a new one if it has none.
func (l *Ledger) seriesOf(row *Row) uint32 {
	if l.series.length == 0 {
		l.series.add(series{})
		l.index = make([]slot, 1024)
	}
	last := l.series.at(int(l.last))
	n := last.next
	if !l.is(n, row) {
		if n = l.last; !l.is(n, row) {
			n = l.number(row)
		}
		last.next = n
	}
	l.last = n
	return n
}

// is reports whether a row is of a series.
func (l *Ledger) is(n uint32, row *Row) bool {
	if n == 0 {
		return false
	}
	s, text, a := l.series.at(int(n)), l.symbols.texts, &row.Asserted
	return row.Month == s.month && row.Scope == text[s.scope] &&
		row.Tenant == text[s.tenant] && row.Subscription == text[s.subscription] &&
		row.Workload == text[s.workload] && row.OfferType == text[s.offer] && row.Channel == text[s.channel] &&
		row.Currency == text[s.currency] && row.At.File == text[s.file] &&
		a.SourceRow == text[s.sourceRow] && a.Location == text[s.assertedLocation] && a.Type == text[s.assertedAs] &&
		a.duplicates() == s.duplicates
}

// number looks a row's series up, and makes it if there is none.
func (l *Ledger) number(row *Row) uint32 {
	s := l.encode(row)
	n, same, hash := l.find(&s)
	if n != 0 {
		return n
	}
	if 4*l.series.length > 3*len(l.index) {
		l.grow()
	}
	n = uint32(l.series.length)
	if s.same = n; same != 0 {
		s.same = l.series.at(int(same)).same
	}
	s.tenantID = l.symbols.lowered(s.tenant)
	l.series.add(s)
	l.insert(slot{hash, n})
	return n
}

// find returns the number of a series, and of one that differs in nothing but
// spelling and file; 0 if there is none.
func (l *Ledger) find(s *series) (n, same, hash uint32) {
	id := l.identity(s)
	hash = uint32(maphash.Comparable(l.seed, id) >> 32)
	for i := int(hash) & (len(l.index) - 1); l.index[i].series != 0; i = (i + 1) & (len(l.index) - 1) {
		if l.index[i].hash != hash {
			continue
		}
		other := l.series.at(int(l.index[i].series))
		if l.identity(other) != id {
			continue
		}
		same = l.index[i].series
		if other.tenant == s.tenant && other.subscription == s.subscription && other.scope == s.scope && other.file == s.file {
			return same, same, hash
		}
	}
	return 0, same, hash
}

func (l *Ledger) identity(s *series) identity {
	fold := l.symbols.fold
	return identity{
		month:  s.month,
		tenant: fold[s.tenant], subscription: fold[s.subscription], scope: fold[s.scope],
		workload: s.workload, offer: s.offer, channel: s.channel, currency: s.currency,
		sourceRow: s.sourceRow, assertedLocation: s.assertedLocation, assertedAs: s.assertedAs,
		duplicates: s.duplicates,
	}
}

// grow doubles the index.
func (l *Ledger) grow() {
	old := l.index
	l.index = make([]slot, 2*len(old))
	for _, s := range old {
		if s.series != 0 {
			l.insert(s)
		}
	}
}

func (l *Ledger) insert(s slot) {
	i := int(s.hash) & (len(l.index) - 1)
	for l.index[i].series != 0 {
		i = (i + 1) & (len(l.index) - 1)
	}
	l.index[i] = s
}

func (l *Ledger) encode(row *Row) series {
	s := &l.symbols
	s.lasting = row.Lasting
	return series{
		month:            row.Month,
		tenant:           s.of(0, row.Tenant),
		subscription:     s.of(1, row.Subscription),
		scope:            s.of(2, row.Scope),
		workload:         s.of(3, row.Workload),
		offer:            s.of(4, row.OfferType),
		channel:          s.of(5, row.Channel),
		currency:         s.of(6, row.Currency),
		sourceRow:        s.of(7, row.Asserted.SourceRow),
		assertedLocation: s.of(8, row.Asserted.Location),
		assertedAs:       s.of(9, row.Asserted.Type),
		file:             s.of(10, row.At.File),
		duplicates:       row.Asserted.duplicates(),
	}
}

// append keeps a row of a series.
func (l *Ledger) append(row *Row, series uint32, day kizuna.Date) *entry {
	e := l.rows.add(entry{
		series: series, day: day,
		line: small(row.At.Line), column: small(row.At.Column), lines: linesOf(row),
	})
	if row.Revenue != nil {
		e.has, e.revenue = hasRevenue, *row.Revenue
	}
	if has, c := countsOf(row); has != 0 {
		e.has |= has
		*l.countsFor(e) = c
	}
	return e
}

// countsFor returns the counts of a row, which gets some if it has none.
func (l *Ledger) countsFor(e *entry) *counts {
	if e.counts == 0 {
		if l.counts.length == 0 {
			l.counts.add(counts{})
		}
		e.counts = uint32(l.counts.length)
		l.counts.add(counts{})
	}
	return l.counts.at(int(e.counts))
}

// sum adds a row to one. It reports false, and changes nothing, if a sum does not fit.
func (l *Ledger) sum(e *entry, row *Row) bool {
	lines := linesOf(row)
	if e.lines > math.MaxUint32-lines {
		return false
	}
	if has, c := countsOf(row); has != 0 {
		var old counts
		if e.counts != 0 {
			old = *l.counts.at(int(e.counts))
		}
		users, ok1 := addInt(old.users, c.users)
		seats, ok2 := addInt(old.seats, c.seats)
		units, ok3 := addInt(int64(old.units), int64(c.units))
		if !ok1 || !ok2 || !ok3 {
			return false
		}
		*l.countsFor(e) = counts{users, seats, kizuna.Micro(units)}
		e.has |= has
	}
	if row.Revenue != nil {
		e.revenue = e.revenue.Add(*row.Revenue)
		e.has |= hasRevenue
	}
	e.lines += lines
	return true
}

func countsOf(row *Row) (has hasBits, c counts) {
	if row.ActiveUsers != nil {
		has, c.users = has|hasUsers, *row.ActiveUsers
	}
	if row.PaidSeats != nil {
		has, c.seats = has|hasSeats, *row.PaidSeats
	}
	if row.Units != nil {
		has, c.units = has|hasUnits, *row.Units
	}
	return has, c
}

func addInt(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}

func linesOf(row *Row) uint32 { return max(1, small(row.Lines)) }

func small(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

func (a *Asserted) flags() [3]**bool {
	return [3]**bool{&a.DuplicateForAccount, &a.DuplicateForType, &a.DuplicateForLocation}
}

// duplicates packs the flags: two bits each, 0 none, 1 false, 2 true.
func (a *Asserted) duplicates() uint32 {
	return packFlag(a.DuplicateForAccount) | packFlag(a.DuplicateForType)<<2 | packFlag(a.DuplicateForLocation)<<4
}

func packFlag(flag *bool) uint32 {
	switch {
	case flag == nil:
		return 0
	case *flag:
		return 2
	}
	return 1
}

// Row writes the i-th row, in the order of first appearance, into row. What its
// pointers point to belongs to the ledger: it must not be changed.
func (l *Ledger) Row(i int, row *Row) {
	e := l.rows.at(i)
	s, text := l.series.at(int(e.series)), l.symbols.texts
	*row = Row{
		Month:        s.month,
		Tenant:       text[s.tenant],
		Subscription: text[s.subscription],
		Scope:        text[s.scope],
		Workload:     text[s.workload],
		OfferType:    text[s.offer],
		Channel:      text[s.channel],
		Currency:     text[s.currency],
		Asserted: Asserted{
			SourceRow: text[s.sourceRow],
			Location:  text[s.assertedLocation],
			Type:      text[s.assertedAs],
		},
		At:    kizuna.Ref{File: text[s.file], Line: int(e.line), Column: int(e.column)},
		Lines: int(e.lines),
	}
	if e.day != noDay {
		row.Day = &e.day
	}
	if s.duplicates != 0 {
		for i, flag := range row.Asserted.flags() {
			*flag = flagOf(s.duplicates >> (2 * i))
		}
	}
	row.Revenue, row.ActiveUsers, row.PaidSeats, row.Units = l.figures(e)
}

// figures returns what a row carries; nil: it does not.
func (l *Ledger) figures(e *entry) (revenue *kizuna.Decimal, users, seats *int64, units *kizuna.Micro) {
	if e.has&hasRevenue != 0 {
		revenue = &e.revenue
	}
	if e.counts == 0 {
		return revenue, nil, nil, nil
	}
	c := l.counts.at(int(e.counts))
	if e.has&hasUsers != 0 {
		users = &c.users
	}
	if e.has&hasSeats != 0 {
		seats = &c.seats
	}
	if e.has&hasUnits != 0 {
		units = &c.units
	}
	return revenue, users, seats, units
}

var no, yes = false, true

// All yields every row in the order of first appearance. The row is reused: copy
// it to keep it; what its pointers point to stays.
func (l *Ledger) All() iter.Seq2[int, *Row] {
	return func(yield func(int, *Row) bool) {
		var row Row
		for i := range l.rows.length {
			if l.Row(i, &row); !yield(i, &row) {
				return
			}
		}
	}
}

// Rows returns all rows in the order of first appearance, at about 270 bytes each
// on top of the ledger's own.
func (l *Ledger) Rows() []Row {
	rows := make([]Row, l.rows.length)
	for i := range rows {
		l.Row(i, &rows[i])
	}
	return rows
}
