package focus_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/focus"
)

// counter is a sink that costs nothing.
type counter struct{ kept, aside, refused int }

func (c *counter) Usage(*usage.Row)      {}
func (c *counter) Facts(...any)          {}
func (c *counter) Kept(kizuna.Ref)       { c.kept++ }
func (c *counter) SetAside(intake.Aside) { c.aside++ }
func (c *counter) Refuse(*kizuna.Error)  { c.refused++ }
func (c *counter) closed() int           { return c.kept + c.aside + c.refused }

// cycle yields a header and then n times the same rows, without keeping them.
type cycle struct {
	header, rows []byte
	left         int
	rest         []byte
}

func (c *cycle) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		switch {
		case c.header != nil:
			c.rest, c.header = c.header, nil
		case c.left > 0:
			c.rest = c.rows
			c.left--
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// sample is the published sample of 1,000 rows, or one of its shape.
func sample() (name string, text []byte) {
	if text, err := os.ReadFile(shared); err == nil {
		return "published sample", text
	}
	var rows []row
	for i := range 1000 {
		rows = append(rows, row{
			"ProviderName": []string{"AWS", "Microsoft"}[i%20/19], "EffectiveCost": fmt.Sprintf("0.%011d", i*7919),
			"ResourceId":  fmt.Sprintf("/subscriptions/s%d/resourceGroups/rg/providers/microsoft.storage/storageAccounts/a%d", i%7, i),
			"ServiceName": fmt.Sprint("Service ", i%40),
			"Tags":        `{"application": "BrightLensMatrix", "environment": "dev", "business_unit": "ViennaAI"}`,
		})
	}
	header := header10 + ",Tags" + strings.Repeat(",Other", 25)
	return "generated sample", []byte(bill(header, rows...))
}

const benchmarkRows = 1_000_000

// BenchmarkReadCSV reads a million rows of the sample each time.
func BenchmarkReadCSV(b *testing.B) {
	name, text := sample()
	header, rows, _ := bytes.Cut(text, []byte("\n"))
	b.Run(name, func(b *testing.B) { benchmark(b, header, rows) })

	// The sample is mostly of another provider: the same rows as if all were Azure's.
	b.Run(name+", as Azure's", func(b *testing.B) { benchmark(b, header, azure(b, text)) })
}

// azure makes every row of a bill one of Microsoft's for a subscription.
func azure(b *testing.B, text []byte) []byte {
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	provider, account := slices.Index(records[0], "ProviderName"), slices.Index(records[0], "SubAccountId")
	for _, record := range records[1:] {
		record[provider] = "Microsoft"
		if !strings.HasPrefix(record[account], "/subscriptions/") {
			record[account] = "/subscriptions/" + record[account]
		}
	}
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(records[1:]); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func benchmark(b *testing.B, header, rows []byte) {
	m := mapping(b)
	b.ReportAllocs()
	for b.Loop() {
		source := &cycle{header: append(bytes.Clone(header), '\n'), rows: rows, left: benchmarkRows / 1000}
		r, err := table.Open(source, "bill.csv", table.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		sink := new(counter)
		if _, err := focus.Read(context.Background(), r, m, focus.Options{}, sink); err != nil {
			b.Fatal(err)
		}
		if sink.closed() != benchmarkRows || sink.refused > 0 {
			b.Fatalf("%+v", sink)
		}
	}
	b.SetBytes(int64(len(header) + len(rows)*benchmarkRows/1000))
	b.ReportMetric(float64(benchmarkRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkScanCSV finds a million rows and the fields that bills are read for,
// without judging them.
func BenchmarkScanCSV(b *testing.B) {
	name, text := sample()
	header, rows, _ := bytes.Cut(text, []byte("\n"))
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			source := &cycle{header: append(bytes.Clone(header), '\n'), rows: rows, left: benchmarkRows / 1000}
			r, err := table.Open(source, "bill.csv", table.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			texts := []int{
				r.Find("ProviderName"), r.Find("ChargeCategory"), r.Find("ChargePeriodStart"), r.Find("ServiceName"),
				r.Find("SubAccountId"), r.Find("ResourceId"),
			}
			cost := r.Find("EffectiveCost")
			n, length := 0, 0
			for ; r.Scan() == nil; n++ {
				for _, column := range texts {
					length += len(r.Text(column))
				}
				length += len(r.Bytes(cost))
			}
			if n != benchmarkRows || length == 0 || r.Err() != nil {
				b.Fatal(n, r.Err())
			}
		}
		b.SetBytes(int64(len(header) + len(rows)*benchmarkRows/1000))
		b.ReportMetric(float64(benchmarkRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
