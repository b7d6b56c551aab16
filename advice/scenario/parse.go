package scenario

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
)

// MaxBytes bounds a scenario file.
const MaxBytes = 4 << 20

// mostRows bounds what it says.
const mostRows = 100_000

// Parse reads a scenario file, YAML or JSON as docs/advice.md describes it. The error
// names the file, the line and the column.
func Parse(file string, data []byte, tables Tables) (*Scenario, error) {
	p := &parser{file: file, tables: tables}
	if len(data) > MaxBytes {
		return nil, kizuna.Errorf("scenario-too-large", "the file has %d bytes; a scenario has at most %d", len(data), MaxBytes).
			WithMend("check that this is a scenario").WithRef(kizuna.Ref{File: file})
	}
	var doc yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err == nil {
		err = loader.Load(&doc)
	}
	switch {
	case err != nil && err != io.EOF:
		return nil, p.syntax(err)
	case len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode:
		return nil, kizuna.Errorf("scenario-empty", "there is no scenario in the file").
			WithMend("begin with add:, end: or another of a scenario's keys").WithRef(kizuna.Ref{File: file})
	case loader.Load(new(yaml.Node)) != io.EOF:
		return nil, kizuna.Errorf("scenario-documents", "the file goes on after the scenario").
			WithMend("keep one scenario in a file, without --- after it").WithRef(kizuna.Ref{File: file})
	}
	s := new(Scenario)
	if err := p.scenario(s, doc.Content[0]); err != nil {
		return nil, err
	}
	return s, nil
}

// parser reads one file.
type parser struct {
	file   string
	tables Tables
	rows   int
}

func (p *parser) at(n *yaml.Node) kizuna.Ref {
	return kizuna.Ref{File: p.file, Line: n.Line, Column: n.Column}
}

func (p *parser) syntax(err error) error {
	at := kizuna.Ref{File: p.file}
	message := err.Error()
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		message = load.Message
		at.Line, at.Column = load.Mark.Line, load.Mark.Column
	}
	return kizuna.Errorf("scenario-syntax", "this is not YAML: %s", message).
		WithMend("check the indentation, the brackets and the quotes just before").WithRef(at).WithCause(err)
}

// fields are what a mapping may say: each key's reader.
type fields map[string]func(*yaml.Node) error

// mapping reads a mapping of known keys.
func (p *parser) mapping(n *yaml.Node, known fields) error {
	keys := make([]string, 0, len(known))
	for key := range known {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return p.each(n, func(key *yaml.Node, value *yaml.Node) error {
		read := known[key.Value]
		if read == nil {
			return kizuna.Errorf("scenario-key", "%q is not known here", key.Value).
				WithMend("write one of: %s", strings.Join(keys, ", ")).WithRef(p.at(key))
		}
		return read(value)
	})
}

// each visits the entries of a mapping, whose keys are words, each once.
func (p *parser) each(n *yaml.Node, visit func(key, value *yaml.Node) error) error {
	if err := p.plain(n); err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return p.form(n, "KEY: value")
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return p.form(key, "KEY: value")
		}
		if seen[key.Value] {
			return kizuna.Errorf("scenario-twice", "%q stands here twice", key.Value).
				WithMend("keep one of the two").WithRef(p.at(key))
		}
		seen[key.Value] = true
		if err := visit(key, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// list visits the items of a list; one mapping stands for a list of one.
func (p *parser) list(n *yaml.Node, visit func(*yaml.Node) error) error {
	if err := p.plain(n); err != nil {
		return err
	}
	items := n.Content
	switch n.Kind {
	case yaml.MappingNode:
		items = []*yaml.Node{n}
	case yaml.SequenceNode:
	default:
		return p.form(n, "- …")
	}
	for _, item := range items {
		if p.rows++; p.rows > mostRows {
			return kizuna.Errorf("scenario-too-long", "there are more than %d rows", mostRows).
				WithMend("make several scenarios of it").WithRef(p.at(item))
		}
		if err := visit(item); err != nil {
			return err
		}
	}
	return nil
}

// text returns a scalar's text; of null, "".
func (p *parser) text(n *yaml.Node) (string, error) {
	if err := p.plain(n); err != nil {
		return "", err
	}
	if n.Kind != yaml.ScalarNode {
		return "", p.form(n, "a word")
	}
	if n.Tag == "!!null" {
		return "", nil
	}
	return strings.TrimSpace(n.Value), nil
}

// plain refuses what could make a file larger than it looks.
func (p *parser) plain(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return kizuna.Errorf("scenario-anchor", "anchors, aliases and tags are not part of a scenario").
			WithMend("write out what is meant").WithRef(p.at(n))
	}
	return nil
}

func (p *parser) form(n *yaml.Node, wanted string) error {
	return kizuna.Errorf("scenario-form", "something else should stand here").WithMend("write %s", wanted).WithRef(p.at(n))
}

// into reads a text into a field.
func (p *parser) into(field *string) func(*yaml.Node) error {
	return func(n *yaml.Node) (err error) {
		*field, err = p.text(n)
		return err
	}
}

// parsed reads a text that has a form of its own.
func parsed[T any](p *parser, field *T, parse func(string) (T, error)) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		text, err := p.text(n)
		if err != nil {
			return err
		}
		if *field, err = parse(text); err != nil {
			return placed(err, p.at(n))
		}
		return nil
	}
}

// pointed is [parsed] for what need not be said.
func pointed[T any](p *parser, field **T, parse func(string) (T, error)) func(*yaml.Node) error {
	*field = nil
	return func(n *yaml.Node) error {
		*field = new(T)
		return parsed(p, *field, parse)(n)
	}
}

// placed says where an error is.
func placed(err error, at kizuna.Ref) error {
	known, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		known = kizuna.Errorf("scenario-value", "%v", err)
	}
	return known.WithRef(at)
}

// needs refuses a mapping that does not say what it must.
func (p *parser) needs(n *yaml.Node, said bool, what string) error {
	if said {
		return nil
	}
	return kizuna.Errorf("scenario-needs", "%s is not said", what).WithMend("add %s", what).WithRef(p.at(n))
}

var name = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ParseName checks the name of a scenario.
func ParseName(s string) (string, error) {
	if !name.MatchString(s) {
		return "", kizuna.Errorf("scenario-name", "%q is no name of a scenario", s).
			WithMend("use lower-case letters, digits and hyphens, at most 64, such as two-claims")
	}
	return s, nil
}

func (p *parser) scenario(s *Scenario, n *yaml.Node) error {
	return p.mapping(n, fields{
		"name":    parsed(p, &s.Name, ParseName),
		"title":   func(n *yaml.Node) error { return p.title(s, n) },
		"as_of":   pointed(p, &s.AsOf, kizuna.ParseDate),
		"program": p.into(&s.Program),
		"add":     func(n *yaml.Node) error { return p.add(s, n) },
		"end":     func(n *yaml.Node) error { return p.list(n, func(n *yaml.Node) error { return p.end(s, n) }) },
		"earn":    func(n *yaml.Node) error { return p.list(n, func(n *yaml.Node) error { return p.earn(s, n) }) },
		"lose":    func(n *yaml.Node) error { return p.list(n, func(n *yaml.Node) error { return p.lose(s, n) }) },
		"leave":   func(n *yaml.Node) error { return p.list(n, func(n *yaml.Node) error { return p.leave(s, n) }) },
		"move":    func(n *yaml.Node) error { return p.list(n, func(n *yaml.Node) error { return p.move(s, n) }) },
		"grow":    func(n *yaml.Node) error { return p.list(n, func(n *yaml.Node) error { return p.grow(s, n) }) },
		"project": func(n *yaml.Node) error { return p.project(s, n) },
	})
}

func (p *parser) title(s *Scenario, n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return p.into(&s.Title.EN)(n)
	}
	return p.mapping(n, fields{"en": p.into(&s.Title.EN), "ja": p.into(&s.Title.JA)})
}

// add reads rows, table by table.
func (p *parser) add(s *Scenario, n *yaml.Node) error {
	return p.each(n, func(table, rows *yaml.Node) error {
		return p.list(rows, func(n *yaml.Node) error {
			var row []Cell
			var names, at []*yaml.Node
			err := p.each(n, func(column, cell *yaml.Node) error {
				text, err := p.text(cell)
				row, names, at = append(row, Cell{column.Value, text}), append(names, column), append(at, cell)
				return err
			})
			if err != nil {
				return err
			}
			number, err := p.tables.Read(&s.Add, table.Value, row, p.at(n))
			switch {
			case err == nil:
				return nil
			case kizuna.CodeOf(err) == "scenario-table":
				return placed(err, p.at(table))
			case number >= 0 && kizuna.CodeOf(err) == "scenario-column":
				return placed(err, p.at(names[number]))
			case number >= 0 && number < len(at):
				return placed(err, p.at(at[number]))
			}
			return placed(err, p.at(n))
		})
	})
}

// columns are the selecting columns of tables whose facts can end.
var columns = map[advice.Table][]string{
	advice.Claims:         {"claim_id", "location_id", "tenant_id", "workload", "subscription_id", "role"},
	advice.Links:          {"tenant_id", "object_id", "location_id"},
	advice.Roles:          {"tenant_id", "object_id", "role", "scope"},
	advice.Memberships:    {"tenant_id", "group_id", "object_id"},
	advice.Placements:     {"tenant_id", "scope", "parent"},
	advice.Owners:         {"tenant_id", "scope", "object_id", "relation"},
	advice.Appointments:   {"subscription_id", "location_id"},
	advice.Resales:        {"subscription_id", "location_id", "tier"},
	advice.ProfileLinks:   {"mcid", "location_id"},
	advice.Certifications: {"mcid", "certificate"},
}

// field is a selection's field for a column of its table.
func field(s *advice.Selection, column string) *string {
	switch column {
	case "claim_id":
		return &s.Claim
	case "location_id":
		return &s.Location
	case "tenant_id":
		return &s.Tenant
	case "workload":
		return &s.Workload
	case "subscription_id":
		return &s.Subscription
	case "role", "relation":
		return &s.Role
	case "object_id":
		return &s.Object
	case "group_id":
		return &s.Group
	case "scope":
		return &s.Scope
	case "parent":
		return &s.Parent
	case "mcid":
		return &s.MCID
	case "certificate":
		return &s.Certificate
	case "tier":
		return &s.Tier
	}
	return nil
}

// end reads what ends: {table: cpor_claims, claim_id: c-7, on: 2023-11-01}.
func (p *parser) end(s *Scenario, n *yaml.Node) error {
	e := Ending{At: p.at(n)}
	var on, table bool
	var said []*yaml.Node
	err := p.each(n, func(key, value *yaml.Node) (err error) {
		switch key.Value {
		case "table":
			table = true
			text, err := p.text(value)
			e.Table = advice.Table(strings.TrimSuffix(text, ".csv"))
			if err == nil && columns[e.Table] == nil {
				var names []string
				for _, t := range advice.Tables() {
					names = append(names, string(t))
				}
				err = kizuna.Errorf("scenario-end-table", "nothing in %q can end", text).
					WithMend("name one of them: %s", strings.Join(names, ", ")).WithRef(p.at(value))
			}
			return err
		case "on":
			on = true
			return parsed(p, &e.Ending.At, kizuna.ParseInstant)(value)
		}
		said = append(said, key, value)
		return nil
	})
	if err != nil {
		return err
	}
	if err := errors.Join(p.needs(n, table, "table"), p.needs(n, on, "on")); err != nil {
		return err
	}
	for i := 0; i < len(said); i += 2 {
		key, value := said[i], said[i+1]
		if !slices.Contains(columns[e.Table], key.Value) {
			return kizuna.Errorf("scenario-column", "the table %s has no column %q", e.Table, key.Value).
				WithMend("its columns: %s", strings.Join(columns[e.Table], ", ")).WithRef(p.at(key))
		}
		to := field(&e.Selection, key.Value)
		if err := p.into(to)(value); err != nil {
			return err
		}
		if *to == "" {
			return p.needs(value, false, key.Value)
		}
	}
	if len(said) == 0 {
		return kizuna.Errorf("scenario-ends-all", "this would end every row of %s", e.Table).
			WithMend("say which: add one of %s", strings.Join(columns[e.Table], ", ")).WithRef(e.At)
	}
	s.End = append(s.End, e)
	return nil
}

func (p *parser) earn(s *Scenario, n *yaml.Node) error {
	e := Earning{At: p.at(n)}
	var on *kizuna.Date
	err := p.mapping(n, fields{
		"person": p.into(&e.Person), "mcid": p.into(&e.Person), "certificate": p.into(&e.Certificate),
		"on": pointed(p, &on, kizuna.ParseDate), "expires_on": pointed(p, &e.Expires, kizuna.ParseDate),
	})
	if err == nil {
		err = errors.Join(p.needs(n, e.Person != "", "person"), p.needs(n, e.Certificate != "", "certificate"), p.needs(n, on != nil, "on"))
	}
	if err != nil {
		return err
	}
	e.On = *on
	s.Earn = append(s.Earn, e)
	return nil
}

func (p *parser) lose(s *Scenario, n *yaml.Node) error {
	e := Losing{At: p.at(n)}
	var on *kizuna.Date
	err := p.mapping(n, fields{
		"person": p.into(&e.Person), "mcid": p.into(&e.Person), "certificate": p.into(&e.Certificate),
		"on": pointed(p, &on, kizuna.ParseDate),
	})
	if err == nil {
		err = errors.Join(p.needs(n, e.Certificate != "", "certificate"), p.needs(n, on != nil, "on"))
	}
	if err != nil {
		return err
	}
	e.On = *on
	s.Lose = append(s.Lose, e)
	return nil
}

func (p *parser) leave(s *Scenario, n *yaml.Node) error {
	l := Leaving{At: p.at(n)}
	var on *kizuna.Date
	err := p.mapping(n, fields{"person": p.into(&l.Person), "mcid": p.into(&l.Person), "on": pointed(p, &on, kizuna.ParseDate)})
	if err == nil {
		err = errors.Join(p.needs(n, l.Person != "", "person"), p.needs(n, on != nil, "on"))
	}
	if err != nil {
		return err
	}
	l.On = *on
	s.Leave = append(s.Leave, l)
	return nil
}

func (p *parser) move(s *Scenario, n *yaml.Node) error {
	m := Moving{At: p.at(n)}
	var on *kizuna.Date
	err := p.mapping(n, fields{
		"tenant_id": p.into(&m.Tenant), "subscription_id": p.into(&m.Subscription), "to": p.into(&m.To),
		"tier": parsed(p, &m.Tier, parseTier), "on": pointed(p, &on, kizuna.ParseDate),
	})
	if err == nil {
		err = errors.Join(p.needs(n, m.Tenant != "" || m.Subscription != "", "tenant_id"), p.needs(n, on != nil, "on"))
	}
	if err != nil {
		return err
	}
	m.On = *on
	s.Move = append(s.Move, m)
	return nil
}

func parseTier(s string) (string, error) {
	if s != "T1" && s != "T2" {
		return "", kizuna.Errorf("scenario-tier", "%q is neither T1 nor T2", s).
			WithMend("write T1 for a direct bill partner or an indirect provider, T2 for an indirect reseller")
	}
	return s, nil
}

// ParsePercent reads a percentage as a fraction of one: "10", "-2.5", "1/3", "10%".
func ParsePercent(s string) (kizuna.Fraction, error) {
	f, err := kizuna.ParseFraction(strings.TrimSpace(strings.TrimSuffix(s, "%")))
	if err != nil {
		return f, err
	}
	if f.Cmp(kizuna.Int(-1000)) < 0 || f.Cmp(kizuna.Int(1_000_000)) > 0 {
		return f, kizuna.Errorf("scenario-percent", "%s percent is out of bounds", s).
			WithMend("write a percentage from -1000 to 1000000")
	}
	return f.Div(kizuna.Int(100)), nil
}

func (p *parser) grow(s *Scenario, n *yaml.Node) error {
	g := Growth{At: p.at(n)}
	var percent *kizuna.Fraction
	err := p.mapping(n, fields{
		"tenant_id": p.into(&g.Tenant), "subscription_id": p.into(&g.Subscription), "workload": p.into(&g.Workload),
		"from": parsed(p, &g.From, kizuna.ParseMonth), "to": parsed(p, &g.To, kizuna.ParseMonth),
		"percent": pointed(p, &percent, ParsePercent),
	})
	if err == nil {
		err = errors.Join(p.needs(n, percent != nil, "percent"), p.needs(n, g.From != 0, "from"))
	}
	if err != nil {
		return err
	}
	if g.Factor = kizuna.Int(1).Add(*percent); g.Factor.Sign() < 0 {
		return kizuna.Errorf("scenario-negative", "usage cannot shrink by more than all").
			WithMend("write a percentage of at least -100").WithRef(g.At)
	}
	if g.To != 0 && g.To < g.From {
		return kizuna.Errorf("scenario-months", "the last month %s is before the first month %s", g.To, g.From).
			WithMend("exchange the two").WithRef(g.At)
	}
	s.Grow = append(s.Grow, g)
	return nil
}

// mostMonths is how far usage may be projected.
const mostMonths = 120

func (p *parser) project(s *Scenario, n *yaml.Node) error {
	j := &Projection{At: p.at(n)}
	err := p.mapping(n, fields{
		"from": parsed(p, &j.From, kizuna.ParseMonth), "until": parsed(p, &j.Until, kizuna.ParseMonth),
		"percent_per_month": parsed(p, &j.Rate, ParsePercent),
		"customers": func(n *yaml.Node) error {
			j.Rates = make(map[string]advice.Rates)
			return p.each(n, func(key, value *yaml.Node) error {
				var rate kizuna.Fraction
				err := parsed(p, &rate, ParsePercent)(value)
				j.Rates[association.Fold(key.Value)] = advice.RatesOf(rate)
				return err
			})
		},
	})
	if err == nil {
		err = p.needs(n, j.Until != 0, "until")
	}
	if err != nil {
		return err
	}
	s.Project = j
	return nil
}
