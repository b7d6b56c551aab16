package dataset

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/program"
)

// Coverage tells what a dataset's sources could hold; see score.Coverage.
type Coverage struct {
	sources []Source
	through map[intake.Coverage]kizuna.Month // the last month of all that any source covers
}

// Coverage returns what the sources could hold.
func (d *Dataset) Coverage() Coverage {
	c := Coverage{d.Sources, make(map[intake.Coverage]kizuna.Month)}
	for i := range d.Sources {
		for _, of := range d.Sources[i].Covers {
			if _, known := c.through[of]; known {
				continue
			}
			if last, ok := c.last(func(s *Source) bool { return slices.Contains(s.Covers, of) }); ok {
				c.through[of] = last
			}
		}
	}
	return c
}

// Usage returns the last month that every source of the quantity for the family
// has rows of; false if no source could hold any.
func (c Coverage) Usage(q program.Quantity, family program.Family) (last kizuna.Month, ok bool) {
	last, ok = c.through[intake.Coverage{Quantity: q, Family: family}]
	return last, ok
}

// Certifications reports whether any source of certificates has rows.
func (c Coverage) Certifications() bool {
	return slices.ContainsFunc(c.sources, func(s Source) bool {
		return s.Kind == "table/certifications" && s.Rows > 0 || s.Certifications
	})
}

// AsOf returns the default day of a question: the day after the last month that
// every source of usage covers; false if there is no usage.
func (c Coverage) AsOf() (day kizuna.Date, ok bool) {
	last, ok := c.last(func(*Source) bool { return true })
	return last.Add(1).Day(1), ok
}

// last returns the earliest of the last months of the series that are taken; false if
// there are none.
func (c Coverage) last(take func(*Source) bool) (last kizuna.Month, ok bool) {
	for through := range c.lastMonths(take) {
		if !ok || through < last {
			last, ok = through, true
		}
	}
	return last, ok
}

// lastMonths yields the last month of every series of statements: files of one
// kind that speak for the same partner continue each other.
func (c Coverage) lastMonths(take func(*Source) bool) map[kizuna.Month]bool {
	type series struct{ kind, source string }
	last := make(map[series]kizuna.Month)
	for i := range c.sources {
		s := &c.sources[i]
		if len(s.Months) == 0 || !take(s) {
			continue
		}
		key := series{s.Kind, s.Source}
		if !s.Imported() {
			key.source = s.File
		}
		last[key] = max(last[key], s.Months[len(s.Months)-1])
	}
	months := make(map[kizuna.Month]bool)
	for _, m := range last {
		months[m] = true
	}
	return months
}
