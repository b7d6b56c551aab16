package segment

import (
	"iter"
	"slices"
)

// Merge writes a view as one segment into a builder and finishes it. A tenant
// without resources, which is how a newer segment says that it has no usage any
// more, is left out.
func Merge(b *Builder, v *View) error {
	for t, err := range v.Tenants(b) {
		if err == nil {
			err = b.Add(t.Tenant)
		}
		if err != nil {
			return err
		}
	}
	b.SetLocations(v.Newest().Locations())
	return b.Finish()
}

// Of is a tenant of a view.
type Of struct {
	*Tenant
	Segment int // the newest that holds it
}

// Tenants yields every tenant that has resources, unpacked, in the order of their ids,
// with the numbers that names give. The errors are those of [Segment.Block].
func (v *View) Tenants(names Names) iter.Seq2[Of, error] {
	return func(yield func(Of, error) bool) {
		if err := v.eachTenant(names, func(t Of) bool { return yield(t, nil) }); err != nil {
			yield(Of{}, err)
		}
	}
}

func (v *View) eachTenant(names Names, visit func(Of) bool) error {
	walkers := make([]*walker, len(v.segments))
	for i, s := range v.segments {
		walkers[i] = &walker{view: v, number: i, segment: s, names: make([]Name, s.Names()), partners: make([]Partner, s.Partners())}
		if err := walkers[i].next(); err != nil {
			return err
		}
	}
	for {
		walkers = slices.DeleteFunc(walkers, func(w *walker) bool { return w.tenant == nil })
		if len(walkers) == 0 {
			return nil
		}
		least := walkers[0]
		for _, w := range walkers[1:] {
			if w.tenant.ID < least.tenant.ID {
				least = w
			}
		}
		if len(least.tenant.Resources) > 0 {
			least.translate(names)
			if !visit(Of{least.tenant, least.number}) {
				return nil
			}
		}
		if err := least.next(); err != nil {
			return err
		}
	}
}

// walker goes through the tenants of a segment that no newer one hides.
type walker struct {
	view    *View
	number  int
	segment *Segment
	block   int
	at      int // in the block
	tenant  *Tenant

	// The new numbers of the segment's texts; 0 is not asked yet.
	names    []Name
	partners []Partner
}

func (w *walker) next() error {
	w.tenant = nil
	for w.block < w.segment.Blocks() {
		b, err := w.segment.Block(w.block)
		if err != nil {
			return err
		}
		for w.at < b.Len() {
			at := w.at
			w.at++
			if w.view.Hidden(w.number, b.First()+at) {
				continue
			}
			w.tenant, err = b.Tenant(at)
			return err
		}
		w.block, w.at = w.block+1, 0
	}
	return nil
}

func (w *walker) translate(b Names) {
	name := func(n *Name) {
		if w.names[*n] == 0 {
			w.names[*n] = b.Name(w.segment.Name(*n))
		}
		*n = w.names[*n]
	}
	partner := func(p *Partner) {
		if w.partners[*p] == 0 {
			w.partners[*p] = b.Partner(w.segment.Partner(*p))
		}
		*p = w.partners[*p]
	}
	t := w.tenant
	name(&t.Country)
	name(&t.Segment)
	for i := range t.Resources {
		r := &t.Resources[i]
		for _, n := range []*Name{&r.Workload, &r.Product, &r.Offer, &r.Channel} {
			name(n)
		}
		for k := range r.Rows {
			row := &r.Rows[k]
			row.Asserted = slices.Clone(row.Asserted) // rows may share it
			for j := range row.Asserted {
				partner(&row.Asserted[j].Partner)
			}
		}
	}
	for i := range t.Reaches {
		name(&t.Reaches[i].What)
		partner(&t.Reaches[i].Location)
	}
}
