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
	return v.TenantsOf(names, func(string) bool { return true })
}

// TenantsOf is [View.Tenants] of those whose ids are wanted.
func (v *View) TenantsOf(names Names, wanted func(id string) bool) iter.Seq2[Of, error] {
	return func(yield func(Of, error) bool) {
		if err := v.eachTenant(names, wanted, func(t Of) bool { return yield(t, nil) }); err != nil {
			yield(Of{}, err)
		}
	}
}

func (v *View) eachTenant(names Names, wanted func(id string) bool, visit func(Of) bool) error {
	return v.walk(func(w *walker) (bool, error) {
		if !wanted(w.id) {
			return true, nil
		}
		if err := w.unpack(); err != nil {
			return false, err
		}
		if len(w.tenant.Resources) == 0 {
			return true, nil
		}
		w.translate(names)
		return visit(Of{w.tenant, w.number}), nil
	})
}

// Packed is a tenant of a view as it lies there.
type Packed struct {
	ID      string
	Segment int // the newest that holds it
	Record  Record
}

// Records yields every tenant that has resources, in the order of their ids, with the
// numbers of a patch over the view's oldest segment ([PatchOver]): those that lie in
// that one as they are, others packed anew. The errors are those of [Segment.Block].
func (v *View) Records(p *Patch) iter.Seq2[*Packed, error] {
	return func(yield func(*Packed, error) bool) {
		err := v.walk(func(w *walker) (bool, error) {
			out := &Packed{ID: w.id, Segment: w.number}
			w.at.Record(w.i, &out.Record)
			if out.Record.Resources == 0 {
				return true, nil
			}
			if w.number > 0 {
				if err := w.unpack(); err != nil {
					return false, err
				}
				w.translate(p.Numbers())
				if err := p.Pack(w.tenant, &out.Record); err != nil {
					return false, err
				}
			}
			return yield(out, nil), nil
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// walk visits every tenant where it is newest, in the order of their ids.
func (v *View) walk(visit func(*walker) (bool, error)) error {
	walkers := make([]*walker, len(v.segments))
	for i, s := range v.segments {
		walkers[i] = &walker{view: v, number: i, segment: s, names: make([]Name, s.Names()), partners: make([]Partner, s.Partners())}
		if err := walkers[i].next(); err != nil {
			return err
		}
	}
	for {
		walkers = slices.DeleteFunc(walkers, func(w *walker) bool { return w.ended })
		if len(walkers) == 0 {
			return nil
		}
		least := walkers[0]
		for _, w := range walkers[1:] {
			if w.id < least.id {
				least = w
			}
		}
		if more, err := visit(least); err != nil || !more {
			return err
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
	block   int // of the next tenant
	in      int // and its place there
	ended   bool

	// The tenant at hand: where it lies and, once it was unpacked, what it is.
	id     string
	at     Block
	i      int
	tenant *Tenant

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
		for w.in < b.Len() {
			i := w.in
			w.in++
			if w.view.Hidden(w.number, b.First()+i) {
				continue
			}
			w.id, w.at, w.i = b.ID(i), b, i
			return nil
		}
		w.block, w.in = w.block+1, 0
	}
	w.ended = true
	return nil
}

func (w *walker) unpack() (err error) {
	w.tenant, err = w.at.Tenant(w.i)
	return err
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
