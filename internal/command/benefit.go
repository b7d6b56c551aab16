package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/benefit"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
)

// benefitCmd is about what a company is given, and what is left of it.
type benefitCmd struct {
	List    benefitListCmd    `cmd:"" help:"help.benefit-list"`
	Redeem  benefitStepCmd    `cmd:"" help:"help.benefit-redeem"`
	Assign  benefitStepCmd    `cmd:"" help:"help.benefit-assign"`
	Recall  benefitStepCmd    `cmd:"" help:"help.benefit-recall"`
	Restore benefitRestoreCmd `cmd:"" help:"help.benefit-restore"`
	History benefitHistoryCmd `cmd:"" help:"help.benefit-history"`
}

// AfterApply fills in which step each command is.
func (c *benefitCmd) AfterApply() error {
	c.Redeem.action, c.Assign.action, c.Recall.action = benefit.Redeem, benefit.Assign, benefit.Recall
	return nil
}

type benefitStepCmd struct {
	askFlags
	Account  string `arg:"" name:"account" help:"help.membership-account"`
	Item     string `arg:"" name:"item" help:"help.benefit-item"`
	Quantity int64  `arg:"" name:"quantity" help:"help.benefit-quantity"`
	Location string `name:"location" placeholder:"ID" help:"help.benefit-location"`
	Bundle   string `name:"bundle" placeholder:"ID" help:"help.benefit-bundle"`
	action   lifecycle.Action
}

// Run uses a benefit, or hands it to a location.
func (c *benefitStepCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.BenefitOutcome, error) {
		return o.UseBenefit(a.Context, ask, c.Account, c.Bundle, benefit.Step{Action: c.action, Item: c.Item, Location: c.Location, Quantity: c.Quantity})
	})
}

type benefitRestoreCmd struct {
	askFlags
	Account    string `arg:"" name:"account" help:"help.membership-account"`
	Redemption int    `arg:"" name:"redemption" help:"help.benefit-redemption"`
	Bundle     string `name:"bundle" placeholder:"ID" help:"help.benefit-bundle"`
}

// Run takes a redemption back that was a mistake.
func (c *benefitRestoreCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.BenefitOutcome, error) {
		return o.UseBenefit(a.Context, ask, c.Account, c.Bundle, benefit.Step{Action: benefit.Restore, Of: c.Redemption})
	})
}

// benefitFlags say whose benefits are looked at, on which day.
type benefitFlags struct {
	lookFlags
	Account string `arg:"" name:"account" help:"help.membership-account"`
}

// bundles reads the bundles of the account that began by the day.
func (f *benefitFlags) bundles(l *looking, named string) (bundles []record.Bundle, day kizuna.Date, err error) {
	rules, err := l.MembershipRules()
	if err != nil {
		return nil, 0, err
	}
	if day, err = dayOf(named, rules); err != nil {
		return nil, 0, err
	}
	_, bundles, err = l.Benefits(l.ctx, l.view, f.Account, day)
	return bundles, day, err
}

// look reads and shows, as of a day.
func lookAtBenefits[T any](a *app, f *benefitFlags, read func([]record.Bundle, kizuna.Date) T, show func(T) error) error {
	named := f.AsOf
	flags := f.lookFlags
	flags.AsOf = ""
	return look(a, &flags, func(l *looking) (T, error) {
		bundles, day, err := f.bundles(l, named)
		return read(bundles, day), err
	}, func(_ *looking, found T) error { return show(found) })
}

type benefitListCmd struct {
	benefitFlags
	Ended bool `name:"ended" help:"help.benefit-ended"`
}

// Run lists what an account is given and what is left of it on a day.
func (c *benefitListCmd) Run(a *app) error {
	return lookAtBenefits(a, &c.benefitFlags, func(all []record.Bundle, day kizuna.Date) []record.Bundle {
		out := []record.Bundle{}
		for _, b := range all {
			if c.Ended || day <= b.Term.Last {
				out = append(out, b)
			}
		}
		return out
	}, a.showBenefitBundles)
}

func (a *app) showBenefitBundles(all []record.Bundle) error {
	if len(all) == 0 {
		return a.show(a.grid())
	}
	for i := range all {
		b := &all[i]
		if _, err := fmt.Fprintln(a.Stdout, a.P.T("benefit.bundle", b.ID, b.Term.First, b.Term.Anniversary, b.Term.Last)); err != nil {
			return err
		}
		g := a.grid("item", "benefit", "quantity", "location", "given", "used", "left").Right(2, 4, 5, 6).Indent("  ")
		for j := range b.Items {
			a.heldRows(g.Row, &b.Items[j])
		}
		if _, err := g.WriteTo(a.Stdout); err != nil {
			return err
		}
		for _, left := range b.LeftOut {
			if _, err := fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("benefit.left-out", left.Specialization, left.Package, left.AtMost)); err != nil {
				return err
			}
		}
	}
	return nil
}

// heldRows writes an item: a row for the account's own, one for each location's.
func (a *app) heldRows(row func(...string), h *benefit.Held) {
	quantity := a.quantity(h.Quantity.Allowance, h.Quantity.Unit, h.Quantity.Monthly)
	name := h.Name.In(a.P.Lang)
	if len(h.Balances) == 0 {
		row(h.Item, name, quantity, "", "", "", "")
		return
	}
	for _, b := range h.Balances {
		given, left := strconv.FormatInt(b.Given, 10), strconv.FormatInt(b.Left, 10)
		switch {
		case b.Unlimited:
			given, left = "", a.P.T("benefit.unlimited")
		case h.Lost:
			left = a.P.T("benefit.lost")
		}
		row(h.Item, name, quantity, b.Location, given, strconv.FormatInt(b.Used, 10), left)
	}
}

type benefitHistoryCmd struct{ benefitFlags }

// used is a use of a bundle.
type usedOf struct {
	Bundle string `json:"bundle"`
	benefit.Entry
}

// Run lists what was used and handed out, in order.
func (c *benefitHistoryCmd) Run(a *app) error {
	return lookAtBenefits(a, &c.benefitFlags, func(all []record.Bundle, day kizuna.Date) []usedOf {
		out := []usedOf{}
		for i := range all {
			for _, e := range all[i].Used.Entries {
				if e.On <= day {
					out = append(out, usedOf{all[i].ID, e})
				}
			}
		}
		return out
	}, func(all []usedOf) error {
		g := a.grid("bundle", "number", "day", "what", "item", "quantity", "location").Right(1, 5)
		for _, e := range all {
			what := a.action("benefit." + string(e.Action))
			if e.Of > 0 {
				what = strings.TrimSpace(what + " " + strconv.Itoa(e.Of))
			}
			g.Row(e.Bundle, strconv.Itoa(e.N), e.On.String(), what, e.Item, strconv.FormatInt(e.Quantity, 10), e.Location)
		}
		return a.show(g)
	})
}
