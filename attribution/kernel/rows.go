package kernel

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// Row is a usage row that counts for an account and a measure.
type Row struct {
	// Resource is the place of what the row is about among the customer's resources, which
	// stand in the order of their scopes: a segment does not keep the scopes themselves.
	Resource int
	Workload string // under the program's name for it
	Product  string
	Offer    string
	Channel  string

	Month kizuna.Month
	Day   int // of the month, from 1; 0: the row's period is the month

	Amount, Credited kizuna.Micro // millionths of a dollar, user, seat or unit
	// Covered is how many seconds of the row's period the associations that feed the
	// measure cover together.
	Covered, Period int64
	Reaches         []RowReach
}

// RowReach is an association that holds in some of a row's period.
type RowReach struct {
	Type     program.Type
	Location string // without case; what the row itself asserts may be the account's id
	During   kizuna.Interval
	Seconds  int64 // of the row's period
	Feeds    bool  // its type feeds the measure
	Asserted bool  // by the row itself
}

// Rows lists the rows of a customer that count for a measure of an account, the largest
// credit first: the first ones, or all if limit is 0. It also returns how many there are.
// The error is that of [segment.Segment.Block].
func (e *Explainer) Rows(account, tenant string, measure, limit int) (rows []Row, all int, err error) {
	number, ok := e.r.view.Newest().FindAccount(account)
	if !ok {
		return nil, 0, nil
	}
	at, b, i, ok, err := e.r.view.Find(tenant)
	if err != nil || !ok {
		return nil, 0, err
	}
	w := e.r.k.worker()
	defer e.r.k.rest(w)
	m := e.measure(measure)
	o := opening{
		w: w, feeds: e.r.k.rules[m.number].Feeds, from: e.r.view.Segments()[at], limit: limit,
		figure: m.figure(), looked: m.looked(),
	}
	err = e.record(w, at, b, i, func() {
		s := slices.IndexFunc(w.slots, func(s slot) bool { return s.account == number })
		if s < 0 {
			return
		}
		o.slot = &w.slots[s]
		for w.record.Walk(&w.walk); w.walk.Next(); {
			o.resource()
		}
		slices.SortFunc(o.lines, func(a, b line) int { return compareLines(&a, &b) })
		for i := range o.lines {
			rows = append(rows, o.row(&o.lines[i]))
		}
	})
	return rows, o.all, err
}

// opening opens a contribution to its rows.
type opening struct {
	w     *worker
	feeds []int // of the measure
	slot  *slot
	from  *segment.Segment
	limit int

	figure int // that the measure adds up
	looked [2][2]int

	rows  []segment.Row // of the run at hand
	lines []line        // while filled to the limit, a heap: the last in order is the root
	all   int
}

// line is a row that counts, with what is needed to tell why.
type line struct {
	Row
	number   int // of all that count, as they come
	from     int64
	types    program.TypeSet // that feed the measure
	acts     []act           // that reach the resource
	asserted []segment.Assertion
}

// compareLines puts the largest credit first, and equal ones in the order of time.
func compareLines(a, b *line) int {
	return cmp.Or(
		cmp.Compare(b.Credited, a.Credited), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day),
		cmp.Compare(a.number, b.number))
}

// resource adds the rows of the resource at hand.
func (o *opening) resource() {
	w := o.w
	number := w.b.kindOf[w.walk.Kind]
	if number == 0 {
		return
	}
	// Associations are shown of all types, not only of those that feed something.
	kind := w.b.kinds[number].treatment // an explainer's kernel has one dialect
	kind.types = ^program.TypeSet(0)
	of := &o.from.Kinds()[w.walk.Kind]
	l := line{Row: Row{
		Resource: w.walk.Number, Workload: w.workloads[kind.workload].called[0].name,
		Product: w.b.names[of.Product], Offer: w.b.names[of.Offer], Channel: w.b.names[of.Channel],
	}}
	var fed bool
	if l.types, fed = o.feed(&l.Row); !fed || o.figure == 0 && w.k.dialects[0].excluded[l.Offer] {
		return
	}
	place, owned, latest := uint32(w.walk.Number), kind.owner >= 0 && w.walk.Owned, kizuna.Never
	if owned {
		latest = w.latest(&kind, w.acts, place)
	}
	w.hits, w.cover = w.hits[:0], w.cover[:0]
	w.hit(&kind, o.slot, place, owned, latest)
	for _, i := range w.hits {
		a := &w.acts[i]
		if l.acts = append(l.acts, *a); a.types&l.types != 0 {
			w.cover = append(w.cover, spell{a.from, a.to})
		}
	}
	w.unite()
	for r := (run{}); w.walk.NextRun(&r.Run); {
		asserts := r.Asserts && w.k.Trust != attribution.TrustOwn && w.assertedTo(&r, o.slot.account, l.types)
		if o.figure == 0 && r.HasMoney || o.figure != 0 && r.Snapshot && !r.Daily {
			o.run(&l, &r, asserts)
		}
	}
}

// feed finds the measure's feed that takes a row, and its association types.
func (o *opening) feed(r *Row) (types program.TypeSet, ok bool) {
	for _, number := range o.feeds {
		f := &o.w.k.feeds[number]
		if f.Workloads.Holds(r.Workload, r.Product) && (len(f.Channels) == 0 || slices.Contains(f.Channels, r.Channel)) {
			return f.Types, true
		}
	}
	return 0, false
}

// run adds the rows of a run that count.
func (o *opening) run(like *line, r *run, asserts bool) {
	if len(o.w.cover) == 0 && !asserts {
		return
	}
	first, starts := o.w.k.first, o.w.k.starts
	o.rows = r.AppendRows(o.rows[:0])
	for i := range o.rows {
		row := &o.rows[i]
		month := int(row.Month - first)
		if !o.looksAt(month) {
			continue
		}
		period := spell{starts[month], starts[month+1]}
		if row.Day > 0 {
			period.from += int64(row.Day-1) * secondsPerDay
			period.to = period.from + secondsPerDay
		}
		seconds, atEnd := period.covered(o.w.cover)
		if asserts {
			seconds, atEnd = period.to-period.from, true
		}
		if seconds == 0 || o.figure != 0 && !atEnd {
			continue
		}
		amount := [...]kizuna.Micro{row.Money, row.Users, row.Seats, row.Units}[o.figure]
		credited := amount
		if o.figure == 0 {
			credited = amount.Share(seconds, period.to-period.from)
		}
		o.all++
		if o.full() && credited < o.lines[0].Credited {
			continue // as most of many are
		}
		l := *like
		l.number, l.asserted, l.from = o.all, row.Asserted, period.from
		l.Month, l.Day, l.Amount, l.Credited = row.Month, int(row.Day), amount, credited
		l.Covered, l.Period = seconds, period.to-period.from
		o.offer(&l)
	}
}

// looksAt reports whether the measure looks at a month.
func (o *opening) looksAt(month int) bool {
	now, base := &o.looked[0], &o.looked[1]
	return now[0] <= month && month <= now[1] || base[0] <= month && month <= base[1]
}

// full reports whether a further line takes the place of another.
func (o *opening) full() bool { return o.limit > 0 && len(o.lines) == o.limit }

func (o *opening) offer(l *line) {
	switch {
	case !o.full():
		if o.lines = append(o.lines, *l); o.full() {
			heapify(o.lines, compareLines)
		}
	case compareLines(l, &o.lines[0]) < 0:
		o.lines[0] = *l
		sink(o.lines, 0, compareLines)
	}
}

// row says which associations hold in a line's period, those of the row itself last.
func (o *opening) row(l *line) Row {
	out, period := l.Row, spell{l.from, l.from + l.Period}
	for i := range l.acts {
		a := &l.acts[i]
		if seconds, _ := period.covered([]spell{{a.from, a.to}}); seconds > 0 {
			out.Reaches = append(out.Reaches, RowReach{
				Type: program.Type(bits.TrailingZeros16(uint16(a.types))), Location: o.from.Partner(a.location), Seconds: seconds, Feeds: a.types&l.types != 0,
				During: kizuna.Interval{From: kizuna.Instant(a.from), To: kizuna.Instant(a.to)},
			})
		}
	}
	if o.w.k.Trust == attribution.TrustOwn {
		return out
	}
	for _, a := range l.asserted {
		if o.w.asserted(a.Partner) == o.slot.account {
			out.Reaches = append(out.Reaches, RowReach{
				Type: a.Type, Location: o.from.Partner(a.Partner), Seconds: l.Period, Feeds: l.types.Has(a.Type), Asserted: true,
				During: kizuna.Interval{From: kizuna.Instant(period.from), To: kizuna.Instant(period.to)},
			})
		}
	}
	return out
}
