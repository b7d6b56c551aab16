package pal

import (
	"time"

	"github.com/kizuna-org/kizuna"
)

const ticksPerSecond = 10_000_000

// Stamp is a moment as finely as the interface tells it: in units of 100 ns since
// 1970-01-01T00:00:00Z.
type Stamp int64

// NewStamp returns the moment some units of 100 ns after an instant.
func NewStamp(at kizuna.Instant, ticks int64) Stamp { return Stamp(int64(at)*ticksPerSecond + ticks) }

// ParseStamp reads an RFC 3339 time; what is finer than 100 ns is cut off.
func ParseStamp(text string) (Stamp, error) {
	t, err := time.Parse(time.RFC3339, text)
	if year := t.UTC().Year(); err != nil || year < 0 || year > 9999 { // an offset may lead out of what can be written
		return 0, kizuna.Errorf("pal-time", "%q is not a time", text).WithMend("write 2018-02-11T22:18:03.2858169Z")
	}
	return NewStamp(kizuna.Instant(t.Unix()), int64(t.Nanosecond()/100)), nil
}

// Split returns the second that the moment lies in, and how far into it.
func (s Stamp) Split() (kizuna.Instant, int64) {
	second, ticks := int64(s)/ticksPerSecond, int64(s)%ticksPerSecond
	if ticks < 0 {
		second, ticks = second-1, ticks+ticksPerSecond
	}
	return kizuna.Instant(second), ticks
}

// String writes up to seven decimals, as the interface does.
func (s Stamp) String() string {
	at, ticks := s.Split()
	return time.Unix(int64(at), ticks*100).UTC().Format(time.RFC3339Nano)
}

// MarshalText writes the moment as [Stamp.String] does.
func (s Stamp) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseStamp] reads.
func (s *Stamp) UnmarshalText(b []byte) (err error) {
	*s, err = ParseStamp(string(b))
	return err
}
