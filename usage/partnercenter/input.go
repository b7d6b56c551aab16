package partnercenter

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
)

// fate is what becomes of a row: kept, the zero value; set aside; or refused.
type fate struct {
	aside   *intake.Aside
	refused *kizuna.Error
}

var kept = fate{}

func aside(reason, detail string, amount *kizuna.Decimal) fate {
	a := &intake.Aside{Reason: reason, Detail: strings.Clone(detail), Amount: amount}
	if amount != nil {
		a.Unit = "USD"
	}
	return fate{aside: a}
}

// input is one report being read.
type input struct {
	description *description
	vintage     Vintage
	table       *table.Reader
	sink        intake.Sink
	at          [fields]int // the fields' columns, -1 where there is none
	record      []string
	rows        int
	accounts    []string

	row     usage.Row
	numbers numbers
	months  map[string]kizuna.Month
	told    map[told]bool
}

// numbers is where the current row's pointers point.
type numbers struct {
	users, seats int64
	units        kizuna.Micro
	duplicate    [3]bool
}

// told is a fact that has been handed over: what of, and how much was known.
type told struct{ kind, id, detail string }

func newInput(d *description, r *table.Reader, sink intake.Sink) *input {
	in := &input{
		description: d, vintage: vintage(r.Header()), table: r, sink: sink,
		months: make(map[string]kizuna.Month), told: make(map[told]bool),
	}
	for f := range fields {
		in.at[f] = r.Find(columns[f]...)
	}
	return in
}

// take reads the current record.
func (in *input) take(record []string) {
	in.record = record
	in.row, in.numbers = usage.Row{At: in.place()}, numbers{}
	switch f := in.description.row(in); {
	case f.refused != nil:
		in.sink.Refuse(f.refused)
	case f.aside != nil:
		f.aside.At = in.place()
		in.sink.SetAside(*f.aside)
	default:
		in.rows++
		in.speaksFor(in.text(account))
		in.speaksFor(in.text(profileAccount))
		in.sink.Kept(in.place())
	}
}

func (in *input) place() kizuna.Ref { return in.table.Ref(-1) }

// text returns a cell without the spaces around it; empty where the column is
// missing or the cell says that there is nothing.
func (in *input) text(f field) string {
	if in.at[f] < 0 {
		return ""
	}
	s := strings.TrimSpace(in.record[in.at[f]])
	if s == "NULL" || s == "null" || s == `\N` {
		return ""
	}
	return s
}

// name is the column's name as the file spells it.
func (in *input) name(f field) string {
	if in.at[f] < 0 {
		return columns[f][0]
	}
	return in.table.Header()[in.at[f]]
}

func (in *input) refuse(f field, err *kizuna.Error) fate {
	at := in.place()
	if in.at[f] >= 0 {
		at = in.table.Ref(in.at[f])
	}
	return fate{refused: err.WithRef(at)}
}

func (in *input) missing(f field) fate {
	return in.refuse(f, kizuna.Errorf("partnercenter-empty", "%s is empty", in.name(f)).
		WithMend("download the report again; a row without it belongs to nobody"))
}

// speaksFor remembers the global accounts whose report it is.
func (in *input) speaksFor(account string) {
	const most = 8
	if account != "" && len(in.accounts) < most && !slices.Contains(in.accounts, account) {
		in.accounts = append(in.accounts, strings.Clone(account))
	}
}

func (in *input) report() Report {
	slices.Sort(in.accounts)
	return Report{
		Rows: in.rows,
		Description: intake.Description{
			Kind:    "partnercenter/" + string(in.description.kind),
			Vintage: string(in.vintage),
			Source:  strings.Join(in.accounts, " "),
			Covers:  in.description.covers,
		},
	}
}

// firstTime reports whether a fact has not been told yet.
func (in *input) firstTime(kind, id, detail string) bool {
	if in.told[told{kind, id, detail}] {
		return false
	}
	in.told[told{kind, strings.Clone(id), strings.Clone(detail)}] = true
	return true
}

// customer tells of the row's customer, once for each thing that is said of it.
func (in *input) customer() {
	id := in.text(tenant)
	c := association.Customer{
		Tenant:  id,
		Name:    in.text(customerName),
		Country: in.text(market),
		Segment: segmentOf(in.text(segment)),
		At:      in.place(),
	}
	if id == "" || c.Name == "" || !in.firstTime("customer", id, c.Segment) {
		return
	}
	if c.Segment == "" && (in.told[told{"customer", id, smb}] || in.told[told{"customer", id, enterprise}]) {
		return
	}
	in.sink.Facts(c)
}

// subscribed tells of the row's subscription once.
func (in *input) subscribed(product, agreement string) {
	id := in.text(subscription)
	if id == "" || !in.firstTime("subscription", id, product) {
		return
	}
	s := association.Subscription{
		ID: id, Tenant: in.text(tenant), Product: product, Agreement: agreement,
		During: kizuna.Always, At: in.place(),
	}
	if day, ok := parseDay(in.text(subscriptionStart)); ok {
		s.During.From = day.Instant()
	}
	in.sink.Facts(s)
}

const (
	smb        = "SMB"
	enterprise = "Enterprise"
)

// segmentOf reads Microsoft's segments where they say clearly what they are.
func segmentOf(s string) string {
	s = strings.ToLower(s)
	switch {
	case strings.Contains(s, "enterprise"):
		return enterprise
	case strings.Contains(s, "smb"), strings.Contains(s, "smc"), strings.Contains(s, "small"):
		return smb
	}
	return ""
}
