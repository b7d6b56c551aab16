package table_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/table"
)

func open(t *testing.T, text string) *table.Reader {
	t.Helper()
	r, err := table.Open(strings.NewReader(text), "f.csv", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// readAll returns the records and the errors in the order in which they came.
func readAll(t testing.TB, r *table.Reader) (records [][]string, errs []*kizuna.Error) {
	t.Helper()
	for {
		record, err := r.Next()
		if err == io.EOF {
			return records, errs
		}
		if err != nil {
			known, ok := errors.AsType[*kizuna.Error](err)
			if !ok || known.Code == "" || known.At.File == "" || known.At.Line == 0 {
				t.Fatalf("not an error that can be shown: %#v", err)
			}
			errs = append(errs, known)
			continue
		}
		records = append(records, slices.Clone(record))
	}
}

func packGzip(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

func packZstd(text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func inUTF16(text string, mark bool, littleEndian bool) string {
	var b []byte
	if mark {
		text = "\ufeff" + text
	}
	for _, u := range utf16.Encode([]rune(text)) {
		if littleEndian {
			b = append(b, byte(u), byte(u>>8))
		} else {
			b = append(b, byte(u>>8), byte(u))
		}
	}
	return string(b)
}

func TestATableReadsTheSameInEveryPacking(t *testing.T) {
	want := [][]string{{"1", "安曇野, 本社"}, {"2", "two\nlines"}}
	const comma = "id,name\n1,\"安曇野, 本社\"\n2,\"two\nlines\"\n"
	for name, text := range map[string]string{
		"plain":              comma,
		"carriage returns":   strings.ReplaceAll(comma, "\n", "\r\n"),
		"byte order mark":    "\ufeff" + comma,
		"no line end":        strings.TrimSuffix(comma, "\n"),
		"blank lines":        "\n\r\n" + strings.ReplaceAll(comma, "\n2", "\n\n\n2"),
		"gzip":               packGzip(comma),
		"gzip, two members":  packGzip(comma[:20]) + packGzip(comma[20:]),
		"zstd":               packZstd("\ufeff" + comma),
		"tabs":               "id\tname\n1\t安曇野, 本社\n2\t\"two\nlines\"\n",
		"semicolons":         "id;name\n1;安曇野, 本社\n2;\"two\nlines\"\n",
		"a comma in quotes":  "id\t\"name\"\n1\t\"安曇野, 本社\"\n2\t\"two\nlines\"\n",
		"quotes in a header": "\"id\",\"name\"\n1,\"安曇野, 本社\"\n2,\"two\nlines\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := table.Open(iotest.OneByteReader(strings.NewReader(text)), "f.csv", table.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Header(); !slices.Equal(got, []string{"id", "name"}) {
				t.Errorf("header %q", got)
			}
			records, errs := readAll(t, r)
			if len(errs) > 0 || !slices.EqualFunc(records, want, slices.Equal) {
				t.Errorf("got %q %v", records, errs)
			}
			if r.Err() != nil {
				t.Error(r.Err())
			}
		})
	}
}

func TestAFileThatIsNoTableIsRefusedWithAMend(t *testing.T) {
	japanese := "名前,数\n安曇野,1\n" + strings.Repeat("松本,2\n", 40000)
	for name, c := range map[string]struct{ text, code string }{
		"empty":                  {"", "file-empty"},
		"a mark alone":           {"\ufeff", "file-empty"},
		"blank lines":            {"\n\n\r\n", "file-empty"},
		"UTF-16 with mark":       {inUTF16("id,name\n1,a\n", true, true), "file-utf16"},
		"UTF-16 big endian":      {inUTF16("id,name\n1,a\n", true, false), "file-utf16"},
		"UTF-16 without mark":    {inUTF16("id,name\n1,a\n", false, true), "file-utf16"},
		"UTF-16 big, no mark":    {inUTF16("id,name\n1,a\n", false, false), "file-utf16"},
		"long Japanese UTF-16":   {inUTF16(japanese, true, true), "file-utf16"},
		"a workbook":             {"PK\x03\x04\x14\x00\x06\x00" + strings.Repeat("x", 100), "file-binary"},
		"Parquet":                {"PAR1\x15\x04\x15\x00", "file-binary"},
		"packed twice":           {packGzip(packGzip("id,name\n1,a\n")), "file-binary"},
		"Shift_JIS header":       {"\x96\xbc\x91O,id\n1,2\n", "record-encoding"},
		"torn gzip":              {packGzip(strings.Repeat("id,name\n", 50))[:30], "file-packed"},
		"gzip magic alone":       {"\x1f\x8b", "file-packed"},
		"zstd magic and rubbish": {"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff", "file-packed"},
		"old Mac line ends":      {"id,name\r1,a\r2,b\r", "file-line-ends"},
		"too many columns":       {strings.Repeat("a,", 3000) + "\n", "file-columns"},
		"a header without end":   {"id," + strings.Repeat("x", 2<<20), "record-long"},
		"a broken header":        {"id,na\"me\n1,2\n", "record-quote"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := table.Open(strings.NewReader(c.text), "f.csv", table.Limits{})
			known, ok := errors.AsType[*kizuna.Error](err)
			if !ok || known.Code != c.code || known.Mend == "" || known.At.File != "f.csv" {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestABrokenRecordIsNamedAndReadingGoesOn(t *testing.T) {
	r := open(t, "id,name\n"+
		"1,a\n"+
		"2\n"+
		"3,c,c\n"+
		"4,d\"d\n"+
		"5,\"e\"e\n"+
		"6,\"two\nlines\"x\n"+
		"8,\xff\n"+
		"9,z\n")
	records, errs := readAll(t, r)
	if want := [][]string{{"1", "a"}, {"9", "z"}}; !slices.EqualFunc(records, want, slices.Equal) {
		t.Errorf("records %q", records)
	}
	var got []string
	for _, err := range errs {
		if err.Mend == "" {
			t.Errorf("no mend: %v", err)
		}
		got = append(got, err.Code+" "+err.At.String())
	}
	want := []string{
		"record-fields f.csv:3:1",
		"record-fields f.csv:4:3",
		"record-quote f.csv:5:4",
		"record-quote f.csv:6:5",
		"record-quote-lines f.csv:7",
		"record-encoding f.csv:9:3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r.Err() != nil {
		t.Error("the file was read to its end, but", r.Err())
	}
}

func TestAQuoteThatNeverEndsNamesItsLine(t *testing.T) {
	r := open(t, "id,name\n1,a\n2,\"b\n3,c\n4,d\n")
	records, errs := readAll(t, r)
	if len(records) != 1 || len(errs) != 1 || errs[0].At.Line != 3 || errs[0].Code != "record-quote-lines" {
		t.Errorf("%q %v", records, errs)
	}
}

// endless yields a start and then one text for ever.
type endless struct {
	start io.Reader
	rest  string
	given int64
}

func (e *endless) Read(p []byte) (n int, err error) {
	if n, _ = e.start.Read(p); n == 0 {
		n = copy(p, e.rest)
	}
	e.given += int64(n)
	return n, nil
}

func TestWhatNeverEndsStopsWithinItsBounds(t *testing.T) {
	const start = "id,name\n1,a\n"
	limits := table.Limits{MaxLine: 100_000, MaxBytes: 1_000_000}
	for name, c := range map[string]struct {
		start, rest, code string
		line              int
	}{
		"a line":       {start, "xxxxxxxx", "record-long", 3},
		"a quote":      {start + "2,\"b", "3,ccc\n", "record-long", 3},
		"a first cell": {start + "\"b", "3,ccc\n", "record-long", 3},
		"a file":       {start, "2,b\n", "file-large", 0},
		"blank lines":  {start, "\n", "record-long", 3},
	} {
		t.Run(name, func(t *testing.T) {
			source := &endless{start: strings.NewReader(c.start), rest: c.rest}
			r, err := table.Open(source, "f.csv", limits)
			if err != nil {
				t.Fatal(err)
			}
			_, errs := readAll(t, r)
			last := errs[len(errs)-1]
			if last.Code != c.code || c.line != 0 && last.At.Line != c.line {
				t.Errorf("got %v", last)
			}
			if r.Err() != last {
				t.Errorf("Err is %v", r.Err())
			}
			if source.given > limits.MaxBytes+1<<18 {
				t.Errorf("%d bytes were read", source.given)
			}
		})
	}
}

func TestARecordOfExactlyTheLimitPasses(t *testing.T) {
	const limit = 1000
	line := "1," + strings.Repeat("x", limit-3) + "\n"
	for _, extra := range []string{"", "x"} {
		r, err := table.Open(strings.NewReader("id,name\n"+extra+line+"2,b\n"), "f.csv", table.Limits{MaxLine: limit})
		if err != nil {
			t.Fatal(err)
		}
		records, errs := readAll(t, r)
		if whole := len(records) == 2 && len(errs) == 0; whole != (extra == "") {
			t.Errorf("one byte more: %v: %d records, %v", extra != "", len(records), errs)
		}
	}
}

func TestABombIsRefusedBeforeItGoesOff(t *testing.T) {
	var bomb bytes.Buffer
	w, err := zstd.NewWriter(&bomb)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "id,name\n")
	for range 40 {
		io.WriteString(w, strings.Repeat("1,a\n", 1<<18))
	}
	w.Close()
	r, err := table.Open(&bomb, "f.csv.zst", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	records, errs := readAll(t, r)
	if len(errs) != 1 || errs[0].Code != "file-ratio" || errs[0] != r.Err() {
		t.Errorf("%d records, then %v", len(records), errs)
	}
}

func TestATornFileIsNotTakenForAWholeOne(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,name\n")
	for i := range 200_000 {
		b.WriteString(strings.Repeat("x", i*i%7))
		b.WriteString(",y\n")
	}
	packed := packGzip(b.String())
	for name, source := range map[string]io.Reader{
		"packed, cut off":  strings.NewReader(packed[:len(packed)-10]),
		"packed, damaged":  strings.NewReader(packed[:len(packed)/2] + "rubbish" + packed[len(packed)/2+7:]),
		"medium fails":     io.MultiReader(strings.NewReader(b.String()[:100_000]), iotest.ErrReader(errors.New("disk"))),
		"0 in the middle":  strings.NewReader(b.String()[:200_000] + "\x00" + b.String()[200_000:]),
		"packed, disk bad": io.MultiReader(strings.NewReader(packed[:len(packed)/2]), iotest.ErrReader(errors.New("disk"))),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := table.Open(source, "f.csv", table.Limits{MaxRatio: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			records, errs := readAll(t, r)
			if len(records) == 0 || len(errs) == 0 || r.Err() != errs[len(errs)-1] {
				t.Errorf("%d records, %v, Err %v", len(records), errs, r.Err())
			}
			if _, err := r.Next(); err != io.EOF {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func TestColumnsAreFoundHoweverTheyAreSpelled(t *testing.T) {
	r := open(t, " Customer Tenant_Id,MPN-ID,Month,month\na,b,c,d\n")
	for names, want := range map[string]int{
		"CustomerTenantId":  0,
		"customertenantid":  0,
		"PartnerId|MpnId":   1,
		"Month":             2,
		"Month|MPNId":       2,
		"Segment":           -1,
		"Segment|Nothing|_": -1,
	} {
		if got := r.Find(strings.Split(names, "|")...); got != want {
			t.Errorf("Find(%q) = %d, want %d", names, got, want)
		}
		if got := table.FindIn(r.Header(), strings.Split(names, "|")...); got != want {
			t.Errorf("FindIn(%q) = %d, want %d", names, got, want)
		}
	}
}

func TestPlacesAreThoseOfTheEditor(t *testing.T) {
	r := open(t, "\ufeffid,name,n\n1,\"a\nb\",3\n\n4,五,6\n")
	var got []string
	for {
		if _, err := r.Next(); err != nil {
			break
		}
		for column := range 3 {
			got = append(got, r.Ref(column).String())
		}
		got = append(got, r.Ref(99).String())
	}
	want := "f.csv:2:1 f.csv:2:3 f.csv:3:4 f.csv:2 f.csv:5:1 f.csv:5:3 f.csv:5:7 f.csv:5"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	field := rapid.StringOf(rapid.SampledFrom([]rune("a1 ,;\t\"'\n安é\ufeff=-")))
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		header := make([]string, columns)
		for i := range header {
			header[i] = "c" + strings.Repeat("x", i)
		}
		records := rapid.SliceOf(rapid.SliceOfN(field, columns, columns)).Draw(t, "records")
		var b bytes.Buffer
		w := table.NewWriter(&b, header...)
		if rapid.Bool().Draw(t, "zstd") {
			b.Reset()
			var err error
			if w, err = table.NewZstdWriter(&b, header...); err != nil {
				t.Fatal(err)
			}
		}
		for _, record := range records {
			if err := w.Write(record); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := table.Open(&b, "f", table.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range records {
			got, err := r.Next()
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%q reads as %q, %v", want, got, err)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatal(err)
		}
	})
}

func TestARecordThatDoesNotFitTheHeaderIsNotWritten(t *testing.T) {
	w := table.NewWriter(io.Discard, "a", "b")
	if err := w.Write([]string{"1"}); kizuna.CodeOf(err) != "record-write" {
		t.Error(err)
	}
}

// Whatever the bytes: no panic, an end, every error shown with its place, every
// record as wide as the header.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{
		"", "id,name\n1,a\n", "\ufeffid;n\n1;\"a\n", "a\tb\n\"\"\"\t\n", packGzip("id\n1\n"), packZstd("id\n1\n"),
		inUTF16("id\n1\n", true, true), "a,b\r1,2\r", "a\n\xff\n", "a,a\n1\n1,2,3\n\"x\"y,1\n",
	} {
		f.Add([]byte(seed))
	}
	limits := table.Limits{MaxLine: 1000, MaxBytes: 1 << 16, MaxColumns: 50}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := table.Open(bytes.NewReader(text), "f", limits)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		records, errs := readAll(t, r)
		for _, record := range records {
			if len(record) != len(r.Header()) {
				t.Fatalf("%q under %q", record, r.Header())
			}
		}
		if int64(len(records)+len(errs)) > limits.MaxBytes {
			t.Fatal("more records than bytes")
		}
	})
}

func TestARepeatedTextCostsNoMemory(t *testing.T) {
	rows := "\"Microsoft\",Storage,1.50,\"{\"\"a\"\": \"\"b\"\"}\"\r\n\"Microsoft\",\"SQL, managed\",2.75,\r\n"
	r := open(t, "provider,service,cost,tags\n"+strings.Repeat(rows, 6000))
	record := func() {
		if err := r.Scan(); err != nil {
			t.Fatal(err)
		}
		if r.Text(0) != "Microsoft" || r.Text(1) == "" || len(r.Bytes(2)) != 4 {
			t.Fatal(r.Text(0), r.Text(1), r.Bytes(2))
		}
	}
	for range 5000 {
		record()
	}
	if allocs := testing.AllocsPerRun(5000, record); allocs > 0 {
		t.Errorf("%v allocations a record", allocs)
	}
}

// A column that forgets goes on as before.
func TestTextsAreThoseOfTheFieldsHoweverMany(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n")
	name := func(i int) string { return fmt.Sprintf("text \"%d\"", i*i%150_001) }
	const rows = 400_000
	for i := range rows {
		fmt.Fprintf(&text, "\"%s\",%d\n", strings.ReplaceAll(name(i), `"`, `""`), i%3)
	}
	r := open(t, text.String())
	for i := range rows {
		if err := r.Scan(); err != nil {
			t.Fatal(err)
		}
		if r.Text(0) != name(i) || r.Text(1) != strconv.Itoa(i%3) {
			t.Fatalf("line %d: %q, %q", i, r.Text(0), r.Text(1))
		}
	}
}
