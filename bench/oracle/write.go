package oracle

import (
	"encoding/csv"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/score"
)

// Write writes Kizuna's answer as engines write theirs.
func (s *Scores) Write(dir string) error {
	tables := make(map[string]*csv.Writer)
	var files []*os.File
	for _, name := range Tables {
		f, err := os.Create(filepath.Join(dir, name+".csv"))
		if err != nil {
			return err
		}
		files = append(files, f)
		tables[name] = csv.NewWriter(f)
		tables[name].Write([]string{"header"}) //nolint:errcheck // kept until Error
	}
	write := func(table string, cells ...string) { tables[table].Write(cells) } //nolint:errcheck // kept until Error
	integer := func(n int64) string { return strconv.FormatInt(n, 10) }
	for key, t := range s.totals.Contribution() {
		account, measure := world.AccountNumber(key.Account), strconv.Itoa(key.Measure)
		write("tally", account, measure, integer(t.Now), integer(t.Base))
		members := make(map[string]bool)
		for _, of := range []attribution.Counts{t.NowSet, t.BaseSet, t.Unrated} {
			for name := range of {
				members[name] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			write("members", account, measure, name, integer(t.NowSet[name]), integer(t.BaseSet[name]), integer(t.Unrated[name]))
		}
	}
	s.each(func(id string, f *score.Figures) {
		account := world.AccountNumber(id)
		figure := func(table string, f kizuna.Fraction, before []string, after ...string) {
			num, den := ratio(f)
			write(table, slices.Concat([]string{account}, before, []string{num, den}, after)...)
		}
		for i, area := range f.Areas {
			figure("areas", area.Total, []string{f.ID(i), area.Track}, strconv.FormatBool(area.Qualified))
			rules := &s.program.Areas[i]
			for j, track := range f.Tracks(i) {
				name := rules.Track.Tracks[j]
				figure("totals", track.Total, []string{f.ID(i), name}, strconv.FormatBool(track.Passes))
				for k, m := range f.Metrics(i, j) {
					figure("points", m.Points, []string{f.ID(i), name, rules.Metrics[k].ID})
				}
			}
		}
	})
	var err error
	for i, name := range Tables {
		tables[name].Flush()
		err = errors.Join(err, tables[name].Error(), files[i].Close())
	}
	return err
}
