package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// suiteCmd runs everything that the tables need, one after the other, and writes them.
type suiteCmd struct {
	Size      string `arg:"" help:"try: a million rows, once, to see that all works; normal: 10 million rows; full: up to a billion." enum:"try,normal,full" default:"normal"`
	Cores     int    `help:"The most cores; 0: all." default:"0"`
	Data      string `help:"Directory of the worlds; what is missing there is made." default:"data" type:"path"`
	Results   string `help:"Directory of the results; those of earlier runs are kept." default:"results" type:"path"`
	Python    string `help:"The interpreter that has the peers." default:".venv/bin/python" type:"path"`
	Prototype string `help:"The prototype's source; without it nothing is compared with the prototype." default:"../../shared/prototype/engine" type:"path"`
	Plan      bool   `help:"Only print the steps."`
}

// Run goes through the steps. One that fails does not keep others from running.
func (cmd *suiteCmd) Run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	steps := cmd.steps()
	var failed []error
	for i, step := range steps {
		fmt.Printf("\n[%d/%d] bench %s\n", i+1, len(steps), strings.Join(step, " "))
		if cmd.Plan {
			continue
		}
		start := time.Now()
		run := exec.CommandContext(ctx, self, append(step, cmd.places(step[0])...)...)
		run.Stdout, run.Stderr = os.Stdout, os.Stderr
		run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
		run.WaitDelay = 10 * time.Second
		err := run.Run()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("bench %s: %w", strings.Join(step, " "), err))
		}
		fmt.Printf("(%.0f s)\n", time.Since(start).Seconds())
	}
	return errors.Join(failed...)
}

// steps are the commands of a size, but for the folders.
func (cmd *suiteCmd) steps() (steps [][]string) {
	add := func(words string, more ...string) { steps = append(steps, append(strings.Fields(words), more...)) }
	cores := cmd.Cores
	if cores == 0 {
		cores = runtime.NumCPU()
	}
	all := strconv.Itoa(cores)
	some := all
	if cores > 1 {
		some = "1," + all
	}
	const peers = "--engines kizuna,duckdb,polars,clickhouse,postgres"
	_, err := os.Stat(cmd.Prototype)
	prototype := err == nil
	if cmd.Size == "try" {
		add("run --set P1 --reps 1 --threads " + some)
		add("run --set P1 --job azure --reps 1 --threads " + all + " " + peers)
		add("go --rows 100000 --count 1")
		add("whole --set P1 --rows 100000 --bill 100000 --reps 1")
		add("report")
		return steps
	}
	add("run --set P1 --reps 3 --threads " + all)
	add("run --set P10 --reps 3 --threads " + some)
	add("run --set S10 --reps 5 --threads " + all)
	if cmd.Size == "normal" {
		add("run --set P10 --job azure --reps 1 --threads " + all + " " + peers)
	}
	if prototype {
		add("prototype --set P10 --reps 5 --threads " + all)
	}
	add("go --rows 10000000 --count 3")
	add("whole --set P10 --rows 10000000 --reps 10", "--what", "book,fleet")
	add("whole --bill 1000000 --reps 3", "--what", "build")
	if cmd.Size == "full" {
		add("run --set P100 --reps 3 --threads " + some + " --limit 1h")
		add("run --set D10 --reps 3 --threads " + all)
		add("run --set D100 --reps 3 --threads " + all + " --limit 1h")
		add("run --set D1B --engines kizuna --reps 3 --threads " + all)
		if prototype {
			add("prototype --set P100 --reps 3 --threads " + all)
			add("prototype --set D1B --reps 3 --threads " + all)
		}
		add("run --set P10 --job azure --reps 1 --threads " + all + " " + peers + ",spark")
		add("go --rows 100000000 --count 3", "--only", "Change|Explain")
		add("whole --set P100 --reps 5", "--what", "fleet")
	}
	add("report")
	return steps
}

// places are the folders of a command.
func (cmd *suiteCmd) places(command string) []string {
	places := []string{"--results", cmd.Results}
	if command == "report" {
		return places
	}
	if command != "go" {
		places = append(places, "--data", cmd.Data)
	}
	if command == "prototype" {
		places = append(places, "--from", cmd.Prototype)
	}
	if slices.Contains([]string{"run", "whole"}, command) {
		places = append(places, "--python", cmd.Python)
	}
	return places
}
