package claim

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/calendar"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// Rules are a program's rules for claims with the calendar that they count by.
type Rules struct {
	*program.ClaimRules
	Days *calendar.Calendar
}

// RulesOf returns the rules of a program; the error "claim-no-rules" says that it
// has none.
func RulesOf(p *program.Program) (Rules, error) {
	if p.Claims == nil {
		return Rules{}, kizuna.Errorf("claim-no-rules", "%s takes no claims", p.Ref()).
			WithMend("add claims: to the program, or name another program")
	}
	rules := Rules{ClaimRules: p.Claims}
	if p.Claims.Region == "" { // then no limit is in business days
		return rules, nil
	}
	var err error
	rules.Days, err = calendar.For(p.Claims.Region)
	return rules, err
}

// Step is what somebody does to a claim. An actor of the partner's comes with the
// location that the claim names: whom a user of a global account may act for is
// decided before.
type Step struct {
	Action lifecycle.Action `json:"action"`
	Actor  lifecycle.Actor  `json:"actor"`
	At     kizuna.Instant   `json:"at"`

	Details  *Details       `json:"details,omitempty"`  // create, edit: all of them
	Evidence *Evidence      `json:"evidence,omitempty"` // add-evidence, dispute
	Reasons  []Reason       `json:"reasons,omitempty"`  // ask, reject
	Comment  string         `json:"comment,omitempty"`  // a Ref to the text; disassociate and dispute want one
	Ends     kizuna.Instant `json:"ends,omitzero"`      // date-subscription; nothing takes the date away
	// Rivals are all other claims on the same key, read in the same transaction:
	// approve, open-arbitration and win look at them.
	Rivals []Claim `json:"-"`
}

// Apply returns the claim after a step, and what happened. The claim given is not
// changed. Errors besides those of the machine and its guards: "step-before-last";
// "claim-overdue", a time limit has run out and must take effect first ([Settle]);
// "calendar-range".
func Apply(c Claim, s Step, rules Rules) (Claim, []lifecycle.Event, error) {
	to, err := machine.Next(c.State, s.Action, s.Actor.Role, Case{&c, &s, rules})
	if err != nil {
		return c, nil, err
	}
	effective, err := effectiveAt(&c, &s)
	if err != nil {
		return c, nil, err
	}
	p := applying{before: &c, after: clone(c), step: &s, rules: rules, at: effective}
	p.act()
	if err := p.enter(to); err != nil {
		return c, nil, err
	}
	p.after.Changed = max(c.Changed, effective) // a subscription's end may be learned late
	return p.after, p.events, nil
}

// Settle does what the clock has to do up to an instant, in its order. Each thing
// is dated when it fell due, however late it is noticed.
func Settle(c Claim, at kizuna.Instant, rules Rules) (Claim, []lifecycle.Event, error) {
	var events []lifecycle.Event
	for {
		due, action, ok := c.Due()
		if !ok || due > at {
			return c, events, nil
		}
		after, caused, err := Apply(c, Step{Action: action, Actor: lifecycle.Actor{Role: lifecycle.System}, At: at}, rules)
		if err != nil {
			return c, events, err
		}
		c, events = after, append(events, caused...)
	}
}

// effectiveAt returns when a step takes effect: what the clock does, when it fell
// due; anything else, at once. Nothing takes effect after a limit that decides the
// matter and has not done so yet. Notices stand in nobody's way.
func effectiveAt(c *Claim, s *Step) (kizuna.Instant, error) {
	if err := lifecycle.InOrder(s.Action, s.At, c.Changed); err != nil {
		return 0, err
	}
	at, byClock := s.At, strings.HasPrefix(string(s.Action), "expire-")
	if byClock {
		at = c.dueOf(s.Action)
	}
	var overdue []lifecycle.Action
	if c.Deadline.Clock == ExpireAnswer {
		overdue = append(overdue, ExpireAnswer)
	}
	if c.SubscriptionEnds != 0 && s.Action != DateSubscription { // which may correct it
		overdue = append(overdue, ExpireSubscription)
	}
	for _, action := range overdue {
		if due := c.dueOf(action); action != s.Action && (due < at || due == at && !byClock) {
			return 0, kizuna.Errorf("claim-overdue", "the time ran out at %s: %s comes first", due, action).
				WithMend("let the clock act (kizuna tick), then look again")
		}
	}
	return at, nil
}

// clone copies a claim with its lists.
func clone(c Claim) Claim {
	c.Contacts, c.Evidence = slices.Clone(c.Contacts), slices.Clone(c.Evidence)
	c.Asked, c.Rejected = slices.Clone(c.Asked), slices.Clone(c.Rejected)
	c.Against, c.Spells = slices.Clone(c.Against), slices.Clone(c.Spells)
	return c
}

// applying is a step on its way.
type applying struct {
	before *Claim
	after  Claim
	step   *Step
	rules  Rules
	at     kizuna.Instant
	events []lifecycle.Event
}

// act does what the action itself means; what a state means is entered after it.
func (p *applying) act() {
	c, s := &p.after, p.step
	switch s.Action {
	case Create, Edit:
		c.Details = *s.Details
		c.Contacts = slices.Clone(s.Details.Contacts)
		p.tell(map[lifecycle.Action]string{Create: "created", Edit: "edited"}[s.Action])
	case AddEvidence:
		p.addEvidence()
	case Submit:
		c.Submitted = p.at
		p.tell("submitted")
		p.notify("submission")
	case StartReview:
		p.tell("review-started")
	case Ask:
		c.Asked = slices.Clone(s.Reasons)
		p.tell("asked", "reasons", joined(s.Reasons))
	case Resubmit:
		c.Asked = nil
		p.tell("resubmitted")
	case Approve:
		p.approve()
	case Reject:
		p.reject("rejected", s.Reasons...)
	case Dispute:
		c.Disputes++
		c.InDispute, c.Rejected = true, nil
		p.tell("disputed")
		if s.Evidence != nil {
			p.addEvidence()
		}
	case Decline:
		p.endSpell()
		p.reject("declined", CustomerDeclined)
	case Disassociate:
		p.endSpell()
		p.reject("disassociated", PartnerRequest)
	case OpenArbitration:
		c.Against = contenders(Case{p.before, s, p.rules})
		p.tell("arbitration-opened", "against", strings.Join(c.Against, ", "))
	case Win:
		p.tell("won")
		if p.before.State != Approved {
			p.approve()
		}
		c.Asked, c.Against = nil, nil
	case Lose:
		p.endSpell()
		c.Asked, c.Against, c.InDispute = nil, nil, false
		p.tell("lost")
	case DateSubscription:
		c.SubscriptionEnds = s.Ends
		p.tell("subscription-dated", "ends", s.Ends.String())
	default:
		p.expire()
	}
}

// expire does what time does.
func (p *applying) expire() {
	c := &p.after
	c.Deadline.Passed = c.Deadline.Clock == p.step.Action
	switch p.step.Action {
	case ExpireReview:
		p.tell("review-overdue", "last", c.Deadline.Last.String())
	case ExpireAnswer:
		c.Asked = nil
		p.reject("answer-overdue", NoAnswer)
	case ExpireDecline:
		p.tell("decline-over", "last", c.Deadline.Last.String())
	case ExpireDispute:
		p.tell("dispute-over", "last", c.Deadline.Last.String())
	case ExpireSubscription:
		p.endSpell()
		c.Asked, c.Against, c.InDispute = nil, nil, false
		p.tell("ended", "subscription", c.Subscription)
	}
}

func (p *applying) addEvidence() {
	e := *p.step.Evidence
	e.Hash, e.Added, e.Shows = strings.ToLower(e.Hash), p.at, slices.Clone(e.Shows)
	p.after.Evidence = append(p.after.Evidence, e)
	p.tell("evidence-added", "hash", e.Hash)
}

func (p *applying) approve() {
	c := &p.after
	c.Spells = append(c.Spells, Spell{
		Spell:    lifecycle.Spell{Of: c.Location, During: kizuna.Interval{From: p.at, To: kizuna.Forever}},
		Workload: c.Workload,
	})
	c.InDispute, c.Rejected = false, nil
	p.tell("approved")
	p.notify("approval")
}

func (p *applying) reject(event string, reasons ...Reason) {
	p.after.Rejected, p.after.InDispute = slices.Clone(reasons), false
	p.tell(event, "reasons", joined(reasons))
}

// notify tells the customer, who need not answer: silence is consent.
func (p *applying) notify(occasion string) {
	if p.rules.NotifyCustomer == occasion {
		p.after.Notified = p.at
		p.tell("customer-notified", "tenant", p.after.Tenant)
	}
}

// endSpell ends the approval that is running, if one is; it may turn out to have
// begun too late to be one.
func (p *applying) endSpell() {
	c := &p.after
	if n := len(c.Spells); n > 0 && c.Spells[n-1].Ended == "" {
		last := &c.Spells[n-1]
		last.During.To, last.Ended = max(p.at, last.During.From), p.step.Action
	}
}

// enter puts the claim into a state and starts its clock.
func (p *applying) enter(to lifecycle.State) error {
	c := &p.after
	if to == c.State {
		return nil
	}
	c.State, c.Deadline = to, Deadline{}
	var limit program.Limit
	var clock lifecycle.Action
	switch to {
	case Submitted:
		limit, clock = p.rules.StartReview, ExpireReview
	case UnderReview:
		limit, clock = p.rules.Review, ExpireReview
	case ActionRequired:
		limit, clock = p.rules.Answer, ExpireAnswer
	case Approved:
		limit, clock = p.rules.Decline.Limit, ExpireDecline
	case Rejected:
		if c.Disputes < p.rules.Disputes {
			limit, clock = p.rules.Dispute, ExpireDispute
		}
	case Disputed:
		limit, clock = p.rules.DisputeReview, ExpireReview
	}
	if limit.None() {
		return nil
	}
	last, err := limit.Last(p.at.Date(), p.rules.Days)
	c.Deadline = Deadline{Clock: clock, Last: last}
	return err
}

// tell records an event with pairs of words.
func (p *applying) tell(what string, pairs ...string) {
	detail := map[string]string{"claim": p.after.ID, "at": p.at.String()}
	for i := 0; i+1 < len(pairs); i += 2 {
		detail[pairs[i]] = pairs[i+1]
	}
	p.events = append(p.events, lifecycle.Event{Type: "claim." + what, Detail: detail})
}
