package focus_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage/focus"
)

// Each version's columns, as far as they are read or tell it from the others. What
// 1.3 deprecated, the names of provider and publisher, 1.4 has no more.
var versions = map[string]string{
	"1.0": header10,
	"1.1": header10 + ",ServiceSubcategory,SkuMeter,CommitmentDiscountQuantity",
	"1.2": header10 + ",ServiceSubcategory,SkuMeter,BillingAccountType,InvoiceId,PricingCurrency",
	"1.3": header10 + ",SkuMeter,InvoiceId,ServiceProviderName,HostProviderName,AllocatedMethodId",
	"1.4": header14 + ",BillingAccountId,PublisherId,SkuMeter,InvoiceId,x_CustomerId,x_SkuMeterCategory",
}

var versionRows = []row{
	{}, {"EffectiveCost": "2.5", "x_CustomerId": "t1"},
	{"ProviderName": "AWS", "ServiceProviderName": "AWS"},
	{"ChargeCategory": "Tax"}, {"EffectiveCost": "x"},
}

// inParquet writes rows of a header as Parquet, every column an optional text.
func inParquet(t *testing.T, header string, rows []row) []byte {
	t.Helper()
	group := make(parquet.Group)
	for name := range strings.SplitSeq(header, ",") {
		group[name] = parquet.Optional(parquet.String())
	}
	schema := parquet.NewSchema("bill", group)
	r, err := table.Open(strings.NewReader(bill(header, rows...)), "bill", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[any](&b, schema)
	for {
		record, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var line parquet.Row
		for i, path := range schema.Columns() {
			line = append(line, parquet.ValueOf(record[r.Find(path[0])]).Level(0, 1, i))
		}
		if _, err := w.WriteRows([]parquet.Row{line}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryVersionReadsTheSameInEveryPacking(t *testing.T) {
	const want = "2 kept, 2 set aside, 1 refused, 3.5"
	through := func(text string, w io.WriteCloser, b *bytes.Buffer) string {
		io.WriteString(w, text) //nolint:errcheck // a buffer takes everything
		w.Close()
		return b.String()
	}
	packings := map[string]func(string) string{
		"plain":   func(text string) string { return text },
		"marked":  func(text string) string { return "\ufeff" + text },
		"windows": func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
		"tabs":    func(text string) string { return strings.ReplaceAll(text, ",", "\t") },
		"gzip": func(text string) string {
			var b bytes.Buffer
			return through(text, gzip.NewWriter(&b), &b)
		},
		"zstd of tabs, marked": func(text string) string {
			var b bytes.Buffer
			w, _ := zstd.NewWriter(&b)
			return through("\ufeff"+strings.ReplaceAll(text, ",", "\t"), w, &b)
		},
	}
	for version, header := range versions {
		for name, pack := range packings {
			t.Run(version+" "+name, func(t *testing.T) {
				report, l := read(t, pack(bill(header, versionRows...)), focus.Options{})
				if got := summary(l); report.Version != version || got != want {
					t.Errorf("%s: %s", report.Version, got)
				}
			})
		}
		t.Run(version+" parquet", func(t *testing.T) {
			data, l := inParquet(t, header, versionRows), new(log)
			report, err := focus.ReadParquet(context.Background(), bytes.NewReader(data), int64(len(data)), "bill", mapping(t), focus.Options{}, l)
			if got := summary(l); err != nil || report.Version != version || got != want {
				t.Errorf("%s: %s, %v", report.Version, got, err)
			}
		})
	}
}

func summary(l *log) string {
	return fmt.Sprintf("%d kept, %d set aside, %d refused, %s", l.kept, l.aside, l.refused, l.revenue)
}
