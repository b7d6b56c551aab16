package membership

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/score"
)

// Findings are what the scores of a day say of an account, area by area, by what was
// known at a moment. On several tracks the one that qualified speaks, the better one
// if there are two.
func Findings(r *score.Result, a *score.Account, known kizuna.Moment) []Finding {
	var out []Finding
	for _, area := range a.Areas {
		f := Finding{
			Area: area.Name, On: r.AsOf, Total: area.Value.Total, Qualified: area.Value.Qualified,
			Program: r.ProgramID + "@" + r.Program, Known: known,
		}
		for i, track := range area.Value.QualifiedTracks {
			if t, ok := area.Value.Tracks.Get(track); ok && (i == 0 || t.Total.Cmp(f.Total) > 0) {
				f.Total = t.Total
			}
		}
		if m := area.Value.Missing; m != nil && !f.Qualified {
			f.Lacking = m.Metrics
		}
		out = append(out, f)
	}
	return out
}

// News are those findings that tell something: all that qualify, and one that does not
// where the last one did, or where none was. An area that stays below says nothing,
// and neither does a score that was found before.
func (l *Ledger) News(found []Finding) []Finding {
	var out []Finding
	for _, f := range found {
		var last *Finding
		known := false
		for i := range l.Findings {
			g := &l.Findings[i]
			if g.Area != f.Area || g.On > f.On {
				continue
			}
			known = known || g.On == f.On && g.Digest == f.Digest && g.Digest != ""
			if last == nil || last.Compare(g) < 0 {
				last = g
			}
		}
		if !known && (f.Qualified || last == nil || last.Qualified) {
			out = append(out, f)
		}
	}
	return out
}
