package score

import (
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Published is a figure that the vendor published: a metric's points, or an
// area's total where Metric is empty.
type Published struct {
	Account string // location or global account; empty: the only one
	Area    string
	Track   string
	Metric  string
	Points  kizuna.Fraction
	// Qualified is whether the area qualifies, or the track passes if one is named;
	// nil if that was not published.
	Qualified *bool
	At        kizuna.Ref
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
	Qualified  *Qualified      `json:"qualified,omitempty"`
	Equal      bool            `json:"equal"`
	// Readings are the other readings of the sources under which the figure comes out.
	Readings []string `json:"readings,omitempty"`
	// Missing are files without which the metric has no data.
	Missing []string   `json:"missing,omitempty"`
	At      kizuna.Ref `json:"at"`
}

// Qualified is whether an area qualifies, as published and as computed.
type Qualified struct {
	Published bool `json:"published"`
	Ours      bool `json:"ours"`
}

// Compare sets published figures beside the answer's and says which other reading
// or which missing file explains a difference. Account is taken where a figure
// names none. Other readings are asked one after the other, and only those that
// can change a figure that differs.
func (a *Answer) Compare(published []Published, account string, ask func(Question) (*Answer, error)) ([]Comparison, error) {
	out := make([]Comparison, len(published))
	for i, p := range published {
		who, err := a.accountOf(p, account)
		if err != nil {
			return nil, err
		}
		if out[i], err = a.compare(p, who); err != nil {
			return nil, err
		}
	}
	for _, r := range Readings(a.Question, a.Book.Asserts()) {
		var theirs *Answer
		for i := range out {
			c := &out[i]
			if c.Equal || slices.Contains(c.Readings, r.ID) || !r.touches(c.Area) {
				continue
			}
			if theirs == nil {
				var err error
				if theirs, err = ask(r.Question); err != nil {
					return nil, err
				}
			}
			// A reading without the track or the metric explains nothing.
			if other, err := theirs.compare(published[i], c.Account); err == nil && other.Equal {
				c.Readings = append(c.Readings, r.ID)
			}
		}
	}
	return out, nil
}

// accountOf finds whose figure it is.
func (a *Answer) accountOf(p Published, account string) (string, error) {
	switch {
	case p.Account != "":
		who, _, err := a.Resolve(p.Account)
		return who, err
	case account != "":
		return account, nil
	case len(a.Accounts()) != 1:
		return "", kizuna.Errorf("published-account", "the figure names no account").
			WithMend("add a column account, or give --partner").WithRef(p.At)
	}
	return a.Accounts()[0], nil
}

func (a *Answer) compare(p Published, account string) (Comparison, error) {
	c := Comparison{Account: account, Area: p.Area, Metric: p.Metric, Published: p.Points, At: p.At}
	qualified, err := a.figure(p, &c)
	if err != nil {
		return c, err
	}
	decimals := a.Question.Program.Scoring.MetricDecimals
	if p.Metric == "" {
		decimals = a.Question.Program.Scoring.TotalDecimals
	}
	c.Difference = c.Ours.Round(decimals).Sub(p.Points.Round(decimals))
	c.Equal = c.Difference.Sign() == 0
	if p.Qualified != nil {
		c.Qualified = &Qualified{*p.Qualified, qualified}
		c.Equal = c.Equal && *p.Qualified == qualified
	}
	if c.Equal {
		c.Missing = nil
	}
	return c, nil
}

// figure fills in the answer's own figure beside a published one, its track and
// the files that it lacks.
func (a *Answer) figure(p Published, c *Comparison) (qualified bool, err error) {
	rules := a.Question.Program.Area(p.Area)
	if rules == nil {
		return false, a.NoSuchArea(p.Area).WithRef(p.At)
	}
	area := a.scorer.area(c.Account, rules, a.totals.Account(c.Account))
	if c.Track = p.Track; c.Track == "" {
		c.Track = area.TakenTrack
	}
	scored, ok := area.Tracks.Get(c.Track)
	if !ok {
		return false, kizuna.Errorf("published-track", "area %s has no track %q", p.Area, c.Track).
			WithMend("leave the track empty for the one that is taken").WithRef(p.At)
	}
	if p.Metric == "" {
		for _, m := range scored.Metrics {
			c.Missing = append(c.Missing, m.Value.Fill...)
		}
		c.Ours = scored.Total
		if p.Track == "" {
			return area.Qualified, nil
		}
		return scored.Passes, nil
	}
	metric, ok := scored.Metrics.Get(p.Metric)
	if !ok {
		return false, kizuna.Errorf("published-metric", "area %s has no metric %q", p.Area, p.Metric).
			WithMend("leave the metric empty for the area's total").WithRef(p.At)
	}
	c.Ours, c.Missing = metric.Points, metric.Fill
	return scored.Passes, nil
}
