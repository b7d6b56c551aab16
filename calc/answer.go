package calc

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/score"
)

// Answer is what a case comes to. Figures are exact and written as texts: "10",
// "20/3"; what is meant to be shown is in the fields called display.
type Answer struct {
	ID      string `json:"id"`
	Type    Type   `json:"type"`
	Program string `json:"program"` // under which it was answered: "mcpp@2023-10"
	Area    string `json:"area,omitempty"`
	Metric  string `json:"metric,omitempty"`
	Track   string `json:"track,omitempty"`

	// Of a metric.
	Points     string              `json:"points,omitempty"`
	Max        string              `json:"max,omitempty"`
	Options    score.Keyed[string] `json:"options,omitempty"` // points of each option
	Option     string              `json:"option,omitempty"`  // the best one
	Parts      score.Keyed[string] `json:"parts,omitempty"`   // points of each part
	Counted    *int64              `json:"counted_people,omitempty"`
	Unmet      []UnmetStep         `json:"steps_not_met,omitempty"`
	NotCounted []NotCounted        `json:"not_counted,omitempty"`

	// Of an area.
	Metrics         score.Keyed[string] `json:"metrics,omitempty"` // points of each metric
	Total           string              `json:"total,omitempty"`
	Qualified       *bool               `json:"qualified,omitempty"`
	QualifyingTrack string              `json:"qualifying_track,omitempty"`
	BestTotalTrack  string              `json:"best_total_track,omitempty"`
	Missing         *Missing            `json:"missing,omitempty"`

	Display      string `json:"display,omitempty"`
	DisplayTotal string `json:"display_total,omitempty"`

	// Of what is needed.
	More *int64 `json:"more,omitempty"` // whole units of progress
	Gain string `json:"gain,omitempty"` // points

	MCV string `json:"mcv,omitempty"`

	// Of days and months.
	Start       *kizuna.Date   `json:"start,omitempty"`
	End         *kizuna.Date   `json:"end,omitempty"`
	Opens       *kizuna.Date   `json:"opens,omitempty"`
	Closes      *kizuna.Date   `json:"closes,omitempty"`
	Anniversary *kizuna.Month  `json:"anniversary,omitempty"`
	Current     []kizuna.Month `json:"current,omitempty"`
	Baseline    []kizuna.Month `json:"baseline,omitempty"`
}

// UnmetStep is a prerequisite that too few people meet.
type UnmetStep struct {
	AnyOf []string `json:"any_of"`
	Have  int64    `json:"have"`
	Need  int64    `json:"need"`
}

// NotCounted is a certificate that the program knows but does not count.
type NotCounted struct {
	Person      string `json:"person"`
	Certificate string `json:"certificate"`
	Why         string `json:"why"` // a clause of the package people
}

// Missing says what keeps a total from qualifying.
type Missing struct {
	Points  string   `json:"points"` // up to the pass mark
	Metrics []string `json:"metrics"`
}

// at fills in where the answer stands.
func (a *Answer) at(p place) {
	a.Area, a.Metric, a.Track = p.area.ID, p.metric.ID, trackName(p.track)
}

// Display rounds points for show to that many decimals, without trailing zeros:
// "6.7", "10".
func Display(points kizuna.Fraction, decimals int) string {
	s := points.Decimal(decimals)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func exact(parts score.Keyed[*score.Component]) (out score.Keyed[string]) {
	for _, p := range parts {
		out.Set(p.Name, p.Value.Points.String())
	}
	return out
}
