package membership

import (
	"github.com/kizuna-org/kizuna"
)

// refusal says why an event has no effect, nil if it has.
func (c *company) refusal(e dated) error {
	t := c.rules.On(e.on)
	if c.closed != nil {
		return kizuna.Errorf("membership-closed", "account %s is closed since %s", c.ledger.Account, c.closed.On).
			WithMend("name the account that goes on")
	}
	switch e.event.Kind {
	case Legacy:
		return c.refuseLegacy(e, t)
	case Purchase:
		return c.refusePurchase(e, t)
	case Renewal:
		return c.refuseRenewal(e)
	case Refund:
		return c.refuseRefund(e)
	case Merge:
		if e.event.With == nil {
			return kizuna.Errorf("membership-merge-nothing", "nothing is said of what merges into %s", c.ledger.Account).
				WithMend("name what the other account brings")
		}
		return nil
	case Closing:
		return nil
	}
	return kizuna.Errorf("membership-kind", "%q is no event of a membership", e.event.Kind).
		WithMend("one of: legacy, merge, purchase, renewal, refund, closing")
}

func (c *company) refuseLegacy(e dated, t *Terms) error {
	switch {
	case t.Legacy == nil:
		return kizuna.Errorf("membership-legacy-none", "%s takes nobody over from a membership of the time before", t.Program.Ref()).
			WithMend("record a purchase")
	case t.Legacy.LastRenewal != nil && e.on > *t.Legacy.LastRenewal:
		return kizuna.Errorf("membership-legacy-late", "a membership of the time before cannot begin on %s; the last day was %s", e.on, *t.Legacy.LastRenewal).
			WithMend("date it on the day of its last renewal")
	case e.event.Until == nil || *e.event.Until < e.on:
		return kizuna.Errorf("membership-legacy-until", "the membership of %s does not say on which later day it ends", e.on).
			WithMend("name its last day, the anniversary")
	}
	return nil
}

func (c *company) refusePurchase(e dated, t *Terms) error {
	switch {
	case c.term != nil && c.term.renewed == nil && c.term.renewal.Contains(e.on):
		return kizuna.Errorf("membership-in-window", "account %s is due to renew, with the anniversary %s", c.ledger.Account, c.term.anniversary).
			WithMend("renew it until %s: kizuna membership renew", c.term.renewal.Last)
	case c.term != nil:
		return kizuna.Errorf("membership-enrolled", "account %s is enrolled, with the anniversary %s", c.ledger.Account, c.term.anniversary).
			WithMend("areas that qualify later join by themselves, without a fee")
	}
	if len(c.open(t, e.on)) == 0 {
		days := t.counts(e.on)
		return kizuna.Errorf("membership-not-qualified", "account %s was found to qualify in no area from %s to %s", c.ledger.Account, days.First, days.Last).
			WithMend("record a score that qualifies first: kizuna membership qualify")
	}
	return nil
}

func (c *company) refuseRenewal(e dated) error {
	t := c.term
	switch {
	case t == nil:
		return kizuna.Errorf("membership-not-enrolled", "account %s is not enrolled on %s", c.ledger.Account, e.on).
			WithMend("what has lapsed is bought anew: kizuna membership enrol")
	case t.renewed != nil:
		return kizuna.Errorf("membership-renewed", "account %s has paid for the term after %s", c.ledger.Account, t.anniversary).
			WithMend("take that payment back first, if it is wrong")
	case !t.renewal.Contains(e.on):
		return kizuna.Errorf("membership-window", "account %s can renew from %s to %s", c.ledger.Account, t.renewal.First, t.renewal.Last).
			WithMend("pay in these days")
	}
	for _, s := range c.areas {
		if s.in && c.keeping(s.id, t, e.on) != nil {
			return nil
		}
	}
	return kizuna.Errorf("membership-not-kept", "account %s was found to qualify in none of its areas from %s to %s", c.ledger.Account, t.keeps.First, t.keeps.Last).
		WithMend("record a score of these days that qualifies first: kizuna membership qualify")
}

func (c *company) refuseRefund(e dated) error {
	t := c.term
	paid, on := (*Event)(nil), kizuna.Date(0)
	if t != nil {
		if paid, on = t.payment, t.paidOn; t.renewed != nil {
			paid, on = t.renewed, t.nextPaid
		}
	}
	if paid == nil {
		return kizuna.Errorf("membership-unpaid", "account %s has paid nothing that could be taken back", c.ledger.Account).
			WithMend("look at its history: kizuna membership history")
	}
	rules := c.rules.On(on)
	last := on.AddDays(rules.RefundDays)
	switch {
	case rules.RefundDays == 0 || e.on > last:
		return kizuna.Errorf("membership-refund-late", "the payment of %s could be taken back until %s", on, last).
			WithMend("it cannot be any more")
	case e.event.Used && rules.RefundUnused:
		return kizuna.Errorf("membership-refund-used", "a benefit of the payment of %s has been used", on).
			WithMend("only a payment whose benefits are unused can be taken back")
	}
	return nil
}
