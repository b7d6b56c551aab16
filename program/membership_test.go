package program

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func TestMembershipHasTheFiguresOfItsTime(t *testing.T) {
	for _, c := range []struct{ ref, day, want string }{
		{"mcpp@2022-10", "2022-10-03", "4730 USD, 365, +1 days to +30 days, payment, true, 30"},
		{"mcpp@2023-10", "2023-10-01", "4730 USD, 365, +1 days to +30 days, payment, true, 30"},
		{"mcpp@2026-07", "2026-10-31", "4875 USD, 365, +1 days to +30 days, payment, true, 30"},
		{"mcpp@2026-07", "2026-11-01", "4875 USD, 365, -30 days to same day, anniversary, false, 30"},
	} {
		figures := make(map[string]string)
		for _, f := range builtin(t, c.ref).MembershipOn(day(t, c.day)).Figures() {
			figures[f.Key] = f.Value
		}
		var got []string
		for _, key := range []string{"fee", "term / days", "renewal", "renewal / counted_from", "renewal / benefits_continue", "refund / days"} {
			got = append(got, figures[key])
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s on %s: %s", c.ref, c.day, strings.Join(got, ", "))
		}
	}
	if builtin(t, "mcpp@2026-07").MembershipOn(day(t, "2026-08-01")).Legacy != nil {
		t.Error("2026-07 takes memberships of the time before over")
	}
}

func TestEveryFigureOfMembershipSaysHowSureItIs(t *testing.T) {
	programs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		for _, f := range p.Membership.Figures() {
			if f.Provenance.Basis == "" || f.Provenance.Basis != Unknown && len(f.Provenance.Sources) == 0 {
				t.Errorf("%s: %s has no source: %+v", p.Ref(), f.Key, f.Provenance)
			}
		}
	}
}

func TestMembershipIsReadWithItsDefaultsAndChanges(t *testing.T) {
	p, err := Parse("p.yaml", []byte(example(t)+`membership:
  days: {zone: Asia/Tokyo}
  fee: {amount: unknown}
  changes:
    - {from: 2025-03-01, fee: {amount: 12.50, currency: JPY}}
    - {from: 2025-06-01, term: {days: 180}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for on, want := range map[string]string{"2025-02-28": "unknown 365", "2025-03-01": "12.5 JPY 365", "2025-06-01": "12.5 JPY 180"} {
		m := p.MembershipOn(day(t, on))
		figures := map[string]string{}
		for _, f := range m.Figures() {
			figures[f.Key] = f.Value
		}
		if got := figures["fee"] + " " + figures["term / days"]; got != want || m.Zone.String() != "Asia/Tokyo" || !m.Sticky || m.RefundDays != 0 {
			t.Errorf("%s: %s, %+v", on, got, m)
		}
	}
	var got []string
	q := *p
	q.Membership = nil
	for _, d := range Diff(p, &q) {
		got = append(got, d.Path)
	}
	if all := strings.Join(got, "\n"); !strings.Contains(all, "membership / from 2025-06-01 / term / days") {
		t.Errorf("the difference is %s", all)
	}
	if strings.Contains(string(Canonical(&q)), "Membership") {
		t.Error("a program without membership is written with it")
	}
}

func TestWhatIsWrongWithMembershipIsSaid(t *testing.T) {
	for text, code := range map[string]string{
		"days: {zone: Mars/Olympus}":                        "program-zone",
		"days: {zone: Local}":                               "program-zone",
		"fee: {amount: -1}":                                 "program-negative-fee",
		"fee: {currency: USD}":                              "program-missing-key",
		"term: {days: 0}":                                   "program-too-small",
		"refund: {days: -1}":                                "program-too-small",
		"renewal: {from: {days: 31}}":                       "program-day-range",
		"enrollment: {open: always}":                        "program-choice",
		"changes: [{from: 2025-01-01}]":                     "program-change-order",
		"changes: [{from: 2025-03-01}, {from: 2025-02-01}]": "program-change-order",
		"changes: [{fee: {amount: 1}}]":                     "program-missing-key",
		"legacy: {last_renewal: someday}":                   "date",
	} {
		_, err := Parse("p.yaml", []byte(example(t)+"membership: {"+text+"}\n"))
		problems, ok := err.(Problems)
		if !ok || problems[0].Code != code || problems[0].At.Line == 0 {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
	}
}

// The days of a zone follow one another without a gap, each from its first second.
func TestDaysOfAZoneBeginWhereTheyBegin(t *testing.T) {
	var zones []Zone
	// Clocks that are put forward and back at midnight, by half an hour, over a whole day.
	for _, name := range []string{"UTC", "Asia/Tokyo", "America/Los_Angeles", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "Asia/Beirut"} {
		z, err := ParseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, z)
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		d := kizuna.Date(rapid.Int32Range(10_000, 25_000).Draw(t, "day"))
		start := z.Start(d)
		if z.Date(start) != d || z.Date(start-1) != d-1 {
			t.Fatalf("%s begins in %s at %s", d, z, start)
		}
	})
	var zero Zone
	if zero.String() != "UTC" || zero.Date(86_400) != 1 || zero.Start(1) != 86_400 {
		t.Error("the zero zone is not UTC")
	}
}
