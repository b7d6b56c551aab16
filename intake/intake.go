// Package intake is the door through which files of others come in: what a reader
// hands over, and the account that it gives of every row.
//
// A reader takes one file and says of every row of it, exactly once, what became
// of it: kept, set aside for a reason that is no fault (a tax line in a bill), or
// refused because it cannot be understood. Nothing is dropped silently.
package intake

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Sink takes what a reader finds.
type Sink interface {
	// Usage keeps a row of usage. The sink copies what it needs; the reader may
	// reuse the row.
	Usage(row *usage.Row)
	// Facts keeps what one source row says besides usage: records of the packages
	// association, people and usage, by value. Records said before are merged.
	Facts(records ...any)
	// Kept closes a source row of which something was kept.
	Kept(at kizuna.Ref)
	// SetAside closes a source row that rightly does not count.
	SetAside(a Aside)
	// Refuse closes a source row that is broken; the error names line, column and mend.
	Refuse(err *kizuna.Error)
}

// Aside says why a source row does not count.
type Aside struct {
	Reason string // a key of the catalogue under "aside.": "aside.not-usage"
	Detail string // what it was: "Tax", "Amazon Elastic Compute Cloud"
	At     kizuna.Ref
	Amount *kizuna.Decimal // its money, if it has any
	Unit   string          // the money's currency
}

// Coverage is a kind of data that a file could hold. A metric that no file could
// hold data for is "no data", not 0.
type Coverage struct {
	Quantity program.Quantity `json:"quantity"`
	Family   Family           `json:"family"`
}

// Family groups workloads by where their usage is reported.
type Family = program.Family

// Description is what a reader knows of a file as a whole.
type Description struct {
	Kind    string     // "focus", "partnercenter/azure-usage", "az/role-assignments", "table/usage"
	Vintage string     // "1.0", "2023-08"
	Source  string     // who it speaks for: two files of one kind and source and month replace each other
	Covers  []Coverage // what it could hold
}
