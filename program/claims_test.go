package program

import (
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/calendar"
)

// Figures of the pages of 2021 and of October 2023.
func TestClaimsHaveTheLimitsOfTheirTime(t *testing.T) {
	for ref, want := range map[string]string{
		"mcpp@2022-10": "5 business days, 5 business days, 5 business days; decline 7 days; dispute 30 days, 1, 5 business days; final false; edit submitted, action-required; notice approval",
		"mcpp@2023-10": "5 business days, 14 business days, 14 business days; decline 5 business days, later too; dispute 30 days, 1, 5 business days; final true; edit action-required; notice submission",
	} {
		figures := make(map[string]string)
		for _, f := range builtin(t, ref).Claims.Figures() {
			figures[f.Key] = f.Value + strings.Join(f.Names, ", ")
		}
		got := strings.NewReplacer(
			"START", figures["start_review"], "REVIEW", figures["review"], "ANSWER", figures["answer"], "DECLINE", figures["decline"],
			"WITHIN", figures["dispute"], "TIMES", figures["dispute / times"], "RULING", figures["dispute_review"],
			"FINAL", figures["rejection / final"], "EDIT", figures["editing / in"], "NOTICE", figures["notice / at"],
		).Replace("START, REVIEW, ANSWER; decline DECLINE; dispute WITHIN, TIMES, RULING; final FINAL; edit EDIT; notice NOTICE")
		if got != want {
			t.Errorf("%s: %s", ref, got)
		}
	}
	for _, ref := range []string{"mcpp@2023-12", "mcpp@2026-07"} {
		for _, d := range Diff(builtin(t, "mcpp@2023-10"), builtin(t, ref)) {
			if strings.HasPrefix(d.Path, "claims") {
				t.Errorf("%s has other rules than 2023-10: %+v", ref, d)
			}
		}
	}
}

func TestEveryFigureOfClaimsSaysHowSureItIs(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		for _, f := range p.Claims.Figures() {
			if f.Key != "region" && (f.Provenance.Basis == "" || len(f.Provenance.Sources) == 0) {
				t.Errorf("%s: %s has no source", p.Ref(), f.Key)
			}
		}
		if len(p.Claims.Alternatives) < 2 {
			t.Errorf("%s: the pages contradict each other on declining", p.Ref())
		}
	}
}

func TestAnotherReadingOfTheDeclineWindowIsAFileThatBuildsOnThisOne(t *testing.T) {
	p, err := Parse("p.yaml", []byte("program: mcpp\nversion: mine\nextends: mcpp@2023-10\nclaims: {decline: {business_days: null, days: 7, later: false}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	diff := Diff(builtin(t, "mcpp@2023-10"), p)
	if len(diff) != 1 || diff[0] != (Difference{"claims / decline", "5 business days, later too", "7 days"}) {
		t.Errorf("got %+v", diff)
	}
}

func TestAProgramWithoutClaimsTakesNone(t *testing.T) {
	text := example(t)
	p, err := Parse("p.yaml", []byte(text[:strings.Index(text, "\nclaims:")]))
	if err != nil || p.Claims != nil || strings.Contains(string(Canonical(p)), `"Claims"`) {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestLimitsEndOnTheirLastDay(t *testing.T) {
	days, err := calendar.For("JP")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limit       Limit
		began, last string
	}{
		{Limit{Days: 30}, "2024-04-26", "2024-05-26"},
		{Limit{BusinessDays: 5}, "2024-04-26", "2024-05-08"},
		{Limit{}, "2024-04-26", "2024-04-26"},
	} {
		if last, err := c.limit.Last(day(t, c.began), days); err != nil || last != day(t, c.last) {
			t.Errorf("%s from %s: %s, %v", c.limit, c.began, last, err)
		}
	}
}
