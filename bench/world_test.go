package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestASegmentThatCannotBeReadIsMadeAnew(t *testing.T) {
	cmd := runCmd{worldFlags: worldFlags{Set: "P1", Rows: 3000, Partners: 20}, Engines: []string{"kizuna"}, Data: t.TempDir()}
	path := filepath.Join(cmd.Data, "P1", segmentFile)
	world := func() (info os.FileInfo, text []byte) {
		t.Helper()
		if _, err := cmd.world(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		return info, text
	}
	first, whole := world()
	if second, _ := world(); !os.SameFile(first, second) || second.ModTime() != first.ModTime() {
		t.Error("a segment that can be read is made again")
	}
	for name, spoil := range map[string]func([]byte){
		"of another format":  func(text []byte) { text[7]++; text[len(text)-1]++ }, // the magic ends with its version
		"damaged in a block": func(text []byte) { text[len(text)/3] ^= 8 },
	} {
		text := bytes.Clone(whole)
		spoil(text)
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, again := world(); !bytes.Equal(again, whole) {
			t.Errorf("a segment %s stays", name)
		}
	}
	// Peers need tables; the segment is right and stays.
	cmd.Engines = []string{"kizuna", "duckdb"}
	before, _ := world()
	if !exists(cmd.Data, "P1", "parquet", "facts.parquet") {
		t.Error("there are no tables for the peers")
	}
	if after, _ := world(); !os.SameFile(before, after) {
		t.Error("the segment is made again")
	}
}
