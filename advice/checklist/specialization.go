package checklist

import (
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/specialization"
)

// specialization checks what one asks for, as far as it is known: the designations, each
// requirement, and the validation.
func (c *checker) specialization(a *specialization.Aim) {
	figures, known := c.now.Areas.Get(a.ID)
	if known {
		c.areas = append(c.areas, a.ID)
	}
	f := specialization.Assess(a.Terms, c.base.Question.AsOf, a.Held, figures, nil)
	line := func(code Code, done bool) *Line {
		c.out.Requirements = append(c.out.Requirements, Line{State: NotDone, Code: code, Specialization: a.ID})
		l := &c.out.Requirements[len(c.out.Requirements)-1]
		if done {
			l.State = Done
		}
		return l
	}
	l := line(Specialization, f.AllMet())
	l.Met, l.Of = len(f.Met), len(a.Terms.Requirements)
	l = line(Designation, f.Entitled)
	l.AnyOf, l.AllOf = a.Terms.AnyOf, a.Terms.AllOf
	for i := range a.Terms.Requirements {
		of := specialization.Figures(c.now, a.ID, a.Terms.Requirements[i].ID)
		l = line(Requirement, len(of) > 0 && of[0].Met)
		l.Metric, l.Figures = a.Terms.Requirements[i].ID, of
	}
	for _, aspect := range f.Open() {
		l = line(Unknown, false)
		l.State, l.What = NotKnown, string(aspect)
	}
	if a.Terms.Validation != program.Automatic {
		line(Validation, a.Validations == 0).What = string(a.Terms.Validation)
	}
}
