package kizuna

import "time"

// Moment is when something was recorded: microseconds since
// 1970-01-01T00:00:00Z, the finest grain that every store keeps.
type Moment int64

const (
	microsPerSecond = 1_000_000
	momentLayout    = "2006-01-02T15:04:05.000000Z07:00"
)

// MomentOf returns the moment that t lies in.
func MomentOf(t time.Time) Moment { return Moment(t.UnixMicro()) }

// ParseMoment reads a moment written 2023-10-20T08:00:00.000001Z (any RFC 3339
// offset, at most six decimals) or a date, which means its 00:00:00 UTC.
func ParseMoment(s string) (Moment, error) {
	if len(s) == len(time.DateOnly) {
		d, err := ParseDate(s)
		return Moment(d.Instant()) * microsPerSecond, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Nanosecond()%1000 != 0 || !inCalendar(t.UTC()) {
		return 0, Errorf("moment", "%q is neither a date nor a moment", s).
			WithMend("write 2023-10-20, 2023-10-20T08:00:00Z or 2023-10-20T08:00:00.000001Z")
	}
	return MomentOf(t), nil
}

// inCalendar reports whether RFC 3339 can write the year.
func inCalendar(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// Time returns the moment in UTC.
func (m Moment) Time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// Instant returns the second that the moment lies in.
func (m Moment) Instant() Instant { return Instant(floorDiv(int64(m), microsPerSecond)) }

// String writes the moment as 2023-10-20T08:00:00.000001Z.
func (m Moment) String() string { return m.Time().Format(momentLayout) }

// MarshalText writes the moment as [Moment.String] does; the years from 0 to
// 9999 have a text that can be read back.
func (m Moment) MarshalText() ([]byte, error) {
	if !inCalendar(m.Time()) {
		return nil, Errorf("moment-range", "%d microseconds since 1970 lie outside the years 0 to 9999", int64(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads what [ParseMoment] reads.
func (m *Moment) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMoment(string(b))
	return err
}
