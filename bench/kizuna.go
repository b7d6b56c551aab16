package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/people"
)

// kizunaCmd is Kizuna as an engine among the others: a process that reports as the
// peers do.
type kizunaCmd struct {
	Data    string `help:"Directory of the world." required:"" type:"path"`
	Job     string `help:"full, azure or simple." enum:"full,azure,simple" default:"full"`
	Threads int    `help:"Workers." default:"1"`
	Reps    int    `help:"How often." default:"1"`
	Out     string `help:"Directory for the answers." type:"path"`
}

// Run answers the question: totals of all accounts, people and points.
func (cmd *kizunaCmd) Run(ctx context.Context) error {
	p, err := job(cmd.Job)
	if err != nil {
		return err
	}
	var m made
	data, err := os.ReadFile(filepath.Join(cmd.Data, madeFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	start := time.Now()
	s, err := segment.Open(filepath.Join(cmd.Data, segmentFile))
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Check(); err != nil { // reads every page
		return err
	}
	view, err := segment.NewView(s)
	if err != nil {
		return err
	}
	known := people.NewIndex(m.Config.PeopleFacts(world.NewCatalog(p)))
	places := oracle.NewPlaces(s, known)
	out := report{Engine: "Kizuna", Version: version(), Load: time.Since(start).Seconds()}

	plan := attribution.NewPlan(p, world.AsOf)
	k, err := kernel.Compile(plan, attribution.TrustBoth)
	if err != nil {
		return err
	}
	var scores *oracle.Scores
	for range cmd.Reps {
		scores = nil
		runtime.GC()
		wall, used := time.Now(), cpuSeconds()
		totals, err := k.Run(ctx, view, kernel.Options{Workers: cmd.Threads})
		if err != nil {
			return err
		}
		out.Counted = append(out.Counted, time.Since(wall).Seconds())
		out.CountedCPU = append(out.CountedCPU, cpuSeconds()-used)
		roster := known.Roster(p, world.AsOf, totals.Accounts(), places.On(world.AsOf))
		scores = oracle.Score(totals, plan, roster, cmd.Threads)
		out.Wall, out.CPU = append(out.Wall, time.Since(wall).Seconds()), append(out.CPU, cpuSeconds()-used)
	}
	out.Peak = peakBytes()
	if cmd.Out != "" {
		if err := scores.Write(cmd.Out); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(&out)
}

// report is what every engine prints.
type report struct {
	Engine  string    `json:"engine"`
	Version string    `json:"version"`
	Load    float64   `json:"load"` // seconds
	Wall    []float64 `json:"wall"`
	CPU     []float64 `json:"cpu"`
	// Counted and CountedCPU are the parts of Wall and CPU after which all tallies were
	// known, where an engine tells.
	Counted    []float64 `json:"counted,omitempty"`
	CountedCPU []float64 `json:"counted_cpu,omitempty"`
	Peak       int64     `json:"peak"` // bytes
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return runtime.Version()
	}
	i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" })
	if i < 0 {
		return runtime.Version()
	}
	return info.Settings[i].Value[:min(12, len(info.Settings[i].Value))] + ", " + runtime.Version()
}
