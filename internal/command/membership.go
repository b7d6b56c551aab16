package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/proof"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// membershipCmd is about designations over time: who is enrolled, until when and why.
type membershipCmd struct {
	Status  membershipStatusCmd  `cmd:"" help:"help.membership-status"`
	History membershipHistoryCmd `cmd:"" help:"help.membership-history"`
	Qualify membershipQualifyCmd `cmd:"" help:"help.membership-qualify"`
	Verify  membershipVerifyCmd  `cmd:"" help:"help.membership-verify"`
	Import  membershipImportCmd  `cmd:"" help:"help.membership-import"`
	Decide  membershipDecideCmd  `cmd:"" help:"help.membership-decide"`
	Legacy  membershipLegacyCmd  `cmd:"" help:"help.membership-legacy"`
	Enrol   membershipPayCmd     `cmd:"" aliases:"enroll" help:"help.membership-enrol"`
	Renew   membershipPayCmd     `cmd:"" help:"help.membership-renew"`
	Refund  membershipRefundCmd  `cmd:"" help:"help.membership-refund"`
}

// AfterApply fills in which step each command is.
func (c *membershipCmd) AfterApply() error {
	c.Enrol.action, c.Renew.action = membership.Enroll, membership.Renew
	return nil
}

type membershipPayCmd struct {
	askFlags
	Account        string `arg:"" name:"account" help:"help.membership-account"`
	Payment        string `name:"payment" placeholder:"NUMBER" help:"help.membership-payment"`
	LegacyBenefits bool   `name:"legacy-benefits" help:"help.membership-legacy-benefits"`
	action         lifecycle.Action
}

// Run records a payment.
func (c *membershipPayCmd) Run(a *app) error {
	p := record.Payment{Note: c.Payment, LegacyBenefits: c.LegacyBenefits}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.EnrollmentOutcome, error) {
		if c.action == membership.Renew {
			return o.Renew(a.Context, ask, c.Account, p)
		}
		return o.Enroll(a.Context, ask, c.Account, p)
	})
}

type membershipRefundCmd struct {
	askFlags
	Account string `arg:"" name:"account" help:"help.membership-account"`
	Used    bool   `name:"benefit-used" help:"help.membership-used"`
}

// Run takes the last payment back.
func (c *membershipRefundCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.EnrollmentOutcome, error) {
		return o.RefundFee(a.Context, ask, c.Account, c.Used)
	})
}

type membershipLegacyCmd struct {
	askFlags
	Account string `arg:"" name:"account" help:"help.membership-account"`
	Until   string `name:"until" required:"" placeholder:"DATE" help:"help.membership-until"`
}

// Run records a membership of the time before.
func (c *membershipLegacyCmd) Run(a *app) error {
	until, err := kizuna.ParseDate(c.Until)
	if err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.EnrollmentOutcome, error) {
		return o.TakeOver(a.Context, ask, c.Account, until)
	})
}

type membershipDecideCmd struct {
	askFlags
	Account string   `arg:"" name:"account" help:"help.membership-account"`
	Area    string   `arg:"" name:"area" help:"help.area"`
	On      string   `arg:"" name:"day" placeholder:"DATE" help:"help.membership-day"`
	Points  string   `name:"points" required:"" placeholder:"N" help:"help.membership-points"`
	Lacking []string `name:"lacking" placeholder:"METRIC" help:"help.membership-lacking"`
}

// Run records the score of a day as somebody read it elsewhere.
func (c *membershipDecideCmd) Run(a *app) error {
	on, err := kizuna.ParseDate(c.On)
	if err != nil {
		return err
	}
	points, err := kizuna.ParseFraction(c.Points)
	if err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.EnrollmentOutcome, error) {
		rules, err := o.MembershipRules()
		if err != nil {
			return nil, err
		}
		p := rules.On(on).Program
		if points.Sign() < 0 || points.Cmp(p.Scoring.TotalMax) > 0 {
			return nil, kizuna.Errorf("membership-points", "%s points cannot be had: there are 0 to %s", points, p.Scoring.TotalMax).
				WithMend("write the total as it was shown")
		}
		return o.Qualify(a.Context, ask, c.Account, []membership.Finding{{
			Area: c.Area, On: on, Total: points, Lacking: c.Lacking, Program: p.Ref(),
			Qualified: points.Cmp(p.Scoring.PassTotal) >= 0 && len(c.Lacking) == 0,
		}})
	})
}

type membershipQualifyCmd struct {
	questionFlags
	As      string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	Behalf  string `name:"on-behalf-of" placeholder:"WHO" help:"help.behalf"`
	Reason  string `name:"reason" placeholder:"WORD" help:"help.reason"`
	Comment string `name:"comment" placeholder:"TEXT" help:"help.comment"`
	Once    string `name:"idempotency-key" placeholder:"KEY" help:"help.idempotency-key"`
	Partner string `name:"partner" placeholder:"ID" help:"help.partner"`
}

// qualified is what was recorded of an account.
type qualified struct {
	Account string                    `json:"account"`
	Found   []membership.Finding      `json:"found"` // what tells something new
	Outcome *record.EnrollmentOutcome `json:"outcome,omitempty"`
	Error   any                       `json:"error,omitempty"`
	err     error
}

// Run scores a day and records what qualifies.
func (c *membershipQualifyCmd) Run(a *app) error {
	if !c.inStore() {
		return noDecisions()
	}
	actor, err := lifecycle.ParseActor(c.As)
	if err != nil {
		return err
	}
	in, err := c.count(a)
	if err != nil {
		return err
	}
	result, err := in.result(c.Partner, "")
	if err != nil {
		return err
	}
	known := *knownAtOf(in.shelf)
	all := make([]qualified, len(result.Accounts))
	for i, account := range result.Accounts {
		all[i] = qualified{Account: account.Name, Found: membership.Findings(result, account.Value, known)}
		for j, area := range account.Value.Areas {
			if all[i].Found[j].Digest, err = proof.AreaDigest(in.answer, account.Name, area.Name, area.Value); err != nil {
				return err
			}
		}
	}
	o, err := c.placeFlags.open(a)
	if err != nil {
		return err
	}
	ask := record.Ask{Actor: actor, Behalf: c.Behalf, Reason: c.Reason, Comment: c.Comment}
	// Accounts share the cost of making what is recorded durable.
	const together = 64
	for part := range slices.Chunk(all, together) {
		var wait sync.WaitGroup
		for i := range part {
			wait.Go(func() { part[i].record(a.Context, o, ask, c.Once) })
		}
		wait.Wait()
		if a.Context.Err() != nil {
			break
		}
	}
	// What was recorded is sealed even if the user has interrupted meanwhile.
	if err := errors.Join(a.Context.Err(), o.done(context.WithoutCancel(a.Context))); err != nil {
		return err
	}
	return c.show(a, in, all)
}

// record records what is new about an account.
func (q *qualified) record(ctx context.Context, o *opened, ask record.Ask, once string) {
	recorded, err := o.Ledger(ctx, store.View{Scope: store.Everything}, q.Account)
	if err != nil {
		q.err = err
		return
	}
	if q.Found = recorded.News(q.Found); len(q.Found) == 0 {
		return
	}
	if once != "" {
		ask.Key = once + "/" + q.Account // one command for each account
	}
	q.Outcome, q.err = o.Qualify(ctx, ask, q.Account, q.Found)
	if q.err != nil {
		q.Error = errorForJSON(q.err)
	}
}

func (c *membershipQualifyCmd) show(a *app, in *inquiry, all []qualified) error {
	failed := 0
	for i := range all {
		if all[i].err != nil {
			failed++
		}
	}
	if a.JSON {
		if err := a.writeJSON(a.Stdout, all); err != nil {
			return err
		}
	} else {
		a.warn(in)
		if err := a.showQualified(all); err != nil {
			return err
		}
	}
	if failed > 0 {
		return errProblems
	}
	return nil
}

func (a *app) showQualified(all []qualified) error {
	g := a.grid("account", "area", "day", "points", "found").Right(3)
	for i := range all {
		if err := all[i].err; err != nil {
			fmt.Fprintf(a.Stderr, "%s: %s\n", all[i].Account, a.P.Error(err))
			continue
		}
		for _, f := range all[i].Found {
			g.Row(all[i].Account, f.Area, f.On.String(), f.Total.Show(), joined(a.found(&f), a.lacking(&f)))
		}
	}
	if err := a.show(g); err != nil {
		return err
	}
	for i := range all {
		if all[i].err == nil && all[i].Outcome != nil {
			if err := a.showEvents(slices.DeleteFunc(all[i].Outcome.Events, func(e lifecycle.Event) bool {
				return !strings.HasPrefix(e.Type, "designation.")
			})); err != nil {
				return err
			}
		}
	}
	return nil
}

// found is what a score says: qualified or not.
func (a *app) found(f *membership.Finding) string {
	if f.Qualified {
		return a.P.T("membership.found.qualified")
	}
	return a.P.T("membership.found.not")
}

// lacking names the metrics that have not enough points of their own.
func (a *app) lacking(f *membership.Finding) string {
	if len(f.Lacking) == 0 {
		return ""
	}
	return a.P.T("membership.lacking", strings.Join(f.Lacking, ", "))
}

// rulesFor are the rules of one program that is named, or else those that there are.
func (a *app) rulesFor(ref string, otherwise func() (*membership.Rules, error)) (*membership.Rules, error) {
	if ref == "" {
		return otherwise()
	}
	p, err := readProgram(ref)
	if err != nil {
		return nil, err
	}
	return membership.NewRules(p.ID, []*program.Program{p})
}

// dayOf is the day that was named, or today.
func dayOf(named string, rules *membership.Rules) (kizuna.Date, error) {
	if named != "" {
		return kizuna.ParseDate(named)
	}
	now, err := clock()
	if err != nil {
		return 0, err
	}
	return rules.Day(kizuna.MomentOf(now()).Instant()), nil
}

func optionalDay(d *kizuna.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// restsOn says what a state rests on: the score of a day, the payment.
func (a *app) restsOn(w *membership.Why) string {
	score, payment := "", ""
	if f := w.Finding; f != nil {
		score = a.P.T("membership.evidence", f.Total.Show(), f.On, orDash(f.Program))
	}
	if w.Event != nil {
		payment = joined(w.Event.Fee, w.Event.Note)
	}
	return joined(score, payment)
}
