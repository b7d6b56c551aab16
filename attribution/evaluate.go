package attribution

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// cell is what one account is credited with of one workload in one month.
type cell struct {
	money               kizuna.Micro
	users, seats, units kizuna.Micro
	snapshot            bool // some snapshot is covered
}

// series is one workload's cells, from the plan's first month to its last.
type series struct {
	workload string
	cells    []cell
}

// ledger is what one customer credits to one account, by feed and workload.
type ledger struct {
	account string
	feeds   [][]*series // by feed
}

func (l *ledger) cell(pl *Plan, feed int, workload string, m kizuna.Month) *cell {
	for _, s := range l.feeds[feed] {
		if s.workload == workload {
			return &s.cells[m-pl.first]
		}
	}
	s := &series{workload, make([]cell, pl.Last-pl.first+1)}
	l.feeds[feed] = append(l.feeds[feed], s)
	return &s.cells[m-pl.first]
}

// contribution credits every row of the customer, then evaluates every measure
// for every account that was credited with anything.
func (b *Book) contribution(t *tenantRows) Contribution {
	out := make(Contribution)
	for _, l := range b.credit(t, "") {
		for number := range b.Plan.measures {
			if tally := b.evaluate(t, l, number); !tally.IsZero() {
				out[Key{l.account, number}] = tally
			}
		}
	}
	return out
}

// credit fills a ledger for every account, or for one.
func (b *Book) credit(t *tenantRows, only string) []*ledger {
	var ledgers []*ledger
	ledgerOf := func(account string) *ledger {
		for _, l := range ledgers {
			if l.account == account {
				return l
			}
		}
		l := &ledger{account, make([][]*series, len(b.Plan.feeds))}
		ledgers = append(ledgers, l)
		return l
	}
	for _, r := range t.resources {
		feeds := b.Plan.feedsOf(r)
		if len(feeds) == 0 {
			continue
		}
		c := b.coveringOf(r)
		for i := range r.rows {
			row := &r.rows[i]
			if row.month < b.Plan.first || row.month > b.Plan.Last || row.duplicate {
				continue
			}
			period := row.period()
			for _, account := range b.accountsOf(c, row) {
				if only != "" && account != only {
					continue
				}
				l := ledgerOf(account)
				for _, f := range feeds {
					b.creditRow(l, r, c, row, period, f)
				}
			}
		}
	}
	slices.SortFunc(ledgers, func(x, y *ledger) int { return strings.Compare(x.account, y.account) })
	return ledgers
}

// feedsOf lists the feeds that take rows of a resource.
func (pl *Plan) feedsOf(r *resource) []int {
	var out []int
	for i := range pl.feeds {
		if pl.feeds[i].counts(r) {
			out = append(out, i)
		}
	}
	return out
}

func (b *Book) creditRow(l *ledger, r *resource, c *covering, row *row, period kizuna.Interval, feed int) {
	seconds, atEnd := b.covered(c, row, period, l.account, b.Plan.types[b.Plan.feeds[feed].types])
	if seconds == 0 {
		return
	}
	money := row.hasMoney && !b.Plan.excluded[r.offer]
	snapshot := row.snapshot && atEnd
	if !money && !snapshot {
		return
	}
	cell := l.cell(b.Plan, feed, r.Workload, row.month)
	if money {
		cell.money += row.money.Share(seconds, period.Seconds())
	}
	if snapshot {
		cell.snapshot = true
		cell.users += row.users
		cell.seats += row.seats
		cell.units += row.units
	}
}

// evaluate makes one measure's tally of what a ledger holds.
func (b *Book) evaluate(t *tenantRows, l *ledger, number int) Tally {
	m := &b.Plan.measures[number]
	if !b.selects(m, t.id) {
		return Tally{}
	}
	v := view{plan: b.Plan, measure: m}
	for _, f := range m.feeds {
		v.series = append(v.series, l.feeds[f]...)
	}
	if len(v.series) == 0 {
		return Tally{}
	}
	now, base := b.Plan.window(m)
	switch {
	case m.Quantity == program.Revenue:
		return v.revenue(now, base)
	case m.Quantity == program.Consumption:
		return v.consumption(now.last, base)
	case m.Subject == program.Amount:
		return v.users(now.last, base)
	default:
		return v.seatHolders(now.last, base)
	}
}

// selects reports whether a classification looks at the customer. One whose country is
// not known is in none.
func (b *Book) selects(m *measure, tenant string) bool {
	if m.segment == "" && m.countries == nil {
		return true
	}
	c := b.index.Customer(tenant)
	return c != nil && (m.segment == "" || c.Segment == m.segment) &&
		(m.countries == nil || c.Country != "" && slices.Contains(m.countries, c.Country))
}

// view is one measure's sight of one customer.
type view struct {
	plan    *Plan
	measure *measure
	series  []*series
}

// at returns what the series holds of a month; nothing of a month that the plan
// does not look at.
func (v *view) at(s *series, m kizuna.Month) cell {
	if m < v.plan.first || m > v.plan.Last {
		return cell{}
	}
	return s.cells[m-v.plan.first]
}

// revenue makes the tally of measures over credited revenue.
func (v *view) revenue(now, base months) Tally {
	var t Tally
	switch v.measure.Subject {
	case program.Workloads, program.Pairs:
		for _, s := range v.series {
			if s.workload == "" {
				continue // counts in sums and never as a workload
			}
			one := []*series{s}
			inNow, inBase := v.earns(one, now), v.earns(one, base)
			if v.measure.Subject == program.Pairs {
				t.Now, t.Base = t.Now+count(inNow), t.Base+count(inBase)
				continue
			}
			t.NowSet.add(s.workload, count(inNow))
			t.BaseSet.add(s.workload, count(inBase))
		}
	case program.Tenants:
		t.Now, t.Base = count(v.earns(v.series, now)), count(v.earns(v.series, base))
	case program.Amount:
		t.Now, t.Base = v.amount(now), v.amount(base)
	}
	return t
}

func count(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// earns reports whether the revenue of some month of the window, or of all of a
// trailing window together, is in the measure's range.
func (v *view) earns(of []*series, w months) bool {
	if w.empty() {
		return false
	}
	if v.measure.Window.Kind == program.Trailing {
		return v.measure.Amount.Contains(v.sum(of, w))
	}
	for m := w.first; m <= w.last; m++ {
		if v.measure.Amount.Contains(v.sum(of, months{m, m})) {
			return true
		}
	}
	return false
}

func (v *view) sum(of []*series, w months) (total kizuna.Micro) {
	for _, s := range of {
		for m := w.first; m <= w.last; m++ {
			total += v.at(s, m).money
		}
	}
	return total
}

// amount is the tenant's revenue in the window, if it is in the range that the
// measure asks for.
func (v *view) amount(w months) int64 {
	sum := v.sum(v.series, w)
	if v.measure.Amount != nil && !v.measure.Amount.Contains(sum) {
		return 0
	}
	return int64(sum)
}

// consumption makes the tally of measures over monthly consumption value.
func (v *view) consumption(now kizuna.Month, base months) Tally {
	var t Tally
	var allNow, allBase kizuna.Micro
	for _, s := range v.series {
		inNow := v.consumed(s, now, &t)
		var inBase kizuna.Micro
		if !base.empty() {
			inBase = v.consumed(s, base.last, &t)
		}
		if v.measure.Subject == program.Pairs {
			t.Now += count(v.measure.Amount.Contains(inNow))
			t.Base += count(v.measure.Amount.Contains(inBase))
			continue
		}
		allNow, allBase = allNow+inNow, allBase+inBase
	}
	switch v.measure.Subject {
	case program.Tenants:
		t.Now, t.Base = count(v.measure.Amount.Contains(allNow)), count(v.measure.Amount.Contains(allBase))
	case program.Amount:
		t.Now, t.Base = int64(allNow), int64(allBase)
	}
	return t
}

// consumed is a pair's units times its workload's rate, rounded half away from
// zero to a millionth. Units without a rate are named in the tally.
func (v *view) consumed(s *series, m kizuna.Month, t *Tally) kizuna.Micro {
	units := v.at(s, m).units
	if units == 0 {
		return 0
	}
	rate, ok := v.plan.rateOf(s.workload)
	if !ok {
		t.Unrated.add(s.workload, 1)
		return 0
	}
	return times(units, rate)
}

// rateOf returns the rate of a workload in millionths.
func (pl *Plan) rateOf(workload string) (kizuna.Micro, bool) {
	rate, ok := pl.Program.Rates[workload]
	if !ok || rate.Value == nil {
		return 0, false
	}
	return rate.Value.Micro()
}

func times(a, b kizuna.Micro) kizuna.Micro {
	neg := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	lo, carry := bits.Add64(lo, uint64(kizuna.MicroPerUnit)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(kizuna.MicroPerUnit))
	if neg {
		return -kizuna.Micro(q)
	}
	return kizuna.Micro(q)
}

func magnitude(m kizuna.Micro) uint64 {
	if m < 0 {
		return -uint64(m)
	}
	return uint64(m)
}
