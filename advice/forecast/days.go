package forecast

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// maker makes one forecast.
type maker struct {
	*Question
	f    *Facts
	ctx  context.Context
	last kizuna.Date

	mine    map[string]bool // locations that are the account's at any time, folded
	people  *people.Facts   // those that may concern the account
	assumed *advice.Projection
	ends    []Ending

	days   []kizuna.Date // the question's, and those on which anything may change, in order
	usage  []kizuna.Date // those on which what customers contribute may change
	owners []kizuna.Date // those on which something belongs to another account

	numbers  map[asked]int // of the course's plans
	together *kernel.Together
	course   *kernel.Course
	at       map[string]int // of the course's customers
	other    *alternatives  // nil until they are looked for
	scored   map[kizuna.Date]*scored
}

// asked is what a plan of the course is for: a program on a day, by who owns what on a day.
type asked struct {
	program    *program.Program
	on, owners kizuna.Date
}

// scored is the account's score on a day under a program.
type scored struct {
	on      kizuna.Date
	carried bool
	plan    *attribution.Plan
	total   attribution.Contribution
	values  []attribution.Value
	counts  []int32

	index     *association.Index
	evaluator *score.Evaluator
	figures   *score.Figures
}

// firstDay returns the first day that begins at an instant or later.
func firstDay(t kizuna.Instant) kizuna.Date {
	d := t.Date()
	if d.Instant() < t {
		d++
	}
	return d
}

// prepare finds the days.
func (m *maker) prepare() {
	m.mine = make(map[string]bool)
	for i := range m.f.Associations.Locations {
		if l := &m.f.Associations.Locations[i]; l.Global == m.Account {
			m.mine[association.Fold(l.ID)] = true
		}
	}
	m.people = m.concerned()
	m.owners = m.ownerDays()
	m.usage = slices.Clone(m.owners)
	for k := range m.Months + 1 {
		m.usage = append(m.usage, m.dayOf(k))
	}
	for _, v := range m.Versions {
		m.usage = append(m.usage, v.From)
	}
	m.usage = m.within(m.usage)
	m.days = m.within(append(m.peopleDays(), m.usage...))
	m.scored = make(map[kizuna.Date]*scored)
}

// within sorts days, and leaves out those before the question's or after the last.
func (m *maker) within(days []kizuna.Date) []kizuna.Date {
	days = slices.DeleteFunc(days, func(d kizuna.Date) bool { return d < m.AsOf || d > m.last })
	slices.Sort(days)
	return slices.Compact(days)
}

// ownerDays are the days on which a location begins or ceases to belong to an account, or
// a sale of a subscription that the account sells at some time begins or ends.
func (m *maker) ownerDays() (days []kizuna.Date) {
	add := func(i kizuna.Interval) { days = append(days, firstDay(i.From), firstDay(i.To)) }
	f := m.f.Associations
	for i := range f.Locations {
		add(f.Locations[i].During)
	}
	if !slices.ContainsFunc(m.programs(), func(p *program.Program) bool { return p.CSPHistory != program.ByInterval }) {
		return m.within(days)
	}
	sold := make(map[string]bool)
	for i := range f.Resales {
		if m.mine[association.Fold(f.Resales[i].Location)] {
			sold[association.Fold(f.Resales[i].Subscription)] = true
		}
	}
	for i := range f.Resales {
		if sold[association.Fold(f.Resales[i].Subscription)] {
			add(f.Resales[i].During)
		}
	}
	return m.within(days)
}

func (m *maker) programs() []*program.Program {
	out := []*program.Program{m.Program}
	for _, v := range m.Versions {
		out = append(out, v.Program)
	}
	return out
}

// concerned returns the facts of people who are linked to a location of the account at
// any time.
func (m *maker) concerned() *people.Facts {
	f, out := m.f.People, new(people.Facts)
	profiles := make(map[string]bool)
	for i := range f.Links {
		if m.mine[association.Fold(f.Links[i].Location)] {
			profiles[f.Links[i].MCID] = true
		}
	}
	keep := func(mcid string) bool { return profiles[mcid] }
	for _, p := range f.People {
		if keep(p.MCID) {
			out.People = append(out.People, p)
		}
	}
	for _, l := range f.Links {
		if keep(l.MCID) {
			out.Links = append(out.Links, l)
		}
	}
	for _, c := range f.Certifications {
		if keep(c.MCID) {
			out.Certifications = append(out.Certifications, c)
		}
	}
	return out
}

// peopleDays are the days on which a certificate may begin or cease to count.
func (m *maker) peopleDays() (days []kizuna.Date) {
	for i := range m.people.Links {
		days = append(days, firstDay(m.people.Links[i].During.From), firstDay(m.people.Links[i].During.To))
	}
	held := make(map[string]bool)
	for i := range m.people.Certifications {
		c := &m.people.Certifications[i]
		held[c.Certificate] = true
		for _, d := range []*kizuna.Date{c.EarnedOn, c.ExpiresOn} {
			if d != nil {
				days = append(days, *d)
			}
		}
	}
	for _, p := range m.programs() {
		for id := range held {
			if last := p.Certificates[id].LastDay; last != nil {
				days = append(days, last.AddDays(1))
			}
		}
		for _, rule := range peopleRules(p) {
			if rule.From != nil {
				days = append(days, *rule.From)
			}
		}
	}
	return days
}

// peopleRules lists the rules of a program by which people are counted.
func peopleRules(p *program.Program) (out []*program.PeopleRule) {
	for i := range p.Areas {
		for j := range p.Areas[i].Metrics {
			for _, track := range p.Areas[i].Track.Tracks {
				rule := p.Areas[i].Metrics[j].Rules[track]
				for k := range rule.People {
					out = append(out, &rule.People[k])
				}
			}
		}
	}
	return out
}

// latest returns the last of days, which are in order, that is not after one; the
// question's if there is none.
func (m *maker) latest(days []kizuna.Date, on kizuna.Date) kizuna.Date {
	i, found := slices.BinarySearch(days, on)
	switch {
	case found:
		return on
	case i == 0:
		return m.AsOf
	}
	return days[i-1]
}

// ownersOn returns the first day on which everything belongs to whom it does on a day.
func (m *maker) ownersOn(d kizuna.Date) kizuna.Date { return m.latest(m.owners, d) }

// asked is what customers contribute on a day under a program.
func (m *maker) asked(p *program.Program, on kizuna.Date) asked { return asked{p, on, m.ownersOn(on)} }

// before is the day before another, if the forecast looks at it.
func (m *maker) before(on kizuna.Date) kizuna.Date { return on.AddDays(-1) }

// plans lists all that customers are counted for.
func (m *maker) plans() (all []asked) {
	m.numbers = make(map[asked]int)
	need := func(a asked) {
		if _, ok := m.numbers[a]; !ok {
			m.numbers[a] = len(all)
			all = append(all, a)
		}
	}
	for _, on := range m.usage {
		now := m.On(on).Program
		need(m.asked(now, on))
		if on == m.AsOf {
			continue
		}
		eve := m.before(on)
		was := m.On(eve).Program
		need(m.asked(was, eve))
		if was != now {
			need(m.asked(was, on))
			need(m.asked(now, eve))
		}
		if owners := m.ownersOn(eve); owners != m.ownersOn(on) {
			need(asked{now, on, owners})
		}
	}
	return all
}

// number returns the course's plan for what is asked. On days on which usage contributes
// what it does on an earlier one, it is that day's.
func (m *maker) number(a asked) int {
	n, ok := m.numbers[a]
	if !ok {
		a.on = m.latest(m.usage, a.on)
		if n, ok = m.numbers[a]; !ok {
			panic("forecast: a day was not counted")
		}
	}
	return n
}

// count counts all customers for all days.
func (m *maker) count() error {
	all := m.plans()
	plans, owners := make([]*attribution.Plan, len(all)), make([]kizuna.Date, len(all))
	for i, a := range all {
		plans[i], owners[i] = attribution.NewPlan(a.program, a.on), a.owners
	}
	var err error
	if m.together, err = kernel.CompileDays(m.Trust, plans, owners); err != nil {
		return err
	}
	view, reviser, err := m.project()
	if err != nil {
		return err
	}
	if m.course, err = m.together.Course(m.ctx, view, m.Account, reviser, kernel.Options{}); err != nil {
		return err
	}
	m.at = make(map[string]int, m.course.Customers())
	for i := range m.course.Customers() {
		m.at[m.course.ID(i)] = i
	}
	return nil
}

// day scores a day.
func (m *maker) day(on kizuna.Date) (*scored, error) {
	d := m.scored[on]
	if d == nil {
		v := m.On(on)
		d = m.score(v.Program, on, m.asked(v.Program, on))
		d.carried = v.Carried
		m.scored[on] = d
	}
	return d, nil
}

// score scores a day under a program, with what customers contribute as asked.
func (m *maker) score(p *program.Program, on kizuna.Date, usage asked) *scored {
	d := &scored{on: on, plan: attribution.NewPlan(p, on), total: m.course.Total(m.number(usage))}
	d.index = association.NewIndex(&association.Facts{Locations: m.f.Associations.Locations}, association.Question{Program: p, AsOf: on})
	roster := people.NewRoster(m.people, p, on, d.index.AccountAt)
	s := score.Scorer{Plan: d.plan, Roster: roster, Coverage: m.f.Coverage}
	d.evaluator = s.Sheet().Evaluator()
	d.values = d.plan.Values(nil, m.Account, d.total)
	d.counts = m.counts(roster)
	d.figures = d.evaluate(d.values, d.counts)
	return d
}

func (m *maker) counts(r *people.Roster) []int32 {
	if n, ok := r.Number(m.Account); ok {
		return r.Counts(n)
	}
	return nil
}

func (d *scored) evaluate(values []attribution.Value, counts []int32) *score.Figures {
	f := &d.evaluator.Figures(1)[0]
	d.evaluator.Evaluate(f, values, counts)
	return f
}
