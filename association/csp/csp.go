// Package csp is the life of a subscription that is sold through the Cloud Solution
// Provider program. The sale writes it: a direct partner (tier 1), or an indirect
// provider (tier 1) with an indirect reseller (tier 2). Nobody asks for the
// association, and nobody but the vendor's sales records change it.
//
// A change of seller or reseller ends one time and begins another, and is marked
// ([Restatement]): the program decides, when it scores, whether the past stays with
// whom it was (by_interval) or passes to the new owner (owner_on_D).
//
// Source: "Supported CSP partner relationships" and "Azure usage report" (Partner
// Center).
package csp

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// The states.
const (
	Direct   lifecycle.State = "direct"   // sold by a direct partner
	Indirect lifecycle.State = "indirect" // sold by a provider, through a reseller
	Ended    lifecycle.State = "ended"    // canceled or over
)

// The actions.
const (
	Sell           lifecycle.Action = "sell"
	Transfer       lifecycle.Action = "transfer"        // to another seller
	ChangeReseller lifecycle.Action = "change-reseller" // under the same provider
	Cancel         lifecycle.Action = "cancel"
	Expire         lifecycle.Action = "expire" // the subscription is over
)

// agreement is the one under which the program sells.
const agreement = "CSP"

// Parties are who sells a subscription. A direct partner has no reseller.
type Parties struct {
	Seller   string `json:"seller"`             // tier 1: the direct partner or the provider
	Reseller string `json:"reseller,omitempty"` // tier 2
}

func (p Parties) ids() []string {
	if p.Reseller == "" {
		return []string{p.Seller}
	}
	return []string{p.Seller, p.Reseller}
}

// Restatement marks a change of owner. Past is the time before, which under the
// reading owner_on_D passes to the new owners.
type Restatement struct {
	By   lifecycle.Action `json:"by"`
	From Parties          `json:"from"`
	To   Parties          `json:"to"`
	Past kizuna.Interval  `json:"past"`
}

// Resale is who sold a subscription, and who sells it.
type Resale struct {
	Subscription string           `json:"subscription"`
	State        lifecycle.State  `json:"state,omitempty"`
	Sellers      lifecycle.Spells `json:"sellers,omitempty"`   // of tier 1 locations
	Resellers    lifecycle.Spells `json:"resellers,omitempty"` // of tier 2 locations
	Restatements []Restatement    `json:"restatements,omitempty"`
}

// New returns a subscription that was not sold yet.
func New(subscription string) Resale { return Resale{Subscription: subscription} }

// Parties returns who sells the subscription now.
func (r *Resale) Parties() Parties { return Parties{r.Sellers.Now(), r.Resellers.Now()} }

// Step is what the vendor's records or the clock say.
type Step struct {
	Action  lifecycle.Action `json:"action"`
	Actor   lifecycle.Actor  `json:"actor"`
	At      kizuna.Instant   `json:"at"`
	Parties Parties          `json:"parties,omitzero"`
}

// Terms is what a resale stands on, as the record knows it.
type Terms struct {
	Subscription association.Subscription
	Directory    association.Directory
	// PartnerAt returns the partner account that a tenant is of, "" for a customer's,
	// and whether the partner sells from it. A partner's tenant for its own use is a
	// customer to every seller but itself. Nil if no partner's tenant is known.
	PartnerAt func(tenant string) (account string, sells bool)
}

// Case is what the machine's guards look at.
type Case struct {
	Resale Resale
	Step   Step
	Terms  Terms
}

// Machine returns the table.
func Machine() *lifecycle.Machine[Case] {
	type guards = []lifecycle.Guard[Case]
	order := lifecycle.Guard[Case]{Name: "not before the last step", Check: inOrder}
	runs := lifecycle.Guard[Case]{Name: "the subscription runs", Check: runs}
	sold := lifecycle.Guard[Case]{Name: "under a CSP agreement", Check: isCSP}
	parties := lifecycle.Guard[Case]{Name: "the parties are locations, nobody sells to itself or to a partner that sells", Check: partiesMay}
	seller := lifecycle.Guard[Case]{Name: "another seller than now", Check: otherSeller}
	reseller := lifecycle.Guard[Case]{Name: "the same seller, another reseller than now", Check: otherReseller}
	over := lifecycle.Guard[Case]{Name: "the subscription is over", Check: isOver}
	through := lifecycle.Condition[Case]{Name: "a reseller is named", Holds: func(c Case) bool { return c.Step.Parties.Reseller != "" }}
	vendor, clock := []lifecycle.Role{lifecycle.Vendor}, []lifecycle.Role{lifecycle.System}

	sell, transfer := guards{sold, runs, order, parties}, guards{runs, order, seller, parties}
	m := &lifecycle.Machine[Case]{
		Name:   "resale",
		States: []lifecycle.State{lifecycle.None, Direct, Indirect, Ended},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: Sell, By: vendor, To: Indirect, When: through, Guards: sell},
			{From: lifecycle.None, Action: Sell, By: vendor, To: Direct, Guards: sell},
			{From: Indirect, Action: ChangeReseller, By: vendor, To: Indirect, Guards: guards{runs, order, reseller, parties}},
		},
	}
	for _, from := range []lifecycle.State{Direct, Indirect} {
		m.Table = append(m.Table,
			lifecycle.Transition[Case]{From: from, Action: Transfer, By: vendor, To: Indirect, When: through, Guards: transfer},
			lifecycle.Transition[Case]{From: from, Action: Transfer, By: vendor, To: Direct, Guards: transfer},
			lifecycle.Transition[Case]{From: from, Action: Cancel, By: vendor, To: Ended, Guards: guards{runs, order}},
			lifecycle.Transition[Case]{From: from, Action: Expire, By: clock, To: Ended, Guards: guards{over}},
		)
	}
	return m
}

func inOrder(c Case) error {
	last := max(c.Resale.Sellers.Changed(), c.Resale.Resellers.Changed())
	return lifecycle.InOrder(c.Step.Action, c.Step.At, last)
}

func runs(c Case) error { return c.Terms.Subscription.MustRun(c.Step.At) }

func isOver(c Case) error { return c.Terms.Subscription.MustBeOver(c.Step.At) }

func isCSP(c Case) error {
	if s := c.Terms.Subscription; s.Agreement != agreement {
		return kizuna.Errorf("csp-agreement", "subscription %s is under the agreement %q", s.ID, s.Agreement).
			WithMend("only subscriptions under the agreement CSP are sold through the program")
	}
	return nil
}

func otherSeller(c Case) error {
	if now := c.Resale.Parties().Seller; association.Fold(now) == association.Fold(c.Step.Parties.Seller) {
		return kizuna.Errorf("csp-same-seller", "subscription %s is sold by %s already", c.Resale.Subscription, now).
			WithMend("change the reseller, or name another seller")
	}
	return nil
}

func otherReseller(c Case) error {
	now, next := c.Resale.Parties(), c.Step.Parties
	if association.Fold(now.Seller) != association.Fold(next.Seller) || association.Fold(now.Reseller) == association.Fold(next.Reseller) || next.Reseller == "" {
		return kizuna.Errorf("csp-same-reseller", "subscription %s is sold by %s through %s", c.Resale.Subscription, now.Seller, now.Reseller).
			WithMend("name the same seller and another reseller, or transfer the subscription")
	}
	return nil
}

// partiesMay checks that the parties are locations, that nobody sells to itself,
// and that the tenant is not one from which a partner sells.
func partiesMay(c Case) error {
	tenant := c.Terms.Subscription.Tenant
	accounts := make(map[string]string) // to what of them takes part in the sale
	if c.Terms.PartnerAt != nil {
		account, sells := c.Terms.PartnerAt(tenant)
		if sells {
			return kizuna.Errorf("csp-partner-tenant", "the partner %s sells from tenant %s, which cannot buy", account, tenant).
				WithMend("sell to the tenant of a customer")
		}
		if account != "" {
			accounts[association.Fold(account)] = tenant
		}
	}
	for _, id := range c.Step.Parties.ids() {
		l, err := c.Terms.Directory.Location(id, c.Step.At)
		if err != nil {
			return err
		}
		if other, taken := accounts[association.Fold(l.Global)]; taken {
			return kizuna.Errorf("csp-to-itself", "%s and %s belong to the same account %s, which cannot sell to itself", l.ID, other, l.Global).
				WithMend("name parties of different accounts")
		}
		accounts[association.Fold(l.Global)] = l.ID
	}
	return nil
}

// Due returns when the clock has something to do: the subscription ends.
func (r *Resale) Due(t Terms) (kizuna.Instant, bool) {
	end := t.Subscription.During.To
	return end, (r.State == Direct || r.State == Indirect) && end != kizuna.Forever
}

// Apply does a step: the resale afterwards and what happened. What the clock does
// is dated when it fell due; the vendor's steps need a subscription that runs, so
// that it does not matter when the clock comes by.
func Apply(r Resale, step Step, terms Terms) (Resale, []lifecycle.Event, error) {
	if err := terms.Subscription.MustBe(r.Subscription); err != nil {
		return r, nil, err
	}
	state, err := Machine().Next(r.State, step.Action, step.Actor.Role, Case{r, step, terms})
	if err != nil {
		return r, nil, err
	}
	before := r
	r.State = state
	switch step.Action {
	case Cancel:
		r.end(step.At, Cancel)
		return r, []lifecycle.Event{r.event("csp.canceled", before.Parties())}, nil
	case Expire:
		r.end(terms.Subscription.During.To, Expire)
		return r, []lifecycle.Event{r.event("csp.expired", before.Parties())}, nil
	}
	next, err := named(step, terms.Directory)
	if err != nil {
		return before, nil, err
	}
	if step.Action == Sell {
		r.begin(next, step.At)
		return r, []lifecycle.Event{r.event("csp.sold", next)}, nil
	}
	if step.Action == ChangeReseller {
		r.Resellers = r.Resellers.End(step.At, ChangeReseller).Begin(next.Reseller, step.At)
	} else {
		r.end(step.At, Transfer)
		r.begin(next, step.At)
	}
	return r, r.restate(before, step, next), nil
}

// named returns the parties with their ids as the directory writes them.
func named(step Step, directory association.Directory) (Parties, error) {
	var found [2]string
	for i, id := range step.Parties.ids() {
		l, err := directory.Location(id, step.At)
		if err != nil {
			return Parties{}, err
		}
		found[i] = l.ID
	}
	return Parties{found[0], found[1]}, nil
}

func (r *Resale) begin(p Parties, at kizuna.Instant) {
	r.Sellers = r.Sellers.Begin(p.Seller, at)
	if p.Reseller != "" {
		r.Resellers = r.Resellers.Begin(p.Reseller, at)
	}
}

func (r *Resale) end(at kizuna.Instant, by lifecycle.Action) {
	r.Sellers = r.Sellers.End(at, by)
	if r.Resellers.Now() != "" {
		r.Resellers = r.Resellers.End(at, by)
	}
}

// restate marks a change of owner, in the value and for whoever listens.
func (r *Resale) restate(before Resale, step Step, next Parties) []lifecycle.Event {
	mark := Restatement{
		By: step.Action, From: before.Parties(), To: next,
		Past: kizuna.Interval{From: r.Sellers[0].During.From, To: step.At},
	}
	r.Restatements = append(before.Restatements[:len(before.Restatements):len(before.Restatements)], mark)
	types := map[lifecycle.Action]string{Transfer: "csp.transferred", ChangeReseller: "csp.reseller-changed"}
	changed := r.event(types[step.Action], next)
	changed.Detail["from_seller"] = mark.From.Seller
	if mark.From.Reseller != "" {
		changed.Detail["from_reseller"] = mark.From.Reseller
	}
	restated := r.event("csp.history-restated", next)
	restated.Detail["past_from"], restated.Detail["past_to"] = mark.Past.From.String(), mark.Past.To.String()
	return []lifecycle.Event{changed, restated}
}

func (r *Resale) event(what string, p Parties) lifecycle.Event {
	detail := map[string]string{"subscription": r.Subscription, "seller": p.Seller}
	if p.Reseller != "" {
		detail["reseller"] = p.Reseller
	}
	return lifecycle.Event{Type: what, Detail: detail}
}

// Facts returns the resales as scoring reads them, a fact for each tier and spell
// that lasted.
func (r *Resale) Facts() []association.Resale {
	var out []association.Resale
	for _, tier := range []struct {
		name   string
		spells lifecycle.Spells
	}{{"T1", r.Sellers}, {"T2", r.Resellers}} {
		for _, s := range tier.spells {
			if !s.During.Empty() {
				out = append(out, association.Resale{Subscription: r.Subscription, Tier: tier.name, Location: s.Of, During: s.During})
			}
		}
	}
	return out
}
