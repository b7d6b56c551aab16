package claim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Partner Center docs, "Manage customer associations" (October 2023): the status
// table, and "Dispute a rejection of a CPOR association claim".
func TestACustomerDeclinesThePartnerDisputesOnceAndIsApproved(t *testing.T) {
	s := begin(t, rulesOf(t, "mcpp@2023-10", "US"), "c1")
	s.submitted(onWorkload, "2023-10-02T09:00:00Z")
	s.do("reviewer", "2023-10-04T09:00:00Z", do(claim.StartReview), claim.UnderReview)
	s.do("reviewer", "2023-10-06T09:00:00Z", because(claim.Ask, claim.DescriptionMissing), claim.ActionRequired)
	s.do("partner:L1", "2023-10-10T09:00:00Z", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 2, "2023-09-30")}, claim.ActionRequired)
	s.do("partner:L1", "2023-10-10T09:00:00Z", do(claim.Resubmit), claim.Submitted)
	s.do("reviewer", "2023-10-11T09:00:00Z", do(claim.StartReview), claim.UnderReview)
	s.do("reviewer", "2023-10-12T09:00:00Z", do(claim.Approve), claim.Approved)
	if got := s.told(); got != "created evidence-added submitted customer-notified review-started asked evidence-added resubmitted review-started approved" {
		t.Errorf("told %s", got)
	}
	s.do("customer:T1/u1", "2023-10-20T09:00:00Z", do(claim.Decline), claim.Rejected) // after the window: any time
	s.do("partner:L1", "2023-11-18T23:59:59Z", claim.Step{Action: claim.Dispute, Comment: "t1", Evidence: statement(t, 3, "2023-11-01")}, claim.Disputed)
	s.do("reviewer", "2023-11-21T09:00:00Z", do(claim.Approve), claim.Approved)
	s.do("owner:T1/u1", "2023-12-01T09:00:00Z", do(claim.Decline), claim.Rejected)
	s.refused("partner:L1", "2023-12-02", claim.Step{Action: claim.Dispute, Comment: "t1"}, "claim-disputes")
	if got := s.told(); got != "declined disputed evidence-added approved declined" {
		t.Errorf("told %s", got)
	}
	facts := s.claim.Facts()
	if len(facts) != 2 || facts[0] != (association.Claim{
		ID: "c1", Location: "L1", Tenant: "T1", Workload: "Teams", Role: association.UsageRole,
		During: kizuna.Interval{From: at(t, "2023-10-12T09:00:00Z"), To: at(t, "2023-10-20T09:00:00Z")},
	}) || facts[1].During != (kizuna.Interval{From: at(t, "2023-11-21T09:00:00Z"), To: at(t, "2023-12-01T09:00:00Z")}) {
		t.Errorf("facts %+v", facts)
	}
}

// The same page: "Disassociate with a customer".
func TestADisassociationSaysWhyAndIsFinal(t *testing.T) {
	s := reach(t, rulesOf(t, "mcpp@2023-10", "US"), "approved")
	s.refused("partner:L1", "2023-11-01", do(claim.Disassociate), "claim-why")
	s.do("partner:L1", "2023-11-01", claim.Step{Action: claim.Disassociate, Comment: "t1"}, claim.Final)
	if s.claim.Spells[0].Ended != claim.Disassociate || s.claim.Spells[0].During.To != at(t, "2023-11-01") {
		t.Errorf("spells %+v", s.claim.Spells)
	}
}

// Partner Center docs, "Manage incentives customer associations" (2021): seven
// days to opt out, edits while submitted, five business days to answer.
func TestTheRulesOf2021AreTheSameMachineWithOtherFigures(t *testing.T) {
	s := begin(t, rulesOf(t, "mcpp@2022-10", "US"), "c1")
	s.submitted(onWorkload, "2023-10-03")
	if s.claim.Notified != 0 {
		t.Error("the customer is told after the approval")
	}
	moved := onWorkload
	moved.Workload = "Intune"
	s.do("partner:L1", "2023-10-04", claim.Step{Action: claim.Edit, Details: &moved}, claim.Submitted)
	s.do("reviewer", "2023-10-05", do(claim.StartReview), claim.UnderReview)
	s.do("reviewer", "2023-10-06", do(claim.Approve), claim.Approved)
	if s.claim.Notified != at(t, "2023-10-06") || s.claim.Spells[0].Workload != "Intune" {
		t.Errorf("%+v", s.claim)
	}
	s.refused("customer:T1", "2023-10-14", do(claim.Decline), "claim-decline-over")
	s.do("customer:T1", "2023-10-13T23:00:00Z", do(claim.Decline), claim.Rejected)
	s.do("partner:L1", "2023-10-20", claim.Step{Action: claim.Dispute, Comment: "t1"}, claim.Disputed)
	s.do("reviewer", "2023-10-21", because(claim.Reject, claim.ConsentMissing), claim.Rejected)
	s.refused("partner:L1", "2023-10-22", claim.Step{Action: claim.Dispute, Comment: "t1"}, "claim-disputes")
}

// "Incentives customer association issues": "Competing claims". Who came first is
// approved; who came later is weighed against it, and the more recent evidence wins.
func TestCompetingClaimsGoToArbitration(t *testing.T) {
	rules := rulesOf(t, "mcpp@2023-10", "US")
	first, second := begin(t, rules, "c1"), begin(t, rules, "c2")
	other := onSubscription
	other.Location = "L2"
	first.submitted(onSubscription, "2023-10-02T09:00:00Z")
	second.submitted(other, "2023-10-02T09:00:01Z")
	first.do("reviewer", "2023-10-03", do(claim.StartReview), claim.UnderReview)
	second.do("reviewer", "2023-10-03", do(claim.StartReview), claim.UnderReview)
	against := func(a claim.Step, rivals ...claim.Claim) claim.Step { a.Rivals = rivals; return a }

	second.refused("reviewer", "2023-10-04", against(do(claim.Approve), first.claim), "claim-contested")
	first.do("reviewer", "2023-10-04", against(do(claim.Approve), second.claim), claim.Approved)
	second.refused("reviewer", "2023-10-05", against(do(claim.Approve), first.claim), "claim-contested")
	second.refused("reviewer", "2023-10-05", do(claim.OpenArbitration), "claim-uncontested")
	second.do("reviewer", "2023-10-05", against(do(claim.OpenArbitration), first.claim), claim.Arbitration)
	if !slices.Equal(second.claim.Against, []string{"c1"}) {
		t.Errorf("against %v", second.claim.Against)
	}
	second.refused("reviewer", "2023-10-06", against(do(claim.Win), first.claim), "claim-contested")
	first.do("partner:L1", "2023-10-06", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 4, "2023-10-05")}, claim.Approved)
	second.do("partner:L2", "2023-10-06", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 5, "2023-10-06")}, claim.Arbitration)

	decision := claim.Step{Actor: reviewer, At: at(t, "2023-10-10T12:00:00Z"), Rivals: []claim.Claim{first.claim}}
	won, lost, events, err := claim.Arbitrate(second.claim, []claim.Claim{first.claim}, decision, rules)
	if err != nil {
		t.Fatal(err)
	}
	if won.State != claim.Approved || lost[0].State != claim.Ended || lost[0].Spells[0].Ended != claim.Lose ||
		lost[0].Spells[0].During.To != won.Spells[0].During.From || won.Spells[0].During.From != decision.At {
		t.Errorf("%+v\n%+v", won, lost)
	}
	if len(events) != 3 || events[0].Type != "claim.lost" || events[1].Type != "claim.won" {
		t.Errorf("events %+v", events)
	}

	// The holder may win as well, and goes on as before.
	won, lost, _, err = claim.Arbitrate(first.claim, []claim.Claim{second.claim}, decision, rules)
	if err != nil || won.State != claim.Approved || len(won.Spells) != 1 || lost[0].State != claim.Ended || len(lost[0].Spells) != 0 {
		t.Errorf("%+v\n%+v\n%v", won, lost, err)
	}

	// A third that is approved stands in the way: nothing happens at all.
	third := holder()
	third.ID = "c3"
	decision.Rivals = append(decision.Rivals, third)
	if won, lost, _, err = claim.Arbitrate(second.claim, []claim.Claim{first.claim}, decision, rules); kizuna.CodeOf(err) != "claim-contested" ||
		won.State != claim.Arbitration || lost[0].State != claim.Approved {
		t.Errorf("%v, %v, %v", won.State, lost[0].State, err)
	}
	third.Subscription = "S9"
	if _, _, _, err = claim.Arbitrate(second.claim, []claim.Claim{third}, decision, rules); kizuna.CodeOf(err) != "claim-no-conflict" {
		t.Errorf("got %v", err)
	}
}

func TestWhoMustBeArbitrated(t *testing.T) {
	claims := func(states ...string) []claim.Claim {
		var out []claim.Claim
		for i, s := range states {
			state, when, _ := strings.Cut(s, " ")
			out = append(out, claim.Claim{
				ID: fmt.Sprint("c", i+2), State: lifecycle.State(state), Details: onWorkload, Submitted: at(t, when),
			})
		}
		return out
	}
	mine := claim.Claim{ID: "c1", State: claim.UnderReview, Details: onWorkload, Submitted: at(t, "2023-10-05")}
	got := claim.MustArbitrate(&mine, claims(
		"approved 2023-10-09", "under-review 2023-10-01", "under-review 2023-10-05", "disputed 2023-10-06",
		"rejected 2023-10-01", "ended 2023-10-01", "draft 2023-10-01", "arbitration 2023-10-01",
	), true)
	if fmt.Sprint(got) != "[c2 c3 c9]" {
		t.Errorf("got %v", got)
	}
}

// "Missing or old dates", and the elements of a proof of execution.
func TestEvidenceIsCheckedFileByFileAndAltogether(t *testing.T) {
	rules := rulesOf(t, "mcpp@2023-10", "US")
	s := begin(t, rules, "c1")
	s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.Create, Details: &onWorkload}, claim.Draft)
	file := func(f func(*claim.Evidence)) claim.Step {
		e := statement(t, 7, "2022-10-01")
		f(e)
		return claim.Step{Action: claim.AddEvidence, Evidence: e}
	}
	s.refused("partner:L1", "2023-10-02", do(claim.AddEvidence), "claim-no-evidence")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.Hash = "abc" }), "claim-evidence-hash")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.Size = 0 }), "claim-evidence-hash")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.Size = 10<<20 + 1 }), "claim-evidence-size")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.MediaType = "text/html" }), "claim-evidence-type")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.Shows = []string{"costumer"} }), "claim-evidence-shows")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.SignedOn = at(t, "2023-10-04").Date() }), "claim-evidence-future")
	s.refused("partner:L1", "2023-10-02", do(claim.Submit), "claim-evidence-incomplete")

	s.do("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.Size = 10 << 20; e.SignedOn = 0 }), claim.Draft)
	s.refused("partner:L1", "2023-10-02", do(claim.Submit), "claim-evidence-undated")
	s.refused("partner:L1", "2023-10-02", file(func(e *claim.Evidence) { e.Hash = strings.ToUpper(e.Hash) }), "claim-evidence-twice")
	s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 8, "2022-10-01")}, claim.Draft)
	s.refused("partner:L1", "2023-10-02", do(claim.Submit), "claim-evidence-old")
	s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 9, "2022-10-02")}, claim.Draft)
	s.do("partner:L1", "2023-10-02", do(claim.Submit), claim.Submitted)
}

func TestASignatureIsOldByTheDayOfTheFirstSubmission(t *testing.T) {
	s := begin(t, rulesOf(t, "mcpp@2023-10", "US"), "c1")
	s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.Create, Details: &onWorkload}, claim.Draft)
	s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 1, "2022-10-02")}, claim.Draft)
	s.do("partner:L1", "2023-10-02", do(claim.Submit), claim.Submitted)
	s.do("reviewer", "2023-10-03", do(claim.StartReview), claim.UnderReview)
	s.do("reviewer", "2023-10-04", because(claim.Ask, claim.ProductMissing), claim.ActionRequired)
	s.do("partner:L1", "2023-10-09", do(claim.Resubmit), claim.Submitted)
}

func TestGuardsSayWhatIsWrong(t *testing.T) {
	rules := rulesOf(t, "mcpp@2023-10", "US")
	changed := func(d claim.Details, f func(*claim.Details)) *claim.Details { f(&d); return &d }
	for _, c := range []struct {
		in, as string
		step   claim.Step
		code   string
	}{
		{"new", "partner:L2", claim.Step{Action: claim.Create, Details: &onWorkload}, "claim-actor"},
		{"new", "partner:L1", claim.Step{Action: claim.Create}, "claim-details"},
		{"new", "partner:L1", claim.Step{Action: claim.Create, Details: &claim.Details{Location: "L1", Area: claim.Business}}, "claim-details"},
		{"new", "partner:L1", claim.Step{Action: claim.Create, Details: changed(onWorkload, func(d *claim.Details) { d.Role = association.PresalesRole })}, "claim-kind"},
		{"new", "partner:L1", claim.Step{Action: claim.Create, Details: changed(onSubscription, func(d *claim.Details) { d.Role = "boss" })}, "claim-kind"},
		{"draft", "partner:L2", do(claim.Submit), "claim-actor"},
		{"draft", "partner:L1", claim.Step{Action: claim.Edit}, "claim-details"},
		{"action-required", "partner:L1", claim.Step{Action: claim.Edit, Details: changed(onSubscription, func(d *claim.Details) { d.Tenant = "T2" })}, "claim-fixed"},
		{"action-required", "partner:L1", claim.Step{Action: claim.Edit, Details: changed(onSubscription, func(d *claim.Details) { d.Location = "L3" })}, ""},
		{"under-review", "reviewer", do(claim.Ask), "claim-reasons"},
		{"under-review", "reviewer", because(claim.Ask, claim.CustomerDeclined), "claim-reasons"},
		{"under-review", "reviewer", because(claim.Reject, "bad mood"), "claim-reasons"},
		{"under-review", "reviewer", claim.Step{Action: claim.Reject, Reasons: []claim.Reason{claim.NoAnswer, claim.NoAnswer}}, "claim-reasons"},
		{"approved", "customer:T2", do(claim.Decline), "claim-actor"},
		{"rejected", "partner:L1", do(claim.Dispute), "claim-dispute-empty"},
		{"approved", "system", do(claim.ExpireDecline), "claim-not-due"},
		{"approved", "reviewer", do(claim.Lose), "claim-uncontested"},
	} {
		s := reach(t, rules, c.in)
		if err := s.try(c.as, "2023-10-03", c.step); kizuna.CodeOf(err) != c.code {
			t.Errorf("%s by %s in %s: %v, want %s", c.step.Action, c.as, c.in, err, c.code)
		}
	}
	s := reach(t, rules, "approved")
	s.refused("customer:T1", "2023-10-01", do(claim.Decline), "step-before-last")
	w := begin(t, rules, "c1")
	w.submitted(onWorkload, "2023-10-02")
	w.refused("vendor", "2023-10-03", claim.Step{Action: claim.DateSubscription, Ends: at(t, "2023-12-31")}, "claim-no-subscription")
}

func TestLimitsPassOverTheHolidaysOfTheRegion(t *testing.T) {
	for _, c := range []struct{ program, region, asked, last string }{
		{"mcpp@2022-10", "JP", "2024-04-26", "2024-05-08"}, // five business days around Golden Week
		{"mcpp@2022-10", "US", "2024-04-26", "2024-05-03"},
		{"mcpp@2023-10", "JP", "2024-04-26", "2024-05-21"},
		{"mcpp@2023-10", "US", "2023-11-17", "2023-12-08"}, // fourteen around Thanksgiving
		{"mcpp@2022-10", "US", "2023-11-20", "2023-11-28"},
		{"mcpp@2022-10", "JP", "2024-12-27", "2025-01-06"}, // only 1 January is a holiday by law
	} {
		s := reach(t, rulesOf(t, c.program, c.region), "under-review")
		s.do("reviewer", c.asked, because(claim.Ask, claim.DatesMissing), claim.ActionRequired)
		over, action, ok := s.claim.Due()
		if s.claim.Deadline.Last.String() != c.last || !ok || action != claim.ExpireAnswer || over != at(t, c.last).Date().AddDays(1).Instant() {
			t.Errorf("%s, %s: %s, due %s; want %s", c.program, c.region, s.claim.Deadline.Last, over, c.last)
		}
		late := *s
		s.do("partner:L1", c.last+"T23:59:59Z", do(claim.Resubmit), claim.Submitted)
		late.refused("partner:L1", over.String(), do(claim.Resubmit), "claim-overdue")
	}
	s := reach(t, rulesOf(t, "mcpp@2023-10", "JP"), "under-review")
	s.refused("reviewer", "2030-12-27", because(claim.Ask, claim.DatesMissing), "calendar-range")
	if s.claim.State != claim.UnderReview {
		t.Error("half of the step happened")
	}
}

// The clock stood still from October to March; what it then does is dated as if it
// had not.
func TestWhatTheClockDoesLateIsDatedWhenItWasDue(t *testing.T) {
	s := reach(t, rulesOf(t, "mcpp@2023-10", "US"), "action-required")
	s.told()
	s.settle("2024-03-01T12:34:56Z", claim.Rejected)
	if len(s.events) != 2 || s.events[0].Detail["at"] != "2023-10-24" || s.events[1].Detail["at"] != "2023-11-24" {
		t.Errorf("events %+v", s.events)
	}
	if got := s.told(); got != "answer-overdue dispute-over" {
		t.Errorf("told %s", got)
	}
	if s.claim.Changed != at(t, "2023-11-24") || !slices.Equal(s.claim.Rejected, []claim.Reason{claim.NoAnswer}) {
		t.Errorf("%+v", s.claim)
	}
	s.settle("2024-03-01T12:34:56Z", claim.Rejected) // twice does nothing
	if got := s.told(); got != "" {
		t.Errorf("told again: %s", got)
	}
	s.refused("system", "2024-03-02", do(claim.ExpireDispute), "lifecycle-action")
	s.refused("partner:L1", "2024-03-02", claim.Step{Action: claim.Dispute, Comment: "t1"}, "claim-dispute-over")
}

func TestALateReviewIsOnlyANotice(t *testing.T) {
	s := reach(t, rulesOf(t, "mcpp@2023-10", "US"), "under-review")
	s.told()
	s.settle("2023-10-23T23:59:59Z", claim.UnderReview)
	if got := s.told(); got != "" || s.claim.Deadline.Last.String() != "2023-10-23" {
		t.Errorf("told %q on its last day, %s", got, s.claim.Deadline.Last)
	}
	s.settle("2023-11-30", claim.UnderReview)
	if got := s.told(); got != "review-overdue" {
		t.Errorf("told %q", got)
	}
	if _, _, ok := s.claim.Due(); ok {
		t.Error("there is still something due")
	}
	s.do("reviewer", "2023-12-01", do(claim.Approve), claim.Approved)
}

// Partner Center docs, "Create a customer association": associations of Dynamics
// 365 hold until their subscription expires; the renewal has an id of its own.
func TestAClaimEndsWithItsSubscriptionEvenIfThatIsLearnedLate(t *testing.T) {
	ends := func(s string) claim.Step { return claim.Step{Action: claim.DateSubscription, Ends: at(t, s)} }
	s := reach(t, rulesOf(t, "mcpp@2023-10", "US"), "approved")
	s.do("vendor", "2023-10-03", ends("2024-06-30"), claim.Approved)
	s.do("partner:L1", "2024-06-29", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 5, "2024-06-01")}, claim.Approved)
	s.refused("customer:T1", "2024-06-30", do(claim.Decline), "claim-overdue")
	s.do("vendor", "2024-07-02", ends("2024-06-15"), claim.Approved) // corrected, and earlier than what was done since
	s.settle("2024-07-03", claim.Ended)
	if spell := s.claim.Spells[0]; spell.During.To != at(t, "2024-06-15") || spell.Ended != claim.ExpireSubscription {
		t.Errorf("%+v", spell)
	}
	if s.claim.Changed != at(t, "2024-07-02") {
		t.Errorf("changed %s", s.claim.Changed)
	}
	s.refused("system", "2024-07-04", do(claim.ExpireSubscription), "lifecycle-action")

	s = reach(t, rulesOf(t, "mcpp@2023-10", "US"), "approved")
	s.do("vendor", "2023-10-03", ends("2023-09-01"), claim.Approved) // before it was ever approved
	s.settle("2023-10-03", claim.Ended)
	if len(s.claim.Facts()) != 0 || len(s.claim.Spells) != 1 {
		t.Errorf("%+v", s.claim.Spells)
	}
}

var reviewer = lifecycle.Actor{Role: lifecycle.Reviewer, ID: "r1"}
