package membership

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Census is how many companies stand how on a day.
type Census struct {
	On        kizuna.Date  `json:"on"`
	Program   string       `json:"program"` // whose rules hold on the day
	Companies int          `json:"companies"`
	Best      ByState      `json:"best"`  // by the best state that an area of theirs has
	Areas     []AreaCensus `json:"areas"` // in the program's order, then what it has no more
	own       int          // areas that the program has
}

// AreaCensus is how many companies stand how in an area.
type AreaCensus struct {
	ID     string  `json:"area"`
	States ByState `json:"states"`
}

// ByState is how many companies are in each state.
type ByState struct {
	InProgress int `json:"in-progress"`
	Lapsed     int `json:"lapsed"`
	Qualified  int `json:"qualified"`
	RenewalDue int `json:"renewal-due"`
	Enrolled   int `json:"enrolled"`
}

// Of returns the number of a state.
func (s *ByState) Of(state State) *int {
	switch state {
	case Lapsed:
		return &s.Lapsed
	case Qualified:
		return &s.Qualified
	case RenewalDue:
		return &s.RenewalDue
	case Enrolled:
		return &s.Enrolled
	}
	return &s.InProgress
}

// Add adds what others counted.
func (s *ByState) Add(t ByState) {
	for _, state := range States() {
		*s.Of(state) += *t.Of(state)
	}
}

// NewCensus returns the census of no company.
func (r *Rules) NewCensus(day kizuna.Date) *Census {
	p := r.On(day).Program
	c := &Census{On: day, Program: p.Ref(), Areas: make([]AreaCensus, len(p.Areas)), own: len(p.Areas)}
	for i := range p.Areas {
		c.Areas[i].ID = p.Areas[i].ID
	}
	return c
}

// Count counts a company that stands so on the day.
func (c *Census) Count(s *Status) {
	c.Companies++
	*c.Best.Of(s.State)++
	for i := range s.Areas {
		*c.area(i, s.Areas[i].ID).Of(s.Areas[i].State)++
	}
}

// area finds an area, most likely in its place. One that the program has no more, and
// that somebody held, comes behind in the order of the ids.
func (c *Census) area(i int, id string) *ByState {
	if i >= len(c.Areas) || c.Areas[i].ID != id {
		i = slices.IndexFunc(c.Areas, func(a AreaCensus) bool { return a.ID == id })
	}
	if i < 0 {
		gone, _ := slices.BinarySearchFunc(c.Areas[c.own:], id, func(a AreaCensus, id string) int { return strings.Compare(a.ID, id) })
		i = c.own + gone
		c.Areas = slices.Insert(c.Areas, i, AreaCensus{ID: id})
	}
	return &c.Areas[i].States
}

// Add adds what was counted of other companies.
func (c *Census) Add(d *Census) {
	c.Companies += d.Companies
	c.Best.Add(d.Best)
	for i := range d.Areas {
		c.area(i, d.Areas[i].ID).Add(d.Areas[i].States)
	}
}
