package dataset

import (
	"cmp"

	"github.com/kizuna-org/kizuna/association"
)

// consolidate makes one record of what several files say of the same thing. The
// directory's own records, as many as own says of each table, all stay and have
// the last word; a field that they leave empty is filled in from the files
// imported last.
func (d *Dataset) consolidate(own map[string]int) {
	facts := &d.Associations
	facts.Customers = mergeByID(facts.Customers, own["customers"],
		func(c *association.Customer) string { return c.Tenant },
		func(into, from *association.Customer) {
			into.Name = cmp.Or(into.Name, from.Name)
			into.Country = cmp.Or(into.Country, from.Country)
			into.Segment = cmp.Or(into.Segment, from.Segment)
		})
	facts.Subscriptions = mergeByID(facts.Subscriptions, own["subscriptions"],
		func(s *association.Subscription) string { return s.ID },
		func(into, from *association.Subscription) {
			into.Tenant = cmp.Or(into.Tenant, from.Tenant)
			into.Product = cmp.Or(into.Product, from.Product)
			into.Agreement = cmp.Or(into.Agreement, from.Agreement)
		})
	for _, k := range kinds() {
		k.dedupe(d, own[k.title()])
	}
}

// mergeByID keeps the first record of every id and fills its empty fields.
func mergeByID[T any](records []T, own int, id func(*T) string, fill func(into, from *T)) []T {
	first := make(map[string]int, len(records))
	kept := records[:0]
	for i := range records {
		key := association.Fold(id(&records[i]))
		n, known := first[key]
		if known && i >= own {
			fill(&kept[n], &records[i])
			continue
		}
		if !known {
			first[key] = len(kept)
		}
		kept = append(kept, records[i])
	}
	return kept
}

// dedupe drops imported records that an earlier one equals in all but its place.
func (f facts[T]) dedupe(d *Dataset, own int) {
	records := f.records(d)
	if len(*records) == own {
		return
	}
	said := make(map[any]bool, len(*records))
	kept := (*records)[:0]
	for i, r := range *records {
		if key, _ := f.identity(r); i < own || !said[key] {
			said[key] = true
			kept = append(kept, r)
		}
	}
	*records = kept
}

func (f facts[T]) count(d *Dataset) int { return len(*f.records(d)) }

func (f facts[T]) adopt(d, from *Dataset) {
	*f.records(d) = append(*f.records(d), *f.records(from)...)
}

func (u usageRows) adopt(*Dataset, *Dataset) {}

func (u usageRows) count(*Dataset) int { return 0 }

func (u usageRows) dedupe(*Dataset, int) {}
