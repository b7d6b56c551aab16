package score_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// explained is a tiny world in which a reading makes the difference: its comment
// says why, and what was asked and published; its files are a data directory.
type explained struct {
	reading   string
	question  score.Question
	published score.Published
	facts     *score.Facts
}

// everybody is in every world: two partners, and people linked to the first.
const everybody = "location_id,global_id,name,from\nL1,G1,Alpha,2015-01-01\nL2,G2,Beta,2015-01-01\n"

func readExplained(t *testing.T, file string) explained {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]string)
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[key] = strings.TrimSpace(value)
	}
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("partners.csv", everybody)
	people, links := "person_id,name,mcid\n", "mcid,location_id,from\n"
	for i := range 10 {
		people += fmt.Sprintf("p%d,Person %d,m%d\n", i+1, i+1, i+1)
		links += fmt.Sprintf("m%d,L1,2020-01-01\n", i+1)
	}
	write("people.csv", people)
	write("profile_links.csv", links)
	for _, f := range archive.Files {
		write(f.Name, string(f.Data))
	}
	out := explained{
		reading:  said["reading"],
		question: builtinQuestion(t, said["program"], said["as-of"], program.OwnerOnDate),
		facts:    loadFacts(t, dir),
	}
	out.question.Trust = attribution.Trust(said["trust"])
	out.published = published(t, said["published"])
	return out
}

// published reads "area track metric points qualified"; a dash stands for nothing.
func published(t *testing.T, line string) score.Published {
	t.Helper()
	cells := append(strings.Fields(line), "") // whether it qualifies may be left out
	for i, cell := range cells {
		if cell == "-" {
			cells[i] = ""
		}
	}
	p := score.Published{Account: "L1", Area: cells[0], Track: cells[1], Metric: cells[2]}
	var err error
	if p.Points, err = kizuna.ParseFraction(cells[3]); err != nil {
		t.Fatal(err)
	}
	if cells[4] != "" {
		yes := cells[4] == "yes"
		p.Qualified = &yes
	}
	return p
}

func TestEveryReadingExplainsADifference(t *testing.T) {
	files, err := filepath.Glob("testdata/readings/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	explains := make(map[string]bool)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			e := readExplained(t, file)
			explains[e.reading] = true
			ask := func(q score.Question) (*score.Answer, error) { return score.Ask(q, e.facts), nil }
			rows, err := score.Ask(e.question, e.facts).Compare([]score.Published{e.published}, "", ask)
			if err != nil {
				t.Fatal(err)
			}
			if rows[0].Equal {
				t.Errorf("there is nothing to explain: ours is %s as well", rows[0].Ours)
			}
			if !slices.Contains(rows[0].Readings, e.reading) {
				t.Errorf("ours is %s, and %v explain it", rows[0].Ours, rows[0].Readings)
			}
			t.Logf("ours is %s; explained by %v", rows[0].Ours, rows[0].Readings)
		})
	}
	for _, id := range score.ReadingIDs() {
		if !explains[id] {
			t.Errorf("no world shows what the reading %s explains", id)
		}
	}
}

func TestAnEqualFigureAsksNoOtherReading(t *testing.T) {
	e := readExplained(t, "testdata/readings/A1.txtar")
	e.published = published(t, "security - intermediate 6.7")
	rows, err := score.Ask(e.question, e.facts).Compare([]score.Published{e.published}, "", func(score.Question) (*score.Answer, error) {
		t.Error("another reading is asked")
		return nil, nil
	})
	if err != nil || !rows[0].Equal {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestReadingsLeaveTheProgramAsItIs(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		before := program.Digest(p)
		for _, r := range score.Readings(score.Question{Program: p, AsOf: p.InForce.From}, true) {
			program.Canonical(r.Question.Program)
		}
		if program.Digest(p) != before {
			t.Errorf("%s was changed", p.Ref())
		}
	}
}
