package command

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/gaps"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/textgrid"
)

// gapsCmd lists usage that earns nothing because an association is missing.
type gapsCmd struct {
	adviceFlags
	Customer string `name:"customer" placeholder:"TENANT" help:"help.gaps-customer"`
	All      bool   `name:"all" help:"help.gaps-all"`
	specializationFlags
	Most     int    `name:"most" default:"20" help:"help.most"`
	Requests string `name:"requests" type:"path" placeholder:"DIR" help:"help.gaps-requests"`
}

// Run finds and tells the gaps.
func (c *gapsCmd) Run(a *app) error {
	c.Besides = c.ids()
	in, err := c.advised(a)
	if err != nil {
		return err
	}
	aims, err := c.aims(a, &c.questionFlags, in)
	if err != nil {
		return err
	}
	count := a.counter()
	found, err := gaps.Find(in.base, gaps.Options{
		Specializations: aims, Customer: c.Customer, All: c.All, Stop: func() bool { return a.Context.Err() != nil },
		Progress: func(done, of int) { count.show(a.P.T("plan.looked", done, of)) },
	})
	count.clear()
	if err != nil {
		return err
	}
	if err := a.Context.Err(); err != nil {
		return err
	}
	t := &gapsTold{app: a, in: in, aims: aims, place: c.placeFlags.args(), partner: in.account}
	if r := in.answer.Result(in.account); len(r.Accounts) > 0 {
		t.partner = cmp.Or(r.Accounts[0].Value.Name, in.account)
	}
	if c.Requests != "" {
		if err := t.write(c.Requests, found); err != nil {
			return err
		}
	}
	if a.JSON {
		return t.json(found)
	}
	a.warn(in.inquiry)
	if err := t.lacking(); err != nil {
		return err
	}
	if len(found) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("gaps.none", in.account))
		return nil
	}
	if c.Customer != "" {
		return t.opened(found)
	}
	return t.listed(found, c.Most)
}

// gapsTold tells gaps.
type gapsTold struct {
	app     *app
	in      *adviceInquiry
	aims    []specialization.Aim
	place   []string // flags that name it
	partner string   // what it is called
}

// gapSaid is a gap as JSON, with the requests that can be sent.
type gapSaid struct {
	gaps.Gap
	Name     string            `json:"name,omitempty"`
	Requests map[string]string `json:"requests"` // by language, of the first remedy
	Explain  string            `json:"explain"`  // the command that follows the customer's usage
}

func (t *gapsTold) json(found []gaps.Gap) error {
	out := struct {
		Account string `json:"account"`
		AsOf    string `json:"as_of"`
		Program string `json:"program"`
		// Lacking is what is found of the specializations that are asked about.
		Lacking map[string]specialization.Finding `json:"specializations,omitempty"`
		Gaps    []gapSaid                         `json:"gaps"`
	}{t.in.account, t.in.answer.Question.AsOf.String(), t.in.answer.Question.Program.Ref(), nil, []gapSaid{}}
	for i := range t.aims {
		if out.Lacking == nil {
			out.Lacking = make(map[string]specialization.Finding)
		}
		out.Lacking[t.aims[i].ID] = t.found(&t.aims[i])
	}
	for _, g := range found {
		said := gapSaid{Gap: g, Name: t.in.answer.Customer(g.Tenant), Requests: make(map[string]string), Explain: t.follow(&g)}
		for _, lang := range []string{locale.English, locale.Japanese} {
			p, err := locale.For(lang)
			if err != nil {
				return err
			}
			said.Requests[lang] = t.request(p, &g, &g.Remedies[0])
		}
		out.Gaps = append(out.Gaps, said)
	}
	return t.app.writeJSON(t.app.Stdout, out)
}

// found is what the facts of the day say of a specialization.
func (t *gapsTold) found(aim *specialization.Aim) specialization.Finding {
	figures, _ := t.in.base.Now().Score().Areas.Get(aim.ID)
	return specialization.Assess(aim.Terms, t.in.answer.Question.AsOf, aim.Held, figures, nil)
}

// lacking says what is missing of the specializations that are asked about.
func (t *gapsTold) lacking() error {
	a := t.app
	for i := range t.aims {
		aim := &t.aims[i]
		found := t.found(aim)
		if err := lines(a.Stdout, a.specializationName(t.in.answer.Question.Program, aim.ID)+" ("+aim.ID+")"); err != nil {
			return err
		}
		for _, line := range append(a.foundWords(&found, aim.Terms), "") {
			if err := lines(a.Stdout, strings.TrimRight("  "+line, " ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// moves says what a remedy does to the specializations.
func (t *gapsTold) moves(o *gaps.Option) (out []string) {
	for i := range o.Moves {
		out = append(out, t.app.moved(t.in.answer.Question.Program, &o.Moves[i])...)
	}
	return out
}

// listed is a line for each gap.
func (t *gapsTold) listed(found []gaps.Gap, most int) error {
	a := t.app
	s := a.P.T
	fmt.Fprintf(a.Stdout, "%s\n\n", s("gaps.head", t.in.account, t.in.answer.Question.AsOf, t.in.answer.Question.Program.Ref()))
	columns := []string{s("gaps.column.points"), s("gaps.column.revenue"), s("gaps.column.users"), s("column.customer"), s("gaps.column.usage"),
		s("gaps.column.tie"), s("gaps.column.fix"), s("plan.column.who")}
	if len(t.aims) > 0 {
		columns = append(columns, s("gaps.column.moves"))
	}
	g := textgrid.New(columns...).Right(0, 1, 2)
	for i := range found {
		if most > 0 && i == most {
			break
		}
		one := &found[i]
		best := &one.Remedies[0]
		row := []string{best.Points.Decimal(1), dollars(one.Revenue), one.Users.Fraction().Decimal(0), t.customer(one.Tenant), t.subject(one),
			t.tied(one), s("gaps.fix." + string(best.Kind)), t.actors(best.Actors)}
		if len(t.aims) > 0 {
			row = append(row, strings.Join(t.moves(best), s("gaps.comma")))
		}
		g.Row(row...)
	}
	if _, err := g.WriteTo(a.Stdout); err != nil {
		return err
	}
	if most > 0 && len(found) > most {
		fmt.Fprintln(a.Stdout, s("gaps.more", len(found)-most))
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", s("gaps.marginal"))
	fmt.Fprintln(a.Stdout, s("gaps.open", found[0].Tenant))
	return nil
}

// opened tells everything of a customer's gaps.
func (t *gapsTold) opened(found []gaps.Gap) error {
	a := t.app
	s := a.P.T
	for i := range found {
		one := &found[i]
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		fmt.Fprintf(a.Stdout, "%s  %s\n", t.customer(one.Tenant), t.subject(one))
		fmt.Fprintln(a.Stdout, "  "+s("gaps.usage", dollars(one.Revenue), one.Users.Fraction().Decimal(0), one.Seats.Fraction().Decimal(0)))
		for _, tie := range one.Ties {
			holds := "gaps.ended"
			if tie.Holds {
				holds = "gaps.holds"
			}
			fmt.Fprintln(a.Stdout, "  "+s(holds, string(tie.Table), tie.What, tie.At))
		}
		for k := range one.Remedies {
			o := &one.Remedies[k]
			fmt.Fprintf(a.Stdout, "  %s (%s)\n", s("gaps.fix."+string(o.Kind)), t.actors(o.Actors))
			for _, e := range o.AtStake {
				fmt.Fprintln(a.Stdout, "    "+s("gaps.stake", a.areaName(e.Area, t.in.answer.Question.Program), e.Before.Decimal(1), e.After.Decimal(1)))
			}
			for _, move := range t.moves(o) {
				fmt.Fprintln(a.Stdout, "    "+move)
			}
			if len(o.AtStake) == 0 {
				fmt.Fprintln(a.Stdout, "    "+s("gaps.no-points"))
			}
		}
		fmt.Fprintf(a.Stdout, "  %s\n\n", t.follow(one))
		for line := range strings.Lines(t.request(a.P, one, &one.Remedies[0])) {
			fmt.Fprint(a.Stdout, "  | ", line)
		}
	}
	return nil
}

func (t *gapsTold) customer(tenant string) string {
	if name := t.in.answer.Customer(tenant); name != "" {
		return name
	}
	return tenant
}

// subject is what of the customer's usage a gap is about.
func (t *gapsTold) subject(g *gaps.Gap) string {
	if g.Workload != "" {
		return g.Workload
	}
	if g.Subscription == "" {
		return t.app.P.T("gaps.everything")
	}
	return g.Subscription
}

// tied names the ways in which the partner is bound already.
func (t *gapsTold) tied(g *gaps.Gap) string {
	var out []string
	seen := make(map[string]bool)
	for _, tie := range g.Ties {
		name := t.app.P.T("gaps.tie." + string(tie.Table))
		if !tie.Holds {
			name = t.app.P.T("gaps.was", name)
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return strings.Join(out, t.app.P.T("gaps.comma"))
}

func (t *gapsTold) actors(actors []remedy.Actor) string {
	var who []string
	for _, actor := range actors {
		who = append(who, t.app.P.T("actor."+string(actor)))
	}
	return strings.Join(who, t.app.P.T("plan.and"))
}

// follow is the command that follows the customer's usage, row by row.
func (t *gapsTold) follow(g *gaps.Gap) string {
	args := append([]string{"kizuna", "fate", "customer", quoted(g.Tenant)}, t.place...)
	q := t.in.answer.Question
	return strings.Join(append(args, "--partner", quoted(t.in.account), "--as-of", q.AsOf.String(), "--program", q.Program.Ref()), " ")
}

// request is a text to be sent to whoever must act, with what is to be typed.
func (t *gapsTold) request(p *locale.Printer, g *gaps.Gap, o *gaps.Option) string {
	object := o.Object
	if object == remedy.NewIdentity {
		object = p.T("request.identity")
	}
	partner, subject, customer := t.partner, t.subject(g), t.customer(g.Tenant)
	switch o.Kind {
	case remedy.Claim:
		on := []string{"--workload", quoted(o.Workload)}
		if o.Workload == "" {
			on = []string{"--subscription", quoted(o.Subscription)}
		}
		command := strings.Join(append([]string{"kizuna claim create --id", quoted("draft-" + o.Tenant), "--location", o.Location, "--tenant", quoted(o.Tenant)},
			append(on, "--role", o.ClaimRole)...), " ")
		return p.T("request.claim", customer, subject, o.Location, o.Tenant, o.ClaimRole, command)
	case remedy.Appointment:
		return p.T("request.appointment", customer, partner, o.Subscription, o.Location)
	case remedy.Link:
		return p.T("request.link", customer, object, o.Role, o.Scope, o.Tenant, o.Location)
	case remedy.Role:
		return p.T("request.role", customer, partner, object, o.Role, o.Scope, o.Tenant)
	case remedy.Owner:
		return p.T("request.owner", customer, partner, object, o.Role, o.Scope)
	}
	return p.T("request.access", customer, partner, o.Role, o.Scope, o.Tenant, o.Location)
}

// write writes every request into a file, in both languages.
func (t *gapsTold) write(dir string, found []gaps.Gap) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return unwritable(dir, err)
	}
	for i := range found {
		g := &found[i]
		for _, lang := range []string{locale.English, locale.Japanese} {
			p, err := locale.For(lang)
			if err != nil {
				return err
			}
			name := filepath.Join(dir, fmt.Sprintf("%03d-%s.%s.txt", i+1, g.Remedies[0].Kind, lang))
			if err := os.WriteFile(name, []byte(t.request(p, g, &g.Remedies[0])), 0o666); err != nil {
				return unwritable(name, err)
			}
		}
	}
	if !t.app.JSON {
		fmt.Fprintln(t.app.Stdout, t.app.P.T("gaps.written", 2*len(found), dir))
	}
	return nil
}

// dollars writes an amount in whole dollars.
func dollars(m kizuna.Micro) string { return m.Fraction().Decimal(0) }
