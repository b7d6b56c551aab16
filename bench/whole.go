package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/kizuna-org/kizuna/bench/world"
)

// wholeCmd times whole processes, from their start to their end.
type wholeCmd struct {
	What    []string `help:"Which: book is kizuna score on one partner's book; fleet is kizuna fleet score and backtest on the set; build is the way from a bill to a segment." enum:"book,fleet,build" default:"book,fleet,build"`
	Set     string   `help:"Which world the fleet is: ${sets}." default:"P10"`
	Rows    int      `help:"Usage rows of the book." default:"10000000"`
	Bill    int      `help:"Rows of the bill." default:"1000000"`
	Reps    int      `help:"How often each." default:"10"`
	Module  string   `help:"Directory of Kizuna's module." default:".." type:"path"`
	Data    string   `help:"Directory of the worlds; what is missing there is made." default:"data" type:"path"`
	Results string   `help:"Directory of the results." default:"results" type:"path"`
	Python  string   `help:"The interpreter that has DuckDB; none: without it." default:".venv/bin/python" type:"path"`
	Peers   string   `help:"Directory of the peers." default:"peers" type:"path"`
}

// Run measures one after the other. What fails is told at the end; the others are kept.
func (cmd *wholeCmd) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "kizuna-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	product := filepath.Join(dir, "kizuna")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", product, "./cmd/kizuna")
	build.Dir, build.Env = cmd.Module, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building kizuna: %w\n%s", err, said)
	}
	var failed []error
	for _, what := range cmd.What {
		s := &samples{with: circumstancesNow(), cores: runtime.NumCPU()}
		var err error
		switch what {
		case "book":
			err = cmd.book(ctx, product, s)
		case "fleet":
			err = cmd.fleet(ctx, product, s)
		case "build":
			err = cmd.build(ctx, s)
		}
		if err == nil {
			s.print()
			err = keepFigures(cmd.Results, s.figures)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", what, err))
		}
	}
	return errors.Join(failed...)
}

// book times kizuna score on a book whose usage is in the cache: from the start of the
// process to its end. The file may be in the system's memory still. The benchmark of the module makes the book.
func (cmd *wholeCmd) book(ctx context.Context, product string, s *samples) error {
	dir := filepath.Join(cmd.Data, "book-"+strconv.Itoa(cmd.Rows))
	if !exists(dir, bookMade) {
		fmt.Printf("making a book of %d rows\n", cmd.Rows)
		if err := cmd.makeBook(ctx, dir); err != nil {
			return err
		}
	}
	ask := []string{"score", "--data", dir, "--as-of", "2023-11-15"}
	if _, err := whole(ctx, product, ask...); err != nil { // packs it, unless it is packed
		return err
	}
	s.rows = cmd.Rows
	return s.repeat(ctx, cmd.Reps, product, []asked{{"kizuna score", ask}})
}

const bookMade = "made" // a file that stands in a book that is whole

func (cmd *wholeCmd) makeBook(ctx context.Context, dir string) error {
	if err := os.RemoveAll(dir); err != nil { // half a book
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	run := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkScoreBook$", "-benchtime", "1x", "-timeout", "1h", "./internal/command")
	run.Dir = cmd.Module
	run.Env = append(os.Environ(), "KIZUNA_BENCH_ROWS="+strconv.Itoa(cmd.Rows), "KIZUNA_BENCH_DIR="+dir)
	if said, err := run.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return os.WriteFile(filepath.Join(dir, bookMade), nil, 0o666)
}

// versions are what the set's own program is tested against: its next version, of
// which most is the same, and one of other years.
var versions = []string{"mcpp@2023-12", "mcpp@2026-07"}

// fleet times all partners' scores, and beside them what other versions of the program
// would change. The set has no place: its people are not asked about.
func (cmd *wholeCmd) fleet(ctx context.Context, product string, s *samples) error {
	w := runCmd{worldFlags: worldFlags{Set: cmd.Set}, Engines: []string{"kizuna"}, Data: cmd.Data}
	m, err := w.world(ctx)
	if err != nil {
		return err
	}
	s.rows = m.Rows
	question := []string{"--segment", filepath.Join(cmd.Data, cmd.Set, segmentFile), "--program", world.Program, "--as-of", world.AsOf.String()}
	asks := []asked{{"kizuna fleet score " + cmd.Set, append([]string{"fleet", "score"}, question...)}}
	for _, v := range versions {
		asks = append(asks, asked{"kizuna fleet backtest " + cmd.Set + " " + v, append([]string{"fleet", "backtest", "--against", v}, question...)})
	}
	return s.repeat(ctx, cmd.Reps, product, asks)
}

// build times the stages from a bill to a segment, each repetition in a process of
// its own, DuckDB's beside Kizuna's.
func (cmd *wholeCmd) build(ctx context.Context, s *samples) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.rows, s.cores = cmd.Bill, 1
	for range cmd.Reps {
		run := exec.CommandContext(ctx, self, "build", "--json", "--reps", "1", "--rows", strconv.Itoa(cmd.Bill),
			"--data", filepath.Join(cmd.Data, "build"), "--python", cmd.Python, "--peers", cmd.Peers)
		var complained bytes.Buffer
		run.Stderr = &complained
		said, err := run.Output()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, complained.Bytes())
		}
		var stages []stage
		if err := json.Unmarshal(said, &stages); err != nil {
			return err
		}
		for _, stage := range stages {
			s.add("build "+stage.Name, "rows/cpu-s", stage.rate())
		}
	}
	return nil
}

// cost is what a process took.
type cost struct {
	wall, cpu float64 // seconds
	peak      int64   // bytes resident
}

// whole runs a process and throws away what it prints.
func whole(ctx context.Context, name string, args ...string) (cost, error) {
	run := exec.CommandContext(ctx, name, args...)
	var complained bytes.Buffer
	run.Stderr = &complained
	start := time.Now()
	err := run.Run()
	took := time.Since(start)
	if err != nil {
		return cost{}, fmt.Errorf("%v: %w\n%s", args, err, complained.Bytes())
	}
	used := run.ProcessState.UserTime() + run.ProcessState.SystemTime()
	return cost{wall: took.Seconds(), cpu: used.Seconds(), peak: peakOf(run.ProcessState)}, nil
}

// asked is a command of the product and what its figures are called.
type asked struct {
	name string
	args []string
}

// repeat times commands in turn, so that what else happens on the machine happens to all.
func (s *samples) repeat(ctx context.Context, reps int, product string, asks []asked) error {
	for range reps {
		for _, a := range asks {
			c, err := whole(ctx, product, a.args...)
			if err != nil {
				return err
			}
			s.add(a.name, "s", c.wall)
			s.add(a.name, "cpu-s", c.cpu)
			s.add(a.name, "B", float64(c.peak))
		}
	}
	return nil
}
