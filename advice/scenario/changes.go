package scenario

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// Ground is what a scenario's words mean something on.
type Ground struct {
	Program      *program.Program // that the scenario is asked under
	Associations *association.Facts
	People       *people.Facts
	// Last is the last month that usage covers: the one before a projection begins.
	Last kizuna.Month
	// Uses reports whether there is usage of what a growth selects, in any month.
	Uses func(*advice.Growth) bool
}

// Of is the ground that a base is.
func Of(b *advice.Base, last kizuna.Month) *Ground {
	f := b.Facts()
	return &Ground{
		Program: b.Question.Program, Associations: f.Associations, People: f.People, Last: last,
		Uses: func(g *advice.Growth) bool {
			tenants := b.Customers()
			if g.Tenant != "" {
				tenants = []string{association.Fold(g.Tenant)}
			}
			for _, id := range tenants {
				about := b.About(id)
				if slices.ContainsFunc(about, func(r association.Resource) bool { return g.Selects(id, &r) }) {
					return true
				}
			}
			return false
		},
	}
}

// OfFacts is the ground that facts as a whole are.
func OfFacts(p *program.Program, f *score.Facts, last kizuna.Month) *Ground {
	return &Ground{
		Program: p, Associations: f.Associations, People: f.People, Last: last,
		Uses: func(g *advice.Growth) bool {
			for _, u := range f.Usage.All() {
				if g.Selects(association.Fold(u.Tenant), &association.Resource{Subscription: u.Subscription, Workload: u.Workload}) {
					return true
				}
			}
			return false
		},
	}
}

// Changes returns what the scenario changes. The errors name the place in its file:
// ids that select nothing are errors, and so are certificates that no rule names.
func (s *Scenario) Changes(on *Ground) (*advice.Changes, error) { return s.changes(on, false) }

// changes are the changes of a scenario; past is set if what it ends may have ended.
func (s *Scenario) changes(on *Ground, past bool) (*advice.Changes, error) {
	c := &compiler{Ground: on, past: past, out: &advice.Changes{
		Associations: s.Add.Associations, People: s.Add.People, Usage: s.Add.Usage,
	}}
	// What is added is clipped, so that compiling twice appends to nobody's memory.
	c.out.Associations.Resales = slices.Clip(c.out.Associations.Resales)
	c.out.People.Certifications = slices.Clip(c.out.People.Certifications)
	if err := each(s.Add.Usage, c.countable); err != nil {
		return nil, err
	}
	for i := range s.End {
		c.end(s.End[i].Ending, s.End[i].At)
	}
	for _, step := range []func() error{
		func() error { return each(s.Earn, c.earn) },
		func() error { return each(s.Lose, c.lose) },
		func() error { return each(s.Leave, c.leave) },
		func() error { return each(s.Move, c.move) },
		func() error { return each(s.Grow, c.grow) },
		func() error { return c.project(s.Project) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if past {
		return c.out, nil
	}
	if n, missed := c.out.Missed(on.Associations, on.People); missed {
		said := c.out.End[n].String()
		return nil, kizuna.Errorf("change-selects-nothing", "there is nothing to end in %s", said).
			WithMend("correct the ids, or leave the ending out").WithRef(c.refs[n])
	}
	return c.out, nil
}

func each[T any](all []T, do func(*T) error) error {
	for i := range all {
		if err := do(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

type compiler struct {
	*Ground
	past bool // what is assumed may have come true, or be gone
	out  *advice.Changes
	refs []kizuna.Ref // of out.End

}

func (c *compiler) end(e advice.Ending, at kizuna.Ref) {
	c.out.End, c.refs = append(c.out.End, e), append(c.refs, at)
}

// countable refuses usage that could not be counted: in a scenario it is in dollars.
func (c *compiler) countable(u *usage.Row) error {
	if u.Revenue != nil && u.Currency == "" {
		if _, exact, ok := u.Revenue.Millionths(); !ok || !exact {
			return kizuna.Errorf("scenario-millionths", "revenue %s is not in millionths of a dollar", u.Revenue).
				WithMend("write at most six decimals").WithRef(u.At)
		}
	}
	if _, err := attribution.NewRates(nil).Figures(u); err != nil {
		return err.WithRef(u.At)
	}
	return nil
}

// profiles are the profiles of a person, by its id or one of them.
func (c *compiler) profiles(person string, at kizuna.Ref) (mcids []string, err error) {
	for _, p := range slices.Concat(c.People.People, c.out.People.People) {
		if p.MCID == person {
			return []string{p.MCID}, nil
		}
		if p.ID == person && p.MCID != "" {
			mcids = append(mcids, p.MCID)
		}
	}
	switch {
	case len(mcids) > 0:
	case c.past:
		return []string{person}, nil
	default:
		return nil, kizuna.Errorf("scenario-person", "nobody with a profile is %q", person).
			WithMend("write a person_id or an mcid of people.csv").WithRef(at)
	}
	return mcids, nil
}

func (c *compiler) certificate(id string, at kizuna.Ref) error {
	if _, ok := c.Program.Certificates[id]; ok || c.past {
		return nil
	}
	return kizuna.Errorf("scenario-certificate", "no rule of %s names the certificate %q", c.Program.Ref(), id).
		WithMend("write its id, such as AZ-104; kizuna program show lists them").WithRef(at)
}

func (c *compiler) earn(e *Earning) error {
	if err := c.certificate(e.Certificate, e.At); err != nil {
		return err
	}
	mcids, err := c.profiles(e.Person, e.At)
	if err != nil {
		return err
	}
	mcid := mcids[0]
	for _, l := range slices.Concat(c.People.Links, c.out.People.Links) { // one that counts, if there is one
		if slices.Contains(mcids, l.MCID) && l.During.Contains(e.On.Instant()) {
			mcid = l.MCID
			break
		}
	}
	c.out.People.Certifications = append(c.out.People.Certifications, people.Certification{
		MCID: mcid, Certificate: e.Certificate, EarnedOn: &e.On, ExpiresOn: e.Expires, At: e.At,
	})
	return nil
}

func (c *compiler) lose(l *Losing) error {
	ending := advice.Ending{Selection: advice.Selection{Table: advice.Certifications, Certificate: l.Certificate}, At: l.On.Instant()}
	if l.Person == "" {
		c.end(ending, l.At)
		return nil
	}
	mcids, err := c.profiles(l.Person, l.At)
	if err != nil {
		return err
	}
	held := slices.DeleteFunc(slices.Clone(mcids), func(mcid string) bool {
		return !slices.ContainsFunc(slices.Concat(c.People.Certifications, c.out.People.Certifications), func(h people.Certification) bool {
			return h.MCID == mcid && h.Certificate == l.Certificate
		})
	})
	if len(held) == 0 {
		held = mcids[:1] // which is said to select nothing
	}
	for _, mcid := range held {
		ending.MCID = mcid
		c.end(ending, l.At)
	}
	return nil
}

func (c *compiler) leave(l *Leaving) error {
	mcids, err := c.profiles(l.Person, l.At)
	if err != nil {
		return err
	}
	linked := slices.DeleteFunc(slices.Clone(mcids), func(mcid string) bool {
		return !slices.ContainsFunc(slices.Concat(c.People.Links, c.out.People.Links), func(l people.ProfileLink) bool { return l.MCID == mcid })
	})
	if len(linked) == 0 {
		linked = mcids[:1]
	}
	for _, mcid := range linked {
		c.end(advice.Ending{Selection: advice.Selection{Table: advice.ProfileLinks, MCID: mcid}, At: l.On.Instant()}, l.At)
	}
	return nil
}

// move ends who sells the subscriptions on the day, and has them sold by another.
func (c *compiler) move(m *Moving) error {
	on := m.On.Instant()
	if m.To != "" && !slices.ContainsFunc(slices.Concat(c.Associations.Locations, c.out.Associations.Locations), func(l association.Location) bool {
		return strings.EqualFold(l.ID, m.To)
	}) {
		return kizuna.Errorf("scenario-location", "no location is %q", m.To).
			WithMend("write a location_id of partners.csv, or leave to: out if nobody sells from then on").WithRef(m.At)
	}
	var subscriptions []string
	for _, s := range slices.Concat(c.Associations.Subscriptions, c.out.Associations.Subscriptions) {
		id := association.Fold(s.ID)
		of := m.Subscription != "" && strings.EqualFold(s.ID, m.Subscription) || m.Subscription == "" && strings.EqualFold(s.Tenant, m.Tenant)
		if of && (m.Tenant == "" || strings.EqualFold(s.Tenant, m.Tenant)) && !slices.Contains(subscriptions, id) {
			subscriptions = append(subscriptions, id)
		}
	}
	resales := slices.Concat(c.Associations.Resales, c.out.Associations.Resales)
	moved := false
	for _, id := range subscriptions {
		moved = c.moveOne(m, id, on, resales) || moved
	}
	switch {
	case moved:
	case c.past: // it has moved, or is not there any more
		for _, id := range subscriptions {
			c.out.Associations.Resales = append(c.out.Associations.Resales, association.Resale{
				Subscription: id, Tier: m.Tier, Location: m.To, During: kizuna.Interval{From: on, To: kizuna.Forever}, At: m.At,
			})
		}
	default:
		return kizuna.Errorf("scenario-moves-nothing", "on %s nobody sells a subscription of it under CSP", m.On).
			WithMend("correct the ids or the day, or add a row to csp").WithRef(m.At)
	}
	return nil
}

// moveOne moves a subscription; false if nobody else sells it on the day.
func (c *compiler) moveOne(m *Moving, subscription string, on kizuna.Instant, resales []association.Resale) bool {
	var tiers []string
	for _, r := range resales {
		if association.Fold(r.Subscription) != subscription || !r.During.Contains(on) ||
			m.Tier != "" && r.Tier != m.Tier || strings.EqualFold(r.Location, m.To) {
			continue
		}
		c.end(advice.Ending{
			Selection: advice.Selection{Table: advice.Resales, Subscription: subscription, Location: r.Location, Tier: r.Tier}, At: on,
		}, m.At)
		if !slices.Contains(tiers, r.Tier) {
			tiers = append(tiers, r.Tier)
		}
	}
	if m.To != "" {
		for _, tier := range tiers {
			c.out.Associations.Resales = append(c.out.Associations.Resales, association.Resale{
				Subscription: subscription, Tier: tier, Location: m.To, During: kizuna.Interval{From: on, To: kizuna.Forever}, At: m.At,
			})
		}
	}
	return len(tiers) > 0
}

func (c *compiler) grow(g *Growth) error {
	if !c.Uses(&g.Growth) {
		return c.noUsage(g.At)
	}
	c.out.Growth = append(c.out.Growth, g.Growth)
	return nil
}

func (c *compiler) noUsage(at kizuna.Ref) error {
	return kizuna.Errorf("scenario-no-usage", "there is no usage of that").
		WithMend("correct the tenant, the subscription or the workload").WithRef(at)
}

func (c *compiler) project(p *Projection) error {
	if p == nil {
		return nil
	}
	out := p.Projection
	if out.From == 0 {
		out.From = c.Last
	}
	if out.Until <= out.From || out.Until > out.From+mostMonths {
		return kizuna.Errorf("scenario-projection", "usage cannot be taken from %s until %s", out.From, out.Until).
			WithMend("write a month after the first, at most %d later", mostMonths).WithRef(p.At)
	}
	// A projection says what all usage of later months is taken to be. Growth that begins there
	// multiplies it.
	for i := range c.out.Usage {
		if u := &c.out.Usage[i]; u.Month > out.From {
			return c.projected(u.Month, out.From, u.At)
		}
	}
	for tenant := range out.Rates {
		if !c.Uses(&advice.Growth{Tenant: tenant}) {
			return c.noUsage(p.At)
		}
	}
	c.out.Projection = &out
	return nil
}

func (c *compiler) projected(month, from kizuna.Month, at kizuna.Ref) error {
	if c.past {
		return nil
	}
	return kizuna.Errorf("scenario-projected", "in %s usage is what the projection takes it to be after %s", month, from).
		WithMend("leave the projection out, or have it begin later: from: %s", month).WithRef(at)
}
