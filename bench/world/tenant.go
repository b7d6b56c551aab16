package world

import (
	"cmp"
	"math"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Node is a place in the tree of all customers' scopes, numbered in pre-order, so
// that a scope with everything below it is a range of nodes.
type Node uint32

// Scope is a node and the last node below it.
type Scope struct{ Node, End Node }

// Location is the number of a partner's location.
type Location uint32

// Tenant is one customer: what it has, what it used, and who works for it.
type Tenant struct {
	Number uint32
	Scope  // the whole tenant; what names no subscription is at the tenant's own node

	Groups        []Node // management groups
	Placements    []Placement
	Subscriptions []Subscription
	ResourceGroup []Scope
	Leaves        []Leaf // by node
	Rows          Rows

	Claims       []Claim
	Appointments []Appointment
	Resales      []Resale
	Assignments  []Assignment
	Links        []Link // of identities in the customer's own tenant
}

// Placement puts a subscription or a management group under a management group.
type Placement struct {
	Child  Scope
	Group  bool // the child is a group
	Parent Node
	During kizuna.Interval
}

// Subscription is what the customer bought.
type Subscription struct {
	Scope
	Product uint8
}

// Leaf is a resource with one class of usage: rows Lo to Hi-1 are its own.
type Leaf struct {
	Node         Node
	Subscription int // its index, -1 if none is named
	Class        Class
	Lo, Hi       int
}

// Rows holds usage by columns.
type Rows struct {
	Month    []kizuna.Month
	Day      []kizuna.Date // WholeMonth if the row is a month's
	Money    []kizuna.Micro
	Snapshot []bool // the row says something of users, seats or units
	Users    []int32
	Seats    []int32
	Units    []kizuna.Micro // NoUnits if the cell is empty
}

// The marks of empty cells.
const (
	WholeMonth kizuna.Date  = -1 << 31
	NoUnits    kizuna.Micro = -1
)

// Claim is a claiming partner of record: of a workload of the tenant, of a
// subscription, or of a workload in a subscription.
type Claim struct {
	Location     Location
	Scope        Scope
	Subscription int // -1: the whole tenant
	Workload     int // -1: all of the subscription
	Role         uint8
	During       kizuna.Interval
}

// ClaimRoles are the roles of claims, by number.
var ClaimRoles = []string{"usage", "presales", "revenue"}

// Appointment is a digital partner of record.
type Appointment struct {
	Location     Location
	Subscription int
	During       kizuna.Interval
}

// Resale is a subscription sold by a cloud solution provider.
type Resale struct {
	Location     Location
	Subscription int
	Tier         uint8 // 1 or 2
	During       kizuna.Interval
}

// Assignment is a role that a credential holds.
type Assignment struct {
	Credential Credential
	At         Level
	Scope      Scope
	Role       uint8
	During     kizuna.Interval
}

// Level says what a role is assigned at.
type Level uint8

// The levels. A subscription, a resource group and a resource are ranges alike.
const (
	AtRoot  Level = iota // everything in the tenant that has a scope
	AtGroup              // a management group
	AtRange
)

// Link registers a credential with a partner's location.
type Link struct {
	Credential Credential
	Location   Location
	During     kizuna.Interval
}

// Credential is the number of an identity that can carry a link: of partners'
// own first, then of customers' by the node of the tenant that it lives in.
type Credential uint64

// maker makes one tenant.
type maker struct {
	*Config
	*Catalog
	*Tenant
	random
	next   Node
	island int
	patron int // the partner that half of the associations go to
	daily  bool
	left   int // rows to make
}

// Tenant makes a customer of at most the given number of rows in t, whose memory is
// used again. First is the first free node; the next one is returned.
func (c *Config) Tenant(catalog *Catalog, number uint32, first Node, most int, t *Tenant) Node {
	m := maker{Config: c, Catalog: catalog, Tenant: t, random: newRandom(c.Seed, uint64(number)), next: first}
	rows := min(max(int(c.Scale*math.Pow(1-m.unit(), -1/c.Shape)), c.Least), c.Most, most)
	t.reset(number)
	if c.Islands > 0 {
		m.island = int(number) % c.Islands
	}
	m.patron = m.someAccount()
	m.daily = rows > 400 || c.Edges && m.one(4)
	m.Node = m.grow()
	m.plant(rows)
	m.End = m.next - 1
	m.place()
	m.associate()
	return m.next
}

func (t *Tenant) reset(number uint32) {
	r := &t.Rows
	*t = Tenant{
		Number: number, Groups: t.Groups[:0], Placements: t.Placements[:0], Subscriptions: t.Subscriptions[:0],
		ResourceGroup: t.ResourceGroup[:0], Leaves: t.Leaves[:0],
		Rows:   Rows{r.Month[:0], r.Day[:0], r.Money[:0], r.Snapshot[:0], r.Users[:0], r.Seats[:0], r.Units[:0]},
		Claims: t.Claims[:0], Appointments: t.Appointments[:0], Resales: t.Resales[:0],
		Assignments: t.Assignments[:0], Links: t.Links[:0],
	}
}

func (m *maker) grow() Node {
	m.next++
	return m.next - 1
}

// plant makes the tree with its usage: what is used of other products, then Azure
// subscriptions with resource groups and resources.
func (m *maker) plant(rows int) {
	per := 1 + m.below(Months)
	if m.daily {
		per = 30 + m.below(400)
	}
	leaves := (rows + per - 1) / per
	azure, other := 0, 0
	var some [64]uint16 // workloads of other kinds
	for range leaves {
		if m.daily && !m.one(8) {
			azure++ // most rows of big customers are days of Azure services
			continue
		}
		if w := uint16(m.rank(len(m.Workloads))); m.Workloads[w].Kind == Azure {
			azure++
		} else if other < len(some) {
			some[other] = w
			other++
		}
	}
	subscriptions := min(1+azure/40+m.below(2), 60, azure)
	if subscriptions > 1 || m.Edges {
		for range 1 + subscriptions/4 + m.below(2) {
			m.Groups = append(m.Groups, m.grow())
		}
	}
	m.left = rows
	m.plantOther(some[:other], min(per, Months))
	for s := range subscriptions {
		of := m.open(ofAzure)
		lo, hi := s*azure/subscriptions, (s+1)*azure/subscriptions
		groups := 1 + (hi-lo)/6
		for g := range groups {
			group := m.grow()
			for range (g+1)*(hi-lo)/groups - g*(hi-lo)/groups {
				m.leaf(m.grow(), of, m.rankOf(Azure), m.class(), per)
			}
			m.ResourceGroup = append(m.ResourceGroup, Scope{group, m.next - 1})
		}
		m.close(of)
	}
}

// plantOther makes the usage of other products, most of which names its
// subscription and no scope.
func (m *maker) plantOther(workloads []uint16, rows int) {
	var subscription [5]int
	for product := ofM365; product <= ofPlatform; product++ {
		subscription[product] = -1
	}
	for i, w := range workloads {
		product := ofM365
		if m.Workloads[w].Kind == Business {
			product = ofDynamics + uint8(m.below(2))
		}
		if slices.Contains(workloads[:i], w) {
			continue // it has its rows already
		}
		class := m.class()
		if m.Workloads[w].Kind == Seats && m.below(5) < 2 {
			m.leaf(m.Node, -1, w, class, rows)
			continue
		}
		s := subscription[product]
		if s < 0 {
			s = m.open(product)
			m.close(s)
			subscription[product] = s
		}
		m.leaf(m.Subscriptions[s].Node, s, w, class, rows)
	}
	slices.SortStableFunc(m.Leaves, func(a, b Leaf) int { return cmp.Compare(a.Node, b.Node) })
}

func (m *maker) open(product uint8) int {
	if m.Edges && m.one(12) {
		product = uint8(m.below(int(ofNothing))) // a workload decides by itself what it counts as
	}
	m.Subscriptions = append(m.Subscriptions, Subscription{Scope{Node: m.grow()}, product})
	return len(m.Subscriptions) - 1
}

func (m *maker) close(subscription int) { m.Subscriptions[subscription].End = m.next - 1 }

// rankOf draws a workload of a kind.
func (m *maker) rankOf(kind Kind) uint16 {
	of := m.byKind[kind]
	return of[m.rank(len(of))]
}

// class draws offer and channel.
func (m *maker) class() (c [2]uint8) {
	switch c[0] = uint8(m.below(2)); {
	case m.one(30) || m.Edges && m.one(6):
		c[0] = uint8(m.below(len(Offers)))
	}
	c[1] = uint8(m.below(len(Channels)))
	return c
}

// leaf makes a resource's rows, at most one for each period.
func (m *maker) leaf(at Node, subscription int, workload uint16, class [2]uint8, rows int) {
	product := ofNothing
	if subscription >= 0 {
		product = m.Subscriptions[subscription].Product
	}
	kind := m.Workloads[workload].Kind
	l := Leaf{Node: at, Subscription: subscription, Class: classOf(workload, product, class[0], class[1]), Lo: len(m.Tenant.Rows.Month)}
	if rows = min(rows, m.left); kind == Azure && m.daily {
		m.days(rows)
	} else {
		m.months(kind, rows)
	}
	l.Hi = len(m.Tenant.Rows.Month)
	m.left -= l.Hi - l.Lo
	if l.Hi > l.Lo {
		m.Leaves = append(m.Leaves, l)
	}
}

const days = 730 // of 24 months

// days makes rows of days: base a day, which grows with the months.
func (m *maker) days(rows int) {
	base := math.Exp(m.bell()*2.5+3) * 1e6 / 20
	rows = min(rows, days)
	first := First.Day(1).AddDays(m.below(days - rows + 1))
	month := first.Month()
	ends := month.Add(1).Day(1)
	for i := range rows {
		day := first.AddDays(i)
		if day == ends {
			month++
			ends = month.Add(1).Day(1)
		}
		m.row(month, day, m.amount(base, month), false, 0, 0, NoUnits)
	}
}

// months makes rows of months; with edges some lie before and after the windows.
func (m *maker) months(kind Kind, rows int) {
	before, span := 0, Months
	if m.Edges {
		before, span = 2, Months+3
	}
	rows = min(rows, span)
	first := First.Add(m.below(span-rows+1) - before)
	base := math.Exp(m.bell()*2.5+3) * 1e6
	if kind == Business {
		base *= 20
	}
	seats := int32(math.Exp(m.bell()*2.5 + 3.5))
	share := m.unit()
	each := math.Exp(m.bell()*2+2) * 1e6
	for i := range rows {
		month := first.Add(i)
		if kind == Azure {
			m.row(month, WholeMonth, m.amount(base, month), false, 0, 0, NoUnits)
			continue
		}
		if m.one(8) {
			seats += seats/8 + 1
		}
		if m.Edges {
			seats = m.edgeOfSeats(seats)
			share = pick(&m.random, []float64{share, 0.4, 0.15, 0.41, 0.14, 0.7})
		}
		users := int32(float64(seats) * min(share+float64(i)*0.005, 1))
		if kind == Seats {
			m.row(month, WholeMonth, 0, true, users, seats, NoUnits)
			continue
		}
		units := kizuna.Micro(each * (0.9 + 0.2*m.unit()))
		switch {
		case m.one(6):
			units = NoUnits // active users stand in
		case m.Edges:
			units = pick(&m.random, []kizuna.Micro{units, 0, 5_000_000, 10_000_000, 50_000_000, 24_999_999, 250_000_000})
		}
		m.row(month, WholeMonth, m.amount(base, month), true, users, seats, units)
	}
}

func (m *maker) row(month kizuna.Month, day kizuna.Date, money kizuna.Micro, snapshot bool, users, seats int32, units kizuna.Micro) {
	r := &m.Tenant.Rows
	r.Month, r.Day, r.Money = append(r.Month, month), append(r.Day, day), append(r.Money, money)
	r.Snapshot, r.Users, r.Seats, r.Units = append(r.Snapshot, snapshot), append(r.Users, users), append(r.Seats, seats), append(r.Units, units)
}

// amount varies around a base that grows; a few are refunds.
func (m *maker) amount(base float64, month kizuna.Month) kizuna.Micro {
	a := kizuna.Micro(base * (0.8 + 0.4*m.unit()) * (1 + 0.02*float64(month-First)))
	if m.one(500) {
		a = -a / 2
	}
	if m.Edges && m.one(3) {
		a = pick(&m.random, edgesOfMoney)
	}
	return a
}

var edgesOfMoney = []kizuna.Micro{
	0, 1, -1, 3, 99_999_999, 100_000_000, 249_999_999, 250_000_000, 500_000_000, 999_999_999, 1_000_000_000, -1_000_000_000,
	1_499_999_999, 1_500_000_000, 5_000_000_000, 5_000_000_001, 12_000_000_000, 1_000_000_000_000, 8_000_000_000_000_000,
}

func (m *maker) edgeOfSeats(seats int32) int32 {
	return pick(&m.random, []int32{seats, seats, 0, 5, 10, 11, 20, 24, 25, 300, 301, 1000})
}
