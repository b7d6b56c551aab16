package dataset

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/program"
)

// Coverage tells what a dataset's sources could hold; see score.Coverage.
type Coverage struct{ sources []Source }

// Coverage returns what the sources could hold.
func (d *Dataset) Coverage() Coverage { return Coverage{d.Sources} }

// Usage returns the last month that every source of the quantity for the family
// has rows of; false if no source could hold any.
func (c Coverage) Usage(q program.Quantity, family program.Family) (last kizuna.Month, ok bool) {
	want := intake.Coverage{Quantity: q, Family: family}
	for through := range c.lastMonths(func(s *Source) bool { return slices.Contains(s.Covers, want) }) {
		if !ok || through < last {
			last, ok = through, true
		}
	}
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
	var last kizuna.Month
	for through := range c.lastMonths(func(*Source) bool { return true }) {
		if !ok || through < last {
			last, ok = through, true
		}
	}
	return last.Add(1).Day(1), ok
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
