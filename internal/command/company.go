package command

import (
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// companyCmd is about partner companies: accounts and their locations.
type companyCmd struct {
	Open             companyOpenCmd      `cmd:"" help:"help.company-open"`
	AddLocation      companyAddCmd       `cmd:"" help:"help.company-add-location"`
	MoveLocation     companyMoveCmd      `cmd:"" help:"help.company-move-location"`
	MoveAssociations companyReassignCmd  `cmd:"" help:"help.company-move-associations"`
	DeleteLocation   companyDeleteCmd    `cmd:"" help:"help.company-delete-location"`
	OfferMerge       companyMergeStepCmd `cmd:"" help:"help.company-offer-merge"`
	WithdrawMerge    companyMergeStepCmd `cmd:"" help:"help.company-withdraw-merge"`
	AcceptMerge      companyMergeStepCmd `cmd:"" help:"help.company-accept-merge"`
	DeclineMerge     companyMergeStepCmd `cmd:"" help:"help.company-decline-merge"`
	ConfirmMerge     companyTogetherCmd  `cmd:"" help:"help.company-confirm-merge"`
	Close            companyTogetherCmd  `cmd:"" help:"help.company-close"`
	List             companyListCmd      `cmd:"" help:"help.company-list"`
	Show             companyShowCmd      `cmd:"" help:"help.company-show"`
}

// AfterApply fills in which step each command is.
func (c *companyCmd) AfterApply() error {
	c.OfferMerge.action, c.WithdrawMerge.action = company.OfferMerge, company.WithdrawMerge
	c.AcceptMerge.action, c.DeclineMerge.action = company.AcceptMerge, company.DeclineMerge
	c.ConfirmMerge.action, c.Close.action = company.ConfirmMerge, company.CloseAccount
	return nil
}

type companyOpenCmd struct {
	askFlags
	ID   string `arg:"" name:"account" help:"help.company-account"`
	Name string `name:"name" placeholder:"NAME" help:"help.company-name"`
}

// Run opens a global account.
func (c *companyOpenCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Account], error) {
		return o.OpenAccount(a.Context, ask, c.ID, c.Name)
	})
}

type companyAddCmd struct {
	askFlags
	ID      string `arg:"" name:"location" help:"help.company-location"`
	Account string `name:"account" required:"" placeholder:"ID" help:"help.company-account"`
	Name    string `name:"name" placeholder:"NAME" help:"help.company-name"`
	Country string `name:"country" placeholder:"CODE" help:"help.company-country"`
}

// Run adds a location to an account.
func (c *companyAddCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Location], error) {
		return o.AddLocation(a.Context, ask, record.NewLocation{ID: c.ID, Account: c.Account, Name: c.Name, Country: c.Country})
	})
}

type companyMoveCmd struct {
	askFlags
	ID string `arg:"" name:"location" help:"help.company-location"`
	To string `name:"to" required:"" placeholder:"ACCOUNT" help:"help.company-account"`
}

// Run puts a location under another account.
func (c *companyMoveCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Location], error) {
		return o.MoveLocation(a.Context, ask, c.ID, c.To)
	})
}

type companyReassignCmd struct {
	askFlags
	ID string `arg:"" name:"location" help:"help.company-location"`
	To string `name:"to" required:"" placeholder:"LOCATION" help:"help.company-to-location"`
}

// Run tells who has to move what.
func (c *companyReassignCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Location], error) {
		return o.MoveAssociations(a.Context, ask, c.ID, c.To)
	})
}

type companyDeleteCmd struct {
	askFlags
	ID string `arg:"" name:"location" help:"help.company-location"`
}

// Run deletes a location that nothing names.
func (c *companyDeleteCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Location], error) {
		return o.DeleteLocation(a.Context, ask, c.ID)
	})
}

type companyMergeStepCmd struct {
	askFlags
	ID     string `arg:"" name:"account" help:"help.company-merged"`
	action lifecycle.Action
}

// Run does a step of a merge.
func (c *companyMergeStepCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Account], error) {
		return o.Merging(a.Context, ask, c.action, c.ID)
	})
}

type companyTogetherCmd companyMergeStepCmd

// Run merges or closes an account with its locations.
func (c *companyTogetherCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[company.Account], error) {
		if c.action == company.CloseAccount {
			return o.CloseAccount(a.Context, ask, c.ID)
		}
		return o.ConfirmMerge(a.Context, ask, c.ID)
	})
}

type companyListCmd struct {
	lookFlags
	Account string `name:"account" placeholder:"ID" help:"help.company-list-account"`
}

// companies is what a list of companies holds.
type companies struct {
	Accounts  []*record.Item[company.Account]  `json:"accounts"`
	Locations []*record.Item[company.Location] `json:"locations"`
	Names     map[string]map[string]string     `json:"names,omitempty"`
}

// Run lists accounts, then locations.
func (c *companyListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, c.read, a.showCompanies)
}

func (c *companyListCmd) read(l *looking) (out companies, err error) {
	q := store.Query{Location: association.Fold(c.Account)}
	if out.Accounts, err = all(l.Accounts(l.ctx, l.view, q)); err != nil {
		return out, err
	}
	if out.Locations, err = all(l.Locations(l.ctx, l.view, q)); err != nil {
		return out, err
	}
	return out, out.name(l)
}

// name looks up what the companies are called.
func (c *companies) name(l *looking) (err error) {
	var refs []string
	for _, item := range c.Accounts {
		refs = append(refs, item.Value.Name)
	}
	for _, item := range c.Locations {
		refs = append(refs, item.Value.Name)
	}
	c.Names, err = l.Names(l.ctx, l.view, refs...)
	return err
}

func (a *app) showCompanies(_ *looking, c companies) error {
	g := a.grid("kind", "id", "name", "account", "country", "state")
	for _, item := range c.Accounts {
		v := &item.Value
		g.Row(a.P.T("list.account"), v.ID, c.Names[v.Name]["name"], v.Into, "", a.state(v.State))
	}
	for _, item := range c.Locations {
		v := &item.Value
		g.Row(a.P.T("list.location"), v.ID, c.Names[v.Name]["name"], v.Account(), v.Country, a.state(v.State))
	}
	return a.show(g)
}

type companyShowCmd struct {
	lookFlags
	ID string `arg:"" name:"id" help:"help.company-id"`
}

// Run shows an account, or a location with its past.
func (c *companyShowCmd) Run(a *app) error {
	return look(a, &c.lookFlags, c.read, func(l *looking, found companies) error {
		if err := a.showCompanies(l, found); err != nil || len(found.Accounts) > 0 {
			return err
		}
		g := a.grid("account", "from", "to")
		for _, s := range found.Locations[0].Value.Spells {
			g.Row(s.Account, begins(s.During), ends(s.During))
		}
		return a.section(g, a.P.T("list.past"))
	})
}

func (c *companyShowCmd) read(l *looking) (out companies, err error) {
	account, err := l.Account(l.ctx, l.view, c.ID)
	switch {
	case err == nil:
		out.Accounts = append(out.Accounts, account)
		if out.Locations, err = all(l.Locations(l.ctx, l.view, store.Query{Location: association.Fold(c.ID)})); err != nil {
			return out, err
		}
	case store.IsNotFound(err):
		location, err := l.Location(l.ctx, l.view, c.ID)
		if err != nil {
			return out, err
		}
		out.Locations = append(out.Locations, location)
	default:
		return out, err
	}
	return out, out.name(l)
}
