package watch

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/association"
)

// Kept is all that is kept between two looks at an account.
type Kept struct {
	At    kizuna.Moment `json:"asked_at"`
	Entry int64         `json:"entry,omitempty"` // of a store's audit trail: the last that was known
	State *State        `json:"state"`
	// Rows are the facts, all but usage, as rows of the plain tables without names. Nil: there
	// were too many.
	Rows []scenario.Row `json:"rows"`
	// Usage is what customers consumed that the account has to do with, by customer and month.
	Usage map[string]map[kizuna.Month]advice.Consumed `json:"usage"`
}

// MostRows is how many rows are kept at most.
const MostRows = 1_000_000

// Keep returns what is to be kept of an outcome. The rows are the tables' ([scenario.Tables]).
func Keep(o *advice.Outcome, rows []scenario.Row) *Kept {
	k := &Kept{State: Of(o), Usage: make(map[string]map[kizuna.Month]advice.Consumed)}
	if len(rows) <= MostRows {
		k.Rows = withoutNames(rows)
	}
	for id := range o.Contributions() {
		k.Usage[id] = nil // it concerns the account
	}
	concern := ConcernOf(k, k)
	for _, id := range o.Base().Customers() {
		if !concern.customer(id, o.Base().About(id)) {
			continue
		}
		of := make(map[kizuna.Month]advice.Consumed)
		c := o.Base().Customer(id)
		for i := range c.Resources {
			for _, r := range c.Resources[i].Rows {
				u := of[r.Month]
				u.Add(&r)
				of[r.Month] = u
			}
		}
		k.Usage[id] = of
	}
	return k
}

// withoutNames leaves out what people and companies are called: it changes no count, and
// may have to be erased elsewhere.
func withoutNames(rows []scenario.Row) []scenario.Row {
	out := make([]scenario.Row, len(rows))
	for i, r := range rows {
		out[i] = scenario.Row{Table: r.Table, Cells: slices.DeleteFunc(slices.Clone(r.Cells), func(c scenario.Cell) bool { return c.Column == "name" })}
	}
	return out
}

// Fate is what became of a fact.
type Fate string

// The fates.
const (
	Added   Fate = "added"
	Removed Fate = "removed"
	Changed Fate = "changed"
)

// FactMove is a row that differs.
type FactMove struct {
	Fate   Fate            `json:"fate"`
	Table  string          `json:"table"`
	Before []scenario.Cell `json:"before,omitempty"`
	After  []scenario.Cell `json:"after,omitempty"`
}

// UsageMove is a customer's usage of a month that differs.
type UsageMove struct {
	Tenant string          `json:"tenant_id"`
	Month  kizuna.Month    `json:"month"`
	Before advice.Consumed `json:"before"`
	After  advice.Consumed `json:"after"`
}

// Facts lists the rows that differ, table by table. Rows that say the same but when it
// holds are one that has changed.
func Facts(before, after *Kept) (out []FactMove) {
	if before.Rows == nil || after.Rows == nil {
		return nil
	}
	type pile struct{ before, after []scenario.Row }
	piles := make(map[string]*pile)
	of := func(r *scenario.Row) *pile {
		key := identity(r)
		if piles[key] == nil {
			piles[key] = new(pile)
		}
		return piles[key]
	}
	count := make(map[string]int)
	for i := range before.Rows {
		count[text(&before.Rows[i])]++
	}
	for i := range after.Rows {
		if r := &after.Rows[i]; count[text(r)] > 0 {
			count[text(r)]--
		} else {
			p := of(r)
			p.after = append(p.after, *r)
		}
	}
	for i := len(before.Rows) - 1; i >= 0; i-- { // of equal ones the last went
		if r := &before.Rows[i]; count[text(r)] > 0 {
			count[text(r)]--
			p := of(r)
			p.before = append(p.before, *r)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(piles)) {
		p := piles[key]
		slices.Reverse(p.before)
		for i := range max(len(p.before), len(p.after)) {
			switch {
			case i >= len(p.before):
				out = append(out, FactMove{Fate: Added, Table: p.after[i].Table, After: p.after[i].Cells})
			case i >= len(p.after):
				out = append(out, FactMove{Fate: Removed, Table: p.before[i].Table, Before: p.before[i].Cells})
			default:
				out = append(out, FactMove{Changed, p.after[i].Table, p.before[i].Cells, p.after[i].Cells})
			}
		}
	}
	return out
}

func text(r *scenario.Row) string { return joined(r, func(string) bool { return true }) }

// identity is what tells a row apart whenever it holds.
func identity(r *scenario.Row) string {
	return joined(r, func(column string) bool {
		switch column {
		case "from", "to", "approved_on", "ended_on", "earned_on", "expires_on", "last_activity":
			return false
		}
		return true
	})
}

func joined(r *scenario.Row, wanted func(column string) bool) string {
	var b strings.Builder
	b.WriteString(r.Table)
	for _, c := range r.Cells {
		if wanted(c.Column) {
			b.WriteString("\x00" + c.Column + "\x01" + c.Text)
		}
	}
	return b.String()
}

// Usage lists where usage differs, by customer and month, of customers that the account
// had to do with both times.
func Usage(before, after *Kept) (out []UsageMove) {
	ids := slices.Collect(maps.Keys(before.Usage))
	for id := range after.Usage {
		if before.Usage[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		x, y := before.Usage[id], after.Usage[id]
		if x == nil || y == nil {
			continue // the account had nothing to do with it: what it consumed was not looked at
		}
		months := slices.Collect(maps.Keys(x))
		for m := range y {
			if _, both := x[m]; !both {
				months = append(months, m)
			}
		}
		slices.Sort(months)
		for _, m := range months {
			if x[m] != y[m] {
				out = append(out, UsageMove{id, m, x[m], y[m]})
			}
		}
	}
	return out
}

// Event is a CloudEvent, version 1.0 of its specification, in its JSON form.
type Event struct {
	SpecVersion     string        `json:"specversion"`
	ID              string        `json:"id"`
	Source          string        `json:"source"`
	Type            string        `json:"type"`
	Subject         string        `json:"subject,omitempty"`
	Time            kizuna.Moment `json:"time"`
	DataContentType string        `json:"datacontenttype"`
	Data            any           `json:"data"`
}

// The types of events, each followed by what happened.
const typePrefix = "io.github.kizuna-org."

// Report is what has moved between two looks.
type Report struct {
	Since    kizuna.Moment `json:"since"`
	At       kizuna.Moment `json:"at"`
	Movement *Movement     `json:"movement"`
	Facts    []FactMove    `json:"facts"`
	// FactsLeftOut: at one of the looks there were more than [MostRows] rows, so that which of
	// them differ is not known.
	FactsLeftOut bool        `json:"facts_left_out,omitempty"`
	Usage        []UsageMove `json:"usage"`
	Recorded     []Recorded  `json:"recorded,omitempty"` // by a store's record
}

// Recorded is an event of the record.
type Recorded struct {
	ID      string        `json:"id"`
	Type    string        `json:"type"`
	Subject string        `json:"subject"`
	At      kizuna.Moment `json:"at"`
	By      string        `json:"by,omitempty"`
}

// Looked makes a report of two looks, of what concerns the account.
func Looked(before, after *Kept, c *Concern, recorded []Recorded, m *Movement) *Report {
	facts := slices.DeleteFunc(Facts(before, after), func(f FactMove) bool { return !c.row(f.Before) && !c.row(f.After) })
	return &Report{
		Since: before.At, At: after.At, Movement: m, Facts: facts, FactsLeftOut: before.Rows == nil || after.Rows == nil,
		Usage: Usage(before, after), Recorded: recorded,
	}
}

// Concern says what concerns an account: its locations, and the customers that it has
// anything to do with, then or now.
type Concern struct {
	account                                     string
	locations, tenants, subscriptions, profiles map[string]bool
}

// ConcernOf is what concerns the account of two looks.
func ConcernOf(before, after *Kept) *Concern {
	c := &Concern{
		after.State.Account, make(map[string]bool), make(map[string]bool), make(map[string]bool), make(map[string]bool),
	}
	all := slices.Concat(before.Rows, after.Rows)
	for i := range all {
		if all[i].Table == "partners" && strings.EqualFold(cell(all[i].Cells, "global_id"), c.account) {
			c.locations[fold(cell(all[i].Cells, "location_id"))] = true
		}
	}
	for _, usage := range []map[string]map[kizuna.Month]advice.Consumed{before.Usage, after.Usage} {
		for id := range usage {
			c.tenants[id] = true
		}
	}
	for i := range all {
		if r := &all[i]; c.locations[fold(cell(r.Cells, "location_id"))] {
			c.tenants[fold(cell(r.Cells, "tenant_id"))] = true
			c.subscriptions[fold(cell(r.Cells, "subscription_id"))] = true
			c.profiles[cell(r.Cells, "mcid")] = true
		}
	}
	for _, s := range []map[string]bool{c.tenants, c.subscriptions, c.profiles} {
		delete(s, "")
	}
	return c
}

func fold(s string) string { return association.Fold(s) }

func cell(cells []scenario.Cell, column string) string {
	if i := slices.IndexFunc(cells, func(c scenario.Cell) bool { return c.Column == column }); i >= 0 {
		return cells[i].Text
	}
	return ""
}

// customer reports whether the account has to do with a customer.
func (c *Concern) customer(id string, about []association.Resource) bool {
	return c.tenants[id] || slices.ContainsFunc(about, func(r association.Resource) bool { return c.subscriptions[fold(r.Subscription)] })
}

// row reports whether a row concerns the account: another's location does not, even at
// the same customer.
func (c *Concern) row(cells []scenario.Cell) bool {
	if location := cell(cells, "location_id"); location != "" {
		return c.locations[fold(location)]
	}
	return c.tenants[fold(cell(cells, "tenant_id"))] || c.subscriptions[fold(cell(cells, "subscription_id"))] || c.profiles[cell(cells, "mcid")]
}

// Thing reports whether a thing concerns the account that is about a tenant, a profile or
// a subscription, and locations, each "" if it is about none.
func (c *Concern) Thing(tenant, subject string, locations ...string) bool {
	named := false
	for _, id := range locations {
		if c.locations[fold(id)] {
			return true
		}
		named = named || id != ""
	}
	return !named && (c.tenants[fold(tenant)] || c.profiles[subject] || c.subscriptions[fold(subject)])
}

// Moved reports whether anything differs.
func (r *Report) Moved() bool {
	return r.Movement.Moved() || len(r.Facts) > 0 || len(r.Usage) > 0 || len(r.Recorded) > 0
}

// Events are the report as CloudEvents: a designation that was gained or lost, then areas
// and metrics, then facts, usage and what was recorded. The same two looks give the same
// ids, so that whoever gets an event twice can tell.
func (r *Report) Events() []Event {
	events := []Event{}
	source := "/accounts/" + r.Movement.Account
	add := func(kind, subject string, data any) {
		e := Event{SpecVersion: "1.0", Source: source, Type: typePrefix + kind, Subject: subject, Time: r.At, DataContentType: "application/json", Data: data}
		// An id says what happened between which looks.
		text, err := json.Marshal([]any{r.Since, r.At, e.Type, e.Subject, data})
		if err != nil {
			panic(err) // plain data
		}
		h := kizuna.HashOf(text)
		e.ID = hex.EncodeToString(h[:16])
		events = append(events, e)
	}
	for i := range r.Movement.Areas {
		a := &r.Movement.Areas[i]
		before, after := a.Before != nil && a.Before.Qualified, a.After != nil && a.After.Qualified
		switch {
		case after && !before:
			add("designation.gained", a.ID, areaOnly(a))
		case before && !after:
			add("designation.lost", a.ID, areaOnly(a))
		}
		if a.Difference.Sign() != 0 {
			add("area.moved", a.ID, areaOnly(a))
		}
		for k := range a.Metrics {
			m := &a.Metrics[k]
			add("metric.moved", a.ID+"/"+m.Track+"/"+m.ID, m)
		}
	}
	for i := range r.Facts {
		f := &r.Facts[i]
		add("fact."+string(f.Fate), f.Table, f)
	}
	for i := range r.Usage {
		u := &r.Usage[i]
		add("usage.changed", u.Tenant+"/"+u.Month.String(), u)
	}
	for i := range r.Recorded {
		e := &r.Recorded[i]
		add("record."+e.Type, e.Subject, e)
	}
	return events
}

// areaOnly is an area's move without its metrics, which have events of their own.
func areaOnly(a *AreaMove) *AreaMove {
	out := *a
	out.Metrics = nil
	return &out
}

// Said writes a row's cells: "claim_id C-1, location_id 1001".
func Said(cells []scenario.Cell) string {
	parts := make([]string, len(cells))
	for i, c := range cells {
		parts[i] = c.Column + " " + cmp.Or(c.Text, "–")
	}
	return strings.Join(parts, ", ")
}

// Differing are the cells of a row that has changed: what each said and says.
func (f *FactMove) Differing() (out []string) {
	var columns []string
	for _, c := range slices.Concat(f.After, f.Before) {
		if !slices.Contains(columns, c.Column) {
			columns = append(columns, c.Column)
		}
	}
	for _, column := range columns {
		if x, y := cell(f.Before, column), cell(f.After, column); x != y {
			out = append(out, column+" "+cmp.Or(x, "–")+" → "+cmp.Or(y, "–"))
		}
	}
	return out
}
