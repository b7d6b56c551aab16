package partnercenter_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/usage/partnercenter"
)

// published is a line of testdata/headers.txt.
type published struct{ when, report, kind, since, columns string }

func headers(t *testing.T) []published {
	t.Helper()
	text, err := os.ReadFile("testdata/headers.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []published
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 5 {
			all = append(all, published{f[0], f[1], f[2], f[3], f[4]})
		}
	}
	return all
}

func TestEveryPublishedHeaderIsDetected(t *testing.T) {
	all := headers(t)
	if len(all) != 61 {
		t.Fatalf("%d headers", len(all))
	}
	for _, h := range all {
		columns := strings.Split(h.columns, " | ")
		for range 2 {
			kind, since, ok := partnercenter.Detect(columns)
			if !ok || string(kind) != h.kind || string(since) != h.since {
				t.Errorf("%s %s: %s of %s, want %s of %s", h.when, h.report, kind, since, h.kind, h.since)
			}
			slices.Reverse(columns) // the order does not matter
		}
	}
}

// What was published and what the test knows are the same lists.
func TestTheHeadersAreThosePublished(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/domain/api-vectors/insights/columns-*.json")
	if len(files) == 0 {
		t.Skip("the published lists are not on this machine")
	}
	known := make(map[string]bool)
	for _, h := range headers(t) {
		known[h.columns] = true
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var vintage struct {
			Reports []struct {
				Report  string
				Columns []string
			}
		}
		if err := json.Unmarshal(data, &vintage); err != nil || len(vintage.Reports) == 0 {
			t.Fatalf("%s: %v", file, err)
		}
		for _, r := range vintage.Reports {
			if !known[strings.Join(r.Columns, " | ")] {
				t.Errorf("%s: %s is not in testdata/headers.txt", filepath.Base(file), r.Report)
			}
		}
	}
}
