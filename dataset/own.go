package dataset

import "slices"

// With returns the dataset as [LoadShelf] gives it when own is its [Options.Own]: d is
// what it gives without. So facts that change often need not be loaded together with
// those that are imported. Usage is the same in both.
func (d *Dataset) With(own *Dataset) *Dataset {
	out := &Dataset{
		Usage: d.Usage, Ledger: d.Ledger,
		Problems: d.Problems, Overlaps: d.Overlaps, Notes: d.Notes, Reading: d.Reading,
	}
	out.adopt(own, func(string) bool { return true })
	counts := make(map[string]int)
	for _, k := range kinds() {
		counts[k.title()] = k.count(out)
		k.adopt(out, d)
	}
	out.Sources = slices.Concat(out.Sources, d.Sources)
	out.consolidate(counts)
	return out
}
