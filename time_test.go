package kizuna_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func TestDatesAndMonthsAgreeWithTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := kizuna.Date(rapid.IntRange(-100_000, 100_000).Draw(t, "day"))
		clock := d.Time()
		if got := kizuna.NewDate(clock.Date()); got != d {
			t.Fatalf("%s is read back as %s", d, got)
		}
		if y := clock.Year(); y >= 0 && y <= 9999 {
			if got, err := kizuna.ParseDate(d.String()); err != nil || got != d {
				t.Fatalf("%s is parsed as %s: %v", d, got, err)
			}
		}
		m := d.Month()
		if !m.Interval().Contains(d.Instant()) || m.Interval().Contains(m.Add(1).Day(1).Instant()) {
			t.Fatalf("%s is not in %s", d, m)
		}
		if last := time.Date(clock.Year(), clock.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day(); m.Days() != last {
			t.Fatalf("%s has %d days, want %d", m, m.Days(), last)
		}
	})
}

func TestNoSuchDatesAreRefused(t *testing.T) {
	for _, s := range []string{"2023-02-29", "2023-13-01", "2023-00-10", "2023-1-01", "20231001", "", "2023-10-0x"} {
		if d, err := kizuna.ParseDate(s); err == nil {
			t.Errorf("%q is read as %s", s, d)
		}
	}
	if _, err := kizuna.ParseDate("2024-02-29"); err != nil {
		t.Error(err)
	}
}

func TestAddingMonthsKeepsTheDayOrTakesTheLast(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{{"2024-01-31", 1, "2024-02-29"}, {"2023-08-15", -5, "2023-03-15"}, {"2023-12-31", 2, "2024-02-29"}, {"2023-03-31", -12, "2022-03-31"}} {
		d, err := kizuna.ParseDate(c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.AddMonths(c.months).String(); got != c.want {
			t.Errorf("%s and %d months is %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

func TestUnionsHoldTheInstantsOfTheirParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []kizuna.Interval
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			from := kizuna.Instant(rapid.IntRange(0, 30).Draw(t, "from"))
			parts = append(parts, kizuna.Interval{From: from, To: from + kizuna.Instant(rapid.IntRange(-2, 9).Draw(t, "length"))})
		}
		original := append([]kizuna.Interval(nil), parts...)
		union := kizuna.Union(parts)
		var seconds int64
		for at := kizuna.Instant(-1); at < 45; at++ {
			want := false
			for _, p := range original {
				want = want || p.Contains(at)
			}
			if union.Contains(at) != want {
				t.Fatalf("at %d the union of %v says %v", at, original, !want)
			}
			if want {
				seconds++
			}
		}
		if got := union.Covered(kizuna.Always); got != seconds {
			t.Fatalf("%v covers %d seconds, want %d", union, got, seconds)
		}
	})
}

func TestIntervalsSurviveJSON(t *testing.T) {
	noon := kizuna.NewDate(2023, 10, 20).Instant() + 12*60*60
	for _, want := range []kizuna.Interval{kizuna.Always, {From: kizuna.Never, To: noon}, {From: noon, To: kizuna.Forever}, {From: noon, To: noon + 1}} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got kizuna.Interval
		if err := json.Unmarshal(data, &got); err != nil || got != want {
			t.Errorf("%s: %v, %v", data, got, err)
		}
	}
}

// The calendar is that of package time, over eight hundred years and at their ends.
func TestDatesAreThoseOfTheCalendar(t *testing.T) {
	for day := time.Date(1599, 12, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2401; day = day.AddDate(0, 0, 1) {
		d := kizuna.Date(day.Unix() / 86400)
		if day.Unix() < 0 {
			d = kizuna.Date((day.Unix() - 86399) / 86400)
		}
		year, month, dd := day.Date()
		m := d.Month()
		if m != kizuna.NewMonth(year, month) || m.Day(dd) != d || kizuna.NewDate(year, month, dd) != d || d.String() != day.Format(time.DateOnly) {
			t.Fatalf("%s is %s, day %d of %s", day, d, dd, m)
		}
	}
}
