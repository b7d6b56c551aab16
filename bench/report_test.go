package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func small() measured {
	quiet := circumstances{On: "2026-01-02", Where: "2 cores", Command: "go run . run", Busy: 0.5}
	of := func(set, job, engine string, rows int, wall ...float64) result {
		return result{Set: set, Job: job, Rows: rows, Threads: 2, Same: true, circumstances: quiet, report: report{Engine: engine, Wall: wall, CPU: wall}}
	}
	m := measured{results: []result{
		of("P10", "full", "Kizuna", 10_000_000, 0.2, 0.3, 0.4),
		of("P100", "full", "Kizuna", 100_000_000, 3),
		of("P10", "full", "DuckDB", 10_000_000, 5),
		of("P10", "full", "Duck & Co", 10_000_000, 5),
		of("P10", "prototype", "prototype", 10_000_000, 0.4),
		of("P10", "simple", "Kizuna", 10_000_000, 0.5, 0.6),
	}}
	m.results[0].Packed = &packed{Rows: 70_000_000, Directory: 50_000_000, Reaches: 90_000_000}
	m.results[4].Beside, m.results[5].Beside = "prototype", "prototype"
	m.figures = []figure{
		{Name: "kizuna score", Unit: "s", Rows: 10_000_000, Samples: []float64{0.09, 0.08, 0.12}, circumstances: quiet},
		{Name: "kizuna fleet score P10", Unit: "s", Samples: []float64{1, 2}, circumstances: quiet},
		{Name: "kizuna fleet backtest P10 mcpp@2023-12", Unit: "s", Samples: []float64{1.1, 2.4}, circumstances: quiet},
	}
	return m
}

func TestPicturesAreWellFormedAndNameTheirLines(t *testing.T) {
	m := small()
	p := byRows(m.results, "full")
	if !p.worth() || byThreads(m.results, "full").worth() {
		t.Fatal("a line of one point is a picture, or one of two is none")
	}
	picture := p.svg()
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"Kizuna P", "Duck &amp; Co P", "million rows"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
}

func TestTheReportHoldsFiguresAgainstBars(t *testing.T) {
	table := small().markdown(nil)
	for _, want := range []string{
		"| P10, all rules: DuckDB's time | 10 M | at least 12 times Kizuna's | 16.7 (12.5 to 25) | 16.7 | 1 | yes | 0.5 | 1 |",
		"| P10, the prototype's job | 10 M | at most 1 times the prototype's time | 1.38 (1.25 to 1.5) | 1.38 | 1 | **no** |",
		"| P10: bytes per usage row, rows and directory | 10 M | at most 14 bytes | 12 |  | 1 | yes |",
		"whole process | 10 M | at most 100 ms | 90 (80 to 120) |  | 3 | yes |",
		"mcpp@2023-12 |  | at most 1.2 times `fleet score` | 1.15 (1.1 to 1.2) |  | 2 | only 10 M rows tell |",
		"1. `go run . run` (2026-01-02, 2 cores)",
		"| P10 | 10 M | 2 | 30 (20 to 40) | 30 | 7 | 5 | 9 |",
		"Not measured: P100, all rules: DuckDB's time; ",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the report does not say %q:\n%s", want, table)
		}
	}
}

func TestAWrongAnswerIsNoEvidence(t *testing.T) {
	m := small()
	m.results[2].Same = false
	if _, ok := fasterThan("P10", "full", "DuckDB")(m); ok {
		t.Error("Kizuna is faster than an engine that answered something else")
	}
	if table := m.markdown(nil); !strings.Contains(table, "**differs**") {
		t.Errorf("%s", table)
	}
}

func TestEveryBarNamesWhatIsMeasured(t *testing.T) {
	for _, b := range bars {
		if b.what == "" || b.unit == "" || b.limit <= 0 || b.of == nil {
			t.Errorf("%+v", b)
		}
	}
}

func TestReportsArePublishedBetweenTheMarks(t *testing.T) {
	dir := t.TempDir()
	results, page := filepath.Join(dir, "results"), filepath.Join(dir, "speed.md")
	m := small()
	if err := writeJSON(results, "P10-full.json", m.results); err != nil {
		t.Fatal(err)
	}
	if err := keepFigures(results, m.figures); err != nil {
		t.Fatal(err)
	}
	if err := (&reportCmd{Results: results}).Run(); err != nil {
		t.Fatal(err)
	}
	publish := &publishCmd{Results: results, Page: page}
	for _, c := range []struct{ page, problem string }{
		{"# Speed\n", "no line"},
		{markEnd + markBegin, "no line"},
		{"# Speed\n" + markBegin + "old\n" + markEnd + "the rest\n", ""},
	} {
		if err := os.WriteFile(page, []byte(c.page), 0o666); err != nil {
			t.Fatal(err)
		}
		err := publish.Run()
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Fatalf("%q: %v", c.page, err)
		}
	}
	if err := publish.Run(); err != nil { // again
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, want := range []string{"# Speed\n" + markBegin, "](speed/full-rows.svg)", "\n\n" + markEnd + "the rest\n"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("the page does not say %q once:\n%s", want, got)
		}
	}
	if strings.Contains(got, "old\n") || !exists(dir, "speed", "full-rows.svg") {
		t.Errorf("the old table stands there still, or there is no picture:\n%s", got)
	}
}

func TestFiguresReplaceOlderOnesOfTheSame(t *testing.T) {
	dir := t.TempDir()
	for _, f := range [][]figure{
		{{Name: "a", Unit: "s", Samples: []float64{1}}, {Name: "b", Unit: "s", Samples: []float64{2}}},
		{{Name: "a", Unit: "s", Samples: []float64{3}}, {Name: "a", Unit: "B", Samples: []float64{4}}, {Name: "a", Unit: "s", Rows: 9, Samples: []float64{5}}},
	} {
		if err := keepFigures(dir, f); err != nil {
			t.Fatal(err)
		}
	}
	all, err := loadFigures(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for _, f := range all {
		got = append(got, f.Samples...)
	}
	if !slices.Equal(got, []float64{2, 3, 4, 5}) {
		t.Errorf("%v", all)
	}
	if other, err := load(dir); err != nil || len(other) > 0 {
		t.Errorf("figures are taken for results: %v, %v", other, err)
	}
	if err := os.WriteFile(filepath.Join(dir, figuresFile), []byte("["), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := loadFigures(dir); err == nil || !strings.Contains(err.Error(), figuresFile) {
		t.Errorf("half a file: %v", err)
	}
}

func TestCommandsAreToldWithoutFolders(t *testing.T) {
	for line, want := range map[string]string{
		"run --set P10 --data /somewhere --threads 1,2": "go run . run --set P10 --threads 1,2",
		"run --data=/somewhere --set P10":               "go run . run --set P10",
		"prototype --from x --results y":                "go run . prototype",
	} {
		if got := commandLine(strings.Fields(line)); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
}
