package specialization

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Aim is a specialization that a company wants on a day, and what it has of it already.
type Aim struct {
	ID    string
	Terms *program.Terms // of the day
	// Held tells which designations are held on the day.
	Held func(area string) bool
	// Validations is how many audits or references are still wanted ([Validations]).
	Validations int
}

// Assess says how far a score of the day comes, by a program that has the specialization
// beside its areas ([program.Program.WithSpecializations]). A designation that the score
// earns is as good as one that is held.
func (a *Aim) Assess(day kizuna.Date, of *score.Account) Finding {
	figures, _ := of.Areas.Get(a.ID)
	return Assess(a.Terms, day, func(id string) bool {
		area, ok := of.Areas.Get(id)
		return a.Held(id) || ok && area.Qualified
	}, figures, nil)
}

// Figure is a requirement, or a part of one, as an account stands.
type Figure struct {
	Requirement string           `json:"requirement"`
	Part        string           `json:"part,omitempty"` // "": the requirement itself
	Now         *kizuna.Fraction `json:"now,omitempty"`  // nil: it has none, its parts have
	Asked       *kizuna.Fraction `json:"asked,omitempty"`
	Unit        string           `json:"unit,omitempty"`
	Met         bool             `json:"met"`
	Fill        []string         `json:"fill,omitempty"` // what would hold its data; nothing does
}

// Figures lists a requirement and then its parts, if it has any.
func Figures(of *score.Account, specialization, requirement string) []Figure {
	area, _ := of.Areas.Get(specialization)
	if area == nil {
		return nil
	}
	track, _ := area.Tracks.Get(program.Single)
	m, ok := track.Metrics.Get(requirement)
	if !ok {
		return nil
	}
	whole := Figure{Requirement: requirement, Unit: m.Unit, Met: m.Points.Cmp(m.Max) >= 0}
	if m.Status == score.NoData {
		whole.Fill = m.Fill
	}
	parts := append(m.Parts[:len(m.Parts):len(m.Parts)], m.Options...)
	if len(parts) == 0 {
		whole.Now, whole.Asked = m.Progress, m.Threshold
		return []Figure{whole}
	}
	out := []Figure{whole}
	for _, p := range parts {
		c := p.Value
		out = append(out, Figure{Requirement: requirement, Part: p.Name, Now: c.Progress, Asked: &c.Threshold, Met: c.Points.Cmp(c.Max) >= 0})
	}
	return out
}

// Movement is what a change of facts does to a specialization that is not had whole.
type Movement struct {
	Specialization string   `json:"specialization"`
	Figures        []Figure `json:"figures"` // as they then are
}

// Moved lists the figures that differ between two scores, of requirements that not both of
// them meet.
func (a *Aim) Moved(before, after *score.Account) Movement {
	out := Movement{Specialization: a.ID}
	for i := range a.Terms.Requirements {
		id := a.Terms.Requirements[i].ID
		was, is := Figures(before, a.ID, id), Figures(after, a.ID, id)
		switch {
		case len(was) == 0 || len(is) != len(was) || was[0].Met && is[0].Met:
		case is[0].Met:
			out.Figures = append(out.Figures, is[0])
		default:
			for k := range is {
				same := was[k].Now != nil && is[k].Now != nil && was[k].Now.Cmp(*is[k].Now) == 0
				if is[k].Now != nil && !same && !(was[k].Met && is[k].Met) {
					out.Figures = append(out.Figures, is[k])
				}
			}
		}
	}
	return out
}

// Movements are those of several specializations that something moves.
func Movements(aims []Aim, before, after *score.Account) (out []Movement) {
	for i := range aims {
		if m := aims[i].Moved(before, after); len(m.Figures) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// Meets counts the requirements that are met then and were not before.
func (m *Movement) Meets() (n int) {
	for i := range m.Figures {
		if f := &m.Figures[i]; f.Part == "" && f.Met {
			n++
		}
	}
	return n
}
