package usage

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// Key is what orders the rows of a statement: by tenant, by the path of the scope,
// subscription, workload, offer and channel, by day, and then by all else that
// tells rows apart. Ids and scopes are without case. It is the order in which
// segments want resources and their rows.
type Key struct {
	row                        *Row
	tenant, path, subscription string // folded; the path for [strings.Compare]

	written [3]string // tenant, subscription and scope of the row before
}

// Row returns the row that it is the key of.
func (k *Key) Row() *Row { return k.row }

// Set makes k the key of a row, for as long as the row stays as it is. Of rows that
// follow each other, what they have in common is folded once.
func (k *Key) Set(row *Row) {
	if k.row == nil || k.written[0] != row.Tenant {
		k.written[0] = row.Tenant
		k.tenant = association.Fold(row.Tenant)
	}
	if k.row == nil || k.written[1] != row.Subscription || k.written[2] != row.Scope {
		k.written[1], k.written[2] = row.Subscription, row.Scope
		k.subscription = association.Fold(row.Subscription)
		k.path = pathKey(association.ScopeOf(row.Subscription, row.Scope))
	}
	k.row = row
}

// Compare orders rows of one month by their keys.
func (k *Key) Compare(l *Key) int {
	if c := strings.Compare(k.tenant, l.tenant); c != 0 {
		return c
	}
	if c := strings.Compare(k.path, l.path); c != 0 {
		return c
	}
	a, b := k.row, l.row
	if c := strings.Compare(k.subscription, l.subscription); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(a.Workload, b.Workload), strings.Compare(a.OfferType, b.OfferType), strings.Compare(a.Channel, b.Channel),
		cmp.Compare(dayOf(a), dayOf(b)), strings.Compare(a.Currency, b.Currency),
		strings.Compare(a.Asserted.SourceRow, b.Asserted.SourceRow),
		strings.Compare(a.Asserted.Location, b.Asserted.Location), strings.Compare(a.Asserted.Type, b.Asserted.Type),
		cmp.Compare(a.Asserted.duplicates(), b.Asserted.duplicates()))
}

func dayOf(r *Row) kizuna.Date {
	if r.Day == nil {
		return noDay
	}
	return *r.Day
}

// pathKey rewrites a scope so that the order of bytes is that of
// [association.ComparePaths], the slash before every other character.
func pathKey(scope string) string {
	if strings.IndexByte(scope, '/') < 0 && !strings.ContainsAny(scope, "\x00\x01") {
		return scope
	}
	out := make([]byte, 0, len(scope)+2)
	for i := range len(scope) {
		switch c := scope[i]; c {
		case '/':
			out = append(out, 0)
		case 0, 1:
			out = append(out, 1, c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// ByMonth returns the positions of a ledger's rows, month by month, in the order of
// [Key]; rows of equal keys in the order of their first appearance.
func (l *Ledger) ByMonth() map[kizuna.Month][]int32 {
	o := newOrdering(l)
	rows := make(map[kizuna.Month][]orderedRow)
	var some []orderedRow // of month
	var month kizuna.Month
	for i := range l.length {
		k := &l.at(i).key
		if some == nil || k.month != month {
			rows[month] = some
			if month, some = k.month, rows[k.month]; some == nil {
				some = make([]orderedRow, 0, min(blockLength, l.length))
			}
		}
		some = append(some, orderedRow{o.packed(k), int32(i)})
	}
	rows[month] = some
	out := make(map[kizuna.Month][]int32, len(rows))
	for month, rows := range rows {
		if len(rows) > 0 {
			out[month] = o.sort(rows)
		}
	}
	return out
}

// ordering compares rows of a ledger by numbers: texts are ordered once, each.
type ordering struct {
	ledger *Ledger
	ranks  [numRanked][]uint32 // by symbol; of paths see pathOf
	bits   [numRanked]int      // that a rank takes in orderedRow.key
	fit    int                 // how many ranks find a place there; all: the day does, too
}

// The parts of the key that are ranked.
const numRanked = 6

// ranked lists them; a path is numbered by [pathOf].
func (k *key) ranked(symbols int) [numRanked]uint32 {
	return [...]uint32{k.tenant, pathOf(k, symbols), k.subscription, k.workload, k.offer, k.channel}
}

// orderedRow is a row, and as much of its key as fits into a number.
type orderedRow struct {
	key      uint64
	position int32
}

const dayOfMonthBits = 5 // 0 to 31: 0 is none

func newOrdering(l *Ledger) *ordering {
	o := &ordering{ledger: l}
	texts := l.symbols.texts
	n := len(texts)
	var used [numRanked][]bool
	for c := range used {
		used[c] = make([]bool, n)
	}
	const path = 1
	used[path] = make([]bool, 2*n)
	for i := range l.length {
		for c, symbol := range l.at(i).key.ranked(n) {
			used[c][symbol] = true
		}
	}
	left := 64 - dayOfMonthBits
	for c := range used {
		text := func(i int) string { return texts[i] }
		if c == path {
			text = func(i int) string {
				if i < n {
					return pathKey(association.ScopeOf("", texts[i]))
				}
				return pathKey(association.ScopeOf(texts[i-n], ""))
			}
		}
		var most uint32
		o.ranks[c], most = rank(used[c], text)
		o.bits[c] = bits.Len32(most)
		if left -= o.bits[c]; left >= 0 {
			o.fit++
		}
	}
	return o
}

// pathOf numbers what a row is about: a scope, or a whole subscription.
func pathOf(k *key, symbols int) uint32 {
	if k.scope != 0 {
		return k.scope
	}
	return uint32(symbols) + k.subscription
}

// rank orders the texts that are used: equal ones have one rank.
func rank(used []bool, text func(int) string) (ranks []uint32, most uint32) {
	type ranked struct {
		text string
		i    int
	}
	var list []ranked
	for i, u := range used {
		if u {
			list = append(list, ranked{text(i), i})
		}
	}
	slices.SortFunc(list, func(a, b ranked) int { return strings.Compare(a.text, b.text) })
	ranks = make([]uint32, len(used))
	for i := range list {
		if i > 0 && list[i].text != list[i-1].text {
			most++
		}
		ranks[list[i].i] = most
	}
	return ranks, most
}

// packed returns what fits of a key.
func (o *ordering) packed(k *key) (packed uint64) {
	for c, symbol := range k.ranked(len(o.ledger.symbols.texts)) {
		if c == o.fit {
			return packed
		}
		packed = packed<<o.bits[c] | uint64(o.ranks[c][symbol])
	}
	packed <<= dayOfMonthBits
	if k.day != noDay {
		packed |= uint64(k.day-k.month.Day(1)) + 1
	}
	return packed
}

// sort orders rows of one month that are in the order of their positions.
func (o *ordering) sort(rows []orderedRow) []int32 {
	rows = radixSort(rows)
	// What did not fit decides among those that are equal so far.
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to].key == rows[from].key {
			to++
		}
		if to > from+1 {
			slices.SortFunc(rows[from:to], o.compare)
		}
		from = to
	}
	positions := make([]int32, len(rows))
	for i := range rows {
		positions[i] = rows[i].position
	}
	return positions
}

// radixSort orders rows by key, and leaves equal ones in their order. It returns them
// in the memory of rows or in other.
func radixSort(rows []orderedRow) []orderedRow {
	const digit = 11 // bits: what is counted stays in the cache
	var differ uint64
	for i := range rows {
		differ |= rows[i].key ^ rows[0].key
	}
	other := make([]orderedRow, len(rows))
	for shift := 0; differ>>shift != 0; shift += digit {
		if differ>>shift&(1<<digit-1) == 0 {
			continue
		}
		var at [1 << digit]uint32
		for i := range rows {
			at[rows[i].key>>shift&(1<<digit-1)]++
		}
		sum := uint32(0)
		for i, n := range at {
			at[i] = sum
			sum += n
		}
		for _, r := range rows {
			place := &at[r.key>>shift&(1<<digit-1)]
			other[*place] = r
			*place++
		}
		rows, other = other, rows
	}
	return rows
}

// compare orders rows whose keys are equal as far as they fit.
func (o *ordering) compare(a, b orderedRow) int {
	k, l := &o.ledger.at(int(a.position)).key, &o.ledger.at(int(b.position)).key
	if o.fit < numRanked {
		n := len(o.ledger.symbols.texts)
		mine, other := k.ranked(n), l.ranked(n)
		for c, ranks := range o.ranks {
			if x, y := ranks[mine[c]], ranks[other[c]]; x != y {
				return cmp.Compare(x, y)
			}
		}
		if k.day != l.day {
			return cmp.Compare(k.day, l.day)
		}
	}
	text := o.ledger.symbols.texts
	for _, pair := range [...][2]uint32{
		{k.currency, l.currency}, {k.sourceRow, l.sourceRow},
		{k.assertedLocation, l.assertedLocation}, {k.assertedAs, l.assertedAs},
	} {
		if pair[0] != pair[1] {
			return strings.Compare(text[pair[0]], text[pair[1]])
		}
	}
	return cmp.Or(cmp.Compare(k.duplicates, l.duplicates), cmp.Compare(a.position, b.position))
}

// duplicates packs the flags: two bits each, 0 none, 1 false, 2 true.
func (a *Asserted) duplicates() (packed uint32) {
	for i, flag := range a.flags() {
		if *flag != nil {
			packed |= 1 << (2 * i)
			if **flag {
				packed ^= 3 << (2 * i)
			}
		}
	}
	return packed
}
