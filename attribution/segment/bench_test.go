package segment_test

import (
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/internal/processor"
)

// BenchmarkStatements makes segments of statements: days of a book's resources, a year
// of it, about KIZUNA_BENCH_ROWS rows. No associations: these cost the same however
// usage is read.
func BenchmarkStatements(b *testing.B) {
	n := 1_000_000
	if rows, err := strconv.Atoi(os.Getenv("KIZUNA_BENCH_ROWS")); err == nil {
		n = rows
	}
	f := &association.Facts{}
	for _, days := range []struct {
		name   string
		of     int
		months int
	}{{"days", 28, 12}, {"months", 1, 24}} {
		tenants := n / (days.months * (3*days.of + 1))
		rows := billRows(tenants, days.months, days.of)
		files := statementsOf(b, rows)
		count := len(rows)
		rows = nil
		b.Run(days.name, func(b *testing.B) {
			start := processor.Time()
			for range b.N {
				builder := segment.NewBuilder(io.Discard)
				if _, err := segment.NewCompiler(builder, f, attribution.NewRates(nil)).AddStatements(builder, files); err != nil {
					b.Fatal(err)
				}
				if err := builder.Finish(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(count)*float64(b.N)/1e6/(processor.Time()-start).Seconds(), "Mrows/cpu-s")
		})
	}
}
