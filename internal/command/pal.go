package command

import (
	"fmt"
	"strings"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// palCmd is the partner admin link of the identity that asks.
type palCmd struct {
	Link   palStepCmd   `cmd:"" help:"help.pal-link"`
	Move   palStepCmd   `cmd:"" help:"help.pal-move"`
	Unlink palUnlinkCmd `cmd:"" help:"help.pal-unlink"`
	List   palListCmd   `cmd:"" help:"help.pal-list"`
	Show   palShowCmd   `cmd:"" help:"help.pal-show"`
}

type palStepCmd struct {
	askFlags
	Partner string `arg:"" name:"partner" help:"help.pal-partner"`
	action  lifecycle.Action
}

type palUnlinkCmd palStepCmd

// AfterApply fills in which step each command is.
func (c *palCmd) AfterApply() error {
	c.Link.action, c.Move.action, c.Unlink.action = pal.Create, pal.Update, pal.Delete
	return nil
}

// Run links the identity, or moves its link.
func (c *palStepCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[pal.Link], error) {
		return o.Link(a.Context, ask, c.action, c.Partner)
	})
}

// Run deletes the link; it can come back.
func (c *palUnlinkCmd) Run(a *app) error { return (*palStepCmd)(c).Run(a) }

type palListCmd struct {
	lookFlags
	Tenant  string `name:"tenant" placeholder:"ID" help:"help.pal-tenant"`
	Partner string `name:"partner" placeholder:"LOCATION" help:"help.pal-partner"`
}

// Run lists links.
func (c *palListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[pal.Link], error) {
		return all(l.PartnerLinks(l.ctx, l.view, store.Query{Tenant: association.Fold(c.Tenant), Location: association.Fold(c.Partner)}))
	}, func(_ *looking, found []*record.Item[pal.Link]) error {
		g := a.grid("tenant", "identity", "partner", "state", "since")
		for _, item := range found {
			v := &item.Value
			_, since := lasting(v.Spells)
			g.Row(v.Tenant, v.Object, v.Partner, a.state(v.State), since)
		}
		return a.show(g)
	})
}

type palShowCmd struct {
	lookFlags
	Identity string `arg:"" name:"tenant/object" help:"help.pal-identity"`
	Resource string `name:"resource" placeholder:"SCOPE" help:"help.pal-resource"`
}

// linkShown is a link with what it reached over time.
type linkShown struct {
	*record.Item[pal.Link]
	Reach []access.Stretch `json:"reach"`
}

// Run shows a link and what it reached over time.
func (c *palShowCmd) Run(a *app) error { return look(a, &c.lookFlags, c.read, a.showLink) }

func (c *palShowCmd) read(l *looking) (out linkShown, err error) {
	tenant, object, _ := strings.Cut(c.Identity, "/")
	if out.Item, err = l.PartnerLink(l.ctx, l.view, tenant, object); err != nil {
		return out, err
	}
	var resources []association.Resource
	if c.Resource != "" {
		resources = append(resources, association.Resource{Tenant: association.Fold(tenant), Scope: association.Fold(c.Resource)})
	}
	out.Reach, err = l.Reach(l.ctx, l.view, &out.Value, resources...)
	return out, err
}

func (a *app) showLink(_ *looking, l linkShown) error {
	if err := a.head(l.Thing, l.Version, l.Value.State); err != nil {
		return err
	}
	if err := a.showSpells("partner", l.Value.Spells); err != nil {
		return err
	}
	g := a.grid("scope", "partner", "from", "to", "why")
	for _, s := range l.Reach {
		g.Row(s.Resource.Scope, s.Location, begins(s.During), ends(s.During), a.evidence(s.Ended))
	}
	if g.Len() == 0 {
		_, err := fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("pal.no-reach"))
		return err
	}
	return a.section(g, a.P.T("pal.reach"))
}

// evidence names facts in one line.
func (a *app) evidence(facts []association.Evidence) string {
	var parts []string
	for _, e := range facts {
		parts = append(parts, evidenceText(a.P, &e)+" ("+e.At.String()+")")
	}
	return strings.Join(parts, "; ")
}
