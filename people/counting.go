package people

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Holder is a person who counts for an account on a day, with the certificates
// of the program that count then.
type Holder struct {
	Person       *Person
	Certificates map[string]*Certification // by the program's id
	Link         *ProfileLink
}

// Verdict is what becomes of a certificate on a day: it counts for an account, or
// it does not by a clause.
type Verdict struct {
	Certification *Certification
	Person        *Person // nil if nobody has the profile
	Account       string  // empty if it counts for nobody
	Link          *ProfileLink
	Clause        Clause
}

// Clause says why a certificate does or does not count.
type Clause string

// The clauses, in the order in which they are asked.
const (
	Counts             Clause = "counts"
	UnknownCertificate Clause = "unknown-certificate" // no rule of the program names it
	Unverified         Clause = "unverified"          // claimed by hand, in no export
	NotYetEarned       Clause = "not-yet-earned"      // earned after the day, or no date
	Expired            Clause = "expired"             // the holder's own has ended
	StoppedCounting    Clause = "stopped-counting"    // retired, past its last day
	NoSuchPerson       Clause = "profile-of-nobody"   // no person has the profile
	NotLinked          Clause = "not-linked"          // the profile is linked to no location on the day
	UnknownLocation    Clause = "linked-to-unknown"   // the location is in no account on the day
)

// Roster is who counts for whom on a day.
type Roster struct {
	Holders  map[string][]*Holder // by account, in order of person id
	Verdicts []Verdict            // one per certification and person, in the order of the facts
}

// NewRoster decides every certificate on the day. accountOf gives the global
// account of a location on that day. A person is told apart by person id; a
// certificate belongs to the profile, and through it to the person.
func NewRoster(f *Facts, p *program.Program, asOf kizuna.Date, accountOf func(location string) (string, bool)) *Roster {
	persons := make(map[string][]*Person, len(f.People))
	for i := range f.People {
		persons[f.People[i].MCID] = append(persons[f.People[i].MCID], &f.People[i])
	}
	links := make(map[string][]*ProfileLink, len(f.Links))
	for i := range f.Links {
		if f.Links[i].During.Contains(asOf.Instant()) {
			links[f.Links[i].MCID] = append(links[f.Links[i].MCID], &f.Links[i])
		}
	}
	holders := make(map[string]map[string]*Holder) // account, person id
	r := &Roster{}
	for i := range f.Certifications {
		c := &f.Certifications[i]
		v := Verdict{Certification: c, Clause: clauseOf(c, p, asOf)}
		if len(persons[c.MCID]) == 0 {
			if v.Clause == Counts {
				v.Clause = NoSuchPerson
			}
			r.Verdicts = append(r.Verdicts, v)
			continue
		}
		for _, person := range persons[c.MCID] {
			v.Person = person
			if v.Clause == Counts {
				r.Verdicts = append(r.Verdicts, r.place(v, links[c.MCID], accountOf, holders)...)
			} else {
				r.Verdicts = append(r.Verdicts, v)
			}
		}
	}
	r.Holders = make(map[string][]*Holder, len(holders))
	for account, byPerson := range holders {
		r.Holders[account] = slices.SortedFunc(maps.Values(byPerson), func(a, b *Holder) int {
			return cmp.Compare(a.Person.ID, b.Person.ID)
		})
	}
	return r
}

// clauseOf decides what the certificate alone tells.
func clauseOf(c *Certification, p *program.Program, asOf kizuna.Date) Clause {
	rule, known := p.Certificates[c.Certificate]
	switch {
	case !known:
		return UnknownCertificate
	case c.Unverified:
		return Unverified
	case c.EarnedOn == nil || *c.EarnedOn > asOf:
		return NotYetEarned
	case c.ExpiresOn != nil && *c.ExpiresOn <= asOf:
		return Expired
	case rule.LastDay != nil && *rule.LastDay < asOf:
		return StoppedCounting
	}
	return Counts
}

// place credits the certificate to the accounts that the profile is linked to.
func (r *Roster) place(v Verdict, links []*ProfileLink, accountOf func(string) (string, bool), holders map[string]map[string]*Holder) []Verdict {
	var placed []Verdict
	v.Clause = NotLinked
	for _, link := range links {
		account, ok := accountOf(link.Location)
		if !ok {
			v.Clause, v.Link = UnknownLocation, link
			continue
		}
		if holders[account] == nil {
			holders[account] = make(map[string]*Holder)
		}
		h := holders[account][v.Person.ID]
		if h == nil {
			h = &Holder{Person: v.Person, Link: link, Certificates: make(map[string]*Certification)}
			holders[account][v.Person.ID] = h
		}
		h.Certificates[v.Certification.Certificate] = v.Certification
		counted := v
		counted.Account, counted.Link, counted.Clause = account, link, Counts
		placed = append(placed, counted)
	}
	if len(placed) == 0 {
		placed = append(placed, v)
	}
	return placed
}

// Tally counts people: how many meet each step of a rule, and how many hold a
// counted certificate. Tallies add and subtract member by member.
type Tally struct {
	Steps   []int64
	Counted int64
}

// Tally counts the holders under a rule. A person counts once however many
// certificates, and may serve several steps.
func (r *Roster) Tally(account string, rule *program.PeopleRule) Tally {
	t := Tally{Steps: make([]int64, len(rule.Steps))}
	for _, h := range r.Holders[account] {
		for i, step := range rule.Steps {
			if h.holdsAny(step.AnyOf) {
				t.Steps[i]++
			}
		}
		if h.holdsAny(rule.Counted) {
			t.Counted++
		}
	}
	return t
}

func (h *Holder) holdsAny(certificates []string) bool {
	return slices.ContainsFunc(certificates, func(id string) bool { return h.Certificates[id] != nil })
}

// Held returns which of the certificates the person holds, in their order.
func (h *Holder) Held(certificates []string) []string {
	var held []string
	for _, id := range certificates {
		if h.Certificates[id] != nil {
			held = append(held, id)
		}
	}
	return held
}
