package command

import (
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// cspCmd is a subscription's sale through the Cloud Solution Provider program.
type cspCmd struct {
	Sell           cspSaleCmd    `cmd:"" help:"help.csp-sell"`
	Transfer       cspSaleCmd    `cmd:"" help:"help.csp-transfer"`
	ChangeReseller cspReplaceCmd `cmd:"" help:"help.csp-change-reseller"`
	Cancel         cspCancelCmd  `cmd:"" help:"help.csp-cancel"`
	List           cspListCmd    `cmd:"" help:"help.csp-list"`
	Show           cspShowCmd    `cmd:"" help:"help.csp-show"`
}

// AfterApply fills in which step each command is.
func (c *cspCmd) AfterApply() error {
	c.Sell.action, c.Transfer.action = csp.Sell, csp.Transfer
	return nil
}

type cspSaleCmd struct {
	askFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
	Seller       string `name:"seller" required:"" placeholder:"LOCATION" help:"help.csp-seller"`
	Reseller     string `name:"reseller" placeholder:"LOCATION" help:"help.csp-reseller"`
	action       lifecycle.Action
}

// Run records a sale, or a transfer to another seller.
func (c *cspSaleCmd) Run(a *app) error {
	return a.sale(&c.askFlags, c.action, c.Subscription, csp.Parties{Seller: c.Seller, Reseller: c.Reseller})
}

type cspReplaceCmd struct {
	askFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
	Seller       string `name:"seller" required:"" placeholder:"LOCATION" help:"help.csp-seller"`
	Reseller     string `name:"reseller" required:"" placeholder:"LOCATION" help:"help.csp-reseller"`
}

// Run records another reseller under the same provider.
func (c *cspReplaceCmd) Run(a *app) error {
	return a.sale(&c.askFlags, csp.ChangeReseller, c.Subscription, csp.Parties{Seller: c.Seller, Reseller: c.Reseller})
}

type cspCancelCmd struct {
	askFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
}

// Run records that a sale was canceled.
func (c *cspCancelCmd) Run(a *app) error {
	return a.sale(&c.askFlags, csp.Cancel, c.Subscription, csp.Parties{})
}

func (a *app) sale(f *askFlags, action lifecycle.Action, subscription string, p csp.Parties) error {
	return tell(a, f, func(o *opened, ask record.Ask) (*record.Outcome[csp.Resale], error) {
		return o.Sale(a.Context, ask, action, subscription, p)
	})
}

type cspListCmd struct {
	lookFlags
	Tenant  string `name:"tenant" placeholder:"ID" help:"help.subscription-tenant"`
	Partner string `name:"partner" placeholder:"LOCATION" help:"help.pal-partner"`
}

// Run lists sales.
func (c *cspListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[csp.Resale], error) {
		return all(l.Resales(l.ctx, l.view, store.Query{Tenant: association.Fold(c.Tenant), Location: association.Fold(c.Partner)}))
	}, func(_ *looking, found []*record.Item[csp.Resale]) error {
		g := a.grid("subscription", "seller", "reseller", "since", "state")
		for _, item := range found {
			p := item.Value.Parties()
			_, since := lasting(item.Value.Sellers)
			g.Row(item.Value.Subscription, p.Seller, p.Reseller, since, a.state(item.Value.State))
		}
		return a.show(g)
	})
}

type cspShowCmd struct {
	lookFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
}

// Run shows who sold a subscription over time, and where the past passed to others.
func (c *cspShowCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) (*record.Item[csp.Resale], error) {
		return l.Resale(l.ctx, l.view, c.Subscription)
	}, a.showResale)
}

func (a *app) showResale(_ *looking, r *record.Item[csp.Resale]) error {
	if err := a.head(r.Thing, r.Version, r.Value.State); err != nil {
		return err
	}
	if err := a.showSpells("seller", r.Value.Sellers); err != nil {
		return err
	}
	if err := a.showSpells("reseller", r.Value.Resellers); err != nil {
		return err
	}
	g := a.grid("from-partner", "to-partner", "past-from", "past-to", "by")
	for _, m := range r.Value.Restatements {
		g.Row(partiesText(m.From), partiesText(m.To), begins(m.Past), ends(m.Past), a.ended(m.By))
	}
	return a.section(g, a.P.T("csp.restated"))
}

func partiesText(p csp.Parties) string {
	if p.Reseller == "" {
		return p.Seller
	}
	return p.Seller + " > " + p.Reseller
}
