package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
)

// fataler is what rapid.T and testing.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// mustExplainAlike explains from packed usage, and by reading it all, and compares every
// byte of what is said.
func mustExplainAlike(t fataler, args ...string) (said string) {
	t.Helper()
	var out [2][2]bytes.Buffer
	var code [2]int
	for i, more := range [][]string{nil, {"--oracle"}} {
		code[i] = run(context.Background(), append(append([]string{"explain"}, args...), more...), strings.NewReader(""), &out[i][0], &out[i][1])
	}
	for i, stream := range []string{"output", "error"} {
		if got, want := out[0][i].String(), out[1][i].String(); got != want {
			t.Fatalf("kizuna explain %s: standard %s is\n%s\nand with --oracle\n%s", strings.Join(args, " "), stream, got, want)
		}
	}
	if code[0] != code[1] {
		t.Fatalf("kizuna explain %s: exit code %d, and with --oracle %d: %s", strings.Join(args, " "), code[0], code[1], &out[0][1])
	}
	return out[0][0].String()
}

func builtin(t fataler) []*program.Program {
	t.Helper()
	all, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestExplanationsAreTheOraclesOnRandomFacts(t *testing.T) {
	dir := t.TempDir()
	programs := builtin(t)
	rapid.Check(t, func(t *rapid.T) {
		data, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(data)
		f := rapid.SampledFrom([]func(*rapid.T) *attribution.Facts{worldtest.Draw, worldtest.DrawMixed}).Draw(t, "kind of world")(t)
		facts := &dataset.Dataset{Associations: *f.Associations, Ledger: f.Usage, Rates: f.Rates, People: *worldtest.DrawPeople(t)}
		if err := dataset.Write(data, facts); err != nil {
			t.Fatal(err)
		}
		p := rapid.SampledFrom(programs).Draw(t, "program")
		area := &p.Areas[rapid.IntRange(0, len(p.Areas)-1).Draw(t, "area")]
		mustExplainAlike(t, append([]string{
			"--data", data, "--program", p.Ref(), "--area", area.ID,
			"--as-of", rapid.SampledFrom([]string{"2023-11-15", "2022-12-31"}).Draw(t, "day"),
			"--partner", rapid.SampledFrom([]string{"G1", "G2", "L1", "L3"}).Draw(t, "partner"),
			"--metric", area.Metrics[rapid.IntRange(0, len(area.Metrics)-1).Draw(t, "metric")].ID,
			"--attribution", rapid.SampledFrom([]string{"both", "own", "asserted"}).Draw(t, "attribution"),
		}, rapid.SampledFrom([][]string{
			nil, {"--json"}, {"--json"}, {"--most", "1"}, {"--most", "0"}, {"--lang", "ja"},
			{"--customer", "t1"}, {"--customer", "T2"}, {"--customer", "t2", "--most", "1"}, {"--customer", "nobody"}, {"--csp-history", "by_interval", "--json"},
		}).Draw(t, "how")...)...)
	})
}

func TestExplanationsAreTheOraclesOnWorldsAndTheDemo(t *testing.T) {
	example := filepath.Join(t.TempDir(), "demo")
	if err := demo.Write(example, false); err != nil {
		t.Fatal(err)
	}
	// They stand beside the project, not in it.
	worlds, err := filepath.Glob("../../../shared/domain/worlds/w*")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range append(worlds, example) {
		data := filepath.Join(t.TempDir(), filepath.Base(from))
		if err := os.CopyFS(data, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		d, err := dataset.Load(t.Context(), data, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		partner := d.Associations.Locations[0].Global
		said := 0
		p, err := program.Find(builtin(t), "mcpp@2023-10")
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Areas {
			area := &p.Areas[i]
			for j := range area.Metrics {
				args := []string{"--data", data, "--program", p.Ref(), "--as-of", "2023-11-15", "--partner", partner, "--area", area.ID, "--metric", area.Metrics[j].ID}
				switch (i + j) % 3 {
				case 1:
					args = append(args, "--json")
				case 2:
					args = append(args, "--customer", d.Associations.Customers[0].Tenant)
				}
				said += len(mustExplainAlike(t, args...))
			}
		}
		if said < 10_000 {
			t.Errorf("%s: only %d bytes were said", from, said)
		}
	}
}
