package main

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
)

// adviceFlags are what every command takes that advises a partner.
type adviceFlags struct {
	questionFlags
	Partner string `name:"partner" placeholder:"ID" help:"help.advised"`
}

// adviceInquiry is what a place holds, ready to be changed in thought for one account.
type adviceInquiry struct {
	*inquiry
	account  string
	location string        // the id that was asked for, if it was a location's
	given    *advice.Facts // what advice is given on
	base     *advice.Base  // nil until it is asked for
}

// given loads the facts that advice is given on. Without a partner, the only account
// there is is meant.
func (f *adviceFlags) given(a *app) (*adviceInquiry, error) {
	in, err := f.ask(a)
	if err != nil {
		return nil, err
	}
	out := &adviceInquiry{inquiry: in, given: &advice.Facts{
		Associations: in.facts.Associations, People: in.facts.People, Coverage: in.facts.Coverage,
		Usage: advice.UsageOf(in.facts.Usage, in.facts.Rates),
	}}
	return out, out.choose(f.Partner)
}

// advised is [adviceFlags.given], laid out for the account.
func (f *adviceFlags) advised(a *app) (*adviceInquiry, error) {
	in, err := f.given(a)
	if err != nil {
		return nil, err
	}
	in.base, err = advice.New(in.answer.Question, in.account, in.given)
	return in, err
}

// choose finds whom advice is for.
func (in *adviceInquiry) choose(partner string) (err error) {
	if partner == "" {
		all := in.answer.Accounts()
		if len(all) != 1 {
			return kizuna.Errorf("partner-missing", "there are %d accounts on %s, and no partner is named", len(all), in.answer.Question.AsOf).
				WithMend("name one: --partner ID (%s)", strings.Join(all[:min(8, len(all))], ", "))
		}
		partner = all[0]
	}
	in.account, in.location, err = in.answer.Resolve(partner)
	return err
}
