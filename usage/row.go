// Package usage holds what customers consumed: the rows of bills and exports.
package usage

import "github.com/kizuna-org/kizuna"

// Row is one line of usage (usage.csv): what a tenant consumed of a workload in a
// month or on a day.
type Row struct {
	Month        kizuna.Month
	Day          *kizuna.Date // set if the row's period is a day
	Tenant       string
	Subscription string
	Scope        string
	Workload     string
	OfferType    string
	Channel      string

	Currency string          // "" is dollars
	Revenue  *kizuna.Decimal // consumed revenue in Currency; nil: the row carries none

	// A month's row with any of these is a snapshot. Nil is an empty cell.
	ActiveUsers *int64
	PaidSeats   *int64
	Units       *kizuna.Micro

	Asserted Asserted
	At       kizuna.Ref
	// Lines is how many lines of the source file were added up in this row, the
	// first of them at At; 0 means 1.
	Lines int

	// Lasting says that the texts are in memory of their own, not parts of a longer
	// text: who keeps the row may keep them as they are.
	Lasting bool
}

// Lines names lines of one file, as ranges: "2-5 9".
type Lines struct {
	File  string `json:"file"`
	Lines string `json:"lines"`
}

// Period returns the stretch of time that the row is about.
func (r *Row) Period() kizuna.Interval {
	if r.Day != nil {
		return kizuna.Interval{From: r.Day.Instant(), To: r.Day.AddDays(1).Instant()}
	}
	return r.Month.Interval()
}

// Asserted is the vendor's own attribution that a row of an export carries.
type Asserted struct {
	SourceRow string // tells rows apart that are one usage row asserted several times
	Location  string
	Type      string // an association type's short name: PAL, DPOR, CSP-T1, CSP-T2, CPOR-OSU, TPOR
	// Duplicate flags: false keeps the row for the level. Nil: the file has none.
	DuplicateForAccount  *bool // company total (PGA)
	DuplicateForType     *bool // company by type
	DuplicateForLocation *bool // location total
}

// Rate is what one unit of a currency was worth in a month (exchange_rates.csv).
type Rate struct {
	Currency string
	Month    kizuna.Month
	USD      kizuna.Decimal
	At       kizuna.Ref
}
