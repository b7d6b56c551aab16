package fleet

import (
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/score"
)

// Summary is how all partners stand.
type Summary struct {
	Partners int            `json:"partners"`
	Areas    []AreaStanding `json:"areas"`
}

// AreaStanding is how all partners stand in an area.
type AreaStanding struct {
	Area string `json:"area"`
	Standing
}

// Standing is how many partners pass, and how their points are spread.
type Standing struct {
	Passing      int          `json:"passing"`
	Distribution Distribution `json:"distribution"`
}

// Distribution counts partners by their exact totals: none; above 0 and below 10; from
// 10 below 20; and so on in tens; 100 and above.
type Distribution [bins]int

const (
	bins     = 12
	binWidth = 10 // points
)

// Bins names the bins by their lower ends: 0 for none, then ">0", 10, 20 and so on.
func Bins() []string {
	names := []string{"0", ">0"}
	for i := 1; i < bins-1; i++ {
		names = append(names, strconv.Itoa(binWidth*i))
	}
	return names
}

// add counts one partner more.
func (d *Distribution) add(total kizuna.Fraction) {
	if total.Sign() <= 0 {
		d[0]++
		return
	}
	d[1+min(total.Floor()/binWidth, bins-2)]++
}

// NewSummary is the summary of nobody under a fleet's program.
func NewSummary(f *Fleet) *Summary {
	s := &Summary{Areas: make([]AreaStanding, len(f.Question.Program.Areas))}
	for i := range s.Areas {
		s.Areas[i].Area = f.Question.Program.Areas[i].ID
	}
	return s
}

// Add counts a partner of the fleet.
func (s *Summary) Add(p *Scored) {
	s.Partners++
	for i := range p.Figures.Areas {
		s.Areas[i].add(&p.Figures.Areas[i])
	}
}

func (s *Standing) add(area *score.AreaFigure) {
	s.Distribution.add(area.Total)
	if area.Qualified {
		s.Passing++
	}
}
