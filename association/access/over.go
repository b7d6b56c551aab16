package access

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// Identity is who carries a link: an object in its home tenant.
type Identity struct{ Tenant, Object string }

// Stretch is a time in which a link reached something, and the facts that began
// and ended it: a role, a membership, a placement, or the link itself.
type Stretch struct {
	Resource association.Resource   `json:"resource"`
	Location string                 `json:"location"`
	During   kizuna.Interval        `json:"during"`
	Began    []association.Evidence `json:"began,omitempty"`
	Ended    []association.Evidence `json:"ended,omitempty"` // nothing while it lasts
}

// Over returns when the identity's link reached the resources, by location and in
// order; without resources, the scopes at which a role reached the link. Where
// several facts reach alike, the stretch lasts until the last of them goes, and that
// is what ended it. Which roles earn is the program's to say; a location that is in
// no account on the question's date reaches nothing.
func Over(f *association.Facts, q association.Question, id Identity, resources ...association.Resource) []Stretch {
	of := *f
	of.Links = slices.DeleteFunc(slices.Clone(f.Links), func(l association.Link) bool {
		return association.Fold(l.Tenant) != association.Fold(id.Tenant) || association.Fold(l.Object) != association.Fold(id.Object)
	})
	x := association.NewIndex(&of, q)
	if len(resources) == 0 {
		resources = x.Linked()
	}
	var out []Stretch
	for _, r := range resources {
		reaches, _ := x.Reaches(r)
		out = append(out, stretches(r, reaches)...)
	}
	return out
}

func stretches(r association.Resource, reaches []association.Reach) []Stretch {
	byLocation := make(map[string][]association.Reach)
	var locations []string
	for _, reach := range reaches {
		if reach.Type != program.PAL {
			continue
		}
		key := association.Fold(reach.Location)
		if byLocation[key] == nil {
			locations = append(locations, key)
		}
		byLocation[key] = append(byLocation[key], reach)
	}
	var out []Stretch
	for _, key := range locations {
		held := byLocation[key]
		var times []kizuna.Interval
		for _, reach := range held {
			times = append(times, reach.During)
		}
		for _, during := range kizuna.Union(times) {
			s := Stretch{Resource: r, Location: held[0].Location, During: during}
			for _, reach := range held {
				for _, fact := range reach.Evidence {
					if reach.During.From == during.From && fact.During.From == during.From && !slices.Contains(s.Began, fact) {
						s.Began = append(s.Began, fact)
					}
					if reach.During.To == during.To && fact.During.To == during.To && during.To != kizuna.Forever && !slices.Contains(s.Ended, fact) {
						s.Ended = append(s.Ended, fact)
					}
				}
			}
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Stretch) int {
		return cmp.Or(cmp.Compare(a.During.From, b.During.From), cmp.Compare(a.Location, b.Location))
	})
	return out
}
