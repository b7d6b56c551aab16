package program

import (
	"maps"
	"slices"
)

// Clone returns a copy whose rules can be changed without changing p, to ask what
// another rule would give. What stands behind pointers (ranges, shares, limits),
// names, sources and workload lists are shared: replace them, never write into them.
func (p *Program) Clone() *Program {
	out := *p
	out.OwnedWorkloads, out.Rates = maps.Clone(p.OwnedWorkloads), maps.Clone(p.Rates)
	out.Certificates = maps.Clone(p.Certificates)
	out.Areas = slices.Clone(p.Areas)
	for i := range out.Areas {
		a := &out.Areas[i]
		if a.Track.Classifier != nil {
			classifier := *a.Track.Classifier
			a.Track.Classifier = &classifier
		}
		a.Metrics = slices.Clone(a.Metrics)
		for j := range a.Metrics {
			a.Metrics[j].Rules = maps.Clone(a.Metrics[j].Rules)
			for track, rule := range a.Metrics[j].Rules {
				a.Metrics[j].Rules[track] = rule.clone()
			}
		}
	}
	return &out
}

func (r *Rule) clone() *Rule {
	out := *r
	out.People = slices.Clone(r.People)
	for i := range out.People {
		out.People[i].Steps = slices.Clone(out.People[i].Steps)
	}
	out.Components = slices.Clone(r.Components)
	for i := range out.Components {
		out.Components[i].Measure.Feeds = slices.Clone(out.Components[i].Measure.Feeds)
	}
	return &out
}
