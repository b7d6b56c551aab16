package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
)

// runs runs a command and returns what it says.
func runs(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"--lang", "en"}, args...), strings.NewReader(""), &out, &errs); code != want {
		t.Fatalf("kizuna %s: exit code %d: %s", strings.Join(args, " "), code, &errs)
	}
	return out.String(), errs.String()
}

// inFile is the rows of a file, as cells.
func inFile[R interface{ cells() []string }](t *testing.T, name string) [][]string {
	t.Helper()
	rows, err := parquet.ReadFile[R](name)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, r := range rows {
		out = append(out, r.cells())
	}
	return out
}

func csvFile(t *testing.T, name string) [][]string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestBothFormatsHoldTheSameRows(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "demo")
	runs(t, exitOK, "demo", data)
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, ext := range []string{"csv", "parquet"} {
		runs(t, exitOK, "fleet", "score", "--data", data, "--out", file("s."+ext))
		runs(t, exitOK, "fleet", "backtest", "--data", data, "--against", "mcpp@2022-10", "--out", file("b."+ext))
	}
	for want, got := range map[string][][]string{
		"s.csv": inFile[scoreRow](t, file("s.parquet")), "b.csv": inFile[backtestRow](t, file("b.parquet")),
	} {
		if rows := csvFile(t, file(want)); len(rows) != 18 || !slices.EqualFunc(rows, got, slices.Equal) {
			t.Errorf("%s:\n%v\n%v", want, rows, got)
		}
	}
}

func TestADamagedSegmentIsNamedAndAnswersNothing(t *testing.T) {
	dir := t.TempDir()
	data, whole := filepath.Join(dir, "demo"), filepath.Join(dir, "whole.segment")
	runs(t, exitOK, "demo", data)
	runs(t, exitOK, "segment", "build", "--data", data, whole)
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(good)
	flipped[len(good)/3] ^= 4
	for name, damaged := range map[string]struct {
		data  []byte
		names string
	}{
		"flipped": {flipped, "block 0 at byte"}, "cut": {good[:len(good)-1], "at byte"}, "empty": {nil, "at byte 0"},
	} {
		path := filepath.Join(dir, name+".segment")
		if err := os.WriteFile(path, damaged.data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"segment", "check", path}, {"fleet", "score", "--segment", path}, {"fleet", "score", "--segment", path, "--data", data},
		} {
			stdout, stderr := runs(t, exitProblem, args...)
			if stdout != "" || !strings.Contains(stderr, damaged.names) || !strings.Contains(stderr, name+".segment") ||
				!strings.Contains(stderr, "build it again") {
				t.Errorf("%s: %q, %q", name, stdout, stderr)
			}
		}
	}
}

// A segment of another maker does not say what its sources could hold: everything is
// taken to be covered up to its last month.
func TestASegmentOfAnotherMakerIsTakenToHoldAllUsage(t *testing.T) {
	dir := t.TempDir()
	data, own, foreign := filepath.Join(dir, "demo"), filepath.Join(dir, "own.csv"), filepath.Join(dir, "foreign.csv")
	runs(t, exitOK, "demo", data)
	loaded, err := dataset.Load(t.Context(), data, dataset.Options{Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "foreign.segment")
	err = writeFile(path, func(w *bufio.Writer) error {
		b := segment.NewBuilder(w)
		b.SetLabel("of another maker")
		_, err := segment.Build(b, &attribution.Facts{Associations: &loaded.Associations, Usage: loaded.Ledger, Rates: loaded.Rates})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	runs(t, exitOK, "fleet", "score", "--data", data, "--out", own)
	if _, stderr := runs(t, exitOK, "fleet", "score", "--segment", path, "--data", data, "--out", foreign); stderr != "" {
		t.Error(stderr)
	}
	if a, b := csvFile(t, own), csvFile(t, foreign); !slices.EqualFunc(a, b, slices.Equal) {
		t.Errorf("%v\n%v", a, b)
	}
	if stdout, _ := runs(t, exitOK, "segment", "info", path); !strings.Contains(stdout, "of another maker") {
		t.Error(stdout)
	}
}

func TestWhatIsCancelledLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "demo")
	runs(t, exitOK, "demo", data)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"segment", "build", "--data", data, filepath.Join(dir, "s.segment")},
		{"fleet", "score", "--data", data, "--out", filepath.Join(dir, "s.csv")},
	} {
		var out, errs bytes.Buffer
		if code := run(ctx, args, strings.NewReader(""), &out, &errs); code != exitProblem {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
