package oracle

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/bench/world"
)

// Results is what the text leaves behind.
type Results struct {
	Tallies attribution.Contribution
	Points  map[Metric]kizuna.Fraction // of every account, area, track and metric
	Tracks  map[Metric]Track           // without a metric
	Areas   map[Metric]Area            // without a track and a metric
}

// Metric says whose points they are, and for what.
type Metric struct{ Account, Area, Track, Metric string }

// Track is a track's total.
type Track struct {
	Total  kizuna.Fraction
	Passes bool
}

// Area is an area's figure.
type Area struct {
	Track     string
	Total     kizuna.Fraction
	Qualified bool
}

func newResults(tallies attribution.Contribution) *Results {
	return &Results{
		Tallies: tallies, Points: make(map[Metric]kizuna.Fraction),
		Tracks: make(map[Metric]Track), Areas: make(map[Metric]Area),
	}
}

// ReadResults reads the result tables, written as CSV files in a directory.
func ReadResults(dir string) (*Results, error) {
	r := newResults(make(attribution.Contribution))
	for _, read := range []struct {
		table string
		line  func(cells []string) error
	}{
		{"tally", func(c []string) error {
			r.Tallies.Add(attribution.Contribution{keyOf(c): {Now: number(c[2]), Base: number(c[3])}})
			return nil
		}},
		{"members", func(c []string) error {
			t := attribution.Tally{NowSet: counts(c[2], c[3]), BaseSet: counts(c[2], c[4]), Unrated: counts(c[2], c[5])}
			r.Tallies.Add(attribution.Contribution{keyOf(c): t})
			return nil
		}},
		{"points", func(c []string) (err error) {
			m := Metric{account(c[0]), c[1], c[2], c[3]}
			r.Points[m], err = kizuna.ParseFraction(c[4] + "/" + c[5])
			return err
		}},
		{"totals", func(c []string) error {
			total, err := kizuna.ParseFraction(c[3] + "/" + c[4])
			r.Tracks[Metric{Account: account(c[0]), Area: c[1], Track: c[2]}] = Track{total, c[5] == "true"}
			return err
		}},
		{"areas", func(c []string) error {
			total, err := kizuna.ParseFraction(c[3] + "/" + c[4])
			r.Areas[Metric{Account: account(c[0]), Area: c[1]}] = Area{c[2], total, c[5] == "true"}
			return err
		}},
	} {
		if err := eachLine(filepath.Join(dir, read.table+".csv"), read.line); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func eachLine(name string, line func([]string) error) (err error) {
	n := 1
	return cmp.Or(eachCells(name, func(cells []string) {
		n++
		if e := line(cells); e != nil && err == nil {
			err = fmt.Errorf("%s:%d: %w", name, n, e)
		}
	}), err)
}

func number(cell string) int64 {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		panic(err) // the text writes integers
	}
	return n
}

func account(cell string) string { return world.AccountID(int(number(cell))) }

func keyOf(cells []string) attribution.Key {
	return attribution.Key{Account: account(cells[0]), Measure: int(number(cells[1]))}
}

func counts(member, n string) attribution.Counts {
	if n == "0" {
		return nil
	}
	return attribution.Counts{member: number(n)}
}

// Differences lists where two results differ, at most limit lines.
func Differences(got, want *Results, limit int) (out []string) {
	say := func(what any, got, want any) {
		out = append(out, fmt.Sprintf("%v: %v, want %v", what, got, want))
	}
	left := make(attribution.Contribution)
	left.Add(got.Tallies)
	left.Sub(want.Tallies)
	for key := range left {
		say(fmt.Sprintf("tally of %s, measure %d", key.Account, key.Measure), got.Tallies[key], want.Tallies[key])
	}
	for m, points := range want.Points {
		if p, ok := got.Points[m]; !ok || p.Cmp(points) != 0 {
			say(m, p, points)
		}
	}
	for m, t := range want.Tracks {
		if g := got.Tracks[m]; g.Total.Cmp(t.Total) != 0 || g.Passes != t.Passes {
			say(m, g, t)
		}
	}
	for m, a := range want.Areas {
		if g := got.Areas[m]; g.Total.Cmp(a.Total) != 0 || g.Qualified != a.Qualified || g.Track != a.Track {
			say(m, g, a)
		}
	}
	if len(got.Points) != len(want.Points) || len(got.Tracks) != len(want.Tracks) || len(got.Areas) != len(want.Areas) {
		say("figures", []int{len(got.Points), len(got.Tracks), len(got.Areas)}, []int{len(want.Points), len(want.Tracks), len(want.Areas)})
	}
	slices.Sort(out)
	return out[:min(limit, len(out))]
}
