package usage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
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
	tenant, path, subscription []byte // folded; the path for [bytes.Compare]

	written [3]string // tenant, subscription and scope of the row before
}

// Row returns the row that it is the key of.
func (k *Key) Row() *Row { return k.row }

// Set makes k the key of a row, for as long as the row stays as it is. Of rows that
// follow each other, what they have in common is folded once.
func (k *Key) Set(row *Row) {
	if k.row == nil || k.written[0] != row.Tenant {
		k.written[0] = row.Tenant
		k.tenant = appendLower(k.tenant[:0], row.Tenant)
	}
	if k.row == nil || k.written[1] != row.Subscription || k.written[2] != row.Scope {
		k.written[1], k.written[2] = row.Subscription, row.Scope
		k.subscription = appendLower(k.subscription[:0], row.Subscription)
		k.path = appendPath(k.path[:0], row.Subscription, row.Scope)
	}
	k.row = row
}

// Compare orders rows of one month by their keys.
func (k *Key) Compare(l *Key) int {
	if c := bytes.Compare(k.tenant, l.tenant); c != 0 {
		return c
	}
	if c := bytes.Compare(k.path, l.path); c != 0 {
		return c
	}
	if c := bytes.Compare(k.subscription, l.subscription); c != 0 {
		return c
	}
	a, b := k.row, l.row
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

// appendPath appends [association.ScopeOf] of a row, rewritten so that the order of
// bytes is that of [association.ComparePaths], the slash before every other character.
func appendPath(to []byte, subscription, scope string) []byte {
	from := len(to)
	switch {
	case scope != "":
		to = appendLower(to, scope)
	case subscription != "":
		to = append(to, "/subscriptions/"...)
		to = appendLower(to, subscription)
	}
	path := to[from:]
	if n := len(path); n > 1 && path[n-1] == '/' {
		path = path[:n-1]
	}
	if bytes.IndexByte(path, 0) < 0 && bytes.IndexByte(path, 1) < 0 {
		dropSlashes(path)
		return to[:from+len(path)]
	}
	escaped := make([]byte, 0, len(path)+2)
	for _, c := range path {
		switch c {
		case '/':
			escaped = append(escaped, 0)
		case 0, 1:
			escaped = append(escaped, 1, c)
		default:
			escaped = append(escaped, c)
		}
	}
	return append(to[:from], escaped...)
}

// dropSlashes makes every slash 0, eight bytes at once.
func dropSlashes(path []byte) {
	const slashes = '/' * ones
	for ; len(path) >= 8; path = path[8:] {
		w := binary.LittleEndian.Uint64(path)
		// The high bit of a byte is set unless it is a slash.
		other := (((w ^ slashes) & lows) + lows | w) & highs
		binary.LittleEndian.PutUint64(path, w&(other>>7*0xFF))
	}
	for i, c := range path {
		if c == '/' {
			path[i] = 0
		}
	}
}

// ByMonth returns the positions of a ledger's rows, month by month, in the order of
// [Key]; rows of equal keys in the order of their first appearance.
//
// Series are put in order, of which there are far fewer than rows, and each row is
// moved to its series at once.
func (l *Ledger) ByMonth() map[kizuna.Month][]int32 {
	out := make(map[kizuna.Month][]int32)
	if l.rows.length == 0 {
		return out
	}
	o := newOrdering(l)
	positions := o.rows()
	for from := 0; from < len(positions); {
		month := l.month(positions[from])
		// Months follow each other.
		n := sort.Search(len(positions)-from, func(i int) bool { return l.month(positions[from+i]) > month })
		out[month] = positions[from : from+n : from+n]
		from += n
	}
	return out
}

func (l *Ledger) month(position int32) kizuna.Month {
	return l.series.at(int(l.rows.at(int(position)).series)).month
}

// ordering puts the series of a ledger in order.
type ordering struct {
	ledger *Ledger
	paths  []uint32   // by series: where its tenant and path stand among all
	series []uint32   // by month, and all that stands before the day in a key
	like   []likeness // what each has in common with the one before
}

type likeness uint8

const (
	another  likeness = iota // no row of it stands before one of the series before
	day                      // rows of both are mixed by day, then the former come first
	spelling                 // their keys are the same but for the day
)

func newOrdering(l *Ledger) *ordering {
	o := &ordering{ledger: l, paths: make([]uint32, l.series.length)}
	list := o.byTenant()
	paths := paths{ledger: l, ranks: o.paths, known: make([]uint32, 2*len(l.symbols.texts))}
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].key == list[from].key {
			to++
		}
		paths.rank(list[from:to])
		slices.SortFunc(list[from:to], func(a, b numbered) int {
			if p, q := o.paths[a.number], o.paths[b.number]; p != q {
				return cmp.Compare(p, q)
			}
			s, t := l.series.at(int(a.number)), l.series.at(int(b.number))
			if c := o.compare(a.number, b.number, s, t); c != 0 {
				return c
			}
			return cmp.Or(l.compareBehindDay(s, t), cmp.Compare(a.number, b.number))
		})
		from = to
	}
	for i := range list {
		// The sign turned over, months before year 0 come first.
		list[i].key = uint64(uint32(l.series.at(int(list[i].number)).month) ^ 1<<31)
	}
	list = radixSort(list)
	o.series, o.like = make([]uint32, len(list)), make([]likeness, len(list))
	for i, one := range list {
		o.series[i] = one.number
		if i == 0 || o.paths[one.number] != o.paths[list[i-1].number] || one.key != list[i-1].key {
			continue
		}
		s, t := l.series.at(int(list[i-1].number)), l.series.at(int(one.number))
		if o.compare(list[i-1].number, one.number, s, t) != 0 {
			continue
		}
		if o.like[i] = day; l.compareBehindDay(s, t) == 0 {
			o.like[i] = spelling
		}
	}
	return o
}

// numbered is a number of something, and a number to sort it by.
type numbered struct {
	key    uint64
	number uint32
}

// byTenant returns all series by tenant.
func (o *ordering) byTenant() []numbered {
	l := o.ledger
	texts := l.symbols.texts
	ranks := make([]uint32, len(texts))
	var tenants []uint32
	for i := 1; i < l.series.length; i++ {
		if n := l.series.at(i).tenantID; ranks[n] == 0 {
			ranks[n] = 1
			tenants = append(tenants, n)
		}
	}
	slices.SortFunc(tenants, func(a, b uint32) int { return strings.Compare(texts[a], texts[b]) })
	for i, n := range tenants {
		ranks[n] = uint32(i)
	}
	list := make([]numbered, l.series.length-1)
	for i := range list {
		list[i] = numbered{uint64(ranks[l.series.at(i+1).tenantID]), uint32(i + 1)}
	}
	return radixSort(list)
}

// compare compares what stands before the day in a key, of one month.
func (o *ordering) compare(a, b uint32, s, t *series) int {
	if p, q := o.paths[a], o.paths[b]; p != q {
		return cmp.Compare(p, q)
	}
	l := o.ledger
	if fold := l.symbols.fold; fold[s.subscription] != fold[t.subscription] {
		return strings.Compare(association.Fold(l.Text(s.subscription)), association.Fold(l.Text(t.subscription)))
	}
	return cmp.Or(l.compareTexts(s.workload, t.workload), l.compareTexts(s.offer, t.offer), l.compareTexts(s.channel, t.channel))
}

// paths numbers the paths of tenant after tenant in their order.
type paths struct {
	ledger *Ledger
	ranks  []uint32 // by series
	next   uint32   // rank
	known  []uint32 // by pathOf: its place in list plus one, of this tenant
	list   []path
	order  []*path
	text   []byte // of their keys
}

type path struct {
	of                  uint32
	subscription, scope string
	from, to            int // in text
	rank                uint32
}

// pathOf numbers what a series is about: a scope, or a whole subscription.
func (p *paths) pathOf(s *series) uint32 {
	if s.scope != 0 {
		return s.scope
	}
	return uint32(len(p.ledger.symbols.texts)) + s.subscription
}

// rank ranks the paths of a tenant's series: those that are the same have one rank.
func (p *paths) rank(some []numbered) {
	texts := p.ledger.symbols.texts
	p.text, p.list = p.text[:0], p.list[:0]
	// Series lie anywhere: looks at several overlap if nothing else is done meanwhile.
	for _, n := range some {
		s := p.ledger.series.at(int(n.number))
		of := p.pathOf(s)
		if p.known[of] == 0 {
			p.list = append(p.list, path{of: of, subscription: texts[s.subscription], scope: texts[s.scope]})
			p.known[of] = uint32(len(p.list))
		}
		p.ranks[n.number] = p.known[of] - 1 // until there are ranks
	}
	if len(p.list) > 1 {
		p.sort()
	} else {
		p.list[0].rank = p.next
	}
	for _, n := range some {
		p.ranks[n.number] = p.list[p.ranks[n.number]].rank
	}
	for i := range p.list {
		p.known[p.list[i].of] = 0
	}
	p.next++
}

func (p *paths) sort() {
	p.order = p.order[:0]
	for i := range p.list {
		one := &p.list[i]
		one.from = len(p.text)
		p.text = appendPath(p.text, one.subscription, one.scope)
		one.to = len(p.text)
		p.order = append(p.order, one)
	}
	compare := func(a, b *path) int { return bytes.Compare(p.text[a.from:a.to], p.text[b.from:b.to]) }
	slices.SortFunc(p.order, compare)
	for i, one := range p.order {
		if i > 0 && compare(p.order[i-1], one) != 0 {
			p.next++
		}
		one.rank = p.next
	}
}

// compareBehindDay compares what stands behind the day in a key.
func (l *Ledger) compareBehindDay(a, b *series) int {
	return cmp.Or(
		l.compareTexts(a.currency, b.currency), l.compareTexts(a.sourceRow, b.sourceRow),
		l.compareTexts(a.assertedLocation, b.assertedLocation), l.compareTexts(a.assertedAs, b.assertedAs),
		cmp.Compare(a.duplicates, b.duplicates))
}

func (l *Ledger) compareTexts(a, b uint32) int {
	if a == b {
		return 0
	}
	return strings.Compare(l.Text(a), l.Text(b))
}

// rows returns the positions of all rows in order.
func (o *ordering) rows() []int32 {
	l := o.ledger
	place := make([]uint32, l.series.length) // of the next row of a series
	for i := range l.rows.length {
		place[l.rows.at(i).series]++
	}
	sum := uint32(0)
	for _, n := range o.series {
		place[n], sum = sum, sum+place[n]
	}
	list := make([]dated, l.rows.length)
	for i := range list {
		e := l.rows.at(i)
		at := &place[e.series]
		list[*at] = dated{e.day, int32(i)}
		*at++
	}
	from := uint32(0)
	for i := 0; i < len(o.series); {
		first := i
		mixed := false
		for i++; i < len(o.series) && o.like[i] != another; i++ {
			mixed = mixed || o.like[i] == day
		}
		to := place[o.series[i-1]]
		if mixed {
			o.mix(list[from:to], first)
		} else {
			sortDated(list[from:to])
		}
		from = to
	}
	positions := make([]int32, len(list))
	for i, d := range list {
		positions[i] = d.position
	}
	return positions
}

// dated is a row of a series.
type dated struct {
	day      kizuna.Date
	position int32
}

// sortDated orders rows whose keys differ in nothing but the day. A bill has its days
// in order.
func sortDated(rows []dated) {
	compare := func(a, b dated) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.position, b.position))
	}
	if !slices.IsSortedFunc(rows, compare) {
		slices.SortFunc(rows, compare)
	}
}

// mix orders rows of series that follow each other from the first on, and that are
// mixed by day.
func (o *ordering) mix(rows []dated, first int) {
	rank := make(map[uint32]int)
	for i := first; i == first || i < len(o.series) && o.like[i] != another; i++ {
		rank[o.series[i]] = i
		if i > first && o.like[i] == spelling {
			rank[o.series[i]] = rank[o.series[i-1]]
		}
	}
	of := func(d dated) int { return rank[o.ledger.rows.at(int(d.position)).series] }
	slices.SortFunc(rows, func(a, b dated) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(of(a), of(b)), cmp.Compare(a.position, b.position))
	})
}

// radixSort orders a list by key, and leaves equal ones in their order. It returns them
// in the memory of the list or in other.
func radixSort(rows []numbered) []numbered {
	const digit = 11 // bits: what is counted stays in the cache
	var differ uint64
	for i := range rows {
		differ |= rows[i].key ^ rows[0].key
	}
	other := make([]numbered, len(rows))
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
