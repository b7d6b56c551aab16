package specialization

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Assess says how far a company has come on a day: by the designations that it has, by
// its figures (of [program.Program.ForSpecializations]; nil if none are known) and by
// what somebody attests.
func Assess(t *program.Terms, day kizuna.Date, has func(area string) bool, figures *score.Area, attested []program.Aspect) Finding {
	f := Finding{On: day, Entitled: t.Entitled(has), Unknown: slices.Clone(t.Unknown)}
	if t.Offers > 0 && !slices.Contains(f.Unknown, program.OfOffers) {
		f.Unknown = append(f.Unknown, program.OfOffers) // no file shows what is published
	}
	for _, a := range attested {
		if slices.Contains(f.Unknown, a) && !slices.Contains(f.Attested, a) {
			f.Attested = append(f.Attested, a)
		}
	}
	var metrics score.Keyed[*score.Metric]
	if figures != nil {
		if track, ok := figures.Tracks.Get(program.Single); ok {
			metrics = track.Metrics
		}
	}
	for i := range t.Requirements {
		id := t.Requirements[i].ID
		if m, ok := metrics.Get(id); ok && m.Points.Cmp(m.Max) >= 0 {
			f.Met = append(f.Met, id)
		} else {
			f.Lacking = append(f.Lacking, id)
		}
	}
	return f
}
