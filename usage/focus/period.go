package focus

import (
	"github.com/kizuna-org/kizuna"
)

// period is the day or the month that a row is for.
type period struct {
	month kizuna.Month
	day   kizuna.Date
	daily bool
}

// newPeriod takes a charge period, its end exclusive. Within a day it is that day,
// within a month that month: so a bill by the hour and one by the day agree.
func newPeriod(from, to kizuna.Instant) (period, *kizuna.Error) {
	if to <= from {
		return period{}, kizuna.Errorf("focus-period-empty", "the charge period from %v ends at %v", from, to).
			WithMend("ChargePeriodEnd is the first instant behind the period")
	}
	day := from.Date()
	p := period{month: day.Month(), day: day, daily: to <= day.AddDays(1).Instant()}
	if !p.daily && to > p.month.Interval().To {
		return period{}, kizuna.Errorf("focus-period", "the charge period from %v to %v is no part of one month", from, to).
			WithMend("export the bill by day or by month")
	}
	return p, nil
}

// parseTime reads the instants of bills: 2024-09-01, 2024-09-01T00:00:00Z,
// 2024-09-01 00:00:00, with or without seconds, fractions and offset. Without an
// offset they are UTC.
func parseTime(s string) (kizuna.Instant, bool) {
	if len(s) < 10 {
		return 0, false
	}
	day, err := kizuna.ParseDate(s[:10])
	if err != nil {
		return 0, false
	}
	at, rest := day.Instant(), s[10:]
	if rest == "" {
		return at, true
	}
	if rest[0] != 'T' && rest[0] != ' ' && rest[0] != 't' {
		return 0, false
	}
	hours, minutes, rest, ok := clock(rest[1:])
	if !ok || hours > 23 || minutes > 59 {
		return 0, false
	}
	at += kizuna.Instant(hours*3600 + minutes*60)
	if len(rest) >= 3 && rest[0] == ':' {
		seconds, ok := twoDigits(rest[1:])
		if !ok || seconds > 59 {
			return 0, false
		}
		at, rest = at+kizuna.Instant(seconds), rest[3:]
		if rest != "" && rest[0] == '.' {
			rest = rest[1:]
			for rest != "" && rest[0]-'0' <= 9 {
				rest = rest[1:]
			}
		}
	}
	switch rest {
	case "", "Z", "z", " UTC":
		return at, true
	}
	if rest[0] != '+' && rest[0] != '-' {
		return 0, false
	}
	hours, minutes, tail, ok := clock(rest[1:])
	if !ok || tail != "" || hours > 14 || minutes > 59 {
		return 0, false
	}
	offset := kizuna.Instant(hours*3600 + minutes*60)
	if rest[0] == '-' {
		offset = -offset
	}
	return at - offset, true
}

// clock reads HH:MM.
func clock(s string) (hours, minutes int, rest string, ok bool) {
	if len(s) < 5 || s[2] != ':' {
		return 0, 0, "", false
	}
	hours, ok1 := twoDigits(s)
	minutes, ok2 := twoDigits(s[3:])
	return hours, minutes, s[5:], ok1 && ok2
}

func twoDigits(s string) (int, bool) {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}
