package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
)

type runCmd struct {
	worldFlags
	Job     string        `help:"Which rules: full; azure for the three Azure areas; simple for the prototype's job, which only Kizuna knows." enum:"full,azure,simple" default:"full"`
	Engines []string      `help:"Which engines: kizuna, duckdb; for azure also polars, clickhouse, postgres, spark." default:"kizuna,duckdb"`
	Threads []int         `help:"On how many cores." default:"2"`
	Reps    int           `help:"How often each." default:"5"`
	Data    string        `help:"Directory of the worlds; what is missing there is made." default:"data" type:"path"`
	Results string        `help:"Directory of the results." default:"results" type:"path"`
	Python  string        `help:"The interpreter that has the peers." default:".venv/bin/python" type:"path"`
	Peers   string        `help:"Directory of the peers." default:"peers" type:"path"`
	Limit   time.Duration `help:"The longest that an engine may take." default:"30m"`
}

// engine is one of those that are compared.
type engine struct {
	script  string // of the peer; Kizuna has none
	dialect string
	only    string // the only job that it knows
}

var engines = map[string]engine{
	"kizuna":     {},
	"duckdb":     {script: "duckdb_peer.py", dialect: "duckdb"},
	"polars":     {script: "polars_peer.py", dialect: "portable", only: "azure"},
	"clickhouse": {script: "chdb_peer.py", dialect: "portable", only: "azure"},
	"postgres":   {script: "postgres_peer.py", dialect: "portable", only: "azure"},
	"spark":      {script: "spark_peer.py", dialect: "portable", only: "azure"},
}

// result is what was measured of an engine.
type result struct {
	Set     string `json:"set"`
	Job     string `json:"job"`
	Rows    int    `json:"rows"`
	Threads int    `json:"threads"`
	report
	Digest map[string]string `json:"digest"`
	Same   bool              `json:"same"` // as the first engine's answer
	Packed *packed           `json:"packed,omitempty"`
	// Beside names what this was measured right after, to be compared with that alone.
	Beside string `json:"beside,omitempty"`
	circumstances
}

// packed is how many bytes Kizuna's segment has.
type packed struct {
	Rows      int `json:"row_bytes"`
	Directory int `json:"directory_bytes"`
	Reaches   int `json:"reach_bytes"`
	File      int `json:"file_bytes"`
}

// Run measures the engines one after the other, each in a process of its own, and
// compares their answers.
func (cmd *runCmd) Run(ctx context.Context) error {
	m, err := cmd.world(ctx)
	if err != nil {
		return err
	}
	var results []result
	for _, threads := range cmd.Threads {
		for _, name := range cmd.Engines {
			now := circumstancesNow()
			r, err := cmd.one(ctx, name, threads)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			r.Rows, r.circumstances = m.Rows, now
			r.Same = len(results) == 0 || equal(r.Digest, results[0].Digest)
			results = append(results, *r)
			fmt.Printf("%-18s %d cores  %s  peak %s  %s\n", r.Engine, threads, spread(r.Wall), bytesOf(r.Peak), map[bool]string{true: "same", false: "DIFFERS"}[r.Same])
		}
	}
	if err := writeJSON(cmd.Results, cmd.Set+"-"+cmd.Job+".json", results); err != nil {
		return err
	}
	if slices.ContainsFunc(results, func(r result) bool { return !r.Same }) {
		return errDiffer
	}
	return nil
}

// world makes what is missing of the set: a segment, too, that this Kizuna cannot read
// because its format was another.
func (cmd *runCmd) world(ctx context.Context) (m made, err error) {
	c, err := cmd.config()
	if err != nil {
		return m, err
	}
	dir := filepath.Join(cmd.Data, cmd.Set)
	data, err := os.ReadFile(filepath.Join(dir, madeFile))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	same := err == nil && m.Config == c
	peers := slices.ContainsFunc(cmd.Engines, func(name string) bool { return name != "kizuna" })
	tables := peers && !(same && exists(dir, "parquet", "facts.parquet"))
	var refused error
	if same {
		refused = readable(filepath.Join(dir, segmentFile), &m)
	}
	if same && refused == nil && !tables {
		return m, nil
	}
	if refused != nil && exists(dir, segmentFile) {
		fmt.Printf("%s: the segment is made anew: %v\n", cmd.Set, refused)
	}
	fmt.Printf("making %s: %d rows\n", cmd.Set, c.Rows)
	return generate(ctx, dir, &c, tables, !same || refused != nil)
}

// readable tells what is wrong with a segment, if anything: every block is looked at,
// since a format may differ anywhere.
func readable(path string, m *made) error {
	s, err := segment.Open(path)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Check(); err != nil {
		return err
	}
	if info := s.Info(); info.Rows != m.Rows || info.Tenants != m.Tenants {
		return fmt.Errorf("it has %d rows of %d customers", info.Rows, info.Tenants)
	}
	return nil
}

func exists(path ...string) bool {
	_, err := os.Stat(filepath.Join(path...))
	return err == nil
}

// one runs an engine.
func (cmd *runCmd) one(ctx context.Context, name string, threads int) (*result, error) {
	e, ok := engines[name]
	if !ok {
		return nil, fmt.Errorf("there is no such engine")
	}
	if e.only != "" && e.only != cmd.Job || e.script != "" && cmd.Job == "simple" {
		return nil, fmt.Errorf("it does not know the job %s", cmd.Job)
	}
	out, err := os.MkdirTemp("", "kizuna-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	ctx, cancel := context.WithTimeout(ctx, cmd.Limit)
	defer cancel()
	command, err := cmd.command(ctx, e, out)
	if err != nil {
		return nil, err
	}
	command.Args = append(command.Args, "--threads", strconv.Itoa(threads), "--reps", strconv.Itoa(cmd.Reps), "--out", out)
	var said bytes.Buffer
	command.Stdout = &said
	var complained bytes.Buffer
	command.Stderr = &complained
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", cmp.Or(context.Cause(ctx), err), complained.Bytes())
	}
	r := &result{Set: cmd.Set, Job: cmd.Job, Threads: threads}
	lines := bytes.Split(bytes.TrimSpace(said.Bytes()), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &r.report); err != nil {
		return nil, err
	}
	if e.script == "" {
		if r.Packed, err = packedIn(filepath.Join(cmd.Data, cmd.Set, segmentFile)); err != nil {
			return nil, err
		}
	}
	r.Digest, err = oracle.Digest(out)
	return r, err
}

func packedIn(path string) (*packed, error) {
	s, err := segment.Open(path)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	info := s.Info()
	return &packed{info.RowBytes, info.DirectoryBytes, info.ReachBytes, info.FileBytes}, nil
}

func (cmd *runCmd) command(ctx context.Context, e engine, out string) (*exec.Cmd, error) {
	dir := filepath.Join(cmd.Data, cmd.Set)
	if e.script == "" {
		self, err := os.Executable()
		return exec.CommandContext(ctx, self, "kizuna", "--data", dir, "--job", cmd.Job), err
	}
	p, err := job(cmd.Job)
	if err != nil {
		return nil, err
	}
	text, err := oracle.Text(p, world.AsOf, oracle.Dialects[e.dialect])
	if err != nil {
		return nil, err
	}
	sql := filepath.Join(out, "rules.sql")
	if err := os.WriteFile(sql, []byte(text), 0o666); err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, cmd.Python, filepath.Join(cmd.Peers, e.script), "--data", filepath.Join(dir, "parquet"), "--sql", sql), nil
}

func equal(a, b map[string]string) bool {
	for table := range b {
		if a[table] != b[table] {
			return false
		}
	}
	return true
}

// load reads all results of a directory.
func load(dir string) (all []result, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if filepath.Base(path) == figuresFile {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var some []result
		if err := json.Unmarshal(data, &some); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// spread writes median, least and most of seconds.
func spread(of []float64) string {
	if len(of) == 0 {
		return ""
	}
	return valueOf(of).in("s")
}

func bytesOf(n int64) string {
	if n == 0 {
		return "" // the engine does not tell
	}
	if n < 10<<30 {
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
