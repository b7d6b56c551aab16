package command

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// subscriptionCmd is about what customers bought.
type subscriptionCmd struct {
	Register subscriptionRegisterCmd `cmd:"" help:"help.subscription-register"`
	List     subscriptionListCmd     `cmd:"" help:"help.subscription-list"`
	Show     subscriptionShowCmd     `cmd:"" help:"help.subscription-show"`
}

type subscriptionRegisterCmd struct {
	askFlags
	ID        string `arg:"" name:"subscription" help:"help.subscription-id"`
	Tenant    string `name:"tenant" required:"" placeholder:"ID" help:"help.subscription-tenant"`
	Product   string `name:"product" required:"" enum:"Azure,Microsoft 365,Dynamics 365,Power Platform,Other" placeholder:"NAME" help:"help.subscription-product"`
	Agreement string `name:"agreement" placeholder:"EA|MCA|CSP|WebDirect" help:"help.subscription-agreement"`
	From      string `name:"from" placeholder:"INSTANT" help:"help.subscription-from"`
	To        string `name:"to" placeholder:"INSTANT" help:"help.subscription-to"`
	Since     string `name:"agreement-since" placeholder:"INSTANT" help:"help.subscription-since"`
}

// Run registers a subscription, or what became of it.
func (c *subscriptionRegisterCmd) Run(a *app) (err error) {
	s := record.Subscription{ID: c.ID, Tenant: c.Tenant, Product: c.Product, Agreement: c.Agreement}
	if s.During.From, err = optionalInstant(c.From, kizuna.Never); err != nil {
		return err
	}
	if s.During.To, err = optionalInstant(c.To, kizuna.Forever); err != nil {
		return err
	}
	if s.Since, err = optionalInstant(c.Since, 0); err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[record.Subscription], error) {
		return o.Register(a.Context, ask, s)
	})
}

type subscriptionListCmd struct {
	lookFlags
	Tenant string `name:"tenant" placeholder:"ID" help:"help.subscription-tenant"`
}

// Run lists subscriptions.
func (c *subscriptionListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[record.Subscription], error) {
		return all(l.Subscriptions(l.ctx, l.view, store.Query{Tenant: association.Fold(c.Tenant)}))
	}, a.showSubscriptions)
}

func (a *app) showSubscriptions(_ *looking, found []*record.Item[record.Subscription]) error {
	g := a.grid("subscription", "tenant", "product", "agreement", "from", "to")
	for _, item := range found {
		s := &item.Value
		g.Row(s.ID, s.Tenant, s.Product, s.Agreement, begins(s.During), ends(s.During))
	}
	return a.show(g)
}

type subscriptionShowCmd struct {
	lookFlags
	ID string `arg:"" name:"subscription" help:"help.subscription-id"`
}

// Run shows a subscription.
func (c *subscriptionShowCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) (*record.Item[record.Subscription], error) {
		return l.Subscription(l.ctx, l.view, c.ID)
	}, func(l *looking, s *record.Item[record.Subscription]) error {
		return a.showSubscriptions(l, []*record.Item[record.Subscription]{s})
	})
}
