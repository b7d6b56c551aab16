package command

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/sheet"
	"github.com/kizuna-org/kizuna/program"
)

// standingFlags say where ledgers are, in a store or in a table, whose rules are asked,
// and about which day.
type standingFlags struct {
	Store   string `name:"store" env:"KIZUNA_STORE" placeholder:"DSN" help:"help.store"`
	Blobs   string `name:"blobs" env:"KIZUNA_BLOBS" placeholder:"DIR|URL" help:"help.blobs"`
	Key     string `name:"audit-key" env:"KIZUNA_AUDIT_KEY" placeholder:"FILE" help:"help.audit-key"`
	Table   string `name:"table" type:"path" placeholder:"FILE" help:"help.membership-table"`
	As      string `name:"as" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	AsOf    string `name:"as-of" placeholder:"DATE" help:"help.membership-as-of"`
	KnownAt string `name:"known-at" placeholder:"MOMENT" help:"help.look-known-at"`
	Program string `name:"program" placeholder:"REF|FILE" help:"help.membership-program"`
}

// Validate sees to it that there are ledgers.
func (f *standingFlags) Validate() error {
	switch {
	case f.Table == "" && f.Store == "":
		return kizuna.Errorf("membership-place", "neither a store nor a table is named").
			WithMend("name one of them: --store DSN or --table memberships.csv")
	case f.Table != "" && f.KnownAt != "":
		return kizuna.Errorf("membership-known-at", "a table does not remember what was known earlier").
			WithMend("leave --known-at out, or ask a store")
	}
	return nil
}

// standings is where ledgers are looked up.
type standings struct {
	rules  *membership.Rules
	day    kizuna.Date
	all    func() iter.Seq2[*membership.Status, error]
	ledger func(account string) (*membership.Ledger, error)
}

// ask opens the ledgers, reads what was asked and shows it.
func askStandings[T any](a *app, f *standingFlags, read func(*standings) (T, error), show func(*standings, T) error) error {
	if f.Table != "" {
		s, err := f.fromTable(a)
		if err != nil {
			return err
		}
		found, err := read(s)
		switch {
		case err != nil:
			return err
		case a.JSON:
			return a.writeJSON(a.Stdout, found)
		}
		return show(s, found)
	}
	var s *standings
	flags := lookFlags{storeFlags: storeFlags{Store: f.Store, Blobs: f.Blobs, Key: f.Key}, As: f.As, KnownAt: f.KnownAt}
	return look(a, &flags, func(l *looking) (found T, err error) {
		rules, err := a.rulesFor(f.Program, l.MembershipRules)
		if err != nil {
			return found, err
		}
		s = &standings{rules: rules, ledger: func(account string) (*membership.Ledger, error) { return l.Ledger(l.ctx, l.view, account) }}
		if s.day, err = dayOf(f.AsOf, rules); err != nil {
			return found, err
		}
		s.all = func() iter.Seq2[*membership.Status, error] { return l.Standings(l.ctx, l.view, rules, s.day) }
		return read(s)
	}, func(_ *looking, found T) error { return show(s, found) })
}

// fromTable reads ledgers from a table.
func (f *standingFlags) fromTable(a *app) (*standings, error) {
	rules, err := a.rulesFor(f.Program, builtinRules)
	if err != nil {
		return nil, err
	}
	rows, err := a.readSheet(f.Table, rules)
	if err != nil {
		return nil, err
	}
	ledgers, err := sheet.Ledgers(rows)
	if err != nil {
		return nil, err
	}
	s := &standings{rules: rules}
	if s.day, err = dayOf(f.AsOf, rules); err != nil {
		return nil, err
	}
	s.ledger = func(account string) (*membership.Ledger, error) {
		for _, l := range ledgers {
			if strings.EqualFold(l.Account, account) {
				return l, nil
			}
		}
		return nil, kizuna.Errorf("membership-not-in-table", "%s says nothing of account %q", f.Table, account).
			WithMend("name an account of the table")
	}
	s.all = func() iter.Seq2[*membership.Status, error] {
		return func(yield func(*membership.Status, error) bool) {
			for _, l := range ledgers {
				if !yield(rules.Status(l, s.day), nil) {
					return
				}
			}
		}
	}
	return s, nil
}

func builtinRules() (*membership.Rules, error) {
	programs, err := program.Builtin()
	if err != nil {
		return nil, err
	}
	return membership.NewRules("mcpp", programs)
}

// readSheet reads a table whole; what is wrong with it is said, and ends the command.
func (a *app) readSheet(name string, rules *membership.Rules) ([]sheet.Row, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	rows, problems, err := sheet.Read(f, name, rules)
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		fmt.Fprintf(a.Stderr, "%s\n", a.P.Error(p))
	}
	if len(problems) > 0 {
		return nil, errProblems
	}
	return rows, nil
}

type membershipStatusCmd struct {
	standingFlags
	Account string   `arg:"" optional:"" name:"account" help:"help.membership-account"`
	State   []string `name:"state" placeholder:"STATE" enum:"in-progress,qualified,enrolled,renewal-due,lapsed" help:"help.membership-state"`
	Area    string   `name:"area" placeholder:"AREA" help:"help.area"`
}

// Run tells how one company stands on a day, or all of them.
func (c *membershipStatusCmd) Run(a *app) error {
	if c.Account == "" {
		return askStandings(a, &c.standingFlags, func(s *standings) ([]*membership.Status, error) {
			out := []*membership.Status{} // an empty list is one in JSON, too
			for one, err := range s.all() {
				if err != nil {
					return nil, err
				}
				if c.keep(one); len(one.Areas) > 0 {
					out = append(out, one)
				}
			}
			return out, nil
		}, func(s *standings, all []*membership.Status) error {
			return a.showStandings(s.rules, all, len(c.State) > 0)
		})
	}
	return askStandings(a, &c.standingFlags, func(s *standings) (*membership.Status, error) {
		ledger, err := s.ledger(c.Account)
		if err != nil {
			return nil, err
		}
		one := s.rules.Status(ledger, s.day)
		if c.keep(one); c.Area != "" && len(one.Areas) == 0 && s.rules.On(s.day).Program.Area(c.Area) == nil {
			return nil, kizuna.Errorf("membership-area", "%s has no area %q", one.Program, c.Area).WithMend("name an area of the program")
		}
		return one, nil
	}, func(s *standings, one *membership.Status) error { return a.showStanding(s.rules, one) })
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
	return askStandings(a, &c.standingFlags, func(s *standings) (*membershipStory, error) {
		ledger, err := s.ledger(c.Account)
		if err != nil {
			return nil, err
		}
		return &membershipStory{
			Account: ledger.Account, Through: s.day, Turns: slices.Concat([]membership.Turn{}, s.rules.History(ledger, s.day)),
			Events: slices.Concat([]membership.Event{}, ledger.Events), Findings: slices.Concat([]membership.Finding{}, ledger.Findings),
		}, nil
	}, func(s *standings, story *membershipStory) error { return a.showStory(s.rules, story) })
}

// storyLine is a line of a story; what lies on one day comes in this order.
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
