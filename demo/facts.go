package demo

import (
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

func day(year int, month time.Month, day int) kizuna.Date { return kizuna.NewDate(year, month, day) }

func in(year int, month time.Month) kizuna.Month { return kizuna.NewMonth(year, month) }

func from(d kizuna.Date) kizuna.Interval {
	return kizuna.Interval{From: d.Instant(), To: kizuna.Forever}
}

func between(d, end kizuna.Date) kizuna.Interval {
	return kizuna.Interval{From: d.Instant(), To: end.Instant()}
}

// never is the time of what has no start: it never holds.
var never = kizuna.Interval{From: kizuna.Never, To: kizuna.Never}

func location(id, global, name string, since kizuna.Date) association.Location {
	return association.Location{ID: id, Global: global, Name: name, Country: "JP", During: from(since)}
}
