// Package people holds professionals, the companies that their learning profiles
// are linked to, and the certificates that follow them.
package people

import "github.com/kizuna-org/kizuna"

// Person is a professional and the id of the learning profile (people.csv).
type Person struct {
	ID   string
	Name string
	MCID string // the certification profile
	At   kizuna.Ref
}

// ProfileLink ties a learning profile to a partner location (profile_links.csv).
type ProfileLink struct {
	MCID     string
	Location string
	During   kizuna.Interval
	At       kizuna.Ref
}

// Certification is a certificate that somebody earned (certifications.csv).
type Certification struct {
	MCID        string
	Certificate string       // the program's id, such as AZ-104
	EarnedOn    *kizuna.Date // nil: never holds
	ExpiresOn   *kizuna.Date // the first day on which it no longer counts; nil: does not expire
	Unverified  bool         // only claimed by hand: known, not counted
	At          kizuna.Ref
}

// Facts is everything about people that was known when the question was asked.
type Facts struct {
	People         []Person
	Links          []ProfileLink
	Certifications []Certification
}
