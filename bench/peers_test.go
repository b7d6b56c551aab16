//go:build peers

// Tests that need the other engines: make peers; go test -tags peers .
package main

import (
	"testing"
	"time"
)

func TestDuckDBCountsSmallWorldsAsTheClearFormDoes(t *testing.T) {
	cmd := verifyCmd{Seeds: 1, First: 1000, Islands: 100, Python: ".venv/bin/python"}
	if err := cmd.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEveryEngineGivesTheSameAnswer(t *testing.T) {
	cmd := runCmd{
		worldFlags: worldFlags{Set: "P1", Rows: 50_000, Partners: 200}, Job: "azure", Threads: []int{2}, Reps: 1,
		Engines: []string{"duckdb", "polars", "clickhouse", "postgres"},
		Data:    t.TempDir(), Results: t.TempDir(), Python: ".venv/bin/python", Peers: "peers", Limit: 5 * time.Minute,
	}
	if err := cmd.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHiGHSProvesTheSameOptima(t *testing.T) {
	cmd := plansCmd{
		Partners: 10, First: 1, Actions: 150, Limit: 30 * time.Second, PeerLimit: time.Minute,
		Data: t.TempDir(), Results: t.TempDir(), Python: ".venv/bin/python", Peers: "peers",
	}
	if err := cmd.Run(t.Context()); err != nil {
		t.Error(err)
	}
}
