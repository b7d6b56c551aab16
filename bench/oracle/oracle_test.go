package oracle_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna/bench/columns"
	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
)

var (
	seeds   = flag.Int("seeds", 4, "how many times to make new worlds")
	islands = flag.Int("islands", 250, "how many worlds each time")
)

// python runs the peers; make peers installs it.
const python = "../.venv/bin/python"

func TestTheSQLTextSaysWhatTheClearFormSays(t *testing.T) {
	if _, err := os.Stat(python); err != nil {
		t.Skip("DuckDB is not installed: make peers")
	}
	p, err := world.FindProgram()
	if err != nil {
		t.Fatal(err)
	}
	text, err := oracle.Text(p, world.AsOf, oracle.Dialects["duckdb"])
	if err != nil {
		t.Fatal(err)
	}
	catalog := world.NewCatalog(p)
	for seed := range *seeds {
		c := world.Tiny(uint64(seed), *islands)
		got := ask(t, &c, catalog, text)
		want := oracle.Naive(p, world.AsOf, c.Dataset(catalog))
		for _, d := range oracle.Differences(got, want, 20) {
			t.Errorf("seed %d: %s", seed, d)
		}
		t.Logf("seed %d: %d tallies", seed, len(want.Tallies))
	}
}

func ask(t *testing.T, c *world.Config, catalog *world.Catalog, text string) *oracle.Results {
	t.Helper()
	dir := t.TempDir()
	if err := columns.Write(dir, c, catalog); err != nil {
		t.Fatal(err)
	}
	sql := filepath.Join(dir, "oracle.sql")
	if err := os.WriteFile(sql, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	run := exec.CommandContext(context.Background(), python, "../peers/duckdb_peer.py", "--data", dir, "--sql", sql, "--out", out)
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	r, err := oracle.ReadResults(out)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryBuiltInProgramIsSaidOrRefused(t *testing.T) {
	p, err := world.FindProgram()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := oracle.Text(p, world.AsOf, oracle.Dialects["duckdb"]); err != nil {
		t.Error(err)
	}
}
