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
	if !strings.ContainsAny(scope, "/\x00\x01") {
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
	for i := range l.length {
		k := &l.at(i).key
		rows[k.month] = append(rows[k.month], o.row(int32(i), k))
	}
	out := make(map[kizuna.Month][]int32, len(rows))
	for month, rows := range rows {
		slices.SortFunc(rows, o.compare)
		positions := make([]int32, len(rows))
		for i := range rows {
			positions[i] = rows[i].position
		}
		out[month] = positions
	}
	return out
}

// ordering compares rows of a ledger by numbers: texts are ordered once, each.
type ordering struct {
	ledger *Ledger
	tenant []uint32            // its rank, by symbol
	path   []uint32            // that of a scope, by symbol; of a whole subscription, by symbol behind them
	ranks  [numRanked][]uint32 // of what follows in the key
	shift  [numRanked + 1]int  // of each rank and of the day in orderedRow.rest; negative: it does not fit
}

const numRanked = 4

// ranked lists what follows the path in the key and is ranked.
func (k *key) ranked() [numRanked]uint32 {
	return [...]uint32{k.subscription, k.workload, k.offer, k.channel}
}

// orderedRow is a row's key in numbers: first is tenant and path, rest whatever
// else fits.
type orderedRow struct {
	first, rest uint64
	position    int32
}

const dayOfMonthBits = 5 // 0 to 31: 0 is none

func newOrdering(l *Ledger) *ordering {
	o := &ordering{ledger: l}
	texts := l.symbols.texts
	n := len(texts)
	tenants, paths := make([]bool, n), make([]bool, 2*n)
	var used [numRanked][]bool
	for c := range used {
		used[c] = make([]bool, n)
	}
	for i := range l.length {
		k := &l.at(i).key
		tenants[k.tenant] = true
		paths[pathOf(k, n)] = true
		for c, symbol := range k.ranked() {
			used[c][symbol] = true
		}
	}
	text := func(i int) string { return texts[i] }
	o.tenant, _ = rank(tenants, text)
	o.path, _ = rank(paths, func(i int) string {
		if i < n {
			return pathKey(association.ScopeOf("", texts[i]))
		}
		return pathKey(association.ScopeOf(texts[i-n], ""))
	})
	left := 64
	for c := range used {
		var most uint32
		o.ranks[c], most = rank(used[c], text)
		left -= bits.Len32(most)
		o.shift[c] = left
	}
	o.shift[numRanked] = left - dayOfMonthBits
	return o
}

// pathOf numbers what a row is about: a scope, or a whole subscription.
func pathOf(k *key, symbols int) int {
	if k.scope != 0 {
		return int(k.scope)
	}
	return symbols + int(k.subscription)
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

func (o *ordering) row(position int32, k *key) orderedRow {
	r := orderedRow{position: position}
	r.first = uint64(o.tenant[k.tenant])<<32 | uint64(o.path[pathOf(k, len(o.ledger.symbols.texts))])
	for c, symbol := range k.ranked() {
		if o.shift[c] < 0 {
			return r // what does not fit, and all behind it, is compared by itself
		}
		r.rest |= uint64(o.ranks[c][symbol]) << o.shift[c]
	}
	if shift := o.shift[numRanked]; shift >= 0 && k.day != noDay {
		r.rest |= uint64(k.day-k.month.Day(1)+1) << shift
	}
	return r
}

func (o *ordering) compare(a, b orderedRow) int {
	if a.first != b.first {
		return cmp.Compare(a.first, b.first)
	}
	if a.rest != b.rest {
		return cmp.Compare(a.rest, b.rest)
	}
	k, l := &o.ledger.at(int(a.position)).key, &o.ledger.at(int(b.position)).key
	if o.shift[numRanked] < 0 {
		mine, other := k.ranked(), l.ranked()
		for c, ranks := range o.ranks {
			if mine[c] != other[c] {
				return cmp.Compare(ranks[mine[c]], ranks[other[c]])
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
