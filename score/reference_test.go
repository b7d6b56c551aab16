package score_test

import (
	"math/big"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// reference is a second scorer, written only to be obviously right: it asks of
// every row at every instant that matters whether an account holds it, straight
// from the facts, without an index, a union or a shared evaluation. What becomes
// of the values is in reference_points_test.go.
type reference struct {
	program *program.Program
	facts   *association.Facts
	people  *people.Facts
	rows    []referenceRow
	asOf    kizuna.Date
}

// referenceRow is the row of the rules: equal usage rows summed and rounded once.
type referenceRow struct {
	usage.Row
	money               *big.Rat
	hasMoney, snapshot  bool
	hasUnits            bool
	users, seats, units int64
}

func newReference(q score.Question, f *score.Facts) *reference {
	r := &reference{program: q.Program, facts: f.Associations, people: f.People, asOf: q.AsOf}
	for _, u := range f.Usage.Rows() {
		u.Workload = r.alias(u.Workload)
		i := slices.IndexFunc(r.rows, func(x referenceRow) bool { return sameRow(&x.Row, &u) })
		if i < 0 {
			i = len(r.rows)
			r.rows = append(r.rows, referenceRow{Row: u, money: new(big.Rat)})
		}
		x := &r.rows[i]
		if u.Revenue != nil {
			x.hasMoney = true
			amount, _ := new(big.Rat).SetString(u.Revenue.String())
			x.money.Add(x.money, amount)
		}
		if u.Day != nil || u.ActiveUsers == nil && u.PaidSeats == nil && u.Units == nil {
			continue
		}
		x.snapshot = true
		if u.ActiveUsers != nil {
			x.users += *u.ActiveUsers
		}
		if u.PaidSeats != nil {
			x.seats += *u.PaidSeats
		}
		if u.Units != nil {
			x.hasUnits = true
			x.units += int64(*u.Units)
		}
	}
	for i := range r.rows {
		x := &r.rows[i]
		x.money = roundMicro(x.money)
		if !x.hasUnits {
			x.units = x.users * 1e6 // active users stand in
		}
	}
	return r
}

// roundMicro rounds half away from zero to a millionth.
func roundMicro(v *big.Rat) *big.Rat {
	s, _ := new(big.Rat).SetString(v.FloatString(6))
	return s
}

func sameRow(a, b *usage.Row) bool {
	day := func(u *usage.Row) kizuna.Date {
		if u.Day == nil {
			return -1
		}
		return *u.Day
	}
	return a.Month == b.Month && day(a) == day(b) && strings.EqualFold(a.Tenant, b.Tenant) &&
		strings.EqualFold(a.Subscription, b.Subscription) && scopeOf(a) == scopeOf(b) &&
		a.Workload == b.Workload && a.OfferType == b.OfferType && a.Channel == b.Channel
}

func scopeOf(u *usage.Row) string {
	switch {
	case u.Scope != "":
		return strings.ToLower(u.Scope)
	case u.Subscription != "":
		return "/subscriptions/" + strings.ToLower(u.Subscription)
	}
	return ""
}

func (r *reference) alias(workload string) string {
	if name, ok := r.program.Aliases[workload]; ok {
		return name
	}
	return workload
}

func (r *reference) accountOf(location string) string {
	for _, l := range r.facts.Locations {
		if l.ID == location && l.During.Contains(r.asOf.Instant()) {
			return l.Global
		}
	}
	return ""
}

// holds reports whether the account holds the row at an instant through a type.
func (r *reference) holds(account string, t program.Type, u *usage.Row, at kizuna.Instant) bool {
	switch t {
	case program.CPORUsage, program.CPORPresales, program.CPORRevenue:
		return r.holdsClaim(account, t, u, at)
	case program.DPOR:
		return slices.ContainsFunc(r.facts.Appointments, func(d association.Appointment) bool {
			return strings.EqualFold(d.Subscription, u.Subscription) && r.accountOf(d.Location) == account && d.During.Contains(at)
		})
	case program.CSPTier1, program.CSPTier2:
		return r.holdsSale(account, t, u, at)
	case program.PAL:
		return r.holdsLink(account, u, at)
	}
	return false
}

func (r *reference) holdsClaim(account string, t program.Type, u *usage.Row, at kizuna.Instant) bool {
	roles := map[program.Type]association.ClaimRole{
		program.CPORUsage: association.UsageRole, program.CPORPresales: association.PresalesRole,
		program.CPORRevenue: association.RevenueRole,
	}
	return slices.ContainsFunc(r.facts.Claims, func(c association.Claim) bool {
		if c.Role != roles[t] || r.accountOf(c.Location) != account || !c.During.Contains(at) {
			return false
		}
		workload := c.Workload == "" || r.alias(c.Workload) == u.Workload
		if c.Subscription != "" {
			return strings.EqualFold(c.Subscription, u.Subscription) && workload
		}
		return c.Workload != "" && workload && strings.EqualFold(c.Tenant, u.Tenant)
	})
}

func (r *reference) holdsSale(account string, t program.Type, u *usage.Row, at kizuna.Instant) bool {
	var sales []association.Resale
	for _, s := range r.facts.Resales {
		if strings.EqualFold(s.Subscription, u.Subscription) && !s.During.Empty() {
			sales = append(sales, s)
		}
	}
	tier := map[program.Type]string{program.CSPTier1: "T1", program.CSPTier2: "T2"}[t]
	if r.program.CSPHistory == program.ByInterval {
		return slices.ContainsFunc(sales, func(s association.Resale) bool {
			return s.Tier == tier && r.accountOf(s.Location) == account && s.During.Contains(at)
		})
	}
	d := r.asOf.Instant()
	sales = slices.DeleteFunc(sales, func(s association.Resale) bool { return s.During.From > d })
	someone := slices.ContainsFunc(sales, func(s association.Resale) bool { return s.During.Contains(at) })
	now := slices.ContainsFunc(sales, func(s association.Resale) bool { return s.During.Contains(d) })
	last := kizuna.Never
	for _, s := range sales {
		last = max(last, s.During.To)
	}
	owns := slices.ContainsFunc(sales, func(s association.Resale) bool {
		its := s.During.Contains(d) || !now && s.During.To == last
		return its && s.Tier == tier && r.accountOf(s.Location) == account
	})
	return someone && owns
}

func (r *reference) holdsLink(account string, u *usage.Row, at kizuna.Instant) bool {
	scope := scopeOf(u)
	if scope == "" {
		return false
	}
	rule, owned := r.program.OwnedWorkloads[u.Workload]
	if owned && slices.ContainsFunc(r.facts.Ownerships, func(o association.Ownership) bool {
		return strings.EqualFold(o.Tenant, u.Tenant) && strings.EqualFold(o.Scope, scope)
	}) {
		return r.holdsOwned(account, rule, u, scope, at)
	}
	for _, link := range r.facts.Links {
		if r.accountOf(link.Location) != account || !link.During.Contains(at) {
			continue
		}
		for _, a := range r.facts.Assignments {
			home := a.PrincipalTenant
			if home == "" {
				home = a.Tenant
			}
			if strings.EqualFold(a.Tenant, u.Tenant) && strings.EqualFold(home, link.Tenant) && a.During.Contains(at) &&
				!strings.Contains(strings.ToLower(a.Role), "reader") &&
				r.isMember(link.Tenant, link.Object, a.Object, at, 0) && r.above(u.Tenant, a.Scope, scope, at, 0) {
				return true
			}
		}
	}
	return false
}

func (r *reference) holdsOwned(account string, rule program.OwnerRule, u *usage.Row, scope string, at kizuna.Instant) bool {
	type candidate struct {
		account string
		active  kizuna.Instant
		holds   bool
	}
	var all []candidate
	last := kizuna.Never
	for _, o := range r.facts.Ownerships {
		if !strings.EqualFold(o.Tenant, u.Tenant) || !strings.EqualFold(o.Scope, scope) || !slices.Contains(rule.Relations, o.Relation) {
			continue
		}
		for _, l := range r.facts.Links {
			owner := r.accountOf(l.Location)
			if owner == "" || !strings.EqualFold(l.Tenant, o.Tenant) || !strings.EqualFold(l.Object, o.Object) {
				continue
			}
			active := kizuna.Never
			if o.LastActivity != nil {
				active = *o.LastActivity
			}
			both := l.During.Intersect(o.During)
			if both.Empty() {
				continue
			}
			last = max(last, active)
			all = append(all, candidate{owner, active, both.Contains(at)})
		}
	}
	isLast := slices.ContainsFunc(all, func(c candidate) bool { return c.account == account && c.active == last })
	return slices.ContainsFunc(all, func(c candidate) bool {
		return c.account == account && c.holds && (isLast || !rule.LatestOnly)
	})
}

func (r *reference) isMember(tenant, object, of string, at kizuna.Instant, depth int) bool {
	if strings.EqualFold(object, of) {
		return true
	}
	return depth < 8 && slices.ContainsFunc(r.facts.Memberships, func(m association.Membership) bool {
		return strings.EqualFold(m.Tenant, tenant) && strings.EqualFold(m.Object, object) && m.During.Contains(at) &&
			r.isMember(tenant, m.Group, of, at, depth+1)
	})
}

func (r *reference) above(tenant, scope, of string, at kizuna.Instant, depth int) bool {
	if scope == "/" || strings.EqualFold(scope, of) {
		return true
	}
	if depth > 12 {
		return false
	}
	for _, s := range r.facts.Scopes {
		if s.Parent != "" && strings.EqualFold(s.Tenant, tenant) && strings.EqualFold(s.Scope, of) && s.During.Contains(at) &&
			r.above(tenant, scope, s.Parent, at, depth+1) {
			return true
		}
	}
	parent, _ := of, 0
	i := strings.LastIndexByte(parent, '/')
	return i > 0 && r.above(tenant, scope, strings.ToLower(of[:i]), at, depth+1)
}

// instants are all moments at which any fact begins or ends, within the period.
func (r *reference) instants(period kizuna.Interval) []kizuna.Instant {
	all := []kizuna.Instant{period.From}
	add := func(i kizuna.Interval) {
		for _, t := range []kizuna.Instant{i.From, i.To} {
			if period.Contains(t) {
				all = append(all, t)
			}
		}
	}
	f := r.facts
	for _, x := range f.Claims {
		add(x.During)
	}
	for _, x := range f.Appointments {
		add(x.During)
	}
	for _, x := range f.Resales {
		add(x.During)
	}
	for _, x := range f.Links {
		add(x.During)
	}
	for _, x := range f.Assignments {
		add(x.During)
	}
	for _, x := range f.Memberships {
		add(x.During)
	}
	for _, x := range f.Scopes {
		add(x.During)
	}
	for _, x := range f.Ownerships {
		add(x.During)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *reference) holdsAny(account string, types program.TypeSet, u *usage.Row, at kizuna.Instant) bool {
	return slices.ContainsFunc(types.Types(), func(t program.Type) bool { return r.holds(account, t, u, at) })
}

func (r *reference) covered(account string, types program.TypeSet, u *usage.Row) int64 {
	period := u.Period()
	moments := r.instants(period)
	var total int64
	for i, from := range moments {
		to := period.To
		if i+1 < len(moments) {
			to = moments[i+1]
		}
		if r.holdsAny(account, types, u, from) {
			total += int64(to - from)
		}
	}
	return total
}

// feed returns the types through which a row feeds a measure.
func (r *reference) feed(m *program.Measure, u *usage.Row) (program.TypeSet, bool) {
	product := ""
	for _, s := range r.facts.Subscriptions {
		if strings.EqualFold(s.ID, u.Subscription) {
			product = s.Product
		}
	}
	if len(m.Channels) > 0 && !slices.Contains(m.Channels, u.Channel) {
		return 0, false
	}
	for i := range m.Feeds {
		if m.Feeds[i].Workloads.Holds(u.Workload, product) {
			return m.Feeds[i].Types, true
		}
	}
	return 0, false
}

// revenue is what an account is credited with of a tenant's workload in a month;
// an empty workload means all of them.
func (r *reference) revenue(m *program.Measure, account, tenant, workload string, all bool, month kizuna.Month) *big.Rat {
	sum := new(big.Rat)
	for i := range r.rows {
		u := &r.rows[i]
		types, ok := r.feed(m, &u.Row)
		if !ok || u.Month != month || !strings.EqualFold(u.Tenant, tenant) || !all && u.Workload != workload ||
			slices.Contains(r.program.ExcludedOffers, u.OfferType) {
			continue
		}
		share := big.NewRat(r.covered(account, types, &u.Row), u.Period().Seconds())
		sum.Add(sum, roundMicro(share.Mul(share, u.money)))
	}
	return sum
}

// snapshot is what an account covers of a tenant's workload at the end of a month.
func (r *reference) snapshot(m *program.Measure, account, tenant, workload string, month kizuna.Month) (users, seats, units int64, covered bool) {
	for i := range r.rows {
		u := &r.rows[i]
		types, ok := r.feed(m, &u.Row)
		if !ok || !u.snapshot || u.Month != month || !strings.EqualFold(u.Tenant, tenant) || u.Workload != workload ||
			!r.holdsAny(account, types, &u.Row, u.Period().To-1) {
			continue
		}
		users, seats, units, covered = users+u.users, seats+u.seats, units+u.units, true
	}
	return users, seats, units, covered
}

func (r *reference) tenants() []string {
	var out []string
	for _, u := range r.rows {
		if !slices.ContainsFunc(out, func(t string) bool { return strings.EqualFold(t, u.Tenant) }) {
			out = append(out, u.Tenant)
		}
	}
	return out
}

func (r *reference) workloads() []string {
	var out []string
	for _, u := range r.rows {
		if !slices.Contains(out, u.Workload) {
			out = append(out, u.Workload)
		}
	}
	return out
}

// value is a measure's value for an account at a point: the window that ends
// with the month.
func (r *reference) value(m *program.Measure, account string, end kizuna.Month) *big.Rat {
	total := new(big.Rat)
	held := make(map[string]bool)
	for _, tenant := range r.tenants() {
		switch {
		case m.Quantity == program.Revenue && m.Subject == program.Tenants:
			total.Add(total, yes(r.earns(m, account, tenant, "", true, end)))
		case m.Quantity == program.Revenue && m.Subject == program.Amount:
			sum := r.window(m, account, tenant, "", true, end)
			if m.Amount == nil || inRange(m.Amount, sum) {
				total.Add(total, sum)
			}
		case m.Quantity == program.Revenue:
			for _, w := range r.workloads() {
				if w != "" && r.earns(m, account, tenant, w, false, end) {
					held[w] = true
					total.Add(total, yes(m.Subject == program.Pairs))
				}
			}
		case m.Quantity == program.Consumption:
			for _, w := range r.workloads() {
				_, _, units, _ := r.snapshot(m, account, tenant, w, end)
				if units == 0 {
					continue
				}
				rate, _ := new(big.Rat).SetString(r.program.Rates[w].Value.String())
				mcv := roundMicro(rate.Mul(rate, big.NewRat(units, 1e6)))
				if m.Subject == program.Amount {
					total.Add(total, mcv)
				} else {
					total.Add(total, yes(inRange(m.Amount, mcv)))
				}
			}
		}
	}
	if m.Subject == program.Workloads {
		return big.NewRat(int64(len(held)), 1)
	}
	return total
}

func yes(b bool) *big.Rat {
	if b {
		return big.NewRat(1, 1)
	}
	return new(big.Rat)
}

func inRange(r *program.Range, v *big.Rat) bool {
	micro := new(big.Rat).Mul(v, big.NewRat(1e6, 1))
	return r.Contains(kizuna.Micro(micro.Num().Int64()))
}

func (r *reference) window(m *program.Measure, account, tenant, workload string, all bool, end kizuna.Month) *big.Rat {
	sum := new(big.Rat)
	for i := range m.Window.Months {
		sum.Add(sum, r.revenue(m, account, tenant, workload, all, end.Add(-i)))
	}
	return sum
}

func (r *reference) earns(m *program.Measure, account, tenant, workload string, all bool, end kizuna.Month) bool {
	if m.Window.Kind == program.Trailing {
		return inRange(m.Amount, r.window(m, account, tenant, workload, all, end))
	}
	for i := range m.Window.Months {
		if inRange(m.Amount, r.revenue(m, account, tenant, workload, all, end.Add(-i))) {
			return true
		}
	}
	return false
}

// measured is the value now and at the base, in whole units.
func (r *reference) measured(m *program.Measure, account string) (now, base *big.Rat) {
	if m.Quantity == program.ActiveUsers || m.Quantity == program.PaidSeats {
		n, b := r.seated(m, account)
		return big.NewRat(n, 1), big.NewRat(b, 1)
	}
	last := r.asOf.Month().Add(-1)
	base = new(big.Rat)
	if m.Window.Back > 0 {
		base = r.value(m, account, last.Add(-m.Window.Back))
	}
	return r.value(m, account, last), base
}

// seated is the value now and at the base of a measure over seats and users.
func (r *reference) seated(m *program.Measure, account string) (now, base int64) {
	last := r.asOf.Month().Add(-1)
	before := last.Add(-m.Window.Back)
	for _, tenant := range r.tenants() {
		if m.Subject == program.Tenants {
			if r.active(m, account, tenant, last) && !r.arrivedActive(m, account, tenant, before, last) {
				now++
			}
			if r.active(m, account, tenant, before) {
				base++
			}
			continue
		}
		for _, w := range r.workloads() {
			at := func(month kizuna.Month) int64 {
				users, _, _, _ := r.snapshot(m, account, tenant, w, month)
				if !r.eligible(m, account, tenant, month) {
					return 0
				}
				return users
			}
			coveredAt := func(month kizuna.Month) bool {
				_, _, _, covered := r.snapshot(m, account, tenant, w, month)
				return covered
			}
			now += at(last)
			switch {
			case coveredAt(before):
				base += at(before)
			case m.SinceAssociation && coveredAt(last):
				first := before.Add(1)
				for !coveredAt(first) {
					first = first.Add(1)
				}
				base += at(first)
			}
		}
	}
	return now, base
}

func (r *reference) eligible(m *program.Measure, account, tenant string, month kizuna.Month) bool {
	if m.Seats == nil {
		return true
	}
	inside, above, before := false, false, false
	for _, w := range r.workloads() {
		if _, seats, _, covered := r.snapshot(m, account, tenant, w, month); covered {
			inside = inside || m.Seats.Contains(kizuna.Micro(seats*1e6))
			above = above || m.Seats.To != nil && kizuna.Micro(seats*1e6) > *m.Seats.To
		}
		if _, seats, _, covered := r.snapshot(m, account, tenant, w, month.Add(-12)); covered {
			before = before || m.Seats.Contains(kizuna.Micro(seats*1e6))
		}
	}
	grown := m.StaysAfterGrowth && month == r.asOf.Month().Add(-1) && above && before
	return inside || grown
}

func (r *reference) share(m *program.Measure, account, tenant string, month kizuna.Month) (users, seats int64, covered bool) {
	for _, w := range r.workloads() {
		u, s, _, c := r.snapshot(m, account, tenant, w, month)
		users, seats, covered = users+u, seats+s, covered || c
	}
	return users, seats, covered
}

func (r *reference) active(m *program.Measure, account, tenant string, month kizuna.Month) bool {
	users, seats, covered := r.share(m, account, tenant, month)
	if !covered || !r.eligible(m, account, tenant, month) {
		return false
	}
	if m.Share == nil {
		return true
	}
	if !m.ShareOfWorkload {
		return moreThan(*m.Share, !m.ShareExclusive, users, seats)
	}
	return slices.ContainsFunc(r.workloads(), func(w string) bool {
		users, seats, _, _ := r.snapshot(m, account, tenant, w, month)
		return moreThan(*m.Share, !m.ShareExclusive, users, seats)
	})
}

// moreThan reports whether users are more than the share of seats, or as much.
func moreThan(share kizuna.Fraction, orEqual bool, users, seats int64) bool {
	if seats <= 0 {
		return false
	}
	c := kizuna.Ratio(users, seats).Cmp(share)
	return c > 0 || c == 0 && orEqual
}

func (r *reference) arrivedActive(m *program.Measure, account, tenant string, before, last kizuna.Month) bool {
	if m.NewShareAtMost == nil {
		return false
	}
	if _, _, covered := r.share(m, account, tenant, before); covered {
		return false
	}
	for month := before + 1; month <= last; month++ {
		if users, seats, covered := r.share(m, account, tenant, month); covered {
			return moreThan(*m.NewShareAtMost, m.NewShareExclusive, users, seats)
		}
	}
	return false
}
