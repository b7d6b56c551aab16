package people

import (
	"cmp"
	"slices"
)

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

// Verdicts tells what becomes of every certificate: at least one verdict for each and
// for each person who has its profile, in the order of the facts.
func (r *Roster) Verdicts() (all []Verdict) {
	for i, profile := range r.index.profileOf {
		all = r.verdicts(all, i, profile)
	}
	return all
}

// verdicts appends what becomes of a certification of a profile.
func (r *Roster) verdicts(all []Verdict, certification int, profile uint32) []Verdict {
	x := r.index
	h := x.holding(certification)
	v := Verdict{Certification: &x.facts.Certifications[certification], Clause: r.clauseOf(&h)}
	members := x.membersOf(profile)
	if len(members) == 0 {
		if v.Clause == Counts {
			v.Clause = NoSuchPerson
		}
		return append(all, v)
	}
	for i := range members {
		v.Person = &x.facts.People[members[i].fact]
		if v.Clause == Counts {
			all = r.place(all, v, profile)
		} else {
			all = append(all, v)
		}
	}
	return all
}

// place appends the accounts that a certificate counts for, or why there is none.
func (r *Roster) place(all []Verdict, v Verdict, profile uint32) []Verdict {
	none := v
	none.Clause = NotLinked
	before := len(all)
	for _, l := range r.index.linksOf(profile) {
		if !l.during.Contains(r.asOf.Instant()) {
			continue
		}
		v.Link = &r.index.facts.Links[l.fact]
		if account := r.at[l.location]; account >= 0 {
			v.Account = r.accounts[account]
			all = append(all, v)
		} else {
			none.Clause, none.Link = UnknownLocation, v.Link
		}
	}
	if len(all) == before {
		all = append(all, none)
	}
	return all
}

// Holder is a person who counts for an account on a day, with the certificates
// of the program that count then.
type Holder struct {
	Person       *Person
	Certificates map[string]*Certification // by the program's id
	Link         *ProfileLink
}

// Holders lists who counts for an account, in order of person id.
func (r *Roster) Holders(account string) []*Holder {
	n, ok := r.Number(account)
	if !ok {
		return nil
	}
	var certifications []uint32
	for _, profile := range r.profilesAt(n) {
		for _, h := range r.index.holdingsOf(profile) {
			certifications = append(certifications, h.fact)
		}
	}
	slices.Sort(certifications) // as the facts stand
	byPerson := make(map[string]*Holder)
	var holders []*Holder
	var verdicts []Verdict
	for _, i := range certifications {
		verdicts = r.verdicts(verdicts[:0], int(i), r.index.profileOf[i])
		for _, v := range verdicts {
			if v.Clause != Counts || v.Account != account {
				continue
			}
			h := byPerson[v.Person.ID]
			if h == nil {
				h = &Holder{Person: v.Person, Link: v.Link, Certificates: make(map[string]*Certification)}
				byPerson[v.Person.ID] = h
				holders = append(holders, h)
			}
			h.Certificates[v.Certification.Certificate] = v.Certification
		}
	}
	slices.SortFunc(holders, func(a, b *Holder) int { return cmp.Compare(a.Person.ID, b.Person.ID) })
	return holders
}

// profilesAt lists the profiles that are linked to an account on the day.
func (r *Roster) profilesAt(account int) []uint32 {
	r.placing.Do(func() {
		r.placed = make([][]uint32, len(r.accounts))
		var accounts []int
		for p := range uint32(len(r.index.profiles) - 1) {
			accounts = r.accountsOf(accounts[:0], p)
			for _, a := range accounts {
				r.placed[a] = append(r.placed[a], p)
			}
		}
	})
	return r.placed[account]
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
