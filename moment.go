package kizuna

import "time"

// Moment is an instant in microseconds since 1970-01-01T00:00:00Z: the grain in
// which the system of record says when something became known. What is true in
// the world is dated by [Instant].
type Moment int64

const microsPerSecond = 1_000_000

// MomentOf returns the moment of a clock's time.
func MomentOf(t time.Time) Moment { return Moment(t.UnixMicro()) }

// ParseMoment reads a moment written 2023-10-20T08:00:00.000001Z (any RFC 3339
// offset) or a date, which means its 00:00:00 UTC.
func ParseMoment(s string) (Moment, error) {
	if len(s) == 10 {
		d, err := ParseDate(s)
		return d.Instant().Moment(), err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, Errorf("moment", "%q is neither a date nor a moment", s).
			WithMend("write 2023-10-20 or 2023-10-20T08:00:00.000001Z")
	}
	return MomentOf(t), nil
}

// Moment returns the instant in microseconds.
func (t Instant) Moment() Moment { return Moment(t) * microsPerSecond }

// Instant returns the second that the moment lies in.
func (m Moment) Instant() Instant { return Instant(floorDiv(int64(m), microsPerSecond)) }

// String writes the moment as 2023-10-20T08:00:00.000001Z.
func (m Moment) String() string {
	return time.UnixMicro(int64(m)).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// MarshalText writes the moment as [Moment.String] does.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what [ParseMoment] reads.
func (m *Moment) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMoment(string(b))
	return err
}
