package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"iter"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/usage"
)

// Place is where a tenant's resources lie, which a segment does not keep, and a digest
// of what the facts say of them: of all that does not come from usage rows. Beside a
// segment, places let its tenants be compiled again under other facts without their
// usage; and where the digest is the same, there is nothing to compile.
type Place struct {
	Tenant    string                 // without case
	Resources []association.Resource // in order; ids and scopes without case
	Digest    Digest
}

// Digest tells what facts say apart.
type Digest [16]byte

// Keep has f told of the place of every tenant that is compiled from now on.
func (c *Compiler) Keep(f func(*Place) error) { c.keep = f }

// Changes are what differs from a segment.
type Changes struct {
	// Late are the customers whose usage of some months may be another than the segment's,
	// in order and without case. Their rows of these months are Facts.Usage, which has no
	// others; of other months the segment's are taken.
	Late   []string
	Months []kizuna.Month
	// Facts are those of all customers, as they are now. The rates must be the same.
	Facts *attribution.Facts
	// Same says that the associations are the segment's: nothing is to be compared, and
	// but for being kept, the places of late customers are enough.
	Same bool
	// Keep is told of the place of every customer, with its new digest, in order.
	Keep func(*Place) error
}

// Revision says what came of revising.
type Revision struct {
	Customers int                   // that were packed
	Refused   []attribution.Refusal // of the rows of Facts.Usage
	Twins     []Twins               // likewise
}

// Revise writes into a builder, which the caller finishes, the customers of a segment that
// differ from it: those whose usage came late, and those of whom facts say something else now
// than their places tell. The builder's segment is to lie over the other. A customer
// that has no usage any more stands in it empty.
func Revise(b *Builder, base *Segment, places iter.Seq2[*Place, error], to *Changes) (*Revision, error) {
	v := &reviser{
		Changes: to, builder: b, base: base, rows: groupByTenant(to.Facts.Usage), left: to.Late,
		compiler: NewCompiler(b, to.Facts.Associations, attribution.NewRates(to.Facts.Rates)),
		from:     &walker{segment: base, names: make([]Name, base.Names()), partners: make([]Partner, base.Partners())},
	}
	v.compiler.Keep(to.Keep)
	for p, err := range places {
		if err == nil {
			err = v.place(p)
		}
		if err != nil {
			return &v.out, err
		}
	}
	for len(v.left) > 0 { // behind the last that had usage
		if err := v.late(nil); err != nil {
			return &v.out, err
		}
	}
	v.out.Twins = v.compiler.Twins()
	b.SetLocations(to.Facts.Associations.Locations)
	return &v.out, nil
}

// reviser is one revision under way.
type reviser struct {
	*Changes
	builder  *Builder
	base     *Segment
	rows     *grouped
	left     []string // of the late ones
	compiler *Compiler
	from     *walker
	out      Revision
}

// place goes on to a customer of the segment.
func (v *reviser) place(p *Place) error {
	for len(v.left) > 0 && v.left[0] < p.Tenant {
		if err := v.late(nil); err != nil {
			return err
		}
	}
	if len(v.left) > 0 && v.left[0] == p.Tenant {
		return v.late(p)
	}
	if v.Same || len(p.Resources) == 0 { // none of its rows can be counted
		return v.Keep(p)
	}
	said := v.compiler.saidOf(p.Tenant, p.Resources)
	now := said.digest()
	if err := v.Keep(&Place{p.Tenant, p.Resources, now}); err != nil {
		return err
	}
	if now == p.Digest {
		return nil
	}
	return v.repack(p, said)
}

// late packs the first of the late customers from its rows, and from what the segment
// has of other months, if it has the customer. No two rows of different months are one.
func (v *reviser) late(p *Place) error {
	id := v.left[0]
	v.left = v.left[1:]
	subjects, refused := v.compiler.subjects(v.rows.rows(id))
	v.out.Refused = append(v.out.Refused, v.rows.refused(id, refused)...)
	if p != nil && len(p.Resources) > 0 {
		var err error
		if subjects, err = v.otherMonths(p, subjects); err != nil {
			return err
		}
	}
	t := &Tenant{ID: id}
	if len(subjects) > 0 || len(v.rows.of[id]) > 0 {
		var err error
		if t, err = v.compiler.assemble(id, subjects); err != nil {
			return err
		}
	}
	v.out.Customers++
	return v.builder.Add(t)
}

// otherMonths adds to a customer's resources what the segment has of other months.
func (v *reviser) otherMonths(p *Place, subjects []*subject) ([]*subject, error) {
	t, err := v.unpack(p)
	if err != nil {
		return nil, err
	}
	of := make(map[subjectKey]*subject, len(subjects)+len(t.Resources))
	for _, s := range subjects {
		of[subjectKey{s.about, s.offer, s.channel}] = s
	}
	type texts struct{ offer, channel string }
	named := make([]texts, len(t.Resources))
	for i := range t.Resources {
		r := &t.Resources[i]
		named[i] = texts{v.base.Name(r.Offer), v.base.Name(r.Channel)}
		r.Rows = slices.DeleteFunc(r.Rows, func(row Row) bool { return slices.Contains(v.Months, row.Month) })
	}
	v.from.translate(v.builder)
	for i := range t.Resources {
		r := &t.Resources[i]
		if len(r.Rows) == 0 {
			continue
		}
		key := subjectKey{p.Resources[i], named[i].offer, named[i].channel}
		s := of[key]
		if s == nil {
			s = v.compiler.subject(key)
			of[key] = s
			subjects = append(subjects, s)
		}
		s.Rows = append(s.Rows, r.Rows...)
		slices.SortStableFunc(s.Rows, compareTimes)
	}
	return subjects, nil
}

// unpack returns a customer as the segment has it, but for what facts say, to be
// translated.
func (v *reviser) unpack(p *Place) (*Tenant, error) {
	block, i, ok, err := v.base.Find(p.Tenant)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, placesOfAnother(p.Tenant)
	}
	t, err := block.Tenant(i)
	if err != nil {
		return nil, err
	}
	if len(t.Resources) != len(p.Resources) {
		return nil, placesOfAnother(p.Tenant)
	}
	t.Country, t.Segment, t.Reaches = 0, 0, nil
	for k := range t.Resources {
		t.Resources[k].Product = 0
	}
	v.from.tenant = t
	return t, nil
}

// repack packs a customer as it is in the segment, but for what facts say.
func (v *reviser) repack(p *Place, said *said) error {
	t, err := v.unpack(p)
	if err != nil {
		return err
	}
	v.from.translate(v.builder)
	v.compiler.apply(t, said)
	v.out.Customers++
	return v.builder.Add(t)
}

func placesOfAnother(tenant string) *kizuna.Error {
	return kizuna.Errorf("segment-places", "the segment has other resources of customer %q than its places say", tenant).
		WithMend("delete both and build them again; they are a cache")
}

// said is what facts say of a tenant and its resources.
type said struct {
	country, segment string
	products         []string // by resource
	owned            []bool
	reaches          []association.Compiled
}

// saidOf asks the facts.
func (c *Compiler) saidOf(tenant string, about []association.Resource) *said {
	s := &said{products: make([]string, len(about))}
	if customer := c.associations.Customer(tenant); customer != nil {
		s.country, s.segment = customer.Country, customer.Segment
	}
	for i := range about {
		s.products[i] = c.associations.Product(about[i].Subscription)
	}
	s.reaches, s.owned = c.associations.Tenant(tenant, about)
	return s
}

func (s *said) digest() (d Digest) {
	sum := newDigester()
	sum.text(s.country, s.segment)
	sum.text(s.products...)
	for _, owned := range s.owned {
		sum.flag(owned)
	}
	for i := range s.reaches {
		r := &s.reaches[i]
		sum.text(r.Location, r.Workload, r.Role, r.Relation)
		sum.flag(r.Owner)
		sum.number(int64(r.Type), int64(r.First), int64(r.End), int64(r.Active))
		sum.during(r.During)
	}
	copy(d[:], sum.Sum(nil))
	return d
}

// apply puts what facts say into a tenant whose resources are in place.
func (c *Compiler) apply(t *Tenant, s *said) {
	t.Country, t.Segment = c.names.Name(s.country), c.names.Name(s.segment)
	for i := range t.Resources {
		t.Resources[i].Owned, t.Resources[i].Product = s.owned[i], c.names.Name(s.products[i])
	}
	for i := range s.reaches {
		t.Reaches = append(t.Reaches, NewReach(c.names, &s.reaches[i]))
	}
}

// Say puts into a tenant what the facts say of it and of its resources, which are about
// the given ones, in order: everything that does not come from usage rows. What was said
// before is forgotten.
func (c *Compiler) Say(t *Tenant, about []association.Resource) {
	t.Reaches = nil
	c.apply(t, c.saidOf(t.ID, about))
}

// Reaches returns who reaches a tenant whose resources are about the given ones, in order.
func (c *Compiler) Reaches(tenant string, about []association.Resource) []Reach {
	compiled, _ := c.associations.Tenant(tenant, about)
	out := make([]Reach, len(compiled))
	for i := range compiled {
		out[i] = NewReach(c.names, &compiled[i])
	}
	return out
}

// FactsDigest tells facts apart by all that a segment keeps of them.
func FactsDigest(f *association.Facts, rates []usage.Rate) kizuna.Hash {
	sum := newDigester()
	each := func(n int, record func(i int)) {
		sum.number(int64(n))
		for i := range n {
			record(i)
		}
	}
	each(len(f.Locations), func(i int) {
		l := &f.Locations[i]
		sum.text(l.ID, l.Global)
		sum.during(l.During)
	})
	each(len(f.Customers), func(i int) {
		c := &f.Customers[i]
		sum.text(c.Tenant, c.Country, c.Segment)
	})
	each(len(f.Subscriptions), func(i int) {
		s := &f.Subscriptions[i]
		sum.text(s.ID, s.Product)
	})
	each(len(f.Scopes), func(i int) {
		s := &f.Scopes[i]
		sum.text(s.Tenant, s.Scope, s.Parent)
		sum.during(s.During)
	})
	each(len(f.Claims), func(i int) {
		c := &f.Claims[i]
		sum.text(c.Location, c.Tenant, c.Workload, c.Subscription, string(c.Role))
		sum.during(c.During)
	})
	each(len(f.Links), func(i int) {
		l := &f.Links[i]
		sum.text(l.Tenant, l.Object, l.Location)
		sum.during(l.During)
	})
	each(len(f.Assignments), func(i int) {
		a := &f.Assignments[i]
		sum.text(a.Tenant, a.Object, a.PrincipalTenant, a.Role, a.Scope)
		sum.during(a.During)
	})
	each(len(f.Memberships), func(i int) {
		m := &f.Memberships[i]
		sum.text(m.Tenant, m.Group, m.Object)
		sum.during(m.During)
	})
	each(len(f.Ownerships), func(i int) {
		o := &f.Ownerships[i]
		sum.text(o.Tenant, o.Scope, o.Object, o.Relation)
		sum.flag(o.LastActivity != nil)
		if o.LastActivity != nil {
			sum.number(int64(*o.LastActivity))
		}
		sum.during(o.During)
	})
	each(len(f.Appointments), func(i int) {
		a := &f.Appointments[i]
		sum.text(a.Subscription, a.Location)
		sum.during(a.During)
	})
	each(len(f.Resales), func(i int) {
		r := &f.Resales[i]
		sum.text(r.Subscription, r.Tier, r.Location)
		sum.during(r.During)
	})
	sum.rates(rates)
	return kizuna.Hash(sum.Sum(nil))
}

// RatesDigest tells rates apart: what rows are worth depends on them.
func RatesDigest(rates []usage.Rate) kizuna.Hash {
	sum := newDigester()
	sum.rates(rates)
	return kizuna.Hash(sum.Sum(nil))
}

// digester feeds values to a hash, each with its length or of a fixed one, so that
// they cannot run into each other.
type digester struct {
	hash.Hash
	scratch []byte
}

func newDigester() *digester { return &digester{Hash: sha256.New()} }

func (d *digester) text(all ...string) {
	d.scratch = d.scratch[:0]
	for _, s := range all {
		d.scratch = append(binary.AppendUvarint(d.scratch, uint64(len(s))), s...)
	}
	d.Write(d.scratch) //nolint:errcheck // a hash takes everything
}

func (d *digester) number(all ...int64) {
	d.scratch = d.scratch[:0]
	for _, n := range all {
		d.scratch = binary.AppendVarint(d.scratch, n)
	}
	d.Write(d.scratch) //nolint:errcheck // a hash takes everything
}

func (d *digester) flag(set bool) {
	n := int64(0)
	if set {
		n = 1
	}
	d.number(n)
}

func (d *digester) during(i kizuna.Interval) { d.number(int64(i.From), int64(i.To)) }

func (d *digester) rates(rates []usage.Rate) {
	d.number(int64(len(rates)))
	for i := range rates {
		r := &rates[i]
		d.text(r.Currency, r.USD.String())
		d.number(int64(r.Month))
	}
}
