// Package action lists what a partner could do, what it costs and what it brings: the
// units and bundles of a [plan.Instance], each bundle evaluated as a whole by the base of
// advice. It decides no rule; what a bundle brings is the difference of two scores' tallies.
package action

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/people"
)

// Kind is what somebody does. Those of associations are a remedy's.
type Kind string

// The kinds besides those of package remedy.
const (
	Certificate Kind = "certificate" // a person earns one
	Renewal     Kind = "renewal"     // of one that would have expired by then
	Profile     Kind = "profile"     // an employee links the learning profile to the company
	Growth      Kind = "growth"      // a customer's usage grows
	Audit       Kind = "audit"       // a third party audits for a specialization
	Reference   Kind = "reference"   // a customer gives its word for one
)

// Auditor is who audits.
const Auditor remedy.Actor = "auditor"

// Action is something that can be done.
type Action struct {
	ID     string         `json:"id"`
	Kind   Kind           `json:"kind"`
	Cost   int64          `json:"cost_hundredths"`
	From   kizuna.Date    `json:"from,omitzero"` // the day from which it counts; zero: how long it takes is not given
	Actors []remedy.Actor `json:"actors"`
	// CostNotGiven: nobody has said what it costs, and it is counted as nothing.
	CostNotGiven bool `json:"cost_not_given,omitempty"`

	Remedy *remedy.Remedy `json:"remedy,omitempty"`

	Tenant  string    `json:"tenant,omitempty"`
	Product string    `json:"product,omitempty"` // whose usage grows; "": of subscriptions of which it is not known
	Grows   []Growing `json:"grows,omitempty"`
	Percent int64     `json:"percent,omitempty"`

	Person      string `json:"person,omitempty"`
	Name        string `json:"name,omitempty"`
	MCID        string `json:"mcid,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	Location    string `json:"location,omitempty"`

	Specialization string `json:"specialization,omitempty"` // that is confirmed
	Number         int    `json:"number,omitempty"`         // of the references
	Of             int    `json:"of,omitempty"`

	// Needs are other actions of the same person that come first.
	Needs []string `json:"needs,omitempty"`
	// Because is what is there already.
	Because []kizuna.Ref `json:"because,omitempty"`
}

// Changes is the action as changed facts.
func (a *Action) Changes() *advice.Changes {
	from := a.From.Instant()
	switch a.Kind {
	case Certificate, Renewal:
		return &advice.Changes{People: people.Facts{Certifications: []people.Certification{
			{MCID: a.MCID, Certificate: a.Certificate, EarnedOn: &a.From},
		}}}
	case Profile:
		return &advice.Changes{People: people.Facts{Links: []people.ProfileLink{
			{MCID: a.MCID, Location: a.Location, During: kizuna.Interval{From: from, To: kizuna.Forever}},
		}}}
	case Growth:
		out := new(advice.Changes)
		for _, g := range a.Grows {
			out.Growth = append(out.Growth, advice.Growth{
				Tenant: a.Tenant, Subscription: g.Subscription, Workload: g.Workload,
				From: a.growsFrom(), Factor: kizuna.Ratio(100+a.Percent, 100),
			})
		}
		return out
	case Audit, Reference: // no fact that a score looks at
		return new(advice.Changes)
	}
	return a.Remedy.Changes(from)
}

// Growing selects what grows: a subscription, or a workload where none is named.
type Growing struct {
	Subscription string `json:"subscription,omitempty"`
	Workload     string `json:"workload,omitempty"`
}

// growsFrom is the first whole month in which usage has grown.
func (a *Action) growsFrom() kizuna.Month {
	m := a.From.Month()
	if m.Day(1) < a.From {
		m++
	}
	return m
}

func ofRemedy(r *remedy.Remedy, e Effort, c *Costs, today kizuna.Date) *Action {
	return &Action{
		ID: r.ID(), Kind: Kind(r.Kind), Cost: c.of(e, r.Tenant), From: today.AddDays(e.Takes), Actors: r.Actors, Remedy: r, Because: r.Because,
		Tenant: r.Tenant,
	}
}

func ofGrowth(of *growth, s Step, c *Costs, today kizuna.Date) *Action {
	return &Action{
		ID: "growth " + of.tenant + " " + strings.ReplaceAll(of.product, " ", "-") + " " + strconv.FormatInt(s.Percent, 10), Kind: Growth,
		Cost: c.of(Effort{Cost: s.Cost}, of.tenant), From: today.AddDays(c.GrowthTakes), Actors: []remedy.Actor{remedy.Customer},
		Tenant: of.tenant, Product: of.product, Grows: of.grows, Percent: s.Percent,
	}
}

func ofPerson(kind Kind, p *people.Person, e Effort, c *Costs, today kizuna.Date) *Action {
	return &Action{
		ID: string(kind) + " " + p.ID, Kind: kind, Cost: c.of(e, p.ID), From: today.AddDays(e.Takes),
		Actors: []remedy.Actor{remedy.Professional}, Person: p.ID, Name: p.Name, MCID: p.MCID, Because: []kizuna.Ref{p.At},
	}
}
