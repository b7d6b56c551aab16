package usage

import "github.com/kizuna-org/kizuna"

// Coded is a row of a ledger whose texts are numbers, for [Ledger.Text]: equal texts
// have equal numbers, and 0 is the empty one. Those of some thousand rows are had
// faster than the rows.
type Coded struct {
	Month                                     kizuna.Month
	Day                                       *kizuna.Date
	Tenant                                    uint32 // without case
	TenantWritten, Subscription, Scope        uint32 // as the first row spelled them
	Workload, OfferType, Channel, Currency    uint32
	SourceRow, AssertedLocation, AssertedType uint32
	File                                      uint32
	Line, Column, Lines                       uint32
	Duplicates                                [3]*bool // for the account, the type, the location
	Revenue                                   *kizuna.Decimal
	ActiveUsers, PaidSeats                    *int64
	Units                                     *kizuna.Micro
}

// Text returns the text that a number of a [Coded] row stands for.
func (l *Ledger) Text(n uint32) string { return l.symbols.texts[n] }

// Coded writes the rows at the positions into rows, which has their length. What its
// pointers point to belongs to the ledger: it must not be changed.
func (l *Ledger) Coded(positions []int32, rows []Coded) {
	for i, position := range positions {
		e := l.at(int(position))
		k, d := &e.key, &e.data
		row := &rows[i]
		*row = Coded{
			Month:  k.month,
			Tenant: k.tenant, TenantWritten: d.tenant, Subscription: d.subscription, Scope: d.scope,
			Workload: k.workload, OfferType: k.offer, Channel: k.channel, Currency: k.currency,
			SourceRow: k.sourceRow, AssertedLocation: k.assertedLocation, AssertedType: k.assertedAs,
			File: d.file, Line: d.line, Column: d.column, Lines: d.lines,
		}
		if k.day != noDay {
			row.Day = &k.day
		}
		if k.duplicates != 0 {
			for i := range row.Duplicates {
				row.Duplicates[i] = flagOf(k.duplicates >> (2 * i))
			}
		}
		row.Revenue, row.ActiveUsers, row.PaidSeats, row.Units = d.figures()
	}
}

// flagOf unpacks the flag in the lowest two bits.
func flagOf(packed uint32) *bool {
	switch packed & 3 {
	case 1:
		return &no
	case 2:
		return &yes
	}
	return nil
}
