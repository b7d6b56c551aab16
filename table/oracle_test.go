package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

// oracle reads a table through encoding/csv, plainly and slowly. A Reader reads the
// same records and finds the same errors at the same places in any bytes.
type oracle struct {
	limits  Limits
	source  *source
	csv     *csv.Reader
	columns int
	record  []string
	line    int
	after   int
	done    bool
	fatal   bool
}

func openOracle(r io.Reader, limits Limits, stretch int) (*oracle, error) {
	o := &oracle{limits: limits.orDefault(), after: 1}
	var err error
	if o.source, err = newSource(r, "f", o.limits); err != nil {
		return nil, err
	}
	buffer := bufio.NewReaderSize(o.source, stretch)
	start, err := buffer.Peek(stretch)
	if utf16(start) {
		return nil, kizuna.Errorf("file-utf16", "").WithRef(kizuna.Ref{File: "f", Line: 1})
	}
	if err != nil && err != io.EOF {
		return nil, o.failed(err, 1)
	}
	if rest, marked := bytes.CutPrefix(start, []byte("\ufeff")); marked {
		buffer.Discard(len(start) - len(rest))
		start = rest
	}
	o.csv = csv.NewReader(buffer)
	o.csv.Comma = rune(delimiter(start))
	o.csv.FieldsPerRecord = -1
	header, err := o.next()
	if err == io.EOF {
		return nil, kizuna.Errorf("file-empty", "").WithRef(kizuna.Ref{File: "f", Line: 1})
	}
	if err != nil {
		return nil, err
	}
	at := kizuna.Ref{File: "f", Line: max(o.line, 1)}
	o.columns = len(header)
	if o.columns > o.limits.MaxColumns {
		return nil, kizuna.Errorf("file-columns", "").WithRef(at)
	}
	for _, name := range header {
		if strings.ContainsRune(strings.TrimSpace(name), '\r') {
			return nil, kizuna.Errorf("file-line-ends", "").WithRef(at)
		}
	}
	return o, nil
}

func (o *oracle) next() ([]string, error) {
	o.record = nil
	if o.done {
		return nil, io.EOF
	}
	before := o.csv.InputOffset()
	o.source.allow(before + o.limits.MaxLine)
	record, err := o.csv.Read()
	if err == io.EOF {
		o.done = true
		return nil, io.EOF
	}
	tooLong := o.csv.InputOffset()-before > o.limits.MaxLine
	if broken, ok := errors.AsType[*csv.ParseError](err); ok && !tooLong {
		o.line, o.after = broken.StartLine, broken.Line+1
		if broken.StartLine != broken.Line {
			return nil, kizuna.Errorf("record-quote-lines", "%d to %d", broken.StartLine, broken.Line).
				WithRef(kizuna.Ref{File: "f", Line: broken.StartLine})
		}
		return nil, kizuna.Errorf("record-quote", "").WithRef(kizuna.Ref{File: "f", Line: broken.Line, Column: broken.Column})
	}
	if tooLong {
		err = errTooLong
	}
	if err != nil {
		o.done, o.fatal = true, true
		return nil, o.failed(err, o.after)
	}
	o.record = record
	o.line, _ = o.csv.FieldPos(0)
	last := len(record) - 1
	o.after, _ = o.csv.FieldPos(last)
	o.after += 1 + strings.Count(record[last], "\n")
	for i, field := range record {
		if !utf8.ValidString(field) {
			return nil, kizuna.Errorf("record-encoding", "").WithRef(o.ref(i))
		}
	}
	if o.columns > 0 && len(record) != o.columns {
		return nil, kizuna.Errorf("record-fields", "%d of %d", len(record), o.columns).
			WithRef(o.ref(min(len(record), o.columns) - 1))
	}
	return record, nil
}

func (o *oracle) ref(column int) kizuna.Ref {
	at := kizuna.Ref{File: "f", Line: o.line}
	if column >= 0 && column < len(o.record) {
		at.Line, at.Column = o.csv.FieldPos(column)
	}
	return at
}

func (o *oracle) failed(err error, line int) error {
	at := kizuna.Ref{File: "f", Line: line}
	if err == errTooLong {
		return kizuna.Errorf("record-long", "").WithRef(at)
	}
	if known, ok := errors.AsType[*kizuna.Error](err); ok {
		return known.WithRef(at)
	}
	return kizuna.Errorf("file-read", "").WithRef(at)
}

// said puts in words what a reader says of a record or an error.
func said(record []string, err error, places ...kizuna.Ref) string {
	known, ok := errors.AsType[*kizuna.Error](err)
	switch {
	case err == io.EOF:
		return "end"
	case !ok && err != nil:
		return fmt.Sprintf("a wild error: %v", err)
	case err != nil && known.Code == "record-quote-lines":
		args, _ := known.Args()
		return fmt.Sprint(known.Code, known.At, args)
	case err != nil:
		return fmt.Sprint(known.Code, known.At)
	}
	return fmt.Sprintf("%q %v", record, places)
}

// sameAsOracle reads a text with both. A block of text is refused as a whole, so that
// both have to read the same blocks: text that may be refused comes byte by byte.
func sameAsOracle(t interface {
	Helper()
	Fatalf(string, ...any)
}, limits Limits, stretch int, all string, medium func(io.Reader) io.Reader) {
	t.Helper()
	if max := limits.MaxBytes; max > 0 && max < int64(len(all)) || strings.ContainsRune(all, 0) {
		medium = iotest.OneByteReader
	}
	text := func() io.Reader { return medium(strings.NewReader(all)) }
	o, wantErr := openOracle(text(), limits, stretch)
	r, err := open(text(), "f", limits, stretch)
	lazy, _ := open(text(), "f", limits, stretch)
	if got, want := said(nil, err), said(nil, wantErr); got != want {
		t.Fatalf("opening says %s, the oracle %s", got, want)
	}
	if err != nil {
		return
	}
	var before []string // the record before
	for n := 1; ; n++ {
		record, wantErr := o.next()
		fields, err := r.Next()
		lazyErr := lazy.Scan()
		var wantPlaces, places []kizuna.Ref
		for i := -1; i < max(len(o.record), o.columns); i++ {
			wantPlaces, places = append(wantPlaces, o.ref(i)), append(places, r.Ref(i))
		}
		got, want := said(fields, err, places...), said(record, wantErr, wantPlaces...)
		if got != want {
			t.Fatalf("record %d:\n%s\nand for the oracle\n%s", n, got, want)
		}
		if said(nil, lazyErr) != said(nil, err) {
			t.Fatalf("record %d: scanning says %v, reading %v", n, lazyErr, err)
		}
		if err == io.EOF {
			if (r.Err() != nil) != o.fatal {
				t.Fatalf("ended by %v", r.Err())
			}
			return
		}
		for i := range fields {
			if before != nil && fields[i] != before[i] && !lazy.Changed(i) {
				t.Fatalf("record %d: field %d is %q behind %q, and said to be the same", n, i, fields[i], before[i])
			}
			if bytes, text := lazy.Bytes(i), lazy.Text(i); string(bytes) != fields[i] || text != fields[i] {
				t.Fatalf("record %d: field %d is %q, as bytes %q, as text %q", n, i, fields[i], bytes, text)
			}
		}
		if err == nil {
			before = append(before[:0], fields...)
		}
	}
}

func TestAnyBytesReadAsTheOracleReadsThem(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"\"", "\"\"", ",", "\n", "\r\n", "\r", "\",\"", "\"\n", "\"\r\n\"", ";", "\t", "a", "é", "\xff", "\xe3\x81", "\x00", "\ufeff",
			"a,b\n", "\"a\",\"b\"\r\n", "\"a\nb\",\"\"\n", "\"\"\"\",x\n", "\n\n", "ab\"c,d\n", "\"ab\"c,d\n",
		}),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.SampledFrom([]string{"x", "\"\"", ",", "x,", "あ"}).Draw(t, "what"), rapid.IntRange(1, 70).Draw(t, "times"))
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "\ufeff", "a,b\n", "a,b\r\n", "\"a\",\"b\"\n"}).Draw(t, "start") +
			strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "without zeros") {
			text = strings.ReplaceAll(text, "\x00", "")
		}
		medium := rapid.SampledFrom([]func(io.Reader) io.Reader{
			whole, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
			func(r io.Reader) io.Reader { return io.MultiReader(r, iotest.ErrReader(errors.New("disk"))) },
		}).Draw(t, "medium")
		limits := rapid.SampledFrom([]Limits{{}, {MaxLine: 20}, {MaxLine: 100, MaxBytes: 500}, {MaxColumns: 3}}).Draw(t, "limits")
		stretch := rapid.SampledFrom([]int{16, 64, 100, 1000, bufferSize}).Draw(t, "stretch")
		sameAsOracle(t, limits, stretch, text, medium)
	})
}

// Records that follow the one before, as those of bills do, and some that do not.
func TestRecordsThatRepeatReadAsTheOracleReadsThem(t *testing.T) {
	field := rapid.OneOf(
		rapid.StringMatching(`[a-z0-9/]{0,30}`),
		rapid.Map(rapid.StringMatching(`[a-z0-9/,]{0,30}`), func(s string) string { return `"` + s + `"` }),
		rapid.SampledFrom([]string{"", `""`, `""""`, `"a""b,"""`, "請求", `"請求書,2024年9月分"`, "aaaaaaaé", "aaaaaaaaé"}),
	)
	odd := rapid.SampledFrom([]string{
		"\"a\nb\"", "\"a\r\nb\"", "a\"b", "\"a\"b", "\xff", "\"\xe3\x81\"", "a,b", "a\nb", "\r", "\"", "\"\"\"",
	})
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 12).Draw(t, "columns")
		rows := rapid.IntRange(1, 120).Draw(t, "rows")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		oddities := rapid.IntRange(0, 3).Draw(t, "oddities")
		steady := rapid.IntRange(0, 20).Draw(t, "steady")
		fields := make([]string, columns)
		for i := range fields {
			fields[i] = fmt.Sprint("name", i)
		}
		text := strings.Join(fields, ",") + end
		for range rows {
			for i := range fields {
				if rapid.IntRange(0, steady).Draw(t, "changes") == 0 {
					fields[i] = field.Draw(t, "field")
				}
			}
			line := strings.Join(fields, ",")
			if oddities > 0 && rapid.IntRange(0, 15).Draw(t, "is odd") == 0 {
				oddities--
				other := append([]string{}, fields...)
				other[rapid.IntRange(0, columns-1).Draw(t, "where")] = odd.Draw(t, "odd")
				line = strings.Join(other, ",")
			}
			text += line + end
		}
		if rapid.Bool().Draw(t, "cut off") {
			text = text[:rapid.IntRange(0, len(text)).Draw(t, "length")]
		}
		stretch := rapid.SampledFrom([]int{64, 200, 1000, bufferSize}).Draw(t, "stretch")
		sameAsOracle(t, Limits{}, stretch, text, rapid.SampledFrom([]func(io.Reader) io.Reader{whole, iotest.HalfReader}).Draw(t, "medium"))
	})
}

func whole(r io.Reader) io.Reader { return r }

func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"", "id,name\n1,a\n", "\ufeffid;n\n1;\"a\n", "a\tb\n\"\"\"\t\n", "a,b\r1,2\r", "a\n\xff\n", "a,a\n1\n1,2,3\n\"x\"y,1\n",
		"a,b\n\"1\r\n2\",\"\"\"\"\r\n\"x", "\"a\",\"b\"\r\n" + strings.Repeat("\"1\"\"\",\"2\"\r\n", 20),
	} {
		f.Add([]byte(seed), uint16(64), uint16(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, stretch, longest uint16) {
		limits := Limits{MaxLine: int64(longest), MaxColumns: 50}
		sameAsOracle(t, limits, max(16, int(stretch)), string(text), whole)
	})
}
