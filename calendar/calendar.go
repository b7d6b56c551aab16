// Package calendar counts business days: every day but Saturdays, Sundays and a
// region's public holidays. Holidays are data with a first and a last day; beyond
// them there is no answer rather than a wrong one.
//
// Days are UTC days, as everywhere in Kizuna; a region only says which of them are
// days of work.
package calendar

import (
	"embed"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
)

//go:embed regions/*.txt
var files embed.FS

// Calendar knows the business days of a region. It is safe for concurrent use.
type Calendar struct {
	Region      string
	First, Last kizuna.Date // the days that it knows
	holidays    map[kizuna.Date]string
}

// Regions lists the regions that have a calendar, by ISO 3166 code.
func Regions() []string { return []string{"JP", "US"} }

// For returns a region's calendar. The error "calendar-region" names those that
// there are.
func For(region string) (*Calendar, error) {
	name := "regions/" + region + ".txt"
	data, err := files.ReadFile(name)
	if err != nil {
		return nil, kizuna.Errorf("calendar-region", "there is no calendar of %q", region).
			WithMend("name one of: %s", strings.Join(Regions(), ", "))
	}
	return parse(region, name, string(data))
}

// parse reads lines "DAY NAME", and "from DAY" and "to DAY" for what the file
// covers; # begins a comment.
func parse(region, file, text string) (*Calendar, error) {
	c := &Calendar{Region: region, holidays: make(map[kizuna.Date]string)}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		day := word
		if word == "from" || word == "to" {
			day = rest
		}
		d, err := kizuna.ParseDate(day)
		if err != nil {
			return nil, kizuna.Errorf("calendar-line", "%q is no line of a calendar", line).
				WithMend("write 2023-01-02 NAME, from 2021-01-01 or to 2030-12-31").WithCause(err).
				WithRef(kizuna.Ref{File: file, Line: n, Column: 1})
		}
		switch word {
		case "from":
			c.First = d
		case "to":
			c.Last = d
		default:
			c.holidays[d] = rest
		}
	}
	return c, nil
}

// Holiday returns the name of the public holiday on that day, "" if it is none.
func (c *Calendar) Holiday(d kizuna.Date) string { return c.holidays[d] }

// Business reports whether the day is a day of work. The error is "calendar-range".
func (c *Calendar) Business(d kizuna.Date) (bool, error) {
	if d < c.First || d > c.Last {
		return false, kizuna.Errorf("calendar-range", "the calendar of %s does not know %s", c.Region, d).
			WithMend("it runs from %s to %s: add the holidays of further years to its file, or count in plain days", c.First, c.Last)
	}
	weekday := d.Time().Weekday()
	return weekday != time.Saturday && weekday != time.Sunday && c.holidays[d] == "", nil
}

// AddBusinessDays returns the nth business day after the day, which itself does
// not count: one business day after a Friday, a Saturday or a Sunday is Monday. 0
// is the day itself. The error is "calendar-range".
func (c *Calendar) AddBusinessDays(d kizuna.Date, n int) (kizuna.Date, error) {
	for n > 0 {
		d++
		business, err := c.Business(d)
		if err != nil {
			return 0, err
		}
		if business {
			n--
		}
	}
	return d, nil
}
