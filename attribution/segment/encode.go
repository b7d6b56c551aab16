package segment

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// A tenant's record:
//
//	id        a length and the text, or guid and 16 bytes
//	flags     asserted: some row carries the vendor's own attribution
//	country, segment, how many reach entries, how many resources
//	reaches   24 bytes each; one by owner is two entries
//	resources each its length, its kind and owned flag, its runs
//
// A run holds the rows of a resource that are alike (see runFlags): the months,
// then columns of figures. A run of days leads with the sums of its months, so that
// a month which is covered whole is one addition.
const (
	guidID      = 255 // in place of an id's length
	longestID   = 254
	guidLength  = 36
	reachSize   = 24
	tenantHolds = 1 // asserted rows
	epoch       = kizuna.Month(2020 * 12)
	dayBits     = 5
	denseDays   = 0 // days follow each other without a gap
	maxMonth    = kizuna.Month(10000 * 12)
	whatBits    = 24
)

type runFlags byte

const (
	runDaily    runFlags = 1 << iota // rows are days; otherwise months
	runMoney                         // rows carry revenue
	runSnapshot                      // rows carry users, seats and units
	runUnits                         // units have a column; otherwise they are the users
	runAsserted                      // rows carry the vendor's own attribution, all the same
)

// encoder numbers texts, kinds and instants, and packs tenants.
type encoder struct {
	names, partners, accounts texts

	kinds    map[Kind]uint32
	kindList []Kind
	far      []kizuna.Instant

	// Scratch, kept so that nothing is allocated per tenant.
	runs    []run
	values  []int64
	months  []monthOfDays
	runData []byte
}

// monthOfDays is a month of a run of days.
type monthOfDays struct {
	month kizuna.Month
	start kizuna.Date // its first day
	rows  int64
	sum   int64
}

// run is rows of a resource that are alike.
type run struct {
	flags    runFlags
	asserted []Assertion
	rows     []*Row
}

func newEncoder() *encoder {
	return &encoder{
		names: newTexts(), partners: newTexts(), accounts: newTexts(),
		kinds: make(map[Kind]uint32),
		far:   []kizuna.Instant{kizuna.Never, kizuna.Forever},
	}
}

func (e *encoder) kind(k Kind) uint32 {
	if n, ok := e.kinds[k]; ok {
		return n
	}
	n := uint32(len(e.kindList))
	e.kinds[k] = n
	e.kindList = append(e.kindList, k)
	return n
}

func (e *encoder) instant(t kizuna.Instant) (uint32, bool) {
	if t >= 0 && t < farInstants {
		return uint32(t), true
	}
	i := slices.Index(e.far, t)
	if i < 0 {
		if i = len(e.far); i == 1<<16 {
			return 0, false
		}
		e.far = append(e.far, t)
	}
	return uint32(farInstants + i), true
}

func (e *encoder) hasName(n Name) bool { return int(n) < len(e.names.list) }

func (e *encoder) hasPartner(p Partner) bool { return int(p) < len(e.partners.list) }

func (e *encoder) kindBytes() []byte {
	var out []byte
	for _, k := range e.kindList {
		for _, n := range []Name{k.Workload, k.Product, k.Offer, k.Channel} {
			out = binary.LittleEndian.AppendUint32(out, uint32(n))
		}
	}
	return out
}

func (e *encoder) instantBytes() []byte {
	var out []byte
	for _, t := range e.far {
		out = binary.LittleEndian.AppendUint64(out, uint64(t))
	}
	return out
}

func invalid(id, format string, args ...any) *kizuna.Error {
	return kizuna.Errorf("segment-tenant", "customer %q cannot be kept in a segment", id).
		WithCause(fmt.Errorf(format, args...))
}

// tenant appends a tenant's record.
func (e *encoder) tenant(dst []byte, id string, t *Tenant, info *Info) ([]byte, error) {
	if len(id) > longestID || !e.hasName(max(t.Country, t.Segment)) {
		return dst, invalid(id, "the id has %d bytes, the country is number %d, the segment %d", len(id), t.Country, t.Segment)
	}
	start := len(dst)
	dst = appendID(dst, id)
	flags := byte(0)
	if asserts(t) {
		flags |= tenantHolds
	}
	dst = append(dst, flags)
	dst = binary.AppendUvarint(dst, uint64(t.Country))
	dst = binary.AppendUvarint(dst, uint64(t.Segment))
	entries := len(t.Reaches)
	for i := range t.Reaches {
		if t.Reaches[i].By == ByOwner {
			entries++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(entries))
	dst = binary.AppendUvarint(dst, uint64(len(t.Resources)))
	reaches := len(dst)
	for i := range t.Reaches {
		var err error
		if dst, err = e.reach(dst, id, &t.Reaches[i], len(t.Resources)); err != nil {
			return dst, err
		}
	}
	resources := len(dst)
	rowBytes, rows := 0, 0
	for i := range t.Resources {
		r := &t.Resources[i]
		if !e.hasName(max(r.Workload, r.Product, r.Offer, r.Channel)) {
			return dst, invalid(id, "a resource's kind is none: %v", r.Kind)
		}
		if err := e.split(id, r); err != nil {
			return dst, err
		}
		e.runData = e.runData[:0]
		for k := range e.runs {
			e.runData = e.run(e.runData, &e.runs[k], info)
		}
		kind := uint64(e.kind(r.Kind)) << 1
		if r.Owned {
			kind |= 1
		}
		dst = binary.AppendUvarint(dst, uint64(len(e.runData)))
		dst = binary.AppendUvarint(dst, kind)
		dst = append(dst, e.runData...)
		rowBytes += len(e.runData)
		rows += len(r.Rows)
	}
	info.Resources += len(t.Resources)
	info.Reaches += len(t.Reaches)
	info.Rows += rows
	info.RowBytes += rowBytes
	info.ReachBytes += resources - reaches
	info.DirectoryBytes += 4 + len(dst) - start - (resources - reaches) - rowBytes
	return dst, nil
}

func asserts(t *Tenant) bool {
	for i := range t.Resources {
		if slices.ContainsFunc(t.Resources[i].Rows, func(r Row) bool { return r.Asserted != nil }) {
			return true
		}
	}
	return false
}

func appendID(dst []byte, id string) []byte {
	if packed, ok := packGUID(id); ok {
		return append(append(dst, guidID), packed[:]...)
	}
	return append(append(dst, byte(len(id))), id...)
}

// packGUID packs 8-4-4-4-12 hexadecimal digits in lower case.
func packGUID(id string) (packed [16]byte, ok bool) {
	if len(id) != guidLength {
		return packed, false
	}
	var digits [32]byte
	n := 0
	for i := range len(id) {
		c := id[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		switch {
		case dash != (c == '-'):
			return packed, false
		case dash:
			continue
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			digits[n] = c
			n++
		default:
			return packed, false
		}
	}
	_, err := hex.Decode(packed[:], digits[:])
	return packed, err == nil
}

func appendGUID(dst, packed []byte) []byte {
	for i, part := range [][]byte{packed[:4], packed[4:6], packed[6:8], packed[8:10], packed[10:16]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

func (e *encoder) reach(dst []byte, id string, r *Reach, resources int) ([]byte, error) {
	if r.First >= r.End || int(r.End) > resources {
		return dst, invalid(id, "a reach covers resources %d to %d of %d", r.First, r.End, resources)
	}
	from, ok1 := e.instant(r.During.From)
	to, ok2 := e.instant(r.During.To)
	if !ok1 || !ok2 {
		return dst, invalid(id, "it holds more than 65,000 instants outside the years 1970 to 2106")
	}
	if r.Type > program.TPOR || r.By >= numBy || r.What >= 1<<whatBits || !e.hasName(r.What) || !e.hasPartner(r.Location) {
		return dst, invalid(id, "a reach is not one: %+v", *r)
	}
	if r.By == ByWorkload && !Claims.Has(r.Type) {
		return dst, invalid(id, "a reach of type %s names a workload, which only claims do", r.Type)
	}
	for _, n := range []uint32{
		uint32(r.Location), from, to, r.First, r.End,
		uint32(r.What) | uint32(r.Type)<<whatBits | uint32(r.By)<<(whatBits+4),
	} {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	if r.By == ByOwner {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Active))
		dst = append(dst, make([]byte, reachSize-8)...)
	}
	return dst, nil
}

// split sorts a resource's rows into runs.
func (e *encoder) split(id string, r *Resource) error {
	e.runs = e.runs[:0]
	for i := range r.Rows {
		row := &r.Rows[i]
		flags := runFlags(0)
		if row.Day > 0 {
			flags |= runDaily
		}
		if row.HasMoney {
			flags |= runMoney
		}
		if row.Snapshot {
			flags |= runSnapshot
		}
		if row.Asserted != nil {
			flags |= runAsserted
		}
		switch {
		case row.Month < 0 || row.Month >= maxMonth || row.Day > 28 && int(row.Day) > row.Month.Days():
			return invalid(id, "day %d of %s is none", row.Day, row.Month)
		case row.Day > 0 && row.Snapshot:
			return invalid(id, "a day's row is no snapshot")
		case slices.ContainsFunc(row.Asserted, func(a Assertion) bool { return a.Type > program.TPOR || !e.hasPartner(a.Partner) }):
			return invalid(id, "an assertion is none: %v", row.Asserted)
		}
		k := 0
		for ; k < len(e.runs); k++ {
			if e.runs[k].flags == flags && slices.Equal(e.runs[k].asserted, row.Asserted) {
				break
			}
		}
		if k == len(e.runs) {
			if k < cap(e.runs) {
				e.runs = e.runs[:k+1]
			} else {
				e.runs = append(e.runs, run{})
			}
			e.runs[k] = run{flags, row.Asserted, e.runs[k].rows[:0]}
		}
		rows := e.runs[k].rows
		if n := len(rows); n > 0 && (rows[n-1].Month > row.Month || rows[n-1].Month == row.Month && rows[n-1].Day > row.Day) {
			return invalid(id, "rows are not in order of time")
		}
		e.runs[k].rows = append(rows, row)
	}
	return nil
}

// column appends a column of what f takes from each row.
func (e *encoder) column(dst []byte, rows []*Row, f func(*Row) kizuna.Micro) []byte {
	e.values = e.values[:0]
	for _, r := range rows {
		e.values = append(e.values, int64(f(r)))
	}
	return appendColumn(dst, e.values)
}

func (e *encoder) run(dst []byte, r *run, info *Info) []byte {
	flags := r.flags
	if flags&runSnapshot != 0 && slices.ContainsFunc(r.rows, func(r *Row) bool { return r.Units != r.Users }) {
		flags |= runUnits
	}
	dst = append(dst, byte(flags))
	if flags&runAsserted != 0 {
		dst = binary.AppendUvarint(dst, uint64(len(r.asserted)))
		for _, a := range r.asserted {
			dst = binary.AppendUvarint(append(dst, byte(a.Type)), uint64(a.Partner))
		}
	}
	first, last := r.rows[0].Month, r.rows[len(r.rows)-1].Month
	if info.First == 0 && info.Last == 0 {
		info.First, info.Last = first, last
	}
	info.First, info.Last = min(info.First, first), max(info.Last, last)
	dst = binary.AppendUvarint(dst, uint64(len(r.rows)))
	dst = binary.AppendVarint(dst, int64(first-epoch))
	if flags&runDaily != 0 {
		return e.days(dst, flags, r.rows)
	}
	dst = appendMonths(dst, first, len(r.rows), func(i int) kizuna.Month { return r.rows[i].Month })
	if flags&runMoney != 0 {
		dst = e.column(dst, r.rows, func(r *Row) kizuna.Micro { return r.Money })
	}
	if flags&runSnapshot != 0 {
		dst = e.column(dst, r.rows, func(r *Row) kizuna.Micro { return r.Users })
		dst = e.column(dst, r.rows, func(r *Row) kizuna.Micro { return r.Seats })
	}
	if flags&runUnits != 0 {
		dst = e.column(dst, r.rows, func(r *Row) kizuna.Micro { return r.Units })
	}
	return dst
}

// appendMonths appends the months of a run: a width of 0 if each follows the one
// before, otherwise their distances from the first.
func appendMonths(dst []byte, first kizuna.Month, n int, month func(int) kizuna.Month) []byte {
	follow := true
	for i := range n {
		follow = follow && month(i) == first.Add(i)
	}
	if follow {
		return append(dst, 0)
	}
	width := max(1, bits.Len32(uint32(month(n-1)-first)))
	p := packer{dst: append(dst, byte(width))}
	for i := range n {
		p.put(uint64(month(i)-first), width)
	}
	return p.bytes()
}

// days appends the months of a run of days, then the days.
func (e *encoder) days(dst []byte, flags runFlags, rows []*Row) []byte {
	months, dense := e.months[:0], true
	for _, r := range rows {
		if len(months) == 0 || months[len(months)-1].month != r.Month {
			months = append(months, monthOfDays{month: r.Month, start: r.Month.Day(1)})
		}
		m := &months[len(months)-1]
		m.rows++
		m.sum += int64(r.Money)
	}
	first, i := months[0].start.AddDays(int(rows[0].Day)), 0
	for _, m := range months {
		for range m.rows {
			dense = dense && m.start.AddDays(int(rows[i].Day)) == first.AddDays(i)
			i++
		}
	}
	e.months = months
	dst = binary.AppendUvarint(dst, uint64(len(months)))
	dst = appendMonths(dst, months[0].month, len(months), func(i int) kizuna.Month { return months[i].month })
	e.values = e.values[:0]
	for _, m := range months {
		e.values = append(e.values, m.rows)
	}
	dst = appendColumn(dst, e.values)
	if flags&runMoney != 0 {
		e.values = e.values[:0]
		for _, m := range months {
			e.values = append(e.values, m.sum)
		}
		dst = appendColumn(dst, e.values)
	}
	if dense {
		dst = append(dst, denseDays, rows[0].Day)
	} else {
		p := packer{dst: append(dst, dayBits)}
		for _, r := range rows {
			p.put(uint64(r.Day-1), dayBits)
		}
		dst = p.bytes()
	}
	if flags&runMoney != 0 {
		dst = e.column(dst, rows, func(r *Row) kizuna.Micro { return r.Money })
	}
	return dst
}
