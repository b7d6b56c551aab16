package segment

import (
	"cmp"
	"maps"
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
	keep         func(*Place) error // told of every tenant, unless nil
	twins        map[Twins]bool
}

// Twins are two names of workloads under which one usage row is asserted, by its
// source row id: a program that takes one name for the other counts one row, where a
// segment holds two.
type Twins [2]string

// NewCompiler prepares the facts: those of all tenants, or of one with the links of
// the tenants that its guests come from.
func NewCompiler(names Names, f *association.Facts, rates attribution.Rates) *Compiler {
	return &Compiler{names: names, associations: association.NewCompiler(f), rates: rates, twins: make(map[Twins]bool)}
}

// Twins lists the twins among the rows that were compiled, in order.
func (c *Compiler) Twins() []Twins {
	return slices.SortedFunc(maps.Keys(c.twins), func(a, b Twins) int { return slices.Compare(a[:], b[:]) })
}

// Build writes all facts into a builder and finishes it. It returns the usage rows
// that cannot be counted, and why.
func Build(b *Builder, f *attribution.Facts) ([]attribution.Refusal, error) {
	refused, err := NewCompiler(b, f.Associations, attribution.NewRates(f.Rates)).AddAll(b, f)
	if err != nil {
		return refused, err
	}
	return refused, b.Finish()
}

// AddAll adds all facts, which are those of the compiler, to a builder that numbers
// texts for it. It returns the usage rows that cannot be counted, and why.
func (c *Compiler) AddAll(b *Builder, f *attribution.Facts) ([]attribution.Refusal, error) {
	g := groupByTenant(f.Usage)
	var refused []attribution.Refusal
	for _, id := range g.ids {
		t, not, err := c.compile(id, g.rows(id))
		refused = append(refused, g.refused(id, not)...)
		if err == nil {
			err = b.Add(t)
		}
		if err != nil {
			return refused, err
		}
	}
	b.SetLocations(f.Associations.Locations)
	return refused, nil
}

// grouped is a ledger's rows by tenant.
type grouped struct {
	ledger *usage.Ledger
	of     map[string][]int // by id without case: the rows' numbers
	ids    []string         // in order
}

func groupByTenant(ledger *usage.Ledger) *grouped {
	g := &grouped{ledger: ledger, of: make(map[string][]int)}
	for i, u := range ledger.All() {
		id := association.Fold(u.Tenant)
		g.of[id] = append(g.of[id], i)
	}
	g.ids = slices.Sorted(maps.Keys(g.of))
	return g
}

func (g *grouped) rows(id string) []usage.Row {
	rows := make([]usage.Row, len(g.of[id]))
	for i, number := range g.of[id] {
		g.ledger.Row(number, &rows[i])
	}
	return rows
}

// refused gives refusals of a tenant's rows their numbers in the ledger.
func (g *grouped) refused(id string, refused []attribution.Refusal) []attribution.Refusal {
	for i := range refused {
		refused[i].Number = g.of[id][refused[i].Number]
	}
	return refused
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
	t, refused, _ := c.compile(id, rows) // the error is that of keep
	return t, refused
}

func (c *Compiler) compile(id string, rows []usage.Row) (*Tenant, []attribution.Refusal, error) {
	order, refused := c.subjects(rows)
	t, err := c.assemble(id, order)
	return t, refused, err
}

// subjects makes resources of a tenant's rows, in no order.
func (c *Compiler) subjects(rows []usage.Row) (order []*subject, refused []attribution.Refusal) {
	subjects := make(map[subjectKey]*subject)
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
			s = c.subject(key)
			subjects[key] = s
			order = append(order, s)
		}
		s.Rows = append(s.Rows, c.row(u, &figures))
		s.sources = append(s.sources, u.Asserted.SourceRow)
	}
	c.findTwins(order)
	for _, s := range order {
		s.settle()
	}
	return order, refused
}

// subject returns a resource without rows. Its product is what facts say in the end.
func (c *Compiler) subject(k subjectKey) *subject {
	s := &subject{about: k.about, offer: k.offer, channel: k.channel}
	s.Kind = Kind{Workload: c.names.Name(k.about.Workload), Offer: c.names.Name(k.offer), Channel: c.names.Name(k.channel)}
	return s
}

// assemble makes a tenant of resources.
func (c *Compiler) assemble(id string, order []*subject) (*Tenant, error) {
	slices.SortStableFunc(order, compareSubjects)
	t := &Tenant{ID: id}
	about := make([]association.Resource, len(order))
	for i, s := range order {
		about[i] = s.about
		t.Resources = append(t.Resources, s.Resource)
	}
	return t, c.finish(id, t, about)
}

// finish puts into a tenant, whose resources are in place, what is not usage.
func (c *Compiler) finish(id string, t *Tenant, about []association.Resource) error {
	said := c.saidOf(id, about)
	c.apply(t, said)
	if c.keep == nil {
		return nil
	}
	return c.keep(&Place{association.Fold(id), about, said.digest()})
}

// findTwins looks for rows of different workloads that are one row but for them.
func (c *Compiler) findTwins(order []*subject) {
	type row struct {
		subjectKey
		source string
		month  kizuna.Month
		day    uint8
	}
	var seen map[row][]string // the workloads
	for _, s := range order {
		for i, source := range s.sources {
			r := &s.Rows[i]
			if r.Asserted == nil || source == "" {
				continue
			}
			if seen == nil {
				seen = make(map[row][]string)
			}
			key := row{subjectKey{s.about, s.offer, s.channel}, source, r.Month, r.Day}
			key.about.Workload = ""
			if slices.Contains(seen[key], s.about.Workload) {
				continue
			}
			for _, other := range seen[key] {
				c.twins[Twins{min(other, s.about.Workload), max(other, s.about.Workload)}] = true
			}
			seen[key] = append(seen[key], s.about.Workload)
		}
	}
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
	slices.SortStableFunc(s.Rows, compareTimes)
}

func compareTimes(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}

// NewReach gives a compiled reach the numbers of its names.
func NewReach(names Names, r *association.Compiled) Reach {
	out := Reach{
		Type: r.Type, Location: names.Partner(r.Location), During: r.During,
		First: uint32(r.First), End: uint32(r.End),
	}
	switch {
	case r.Workload != "":
		out.By, out.What = ByWorkload, names.Name(r.Workload)
	case r.Owner:
		out.By, out.What, out.Active = ByOwner, names.Name(r.Relation), r.Active
	case r.Type == program.PAL:
		out.By, out.What = ByRole, names.Name(r.Role)
	}
	return out
}
