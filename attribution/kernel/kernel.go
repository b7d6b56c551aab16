// Package kernel counts whole segments: what [attribution.Book] says of each
// customer, to the last integer, many millions of rows a second.
//
// A plan is compiled into flat tables once ([Compile]); each segment's numbers are
// bound to them ([Kernel.Run]); then every tenant is evaluated by itself, in any
// order, by any number of workers, and what it contributes is added up by account.
// docs/engine.md tells how.
package kernel

import (
	"encoding/json"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// Kernel is a plan compiled into flat tables, or several plans that read facts alike.
// It is safe for concurrent use.
type Kernel struct {
	Plan  *attribution.Plan // the first
	Trust attribution.Trust

	ownersOn kizuna.Date   // the day by which locations and sales belong to accounts
	digest   func() []byte // of what is asked
	of       [][]int       // by plan and its measure: which of measures
	first    kizuna.Month
	months   int     // from the first month of any plan to the last
	starts   []int64 // when each begins, and when the last ends
	feeds    []attribution.Feed
	typeSets []program.TypeSet // the feeds' distinct ones
	typesOf  []int             // by feed
	views    []view
	measures []measure
	rules    []attribution.Measure // of measures
	tariffs  []*attribution.Plan   // those with distinct rates
	owners   []program.OwnerRule
	ownerOf  map[string]int // by workload
	excluded map[string]bool

	mu         sync.Mutex // of what follows
	idle       []*worker
	known      known
	workloadOf map[string]uint32
	laneOf     map[string]uint32
	seriesOf   map[seriesKey]uint32
}

// known is what segments bring with them, numbered as it comes. Workers have copies
// of their own.
type known struct {
	workloads []workload
	lanes     []lane
	series    []series
}

func (k *known) clone() known {
	return known{slices.Clone(k.workloads), slices.Clone(k.lanes), slices.Clone(k.series)}
}

// workload is a workload under the program's name for it.
type workload struct {
	name  string
	rates []rate // by tariff
	owner int    // index into Kernel.owners, -1 if it is not reached by owning
	fed   bool   // it feeds some measure: it has series
}

type rate struct {
	of    kizuna.Micro
	known bool
}

// lane is what resources have in common whose rows feed the same feeds through
// the same association types: their credits are kept once.
type lane struct {
	types program.TypeSet
	views []laneView
	looks figures // at which figures any of the measures does
	from  int     // the first month at which any of them does
	layout
}

// laneView says that a lane feeds a view, as often as feeds of it take the rows.
type laneView struct {
	view  int
	feeds []int // positions in the view's list
}

// series is a lane's credits of one workload.
type series struct {
	lane     uint32
	workload uint32
	// shared: another series of the workload is in a lane with a feed in common, so
	// that a feed's series is the sum of both.
	shared bool
}

type seriesKey struct{ lane, workload uint32 }

// view is a list of feeds, and the measures that look at it.
type view struct {
	feeds    []int
	measures []int
}

const (
	maxMeasures  = 1 << 14
	maxWorkloads = 1 << 24
)

// Compile compiles a plan. An empty trust is [attribution.TrustBoth].
func Compile(plan *attribution.Plan, trust attribution.Trust) (*Kernel, error) {
	return compile([]*attribution.Plan{plan}, trust)
}

// compile compiles plans that read facts alike.
func compile(plans []*attribution.Plan, trust attribution.Trust) (*Kernel, error) {
	if trust == "" {
		trust = attribution.TrustBoth
	}
	plan := plans[0]
	k := &Kernel{
		Plan: plan, Trust: trust, digest: sync.OnceValue(func() []byte { return digestOf(plans, trust) }),
		first:      plan.First(),
		ownersOn:   plan.AsOf,
		excluded:   make(map[string]bool),
		ownerOf:    make(map[string]int),
		workloadOf: make(map[string]uint32),
		laneOf:     make(map[string]uint32),
		seriesOf:   make(map[seriesKey]uint32),
	}
	for _, offer := range plan.Program.ExcludedOffers {
		k.excluded[offer] = true
	}
	for name, rule := range plan.Program.OwnedWorkloads {
		k.ownerOf[name] = len(k.owners)
		k.owners = append(k.owners, rule)
	}
	for _, p := range plans {
		k.first = min(k.first, p.First())
	}
	last := plan.Last
	for _, p := range plans {
		last = max(last, p.Last)
	}
	k.months = int(last-k.first) + 1
	for m := k.first; m <= last+1; m++ {
		k.starts = append(k.starts, int64(m.Day(1).Instant()))
	}
	numbers := make(map[string]int)
	for _, p := range plans {
		k.add(p, numbers)
	}
	if len(k.measures) >= maxMeasures {
		return nil, kizuna.Errorf("kernel-measures", "the program has %d distinct measures", len(k.measures)).
			WithMend("split it into programs of fewer areas")
	}
	return k, nil
}

// measure is a measure as numbers.
type measure struct {
	number int
	view   int
	class  class
	// Months as indexes; the base is empty if hasBase is not set. now and base are
	// the last of their windows.
	nowFirst, now   int
	baseFirst, base int
	hasBase         bool
	trailing        bool
	amount          bounds
	bounded         bool // an amount has bounds
	seats           bounds
	hasSeats        bool
	seatsTo         int64
	inRangeBefore   int // the month in which a tenant that outgrew the range was in it; -1: it does not count
	sinceAssociated bool
	share, newShare share
	shareOfWorkload bool
	paidSeats       bool // not active users
	selective       bool // looks at some customers only
	tariff          int
}

// class is which of the oracle's evaluations a measure takes.
type class uint8

const (
	revenueTenants class = iota
	revenuePairs
	revenueWorkloads
	revenueAmount
	consumptionTenants
	consumptionPairs
	consumptionAmount
	users
	holders
)

// bounds is a range, both ends included; empty if most is under least.
type bounds struct{ least, most int64 }

func (b bounds) holds(v int64) bool { return b.least <= v && v <= b.most }

func boundsOf(r *program.Range) bounds {
	b := bounds{math.MinInt64, math.MaxInt64}
	if r == nil {
		return bounds{1, math.MaxInt64}
	}
	none := bounds{1, 0}
	if r.From != nil {
		if b.least = int64(*r.From); r.FromExclusive {
			if b.least == math.MaxInt64 {
				return none
			}
			b.least++
		}
	}
	if r.To != nil {
		if b.most = int64(*r.To); r.ToExclusive {
			if b.most == math.MinInt64 {
				return none
			}
			b.most--
		}
	}
	return b
}

// share is a share of seats that must be active.
type share struct {
	num, den  uint64
	exact     *kizuna.Fraction // asked where the terms do not fit
	fits      bool
	exclusive bool
	set       bool
}

func shareOf(f *kizuna.Fraction, exclusive bool) share {
	if f == nil {
		return share{}
	}
	s := share{exact: f, exclusive: exclusive, set: true}
	num, den, ok := f.Terms()
	if s.fits = ok && num >= 0; s.fits {
		s.num, s.den = uint64(num), uint64(den)
	}
	return s
}

// reached reports whether users are at least the share of seats, or more than it;
// with no paid seats the share is 0.
func (s *share) reached(users, seats int64) bool {
	if seats <= 0 {
		return false
	}
	var c int
	switch {
	case !s.fits:
		c = kizuna.Micro(users).Fraction().Cmp(kizuna.Micro(seats).Fraction().Mul(*s.exact))
	case users < 0:
		c = -1 // the share of the seats is 0 or more
	default:
		hi, lo := bits.Mul64(uint64(users), s.den)
		hi2, lo2 := bits.Mul64(uint64(seats), s.num)
		switch {
		case hi > hi2 || hi == hi2 && lo > lo2:
			c = 1
		case hi < hi2 || lo < lo2:
			c = -1
		}
	}
	return c > 0 || c == 0 && !s.exclusive
}

// add takes the feeds, views and measures of a plan, those that are there already
// only once.
func (k *Kernel) add(plan *attribution.Plan, numbers map[string]int) {
	tariff := slices.IndexFunc(k.tariffs, func(p *attribution.Plan) bool {
		return reflect.DeepEqual(p.Program.Rates, plan.Program.Rates)
	})
	if tariff < 0 {
		tariff = len(k.tariffs)
		k.tariffs = append(k.tariffs, plan)
	}
	var feeds []int
	for _, f := range plan.Feeds() {
		feeds = append(feeds, k.feed(f))
	}
	of := make([]int, plan.Measures())
	for number := range of {
		m := plan.Measure(number)
		m.Feeds = slices.Clone(m.Feeds)
		for i, f := range m.Feeds {
			m.Feeds[i] = feeds[f]
		}
		out := k.compiled(plan, &m, tariff)
		key := identity(&m, &out)
		n, ok := numbers[key]
		if !ok {
			n = len(k.measures)
			numbers[key] = n
			k.measure(&m, out)
		}
		of[number] = n
	}
	k.of = append(k.of, of)
}

// identity is equal for measures whose tallies are.
func identity(m *attribution.Measure, out *measure) string {
	same := *m
	same.Measure.Feeds, same.Change, same.FloorNow, same.FloorBase = nil, "", nil, nil
	key, err := json.Marshal(struct {
		attribution.Measure
		None                       bool // countries: nobody's, not everybody's
		Now, InRangeBefore, Tariff int
	}{same, m.Countries != nil, out.now, out.inRangeBefore, out.tariff})
	if err != nil {
		panic(err) // a measure is plain data
	}
	return string(key)
}

func (k *Kernel) feed(f attribution.Feed) int {
	if i := slices.IndexFunc(k.feeds, func(g attribution.Feed) bool { return reflect.DeepEqual(f, g) }); i >= 0 {
		return i
	}
	t := slices.Index(k.typeSets, f.Types)
	if t < 0 {
		t = len(k.typeSets)
		k.typeSets = append(k.typeSets, f.Types)
	}
	k.feeds = append(k.feeds, f)
	k.typesOf = append(k.typesOf, t)
	return len(k.feeds) - 1
}

func (k *Kernel) compiled(plan *attribution.Plan, m *attribution.Measure, tariff int) measure {
	w := m.Window
	now := int(plan.Last - k.first)
	out := measure{
		now: now, nowFirst: now + 1 - w.Months,
		hasBase: w.Back != 0, trailing: w.Kind == program.Trailing,
		amount: boundsOf(m.Amount), bounded: m.Amount != nil,
		seats: boundsOf(m.Seats), hasSeats: m.Seats != nil, seatsTo: math.MaxInt64, inRangeBefore: -1,
		sinceAssociated: m.SinceAssociation,
		share:           shareOf(m.Share, m.ShareExclusive), newShare: shareOf(m.NewShareAtMost, !m.NewShareExclusive),
		shareOfWorkload: m.ShareOfWorkload,
		paidSeats:       m.Quantity == program.PaidSeats,
		selective:       m.Segment != "" || m.Countries != nil,
	}
	out.base, out.baseFirst = out.now-w.Back, out.nowFirst-w.Back
	if m.Seats != nil && m.Seats.To != nil {
		out.seatsTo = int64(*m.Seats.To)
		// A plan sees nothing before its own first month.
		if m.StaysAfterGrowth && plan.Last.Add(-monthsPerYear) >= plan.First() {
			out.inRangeBefore = out.now - monthsPerYear
		}
	}
	switch {
	case m.Quantity == program.Revenue:
		out.class = map[program.Subject]class{
			program.Tenants: revenueTenants, program.Pairs: revenuePairs,
			program.Workloads: revenueWorkloads, program.Amount: revenueAmount,
		}[m.Subject]
	case m.Quantity == program.Consumption:
		out.tariff = tariff
		out.class = map[program.Subject]class{
			program.Tenants: consumptionTenants, program.Pairs: consumptionPairs, program.Amount: consumptionAmount,
		}[m.Subject]
	case m.Subject == program.Amount:
		out.class = users
	default:
		out.class = holders
	}
	return out
}

const monthsPerYear = 12

func (k *Kernel) measure(m *attribution.Measure, out measure) {
	out.number = len(k.measures)
	v := slices.IndexFunc(k.views, func(v view) bool { return slices.Equal(v.feeds, m.Feeds) })
	if v < 0 {
		v = len(k.views)
		k.views = append(k.views, view{feeds: m.Feeds})
	}
	out.view = v
	k.views[v].measures = append(k.views[v].measures, out.number)
	k.measures = append(k.measures, out)
	k.rules = append(k.rules, *m)
}

// looks says which figures a measure looks at, and the first month at which it does.
func (m *measure) looks() (f figures, from int) {
	from = m.nowFirst
	if m.hasBase {
		from = min(from, m.baseFirst)
	}
	if m.inRangeBefore >= 0 {
		from = min(from, m.inRangeBefore)
	}
	switch m.class {
	case revenueTenants, revenuePairs, revenueWorkloads, revenueAmount:
		f = money
	case consumptionTenants, consumptionPairs, consumptionAmount:
		f = units
	default:
		f = people
	}
	if m.countsNothing() {
		f, from = money|people|units, 0
	}
	return f, from
}

// countsNothing: where nothing at all counts as an amount, even a row that carries
// other figures, or is of another month, makes a workload count.
func (m *measure) countsNothing() bool { return m.bounded && m.amount.holds(0) }

// workload numbers a workload, under the program's name for it. The lock is held.
func (k *Kernel) workload(name string) uint32 {
	name = k.Plan.Program.WorkloadName(name)
	if n, ok := k.workloadOf[name]; ok {
		return n
	}
	w := workload{name: name, owner: -1}
	for _, plan := range k.tariffs {
		of, known := plan.Rate(name)
		w.rates = append(w.rates, rate{of, known})
	}
	if owner, ok := k.ownerOf[name]; ok {
		w.owner = owner
	}
	n := uint32(len(k.known.workloads))
	k.workloadOf[name] = n
	k.known.workloads = append(k.known.workloads, w)
	return n
}

// workloads lists the workloads that are known by now.
func (k *Kernel) workloads() []workload {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.known.workloads)
}

func (k *Kernel) seriesCount() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.known.series)
}

// lane numbers the lane of feeds of one set of types. The lock is held.
func (k *Kernel) lane(feeds []int) uint32 {
	key := make([]byte, len(k.feeds))
	for _, f := range feeds {
		key[f] = 1
	}
	if n, ok := k.laneOf[string(key)]; ok {
		return n
	}
	l := lane{types: k.feeds[feeds[0]].Types, from: k.months}
	for v := range k.views {
		var positions []int
		for i, f := range k.views[v].feeds {
			if key[f] != 0 {
				positions = append(positions, i)
			}
		}
		if positions == nil {
			continue
		}
		l.views = append(l.views, laneView{v, positions})
		for _, m := range k.views[v].measures {
			looks, from := k.measures[m].looks()
			l.looks, l.from = l.looks|looks, min(l.from, from)
		}
	}
	l.layout = layoutOf(l.looks, l.from, k.months)
	n := uint32(len(k.known.lanes))
	k.laneOf[string(key)] = n
	k.known.lanes = append(k.known.lanes, l)
	return n
}

// series numbers a lane's credits of a workload. The lock is held.
func (k *Kernel) series(laneNumber, workload uint32) uint32 {
	key := seriesKey{laneNumber, workload}
	if n, ok := k.seriesOf[key]; ok {
		return n
	}
	n := uint32(len(k.known.series))
	s := series{lane: laneNumber, workload: workload}
	for i := range k.known.series {
		other := &k.known.series[i]
		if other.workload == workload && k.overlap(other.lane, laneNumber) {
			s.shared, other.shared = true, true
		}
	}
	k.seriesOf[key] = n
	k.known.workloads[workload].fed = true
	k.known.series = append(k.known.series, s)
	return n
}

// overlap reports whether two lanes feed the same position of a view.
func (k *Kernel) overlap(a, b uint32) bool {
	for _, x := range k.known.lanes[a].views {
		for _, y := range k.known.lanes[b].views {
			if x.view == y.view && slices.ContainsFunc(x.feeds, func(f int) bool { return slices.Contains(y.feeds, f) }) {
				return true
			}
		}
	}
	return false
}
