package membership

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Enrollment is a ledger as the record keeps it, with how far its story has been told.
type Enrollment struct {
	Ledger
	State lifecycle.State `json:"state"`
	// Told is the last day whose changes were told as events.
	Told kizuna.Date `json:"told,omitzero"`
}

// Join takes in what was added to a ledger later: [Enrollment.Added].
func (e *Enrollment) Join(later Enrollment) {
	later.Findings, later.Events = append(e.Findings, later.Findings...), append(e.Events, later.Events...)
	*e = later
}

// Added is what a ledger tells that it did not tell before: it only ever grows at the
// end.
func (e Enrollment) Added(before Enrollment) Enrollment {
	e.Findings, e.Events = e.Findings[len(before.Findings):], e.Events[len(before.Events):]
	return e
}

// The states of the ledger itself. How the company stands is told by [Rules.Status].
const (
	Open  lifecycle.State = "open"
	Ended lifecycle.State = "closed"
)

// The actions on a ledger.
const (
	Qualify  lifecycle.Action = "qualify"   // record what the score of a day says
	TakeOver lifecycle.Action = "take-over" // record a membership of the time before
	Enroll   lifecycle.Action = "enroll"    // pay for a first term
	Renew    lifecycle.Action = "renew"     // pay for the next one
	TakeBack lifecycle.Action = "refund"    // take the last payment back
	Absorb   lifecycle.Action = "absorb"    // take in what an account that merges into this one brings
	Close    lifecycle.Action = "close"     // end with the account
)

// Step is what somebody does to a ledger.
type Step struct {
	Action   lifecycle.Action `json:"action"`
	Actor    lifecycle.Actor  `json:"actor"`
	At       kizuna.Instant   `json:"at"` // when it happened
	Now      kizuna.Instant   `json:"-"`  // when it is told
	Account  string           `json:"account"`
	Findings []Finding        `json:"findings,omitempty"` // Qualify
	Event    Event            `json:"event,omitzero"`     // all else: Kind and At are filled in
	// Together: the account itself does the same, as it must to absorb and to close.
	Together bool `json:"-"`
}

// Case is what the machine's guards look at.
type Case struct {
	Rules      *Rules
	Enrollment Enrollment
	Step       Step
}

// Machine returns the table of who may do what to a ledger.
func Machine() *lifecycle.Machine[Case] { return machine }

var (
	payers = []lifecycle.Role{lifecycle.Partner, lifecycle.Operator, lifecycle.Vendor}
	judges = []lifecycle.Role{lifecycle.Operator, lifecycle.Vendor, lifecycle.System}
	scribe = []lifecycle.Role{lifecycle.Operator, lifecycle.Vendor}
	owners = []lifecycle.Role{lifecycle.Partner, lifecycle.Operator}
)

var machine = &lifecycle.Machine[Case]{
	Name:   "enrollment",
	States: []lifecycle.State{lifecycle.None, Open, Ended},
	Table: []lifecycle.Transition[Case]{
		{From: lifecycle.None, Action: Qualify, By: judges, To: Open, Guards: guards(somethingFound)},
		{From: lifecycle.None, Action: TakeOver, By: scribe, To: Open, Guards: guards(takesEffect)},
		{From: lifecycle.None, Action: Enroll, By: payers, To: Open, Guards: guards(byAccount, takesEffect)},
		{From: lifecycle.None, Action: Absorb, By: owners, To: Open, Guards: guards(withAccount, takesEffect)},
		{From: Open, Action: Qualify, By: judges, To: Open, Guards: guards(somethingFound)},
		{From: Open, Action: TakeOver, By: scribe, To: Open, Guards: guards(takesEffect)},
		{From: Open, Action: Enroll, By: payers, To: Open, Guards: guards(byAccount, takesEffect)},
		{From: Open, Action: Renew, By: payers, To: Open, Guards: guards(byAccount, takesEffect)},
		{From: Open, Action: TakeBack, By: payers, To: Open, Guards: guards(byAccount, takesEffect)},
		{From: Open, Action: Absorb, By: owners, To: Open, Guards: guards(withAccount, takesEffect)},
		{From: Open, Action: Close, By: owners, To: Ended, Guards: guards(withAccount)},
	},
}

func guards(all ...lifecycle.Guard[Case]) []lifecycle.Guard[Case] { return all }

var (
	byAccount = lifecycle.Guard[Case]{Name: "by the account", Check: func(c Case) error {
		if a := c.Step.Actor; a.Role == lifecycle.Partner && !strings.EqualFold(a.Company, c.Step.Account) {
			return kizuna.Errorf("membership-other", "%s cannot act for account %s", a, c.Step.Account).
				WithMend("act for the global account: partner:%s/USER", c.Step.Account)
		}
		return nil
	}}
	somethingFound = lifecycle.Guard[Case]{Name: "a score says something", Check: func(c Case) error {
		if len(c.Step.Findings) == 0 {
			return kizuna.Errorf("membership-nothing-found", "no score of account %s is named", c.Step.Account).
				WithMend("name at least one area and day")
		}
		today := c.Rules.Day(c.Step.Now)
		for i := range c.Step.Findings {
			if f := &c.Step.Findings[i]; f.On > today {
				return kizuna.Errorf("membership-found-future", "the score of %s on %s is not known yet", f.Area, f.On).
					WithMend("record scores of days that have come")
			} else if c.Rules.On(f.On).Program.Area(f.Area) == nil {
				return kizuna.Errorf("membership-area", "%s has no area %q", c.Rules.On(f.On).Program.Ref(), f.Area).
					WithMend("name an area of the program")
			}
		}
		return nil
	}}
	takesEffect = lifecycle.Guard[Case]{Name: "the rules of the day allow it", Check: func(c Case) error {
		e := c.event()
		on := c.Rules.Day(e.At)
		return c.Rules.read(&c.Enrollment.Ledger, on).refusal(dated{on, &e})
	}}
	withAccount = lifecycle.Guard[Case]{Name: "with its account", Check: func(c Case) error {
		if !c.Step.Together {
			return kizuna.Errorf("membership-alone", "the enrollment of %s follows its account only", c.Step.Account).
				WithMend("merge or close the account")
		}
		return nil
	}}
)

// kinds are the events that actions make.
var kinds = map[lifecycle.Action]Kind{
	TakeOver: Legacy, Enroll: Purchase, Renew: Renewal, TakeBack: Refund, Absorb: Merge, Close: Closing,
}

func (c *Case) event() Event {
	e := c.Step.Event
	e.Kind, e.At = kinds[c.Step.Action], c.Step.At
	if (e.Kind == Purchase || e.Kind == Renewal) && e.Fee == "" {
		e.Fee = c.Rules.On(c.Rules.Day(e.At)).Fee.String()
	}
	return e
}

// Apply returns the ledger after the step and what changed with it, all that time has
// changed since it was last told included. A step that is refused changes nothing. A
// step may tell of the past: its place is where it happened.
func (r *Rules) Apply(e Enrollment, s Step) (Enrollment, []lifecycle.Event, error) {
	c := Case{r, e, s}
	to, err := machine.Next(e.State, s.Action, s.Actor.Role, c)
	if err != nil {
		return e, nil, err
	}
	if e.State == lifecycle.None {
		e.Account, e.Told = s.Account, r.Day(s.Now).AddDays(-1)
	}
	before := r.History(&e.Ledger, e.Told)
	var events []lifecycle.Event
	if s.Action == Qualify {
		e.Findings, events = e.found(s.Findings)
	} else {
		made := c.event()
		e.Events = append(slices.Clone(e.Events), made)
		events = append(events, lifecycle.Event{Type: "membership." + string(made.Kind), Detail: detail(&e, &made)})
	}
	e.State = to
	return e, append(events, r.tell(&e, before, r.Day(s.Now))...), nil
}

// found adds findings to those that there are. One that is there already, word for
// word, is not added again.
func (e *Enrollment) found(more []Finding) ([]Finding, []lifecycle.Event) {
	out := slices.Clone(e.Findings)
	var events []lifecycle.Event
	for _, f := range more {
		if slices.ContainsFunc(out, func(g Finding) bool {
			return g.Area == f.Area && g.On == f.On && g.Known == f.Known && g.Digest == f.Digest && g.Qualified == f.Qualified && g.Total.Cmp(f.Total) == 0
		}) {
			continue
		}
		out = append(out, f)
		kind := "score.not-qualified"
		if f.Qualified {
			kind = "score.qualified"
		}
		events = append(events, lifecycle.Event{Type: kind, Detail: map[string]string{
			"account": e.Account, "area": f.Area, "on": f.On.String(), "total": f.Total.Show(), "program": f.Program,
		}})
	}
	return out, events
}

func detail(e *Enrollment, made *Event) map[string]string {
	d := map[string]string{"account": e.Account, "at": made.At.String()}
	for key, value := range map[string]string{"fee": made.Fee, "note": made.Note, "into": made.Into, "with": made.With.account()} {
		if value != "" {
			d[key] = value
		}
	}
	if made.Until != nil {
		d["until"] = made.Until.String()
	}
	return d
}

// Due returns when time next changes something that was not told, if ever.
func (r *Rules) Due(e *Enrollment) (at kizuna.Instant, ok bool) {
	if e.State != Open {
		return 0, false
	}
	next := r.Status(&e.Ledger, e.Told).Next
	if next == nil {
		return 0, false
	}
	return r.Start(*next), true
}

// Tick tells what time has changed by an instant.
func (r *Rules) Tick(e Enrollment, now kizuna.Instant) (Enrollment, []lifecycle.Event) {
	before := r.History(&e.Ledger, e.Told)
	events := r.tell(&e, before, r.Day(now))
	return e, events
}

// tell returns the changes up to a day that were not told before.
func (r *Rules) tell(e *Enrollment, before []Turn, today kizuna.Date) []lifecycle.Event {
	var events []lifecycle.Event
	e.Told = max(e.Told, today)
	for _, t := range r.History(&e.Ledger, e.Told) {
		if slices.ContainsFunc(before, func(b Turn) bool { return b.same(&t) }) {
			continue
		}
		detail := map[string]string{
			"account": e.Account, "area": t.Area, "from": string(t.From), "cause": string(t.Why.Cause), "on": t.On.String(),
		}
		if t.Until != nil {
			detail["until"] = t.Until.String()
		}
		events = append(events, lifecycle.Event{Type: "designation." + string(t.To), Detail: detail})
	}
	return events
}
