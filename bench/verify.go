package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/bench/columns"
	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
)

type verifyCmd struct {
	Seeds   int    `help:"How many batches of new worlds." default:"10"`
	First   uint64 `help:"The first seed."`
	Islands int    `help:"How many worlds in a batch." default:"250"`
	Python  string `help:"The interpreter that has the peers." default:".venv/bin/python" type:"path"`
}

var errDiffer = errors.New("the answers differ")

// Run compares every tally, point, total and pass mark of every account.
func (cmd *verifyCmd) Run(ctx context.Context) error {
	p, err := world.FindProgram()
	if err != nil {
		return err
	}
	text, err := oracle.Text(p, world.AsOf, oracle.Dialects["duckdb"])
	if err != nil {
		return err
	}
	catalog := world.NewCatalog(p)
	figures := 0
	for seed := cmd.First; seed < cmd.First+uint64(cmd.Seeds); seed++ {
		c := world.Tiny(seed, cmd.Islands)
		got, err := askDuckDB(ctx, cmd.Python, &c, catalog, text)
		if err != nil {
			return err
		}
		want := oracle.Naive(p, world.AsOf, c.Dataset(catalog))
		counted, err := askKernel(ctx, &c, catalog, p)
		if err != nil {
			return err
		}
		if err := same(seed, "DuckDB", got, want); err != nil {
			return err
		}
		if err := same(seed, "the kernel", counted, want); err != nil {
			return err
		}
		figures += len(want.Tallies) + len(want.Points) + len(want.Tracks) + len(want.Areas)
		fmt.Printf("seed %d: %d worlds, %d tallies, all the same\n", seed, cmd.Islands, len(want.Tallies))
	}
	fmt.Printf("%d worlds, %d figures: DuckDB, the kernel and the clear form say the same\n", cmd.Seeds*cmd.Islands, figures)
	return nil
}

// same prints where an answer differs from the clear form's.
func same(seed uint64, who string, got, want *oracle.Results) error {
	differences := oracle.Differences(got, want, 20)
	for _, d := range differences {
		fmt.Printf("seed %d: %s says of %s\n", seed, who, d)
	}
	if len(differences) > 0 {
		return errDiffer
	}
	return nil
}

// askKernel gives the kernel a world as a segment.
func askKernel(ctx context.Context, c *world.Config, catalog *world.Catalog, p *program.Program) (*oracle.Results, error) {
	dir, err := os.MkdirTemp("", "kizuna-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if _, err := generate(ctx, dir, c, false, true); err != nil {
		return nil, err
	}
	s, err := segment.Open(filepath.Join(dir, segmentFile))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	view, err := segment.NewView(s)
	if err != nil {
		return nil, err
	}
	plan := attribution.NewPlan(p, world.AsOf)
	k, err := kernel.Compile(plan, attribution.TrustBoth)
	if err != nil {
		return nil, err
	}
	totals, err := k.Run(ctx, view, kernel.Options{Workers: 2})
	if err != nil {
		return nil, err
	}
	known := people.NewIndex(c.PeopleFacts(catalog))
	roster := known.Roster(p, world.AsOf, totals.Accounts(), oracle.NewPlaces(s, known).On(world.AsOf))
	return oracle.Score(totals, plan, roster, 2).Results(), nil
}

// askDuckDB gives DuckDB a world and the rules as SQL.
func askDuckDB(ctx context.Context, python string, c *world.Config, catalog *world.Catalog, text string) (*oracle.Results, error) {
	dir, err := os.MkdirTemp("", "kizuna-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := columns.Write(dir, c, catalog); err != nil {
		return nil, err
	}
	sql := filepath.Join(dir, "oracle.sql")
	if err := os.WriteFile(sql, []byte(text), 0o666); err != nil {
		return nil, err
	}
	run := exec.CommandContext(ctx, python, "peers/duckdb_peer.py", "--data", dir, "--sql", sql, "--out", dir)
	if said, err := run.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return oracle.ReadResults(dir)
}
