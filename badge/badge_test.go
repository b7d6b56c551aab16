package badge_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/program"
)

func rules(t testing.TB, ref string) *program.Program {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, ref)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(t testing.TB, s string) kizuna.Instant { return badgetest.At(t, s) }

func stands(t testing.TB, areas ...string) *badge.Company {
	c := &badge.Company{}
	for _, a := range areas {
		c.Standings = append(c.Standings, badge.Standing{
			Designation: a, Term: kizuna.Interval{From: at(t, "2023-11-01"), To: at(t, "2024-11-01")},
			WindowUntil: at(t, "2024-12-01"), GraceUntil: at(t, "2024-12-11"), Changed: at(t, "2023-11-01T09:00:00Z"),
		})
	}
	c.Specializations = []badge.Specialization{
		{Name: "Analytics on Microsoft Azure", Areas: []string{"data-ai"}, During: kizuna.Interval{From: at(t, "2023-12-01"), To: at(t, "2024-12-01")}},
		{Name: "Infra and Database Migration to Microsoft Azure", Areas: []string{"data-ai", "infrastructure"}, During: kizuna.Interval{From: at(t, "2023-12-01"), To: at(t, "2024-12-01")}},
		{Name: "Threat Protection", Areas: []string{"security"}, During: kizuna.Interval{From: at(t, "2023-12-01"), To: at(t, "2024-12-01")}},
	}
	return c
}

var sixAreas = []string{"data-ai", "infrastructure", "digital-app-innovation", "business-applications", "modern-work", "security"}

// Where each boundary lies, by the rules as they are and by those of a program that
// leaves badges open in the renewal window.
func TestABadgeCanBeHadFromADayAfterTheChangeToTheAnniversary(t *testing.T) {
	open, err := program.Parse("x.yaml", []byte("program: x\nversion: \"1\"\nextends: mcpp@2023-10\nbadges: {closed: {during: [grace]}, appears: {after_hours: 0}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p              *program.Program
		on, want, ends string
	}{
		{rules(t, "mcpp@2023-10"), "2023-10-31", "badge-not-held", ""},
		{rules(t, "mcpp@2023-10"), "2023-11-01", "badge-too-early", ""},
		{rules(t, "mcpp@2023-10"), "2023-11-02T08:59:59Z", "badge-too-early", ""},
		{rules(t, "mcpp@2023-10"), "2023-11-02T09:00:00Z", "", "2024-11-01"},
		{rules(t, "mcpp@2023-10"), "2024-10-31T23:59:59Z", "", "2024-11-01"},
		{rules(t, "mcpp@2023-10"), "2024-11-01", "badge-closed", ""},
		{rules(t, "mcpp@2023-10"), "2024-11-30T23:59:59Z", "badge-closed", ""},
		{rules(t, "mcpp@2023-10"), "2024-12-01", "badge-closed", ""}, // the grace days
		{rules(t, "mcpp@2023-10"), "2024-12-11", "badge-not-held", ""},
		{open, "2023-11-01T09:00:00Z", "", "2024-12-01"},
		{open, "2024-11-30T23:59:59Z", "", "2024-12-01"},
		{open, "2024-12-01", "badge-closed", ""},
	} {
		o, err := stands(t, "data-ai").Offer(c.p, "data-ai", nil, at(t, c.on))
		if kizuna.CodeOf(err) != c.want || err == nil && o.During.To != at(t, c.ends) {
			t.Errorf("%s %s: until %s, %v", c.p.Ref(), c.on, o.During.To, err)
		}
	}
}

func TestTheSeventhBadgeIsForAllSix(t *testing.T) {
	p, now := rules(t, "mcpp@2023-10"), at(t, "2024-01-01")
	o, err := stands(t, sixAreas...).Offer(p, badge.AllAreas, []string{"Threat Protection", "Analytics on Microsoft Azure"}, now)
	if err != nil || o.Name.EN != "Solutions Partner for Microsoft Cloud" || strings.Join(o.Specializations, "; ") != "Threat Protection; Analytics on Microsoft Azure" {
		t.Errorf("%+v, %v", o, err)
	}
	_, err = stands(t, sixAreas[1:]...).Offer(p, badge.AllAreas, nil, now)
	if kizuna.CodeOf(err) != "badge-not-all" {
		t.Error(err)
	}
}

func TestSpecializationsAreShownWhereAlignedInTheOrderPicked(t *testing.T) {
	p := rules(t, "mcpp@2023-10")
	for _, c := range []struct {
		designation, picked, on, want string
	}{
		{"data-ai", "infra and database migration to microsoft azure|Analytics on Microsoft Azure", "2024-01-01", ""},
		{"infrastructure", "Analytics on Microsoft Azure", "2024-01-01", "badge-not-aligned"},
		{"data-ai", "Analytics on Microsoft Azure", "2023-11-30", "badge-specialization"},
		{"data-ai", "Something else", "2024-01-01", "badge-specialization"},
		{"data-ai", "Analytics on Microsoft Azure|analytics on microsoft azure", "2024-01-01", "badge-twice"},
	} {
		o, err := stands(t, "data-ai", "infrastructure").Offer(p, c.designation, strings.Split(c.picked, "|"), at(t, c.on))
		if kizuna.CodeOf(err) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
		if err == nil && strings.Join(o.Specializations, "|") != "Infra and Database Migration to Microsoft Azure|Analytics on Microsoft Azure" {
			t.Errorf("%+v", o)
		}
	}
}

func TestALetterIsGoodForThirtyDaysAndNamesDesignationsFirst(t *testing.T) {
	p, now := rules(t, "mcpp@2023-10"), kizuna.Interval{From: at(t, "2024-01-10T10:00:00Z"), To: kizuna.Forever}
	end := at(t, "2024-02-09")
	c := stands(t, "security", "data-ai")
	l, err := c.Compose(p, "id", "900", "結橋", nil, now, end)
	if err != nil || len(l.Lines) != 5 || l.Lines[0].Designation != "data-ai" || l.Lines[1].Designation != "security" || l.Lines[2].Specialization == "" || l.During.To != end {
		t.Errorf("%+v, %v", l, err)
	}
	for code, order := range map[string][]string{
		"letter-order":         {"data-ai", "Threat Protection", "security"},
		"letter-twice":         {"data-ai", "data-ai"},
		"badge-not-held":       {"infrastructure"},
		"badge-specialization": {"data-ai", "Unknown"},
	} {
		if _, err := c.Compose(p, "id", "900", "", order, now, end); kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := new(badge.Company).Compose(p, "id", "900", "", nil, now, end); kizuna.CodeOf(err) != "letter-empty" {
		t.Error(err)
	}
}

// A badge never holds longer than what it is about, whatever the terms are.
func TestABadgeEndsWithItsTerm(t *testing.T) {
	p := rules(t, "mcpp@2026-07")
	rapid.Check(t, func(t *rapid.T) {
		instants := func(name string) kizuna.Instant {
			return kizuna.Instant(rapid.Int64Range(1_700_000_000, 1_800_000_000).Draw(t, name))
		}
		c := &badge.Company{}
		for _, a := range sixAreas {
			from := instants("from " + a)
			c.Standings = append(c.Standings, badge.Standing{
				Designation: a, Term: kizuna.Interval{From: from, To: from + kizuna.Instant(rapid.Int64Range(1, 40_000_000).Draw(t, "length"))},
				Changed: instants("changed"),
			})
		}
		now := instants("now")
		all := true
		for _, s := range c.Standings {
			o, err := c.Offer(p, s.Designation, nil, now)
			all = all && err == nil
			if err == nil && (o.During.Intersect(s.Term) != o.During || !o.During.Contains(now)) {
				t.Fatalf("%s holds from %s to %s, its badge from %s to %s", s.Designation, s.Term.From, s.Term.To, o.During.From, o.During.To)
			}
		}
		if _, err := c.Offer(p, badge.AllAreas, nil, now); (err == nil) != all {
			t.Fatalf("all six: %v, the badge: %v", all, err)
		}
	})
}

func TestEveryStepOfABadgeIsAllowedOrRefusedAsWritten(t *testing.T) {
	lifecycletest.Sound(t, badge.Machine())
	w := badgetest.New(t)
	now := at(t, "2024-01-01")
	lifecycletest.Expect(t, badge.Machine(), "testdata/walk.txt", func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
		before := badge.Badge{Award: w.Award(), State: state}
		if state == lifecycle.None {
			before = badge.Badge{}
		}
		s := badge.Step{Action: action, Actor: lifecycle.Actor{Role: role}, At: now, Issued: badge.Badge{Award: w.Award()}, Because: badge.Withdrawn}
		after, events, err := badge.Apply(before, s)
		if err == nil && len(events) != 1 {
			t.Errorf("events %v", events)
		}
		return after.State, err
	})
}

func TestTheDocumentsShowTheMachine(t *testing.T) {
	m := badge.Machine()
	lifecycletest.Documented(t, m.Name, m.Markdown(), m.Mermaid(), "../docs/badges.md", "../docs/badges.ja.md")
}

func TestWhatWasTrueWhen(t *testing.T) {
	b := badge.Badge{Award: badgetest.New(t).Award(), State: badge.Issued}
	revoked := func(on, because string) badge.Badge {
		r := b
		r.Revoked = &badge.Revocation{At: at(t, on), Because: because}
		return r
	}
	for _, c := range []struct {
		b    badge.Badge
		on   string
		want bool
	}{
		{b, "2023-11-01", false}, {b, "2023-11-02", true}, {b, "2024-11-01T23:59:59Z", true}, {b, "2024-11-02", false},
		{revoked("2024-03-01", badge.Withdrawn), "2024-02-29", true}, {revoked("2024-03-01", badge.Withdrawn), "2024-03-01", false},
		{revoked("2024-03-01", badge.Mistake), "2024-02-29", false},
	} {
		if got := c.b.TrueAt(at(t, c.on)); got != c.want {
			t.Errorf("on %s: %v", c.on, got)
		}
	}
}

func TestAnIDIsAUUID(t *testing.T) {
	id, err := badge.NewID(bytes.NewReader(bytes.Repeat([]byte{0xff}, 16)))
	if err != nil || id != "ffffffff-ffff-4fff-bfff-ffffffffffff" {
		t.Errorf("%s, %v", id, err)
	}
	if _, err := badge.NewID(bytes.NewReader(nil)); err == nil {
		t.Error("an id without randomness")
	}
}

func TestASignerNeedsTheKeyThatSigns(t *testing.T) {
	w := badgetest.New(t)
	if _, err := badge.NewSigner(badgetest.Issuer, w.Ring, badgetest.Key(2)); kizuna.CodeOf(err) != "badge-wrong-key" {
		t.Error(err)
	}
	w.Ring.Keys = nil
	if _, err := badge.NewSigner(badgetest.Issuer, w.Ring, badgetest.Key(1)); kizuna.CodeOf(err) != "badge-no-key" {
		t.Error(err)
	}
}
