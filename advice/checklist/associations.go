package checklist

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/gaps"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

func fold(id string) string { return association.Fold(id) }
func same(a, b string) bool { return fold(a) == fold(b) }
func keyOf(account string, measure int) attribution.Key {
	return attribution.Key{Account: account, Measure: measure}
}

// associations checks the account's associations with every customer, and what is missing.
func (c *checker) associations(missing []gaps.Gap, findings []*kizuna.Error, stop func() bool) error {
	var lines []Line
	for i := range missing {
		g := &missing[i]
		best := &g.Remedies[0]
		l := Line{State: NotDone, Code: Gap, Tenant: g.Tenant, What: string(best.Kind), Moves: best.Moves}
		for _, e := range best.AtStake {
			for _, id := range c.points {
				if e.Area == id && e.After.Cmp(e.Before) > 0 {
					l.Loses = append(l.Loses, e)
				}
			}
		}
		for _, tie := range g.Ties {
			l.At = append(l.At, tie.At)
		}
		if len(l.Loses)+len(l.Moves) > 0 {
			lines = append(lines, l)
		}
	}
	for _, f := range findings {
		lines = append(lines, Line{State: NotDone, Code: Finding, Cause: f, At: []kizuna.Ref{f.At}})
	}
	for _, tenant := range c.base.Customers() {
		if stop != nil && stop() {
			return nil
		}
		more, err := c.customer(tenant)
		if err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	c.out.Associations = sorted(lines)
	return nil
}

// customer checks the associations with a customer: those that hold, or held and lost
// their effect.
func (c *checker) customer(tenant string) (lines []Line, err error) {
	f := c.base.Associations(tenant)
	day := c.base.Question.AsOf.Instant()
	one := func(e advice.Selection, at kizuna.Ref, what string, why func() (Code, *kizuna.Date)) error {
		c.out.All++
		any, err := c.loses(new(Line), &advice.Changes{End: []advice.Ending{{Selection: e, At: kizuna.Never}}})
		if err != nil {
			return err
		}
		if any {
			c.out.Counting++
			return nil
		}
		code, on := why()
		lines = append(lines, Line{State: NotDone, Code: code, Tenant: tenant, What: what, On: on, At: []kizuna.Ref{at}})
		return nil
	}
	for _, a := range f.Claims {
		if !c.ours(a.Location) || !same(a.Tenant, tenant) && c.base.About(a.Tenant) != nil {
			continue // it is checked with its own customer
		}
		err := one(advice.Selection{Table: advice.Claims, Claim: a.ID, Tenant: a.Tenant}, a.At, a.ID, func() (Code, *kizuna.Date) {
			if !a.During.Contains(day) {
				return ClaimNotApproved, ended(a.During)
			}
			return c.unused(tenant, a.Subscription, typeOf(a.Role)), nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, a := range f.Links {
		if !c.ours(a.Location) || !same(a.Tenant, tenant) {
			continue
		}
		err := one(advice.Selection{Table: advice.Links, Tenant: a.Tenant, Object: a.Object, Location: a.Location}, a.At, a.Object,
			func() (Code, *kizuna.Date) { return c.whyLink(f, &a, tenant, day) })
		if err != nil {
			return nil, err
		}
	}
	for _, a := range f.Appointments {
		if !c.ours(a.Location) {
			continue
		}
		err := one(advice.Selection{Table: advice.Appointments, Subscription: a.Subscription, Location: a.Location}, a.At, a.Subscription,
			func() (Code, *kizuna.Date) {
				return c.whySubscription(f, a.Subscription, tenant, program.DPOR, a.During)
			})
		if err != nil {
			return nil, err
		}
	}
	for _, a := range f.Resales {
		if !c.ours(a.Location) {
			continue
		}
		t := program.CSPTier1
		if a.Tier == "T2" {
			t = program.CSPTier2
		}
		err := one(advice.Selection{Table: advice.Resales, Subscription: a.Subscription, Location: a.Location}, a.At, a.Subscription,
			func() (Code, *kizuna.Date) {
				for _, b := range f.Resales {
					if same(b.Subscription, a.Subscription) && !c.ours(b.Location) && b.During.Contains(day) {
						return CSPMoved, ended(a.During)
					}
				}
				return c.whySubscription(f, a.Subscription, tenant, t, a.During)
			})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// whyLink says why a link brings nothing.
func (c *checker) whyLink(f *association.Facts, a *association.Link, tenant string, day kizuna.Instant) (Code, *kizuna.Date) {
	holders := map[string]bool{fold(a.Object): true}
	for range f.Memberships { // groups nest
		for _, m := range f.Memberships {
			if holders[fold(m.Object)] && same(m.Tenant, a.Tenant) {
				holders[fold(m.Group)] = true
			}
		}
	}
	month := c.base.Plan.Last.Interval()
	var covered int64
	any, earns, holds := false, false, false
	var last *kizuna.Date
	for i := range f.Assignments {
		r := &f.Assignments[i]
		if !holders[fold(r.Object)] || !same(r.Tenant, tenant) {
			continue
		}
		any = true
		if !association.Earns(&c.base.Question.Program.Roles, r.Role) {
			continue
		}
		earns = true
		holds = holds || r.During.Contains(day)
		covered += r.During.Intersect(month).Seconds()
		if d := ended(r.During); d != nil && (last == nil || *d > *last) {
			last = d
		}
	}
	switch {
	case !any || earns && !holds:
		return LinkWithoutRole, last
	case !earns:
		return RoleDoesNotEarn, nil
	case covered > 0 && covered < month.Seconds()/4:
		return RoleForHours, nil
	}
	return c.unused(tenant, "", program.PAL), nil
}

// whySubscription says why an association with a subscription brings nothing.
func (c *checker) whySubscription(f *association.Facts, id, tenant string, t program.Type, during kizuna.Interval) (Code, *kizuna.Date) {
	day := c.base.Question.AsOf.Instant()
	var of *association.Subscription
	for i := range f.Subscriptions {
		if same(f.Subscriptions[i].ID, id) {
			of = &f.Subscriptions[i]
		}
	}
	if of != nil && of.During.To <= day {
		for i := range c.base.Facts().Associations.Subscriptions {
			s := &c.base.Facts().Associations.Subscriptions[i]
			if same(s.Tenant, tenant) && s.Product == of.Product && !same(s.ID, id) && s.During.Contains(day) {
				return Renewed, ended(of.During)
			}
		}
	}
	if of != nil && t == program.DPOR && of.Product == "Azure" && of.Agreement != "" && of.Agreement != "EA" {
		return DPORAgreement, ended(during)
	}
	return c.unused(tenant, id, t), ended(during)
}

// unused says whether the type could bring something for what is used.
func (c *checker) unused(tenant, subscription string, t program.Type) Code {
	if takes, uses := c.takes(tenant, subscription, t); uses && !takes {
		return WrongType
	}
	return EarnsNothing
}

func typeOf(role association.ClaimRole) program.Type {
	switch role {
	case association.PresalesRole:
		return program.CPORPresales
	case association.RevenueRole:
		return program.CPORRevenue
	}
	return program.CPORUsage
}

func (c *checker) ours(location string) bool {
	account, ok := c.base.Index().AccountAt(location)
	return ok && account == c.base.Account
}

// ended is the day on which an interval ends; nil if it does not.
func ended(during kizuna.Interval) *kizuna.Date {
	if during.To == kizuna.Forever || during.To == kizuna.Never {
		return nil
	}
	return new(during.To.Date())
}
