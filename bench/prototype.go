package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/kizuna-org/kizuna/bench/world"
)

// prototypeCmd runs the prototype that the kernel was designed after: other rules
// (one threshold, whole days, no people), its own
// data of the same shape. It stands beside the project, not in it.
type prototypeCmd struct {
	Set     string `help:"Which world's shape: P10, P100, D100, S10." enum:"P10,P100,D100,D1B,S10" default:"P10"`
	From    string `help:"The prototype's source." default:"../../shared/prototype/engine" type:"path"`
	Threads int    `help:"Cores." default:"2"`
	Reps    int    `help:"How often." default:"5"`
	Data    string `help:"Directory of the worlds; what is missing there is made." default:"data" type:"path"`
	Results string `help:"Directory of the results." default:"results" type:"path"`
}

var fullRun = regexp.MustCompile(`(?m)^full w=\d+: ([0-9.]+)s`)

// Run builds the prototype in a temporary directory, makes its data and times it; then
// Kizuna, with the same job and with all rules.
func (cmd *prototypeCmd) Run(ctx context.Context) error {
	if _, err := os.Stat(cmd.From); err != nil {
		return fmt.Errorf("the prototype is not beside this checkout: %w", err)
	}
	dir, err := os.MkdirTemp("", "kizuna-prototype-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(filepath.Join(dir, "source"), os.DirFS(cmd.From)); err != nil {
		return err
	}
	now := circumstancesNow()
	var used time.Duration // by the last process
	run := func(name string, args ...string) ([]byte, error) {
		c := exec.CommandContext(ctx, name, args...)
		c.Dir = filepath.Join(dir, "source")
		out, err := c.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", name, err, out)
		}
		used = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
		return out, nil
	}
	if _, err := run("go", "build", "-o", dir, "./cmd/..."); err != nil {
		return err
	}
	c, err := world.Set(cmd.Set)
	if err != nil {
		return err
	}
	data, partners := filepath.Join(dir, "data"), strconv.Itoa(c.Partners)
	args := []string{"-n", strconv.Itoa(c.Rows), "-seg", data, "-partners", partners}
	switch cmd.Set[0] {
	case 'S':
		args = append(args, "-single")
	case 'D':
		args = append(args, "-xm", "17.5")
	}
	if _, err := run(filepath.Join(dir, "mkdata"), args...); err != nil {
		return err
	}
	measure := func(reps int) ([]byte, error) {
		return run(filepath.Join(dir, "bench"), "-seg", data, "-partners", partners, "-w", strconv.Itoa(cmd.Threads), "-reps", strconv.Itoa(reps))
	}
	// It does not tell its processor time: that of a repetition is what more of them take.
	if _, err := measure(1); err != nil {
		return err
	}
	once := used
	out, err := measure(cmd.Reps + 1)
	if err != nil {
		return err
	}
	r := result{Set: cmd.Set, Job: "prototype", Rows: c.Rows, Threads: cmd.Threads, Same: true, Beside: "prototype", circumstances: now}
	r.Engine = "prototype"
	r.CPU = []float64{(used - once).Seconds() / float64(cmd.Reps)}
	for _, m := range fullRun.FindAllSubmatch(out, -1) {
		seconds, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return err
		}
		r.Wall = append(r.Wall, seconds)
	}
	if len(r.Wall) == 0 {
		return fmt.Errorf("the prototype told no times:\n%s", bytes.TrimSpace(out))
	}
	fmt.Printf("prototype  %s  %d cores  %s, processor %.3g s  (its own, simpler rules and data)\n", cmd.Set, cmd.Threads, spread(r.Wall), r.CPU[0])
	all := []result{r}
	if err := cmd.beside(ctx, &all); err != nil {
		return err
	}
	return writeJSON(cmd.Results, cmd.Set+"-prototype.json", all)
}

// beside runs Kizuna after the prototype and tells how many times its time it takes.
func (cmd *prototypeCmd) beside(ctx context.Context, all *[]result) error {
	for _, job := range []string{"simple", "full"} {
		kizuna := runCmd{
			worldFlags: worldFlags{Set: cmd.Set}, Job: job, Engines: []string{"kizuna"},
			Threads: []int{cmd.Threads}, Reps: cmd.Reps, Data: cmd.Data, Results: cmd.Results, Limit: time.Hour,
		}
		m, err := kizuna.world(ctx)
		if err != nil {
			return err
		}
		now := circumstancesNow()
		r, err := kizuna.one(ctx, "kizuna", cmd.Threads)
		if err != nil {
			return err
		}
		r.Rows, r.Same, r.Beside, r.circumstances = m.Rows, true, "prototype", now
		*all = append(*all, *r)
		fmt.Printf("%-9s  %s  %d cores  %s, processor %.3g s: %.2f times the prototype's time, %.2f times its processor time\n", job, cmd.Set, cmd.Threads,
			spread(r.Wall), median(r.CPU), median(r.Wall)/median((*all)[0].Wall), median(r.CPU)/median((*all)[0].CPU))
	}
	return nil
}
