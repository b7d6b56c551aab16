package command

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/azure"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/usage"
)

// accessCmd is who may do what in a tenant, as far as Kizuna is told.
type accessCmd struct {
	Grant   accessRoleCmd   `cmd:"" help:"help.access-grant"`
	Revoke  accessRevokeCmd `cmd:"" help:"help.access-revoke"`
	Join    accessJoinCmd   `cmd:"" help:"help.access-join"`
	Leave   accessLeaveCmd  `cmd:"" help:"help.access-leave"`
	Place   accessPlaceCmd  `cmd:"" help:"help.access-place"`
	Unplace accessTakeCmd   `cmd:"" help:"help.access-unplace"`
	Import  accessImportCmd `cmd:"" help:"help.access-import"`
	List    accessListCmd   `cmd:"" help:"help.access-list"`
}

// tenantFlags say in which tenant: that of the actor, unless named.
type tenantFlags struct {
	askFlags
	Tenant string `name:"tenant" placeholder:"ID" help:"help.access-tenant"`
}

func (f *tenantFlags) tenant() (string, error) {
	if f.Tenant != "" {
		return f.Tenant, nil
	}
	actor, err := lifecycle.ParseActor(f.As)
	return actor.Company, err
}

type accessRevokeCmd struct {
	tenantFlags
	Object string `arg:"" name:"object" help:"help.access-object"`
	Role   string `name:"role" required:"" placeholder:"NAME" help:"help.access-role"`
	Scope  string `name:"scope" required:"" placeholder:"SCOPE" help:"help.access-scope"`
	Home   string `name:"home-tenant" placeholder:"ID" help:"help.access-home"`
}

// Run takes a role away.
func (c *accessRevokeCmd) Run(a *app) error { return c.step(a, access.Revoke, 0) }

type accessRoleCmd struct {
	accessRevokeCmd
	Until string `name:"until" placeholder:"INSTANT" help:"help.access-until"`
}

// Run gives a role.
func (c *accessRoleCmd) Run(a *app) error {
	until, err := optionalInstant(c.Until, 0)
	if err != nil {
		return err
	}
	return c.step(a, access.Grant, until)
}

func (c *accessRevokeCmd) step(a *app, action lifecycle.Action, until kizuna.Instant) error {
	tenant, err := c.tenant()
	if err != nil {
		return err
	}
	role := record.Role{Tenant: tenant, Object: c.Object, Home: c.Home, Role: c.Role, Scope: c.Scope}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[access.Assignment], error) {
		return o.Access(a.Context, ask, action, role, until)
	})
}

type accessLeaveCmd struct {
	tenantFlags
	Group  string `arg:"" name:"group" help:"help.access-group"`
	Object string `arg:"" name:"object" help:"help.access-object"`
}

// Run takes an object out of a group.
func (c *accessLeaveCmd) Run(a *app) error { return c.step(a, access.Revoke, 0) }

type accessJoinCmd struct {
	accessLeaveCmd
	Until string `name:"until" placeholder:"INSTANT" help:"help.access-until"`
}

// Run puts an object into a group.
func (c *accessJoinCmd) Run(a *app) error {
	until, err := optionalInstant(c.Until, 0)
	if err != nil {
		return err
	}
	return c.step(a, access.Grant, until)
}

func (c *accessLeaveCmd) step(a *app, action lifecycle.Action, until kizuna.Instant) error {
	tenant, err := c.tenant()
	if err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[access.Membership], error) {
		return o.Member(a.Context, ask, action, tenant, c.Group, c.Object, until)
	})
}

type accessTakeCmd struct {
	tenantFlags
	Scope string `arg:"" name:"scope" help:"help.access-scope"`
}

// Run takes a scope out of the tenant's management groups.
func (c *accessTakeCmd) Run(a *app) error { return c.step(a, access.Remove, "") }

type accessPlaceCmd struct {
	accessTakeCmd
	Under string `name:"under" required:"" placeholder:"GROUP" help:"help.access-under"`
}

// Run puts a scope under a management group.
func (c *accessPlaceCmd) Run(a *app) error { return c.step(a, access.Move, c.Under) }

func (c *accessTakeCmd) step(a *app, action lifecycle.Action, parent string) error {
	tenant, err := c.tenant()
	if err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[access.Placement], error) {
		return o.Place(a.Context, ask, action, tenant, c.Scope, parent)
	})
}

// accessImportCmd takes what az prints of roles and management groups.
type accessImportCmd struct {
	tenantFlags
	Full  string `name:"full" placeholder:"SCOPE" help:"help.access-full"`
	Since string `name:"since" placeholder:"DATE" help:"help.access-since"`
	File  string `arg:"" name:"file" help:"help.access-file"`
}

// Run imports a listing.
func (c *accessImportCmd) Run(a *app) error {
	tenant, err := c.tenant()
	if err != nil {
		return err
	}
	since, err := optionalDate(c.Since)
	if err != nil {
		return err
	}
	listing, err := a.readListing(c.File, azure.Options{Tenant: tenant, Since: since})
	if err != nil {
		return err
	}
	listing.Full = c.Full
	return tellAll(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Told, error) {
		return o.Relate(a.Context, ask, tenant, &listing.Listing)
	}, func(told *record.Told) error {
		fmt.Fprintln(a.Stdout, a.P.T("access.told", told.At, told.Began, told.Moved, told.Ended, told.Unchanged))
		for _, aside := range listing.asides {
			fmt.Fprintf(a.Stdout, "  %s: %s\n", aside.At, a.asideText(aside.Reason, aside.Detail))
		}
		return a.showEvents(told.Events)
	})
}

// listing collects what a reader of az listings finds.
type listing struct {
	record.Listing
	asides  []intake.Aside
	others  int
	refused *kizuna.Error
}

func (a *app) readListing(name string, opts azure.Options) (*listing, error) {
	var in io.Reader = a.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, unreadable(name, err)
		}
		defer file.Close()
		in = file
	}
	l := &listing{}
	about, err := azure.Read(a.Context, in, name, opts, l)
	switch {
	case err != nil:
		return nil, err
	case l.refused != nil:
		return nil, l.refused
	case l.others > 0:
		return nil, kizuna.Errorf("access-listing-kind", "%s is a listing of the kind %s", name, about.Kind).
			WithMend("import what says who may do what: role assignments, and management groups; the rest with kizuna import")
	}
	return l, nil
}

func (l *listing) Usage(*usage.Row)        { l.others++ }
func (l *listing) Kept(kizuna.Ref)         {}
func (l *listing) SetAside(a intake.Aside) { l.asides = append(l.asides, a) }
func (l *listing) Facts(records ...any) {
	for _, r := range records {
		switch fact := r.(type) {
		case association.Assignment:
			l.Assignments = append(l.Assignments, fact)
		case association.ScopeParent:
			l.Scopes = append(l.Scopes, fact)
		default:
			l.others++
		}
	}
}

// Refuse keeps the first refusal: a listing is taken as a whole or not at all.
func (l *listing) Refuse(err *kizuna.Error) {
	if l.refused == nil {
		l.refused = err
	}
}

type accessListCmd struct {
	lookFlags
	Tenant string `name:"tenant" placeholder:"ID" help:"help.access-tenant"`
	Object string `name:"object" placeholder:"ID" help:"help.access-object"`
}

// accesses is what a list of access holds.
type accesses struct {
	Roles       []*record.Item[access.Assignment] `json:"roles"`
	Memberships []*record.Item[access.Membership] `json:"memberships"`
	Placements  []*record.Item[access.Placement]  `json:"placements"`
}

// Run lists roles, memberships and placements.
func (c *accessListCmd) Run(a *app) error { return look(a, &c.lookFlags, c.read, a.showAccess) }

func (c *accessListCmd) read(l *looking) (out accesses, err error) {
	q := store.Query{Tenant: association.Fold(c.Tenant), Subject: association.Fold(c.Object)}
	var failed [3]error
	out.Roles, failed[0] = all(l.Assignments(l.ctx, l.view, q))
	out.Memberships, failed[1] = all(l.Memberships(l.ctx, l.view, q))
	out.Placements, failed[2] = all(l.Placements(l.ctx, l.view, q))
	return out, errors.Join(failed[:]...)
}

func (a *app) showAccess(_ *looking, found accesses) error {
	g := a.grid("kind", "tenant", "object", "what", "at", "from", "to", "ended")
	row := func(kind, tenant, object, what, at string, spells lifecycle.Spells, until kizuna.Instant) {
		for _, s := range spells {
			if s.During.To == kizuna.Forever && until != 0 {
				s.During.To = until
			}
			if s.Of != "" {
				at = s.Of
			}
			g.Row(a.P.T("list."+kind), tenant, object, what, at, begins(s.During), ends(s.During), a.ended(s.Ended))
		}
	}
	for _, item := range found.Roles {
		v := &item.Value
		row("role", v.Tenant, v.Object, v.Role, v.Scope, v.Spells, v.Until)
	}
	for _, item := range found.Memberships {
		v := &item.Value
		row("membership", v.Tenant, v.Object, v.Group, "", v.Spells, v.Until)
	}
	for _, item := range found.Placements {
		v := &item.Value
		row("placement", v.Tenant, v.Scope, "", "", v.Spells, 0)
	}
	return a.show(g)
}
