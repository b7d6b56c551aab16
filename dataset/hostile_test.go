package dataset_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/kizuna-org/kizuna/dataset"
)

// repeated yields a text n times, and keeps nothing of it.
func repeated(text string, n int) io.Reader {
	block := strings.Repeat(text, max(1, (1<<16)/len(text)))
	return io.LimitReader(endless(block), int64(n*len(text)))
}

type endless string

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }

func packed(t *testing.T, parts ...io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, io.MultiReader(parts...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text) //nolint:errcheck // a buffer takes everything
	w.Close()
	return b.String()
}

// Whatever a file is, importing it ends with an error that says where and what to
// do, keeps nothing of the file, and takes little memory on the way.
func TestHostileFilesCostLittleAndSayWhatIsWrong(t *testing.T) {
	line := strings.TrimPrefix(bill("2024-09-01,s1,t1,1"), billHeader)
	for name, c := range map[string]struct {
		text func() string
		code string
		line int
	}{
		"a line of a gigabyte":       {func() string { return packed(t, strings.NewReader(bill("2024-09-01,s1,t1,1")), repeated("x", 1<<30)) }, "record-long", 3},
		"a header of a gigabyte":     {func() string { return packed(t, repeated("a,", 1<<29)) }, "record-long", 1},
		"a quote that is not closed": {func() string { return bill("2024-09-01,s1,t1,1") + `"` + strings.Repeat(line, 20_000) }, "record-long", 3},
		"a bomb":                     {func() string { return packed(t, strings.NewReader(billHeader), repeated(line, 1<<19)) }, "file-ratio", 0},
		"gzip cut off": {func() string {
			z := zipped(bill("2024-09-01,s1,t1,1", "2024-09-02,s1,t1,1"))
			return z[:len(z)-9]
		}, "file-packed", 0},
		"a picture":            {func() string { return "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" }, "file-binary", 0},
		"gzip of a program":    {func() string { return zipped("\x7fELF\x02\x01\x01\x00\x00\x00\x00") }, "file-binary", 0},
		"UTF-16":               {func() string { return "\xff\xfeP\x00r\x00" }, "file-utf16", 1},
		"a Parquet footer lie": {func() string { return "PAR1" + strings.Repeat("x", 100) + "\xff\xff\xff\x7fPAR1" }, "focus-parquet", 0},
		"too many columns":     {func() string { return strings.Repeat("c,", 5000) + "c\n" }, "file-columns", 1},
		"JSON that never ends": {func() string {
			return `[{"principalId":"o","roleDefinitionName":"Owner","scope":"/","x":"` + strings.Repeat("x", 1<<21)
		}, "az-json", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			file := d.file("bill.csv", c.text())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f := d.imports(dataset.ImportOptions{}, file).Files[0]
			runtime.ReadMemStats(&after)
			if f.Status != dataset.FileRefused || f.Error.Code != c.code || f.Error.Mend == "" || c.line != 0 && f.Error.At.Line != c.line {
				t.Errorf("%s: %v", f.Status, f.Error)
			}
			// All that was ever allocated, not only what was held at once.
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 150 {
				t.Errorf("%d MiB were allocated", mib)
			}
			if state := d.state(); state != "" {
				t.Errorf("something was kept: %s", state)
			}
		})
	}
}
