package program

import (
	"fmt"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Qualification says in which days a qualifying score is looked for.
type Qualification struct {
	NotEnrolled DayRange // ends on the day of the question
	Enrolled    DayRange // ends around the anniversary
	EnrolWithin int      // days after qualifying
	Provenance  Provenance
}

// DayRange is a window of days around an anchor: the day of the question, or the
// anniversary.
type DayRange struct {
	From, To DayRule
}

// DayRule finds a day from an anchor: Months later, then the first or last day of
// that month if Edge says so, then Days later.
type DayRule struct {
	Months int
	Edge   Edge
	Days   int
}

// Edge moves a day to the first or the last of its month.
type Edge string

// The edges.
const (
	SameDay      Edge = ""
	FirstOfMonth Edge = "first_of_month"
	LastOfMonth  Edge = "last_of_month"
)

// Day returns the day that the rule finds.
func (r DayRule) Day(anchor kizuna.Date) kizuna.Date {
	d := anchor.AddMonths(r.Months)
	switch r.Edge {
	case FirstOfMonth:
		d = d.Month().Day(1)
	case LastOfMonth:
		d = d.Month().Day(d.Month().Days())
	}
	return d.AddDays(r.Days)
}

// Days returns the window's first and last day.
func (w DayRange) Days(anchor kizuna.Date) (first, last kizuna.Date) {
	return w.From.Day(anchor), w.To.Day(anchor)
}

// String writes the rule: "-5 months, first_of_month", "+30 days", "same day".
func (r DayRule) String() string {
	var parts []string
	if r.Months != 0 {
		parts = append(parts, fmt.Sprintf("%+d months", r.Months))
	}
	if r.Edge != SameDay {
		parts = append(parts, string(r.Edge))
	}
	if r.Days != 0 {
		parts = append(parts, fmt.Sprintf("%+d days", r.Days))
	}
	if len(parts) == 0 {
		return "same day"
	}
	return strings.Join(parts, ", ")
}

// String writes both ends: "-5 months to same day".
func (w DayRange) String() string { return w.From.String() + " to " + w.To.String() }
