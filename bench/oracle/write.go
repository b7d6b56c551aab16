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

// WriteResults writes Kizuna's answer as engines write theirs.
func WriteResults(dir string, accounts []string, scored []*score.Account, total attribution.Contribution) error {
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
	for key, t := range total {
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
	for i, a := range scored {
		account := world.AccountNumber(accounts[i])
		figure := func(table string, f kizuna.Fraction, before []string, after ...string) {
			num, den := ratio(f)
			write(table, slices.Concat([]string{account}, before, []string{num, den}, after)...)
		}
		for _, area := range a.Areas {
			figure("areas", area.Value.Total, []string{area.Name, area.Value.TakenTrack}, strconv.FormatBool(area.Value.Qualified))
			for _, track := range area.Value.Tracks {
				figure("totals", track.Value.Total, []string{area.Name, track.Name}, strconv.FormatBool(track.Value.Passes))
				for _, m := range track.Value.Metrics {
					figure("points", m.Value.Points, []string{area.Name, track.Name, m.Name})
				}
			}
		}
	}
	var err error
	for i, name := range Tables {
		tables[name].Flush()
		err = errors.Join(err, tables[name].Error(), files[i].Close())
	}
	return err
}
