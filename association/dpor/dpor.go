// Package dpor is the life of a subscription's digital partner of record. Only the
// customer's owner appoints, replaces and removes it; there is one at a time, and it
// ends with the subscription, or when an enterprise agreement moves to modern
// commerce.
//
// The owner sees the partner's name before saving ([LookUp]), and saves what was
// shown: a step carries the token of what the owner saw, and an id that by then
// stands for another name is refused.
//
// Source: "Link a partner ID for Azure performance (PAL or DPOR)" (Partner Center).
package dpor

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Appointed is the state of a subscription that has a partner of record; without
// one it is as new.
const Appointed lifecycle.State = "appointed"

// The actions.
const (
	Appoint lifecycle.Action = "appoint"
	Remove  lifecycle.Action = "remove"
	Expire  lifecycle.Action = "expire" // the subscription is over
	Lapse   lifecycle.Action = "lapse"  // its agreement moved to modern commerce
)

// enterprise is the agreement whose appointments do not survive a move to another.
const enterprise = "EA"

// Record is who was partner of record of a subscription, and who is.
type Record struct {
	Subscription string           `json:"subscription"`
	State        lifecycle.State  `json:"state,omitempty"`
	Agreement    string           `json:"agreement,omitempty"` // of the subscription, when the partner was appointed
	Spells       lifecycle.Spells `json:"spells,omitempty"`    // of locations
}

// New returns the record of a subscription that never had a partner.
func New(subscription string) Record { return Record{Subscription: subscription} }

// Location returns the partner of record, "" if there is none.
func (r *Record) Location() string { return r.Spells.Now() }

// Step is what somebody asks for.
type Step struct {
	Action  lifecycle.Action `json:"action"`
	Actor   lifecycle.Actor  `json:"actor"`
	At      kizuna.Instant   `json:"at"`
	Partner string           `json:"partner,omitempty"` // the location to appoint
	Shown   string           `json:"shown,omitempty"`   // the token of what the owner was shown
}

// Terms is what an appointment stands on, as the record knows it.
type Terms struct {
	Subscription association.Subscription
	// Since is when the subscription came under its agreement; needed only if that
	// has changed.
	Since     kizuna.Instant
	Directory association.Directory
}

// Shown is what the owner sees before saving.
type Shown struct {
	Location string `json:"location"`
	Name     string `json:"name"`
	Country  string `json:"country,omitempty"`
	Token    string `json:"token"` // stands for all of this and the subscription
}

// LookUp shows which partner an id stands for. The errors are those of
// [association.Directory.Location].
func LookUp(directory association.Directory, subscription, id string, at kizuna.Instant) (Shown, error) {
	l, err := directory.Location(id, at)
	if err != nil {
		return Shown{}, err
	}
	digest := sha256.New()
	for _, text := range []string{association.Fold(subscription), association.Fold(l.ID), l.Name, l.Country} {
		// The length parts the texts: no two lists hash alike.
		digest.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	return Shown{Location: l.ID, Name: l.Name, Country: l.Country, Token: hex.EncodeToString(digest.Sum(nil))}, nil
}

// Case is what the machine's guards look at.
type Case struct {
	Record Record
	Step   Step
	Terms  Terms
}

// Machine returns the table.
func Machine() *lifecycle.Machine[Case] {
	type guards = []lifecycle.Guard[Case]
	own := lifecycle.Guard[Case]{Name: "the subscription is the owner's", Check: ownSubscription}
	runs := lifecycle.Guard[Case]{Name: "the subscription runs", Check: runs}
	order := lifecycle.Guard[Case]{Name: "not before the last step", Check: inOrder}
	shown := lifecycle.Guard[Case]{Name: "the partner is the one that was shown", Check: wasShown}
	other := lifecycle.Guard[Case]{Name: "another partner than now", Check: isOther}
	over := lifecycle.Guard[Case]{Name: "the subscription is over", Check: isOver}
	moved := lifecycle.Guard[Case]{Name: "the agreement moved away from EA", Check: hasMoved}
	owner, clock := []lifecycle.Role{lifecycle.Owner}, []lifecycle.Role{lifecycle.System}
	return &lifecycle.Machine[Case]{
		Name:   "dpor",
		States: []lifecycle.State{lifecycle.None, Appointed},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: Appoint, By: owner, To: Appointed, Guards: guards{own, runs, order, shown}},
			{From: Appointed, Action: Appoint, By: owner, To: Appointed, Guards: guards{own, runs, order, other, shown}},
			{From: Appointed, Action: Remove, By: owner, To: lifecycle.None, Guards: guards{own, runs, order}},
			{From: Appointed, Action: Expire, By: clock, To: lifecycle.None, Guards: guards{over}},
			{From: Appointed, Action: Lapse, By: clock, To: lifecycle.None, Guards: guards{moved}},
		},
	}
}

func ownSubscription(c Case) error {
	s, a := c.Terms.Subscription, c.Step.Actor
	if association.Fold(a.Company) == association.Fold(s.Tenant) {
		return nil
	}
	return kizuna.Errorf("dpor-not-owner", "subscription %s belongs to tenant %s, not to that of %s", s.ID, s.Tenant, a).
		WithMend("only an owner of that tenant can name its partner of record")
}

func runs(c Case) error { return c.Terms.Subscription.MustRun(c.Step.At) }

func isOver(c Case) error { return c.Terms.Subscription.MustBeOver(c.Step.At) }

func inOrder(c Case) error {
	return lifecycle.InOrder(c.Step.Action, c.Step.At, c.Record.Spells.Changed())
}

func wasShown(c Case) error {
	shown, err := LookUp(c.Terms.Directory, c.Record.Subscription, c.Step.Partner, c.Step.At)
	if err != nil || shown.Token == c.Step.Shown {
		return err
	}
	return kizuna.Errorf("dpor-not-shown", "partner %s was not confirmed for subscription %s as it is now", shown.Location, c.Record.Subscription).
		WithMend("look the id up, check the name, and save with the token that is shown beside it")
}

func isOther(c Case) error {
	if association.Fold(c.Step.Partner) != association.Fold(c.Record.Location()) {
		return nil
	}
	return kizuna.Errorf("dpor-same", "%s is the partner of record of subscription %s already", c.Record.Location(), c.Record.Subscription).
		WithMend("nothing needs to be done")
}

func hasMoved(c Case) error {
	if at, ok := lapse(&c.Record, &c.Terms); ok && at <= c.Step.At {
		return nil
	}
	return kizuna.Errorf("dpor-not-moved", "subscription %s has not moved from an enterprise agreement to another by %s", c.Record.Subscription, c.Step.At).
		WithMend("an appointment lapses only with such a move")
}

// lapse returns when an appointment is lost to a move of the agreement.
func lapse(r *Record, t *Terms) (kizuna.Instant, bool) {
	moved := r.Agreement == enterprise && t.Subscription.Agreement != enterprise
	return t.Since, r.State == Appointed && moved && t.Since < t.Subscription.During.To
}

// Due returns when the clock has something to do, and what: the subscription ends,
// or its agreement has moved, whichever is first.
func (r *Record) Due(t Terms) (kizuna.Instant, lifecycle.Action, bool) {
	if r.State != Appointed {
		return 0, "", false
	}
	if moved, ok := lapse(r, &t); ok {
		return moved, Lapse, true
	}
	end := t.Subscription.During.To
	return end, Expire, end != kizuna.Forever
}

// Apply does a step: the record afterwards and what happened. Replacing a partner
// ends one and begins the other at the same instant. What the clock does is dated
// when it fell due. It does not matter when it comes by: the owner's steps need a
// subscription that runs, and an appointment that has lapsed lapses first.
func Apply(r Record, step Step, terms Terms) (Record, []lifecycle.Event, error) {
	if err := terms.Subscription.MustBe(r.Subscription); err != nil {
		return r, nil, err
	}
	due, action, _ := r.Due(terms)
	if action == Lapse && due <= step.At && (step.Action == Appoint || step.Action == Remove) {
		settled, first, err := Apply(r, Step{Action: Lapse, Actor: lifecycle.Actor{Role: lifecycle.System}, At: step.At}, terms)
		if err != nil {
			return r, nil, err
		}
		after, then, err := Apply(settled, step, terms)
		if err != nil {
			return r, nil, err
		}
		return after, append(first, then...), nil
	}
	state, err := Machine().Next(r.State, step.Action, step.Actor.Role, Case{r, step, terms})
	if err != nil {
		return r, nil, err
	}
	was, at := r.Location(), step.At
	detail := map[string]string{"subscription": r.Subscription}
	r.State = state
	switch step.Action {
	case Appoint:
		partner, err := terms.Directory.Location(step.Partner, at)
		if err != nil {
			return r, nil, err
		}
		r.Agreement = terms.Subscription.Agreement
		detail["location"] = partner.ID
		if was == "" {
			r.Spells = r.Spells.Begin(partner.ID, at)
			return r, []lifecycle.Event{{Type: "dpor.appointed", Detail: detail}}, nil
		}
		detail["replaces"] = was
		r.Spells = r.Spells.End(at, Appoint).Begin(partner.ID, at)
		return r, []lifecycle.Event{{Type: "dpor.replaced", Detail: detail}}, nil
	case Expire, Lapse:
		at = due
	}
	r.Agreement = ""
	r.Spells = r.Spells.End(at, step.Action)
	detail["location"] = was
	types := map[lifecycle.Action]string{Remove: "dpor.removed", Expire: "dpor.expired", Lapse: "dpor.lapsed"}
	return r, []lifecycle.Event{{Type: types[step.Action], Detail: detail}}, nil
}

// Facts returns the appointments as scoring reads them, a fact for each spell that
// lasted.
func (r *Record) Facts() []association.Appointment {
	var out []association.Appointment
	for _, s := range r.Spells {
		if !s.During.Empty() {
			out = append(out, association.Appointment{Subscription: r.Subscription, Location: s.Of, During: s.During})
		}
	}
	return out
}
