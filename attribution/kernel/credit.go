package kernel

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// figures is a set of what rows carry.
type figures uint8

const (
	money  figures = 1 << iota
	people         // active users and paid seats
	units
)

// layout says where a block keeps the months of a lane's figures: the cell of a month
// is at the block's place, plus the figure's, plus the month.
type layout struct {
	places
	cells int // of a block
}

type places struct{ money, users, seats, covered, units int32 }

// layoutOf keeps the months from the given one on of the figures that are looked at.
func layoutOf(looks figures, from, months int) (l layout) {
	place := func(of *int32) {
		*of = int32(l.cells - from)
		l.cells += months - from
	}
	if looks&money != 0 {
		place(&l.money)
	}
	if looks&people != 0 {
		place(&l.users)
		place(&l.seats)
		place(&l.covered)
	}
	if looks&units != 0 {
		place(&l.units)
	}
	return l
}

// run is a run of the resource at hand, as far as the plan looks at it.
type run struct {
	segment.Run
	holds  figures
	n      int // months
	skip   int // months of the run before them
	months int // in worker.months
	// In worker.values, where the run holds them.
	money, users, seats, units int
}

// parse reads the runs of the resource at hand: months, and the figures of months.
func (w *worker) parse(kind *kind) {
	w.parsed = true
	w.runs, w.months, w.values = w.runs[:0], w.months[:0], w.values[:0]
	for {
		var r *run
		w.runs, r = extended(w.runs)
		if !w.walk.NextRun(&r.Run) {
			w.runs = w.runs[:len(w.runs)-1]
			return
		}
		r.holds = 0
		if r.HasMoney {
			r.holds = money
		}
		if r.Snapshot {
			r.holds |= people | units
		}
		if r.holds &= kind.looks; r.holds == 0 || !w.locate(r, kind.from) {
			w.runs = w.runs[:len(w.runs)-1]
			continue
		}
		if r.holds&money != 0 {
			r.money = w.read(&r.Money, r)
		}
		if r.holds&people != 0 {
			r.users = w.read(&r.Users, r)
			r.seats = w.read(&r.Seats, r)
		}
		if r.holds&units != 0 {
			r.units = w.read(&r.Units, r)
		}
	}
}

// locate finds the months that are looked at, from the given one on; false if there
// are none.
func (w *worker) locate(r *run, from int) bool {
	r.skip, r.months = 0, len(w.months)
	if r.Follow() {
		first := int(r.First() - w.k.first)
		r.skip = max(0, from-first)
		r.n = min(r.Months, w.k.months-first) - r.skip
		for i := range r.n {
			w.months = append(w.months, int32(first+r.skip+i))
		}
		return r.n > 0
	}
	for i := range r.Months {
		switch m := int(r.Month(i) - w.k.first); {
		case m < from:
			r.skip++
		case m < w.k.months:
			w.months = append(w.months, int32(m))
		}
	}
	r.n = len(w.months) - r.months
	return r.n > 0
}

func (w *worker) read(c *segment.Column, r *run) int {
	at := len(w.values)
	w.values = slices.Grow(w.values, r.n)[:at+r.n]
	c.Read(r.skip, w.values[at:])
	return at
}

// credit credits an account through a lane.
type credit struct {
	w    *worker
	slot int
	lane *kindLane
	to   *block // nil until something is credited
}

func (c *credit) open() *block {
	if c.to == nil {
		c.to = c.w.block(c.slot, c.lane)
	}
	return c.to
}

// whole credits the figures of a run, from its month number first on.
func (c *credit) whole(r *run, first int, holds figures) {
	w, to := c.w, c.open()
	months := w.months[r.months+first : r.months+r.n]
	if holds&money != 0 {
		values := w.values[r.money+first:][:len(months)]
		for i, m := range months {
			w.cells[to.money+m] += values[i]
		}
	}
	if holds&(people|units) != 0 {
		for i, m := range months {
			c.snapshot(r, first+i, m, holds)
		}
	}
}

// snapshot credits the snapshot of a run's i-th month.
func (c *credit) snapshot(r *run, i int, month int32, holds figures) {
	w, to := c.w, c.open()
	if holds&people != 0 {
		w.cells[to.users+month] += w.values[r.users+i]
		w.cells[to.seats+month] += w.values[r.seats+i]
		w.cells[to.covered+month]++
	}
	if holds&units != 0 {
		w.cells[to.units+month] += w.values[r.units+i]
	}
}

// parts credits what w.cover covers of a run, from its month number first on.
func (c *credit) parts(r *run, first int, holds figures) {
	w := c.w
	next := 0 // the first spell that does not end before the month
	for i := first; i < r.n; i++ {
		m := w.months[r.months+i]
		month := spell{w.k.starts[m], w.k.starts[m+1]}
		for next < len(w.cover) && w.cover[next].to <= month.from {
			next++
		}
		if next == len(w.cover) {
			return
		}
		switch s := w.cover[next]; {
		case s.from >= month.to:
		case s.from <= month.from && month.to <= s.to:
			if holds&money != 0 {
				w.cells[c.open().money+m] += w.values[r.money+i]
			}
			if holds&(people|units) != 0 {
				c.snapshot(r, i, m, holds)
			}
		case r.Daily:
			c.days(r, i, m, w.cover[next:])
		default:
			c.part(r, i, m, holds, w.cover[next:])
		}
	}
}

// part credits a month's row that is covered in part.
func (c *credit) part(r *run, i int, m int32, holds figures, cover []spell) {
	w := c.w
	month := spell{w.k.starts[m], w.k.starts[m+1]}
	seconds, atEnd := month.covered(cover)
	if seconds == 0 {
		return
	}
	if holds&money != 0 {
		share := kizuna.Micro(w.values[r.money+i]).Share(seconds, month.to-month.from)
		w.cells[c.open().money+m] += int64(share)
	}
	if holds&(people|units) != 0 && atEnd {
		c.snapshot(r, i, m, holds)
	}
}

// covered returns how many seconds of a period spells cover, and whether they cover
// the last of them.
func (s spell) covered(cover []spell) (seconds int64, atEnd bool) {
	for _, c := range cover {
		if c.from >= s.to {
			break
		}
		seconds += max(0, min(c.to, s.to)-max(c.from, s.from))
		atEnd = c.to >= s.to
	}
	return seconds, atEnd
}

const secondsPerDay = 24 * 60 * 60

// days credits the days of a month that is covered in part.
func (c *credit) days(r *run, i int, m int32, cover []spell) {
	start := c.w.k.starts[m]
	row, n := r.DaysOf(r.skip + i)
	firstDay, dense := r.Dense()
	if r.skip+i > 0 {
		firstDay = 1 // where days follow each other, the next month begins at its first
	}
	month := spell{start, c.w.k.starts[m+1]}
	if dense && month.inWholeDays(cover) {
		c.wholeDays(r, m, row, n, firstDay, cover)
		return
	}
	var total int64
	credited := false
	for k := range n {
		day := firstDay + k
		if !dense {
			day = r.Day(row + k)
		}
		period := spell{from: start + int64(day-1)*secondsPerDay}
		period.to = period.from + secondsPerDay
		if seconds, _ := period.covered(cover); seconds > 0 {
			total += int64(kizuna.Micro(r.Days.At(row+k)).Share(seconds, secondsPerDay))
			credited = true
		}
	}
	if credited {
		c.w.cells[c.open().money+m] += total
	}
}

// inWholeDays reports whether all that spells cover of a month is whole days.
func (s spell) inWholeDays(cover []spell) bool {
	for _, c := range cover {
		if c.from >= s.to {
			break
		}
		if max(0, c.from-s.from)%secondsPerDay != 0 || c.to < s.to && (c.to-s.from)%secondsPerDay != 0 {
			return false
		}
	}
	return true
}

// wholeDays credits the days of a month that are covered, none of them in part: n rows
// that follow each other, from the given row and day on.
func (c *credit) wholeDays(r *run, m int32, row, n, firstDay int, cover []spell) {
	start, end := c.w.k.starts[m], c.w.k.starts[m+1]
	for _, s := range cover {
		if s.from >= end {
			return
		}
		from := int(max(0, s.from-start)/secondsPerDay) - (firstDay - 1)
		to := int((min(s.to, end)-start)/secondsPerDay) - (firstDay - 1)
		if from, to = max(from, 0), min(to, n); from < to {
			c.w.cells[c.open().money+m] += r.Days.Sum(row+from, row+to)
		}
	}
}
