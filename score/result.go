// Package score turns tallies and people into points, points into area totals,
// and totals into what passes. Everything is exact; rounding is for show.
package score

import (
	"encoding/json"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Result is the answer to one question: the scores of one or all accounts on a
// day under a program.
type Result struct {
	Program   string              `json:"program"`    // version: "2023-10"
	ProgramID string              `json:"program_id"` // "mcpp"
	Digest    string              `json:"program_digest"`
	Carried   bool                `json:"carried,omitempty"` // no version is in force on the day; the latest earlier one answers
	AsOf      kizuna.Date         `json:"as_of"`
	Months    Keyed[kizuna.Month] `json:"months"` // "M-1", "M-13"
	Missing   int                 `json:"months_without_rows"`
	Accounts  Keyed[*Account]     `json:"accounts"`
	Rules     *program.Program    `json:"-"`                  // for names and maxima
	Findings  []*kizuna.Error     `json:"findings,omitempty"` // facts that can never count, and why
	Remarks   []*kizuna.Error     `json:"remarks,omitempty"`  // facts that count in a way that should be said
}

// Account is a partner's global account.
type Account struct {
	Asked string       `json:"asked,omitempty"` // the location id that was asked for, if it was one
	Name  string       `json:"name,omitempty"`
	Areas Keyed[*Area] `json:"areas"`
}

// Area is an account's score in a solution area.
type Area struct {
	Tracks          Keyed[*Track]   `json:"tracks"`
	TakenTrack      string          `json:"taken_track"`
	Total           kizuna.Fraction `json:"total"`
	Displayed       int64           `json:"displayed"`
	Qualified       bool            `json:"qualified"`
	QualifiedTracks []string        `json:"qualified_tracks"`
	// Counts behind a classified track: selling workloads at M-1 and M-13, or
	// customers of the segment and all customers.
	ClassificationCounts []int64 `json:"classification_counts,omitempty"`
	// ClassificationUnknown: the facts that would decide the track are not known.
	ClassificationUnknown bool     `json:"classification_unknown,omitempty"`
	Missing               *Missing `json:"missing,omitempty"` // what the taken track lacks; nil if it passes
}

// Missing says what keeps a track from passing.
type Missing struct {
	Points  kizuna.Fraction `json:"points"`  // up to the pass mark
	Metrics []string        `json:"metrics"` // that have not enough points of their own
}

// Track is an area's score on one of its tracks.
type Track struct {
	Metrics   Keyed[*Metric]  `json:"metrics"`
	Total     kizuna.Fraction `json:"total"`
	Displayed int64           `json:"displayed"`
	Passes    bool            `json:"passes"`
}

// Status says whether a metric's points rest on data.
type Status string

// The states.
const (
	Scored  Status = "scored"
	NoData  Status = "no data" // no imported source could hold data for it
	Unrated Status = "no rate" // a counted workload has no rate: the metric stops
)

// Metric is one line of the score.
type Metric struct {
	Progress *kizuna.Fraction `json:"progress"` // nil where it is undefined or in parts
	Points   kizuna.Fraction  `json:"points"`
	Max      kizuna.Fraction  `json:"max"`
	Status   Status           `json:"status"`
	Reason   string           `json:"reason,omitempty"` // why there are no points
	Unit     string           `json:"unit"`
	// Threshold is the progress that gives all points, where there is one.
	Threshold *kizuna.Fraction `json:"threshold,omitempty"`
	// ToFull is how much more progress gives all points, in the metric's unit.
	ToFull  *kizuna.Fraction  `json:"to_full,omitempty"`
	Inputs  *Inputs           `json:"inputs,omitempty"`
	Option  string            `json:"option,omitempty"` // the best option
	Options Keyed[*Component] `json:"options,omitempty"`
	Parts   Keyed[*Component] `json:"parts,omitempty"`
	Gates   []Gate            `json:"gates,omitempty"` // see MarshalJSON: people metrics always have the list
	Counted *int64            `json:"counted_people,omitempty"`
	Types   []string          `json:"association_types,omitempty"`
	Fill    []string          `json:"fill,omitempty"`         // files that would hold the data that is missing
	Through *kizuna.Month     `json:"data_through,omitempty"` // the last month that its sources cover
	people  bool
}

// Inputs are the two values behind a percentage or a difference.
type Inputs struct {
	Now  kizuna.Fraction `json:"now"`
	Base kizuna.Fraction `json:"base"`
}

// Gate is a prerequisite of a people metric.
type Gate struct {
	AnyOf  []string        `json:"any_of"`
	Have   int64           `json:"have"`
	Need   int64           `json:"need"`
	Open   bool            `json:"open"`
	Points kizuna.Fraction `json:"points,omitzero"` // earned by the step itself
}

// Component is an option or a part of a metric.
type Component struct {
	Progress  *kizuna.Fraction `json:"progress"`
	Points    kizuna.Fraction  `json:"points"`
	Max       kizuna.Fraction  `json:"max"`
	Threshold kizuna.Fraction  `json:"threshold"`
	Status    Status           `json:"status"`
	Reason    string           `json:"reason,omitempty"`
	Inputs    *Inputs          `json:"inputs,omitempty"`
	Types     []string         `json:"association_types"`
	Fill      []string         `json:"fill,omitempty"`
	Measure   int              `json:"-"` // its number in the plan
}

// MarshalJSON writes the metric; a people metric always has its list of gates,
// so that "no prerequisite" can be told from "not about people".
func (m *Metric) MarshalJSON() ([]byte, error) {
	type plain Metric
	if !m.people {
		return json.Marshal((*plain)(m))
	}
	gates := m.Gates
	if gates == nil {
		gates = []Gate{}
	}
	return json.Marshal(struct {
		*plain
		Gates []Gate `json:"gates"`
	}{(*plain)(m), gates})
}
