package usage

import "github.com/kizuna-org/kizuna"

// Coded is a row of a ledger without what it has in common with those of other days:
// its [Series] is had by number. Those of some thousand rows are had faster than the
// rows.
type Coded struct {
	Series              uint32
	Texts               int // how many bytes its texts have
	Day                 *kizuna.Date
	Line, Column, Lines uint32
	Revenue             *kizuna.Decimal
	ActiveUsers         *int64
	PaidSeats           *int64
	Units               *kizuna.Micro
}

// Series is what rows of a month have in common but the day. Its texts are numbers, for
// [Ledger.Text]: equal texts have equal numbers, and 0 is the empty one.
type Series struct {
	Month                                     kizuna.Month
	Tenant                                    uint32 // without case
	TenantWritten, Subscription, Scope        uint32 // as the rows spell them
	Workload, OfferType, Channel, Currency    uint32
	SourceRow, AssertedLocation, AssertedType uint32
	Duplicates                                [3]*bool // for the account, the type, the location
	File                                      uint32
}

// Text returns the text that a number of a [Series] stands for.
func (l *Ledger) Text(n uint32) string { return l.symbols.texts[n] }

// Coded writes the rows at the positions into rows, which has their length. What its
// pointers point to belongs to the ledger: it must not be changed.
func (l *Ledger) Coded(positions []int32, rows []Coded) {
	last, texts := uint32(0), 0
	for i, position := range positions {
		e := l.rows.at(int(position))
		if e.series != last {
			last, texts = e.series, l.bytesOf(l.series.at(int(e.series)))
		}
		row := &rows[i]
		*row = Coded{Series: e.series, Texts: texts, Line: e.line, Column: e.column, Lines: e.lines}
		if e.day != noDay {
			row.Day = &e.day
		}
		row.Revenue, row.ActiveUsers, row.PaidSeats, row.Units = l.figures(e)
	}
}

// bytesOf returns how many bytes the texts of a series have.
func (l *Ledger) bytesOf(s *series) int {
	text := l.symbols.texts
	return len(text[s.tenant]) + len(text[s.subscription]) + len(text[s.scope]) + len(text[s.workload]) +
		len(text[s.offer]) + len(text[s.channel]) + len(text[s.currency]) + len(text[s.sourceRow]) +
		len(text[s.assertedLocation]) + len(text[s.assertedAs]) + len(text[s.file])
}

// Series returns the series of a [Coded] row.
func (l *Ledger) Series(n uint32) Series {
	s := l.series.at(int(n))
	out := Series{
		Month:  s.month,
		Tenant: s.tenantID, TenantWritten: s.tenant, Subscription: s.subscription, Scope: s.scope,
		Workload: s.workload, OfferType: s.offer, Channel: s.channel, Currency: s.currency,
		SourceRow: s.sourceRow, AssertedLocation: s.assertedLocation, AssertedType: s.assertedAs,
		File: s.file,
	}
	for i := range out.Duplicates {
		out.Duplicates[i] = flagOf(s.duplicates >> (2 * i))
	}
	return out
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
