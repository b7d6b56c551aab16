package segment

import (
	"encoding/binary"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Extender gives records rows of months to come. Rows that are there are copied as they
// lie: only those of one month are read. It is for one goroutine.
type Extender struct {
	e    *encoder
	info Info
	out  []byte
	rows []Row
	more Resource
}

// NewExtender returns an extender of records of the dictionary.
func NewExtender(d Dictionary) *Extender {
	e := newEncoder()
	e.partners.list = make([]string, d.Partners()) // what records assert are numbers of it
	return &Extender{e: e}
}

// Extend leaves of a record the rows up to a month, and adds to each resource those that
// more returns, which are of later months and in order. more sees what the resource
// carries in the month, days added up to rows of the month. The rows that it sees and
// returns are looked at until it is called again; the record holds until the next one is
// extended. It panics if the record is malformed.
func (x *Extender) Extend(r *Record, month kizuna.Month, more func(resource int, last []Row) []Row) error {
	out := x.out[:0]
	var walk Resources
	for r.Walk(&walk); walk.Next(); {
		data, later := walk.c.data[walk.c.at:walk.end], false
		x.rows = x.rows[:0]
		var run Run
		for walk.NextRun(&run) {
			later = x.last(&run, month) || later
		}
		if later { // to be left out
			x.more.Rows = slices.DeleteFunc(r.rowsOf(&walk), func(row Row) bool { return row.Month > month })
			if err := x.split(); err != nil {
				return err
			}
			data = x.e.runData
		}
		x.more.Rows = more(walk.Number, x.rows)
		kept := len(data)
		if later {
			data = slices.Clone(data)
		}
		if err := x.split(); err != nil {
			return err
		}
		kind := uint64(walk.Kind) << 1
		if walk.Owned {
			kind |= 1
		}
		out = binary.AppendUvarint(out, uint64(kept+len(x.e.runData)))
		out = binary.AppendUvarint(out, kind)
		out = append(append(out, data...), x.e.runData...)
	}
	x.out = append(out, make([]byte, slack)...)
	r.resources = x.out
	return nil
}

// last adds what a run carries in a month, as rows of the month, and reports whether the
// run goes on after it.
func (x *Extender) last(run *Run, month kizuna.Month) (later bool) {
	i := run.Months - 1
	for ; i >= 0 && run.Month(i) > month; i-- {
		later = true
	}
	for ; i >= 0 && run.Month(i) == month; i-- {
		row := Row{Month: month, HasMoney: run.HasMoney, Snapshot: run.Snapshot}
		if run.HasMoney {
			row.Money = kizuna.Micro(run.Money.At(i))
		}
		if run.Snapshot {
			row.Users, row.Seats, row.Units = kizuna.Micro(run.Users.At(i)), kizuna.Micro(run.Seats.At(i)), kizuna.Micro(run.Units.At(i))
		}
		if run.Asserts {
			row.Asserted = []Assertion{}
			again := *run
			for a := (Assertion{}); again.NextAssertion(&a); {
				row.Asserted = append(row.Asserted, a)
			}
		}
		x.rows = append(x.rows, row)
	}
	return later
}

// split encodes the rows at hand.
func (x *Extender) split() error {
	x.e.runData = x.e.runData[:0]
	if len(x.more.Rows) == 0 {
		return nil
	}
	if err := x.e.split("", &x.more); err != nil {
		return err
	}
	for k := range x.e.runs {
		x.e.runData = x.e.run(x.e.runData, &x.e.runs[k], &x.info)
	}
	return nil
}

// rowsOf reads all rows of the resource that a walk is at, in order of time.
func (r *Record) rowsOf(at *Resources) []Row {
	again := *at
	again.runs = again.c
	var rows []Row
	for run := (Run{}); again.NextRun(&run); {
		rows = run.AppendRows(rows)
	}
	slices.SortStableFunc(rows, compareTimes)
	return rows
}

// Months adds up what a record carries in each of n months from the first on: rows
// without day, resource or assertion. into is used again.
func (r *Record) Months(first kizuna.Month, n int, into []Row) []Row {
	into = slices.Grow(into[:0], n)[:n]
	for i := range into {
		into[i] = Row{Month: first.Add(i)}
	}
	var walk Resources
	for r.Walk(&walk); walk.Next(); {
		for run := (Run{}); walk.NextRun(&run); {
			for i := range run.Months {
				m := int(run.Month(i) - first)
				if m < 0 || m >= n {
					continue
				}
				row := &into[m]
				if run.HasMoney {
					row.HasMoney = true
					row.Money += kizuna.Micro(run.Money.At(i))
				}
				if run.Snapshot {
					row.Snapshot = true
					row.Users += kizuna.Micro(run.Users.At(i))
					row.Seats += kizuna.Micro(run.Seats.At(i))
					row.Units += kizuna.Micro(run.Units.At(i))
				}
			}
		}
	}
	return into
}
