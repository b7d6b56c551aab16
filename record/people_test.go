package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

func day(t *testing.T, s string) *kizuna.Date {
	t.Helper()
	d, err := kizuna.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// counted says for which account a certificate counts on a day, and by which clause.
func counted(t *testing.T, f *association.Facts, p *people.Facts, on string) string {
	t.Helper()
	var out []string
	for _, v := range ask(t, f, p, on).Roster.Verdicts() {
		out = append(out, string(v.Clause)+" "+v.Account)
	}
	return strings.Join(out, "; ")
}

// In every day of the year that the employee moves, the certificate counts in
// exactly one of the companies.
func TestAnEmployeeMovesAndTheCertificateCountsInExactlyOneCompanyEachDay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, person := t.Context(), l.as("person:M1")
		l.companies()
		must(l.Invite(ctx, l.as("partner:G1/admin"), record.Invitation{MCID: "M1", Location: "L1", Name: "Sato Yui", Email: "yui@example.com"}))(l)
		must(l.Profile(ctx, person, profile.Link, "M1", "L1"))(l)
		must(l.Certificate(ctx, person, certificate.Claim, "M1", "az-104", *day(t, "2023-01-01"), day(t, "2025-01-01")))(l)
		facts, persons, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil {
			t.Fatal(err)
		}
		if got := counted(t, &facts, &persons, "2023-02-01"); got != "unverified " {
			t.Errorf("a claim counts: %s", got)
		}
		rows := []people.Certification{{MCID: "m1", Certificate: "AZ-104", EarnedOn: day(t, "2023-01-01"), ExpiresOn: day(t, "2025-01-01")}}
		if v := must(l.Verify(ctx, l.as("vendor:learn"), rows))(l); v.Earned != 1 || types(v.Events) != "certificate.verified" {
			t.Errorf("%+v", v)
		}
		if v := must(l.Verify(ctx, l.as("vendor:learn"), rows))(l); v.Unchanged != 1 {
			t.Errorf("%+v", v)
		}
		l.on("2023-01-20")
		must(l.Invite(ctx, l.as("partner:L3/admin"), record.Invitation{MCID: "m1", Name: "Y. Sato"}))(l)
		_, err = l.Profile(ctx, person, profile.Link, "M1", "L3")
		l.refuses("profile-cooling-off", err)
		if err == nil || !strings.Contains(err.Error(), "2023-01-31") {
			t.Errorf("%v does not name the next date", err)
		}
		// The company that has only invited does not see where else the person works.
		seen := must(l.Person(ctx, l.view("partner:L3/u"), "M1"))(l)
		if len(seen.Value.Spells) != 0 || len(seen.Value.Invitations) != 1 || seen.Certificates != nil || seen.Value.Location() != "" ||
			len(seen.Names) != 1 || seen.Names[0]["name"] != "Y. Sato" || seen.NextLink != nil {
			t.Errorf("L3 sees %+v", seen)
		}
		if own := must(l.Person(ctx, l.view("person:M1"), "M1"))(l); len(own.Names) != 2 || len(own.Certificates) != 1 || own.NextLink.String() != "2023-01-31" {
			t.Errorf("the person sees %+v", own)
		}
		told := must(l.History(ctx, l.view("partner:L3/u"), store.Thing{Kind: "profile", ID: "M1"}))(l)
		if text := fmt.Sprintf("%+v", told); len(told) != 1 || told[0].Events[0].Type != "profile.invited" || strings.Contains(text, "L1") || strings.Contains(text, "Yui") {
			t.Errorf("L3 is told %s", text)
		}
		_, err = l.Person(ctx, l.view("person:M2"), "M1")
		l.refuses("not-found", err)
		_, err = l.Person(ctx, l.view("partner:L2/u"), "M1")
		l.refuses("not-found", err)

		l.on("2023-03-15T09:00:00Z")
		must(l.Profile(ctx, person, profile.Link, "M1", "L3"))(l)
		if facts, persons, err = l.Facts(ctx, store.View{Scope: store.Everything}); err != nil {
			t.Fatal(err)
		}
		for d := *day(t, "2023-01-02"); d < *day(t, "2024-01-01"); d = d.AddDays(29) {
			want := "counts G1"
			if d > *day(t, "2023-03-15") {
				want = "counts G2"
			}
			if got := counted(t, &facts, &persons, d.String()); got != want {
				t.Errorf("%s: %s, want %s", d, got, want)
			}
		}
		if got := counted(t, &facts, &persons, "2023-03-15") + ", " + counted(t, &facts, &persons, "2023-03-16"); got != "counts G1, counts G2" {
			t.Errorf("on the day of the move: %s", got)
		}
	})
}

func TestWhoHasLeftCountsThroughTheFollowingMonth(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.companies()
		must(l.Invite(ctx, l.as("partner:L1/admin"), record.Invitation{MCID: "M1"}))(l)
		must(l.Profile(ctx, l.as("person:M1"), profile.Link, "M1", "L1"))(l)
		l.on("2023-11-05")
		_, err := l.Profile(ctx, l.as("partner:L3/admin"), profile.ReportLeft, "M1", "")
		l.refuses("profile-linked-elsewhere", err)
		must(l.Profile(ctx, l.as("partner:L1/admin"), profile.ReportLeft, "M1", ""))(l)
		must(l.Profile(ctx, l.as("partner:L1/admin"), profile.RetractReport, "M1", ""))(l)
		must(l.Profile(ctx, l.as("partner:L1/admin"), profile.ReportLeft, "M1", ""))(l)
		l.on("2024-01-10")
		events := l.ring()
		if !strings.Contains(types(events), "profile.unlinked") {
			t.Errorf("rang %s", types(events))
		}
		_, persons, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil || len(persons.Links) != 1 || persons.Links[0].During.To.String() != "2023-12-11" {
			t.Errorf("%+v, %v", persons.Links, err)
		}
	})
}

func TestTwoProfilesOfOnePersonBecomeOne(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, vendor := t.Context(), l.as("vendor:support")
		l.companies()
		for _, mcid := range []string{"M1", "M2"} {
			must(l.Invite(ctx, l.as("partner:L1/admin"), record.Invitation{MCID: mcid, Name: "Sato " + mcid}))(l)
		}
		must(l.Invite(ctx, l.as("partner:L1/admin"), record.Invitation{MCID: "M3", Person: "p3"}))(l)
		must(l.Invite(ctx, l.as("partner:L1/admin"), record.Invitation{MCID: "M4", Person: "p4"}))(l)
		must(l.Profile(ctx, l.as("person:M2"), profile.Link, "M2", "L1"))(l)
		must(l.Certificate(ctx, vendor, certificate.Earn, "M2", "AZ-104", *day(t, "2022-12-01"), day(t, "2024-12-01")))(l)
		l.on("2023-04-01")
		_, err := l.MergeProfiles(ctx, vendor, "M3", "M4")
		l.refuses("profile-merge", err)
		o := must(l.MergeProfiles(ctx, vendor, "M1", "M2"))(l)
		if types(o.Events) != "profile.absorbed profile.merged certificate.carried" {
			t.Errorf("%s", types(o.Events))
		}
		facts, persons, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil {
			t.Fatal(err)
		}
		if got := counted(t, &facts, &persons, "2023-05-01"); got != "counts G1" || len(persons.People) != 3 {
			t.Errorf("%s %+v", got, persons)
		}
		own := must(l.Person(ctx, l.view("person:M1"), "M1"))(l)
		if len(own.Certificates) != 1 || own.Certificates[0].MCID != "M1" {
			t.Errorf("%+v", own)
		}
		// What is told of the profile that ended is of the one that goes on.
		l.on("2024-07-02")
		if c := must(l.Certificate(ctx, vendor, certificate.Renew, "m2", "az-104", *day(t, "2024-07-01"), nil))(l); c.Value.MCID != "M1" {
			t.Errorf("%+v", c.Value)
		}
	})
}

func TestCertificatesEndByTheClock(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, vendor := t.Context(), l.as("vendor:learn")
		l.companies()
		must(l.Certificate(ctx, vendor, certificate.Earn, "M1", "AZ-104", *day(t, "2022-12-01"), day(t, "2023-12-01")))(l)
		l.on("2023-06-10")
		if got := types(l.ring()); got != "certificate.ending" {
			t.Errorf("rang %s", got)
		}
		must(l.Certificate(ctx, vendor, certificate.Renew, "M1", "AZ-104", *day(t, "2023-06-09"), nil))(l)
		l.on("2025-01-01")
		if got := types(l.ring()); !strings.HasSuffix(got, "certificate.expired") {
			t.Errorf("rang %s", got)
		}
		if got := listOf(l.Profiles(ctx, l.view("operator"), store.Query{})); got != "" {
			t.Errorf("profiles %q", got)
		}
	})
}
