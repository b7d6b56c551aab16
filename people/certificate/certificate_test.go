package certificate_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/program"
)

func day(s string) kizuna.Date {
	d, err := kizuna.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func on(s string) *kizuna.Date {
	d := day(s)
	return &d
}

func at(s string) kizuna.Instant { return day(s).Instant() }

var (
	person   = lifecycle.Actor{Role: lifecycle.Person, ID: "m1"}
	vendor   = lifecycle.Actor{Role: lifecycle.Vendor}
	operator = lifecycle.Actor{Role: lifecycle.Operator}
	clock    = lifecycle.Actor{Role: lifecycle.System}

	plain = certificate.PolicyFor(program.Certificate{ID: "AZ-104"})
	// retiring is retired in the middle of a year that certificates are held for.
	retiring = certificate.PolicyFor(program.Certificate{ID: "MS-500", Retired: on("2023-06-30"), LastDay: on("2024-06-30")})
)

func play(t testing.TB, c certificate.Certificate, policy certificate.Policy, steps ...certificate.Step) certificate.Certificate {
	t.Helper()
	for _, s := range steps {
		next, _, err := certificate.Apply(c, s, policy)
		if err != nil {
			t.Fatalf("%s on %s: %v", s.Action, s.At, err)
		}
		c = next
	}
	return c
}

func earned(when, ends string) certificate.Step {
	s := certificate.Step{Action: certificate.Earn, Actor: vendor, At: at(when), MCID: "m1", Certificate: "AZ-104"}
	if ends != "" {
		s.Ends = on(ends)
	}
	return s
}

func claimed(when string) certificate.Step {
	return certificate.Step{Action: certificate.Claim, Actor: person, At: at(when), MCID: "m1", Certificate: "AZ-104"}
}

func step(action lifecycle.Action, by lifecycle.Actor, when string) certificate.Step {
	return certificate.Step{Action: action, Actor: by, At: at(when), MCID: "m2"}
}

// standing returns a certificate in the state that was held from 2022-07-01 to
// 2023-07-01.
func standing(t testing.TB, state lifecycle.State) certificate.Certificate {
	t.Helper()
	var c certificate.Certificate
	if state == lifecycle.None {
		return c
	}
	c = play(t, c, plain, earned("2022-07-01", "2023-07-01"))
	expire := step(certificate.Expire, clock, "2023-07-01")
	switch state {
	case certificate.Retired:
		c = play(t, c, retiring, step(certificate.Retire, clock, "2023-06-30"))
	case certificate.Expired:
		c = play(t, c, plain, expire)
	case certificate.Claimed:
		c = play(t, c, plain, expire, claimed("2023-07-02"))
	case certificate.Dismissed:
		c = play(t, c, plain, expire, claimed("2023-07-02"), step(certificate.Dismiss, operator, "2023-07-02"))
	case certificate.Revoked:
		c = play(t, c, plain, step(certificate.Revoke, vendor, "2023-06-30"))
	}
	if c.State != state {
		t.Fatalf("wanted %s, have %s", state, c.State)
	}
	return c
}

func TestEveryStepIsAllowedOrRefusedAsWritten(t *testing.T) {
	lifecycletest.Sound(t, certificate.Machine())
	lifecycletest.Expect(t, certificate.Machine(), "testdata/walk.txt", func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
		before := standing(t, state)
		s := certificate.Step{Action: action, Actor: lifecycle.Actor{Role: role, ID: "m1"}, At: at("2023-07-03"), MCID: "m1", Certificate: "AZ-104"}
		switch action {
		case certificate.Renew:
			s.On = day("2023-06-29")
		case certificate.Carry:
			s.MCID = "m2"
		case certificate.Prove:
			s.Proof = &certificate.Proof{Issuer: "did:web:learn.example", SHA256: kizuna.HashOf([]byte("x")), Verified: s.At}
		}
		after, events, err := certificate.Apply(before, s, retiring)
		if err == nil && (len(events) != 1 && action != certificate.Warn || after.Changed != s.At) {
			t.Errorf("events %v, changed %s", events, after.Changed)
		}
		if err != nil && (!reflect.DeepEqual(after, before) || events != nil) {
			t.Error("a refused step changed something")
		}
		lifecycletest.CheckJSON(t, after)
		return after.State, err
	})
}

func TestTheDocumentsShowTheMachine(t *testing.T) {
	m := certificate.Machine()
	lifecycletest.Documented(t, m.Name, m.Markdown(), m.Mermaid(), "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestRenewals(t *testing.T) {
	data, err := os.ReadFile("testdata/renewals.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		cells := strings.Fields(line)
		if len(cells) != 3 || cells[0] == "#" {
			continue
		}
		before := play(t, certificate.Certificate{}, plain, earned("2022-01-01", cells[0]))
		after, _, err := certificate.Apply(before, step(certificate.Renew, vendor, cells[1]), plain)
		got := kizuna.CodeOf(err)
		if err == nil {
			got = after.Terms[0].Ends.String()
		}
		if got != cells[2] {
			t.Errorf("ends %s, renewed %s: %s, wanted %s", cells[0], cells[1], got, cells[2])
		}
		if before.Terms[0].Ends.String() != cells[0] {
			t.Error("the step changed its argument")
		}
	}
}

func TestRefusals(t *testing.T) {
	held, endless := standing(t, certificate.Held), play(t, certificate.Certificate{}, plain, earned("2022-01-01", ""))
	ahead := step(certificate.Revoke, vendor, "2023-01-01")
	ahead.On = day("2023-01-02")
	shorter := step(certificate.Renew, vendor, "2023-06-01")
	shorter.Ends = on("2023-07-01")
	late := earned("2023-01-02", "")
	late.On = day("2023-01-03")
	stranger := claimed("2023-01-01")
	stranger.Actor.ID = "m9"
	for _, tt := range []struct {
		name   string
		c      certificate.Certificate
		s      certificate.Step
		policy certificate.Policy
		code   string
	}{
		{"nothing named", certificate.Certificate{}, certificate.Step{Action: certificate.Earn, Actor: vendor}, plain, "certificate-unnamed"},
		{"claimed for somebody else", certificate.Certificate{}, stranger, plain, "certificate-not-yours"},
		{"claimed by the company", certificate.Certificate{}, certificate.Step{Action: certificate.Claim, Actor: lifecycle.Actor{Role: lifecycle.Partner, Company: "L1"}}, plain, "lifecycle-actor"},
		{"earned tomorrow", certificate.Certificate{}, late, plain, "certificate-dates"},
		{"ends before it is earned", certificate.Certificate{}, earned("2023-01-02", "2023-01-02"), plain, "certificate-dates"},
		{"earned anew within the term", standing(t, certificate.Expired), func() certificate.Step {
			s := earned("2023-07-05", "2024-07-05")
			s.On = day("2023-06-30")
			return s
		}(), plain, "certificate-terms-overlap"},
		{"fundamentals renewed", endless, step(certificate.Renew, vendor, "2022-06-01"), plain, "certificate-endless"},
		{"a claim renewed", play(t, certificate.Certificate{}, plain, claimed("2022-01-01")), step(certificate.Renew, vendor, "2022-06-01"), plain, "certificate-never-held"},
		{"renewed on the day it retires", held, step(certificate.Renew, vendor, "2023-06-30"), retiring, "certificate-retired"},
		{"a renewal that shortens", held, shorter, plain, "certificate-shortened"},
		{"expires a day early", held, step(certificate.Expire, clock, "2023-06-30"), plain, "certificate-not-due"},
		{"retires a day early", held, step(certificate.Retire, clock, "2023-06-29"), retiring, "certificate-not-due"},
		{"never retires", held, step(certificate.Retire, clock, "2023-06-30"), plain, "certificate-not-due"},
		{"warned a day early", held, step(certificate.Warn, clock, "2023-01-01"), plain, "certificate-not-due"},
		{"revoked tomorrow", held, ahead, plain, "certificate-to-come"},
		{"carried to itself", held, certificate.Step{Action: certificate.Carry, Actor: vendor, At: at("2023-01-01"), MCID: "M1"}, plain, "certificate-carried-nowhere"},
		{"before the last step", held, step(certificate.Revoke, vendor, "2022-06-30"), plain, "certificate-time-order"},
	} {
		after, events, err := certificate.Apply(tt.c, tt.s, tt.policy)
		if kizuna.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, wanted %s", tt.name, err, tt.code)
		}
		if !reflect.DeepEqual(after, tt.c) || events != nil {
			t.Errorf("%s: a refused step changed something", tt.name)
		}
	}
}

// rings lets the clock do what it has to do at each of the days.
func rings(t *testing.T, c certificate.Certificate, policy certificate.Policy, days ...string) (certificate.Certificate, string) {
	t.Helper()
	var story []string
	for _, d := range days {
		for due, action, ok := c.Due(policy); ok && due <= at(d); due, action, ok = c.Due(policy) {
			next, events, err := certificate.Apply(c, step(action, clock, d), policy)
			if err != nil {
				t.Fatal(err)
			}
			c = next
			for _, e := range events {
				story = append(story, strings.TrimSpace(d+" "+string(action)+" "+e.Detail["days"]))
			}
		}
	}
	return c, strings.Join(story, ", ")
}

func TestTheClockWarnsAndEnds(t *testing.T) {
	held := standing(t, certificate.Held)
	for _, tt := range []struct {
		name   string
		policy certificate.Policy
		days   []string
		story  string
	}{
		{"each day", plain, []string{"2023-01-01", "2023-01-02", "2023-04-01", "2023-04-02", "2023-05-01", "2023-05-02", "2023-05-31", "2023-06-01", "2023-06-30", "2023-07-01", "2023-07-02"},
			"2023-01-02 warn 180, 2023-04-02 warn 90, 2023-05-02 warn 60, 2023-06-01 warn 30, 2023-07-01 expire"},
		{"after a standstill one warning for all", plain, []string{"2023-05-20", "2023-06-10"}, "2023-05-20 warn 60, 2023-06-10 warn 30"},
		{"after a long standstill none", plain, []string{"2023-12-01"}, "2023-12-01 expire"},
		{"retired, ends by itself", retiring, []string{"2023-06-29", "2023-06-30", "2023-07-01"}, "2023-06-29 warn 30, 2023-06-30 retire, 2023-07-01 expire"},
	} {
		c, story := rings(t, held, tt.policy, tt.days...)
		if story != tt.story {
			t.Errorf("%s:\n%s, wanted\n%s", tt.name, story, tt.story)
		}
		if facts := c.Facts(); len(facts) != 1 || *facts[0].ExpiresOn != day("2023-07-01") {
			t.Errorf("%s: the end is the one that fell due, not the day it was noticed: %+v", tt.name, facts)
		}
	}
}

func TestARetiredCertificateCountsToItsLastDay(t *testing.T) {
	c := play(t, certificate.Certificate{}, retiring, earned("2023-06-01", "2024-12-01"))
	c, story := rings(t, c, retiring, "2023-06-30", "2024-01-02", "2024-01-03", "2024-06-30", "2024-07-01")
	if want := "2023-06-30 retire, 2024-01-03 warn 180, 2024-06-30 warn 30, 2024-07-01 expire"; story != want {
		t.Errorf("%s, wanted %s", story, want)
	}
	if *c.CountsThrough != day("2024-06-30") {
		t.Errorf("counts through %s", *c.CountsThrough)
	}
	// Until when the program counts it is the program's to say, not the certificate's.
	if facts := c.Facts(); *facts[0].ExpiresOn != day("2024-12-01") {
		t.Errorf("%+v", facts)
	}
}

func TestFundamentalsDoNotEnd(t *testing.T) {
	c := play(t, certificate.Certificate{}, plain, earned("2020-01-01", ""))
	if due, action, ok := c.Due(plain); ok {
		t.Errorf("%s is due on %s", action, due)
	}
}

func TestAMissedCertificateIsEarnedAgain(t *testing.T) {
	c := play(t, standing(t, certificate.Expired), plain, earned("2023-09-01", "2024-09-01"))
	facts := c.Facts()
	if len(facts) != 2 || *facts[0].ExpiresOn != day("2023-07-01") || *facts[1].EarnedOn != day("2023-09-01") {
		t.Errorf("%+v", facts)
	}
}

func TestAClaimCountsOnceAnExportSaysSo(t *testing.T) {
	c := play(t, certificate.Certificate{}, plain, claimed("2023-01-01"))
	claim, ok := c.Claimed()
	if !ok || !claim.Unverified || c.Facts() != nil {
		t.Fatalf("%+v, %+v", claim, c.Facts())
	}
	clause := func(facts ...people.Certification) people.Clause {
		return people.NewRoster(&people.Facts{People: []people.Person{{ID: "p1", MCID: "m1"}}, Certifications: facts,
			Links: []people.ProfileLink{{MCID: "m1", Location: "L1", During: kizuna.Always}}},
			&program.Program{Certificates: map[string]program.Certificate{"AZ-104": {ID: "AZ-104"}}}, day("2023-02-01"),
			func(string) (string, bool) { return "G1", true }).Verdicts()[0].Clause
	}
	if got := clause(claim); got != people.Unverified {
		t.Errorf("a claim %s", got)
	}
	c = play(t, c, plain, earned("2023-01-10", "2024-01-10"))
	if _, ok := c.Claimed(); ok {
		t.Error("verified, and still claimed")
	}
	if got := clause(c.Facts()...); got != people.Counts {
		t.Errorf("what is verified %s", got)
	}
}

func TestARevokedCertificateCountedUntilThen(t *testing.T) {
	c := play(t, standing(t, certificate.Held), plain, step(certificate.Revoke, vendor, "2023-03-01"))
	if facts := c.Facts(); len(facts) != 1 || *facts[0].ExpiresOn != day("2023-03-01") {
		t.Errorf("%+v", facts)
	}
	start := step(certificate.Revoke, vendor, "2023-03-01")
	start.On = day("2022-07-01")
	c = play(t, standing(t, certificate.Held), plain, start)
	if facts := c.Facts(); facts != nil {
		t.Errorf("revoked from the start, and counts: %+v", facts)
	}
}

func TestACarriedCertificateIsTheOtherProfiles(t *testing.T) {
	c := play(t, standing(t, certificate.Held), plain, step(certificate.Carry, vendor, "2023-03-01"))
	if facts := c.Facts(); len(facts) != 1 || facts[0].MCID != "m2" || *facts[0].ExpiresOn != day("2023-07-01") {
		t.Errorf("%+v", facts)
	}
}

func TestAnExportSaysOnlyWhatIsNew(t *testing.T) {
	row := func(earned, ends string) people.Certification {
		return people.Certification{MCID: "m1", Certificate: "AZ-104", EarnedOn: on(earned), ExpiresOn: on(ends)}
	}
	for _, tt := range []struct {
		name   string
		from   lifecycle.State
		row    people.Certification
		when   string
		action lifecycle.Action
		on     string
	}{
		{"unknown", lifecycle.None, row("2022-07-01", "2023-07-01"), "2023-01-01", certificate.Earn, "2022-07-01"},
		{"known", certificate.Held, row("2022-07-01", "2023-07-01"), "2023-01-01", "", ""},
		{"the end has moved", certificate.Held, row("2022-07-01", "2024-07-01"), "2023-02-01", certificate.Renew, "2023-02-01"},
		{"told late", certificate.Expired, row("2022-07-01", "2024-07-01"), "2023-09-01", certificate.Renew, "2023-06-30"},
		{"told late, claimed meanwhile", certificate.Claimed, row("2022-07-01", "2024-07-01"), "2023-09-01", certificate.Renew, "2023-06-30"},
		{"earned again", certificate.Expired, row("2023-08-01", "2024-08-01"), "2023-09-01", certificate.Earn, "2023-08-01"},
		{"revoked stays revoked", certificate.Revoked, row("2022-07-01", "2024-07-01"), "2023-09-01", "", ""},
		{"without a date", lifecycle.None, people.Certification{MCID: "m1", Certificate: "AZ-104"}, "2023-01-01", "", ""},
	} {
		c := standing(t, tt.from)
		s, ok := c.FromExport(tt.row, vendor, at(tt.when))
		if s.Action != tt.action || ok != (tt.action != "") || ok && s.On != day(tt.on) {
			t.Errorf("%s: %s on %s", tt.name, s.Action, s.On)
			continue
		}
		if ok {
			after := play(t, c, plain, s)
			if again, more := after.FromExport(tt.row, vendor, at(tt.when)); more {
				t.Errorf("%s: the same row again asks to %s", tt.name, again.Action)
			}
		}
	}
}

func TestCertificatesKeepTheirTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]certificate.Policy{plain, retiring}).Draw(t, "policy")
		var c certificate.Certificate
		now := at("2022-01-01")
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += kizuna.Instant(rapid.SampledFrom([]int64{0, 1, 86400, 29 * 86400, 100 * 86400, 190 * 86400}).Draw(t, "wait"))
			s := certificate.Step{At: now, MCID: rapid.SampledFrom([]string{"m1", "m2"}).Draw(t, "profile"), Certificate: "AZ-104"}
			s.Action = rapid.SampledFrom(certificate.Machine().AllActions()).Draw(t, "action")
			if due, action, ok := c.Due(policy); ok && due <= now && rapid.Bool().Draw(t, "clock") {
				s.Action = action
			}
			role := rapid.SampledFrom(lifecycle.Roles()).Draw(t, "role")
			if by := certificate.Machine().Actors(c.State, s.Action); len(by) > 0 && rapid.Bool().Draw(t, "right actor") {
				role = by[0]
			}
			s.Actor = lifecycle.Actor{Role: role, ID: "m1"}
			if rapid.Bool().Draw(t, "back") {
				s.On = now.Date().AddDays(-rapid.IntRange(0, 200).Draw(t, "days"))
			}
			if rapid.Bool().Draw(t, "with an end") {
				ends := now.Date().AddDays(rapid.SampledFrom([]int{-1, 1, 200, 365, 800}).Draw(t, "ends"))
				s.Ends = &ends
			}
			after, _, err := certificate.Apply(c, s, policy)
			if err != nil && !reflect.DeepEqual(after, c) {
				t.Fatalf("a refused %s changed the certificate", s.Action)
			}
			lifecycletest.CheckJSON(t, after)
			sound(t, after)
			c = after
			// The clock can do what is due, is refused before, and comes to an end.
			for due, action, ok := after.Due(policy); ok; due, action, ok = after.Due(policy) {
				if due > now {
					if _, _, err := certificate.Apply(after, certificate.Step{Action: action, Actor: clock, At: due - 1}, policy); err == nil {
						t.Fatalf("%s a second before it is due", action)
					}
				}
				if after, _, err = certificate.Apply(after, certificate.Step{Action: action, Actor: clock, At: max(due, now)}, policy); err != nil {
					t.Fatalf("the clock cannot %s: %v", action, err)
				}
			}
		}
	})
}

func sound(t *rapid.T, c certificate.Certificate) {
	for i, term := range c.Terms {
		if i == 0 {
			continue
		}
		if before := c.Terms[i-1]; before.Ends == nil || term.Earned < *before.Ends {
			t.Fatalf("two terms at once: %+v", c.Terms)
		}
	}
	if (c.Claim != nil) != (c.State == certificate.Claimed) {
		t.Fatalf("%s with a claim %v", c.State, c.Claim)
	}
}
