package attribution

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Clause says why a row does or does not count for an account and a measure.
type Clause string

// The clauses, in the order in which they are asked.
const (
	Counted         Clause = "counted"
	DuplicateRow    Clause = "duplicate-row"       // another row of the same file keeps this usage
	WorkloadNotHere Clause = "workload-not-listed" // the measure does not look at the workload
	ChannelNotHere  Clause = "channel-not-counted"
	OutsideWindow   Clause = "outside-window" // a month that the measure does not look at
	OfferExcluded   Clause = "offer-excluded"
	NoAmount        Clause = "no-amount"        // the row carries nothing that the measure adds up
	NotASnapshot    Clause = "not-a-snapshot"   // a day's row says nothing of a month's users or seats
	NoAssociation   Clause = "no-association"   // no reach of the account covers the resource
	WrongType       Clause = "association-type" // reaches cover it, none of a type that feeds the measure
	NotInPeriod     Clause = "not-in-period"    // a reach of the right type, but not in the row's period
	NotAtMonthEnd   Clause = "not-at-month-end" // a snapshot needs cover in the month's last second
)

// Trace is one customer's contribution to one measure of one account, opened down
// to its rows.
type Trace struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name,omitempty"`
	Tally  Tally  `json:"tally"`
	Tests  []Test `json:"tests,omitempty"`
	Lines  []Line `json:"rows,omitempty"`
	// Credited: in some month that the measure looks at, what was credited of some
	// workload does not come to nothing, even if the tally does.
	Credited bool `json:"-"`
}

// Test is a condition that the rule puts to a customer or a pair, and its answer.
type Test struct {
	When     string `json:"when"` // "2023-10", "2022-11..2023-10"
	Workload string `json:"workload,omitempty"`
	What     string `json:"what"`  // "revenue", "seats", "share", "consumption", "arrived_active"
	Value    string `json:"value"` // exact
	Wanted   string `json:"wanted"`
	Holds    bool   `json:"holds"`
}

// Line is one row: what it carries, what of it is credited and by which clause.
type Line struct {
	Source []kizuna.Ref `json:"source"` // the lines of files that were summed in it, the first of each row
	// Added counts the further lines that were added up in these rows. Lines names
	// all of them, once somebody has looked: the ledger keeps only the first.
	Added    int           `json:"added,omitempty"`
	Lines    []usage.Lines `json:"lines,omitempty"`
	Month    kizuna.Month  `json:"month"`
	Day      *kizuna.Date  `json:"day,omitempty"`
	Resource ResourceOfRow `json:"resource"`
	Amount   kizuna.Micro  `json:"amount"` // millionths of a dollar, user or unit
	Clause   Clause        `json:"clause"`
	Credited kizuna.Micro  `json:"credited"`
	// Covered and Period are seconds.
	Covered int64        `json:"covered_seconds"`
	Period  int64        `json:"period_seconds"`
	Reaches []ReachOfRow `json:"reaches,omitempty"`
	ByRole  bool         `json:"by_role,omitempty"` // an owned workload without known owners
}

// ResourceOfRow is what a row is about.
type ResourceOfRow struct {
	Subscription string `json:"subscription,omitempty"`
	Scope        string `json:"scope,omitempty"`
	Workload     string `json:"workload"`
	Offer        string `json:"offer_type,omitempty"`
	Channel      string `json:"channel,omitempty"`
}

// ReachOfRow is an association that covers some of a row's period.
type ReachOfRow struct {
	Type     string                 `json:"type"`
	Location string                 `json:"location"`
	From     kizuna.Instant         `json:"from"`
	To       kizuna.Instant         `json:"to"`
	Feeds    bool                   `json:"feeds"` // its type feeds the measure
	Evidence []association.Evidence `json:"evidence"`
}

// Trace opens what a customer contributes to a measure of an account. Without
// all, rows that the measure does not look at (other workloads, channels and
// months) are left out.
func (b *Book) Trace(tenant, account string, number int, all bool) *Trace {
	t := b.tenant(tenant)
	if t == nil {
		return &Trace{Tenant: tenant}
	}
	out := &Trace{Tenant: t.id}
	if c := b.index.Customer(t.id); c != nil {
		out.Name = c.Name
	}
	for _, l := range b.credit(t, account) {
		out.Tally = b.evaluate(t, l, number)
		out.Tests = b.tests(l, number)
		out.Credited = b.credited(l, number)
	}
	m := &b.Plan.measures[number]
	for _, r := range t.resources {
		feed, clause := b.Plan.feedFor(m, r)
		if clause != Counted && !all {
			continue
		}
		c := b.coveringOf(r)
		for i := range r.rows {
			line := b.line(number, r, c, &r.rows[i], account, feed, clause)
			if all || line.Clause != OutsideWindow {
				out.Lines = append(out.Lines, line)
			}
		}
	}
	slices.SortStableFunc(out.Lines, func(x, y Line) int {
		if x.Credited != y.Credited {
			if x.Credited > y.Credited {
				return -1
			}
			return 1
		}
		return strings.Compare(x.Month.String(), y.Month.String())
	})
	return out
}

// credited reports whether any figure of the measure is not 0 in a month that it looks
// at.
func (b *Book) credited(l *ledger, number int) bool {
	m := &b.Plan.measures[number]
	for _, f := range m.feeds {
		for _, s := range l.feeds[f] {
			for i, c := range s.cells {
				if b.Plan.looksAt(m, b.Plan.first.Add(i)) && m.figure(c.money, c.users, c.seats, c.units) != 0 {
					return true
				}
			}
		}
	}
	return false
}

// feedFor finds the measure's feed that takes rows of a resource, or the clause
// by which none does.
func (pl *Plan) feedFor(m *measure, r *resource) (int, Clause) {
	clause := WorkloadNotHere
	for _, f := range m.feeds {
		if pl.feeds[f].counts(r) {
			return f, Counted
		}
		if pl.feeds[f].set.Holds(r.Workload, r.product) {
			clause = ChannelNotHere
		}
	}
	return -1, clause
}

func (b *Book) line(number int, r *resource, c *covering, row *row, account string, feed int, clause Clause) Line {
	m := &b.Plan.measures[number]
	period := row.period()
	source, added := b.refsOf(row)
	out := Line{
		Source: source,
		Added:  added,
		Month:  row.month,
		Resource: ResourceOfRow{
			r.Subscription, r.Scope, r.Workload, r.offer, r.channel,
		},
		Amount: row.amount(m),
		Clause: clause,
		Period: period.Seconds(),
		ByRole: c.byRole,
	}
	if row.day != wholeMonth {
		out.Day = &row.day
	}
	types := b.Plan.Types(number)
	if feed >= 0 {
		types = b.Plan.types[b.Plan.feeds[feed].types]
	}
	out.Reaches = b.reachesOf(c, row, account, types)
	if clause != Counted {
		return out
	}
	seconds, atEnd := b.covered(c, row, period, account, types)
	out.Covered = seconds
	out.Clause = b.clauseOf(m, r, row, &out, seconds, atEnd)
	if out.Clause != Counted {
		return out
	}
	out.Credited = out.Amount
	if m.Quantity == program.Revenue {
		out.Credited = row.money.Share(seconds, out.Period)
	}
	return out
}

// looksAt reports whether the measure looks at a month: in its windows, or, where
// growth counts since the association or tenants are left out that arrived
// active, in between.
func (pl *Plan) looksAt(m *measure, month kizuna.Month) bool {
	now, base := pl.window(m)
	between := (m.SinceAssociation || m.NewShareAtMost != nil) && !base.empty() && base.last < month && month <= now.last
	return now.holds(month) || base.holds(month) || between
}

func (b *Book) clauseOf(m *measure, r *resource, row *row, line *Line, seconds int64, atEnd bool) Clause {
	money := m.Quantity == program.Revenue
	switch {
	case row.duplicate:
		return DuplicateRow
	case !b.Plan.looksAt(m, row.month):
		return OutsideWindow
	case money && b.Plan.excluded[r.offer]:
		return OfferExcluded
	case money && !row.hasMoney:
		return NoAmount
	case !money && line.Day != nil:
		return NotASnapshot
	case !money && !row.snapshot:
		return NoAmount
	case len(line.Reaches) == 0:
		return NoAssociation
	case !slices.ContainsFunc(line.Reaches, func(x ReachOfRow) bool { return x.Feeds }):
		return WrongType
	case seconds == 0:
		return NotInPeriod
	case !money && !atEnd:
		return NotAtMonthEnd
	}
	return Counted
}

// amount is what the row carries of the measure's quantity.
func (r *row) amount(m *measure) kizuna.Micro { return m.figure(r.money, r.users, r.seats, r.units) }

// figure is the one of four figures that the measure adds up.
func (m *measure) figure(money, users, seats, units kizuna.Micro) kizuna.Micro {
	switch m.Quantity {
	case program.ActiveUsers:
		if m.Subject == program.Tenants && m.Share == nil && m.Amount == nil {
			return seats
		}
		return users
	case program.PaidSeats:
		return seats
	case program.Consumption:
		return units
	}
	return money
}

func (b *Book) reachesOf(c *covering, row *row, account string, types program.TypeSet) []ReachOfRow {
	var out []ReachOfRow
	add := func(reach association.Reach) {
		out = append(out, ReachOfRow{
			reach.Type.String(), reach.Location, reach.During.From, reach.During.To,
			types.Has(reach.Type), reach.Evidence,
		})
	}
	for _, reach := range c.reaches[account] {
		add(reach)
	}
	if b.trust != TrustOwn {
		for _, reach := range row.reaches() {
			if reach.Account == account {
				add(reach)
			}
		}
	}
	return out
}

// refsOf returns the first line of each row of the ledger, and how many more
// were added to them.
func (b *Book) refsOf(r *row) (refs []kizuna.Ref, added int) {
	var u usage.Row
	for _, number := range r.sourceRows() {
		b.ledger.Row(int(number), &u)
		refs = append(refs, u.At)
		added += u.Lines - 1
	}
	return refs, added
}

// tests puts the measure's conditions to the ledger, one by one, for people to read.
func (b *Book) tests(l *ledger, number int) []Test {
	m := &b.Plan.measures[number]
	v := view{plan: b.Plan, measure: m}
	for _, f := range m.feeds {
		v.series = append(v.series, l.feeds[f]...)
	}
	if len(v.series) == 0 {
		return nil
	}
	now, base := b.Plan.window(m)
	var out []Test
	for _, w := range []months{now, base} {
		if w.empty() {
			continue
		}
		switch m.Quantity {
		case program.Revenue:
			out = append(out, v.revenueTests(w)...)
		case program.Consumption:
			out = append(out, v.consumptionTests(w.last)...)
		default:
			out = append(out, v.seatTests(w.last)...)
		}
	}
	if m.NewShareAtMost != nil && v.arrivedActive(now.last, base) {
		out = append(out, Test{
			When: now.last.String(), What: "arrived_active", Value: "yes",
			Wanted: "at most " + m.NewShareAtMost.String() + " active when the association began", Holds: false,
		})
	}
	return out
}

func (v *view) revenueTests(w months) []Test {
	if v.measure.Amount == nil && v.measure.Subject == program.Amount {
		return nil
	}
	stretches := []months{w}
	if v.measure.Window.Kind == program.AnyMonth {
		stretches = nil
		for m := w.first; m <= w.last; m++ {
			stretches = append(stretches, months{m, m})
		}
	}
	var out []Test
	test := func(workload string, of []*series, w months) {
		sum := v.sum(of, w)
		out = append(out, Test{
			When: w.String(), Workload: workload, What: "revenue", Value: sum.String(),
			Wanted: v.measure.Amount.String(), Holds: v.measure.Amount.Contains(sum),
		})
	}
	for _, w := range stretches {
		if v.measure.Subject == program.Tenants || v.measure.Subject == program.Amount {
			test("", v.series, w)
			continue
		}
		for _, s := range v.series {
			if s.workload != "" {
				test(s.workload, []*series{s}, w)
			}
		}
	}
	return out
}

func (w months) String() string {
	if w.first == w.last {
		return w.first.String()
	}
	return w.first.String() + ".." + w.last.String()
}

func (v *view) consumptionTests(m kizuna.Month) []Test {
	var out []Test
	for _, s := range v.series {
		if !v.at(s, m).snapshot {
			continue
		}
		var unrated Tally
		value := v.consumed(s, m, &unrated)
		test := Test{
			When: m.String(), Workload: s.workload, What: "consumption",
			Value: value.String(), Wanted: v.measure.Amount.String(), Holds: v.measure.Amount.Contains(value),
		}
		if len(unrated.Unrated) > 0 {
			test.Value, test.Wanted, test.Holds = "?", "a rate", false
		}
		out = append(out, test)
	}
	return out
}

func (v *view) seatTests(m kizuna.Month) []Test {
	var out []Test
	for _, s := range v.series {
		c := v.at(s, m)
		if !c.snapshot || v.measure.Seats == nil {
			continue
		}
		out = append(out, Test{
			When: m.String(), Workload: s.workload, What: "seats", Value: c.seats.String(),
			Wanted: v.measure.Seats.String(), Holds: v.measure.Seats.Contains(c.seats),
		})
	}
	if amount := v.measure.Amount; amount != nil && v.covered(m) {
		users, _ := v.share(m)
		out = append(out, Test{When: m.String(), What: "users", Value: users.String(), Wanted: amount.String(), Holds: amount.Contains(users)})
	}
	if v.measure.Share == nil || !v.covered(m) {
		return out
	}
	if v.measure.ShareOfWorkload {
		for _, s := range v.series {
			if c := v.at(s, m); c.snapshot {
				out = append(out, v.shareTest(m, s.workload, c.users, c.seats))
			}
		}
		return out
	}
	users, seats := v.share(m)
	return append(out, v.shareTest(m, "", users, seats))
}

func (v *view) shareTest(m kizuna.Month, workload string, users, seats kizuna.Micro) Test {
	wanted := ">= "
	if v.measure.ShareExclusive {
		wanted = "> "
	}
	return Test{
		When: m.String(), Workload: workload, What: "share", Value: fmt.Sprintf("%s of %s", users, seats),
		Wanted: wanted + v.measure.Share.String(), Holds: v.activeEnough(users, seats),
	}
}
