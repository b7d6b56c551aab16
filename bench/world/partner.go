package world

import "github.com/kizuna-org/kizuna"

const (
	mostLocations         = 3
	credentialsPerPartner = 4
)

// Streams of randomness that are not a customer's begin here.
const (
	ofLocations   = 1 << 40
	ofCredentials = 1 << 41
	ofPeople      = 1 << 42
)

func (c *Config) location(account, n int) Location { return Location(account*mostLocations + n) }

func (c *Config) locationsOf(account int) int { return 1 + (account*7+int(c.Seed))%mostLocations }

// Seat is a location under an account for a time.
type Seat struct {
	Location Location
	Account  int
	During   kizuna.Interval
}

// Locations returns where a partner's locations belong: one in thirty moved to the
// partner's neighbor, one in a hundred was closed.
func (c *Config) Locations(account int) (out []Seat) {
	for n := range c.locationsOf(account) {
		l := c.location(account, n)
		r := newRandom(c.Seed, ofLocations+uint64(l))
		at := First.Day(1).AddDays(r.below(days + 100)).Instant()
		switch until, since := (kizuna.Interval{From: kizuna.Never, To: at}), (kizuna.Interval{From: at, To: kizuna.Forever}); {
		case r.one(30):
			out = append(out, Seat{l, account, until}, Seat{l, c.neighbor(account), since})
		case r.one(100):
			out = append(out, Seat{l, account, until})
		default:
			out = append(out, Seat{l, account, kizuna.Always})
		}
	}
	return out
}

// neighbor is another partner of the same island.
func (c *Config) neighbor(account int) int {
	if c.Islands == 0 {
		return (account + 1) % c.Partners
	}
	each := c.Partners / c.Islands
	return account/each*each + (account+1)%each
}

// Credentials returns the links of a partner's own identities; one in ten has
// ended, one in ten was moved to another location.
func (c *Config) Credentials(account int) (out []Link) {
	for n := range credentialsPerPartner {
		credential := Credential(account*credentialsPerPartner + n)
		r := newRandom(c.Seed, ofCredentials+uint64(credential))
		from := First.Day(1).AddDays(r.below(500) - 300).Instant()
		l := Link{credential, c.location(account, r.below(c.locationsOf(account))), kizuna.Interval{From: from, To: kizuna.Forever}}
		switch ends := from + kizuna.Instant(60+r.below(600))*secondsPerDay; {
		case r.one(10):
			l.During.To = ends
		case r.one(10):
			l.During.To = ends
			out = append(out, l)
			l.Location = c.location(account, r.below(c.locationsOf(account)))
			l.During = kizuna.Interval{From: ends, To: kizuna.Forever}
		}
		out = append(out, l)
	}
	return out
}

// Person is a professional with one learning profile, linked to locations.
type Person struct {
	Number       uint32
	Profile      uint32
	Links        []ProfileLink
	Certificates []Certificate
}

// ProfileLink ties a profile to a location.
type ProfileLink struct {
	Location Location
	During   kizuna.Interval
}

// Certificate is one that somebody earned.
type Certificate struct {
	Number  uint16 // in the catalog
	Earned  kizuna.Date
	Expires kizuna.Date // NoExpiry if it does not
}

// NoExpiry is the mark of an empty cell.
const NoExpiry kizuna.Date = 1<<31 - 1

const mostPeople = 200

// People returns the people of a partner. A person may have two profiles, which
// makes two entries.
func (c *Config) People(catalog *Catalog, account int) (out []Person) {
	r := newRandom(c.Seed, ofPeople+uint64(account))
	people := min(r.few(6), mostPeople/2)
	for n := range people {
		profiles := 1
		if r.one(12) {
			profiles = 2
		}
		for profile := range profiles {
			p := Person{Number: uint32(account*mostPeople + n), Profile: uint32(account*mostPeople + n + profile*mostPeople/2)}
			p.Links = append(p.Links, c.profileLink(&r, account))
			if r.one(8) {
				p.Links = append(p.Links, c.profileLink(&r, c.neighbor(account)))
			}
			for range 1 + r.few(3) {
				p.Certificates = append(p.Certificates, certificate(&r, catalog))
			}
			out = append(out, p)
		}
	}
	return out
}

func (c *Config) profileLink(r *random, account int) ProfileLink {
	l := ProfileLink{c.location(account, r.below(c.locationsOf(account))), kizuna.Always}
	if r.one(3) {
		l.During.From = AsOf.AddDays(40 - r.below(900)).Instant()
	}
	if r.one(8) {
		l.During.To = AsOf.AddDays(40 - r.below(400)).Instant()
	}
	return l
}

func certificate(r *random, catalog *Catalog) Certificate {
	out := Certificate{Number: uint16(r.below(len(catalog.Certificates))), Earned: AsOf.AddDays(20 - r.below(1200)), Expires: NoExpiry}
	if !r.one(3) {
		out.Expires = out.Earned.AddMonths(12)
	}
	return out
}

// LinksOf returns the links of a credential that a customer gives a role to.
func (c *Config) LinksOf(t *Tenant, of Credential) []Link {
	own := int(of) / credentialsPerPartner
	if own >= c.Partners {
		return keepLinks(t.Links, of)
	}
	return keepLinks(c.Credentials(own), of)
}

func keepLinks(links []Link, of Credential) (out []Link) {
	for _, l := range links {
		if l.Credential == of {
			out = append(out, l)
		}
	}
	return out
}
