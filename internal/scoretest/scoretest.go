// Package scoretest compares scores.
package scoretest

import (
	"fmt"

	"github.com/kizuna-org/kizuna/score"
)

// Differences says where the figures of an account are not those of its score.
func Differences(f *score.Figures, a *score.Account) (out []string) {
	differ := func(what string, same bool, got, want any) {
		if !same {
			out = append(out, fmt.Sprintf("%s: the figure is %v, the score %v", what, got, want))
		}
	}
	if len(f.Areas) != len(a.Areas) {
		return []string{fmt.Sprintf("%d areas, the score has %d", len(f.Areas), len(a.Areas))}
	}
	for i, area := range a.Areas {
		want := score.AreaFigure{Track: area.Value.TakenTrack, Total: area.Value.Total, Displayed: area.Value.Displayed, Qualified: area.Value.Qualified}
		got := f.Areas[i]
		differ(area.Name, f.ID(i) == area.Name && got.Total.Cmp(want.Total) == 0 &&
			got.Track == want.Track && got.Displayed == want.Displayed && got.Qualified == want.Qualified, got, want)
		tracks := f.Tracks(i)
		differ(area.Name, len(tracks) == len(area.Value.Tracks), len(tracks), len(area.Value.Tracks))
		for j, track := range area.Value.Tracks {
			at := area.Name + "/" + track.Name
			want := score.TrackFigure{Total: track.Value.Total, Displayed: track.Value.Displayed, Passes: track.Value.Passes}
			differ(at, tracks[j].Total.Cmp(want.Total) == 0 && tracks[j].Displayed == want.Displayed && tracks[j].Passes == want.Passes, tracks[j], want)
			metrics := f.Metrics(i, j)
			differ(at, len(metrics) == len(track.Value.Metrics), len(metrics), len(track.Value.Metrics))
			for k, m := range track.Value.Metrics {
				differ(at+"/"+m.Name, metrics[k].Points.Cmp(m.Value.Points) == 0 && metrics[k].Status() == m.Value.Status,
					fmt.Sprint(metrics[k].Points, " ", metrics[k].Status()), fmt.Sprint(m.Value.Points, " ", m.Value.Status))
			}
		}
	}
	return out
}
