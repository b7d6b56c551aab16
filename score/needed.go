package score

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

// ProgressFor returns the least progress at which a component gives that many
// points; the inverse of [program.Component.Points] between 0 and its maximum.
func ProgressFor(c *program.Component, points kizuna.Fraction) kizuna.Fraction {
	progress := c.Threshold.Mul(points).Div(c.Max)
	if c.Step.Sign() > 0 {
		progress = kizuna.Int(progress.Div(c.Step).Ceil()).Mul(c.Step)
	}
	return progress
}

// PeopleFor returns how many counted people give that many points under a rule
// once every step is met; ok is false if people alone cannot give them.
func PeopleFor(r *program.PeopleRule, points kizuna.Fraction) (n int64, ok bool) {
	for _, step := range r.Steps {
		points = points.Sub(step.Points)
	}
	if points.Sign() <= 0 {
		return 0, true
	}
	if r.PerPerson.Sign() <= 0 {
		return 0, false
	}
	return points.Div(r.PerPerson).Ceil(), true
}

// StepsMet returns the tally of a rule whose steps are all just met.
func StepsMet(r *program.PeopleRule, counted int64) people.Tally {
	t := people.Tally{Counted: counted}
	for _, step := range r.Steps {
		t.Steps = append(t.Steps, step.People)
	}
	return t
}
