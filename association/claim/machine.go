package claim

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// The states.
const (
	Draft          lifecycle.State = "draft"
	Submitted      lifecycle.State = "submitted"
	UnderReview    lifecycle.State = "under-review"
	ActionRequired lifecycle.State = "action-required" // of the partner
	Approved       lifecycle.State = "approved"
	Rejected       lifecycle.State = "rejected"
	Disputed       lifecycle.State = "disputed"
	Arbitration    lifecycle.State = "arbitration" // another partner claims the same
	Final          lifecycle.State = "rejected-final"
	Ended          lifecycle.State = "ended" // the subscription is over, or an arbitration was lost
)

// The actions. Those named expire- are the clock's.
const (
	Create           lifecycle.Action = "create"
	Edit             lifecycle.Action = "edit"
	AddEvidence      lifecycle.Action = "add-evidence"
	Submit           lifecycle.Action = "submit"
	StartReview      lifecycle.Action = "start-review"
	Ask              lifecycle.Action = "ask"
	Resubmit         lifecycle.Action = "resubmit"
	Approve          lifecycle.Action = "approve"
	Reject           lifecycle.Action = "reject"
	Dispute          lifecycle.Action = "dispute"
	Decline          lifecycle.Action = "decline"
	Disassociate     lifecycle.Action = "disassociate"
	OpenArbitration  lifecycle.Action = "open-arbitration"
	Win              lifecycle.Action = "win"
	Lose             lifecycle.Action = "lose"
	DateSubscription lifecycle.Action = "date-subscription" // say when the subscription ends

	ExpireReview       lifecycle.Action = "expire-review"  // the reviewer is late: a notice
	ExpireAnswer       lifecycle.Action = "expire-answer"  // the partner is late
	ExpireDecline      lifecycle.Action = "expire-decline" // the customer has consented by silence: a notice
	ExpireDispute      lifecycle.Action = "expire-dispute" // the rejection stands: a notice
	ExpireSubscription lifecycle.Action = "expire-subscription"
)

// Case is what the machine looks at.
type Case struct {
	Claim *Claim
	Step  *Step
	Rules Rules
}

// Machine returns the table of a claim's life.
func Machine() *lifecycle.Machine[Case] { return machine }

var machine = &lifecycle.Machine[Case]{
	Name:   "claim",
	States: []lifecycle.State{lifecycle.None, Draft, Submitted, UnderReview, ActionRequired, Approved, Rejected, Disputed, Arbitration, Final, Ended},
	Table: slices.Concat([]line{
		partner(lifecycle.None, Create, Draft, complete),

		partner(Draft, Edit, Draft, complete),
		partner(Draft, AddEvidence, Draft, file),
		partner(Draft, Submit, Submitted, evidence),

		partner(Submitted, Edit, Submitted, editable, complete, fixed),
		partner(Submitted, AddEvidence, Submitted, editable, file),
		by(reviewer, Submitted, StartReview, UnderReview),
		by(arbiters, Submitted, OpenArbitration, Arbitration, rivals),
		clock(Submitted, ExpireReview, Submitted),

		by(reviewer, UnderReview, Ask, ActionRequired, askReasons),
		by(reviewer, UnderReview, Approve, Approved, uncontested),
		by(reviewer, UnderReview, Reject, Rejected, rejectReasons),
		by(arbiters, UnderReview, OpenArbitration, Arbitration, rivals),
		clock(UnderReview, ExpireReview, UnderReview),

		partner(ActionRequired, Edit, ActionRequired, editable, complete, fixed),
		partner(ActionRequired, AddEvidence, ActionRequired, file),
		when(inDispute, partner(ActionRequired, Resubmit, Disputed, evidence)),
		partner(ActionRequired, Resubmit, Submitted, evidence),
		when(lastWord, clock(ActionRequired, ExpireAnswer, Final)),
		clock(ActionRequired, ExpireAnswer, Rejected),

		partner(Approved, AddEvidence, Approved, file),
		by(customer, Approved, Decline, Rejected, ownTenant, declinable),
		when(finality, partner(Approved, Disassociate, Final, why)),
		partner(Approved, Disassociate, Rejected, why),
		by(reviewer, Approved, Win, Approved, uncontested),
		clock(Approved, ExpireDecline, Approved),

		partner(Rejected, Dispute, Disputed, disputesLeft, disputeInTime, disputeSays),
		clock(Rejected, ExpireDispute, Rejected),

		by(reviewer, Disputed, Ask, ActionRequired, askReasons),
		by(reviewer, Disputed, Approve, Approved, uncontested),
		when(finality, by(reviewer, Disputed, Reject, Final, rejectReasons)),
		by(reviewer, Disputed, Reject, Rejected, rejectReasons),
		by(arbiters, Disputed, OpenArbitration, Arbitration, rivals),
		clock(Disputed, ExpireReview, Disputed),

		partner(Arbitration, AddEvidence, Arbitration, file),
		by(reviewer, Arbitration, Ask, Arbitration, askReasons),
		by(reviewer, Arbitration, Win, Approved, uncontested),
	}, everywhere(
		func(s lifecycle.State) line { return by(reviewer, s, Lose, Ended, rivals) },
		Submitted, UnderReview, ActionRequired, Approved, Disputed, Arbitration,
	), everywhere(
		func(s lifecycle.State) line { return by(registrars, s, DateSubscription, s, subscribed) },
		Draft, Submitted, UnderReview, ActionRequired, Approved, Rejected, Disputed, Arbitration,
	), everywhere(
		func(s lifecycle.State) line { return clock(s, ExpireSubscription, Ended) },
		Draft, Submitted, UnderReview, ActionRequired, Approved, Rejected, Disputed, Arbitration,
	)),
}

type (
	line  = lifecycle.Transition[Case]
	guard = lifecycle.Guard[Case]
)

// Who acts.
var (
	reviewer   = []lifecycle.Role{lifecycle.Reviewer}
	customer   = []lifecycle.Role{lifecycle.Customer, lifecycle.Owner}
	arbiters   = []lifecycle.Role{lifecycle.Reviewer, lifecycle.System}
	registrars = []lifecycle.Role{lifecycle.Vendor, lifecycle.Operator}
)

func by(who []lifecycle.Role, from lifecycle.State, action lifecycle.Action, to lifecycle.State, guards ...guard) line {
	return line{From: from, Action: action, By: who, To: to, Guards: guards}
}

func partner(from lifecycle.State, action lifecycle.Action, to lifecycle.State, guards ...guard) line {
	return by([]lifecycle.Role{lifecycle.Partner}, from, action, to, append([]guard{ownLocation}, guards...)...)
}

// clock is a line that time takes, once.
func clock(from lifecycle.State, action lifecycle.Action, to lifecycle.State) line {
	return when(running, by([]lifecycle.Role{lifecycle.System}, from, action, to, due))
}

// when adds a condition to a line.
func when(c lifecycle.Condition[Case], l line) line {
	if also := l.When; also.Holds == nil {
		l.When = c
	} else {
		l.When = condition(also.Name+", "+c.Name, func(x Case) bool { return also.Holds(x) && c.Holds(x) })
	}
	return l
}

func everywhere(of func(lifecycle.State) line, states ...lifecycle.State) []line {
	var out []line
	for _, s := range states {
		out = append(out, of(s))
	}
	return out
}

// The conditions.
var (
	inDispute = condition("a dispute is open", func(c Case) bool { return c.Claim.InDispute })
	finality  = condition("rejections are final", func(c Case) bool { return c.Rules.FinalRejection })
	lastWord  = condition("a dispute is open and rejections are final", func(c Case) bool { return c.Claim.InDispute && c.Rules.FinalRejection })
	running   = condition("its clock runs", func(c Case) bool {
		if c.Step.Action == ExpireSubscription {
			return c.Claim.SubscriptionEnds != 0
		}
		return c.Claim.Deadline.Clock == c.Step.Action && !c.Claim.Deadline.Passed
	})
)

func condition(name string, holds func(Case) bool) lifecycle.Condition[Case] {
	return lifecycle.Condition[Case]{Name: name, Holds: holds}
}

func must(name string, check func(Case) error) guard { return guard{Name: name, Check: check} }

// The guards.
var (
	ownLocation   = must("acts for the claim's location", checkLocation)
	ownTenant     = must("acts for the claim's tenant", checkTenant)
	complete      = must("names what is claimed, for whom, in which role", checkDetails)
	fixed         = must("keeps tenant, subscription, role and area", checkFixed)
	editable      = must("the program lets partners edit here", checkEditable)
	file          = must("the file is of an allowed kind and size, and new", checkFile)
	evidence      = must("the evidence shows everything, signed lately", checkEvidence)
	askReasons    = must("reasons to ask", func(c Case) error { return checkReasons(c, AskReasons()) })
	rejectReasons = must("reasons to reject", func(c Case) error { return checkReasons(c, RejectReasons()) })
	why           = must("says why", checkWhy)
	uncontested   = must("nobody else holds it or claimed it before", checkUncontested)
	rivals        = must("another partner holds or claims it", checkRivals)
	declinable    = must("within the window, or the program allows it later", checkDeclinable)
	disputesLeft  = must("disputes are left", checkDisputesLeft)
	disputeInTime = must("within the time for disputes", checkDisputeInTime)
	disputeSays   = must("brings a text or new evidence", checkDisputeSays)
	subscribed    = must("claims a subscription", checkSubscribed)
	due           = must("the time is over", checkDue)
)

func checkLocation(c Case) error {
	switch {
	case c.Step.Action != Create:
		return checkCompany(c, c.Claim.Location)
	case c.Step.Details == nil:
		return checkDetails(c)
	}
	return checkCompany(c, c.Step.Details.Location)
}

func checkTenant(c Case) error { return checkCompany(c, c.Claim.Tenant) }

func checkCompany(c Case, company string) error {
	if association.Fold(c.Step.Actor.Company) != association.Fold(company) {
		return kizuna.Errorf("claim-actor", "%s does not act for %s", c.Step.Actor, company).
			WithMend("act for %s", company)
	}
	return nil
}

func checkDetails(c Case) error {
	if c.Step.Details == nil {
		return (&Details{}).check()
	}
	return c.Step.Details.check()
}

func checkFixed(c Case) error {
	before, after := &c.Claim.Details, c.Step.Details
	if before.Tenant != after.Tenant || before.Subscription != after.Subscription || before.Role != after.Role || before.Area != after.Area {
		return kizuna.Errorf("claim-fixed", "tenant, subscription, role and area stay as they were submitted").
			WithMend("change location, workload or contacts; for anything else make a new claim")
	}
	return nil
}

func checkEditable(c Case) error {
	if !slices.Contains(c.Rules.EditIn, string(c.Claim.State)) {
		return kizuna.Errorf("claim-not-editable", "a claim that is %s cannot be changed", c.Claim.State).
			WithMend("the program lets partners change it while it is a draft, and when it is: %s", strings.Join(c.Rules.EditIn, ", "))
	}
	return nil
}

func checkReasons(c Case, known []Reason) error {
	ok := len(c.Step.Reasons) > 0
	for i, r := range c.Step.Reasons {
		ok = ok && slices.Contains(known, r) && !slices.Contains(c.Step.Reasons[:i], r)
	}
	if !ok {
		return kizuna.Errorf("claim-reasons", "a reviewer who would %s says why", c.Step.Action).
			WithMend("give one or more of: %s", joined(known))
	}
	return nil
}

func joined(reasons []Reason) string {
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = string(r)
	}
	return strings.Join(texts, ", ")
}

func checkWhy(c Case) error {
	if c.Step.Comment == "" {
		return kizuna.Errorf("claim-why", "who would %s says why", c.Step.Action).WithMend("add a comment")
	}
	return nil
}

func checkDeclinable(c Case) error {
	d := c.Claim.Deadline
	if c.Rules.Decline.Later || d.Clock == ExpireDecline && c.Step.At < d.Over() {
		return nil
	}
	return kizuna.Errorf("claim-decline-over", "the customer could decline until %s", d.Last).
		WithMend("ask the partner to disassociate, or the operator")
}

func checkDisputesLeft(c Case) error {
	if c.Claim.Disputes >= c.Rules.Disputes {
		return kizuna.Errorf("claim-disputes", "a claim can be disputed %d times, and this one was %d times", c.Rules.Disputes, c.Claim.Disputes).
			WithMend("make a new claim with better evidence")
	}
	return nil
}

func checkDisputeInTime(c Case) error {
	if d := c.Claim.Deadline; d.Clock == ExpireDispute && c.Step.At >= d.Over() {
		return kizuna.Errorf("claim-dispute-over", "the rejection could be disputed until %s", d.Last).
			WithMend("make a new claim with newer evidence")
	}
	return nil
}

func checkDisputeSays(c Case) error {
	switch {
	case c.Step.Evidence != nil:
		return checkFile(c)
	case c.Step.Comment == "":
		return kizuna.Errorf("claim-dispute-empty", "a dispute brings a text or new evidence").WithMend("add a comment, a file, or both")
	}
	return nil
}

func checkSubscribed(c Case) error {
	if c.Claim.Subscription == "" {
		return kizuna.Errorf("claim-no-subscription", "the claim is on a workload, which does not end").
			WithMend("let the partner disassociate or the customer decline")
	}
	return nil
}

func checkDue(c Case) error {
	if at := c.Claim.dueOf(c.Step.Action); c.Step.At < at {
		return kizuna.Errorf("claim-not-due", "%s is due at %s, not before", c.Step.Action, at).WithMend("wait")
	}
	return nil
}

// dueOf is when a clock that runs has come to its end.
func (c *Claim) dueOf(action lifecycle.Action) kizuna.Instant {
	if action == ExpireSubscription {
		return c.SubscriptionEnds
	}
	return c.Deadline.Over()
}
