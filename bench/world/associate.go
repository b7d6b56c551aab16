package world

import (
	"math"

	"github.com/kizuna-org/kizuna"
)

// place puts the tree under management groups. The first group is above the
// others; one placement in six moves from one group to another.
func (m *maker) place() {
	if len(m.Groups) == 0 {
		return
	}
	for i, g := range m.Groups[1:] {
		above := m.Groups[:1]
		if m.Edges {
			above = m.Groups[:i+1]
		}
		m.put(Scope{g, g}, true, above)
	}
	for _, s := range m.Subscriptions {
		if s.Product == ofAzure {
			m.put(s.Scope, false, m.Groups)
		}
	}
}

func (m *maker) put(child Scope, group bool, above []Node) {
	if !m.one(6) {
		m.Placements = append(m.Placements, Placement{child, group, pick(&m.random, above), kizuna.Always})
		return
	}
	at := m.instant(0, days)
	m.Placements = append(m.Placements,
		Placement{child, group, pick(&m.random, above), kizuna.Interval{From: kizuna.Never, To: at}},
		Placement{child, group, pick(&m.random, above), kizuna.Interval{From: at, To: kizuna.Forever}})
}

// associate binds partners to the customer.
func (m *maker) associate() {
	many := float64(len(m.Subscriptions)) / 5
	for range m.few(1 + many) {
		m.claim()
	}
	sold := m.one(2)
	for s := range m.Subscriptions {
		if m.below(10) < 3 {
			m.Appointments = append(m.Appointments, Appointment{m.somebody(), s, m.interval()})
		}
		if m.Edges && m.one(3) {
			m.Appointments = append(m.Appointments, Appointment{m.somebody(), s, m.interval()})
		}
		if sold && m.below(10) < 7 {
			m.resell(s)
		}
	}
	for range m.few(0.6 + many) {
		m.assign()
	}
}

// claim claims a workload that the customer uses, or a subscription.
func (m *maker) claim() {
	c := Claim{Location: m.somebody(), Scope: m.Scope, Subscription: -1, During: m.interval()}
	c.Role = pick(&m.random, []uint8{0, 0, 0, 1, 2})
	c.Workload = int(m.rankOf(Seats + Kind(m.below(2))))
	for range 3 { // most claims are of what there is, and Azure is not claimed
		if len(m.Leaves) == 0 {
			break
		}
		l := pick(&m.random, m.Leaves)
		w, _, _, _ := l.Class.Split()
		if m.Workloads[w].Kind == Azure && !m.Edges {
			continue
		}
		c.Workload = w
		if l.Subscription >= 0 && m.one(2) {
			c.Subscription, c.Scope = l.Subscription, m.Subscriptions[l.Subscription].Scope
			if m.one(2) {
				c.Workload = -1
			}
		}
		break
	}
	if c.Workload >= 0 && m.Workloads[c.Workload].Name == "" {
		return // an empty workload cannot be claimed
	}
	m.Claims = append(m.Claims, c)
}

// resell sells a subscription; one in five changes hands.
func (m *maker) resell(s int) {
	r := Resale{m.somebody(), s, uint8(1 + m.below(2)), m.interval()}
	m.Resales = append(m.Resales, r)
	for r.During.To != kizuna.Forever || m.one(5) {
		at := m.instant(-250, days)
		if r.During.To != kizuna.Forever {
			at = r.During.To
		}
		m.Resales[len(m.Resales)-1].During.To = at
		if !m.one(3) {
			return
		}
		r = Resale{m.somebody(), s, r.Tier, kizuna.Interval{From: at, To: kizuna.Forever}}
		if m.one(3) {
			r.During.From += kizuna.Instant(m.below(90)) * secondsPerDay
			r.During.To = r.During.From + kizuna.Instant(30+m.below(400))*secondsPerDay
		}
		m.Resales = append(m.Resales, r)
	}
}

// assign gives a linked credential a role somewhere.
func (m *maker) assign() {
	a := Assignment{Role: uint8(m.below(len(Roles))), During: m.interval(), At: AtRange}
	switch x := m.below(20); {
	case x < 6 && len(m.Groups) > 0:
		g := pick(&m.random, m.Groups)
		a.At, a.Scope = AtGroup, Scope{g, g}
	case x < 12 && len(m.Subscriptions) > 0:
		a.Scope = pick(&m.random, m.Subscriptions).Scope
	case x < 17 && len(m.ResourceGroup) > 0:
		a.Scope = pick(&m.random, m.ResourceGroup)
	case x < 18 && len(m.ResourceGroup) > 0: // its last node: a resource, or an empty group
		end := pick(&m.random, m.ResourceGroup).End
		a.Scope = Scope{end, end}
	default:
		a.At, a.Scope = AtRoot, Scope{m.Node + 1, m.End} // all but what names no subscription
	}
	if m.one(5) { // an identity of the customer's own tenant
		a.Credential = m.ownCredential(len(m.Links))
		m.Links = append(m.Links, Link{a.Credential, m.somebody(), m.interval()})
	} else { // one of the partner's
		a.Credential = Credential(m.someAccountOrPatron()*credentialsPerPartner + m.below(credentialsPerPartner))
	}
	m.Assignments = append(m.Assignments, a)
}

// ownCredential numbers the customer's own identities after all of the partners'.
func (m *maker) ownCredential(n int) Credential {
	return Credential(m.Partners)*credentialsPerPartner + Credential(m.Number)*1000 + Credential(n)
}

func (m *maker) someAccount() int {
	if m.Islands > 0 {
		each := m.Partners / m.Islands
		return m.island*each + m.below(each)
	}
	return m.rank(m.Partners)
}

func (m *maker) someAccountOrPatron() int {
	if m.one(2) {
		return m.patron
	}
	return m.someAccount()
}

// somebody draws a partner's location.
func (m *maker) somebody() Location {
	account := m.someAccountOrPatron()
	return m.Config.location(account, m.below(m.Config.locationsOf(account)))
}

const secondsPerDay = 24 * 60 * 60

// instant draws a time from the given days after the first one of usage; one in
// ten is no midnight.
func (m *maker) instant(from, to int) kizuna.Instant {
	day := First.Day(1).AddDays(from + m.below(to-from))
	if m.Edges && m.one(3) {
		day = day.Month().Day(1) // the edges of months
	}
	at := day.Instant()
	switch {
	case m.Edges && m.one(8):
		at-- // the last second of the day before
	case m.one(10):
		at += kizuna.Instant(m.below(secondsPerDay))
	}
	return at
}

// interval draws when an association holds; two in three are open.
func (m *maker) interval() kizuna.Interval {
	from := m.instant(-250, 650)
	if m.below(3) > 0 {
		return kizuna.Interval{From: from, To: kizuna.Forever}
	}
	to := from + kizuna.Instant(60+m.below(600))*secondsPerDay
	if m.Edges && m.one(2) {
		to = from + kizuna.Instant(math.Exp(m.unit()*math.Log(90*secondsPerDay))) - 1
	}
	return kizuna.Interval{From: from, To: to}
}
