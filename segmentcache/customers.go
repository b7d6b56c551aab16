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
	return func(yield func(*advice.Customer, error) bool) {
		if err := f.eachCustomer(names, func(c *advice.Customer) bool { return yield(c, nil) }); err != nil {
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
		return f.eachCustomer(segment.NewPatch().Numbers(), func(c *advice.Customer) bool {
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

func (f *Facts) eachCustomer(names segment.Names, visit func(*advice.Customer) bool) error {
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
	for t, err := range f.View.Tenants(names) {
		if err != nil {
			return err
		}
		about, err := known[t.Segment].of(t.Tenant)
		if err != nil {
			return noPlaces(err)
		}
		if !visit(&advice.Customer{Tenant: t.Tenant, About: about}) {
			return nil
		}
	}
	return nil
}

// placesWalker finds places in order.
type placesWalker struct {
	next func() (*placed, error, bool)
	at   *placed
}

func (w *placesWalker) of(t *segment.Tenant) ([]association.Resource, error) {
	for w.at == nil || w.at.Tenant < t.ID {
		p, err, ok := w.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, errPlaces
		}
		w.at = p
	}
	if w.at.Tenant != t.ID || len(w.at.Resources) != len(t.Resources) {
		return nil, errPlaces
	}
	return append([]association.Resource(nil), w.at.Resources...), nil
}

func noPlaces(cause error) error {
	return kizuna.Errorf("cache-places", "the cache does not know where its resources lie").
		WithMend("delete the cache; it is built again").WithCause(cause)
}
