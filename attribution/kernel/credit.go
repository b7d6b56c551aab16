package kernel

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// run is a run of the resource at hand, as far as the plan looks at it.
type run struct {
	segment.Run
	n      int // months
	skip   int // months of the run before them
	months int // in worker.months
	// In worker.values; -1 where nobody asks.
	money, users, seats, units int
}

// parse reads the runs of the resource at hand: months, and the figures of months.
func (w *worker) parse(kind *kind) {
	w.parsed = true
	w.runs, w.months, w.values = w.runs[:0], w.months[:0], w.values[:0]
	for {
		if len(w.runs) < cap(w.runs) {
			w.runs = w.runs[:len(w.runs)+1]
		} else {
			w.runs = append(w.runs, run{})
		}
		r := &w.runs[len(w.runs)-1]
		if !w.walk.NextRun(&r.Run) {
			w.runs = w.runs[:len(w.runs)-1]
			return
		}
		money, snapshots := kind.money && r.HasMoney, kind.snapshots && r.Snapshot
		if !money && !snapshots || !w.locate(r) {
			w.runs = w.runs[:len(w.runs)-1]
			continue
		}
		r.money, r.users = -1, -1
		if money {
			r.money = w.read(&r.Money, r)
		}
		if snapshots {
			r.users = w.read(&r.Users, r)
			r.seats = w.read(&r.Seats, r)
			r.units = w.read(&r.Units, r)
		}
	}
}

// locate finds the months that the plan looks at; false if there are none.
func (w *worker) locate(r *run) bool {
	first := w.k.Plan.First()
	r.skip, r.months = 0, len(w.months)
	if r.Follow() {
		from := int(r.First() - first)
		r.skip = max(0, -from)
		r.n = min(r.Months, w.k.months-from) - r.skip
		for i := range r.n {
			w.months = append(w.months, int32(from+r.skip+i))
		}
		return r.n > 0
	}
	for i := range r.Months {
		switch m := int(r.Month(i) - first); {
		case m < 0:
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

// credit credits a run to an account through a lane.
type credit struct {
	w                *worker
	run              *run
	slot             int
	lane             *kindLane
	money, snapshots bool
	at               int // the block's cells; -1 until something is credited
}

func (c *credit) block() int {
	if c.at < 0 {
		c.at = c.w.block(c.slot, c.lane.series)
	}
	return c.at
}

// add credits money of a month.
func (c *credit) add(month int, money int64) {
	at := c.block() // which may move the cells
	c.w.cells[at+month] += money
}

// whole credits all of the run.
func (c *credit) whole() {
	w, r := c.w, c.run
	months := w.months[r.months : r.months+r.n]
	at := c.block()
	if c.money {
		cells := w.cells[at : at+w.k.months]
		values := w.values[r.money : r.money+r.n]
		for i, m := range months {
			cells[m] += values[i]
		}
	}
	if c.snapshots {
		for i, m := range months {
			c.snapshot(i, int(m))
		}
	}
}

// snapshot credits the snapshot of the i-th month.
func (c *credit) snapshot(i, month int) {
	w, r, n := c.w, c.run, c.w.k.months
	at := c.block() // which may move the cells
	cells := w.cells[at+month:]
	cells[n] += w.values[r.users+i]
	cells[2*n] += w.values[r.seats+i]
	cells[3*n] += w.values[r.units+i]
	cells[4*n]++
}

// parts credits what w.cover covers of the run.
func (c *credit) parts() {
	w, r := c.w, c.run
	next := 0 // the first spell that does not end before the month
	for i, m := range w.months[r.months : r.months+r.n] {
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
			if c.money {
				c.add(int(m), w.values[r.money+i])
			}
			if c.snapshots {
				c.snapshot(i, int(m))
			}
		case r.Daily:
			c.days(i, int(m), month.from, w.cover[next:])
		default:
			c.part(i, int(m), month, w.cover[next:])
		}
	}
}

// part credits a month's row that is covered in part.
func (c *credit) part(i, m int, month spell, cover []spell) {
	seconds, atEnd := month.covered(cover)
	if seconds == 0 {
		return
	}
	if c.money {
		money := kizuna.Micro(c.w.values[c.run.money+i])
		c.add(m, int64(money.Share(seconds, month.to-month.from)))
	}
	if c.snapshots && atEnd {
		c.snapshot(i, m)
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
func (c *credit) days(i, m int, start int64, cover []spell) {
	r := c.run
	row, n := r.DaysOf(r.skip + i)
	firstDay, dense := r.Dense()
	if r.skip+i > 0 {
		firstDay = 1 // where days follow each other, the next month begins at its first
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
		c.add(m, total)
	}
}
