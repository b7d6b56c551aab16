// Package plan states the question "which is the cheapest set of actions that
// earns all of these areas together?" as data, says what an answer is worth, and
// holds the form in which an answer is proven.
//
// An [Instance] is made of units: a customer, a person, whatever acts by itself.
// Actions on one unit do not add up, so a unit offers bundles, each evaluated as
// a whole before, and a plan takes at most one bundle of each unit. What bundles
// of different units do adds up: they add to counters, and to how often the
// members of a set are held, of which the distinct ones are counted. Points are
// made of counters and sets as in package program: parts, options, metrics, ways
// (tracks) and areas. [Instance.Evaluate] is the meaning of all of it, in exact
// arithmetic; packages solve and check are measured against it.
//
// Package solve finds a cheapest plan and a [Certificate]; package check verifies
// the certificate and shares no code with the solver.
package plan

import "github.com/kizuna-org/kizuna"

// Instance is one question. Counters and then sets are numbered together: with
// three counters, quantity 3 is the first set. Quantities are whole numbers, in
// whatever unit the caller counts (customers, people, millionths of a dollar).
type Instance struct {
	Counters []Counter `json:"counters"`
	Sets     []Set     `json:"sets,omitempty"`
	Units    []Unit    `json:"units"`
	Areas    []Area    `json:"areas"` // all of them must be earned
	// Limits must hold of every plan: an effort that is not to be exceeded, as
	// a counter that stays small.
	Limits []Condition `json:"limits,omitempty"`
	// Failures must be survived: the areas stay earned if any one of them
	// happens. None asks for a plan without a safety margin.
	Failures []Failure `json:"failures,omitempty"`
}

// Counter adds up over units. Base is its value if nothing is done.
type Counter struct {
	Name string `json:"name"`
	Base int64  `json:"base"`
}

// Set counts distinct members: those of its counters that are above 0. A service
// that two customers use is a counter at 2, and counts once.
type Set struct {
	Name    string `json:"name"`
	Members []int  `json:"members"` // counters, each at most once
}

// Unit is something of which at most one bundle is taken.
type Unit struct {
	Name    string   `json:"name"`
	Bundles []Bundle `json:"bundles"`
	Must    bool     `json:"must,omitempty"` // one of its bundles is taken in any case
}

// Bundle is a set of actions on one unit and all that they do together.
type Bundle struct {
	Name    string   `json:"name"`
	Actions []string `json:"actions,omitempty"` // of two bundles at one cost the one whose actions are fewer is taken
	Cost    int64    `json:"cost"`              // 0 or more, in the caller's unit
	Adds    []Add    `json:"adds"`
	// Needs lists what must be in the plan, too: of each list at least one.
	Needs  [][]Choice `json:"needs,omitempty"`
	Barred bool       `json:"barred,omitempty"` // never taken
}

// Add is an effect on a counter, compared with doing nothing.
type Add struct {
	Counter int   `json:"counter"`
	By      int64 `json:"by"`
}

// Choice names a bundle.
type Choice struct {
	Unit   int `json:"unit"`
	Bundle int `json:"bundle"`
}

// Failure is units that fail together, such as all that could be done with one person:
// their bundles, if they have any, do nothing, and what is lost besides is lost. Their cost
// and the bundles that needed them stay.
type Failure struct {
	Name  string `json:"name"`
	Units []int  `json:"units"`
	Lost  []Add  `json:"lost,omitempty"` // By is negative for what is lost
}

// Term is a multiple of a quantity.
type Term struct {
	Quantity int   `json:"quantity"`
	Times    int64 `json:"times"`
}

// Condition holds if the sum of its terms is at least AtLeast.
type Condition struct {
	Terms   []Term `json:"terms"`
	AtLeast int64  `json:"at_least"`
}

// Area is earned if one of its ways passes.
type Area struct {
	Name string          `json:"name"`
	Pass kizuna.Fraction `json:"pass"` // the total that passes
	Ways []Way           `json:"ways"`
}

// Way is a track, open if all of its conditions hold. A classification that asks
// for this or that is two ways on the same track.
type Way struct {
	Name    string      `json:"name"`
	When    []Condition `json:"when,omitempty"`
	Metrics []Metric    `json:"metrics"`
}

// Metric gives the points of its best option, at most Max and at least 0. The
// way passes only if they exceed Gate, or reach it where GateInclusive.
type Metric struct {
	Name          string          `json:"name"`
	Max           kizuna.Fraction `json:"max"`
	Gate          kizuna.Fraction `json:"gate"`
	GateInclusive bool            `json:"gate_inclusive,omitempty"`
	Whole         bool            `json:"whole,omitempty"` // rounded down to whole points
	Options       []Option        `json:"options"`
}

// Option gives the sum of its parts.
type Option struct {
	Name  string `json:"name,omitempty"`
	Parts []Part `json:"parts"`
}

// Part gives nothing unless all of its conditions hold. Without Gain it gives
// Max: a step that earns points. Else it gives Rate x gain, or Rate x gain / over
// where Over is set (over must be above 0, or it gives nothing), rounded down to
// a multiple of Step if that is above 0, at most Max and at least 0.
type Part struct {
	Name string          `json:"name,omitempty"`
	When []Condition     `json:"when,omitempty"`
	Gain []Term          `json:"gain,omitempty"`
	Over []Term          `json:"over,omitempty"`
	Rate kizuna.Fraction `json:"rate"`
	Max  kizuna.Fraction `json:"max"`
	Step kizuna.Fraction `json:"step"`
	// Signed lets a loss take points away from the other parts of the option.
	Signed bool `json:"signed,omitempty"`
}

// Plan is the bundle taken of each unit, [None] where nothing is done.
type Plan []int

// None stands for doing nothing with a unit.
const None = -1

// Cost returns what the plan costs.
func (in *Instance) Cost(p Plan) int64 {
	var cost int64
	for u, b := range p {
		if b != None {
			cost += in.Units[u].Bundles[b].Cost
		}
	}
	return cost
}
