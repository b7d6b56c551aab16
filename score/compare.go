package score

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// Published is a figure that the vendor published: a metric's points, or an
// area's total where Metric is empty.
type Published struct {
	Account string // location or global account; empty: the only one
	Area    string
	Track   string
	Metric  string
	Points  kizuna.Fraction
	At      kizuna.Ref
}

// Comparison is a published figure beside Kizuna's own.
type Comparison struct {
	Account   string          `json:"account"`
	Area      string          `json:"area"`
	Track     string          `json:"track"`
	Metric    string          `json:"metric,omitempty"`
	Published kizuna.Fraction `json:"published"`
	Ours      kizuna.Fraction `json:"ours"`
	// Difference is ours less published, after both are rounded as the program
	// shows them: a published figure is a rounded one.
	Difference kizuna.Fraction `json:"difference"`
	Equal      bool            `json:"equal"`
	// Readings are the other readings of the sources under which the figure comes out.
	Readings []string `json:"readings,omitempty"`
	// Missing are files without which the metric has no data.
	Missing []string   `json:"missing,omitempty"`
	At      kizuna.Ref `json:"at"`
}

// OtherReading is the question under another reading of the sources, with the
// number that the documentation gives the ambiguity.
type OtherReading struct {
	ID       string
	Question Question
}

// Reading is the answer under another reading.
type Reading struct {
	ID     string
	Answer *Answer
}

// Readings lists the readings that Kizuna can compute besides the question's own.
// See docs/readings.md for each.
func Readings(q Question) []OtherReading {
	var out []OtherReading
	with := func(id string, change func(*program.Program, *Question)) {
		changed, p := q, *q.Program
		changed.Program = &p
		change(&p, &changed)
		out = append(out, OtherReading{id, changed})
	}
	with("A2", func(p *program.Program, _ *Question) { // every metric at least 1 point, or above 0
		if p.Scoring.GateInclusive = !p.Scoring.GateInclusive; p.Scoring.GateInclusive {
			p.Scoring.GateValue = kizuna.Int(1)
		} else {
			p.Scoring.GateValue = kizuna.Fraction{}
		}
	})
	with("csp-history", func(p *program.Program, _ *Question) { // what a change of CSP owner does
		if p.CSPHistory == program.ByInterval {
			p.CSPHistory = program.OwnerOnDate
		} else {
			p.CSPHistory = program.ByInterval
		}
	})
	with("reader-roles", func(p *program.Program, _ *Question) { // whether reader roles earn
		if len(p.Roles.ExcludeContaining) > 0 {
			p.Roles.ExcludeContaining = nil
		} else {
			p.Roles.ExcludeContaining = []string{"reader"}
		}
	})
	with("owned-workloads", func(p *program.Program, _ *Question) { p.OwnedWorkloads = nil })
	for _, trust := range []attribution.Trust{attribution.TrustOwn, attribution.TrustAsserted} {
		if q.Trust != trust {
			with("attribution-"+string(trust), func(_ *program.Program, changed *Question) { changed.Trust = trust })
		}
	}
	with("month-earlier", func(_ *program.Program, changed *Question) { changed.AsOf = q.AsOf.AddMonths(-1) })
	return out
}

// Compare sets published figures beside the answer's and says which other reading
// or which missing file explains a difference. Account is taken where a figure
// names none.
func (a *Answer) Compare(published []Published, account string, others []Reading) ([]Comparison, error) {
	var out []Comparison
	for _, p := range published {
		who := account
		if p.Account != "" {
			resolved, _, err := a.Resolve(p.Account)
			if err != nil {
				return nil, err
			}
			who = resolved
		}
		if who == "" {
			if len(a.Accounts()) != 1 {
				return nil, kizuna.Errorf("published-account", "the figure names no account").
					WithMend("add a column account, or give --partner").WithRef(p.At)
			}
			who = a.Accounts()[0]
		}
		c, err := a.compareOne(p, who, others)
		if err != nil {
			return nil, err
		}
		out = append(out, *c)
	}
	return out, nil
}

func (a *Answer) compareOne(p Published, account string, others []Reading) (*Comparison, error) {
	ours, missing, track, err := a.figure(p, account)
	if err != nil {
		return nil, err
	}
	decimals := a.Question.Program.Scoring.MetricDecimals
	if p.Metric == "" {
		decimals = a.Question.Program.Scoring.TotalDecimals
	}
	difference := roundTo(ours, decimals).Sub(roundTo(p.Points, decimals))
	c := &Comparison{
		Account: account, Area: p.Area, Track: track, Metric: p.Metric, Published: p.Points, Ours: ours,
		Difference: difference, Equal: difference.Sign() == 0, At: p.At,
	}
	if c.Equal {
		return c, nil
	}
	c.Missing = missing
	for _, other := range others {
		theirs, _, _, err := other.Answer.figure(p, account)
		if err == nil && roundTo(theirs, decimals).Cmp(roundTo(p.Points, decimals)) == 0 {
			c.Readings = append(c.Readings, other.ID)
		}
	}
	return c, nil
}

func roundTo(f kizuna.Fraction, decimals int) kizuna.Fraction {
	rounded, err := kizuna.ParseFraction(f.Decimal(decimals))
	if err != nil {
		return f
	}
	return rounded
}

// figure is the answer's own figure for a published one, with the files that it lacks.
func (a *Answer) figure(p Published, account string) (ours kizuna.Fraction, missing []string, track string, err error) {
	rules := a.Question.Program.Area(p.Area)
	if rules == nil {
		return ours, nil, "", a.NoSuchArea(p.Area).WithRef(p.At)
	}
	area := a.scorer.area(account, rules, a.total)
	if track = p.Track; track == "" {
		track = area.TakenTrack
	}
	scored, ok := area.Tracks.Get(track)
	if !ok {
		return ours, nil, "", kizuna.Errorf("published-track", "area %s has no track %q", p.Area, track).
			WithMend("leave the track empty for the one that is taken").WithRef(p.At)
	}
	if p.Metric == "" {
		for _, m := range scored.Metrics {
			missing = append(missing, m.Value.Fill...)
		}
		return scored.Total, missing, track, nil
	}
	metric, ok := scored.Metrics.Get(p.Metric)
	if !ok {
		return ours, nil, "", kizuna.Errorf("published-metric", "area %s has no metric %q", p.Area, p.Metric).
			WithMend("leave the metric empty for the area's total").WithRef(p.At)
	}
	return metric.Points, metric.Fill, track, nil
}
