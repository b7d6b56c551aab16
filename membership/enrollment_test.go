package membership_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
)

// step is one on 2023-10-06, told on the same day, right in all but who does it.
func step(t *testing.T, action lifecycle.Action, by lifecycle.Actor) membership.Step {
	at := day(t, "2023-10-06").Instant()
	s := membership.Step{Action: action, Actor: by, At: at, Now: at, Account: "G1"}
	switch action {
	case membership.Qualify:
		s.Findings = []membership.Finding{{Area: "security", On: at.Date(), Qualified: true, Total: kizuna.Int(70)}}
	case membership.TakeOver:
		until := day(t, "2023-09-10")
		s.At, s.Event.Until = day(t, "2022-09-10").Instant(), &until
	case membership.Absorb:
		s.Event.With = &membership.Ledger{Account: "G2"}
	}
	return s
}

var operator = lifecycle.Actor{Role: lifecycle.Operator}

func TestEveryStepIsAllowedOrRefusedAsWritten(t *testing.T) {
	r := rules(t)
	lifecycletest.Sound(t, membership.Machine())
	qualified, _, err := r.Apply(membership.Enrollment{}, step(t, membership.Qualify, operator))
	if err != nil {
		t.Fatal(err)
	}
	closing := step(t, membership.Close, operator)
	closing.Together = true
	ended, _, err := r.Apply(qualified, closing)
	if err != nil {
		t.Fatal(err)
	}
	lifecycletest.Expect(t, membership.Machine(), "testdata/enrollment.txt",
		func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
			before := map[lifecycle.State]membership.Enrollment{membership.Open: qualified, membership.Ended: ended}[state]
			plain := lifecycletest.Bytes(t, before)
			after, events, err := r.Apply(before, step(t, action, lifecycle.Actor{Role: role, Company: "g1"}))
			if lifecycletest.Bytes(t, before) != plain || err != nil && (lifecycletest.Bytes(t, after) != plain || events != nil) {
				t.Error("what was given was changed, or a refused step changed it")
			}
			return after.State, err
		})
}

func TestTheDocumentsShowTheMachine(t *testing.T) {
	m := membership.Machine()
	lifecycletest.Documented(t, m.Name, m.Markdown(), m.Mermaid(), "../docs/membership.md", "../docs/membership.ja.md")
}

func TestTheDocumentsShowTheRules(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	var order []string
	values := make(map[string][]string)
	column := func(name string, m *program.MembershipRules) {
		columns = append(columns, name)
		for _, f := range m.Figures() {
			if values[f.Key] == nil {
				order = append(order, f.Key)
			}
			values[f.Key] = append(slices.Concat(values[f.Key], make([]string, len(columns)))[:len(columns)-1], f.Value)
		}
	}
	for _, p := range programs {
		column(p.Ref(), p.Membership)
		for i := range p.Membership.Changes {
			column("from "+p.Membership.Changes[i].From.String(), &p.Membership.Changes[i])
		}
	}
	var b strings.Builder
	b.WriteString("\n| rule | " + strings.Join(columns, " | ") + " |\n" + strings.Repeat("|---", len(columns)+1) + "|\n")
	for _, key := range order {
		b.WriteString("| `" + key + "` | " + strings.Join(append(values[key], make([]string, len(columns)-len(values[key]))...), " | ") + " |\n")
	}
	lifecycletest.Between(t, "<!-- membership:figures -->\n", "<!-- /membership:figures -->", b.String(), "../docs/membership.md", "../docs/membership.ja.md")
}

func TestWhatIsWrongWithAStepIsSaid(t *testing.T) {
	r := rules(t)
	at := day(t, "2023-10-06").Instant()
	for code, s := range map[string]membership.Step{
		"membership-other":         {Action: membership.Enroll, Actor: lifecycle.Actor{Role: lifecycle.Partner, Company: "G2"}},
		"membership-nothing-found": {Action: membership.Qualify},
		"membership-found-future":  {Action: membership.Qualify, Findings: []membership.Finding{{Area: "security", On: at.Date() + 1}}},
		"membership-area":          {Action: membership.Qualify, Findings: []membership.Finding{{Area: "gardening", On: at.Date()}}},
		"membership-merge-nothing": {Action: membership.Absorb, Together: true},
		"membership-alone":         {Action: membership.Absorb},
	} {
		s.At, s.Now, s.Account = at, at, "G1"
		if s.Actor.Role == "" {
			s.Actor = operator
		}
		if _, _, err := r.Apply(membership.Enrollment{}, s); kizuna.CodeOf(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

func TestAFindingIsAddedOnceAndOnlyNewsAreNews(t *testing.T) {
	r := rules(t)
	f := func(day string, qualified bool, digest string) membership.Finding {
		d, err := kizuna.ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		return membership.Finding{Area: "security", On: d, Qualified: qualified, Digest: digest}
	}
	var e membership.Enrollment
	for i, c := range []struct {
		found membership.Finding
		news  bool
	}{
		{f("2023-10-01", false, "a"), true}, // the first
		{f("2023-10-02", false, "b"), false},
		{f("2023-10-03", true, "c"), true},
		{f("2023-10-03", true, "c"), false}, // looked at again
		{f("2023-10-04", true, "d"), true},  // another day that counts
		{f("2023-10-05", false, "e"), true}, // it fell
		{f("2023-10-06", false, "f"), false},
	} {
		news := e.News([]membership.Finding{c.found})
		if (len(news) == 1) != c.news {
			t.Errorf("%d: %+v is news: %v", i, c.found, !c.news)
		}
		if len(news) == 0 {
			continue
		}
		for range 2 { // the same, word for word, is not added again
			s := membership.Step{Action: membership.Qualify, Actor: operator, Now: c.found.On.Instant(), Account: "G1", Findings: news}
			var err error
			if e, _, err = r.Apply(e, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(e.Findings) != 4 {
		t.Errorf("%+v", e.Findings)
	}
}

// A later score of a day takes an earlier one back only where decisions do not stick.
func TestDecisionsStickOrDoNot(t *testing.T) {
	for _, file := range []string{"tokyo.yaml", "readings.yaml"} {
		p := &play{t: t, rules: rules(t), accounts: make(map[string]*membership.Enrollment), account: "G1", at: file}
		p.line("program " + file)
		on := day(t, "2025-03-31")
		l := membership.Ledger{Account: "G1", Findings: []membership.Finding{
			{Area: "cloud", On: on, Qualified: true, Known: 1}, {Area: "cloud", On: on, Known: 2},
		}}
		want := map[string]membership.State{"tokyo.yaml": membership.Qualified, "readings.yaml": membership.InProgress}[file]
		if s := p.rules.Status(&l, on); s.State != want {
			t.Errorf("%s: %s, want %s", file, s.State, want)
		}
	}
}

func TestAMergeCanKeepTheSurvivorsAnniversary(t *testing.T) {
	p := &play{t: t, rules: rules(t), accounts: make(map[string]*membership.Enrollment), account: "G2", at: "readings.yaml"}
	for _, line := range []string{
		"program readings.yaml", "found cloud 2025-03-02", "purchase 2025-03-02",
		"account G1", "found cloud 2025-03-01", "purchase 2025-03-01", "merge G2 2025-05-01",
		"on 2025-05-01: company enrolled anniversary 2026-03-01",
	} {
		p.line(line)
	}
}

func TestRulesNeedAPartOnMembership(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	without := programs[0].Clone()
	without.Membership = nil
	for _, versions := range [][]*program.Program{nil, {without}} {
		if _, err := membership.NewRules("mcpp", versions); kizuna.CodeOf(err) != "membership-no-rules" {
			t.Errorf("%v", err)
		}
	}
}
