package program

import (
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
)

func TestBadgesHaveTheRulesOfTheirTime(t *testing.T) {
	want := map[string]string{
		"mcpp@2022-10": "24h closed renewal_window,grace letter 30",
		"mcpp@2023-10": "24h closed renewal_window,grace letter 30",
		"mcpp@2023-12": "24h closed renewal_window,grace letter 30",
		"mcpp@2026-07": "24h closed renewal_window,grace letter 30 families",
	}
	for ref, text := range want {
		b := builtin(t, ref).Badges
		got := kizuna.Errorf("", "%dh closed %s letter %d", b.AppearsAfterHours, strings.Join(b.ClosedDuring, ","), b.LetterDays).Message
		if b.Families != nil {
			got += " families"
		}
		if got != text || !b.AlignedOnly || !b.DesignationsFirst {
			t.Errorf("%s: %s", ref, got)
		}
		for _, f := range b.Figures() {
			if f.Provenance.Basis == "" || f.Value == "" && len(f.Names) == 0 {
				t.Errorf("%s: %s says nothing, or not how sure it is", ref, f.Key)
			}
		}
	}
}

func TestADesignationIsNamedAfterItsArea(t *testing.T) {
	p := builtin(t, "mcpp@2026-07")
	if name := p.Badges.NameOf(p.Area("data-ai")); name.EN != "Solutions Partner for Data & AI (Azure)" || name.JA != "データ & AI (Azure) の Solutions Partner" {
		t.Errorf("%+v", name)
	}
	for _, c := range []struct{ on, want string }{{"2026-08-12", ""}, {"2026-08-13", "Cloud & AI Platforms"}} {
		if name, _ := p.Badges.FamilyOn("data-ai", day(t, c.on)); name.EN != c.want {
			t.Errorf("%s: %q", c.on, name.EN)
		}
	}
}

func TestBadgeRulesThatDoNotFitAreRefused(t *testing.T) {
	for code, section := range map[string]string{
		"program-badge-name":   "badges: {designation: Partner}",
		"program-too-small":    "badges: {letter: {valid_days: 0}}",
		"program-unknown-area": "badges: {families: {since: 2026-01-01, names: {x: {name: X, areas: [data-and-ai]}}}}",
		"program-twice":        "badges: {families: {since: 2026-01-01, names: {x: {name: X, areas: [security, security]}}}}",
		"program-choice":       "badges: {closed: {during: [always]}}",
	} {
		_, err := Parse("x.yaml", []byte("program: x\nversion: \"1\"\nextends: mcpp@2023-10\n"+section+"\n"))
		if err == nil || !strings.Contains(codes(err), code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	p, err := Parse("x.yaml", []byte("program: x\nversion: \"1\"\nextends: mcpp@2023-10\nbadges: null\n"))
	if err != nil || p.Badges != nil || strings.Contains(string(Canonical(p)), `"Badges"`) {
		t.Errorf("a program without badges: %v, %v", p, err)
	}
}

func codes(err error) (all string) {
	problems, _ := err.(Problems)
	for _, p := range problems {
		all += p.Code + " "
	}
	return all
}
