package segment

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Check verifies every block's checksum and reads every record of it. The errors
// are those of [Segment.Block].
func (s *Segment) Check() error {
	var last string
	for i := range s.blocks {
		b, err := s.Block(i)
		if err != nil {
			return err
		}
		for k := range b.n {
			t, err := b.Tenant(k)
			if err != nil {
				return err
			}
			if b.first+k > 0 && t.ID <= last {
				return s.damagedBlock(i)
			}
			last = t.ID
		}
	}
	return nil
}

// Tenant unpacks a tenant. The error says that the block is damaged.
func (b Block) Tenant(i int) (t *Tenant, err error) {
	defer func() {
		if recover() != nil {
			t, err = nil, b.Unreadable()
		}
	}()
	var r Record
	b.Record(i, &r)
	t = r.Tenant()
	t.ID = b.ID(i)
	if !b.segment.holds(t) {
		return nil, b.Unreadable()
	}
	return t, nil
}

// holds reports whether the numbers in a tenant are numbers of the segment.
func (s *Segment) holds(t *Tenant) bool {
	name := func(n Name) bool { return int(n) < s.names.n }
	partner := func(p Partner) bool { return int(p) < s.partners.n }
	return name(t.Country) && name(t.Segment) &&
		!slices.ContainsFunc(t.Reaches, func(r Reach) bool {
			return !partner(r.Location) || !name(r.What) || r.First >= r.End || int(r.End) > len(t.Resources)
		}) &&
		!slices.ContainsFunc(t.Resources, func(r Resource) bool {
			return slices.ContainsFunc(r.Rows, func(r Row) bool {
				return slices.ContainsFunc(r.Asserted, func(a Assertion) bool { return !partner(a.Partner) })
			})
		})
}

// Tenant unpacks everything but the id. It panics if the record is malformed.
func (r *Record) Tenant() *Tenant {
	t := &Tenant{Country: r.Country, Segment: r.Segment, Reaches: r.AppendReaches(nil)}
	var walk Resources
	for r.Walk(&walk); walk.Next(); {
		resource := Resource{Kind: r.kinds[walk.Kind], Owned: walk.Owned}
		var run Run
		for walk.NextRun(&run) {
			resource.Rows = run.AppendRows(resource.Rows)
		}
		slices.SortStableFunc(resource.Rows, func(a, b Row) int {
			return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
		})
		t.Resources = append(t.Resources, resource)
	}
	if walk.end != len(r.resources)-slack {
		panic(errMalformed)
	}
	return t
}

// AppendRows appends the run's rows, in order of time.
func (run *Run) AppendRows(rows []Row) []Row {
	var asserted []Assertion
	if run.Asserts {
		asserted = []Assertion{}
		for a := (Assertion{}); run.NextAssertion(&a); {
			asserted = append(asserted, a)
		}
	}
	if !run.Daily {
		for i := range run.Months {
			row := Row{Month: run.Month(i), HasMoney: run.HasMoney, Snapshot: run.Snapshot, Asserted: asserted}
			if run.HasMoney {
				row.Money = kizuna.Micro(run.Money.At(i))
			}
			if run.Snapshot {
				row.Users, row.Seats = kizuna.Micro(run.Users.At(i)), kizuna.Micro(run.Seats.At(i))
				row.Units = kizuna.Micro(run.Units.At(i))
			}
			rows = append(rows, row)
		}
		return rows
	}
	at := 0
	firstDay, dense := run.Dense()
	start := run.first.Day(firstDay)
	for i := range run.Months {
		month := run.Month(i)
		before := month.Day(1) - 1
		sum := int64(0)
		_, n := run.DaysOf(i)
		for range n {
			row := Row{Month: month, HasMoney: run.HasMoney, Asserted: asserted}
			if dense {
				row.Day = uint8(start.AddDays(at) - before)
			} else {
				row.Day = uint8(run.Day(at))
			}
			if run.HasMoney {
				row.Money = kizuna.Micro(run.Days.At(at))
				sum += int64(row.Money)
			}
			rows = append(rows, row)
			at++
		}
		if run.HasMoney && sum != run.Money.At(i) {
			panic(errMalformed)
		}
	}
	if at != run.Rows {
		panic(errMalformed)
	}
	return rows
}
