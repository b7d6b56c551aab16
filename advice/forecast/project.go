package forecast

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Assumption is what usage is taken to be in the months to come: a [advice.Projection]
// from the last month complete before the question's day on.
type Assumption struct {
	Kind Kind
	// Of given growth: the rate a month, of the last month's usage, and customers that
	// have their own, by id without case.
	Rate  kizuna.Fraction
	Rates map[string]advice.Rates
}

// Kind is how usage is taken to grow.
type Kind string

// The kinds.
const (
	Flat  Kind = "flat"  // as in the last month
	Trend Kind = "trend" // as each customer's own last twelve months go: [advice.Trend]
	Given Kind = "given"
)

// Projection is the assumption for a forecast, but for what a trend takes from usage.
func (q *Question) Projection() *advice.Projection {
	p := &advice.Projection{From: q.AsOf.Month().Add(-1), Until: q.AsOf.Month().Add(q.Months - 1)}
	switch q.Assume.Kind {
	case Given:
		p.Rate, p.Rates = q.Assume.Rate, q.Assume.Rates
	case Trend:
		p.Rates = make(map[string]advice.Rates)
	}
	return p
}

// Ends lists the subscriptions that end before the forecast does, and the last month of
// which usage is taken, that is, which they outlast. Of a subscription that stands there
// several times the last end holds.
func (q *Question) Ends(subscriptions []association.Subscription) (ends []Ending, last map[advice.Bought]kizuna.Month) {
	from, until := q.AsOf.Month().Add(-1), q.AsOf.Month().Add(q.Months-1)
	end := make(map[string]int)
	for i := range subscriptions {
		id := association.Fold(subscriptions[i].ID)
		if n, ok := end[id]; !ok || subscriptions[n].During.To < subscriptions[i].During.To {
			end[id] = i
		}
	}
	last = make(map[advice.Bought]kizuna.Month)
	for id, i := range end {
		s := &subscriptions[i]
		if s.Tenant == "" || s.During.Empty() || s.During.To >= until.Add(1).Day(1).Instant() {
			continue // without a beginning it says nothing
		}
		month := s.During.To.Date().Month().Add(-1)
		ends = append(ends, Ending{s.ID, s.Tenant, firstDay(s.During.To), s.At})
		last[advice.Bought{Tenant: association.Fold(s.Tenant), Subscription: id}] = max(month, from) // what was before is as it is
	}
	slices.SortFunc(ends, func(a, b Ending) int {
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Subscription, b.Subscription))
	})
	return ends, last
}

// Assumed returns what a forecast takes usage to be, all that it is taken from facts too.
func Assumed(q *Question, f *Facts) (*advice.Projection, error) {
	m := &maker{Question: q, f: f}
	_, _, err := m.project()
	return m.assumed, err
}

// project finds what usage is taken to be, and returns the view that is to be counted and
// what puts it in there: of customers with subscriptions that end from their rows, of all
// others from what is packed.
func (m *maker) project() (*segment.View, func() kernel.Revise, error) {
	m.assumed = m.Projection()
	m.ends, m.assumed.Last = m.Ends(m.f.Associations.Subscriptions)
	view, special, err := m.special()
	if err != nil {
		return nil, nil, err
	}
	if m.Assume.Kind == Trend {
		if err := m.trends(view); err != nil {
			return nil, nil, err
		}
		if special { // by their trends
			if view, _, err = m.special(); err != nil {
				return nil, nil, err
			}
		}
	}
	of := len(m.f.View.Segments())
	return view, func() kernel.Revise {
		extenders := make([]*segment.Extender, of)
		return func(number int, tenant string, r *segment.Record) error {
			if number >= of {
				return nil // it has it already
			}
			if extenders[number] == nil {
				extenders[number] = segment.NewExtender(m.f.View.Segments()[number])
			}
			return extenders[number].Extend(r, m.assumed.From, func(_ int, last []segment.Row) []segment.Row {
				return m.assumed.Rows(last, tenant, "")
			})
		}
	}, nil
}

// trends takes from each customer's months how its usage grows.
func (m *maker) trends(view *segment.View) error {
	var months []segment.Row
	for n, s := range view.Segments() {
		for i := range s.Blocks() {
			b, err := s.Block(i)
			if err != nil {
				return err
			}
			for k := range b.Len() {
				if view.Hidden(n, b.First()+k) {
					continue
				}
				var r segment.Record
				b.Record(k, &r)
				months = r.Months(m.assumed.From.Add(1-advice.TrendMonths), advice.TrendMonths, months)
				if rates := advice.Trend(months); rates != (advice.Rates{}) {
					m.assumed.Rates[b.ID(k)] = rates
				}
			}
		}
	}
	return nil
}

// special lays over the view the customers that have subscriptions which end, with what
// their usage is taken to be; packed usage does not say what is of which subscription.
func (m *maker) special() (view *segment.View, any bool, err error) {
	var tenants []string
	for _, e := range m.ends {
		if id := association.Fold(e.Tenant); id != "" {
			if _, _, _, ok, err := m.f.View.Find(id); err != nil {
				return nil, false, err
			} else if ok {
				tenants = append(tenants, id)
			}
		}
	}
	if len(tenants) == 0 {
		return m.f.View, false, nil
	}
	slices.Sort(tenants)
	tenants = slices.Compact(tenants)
	s, err := m.packed(tenants, func(string) *association.Facts { return m.f.Associations }, m.assumed)
	if err != nil {
		return nil, false, err
	}
	view, err = segment.NewView(m.f.View.Segments()[0], append(slices.Clone(m.f.View.Segments()[1:]), s)...)
	return view, true, err
}

// packed packs customers, in the order of their ids, with what their usage is taken to be,
// as facts, which may be others for each, say who reaches it.
func (m *maker) packed(tenants []string, facts func(tenant string) *association.Facts, p *advice.Projection) (*segment.Segment, error) {
	var out bytes.Buffer
	b := segment.NewBuilder(&out)
	compilers := make(map[*association.Facts]*segment.Compiler)
	for c, err := range m.f.Usage(tenants)(b) {
		if err != nil {
			return nil, err
		}
		c = p.Consumed(c)
		f := facts(c.ID)
		if compilers[f] == nil {
			compilers[f] = segment.NewCompiler(b, f, nil)
		}
		compilers[f].Say(c.Tenant, c.About)
		if err := b.Add(c.Tenant); err != nil {
			return nil, err
		}
	}
	b.SetLocations(m.f.Associations.Locations)
	if err := b.Finish(); err != nil {
		return nil, err
	}
	return segment.Read(out.Bytes())
}
