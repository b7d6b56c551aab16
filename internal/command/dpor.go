package command

import (
	"fmt"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// dporCmd is the digital partner of record of a subscription.
type dporCmd struct {
	Lookup  dporLookupCmd  `cmd:"" help:"help.dpor-lookup"`
	Appoint dporAppointCmd `cmd:"" help:"help.dpor-appoint"`
	Remove  dporRemoveCmd  `cmd:"" help:"help.dpor-remove"`
	List    dporListCmd    `cmd:"" help:"help.dpor-list"`
	Show    dporShowCmd    `cmd:"" help:"help.dpor-show"`
}

type dporLookupCmd struct {
	lookFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
	Partner      string `arg:"" name:"partner" help:"help.pal-partner"`
}

// Run shows the partner's name and the token that stands for it.
func (c *dporLookupCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) (dpor.Shown, error) {
		now, err := clock()
		if err != nil {
			return dpor.Shown{}, err
		}
		return l.LookUpPartner(l.ctx, l.view, l.actor, c.Subscription, c.Partner, kizuna.MomentOf(now()).Instant())
	}, func(_ *looking, s dpor.Shown) error {
		_, err := fmt.Fprintln(a.Stdout, a.P.T("dpor.shown", s.Location, s.Name, s.Country, s.Token))
		return err
	})
}

type dporAppointCmd struct {
	askFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
	Partner      string `arg:"" name:"partner" help:"help.pal-partner"`
	Shown        string `name:"shown" placeholder:"TOKEN" help:"help.dpor-shown"`
}

// Run appoints a partner that was shown before.
func (c *dporAppointCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[dpor.Record], error) {
		return o.Appoint(a.Context, ask, c.Subscription, c.Partner, c.Shown)
	})
}

type dporRemoveCmd struct {
	askFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
}

// Run ends the appointment.
func (c *dporRemoveCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[dpor.Record], error) {
		return o.RemovePartner(a.Context, ask, c.Subscription)
	})
}

type dporListCmd struct {
	lookFlags
	Tenant  string `name:"tenant" placeholder:"ID" help:"help.subscription-tenant"`
	Partner string `name:"partner" placeholder:"LOCATION" help:"help.pal-partner"`
}

// Run lists appointments.
func (c *dporListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[dpor.Record], error) {
		return all(l.Appointments(l.ctx, l.view, store.Query{Tenant: association.Fold(c.Tenant), Location: association.Fold(c.Partner)}))
	}, func(_ *looking, found []*record.Item[dpor.Record]) error {
		g := a.grid("subscription", "partner", "since", "state")
		for _, item := range found {
			of, since := lasting(item.Value.Spells)
			g.Row(item.Value.Subscription, of, since, a.state(item.Value.State))
		}
		return a.show(g)
	})
}

type dporShowCmd struct {
	lookFlags
	Subscription string `arg:"" name:"subscription" help:"help.subscription-id"`
}

// Run shows a subscription's partners of record over time.
func (c *dporShowCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) (*record.Item[dpor.Record], error) {
		return l.Appointment(l.ctx, l.view, c.Subscription)
	}, func(_ *looking, d *record.Item[dpor.Record]) error {
		if err := a.head(d.Thing, d.Version, d.Value.State); err != nil {
			return err
		}
		return a.showSpells("partner", d.Value.Spells)
	})
}
