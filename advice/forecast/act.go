package forecast

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/program"
)

// Delays are how long before a day something must have been done to count on it.
type Delays struct {
	// Skilling is how many days a certificate, or the link of a profile, takes to show.
	Skilling int `json:"skilling_days"`
	// Association is how many days an association takes to count.
	Association int `json:"association_days"`
}

// DefaultDelays are those of Microsoft's pages: "Skilling data is refreshed within ten
// days" (Partner capability score), and a new association "can take up to two refresh
// cycles", three to four weeks (knowledge base of partner associations).
var DefaultDelays = Delays{Skilling: 10, Association: 28}

// RefreshedBy is the day of a month by which figures of performance and customer success
// as of its first day are shown (Partner capability score).
const RefreshedBy = 20

// Act says who can keep a loss from coming about, and until when.
type Act struct {
	Who []remedy.Actor `json:"who"`
	// By is the last day on which acting still helps on the day of the loss, given the
	// delays.
	By kizuna.Date `json:"by"`
	// Late: that day is before the question's. What is done on the question's day counts
	// from Helps on.
	Late  bool        `json:"late,omitempty"`
	Helps kizuna.Date `json:"helps_from"`
	// Until is, of a certificate, the last day on which it can be renewed, though the
	// renewal shows later.
	Until *kizuna.Date `json:"renewable_until,omitempty"`
}

// act says what can be done about a cause of a loss on a day.
func (q *Question) act(p *program.Program, on kizuna.Date, c *Cause) *Act {
	days := q.Delays.Association
	out := &Act{}
	switch c.Kind {
	case Expired:
		days, out.Who = q.Delays.Skilling, []remedy.Actor{remedy.Professional}
		out.Until = new(on.AddDays(-1))
	case Retired, ProfileEnded, RuleChanged:
		days, out.Who = q.Delays.Skilling, []remedy.Actor{remedy.Professional}
	case AssociationEnded:
		out.Who = actorsOf(c.Table)
	case OwnerChanged, SubscriptionEnded:
		out.Who = []remedy.Actor{remedy.Customer, remedy.Partner}
	default:
		out.Who = []remedy.Actor{remedy.Partner}
		if ofPeople(p, c.Alone) {
			days = q.Delays.Skilling
		}
	}
	out.By, out.Helps = on.AddDays(-days), q.AsOf.AddDays(days)
	out.Late = out.By < q.AsOf
	return out
}

// ofPeople reports whether all that is lost is a matter of certificates.
func ofPeople(p *program.Program, areas []AreaChange) bool {
	for i := range areas {
		area := p.Area(areas[i].Area)
		for k := range areas[i].Metrics {
			m := &areas[i].Metrics[k]
			if m.Lost().Sign() > 0 && len(area.Metric(m.Metric).Rules[m.Track].People) == 0 {
				return false
			}
		}
	}
	return true
}
