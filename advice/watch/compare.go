package watch

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Movement is what differs between two states of an account.
type Movement struct {
	Account string `json:"account"`
	Before  Asked  `json:"before"`
	After   Asked  `json:"after"`
	// Areas are all areas of both programs, whether they have moved or not.
	Areas []AreaMove `json:"areas"`
	// Whole reports whether who has moved is known: both programs are, by number of measure.
	Whole bool `json:"whole"`
}

// Asked is what a state answers.
type Asked struct {
	Program string      `json:"program"`
	Digest  string      `json:"program_digest"`
	AsOf    kizuna.Date `json:"as_of"`
}

// AreaMove is an area before and after. A program may lack it.
type AreaMove struct {
	ID         string          `json:"id"`
	Before     *AreaFigure     `json:"before"`
	After      *AreaFigure     `json:"after"`
	Difference kizuna.Fraction `json:"difference"`
	Metrics    []MetricMove    `json:"metrics,omitempty"` // that have moved, or somebody in them
	// Marginal is what the area's points would be less if one customer, or one person, alone
	// were as before. Such differences do not add up.
	Marginal []Marginal `json:"marginal,omitempty"`
}

// AreaFigure is an area's figure.
type AreaFigure struct {
	Track     string          `json:"track"`
	Points    kizuna.Fraction `json:"points"`
	Displayed int64           `json:"displayed"`
	Qualified bool            `json:"qualified"`
}

// MetricMove is a metric before and after.
type MetricMove struct {
	Track      string          `json:"track"`
	ID         string          `json:"id"`
	Before     kizuna.Fraction `json:"before"`
	After      kizuna.Fraction `json:"after"`
	Max        kizuna.Fraction `json:"max"`
	Difference kizuna.Fraction `json:"difference"`
	Components []ComponentMove `json:"components,omitempty"`
	People     []PersonMove    `json:"people,omitempty"`
}

// ComponentMove is what is measured, before and after, and the customers behind that.
type ComponentMove struct {
	ID         string       `json:"id,omitempty"`
	Before     score.Inputs `json:"before"`
	After      score.Inputs `json:"after"`
	Difference score.Inputs `json:"difference"`
	// Additive: the customers' differences add up to the difference. They do not where
	// distinct things are counted.
	Additive  bool           `json:"additive"`
	Customers []CustomerMove `json:"customers,omitempty"`
}

// CustomerMove is what a customer contributes before and after.
type CustomerMove struct {
	Tenant     string       `json:"tenant_id"`
	Before     score.Inputs `json:"before"`
	After      score.Inputs `json:"after"`
	Difference score.Inputs `json:"difference"`
}

// PersonMove is what a person adds before and after; nil is nothing.
type PersonMove struct {
	Person string                    `json:"person"`
	MCID   string                    `json:"mcid"`
	Before *score.PersonContribution `json:"before"`
	After  *score.PersonContribution `json:"after"`
}

// Marginal is what one customer or one person makes.
type Marginal struct {
	Tenant string          `json:"tenant_id,omitempty"`
	Person string          `json:"person,omitempty"`
	Points kizuna.Fraction `json:"points"`
}

// Compare tells what differs between two states of an account. programOf finds the
// program of a state that was kept by its reference; nil if there is none. What one
// customer or person alone makes is known only if the second is an outcome's.
func Compare(before, after *State, programOf func(ref string) *program.Program) *Movement {
	m := &Movement{
		Account: after.Account,
		Before:  Asked{before.Program, before.Digest, before.AsOf}, After: Asked{after.Program, after.Digest, after.AsOf},
	}
	after = after.planned(before, programOf)
	before = before.planned(after, programOf)
	m.Whole = before.whole() && after.whole()
	c := &comparison{before: before, after: after, whole: m.Whole}
	for i := range after.Areas {
		m.Areas = append(m.Areas, c.area(areaOf(before, after.Areas[i].ID), &after.Areas[i]))
	}
	for i := range before.Areas {
		if areaOf(after, before.Areas[i].ID) == nil {
			m.Areas = append(m.Areas, c.area(&before.Areas[i], nil))
		}
	}
	if m.Whole && before.Digest == after.Digest && after.outcome != nil && before.People != nil {
		c.marginals(m)
	}
	return m
}

// planned returns the state with the plan by which its measures are numbered, if the
// program can be found: it may be the other state's.
func (s *State) planned(other *State, programOf func(ref string) *program.Program) *State {
	if s.plan != nil {
		return s
	}
	var rules *program.Program
	if other.plan != nil && other.Digest == s.Digest {
		rules = other.plan.Program
	} else if rules = programOf(s.Program); rules == nil || program.Digest(rules) != s.Digest {
		return s
	}
	out := *s
	out.plan = attribution.NewPlan(rules, s.AsOf)
	return &out
}

// whole reports whether it is known what the numbers of measures mean.
func (s *State) whole() bool {
	if s.plan == nil || len(s.Contributions) != s.plan.Measures() {
		return false
	}
	for i := range s.Areas {
		for k := range s.Areas[i].Metrics {
			for _, c := range s.Areas[i].Metrics[k].Components {
				if c.Measure < 0 || c.Measure >= len(s.Contributions) {
					return false // it was damaged while it was kept
				}
			}
		}
	}
	return true
}

// Moved reports whether anything differs.
func (m *Movement) Moved() bool {
	return m.Before.Digest != m.After.Digest || slices.ContainsFunc(m.Areas, func(a AreaMove) bool {
		return len(a.Metrics) > 0 || !reflect.DeepEqual(a.Before, a.After)
	})
}

func areaOf(s *State, id string) *Area {
	if i := slices.IndexFunc(s.Areas, func(a Area) bool { return a.ID == id }); i >= 0 {
		return &s.Areas[i]
	}
	return nil
}

type comparison struct {
	before, after *State
	whole         bool
	tenants       map[string]bool
	persons       map[string]bool
}

func figure(a *Area) *AreaFigure {
	if a == nil {
		return nil
	}
	return &AreaFigure{a.Track, a.Points, a.Displayed, a.Qualified}
}

func (c *comparison) area(before, after *Area) AreaMove {
	out := AreaMove{Before: figure(before), After: figure(after)}
	var none Area
	x, y := cmp.Or(before, &none), cmp.Or(after, &none)
	out.ID, out.Difference = cmp.Or(y.ID, x.ID), y.Points.Sub(x.Points)
	find := func(all []Metric, of *Metric) *Metric {
		if i := slices.IndexFunc(all, func(m Metric) bool { return m.ID == of.ID && m.Track == of.Track }); i >= 0 {
			return &all[i]
		}
		return nil
	}
	add := func(m, n *Metric) {
		if move, moved := c.metric(m, n); moved {
			out.Metrics = append(out.Metrics, move)
		}
	}
	for i := range y.Metrics {
		add(find(x.Metrics, &y.Metrics[i]), &y.Metrics[i])
	}
	for i := range x.Metrics {
		if find(y.Metrics, &x.Metrics[i]) == nil {
			add(&x.Metrics[i], nil)
		}
	}
	return out
}

func (c *comparison) metric(before, after *Metric) (out MetricMove, moved bool) {
	var none Metric
	x, y := cmp.Or(before, &none), cmp.Or(after, &none)
	out = MetricMove{
		Track: cmp.Or(y.Track, x.Track), ID: cmp.Or(y.ID, x.ID), Before: x.Points, After: y.Points,
		Difference: y.Points.Sub(x.Points), Max: y.Max,
	}
	if after == nil {
		out.Max = x.Max
	}
	var ids []string
	for _, m := range []*Metric{y, x} {
		for i := range m.Components {
			if !slices.Contains(ids, m.Components[i].ID) {
				ids = append(ids, m.Components[i].ID)
			}
		}
	}
	for _, id := range ids {
		if move, moved := c.component(id, componentOf(x, id), componentOf(y, id)); moved {
			out.Components = append(out.Components, move)
		}
	}
	out.People = personMoves(x.People, y.People)
	for i := range out.People {
		c.persons = with(c.persons, out.People[i].Person)
	}
	return out, len(out.Components) > 0 || len(out.People) > 0 || out.Difference.Sign() != 0 || before == nil || after == nil || x.Status != y.Status
}

func with(set map[string]bool, member string) map[string]bool {
	if set == nil {
		set = make(map[string]bool)
	}
	set[member] = true
	return set
}

func componentOf(m *Metric, id string) *Component {
	if i := slices.IndexFunc(m.Components, func(c Component) bool { return c.ID == id }); i >= 0 {
		return &m.Components[i]
	}
	return nil
}

func (c *comparison) component(id string, before, after *Component) (out ComponentMove, moved bool) {
	out.ID = id
	var ofBefore, ofAfter map[string]attribution.Tally
	if before != nil {
		out.Before = before.Total
		if c.whole {
			ofBefore = c.before.Contributions[before.Measure]
		}
	}
	if after != nil {
		out.After = after.Total
		if c.whole {
			ofAfter = c.after.Contributions[after.Measure]
		}
	}
	out.Difference = minus(out.After, out.Before)
	if c.whole {
		ids := slices.Collect(maps.Keys(ofAfter))
		for tenant := range ofBefore {
			if _, both := ofAfter[tenant]; !both {
				ids = append(ids, tenant)
			}
		}
		var sum score.Inputs
		for _, tenant := range ids {
			move := CustomerMove{Tenant: tenant}
			if before != nil {
				move.Before = c.before.inputs(before.Measure, tenant)
			}
			if after != nil {
				move.After = c.after.inputs(after.Measure, tenant)
			}
			same := before != nil && after != nil && c.before.Digest == c.after.Digest && reflect.DeepEqual(ofBefore[tenant], ofAfter[tenant])
			move.Difference = minus(move.After, move.Before)
			if same || zero(move.Difference) && c.before.Digest != c.after.Digest {
				continue
			}
			sum = score.Inputs{Now: sum.Now.Add(move.Difference.Now), Base: sum.Base.Add(move.Difference.Base)}
			out.Customers = append(out.Customers, move)
			c.tenants = with(c.tenants, tenant)
		}
		out.Additive = zero(minus(sum, out.Difference))
		slices.SortFunc(out.Customers, func(a, b CustomerMove) int {
			return cmp.Or(weight(b.Difference).Cmp(weight(a.Difference)), cmp.Compare(a.Tenant, b.Tenant))
		})
	}
	return out, len(out.Customers) > 0 || !zero(out.Difference) || (before == nil) != (after == nil)
}

func minus(a, b score.Inputs) score.Inputs {
	return score.Inputs{Now: a.Now.Sub(b.Now), Base: a.Base.Sub(b.Base)}
}

func zero(i score.Inputs) bool { return i.Now.Sign() == 0 && i.Base.Sign() == 0 }

// weight is by how much inputs move their measure.
func weight(i score.Inputs) kizuna.Fraction {
	d := i.Now.Sub(i.Base)
	if d.Sign() < 0 {
		return kizuna.Fraction{}.Sub(d)
	}
	return d
}

// personMoves lists the people who add something else than before, in order of their ids.
func personMoves(before, after []score.PersonContribution) (out []PersonMove) {
	key := func(p *score.PersonContribution) string { return p.Person + "\x00" + p.MCID }
	at := make(map[string]*PersonMove)
	for i := range before {
		at[key(&before[i])] = &PersonMove{Person: before[i].Person, MCID: before[i].MCID, Before: &before[i]}
	}
	for i := range after {
		p := &after[i]
		if at[key(p)] == nil {
			at[key(p)] = &PersonMove{Person: p.Person, MCID: p.MCID}
		}
		at[key(p)].After = p
	}
	for _, id := range slices.Sorted(maps.Keys(at)) {
		m := at[id]
		if m.Before == nil || m.After == nil || m.Before.Counted != m.After.Counted || !slices.Equal(m.Before.Steps, m.After.Steps) ||
			m.Before.Location != m.After.Location || !slices.Equal(m.Before.Certificates, m.After.Certificates) {
			out = append(out, *m)
		}
	}
	return out
}

// marginals evaluates the account once for each customer and each person who has moved, as if that
// one were as before.
func (c *comparison) marginals(m *Movement) {
	b := c.after.outcome.Base()
	points := func(total attribution.Contribution, f *people.Facts) []kizuna.Fraction {
		figures := b.Outcome(total, f).Figures()
		out := make([]kizuna.Fraction, len(figures.Areas))
		for i := range figures.Areas {
			out[i] = figures.Areas[i].Total
		}
		return out
	}
	now := points(c.after.outcome.Total, c.after.outcome.People())
	add := func(then []kizuna.Fraction, of Marginal) {
		for i := range m.Areas {
			if i < len(now) { // the areas of the program, in its order
				if of.Points = now[i].Sub(then[i]); of.Points.Sign() != 0 {
					m.Areas[i].Marginal = append(m.Areas[i].Marginal, of)
				}
			}
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(c.tenants)) {
		total := maps.Clone(c.after.outcome.Total)
		for measure := range c.after.Contributions {
			key := attribution.Key{Account: c.after.Account, Measure: measure}
			total.Sub(one(key, c.after.Contributions[measure][tenant]))
			total.Add(one(key, c.before.Contributions[measure][tenant]))
		}
		add(points(total, c.after.outcome.People()), Marginal{Tenant: tenant})
	}
	for _, person := range slices.Sorted(maps.Keys(c.persons)) {
		add(points(c.after.outcome.Total, asBefore(person, c.before.People, c.after.outcome.People())), Marginal{Person: person})
	}
	for i := range m.Areas {
		slices.SortStableFunc(m.Areas[i].Marginal, func(a, b Marginal) int { return -abs(a.Points).Cmp(abs(b.Points)) })
	}
}

func abs(f kizuna.Fraction) kizuna.Fraction {
	if f.Sign() < 0 {
		return kizuna.Fraction{}.Sub(f)
	}
	return f
}

func one(key attribution.Key, t attribution.Tally) attribution.Contribution {
	if t.IsZero() {
		return nil
	}
	return attribution.Contribution{key: t}
}

// asBefore returns the facts of people of now, but of one person those of before.
func asBefore(person string, before, now *people.Facts) *people.Facts {
	profiles := make(map[string]bool)
	for _, f := range []*people.Facts{before, now} {
		for _, p := range f.People {
			if p.ID == person {
				profiles[p.MCID] = true
			}
		}
	}
	out := new(people.Facts)
	take := func(f *people.Facts, wanted bool) {
		for _, p := range f.People {
			if profiles[p.MCID] == wanted {
				out.People = append(out.People, p)
			}
		}
		for _, l := range f.Links {
			if profiles[l.MCID] == wanted {
				out.Links = append(out.Links, l)
			}
		}
		for _, h := range f.Certifications {
			if profiles[h.MCID] == wanted {
				out.Certifications = append(out.Certifications, h)
			}
		}
	}
	take(now, false)
	take(before, true)
	return out
}
