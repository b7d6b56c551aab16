package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/textgrid"
)

type claimListCmd struct {
	lookFlags
	State    string `name:"state" placeholder:"STATE" help:"help.claim-state"`
	Tenant   string `name:"tenant" placeholder:"ID" help:"help.claim-tenant"`
	Location string `name:"location" placeholder:"ID" help:"help.claim-location"`
}

// Run lists the claims that the actor may see.
func (c *claimListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[claim.Claim], error) {
		found, err := all(l.Claims(l.ctx, l.view, store.Query{Tenant: association.Fold(c.Tenant), Location: association.Fold(c.Location)}))
		return slices.DeleteFunc(found, func(i *record.Item[claim.Claim]) bool {
			return c.State != "" && string(i.Value.State) != c.State
		}), err
	}, func(_ *looking, found []*record.Item[claim.Claim]) error {
		grid := textgrid.New()
		if len(found) > 0 {
			grid = textgrid.New(a.P.T("claim.column.id"), a.P.T("claim.column.state"), a.P.T("claim.column.location"), a.P.T("claim.column.tenant"),
				a.P.T("claim.column.what"), a.P.T("claim.column.role"), a.P.T("claim.column.holds"), a.P.T("claim.column.until"))
		}
		for _, item := range found {
			c := &item.Value
			grid.Row(c.ID, a.state(c.State), c.Location, c.Tenant, whatOf(c), string(c.Role), heldText(c), a.deadline(c))
		}
		return a.show(grid)
	})
}

func whatOf(c *claim.Claim) string {
	return strings.TrimSpace(c.Subscription + " " + c.Workload)
}

// heldText is since when the claim has held, or from when to when it last did.
func heldText(c *claim.Claim) string {
	if len(c.Spells) == 0 {
		return "–"
	}
	during := c.Spells[len(c.Spells)-1].During
	if during.To == kizuna.Forever {
		return during.From.Date().String() + " –"
	}
	return during.From.Date().String() + " – " + during.To.Date().String()
}

// deadline is what the state waits for, and until when.
func (a *app) deadline(c *claim.Claim) string {
	if c.Deadline.Clock == "" || c.Deadline.Passed {
		return ""
	}
	return a.P.T("claim.until."+strings.TrimPrefix(string(c.Deadline.Clock), "expire-"), c.Deadline.Last)
}

type claimShowCmd struct {
	lookFlags
	ID string `arg:"" name:"claim" help:"help.claim-id"`
}

// shownClaim is a claim with the people it speaks of; whoever decides between
// claims sees those on the same thing.
type shownClaim struct {
	*record.Item[claim.Claim]
	People map[string]map[string]string `json:"people,omitempty"`
	Rivals []*shownClaim                `json:"rivals,omitempty"`
}

// Run shows a claim.
func (c *claimShowCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) (*shownClaim, error) { return l.claim(c.ID) }, func(_ *looking, shown *shownClaim) error {
		if err := a.showClaim(shown); err != nil {
			return err
		}
		for _, rival := range shown.Rivals {
			fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("claim.rival", rival.Value.ID))
			if err := a.showClaim(rival); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *looking) claim(id string) (*shownClaim, error) {
	item, err := l.Claim(l.ctx, l.view, id)
	if err != nil {
		return nil, err
	}
	shown, err := l.people(item)
	if err != nil || l.actor.Role != lifecycle.Reviewer && l.actor.Role != lifecycle.Operator {
		return shown, err
	}
	v := l.view
	v.AsOf = nil // a rival need not hold
	for rival, err := range l.Record.Rivals(l.ctx, v, &item.Value) {
		if err != nil {
			return nil, err
		}
		other, err := l.people(rival)
		if err != nil {
			return nil, err
		}
		shown.Rivals = append(shown.Rivals, other)
	}
	return shown, nil
}

// people finds whom a claim speaks of.
func (l *looking) people(item *record.Item[claim.Claim]) (*shownClaim, error) {
	c := &item.Value
	refs := []string{c.Name}
	for _, contact := range c.Contacts {
		refs = append(refs, contact.Ref)
	}
	for _, e := range c.Evidence {
		refs = append(refs, e.Name)
	}
	held, err := l.Personal(l.ctx, l.view, refs)
	people := make(map[string]map[string]string, len(held))
	for ref, p := range held {
		people[ref] = p.Value
	}
	return &shownClaim{Item: item, People: people}, err
}

// person is what is held under a reference, for people.
func (a *app) person(s *shownClaim, ref string) string {
	switch value, ok := s.People[ref]; {
	case ref == "":
		return ""
	case !ok:
		return a.P.T("record.erased")
	default:
		return record.PersonalText(value)
	}
}

func (a *app) showClaim(s *shownClaim) error {
	c := &s.Value
	grid := textgrid.New()
	row := func(key, text string) {
		if text != "" {
			grid.Row(a.P.T("claim.column."+key), text)
		}
	}
	row("id", c.ID)
	row("state", a.state(c.State))
	row("until", a.deadline(c))
	row("location", c.Location)
	row("tenant", c.Tenant)
	row("what", whatOf(c))
	row("area", string(c.Area))
	row("role", string(c.Role))
	row("name", a.person(s, c.Name))
	for _, contact := range c.Contacts {
		row("contact", contact.Of+": "+a.person(s, contact.Ref))
	}
	row("asked", a.reasons(c.Asked))
	row("rejected", a.reasons(c.Rejected))
	row("against", strings.Join(c.Against, ", "))
	for _, spell := range c.Spells {
		text := spell.Of + "  " + spell.During.From.String() + " – "
		if spell.During.To != kizuna.Forever {
			text += spell.During.To.String() + "  " + a.ended(spell.Ended)
		}
		row("holds", text)
	}
	if c.SubscriptionEnds != 0 {
		row("subscription-ends", c.SubscriptionEnds.String())
	}
	row("version", strconv.FormatInt(s.Version, 10)+"  "+s.Recorded.String())
	if _, err := grid.WriteTo(a.Stdout); err != nil || len(c.Evidence) == 0 {
		return err
	}
	files := textgrid.New("#", a.P.T("claim.column.file"), a.P.T("claim.column.size"), a.P.T("claim.column.type"),
		a.P.T("claim.column.shows"), a.P.T("claim.column.signed"), a.P.T("claim.column.hash")).Right(0, 2).Indent("  ")
	for i, e := range c.Evidence {
		signed := ""
		if e.SignedOn != 0 {
			signed = e.SignedOn.String()
		}
		files.Row(strconv.Itoa(i+1), a.person(s, e.Name), strconv.FormatInt(e.Size, 10), e.MediaType, strings.Join(e.Shows, " "), signed, e.Hash[:12])
	}
	fmt.Fprintln(a.Stdout, a.P.T("claim.evidence"))
	_, err := files.WriteTo(a.Stdout)
	return err
}

func (a *app) reasons(reasons []claim.Reason) string {
	var out []string
	for _, r := range reasons {
		out = append(out, a.P.T("claim.reason."+string(r)))
	}
	return strings.Join(out, "; ")
}
