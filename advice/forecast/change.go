package forecast

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Cause is what changed on a day, and what it alone makes.
type Cause struct {
	Kind         CauseKind    `json:"kind"`
	Customer     string       `json:"tenant,omitempty"` // the id without case
	Name         string       `json:"name,omitempty"`   // of the customer, or of the person
	Person       string       `json:"person,omitempty"`
	MCID         string       `json:"mcid,omitempty"`
	Certificate  string       `json:"certificate,omitempty"`
	Location     string       `json:"location,omitempty"`
	Subscription string       `json:"subscription,omitempty"`
	Program      string       `json:"program,omitempty"`
	Table        advice.Table `json:"table,omitempty"` // of an association
	// Fact is where it stands, Ended when it ended.
	Fact  kizuna.Ref      `json:"fact,omitzero"`
	Ended *kizuna.Instant `json:"ended,omitempty"`
	// Now and Base say which of a customer's months made the difference: those of the
	// window, or those that they are compared with.
	Now  bool `json:"now,omitempty"`
	Base bool `json:"base,omitempty"`
	// Alone is what it alone makes: what would be had it alone stayed as it was, and what is.
	Alone []AreaChange `json:"alone"`
	Act   *Act         `json:"act,omitempty"` // nil where nothing is lost
}

// CauseKind is what a cause is.
type CauseKind string

// The causes.
const (
	Expired           CauseKind = "certificate-expired"
	Earned            CauseKind = "certificate-earned"
	Retired           CauseKind = "certificate-retired"
	RuleChanged       CauseKind = "rule-changed"
	ProfileEnded      CauseKind = "profile-unlinked"
	ProfileLinked     CauseKind = "profile-linked"
	ProgramChanged    CauseKind = "program"
	OwnerChanged      CauseKind = "csp-owner"
	LocationsChanged  CauseKind = "locations"
	AssociationEnded  CauseKind = "association-ended"
	SubscriptionEnded CauseKind = "subscription-ended"
	Window            CauseKind = "window"
)

// change compares a day with the day before, and looks for the causes of what differs;
// nil if nothing does.
func (m *maker) change(on kizuna.Date) (*Change, error) {
	was, err := m.day(m.before(on))
	if err != nil {
		return nil, err
	}
	is, err := m.day(on)
	if err != nil {
		return nil, err
	}
	c := &Change{On: on, Causes: []Cause{}, program: is.plan.Program, Areas: differences(was, was.figures, is, is.figures)}
	if len(c.Areas) == 0 {
		return nil, nil
	}
	l := &lapse{maker: m, was: was, is: is, c: c}
	if err := l.causes(); err != nil {
		return nil, err
	}
	for i := range c.Causes {
		if loses(c.Causes[i].Alone) {
			c.Causes[i].Act = m.act(c.program, on, &c.Causes[i])
		}
	}
	l.together()
	return c, nil
}

// differences compares figures, which may be of different programs.
func differences(a *scored, was *score.Figures, b *scored, is *score.Figures) (out []AreaChange) {
	for i := range is.Areas {
		rules := &b.plan.Program.Areas[i]
		c := AreaChange{
			Area: rules.ID, Track: is.Areas[i].Track,
			Is: is.Areas[i].Total, IsShown: is.Areas[i].Displayed, Holds: is.Areas[i].Qualified,
		}
		before := slices.IndexFunc(a.plan.Program.Areas, func(x program.Area) bool { return x.ID == rules.ID })
		if before >= 0 {
			of := &was.Areas[before]
			c.TrackWas, c.Was, c.WasShown, c.Held = of.Track, of.Total, of.Displayed, of.Qualified
		}
		for t, track := range rules.Track.Tracks {
			metrics := is.Metrics(i, t)
			for j := range rules.Metrics {
				change := MetricChange{Track: track, Metric: rules.Metrics[j].ID, Is: metrics[j].Points}
				change.Was = pointsOf(a, was, before, track, change.Metric)
				if change.Was.Cmp(change.Is) != 0 {
					c.Metrics = append(c.Metrics, change)
				}
			}
		}
		if len(c.Metrics) > 0 || c.TrackWas != c.Track || c.Held != c.Holds || c.Was.Cmp(c.Is) != 0 {
			out = append(out, c)
		}
	}
	return out
}

// pointsOf looks up a metric's points on a track; 0 if there is no such thing.
func pointsOf(d *scored, f *score.Figures, area int, track, metric string) (none kizuna.Fraction) {
	if area < 0 {
		return none
	}
	rules := &d.plan.Program.Areas[area]
	t := slices.Index(rules.Track.Tracks, track)
	j := slices.IndexFunc(rules.Metrics, func(m program.Metric) bool { return m.ID == metric })
	if t < 0 || j < 0 {
		return none
	}
	return f.Metrics(area, t)[j].Points
}

func loses(areas []AreaChange) bool {
	return slices.ContainsFunc(areas, func(a AreaChange) bool {
		return a.Lost() || a.Is.Cmp(a.Was) < 0 ||
			slices.ContainsFunc(a.Metrics, func(m MetricChange) bool { return m.Lost().Sign() > 0 })
	})
}

// lapse looks for the causes of a change.
type lapse struct {
	*maker
	was, is *scored
	c       *Change
}

// add puts down a cause, if it makes anything: without it the figures would be others.
func (l *lapse) add(c Cause, without *score.Figures) {
	if c.Alone = differences(l.is, without, l.is, l.is.figures); len(c.Alone) > 0 {
		l.c.Causes = append(l.c.Causes, c)
	}
}

func (l *lapse) causes() error {
	l.certificates()
	l.profiles()
	l.rules()
	if owners := l.ownersOn(l.was.on); owners != l.ownersOn(l.is.on) {
		l.ownership(owners)
	}
	if l.is.on.Month() != l.was.on.Month() {
		l.customers()
		if err := l.ended(); err != nil {
			return err
		}
		l.said()
	}
	slices.SortStableFunc(l.c.Causes, func(a, b Cause) int { return weight(b.Alone).Cmp(weight(a.Alone)) })
	return nil
}

// weight is how much a difference is: of the areas' figures and, less, of metrics.
func weight(areas []AreaChange) (w kizuna.Fraction) {
	size := func(a, b kizuna.Fraction) kizuna.Fraction { return a.Sub(b).Max(b.Sub(a)) }
	for i := range areas {
		a := &areas[i]
		w = w.Add(size(a.Was, a.Is))
		if a.Held != a.Holds {
			w = w.Add(kizuna.Int(1000))
		}
		for _, m := range a.Metrics {
			w = w.Add(size(m.Was, m.Is).Mul(kizuna.Ratio(1, 1000)))
		}
	}
	return w
}

// with returns the figures with other facts about people, or another program's word on
// certificates.
func (l *lapse) with(f *people.Facts, p *program.Program) *score.Figures {
	return l.is.evaluate(l.is.values, l.counts(people.NewRoster(f, p, l.is.on, l.is.index.AccountAt)))
}

// certificates looks at those that expire, are earned, or stop counting on the day.
func (l *lapse) certificates() {
	on, p := l.is.on, l.is.plan.Program
	person := make(map[string]*people.Person)
	for i := range l.people.People {
		person[l.people.People[i].MCID] = &l.people.People[i]
	}
	retired := make(map[string]bool)
	for i := range l.people.Certifications {
		c := &l.people.Certifications[i]
		if last := p.Certificates[c.Certificate].LastDay; last != nil && last.AddDays(1) == on && l.On(l.was.on).Program == p {
			retired[c.Certificate] = true
		}
		expires := c.ExpiresOn != nil && *c.ExpiresOn == on
		earned := c.EarnedOn != nil && *c.EarnedOn == on
		if !expires && !earned {
			continue
		}
		cause := Cause{Kind: Expired, MCID: c.MCID, Certificate: c.Certificate, Fact: c.At}
		if of := person[c.MCID]; of != nil {
			cause.Person, cause.Name = of.ID, of.Name
		}
		other := *l.people
		other.Certifications = slices.Clone(l.people.Certifications)
		if expires {
			other.Certifications[i].ExpiresOn = nil
		} else {
			cause.Kind = Earned
			other.Certifications[i].EarnedOn = nil
		}
		l.add(cause, l.with(&other, p))
	}
	for _, id := range slices.Sorted(maps.Keys(retired)) {
		other := *p
		other.Certificates = maps.Clone(p.Certificates)
		c := other.Certificates[id]
		c.LastDay = nil
		other.Certificates[id] = c
		l.add(Cause{Kind: Retired, Certificate: id}, l.with(l.people, &other))
	}
}

// profiles looks at links of profiles that begin or end on the day.
func (l *lapse) profiles() {
	for i := range l.people.Links {
		link := &l.people.Links[i]
		ends, begins := firstDay(link.During.To) == l.is.on, firstDay(link.During.From) == l.is.on
		if !ends && !begins {
			continue
		}
		cause := Cause{Kind: ProfileEnded, MCID: link.MCID, Location: link.Location, Fact: link.At}
		for k := range l.people.People {
			if of := &l.people.People[k]; of.MCID == link.MCID {
				cause.Person, cause.Name = of.ID, of.Name
			}
		}
		other := *l.people
		other.Links = slices.Clone(l.people.Links)
		if ends {
			other.Links[i].During.To = kizuna.Forever
		} else {
			cause.Kind = ProfileLinked
			other.Links[i].During = kizuna.Interval{}
		}
		l.add(cause, l.with(&other, l.is.plan.Program))
	}
}

// rules looks at what the program says from the day on: another version, or another rule
// of the same one. Without that it would say what it said the day before.
func (l *lapse) rules() {
	was, is := l.On(l.was.on).Program, l.is.plan.Program
	cause := Cause{Kind: RuleChanged, Program: is.Ref()}
	if was != is {
		cause.Kind = ProgramChanged
	}
	begins := func(r program.PeopleRule) bool { return r.From != nil && *r.From == l.is.on }
	rules := was
	if slices.ContainsFunc(peopleRules(was), func(r *program.PeopleRule) bool { return begins(*r) }) {
		rules = was.Clone()
		for _, area := range rules.Areas {
			for _, metric := range area.Metrics {
				for _, rule := range metric.Rules {
					rule.People = slices.DeleteFunc(rule.People, begins)
				}
			}
		}
	}
	if rules == is {
		return
	}
	without := l.score(rules, l.is.on, l.asked(was, l.is.on))
	if cause.Alone = differences(without, without.figures, l.is, l.is.figures); len(cause.Alone) > 0 {
		l.c.Causes = append(l.c.Causes, cause)
	}
}

// ownership looks at locations and sales that belong to others from the day on.
func (l *lapse) ownership(owners kizuna.Date) {
	f, on, now := l.f.Associations, l.is.on, l.is.plan.Program
	changed := func(i kizuna.Interval) bool { return firstDay(i.From) == on || firstDay(i.To) == on }
	before := l.number(asked{now, on, owners})
	moved := false
	for i := range f.Locations {
		loc := &f.Locations[i]
		if !changed(loc.During) {
			continue
		}
		if !moved {
			moved = true
			without := l.is.evaluate(l.is.plan.Values(nil, l.Account, l.course.Total(before)),
				l.counts(people.NewRoster(l.people, now, on, l.was.index.AccountAt)))
			l.add(Cause{Kind: LocationsChanged, Location: loc.ID, Fact: loc.At}, without)
		}
	}
	if moved {
		return // which is all customers
	}
	tenants := make(map[string]*association.Resale)
	for i := range f.Resales {
		r := &f.Resales[i]
		if !changed(r.During) {
			continue
		}
		for k := range f.Subscriptions {
			if s := &f.Subscriptions[k]; association.Fold(s.ID) == association.Fold(r.Subscription) {
				tenants[association.Fold(s.Tenant)] = r
			}
		}
	}
	is := l.number(l.asked(now, on))
	for i := range l.course.Customers() {
		was, now := l.course.Contribution(i, before), l.course.Contribution(i, is)
		if reflect.DeepEqual(was, now) {
			continue
		}
		id := l.course.ID(i)
		cause := Cause{Kind: OwnerChanged, Customer: id, Name: l.customerName(id)}
		if r := tenants[id]; r != nil {
			cause.Subscription, cause.Location, cause.Fact = r.Subscription, r.Location, r.At
		}
		l.add(cause, l.is.evaluate(l.is.instead(now, was), l.is.counts))
	}
}

func (m *maker) customerName(id string) string {
	for i := range m.f.Associations.Customers {
		if c := &m.f.Associations.Customers[i]; association.Fold(c.Tenant) == id {
			return c.Name
		}
	}
	return ""
}

// instead returns the values if customers contributed something else than they do.
func (d *scored) instead(now, other attribution.Contribution) []attribution.Value {
	values := slices.Clone(d.values)
	put := func(key attribution.Key) {
		values[key.Measure] = d.plan.Value(key.Measure, d.total[key].Sub(now[key]).Add(other[key]))
	}
	for key, tally := range now {
		if !sameTally(tally, other[key]) {
			put(key)
		}
	}
	for key := range other {
		if _, both := now[key]; !both {
			put(key)
		}
	}
	return values
}

func sameTally(a, b attribution.Tally) bool {
	return a.Now == b.Now && a.Base == b.Base && maps.Equal(a.NowSet, b.NowSet) && maps.Equal(a.BaseSet, b.BaseSet) && maps.Equal(a.Unrated, b.Unrated)
}

// customers looks at those whose months moved: into the windows, out of them, or into the
// months that these are compared with.
func (l *lapse) customers() {
	p := l.is.plan.Program
	was, is := l.number(l.asked(p, l.was.on)), l.number(l.asked(p, l.is.on))
	n := l.course.Customers()
	causes := make([]Cause, n)
	type pair struct{ was, now attribution.Contribution }
	pairs := make([]pair, n)
	parallel.Each(n, func() func(i int) {
		evaluator := l.is.evaluator.Sheet.Evaluator()
		f := &evaluator.Figures(1)[0]
		return func(i int) {
			pair := pair{l.course.Contribution(i, was), l.course.Contribution(i, is)}
			evaluator.Evaluate(f, l.is.instead(pair.now, pair.was), l.is.counts)
			if causes[i].Alone = differences(l.is, f, l.is, l.is.figures); len(causes[i].Alone) > 0 {
				pairs[i] = pair
			}
		}
	})
	var order []int
	for i := range causes {
		if len(causes[i].Alone) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(weight(causes[b].Alone).Cmp(weight(causes[a].Alone)), cmp.Compare(a, b))
	})
	named := order[:min(len(order), max(0, l.Most))]
	for _, i := range named {
		c := causes[i]
		c.Kind, c.Customer = Window, l.course.ID(i)
		c.Name = l.customerName(c.Customer)
		c.Now, c.Base = l.halves(pairs[i].was, pairs[i].now)
		l.c.Causes = append(l.c.Causes, c)
	}
	if rest := order[len(named):]; len(rest) > 0 {
		all := pair{make(attribution.Contribution), make(attribution.Contribution)}
		for _, i := range rest {
			all.was.Add(pairs[i].was)
			all.now.Add(pairs[i].now)
		}
		l.c.Others = &Others{len(rest), differences(l.is, l.is.evaluate(l.is.instead(all.now, all.was), l.is.counts), l.is, l.is.figures)}
	}
}

// said leaves out customers of whom an ended association or subscription says the same.
func (l *lapse) said() {
	l.c.Causes = slices.DeleteFunc(l.c.Causes, func(c Cause) bool {
		return c.Kind == Window && slices.ContainsFunc(l.c.Causes, func(other Cause) bool {
			return other.Kind != Window && other.Customer == c.Customer && reflect.DeepEqual(c.Alone, other.Alone)
		})
	})
}

// halves tells which half of a customer's tallies makes a difference by itself.
func (l *lapse) halves(was, now attribution.Contribution) (current, base bool) {
	mixed := func(takeNow bool) attribution.Contribution {
		out := maps.Clone(now)
		for key := range was {
			if _, ok := out[key]; !ok {
				out[key] = attribution.Tally{}
			}
		}
		for key, t := range out {
			w := was[key]
			if takeNow {
				t.Now, t.NowSet, t.Unrated = w.Now, w.NowSet, w.Unrated
			} else {
				t.Base, t.BaseSet = w.Base, w.BaseSet
			}
			out[key] = t
		}
		return out
	}
	differs := func(other attribution.Contribution) bool {
		return len(differences(l.is, l.is.evaluate(l.is.instead(now, other), l.is.counts), l.is, l.is.figures)) > 0
	}
	return differs(mixed(true)), differs(mixed(false))
}

// together says which changes no cause alone makes.
func (l *lapse) together() {
	made := make(map[Place]bool)
	see := func(areas []AreaChange) {
		for _, a := range areas {
			for _, metric := range a.Metrics {
				made[Place{a.Area, metric.Track, metric.Metric}] = true
			}
		}
	}
	for i := range l.c.Causes {
		see(l.c.Causes[i].Alone)
	}
	if l.c.Others != nil {
		see(l.c.Others.Alone)
	}
	for _, a := range l.c.Areas {
		for _, metric := range a.Metrics {
			if at := (Place{a.Area, metric.Track, metric.Metric}); !made[at] {
				l.c.Together = append(l.c.Together, at)
			}
		}
	}
}
