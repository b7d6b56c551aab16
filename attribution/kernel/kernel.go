// Package kernel counts whole segments: what [attribution.Book] says of each
// customer, to the last integer, many millions of rows a second.
//
// A plan is compiled into flat tables once ([Compile]); each segment's numbers are
// bound to them ([Kernel.Run]); then every tenant is evaluated by itself, in any
// order, by any number of workers, and what it contributes is added up by account.
// docs/engine.md tells how.
package kernel

import (
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// Kernel is a plan compiled into flat tables. It is safe for concurrent use.
type Kernel struct {
	Plan  *attribution.Plan
	Trust attribution.Trust

	months   int     // from the plan's first month to its last
	starts   []int64 // when each begins, and when the last ends
	feeds    []attribution.Feed
	typeSets []program.TypeSet // the feeds' distinct ones
	typesOf  []int             // by feed
	views    []view
	measures []measure
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
	rate  kizuna.Micro
	rated bool
	owner int  // index into Kernel.owners, -1 if it is not reached by owning
	fed   bool // it feeds some measure: it has series
}

// lane is what resources have in common whose rows feed the same feeds through
// the same association types: their credits are kept once.
type lane struct {
	types program.TypeSet
	views []laneView
	// Which figures any of the measures looks at.
	money, snapshots bool
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
	if trust == "" {
		trust = attribution.TrustBoth
	}
	k := &Kernel{
		Plan: plan, Trust: trust,
		months:     int(plan.Last-plan.First()) + 1,
		feeds:      plan.Feeds(),
		excluded:   make(map[string]bool),
		ownerOf:    make(map[string]int),
		workloadOf: make(map[string]uint32),
		laneOf:     make(map[string]uint32),
		seriesOf:   make(map[seriesKey]uint32),
	}
	if plan.Measures() >= maxMeasures {
		return nil, kizuna.Errorf("kernel-measures", "the program has %d distinct measures", plan.Measures()).
			WithMend("split it into programs of fewer areas")
	}
	for _, offer := range plan.Program.ExcludedOffers {
		k.excluded[offer] = true
	}
	for name, rule := range plan.Program.OwnedWorkloads {
		k.ownerOf[name] = len(k.owners)
		k.owners = append(k.owners, rule)
	}
	for m := plan.First(); m <= plan.Last+1; m++ {
		k.starts = append(k.starts, int64(m.Day(1).Instant()))
	}
	for _, f := range k.feeds {
		t := slices.Index(k.typeSets, f.Types)
		if t < 0 {
			t = len(k.typeSets)
			k.typeSets = append(k.typeSets, f.Types)
		}
		k.typesOf = append(k.typesOf, t)
	}
	for number := range plan.Measures() {
		k.measure(plan.Measure(number))
	}
	return k, nil
}

// measure is a measure as numbers.
type measure struct {
	attribution.Measure
	number int
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
	share, newShare share
}

// class is which of the oracle's evaluations a measure takes.
type class uint8

const (
	revenueTenants class = iota
	revenuePairs
	revenueWorkloads
	revenueAmount
	consumption
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
	exact     kizuna.Fraction // asked where the terms do not fit
	fits      bool
	exclusive bool
	set       bool
}

func shareOf(f *kizuna.Fraction, exclusive bool) share {
	if f == nil {
		return share{}
	}
	s := share{exact: *f, exclusive: exclusive, set: true}
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
		c = kizuna.Micro(users).Fraction().Cmp(kizuna.Micro(seats).Fraction().Mul(s.exact))
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

func (k *Kernel) measure(m attribution.Measure) {
	first, w := k.Plan.First(), m.Window
	out := measure{
		Measure: m, number: len(k.measures),
		now: k.months - 1, nowFirst: int(k.Plan.Last-first) + 1 - w.Months,
		hasBase: w.Back != 0, trailing: w.Kind == program.Trailing,
		amount: boundsOf(m.Amount), bounded: m.Amount != nil,
		seats: boundsOf(m.Seats), hasSeats: m.Seats != nil, seatsTo: math.MaxInt64,
		share: shareOf(m.Share, m.ShareExclusive), newShare: shareOf(m.NewShareAtMost, !m.NewShareExclusive),
	}
	out.base, out.baseFirst = out.now-w.Back, out.nowFirst-w.Back
	if m.Seats != nil && m.Seats.To != nil {
		out.seatsTo = int64(*m.Seats.To)
	}
	switch {
	case m.Quantity == program.Revenue:
		out.class = map[program.Subject]class{
			program.Tenants: revenueTenants, program.Pairs: revenuePairs,
			program.Workloads: revenueWorkloads, program.Amount: revenueAmount,
		}[m.Subject]
	case m.Quantity == program.Consumption:
		out.class = consumption
	case m.Subject == program.Amount:
		out.class = users
	default:
		out.class = holders
	}
	v := slices.IndexFunc(k.views, func(v view) bool { return slices.Equal(v.feeds, m.Feeds) })
	if v < 0 {
		v = len(k.views)
		k.views = append(k.views, view{feeds: m.Feeds})
	}
	k.views[v].measures = append(k.views[v].measures, out.number)
	k.measures = append(k.measures, out)
}

// workload numbers a workload, under the program's name for it. The lock is held.
func (k *Kernel) workload(name string) uint32 {
	name = k.Plan.Program.WorkloadName(name)
	if n, ok := k.workloadOf[name]; ok {
		return n
	}
	w := workload{name: name, owner: -1}
	w.rate, w.rated = k.Plan.Rate(name)
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
	l := lane{types: k.feeds[feeds[0]].Types}
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
			money := k.measures[m].Quantity == program.Revenue
			// Where nothing at all counts as an amount, even a row that carries other
			// figures makes a workload count.
			zero := k.measures[m].bounded && k.measures[m].amount.holds(0)
			l.money = l.money || money || zero
			l.snapshots = l.snapshots || !money || zero
		}
	}
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
