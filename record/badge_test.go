package record_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/badge/verify"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// told is how G1 stands, as an operator says.
func toldOf(t *testing.T) *badge.Company {
	return &badge.Company{Standings: []badge.Standing{{
		Designation: "data-ai", Term: kizuna.Interval{From: instant(t, "2023-11-01"), To: instant(t, "2024-11-01")}, Changed: instant(t, "2023-11-01"),
	}}}
}

func form(t *testing.T) record.BadgeForm {
	t.Helper()
	id, err := badge.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return record.BadgeForm{ID: id, Company: "L1", Designation: "data-ai", Told: toldOf(t), Salt: "00"}
}

// review reviews every badge.
func (l *life) review(ring did.Ring) *record.Reviewed {
	l.t.Helper()
	all := &record.Reviewed{}
	err := l.ReviewBadges(l.t.Context(), l.as("operator:op"), ring, store.Query{}, func(v *record.Reviewed) {
		all.Looked += v.Looked
		all.Revoked = append(all.Revoked, v.Revoked...)
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

func TestABadgeLivesInTheRecord(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, w := t.Context(), badgetest.New(t)
		key := w.Ring.Keys[0].Public
		issue := func(actor string, f record.BadgeForm) (*record.Outcome[badge.Badge], error) {
			return l.IssueBadge(ctx, l.as(actor), w.Signer, key, f)
		}
		l.companies()
		l.on("2023-12-01")
		first := must(issue("operator:op", form(t)))(l).Value
		if first.Subject.Company != "G1" || first.Subject.Name != "Company G1" || first.Entry != 0 || first.Signed.JWT == "" {
			t.Errorf("%+v", first)
		}
		c, err := verify.Read([]byte(first.Signed.JWT))
		if err != nil || !c.IsOf("accountId", "G1") {
			t.Error(err)
		}
		// What names the company is not in what is kept for ever.
		chapters := must(l.store.History(ctx, store.View{Scope: store.Everything}, store.Thing{Kind: "badge", ID: first.ID}))(l)
		if body, _ := json.Marshal(chapters); strings.Contains(string(body), "Company G1") || strings.Contains(string(body), "eyJ") {
			t.Errorf("%s", body)
		}
		// Partners see their own, and cannot say how they stand.
		for found, err := range l.SignedBadges(ctx, l.view("partner:G1/u"), store.Query{}) {
			if err != nil || len(found) != 1 || found[0].Signed.JWT == "" {
				t.Errorf("G1 sees %+v, %v", found, err)
			}
		}
		_, err = l.Badge(ctx, l.view("partner:G2/u"), first.ID)
		l.refuses("not-found", err)
		_, err = issue("partner:L1/u", form(t))
		l.refuses("badge-told", err)
		_, err = issue("partner:G2/u", form(t))
		l.refuses("not-found", err)
		_, err = l.RevokeBadge(ctx, l.as("partner:G2/u"), first.ID, badge.OnRequest)
		l.refuses("not-found", err)
		_, err = l.RevokeBadge(ctx, l.as("operator:op"), first.ID, "because")
		l.refuses("badge-reason", err)
		_, err = l.RevokeBadge(ctx, l.as("operator:op"), "no-badge", badge.Mistake)
		l.refuses("not-found", err)

		// A newer one takes its place, on a place of its own on the list.
		second := must(issue("operator:op", form(t)))(l).Value
		before := must(l.Badge(ctx, l.view("operator:op"), first.ID))(l).Value
		if second.Entry != 1 || before.State != badge.Revoked || before.Revoked.Because != badge.Replaced {
			t.Errorf("entry %d, the first is %s", second.Entry, before.State)
		}
		// The clock ends it with its term.
		l.on("2024-11-01")
		if events := l.ring(); len(events) != 1 || events[0].Type != "badge.expired" {
			t.Errorf("%+v", events)
		}
		_, err = issue("operator:op", form(t))
		l.refuses("badge-not-held", err)
	})
}

func TestWhatAKeySignedGoesWithTheKey(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, w := t.Context(), badgetest.New(t)
		l.companies()
		l.on("2023-12-01")
		old := w.Ring.Keys[0].Public
		first := must(l.IssueBadge(ctx, l.as("operator:op"), w.Signer, old, form(t)))(l).Value
		w.Rotate(2, l.now)
		if v := l.review(w.Ring); v.Looked != 1 || v.Revoked != nil {
			t.Errorf("%+v", v)
		}
		ring := must(w.Ring.Revoke(old, l.now))(l)
		if v := l.review(ring); len(v.Revoked) != 1 || v.Revoked[0] != first.ID {
			t.Errorf("%+v", v)
		}
	})
}

// A professional takes a certificate from one record to another as a credential.
func TestACertificateGoesOutAsACredentialAndComesInAsOne(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, w := t.Context(), badgetest.New(t)
		l.companies()
		must(l.Invite(ctx, l.as("partner:G1/admin"), record.Invitation{MCID: "M1", Location: "L1"}))(l)
		must(l.Profile(ctx, l.as("person:M1"), profile.Link, "M1", "L1"))(l)
		f := record.BadgeForm{ID: form(t).ID, MCID: "M1", Certificate: "az-104", Salt: "00"}
		_, err := l.IssueBadge(ctx, l.as("person:M1"), w.Signer, "k", f)
		l.refuses("badge-not-certified", err)
		rows := []people.Certification{{MCID: "M1", Certificate: "AZ-104", EarnedOn: day(t, "2022-06-01"), ExpiresOn: day(t, "2023-06-01")}}
		must(l.Verify(ctx, l.as("vendor:learn"), rows))(l)
		_, err = l.IssueBadge(ctx, l.as("person:M2"), w.Signer, "k", f)
		l.refuses("not-found", err)
		b := must(l.IssueBadge(ctx, l.as("person:M1"), w.Signer, "k", f))(l).Value

		// Another profile's record takes it, once it is verified.
		c := must(verify.Read([]byte(b.Signed.JWT)))(l)
		trust := verify.Trust{Issuers: []verify.TrustedIssuer{{ID: badgetest.Issuer.ID, ByCode: true}}}
		verifier := must(verify.New())(l)
		r := verifier.Verify(c, verify.Question{Now: l.now, MCID: "M1", Trusted: trust.IDs()}, w.Evidence(l.now))
		if !r.Trusted {
			t.Fatal(r.Problem())
		}
		id := must(trust.CertificateOf(c))(l)
		earned, ends, err := c.Earned()
		if err != nil || id != "AZ-104" || earned.String() != "2022-06-01" || ends.String() != "2023-06-01" {
			t.Errorf("%s from %s to %s, %v", id, earned, ends, err)
		}
		proof := certificate.Proof{Issuer: c.Issuer, Credential: c.ID, SHA256: kizuna.HashOf([]byte(b.Signed.JWT)), Verified: l.now}
		must(l.Invite(ctx, l.as("partner:G2/admin"), record.Invitation{MCID: "M9", Location: "L3"}))(l)
		must(l.Profile(ctx, l.as("person:M9"), profile.Link, "M9", "L3"))(l)
		must(l.Certificate(ctx, l.as("person:M9"), certificate.Claim, "M9", "AZ-104", earned, ends))(l)
		_, err = l.ProveCertificate(ctx, l.as("person:M1"), record.Proven{MCID: "M9", Certificate: id, Earned: earned, Ends: ends, Proof: proof})
		l.refuses("certificate-not-yours", err)
		_, err = l.ProveCertificate(ctx, l.as("person:M9"), record.Proven{MCID: "M9", Certificate: id, Earned: earned, Ends: ends})
		l.refuses("certificate-unproved", err)
		facts, persons, _ := l.Facts(ctx, store.View{Scope: store.Everything})
		if got := counted(t, &facts, &persons, "2023-01-02"); strings.Contains(got, "G2") {
			t.Errorf("a claim counts: %s", got)
		}
		o := must(l.ProveCertificate(ctx, l.as("person:M9"), record.Proven{MCID: "M9", Certificate: id, Earned: earned, Ends: ends, Proof: proof}))(l)
		if types(o.Events) != "certificate.proved" || o.Value.State != certificate.Held || o.Value.Terms[0].Proof.Issuer != badgetest.Issuer.ID {
			t.Errorf("%+v", o)
		}
		facts, persons, _ = l.Facts(ctx, store.View{Scope: store.Everything})
		if got := counted(t, &facts, &persons, "2023-01-02"); !strings.Contains(got, "G2") {
			t.Errorf("what is proved does not count: %s", got)
		}
		// What the vendor takes away loses its badge.
		must(l.Certificate(ctx, l.as("vendor:learn"), certificate.Revoke, "M1", "AZ-104", 0, nil))(l)
		if v := l.review(did.Ring{}); len(v.Revoked) != 1 {
			t.Errorf("%+v", v)
		}
	})
}

// A badge follows the membership: from a day after enrolling to the anniversary, none in
// the renewal window, a new one after renewing, and it goes with a refund.
func TestABadgeFollowsTheMembership(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, w := t.Context(), badgetest.New(t)
		key := w.Ring.Keys[0].Public
		issue := func(when string) (*badge.Badge, error) {
			t.Helper()
			l.on(when)
			f := record.BadgeForm{ID: form(t).ID, Company: "L1", Designation: "data-ai"}
			o, err := l.IssueBadge(ctx, l.as("partner:L1/u"), w.Signer, key, f)
			if err != nil {
				return nil, err
			}
			return &o.Value, nil
		}
		qualifies := func(on string) {
			t.Helper()
			found := []membership.Finding{{Area: "data-ai", On: *day(t, on), Total: kizuna.Int(74), Qualified: true, Program: "mcpp@2023-10"}}
			must(l.Qualify(ctx, l.as("operator:op"), "G1", found))(l)
		}
		l.companies()
		_, err := issue("2023-10-19")
		l.refuses("badge-not-held", err)
		l.on("2023-10-20T09:00:00Z")
		qualifies("2023-10-05")
		must(l.Enroll(ctx, l.as("partner:G1/admin"), "G1", record.Payment{}))(l)
		_, err = issue("2023-10-21T08:59:59Z")
		l.refuses("badge-too-early", err)
		first := must(issue("2023-10-21T09:00:00Z"))(l)
		if first.During.To != instant(t, "2024-10-20") {
			t.Errorf("until %s", first.During.To)
		}
		l.on("2024-08-01")
		qualifies("2024-07-05")
		must(issue("2024-10-19T23:59:59Z"))(l)
		_, err = issue("2024-10-20")
		l.refuses("badge-closed", err)
		l.on("2024-10-25T09:00:00Z")
		l.ring()
		must(l.Renew(ctx, l.as("partner:G1/admin"), "G1", record.Payment{}))(l)
		_, err = issue("2024-10-26T08:00:00Z")
		l.refuses("badge-too-early", err)
		renewed := must(issue("2024-10-26T09:00:00Z"))(l)
		if renewed.During.To != instant(t, "2025-10-26") {
			t.Errorf("until %s", renewed.During.To)
		}
		if v := l.review(w.Ring); v.Looked != 1 || v.Revoked != nil {
			t.Errorf("%+v", v)
		}
		l.on("2024-11-01")
		must(l.RefundFee(ctx, l.as("operator:op"), "G1", false))(l)
		if v := l.review(w.Ring); len(v.Revoked) != 1 || v.Revoked[0] != renewed.ID {
			t.Errorf("%+v", v)
		}
		list := must(l.StatusList(ctx, 1))(l)
		for entry := range 4 { // three that were issued, and nobody yet
			if out, err := list.Get(statuslist.Place(entry)); err != nil || out != (entry < 3) {
				t.Errorf("%d is out: %v, %v", entry, out, err)
			}
		}
	})
}

// A specialization that the record tells of is shown on the badge that it is aligned
// with, by its id or its name.
func TestABadgeShowsActiveSpecializations(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		const id = "modernize-endpoints"
		ctx, w := t.Context(), badgetest.New(t)
		l.companies()
		l.on("2024-01-10")
		l.enrolledIn("G1", "modern-work")
		issue := func() (*record.Outcome[badge.Badge], error) {
			f := record.BadgeForm{ID: form(t).ID, Company: "G1", Designation: "modern-work", Specializations: []string{id}}
			return l.IssueBadge(ctx, l.as("partner:G1/u"), w.Signer, w.Ring.Keys[0].Public, f)
		}
		l.on("2024-02-01")
		_, err := issue()
		l.refuses("badge-specialization", err)
		met := specialization.Finding{Unknown: []program.Aspect{program.OfPerformance}, Attested: []program.Aspect{program.OfPerformance}}
		must(l.pursue("operator:ops", id, specialization.Step{Action: specialization.Find, Finding: met}))(l)
		for _, n := range []string{"1", "2", "3"} {
			asked := specialization.Step{Action: specialization.RequestReference, ID: "R" + n, Tenant: "T" + n, Engagement: "move", Finished: *day(t, "2023-12-01")}
			must(l.pursue("partner:G1/admin", id, asked))(l)
			must(l.pursue("customer:T"+n+"/u", id, specialization.Step{Action: specialization.ConfirmReference, ID: "R" + n}))(l)
		}
		b := must(issue())(l).Value
		if len(b.Specializations) != 1 || b.Specializations[0] == id {
			t.Errorf("it shows %q", b.Specializations)
		}
		letter := must(l.BadgeLetter(ctx, l.view("partner:G1/u"), l.as("partner:G1/u").Actor, "1", "G1", nil, nil))(l)
		if len(letter.Lines) != 2 || letter.Lines[1].Specialization != b.Specializations[0] || letter.Name != "Company G1" {
			t.Errorf("%+v", letter)
		}
	})
}
