package company

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
)

// Kind says what names a location.
type Kind string

// The kinds.
const (
	Claim       Kind = "claim"
	PartnerLink Kind = "pal"
	Appointment Kind = "dpor"
	Resale      Kind = "csp"
	Profile     Kind = "profile"
)

// MovedBy returns who alone can move an association of that kind to another location.
func (k Kind) MovedBy() lifecycle.Role {
	switch k {
	case PartnerLink:
		return lifecycle.Identity
	case Appointment:
		return lifecycle.Owner
	case Resale:
		return lifecycle.Vendor
	case Profile:
		return lifecycle.Person
	}
	return lifecycle.Partner
}

// Reference is something that names a location.
type Reference struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// String writes "claim c7".
func (r Reference) String() string { return string(r.Kind) + " " + r.ID }

// Naming lists what names the location at the time or will later, in the order of
// the facts. What has ended by then stays as it was and hinders nothing.
func Naming(location string, at kizuna.Instant, f *association.Facts, links []people.ProfileLink) []Reference {
	var named []Reference
	add := func(kind Kind, id, names string, during kizuna.Interval) {
		if same(names, location) && during.To > at && !during.Empty() {
			named = append(named, Reference{kind, id})
		}
	}
	for _, c := range f.Claims {
		add(Claim, c.ID, c.Location, c.During)
	}
	for _, l := range f.Links {
		add(PartnerLink, l.Tenant+"/"+l.Object, l.Location, l.During)
	}
	for _, a := range f.Appointments {
		add(Appointment, a.Subscription, a.Location, a.During)
	}
	for _, r := range f.Resales {
		add(Resale, r.Subscription, r.Location, r.During)
	}
	for _, l := range links {
		add(Profile, l.MCID, l.Location, l.During)
	}
	return named
}

// list joins references, of a long list the first ten.
func list(named []Reference) string {
	const most = 10
	var b strings.Builder
	for i, r := range named {
		switch {
		case i == most:
			return b.String() + ", … (" + strconv.Itoa(len(named)) + ")"
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(r.String())
	}
	return b.String()
}
