package usage

import (
	"hash/maphash"
	"iter"
	"math"

	"github.com/kizuna-org/kizuna"
)

// Ledger keeps usage rows in little memory (about 120 bytes a row; each text
// once) and adds up those that are one row to the rules of counting: equal in
// tenant, subscription, scope, workload, offer type, channel, currency, period
// and asserted association, ids and scopes without case. The sum is exact; it
// keeps the spelling and the place of its first row and counts its lines.
//
// A Ledger is for one goroutine until it is filled; then any number may read it.
type Ledger struct {
	symbols symbols
	blocks  [][]entry // all full but the last
	length  int
	cut     int    // rows before it are not added to
	index   []slot // open addressing, by key, of the rows behind the cut
	seed    maphash.Seed
}

const blockLength = 8192

// entryBytes is what a row takes, symbolBytes what a symbol takes besides its text.
const (
	entryBytes  = 136
	symbolBytes = 40
)

// slot is a place of the index: the position of an entry plus one, 0 if it is
// free, and a part of its key's hash, so that most looks go to the index alone.
type slot struct{ hash, position uint32 }

// entry is a row with its texts replaced by symbols.
type entry struct {
	key  key
	data entryData
}

// key is what rows that are one row have in common. Its symbols are folded
// where case does not count.
type key struct {
	month                                   kizuna.Month
	day                                     kizuna.Date // noDay for a month's row
	tenant, subscription, scope             uint32
	workload, offer, channel, currency      uint32
	sourceRow, assertedLocation, assertedAs uint32
	duplicates                              uint32 // two bits a flag: 0 none, 1 false, 2 true
}

const noDay = kizuna.Date(math.MinInt32)

type entryData struct {
	revenue      kizuna.Decimal
	users, seats int64
	units        kizuna.Micro
	has          hasBits
	// As the first row spelled them, where the key is folded.
	tenant, subscription, scope uint32
	file, line, column          uint32
	lines                       uint32
}

type hasBits uint32

const (
	hasRevenue hasBits = 1 << iota
	hasUsers
	hasSeats
	hasUnits
)

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{symbols: newSymbols(), seed: maphash.MakeSeed()} }

// Collect returns a ledger of the rows.
func Collect(rows []Row) *Ledger {
	l := NewLedger()
	for i := range rows {
		l.Add(&rows[i])
	}
	return l
}

// Len returns how many rows there are, equal ones being one.
func (l *Ledger) Len() int { return l.length }

// Cut leaves the rows that there are as they are: from now on none is added to them,
// and [Ledger.Find] does not find them.
func (l *Ledger) Cut() {
	l.cut = l.length
	clear(l.index)
}

// SinceCut returns how many rows there are behind the last cut.
func (l *Ledger) SinceCut() int { return l.length - l.cut }

// Split takes the rows behind the last cut out of the ledger, into one of their own.
func (l *Ledger) Split() *Ledger {
	rest := NewLedger()
	var row Row
	for i := l.cut; i < l.length; i++ {
		l.Row(i, &row)
		rest.Add(&row)
	}
	l.length = l.cut
	full := (l.length + blockLength - 1) / blockLength
	l.blocks = l.blocks[:full]
	if last := l.length % blockLength; last > 0 {
		l.blocks[full-1] = l.blocks[full-1][:last]
	}
	clear(l.index)
	return rest
}

// Size returns about how many bytes the rows and their texts take.
func (l *Ledger) Size() int64 {
	return int64(l.length)*entryBytes + l.symbols.kept + int64(len(l.symbols.texts))*symbolBytes
}

func (l *Ledger) at(i int) *entry { return &l.blocks[i/blockLength][i%blockLength] }

// Add keeps a row, or adds it to the one it equals, and returns that one's
// position. The row is copied. Rows before the last [Ledger.Cut] stay as they are.
func (l *Ledger) Add(row *Row) (position int, merged bool) {
	var e entry
	l.encode(row, &e)
	if 4*(l.length-l.cut+1) > 3*len(l.index) {
		l.grow()
	}
	s, hash := l.find(&e.key)
	if s.position != 0 {
		if position = int(s.position - 1); l.at(position).data.add(&e.data) {
			return position, true
		}
		// A sum that does not fit stays two rows: nothing is lost, and the rules
		// add them up anyway.
		l.append(&e)
		return l.length - 1, false
	}
	l.append(&e)
	*s = slot{hash, uint32(l.length)}
	return l.length - 1, false
}

// find returns the slot of a key, free if no row has it.
func (l *Ledger) find(k *key) (s *slot, hash uint32) {
	hash = uint32(maphash.Comparable(l.seed, *k) >> 32)
	for i := int(hash) & (len(l.index) - 1); ; i = (i + 1) & (len(l.index) - 1) {
		s = &l.index[i]
		if s.position == 0 || s.hash == hash && l.at(int(s.position-1)).key == *k {
			return s, hash
		}
	}
}

// Find returns the position of the row that this one equals in all but its
// figures. Like Add, it is for one goroutine.
func (l *Ledger) Find(row *Row) (position int, ok bool) {
	if l.length == 0 {
		return 0, false
	}
	var e entry
	l.encode(row, &e)
	s, _ := l.find(&e.key)
	return int(s.position) - 1, s.position != 0
}

func (l *Ledger) append(e *entry) {
	if l.length%blockLength == 0 {
		l.blocks = append(l.blocks, make([]entry, 0, blockLength))
	}
	last := &l.blocks[len(l.blocks)-1]
	*last = append(*last, *e)
	l.length++
}

// grow doubles the index.
func (l *Ledger) grow() {
	old := l.index
	l.index = make([]slot, max(1024, 2*len(old)))
	for _, s := range old {
		if s.position == 0 {
			continue
		}
		i := int(s.hash) & (len(l.index) - 1)
		for l.index[i].position != 0 {
			i = (i + 1) & (len(l.index) - 1)
		}
		l.index[i] = s
	}
}

// add reports false, and changes nothing, if a sum does not fit.
func (d *entryData) add(e *entryData) bool {
	users, ok1 := addInt(d.users, e.users)
	seats, ok2 := addInt(d.seats, e.seats)
	units, ok3 := addInt(int64(d.units), int64(e.units))
	if !ok1 || !ok2 || !ok3 || d.lines > math.MaxUint32-e.lines {
		return false
	}
	d.users, d.seats, d.units = users, seats, kizuna.Micro(units)
	if e.has&hasRevenue != 0 {
		d.revenue = d.revenue.Add(e.revenue)
	}
	d.has |= e.has
	d.lines += e.lines
	return true
}

func addInt(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}

func (l *Ledger) encode(row *Row, e *entry) {
	s := &l.symbols
	s.lasting = row.Lasting
	d, k := &e.data, &e.key
	k.month, k.day = row.Month, noDay
	if row.Day != nil {
		k.day = *row.Day
	}
	d.tenant, k.tenant = s.withoutCase(0, row.Tenant)
	d.subscription, k.subscription = s.withoutCase(1, row.Subscription)
	d.scope, k.scope = s.withoutCase(2, row.Scope)
	k.workload = s.of(3, row.Workload)
	k.offer = s.of(4, row.OfferType)
	k.channel = s.of(5, row.Channel)
	k.currency = s.of(6, row.Currency)
	k.sourceRow = s.of(7, row.Asserted.SourceRow)
	k.assertedLocation = s.of(8, row.Asserted.Location)
	k.assertedAs = s.of(9, row.Asserted.Type)
	d.file = s.of(10, row.At.File)
	for i, flag := range row.Asserted.flags() {
		if *flag != nil {
			k.duplicates |= 1 << (2 * i)
			if **flag {
				k.duplicates ^= 3 << (2 * i)
			}
		}
	}
	if row.Revenue != nil {
		d.has, d.revenue = d.has|hasRevenue, *row.Revenue
	}
	if row.ActiveUsers != nil {
		d.has, d.users = d.has|hasUsers, *row.ActiveUsers
	}
	if row.PaidSeats != nil {
		d.has, d.seats = d.has|hasSeats, *row.PaidSeats
	}
	if row.Units != nil {
		d.has, d.units = d.has|hasUnits, *row.Units
	}
	d.line, d.column = small(row.At.Line), small(row.At.Column)
	d.lines = max(1, small(row.Lines))
}

func small(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

func (a *Asserted) flags() [3]**bool {
	return [3]**bool{&a.DuplicateForAccount, &a.DuplicateForType, &a.DuplicateForLocation}
}

// Row writes the i-th row, in the order of first appearance, into row. What its
// pointers point to belongs to the ledger: it must not be changed.
func (l *Ledger) Row(i int, row *Row) {
	e := l.at(i)
	k, d, text := &e.key, &e.data, l.symbols.texts
	*row = Row{
		Month:        k.month,
		Tenant:       text[d.tenant],
		Subscription: text[d.subscription],
		Scope:        text[d.scope],
		Workload:     text[k.workload],
		OfferType:    text[k.offer],
		Channel:      text[k.channel],
		Currency:     text[k.currency],
		Asserted: Asserted{
			SourceRow: text[k.sourceRow],
			Location:  text[k.assertedLocation],
			Type:      text[k.assertedAs],
		},
		At:    kizuna.Ref{File: text[d.file], Line: int(d.line), Column: int(d.column)},
		Lines: int(d.lines),
	}
	if k.day != noDay {
		row.Day = &k.day
	}
	for i, flag := range row.Asserted.flags() {
		*flag = flagOf(k.duplicates >> (2 * i))
	}
	row.Revenue, row.ActiveUsers, row.PaidSeats, row.Units = d.figures()
}

// figures returns what a row carries; nil: it does not.
func (d *entryData) figures() (revenue *kizuna.Decimal, users, seats *int64, units *kizuna.Micro) {
	if d.has&hasRevenue != 0 {
		revenue = &d.revenue
	}
	if d.has&hasUsers != 0 {
		users = &d.users
	}
	if d.has&hasSeats != 0 {
		seats = &d.seats
	}
	if d.has&hasUnits != 0 {
		units = &d.units
	}
	return revenue, users, seats, units
}

var no, yes = false, true

// All yields every row in the order of first appearance. The row is reused: copy
// it to keep it; what its pointers point to stays.
func (l *Ledger) All() iter.Seq2[int, *Row] {
	return func(yield func(int, *Row) bool) {
		var row Row
		for i := range l.length {
			if l.Row(i, &row); !yield(i, &row) {
				return
			}
		}
	}
}

// Rows returns all rows in the order of first appearance, at about 270 bytes each
// on top of the ledger's own.
func (l *Ledger) Rows() []Row {
	rows := make([]Row, l.length)
	for i := range rows {
		l.Row(i, &rows[i])
	}
	return rows
}
