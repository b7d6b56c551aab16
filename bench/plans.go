package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/check"
	"github.com/kizuna-org/kizuna/advice/plan/plantest"
	"github.com/kizuna-org/kizuna/advice/plan/solve"
)

type plansCmd struct {
	Partners  int           `help:"How many partners." default:"200"`
	First     uint64        `help:"The seed of the first." default:"1"`
	Actions   int           `help:"How many things each could do, at least." default:"300"`
	Margin    int           `help:"How many units may fail, one at a time." default:"0"`
	Limit     time.Duration `help:"CPU time for each instance." default:"10s"`
	PeerLimit time.Duration `help:"Time for each instance of the peer, which goes by the clock; 0: no peer." default:"10s"`
	Data      string        `help:"Directory of the instances." default:"data" type:"path"`
	Results   string        `help:"Directory of the results." default:"results/plans" type:"path"`
	Python    string        `help:"The interpreter that has the peer." default:".venv/bin/python" type:"path"`
	Peers     string        `help:"Directory of the peers." default:"peers" type:"path"`
}

// planned is how an engine did on an instance.
type planned struct {
	Seed       uint64   `json:"seed"`
	Engine     string   `json:"engine"`
	Cost       *int64   `json:"cost"`
	Bound      *float64 `json:"bound"`
	Proven     bool     `json:"proven"` // optimal, or that there is no plan
	Infeasible bool     `json:"infeasible"`
	Seconds    float64  `json:"seconds"`
	CPU        float64  `json:"cpu"`
	CheckCPU   float64  `json:"check_cpu,omitempty"`
	Nodes      int      `json:"nodes"`
	Leaves     int      `json:"leaves,omitempty"` // nodes of the certificate
}

func (p *planned) gap() float64 {
	if p.Proven {
		return 0
	}
	if p.Cost == nil || p.Bound == nil {
		return math.Inf(1)
	}
	return 1 - *p.Bound/float64(*p.Cost)
}

// Run has Kizuna and HiGHS find the cheapest plans of the same partners and
// compares what both have proven.
func (cmd *plansCmd) Run(ctx context.Context) error {
	for _, dir := range []string{cmd.Data, cmd.Results} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("plans-%d-%d-%d-%d", cmd.Actions, cmd.Margin, cmd.First, cmd.Partners)
	var lines bytes.Buffer
	var all []planned
	for i := range cmd.Partners {
		seed := cmd.First + uint64(i)
		in := plantest.Partner(seed, cmd.Actions)
		if cmd.Margin > 0 {
			in = plantest.Margin(in, cmd.Margin)
		}
		if err := json.NewEncoder(&lines).Encode(in); err != nil {
			return err
		}
		p, err := cmd.kizuna(ctx, seed, in)
		if err != nil {
			return err
		}
		all = append(all, *p)
		fmt.Fprintf(os.Stderr, "partner %d: %s, gap %.2f %%, %.2f s\n", seed, p.text(), 100*p.gap(), p.CPU)
	}
	cmd.sum("kizuna", all)
	if cmd.PeerLimit > 0 {
		instances := filepath.Join(cmd.Data, name+".jsonl")
		if err := os.WriteFile(instances, lines.Bytes(), 0o666); err != nil {
			return err
		}
		peer, err := cmd.highs(ctx, instances)
		if err != nil {
			return err
		}
		cmd.sum("highs", peer)
		if err := agree(all, peer); err != nil {
			return err
		}
		all = append(all, peer...)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(cmd.Results, name+".json"), text, 0o666)
}

func (cmd *plansCmd) kizuna(ctx context.Context, seed uint64, in *plan.Instance) (*planned, error) {
	begin, used := time.Now(), cpuSeconds()
	r, err := solve.Solve(in, solve.Options{Stop: func() bool {
		return ctx.Err() != nil || cpuSeconds()-used > cmd.Limit.Seconds()
	}})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	p := &planned{
		Seed: seed, Engine: "kizuna", Proven: r.Infeasible || r.Optimal(), Infeasible: r.Infeasible,
		Seconds: time.Since(begin).Seconds(), CPU: cpuSeconds() - used, Nodes: r.Nodes, Leaves: len(r.Certificate.Nodes),
	}
	if bound := float64(r.Bound); !r.Infeasible {
		p.Bound = &bound
	}
	if r.Plan != nil {
		p.Cost = &r.Cost
	}
	used = cpuSeconds()
	if err := check.Certificate(in, r.Certificate); err != nil {
		return nil, fmt.Errorf("partner %d: %w", seed, err)
	}
	p.CheckCPU = cpuSeconds() - used
	return p, nil
}

func (cmd *plansCmd) highs(ctx context.Context, instances string) ([]planned, error) {
	c := exec.CommandContext(ctx, cmd.Python, filepath.Join(cmd.Peers, "highs_peer.py"),
		"--instances", instances, "--limit", strconv.FormatFloat(cmd.PeerLimit.Seconds(), 'f', -1, 64))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, err
	}
	var all []planned
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if !bytes.HasPrefix(s.Bytes(), []byte("{")) {
			continue // HiGHS says who it is
		}
		p := planned{Seed: cmd.First + uint64(len(all)), Engine: "highs"}
		if err := json.Unmarshal(s.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("%q: %w", s.Text(), err)
		}
		all = append(all, p)
	}
	return all, nil
}

// agree compares what both engines have proven.
func agree(ours, peers []planned) error {
	if len(ours) != len(peers) {
		return fmt.Errorf("%d answers, and %d of the peer", len(ours), len(peers))
	}
	both, differ := 0, 0
	for i := range ours {
		a, b := &ours[i], &peers[i]
		if !a.Proven || !b.Proven {
			continue
		}
		both++
		if a.Infeasible != b.Infeasible || !a.Infeasible && *a.Cost != *b.Cost {
			differ++
			fmt.Printf("partner %d: kizuna %s, highs %s\n", a.Seed, a.text(), b.text())
		}
	}
	fmt.Printf("both proved %d, of which %d differ\n", both, differ)
	if differ > 0 {
		return fmt.Errorf("%d of %d proven optima differ", differ, both)
	}
	return nil
}

func (p *planned) text() string {
	if p.Cost == nil {
		return "no plan"
	}
	return strconv.FormatInt(*p.Cost, 10)
}

// sum prints how an engine did on all partners.
func (cmd *plansCmd) sum(engine string, all []planned) {
	proven, without, worst := 0, 0, 0.0
	var cpu []float64
	for i := range all {
		p := &all[i]
		cpu = append(cpu, p.CPU)
		if p.Proven {
			proven++
		}
		if g := p.gap(); math.IsInf(g, 1) {
			without++
		} else {
			worst = max(worst, g)
		}
	}
	slices.Sort(cpu)
	at := func(q float64) float64 { return cpu[int(q*float64(len(cpu)-1))] }
	fmt.Printf("%s: %d partners with %d actions: %d proven (%.1f %%), %d without plan or bound, largest gap %.2f %%; CPU seconds p50 %.2f, p90 %.2f, p95 %.2f, most %.2f\n",
		engine, len(all), cmd.Actions, proven, 100*float64(proven)/float64(len(all)), without, 100*worst, at(.5), at(.9), at(.95), at(1))
}
