package scenario

import (
	"bytes"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/program"
)

// Made returns the scenario of changes.
func Made(c *advice.Changes) *Scenario {
	s := &Scenario{Add: Facts{c.Associations, c.People, c.Usage}}
	for _, e := range c.End {
		s.End = append(s.End, Ending{Ending: e})
	}
	for _, g := range c.Growth {
		s.Grow = append(s.Grow, Growth{Growth: g})
	}
	if c.Projection != nil {
		s.Project = &Projection{Projection: *c.Projection}
	}
	return s
}

// Format writes a scenario as a file that [Parse] reads.
func Format(s *Scenario, tables Tables) ([]byte, error) {
	root := new(node)
	root.text("name", s.Name)
	if s.Title.JA == "" {
		root.text("title", s.Title.EN)
	} else {
		root.put("title", texts("en", s.Title.EN, "ja", s.Title.JA))
	}
	if s.AsOf != nil {
		root.text("as_of", s.AsOf.String())
	}
	root.text("program", s.Program)
	rows := tables.Rows(&s.Add)
	add := new(node)
	for len(rows) > 0 {
		table := rows[0].Table
		var of []*node
		for len(rows) > 0 && rows[0].Table == table {
			row := new(node)
			for _, cell := range rows[0].Cells {
				row.put(cell.Column, scalar(cell.Text))
			}
			of, rows = append(of, row), rows[1:]
		}
		add.put(table, list(of))
	}
	root.put("add", add.orNil())
	putAll(root, "end", s.End, func(e *Ending) *node {
		n := texts("table", string(e.Table))
		for _, column := range columns[e.Table] {
			n.text(column, *field(&e.Selection, column))
		}
		n.text("on", e.Ending.At.String())
		return n
	})
	putAll(root, "earn", s.Earn, func(e *Earning) *node {
		n := texts("person", e.Person, "certificate", e.Certificate, "on", e.On.String())
		if e.Expires != nil {
			n.text("expires_on", e.Expires.String())
		}
		return n
	})
	putAll(root, "lose", s.Lose, func(l *Losing) *node {
		return texts("person", l.Person, "certificate", l.Certificate, "on", l.On.String())
	})
	putAll(root, "leave", s.Leave, func(l *Leaving) *node { return texts("person", l.Person, "on", l.On.String()) })
	putAll(root, "move", s.Move, func(m *Moving) *node {
		return texts("tenant_id", m.Tenant, "subscription_id", m.Subscription, "to", m.To, "tier", m.Tier, "on", m.On.String())
	})
	putAll(root, "grow", s.Grow, func(g *Growth) *node {
		n := texts("tenant_id", g.Tenant, "subscription_id", g.Subscription, "workload", g.Workload, "from", g.From.String())
		if g.To != 0 {
			n.text("to", g.To.String())
		}
		n.text("percent", percent(g.Factor.Sub(kizuna.Int(1))))
		return n
	})
	if err := root.project(s.Project); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	d, err := yaml.NewDumper(&out, yaml.WithIndent(2))
	if err != nil {
		return nil, err
	}
	if err := d.Dump(root.yaml()); err != nil {
		return nil, err
	}
	err = d.Close()
	return out.Bytes(), err
}

// Hash tells scenarios apart by what they change, whatever they are called and however
// they are written.
func Hash(s *Scenario, tables Tables) (kizuna.Hash, error) {
	changes := *s
	changes.Name, changes.Title, changes.AsOf, changes.Program = "", program.Text{}, nil, ""
	data, err := Format(&changes, tables)
	return kizuna.HashOf(data), err
}

// percent writes a fraction of one as a percentage.
func percent(f kizuna.Fraction) string { return f.Mul(kizuna.Int(100)).String() }

// project puts a projection. A file says no more of it than one rate for a customer.
func (n *node) project(p *Projection) error {
	if p == nil {
		return nil
	}
	for _, r := range p.Rates {
		if r != advice.RatesOf(r.Money) {
			return tooFine()
		}
	}
	if len(p.Last) > 0 {
		return tooFine()
	}
	of := new(node)
	if p.From != 0 {
		of.text("from", p.From.String())
	}
	of.text("until", p.Until.String())
	of.text("percent_per_month", percent(p.Rate))
	if len(p.Rates) > 0 {
		rates := new(node)
		for _, tenant := range slices.Sorted(maps.Keys(p.Rates)) {
			rates.put(tenant, scalar(percent(p.Rates[tenant].Money)))
		}
		of.put("customers", rates)
	}
	n.put("project", of)
	return nil
}

func tooFine() error {
	return kizuna.Errorf("scenario-too-fine", "a scenario file cannot say that figures of one customer grow apart, nor that subscriptions end").
		WithMend("leave the projection out, and say how usage goes on where the scenario is asked about")
}

// node is what is written: a mapping in order, a list or a text.
type node struct {
	of yaml.Node
}

func (n *node) yaml() *yaml.Node {
	if n.of.Kind == 0 {
		n.of.Kind = yaml.MappingNode
	}
	return &n.of
}

func (n *node) put(key string, value *node) {
	if value != nil {
		n.of.Kind = yaml.MappingNode
		n.of.Content = append(n.of.Content, scalar(key).yaml(), value.yaml())
	}
}

// text puts a text, unless it is empty.
func (n *node) text(key, value string) {
	if value != "" {
		n.put(key, scalar(value))
	}
}

func (n *node) orNil() *node {
	if len(n.of.Content) == 0 {
		return nil
	}
	return n
}

func scalar(text string) *node {
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	return &node{n}
}

// texts makes a mapping of keys and texts.
func texts(all ...string) *node {
	n := new(node)
	for i := 0; i < len(all); i += 2 {
		n.text(all[i], all[i+1])
	}
	return n
}

func list(items []*node) *node {
	n := &node{yaml.Node{Kind: yaml.SequenceNode}}
	for _, item := range items {
		one := item.yaml()
		one.Style = yaml.FlowStyle
		n.of.Content = append(n.of.Content, one)
	}
	return n
}

// putAll puts a list, unless it is empty.
func putAll[T any](n *node, key string, all []T, write func(*T) *node) {
	if len(all) == 0 {
		return
	}
	items := make([]*node, len(all))
	for i := range all {
		items[i] = write(&all[i])
	}
	n.put(key, list(items))
}
