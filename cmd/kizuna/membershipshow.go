package main

import (
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
)

// standingFlags say whose rules and of which day; what was known when is said by the
// look at the record.
type standingFlags struct {
	storeFlags
	As      string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	AsOf    string `name:"as-of" placeholder:"DATE" help:"help.membership-as-of"`
	KnownAt string `name:"known-at" placeholder:"MOMENT" help:"help.look-known-at"`
	Program string `name:"program" placeholder:"REF|FILE" help:"help.membership-program"`
}

func (f *standingFlags) look() *lookFlags {
	return &lookFlags{storeFlags: f.storeFlags, As: f.As, KnownAt: f.KnownAt}
}

// rules are the rules that are asked, and the day.
func (f *standingFlags) rules(a *app, l *looking) (*membership.Rules, kizuna.Date, error) {
	rules, err := a.rulesFor(f.Program, l.opened)
	if err != nil {
		return nil, 0, err
	}
	day, err := dayOf(f.AsOf, rules)
	return rules, day, err
}

type membershipStatusCmd struct {
	standingFlags
	Account string   `arg:"" optional:"" name:"account" help:"help.membership-account"`
	State   []string `name:"state" placeholder:"STATE" enum:"in-progress,qualified,enrolled,renewal-due,lapsed" help:"help.membership-state"`
	Area    string   `name:"area" placeholder:"AREA" help:"help.area"`
}

// Run tells how one company stands on a day, or all of them.
func (c *membershipStatusCmd) Run(a *app) error {
	var rules *membership.Rules
	if c.Account == "" {
		return look(a, c.look(), func(l *looking) (out []*membership.Status, err error) {
			var day kizuna.Date
			if rules, day, err = c.rules(a, l); err != nil {
				return nil, err
			}
			out = []*membership.Status{} // an empty list is one in JSON, too
			for s, err := range l.Standings(l.ctx, l.view, rules, day) {
				if err != nil {
					return nil, err
				}
				if c.keep(s); len(s.Areas) > 0 {
					out = append(out, s)
				}
			}
			return out, nil
		}, func(_ *looking, all []*membership.Status) error { return a.showStandings(rules, all, len(c.State) > 0) })
	}
	return look(a, c.look(), func(l *looking) (*membership.Status, error) {
		var day kizuna.Date
		var err error
		if rules, day, err = c.rules(a, l); err != nil {
			return nil, err
		}
		ledger, err := l.Ledger(l.ctx, l.view, c.Account)
		if err != nil {
			return nil, err
		}
		s := rules.Status(ledger, day)
		if c.keep(s); c.Area != "" && len(s.Areas) == 0 && rules.On(day).Program.Area(c.Area) == nil {
			return nil, kizuna.Errorf("membership-area", "%s has no area %q", s.Program, c.Area).WithMend("name an area of the program")
		}
		return s, nil
	}, func(_ *looking, s *membership.Status) error { return a.showStanding(rules, s) })
}

// keep leaves of a status what was asked for.
func (c *membershipStatusCmd) keep(s *membership.Status) {
	s.Areas = slices.DeleteFunc(s.Areas, func(a membership.Area) bool {
		return c.Area != "" && a.ID != c.Area || len(c.State) > 0 && !slices.Contains(c.State, string(a.State))
	})
}

// showStandings lists companies, a line for each area in which there is something to
// say.
func (a *app) showStandings(rules *membership.Rules, all []*membership.Status, everything bool) error {
	g := a.grid("account", "area", "state", "since", "until", "anniversary")
	for _, s := range all {
		for i := range s.Areas {
			if area := &s.Areas[i]; everything || area.State != membership.InProgress {
				g.Row(s.Account, a.areaName(area.ID, rules.On(s.On).Program), a.standing(area.State), optionalDay(area.Since), optionalDay(area.Until), optionalDay(s.Anniversary))
			}
		}
	}
	return a.show(g)
}

// showStanding tells how one company stands, and why.
func (a *app) showStanding(rules *membership.Rules, s *membership.Status) error {
	head := []string{a.P.T("membership.head", s.Account, s.On, s.Program, a.standing(s.State))}
	switch {
	case s.Closed != nil && s.Closed.Into != "":
		head = append(head, a.P.T("membership.merged", s.Closed.On, s.Closed.Into))
	case s.Closed != nil:
		head = append(head, a.P.T("membership.closed", s.Closed.On))
	case s.Renewed != nil:
		head = append(head, a.P.T("membership.anniversary", *s.Anniversary), a.P.T("membership.renewed", *s.Renewed))
	case s.Anniversary != nil:
		head = append(head, a.P.T("membership.anniversary", *s.Anniversary), a.P.T("membership.renewal", s.Renewal.First, s.Renewal.Last),
			a.P.T("membership.keeps", s.Keeps.First, s.Keeps.Last))
	}
	if s.Closed == nil {
		head = append(head, a.P.T("membership.counts", s.Counts.First, s.Counts.Last))
	}
	if s.Legacy != nil {
		head = append(head, a.P.T("membership.legacy", s.Legacy.Last))
	}
	if s.Next != nil {
		head = append(head, a.P.T("membership.next", *s.Next))
	}
	if err := lines(a.Stdout, head...); err != nil {
		return err
	}
	g := a.grid("area", "state", "since", "until", "held-since", "reason", "rests-on", "kept-by", "last-score").Indent("  ")
	for i := range s.Areas {
		area := &s.Areas[i]
		kept, last := "", ""
		if area.Holds() {
			kept = a.P.T("membership.nothing-keeps")
			if area.Keeps != nil {
				kept = a.P.T("membership.score", area.Keeps.Total.Show(), area.Keeps.On)
			}
		}
		if area.Last != nil {
			last = a.P.T("membership.score", area.Last.Total.Show(), area.Last.On)
		}
		g.Row(a.areaName(area.ID, rules.On(s.On).Program), a.standing(area.State), optionalDay(area.Since), optionalDay(area.Until), optionalDay(area.Held),
			a.word("cause.", string(area.Why.Cause)), a.restsOn(&area.Why), kept, last)
	}
	fmt.Fprintln(a.Stdout)
	if err := a.show(g); err != nil {
		return err
	}
	return a.showBundles(s)
}

// showBundles lists the packages of benefits, and events that changed nothing.
func (a *app) showBundles(s *membership.Status) error {
	if len(s.Paid) > 0 {
		g := a.grid("account", "from", "anniversary", "to", "what").Indent("  ")
		for _, b := range s.Paid {
			g.Row(b.Account, b.First.String(), b.Anniversary.String(), b.Last.String(),
				a.P.T("membership.bundle."+map[bool]string{true: "legacy", false: "designation"}[b.Legacy]))
		}
		if err := a.section(g, a.P.T("membership.bundles")); err != nil {
			return err
		}
	}
	if len(s.Idle) == 0 {
		return nil
	}
	g := a.grid("what", "at", "reason").Indent("  ")
	for _, i := range s.Idle {
		g.Row(a.word("membership.event.", string(i.Event.Kind)), i.Event.At.String(), a.P.Error(i.Why))
	}
	return a.section(g, a.P.T("membership.idle"))
}

func (a *app) standing(s membership.State) string { return a.word("state.", string(s)) }

type membershipHistoryCmd struct {
	standingFlags
	Account string `arg:"" name:"account" help:"help.membership-account"`
}

// membershipStory is all that happened to a company, and what came of it.
type membershipStory struct {
	Account  string               `json:"account"`
	Through  kizuna.Date          `json:"through"`
	Turns    []membership.Turn    `json:"turns"`
	Events   []membership.Event   `json:"events"`
	Findings []membership.Finding `json:"findings"`
}

// Run tells what happened, what scores said and what came of it, day by day.
func (c *membershipHistoryCmd) Run(a *app) error {
	var rules *membership.Rules
	return look(a, c.look(), func(l *looking) (*membershipStory, error) {
		var day kizuna.Date
		var err error
		if rules, day, err = c.rules(a, l); err != nil {
			return nil, err
		}
		ledger, err := l.Ledger(l.ctx, l.view, c.Account)
		if err != nil {
			return nil, err
		}
		return &membershipStory{
			Account: ledger.Account, Through: day, Turns: slices.Concat([]membership.Turn{}, rules.History(ledger, day)),
			Events: slices.Concat([]membership.Event{}, ledger.Events), Findings: slices.Concat([]membership.Finding{}, ledger.Findings),
		}, nil
	}, func(_ *looking, s *membershipStory) error { return a.showStory(rules, s) })
}

// line is a line of a story; what lies on one day comes in this order.
type storyLine struct {
	on    kizuna.Date
	rank  int
	cells []string
}

func (a *app) showStory(rules *membership.Rules, s *membershipStory) error {
	var all []storyLine
	for _, f := range s.Findings {
		known := ""
		if f.Known != 0 {
			known = a.P.T("membership.known", f.Known)
		}
		all = append(all, storyLine{f.On, 0, []string{
			f.On.String(), a.areaName(f.Area, rules.On(f.On).Program), a.found(&f),
			joined(a.P.T("membership.evidence", f.Total.Show(), f.On, orDash(f.Program)), a.lacking(&f), known, f.Digest),
		}})
	}
	for _, e := range s.Events {
		on := rules.Day(e.At)
		with := ""
		if e.With != nil {
			with = e.With.Account
		}
		all = append(all, storyLine{on, 1, []string{
			on.String(), "", a.word("membership.event.", string(e.Kind)), joined(e.Fee, e.Note, with, e.Into, optionalDay(e.Until)),
		}})
	}
	for i := range s.Turns {
		t := &s.Turns[i]
		until := ""
		if t.Until != nil {
			until = a.P.T("membership.until", *t.Until)
		}
		all = append(all, storyLine{t.On, 2, []string{
			t.On.String(), a.areaName(t.Area, rules.On(t.On).Program), a.standing(t.From) + " → " + a.standing(t.To),
			joined(a.word("cause.", string(t.Why.Cause)), until),
		}})
	}
	slices.SortStableFunc(all, func(x, y storyLine) int {
		if x.on != y.on {
			return int(x.on - y.on)
		}
		return x.rank - y.rank
	})
	g := a.grid("day", "area", "what", "reason")
	for _, line := range all {
		g.Row(line.cells...)
	}
	return a.show(g)
}

func joined(parts ...string) string {
	out := ""
	for _, p := range parts {
		switch {
		case p == "":
		case out == "":
			out = p
		default:
			out += "; " + p
		}
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
