// Command bench makes worlds, asks Kizuna and other engines the same question of
// them, checks that all answers are the same to the last integer, and draws how
// long they took. README.md tells how.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/kizuna-org/kizuna/bench/world"
)

type commands struct {
	Generate  generateCmd  `cmd:"" help:"Make a world: Parquet tables for the peers, plain tables, a segment."`
	SQL       sqlCmd       `cmd:"" name:"sql" help:"Print the rules of the program as SQL."`
	Kizuna    kizunaCmd    `cmd:"" help:"Answer the question with Kizuna's kernel, as the peers do."`
	Run       runCmd       `cmd:"" help:"Time engines on the same data and compare their answers."`
	Prototype prototypeCmd `cmd:"" help:"Time the prototype, where it stands beside the project."`
	Build     buildCmd     `cmd:"" help:"Time the way from a bill to a segment, and DuckDB from the bill to Parquet."`
	Go        goCmd        `cmd:"" help:"Run the benchmarks of Kizuna's own module and keep their figures."`
	Whole     wholeCmd     `cmd:"" help:"Time whole processes: kizuna score, kizuna fleet, and the way from a bill to a segment."`
	Suite     suiteCmd     `cmd:"" help:"Measure all that the tables need, and report."`
	Publish   publishCmd   `cmd:"" help:"Put the report into the documentation."`
	Report    reportCmd    `cmd:"" help:"Write results as a table and as pictures."`
	Plans     plansCmd     `cmd:"" help:"Find the cheapest plans of generated partners with Kizuna and with HiGHS, and compare."`
	Verify    verifyCmd    `cmd:"" help:"Ask DuckDB and Kizuna of thousands of small worlds and compare every figure."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("bench"), kong.Description("Kizuna and other engines on the same data."), kong.UsageOnError(), kong.Vars{"sets": strings.Join(world.Sets(), ", ")})
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
