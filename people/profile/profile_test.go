package profile_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/program"
)

var rules = program.PeopleRules{LinksPerYear: 3, CoolingOffDays: 30, LeaversCountThrough: 10}

func at(s string) kizuna.Instant {
	t, err := kizuna.ParseInstant(s)
	if err != nil {
		panic(err)
	}
	return t
}

func admin(location string) lifecycle.Actor {
	return lifecycle.Actor{Role: lifecycle.Partner, Company: location, ID: "u1"}
}

func oneself(mcid string) lifecycle.Actor { return lifecycle.Actor{Role: lifecycle.Person, ID: mcid} }

var (
	clock   = lifecycle.Actor{Role: lifecycle.System}
	support = lifecycle.Actor{Role: lifecycle.Vendor, ID: "certification support"}
)

// play applies the steps, all of which must be allowed.
func play(t testing.TB, p profile.Profile, steps ...profile.Step) profile.Profile {
	t.Helper()
	for _, s := range steps {
		next, events, err := profile.Apply(p, s, rules)
		if err != nil {
			t.Fatalf("%s by %s on %s: %v", s.Action, s.Actor, s.At, err)
		}
		if len(events) == 0 {
			t.Fatalf("%s by %s on %s tells nothing", s.Action, s.Actor, s.At)
		}
		p = next
	}
	return p
}

func invite(location, when string) profile.Step {
	return profile.Step{Action: profile.Invite, Actor: admin(location), At: at(when), MCID: "m1", Person: "p1"}
}

func link(location, when string) profile.Step {
	return profile.Step{Action: profile.Link, Actor: oneself("m1"), At: at(when), Location: location}
}

// standing returns a profile in the state, and the location that steps speak of so
// that every guard allows what the machine does.
func standing(t testing.TB, state lifecycle.State) profile.Profile {
	t.Helper()
	p := profile.Profile{}
	if state == lifecycle.None {
		return p
	}
	p = play(t, p, invite("L1", "2023-01-01"), invite("L2", "2023-01-01"))
	switch state {
	case profile.Unlinked:
		p = play(t, p, link("L1", "2023-01-02"), profile.Step{Action: profile.Unlink, Actor: oneself("m1"), At: at("2023-01-03")})
	case profile.Linked:
		p = play(t, p, link("L1", "2023-01-02"))
	case profile.Leaving:
		p = play(t, p, link("L1", "2023-01-02"), profile.Step{Action: profile.ReportLeft, Actor: admin("L1"), At: at("2023-02-01")})
	case profile.Merged:
		_, p, _, _ = profile.Merge(other("L3"), p, profile.Step{Actor: support, At: at("2023-01-02")}, rules)
	}
	if p.State != state {
		t.Fatalf("wanted %s, have %s", state, p.State)
	}
	return p
}

// other is another profile of the same person.
func other(location string) profile.Profile {
	p, _, err := profile.Apply(profile.Profile{}, profile.Step{Action: profile.Invite, Actor: admin(location), At: at("2022-01-01"), MCID: "m2", Person: "p1"}, rules)
	if err != nil {
		panic(err)
	}
	p, _, err = profile.Apply(p, profile.Step{Action: profile.Link, Actor: oneself("m2"), At: at("2022-01-01"), Location: location}, rules)
	if err != nil {
		panic(err)
	}
	return p
}

func TestEveryStepIsAllowedOrRefusedAsWritten(t *testing.T) {
	lifecycletest.Sound(t, profile.Machine())
	lifecycletest.Expect(t, profile.Machine(), "testdata/walk.txt", func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
		before := standing(t, state)
		there, who := "L1", "m1"
		switch action {
		case profile.Invite:
			there = "L9"
		case profile.Withdraw, profile.Decline, profile.Link:
			if state != profile.Unlinked {
				there = "L2"
			}
		}
		s := profile.Step{Action: action, Actor: lifecycle.Actor{Role: role, ID: who, Company: there}, At: at("2023-03-05"), MCID: "m1", Location: there}
		if action == profile.RemoveLeaver {
			s.At = at("2023-03-20")
		}
		var after profile.Profile
		var events []lifecycle.Event
		var err error
		switch whole := state != lifecycle.None && state != profile.Merged; {
		case action == profile.Absorb && whole:
			after, _, events, err = profile.Merge(before, other("L3"), s, rules)
		case action == profile.GiveUp && whole:
			_, after, events, err = profile.Merge(other("L3"), before, s, rules)
		default:
			after, events, err = profile.Apply(before, s, rules)
		}
		if err == nil && (len(events) == 0 || after.Changed != s.At) {
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
	m := profile.Machine()
	lifecycletest.Documented(t, m.Name, m.Markdown(), m.Mermaid(), "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestLimitsOfLinks(t *testing.T) {
	data, err := os.ReadFile("testdata/limits.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		cells := strings.Fields(line)
		if len(cells) < 3 || cells[0] == "#" {
			continue
		}
		p := play(t, profile.Profile{}, invite("L1", "2020-01-01"), invite("L2", "2020-01-01"))
		here, there := "L1", "L2"
		if cells[0] != "-" {
			for made := range strings.SplitSeq(cells[0], ",") {
				p = play(t, p, link(here, made))
				here, there = there, here
			}
		}
		next, _, err := profile.Apply(p, link(here, cells[1]), rules)
		got := "ok"
		if err != nil {
			got = kizuna.CodeOf(err)
			if len(cells) == 4 && strings.Contains(err.Error(), "possible from "+cells[3]) {
				got += " " + cells[3]
			}
		}
		if want := strings.Join(cells[2:], " "); got != want {
			t.Errorf("%s, then %s: %s, wanted %s (%v)", cells[0], cells[1], got, want, err)
		}
		if err != nil && !reflect.DeepEqual(next, p) {
			t.Errorf("%s, then %s: a refused link changed the profile", cells[0], cells[1])
		}
	}
}

func TestLinkingElsewhereUnlinksHereAtTheSameInstant(t *testing.T) {
	p := play(t, profile.Profile{}, invite("L1", "2023-01-01"), invite("L2", "2023-01-01"), link("L1", "2023-01-02"), link("L2", "2023-03-10T08:30:00Z"))
	want := []people.ProfileLink{
		{MCID: "m1", Location: "L1", During: kizuna.Interval{From: at("2023-01-02"), To: at("2023-03-10T08:30:00Z")}},
		{MCID: "m1", Location: "L2", During: kizuna.Interval{From: at("2023-03-10T08:30:00Z"), To: kizuna.Forever}},
	}
	if got := p.Facts(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestRefusals(t *testing.T) {
	linked, leaving := standing(t, profile.Linked), standing(t, profile.Leaving)
	for _, tt := range []struct {
		name string
		p    profile.Profile
		s    profile.Step
		code string
	}{
		{"nobody is invited", profile.Profile{}, profile.Step{Action: profile.Invite, Actor: admin("L1")}, "profile-unnamed"},
		{"another company's admin", linked, profile.Step{Action: profile.Invite, Actor: admin("L9"), Location: "L8", Account: "G8", At: at("2023-02-01")}, "profile-other-company"},
		{"invited twice", linked, invite("l2", "2023-02-01"), "profile-already-invited"},
		{"an admin's hand on the profile", linked, profile.Step{Action: profile.Link, Actor: admin("L2"), Location: "L2", At: at("2023-04-01")}, "lifecycle-actor"},
		{"somebody else's profile", linked, profile.Step{Action: profile.Link, Actor: oneself("m9"), Location: "L2", At: at("2023-04-01")}, "profile-not-yours"},
		{"nobody invited", linked, link("L7", "2023-04-01"), "profile-not-invited"},
		{"linked there", linked, link("L1", "2023-04-01"), "profile-linked-there"},
		{"an invitation that is in use", linked, profile.Step{Action: profile.Withdraw, Actor: admin("L1"), At: at("2023-04-01")}, "profile-linked-there"},
		{"not linked to that company", linked, profile.Step{Action: profile.ReportLeft, Actor: admin("L2"), At: at("2023-04-01")}, "profile-linked-elsewhere"},
		{"before the last step", linked, link("L2", "2022-12-31"), "profile-time-order"},
		{"the day before removal", leaving, profile.Step{Action: profile.RemoveLeaver, Actor: clock, At: at("2023-03-10T23:59:59Z")}, "profile-leaves-later"},
		{"regret after removal", leaving, profile.Step{Action: profile.RetractReport, Actor: admin("L1"), At: at("2023-03-11")}, "profile-has-left"},
		{"no wait is over", linked, profile.Step{Action: profile.Announce, Actor: clock, At: at("2023-01-31T23:59:59Z")}, "profile-nothing-to-announce"},
		{"half a merge", linked, profile.Step{Action: profile.Absorb, Actor: support, At: at("2023-04-01")}, "profile-merge"},
	} {
		after, events, err := profile.Apply(tt.p, tt.s, rules)
		if kizuna.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, wanted %s", tt.name, err, tt.code)
		}
		if !reflect.DeepEqual(after, tt.p) || events != nil {
			t.Errorf("%s: a refused step changed something", tt.name)
		}
	}
}

func TestTheAccountsAdminActsForItsLocations(t *testing.T) {
	play(t, profile.Profile{}, profile.Step{Action: profile.Invite, Actor: admin("G1"), MCID: "m1", Location: "L1", Account: "g1", At: at("2023-01-01")})
}

func TestALeaverCountsThroughTheRefresh(t *testing.T) {
	leave := func(when string, r program.PeopleRules) (profile.Profile, kizuna.Instant) {
		p := play(t, profile.Profile{}, invite("L1", "2023-01-01"), link("L1", "2023-01-01"))
		p, _, err := profile.Apply(p, profile.Step{Action: profile.ReportLeft, Actor: admin("L1"), At: at(when)}, r)
		if err != nil {
			t.Fatal(err)
		}
		return p, *p.Leaves
	}
	for _, tt := range []struct {
		reported, leaves string
		through          int
	}{
		{"2023-01-20T10:00:00Z", "2023-02-11", 10}, // left in January, gone after 10 February
		{"2023-01-31T23:59:59Z", "2023-02-11", 10},
		{"2023-02-01", "2023-03-11", 10},
		{"2023-12-31", "2024-01-11", 10},
		{"2023-01-20T10:00:00Z", "2023-01-20T10:00:00Z", 0}, // 2021: the admin takes the person off
	} {
		r := rules
		r.LeaversCountThrough = tt.through
		p, leaves := leave(tt.reported, r)
		if leaves != at(tt.leaves) {
			t.Errorf("left on %s, counts to %s, wanted %s", tt.reported, leaves, tt.leaves)
		}
		// The clock stood still for weeks: the link ended when it fell due all the same.
		p, _, err := profile.Apply(p, profile.Step{Action: profile.RemoveLeaver, Actor: clock, At: leaves + 86400*40}, r)
		if err != nil || p.Spells[0].During.To != leaves || p.Spells[0].Ended != profile.Left || p.Invitations[0].Ended != profile.Left {
			t.Errorf("%+v, %v", p, err)
		}
		if _, _, err := profile.Apply(p, profile.Step{Action: profile.RemoveLeaver, Actor: clock, At: leaves + 86400*40}, r); kizuna.CodeOf(err) != "lifecycle-action" {
			t.Errorf("removed twice: %v", err)
		}
	}
}

func TestALeaverWhoLinksLateLeftInTime(t *testing.T) {
	p := play(t, standing(t, profile.Leaving), link("L2", "2023-04-01"))
	want := kizuna.Interval{From: at("2023-01-02"), To: at("2023-03-11")}
	if p.Spells[0].During != want || p.Spells[0].Ended != profile.Left || p.Spells[1].During.From != at("2023-04-01") {
		t.Errorf("%+v", p.Spells)
	}
}

func TestTheClockAnnouncesTheEndOfEachWaitOnce(t *testing.T) {
	p := play(t, profile.Profile{}, invite("L1", "2023-01-01"), invite("L2", "2023-01-01"))
	if _, _, due := p.Due(rules); due {
		t.Error("a profile never linked waits for something")
	}
	p = play(t, p, link("L1", "2023-01-02T12:00:00Z"))
	due, action, ok := p.Due(rules)
	if !ok || due != at("2023-02-01") {
		t.Fatalf("due %s %v", due, ok)
	}
	if _, _, err := profile.Apply(p, profile.Step{Action: action, Actor: clock, At: due - 1}, rules); kizuna.CodeOf(err) != "profile-nothing-to-announce" {
		t.Errorf("announced early: %v", err)
	}
	p = play(t, p, profile.Step{Action: action, Actor: clock, At: due})
	if _, _, due := p.Due(rules); due {
		t.Error("announced, and still due")
	}
	if _, _, err := profile.Apply(p, profile.Step{Action: profile.Announce, Actor: clock, At: due}, rules); kizuna.CodeOf(err) != "profile-nothing-to-announce" {
		t.Errorf("announced twice: %v", err)
	}
	p = play(t, p, link("L2", "2023-05-01"))
	if due, _, ok := p.Due(rules); !ok || due != at("2023-05-31") {
		t.Errorf("the next wait is over on %s %v", due, ok)
	}
}

func TestTwoProfilesOfOnePersonBecomeOne(t *testing.T) {
	survivor := play(t, profile.Profile{}, invite("L1", "2023-01-01"), link("L1", "2023-01-01"),
		profile.Step{Action: profile.Unlink, Actor: oneself("m1"), At: at("2023-03-01")})
	united, ended, events, err := profile.Merge(survivor, other("L3"), profile.Step{Actor: support, At: at("2023-06-01")}, rules)
	if err != nil {
		t.Fatal(err)
	}
	want := []people.ProfileLink{
		{MCID: "m1", Location: "L3", During: kizuna.Interval{From: at("2022-01-01"), To: at("2023-01-01")}},
		{MCID: "m1", Location: "L1", During: kizuna.Interval{From: at("2023-01-01"), To: at("2023-03-01")}},
		{MCID: "m1", Location: "L3", During: kizuna.Interval{From: at("2023-03-01"), To: kizuna.Forever}},
	}
	if got := united.Facts(); !slices.Equal(got, want) || united.State != profile.Linked || len(united.Links) != 2 {
		t.Errorf("%+v", united)
	}
	if ended.State != profile.Merged || ended.Into != "m1" || ended.Facts() != nil || len(events) != 2 {
		t.Errorf("%+v %v", ended, events)
	}
	if _, _, _, err := profile.Merge(united, ended, profile.Step{Actor: support, At: at("2023-06-01")}, rules); kizuna.CodeOf(err) != "lifecycle-action" {
		t.Errorf("merged twice: %v", err)
	}
	if _, _, _, err := profile.Merge(united, united, profile.Step{Actor: support, At: at("2023-06-01")}, rules); kizuna.CodeOf(err) != "profile-merge" {
		t.Errorf("merged with itself: %v", err)
	}
}

// story plays random steps, most of them refused, and gives the profile after each.
func story(t *rapid.T, mcid string, visit func(before, after profile.Profile, s profile.Step, err error)) profile.Profile {
	var p profile.Profile
	now := at("2023-01-01")
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		now += kizuna.Instant(rapid.SampledFrom([]int64{0, 1, 3600, 86400, 15 * 86400, 30 * 86400, 31 * 86400, 100 * 86400}).Draw(t, "wait"))
		location := rapid.SampledFrom([]string{"L1", "L2", "L3"}).Draw(t, "location")
		s := profile.Step{At: now, MCID: mcid, Person: "p1", Location: location}
		s.Action = rapid.SampledFrom(profile.Machine().AllActions()).Draw(t, "action")
		if rapid.Bool().Draw(t, "link") {
			s.Action = profile.Link
		}
		if due, action, ok := p.Due(rules); ok && due <= now && rapid.Bool().Draw(t, "clock") {
			s.Action = action
		}
		s.Actor = rapid.SampledFrom([]lifecycle.Actor{admin(location), oneself(mcid), clock}).Draw(t, "actor")
		if by := profile.Machine().Actors(p.State, s.Action); len(by) > 0 && rapid.IntRange(0, 3).Draw(t, "right actor") > 0 {
			s.Actor = lifecycle.Actor{Role: by[0], Company: location, ID: mcid}
		}
		after, _, err := profile.Apply(p, s, rules)
		visit(p, after, s, err)
		p = after
	}
	return p
}

func TestAProfileIsNeverInTwoPlacesNorLinkedTooOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story(t, "m1", func(before, after profile.Profile, s profile.Step, err error) {
			if err != nil && !reflect.DeepEqual(before, after) {
				t.Fatalf("a refused %s changed the profile", s.Action)
			}
			sound(t, after)
			for i, made := range after.Links {
				if i > 0 && made.Date()-after.Links[i-1].Date() < 30 {
					t.Fatalf("linked on %s and on %s", after.Links[i-1], made)
				}
				if i >= 3 && made.Date()-after.Links[i-3].Date() < profile.YearDays {
					t.Fatalf("four links within a year: %v", after.Links)
				}
			}
			// The clock can do what is due, is refused before, and comes to an end.
			for due, action, ok := after.Due(rules); ok; due, action, ok = after.Due(rules) {
				now := max(due, s.At)
				if due > s.At {
					if _, _, err := profile.Apply(after, profile.Step{Action: action, Actor: clock, At: due - 1}, rules); err == nil {
						t.Fatalf("%s a second before it is due", action)
					}
				}
				if after, _, err = profile.Apply(after, profile.Step{Action: action, Actor: clock, At: now}, rules); err != nil {
					t.Fatalf("the clock cannot %s: %v", action, err)
				}
			}
		})
	})
}

// sound checks what holds of every profile.
func sound(t *rapid.T, p profile.Profile) {
	lifecycletest.CheckJSON(t, p)
	for i := range p.Spells {
		if i > 0 && p.Spells[i].During.From < p.Spells[i-1].During.To {
			t.Fatalf("two spells at once: %+v", p.Spells)
		}
		open := p.Spells[i].During.To == kizuna.Forever
		current := i == len(p.Spells)-1 && p.Location() != ""
		if p.State != profile.Merged && open != current {
			t.Fatalf("%s with %+v", p.State, p.Spells)
		}
	}
}

func TestMergedProfilesKeepTheirTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nothing := func(_, _ profile.Profile, _ profile.Step, _ error) {}
		a, b := story(t, "m1", nothing), story(t, "m2", nothing)
		now := max(a.Changed, b.Changed) + kizuna.Instant(rapid.IntRange(0, 50*86400).Draw(t, "wait"))
		united, ended, _, err := profile.Merge(a, b, profile.Step{Actor: support, At: now}, rules)
		if err != nil {
			if !reflect.DeepEqual(united, a) || !reflect.DeepEqual(ended, b) {
				t.Fatal("a refused merge changed something")
			}
			return
		}
		sound(t, united)
		if ended.Facts() != nil {
			t.Fatal("the ended profile is still linked")
		}
		for day := at("2022-12-31"); day < now; day += 5*86400 + 1234 {
			want, got := locationAt(a.Facts(), day), locationAt(united.Facts(), day)
			if want == "" {
				want = locationAt(b.Facts(), day)
			}
			if overdue(a, day) || overdue(b, day) {
				continue // the merge noticed what the clock had not
			}
			if got != want {
				t.Fatalf("on %s at %q, wanted %q", day, got, want)
			}
		}
	})
}

func overdue(p profile.Profile, t kizuna.Instant) bool { return p.Leaves != nil && *p.Leaves <= t }

func locationAt(links []people.ProfileLink, t kizuna.Instant) string {
	for _, l := range links {
		if l.During.Contains(t) {
			return l.Location
		}
	}
	return ""
}

// Certificates of a person who moves about count in exactly one company each day
// on which the profile is linked, and in none on the others.
func TestACertificateCountsInOneCompanyEachDay(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, "mcpp@2023-10")
	if err != nil {
		t.Fatal(err)
	}
	accountOf := func(location string) (string, bool) {
		account, ok := map[string]string{"L1": "G1", "L2": "G2", "L3": "G2"}[location]
		return account, ok
	}
	earned := kizuna.NewDate(2022, 12, 1)
	rapid.Check(t, func(t *rapid.T) {
		person := story(t, "m1", func(_, _ profile.Profile, _ profile.Step, _ error) {})
		facts := &people.Facts{
			People:         []people.Person{{ID: "p1", MCID: "m1"}},
			Links:          person.Facts(),
			Certifications: []people.Certification{{MCID: "m1", Certificate: "AZ-104", EarnedOn: &earned}},
		}
		for day := kizuna.NewDate(2022, 12, 31); day.Instant() <= person.Changed+86400; day += 3 {
			roster := people.NewRoster(facts, p, day, accountOf)
			want := 0
			if locationAt(facts.Links, day.Instant()) != "" {
				want = 1
			}
			if got := len(roster.Holders("G1")) + len(roster.Holders("G2")); got != want {
				t.Fatalf("on %s the certificate counts %d times, wanted %d: %+v", day, got, want, facts.Links)
			}
		}
	})
}
