package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna/bench/world"
)

type reportCmd struct {
	Results string `help:"Directory of the results." default:"results" type:"path"`
}

// Run writes results.md and the pictures beside the results.
func (cmd *reportCmd) Run() error {
	all, err := load(cmd.Results)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s has no results; make some: bench run", cmd.Results)
	}
	slices.SortStableFunc(all, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Rows, b.Rows), cmp.Compare(a.Set, b.Set), cmp.Compare(a.Threads, b.Threads))
	})
	files := map[string]string{"results.md": markdown(all)}
	for _, job := range []string{"full", "azure"} {
		if p := byRows(all, job); p.worth() {
			files[job+"-rows.svg"] = p.svg()
		}
		if p := byThreads(all, job); p.worth() {
			files[job+"-cores.svg"] = p.svg()
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(cmd.Results, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	fmt.Print(files["results.md"])
	return nil
}

// markdown writes a table for each job: seconds are median, least and most of the
// repetitions; loading is apart.
func markdown(all []result) string {
	var b strings.Builder
	for _, job := range []string{"full", "azure", "simple", "prototype"} {
		of := slices.DeleteFunc(slices.Clone(all), func(r result) bool { return r.Job != job })
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(&b, "## %s\n\n", map[string]string{
			"full": "All rules of " + world.Program, "azure": "The three Azure areas", "simple": "The prototype's job in Kizuna's rules",
			"prototype": "The prototype: its own, simpler rules and data",
		}[job])
		b.WriteString("| set | rows | cores | engine | tallies, seconds | with points, seconds | CPU seconds | rows a second | peak memory | loading | answer |\n|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---|\n")
		for _, r := range of {
			fmt.Fprintf(&b, "| %s | %d M | %d | %s %s | %s | %s | %.3g | %.3g M | %s | %.3g s | %s |\n", r.Set, r.Rows/1e6, r.Threads, r.Engine, r.Version,
				spread(r.Counted), spread(r.Wall), median(r.CPU), float64(r.Rows)/median(r.Wall)/1e6, bytesOf(r.Peak), r.Load,
				map[bool]string{true: "same", false: "**differs**"}[r.Same])
		}
		fmt.Fprintf(&b, "\nMeasured on %s, %s: %d repetitions.\n\n", of[0].On, of[0].Where, len(of[0].Wall))
	}
	return b.String()
}

func byRows(all []result, job string) *plot {
	p := &plot{title: "Seconds by rows", x: "million rows", y: "seconds"}
	for _, r := range all {
		if r.Job == job && r.Threads == most(all, job) && r.Set[0] != 'S' {
			p.add(r.Engine+" "+r.Set[:1], float64(r.Rows)/1e6, median(r.Wall))
		}
	}
	return p
}

func byThreads(all []result, job string) *plot {
	p := &plot{title: "Seconds by cores", x: "cores", y: "seconds"}
	for _, r := range all {
		if r.Job == job {
			p.add(r.Engine+" "+r.Set, float64(r.Threads), median(r.Wall))
		}
	}
	return p
}

func most(all []result, job string) (threads int) {
	for _, r := range all {
		if r.Job == job {
			threads = max(threads, r.Threads)
		}
	}
	return threads
}
