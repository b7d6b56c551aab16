package people

import (
	"math"

	"github.com/kizuna-org/kizuna"
)

// Index is facts about people, numbered and laid out by profile, so that they can be
// asked about many programs and days. It is made once and is safe for concurrent use.
// The facts must not change.
type Index struct {
	facts *Facts

	certificates map[string]uint32 // number of each certificate that somebody has
	locations    []string          // that some profile is linked to, ever
	profiles     []profile

	// Laid out by profile: where each one's stand is in profiles.
	members  []member  // the persons who have it
	links    []link    // that ever hold
	holdings []holding // its certificates

	profileOf []uint32 // by certification, in the order of the facts
}

// profile says where a profile's persons, links and certificates begin. They end where
// the next profile's begin: there is one profile more than there are.
type profile struct{ member, link, holding uint32 }

// member is a person of a profile.
type member struct {
	fact   uint32 // index into Facts.People
	person uint32 // number of the person id
	// several: the person id stands at other profiles, too, or twice at this one.
	several bool
}

type link struct {
	location uint32
	fact     uint32 // index into Facts.Links
	during   kizuna.Interval
}

// holding is a certificate of a profile, as counting needs it.
type holding struct {
	certificate uint32
	fact        uint32      // index into Facts.Certifications
	earned      kizuna.Date // never if it was not
	expires     kizuna.Date // never if it does not
	unverified  bool
}

const never = kizuna.Date(math.MaxInt32)

// NewIndex lays facts out.
func NewIndex(f *Facts) *Index {
	x := &Index{facts: f, certificates: make(map[string]uint32)}
	profiles, persons, locations := make(map[string]uint32), make(map[string]uint32), make(map[string]uint32)
	memberOf, linkOf := make([]uint32, len(f.People)), make([]uint32, len(f.Links))
	x.profileOf = make([]uint32, len(f.Certifications))
	for i := range f.People {
		memberOf[i] = numberOf(profiles, f.People[i].MCID)
	}
	for i := range f.Links {
		linkOf[i] = numberOf(profiles, f.Links[i].MCID)
	}
	for i := range f.Certifications {
		x.profileOf[i] = numberOf(profiles, f.Certifications[i].MCID)
		numberOf(x.certificates, f.Certifications[i].Certificate)
	}
	x.profiles = make([]profile, len(profiles)+1)

	times := make([]uint32, 0, len(f.People)) // that a person id stands at a profile
	x.members = grouped(memberOf, x.profiles, func(p *profile) *uint32 { return &p.member }, func(i int) member {
		m := member{fact: uint32(i), person: numberOf(persons, f.People[i].ID)}
		if int(m.person) == len(times) {
			times = append(times, 0)
		}
		times[m.person]++
		return m
	})
	for i := range x.members {
		x.members[i].several = times[x.members[i].person] > 1
	}
	x.links = grouped(linkOf, x.profiles, func(p *profile) *uint32 { return &p.link }, func(i int) link {
		l := &f.Links[i]
		n := numberOf(locations, l.Location)
		if int(n) == len(x.locations) {
			x.locations = append(x.locations, l.Location)
		}
		return link{n, uint32(i), l.During}
	})
	x.holdings = grouped(x.profileOf, x.profiles, func(p *profile) *uint32 { return &p.holding }, x.holding)
	return x
}

// holding returns a certification of the facts as counting needs it.
func (x *Index) holding(i int) holding {
	c := &x.facts.Certifications[i]
	h := holding{certificate: x.certificates[c.Certificate], earned: never, expires: never, unverified: c.Unverified, fact: uint32(i)}
	if c.EarnedOn != nil {
		h.earned = *c.EarnedOn
	}
	if c.ExpiresOn != nil {
		h.expires = *c.ExpiresOn
	}
	return h
}

// numberOf returns the number of a name, or gives it the next.
func numberOf(numbers map[string]uint32, name string) uint32 {
	n, ok := numbers[name]
	if !ok {
		n = uint32(len(numbers))
		numbers[name] = n
	}
	return n
}

// grouped lays things out by the profile that each belongs to, in their order, and
// notes where each profile's begin.
func grouped[T any](of []uint32, profiles []profile, begin func(*profile) *uint32, thing func(i int) T) []T {
	for _, p := range of {
		*begin(&profiles[p+1])++
	}
	for p := 1; p < len(profiles); p++ {
		*begin(&profiles[p]) += *begin(&profiles[p-1])
	}
	next := make([]uint32, len(profiles))
	for p := range profiles {
		next[p] = *begin(&profiles[p])
	}
	out := make([]T, len(of))
	for i, p := range of {
		out[next[p]] = thing(i)
		next[p]++
	}
	return out
}

func (x *Index) membersOf(profile uint32) []member {
	return x.members[x.profiles[profile].member:x.profiles[profile+1].member]
}

func (x *Index) linksOf(profile uint32) []link {
	return x.links[x.profiles[profile].link:x.profiles[profile+1].link]
}

func (x *Index) holdingsOf(profile uint32) []holding {
	return x.holdings[x.profiles[profile].holding:x.profiles[profile+1].holding]
}

// Locations lists the locations that some profile was ever linked to, by number. It must
// not be changed.
func (x *Index) Locations() []string { return x.locations }
