package score_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// The worlds are data sets with the answers of an independent scorer. They stand
// beside the project, not in it.
const worlds = "../../shared/domain/worlds"

func TestWorldsScoreAsAnIndependentScorerSays(t *testing.T) {
	if _, err := os.Stat(worlds); err != nil {
		t.Skip("the worlds are not beside this checkout: " + worlds)
	}
	for _, w := range []struct {
		world, expected string
		history         program.CSPHistory
	}{
		{"w1", "expected.json", program.OwnerOnDate},
		{"w1", "expected-by-interval.json", program.ByInterval},
		{"w2", "expected.json", program.OwnerOnDate},
		{"w2", "expected-by-interval.json", program.ByInterval},
		{"w3", "expected.json", program.OwnerOnDate},
		{"w3", "expected-by-interval.json", program.ByInterval},
		{"w3", "expected-late.json", program.OwnerOnDate},
	} {
		t.Run(w.world+"/"+w.expected, func(t *testing.T) {
			dir := filepath.Join(worlds, w.world)
			data, err := os.ReadFile(filepath.Join(dir, w.expected))
			if err != nil {
				t.Fatal(err)
			}
			var byDate map[string]map[string]any
			if err := json.Unmarshal(data, &byDate); err != nil {
				t.Fatal(err)
			}
			facts := loadFacts(t, dir)
			for date, want := range byDate {
				got := asJSON(t, score.Ask(builtinQuestion(t, "mcpp@2023-10", date, w.history), facts).Result())
				differences := compareWorld("", want, got)
				for i, d := range differences {
					if i == 20 {
						t.Errorf("… %d differences in all", len(differences))
						break
					}
					t.Errorf("%s: %s", date, d)
				}
			}
		})
	}
}

func loadFacts(t testing.TB, dir string) *score.Facts {
	t.Helper()
	d, err := dataset.Load(context.Background(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &score.Facts{
		Facts:    attribution.Facts{Associations: &d.Associations, Usage: d.Ledger, Rates: d.Rates},
		People:   &d.People,
		Coverage: d.Coverage(),
	}
}

func builtinQuestion(t testing.TB, ref, date string, history program.CSPHistory) score.Question {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, ref)
	if err != nil {
		t.Fatal(err)
	}
	day, err := kizuna.ParseDate(date)
	if err != nil {
		t.Fatal(err)
	}
	changed := *p
	changed.CSPHistory = history
	return score.Question{Program: &changed, AsOf: day}
}

func asJSON(t testing.TB, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// compareWorld walks what is expected; the answer may carry more. Which of two
// equal tracks or options is named, nobody fixes.
func compareWorld(path string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: want an object, got %v", path, got)}
		}
		var out []string
		for _, key := range slices.Sorted(keysOf(w)) {
			if key == "ambiguity_hits" || key == "taken_track" && equalTotals(w) ||
				(key == "option" || key == "progress") && equalOptions(w) {
				continue
			}
			if value, ok := g[key]; ok || w[key] == nil {
				out = append(out, compareWorld(path+"/"+key, w[key], value)...)
			} else {
				out = append(out, fmt.Sprintf("%s/%s is missing; want %v", path, key, w[key]))
			}
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return []string{fmt.Sprintf("%s: want %v, got %v", path, want, got)}
		}
		var out []string
		for i := range w {
			out = append(out, compareWorld(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])...)
		}
		return out
	}
	if want != got {
		return []string{fmt.Sprintf("%s: want %v, got %v", path, want, got)}
	}
	return nil
}

func keysOf(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func equalTotals(area map[string]any) bool { return equalMembers(area, "tracks", "total") }

func equalOptions(metric map[string]any) bool { return equalMembers(metric, "options", "points") }

func equalMembers(o map[string]any, list, field string) bool {
	members, ok := o[list].(map[string]any)
	if !ok || len(members) < 2 {
		return false
	}
	seen := make(map[any]bool)
	for _, m := range members {
		seen[m.(map[string]any)[field]] = true
	}
	return len(seen) == 1
}
