package action

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/people"
)

// humans proposes what people could do.
type humans struct {
	*Proposal
	certificates []string              // that the wanted areas look at, in order
	uses         map[string][]string   // by certificate: the lists that it stands in, in order
	known        map[string][]plan.Add // effects of people who are alike
}

// human is a person, with what of it is known.
type human struct {
	*people.Person
	profiles []string
	held     map[string]*people.Certification // that count today
	then     map[string]bool                  // that still count on the day
	// odd: several profiles, or several links at once. What the person brings is always
	// evaluated, and as a whole.
	odd      bool
	location string // that the profile is linked to on the day; "": none
}

func (h *humans) all(before int) error {
	h.look()
	all := h.people()
	h.known = make(map[string][]plan.Add)
	for i := range all {
		if h.stopped() {
			return nil
		}
		h.progress(before+i, before+len(all))
		if h.ask.Costs.out(all[i].ID) {
			continue
		}
		if err := h.person(&all[i]); err != nil {
			return err
		}
	}
	h.progress(before+len(all), before+len(all))
	return nil
}

// look lists the certificates that the rules of the wanted areas name, and in which of
// their lists each stands: certificates in the same lists bring the same.
func (h *humans) look() {
	h.uses = make(map[string][]string)
	use := func(of []string, name string) {
		for _, c := range of {
			h.uses[c] = append(h.uses[c], name)
		}
	}
	for i, r := range h.PeopleRules() {
		for s := range r.Steps {
			use(r.Steps[s].AnyOf, fmt.Sprint(i, "/", s))
		}
		use(r.Counted, fmt.Sprint(i))
	}
	h.certificates = slices.Sorted(maps.Keys(h.uses))
}

// people are those who count for the account on the day, and employees who could: whose
// profile is linked to nobody and was never linked to another.
func (h *humans) people() (out []human) {
	base := h.ask.Base
	facts := base.Facts().People
	type link struct {
		location string
		ours     bool
		other    bool
		open     int // links that hold on the day
	}
	links := make(map[string]link)
	day := base.Question.AsOf.Instant()
	for i := range facts.Links {
		l := &facts.Links[i]
		of := links[l.MCID]
		if l.During.Contains(day) {
			of.open++
		}
		account, known := base.Index().AccountAt(l.Location)
		switch {
		case known && account == base.Account:
			of.ours = true
			if l.During.Contains(day) {
				of.location = l.Location
			}
		case l.During.Contains(day) || !known:
			of.other = true
		default:
			of.other = of.other || !of.ours
		}
		links[l.MCID] = of
	}
	certificates := make(map[string][]*people.Certification)
	for i := range facts.Certifications {
		c := &facts.Certifications[i]
		certificates[c.MCID] = append(certificates[c.MCID], c)
	}
	at := make(map[string]int)
	for i := range facts.People {
		person := &facts.People[i]
		of := links[person.MCID]
		if of.other && of.location == "" || person.MCID == "" {
			continue
		}
		n, ok := at[person.ID]
		if !ok {
			n = len(out)
			at[person.ID] = n
			out = append(out, human{Person: person, held: make(map[string]*people.Certification), then: make(map[string]bool)})
		}
		hm := &out[n]
		if hm.location == "" && of.location != "" {
			hm.Person, hm.location = person, of.location
		}
		hm.profiles = append(hm.profiles, person.MCID)
		hm.odd = hm.odd || len(hm.profiles) > 1 || of.open > 1
	}
	for i := range out {
		hm := &out[i]
		for _, profile := range hm.profiles {
			if links[profile].location == "" && profile != hm.MCID {
				continue // what it holds does not count
			}
			for _, c := range certificates[profile] {
				holds := func(on kizuna.Date) bool {
					return !c.Unverified && c.EarnedOn != nil && *c.EarnedOn <= on && (c.ExpiresOn == nil || on < *c.ExpiresOn)
				}
				if holds(h.ask.Today) {
					hm.held[c.Certificate] = c
				}
				if holds(base.Question.AsOf) {
					hm.then[c.Certificate] = true
				}
			}
		}
	}
	return out
}

// person makes the unit of a person: the link of the profile, and up to so many
// certificates.
func (h *humans) person(of *human) error {
	var first []*Action // without which nothing counts
	if of.location == "" {
		locations := h.ask.Base.Index().LocationsOf(h.ask.Base.Account)
		if len(locations) == 0 {
			return nil
		}
		a := ofPerson(Profile, of.Person, h.ask.Costs.Profile, h.ask.Costs, h.ask.Today)
		a.Location = locations[0]
		if h.ask.Costs.out(a.ID) || !h.inTime(a) {
			return nil
		}
		first = []*Action{a}
	}
	from := len(h.Units)
	for _, single := range h.apart(h.singles(of), len(first) > 0 || of.odd) {
		var all []candidate
		var err error
		for _, set := range combinations(len(single), mostPerPerson) {
			actions := slices.Clone(first)
			for _, i := range set {
				for _, a := range single[i].actions {
					if !slices.Contains(actions, a) {
						actions = append(actions, a)
					}
				}
			}
			if len(actions) == 0 {
				continue
			}
			if all, err = h.candidate(all, of, actions); err != nil {
				return err
			}
		}
		h.unit(of.ID, all)
	}
	return h.failure(of, from)
}

// apart divides certificates into those that bring the person into different lists: what
// they bring adds up, so they are units apart. An action that all of them need keeps them
// together.
func (h *humans) apart(all []single, whole bool) (out [][]single) {
	if whole {
		return [][]single{all}
	}
	for _, s := range all {
		mine := []single{s}
		out = slices.DeleteFunc(out, func(other []single) bool {
			shares := slices.ContainsFunc(other, func(o single) bool {
				return slices.ContainsFunc(mine, func(m single) bool {
					return slices.ContainsFunc(o.meets, func(list string) bool { return slices.Contains(m.meets, list) }) ||
						slices.ContainsFunc(o.actions, func(a *Action) bool { return slices.Contains(m.actions, a) })
				})
			})
			if shares {
				mine = append(mine, other...)
			}
			return shares
		})
		out = append(out, mine)
	}
	return out
}

// single is a certificate that a person could earn or renew, with what it needs before.
type single struct {
	actions []*Action
	cost    int64
	meets   []string // the lists that the person would stand in besides
}

// singles are the certificates that would bring something, but for those of which another
// brings all that they bring and costs no more: of lists a person stands in each once, so
// that together with the other they would bring nothing either.
func (h *humans) singles(of *human) (kept []single) {
	met := make(map[string]bool)
	for id := range of.then {
		for _, list := range h.uses[id] {
			met[list] = true
		}
	}
	known := make(map[string][]*Action)
	var all []single
	for _, id := range h.certificates {
		if of.then[id] {
			continue
		}
		s := single{actions: h.chain(of, id, known, nil)}
		for _, a := range s.actions {
			s.cost += a.Cost
			for _, list := range h.uses[a.Certificate] {
				if !met[list] && !slices.Contains(s.meets, list) {
					s.meets = append(s.meets, list)
				}
			}
		}
		if len(s.meets) > 0 {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b single) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(len(a.actions), len(b.actions)), cmp.Compare(len(b.meets), len(a.meets)),
			strings.Compare(a.actions[len(a.actions)-1].ID, b.actions[len(b.actions)-1].ID))
	})
	for _, s := range all {
		covered := slices.ContainsFunc(kept, func(k single) bool {
			return !slices.ContainsFunc(s.meets, func(list string) bool { return !slices.Contains(k.meets, list) })
		})
		if !covered {
			kept = append(kept, s)
		}
	}
	return kept
}

// chain is what the person has to do for a certificate, what comes first first; nil if it
// cannot be earned in time. What was found before is known.
func (h *humans) chain(of *human, id string, known map[string][]*Action, under []string) []*Action {
	if slices.Contains(under, id) {
		return nil // costs that ask for each other
	}
	if out, ok := known[id]; ok {
		return out
	}
	out := h.link(of, id, known, under)
	if len(under) == 0 || out != nil { // inside of a circle it may be only this once
		known[id] = out
	}
	return out
}

// link adds a certificate to the cheapest chain that it needs.
func (h *humans) link(of *human, id string, known map[string][]*Action, under []string) []*Action {
	a := h.certificate(of, id)
	if h.ask.Costs.out(a.ID) || h.ask.Costs.out(id) {
		return nil
	}
	if rule, ok := h.ask.Base.Question.Program.Certificates[id]; ok && rule.Retired != nil && *rule.Retired < a.From {
		return nil // nobody can earn it any more
	}
	needs := h.ask.Costs.Needs[id]
	if len(needs) == 0 || a.Kind == Renewal || slices.ContainsFunc(needs, func(n string) bool { return of.held[n] != nil }) {
		if !h.inTimeOnce(a) {
			return nil
		}
		return []*Action{a}
	}
	var best []*Action
	for _, n := range needs {
		if c := h.chain(of, n, known, append(slices.Clip(under), id)); c != nil && (best == nil || cost(c) < cost(best)) {
			best = c
		}
	}
	if best == nil {
		return nil
	}
	last := best[len(best)-1]
	a.From = last.From.AddDays(int(a.From - h.ask.Today))
	a.Needs = []string{last.ID}
	if !h.inTimeOnce(a) {
		return nil
	}
	return append(slices.Clip(best), a)
}

// inTimeOnce notes an action that comes too late only once.
func (h *humans) inTimeOnce(a *Action) bool {
	if a.From < h.ask.Base.Question.AsOf {
		return true
	}
	if !slices.ContainsFunc(h.TooLate, func(b *Action) bool { return b.ID == a.ID }) {
		h.TooLate = append(h.TooLate, a)
	}
	return false
}

// certificate is the action of earning or renewing one.
func (h *humans) certificate(of *human, id string) *Action {
	costs := h.ask.Costs
	kind, e := Certificate, Effort{}
	held := of.held[id]
	switch {
	case held != nil:
		kind, e = Renewal, costs.Renewal
	default:
		near := false
		for other := range of.held {
			near = near || family(other) == family(id)
		}
		e = costs.forCertificate(id, h.ask.Base.Question.Program.Certificates[id].Name, near)
	}
	a := ofPerson(kind, of.Person, e, costs, h.ask.Today)
	a.ID += " " + id
	a.Certificate = id
	if held != nil {
		a.Because = append(a.Because, held.At)
		if held.ExpiresOn != nil && a.From > *held.ExpiresOn { // it is renewed while it holds
			a.From = *held.ExpiresOn
		}
	}
	return a
}

// family is what a certificate's code begins with: AZ, SC, MB.
func family(id string) string {
	f, _, _ := strings.Cut(id, "-")
	return f
}

func cost(actions []*Action) (sum int64) {
	for _, a := range actions {
		sum += a.Cost
	}
	return sum
}

// candidate evaluates what a person does. People who hold the same and do the same bring
// the same.
func (h *humans) candidate(all []candidate, of *human, actions []*Action) ([]candidate, error) {
	var does []string
	for _, a := range actions {
		does = append(does, string(a.Kind)+a.Certificate)
	}
	slices.Sort(does)
	key := strings.Join(slices.Sorted(maps.Keys(of.then)), ",") + "|" + of.location + "|" + strings.Join(does, ",")
	adds, known := h.known[key]
	if !known || of.odd {
		out, err := h.ask.Base.Evaluate(Changes(actions))
		if err != nil {
			return nil, err
		}
		adds = h.AddsOfPeople(h.ask.Base.Now().Roster, out.Roster)
		if !of.odd {
			h.known[key] = adds
		}
	}
	if len(adds) == 0 {
		return all, nil
	}
	return append(all, candidate{slices.Clone(actions), cost(actions), slices.Clone(adds)}), nil
}

// failure notes what is lost if the person leaves, and that nothing comes of the person's
// units, from the first one on.
func (h *humans) failure(of *human, first int) error {
	if !h.ask.Margin {
		return nil
	}
	var units []int
	for u := first; u < len(h.Units); u++ {
		units = append(units, u)
	}
	var lost []plan.Add
	if of.location != "" {
		out, err := h.ask.Base.Evaluate(h.leaving(of))
		if err != nil {
			return err
		}
		lost = h.AddsOfPeople(h.ask.Base.Now().Roster, out.Roster)
	}
	if len(units) > 0 || len(lost) > 0 {
		h.Failures = append(h.Failures, plan.Failure{Name: of.ID, Units: units, Lost: lost})
	}
	return nil
}

// leaving ends the links of a person's profiles to the account.
func (h *humans) leaving(of *human) *advice.Changes {
	out := new(advice.Changes)
	at := h.ask.Today.Instant()
	for _, l := range h.ask.Base.People().Links {
		account, ok := h.ask.Base.Index().AccountAt(l.Location)
		if !ok || account != h.ask.Base.Account || !slices.Contains(of.profiles, l.MCID) || l.During.To <= at {
			continue
		}
		e := advice.Ending{Selection: advice.Selection{Table: advice.ProfileLinks, MCID: l.MCID, Location: l.Location}, At: at}
		if !slices.Contains(out.End, e) {
			out.End = append(out.End, e)
		}
	}
	return out
}

// combinations lists the sets of up to most of n things, the empty one first.
func combinations(n, most int) [][]int {
	out := [][]int{nil}
	for from := 0; most > 0; most-- {
		end := len(out)
		for _, set := range out[from:end] {
			next := 0
			if len(set) > 0 {
				next = set[len(set)-1] + 1
			}
			for ; next < n; next++ {
				out = append(out, append(slices.Clip(set), next))
			}
		}
		from = end
	}
	return out
}
