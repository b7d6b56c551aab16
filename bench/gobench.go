package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// goCmd runs benchmarks of Kizuna's own module, each in a process of its own.
type goCmd struct {
	Rows    int    `help:"Usage rows of the benchmarks that work on a packed program or book." default:"10000000"`
	Only    string `help:"Only the benchmarks whose package and name match this expression."`
	Count   int    `help:"How often each." default:"5"`
	Module  string `help:"Directory of Kizuna's module." default:".." type:"path"`
	Results string `help:"Directory of the results." default:"results" type:"path"`
}

// goBenchmark is a run of go test.
type goBenchmark struct {
	pkg, pattern, time string
	cores              int // 0: all
	// rows is how many the benchmark's data has; large stands for as many as are asked for.
	rows int
}

const large = -1

// goBenchmarks are those that the table needs. Not all data may grow: what works on
// statements and bills says its rate on a million rows.
var goBenchmarks = []goBenchmark{
	{pkg: "attribution/kernel", pattern: "^BenchmarkBook$", time: "20x", rows: large},
	{pkg: "attribution/kernel", pattern: "^BenchmarkBacktest$", time: "2x", rows: large},
	{pkg: "attribution/kernel", pattern: "^BenchmarkChange$", time: "100000x", rows: large},
	{pkg: "attribution/kernel", pattern: "^BenchmarkExplain$/^(list|busiest|rows)$", time: "10000x", rows: large},
	{pkg: "attribution/segment", pattern: "^BenchmarkStatements$", time: "3x", cores: 1, rows: 1_000_000},
	{pkg: "usage/focus", pattern: "^Benchmark(Scan|Read)CSV$", time: "2x", cores: 1, rows: 1_000_000},
	{pkg: "fleet", pattern: "^BenchmarkFleet$/^new$", time: "5x"},
	{pkg: "live", pattern: "^BenchmarkEvents$/^visible$", time: "5000x"},
}

// Run measures them one after the other. What fails is told at the end; the others
// are kept.
func (cmd *goCmd) Run(ctx context.Context) error {
	only, err := regexp.Compile(cmd.Only)
	if err != nil {
		return fmt.Errorf("--only: %w", err)
	}
	var failed []error
	for _, g := range goBenchmarks {
		if !only.MatchString(g.pkg + " " + g.pattern) {
			continue
		}
		measured, err := cmd.measure(ctx, &g)
		if err == nil {
			measured.print()
			err = keepFigures(cmd.Results, measured.figures)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s, %s: %w", g.pkg, g.pattern, err))
		}
	}
	return errors.Join(failed...)
}

func (cmd *goCmd) measure(ctx context.Context, g *goBenchmark) (*samples, error) {
	dir, err := os.MkdirTemp("", "kizuna-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &samples{with: circumstancesNow(), rows: g.rows, cores: g.cores}
	if s.rows == large {
		s.rows = cmd.Rows
	}
	if s.cores == 0 {
		s.cores = runtime.NumCPU()
	}
	args := []string{
		"test", "-run", "^$", "-bench", g.pattern, "-benchtime", g.time, "-cpu", strconv.Itoa(s.cores),
		"-count", strconv.Itoa(cmd.Count), "-timeout", "2h", "./" + g.pkg,
	}
	s.with.Command = goCommandLine(args, s.rows)
	run := exec.CommandContext(ctx, "go", args...)
	run.Dir = cmd.Module
	run.Env = append(os.Environ(), "CGO_ENABLED=0")
	if s.rows > 0 {
		run.Env = append(run.Env, "KIZUNA_BENCH_ROWS="+strconv.Itoa(s.rows))
	}
	if g.rows == large { // made once for all repetitions
		run.Env = append(run.Env, "KIZUNA_BENCH_SEGMENT="+filepath.Join(dir, "segment"))
	}
	said, err := run.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	s.parse(g.pkg, string(said))
	if len(s.figures) == 0 {
		return nil, errors.New("there is no such benchmark")
	}
	return s, nil
}

// goCommandLine is what repeats a run, to be typed into a shell beside the module.
func goCommandLine(args []string, rows int) string {
	var b strings.Builder
	if rows > 0 {
		fmt.Fprintf(&b, "KIZUNA_BENCH_ROWS=%d ", rows)
	}
	b.WriteString("go")
	for _, a := range args {
		if strings.ContainsAny(a, "^$|()") {
			a = "'" + a + "'"
		}
		b.WriteString(" " + a)
	}
	return b.String()
}

// parse reads the lines that go test prints of benchmarks: a name, how often it ran,
// and pairs of a number and its unit. All other lines are passed over.
func (s *samples) parse(pkg, said string) {
	for line := range strings.Lines(said) {
		f := strings.Fields(line)
		if len(f) < 4 || len(f)%2 != 0 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		if _, err := strconv.ParseUint(f[1], 10, 64); err != nil {
			continue
		}
		name := pkg + "." + f[0]
		if s.cores > 1 {
			name = strings.TrimSuffix(name, "-"+strconv.Itoa(s.cores))
		}
		for i := 2; i < len(f); i += 2 {
			if x, err := strconv.ParseFloat(f[i], 64); err == nil {
				s.add(name, f[i+1], x)
			}
		}
	}
}
