package partnercenter

import (
	"strconv"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
)

// parseMonth reads the months of reports: 2023-10, 2023-10-01, 20231001, 202310,
// 10/1/2023, any of these with a time behind it, October 2023 and FY24-Oct.
// With slashes the first of the month is asked for: else day and month could be
// taken for each other.
func parseMonth(s string) (kizuna.Month, bool) {
	if m, ok := namedMonth(s); ok {
		return m, true
	}
	s = withoutTime(s)
	if m, err := kizuna.ParseMonth(strings.ReplaceAll(s, "/", "-")); err == nil {
		return m, true
	}
	if len(s) == 6 {
		m, err := kizuna.ParseMonth(s[:4] + "-" + s[4:])
		return m, err == nil
	}
	day, ok := parseDay(s)
	if !ok || strings.Count(s, "/") == 2 && day != day.Month().Day(1) {
		return 0, false
	}
	return day.Month(), true
}

// parseDay reads the days of reports: 2023-10-20, 20231020, 10/20/2023 (the month
// first, as Partner Center writes it), 20 Oct 2023, with or without a time.
func parseDay(s string) (kizuna.Date, bool) {
	if d, err := time.Parse("2 Jan 2006", s); err == nil {
		return kizuna.NewDate(d.Date()), true
	}
	s = withoutTime(s)
	if len(s) == 8 && !strings.ContainsAny(s, "/-") {
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
	}
	if parts := strings.Split(s, "/"); len(parts) == 3 {
		if len(parts[0]) == 4 {
			s = parts[0] + "-" + twoDigits(parts[1]) + "-" + twoDigits(parts[2])
		} else {
			s = parts[2] + "-" + twoDigits(parts[0]) + "-" + twoDigits(parts[1])
		}
	}
	d, err := kizuna.ParseDate(s)
	return d, err == nil
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// withoutTime cuts a time of day off a date.
func withoutTime(s string) string {
	if i := strings.IndexAny(s, "T "); i >= 6 {
		return s[:i]
	}
	return s
}

// namedMonth reads October 2023, "Oct, 2023", Oct-2023, and the fiscal FY24-Oct,
// whose year begins in July of the year before.
func namedMonth(s string) (kizuna.Month, bool) {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '-' })
	if len(words) != 2 {
		return 0, false
	}
	if fy, ok := strings.CutPrefix(strings.ToUpper(words[0]), "FY"); ok {
		m, ok := monthName(words[1])
		year, err := strconv.Atoi(fy)
		if !ok || err != nil || year < 0 || year > 2100 || len(fy) > 4 {
			return 0, false
		}
		if year < 100 {
			year += 2000
		}
		if m >= time.July {
			year--
		}
		return kizuna.NewMonth(year, m), true
	}
	m, ok := monthName(words[0])
	year, err := strconv.Atoi(words[1])
	if !ok || err != nil || year < 1900 || year > 2100 {
		return 0, false
	}
	return kizuna.NewMonth(year, m), true
}

func monthName(s string) (time.Month, bool) {
	for m := time.January; m <= time.December; m++ {
		if name := m.String(); len(s) >= 3 && len(s) <= len(name) && strings.EqualFold(name[:len(s)], s) {
			return m, true
		}
	}
	return 0, false
}

// month reads the row's month into the row. Files repeat few of them.
func (in *input) month() (f fate, ok bool) {
	text := in.text(month)
	m, known := in.months[text]
	if !known {
		if m, ok = parseMonth(text); !ok {
			return in.refuse(month, kizuna.Errorf("partnercenter-month", "%s is not a month: %q", in.name(month), clip(text)).
				WithMend("write 2023-10, 2023-10-01, 20231001 or 10/1/2023")), false
		}
		if len(in.months) < 1000 {
			in.months[strings.Clone(text)] = m
		}
	}
	in.row.Month = m
	return kept, true
}

// whole reads a count into p; an empty cell leaves ok true and set false.
func (in *input) whole(f field, p *int64) (set bool, refused fate, ok bool) {
	text := in.text(f)
	if text == "" {
		return false, kept, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		// Some exports write counts with decimals: 12.0.
		m, err := kizuna.ParseMicro(text)
		if err != nil || m%kizuna.MicroPerUnit != 0 {
			return false, in.badNumber(f, text), false
		}
		n = int64(m / kizuna.MicroPerUnit)
	}
	if n < 0 {
		return false, in.badNumber(f, text), false
	}
	*p = n
	return true, kept, true
}

func (in *input) badNumber(f field, text string) fate {
	return in.refuse(f, kizuna.Errorf("partnercenter-number", "%s is not a number that can stand there: %q", in.name(f), clip(text)).
		WithMend("write 1234, without thousands separators; users and seats are whole"))
}

// money reads the row's revenue in dollars.
func (in *input) money() (amount *kizuna.Decimal, refused fate, ok bool) {
	text := in.text(revenue)
	if text == "" {
		return nil, kept, true
	}
	d, err := kizuna.ParseDecimal(text)
	if err != nil {
		return nil, in.badNumber(revenue, text), false
	}
	return &d, kept, true
}

func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
