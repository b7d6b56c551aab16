package people

import (
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Roster is who counts for whom on a day, under a program. It is safe for concurrent
// use.
type Roster struct {
	index    *Index
	asOf     kizuna.Date
	accounts []string // by number

	certificates []certificate // by the index's numbers
	at           []int         // account of each location of the index that is linked to on the day; unknown, or unasked

	rules  map[*program.PeopleRule]Rule
	sets   int
	counts []int32 // by account and set: how many people hold one of the set

	naming  sync.Once
	numbers map[string]int
	placing sync.Once
	placed  [][]uint32 // by account: the profiles linked to it on the day
}

// certificate is what a program says of one that somebody has.
type certificate struct {
	known   bool
	lastDay kizuna.Date // never if there is none
}

// What is known of a location beside the number of its account.
const (
	unasked = -1 - iota
	unknown
)

// Rule is a people rule of a roster's program: which sets of certificates it counts
// the holders of.
type Rule struct {
	steps   []int // set of each step
	counted int
}

// NewRoster decides every certificate on the day. accountOf gives the global
// account of a location on that day. A person is told apart by person id; a
// certificate belongs to the profile, and through it to the person.
func NewRoster(f *Facts, p *program.Program, asOf kizuna.Date, accountOf func(location string) (string, bool)) *Roster {
	numbers := make(map[string]uint32)
	var accounts []string
	x := NewIndex(f)
	r := x.Roster(p, asOf, nil, func(location int) (int, bool) {
		account, ok := accountOf(x.locations[location])
		if !ok {
			return 0, false
		}
		n := int(numberOf(numbers, account))
		if n == len(accounts) {
			accounts = append(accounts, account)
		}
		return n, true
	})
	r.accounts = accounts
	return r
}

// Roster decides every certificate on the day. accountOf gives the number, among
// accounts, of the one that a location of [Index.Locations] belongs to on that day; it is
// asked once for each that somebody is linked to then.
func (x *Index) Roster(p *program.Program, asOf kizuna.Date, accounts []string, accountOf func(location int) (account int, ok bool)) *Roster {
	r := &Roster{
		index: x, asOf: asOf, accounts: accounts, rules: make(map[*program.PeopleRule]Rule),
		certificates: make([]certificate, len(x.certificates)), at: make([]int, len(x.locations)),
	}
	for name, n := range x.certificates {
		rule, known := p.Certificates[name]
		r.certificates[n] = certificate{known, never}
		if rule.LastDay != nil {
			r.certificates[n].lastDay = *rule.LastDay
		}
	}
	linked := r.locate(accountOf)
	sets := r.compile(p)
	r.sets = len(sets)
	r.counts = make([]int32, linked*r.sets)
	for first := 0; first < len(sets); first += 64 {
		r.count(first, sets[first:min(first+64, len(sets))])
	}
	return r
}

// locate asks for the account of each location that is linked to on the day, and
// returns the number after that of the last account.
func (r *Roster) locate(accountOf func(location int) (account int, ok bool)) (accounts int) {
	for i := range r.at {
		r.at[i] = unasked
	}
	for i := range r.index.links {
		l := &r.index.links[i]
		if r.at[l.location] != unasked || !l.during.Contains(r.asOf.Instant()) {
			continue
		}
		if n, ok := accountOf(int(l.location)); ok {
			r.at[l.location] = n
			accounts = max(accounts, n+1)
		} else {
			r.at[l.location] = unknown
		}
	}
	return accounts
}

// compile finds the sets of certificates whose holders the rules in force count. Equal
// sets are one.
func (r *Roster) compile(p *program.Program) (sets [][]string) {
	numbers := make(map[string]int)
	number := func(set []string) int {
		key := strings.Join(set, "\n")
		n, ok := numbers[key]
		if !ok {
			n = len(sets)
			numbers[key], sets = n, append(sets, set)
		}
		return n
	}
	for i := range p.Areas {
		for j := range p.Areas[i].Metrics {
			for _, track := range p.Areas[i].Track.Tracks {
				rule := p.Areas[i].Metrics[j].Rules[track].PeopleOn(r.asOf)
				if rule == nil {
					continue
				}
				out := Rule{counted: number(rule.Counted)}
				for _, step := range rule.Steps {
					out.steps = append(out.steps, number(step.AnyOf))
				}
				r.rules[rule] = out
			}
		}
	}
	return sets
}

// count counts the holders of up to 64 sets, of which the first has that number.
func (r *Roster) count(first int, sets [][]string) {
	x := r.index
	in := make([]uint64, len(x.certificates)) // the sets that each certificate is in
	for i, set := range sets {
		for _, name := range set {
			if n, ok := x.certificates[name]; ok {
				in[n] |= 1 << i
			}
		}
	}
	// Who has several profiles may hold something through each: these are put together
	// before they are counted.
	type somebody struct {
		account int
		person  uint32
	}
	several := make(map[somebody]uint64)
	var accounts []int
	for p := range uint32(len(x.profiles) - 1) {
		members := x.membersOf(p)
		if len(members) == 0 {
			continue
		}
		if accounts = r.accountsOf(accounts[:0], p); len(accounts) == 0 {
			continue
		}
		held := uint64(0)
		holdings := x.holdingsOf(p)
		for i := range holdings {
			if h := &holdings[i]; r.clauseOf(h) == Counts {
				held |= in[h.certificate]
			}
		}
		if held == 0 {
			continue
		}
		for _, account := range accounts {
			for i := range members {
				if members[i].several {
					several[somebody{account, members[i].person}] |= held
				} else {
					r.add(account, first, held)
				}
			}
		}
	}
	for who, held := range several {
		r.add(who.account, first, held)
	}
}

// add counts one person more for an account, who holds one of each of the sets.
func (r *Roster) add(account, first int, held uint64) {
	counts := r.counts[account*r.sets+first:]
	for ; held != 0; held &= held - 1 {
		counts[bits.TrailingZeros64(held)]++
	}
}

// accountsOf appends the accounts that a profile is linked to on the day, each once.
func (r *Roster) accountsOf(accounts []int, profile uint32) []int {
	links := r.index.linksOf(profile)
	for i := range links {
		if l := &links[i]; l.during.Contains(r.asOf.Instant()) {
			if account := r.at[l.location]; account >= 0 && !slices.Contains(accounts, account) {
				accounts = append(accounts, account)
			}
		}
	}
	return accounts
}

// clauseOf decides what the certificate alone tells.
func (r *Roster) clauseOf(h *holding) Clause {
	rule := &r.certificates[h.certificate]
	switch {
	case !rule.known:
		return UnknownCertificate
	case h.unverified:
		return Unverified
	case h.earned > r.asOf:
		return NotYetEarned
	case h.expires <= r.asOf:
		return Expired
	case rule.lastDay < r.asOf:
		return StoppedCounting
	}
	return Counts
}

// Tally counts people: how many meet each step of a rule, and how many hold a
// counted certificate. Tallies add and subtract member by member.
type Tally struct {
	Steps   []int64
	Counted int64
}

// Tally counts the holders under a rule of the program that is in force on the day. A
// person counts once however many certificates, and may serve several steps.
func (r *Roster) Tally(account string, rule *program.PeopleRule) Tally {
	var t Tally
	var counts []int32
	if n, ok := r.Number(account); ok {
		counts = r.Counts(n)
	}
	r.Count(counts, r.Rule(rule), &t)
	return t
}

// Rule returns a rule of the program that is in force on the day; it panics if it is
// none.
func (r *Roster) Rule(rule *program.PeopleRule) Rule {
	of, ok := r.rules[rule]
	if !ok {
		panic("people: the rule is not of the roster's program, or not in force on its day")
	}
	return of
}

// Counts returns how many people of an account hold one of each set of certificates;
// nil if nobody is there. It must not be changed.
func (r *Roster) Counts(account int) []int32 {
	if account*r.sets >= len(r.counts) {
		return nil
	}
	return r.counts[account*r.sets : (account+1)*r.sets]
}

// None reports whether the counts of [Roster.Counts] are 0 for all that a rule counts.
func (rule *Rule) None(counts []int32) bool {
	if counts == nil {
		return true
	}
	all := counts[rule.counted]
	for _, set := range rule.steps {
		all |= counts[set]
	}
	return all == 0
}

// Count tallies counts of [Roster.Counts] under a rule. The tally's memory is used again.
func (r *Roster) Count(counts []int32, rule Rule, t *Tally) {
	t.Steps, t.Counted = t.Steps[:0], 0
	for _, set := range rule.steps {
		t.Steps = append(t.Steps, of(counts, set))
	}
	t.Counted = of(counts, rule.counted)
}

func of(counts []int32, set int) int64 {
	if counts == nil {
		return 0
	}
	return int64(counts[set])
}

// Number returns the number of an account that somebody may be linked to.
func (r *Roster) Number(account string) (int, bool) {
	r.naming.Do(func() {
		r.numbers = make(map[string]int, len(r.accounts))
		for i, a := range r.accounts {
			r.numbers[a] = i
		}
	})
	n, ok := r.numbers[account]
	return n, ok
}
