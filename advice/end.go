package advice

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
)

// changed returns facts of associations with what is added and what ends. The facts are
// left as they are. selected is told of every ending that some fact was selected by.
func (c *Changes) changed(f *association.Facts, selected func(ending int)) *association.Facts {
	out := *f
	add := &c.Associations
	out.Locations = slices.Concat(f.Locations, add.Locations)
	out.Customers = slices.Concat(f.Customers, add.Customers)
	out.Subscriptions = slices.Concat(f.Subscriptions, add.Subscriptions)
	out.Scopes = ended(c, Placements, f.Scopes, add.Scopes, selected, placementColumns)
	out.Claims = ended(c, Claims, f.Claims, add.Claims, selected, claimColumns)
	out.Links = ended(c, Links, f.Links, add.Links, selected, linkColumns)
	out.Assignments = ended(c, Roles, f.Assignments, add.Assignments, selected, roleColumns)
	out.Memberships = ended(c, Memberships, f.Memberships, add.Memberships, selected, membershipColumns)
	out.Ownerships = ended(c, Owners, f.Ownerships, add.Ownerships, selected, ownerColumns)
	out.Appointments = ended(c, Appointments, f.Appointments, add.Appointments, selected, appointmentColumns)
	out.Resales = ended(c, Resales, f.Resales, add.Resales, selected, resaleColumns)
	return &out
}

// changedPeople is [Changes.changed] for people.
func (c *Changes) changedPeople(f *people.Facts, selected func(ending int)) *people.Facts {
	return &people.Facts{
		People:         slices.Concat(f.People, c.People.People),
		Links:          ended(c, ProfileLinks, f.Links, c.People.Links, selected, profileColumns),
		Certifications: c.expired(f.Certifications, selected),
	}
}

// ended returns a table's facts and those that are added, with those that end. What is
// not changed is not copied.
func ended[T any](c *Changes, table Table, facts, added []T, selected func(int), of func(*T) (columns, *kizuna.Interval)) []T {
	out, own := facts, false
	if len(added) > 0 {
		out, own = slices.Concat(facts, added), true
	}
	for n := range c.End {
		e := &c.End[n]
		if e.Table != table {
			continue
		}
		for i := range out {
			said, during := of(&out[i])
			if !e.names(&said) {
				continue
			}
			selected(n)
			if during.To <= e.At {
				continue
			}
			if !own {
				out, own = slices.Clone(out), true
				_, during = of(&out[i])
			}
			during.To = e.At // empty, if it begins later
		}
	}
	return out
}

// expired returns the certificates, and those that are added, with those that end.
func (c *Changes) expired(facts []people.Certification, selected func(int)) []people.Certification {
	out := slices.Concat(facts, c.People.Certifications)
	for n := range c.End {
		e := &c.End[n]
		if e.Table != Certifications {
			continue
		}
		for i := range out {
			if !e.names(&columns{MCID: out[i].MCID, Certificate: out[i].Certificate}) {
				continue
			}
			selected(n)
			if day := e.At.Date(); out[i].ExpiresOn == nil || *out[i].ExpiresOn > day {
				out[i].ExpiresOn = &day
			}
		}
	}
	return out
}

func placementColumns(s *association.ScopeParent) (columns, *kizuna.Interval) {
	return columns{Tenant: s.Tenant, Scope: s.Scope, Parent: s.Parent}, &s.During
}

func claimColumns(c *association.Claim) (columns, *kizuna.Interval) {
	return columns{Claim: c.ID, Location: c.Location, Tenant: c.Tenant, Workload: c.Workload,
		Subscription: c.Subscription, Role: string(c.Role)}, &c.During
}

func linkColumns(l *association.Link) (columns, *kizuna.Interval) {
	return columns{Tenant: l.Tenant, Object: l.Object, Location: l.Location}, &l.During
}

func roleColumns(a *association.Assignment) (columns, *kizuna.Interval) {
	return columns{Tenant: a.Tenant, Object: a.Object, Role: a.Role, Scope: a.Scope}, &a.During
}

func membershipColumns(m *association.Membership) (columns, *kizuna.Interval) {
	return columns{Tenant: m.Tenant, Group: m.Group, Object: m.Object}, &m.During
}

func ownerColumns(o *association.Ownership) (columns, *kizuna.Interval) {
	return columns{Tenant: o.Tenant, Scope: o.Scope, Object: o.Object, Role: o.Relation}, &o.During
}

func appointmentColumns(a *association.Appointment) (columns, *kizuna.Interval) {
	return columns{Subscription: a.Subscription, Location: a.Location}, &a.During
}

func resaleColumns(r *association.Resale) (columns, *kizuna.Interval) {
	return columns{Subscription: r.Subscription, Location: r.Location, Tier: r.Tier}, &r.During
}

func profileColumns(l *people.ProfileLink) (columns, *kizuna.Interval) {
	return columns{MCID: l.MCID, Location: l.Location}, &l.During
}

// Holds reports whether a selected fact holds at an instant; of a certificate, whether
// it counts on the instant's day.
func (s *Selection) Holds(at kizuna.Instant, a *association.Facts, p *people.Facts) bool {
	switch s.Table {
	case Claims:
		return holds(s, at, a.Claims, claimColumns)
	case Links:
		return holds(s, at, a.Links, linkColumns)
	case Roles:
		return holds(s, at, a.Assignments, roleColumns)
	case Memberships:
		return holds(s, at, a.Memberships, membershipColumns)
	case Placements:
		return holds(s, at, a.Scopes, placementColumns)
	case Owners:
		return holds(s, at, a.Ownerships, ownerColumns)
	case Appointments:
		return holds(s, at, a.Appointments, appointmentColumns)
	case Resales:
		return holds(s, at, a.Resales, resaleColumns)
	case ProfileLinks:
		return holds(s, at, p.Links, profileColumns)
	}
	for i := range p.Certifications {
		c := &p.Certifications[i]
		if day := at.Date(); s.names(&columns{MCID: c.MCID, Certificate: c.Certificate}) && !c.Unverified &&
			c.EarnedOn != nil && *c.EarnedOn <= day && (c.ExpiresOn == nil || day < *c.ExpiresOn) {
			return true
		}
	}
	return false
}

func holds[T any](s *Selection, at kizuna.Instant, facts []T, of func(*T) (columns, *kizuna.Interval)) bool {
	for i := range facts {
		if said, during := of(&facts[i]); during.Contains(at) && s.names(&said) {
			return true
		}
	}
	return false
}
