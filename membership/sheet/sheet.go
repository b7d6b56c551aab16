// Package sheet reads ledgers of memberships from a plain table: what scores said of
// companies, payments and merges, a row each. docs/membership.md describes it.
package sheet

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/table"
)

// Row is a row of the table: a finding or an event of an account.
type Row struct {
	Account string
	Finding *membership.Finding
	Event   membership.Event // if there is no finding
	Merges  string           // the account that merges into this one
	At      kizuna.Ref
}

// On is when the row happened.
func (r *Row) On() kizuna.Instant {
	if r.Finding != nil {
		return r.Finding.On.Instant()
	}
	return r.Event.At
}

// score is the event of a row that says what a score said.
const score = "score"

var events = []string{score, string(membership.Legacy), string(membership.Purchase), string(membership.Renewal), string(membership.Refund), string(membership.Merge)}

// maxProblems is how many problems are told of a file.
const maxProblems = 100

// Read reads a table. Scores are judged by the rules of their days. What is wrong is
// told row by row; the rows around it are read. The error is that of a file which
// cannot be read to its end.
func Read(r io.Reader, file string, rules *membership.Rules) (rows []Row, problems []*kizuna.Error, err error) {
	t, err := table.Open(r, file, table.DefaultLimits)
	if err != nil {
		return nil, nil, err
	}
	c := columns{t: t, at: make(map[string]int)}
	for _, name := range []string{"account_id", "event", "on", "area", "points", "lacking", "until", "with", "reference", "legacy_benefits", "benefit_used"} {
		c.at[name] = t.Find(name)
	}
	for _, name := range []string{"account_id", "event", "on"} {
		if c.at[name] < 0 {
			return nil, nil, kizuna.Errorf("sheet-column", "%s has no column %s", file, name).
				WithMend("name the columns account_id, event and on in the first line").WithRef(kizuna.Ref{File: file, Line: 1})
		}
	}
	report := func(err error) {
		if problem, ok := errors.AsType[*kizuna.Error](err); ok && len(problems) < maxProblems {
			problems = append(problems, problem)
		}
	}
	for {
		fields, err := t.Next()
		if errors.Is(err, io.EOF) {
			return rows, problems, t.Err()
		}
		if err != nil {
			report(err)
			continue
		}
		c.fields = fields
		row, err := c.row(rules)
		if err != nil {
			report(err)
			continue
		}
		rows = append(rows, row)
	}
}

// columns are the current record's cells by name.
type columns struct {
	t      *table.Reader
	at     map[string]int
	fields []string
}

func (c *columns) text(name string) string {
	if i := c.at[name]; i >= 0 {
		return strings.TrimSpace(c.fields[i])
	}
	return ""
}

// wrong says what is wrong with a cell, and where.
func (c *columns) wrong(name string, err error) error {
	problem, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		return err
	}
	return problem.WithRef(c.t.Ref(c.at[name]))
}

func (c *columns) row(rules *membership.Rules) (row Row, err error) {
	row = Row{Account: c.text("account_id"), At: c.t.Ref(-1)}
	if row.Account == "" {
		return row, c.wrong("account_id", kizuna.Errorf("sheet-account", "no account is named").WithMend("name the global account"))
	}
	kind := c.text("event")
	if !slices.Contains(events, kind) {
		return row, c.wrong("event", kizuna.Errorf("sheet-event", "%q is no event of a membership", kind).
			WithMend("write one of: %s", strings.Join(events, ", ")))
	}
	if kind == score {
		row.Finding, err = c.finding(rules)
		return row, err
	}
	row.Event = membership.Event{Kind: membership.Kind(kind), Note: c.text("reference")}
	if row.Event.At, err = kizuna.ParseInstant(c.text("on")); err != nil {
		return row, c.wrong("on", err)
	}
	for name, flag := range map[string]*bool{"legacy_benefits": &row.Event.LegacyBenefits, "benefit_used": &row.Event.Used} {
		switch text := c.text(name); text {
		case "true", "false", "":
			*flag = text == "true"
		default:
			return row, c.wrong(name, kizuna.Errorf("sheet-flag", "%q is neither true nor false", text).WithMend("write true or false"))
		}
	}
	switch row.Event.Kind {
	case membership.Legacy:
		until, err := kizuna.ParseDate(c.text("until"))
		if err != nil {
			return row, c.wrong("until", err)
		}
		row.Event.Until = &until
	case membership.Merge:
		if row.Merges = c.text("with"); row.Merges == "" || strings.EqualFold(row.Merges, row.Account) {
			return row, c.wrong("with", kizuna.Errorf("sheet-with", "the merge of %s does not say with which other account", row.Account).
				WithMend("name the account that ended in the column with"))
		}
	case membership.Purchase, membership.Renewal:
		row.Event.Fee = rules.On(rules.Day(row.Event.At)).Fee.String()
	}
	return row, nil
}

func (c *columns) finding(rules *membership.Rules) (*membership.Finding, error) {
	f := &membership.Finding{Area: c.text("area")}
	var err error
	if f.On, err = kizuna.ParseDate(c.text("on")); err != nil {
		return nil, c.wrong("on", err)
	}
	p := rules.On(f.On).Program
	if p.Area(f.Area) == nil {
		return nil, c.wrong("area", kizuna.Errorf("membership-area", "%s has no area %q", p.Ref(), f.Area).WithMend("name an area of the program"))
	}
	if f.Total, err = kizuna.ParseFraction(c.text("points")); err != nil {
		return nil, c.wrong("points", err)
	}
	if f.Total.Sign() < 0 || f.Total.Cmp(p.Scoring.TotalMax) > 0 {
		return nil, c.wrong("points", kizuna.Errorf("membership-points", "%s points cannot be had: there are 0 to %s", f.Total, p.Scoring.TotalMax).
			WithMend("write the total as it was shown"))
	}
	f.Lacking = strings.FieldsFunc(c.text("lacking"), func(r rune) bool { return r == ';' || r == ' ' })
	f.Program, f.Qualified = p.Ref(), f.Total.Cmp(p.Scoring.PassTotal) >= 0 && len(f.Lacking) == 0
	return f, nil
}

// Ledgers makes a ledger of each account's rows, in the order in which accounts are
// first named. An account that merged into another brings its own; "sheet-circle" is
// the error for accounts that merge into one another.
func Ledgers(rows []Row) ([]*membership.Ledger, error) {
	b := books{rows: make(map[string][]*Row), done: make(map[string]*membership.Ledger)}
	var order []string
	for i := range rows {
		account := strings.ToLower(rows[i].Account)
		if b.rows[account] == nil {
			order = append(order, account)
		}
		b.rows[account] = append(b.rows[account], &rows[i])
	}
	out := make([]*membership.Ledger, 0, len(order))
	for _, account := range order {
		l, err := b.ledger(account)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// books are ledgers being made.
type books struct {
	rows map[string][]*Row
	done map[string]*membership.Ledger // nil: under way
}

func (b *books) ledger(account string) (*membership.Ledger, error) {
	if l := b.done[account]; l != nil {
		return l, nil
	}
	b.done[account] = nil
	l := &membership.Ledger{Account: account}
	for _, row := range b.rows[account] {
		l.Account = row.Account
		if row.Finding != nil {
			l.Findings = append(l.Findings, *row.Finding)
			continue
		}
		e := row.Event
		if row.Merges != "" {
			other := strings.ToLower(row.Merges)
			if with, begun := b.done[other]; begun && with == nil {
				return nil, kizuna.Errorf("sheet-circle", "%s and %s merge into one another", row.Account, row.Merges).
					WithMend("keep the merge into the account that goes on").WithRef(row.At)
			}
			with, err := b.ledger(other)
			if err != nil {
				return nil, err
			}
			brought := *with
			e.With = &brought
			with.Events = append(slices.Clone(with.Events), membership.Event{Kind: membership.Closing, At: e.At, Into: row.Account})
		}
		l.Events = append(l.Events, e)
	}
	b.done[account] = l
	return l, nil
}
