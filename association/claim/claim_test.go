package claim_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/program"
)

// rulesOf returns the rules of a built-in program, counted by a region's calendar.
func rulesOf(t testing.TB, ref, region string) claim.Rules {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, ref)
	if err != nil {
		t.Fatal(err)
	}
	other := *p.Claims
	other.Region = region
	rules, err := claim.RulesOf(&program.Program{Claims: &other})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func at(t testing.TB, s string) kizuna.Instant {
	t.Helper()
	i, err := kizuna.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

const hour kizuna.Instant = 60 * 60

var onSubscription = claim.Details{
	Location: "L1", Tenant: "T1", Subscription: "S1", Workload: "Finance",
	Role: association.UsageRole, Area: claim.Business,
	Contacts: []claim.Contact{{Of: "customer", Ref: "p1"}},
}

var onWorkload = claim.Details{
	Location: "L1", Tenant: "T1", Workload: "Teams", Role: association.UsageRole, Area: claim.ModernWork,
}

func hash(n byte) string {
	return strings.Repeat("0", 62) + string([]byte{"0123456789abcdef"[n>>4], "0123456789abcdef"[n&15]})
}

func statement(t interface{ Fatal(...any) }, n byte, signed string) *claim.Evidence {
	day, err := kizuna.ParseDate(signed)
	if err != nil {
		t.Fatal(err)
	}
	return &claim.Evidence{
		Hash: hash(n), Size: 1000, MediaType: "application/pdf", SignedOn: day,
		Shows: []string{"partner", "customer", "acknowledgement", "description", "workloads"},
	}
}

// story plays steps against a claim, one after another.
type story struct {
	testing.TB
	rules  claim.Rules
	claim  claim.Claim
	events []lifecycle.Event
}

func begin(t testing.TB, rules claim.Rules, id string) *story {
	return &story{TB: t, rules: rules, claim: claim.Claim{ID: id}}
}

// try applies a step; a refusal leaves the claim as it was.
func (s *story) try(as, when string, step claim.Step) error {
	s.Helper()
	actor, err := lifecycle.ParseActor(as)
	if err != nil {
		s.Fatal(err)
	}
	step.Actor, step.At = actor, at(s, when)
	before, _ := json.Marshal(s.claim)
	after, events, err := claim.Apply(s.claim, step, s.rules)
	if now, _ := json.Marshal(s.claim); string(now) != string(before) {
		s.Errorf("%s changed the claim that it was given", step.Action)
	}
	s.claim, s.events = after, append(s.events, events...)
	return err
}

func (s *story) do(as, when string, step claim.Step, state lifecycle.State) {
	s.Helper()
	if err := s.try(as, when, step); err != nil {
		s.Fatalf("%s %s: %v", when, step.Action, err)
	}
	if s.claim.State != state {
		s.Fatalf("%s %s: %s, want %s", when, step.Action, s.claim.State, state)
	}
}

func (s *story) refused(as, when string, step claim.Step, code string) {
	s.Helper()
	if err := s.try(as, when, step); kizuna.CodeOf(err) != code {
		s.Errorf("%s %s: %v, want %s", when, step.Action, err, code)
	}
}

func (s *story) settle(when string, state lifecycle.State) {
	s.Helper()
	after, events, err := claim.Settle(s.claim, at(s, when), s.rules)
	if err != nil {
		s.Fatal(err)
	}
	s.claim, s.events = after, append(s.events, events...)
	if s.claim.State != state {
		s.Fatalf("settled at %s: %s, want %s", when, s.claim.State, state)
	}
}

// told lists the events since it was last asked.
func (s *story) told() string {
	var types []string
	for _, e := range s.events {
		types = append(types, strings.TrimPrefix(e.Type, "claim."))
	}
	s.events = nil
	return strings.Join(types, " ")
}

func do(a lifecycle.Action) claim.Step { return claim.Step{Action: a} }

func because(a lifecycle.Action, r claim.Reason) claim.Step {
	return claim.Step{Action: a, Reasons: []claim.Reason{r}}
}

// submitted brings a claim to its submission on a day.
func (s *story) submitted(d claim.Details, day string) {
	s.Helper()
	partner := "partner:" + d.Location
	s.do(partner, day, claim.Step{Action: claim.Create, Details: &d}, claim.Draft)
	s.do(partner, day, claim.Step{Action: claim.AddEvidence, Evidence: statement(s, 1, "2023-06-01")}, claim.Draft)
	s.do(partner, day, do(claim.Submit), claim.Submitted)
}

// reach brings a claim to a state; a star marks the other way into it.
func reach(t testing.TB, rules claim.Rules, state string) *story {
	t.Helper()
	s := begin(t, rules, "c1")
	if state == "new" {
		return s
	}
	if state == "draft" {
		s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.Create, Details: &onSubscription}, claim.Draft)
		s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.AddEvidence, Evidence: statement(t, 1, "2023-06-01")}, claim.Draft)
		return s
	}
	s.submitted(onSubscription, "2023-10-02")
	review := func() { s.do("reviewer", "2023-10-02", do(claim.StartReview), claim.UnderReview) }
	dispute := func() {
		s.do("reviewer", "2023-10-02", because(claim.Reject, claim.InsufficientEvidence), claim.Rejected)
		s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.Dispute, Comment: "t1"}, claim.Disputed)
	}
	switch state {
	case "submitted":
	case "under-review":
		review()
	case "action-required":
		review()
		s.do("reviewer", "2023-10-02", because(claim.Ask, claim.DatesMissing), claim.ActionRequired)
	case "action-required*":
		review()
		dispute()
		s.do("reviewer", "2023-10-02", because(claim.Ask, claim.DatesMissing), claim.ActionRequired)
	case "approved":
		review()
		s.do("reviewer", "2023-10-02", do(claim.Approve), claim.Approved)
	case "rejected":
		review()
		s.do("reviewer", "2023-10-02", because(claim.Reject, claim.InsufficientEvidence), claim.Rejected)
	case "rejected*":
		review()
		dispute()
		s.do("reviewer", "2023-10-02", do(claim.Approve), claim.Approved)
		s.do("customer:T1", "2023-10-02", do(claim.Decline), claim.Rejected)
	case "disputed":
		review()
		dispute()
	case "arbitration":
		s.do("system", "2023-10-02", claim.Step{Action: claim.OpenArbitration, Rivals: []claim.Claim{holder()}}, claim.Arbitration)
	case "rejected-final":
		review()
		if !rules.FinalRejection { // no way leads there
			s.claim.State = claim.Final
			return s
		}
		s.do("reviewer", "2023-10-02", do(claim.Approve), claim.Approved)
		s.do("partner:L1", "2023-10-02", claim.Step{Action: claim.Disassociate, Comment: "t1"}, claim.Final)
	case "ended":
		s.do("reviewer", "2023-10-02", claim.Step{Action: claim.Lose, Rivals: []claim.Claim{holder()}}, claim.Ended)
	default:
		t.Fatalf("no way to %q", state)
	}
	return s
}

// holder is another partner's claim that is approved on the same subscription.
func holder() claim.Claim {
	d := onSubscription
	d.Location = "L2"
	return claim.Claim{ID: "c2", State: claim.Approved, Details: d}
}

func TestTheMachineIsSound(t *testing.T) { lifecycletest.Sound(t, claim.Machine()) }

func TestEveryStateActionAndRoleIsAllowedOrRefused(t *testing.T) {
	for file, ref := range map[string]string{"walk-2023": "mcpp@2023-10", "walk-2021": "mcpp@2022-10"} {
		rules := rulesOf(t, ref, "US")
		lifecycletest.Expect(t, claim.Machine(), "testdata/"+file+".txt",
			func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
				return walk(reach(t, rules, state.Name()), action, role)
			})
	}
}

// The other ways into two of the states.
func TestWhatADisputeLeavesBehind(t *testing.T) {
	for _, c := range []struct {
		program, in string
		action      lifecycle.Action
		role        lifecycle.Role
		want        string
	}{
		{"mcpp@2023-10", "action-required*", claim.Resubmit, lifecycle.Partner, "disputed"},
		{"mcpp@2022-10", "action-required*", claim.Resubmit, lifecycle.Partner, "disputed"},
		{"mcpp@2023-10", "action-required*", claim.ExpireAnswer, lifecycle.System, "rejected-final"},
		{"mcpp@2022-10", "action-required*", claim.ExpireAnswer, lifecycle.System, "rejected"},
		{"mcpp@2023-10", "rejected*", claim.Dispute, lifecycle.Partner, "claim-disputes"},
		{"mcpp@2022-10", "rejected*", claim.Dispute, lifecycle.Partner, "claim-disputes"},
		{"mcpp@2023-10", "rejected*", claim.ExpireDispute, lifecycle.System, "lifecycle-action"},
	} {
		state, err := walk(reach(t, rulesOf(t, c.program, "US"), c.in), c.action, c.role)
		if got := cmp.Or(kizuna.CodeOf(err), state.Name()); got != c.want {
			t.Errorf("%s, %s %s: %s, want %s", c.program, c.in, c.action, got, c.want)
		}
	}
}

// walk tries an action with everything that it needs.
func walk(s *story, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
	actor := lifecycle.Actor{Role: role, Company: "L1"}
	if role == lifecycle.Customer || role == lifecycle.Owner {
		actor.Company = "T1"
	}
	d := onSubscription
	step := claim.Step{
		Action: action, Actor: actor, At: s.claim.Changed + hour,
		Details: &d, Evidence: statement(s, 9, "2023-06-01"), Comment: "t9", Ends: s.claim.Changed + 1000*hour,
	}
	switch action {
	case claim.Ask:
		step.Reasons = claim.AskReasons()
	case claim.Reject:
		step.Reasons = claim.RejectReasons()
	case claim.OpenArbitration, claim.Lose:
		step.Rivals = []claim.Claim{holder()}
	case claim.ExpireSubscription:
		s.claim.SubscriptionEnds = step.At
	default:
		if s.claim.Deadline.Clock == action {
			step.At = s.claim.Deadline.Over()
		}
	}
	after, _, err := claim.Apply(s.claim, step, s.rules)
	return after.State, err
}

func TestDocumentsShowTheMachine(t *testing.T) {
	m := claim.Machine()
	drawn := *m // what leaves a state as it is stands in the table alone
	drawn.Table = slices.DeleteFunc(slices.Clone(m.Table), func(l lifecycle.Transition[claim.Case]) bool { return l.From == l.To })
	lifecycletest.Documented(t, m.Name, m.Markdown(), drawn.Mermaid(), "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestDocumentsShowTheFiguresOfTheRules(t *testing.T) {
	before, after := rulesOf(t, "mcpp@2022-10", "US").Figures(), rulesOf(t, "mcpp@2023-10", "US").Figures()
	values := make(map[string]string)
	for _, f := range before {
		values[f.Key] += f.Value + strings.Join(f.Names, ", ") + "; "
	}
	table := "\n| rule | mcpp@2022-10 | mcpp@2023-10 and later |\n|---|---|---|\n"
	done := make(map[string]bool)
	for _, f := range after {
		if done[f.Key] {
			continue
		}
		done[f.Key] = true
		var now []string
		for _, g := range after {
			if g.Key == f.Key {
				now = append(now, g.Value+strings.Join(g.Names, ", "))
			}
		}
		table += "| `" + f.Key + "` | " + strings.TrimSuffix(values[f.Key], "; ") + " | " + strings.Join(now, "; ") + " |\n"
	}
	lifecycletest.Between(t, "<!-- claims:figures -->\n", "<!-- /claims:figures -->", table, "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestClaimsSurviveJSON(t *testing.T) {
	rules := rulesOf(t, "mcpp@2023-10", "US")
	for _, state := range []string{"draft", "submitted", "under-review", "action-required*", "approved", "rejected*", "arbitration", "rejected-final", "ended"} {
		s := reach(t, rules, state)
		lifecycletest.CheckJSON(t, s.claim)
	}
}

func TestASubscriptionIsCheckedBeforeItIsClaimed(t *testing.T) {
	good := association.Subscription{ID: "s1", Tenant: "t1", Product: "Dynamics 365", Agreement: "EA", During: kizuna.Always}
	change := func(f func(*association.Subscription)) *association.Subscription { s := good; f(&s); return &s }
	for _, c := range []struct {
		subscription *association.Subscription
		code         string
	}{
		{&good, ""},
		{nil, "claim-subscription-unknown"},
		{change(func(s *association.Subscription) { s.ID = "S2" }), "claim-subscription-unknown"},
		{change(func(s *association.Subscription) { s.Tenant = "T2" }), "claim-subscription-tenant"},
		{change(func(s *association.Subscription) { s.Product = "Azure" }), "claim-subscription-product"},
		{change(func(s *association.Subscription) { s.Agreement = "CSP" }), "claim-subscription-csp"},
		{change(func(s *association.Subscription) { s.During.To = at(t, "2023-10-01") }), "claim-subscription-time"},
	} {
		if err := claim.CheckSubscription(&onSubscription, c.subscription, at(t, "2023-10-01")); kizuna.CodeOf(err) != c.code {
			t.Errorf("%+v: %v, want %s", c.subscription, err, c.code)
		}
	}
	if err := claim.CheckSubscription(&onWorkload, nil, 0); err != nil {
		t.Error(err)
	}
}

func TestKeysAreByWorkloadOrBySubscriptionAndRole(t *testing.T) {
	other := func(d claim.Details, f func(*claim.Details)) *claim.Claim {
		f(&d)
		return &claim.Claim{ID: "c2", Details: d}
	}
	sub, work := &claim.Claim{ID: "c1", Details: onSubscription}, &claim.Claim{ID: "c1", Details: onWorkload}
	for _, c := range []struct {
		name         string
		a, b         *claim.Claim
		role, overal bool
	}{
		{"the same subscription in another case", sub, other(onSubscription, func(d *claim.Details) { d.Subscription, d.Location = "s1", "L2" }), true, true},
		{"another role", sub, other(onSubscription, func(d *claim.Details) { d.Role = association.PresalesRole }), false, true},
		{"another product of it", sub, other(onSubscription, func(d *claim.Details) { d.Workload = "Sales" }), true, true},
		{"another subscription", sub, other(onSubscription, func(d *claim.Details) { d.Subscription = "S2" }), false, false},
		{"the same workload", work, other(onWorkload, func(d *claim.Details) { d.Tenant = "t1" }), true, true},
		{"another workload", work, other(onWorkload, func(d *claim.Details) { d.Workload = "Intune" }), false, false},
		{"another tenant", work, other(onWorkload, func(d *claim.Details) { d.Tenant = "T2" }), false, false},
		{"itself", work, work, false, false},
	} {
		if got := []bool{claim.Conflict(c.a, c.b, true), claim.Conflict(c.a, c.b, false)}; !slices.Equal(got, []bool{c.role, c.overal}) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
