package membership_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
)

// Worked cases are told line by line:
//
//	program FILE                          by a program of testdata, instead of the built-in versions
//	account ID                            what follows happens to this account (G1)
//	found AREA DAY [TOTAL]                the score of the day qualified
//	score AREA DAY TOTAL                  the score of the day did not
//	legacy DAY until DAY
//	purchase|renewal|refund INSTANT [used|legacy-benefits]
//	merge ID INSTANT                      ID into the account
//	refused CODE                          the line before was
//	on DAY: AREA STATE [since DAY] [until DAY] [held DAY] [why CAUSE]
//	on DAY: company [STATE] [anniversary DAY|none] [renewal DAY..DAY] [keeps DAY..DAY] [counts DAY..DAY] [next DAY] [bundles DAY..DAY,...]
type play struct {
	t        *testing.T
	at       string
	rules    *membership.Rules
	accounts map[string]*membership.Enrollment
	account  string
	err      error
}

func TestWorkedCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var p *play
		name, n := "", 0
		var lines []string
		run := func() {
			if name == "" {
				return
			}
			lines := lines
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) {
				p = &play{t: t, rules: rules(t), accounts: make(map[string]*membership.Enrollment), account: "G1"}
				for _, l := range lines {
					p.at, l, _ = strings.Cut(l, "\t")
					p.line(l)
				}
				p.settle()
			})
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			n++
			text, _, _ := strings.Cut(s.Text(), "#")
			text = strings.TrimSpace(text)
			switch {
			case text == "":
			case strings.HasPrefix(text, "case "):
				run()
				name, lines = text[len("case "):], nil
			default:
				lines = append(lines, fmt.Sprintf("%s:%d\t%s", file, n, text))
			}
		}
		run()
	}
}

func rules(t testing.TB) *membership.Rules {
	t.Helper()
	r, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var builtin = sync.OnceValues(func() (*membership.Rules, error) {
	programs, err := program.Builtin()
	if err != nil {
		return nil, err
	}
	return membership.NewRules("mcpp", programs)
})

func (p *play) line(text string) {
	p.t.Helper()
	words := strings.Fields(strings.Replace(text, ":", " :", boolToInt(strings.HasPrefix(text, "on "))))
	if words[0] == "refused" {
		if kizuna.CodeOf(p.err) != words[1] {
			p.t.Errorf("%s: %v, want %s", p.at, p.err, words[1])
		}
		p.err = nil
		return
	}
	p.settle()
	switch words[0] {
	case "program":
		data, err := os.ReadFile(filepath.Join("testdata", words[1]))
		if err != nil {
			p.t.Fatal(err)
		}
		own, err := program.Parse(words[1], data)
		if err != nil {
			p.t.Fatal(err)
		}
		if p.rules, err = membership.NewRules(own.ID, []*program.Program{own}); err != nil {
			p.t.Fatal(err)
		}
	case "account":
		p.account = words[1]
	case "found", "score":
		total := append(words, "74")[3]
		points, err := kizuna.ParseFraction(total)
		if err != nil {
			p.t.Fatal(p.at, err)
		}
		p.step(membership.Step{Action: membership.Qualify, Findings: []membership.Finding{{
			Area: words[1], On: day(p.t, words[2]), Total: points, Qualified: words[0] == "found", Program: p.rules.On(day(p.t, words[2])).Program.Ref(),
		}}}, words[2])
	case "legacy":
		until := day(p.t, words[3])
		p.step(membership.Step{Action: membership.TakeOver, Event: membership.Event{Until: &until}}, words[1])
	case "purchase", "renewal", "refund":
		action := map[string]lifecycle.Action{"purchase": membership.Enroll, "renewal": membership.Renew, "refund": membership.TakeBack}[words[0]]
		p.step(membership.Step{Action: action, Event: membership.Event{
			Used: slices.Contains(words, "used"), LegacyBenefits: slices.Contains(words, "legacy-benefits"),
		}}, words[1])
	case "merge":
		p.step(membership.Step{Action: membership.Absorb, Together: true, Event: membership.Event{With: &p.accounts[words[1]].Ledger}}, words[2])
	case "on":
		if words[3] == "company" {
			p.company(day(p.t, words[1]), words[4:])
		} else {
			p.area(day(p.t, words[1]), words[3], words[4:])
		}
	default:
		p.t.Fatalf("%s: %q", p.at, text)
	}
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// settle complains of a refusal that no line expected.
func (p *play) settle() {
	p.t.Helper()
	if p.err != nil {
		p.t.Fatalf("before %s: %v", p.at, p.err)
	}
}

func (p *play) step(s membership.Step, at string) {
	p.t.Helper()
	var err error
	if s.At, err = kizuna.ParseInstant(at); err != nil {
		p.t.Fatal(p.at, err)
	}
	s.Now = max(s.At, p.rules.Start(day(p.t, "2030-01-01")))
	s.Account, s.Actor = p.account, lifecycle.Actor{Role: lifecycle.Operator}
	e := p.accounts[p.account]
	if e == nil {
		e = &membership.Enrollment{}
	}
	after, _, err := p.rules.Apply(*e, s)
	p.accounts[p.account], p.err = &after, err
}

func (p *play) status(on kizuna.Date) *membership.Status {
	e := p.accounts[p.account]
	if e == nil {
		e = &membership.Enrollment{Ledger: membership.Ledger{Account: p.account}}
	}
	return p.rules.Status(&e.Ledger, on)
}

func (p *play) area(on kizuna.Date, id string, want []string) {
	p.t.Helper()
	s := p.status(on)
	i := slices.IndexFunc(s.Areas, func(a membership.Area) bool { return a.ID == id })
	if i < 0 {
		p.t.Fatalf("%s: no area %s", p.at, id)
	}
	a := &s.Areas[i]
	p.compare(want, string(a.State), map[string]string{
		"since": date(a.Since), "until": date(a.Until), "held": date(a.Held), "why": string(a.Why.Cause), "keeps": onDay(a.Keeps),
		"shown": fmt.Sprint(s.Shown(a)),
	})
}

func onDay(f *membership.Finding) string {
	if f == nil {
		return "none"
	}
	return f.On.String()
}

func (p *play) company(on kizuna.Date, want []string) {
	p.t.Helper()
	s := p.status(on)
	var bundles []string
	for _, b := range s.Paid {
		bundles = append(bundles, b.First.String()+".."+b.Last.String())
	}
	if s.Idle != nil {
		p.t.Errorf("%s: without effect: %+v", p.at, s.Idle)
	}
	p.compare(want, string(s.State), map[string]string{
		"anniversary": date(s.Anniversary), "renewal": days(s.Renewal), "keeps": days(s.Keeps), "counts": days(&s.Counts),
		"next": date(s.Next), "bundles": strings.Join(bundles, ","), "renewed": date(s.Renewed),
	})
}

// compare compares a state, if one is wanted first, then pairs of words.
func (p *play) compare(want []string, state string, got map[string]string) {
	p.t.Helper()
	if len(want)%2 == 1 {
		if want[0] != state {
			p.t.Errorf("%s: %s, want %s (%v)", p.at, state, want[0], got)
		}
		want = want[1:]
	}
	for i := 0; i < len(want); i += 2 {
		if is, ok := got[want[i]]; !ok || is != want[i+1] {
			p.t.Errorf("%s: %s %s, want %s", p.at, want[i], is, want[i+1])
		}
	}
}

func date(d *kizuna.Date) string {
	if d == nil {
		return "none"
	}
	return d.String()
}

func days(d *membership.Days) string {
	if d == nil {
		return "none"
	}
	return d.First.String() + ".." + d.Last.String()
}

func day(t lifecycletest.TB, s string) kizuna.Date {
	t.Helper()
	d, err := kizuna.ParseDate(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return d
}
