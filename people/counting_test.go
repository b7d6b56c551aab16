package people_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

var asOf = kizuna.NewDate(2023, 11, 15)

// certificates are those of the programs drawn here; the last is of none.
var certificates = []string{"C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "unheard-of"}

// drawProgram draws a program that counts people under so many rules, more than one
// word of bits holds or few.
func drawProgram(t *rapid.T) *program.Program {
	p := &program.Program{Certificates: make(map[string]program.Certificate)}
	for _, id := range certificates[:8] {
		c := program.Certificate{ID: id}
		if rapid.IntRange(0, 3).Draw(t, "retired") == 0 {
			last := asOf.AddDays(rapid.IntRange(-1, 1).Draw(t, "last day"))
			c.LastDay = &last
		}
		p.Certificates[id] = c
	}
	set := func(label string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(certificates), 0, 4).Draw(t, label)
	}
	area := program.Area{ID: "a", Track: program.TrackRule{Kind: program.SingleTrack, Tracks: []string{program.Single}}}
	for range rapid.SampledFrom([]int{1, 3, 90}).Draw(t, "rules") {
		rule := program.PeopleRule{Counted: set("counted")}
		for range rapid.IntRange(0, 2).Draw(t, "steps") {
			rule.Steps = append(rule.Steps, program.Step{AnyOf: set("step"), People: 1})
		}
		later := asOf.AddDays(1)
		area.Metrics = append(area.Metrics, program.Metric{Rules: map[string]*program.Rule{
			program.Single: {People: []program.PeopleRule{rule, {From: &later, Counted: []string{"C7"}}}},
		}})
	}
	p.Areas = []program.Area{area}
	return p
}

func drawFacts(t *rapid.T) *people.Facts {
	name := func(prefix string, most int) string {
		return prefix + strconv.Itoa(rapid.IntRange(0, most).Draw(t, prefix))
	}
	day := func(label string) *kizuna.Date {
		if rapid.IntRange(0, 4).Draw(t, label) == 0 {
			return nil
		}
		d := asOf.AddDays(rapid.IntRange(-2, 1).Draw(t, label))
		return &d
	}
	f := &people.Facts{}
	for range rapid.IntRange(0, 8).Draw(t, "people") {
		f.People = append(f.People, people.Person{ID: name("p", 4), MCID: name("m", 5)})
	}
	for range rapid.IntRange(0, 10).Draw(t, "links") {
		from := asOf.AddDays(rapid.IntRange(-3, 1).Draw(t, "from"))
		f.Links = append(f.Links, people.ProfileLink{MCID: name("m", 6), Location: name("L", 4),
			During: kizuna.Interval{From: from.Instant(), To: from.AddDays(rapid.IntRange(0, 4).Draw(t, "days")).Instant()}})
	}
	for range rapid.IntRange(0, 16).Draw(t, "certifications") {
		f.Certifications = append(f.Certifications, people.Certification{MCID: name("m", 6),
			Certificate: rapid.SampledFrom(certificates).Draw(t, "certificate"),
			EarnedOn:    day("earned"), ExpiresOn: day("expires"), Unverified: rapid.IntRange(0, 5).Draw(t, "unverified") == 0})
	}
	return f
}

func accountOf(location string) (string, bool) {
	account, ok := map[string]string{"L0": "G0", "L1": "G1", "L2": "G1", "L3": "G2"}[location]
	return account, ok
}

// holders counts by the letter of the rules, fact by fact, who holds one of a set.
func holders(f *people.Facts, p *program.Program, account string, set []string) int64 {
	who := make(map[string]bool)
	for _, person := range f.People {
		for _, link := range f.Links {
			if at, ok := accountOf(link.Location); link.MCID != person.MCID || !ok || at != account || !link.During.Contains(asOf.Instant()) {
				continue
			}
			for _, c := range f.Certifications {
				rule, known := p.Certificates[c.Certificate]
				if c.MCID == person.MCID && slices.Contains(set, c.Certificate) && known && !c.Unverified &&
					c.EarnedOn != nil && *c.EarnedOn <= asOf && (c.ExpiresOn == nil || asOf < *c.ExpiresOn) &&
					(rule.LastDay == nil || asOf <= *rule.LastDay) {
					who[person.ID] = true
				}
			}
		}
	}
	return int64(len(who))
}

func TestPeopleAreCountedByTheLetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, p := drawFacts(t), drawProgram(t)
		r := people.NewRoster(f, p, asOf, accountOf)
		for _, account := range []string{"G0", "G1", "G2", "G3"} {
			for i := range p.Areas[0].Metrics {
				rule := p.Areas[0].Metrics[i].Rules[program.Single].PeopleOn(asOf)
				want := people.Tally{Counted: holders(f, p, account, rule.Counted)}
				for _, step := range rule.Steps {
					want.Steps = append(want.Steps, holders(f, p, account, step.AnyOf))
				}
				if got := r.Tally(account, rule); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%s, rule %d: %v, want %v", account, i, got, want)
				}
			}
		}
	})
}

// What is shown of who counts is what is counted.
func TestHoldersAndVerdictsAreWhatIsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, p := drawFacts(t), drawProgram(t)
		r := people.NewRoster(f, p, asOf, accountOf)
		counting := make(map[string]bool)
		for _, v := range r.Verdicts() {
			if v.Clause == people.Counts {
				counting[fmt.Sprint(v.Account, " ", v.Person.ID, " ", v.Certification.Certificate)] = true
			}
		}
		shown := make(map[string]bool)
		for _, account := range []string{"G0", "G1", "G2", "G3"} {
			holders := r.Holders(account)
			if !slices.IsSortedFunc(holders, func(a, b *people.Holder) int { return slices.Compare([]string{a.Person.ID}, []string{b.Person.ID}) }) {
				t.Fatal("not in order")
			}
			for _, h := range holders {
				for id := range h.Certificates {
					shown[fmt.Sprint(account, " ", h.Person.ID, " ", id)] = true
				}
			}
			for i := range p.Areas[0].Metrics {
				rule := p.Areas[0].Metrics[i].Rules[program.Single].PeopleOn(asOf)
				counted := 0
				for _, h := range holders {
					if len(h.Held(rule.Counted)) > 0 {
						counted++
					}
				}
				if got := r.Tally(account, rule).Counted; got != int64(counted) {
					t.Fatalf("%s: %d are counted, %d shown", account, got, counted)
				}
			}
		}
		if !reflect.DeepEqual(counting, shown) {
			t.Fatalf("verdicts %v, holders %v", counting, shown)
		}
	})
}

func TestOnlyRulesInForceAreCounted(t *testing.T) {
	later := asOf.AddDays(1)
	p := &program.Program{Areas: []program.Area{{
		Track: program.TrackRule{Tracks: []string{program.Single}},
		Metrics: []program.Metric{{Rules: map[string]*program.Rule{program.Single: {People: []program.PeopleRule{
			{Counted: []string{"C0"}}, {From: &later, Counted: []string{"C1"}},
		}}}}},
	}}}
	r := people.NewRoster(new(people.Facts), p, asOf, accountOf)
	rules := p.Areas[0].Metrics[0].Rules[program.Single].People
	if got := r.Tally("G0", &rules[0]); got.Counted != 0 {
		t.Error(got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a rule that is not in force is counted")
		}
	}()
	r.Tally("G0", &rules[1])
}

// The roster of many people, as a whole program asks for it.
func BenchmarkRoster(b *testing.B) {
	f := &people.Facts{}
	for i := range 100_000 {
		mcid := "m" + strconv.Itoa(i)
		f.People = append(f.People, people.Person{ID: "p" + strconv.Itoa(i), MCID: mcid})
		f.Links = append(f.Links, people.ProfileLink{MCID: mcid, Location: "L" + strconv.Itoa(i/6), During: kizuna.Always})
		for j := range 4 {
			f.Certifications = append(f.Certifications, people.Certification{MCID: mcid, Certificate: certificates[(i+3*j)%len(certificates)], EarnedOn: &asOf})
		}
	}
	p := rapid.Custom(drawProgram).Example(1)
	x := people.NewIndex(f)
	b.ReportAllocs()
	for b.Loop() {
		x.Roster(p, asOf, nil, func(location int) (int, bool) { return location / 2, true })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(f.People)), "ns/person")
}
