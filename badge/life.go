package badge

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Badge is an award as it was issued, and what became of it.
type Badge struct {
	Award
	State   lifecycle.State `json:"state"`
	Key     string          `json:"key"` // the issuer's key that signed it, as a Multikey
	Issued  kizuna.Instant  `json:"issued"`
	Revoked *Revocation     `json:"revoked,omitempty"`
	// Kept is under which reference the record keeps the signed forms and the company's
	// name, which can be erased; Signed is empty where they were.
	Kept    string         `json:"kept,omitempty"`
	Signed  Signed         `json:"signed,omitzero"`
	Changed kizuna.Instant `json:"changed,omitzero"`
}

// Revocation is when a badge was taken back, and why, in a word for programs.
type Revocation struct {
	At      kizuna.Instant `json:"at"`
	Because string         `json:"because"`
}

// The states of a badge.
const (
	Issued  lifecycle.State = "issued"
	Expired lifecycle.State = "expired" // its dates are over
	Revoked lifecycle.State = "revoked" // taken back before
)

// The actions.
const (
	Issue  lifecycle.Action = "issue"
	Revoke lifecycle.Action = "revoke"
	Expire lifecycle.Action = "expire" // the clock's
)

// Reasons for which a badge is taken back.
const (
	Replaced   = "replaced"   // by a newer badge of the same award
	Withdrawn  = "withdrawn"  // the designation or the certificate no longer holds
	Mistake    = "mistake"    // it should not have been issued
	OnRequest  = "on-request" // its holder asked for it
	KeyRevoked = "key-revoked"
)

// Reasons lists the reasons.
func Reasons() []string { return []string{Replaced, Withdrawn, Mistake, OnRequest, KeyRevoked} }

// Step is what somebody does to a badge.
type Step struct {
	Action  lifecycle.Action
	Actor   lifecycle.Actor
	At      kizuna.Instant
	Issued  Badge  // Issue
	Because string // Revoke
}

// Case is what the machine's guards look at.
type Case struct {
	Badge Badge
	Step  Step
}

// Machine returns the table of a badge's life.
func Machine() *lifecycle.Machine[Case] { return machine }

var machine = &lifecycle.Machine[Case]{
	Name:   "badge",
	States: []lifecycle.State{lifecycle.None, Issued, Expired, Revoked},
	Table: []lifecycle.Transition[Case]{
		{From: lifecycle.None, Action: Issue, By: []lifecycle.Role{lifecycle.Operator, lifecycle.Partner, lifecycle.Person}, To: Issued,
			Guards: []lifecycle.Guard[Case]{holds}},
		{From: Issued, Action: Revoke, By: []lifecycle.Role{lifecycle.Operator, lifecycle.Partner, lifecycle.Person, lifecycle.System}, To: Revoked,
			Guards: []lifecycle.Guard[Case]{because}},
		{From: Issued, Action: Expire, By: []lifecycle.Role{lifecycle.System}, To: Expired},
	},
}

var (
	holds = lifecycle.Guard[Case]{Name: "its dates hold now", Check: func(c Case) error {
		if during := c.Step.Issued.During; !during.Contains(c.Step.At) {
			return kizuna.Errorf("badge-dates", "a badge from %s to %s does not hold at %s", during.From, during.To, c.Step.At).
				WithMend("issue it while it holds")
		}
		return nil
	}}
	because = lifecycle.Guard[Case]{Name: "for a reason", Check: func(c Case) error {
		for _, reason := range Reasons() {
			if c.Step.Because == reason {
				return nil
			}
		}
		return kizuna.Errorf("badge-reason", "%.60q is not a reason for which a badge is taken back", c.Step.Because).
			WithMend("one of: replaced, withdrawn, mistake, on-request, key-revoked")
	}}
)

// Apply returns the badge after the step and what happened. A step that is refused
// changes nothing.
func Apply(b Badge, s Step) (Badge, []lifecycle.Event, error) {
	to, err := machine.Next(b.State, s.Action, s.Actor.Role, Case{b, s})
	if err != nil {
		return b, nil, err
	}
	detail := map[string]string{}
	switch s.Action {
	case Issue:
		b = s.Issued
		b.Issued = s.At
		detail["until"] = b.During.To.String()
	case Revoke:
		b.Revoked = &Revocation{s.At, s.Because}
		detail["because"] = s.Because
	}
	b.State, b.Changed = to, s.At
	detail["achievement"] = b.Achievement
	for key, value := range map[string]string{"company": b.Subject.Company, "mcid": b.Subject.MCID} {
		if value != "" {
			detail[key] = value
		}
	}
	return b, []lifecycle.Event{{Type: "badge." + string(to), Detail: detail}}, nil
}

// Due returns when the clock has something to do with the badge.
func (b *Badge) Due() (kizuna.Instant, bool) {
	return b.During.To, b.State == Issued && b.During.To != kizuna.Forever
}

// TrueAt reports whether what the badge says was true at an instant, as far as it is
// known now: within its dates, and not taken back by then.
func (b *Badge) TrueAt(at kizuna.Instant) bool { return b.True().Contains(at) }

// True is when what the badge says was, or is, true. A badge that was a mistake never was.
func (b *Badge) True() kizuna.Interval {
	during := b.During
	if b.Revoked != nil {
		during.To = min(during.To, b.Revoked.At)
		if b.Revoked.Because == Mistake {
			during.To = during.From
		}
	}
	return during
}
