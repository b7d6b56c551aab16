package find

import (
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/specialization"
)

// Specialization says how far an account comes with one that is wanted.
type Specialization struct {
	ID    string   `json:"specialization"`
	AnyOf []string `json:"designation_any_of,omitempty"`
	AllOf []string `json:"designation_all_of,omitempty"`
	// Held are the designations of these that are held on the day whatever is done.
	Held        []string           `json:"designations_held,omitempty"`
	Validation  program.Validation `json:"validation"`
	Validations int                `json:"validations_wanted,omitempty"`
	// Unknown is what no plan can see to: it must be attested.
	Unknown []program.Aspect `json:"not_known,omitempty"`
	// Before and After are what would be found on the day, doing nothing and with all
	// steps. No finding takes for met what is not known.
	Before specialization.Finding  `json:"before"`
	After  *specialization.Finding `json:"after,omitempty"`
}

// specializations notes what is wanted of them, and how far they are without a plan.
func (a *Answer) specializations(ask *action.Ask) {
	for i := range ask.Specializations {
		s := &ask.Specializations[i]
		out := Specialization{
			ID: s.ID, AnyOf: s.Terms.AnyOf, AllOf: s.Terms.AllOf, Validation: s.Terms.Validation, Validations: s.Validations,
			Before: s.Assess(a.By, a.Before),
		}
		out.Unknown = out.Before.Open()
		for _, area := range s.Terms.Aligned() {
			if s.Held(area) {
				out.Held = append(out.Held, area)
			}
		}
		a.Specializations = append(a.Specializations, out)
	}
}
