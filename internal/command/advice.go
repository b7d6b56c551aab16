package command

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/score"
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
	given    *advice.Facts // what advice is given on; the usage may be packed, and stand on the disk
	base     *advice.Base  // nil until it is asked for
}

// given loads the facts that advice is given on. Without a partner, the only account
// there is is meant.
func (f *adviceFlags) given(a *app) (*adviceInquiry, error) {
	c, err := f.packed(a)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return f.givenRows(a)
	}
	in := &inquiry{shelf: c.shelf, data: c.Data, facts: factsOf(c.Data), notes: c.Notes, question: c.q}
	in.answer = score.AskCounted(c.q, in.facts, &score.Counted{Plan: c.k.Plan, Totals: nobody{}, Survey: c.Survey})
	return in.advised(f.Partner, c.Customers, c.Packed)
}

// givenRows is [adviceFlags.given] with all rows of usage, not from packed usage.
func (f *adviceFlags) givenRows(a *app) (*adviceInquiry, error) {
	in, err := f.ask(a)
	if err != nil {
		return nil, err
	}
	return in.advised(f.Partner, advice.UsageOf(in.facts.Usage, in.facts.Rates), nil)
}

func (in *inquiry) advised(partner string, usage advice.Usage, packed func() *advice.Packed) (*adviceInquiry, error) {
	out := &adviceInquiry{inquiry: in, given: &advice.Facts{
		Associations: in.facts.Associations, People: in.facts.People, Coverage: in.facts.Coverage, Usage: usage, Packed: packed,
	}}
	return out, out.choose(partner)
}

// nobody stands for totals that nobody asks for: advice counts by itself.
type nobody struct{}

func (nobody) Account(string) attribution.Contribution { return nil }

// advised is [adviceFlags.given], laid out for the account.
func (f *adviceFlags) advised(a *app) (*adviceInquiry, error) {
	in, err := f.given(a)
	if err != nil {
		return nil, err
	}
	in.base, err = advice.New(in.question, in.account, in.given)
	if kizuna.CodeOf(err) != "cache-places" {
		return in, err
	}
	a.log().Debug("the cache does not know its places: all usage is read", "error", err)
	if in, err = f.givenRows(a); err != nil {
		return nil, err
	}
	in.base, err = advice.New(in.question, in.account, in.given)
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
