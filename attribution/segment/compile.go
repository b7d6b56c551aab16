package segment

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Names numbers what a [Tenant] names.
type Names interface {
	Name(text string) Name
	Partner(id string) Partner
}

// Compiler turns facts into tenants.
type Compiler struct {
	names        Names
	associations *association.Compiler
	rates        attribution.Rates
}

// NewCompiler prepares the facts: those of all tenants, or of one with the links of
// the tenants that its guests come from.
func NewCompiler(names Names, f *association.Facts, rates attribution.Rates) *Compiler {
	return &Compiler{names, association.NewCompiler(f), rates}
}

// Build writes all facts into a builder and finishes it. It returns the usage rows
// that cannot be counted, and why.
func Build(b *Builder, f *attribution.Facts) ([]attribution.Refusal, error) {
	c := NewCompiler(b, f.Associations, attribution.NewRates(f.Rates))
	byTenant := make(map[string][]int)
	for i, u := range f.Usage.All() {
		id := association.Fold(u.Tenant)
		byTenant[id] = append(byTenant[id], i)
	}
	ids := make([]string, 0, len(byTenant))
	for id := range byTenant {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var refused []attribution.Refusal
	for _, id := range ids {
		rows := make([]usage.Row, len(byTenant[id]))
		for i, number := range byTenant[id] {
			f.Usage.Row(number, &rows[i])
		}
		t, not := c.Tenant(id, rows)
		for _, r := range not {
			r.Number = byTenant[id][r.Number]
			refused = append(refused, r)
		}
		if err := b.Add(t); err != nil {
			return refused, err
		}
	}
	b.SetLocations(f.Associations.Locations)
	return refused, b.Finish()
}

// subject is a resource while its rows are collected.
type subject struct {
	Resource
	about   association.Resource // without case
	channel string
	offer   string
	sources []string // of the rows: what tells asserted ones apart
}

func compareSubjects(a, b *subject) int {
	return cmp.Or(
		association.ComparePaths(a.about.Scope, b.about.Scope),
		strings.Compare(a.about.Subscription, b.about.Subscription),
		strings.Compare(a.about.Workload, b.about.Workload),
		strings.Compare(a.offer, b.offer), strings.Compare(a.channel, b.channel))
}

type subjectKey struct {
	about          association.Resource
	offer, channel string
}

// Tenant compiles a tenant's usage and what reaches it. Rows that are one row have
// been added up ([usage.Ledger]). It also returns the rows that cannot be counted,
// each with its place in rows.
func (c *Compiler) Tenant(id string, rows []usage.Row) (*Tenant, []attribution.Refusal) {
	var refused []attribution.Refusal
	subjects := make(map[subjectKey]*subject)
	var order []*subject
	for i := range rows {
		u := &rows[i]
		figures, err := c.rates.Figures(u)
		if err != nil {
			refused = append(refused, attribution.Refusal{Number: i, Row: *u, Err: err.WithRef(u.At)})
			continue
		}
		if figures.Duplicate {
			continue // another row keeps the usage
		}
		key := subjectKey{offer: u.OfferType, channel: u.Channel, about: association.Resource{
			Subscription: association.Fold(u.Subscription),
			Scope:        association.ScopeOf(u.Subscription, u.Scope),
			Workload:     u.Workload,
		}}
		s := subjects[key]
		if s == nil {
			s = &subject{about: key.about, offer: u.OfferType, channel: u.Channel}
			s.Kind = Kind{
				c.names.Name(u.Workload), c.names.Name(c.associations.Product(u.Subscription)),
				c.names.Name(u.OfferType), c.names.Name(u.Channel),
			}
			subjects[key] = s
			order = append(order, s)
		}
		s.Rows = append(s.Rows, c.row(u, &figures))
		s.sources = append(s.sources, u.Asserted.SourceRow)
	}
	slices.SortStableFunc(order, compareSubjects)
	t := &Tenant{ID: id}
	if customer := c.associations.Customer(id); customer != nil {
		t.Country, t.Segment = c.names.Name(customer.Country), c.names.Name(customer.Segment)
	}
	about := make([]association.Resource, len(order))
	for i, s := range order {
		about[i] = s.about
	}
	reaches, owned := c.associations.Tenant(id, about)
	for i, s := range order {
		s.Owned = owned[i]
		s.settle()
		t.Resources = append(t.Resources, s.Resource)
	}
	for i := range reaches {
		t.Reaches = append(t.Reaches, c.reach(&reaches[i]))
	}
	return t, refused
}

func (c *Compiler) row(u *usage.Row, f *attribution.Figures) Row {
	out := Row{
		Month: u.Month, HasMoney: f.HasMoney, Snapshot: f.Snapshot,
		Money: f.Money, Users: f.Users, Seats: f.Seats, Units: f.Units,
	}
	if u.Day != nil {
		out.Day = uint8(*u.Day-u.Month.Day(1)) + 1
	}
	if f.Asserted {
		out.Asserted = []Assertion{{f.As, c.names.Partner(u.Asserted.Location)}}
	}
	return out
}

// settle orders the rows by time and makes one of those that are one usage row
// asserted several times: they share a source row and a period.
func (s *subject) settle() {
	type id struct {
		source string
		month  kizuna.Month
		day    uint8
	}
	seen := make(map[id]int)
	kept := s.Rows[:0]
	for i, r := range s.Rows {
		source := s.sources[i]
		if r.Asserted == nil || source == "" {
			kept = append(kept, r)
			continue
		}
		key := id{source, r.Month, r.Day}
		if first, again := seen[key]; again {
			kept[first].Asserted = append(kept[first].Asserted, r.Asserted...)
			continue
		}
		seen[key] = len(kept)
		kept = append(kept, r)
	}
	s.Rows = kept
	slices.SortStableFunc(s.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
	})
}

func (c *Compiler) reach(r *association.Compiled) Reach {
	out := Reach{
		Type: r.Type, Location: c.names.Partner(r.Location), During: r.During,
		First: uint32(r.First), End: uint32(r.End),
	}
	switch {
	case r.Workload != "":
		out.By, out.What = ByWorkload, c.names.Name(r.Workload)
	case r.Owner:
		out.By, out.What, out.Active = ByOwner, c.names.Name(r.Relation), r.Active
	case r.Type == program.PAL:
		out.By, out.What = ByRole, c.names.Name(r.Role)
	}
	return out
}
