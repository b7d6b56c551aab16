package program

// AssociationRow says which association types earn in a metric, for one track,
// one part or option, and one list of workloads.
type AssociationRow struct {
	Area      string   `json:"area"`
	Metric    string   `json:"metric"`
	Track     string   `json:"track,omitempty"`    // empty where there is only one
	Part      string   `json:"part,omitempty"`     // empty where the metric has no parts or options
	Workloads string   `json:"workloads"`          // the list's name
	Channels  []string `json:"channels,omitempty"` // all if empty
	Types     TypeSet  `json:"types"`
}

// Associations returns the table that maps association types to what they earn,
// in the program's order and in the language ("en", "ja"). Metrics of people have
// no rows: no association feeds them.
func Associations(p *Program, lang string) []AssociationRow {
	var rows []AssociationRow
	for i := range p.Areas {
		area := &p.Areas[i]
		for _, metric := range area.Metrics {
			for _, track := range area.Track.Tracks {
				row := AssociationRow{Area: area.Name.In(lang), Metric: metric.Name.In(lang)}
				if track != Single {
					row.Track = area.Track.Names[track].In(lang)
				}
				rows = appendFeeds(rows, row, p, metric.Rules[track], lang)
			}
		}
	}
	return rows
}

func appendFeeds(rows []AssociationRow, row AssociationRow, p *Program, rule *Rule, lang string) []AssociationRow {
	for i := range rule.Components {
		c := &rule.Components[i]
		row.Part, row.Channels = c.ID, c.Measure.Channels
		for _, f := range c.Measure.Feeds {
			row.Workloads, row.Types = p.Workloads[f.Workloads.List].Name.In(lang), f.Types
			rows = append(rows, row)
		}
	}
	return rows
}
