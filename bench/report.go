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

const tableFile = "results.md"

// Run writes results.md and the pictures beside the results.
func (cmd *reportCmd) Run() error {
	m, err := loadMeasured(cmd.Results)
	if err != nil {
		return err
	}
	if len(m.results)+len(m.figures) == 0 {
		return fmt.Errorf("%s has no results; make some: bench run", cmd.Results)
	}
	slices.SortStableFunc(m.results, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Rows, b.Rows), cmp.Compare(a.Set, b.Set), cmp.Compare(a.Threads, b.Threads))
	})
	pictures := m.pictures()
	files := map[string]string{tableFile: m.markdown(pictures)}
	for _, p := range pictures {
		files[p.file] = p.svg()
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(cmd.Results, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	fmt.Print(files[tableFile])
	return nil
}

// markdown writes all tables. Values are median, least and most of the repetitions.
func (m measured) markdown(pictures []*plot) string {
	var b strings.Builder
	m.writeBars(&b)
	for _, p := range pictures {
		fmt.Fprintf(&b, "![%s](%s%s)\n\n", p.title, picturesFolder, p.file)
	}
	m.writeCost(&b)
	m.writeEngines(&b)
	m.writeFigures(&b)
	return b.String()
}

// picturesFolder is where results.md looks for pictures. Beside the results they lie
// with it; published ones have a folder of their own.
const picturesFolder = "./"

// notes numbers the commands of a table.
type notes struct{ lines []string }

func (n *notes) number(c circumstances) int {
	line := fmt.Sprintf("`%s` (%s, %s)", c.Command, c.On, c.Where)
	i := slices.Index(n.lines, line)
	if i < 0 {
		i = len(n.lines)
		n.lines = append(n.lines, line)
	}
	return i + 1
}

// of tells where a value comes from, and how busy the machine was.
func (n *notes) of(from ...circumstances) (numbers, busy string) {
	least, most := from[0].Busy, from[0].Busy
	var all []string
	for _, c := range from {
		least, most = min(least, c.Busy), max(most, c.Busy)
		if text := fmt.Sprint(n.number(c)); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	switch {
	case least < 0:
		busy = "unknown"
	case least == most:
		busy = short(least)
	default:
		busy = short(least) + " to " + short(most)
	}
	return strings.Join(all, ", "), busy
}

func (n *notes) write(b *strings.Builder) {
	b.WriteString("\nHow:\n\n")
	for i, line := range n.lines {
		fmt.Fprintf(b, "%d. %s\n", i+1, line)
	}
	b.WriteString("\n")
}

func (m measured) writeBars(b *strings.Builder) {
	var n notes
	b.WriteString("### Bars\n\n| what | rows | bar | measured | by processor time | runs | met | load before | how |\n|---|---:|---|---|---:|---:|---|---|---|\n")
	var open []string
	for _, bar := range bars {
		e, ok := bar.of(m)
		if !ok {
			open = append(open, bar.what)
			continue
		}
		direction, cpu := "at most", ""
		if bar.least {
			direction = "at least"
		}
		if e.cpu > 0 {
			cpu = short(e.cpu)
		}
		how, busy := n.of(e.from...)
		measured := short(e.median)
		if e.least < e.most {
			measured = e.in("")
		}
		fmt.Fprintf(b, "| %s | %s | %s %s %s | %s | %s | %d | %s | %s | %s |\n", bar.what, rowsOf(e.rows), direction, short(bar.limit), bar.unit, measured, cpu, e.runs, bar.verdict(e), busy, how)
	}
	n.write(b)
	if len(open) > 0 {
		fmt.Fprintf(b, "Not measured: %s.\n\n", strings.Join(open, "; "))
	}
}

// rowsOf writes a number of rows.
func rowsOf(n int) string {
	if n == 0 {
		return ""
	}
	return short(float64(n)/1e6) + " M"
}

// writeCost tells what a row costs as there are more of them.
func (m measured) writeCost(b *strings.Builder) {
	of := m.pick(func(r *result) bool { return r.Job == "full" && r.Beside == "" && r.Engine == "Kizuna" })
	if len(of) == 0 {
		return
	}
	slices.SortStableFunc(of, func(x, y result) int { return cmp.Compare(x.Set[:1], y.Set[:1]) })
	b.WriteString("### What a row costs\n\n| set | rows | cores | ns a row | of the processor | bytes a row: rows | directory | associations |\n|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range of {
		each := 1e9 / float64(r.Rows)
		sizes := " | | |"
		if p := r.Packed; p != nil {
			per := func(n int) string { return short(float64(n) / float64(r.Rows)) }
			sizes = fmt.Sprintf(" %s | %s | %s |", per(p.Rows), per(p.Directory), per(p.Reaches))
		}
		fmt.Fprintf(b, "| %s | %s | %d | %s | %s |%s\n", r.Set, rowsOf(r.Rows), r.Threads, valueOf(r.Wall).times(each).in(""), short(median(r.CPU)*each), sizes)
	}
	b.WriteString("\n")
}

func (m measured) pick(those func(*result) bool) (of []result) {
	for i := range m.results {
		if those(&m.results[i]) {
			of = append(of, m.results[i])
		}
	}
	return of
}

var tables = []struct{ job, title string }{
	{"full", "All rules of " + world.Program},
	{"azure", "The three Azure areas"},
	{"beside", "Beside the prototype, which has its own, simpler rules and data"},
}

// writeEngines writes a table for each job. Loading is apart.
func (m measured) writeEngines(b *strings.Builder) {
	for _, t := range tables {
		of := m.pick(func(r *result) bool {
			if t.job == "beside" {
				return r.Beside != ""
			}
			return r.Job == t.job && r.Beside == ""
		})
		if len(of) == 0 {
			continue
		}
		var n notes
		fmt.Fprintf(b, "### %s\n\n", t.title)
		b.WriteString("| set | rows | cores | engine | job | tallies, seconds | with points, seconds | CPU seconds | M rows/s | peak memory | loading | answer | load before | how |\n|---|---:|---:|---|---|---:|---:|---:|---:|---:|---:|---|---|---|\n")
		for _, r := range of {
			answer := "same"
			if !r.Same {
				answer = "**differs**"
			}
			how, busy := n.of(r.circumstances)
			fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %s | %s | %s | %s | %.3g s | %s | %s | %s |\n", r.Set, rowsOf(r.Rows), r.Threads, strings.TrimSpace(r.Engine+" "+r.Version), r.Job,
				spread(r.Counted), spread(r.Wall), short(median(r.CPU)), short(float64(r.Rows)/median(r.Wall)/1e6), bytesOf(r.Peak), r.Load, answer, busy, how)
		}
		n.write(b)
	}
}

// writeFigures writes everything else that was measured.
func (m measured) writeFigures(b *strings.Builder) {
	if len(m.figures) == 0 {
		return
	}
	var n notes
	b.WriteString("### Benchmarks and whole processes\n\n| what | rows | cores | figure | runs | load before | how |\n|---|---:|---:|---:|---:|---|---|\n")
	for _, f := range m.figures {
		how, busy := n.of(f.circumstances)
		v, unit := valueOf(f.Samples), f.Unit
		switch unit {
		case "B":
			v, unit = v.times(1e-6), "MB"
		case "ns/op":
			v, unit = v.times(1e-6), "ms/op"
		}
		fmt.Fprintf(b, "| %s | %s | %d | %s | %d | %s | %s |\n", f.Name, rowsOf(f.Rows), f.Cores, v.in(unit), len(f.Samples), busy, how)
	}
	n.write(b)
}

// pictures are the plots that have a line.
func (m measured) pictures() (worth []*plot) {
	for _, job := range []string{"full", "azure"} {
		for _, p := range []*plot{byRows(m.results, job), byThreads(m.results, job)} {
			if p.worth() {
				worth = append(worth, p)
			}
		}
	}
	return worth
}

// byRows draws the sets that differ in size only, one line for each kind of them.
func byRows(all []result, job string) *plot {
	p := &plot{file: job + "-rows.svg", title: "Seconds by rows", x: "million rows", y: "seconds"}
	threads := most(all, job)
	for _, r := range all {
		if r.Job == job && r.Beside == "" && r.Threads == threads && r.Set[0] != 'S' {
			p.add(r.Engine+" "+r.Set[:1], float64(r.Rows)/1e6, median(r.Wall))
		}
	}
	return p
}

func byThreads(all []result, job string) *plot {
	p := &plot{file: job + "-cores.svg", title: "Seconds by cores", x: "cores", y: "seconds"}
	for _, r := range all {
		if r.Job == job && r.Beside == "" {
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
