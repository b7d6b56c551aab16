package advice

import "slices"

// Join returns changes that make all of the others at once. Of projections the last one
// holds.
func Join(changes ...*Changes) *Changes {
	out := new(Changes)
	for _, c := range changes {
		f, g := &out.Associations, &c.Associations
		f.Locations = slices.Concat(f.Locations, g.Locations)
		f.Customers = slices.Concat(f.Customers, g.Customers)
		f.Subscriptions = slices.Concat(f.Subscriptions, g.Subscriptions)
		f.Scopes = slices.Concat(f.Scopes, g.Scopes)
		f.Claims = slices.Concat(f.Claims, g.Claims)
		f.Links = slices.Concat(f.Links, g.Links)
		f.Assignments = slices.Concat(f.Assignments, g.Assignments)
		f.Memberships = slices.Concat(f.Memberships, g.Memberships)
		f.Ownerships = slices.Concat(f.Ownerships, g.Ownerships)
		f.Appointments = slices.Concat(f.Appointments, g.Appointments)
		f.Resales = slices.Concat(f.Resales, g.Resales)
		out.People.People = slices.Concat(out.People.People, c.People.People)
		out.People.Links = slices.Concat(out.People.Links, c.People.Links)
		out.People.Certifications = slices.Concat(out.People.Certifications, c.People.Certifications)
		out.End = slices.Concat(out.End, c.End)
		out.Usage = slices.Concat(out.Usage, c.Usage)
		out.Growth = slices.Concat(out.Growth, c.Growth)
		if c.Projection != nil {
			out.Projection = c.Projection
		}
	}
	return out
}
