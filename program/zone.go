package program

import (
	"time"
	_ "time/tzdata" // a zone means the same where the system knows none

	"github.com/kizuna-org/kizuna"
)

// Zone is the time zone in which a program counts its days. The zero Zone is UTC.
type Zone struct {
	name     string
	location *time.Location // nil: UTC
}

// ParseZone reads the name of a zone: "UTC", "Asia/Tokyo".
func ParseZone(name string) (Zone, error) {
	// "" and "Local" are whatever the machine is set to: no name that a program can give.
	if name != "" && name != "Local" {
		switch location, err := time.LoadLocation(name); {
		case err == nil && location == time.UTC:
			return Zone{name: name}, nil
		case err == nil:
			return Zone{name, location}, nil
		}
	}
	return Zone{}, kizuna.Errorf("program-zone", "%q is no time zone", clip(name)).
		WithMend("write its name in the time zone database: UTC, Asia/Tokyo, America/Los_Angeles")
}

// String returns the zone's name.
func (z Zone) String() string {
	if z.name == "" {
		return "UTC"
	}
	return z.name
}

// MarshalText writes the zone's name.
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// Date returns the day that it is in the zone at the instant.
func (z Zone) Date(at kizuna.Instant) kizuna.Date {
	if z.location == nil {
		return at.Date()
	}
	year, month, day := at.Moment().Time().In(z.location).Date()
	return kizuna.NewDate(year, month, day)
}

// Start returns the first instant of the day in the zone.
func (z Zone) Start(d kizuna.Date) kizuna.Instant {
	if z.location == nil {
		return d.Instant()
	}
	year, month, day := d.Time().Date()
	start := kizuna.Instant(time.Date(year, month, day, 0, 0, 0, 0, z.location).Unix())
	// Where clocks are put forward at midnight the day begins later, and the zone's
	// own answer may still lie in the day before.
	for z.Date(start) < d {
		start += 3600
	}
	// Where they are put back past midnight the day has begun before.
	if z.Date(start-3600) == d {
		start -= 3600
	}
	return start
}
