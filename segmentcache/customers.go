package segmentcache

import (
	"iter"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Customers yields every customer that has usage, with what its resources are about: the
// facts' [advice.Usage]. The error "cache-places" says that the places of the resources
// are not known or not those of the segments: all usage must be read.
func (f *Facts) Customers(names segment.Names) iter.Seq2[*advice.Customer, error] {
	return f.customers(names, everybody)
}

// CustomersOf is [Facts.Customers] of some, whose folded ids come in order.
func (f *Facts) CustomersOf(tenants []string) advice.Usage {
	return func(names segment.Names) iter.Seq2[*advice.Customer, error] {
		return f.customers(names, func(id string) bool {
			_, wanted := slices.BinarySearch(tenants, id)
			return wanted
		})
	}
}

func everybody(string) bool { return true }

func (f *Facts) customers(names segment.Names, wanted func(id string) bool) iter.Seq2[*advice.Customer, error] {
	return func(yield func(*advice.Customer, error) bool) {
		if err := f.eachCustomer(names, wanted, func(c *advice.Customer) bool { return yield(c, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// Resources yields what the resources of every customer that has usage are about, by the
// customer's id, in order. It has the error of [Facts.Customers].
func (f *Facts) Resources() iter.Seq2[segment.Place, error] {
	return func(yield func(segment.Place, error) bool) {
		if err := f.eachPlace(func(p segment.Place) bool { return yield(p, nil) }); err != nil {
			yield(segment.Place{}, err)
		}
	}
}

func (f *Facts) eachPlace(visit func(segment.Place) bool) error {
	if slices.ContainsFunc(f.places[1:], func(p places) bool { return p.of != (identity{}) }) {
		// Which places hold of a customer only the segments say.
		return f.eachCustomer(segment.NewPatch().Numbers(), everybody, func(c *advice.Customer) bool {
			return len(c.About) == 0 || visit(segment.Place{Tenant: c.ID, Resources: c.About})
		})
	}
	all, file, err := f.places[0].open()
	if err != nil {
		return noPlaces(err)
	}
	defer file.Close()
	for p, err := range all {
		if err != nil {
			return noPlaces(err)
		}
		if len(p.Resources) > 0 && !visit(p.Place) {
			return nil
		}
	}
	return nil
}

func (f *Facts) eachCustomer(names segment.Names, wanted func(id string) bool, visit func(*advice.Customer) bool) error {
	return f.withPlaces(func(where func(segment int, tenant string, resources int) ([]association.Resource, error)) error {
		for t, err := range f.View.TenantsOf(names, wanted) {
			if err != nil {
				return err
			}
			about, err := where(t.Segment, t.ID, len(t.Resources))
			if err != nil || !visit(&advice.Customer{Tenant: t.Tenant, About: about}) {
				return err
			}
		}
		return nil
	})
}

// Packed returns the facts' usage as it lies packed: [advice.Facts].Packed. The errors of
// its customers are those of [Facts.Customers].
func (f *Facts) Packed() *advice.Packed {
	p := segment.PatchOver(f.View.Segments()[0])
	return &advice.Packed{Patch: p, Customers: func(yield func(*advice.PackedCustomer, error) bool) {
		err := f.withPlaces(func(where func(segment int, tenant string, resources int) ([]association.Resource, error)) error {
			for t, err := range f.View.Records(p) {
				if err != nil {
					return err
				}
				about, err := where(t.Segment, t.ID, t.Record.Resources)
				if err != nil || !yield(&advice.PackedCustomer{ID: t.ID, Record: t.Record, About: about}, nil) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			yield(nil, err)
		}
	}}
}

// withPlaces opens the places of all segments.
func (f *Facts) withPlaces(do func(where func(segment int, tenant string, resources int) ([]association.Resource, error)) error) error {
	known := make([]*placesWalker, len(f.places))
	for i := range f.places {
		if f.places[i].of == (identity{}) {
			known[i] = known[i-1]
			continue
		}
		all, file, err := f.places[i].open()
		if err != nil {
			return noPlaces(err)
		}
		defer file.Close()
		w := new(placesWalker)
		var stop func()
		w.next, stop = iter.Pull2(all)
		defer stop()
		known[i] = w
	}
	return do(func(segment int, tenant string, resources int) ([]association.Resource, error) {
		about, err := known[segment].of(tenant, resources)
		if err != nil {
			return nil, noPlaces(err)
		}
		return about, nil
	})
}

// placesWalker finds places in order.
type placesWalker struct {
	next func() (*placed, error, bool)
	at   *placed
}

func (w *placesWalker) of(tenant string, resources int) ([]association.Resource, error) {
	for w.at == nil || w.at.Tenant < tenant {
		p, err, ok := w.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, errPlaces
		}
		w.at = p
	}
	if w.at.Tenant != tenant || len(w.at.Resources) != resources {
		return nil, errPlaces
	}
	return slices.Clone(w.at.Resources), nil
}

func noPlaces(cause error) error {
	return kizuna.Errorf("cache-places", "the cache does not know where its resources lie").
		WithMend("delete the cache; it is built again").WithCause(cause)
}
