package main

import (
	"path"
)

// measured is everything that is known when a report is written.
type measured struct {
	results []result
	figures []figure
}

func loadMeasured(dir string) (m measured, err error) {
	if m.results, err = load(dir); err != nil {
		return m, err
	}
	m.figures, err = loadFigures(dir)
	return m, err
}

// evidence is what was measured for a bar.
type evidence struct {
	value
	// cpu is the median by processor time, where that tells something else: what other
	// work on the machine changes less. 0 if it is not known.
	cpu  float64
	runs int
	rows int // of the data; 0 where its size does not matter
	from []circumstances
}

// source finds evidence, if there is any.
type source func(measured) (evidence, bool)

// bar is what Kizuna is to reach.
type bar struct {
	what  string
	unit  string // of the limit and of what is measured
	least bool   // the limit is the least, not the most
	limit float64
	rows  int // that the data must have, at least
	of    source
}

// verdict tells whether the median reaches the bar. Less data than the bar is about says nothing.
func (b *bar) verdict(e evidence) string {
	switch {
	case e.rows < b.rows:
		return "only " + rowsOf(b.rows) + " rows tell"
	case b.least && e.median >= b.limit, !b.least && e.median <= b.limit:
		return "yes"
	}
	return "**no**"
}

const million = 1_000_000

// bars are those of the engine, in the order of the table.
var bars = []bar{
	{"P10, all rules: DuckDB's time", "times Kizuna's", true, 12, 10 * million, fasterThan("P10", "full", "DuckDB")},
	{"P100, all rules: DuckDB's time", "times Kizuna's", true, 12, 100 * million, fasterThan("P100", "full", "DuckDB")},
	{"S10, all rules: DuckDB's time", "times Kizuna's", true, 12, 10 * million, fasterThan("S10", "full", "DuckDB")},
	{"P10, the prototype's job", "times the prototype's time", false, 1, 10 * million, besidePrototype("P10", "simple")},
	{"P10, all rules", "times the prototype's time", false, 2, 10 * million, besidePrototype("P10", "full")},
	{"P100, the prototype's job", "times the prototype's time", false, 1, 100 * million, besidePrototype("P100", "simple")},
	{"P100, all rules", "times the prototype's time", false, 2, 100 * million, besidePrototype("P100", "full")},
	{"D1B, all rules", "times the prototype's time", false, 2, 1000 * million, besidePrototype("D1B", "full")},
	{"D1B, all rules: peak memory", "GB", false, 18, 1000 * million, peak("D1B", "full")},
	{"one partner's book, tallies, warm", "ms", false, 20, 10 * million, named("attribution/kernel.BenchmarkBook", "ns/op", 1e-6)},
	{"one partner's book, S10, with points, warm", "ms", false, 20, 10 * million, wall("S10", "full", 1e3)},
	{"one partner's book, `kizuna score`, whole process", "ms", false, 100, 10 * million, named("kizuna score", "s", 1e3)},
	{"P10, `kizuna fleet backtest` against mcpp@2023-12", "times `fleet score`", false, 1.2, 10 * million, backtest("P10", "mcpp@2023-12")},
	{"P10, `kizuna fleet backtest` against mcpp@2026-07", "times `fleet score`", false, 1.2, 10 * million, backtest("P10", "mcpp@2026-07")},
	{"P100, `kizuna fleet backtest` against mcpp@2023-12", "times `fleet score`", false, 1.2, 100 * million, backtest("P100", "mcpp@2023-12")},
	{"P100, `kizuna fleet backtest` against mcpp@2026-07", "times `fleet score`", false, 1.2, 100 * million, backtest("P100", "mcpp@2026-07")},
	{"one changed association, in memory, median", "µs", false, 6, 100 * million, named("attribution/kernel.BenchmarkChange", "p50-ns", 1e-3)},
	{"one changed association, in memory, 99 of 100", "µs", false, 20, 100 * million, named("attribution/kernel.BenchmarkChange", "p99-ns", 1e-3)},
	{"one event at 1,000 a second, durable on SQLite and visible, 99 of 100", "ms", false, 10, 0, named("live.BenchmarkEvents/visible/1000-a-second", "p99-ms", 1)},
	{"explain: the first 50 customers, any partner, 99 of 100", "ms", false, 1, 10 * million, named("attribution/kernel.BenchmarkExplain/list", "p99-us", 1e-3)},
	{"explain: the first 50 customers, the busiest partner, 99 of 100", "ms", false, 1, 10 * million, named("attribution/kernel.BenchmarkExplain/busiest", "p99-us", 1e-3)},
	{"explain: a contribution's rows, 99 of 100", "ms", false, 1, 10 * million, named("attribution/kernel.BenchmarkExplain/rows", "p99-us", 1e-3)},
	{"a FOCUS bill scanned, one core", "M rows/s", true, 1.5, million, named("usage/focus.BenchmarkScanCSV/*", "rows/s", 1e-6)},
	{"a bill to sorted statements, one core", "M rows/s", true, 0.6, million, named("build sorted statements", "rows/cpu-s", 1e-6)},
	{"a bill to sorted statements, against DuckDB to Parquet, all columns", "times its rate", true, 2.5, million, rateAgainst("build sorted statements", "build DuckDB, all columns")},
	{"the same, against DuckDB with a statement's columns, sorted", "times its rate", true, 2.5, million, rateAgainst("build sorted statements", "build DuckDB, these sorted")},
	{"statements to segments, a book's days, one core", "M rows/s", true, 10, million, named("attribution/segment.BenchmarkStatements/days", "Mrows/cpu-s", 1)},
	{"P10: bytes per usage row, rows and directory", "bytes", false, 14, 10 * million, bytesPerRow("P10")},
	{"P100: bytes per usage row, rows and directory", "bytes", false, 14, 100 * million, bytesPerRow("P100")},
	{"D100: bytes per usage row, rows and directory", "bytes", false, 14, 100 * million, bytesPerRow("D100")},
}

// find returns the result of an engine on the most cores, if its answer was right.
func (m measured) find(set, job, engine, beside string) (best *result) {
	for i := range m.results {
		r := &m.results[i]
		if r.Set == set && r.Job == job && r.Engine == engine && r.Beside == beside && r.Same && (best == nil || r.Threads > best.Threads) {
			best = r
		}
	}
	return best
}

// figure returns what was measured on the most rows. The name is a pattern of package path.
func (m measured) figure(name, unit string) (best *figure) {
	for i := range m.figures {
		f := &m.figures[i]
		if ok, err := path.Match(name, f.Name); err == nil && ok && f.Unit == unit && (best == nil || f.Rows > best.Rows) {
			best = f
		}
	}
	return best
}

func named(name, unit string, scale float64) source {
	return func(m measured) (evidence, bool) {
		f := m.figure(name, unit)
		if f == nil {
			return evidence{}, false
		}
		return evidence{value: valueOf(f.Samples).times(scale), runs: len(f.Samples), rows: f.Rows, from: []circumstances{f.circumstances}}, true
	}
}

// quotient compares two figures that were measured in turn.
func (m measured) quotient(a, b, unit string) (evidence, bool) {
	x, y := m.figure(a, unit), m.figure(b, unit)
	if x == nil || y == nil || x.Rows != y.Rows {
		return evidence{}, false
	}
	return evidence{value: pairs(x.Samples, y.Samples), runs: len(x.Samples), rows: x.Rows, from: []circumstances{x.circumstances, y.circumstances}}, true
}

// pairs compares samples that were taken in turn, each with its neighbor.
func pairs(a, b []float64) value {
	if len(a) != len(b) {
		return valueOf(a).over(valueOf(b))
	}
	quotients := make([]float64, len(a))
	for i := range a {
		quotients[i] = a[i] / b[i]
	}
	return valueOf(quotients)
}

func rateAgainst(a, b string) source {
	return func(m measured) (evidence, bool) { return m.quotient(a, b, "rows/cpu-s") }
}

func backtest(set, version string) source {
	return func(m measured) (evidence, bool) {
		one, both := "kizuna fleet score "+set, "kizuna fleet backtest "+set+" "+version
		e, ok := m.quotient(both, one, "s")
		if cpu, known := m.quotient(both, one, "cpu-s"); known {
			e.cpu = cpu.median
		}
		return e, ok
	}
}

func fasterThan(set, job, engine string) source {
	return func(m measured) (evidence, bool) {
		return longer(m.find(set, job, engine, ""), m.find(set, job, "Kizuna", ""))
	}
}

func besidePrototype(set, job string) source {
	return func(m measured) (evidence, bool) {
		return longer(m.find(set, job, "Kizuna", "prototype"), m.find(set, "prototype", "prototype", "prototype"))
	}
}

// longer tells how many times b's time a takes, on as many cores.
func longer(a, b *result) (evidence, bool) {
	if a == nil || b == nil || a.Threads != b.Threads || a.Rows != b.Rows {
		return evidence{}, false
	}
	e := evidence{value: valueOf(a.Wall).over(valueOf(b.Wall)), runs: min(len(a.Wall), len(b.Wall)), rows: a.Rows, from: []circumstances{a.circumstances, b.circumstances}}
	if used := median(b.CPU); used > 0 {
		e.cpu = median(a.CPU) / used
	}
	return e, true
}

func ofResult(set, job string, take func(*result) (value, int)) source {
	return func(m measured) (evidence, bool) {
		r := m.find(set, job, "Kizuna", "")
		if r == nil {
			return evidence{}, false
		}
		v, runs := take(r)
		return evidence{value: v, runs: runs, rows: r.Rows, from: []circumstances{r.circumstances}}, runs > 0
	}
}

func wall(set, job string, scale float64) source {
	return ofResult(set, job, func(r *result) (value, int) { return valueOf(r.Wall).times(scale), len(r.Wall) })
}

// peak is of the process of all repetitions, hence one sample.
func peak(set, job string) source {
	return ofResult(set, job, func(r *result) (value, int) { return valueOf([]float64{float64(r.Peak) / 1e9}), 1 })
}

func bytesPerRow(set string) source {
	return ofResult(set, "full", func(r *result) (value, int) {
		if r.Packed == nil {
			return value{}, 0
		}
		return valueOf([]float64{float64(r.Packed.Rows+r.Packed.Directory) / float64(r.Rows)}), 1
	})
}
