package command

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/ledgercache"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/pack"
	"github.com/kizuna-org/kizuna/membership/sheet"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/textgrid"
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
	ledger func(account string) (*membership.Ledger, error)
	// everybody opens all of them.
	everybody func() (everybody, error)
}

// everybody is the ledgers of all companies.
type everybody interface {
	All(ctx context.Context) iter.Seq2[*pack.One, error]
	Census(ctx context.Context, rules *membership.Rules, day kizuna.Date, watch func(companies int)) (*membership.Census, error)
}

// all tells how all companies stand, in order.
func (s *standings) all(a *app) ([]*membership.Status, error) {
	f, err := s.everybody()
	if err != nil {
		return nil, err
	}
	out := []*membership.Status{} // an empty list is one in JSON, too
	for one, err := range record.Standings(f.All(a.Context), s.rules, s.day) {
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// census counts how all companies stand.
func (s *standings) census(a *app) (*membership.Census, error) {
	f, err := s.everybody()
	if err != nil {
		return nil, err
	}
	line := a.counter()
	defer line.clear()
	return f.Census(a.Context, s.rules, s.day, func(n int) { line.show(a.P.T("membership.counted", n)) })
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
		s.everybody = func() (everybody, error) { return f.packed(a, l) }
		return read(s)
	}, func(_ *looking, found T) error { return show(s, found) })
}

// packed opens the ledgers of all companies, from the store's cache.
func (f *standingFlags) packed(a *app, l *looking) (everybody, error) {
	line := a.counter()
	defer line.clear()
	place := placeFlags{Store: f.Store}
	cache := ledgercache.Cache{Dir: place.cache(), Log: a.log(), Read: func(n int) {
		line.show(a.P.T("membership.read", n))
	}}
	found, err := cache.Open(l.ctx, l.Record, l.view)
	if err != nil {
		return nil, err
	}
	a.atEnd(found.Close)
	line.clear()
	a.note(found.Notes)
	return found, nil
}

// listed are ledgers that are at hand.
type listed []*membership.Ledger

func (all listed) All(context.Context) iter.Seq2[*pack.One, error] {
	return func(yield func(*pack.One, error) bool) {
		for _, l := range all {
			if !yield(&pack.One{ID: l.Account, Ledger: *l}, nil) {
				return
			}
		}
	}
}

func (all listed) Census(_ context.Context, rules *membership.Rules, day kizuna.Date, _ func(int)) (*membership.Census, error) {
	c := rules.NewCensus(day)
	for _, l := range all {
		c.Count(rules.Status(l, day))
	}
	return c, nil
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
	s.everybody = func() (everybody, error) { return listed(ledgers), nil }
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
	Counts  bool     `name:"counts" help:"help.membership-counts"`
}

// Validate sees to it that one thing is asked.
func (c *membershipStatusCmd) Validate() error {
	if c.Counts && (c.Account != "" || len(c.State) > 0 || c.Area != "") {
		return kizuna.Errorf("membership-counts", "--counts counts all companies, in every area and state").
			WithMend("leave out the account, --state and --area")
	}
	return c.standingFlags.Validate()
}

// Run tells how one company stands on a day, or all of them, or how many stand how.
func (c *membershipStatusCmd) Run(a *app) error {
	if c.Counts {
		return askStandings(a, &c.standingFlags, func(s *standings) (*membership.Census, error) { return s.census(a) },
			func(s *standings, n *membership.Census) error { return a.showCensus(s.rules, n) })
	}
	if c.Account == "" {
		return askStandings(a, &c.standingFlags, func(s *standings) (*standingList, error) {
			all, err := s.all(a)
			if err != nil {
				return nil, err
			}
			list := &standingList{census: s.rules.NewCensus(s.day)}
			for _, one := range all {
				list.census.Count(one)
				c.keep(one)
			}
			list.kept = slices.DeleteFunc(all, func(s *membership.Status) bool { return len(s.Areas) == 0 })
			return list, nil
		}, func(s *standings, list *standingList) error {
			if len(c.State) == 0 && c.Area == "" {
				if err := a.showCensus(s.rules, list.census); err != nil {
					return err
				}
				fmt.Fprintln(a.Stdout)
			}
			return a.showStandings(s.rules, list.kept, len(c.State) > 0)
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

// standingList is how companies stand. As JSON it is those that were asked for.
type standingList struct {
	census *membership.Census // of all
	kept   []*membership.Status
}

func (l *standingList) MarshalJSON() ([]byte, error) { return json.Marshal(l.kept) }

// showCensus tells how many companies stand how, area by area.
func (a *app) showCensus(rules *membership.Rules, c *membership.Census) error {
	if _, err := fmt.Fprintln(a.Stdout, a.P.T("membership.census", c.Companies, c.On, c.Program)); err != nil {
		return err
	}
	states := membership.States()
	columns := []string{a.P.T("list.area")}
	right := make([]int, 0, len(states))
	for i, state := range states {
		columns, right = append(columns, a.standing(state)), append(right, i+1)
	}
	g := textgrid.New(columns...).Right(right...)
	row := func(name string, of membership.ByState) {
		cells := []string{name}
		for _, state := range states {
			cells = append(cells, strconv.Itoa(*of.Of(state)))
		}
		g.Row(cells...)
	}
	for i := range c.Areas {
		row(a.areaName(c.Areas[i].ID, rules.On(c.On).Program), c.Areas[i].States)
	}
	row(a.P.T("membership.best"), c.Best)
	return a.show(g)
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
