// Package statement keeps usage of one source and month at rest: an immutable
// Parquet file that any tool reads as it is, its rows in the order of [usage.Key],
// tenant by tenant.
//
// Write one with a [Writer], from rows in any number and order with a [Sorter];
// read it with [Open]. The same rows give the same bytes on every machine.
//
// What other tools read is the Parquet footer. In front of it stands a directory of
// our own, under a checksum, from which [File] finds every page: so one tenant's rows
// are found at once, and bytes that are no statement are refused before anything they
// claim is believed.
package statement

import (
	"github.com/parquet-go/parquet-go/format"

	"github.com/kizuna-org/kizuna"
)

// Column is a column of the file.
type Column int

// The columns, in the order in which they stand.
const (
	Month Column = iota
	Day
	TenantID      // without case
	TenantWritten // where it is spelled otherwise
	Subscription
	Scope
	Workload
	OfferType
	Channel
	Currency
	Revenue      // rounded to a millionth
	RevenueExact // as text, where the millionth is not all
	ActiveUsers
	PaidSeats
	Units
	SourceRow
	AssertedLocation
	AssertedType
	DuplicateForAccount
	DuplicateForType
	DuplicateForLocation
	SourceFile
	SourceLine
	SourceRows
	NumColumns
)

// form is how the values of a column are kept.
type form uint8

const (
	names   form = iota // texts that repeat: by number in a dictionary
	texts               // texts that do not
	dates               // days since 1970, in a dictionary
	counts              // whole numbers, in a dictionary
	numbers             // whole numbers
	flags               // true or false
)

// spec describes a column.
type spec struct {
	name     string
	form     form
	optional bool // a cell may be empty; an empty text is a text
	scale    int  // numbers: how many decimals
}

var specs = [NumColumns]spec{
	Month:                {name: "month", form: dates},
	Day:                  {name: "day", form: dates, optional: true},
	TenantID:             {name: "tenant_id", form: names},
	TenantWritten:        {name: "tenant_id_written", form: names, optional: true},
	Subscription:         {name: "subscription_id", form: names},
	Scope:                {name: "scope", form: names},
	Workload:             {name: "workload", form: names},
	OfferType:            {name: "offer_type", form: names},
	Channel:              {name: "channel", form: names},
	Currency:             {name: "currency", form: names},
	Revenue:              {name: "revenue", form: numbers, optional: true, scale: microScale},
	RevenueExact:         {name: "revenue_exact", form: texts, optional: true},
	ActiveUsers:          {name: "active_users", form: numbers, optional: true},
	PaidSeats:            {name: "paid_seats", form: numbers, optional: true},
	Units:                {name: "units", form: numbers, optional: true, scale: microScale},
	SourceRow:            {name: "source_row_id", form: names},
	AssertedLocation:     {name: "asserted_location", form: names},
	AssertedType:         {name: "asserted_type", form: names},
	DuplicateForAccount:  {name: "dup_pga", form: flags, optional: true},
	DuplicateForType:     {name: "dup_type", form: flags, optional: true},
	DuplicateForLocation: {name: "dup_location", form: flags, optional: true},
	SourceFile:           {name: "source_file", form: names},
	SourceLine:           {name: "source_line", form: numbers},
	SourceRows:           {name: "source_rows", form: counts},
}

// String returns the column's name in the file.
func (c Column) String() string { return specs[c].name }

func (f form) dictionary() bool { return f == names || f == dates || f == counts }

func (f form) physical() format.Type {
	switch f {
	case names, texts:
		return format.ByteArray
	case dates:
		return format.Int32
	case flags:
		return format.Boolean
	}
	return format.Int64
}

const (
	microScale = 6 // of money and units: millionths

	// pageRows is how many rows a page holds, and so how many are read at once.
	pageRows = 8192
	// groupPages is how many pages of a column a row group holds, unless its
	// dictionaries outgrow dictionaryBytes before.
	groupPages      = 8
	dictionaryBytes = 8 << 20
	// textBytes is what the texts of a row may have, exactBytes an exact amount.
	textBytes  = 2 << 20
	exactBytes = 1 << 10

	parquetMagic = "PAR1"
)

// damaged says that a file is no statement, or not the one that was written.
func damaged(cause error) *kizuna.Error {
	return kizuna.Errorf("statement-damaged", "the statement is damaged, or of another Kizuna").
		WithMend("restore it from a backup, or import its file again").WithCause(cause)
}
