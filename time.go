package kizuna

import (
	"fmt"
	"math"
	"time"
)

// Instant is a moment in seconds since 1970-01-01T00:00:00Z. Seconds are the
// grain in which covered time is measured.
type Instant int64

// The open ends of time: an interval without an end runs to Forever.
const (
	Never   Instant = math.MinInt64
	Forever Instant = math.MaxInt64
)

const secondsPerDay = 24 * 60 * 60

// Date is a calendar day in UTC, counted in days since 1970-01-01. Where an
// instant is wanted a date means its 00:00:00 UTC.
type Date int32

// Month is a calendar month: 12 times the year plus the month from 0 to 11.
type Month int32

// NewDate returns the given day; out-of-range values are normalized as
// [time.Date] does.
func NewDate(year int, month time.Month, day int) Date {
	return Date(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay))
}

// ParseDate reads a date written 2023-10-20.
func ParseDate(s string) (Date, error) {
	if year, month, day, ok := splitDate(s); ok {
		d := NewDate(year, time.Month(month), day)
		if y, m, dd := d.civil(); y == year && int(m) == month && dd == day {
			return d, nil
		}
	}
	return 0, Errorf("date", "%q is not a date", s).WithMend("write dates as 2023-10-20")
}

// splitDate reads the digits of YYYY-MM-DD; it does not check the calendar.
func splitDate(s string) (year, month, day int, ok bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:])
	return year, month, day, ok1 && ok2 && ok3
}

func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// civil returns year, month and day. It counts in years that begin in March, so that a
// leap day is a year's last.
func (d Date) civil() (int, time.Month, int) {
	days := int64(d) + daysToEpoch
	era := floorDiv(days, daysPerEra)
	day := days - era*daysPerEra // of the era, of 400 years
	year := (day - day/1460 + day/36524 - day/146096) / 365
	day -= 365*year + year/4 - year/100 // of the year
	month := (5*day + 2) / 153
	day -= (153*month + 2) / 5
	year += era * 400
	if month += 3; month > 12 {
		year, month = year+1, month-12
	}
	return int(year), time.Month(month), int(day) + 1
}

const (
	daysPerEra  = 146_097 // 400 years
	daysToEpoch = 719_468 // from March 1st of year 0 to 1970-01-01
)

// Time returns the date's 00:00:00 UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// Instant returns the date's 00:00:00 UTC.
func (d Date) Instant() Instant { return Instant(d) * secondsPerDay }

// Month returns the month that the date lies in.
func (d Date) Month() Month {
	y, m, _ := d.civil()
	return NewMonth(y, m)
}

// AddDays returns the date n days later (earlier if n is negative).
func (d Date) AddDays(n int) Date { return d + Date(n) }

// AddMonths returns the same day n months later, or that month's last day where
// it has no such day.
func (d Date) AddMonths(n int) Date {
	year, month, day := d.civil()
	m := NewMonth(year, month).Add(n)
	if day > 28 { // every month has so many
		day = min(day, m.Days())
	}
	return m.Day(day)
}

// String writes the date as 2023-10-20.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText writes the date as 2023-10-20.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date written 2023-10-20.
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// NewMonth returns the given month.
func NewMonth(year int, month time.Month) Month { return Month(year*12 + int(month) - 1) }

// ParseMonth reads a month written 2023-10.
func ParseMonth(s string) (Month, error) {
	if len(s) == 7 && s[4] == '-' {
		year, ok1 := digits(s[:4])
		month, ok2 := digits(s[5:])
		if ok1 && ok2 && month >= 1 && month <= 12 {
			return NewMonth(year, time.Month(month)), nil
		}
	}
	return 0, Errorf("month", "%q is not a month", s).WithMend("write months as 2023-10")
}

// Add returns the month n months later (earlier if n is negative).
func (m Month) Add(n int) Month { return m + Month(n) }

// Day returns the month's day, 1 being the first. Days beyond the month are those of
// the months around it.
func (m Month) Day(day int) Date {
	months := int64(m) - 2 // of years that begin in March
	year := floorDiv(months, 12)
	month := months - year*12
	era := floorDiv(year, 400)
	year -= era * 400
	days := era*daysPerEra + 365*year + year/4 - year/100 + (153*month+2)/5
	return Date(days - daysToEpoch + int64(day) - 1)
}

// Days returns how many days the month has.
func (m Month) Days() int { return int(m.Add(1).Day(1) - m.Day(1)) }

// Interval returns the whole month.
func (m Month) Interval() Interval {
	return Interval{From: m.Day(1).Instant(), To: m.Add(1).Day(1).Instant()}
}

// String writes the month as 2023-10.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

// MarshalText writes the month as 2023-10.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a month written 2023-10.
func (m *Month) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMonth(string(b))
	return err
}

// ParseInstant reads an instant written 2023-10-20T08:00:00Z (any RFC 3339
// offset) or a date, which means its 00:00:00 UTC.
func ParseInstant(s string) (Instant, error) {
	if len(s) == 10 {
		d, err := ParseDate(s)
		return d.Instant(), err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, Errorf("instant", "%q is neither a date nor an instant", s).
			WithMend("write 2023-10-20 or 2023-10-20T08:00:00Z")
	}
	return Instant(t.Unix()), nil
}

// Date returns the UTC day that the instant lies in.
func (t Instant) Date() Date { return Date(floorDiv(int64(t), secondsPerDay)) }

// String writes a midnight as a date, anything else as 2023-10-20T08:00:00Z, and
// the open ends of time as the empty string, as the plain tables do.
func (t Instant) String() string {
	switch {
	case t == Never || t == Forever:
		return ""
	case int64(t)%secondsPerDay == 0:
		return t.Date().String()
	}
	return time.Unix(int64(t), 0).UTC().Format(time.RFC3339)
}

// MarshalText writes the instant as [Instant.String] does.
func (t Instant) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what [ParseInstant] reads. The open ends of time have no
// text of their own: only an [Interval] knows which end an empty one is.
func (t *Instant) UnmarshalText(b []byte) (err error) {
	*t, err = ParseInstant(string(b))
	return err
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
