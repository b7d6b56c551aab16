package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestPicturesAreWellFormedAndNameTheirLines(t *testing.T) {
	all := []result{
		{Set: "P10", Job: "full", Rows: 10_000_000, Threads: 2, report: report{Engine: "Kizuna", Wall: []float64{0.2, 0.3, 0.4}}},
		{Set: "P100", Job: "full", Rows: 100_000_000, Threads: 2, report: report{Engine: "Kizuna", Wall: []float64{3}}},
		{Set: "P10", Job: "full", Rows: 10_000_000, Threads: 2, report: report{Engine: "Duck & DB", Wall: []float64{5}}},
	}
	p := byRows(all, "full")
	if !p.worth() || byThreads(all, "full").worth() {
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
	for _, want := range []string{"Kizuna P", "Duck &amp; DB P", "million rows"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	if table := markdown(all); !strings.Contains(table, "0.3 s (0.2 to 0.4)") {
		t.Errorf("%s", table)
	}
}
