package command

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
)

// claimCmd is the life of CPOR claims.
type claimCmd struct {
	Create       claimCreateCmd    `cmd:"" help:"help.claim-create"`
	Edit         claimEditCmd      `cmd:"" help:"help.claim-edit"`
	Evidence     claimEvidenceCmd  `cmd:"" help:"help.claim-evidence"`
	Submit       claimStepCmd      `cmd:"" help:"help.claim-submit"`
	Review       claimStepCmd      `cmd:"" help:"help.claim-review"`
	Ask          claimBecauseCmd   `cmd:"" help:"help.claim-ask"`
	Resubmit     claimStepCmd      `cmd:"" help:"help.claim-resubmit"`
	Approve      claimStepCmd      `cmd:"" help:"help.claim-approve"`
	Reject       claimBecauseCmd   `cmd:"" help:"help.claim-reject"`
	Dispute      claimDisputeCmd   `cmd:"" help:"help.claim-dispute"`
	Decline      claimStepCmd      `cmd:"" help:"help.claim-decline"`
	Disassociate claimStepCmd      `cmd:"" help:"help.claim-disassociate"`
	Arbitrate    claimArbitrateCmd `cmd:"" help:"help.claim-arbitrate"`
	Date         claimDateCmd      `cmd:"" help:"help.claim-date"`
	List         claimListCmd      `cmd:"" help:"help.claim-list"`
	Show         claimShowCmd      `cmd:"" help:"help.claim-show"`
}

// AfterApply says what the steps do that carry nothing, or only reasons.
func (c *claimCmd) AfterApply() error {
	c.Submit.take = (*record.Record).SubmitClaim
	c.Review.take = (*record.Record).StartReview
	c.Resubmit.take = (*record.Record).ResubmitClaim
	c.Approve.take = (*record.Record).ApproveClaim
	c.Decline.take = (*record.Record).DeclineClaim
	c.Disassociate.take = (*record.Record).Disassociate
	c.Ask.take = (*record.Record).AskPartner
	c.Reject.take = (*record.Record).RejectClaim
	return nil
}

// claimForm is what a partner fills in.
type claimForm struct {
	Location     string   `name:"location" placeholder:"ID" help:"help.claim-location"`
	Tenant       string   `name:"tenant" placeholder:"ID" help:"help.claim-tenant"`
	Area         string   `name:"area" placeholder:"AREA" help:"help.claim-area"`
	Role         string   `name:"role" placeholder:"ROLE" help:"help.claim-role"`
	Workload     string   `name:"workload" placeholder:"NAME" help:"help.claim-workload"`
	Subscription string   `name:"subscription" placeholder:"ID" help:"help.claim-subscription"`
	Name         string   `name:"name" placeholder:"TEXT" help:"help.claim-name"`
	Contacts     []string `name:"contact" sep:"none" placeholder:"OF=NAME <EMAIL>" help:"help.claim-contact"`
}

func (f *claimForm) form() record.ClaimForm {
	form := record.ClaimForm{
		Location: f.Location, Tenant: f.Tenant, Workload: f.Workload, Subscription: f.Subscription, Name: f.Name,
		Area: claim.Area(f.Area), Role: association.ClaimRole(f.Role),
	}
	for _, text := range f.Contacts {
		form.Contacts = append(form.Contacts, contactOf(text))
	}
	return form
}

// contactOf reads "customer=Aiko Mori, CIO <aiko@contoso.example>".
func contactOf(text string) (c record.Contact) {
	var who string
	c.Of, who, _ = strings.Cut(text, "=")
	who, address, _ := strings.Cut(who, "<")
	c.Email = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(address), ">"))
	name, title, _ := strings.Cut(who, ",")
	c.Name, c.Title = strings.TrimSpace(name), strings.TrimSpace(title)
	return c
}

type claimCreateCmd struct {
	askFlags
	claimForm
	ID string `name:"id" placeholder:"ID" help:"help.claim-id-new"`
}

// Run makes a draft. Area and role follow from what is claimed unless they are said.
func (c *claimCreateCmd) Run(a *app) error {
	form := c.form()
	if form.Area == "" {
		form.Area = claim.ModernWork
		if form.Subscription != "" {
			form.Area = claim.Business
		}
	}
	if form.Role == "" {
		form.Role = association.UsageRole
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.ClaimOutcome, error) {
		return o.CreateClaim(a.Context, ask, c.ID, form)
	})
}

// claimArgs name a claim and who asks.
type claimArgs struct {
	askFlags
	ID string `arg:"" name:"claim" help:"help.claim-id"`
}

func (c *claimArgs) step(a *app, run func(*opened, context.Context, record.Ask) (*record.ClaimOutcome, error)) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.ClaimOutcome, error) { return run(o, a.Context, ask) })
}

type claimEditCmd struct {
	claimArgs
	claimForm
}

// Run changes what is named.
func (c *claimEditCmd) Run(a *app) error {
	return c.step(a, func(o *opened, ctx context.Context, ask record.Ask) (*record.ClaimOutcome, error) {
		return o.EditClaim(ctx, ask, c.ID, c.form())
	})
}

type claimStepCmd struct {
	claimArgs
	take func(*record.Record, context.Context, record.Ask, string) (*record.ClaimOutcome, error)
}

// Run takes the step.
func (c *claimStepCmd) Run(a *app) error {
	return c.step(a, func(o *opened, ctx context.Context, ask record.Ask) (*record.ClaimOutcome, error) {
		return c.take(o.Record, ctx, ask, c.ID)
	})
}

type claimBecauseCmd struct {
	claimArgs
	Because []claim.Reason `name:"because" required:"" placeholder:"REASON" help:"help.claim-because"`
	take    func(*record.Record, context.Context, record.Ask, string, []claim.Reason) (*record.ClaimOutcome, error)
}

// Run takes the step for the reasons given.
func (c *claimBecauseCmd) Run(a *app) error {
	return c.step(a, func(o *opened, ctx context.Context, ask record.Ask) (*record.ClaimOutcome, error) {
		return c.take(o.Record, ctx, ask, c.ID, c.Because)
	})
}

type claimDateCmd struct {
	claimArgs
	Ends string `arg:"" name:"ends" help:"help.claim-ends"`
}

// Run says when the subscription ends.
func (c *claimDateCmd) Run(a *app) error {
	ends, err := kizuna.ParseInstant(c.Ends)
	if err != nil {
		return err
	}
	return c.step(a, func(o *opened, ctx context.Context, ask record.Ask) (*record.ClaimOutcome, error) {
		return o.DateSubscription(ctx, ask, c.ID, ends)
	})
}

type claimArbitrateCmd struct {
	askFlags
	Claims []string `arg:"" name:"claim" help:"help.claim-arbitrate-claims"`
	Winner string   `name:"winner" placeholder:"CLAIM" help:"help.claim-winner"`
}

// Run opens an arbitration for each claim, or decides between all of them.
func (c *claimArbitrateCmd) Run(a *app) error {
	return tellAll(a, &c.askFlags, func(o *opened, ask record.Ask) (out []*record.ClaimOutcome, err error) {
		if c.Winner == "" {
			if len(c.Claims) > 1 {
				return nil, kizuna.Errorf("claim-open-one", "an arbitration is opened for one claim").
					WithMend("name one claim, or say who wins: --winner CLAIM")
			}
			one, err := o.OpenArbitration(a.Context, ask, c.Claims[0])
			return append(out, one), err
		}
		var losers []string
		for _, id := range c.Claims {
			if association.Fold(id) != association.Fold(c.Winner) {
				losers = append(losers, id)
			}
		}
		return o.Arbitrate(a.Context, ask, c.Winner, losers)
	}, func(outcomes []*record.ClaimOutcome) error {
		for _, o := range outcomes {
			if err := a.showOutcome(o.Thing, o.Version, o.Events, o.Repeated); err != nil {
				return err
			}
		}
		return nil
	})
}

// fileFlags say what a file is evidence of.
type fileFlags struct {
	Shows    []string `name:"shows" placeholder:"ELEMENT" help:"help.claim-shows"`
	SignedOn string   `name:"signed-on" placeholder:"DATE" help:"help.claim-signed"`
}

func (f *fileFlags) open(name string) (*record.File, func() error, error) {
	file := &record.File{Name: filepath.Base(name), Shows: f.Shows}
	if f.SignedOn != "" {
		var err error
		if file.SignedOn, err = kizuna.ParseDate(f.SignedOn); err != nil {
			return nil, nil, err
		}
	}
	content, err := os.Open(name)
	if err != nil {
		return nil, nil, unreadable(name, err)
	}
	file.Content = content
	return file, content.Close, nil
}

type claimEvidenceCmd struct {
	Add claimEvidenceAddCmd `cmd:"" help:"help.claim-evidence-add"`
	Get claimEvidenceGetCmd `cmd:"" help:"help.claim-evidence-get"`
}

type claimEvidenceAddCmd struct {
	claimArgs
	fileFlags
	File string `arg:"" name:"file" help:"help.claim-file"`
}

// Run adds a file.
func (c *claimEvidenceAddCmd) Run(a *app) error {
	file, closed, err := c.open(c.File)
	if err != nil {
		return err
	}
	defer closed()
	return c.step(a, func(o *opened, ctx context.Context, ask record.Ask) (*record.ClaimOutcome, error) {
		return o.AddEvidence(ctx, ask, c.ID, *file)
	})
}

type claimDisputeCmd struct {
	claimArgs
	fileFlags
	File string `name:"evidence" placeholder:"FILE" help:"help.claim-dispute-file"`
}

// Run disputes a rejection.
func (c *claimDisputeCmd) Run(a *app) error {
	var file *record.File
	if c.File != "" {
		opened, closed, err := c.open(c.File)
		if err != nil {
			return err
		}
		defer closed()
		file = opened
	}
	return c.step(a, func(o *opened, ctx context.Context, ask record.Ask) (*record.ClaimOutcome, error) {
		return o.DisputeClaim(ctx, ask, c.ID, file)
	})
}

type claimEvidenceGetCmd struct {
	storeFlags
	As    string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	ID    string `arg:"" name:"claim" help:"help.claim-id"`
	Which string `arg:"" name:"which" help:"help.claim-which"`
	To    string `name:"to" short:"o" required:"" placeholder:"FILE" help:"help.claim-to"`
}

// Run writes a file of evidence out, whole or not at all. It is never opened.
func (c *claimEvidenceGetCmd) Run(a *app) error {
	actor, err := lifecycle.ParseActor(c.As)
	if err != nil {
		return err
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	e, err := c.get(a, o, actor)
	switch err = cmp.Or(err, o.close()); {
	case err != nil || c.To == "-":
		return err
	case a.JSON:
		return a.writeJSON(a.Stdout, e)
	}
	return lines(a.Stdout, a.P.T("claim.evidence-written", c.To, e.Size, e.MediaType))
}

func (c *claimEvidenceGetCmd) get(a *app, o *opened, actor lifecycle.Actor) (*claim.Evidence, error) {
	e, content, err := o.Evidence(a.Context, actor, c.ID, c.Which)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	if c.To == "-" {
		_, err = io.Copy(a.Stdout, content)
		return e, err
	}
	return e, writeWhole(c.To, func(w io.Writer) error {
		_, err := io.Copy(w, content)
		return err
	})
}
