package scenario

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
)

// Came is a thing that a scenario assumed, and what became of it.
type Came struct {
	What string  `json:"what"`
	Fate Outcome `json:"fate"`
	// Of usage: what was assumed in all, and what there is.
	Assumed *advice.Consumed `json:"assumed,omitempty"`
	Found   *advice.Consumed `json:"found,omitempty"`
}

// Outcome is what became of a thing that was assumed.
type Outcome string

// The outcomes.
const (
	True    Outcome = "came-true"
	Untrue  Outcome = "did-not"
	Pending Outcome = "not-yet" // its day has not come
)

// Check tells of each thing that changes assumed whether it is so on a day: facts that
// were added hold, facts that were ended do not. What a claim was to be called, and which
// identity was to be made, does not matter. Consumed is asked for usage: what growth
// assumed it to be, and what it is.
func Check(c *advice.Changes, on *Ground, day kizuna.Date, consumed func(*advice.Growth) (assumed, found advice.Consumed)) (out []Came) {
	at := day.Instant()
	add := func(what string, from kizuna.Instant, so bool) {
		fate := Untrue
		switch {
		case so:
			fate = True
		case from > at:
			fate = Pending
		}
		out = append(out, Came{What: what, Fate: fate})
	}
	added := func(s advice.Selection, from kizuna.Instant) {
		add("+ "+s.String(), from, s.Holds(max(from, at), on.Associations, on.People))
	}
	f := &c.Associations
	for i := range f.Claims {
		x := &f.Claims[i]
		added(advice.Selection{Table: advice.Claims, Location: x.Location, Tenant: x.Tenant, Workload: x.Workload, Subscription: x.Subscription, Role: string(x.Role)}, x.During.From)
	}
	for i := range f.Links {
		x := &f.Links[i]
		added(advice.Selection{Table: advice.Links, Tenant: x.Tenant, Location: x.Location}, x.During.From)
	}
	for i := range f.Assignments {
		x := &f.Assignments[i]
		added(advice.Selection{Table: advice.Roles, Tenant: x.Tenant, Role: x.Role, Scope: x.Scope}, x.During.From)
	}
	for i := range f.Memberships {
		x := &f.Memberships[i]
		added(advice.Selection{Table: advice.Memberships, Tenant: x.Tenant, Group: x.Group, Object: x.Object}, x.During.From)
	}
	for i := range f.Scopes {
		x := &f.Scopes[i]
		added(advice.Selection{Table: advice.Placements, Tenant: x.Tenant, Scope: x.Scope, Parent: x.Parent}, x.During.From)
	}
	for i := range f.Ownerships {
		x := &f.Ownerships[i]
		added(advice.Selection{Table: advice.Owners, Tenant: x.Tenant, Scope: x.Scope, Role: x.Relation}, x.During.From)
	}
	for i := range f.Appointments {
		x := &f.Appointments[i]
		added(advice.Selection{Table: advice.Appointments, Subscription: x.Subscription, Location: x.Location}, x.During.From)
	}
	for i := range f.Resales {
		x := &f.Resales[i]
		added(advice.Selection{Table: advice.Resales, Subscription: x.Subscription, Location: x.Location, Tier: x.Tier}, x.During.From)
	}
	for i := range c.People.Links {
		x := &c.People.Links[i]
		added(advice.Selection{Table: advice.ProfileLinks, MCID: x.MCID, Location: x.Location}, x.During.From)
	}
	for i := range c.People.Certifications {
		x := &c.People.Certifications[i]
		from := at
		if x.EarnedOn != nil {
			from = x.EarnedOn.Instant()
		}
		added(advice.Selection{Table: advice.Certifications, MCID: x.MCID, Certificate: x.Certificate}, from)
	}
	for _, l := range f.Locations {
		add("+ partners ("+l.ID+")", l.During.From, slices.ContainsFunc(on.Associations.Locations, func(o association.Location) bool {
			return strings.EqualFold(o.ID, l.ID) && strings.EqualFold(o.Global, l.Global)
		}))
	}
	for _, t := range f.Customers {
		add("+ customers ("+t.Tenant+")", at, slices.ContainsFunc(on.Associations.Customers, func(o association.Customer) bool {
			return strings.EqualFold(o.Tenant, t.Tenant) && o.Segment == t.Segment && o.Country == t.Country
		}))
	}
	for _, s := range f.Subscriptions {
		add("+ subscriptions ("+s.ID+")", s.During.From, slices.ContainsFunc(on.Associations.Subscriptions, func(o association.Subscription) bool {
			return strings.EqualFold(o.ID, s.ID) && o.Product == s.Product
		}))
	}
	for _, p := range c.People.People {
		add("+ people ("+p.ID+")", at, slices.ContainsFunc(on.People.People, func(o people.Person) bool { return o.ID == p.ID && o.MCID == p.MCID }))
	}
	for i := range c.End {
		e := &c.End[i]
		add("- "+e.Selection.String(), e.At, e.At <= at && !e.Holds(max(e.At, at), on.Associations, on.People))
	}
	usageCame(c, consumed, &out)
	return out
}

// usageCame tells of usage that was assumed.
func usageCame(c *advice.Changes, consumed func(*advice.Growth) (assumed, found advice.Consumed), out *[]Came) {
	ask := func(what string, g *advice.Growth, less bool) {
		assumed, found := consumed(g)
		fate := Untrue
		x, y := assumed, found
		if less {
			x, y = found, assumed
		}
		if x.Money <= y.Money && x.Users <= y.Users && x.Seats <= y.Seats && x.Units <= y.Units {
			fate = True
		}
		*out = append(*out, Came{what, fate, &assumed, &found})
	}
	seen := make(map[advice.Growth]bool)
	for i := range c.Usage {
		u := &c.Usage[i]
		g := advice.Growth{Tenant: association.Fold(u.Tenant), Subscription: association.Fold(u.Subscription), Workload: u.Workload, From: u.Month, To: u.Month}
		if !seen[g] {
			seen[g] = true
			ask(strings.Join(strings.Fields("+ usage "+g.Tenant+" "+g.Subscription+" "+g.Workload+" "+u.Month.String()), " "), &g, false)
		}
	}
	for i := range c.Growth {
		g := &c.Growth[i]
		ask(strings.Join(strings.Fields("usage "+g.Tenant+" "+g.Subscription+" "+g.Workload+" x "+g.Factor.String()), " "), g, g.Factor.Cmp(kizuna.Int(1)) < 0)
	}
	if p := c.Projection; p != nil {
		ask("usage "+p.From.Add(1).String()+" … "+p.Until.String(), &advice.Growth{From: p.From.Add(1), To: p.Until}, p.Rate.Sign() < 0)
	}
}

// Came tells of each thing that the scenario assumed whether it is so on a day; see [Check].
func (s *Scenario) Came(on *Ground, day kizuna.Date, consumed func(*advice.Growth) (assumed, found advice.Consumed)) ([]Came, error) {
	c, err := s.changes(on, true)
	if err != nil {
		return nil, err
	}
	return Check(c, on, day, consumed), nil
}
