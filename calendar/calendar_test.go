package calendar

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func of(t testing.TB, region string) *Calendar {
	t.Helper()
	c, err := For(region)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(t testing.TB, s string) kizuna.Date {
	t.Helper()
	d, err := kizuna.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestKnownHolidays(t *testing.T) {
	for _, tt := range []struct{ region, day, name string }{
		{"JP", "2021-07-22", "Marine Day"}, // moved for the Olympics
		{"JP", "2021-07-19", ""},
		{"JP", "2021-08-09", "Substitute"},
		{"JP", "2023-01-02", "Substitute"},
		{"JP", "2023-05-04", "Greenery"},
		{"JP", "2024-05-06", "Substitute"}, // Children's Day on a Sunday
		{"JP", "2025-05-06", "Substitute"}, // Greenery Day on a Sunday, Monday taken: Tuesday
		{"JP", "2026-09-22", "Citizens' holiday"},
		{"JP", "2023-09-23", "Autumnal"},
		{"JP", "2024-09-22", "Autumnal"},
		{"JP", "2023-12-29", ""}, // offices close, the law does not
		{"US", "2021-06-18", "Juneteenth"},
		{"US", "2021-12-31", "New Year's Day (observed)"}, // that of 2022, a Saturday
		{"US", "2022-11-24", "Thanksgiving"},
		{"US", "2022-11-25", ""},
		{"US", "2023-11-10", "Veterans Day (observed)"},
		{"US", "2023-01-02", "New Year's Day (observed)"},
	} {
		got := of(t, tt.region).Holiday(day(t, tt.day))
		if !strings.Contains(got, tt.name) || (got == "") != (tt.name == "") {
			t.Errorf("%s %s: %q, want %q", tt.region, tt.day, got, tt.name)
		}
	}
}

// The listed days against the laws, computed: a slip of either shows.
func TestTheListsAreWhatTheLawsSay(t *testing.T) {
	for region, law := range map[string]func(year int) map[kizuna.Date]bool{"JP": japan, "US": unitedStates} {
		c := of(t, region)
		want := make(map[kizuna.Date]bool)
		for year := 2021; year <= 2031; year++ { // 2031 may be observed in 2030
			for d := range law(year) {
				if d >= c.First && d <= c.Last {
					want[d] = true
				}
			}
		}
		for d := range want {
			if c.Holiday(d) == "" {
				t.Errorf("%s lacks %s", region, d)
			}
		}
		for d := range c.holidays {
			if !want[d] {
				t.Errorf("%s has %s, %s", region, d, c.Holiday(d))
			}
		}
	}
}

// nth returns the nth such weekday of a month; the last one if n is 0.
func nth(year int, month time.Month, weekday time.Weekday, n int) kizuna.Date {
	if n == 0 {
		return nth(year, month+1, weekday, 1) - 7
	}
	first := kizuna.NewDate(year, month, 1)
	return first.AddDays(int(weekday-first.Time().Weekday()+7)%7 + 7*(n-1))
}

func japan(year int) map[kizuna.Date]bool {
	leap := float64((year - 1980) / 4)
	equinox := func(month time.Month, base float64) kizuna.Date {
		return kizuna.NewDate(year, month, int(math.Floor(base+0.242194*float64(year-1980)-leap)))
	}
	marine, mountain, sports := nth(year, 7, time.Monday, 3), kizuna.NewDate(year, 8, 11), nth(year, 10, time.Monday, 2)
	if year == 2021 {
		marine, mountain, sports = kizuna.NewDate(2021, 7, 22), kizuna.NewDate(2021, 8, 8), kizuna.NewDate(2021, 7, 23)
	}
	days := map[kizuna.Date]bool{
		kizuna.NewDate(year, 1, 1): true, nth(year, 1, time.Monday, 2): true, kizuna.NewDate(year, 2, 11): true,
		kizuna.NewDate(year, 2, 23): true, equinox(3, 20.8431): true, kizuna.NewDate(year, 4, 29): true,
		kizuna.NewDate(year, 5, 3): true, kizuna.NewDate(year, 5, 4): true, kizuna.NewDate(year, 5, 5): true,
		marine: true, mountain: true, nth(year, 9, time.Monday, 3): true, equinox(9, 23.2488): true, sports: true,
		kizuna.NewDate(year, 11, 3): true, kizuna.NewDate(year, 11, 23): true,
	}
	named := make([]kizuna.Date, 0, len(days))
	for d := range days {
		named = append(named, d)
	}
	for _, d := range named {
		if days[d+2] && !days[d+1] { // the citizens' holiday; it is no Sunday in these years
			days[d+1] = true
		}
		if d.Time().Weekday() == time.Sunday {
			for d++; days[d]; d++ {
			}
			days[d] = true
		}
	}
	return days
}

func unitedStates(year int) map[kizuna.Date]bool {
	days := map[kizuna.Date]bool{
		nth(year, 1, time.Monday, 3): true, nth(year, 2, time.Monday, 3): true, nth(year, 5, time.Monday, 0): true,
		nth(year, 9, time.Monday, 1): true, nth(year, 10, time.Monday, 2): true, nth(year, 11, time.Thursday, 4): true,
	}
	for _, d := range []kizuna.Date{
		kizuna.NewDate(year, 1, 1), kizuna.NewDate(year, 6, 19), kizuna.NewDate(year, 7, 4),
		kizuna.NewDate(year, 11, 11), kizuna.NewDate(year, 12, 25),
	} {
		days[d] = true
		switch d.Time().Weekday() {
		case time.Saturday:
			days[d-1] = true
		case time.Sunday:
			days[d+1] = true
		}
	}
	return days
}

func TestBusinessDaysPassOverHolidays(t *testing.T) {
	for _, tt := range []struct {
		region, from string
		n            int
		want         string
	}{
		{"JP", "2024-04-26", 5, "2024-05-08"}, // Golden Week: 29 April, 3 to 6 May
		{"US", "2024-04-26", 5, "2024-05-03"},
		{"JP", "2023-04-28", 14, "2023-05-23"},
		{"US", "2023-11-20", 5, "2023-11-28"}, // Thanksgiving on the 23rd
		{"JP", "2023-11-20", 5, "2023-11-28"}, // Labor Thanksgiving, by chance the same day
		{"US", "2022-11-21", 5, "2022-11-29"},
		{"JP", "2022-11-21", 5, "2022-11-29"},
		{"JP", "2026-09-18", 1, "2026-09-24"}, // three holidays after a weekend
		{"US", "2023-09-16", 1, "2023-09-18"}, // from a Saturday
		{"US", "2023-09-16", 0, "2023-09-16"},
	} {
		got, err := of(t, tt.region).AddBusinessDays(day(t, tt.from), tt.n)
		if err != nil || got != day(t, tt.want) {
			t.Errorf("%s: %d after %s: %s, %v; want %s", tt.region, tt.n, tt.from, got, err, tt.want)
		}
	}
}

func TestThereIsNoAnswerBeyondTheData(t *testing.T) {
	c := of(t, "JP")
	for _, from := range []string{"2030-12-25", "2019-01-01"} {
		if _, err := c.AddBusinessDays(day(t, from), 10); kizuna.CodeOf(err) != "calendar-range" || !strings.Contains(err.Error(), "2030-12-31") {
			t.Errorf("%s: %v", from, err)
		}
	}
	if _, err := For("XX"); kizuna.CodeOf(err) != "calendar-region" {
		t.Errorf("got %v", err)
	}
	if _, err := parse("XX", "XX.txt", "from 2021-01-01\nsoon a holiday\n"); kizuna.CodeOf(err) != "calendar-line" || !strings.HasPrefix(err.Error(), "XX.txt:2:1:") {
		t.Errorf("got %v", err)
	}
}

func TestEveryRegionHasItsCalendar(t *testing.T) {
	for _, region := range Regions() {
		if c := of(t, region); c.First == 0 || c.Last <= c.First || len(c.holidays) == 0 {
			t.Errorf("%s: %+v", region, c)
		}
	}
	if listed, _ := files.ReadDir("regions"); len(listed) != len(Regions()) {
		t.Errorf("%d files, %d regions", len(listed), len(Regions()))
	}
}

func TestBusinessDaysAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := For(rapid.SampledFrom(Regions()).Draw(t, "region"))
		if err != nil {
			t.Fatal(err)
		}
		from := c.First.AddDays(rapid.IntRange(0, 3500).Draw(t, "from"))
		m, n := rapid.IntRange(0, 20).Draw(t, "m"), rapid.IntRange(1, 20).Draw(t, "n")
		between, err1 := c.AddBusinessDays(from, m)
		twice, err2 := c.AddBusinessDays(between, n)
		once, err3 := c.AddBusinessDays(from, m+n)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		if business, _ := c.Business(once); once != twice || !business {
			t.Errorf("%s: %d and %d after %s: %s, %s", c.Region, m, n, from, twice, once)
		}
	})
}
