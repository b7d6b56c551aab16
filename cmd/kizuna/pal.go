package main

import (
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
)

// palCmd is the partner admin link of the identity that asks.
type palCmd struct {
	Link   palStepCmd   `cmd:"" help:"${help_pal_link}"`
	Move   palStepCmd   `cmd:"" help:"${help_pal_move}"`
	Unlink palUnlinkCmd `cmd:"" help:"${help_pal_unlink}"`
}

type palStepCmd struct {
	askFlags
	Partner string `arg:"" name:"partner" help:"${help_pal_partner}"`
	action  lifecycle.Action
}

type palUnlinkCmd palStepCmd

// AfterApply fills in which of the two the command is.
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
