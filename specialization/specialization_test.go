package specialization_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
)

var builtin = sync.OnceValues(program.Builtin)

func rules(t testing.TB) *specialization.Rules {
	t.Helper()
	programs, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return specialization.NewRules("mcpp", programs)
}

func day(s string) kizuna.Date {
	d, err := kizuna.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

var (
	operator = lifecycle.Actor{Role: lifecycle.Operator}
	partner  = lifecycle.Actor{Role: lifecycle.Partner, Company: "900"}
	auditor  = lifecycle.Actor{Role: lifecycle.Reviewer, ID: "isi"}
	customer = lifecycle.Actor{Role: lifecycle.Customer, Company: "T1"}
)

// story plays steps, a line each: "DAY ACTION [ID [WORD]]", and lines "DAY? STATE ..."
// that ask. A check says "met", or what lacks.
func story(t *testing.T, id, text string) specialization.Pursuit {
	t.Helper()
	r := rules(t)
	p := specialization.Pursuit{Account: "900", Specialization: id}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		if on, asks := strings.CutSuffix(words[0], "?"); asks {
			s := r.Status(&p, day(on))
			got := string(s.State)
			if s.Anniversary != nil {
				got += " to " + s.Anniversary.String()
			}
			if s.Validate {
				got += " with validation"
			}
			if want := strings.Join(words[1:], " "); got != want {
				t.Errorf("%s: %s, want %s", on, got, want)
			}
			continue
		}
		s := specialization.Step{Action: lifecycle.Action(words[1]), Actor: operator, On: day(words[0])}
		want := ""
		if n := len(words); strings.HasPrefix(words[n-1], "!") {
			want, words = words[n-1][1:], words[:n-1]
		}
		switch s.Action {
		case specialization.Find:
			s.Finding = specialization.Finding{Entitled: true, Met: []string{"something"}}
			for _, w := range words[2:] {
				switch w {
				case "met":
				case "unentitled":
					s.Finding.Entitled = false
				default:
					s.Finding.Lacking = append(s.Finding.Lacking, w)
				}
			}
		case specialization.RequestReference:
			s.ID, s.Tenant, s.Engagement, s.Finished = words[2], "T1", words[2], day(words[3])
			if len(words) > 4 {
				s.Engagement = words[4]
			}
		case specialization.ScheduleAudit:
			s.ID, s.For = words[2], day(words[3])
		default:
			s.ID = words[2]
		}
		after, _, err := r.Apply(p, s)
		if kizuna.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", strings.TrimSpace(line), err, want)
		}
		p = after
	}
	return p
}

func TestAnAuditedSpecializationIsEarnedKeptAndLost(t *testing.T) {
	story(t, "infra-database-migration", `
2023-10-02? not-started
2023-10-02 request-audit A1 !specialization-not-found
2023-10-02 check linux-vms
2023-10-02? in-progress
2023-10-02 request-audit A1 !specialization-not-ready
2023-10-09 check unentitled
2023-10-09 request-audit A1 !specialization-not-ready
2023-10-10 check met
2023-10-10? in-progress
2023-10-10 request-audit A1
2023-10-10 request-reference R1 2023-10-01 !specialization-validation
2023-10-11 request-audit A2 !audit-open
2023-10-12 schedule-audit A1 2023-10-09 !audit-day
2023-10-12 schedule-audit A1 2023-10-20
2023-10-20 fail-audit A1
2023-10-26 request-audit A2 !audit-retry
2023-10-27 request-audit A2
2023-10-28 withdraw-audit A2
2023-10-28 request-audit A3
2023-10-29 schedule-audit A3 2023-11-05
2023-11-05 pass-audit A3
2023-11-04? in-progress
2023-11-05? active to 2024-11-05
2024-09-05? active to 2024-11-05
2024-09-06? renewal-due to 2024-11-05
2024-12-05? renewal-due to 2024-11-05
2024-12-06? lapsed
2024-09-05 check met
2024-09-06? renewal-due to 2024-11-05
2024-09-20 check linux-vms
2024-09-21? renewal-due to 2024-11-05
2024-11-20 check met
2024-11-20? active to 2025-11-05 with validation
2025-09-05? active to 2025-11-05 with validation
2025-09-06? renewal-due to 2025-11-05 with validation
2025-09-10 check met
2025-09-10? renewal-due to 2025-11-05 with validation
2025-09-12 request-audit A4
2025-09-13 schedule-audit A4 2025-10-01
2025-10-01 pass-audit A4
2025-10-01? active to 2026-11-05
2026-12-05? renewal-due to 2026-11-05
2026-12-06? lapsed
2027-01-10 check met
2027-01-10? active to 2028-01-10
`)
	// The last line: the audit of October 2025 is valid for two years, and is not needed anew.
}

func TestReferencesValidateAndServeTwoYears(t *testing.T) {
	story(t, "modernize-endpoints", `
2023-10-02 check met
2023-10-03 request-audit A1 !specialization-validation
2023-10-03 request-reference R1 2023-10-04 !reference-future
2023-10-03 request-reference R1 2015-10-03
2023-10-03 request-reference R2 2023-09-01
2023-10-03 request-reference R3 2023-08-01
2023-10-05 confirm-reference R1
2023-10-06 decline-reference R2
2023-10-06 confirm-reference R3
2023-10-06? in-progress
2023-10-07 request-reference R4 2023-08-01
2023-10-08 confirm-reference R4
2023-10-08? active to 2024-10-08
2023-10-09 withdraw-reference R4 !lifecycle-action
`)
	// From 2026 on engagements are of the last 24 months, each of its own.
	story(t, "modernize-endpoints", `
2026-08-01 check met
2026-08-01 request-reference R1 2024-07-31 !reference-old
2026-08-01 request-reference R1 2024-08-01 move
2026-08-01 request-reference R2 2024-08-01 move !reference-same
2026-08-01 request-reference R2 2024-08-01 other
`)
}

func TestWhatIsAutomaticIsHadAsSoonAsItIsMetAndNeedsNoValidation(t *testing.T) {
	story(t, "smb-management", `
2024-02-29 check met
2024-02-29? active to 2025-02-28
2024-12-29? active to 2025-02-28
2024-12-30 check met
2024-12-30? active to 2026-02-28 with validation
2026-01-01 check met
2026-01-01? active to 2027-02-28
2027-12-31? lapsed
`)
}

func TestWhatIsNoLongerOfferedCanBeHeldToItsAnniversary(t *testing.T) {
	story(t, "linux-database-migration", `
2022-11-01 check met
2022-11-02 request-audit A1
2022-11-03 schedule-audit A1 2022-11-10
2022-11-10 pass-audit A1
2022-11-10? active to 2023-11-10
2023-01-09? active to 2023-11-10
2023-10-01 check met !specialization-unknown
2023-12-11? lapsed
`)
}

func TestACustomerSpeaksOnlyForItself(t *testing.T) {
	p := story(t, "modernize-endpoints", "2023-10-02 check met\n2023-10-03 request-reference R1 2023-09-01")
	for who, code := range map[string]string{"T1": "", "t1": "", "T2": "reference-other"} {
		_, _, err := rules(t).Apply(p, specialization.Step{
			Action: specialization.ConfirmReference, On: day("2023-10-04"), ID: "R1",
			Actor: lifecycle.Actor{Role: lifecycle.Customer, Company: who},
		})
		if kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v", who, err)
		}
	}
}

func TestRemindersAreSentAndStatesTold(t *testing.T) {
	r := rules(t)
	p := story(t, "smb-management", "2024-01-10 check met")
	var got []string
	for {
		due, ok := r.Due(&p)
		if !ok {
			break
		}
		var events []lifecycle.Event
		p, events = r.Tick(p, due)
		for _, e := range events {
			got = append(got, fmt.Sprint(e.Detail["on"], " ", strings.TrimPrefix(e.Type, "specialization."), " ", e.Detail["days"]))
		}
	}
	want := `2024-09-12 reminder 120
2024-10-12 reminder 90
2024-11-11 reminder 60
2024-11-11 renewal-due 
2024-12-11 reminder 30
2025-01-10 reminder 0
2025-02-09 reminder -30
2025-02-10 lapsed `
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// However rarely the clock comes by, the same is told.
func TestALateClockTellsTheSame(t *testing.T) {
	r := rules(t)
	rapid.Check(t, func(t *rapid.T) {
		p := specialization.Pursuit{Account: "900", Specialization: "smb-management"}
		at := day("2024-01-10")
		for range rapid.IntRange(1, 5).Draw(t, "checks") {
			f := specialization.Finding{Entitled: rapid.Bool().Draw(t, "entitled"), Met: []string{"x"}}
			after, _, err := r.Apply(p, specialization.Step{Action: specialization.Find, Actor: operator, On: at, Finding: f})
			if err != nil {
				t.Fatal(err)
			}
			p = after
			at = at.AddDays(rapid.IntRange(1, 400).Draw(t, "later"))
		}
		fine, coarse := p, p
		var often, once []lifecycle.Event
		end := p.Told.AddDays(430)
		for d := p.Told + 1; d <= end; d++ {
			var events []lifecycle.Event
			fine, events = r.Tick(fine, d)
			often = append(often, events...)
		}
		coarse, once = r.Tick(coarse, end)
		if fmt.Sprint(often) != fmt.Sprint(once) || coarse.Told != fine.Told {
			t.Fatalf("day by day\n%v\nat once\n%v", often, once)
		}
	})
}

// What happens later changes nothing of what was said of a day before.
func TestLaterStepsDoNotChangeEarlierDays(t *testing.T) {
	r := rules(t)
	rapid.Check(t, func(t *rapid.T) {
		p := specialization.Pursuit{Account: "900", Specialization: "infra-database-migration"}
		at, n := day("2023-10-01"), 0
		for range rapid.IntRange(1, 14).Draw(t, "steps") {
			at = at.AddDays(rapid.IntRange(0, 120).Draw(t, "later"))
			before := p
			s := specialization.Step{On: at, Actor: operator, For: at}
			s.Action = rapid.SampledFrom([]lifecycle.Action{
				specialization.Find, specialization.RequestAudit, specialization.ScheduleAudit, specialization.PassAudit, specialization.FailAudit, specialization.WithdrawAudit,
			}).Draw(t, "action")
			s.Finding = specialization.Finding{Entitled: rapid.IntRange(0, 3).Draw(t, "entitled") > 0, Met: []string{"x"}}
			if s.Action == specialization.RequestAudit {
				n++
			}
			s.ID = fmt.Sprint("A", n)
			after, _, err := r.Apply(p, s)
			if err != nil {
				continue
			}
			p = after
			for d := at.AddDays(-200); d < at; d += 33 {
				was, is := r.Status(&before, d), r.Status(&p, d)
				if was.State != is.State {
					t.Fatalf("%s on %s changes %s from %s to %s", s.Action, at, d, was.State, is.State)
				}
			}
			if held := r.Status(&p, at); held.State.Held() && !slices.ContainsFunc(p.Audits, func(a specialization.Audit) bool { return a.State == specialization.Passed }) {
				t.Fatal("held without an audit")
			}
		}
	})
}

func TestMachinesAreSoundAndDocumented(t *testing.T) {
	for _, m := range []*lifecycle.Machine[specialization.Case]{specialization.Machine(), specialization.AuditMachine(), specialization.ReferenceMachine()} {
		lifecycletest.Sound(t, m)
		lifecycletest.Documented(t, m.Name, m.Markdown(), m.Mermaid(), "../docs/specializations.md", "../docs/specializations.ja.md")
	}
	if !slices.Contains(specialization.AuditMachine().Actors(lifecycle.None, specialization.RequestAudit), partner.Role) ||
		!slices.Contains(specialization.AuditMachine().Actors(specialization.Scheduled, specialization.PassAudit), auditor.Role) ||
		!slices.Contains(specialization.ReferenceMachine().Actors(specialization.Requested, specialization.ConfirmReference), customer.Role) {
		t.Error("somebody cannot do their part")
	}
}

func TestWhatIsNotKnownIsNeverTakenForMet(t *testing.T) {
	_, _, terms := rules(t).On("agentic-business-solutions", day("2026-08-28"))
	var metrics score.Keyed[*score.Metric]
	for _, m := range terms.Requirements {
		metrics.Set(m.ID, &score.Metric{Points: m.Rules[program.Single].Max, Max: m.Rules[program.Single].Max})
	}
	figures := &score.Area{}
	figures.Tracks.Set(program.Single, &score.Track{Metrics: metrics})
	has := func(area string) bool { return area == "modern-work" }
	for _, c := range []struct {
		attested []program.Aspect
		met      bool
		open     string
	}{
		{nil, false, "[skilling offers]"},
		{[]program.Aspect{program.OfOffers}, false, "[skilling]"},
		{[]program.Aspect{program.OfOffers, program.OfSkilling, program.OfPerformance}, true, "[]"},
	} {
		f := specialization.Assess(terms, day("2026-08-28"), has, figures, c.attested)
		if f.AllMet() != c.met || fmt.Sprint(f.Open()) != c.open || len(f.Lacking) != 0 {
			t.Errorf("%v: %+v", c.attested, f)
		}
	}
	if f := specialization.Assess(terms, day("2026-08-28"), has, nil, nil); len(f.Lacking) != 3 || len(f.Met) != 0 {
		t.Errorf("without figures: %+v", f)
	}
}
