// Package company is the life of partner companies: global accounts and the
// locations under them.
//
// Everything else names locations: claims, links, appointments, resales, learning
// profiles. Which account a location belongs to is the location's own story, so that
// a merge of accounts moves the locations and carries everything with them, and
// nothing can be counted for two accounts at once.
//
// The first location's number is the global account's plus one. That is an
// observation about numbers, not a rule: nothing here derives one from the other.
package company

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Account is a partner's global account (PGA), what scores belong to.
type Account struct {
	ID      string          `json:"id"`
	Name    string          `json:"name,omitempty"` // id in the table of names
	State   lifecycle.State `json:"state"`
	By      string          `json:"by,omitempty"`   // while a merge is offered or accepted: the account that offered it
	Into    string          `json:"into,omitempty"` // once merged: the account that goes on
	Changed kizuna.Instant  `json:"changed,omitzero"`
}

// AccountStep is what somebody does to an account.
type AccountStep struct {
	Action lifecycle.Action `json:"action"`
	Actor  lifecycle.Actor  `json:"actor"`
	At     kizuna.Instant   `json:"at"`
	ID     string           `json:"id,omitempty"`   // open
	Name   string           `json:"name,omitempty"` // open: id in the table of names
	// Other is the account that offers a merge, Named what names a location of this
	// one: the caller looks them up.
	Other Account     `json:"-"`
	Named []Reference `json:"-"`
}

// The states of an account.
const (
	Open     lifecycle.State = "open" // of a location, too
	Offered  lifecycle.State = "merge-offered"
	Accepted lifecycle.State = "merge-accepted"
	Merged   lifecycle.State = "merged" // it is a location of the other account now
	Closed   lifecycle.State = "closed"
)

// The actions on an account. The invited account takes a merge's steps; those of
// the other side are by the account that invited it.
const (
	OpenAccount   lifecycle.Action = "open"
	OfferMerge    lifecycle.Action = "offer-merge"
	WithdrawMerge lifecycle.Action = "withdraw-merge"
	DeclineMerge  lifecycle.Action = "decline-merge"
	AcceptMerge   lifecycle.Action = "accept-merge"
	ConfirmMerge  lifecycle.Action = "confirm-merge"
	CloseAccount  lifecycle.Action = "close"
)

// AccountCase is what the machine's conditions look at.
type AccountCase struct {
	Account  Account
	Step     AccountStep
	together bool // the locations are at hand
}

// AccountMachine returns the table of an account's life.
func AccountMachine() *lifecycle.Machine[AccountCase] { return accounts }

// Merging in three steps, irrevocable, the locations' ids kept: "Merge your partner
// account with another partner account".
var accounts = &lifecycle.Machine[AccountCase]{
	Name:   "account",
	States: []lifecycle.State{lifecycle.None, Open, Offered, Accepted, Merged, Closed},
	Table: []lifecycle.Transition[AccountCase]{
		{From: lifecycle.None, Action: OpenAccount, By: registry, To: Open, Guards: accountGuards(accountNamed)},

		{From: Open, Action: OfferMerge, By: partner, To: Offered, Guards: accountGuards(byOther, otherOpen)},
		{From: Open, Action: CloseAccount, By: partner, To: Closed, Guards: accountGuards(byAccount, together, nothingNamed)},
		{From: Open, Action: CloseAccount, By: operator, To: Closed, Guards: accountGuards(together, nothingNamed)},

		{From: Offered, Action: WithdrawMerge, By: partner, To: Open, Guards: accountGuards(byOfferer)},
		{From: Offered, Action: DeclineMerge, By: partner, To: Open, Guards: accountGuards(byAccount)},
		{From: Offered, Action: AcceptMerge, By: partner, To: Accepted, Guards: accountGuards(byAccount)},

		{From: Accepted, Action: WithdrawMerge, By: partner, To: Open, Guards: accountGuards(byOfferer)},
		{From: Accepted, Action: ConfirmMerge, By: partner, To: Merged, Guards: accountGuards(byOfferer, together, offerer, otherOpen)},
	},
}

var (
	partner           = []lifecycle.Role{lifecycle.Partner}
	operator          = []lifecycle.Role{lifecycle.Operator}
	partnerOrOperator = []lifecycle.Role{lifecycle.Partner, lifecycle.Operator}
	registry          = []lifecycle.Role{lifecycle.Operator, lifecycle.Vendor}
)

// ApplyAccount returns the account after the step and what happened. A step that
// is refused changes nothing. What takes the locations along has its own function:
// [Merge] confirms a merge, [Close] closes an account.
func ApplyAccount(a Account, s AccountStep) (Account, []lifecycle.Event, error) {
	return applyAccount(AccountCase{Account: a, Step: s})
}

func applyAccount(c AccountCase) (Account, []lifecycle.Event, error) {
	a, s := c.Account, &c.Step
	if err := inOrder(a.State, a.ID, a.Changed, s.At); err != nil {
		return a, nil, err
	}
	to, err := accounts.Next(a.State, s.Action, s.Actor.Role, c)
	if err != nil {
		return a, nil, err
	}
	var e lifecycle.Event
	switch s.Action {
	case OpenAccount:
		a.ID, a.Name = s.ID, s.Name
		e = event("account.opened", "account", a.ID)
	case OfferMerge:
		a.By = s.Other.ID
		e = event("account.merge-offered", "account", a.ID, "by", a.By)
	case WithdrawMerge:
		e = event("account.merge-withdrawn", "account", a.ID, "by", a.By)
		a.By = ""
	case DeclineMerge:
		e = event("account.merge-declined", "account", a.ID, "by", a.By)
		a.By = ""
	case AcceptMerge:
		e = event("account.merge-accepted", "account", a.ID, "by", a.By)
	case ConfirmMerge:
		a.By, a.Into = "", a.By
		e = event("account.merged", "account", a.ID, "into", a.Into)
	case CloseAccount:
		e = event("account.closed", "account", a.ID)
	}
	a.State, a.Changed = to, s.At
	return a, []lifecycle.Event{e}, nil
}

// stands reports whether locations can belong to the account.
func (a *Account) stands() bool {
	return a.State == Open || a.State == Offered || a.State == Accepted
}

func inOrder(state lifecycle.State, id string, changed, at kizuna.Instant) error {
	if at < changed && state != lifecycle.None {
		return kizuna.Errorf("company-time-order", "%s changed on %s; a step on %s comes too late", id, changed, at).
			WithMend("steps follow one another in time")
	}
	return nil
}

func event(what string, detail ...string) lifecycle.Event {
	e := lifecycle.Event{Type: what, Detail: make(map[string]string)}
	for i := 0; i+1 < len(detail); i += 2 {
		e.Detail[detail[i]] = detail[i+1]
	}
	return e
}

func same(a, b string) bool { return association.Fold(a) == association.Fold(b) }

func accountGuards(all ...lifecycle.Guard[AccountCase]) []lifecycle.Guard[AccountCase] { return all }

// actsFor refuses whoever is of none of the companies.
func actsFor(by lifecycle.Actor, companies ...string) error {
	for _, company := range companies {
		if company != "" && same(by.Company, company) {
			return nil
		}
	}
	return kizuna.Errorf("company-other", "%s cannot act for %q", by, companies[0]).
		WithMend("an admin of that account can")
}

var (
	accountNamed = lifecycle.Guard[AccountCase]{Name: "the id is named", Check: func(c AccountCase) error {
		if c.Step.ID == "" {
			return kizuna.Errorf("account-unnamed", "an account needs an id").WithMend("name the global account's id")
		}
		return nil
	}}
	byAccount = lifecycle.Guard[AccountCase]{Name: "by the account", Check: func(c AccountCase) error {
		return actsFor(c.Step.Actor, c.Account.ID)
	}}
	byOther = lifecycle.Guard[AccountCase]{Name: "by the other account", Check: func(c AccountCase) error {
		return actsFor(c.Step.Actor, c.Step.Other.ID)
	}}
	byOfferer = lifecycle.Guard[AccountCase]{Name: "by the account that offered", Check: func(c AccountCase) error {
		return actsFor(c.Step.Actor, c.Account.By)
	}}
	otherOpen = lifecycle.Guard[AccountCase]{Name: "the other account is another and open", Check: func(c AccountCase) error {
		if other := &c.Step.Other; same(other.ID, c.Account.ID) || !other.stands() {
			return kizuna.Errorf("account-merge-into", "account %s cannot be merged into %q, which is %s", c.Account.ID, other.ID, other.State.Name()).
				WithMend("the account that goes on is another, and open")
		}
		return nil
	}}
	together = lifecycle.Guard[AccountCase]{Name: "with all locations", Check: func(c AccountCase) error {
		if !c.together {
			return kizuna.Errorf("account-alone", "account %s has locations to take along", c.Account.ID).
				WithMend("name all its locations")
		}
		return nil
	}}
	offerer = lifecycle.Guard[AccountCase]{Name: "into the account that offered", Check: func(c AccountCase) error {
		if !same(c.Step.Other.ID, c.Account.By) {
			return kizuna.Errorf("account-merge-offered", "account %s accepted a merge into %s, not into %q", c.Account.ID, c.Account.By, c.Step.Other.ID).
				WithMend("merge it into the account that offered")
		}
		return nil
	}}
	nothingNamed = lifecycle.Guard[AccountCase]{Name: "nothing names its locations", Check: func(c AccountCase) error {
		if len(c.Step.Named) > 0 {
			return kizuna.Errorf("account-named", "locations of account %s are still named by %s", c.Account.ID, list(c.Step.Named)).
				WithMend("end these, move them to another company, or merge the accounts")
		}
		return nil
	}}
)
