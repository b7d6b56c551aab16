package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/sheet"
	"github.com/kizuna-org/kizuna/record"
)

type membershipImportCmd struct {
	askFlags
	File string `arg:"" name:"file" type:"path" help:"help.membership-file"`
}

// importedRow is what became of a row, as JSON.
type importedRow struct {
	At      kizuna.Ref                `json:"at"`
	Outcome *record.EnrollmentOutcome `json:"outcome,omitempty"`
	Error   any                       `json:"error,omitempty"`
}

// Run records the rows of a table, each as the command that it stands for, in the order
// in which they happened. The same file again records nothing.
func (c *membershipImportCmd) Run(a *app) error {
	ask, err := c.ask()
	if err != nil {
		return err
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	done, failed, all, err := c.record(a, o, ask)
	// What was recorded is sealed even if the user has interrupted meanwhile.
	if err = errors.Join(err, o.done(context.WithoutCancel(a.Context))); err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, all)
	} else {
		_, err = fmt.Fprintln(a.Stdout, a.P.T("membership.imported", done, failed))
	}
	if err == nil && failed > 0 {
		err = errProblems
	}
	return err
}

func (c *membershipImportCmd) record(a *app, o *opened, ask record.Ask) (done, failed int, all []importedRow, err error) {
	rules, err := o.MembershipRules()
	if err != nil {
		return 0, 0, nil, err
	}
	rows, err := a.readSheet(c.File, rules)
	if err != nil {
		return 0, 0, nil, err
	}
	content, err := os.ReadFile(c.File)
	if err != nil {
		return 0, 0, nil, unreadable(c.File, err)
	}
	slices.SortStableFunc(rows, func(x, y sheet.Row) int { return cmp.Compare(x.On(), y.On()) })
	all = []importedRow{}
	for i := range rows {
		ask.Key = fmt.Sprintf("membership-import/%s/%d", kizuna.HashOf(content), rows[i].At.Line)
		outcome, err := recordRow(a.Context, o, ask, &rows[i])
		switch {
		case a.Context.Err() != nil:
			return done, failed, all, context.Cause(a.Context)
		case err != nil:
			failed++
			if known, ok := errors.AsType[*kizuna.Error](err); ok {
				err = known.WithRef(rows[i].At)
			}
			if all = append(all, importedRow{At: rows[i].At, Error: errorForJSON(err)}); !a.JSON {
				fmt.Fprintf(a.Stderr, "%s\n", a.P.Error(err))
			}
		default:
			done++
			all = append(all, importedRow{At: rows[i].At, Outcome: outcome})
		}
	}
	return done, failed, all, nil
}

// recordRow does what a row tells of.
func recordRow(ctx context.Context, o *opened, ask record.Ask, row *sheet.Row) (*record.EnrollmentOutcome, error) {
	if row.Finding != nil {
		return o.Qualify(ctx, ask, row.Account, []membership.Finding{*row.Finding})
	}
	e := &row.Event
	ask.At = &e.At
	payment := record.Payment{Note: e.Note, LegacyBenefits: e.LegacyBenefits}
	switch e.Kind {
	case membership.Purchase:
		return o.Enroll(ctx, ask, row.Account, payment)
	case membership.Renewal:
		return o.Renew(ctx, ask, row.Account, payment)
	case membership.Refund:
		return o.RefundFee(ctx, ask, row.Account, e.Used)
	case membership.Legacy:
		return o.TakeOver(ctx, ask, row.Account, *e.Until)
	}
	return nil, kizuna.Errorf("membership-import-merge", "accounts merge with all that they have, not by a row of a table").
		WithMend("merge the accounts: kizuna company offer-merge, accept-merge, confirm-merge")
}
