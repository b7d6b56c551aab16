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
	"fmt"
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

	ownersOn   kizuna.Date   // the day by which locations and sales belong to accounts
	digest     func() []byte // of what is asked
	of         [][]int       // by plan and its measure: which of measures
	dialects   []dialect
	first      kizuna.Month
	months     int     // from the first month of any plan to the last
	starts     []int64 // when each begins, and when the last ends
	feeds      []attribution.Feed
	dialectOf  []int             // by feed
	typeSets   []program.TypeSet // the feeds' distinct ones
	typesOf    []int             // by feed
	views      []view
	windows    [][2]int // of months, first and last, that measures look at
	measures   []measure
	rules      []attribution.Measure // of measures
	identities []string              // of measures: equal where they count alike what they see
	tariffs    []tariff
	owners     []program.OwnerRule

	mu         sync.Mutex // of what follows
	idle       []*worker
	known      known
	workloadOf map[string]uint32 // by what all dialects call it
	laneOf     map[string]uint32
	seriesOf   map[seriesKey]uint32
	sightOf    map[sightKey]firstSight
}

// tariff is what units are worth to plans of a dialect.
type tariff struct {
	plan    *attribution.Plan // the first of them
	dialect int
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

// workload is what all dialects call alike. Under one of them it may be the same as
// another: then the first of them stands for both.
type workload struct {
	called []called // by dialect
	rates  []rate   // by tariff
	fed    bool     // it feeds some measure, or stands for one that does
}

// called is what a workload is in a dialect.
type called struct {
	name  string
	first uint32   // the workload that stands for all of that name
	same  []uint32 // of the first: all of that name, in order
	owner int      // index into Kernel.owners, -1 if it is not reached by owning
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
	lane   uint32
	sights []sight
}

type seriesKey struct{ lane, workload uint32 }

// sight is a series as a view sees it.
type sight struct {
	view     int32
	feed     int32  // position in the view's list
	workload uint32 // the first of its name
	nameless bool   // it counts in sums and never as a workload
	// shared: the view sees another series of the same name through the feed, so that
	// the feed's series is the sum of both.
	shared bool
}

type sightKey struct {
	view, feed int32
	workload   uint32
}

// firstSight is where the first sight of its kind is, until there is a second.
type firstSight struct {
	series uint32
	sight  int
	shared bool
}

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
		workloadOf: make(map[string]uint32),
		laneOf:     make(map[string]uint32),
		seriesOf:   make(map[seriesKey]uint32),
		sightOf:    make(map[sightKey]firstSight),
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
	number  int
	view    int
	dialect int
	class   class
	// Months as indexes; the base is empty if hasBase is not set. now and base are
	// the last of their windows.
	nowFirst, now   int
	baseFirst, base int
	// nowWindow and baseWindow number the windows among those of the kernel.
	nowWindow, baseWindow uint8
	hasBase               bool
	trailing              bool
	amount                bounds
	bounded               bool // an amount has bounds
	seats                 bounds
	hasSeats              bool
	seatsTo               int64
	inRangeBefore         int // the month in which a tenant that outgrew the range was in it; -1: it does not count
	sinceAssociated       bool
	share, newShare       share
	shareOfWorkload       bool
	paidSeats             bool // not active users
	selective             bool // looks at some customers only
	tariff                int
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
	d := k.dialect(plan.Program)
	t := k.tariff(plan, d)
	var feeds []int
	for _, f := range plan.Feeds() {
		feeds = append(feeds, k.feed(f, d))
	}
	of := make([]int, plan.Measures())
	for number := range of {
		m := plan.Measure(number)
		m.Feeds = slices.Clone(m.Feeds)
		for i, f := range m.Feeds {
			m.Feeds[i] = feeds[f]
		}
		out := k.compiled(plan, &m)
		if out.dialect = d; m.Quantity == program.Consumption {
			out.tariff = t
		}
		alike := identity(&m, &out)
		key := fmt.Sprint(alike, m.Feeds, out.tariff)
		n, ok := numbers[key]
		if !ok {
			n = len(k.measures)
			numbers[key] = n
			k.measure(&m, out)
			k.identities = append(k.identities, alike)
		}
		of[number] = n
	}
	k.of = append(k.of, of)
}

// tariff numbers what units are worth to a plan.
func (k *Kernel) tariff(plan *attribution.Plan, dialect int) int {
	same := func(t tariff) bool {
		return t.dialect == dialect && reflect.DeepEqual(t.plan.Program.Rates, plan.Program.Rates)
	}
	if i := slices.IndexFunc(k.tariffs, same); i >= 0 {
		return i
	}
	k.tariffs = append(k.tariffs, tariff{plan, dialect})
	return len(k.tariffs) - 1
}

// identity is equal for measures whose tallies of the same feeds, and at the same
// rates, are.
func identity(m *attribution.Measure, out *measure) string {
	same := *m
	same.Measure.Feeds, same.Feeds, same.Channels, same.Change, same.FloorNow, same.FloorBase = nil, nil, nil, "", nil, nil
	key, err := json.Marshal(struct {
		attribution.Measure
		None               bool // countries: nobody's, not everybody's
		Now, InRangeBefore int
	}{same, m.Countries != nil, out.now, out.inRangeBefore})
	if err != nil {
		panic(err) // a measure is plain data
	}
	return string(key)
}

func (k *Kernel) feed(f attribution.Feed, dialect int) int {
	for i := range k.feeds {
		if k.dialectOf[i] == dialect && reflect.DeepEqual(f, k.feeds[i]) {
			return i
		}
	}
	t := slices.Index(k.typeSets, f.Types)
	if t < 0 {
		t = len(k.typeSets)
		k.typeSets = append(k.typeSets, f.Types)
	}
	k.feeds = append(k.feeds, f)
	k.dialectOf = append(k.dialectOf, dialect)
	k.typesOf = append(k.typesOf, t)
	return len(k.feeds) - 1
}

func (k *Kernel) compiled(plan *attribution.Plan, m *attribution.Measure) measure {
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
	out.nowWindow, out.baseWindow = k.window(out.nowFirst, out.now), k.window(out.baseFirst, out.base)
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

// noWindow is above all numbers of windows whose sums are kept.
const noWindow = 64

// window numbers a window of months.
func (k *Kernel) window(first, last int) uint8 {
	of := [2]int{first, last}
	n := slices.Index(k.windows, of)
	if n < 0 {
		n = len(k.windows)
		if n == noWindow {
			return noWindow
		}
		k.windows = append(k.windows, of)
	}
	return uint8(n)
}

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
func (k *Kernel) series(lane, workload uint32) uint32 {
	key := seriesKey{lane, workload}
	if n, ok := k.seriesOf[key]; ok {
		return n
	}
	n := uint32(len(k.known.series))
	s := series{lane: lane}
	for _, lv := range k.known.lanes[lane].views {
		of := &k.known.workloads[workload].called[k.viewDialect(lv.view)]
		k.known.workloads[of.first].fed = true
		for _, feed := range lv.feeds {
			seen := sight{view: int32(lv.view), feed: int32(feed)}
			if len(k.dialects) == 1 || !k.addsUp(lv.view) {
				seen.workload, seen.nameless = of.first, of.name == ""
				seen.shared = k.sight(&seen, firstSight{n, len(s.sights), false})
			}
			s.sights = append(s.sights, seen)
		}
	}
	k.seriesOf[key] = n
	k.known.series = append(k.known.series, s)
	return n
}

// addsUp reports whether no measure asks a view for single workloads: then names make
// no difference to it.
func (k *Kernel) addsUp(view int) bool {
	return !slices.ContainsFunc(k.views[view].measures, func(m int) bool {
		class := k.measures[m].class
		return class != revenueTenants && class != revenueAmount
	})
}

// sight reports whether there is another sight of the kind, which then is shared as well.
func (k *Kernel) sight(s *sight, at firstSight) bool {
	key := sightKey{s.view, s.feed, s.workload}
	first, ok := k.sightOf[key]
	if !ok {
		k.sightOf[key] = at
		return false
	}
	if !first.shared {
		first.shared = true
		k.sightOf[key] = first
		of := &k.known.series[first.series]
		of.sights = slices.Clone(of.sights) // workers may be reading them
		of.sights[first.sight].shared = true
	}
	return true
}
