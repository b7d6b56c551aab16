package imports

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/record"
)

// Known is what imported files that are in force say, for life cycles to look up:
// it implements [record.Imports].
type Known struct{}

// Locations implements [record.Imports].
func (Known) Locations(r record.Reader, id string) ([]association.Location, error) {
	d, err := InForce(r, "partners", id)
	if err != nil {
		return nil, err
	}
	return d.Associations.Locations, nil
}

// Subscription implements [record.Imports].
func (Known) Subscription(r record.Reader, id string) (s association.Subscription, ok bool, err error) {
	d, err := InForce(r, "subscriptions", id)
	if err != nil || len(d.Associations.Subscriptions) == 0 {
		return s, false, err
	}
	return d.Associations.Subscriptions[0], true, nil
}

// Certifications implements [record.Imports].
func (Known) Certifications(r record.Reader, mcid string) ([]people.Certification, error) {
	d, err := InForce(r, "certifications", mcid)
	if err != nil {
		return nil, err
	}
	return d.People.Certifications, nil
}

// Naming implements [record.Imports].
func (Known) Naming(r record.Reader, location string, at kizuna.Instant) ([]company.Reference, error) {
	var named dataset.Dataset
	for _, table := range []string{"cpor_claims", "pal_links", "dpor", "csp", "profile_links"} {
		d, err := InForce(r, table, location)
		if err != nil {
			return nil, err
		}
		a, b := &named.Associations, &d.Associations
		a.Claims, a.Links = append(a.Claims, b.Claims...), append(a.Links, b.Links...)
		a.Appointments, a.Resales = append(a.Appointments, b.Appointments...), append(a.Resales, b.Resales...)
		named.People.Links = append(named.People.Links, d.People.Links...)
	}
	return company.Naming(location, at, &named.Associations, named.People.Links), nil
}
