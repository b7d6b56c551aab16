package fleet

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/score"
)

// Backtest sets two programs beside each other: the same facts, the same day, the
// same partners.
type Backtest struct{ Before, After *Fleet }

// Outcome is what becomes of a partner's designation in an area.
type Outcome string

// The outcomes.
const (
	Gains Outcome = "gains"
	Loses Outcome = "loses"
	Keeps Outcome = "keeps"
	Lacks Outcome = "lacks" // has none before and none after
)

// Compared is a partner under both programs, in numbers. It holds until the next
// partner comes.
type Compared struct {
	Partner
	Areas []Change

	before, after score.Figures
}

// Change is what becomes of a partner in an area. A program that does not have the
// area gives it nil: no points and no designation.
type Change struct {
	Area          string
	Before, After *score.AreaFigure
}

// Outcome says what becomes of the designation.
func (c *Change) Outcome() Outcome {
	before, after := c.Before != nil && c.Before.Qualified, c.After != nil && c.After.Qualified
	switch {
	case before && after:
		return Keeps
	case before:
		return Loses
	case after:
		return Gains
	}
	return Lacks
}

// Difference is how many points more there are after than before.
func (c *Change) Difference() kizuna.Fraction { return total(c.After).Sub(total(c.Before)) }

func total(a *score.AreaFigure) kizuna.Fraction {
	if a == nil {
		return kizuna.Fraction{}
	}
	return a.Total
}

// Explained is a change with all that there is to say about the figures.
type Explained struct {
	Change
	Before, After *score.Area
}

// MetricChange is a metric of the tracks that are taken under each program. Under one
// that does not have it, it is nil.
type MetricChange struct {
	Metric string        `json:"metric"`
	Before *score.Metric `json:"before"`
	After  *score.Metric `json:"after"`
}

// Metrics sets the metrics of the taken tracks beside each other.
func (c *Explained) Metrics() []MetricChange {
	before, after := taken(c.Before), taken(c.After)
	var out []MetricChange
	for _, m := range before {
		other, _ := after.Get(m.Name)
		out = append(out, MetricChange{m.Name, m.Value, other})
	}
	for _, m := range after {
		if _, both := before.Get(m.Name); !both {
			out = append(out, MetricChange{m.Name, nil, m.Value})
		}
	}
	return out
}

func taken(a *score.Area) score.Keyed[*score.Metric] {
	if a == nil {
		return nil
	}
	track, ok := a.Tracks.Get(a.TakenTrack)
	if !ok {
		return nil
	}
	return track.Metrics
}

// Areas lists the areas of both programs: the first one's, then what the other has
// beyond it.
func (b *Backtest) Areas() []string {
	var ids []string
	for _, f := range []*Fleet{b.Before, b.After} {
		for i := range f.Question.Program.Areas {
			if id := f.Question.Program.Areas[i].ID; !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// Explain scores one partner under both programs, area by area.
func (b *Backtest) Explain(p Partner) []Explained {
	before, after := b.Before.Explain(p), b.After.Explain(p)
	out := make([]Explained, 0, len(before.Areas))
	for _, id := range b.Areas() {
		c := Explained{Change: Change{Area: id}}
		c.Before, c.Change.Before = areaOf(before, id)
		c.After, c.Change.After = areaOf(after, id)
		out = append(out, c)
	}
	return out
}

// areaOf returns an area whole and in numbers, nil if there is none.
func areaOf(a *score.Account, id string) (*score.Area, *score.AreaFigure) {
	area, ok := a.Areas.Get(id)
	if !ok {
		return nil, nil
	}
	return area, &score.AreaFigure{Track: area.TakenTrack, Total: area.Total, Displayed: area.Displayed, Qualified: area.Qualified}
}

// All compares all partners, on all processors, and yields them in order. The error
// is ctx's, and ends it.
func (b *Backtest) All(ctx context.Context) iter.Seq2[Compared, error] {
	ids := b.Areas()
	room := func(n int) []Compared {
		out, before, after := make([]Compared, n), b.Before.sheet.Figures(n), b.After.sheet.Figures(n)
		for i := range out {
			out[i] = Compared{Areas: make([]Change, len(ids)), before: before[i], after: after[i]}
			for j, id := range ids {
				out[i].Areas[j] = Change{id, figureOf(&before[i], id), figureOf(&after[i], id)}
			}
		}
		return out
	}
	return inOrder(ctx, len(b.Before.Partners), room, func() func(int, *Compared) {
		before, after := b.Before.evaluator(), b.After.evaluator()
		return func(i int, out *Compared) {
			out.Partner = b.Before.Partners[i]
			before.score(i, &out.before)
			other, ok := i, i < len(after.Partners) && after.Partners[i].Account == out.Account
			if !ok {
				other, ok = after.find(out.Account)
			}
			if !ok {
				other = nobody
			}
			after.score(other, &out.after)
		}
	})
}

// figureOf returns the place of an area's figure, nil if there is none.
func figureOf(f *score.Figures, id string) *score.AreaFigure {
	for i := range f.Areas {
		if f.ID(i) == id {
			return &f.Areas[i]
		}
	}
	return nil
}

// Effect is what a change of program does to all partners.
type Effect struct {
	Partners int `json:"partners"`
	// Differing is how many partners have other points in some area.
	Differing int          `json:"differing"`
	Areas     []AreaEffect `json:"areas"`
	// Regions holds countries and areas in which somebody gains or loses, in order.
	Regions []RegionEffect `json:"regions"`
	// Moves lists who gains or loses a designation, by partner and area.
	Moves []Move `json:"moves"`

	regions map[region]*RegionEffect
}

type region struct{ country, area string }

// AreaEffect is what a change of program does in an area.
type AreaEffect struct {
	Area   string   `json:"area"`
	Before Standing `json:"before"`
	After  Standing `json:"after"`
	Gain   int      `json:"gain"`
	Lose   int      `json:"lose"`
}

// RegionEffect is how many gain and lose in a country and an area.
type RegionEffect struct {
	Country string `json:"country"` // "": not known
	Area    string `json:"area"`
	Gain    int    `json:"gain"`
	Lose    int    `json:"lose"`
}

// Move is a designation that a partner gains or loses.
type Move struct {
	Partner
	Area    string          `json:"area"`
	Outcome Outcome         `json:"outcome"`
	Before  kizuna.Fraction `json:"before"`
	After   kizuna.Fraction `json:"after"`
}

// NewEffect is the effect on nobody.
func NewEffect(b *Backtest) *Effect {
	e := &Effect{Regions: []RegionEffect{}, Moves: []Move{}, regions: make(map[region]*RegionEffect)}
	for _, id := range b.Areas() {
		e.Areas = append(e.Areas, AreaEffect{Area: id})
	}
	return e
}

// Add counts a partner. The areas are those that the effect was made for.
func (e *Effect) Add(p *Compared) {
	e.Partners++
	differs := false
	for i := range p.Areas {
		c, area := &p.Areas[i], &e.Areas[i]
		differs = differs || total(c.Before).Cmp(total(c.After)) != 0
		if c.Before != nil {
			area.Before.add(c.Before)
		}
		if c.After != nil {
			area.After.add(c.After)
		}
		outcome := c.Outcome()
		if outcome != Gains && outcome != Loses {
			continue
		}
		there := e.region(p.Country, c.Area)
		if outcome == Gains {
			area.Gain++
			there.Gain++
		} else {
			area.Lose++
			there.Lose++
		}
		e.Moves = append(e.Moves, Move{p.Partner, c.Area, outcome, total(c.Before), total(c.After)})
	}
	if differs {
		e.Differing++
	}
}

func (e *Effect) region(country, area string) *RegionEffect {
	at := region{country, area}
	if e.regions[at] == nil {
		e.regions[at] = &RegionEffect{Country: country, Area: area}
	}
	return e.regions[at]
}

// Finish orders the regions: by country, then as the areas stand.
func (e *Effect) Finish() {
	place := make(map[string]int)
	for i := range e.Areas {
		place[e.Areas[i].Area] = i
	}
	e.Regions = e.Regions[:0]
	for _, r := range slices.SortedFunc(maps.Values(e.regions), func(x, y *RegionEffect) int {
		return cmp.Or(strings.Compare(x.Country, y.Country), cmp.Compare(place[x.Area], place[y.Area]))
	}) {
		e.Regions = append(e.Regions, *r)
	}
}
