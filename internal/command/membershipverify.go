package command

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/proof"
)

type membershipVerifyCmd struct {
	questionFlags
	As      string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	Account string `arg:"" name:"account" help:"help.membership-account"`
	Area    string `name:"area" placeholder:"AREA" help:"help.area"`
}

// verdict is what became of a decision that was computed again.
type verdict struct {
	membership.Finding
	Verdict string          `json:"verdict"` // "same", "differs", "elsewhere"
	Now     kizuna.Fraction `json:"now,omitzero"`
	Error   any             `json:"error,omitempty"`
}

// Run computes the decisions of a company again, each by the rules and with what was
// known when it was made.
func (c *membershipVerifyCmd) Run(a *app) error {
	if !c.inStore() {
		return noDecisions()
	}
	actor, err := lifecycle.ParseActor(c.As)
	if err != nil {
		return err
	}
	o, err := c.placeFlags.open(a)
	if err != nil {
		return err
	}
	a.atEnd(o.close)
	view, err := o.View(a.Context, actor, nil, 0)
	if err != nil {
		return err
	}
	ledger, err := o.Ledger(a.Context, view, c.Account)
	if err != nil {
		return err
	}
	all := []verdict{}
	failed := false
	asked := make(map[string]*inquiry) // one counting for all areas of a day
	for _, f := range ledger.Findings {
		if c.Area != "" && f.Area != c.Area {
			continue
		}
		v := verdict{Finding: f, Verdict: "elsewhere"}
		if f.Digest != "" {
			if err := c.again(a, ledger.Account, &v, asked); err != nil {
				v.Verdict, v.Error = "differs", errorForJSON(err)
			}
		}
		failed = failed || v.Verdict == "differs"
		all = append(all, v)
	}
	if err := a.showVerdicts(all); err != nil {
		return err
	}
	if failed {
		return errProblems
	}
	return nil
}

// again computes a decision again.
func (c *membershipVerifyCmd) again(a *app, account string, v *verdict, asked map[string]*inquiry) error {
	flags := c.questionFlags
	flags.AsOf, flags.KnownAt = v.On.String(), v.Known.String()
	if flags.Program == "" {
		flags.Program = v.Program
	}
	key := flags.AsOf + " " + flags.KnownAt + " " + flags.Program
	in := asked[key]
	if in == nil {
		var err error
		if in, err = flags.count(a); err != nil {
			return err
		}
		asked[key] = in
	}
	result, err := in.result(account, v.Area)
	if err != nil {
		return err
	}
	scored := result.Accounts[0].Value.Areas[0].Value
	digest, err := proof.AreaDigest(in.answer, account, v.Area, scored)
	if err != nil {
		return err
	}
	v.Now, v.Verdict = membership.Findings(result, result.Accounts[0].Value, v.Known)[0].Total, "same"
	if digest != v.Digest {
		v.Verdict = "differs"
	}
	return nil
}

func (a *app) showVerdicts(all []verdict) error {
	if a.JSON {
		return a.writeJSON(a.Stdout, all)
	}
	g := a.grid("day", "area", "points", "computed", "what").Right(2, 3)
	for _, v := range all {
		now := ""
		if v.Verdict != "elsewhere" && v.Error == nil {
			now = v.Now.Show()
		}
		g.Row(v.On.String(), v.Area, v.Total.Show(), now, a.P.T("membership.verdict."+v.Verdict))
	}
	return a.show(g)
}

func noDecisions() error {
	return kizuna.Errorf("membership-store", "a data directory keeps no decisions").
		WithMend("name a store: --store DSN")
}
