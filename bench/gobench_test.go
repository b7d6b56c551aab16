package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLinesOfGoBenchmarksAreRead(t *testing.T) {
	said, err := os.ReadFile("testdata/gobench.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := samples{rows: 1000, cores: 2}
	s.parse("attribution/kernel", string(said))
	want := []struct {
		name, unit string
		samples    []float64
	}{
		{"attribution/kernel.BenchmarkBook", "ns/op", []float64{5214000, 5.3e6}},
		{"attribution/kernel.BenchmarkBook", "B/row", []float64{3.27, 3.27}},
		{"attribution/kernel.BenchmarkBacktest/2026-07", "ns/op", []float64{150}},
		{"attribution/kernel.BenchmarkBacktest/2026-07", "x-one", []float64{1.15}},
	}
	if len(s.figures) != len(want) {
		t.Fatalf("%v", s.figures)
	}
	for i, w := range want {
		f := s.figures[i]
		if f.Name != w.name || f.Unit != w.unit || !slices.Equal(f.Samples, w.samples) || f.Rows != 1000 || f.Cores != 2 {
			t.Errorf("%+v, not %+v", f, w)
		}
	}
}

// On one core go test adds nothing to names: what looks like it is the name's.
func TestNamesOnOneCoreStayWhole(t *testing.T) {
	s := samples{cores: 1}
	s.parse("p", "BenchmarkX/2026-07 1 150 ns/op\n")
	if len(s.figures) != 1 || s.figures[0].Name != "p.BenchmarkX/2026-07" {
		t.Errorf("%+v", s.figures)
	}
}

func FuzzLinesOfGoBenchmarks(f *testing.F) {
	f.Add("BenchmarkX-2 1 150 ns/op 1.5 x\n")
	f.Add("BenchmarkX-2\n\t\nBenchmark 1 NaN y")
	f.Fuzz(func(t *testing.T, said string) {
		s := samples{cores: 2}
		s.parse("p", said)
		for _, f := range s.figures {
			if f.Name == "" || f.Unit == "" || len(f.Samples) == 0 {
				t.Errorf("%+v", f)
			}
		}
	})
}

// A pattern with a slip would be missed only after an hour.
func TestPatternsOfTheListAreExpressions(t *testing.T) {
	for _, g := range goBenchmarks {
		for part := range strings.SplitSeq(g.pattern, "/") {
			if _, err := regexp.Compile(part); err != nil || !strings.HasPrefix(part, "^") || !strings.HasSuffix(part, "$") {
				t.Errorf("%s: %s is no whole expression: %v", g.pkg, part, err)
			}
		}
	}
}
