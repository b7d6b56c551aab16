// Package table reads and writes tables of delimited text, as people and programs
// exchange them. A reader is safe to point at a file of strangers: memory and time
// are bounded whatever the file holds, a broken record is named and does not end
// the file, and nothing that the file held is passed over in silence.
package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/kizuna-org/kizuna"
)

// Limits bound what one file may cost. A limit of 0 is that of [DefaultLimits].
type Limits struct {
	MaxLine    int64 // bytes of one record, quoted line breaks included
	MaxBytes   int64 // bytes of the whole text, decompressed
	MaxRatio   int64 // bytes of text for each compressed byte, once there is a good deal of text
	MaxColumns int
}

// DefaultLimits let the largest real exports pass: a record is a kilobyte there,
// and text of that kind shrinks to a tenth, hardly ever to a hundredth.
var DefaultLimits = Limits{
	MaxLine:    1 << 20,
	MaxBytes:   1 << 40,
	MaxRatio:   250,
	MaxColumns: 2048,
}

func (l Limits) orDefault() Limits {
	or := func(n, fallback int64) int64 {
		if n <= 0 {
			return fallback
		}
		return min(n, math.MaxInt64/2)
	}
	d := DefaultLimits
	return Limits{
		MaxLine:    or(l.MaxLine, d.MaxLine),
		MaxBytes:   or(l.MaxBytes, d.MaxBytes),
		MaxRatio:   or(l.MaxRatio, d.MaxRatio),
		MaxColumns: int(or(int64(l.MaxColumns), int64(d.MaxColumns))),
	}
}

// bufferSize is how far reading runs ahead. What is looked at before the first
// record (magic numbers, the delimiter) fits into it.
const bufferSize = 64 << 10

// Reader reads the records of one table. It is for one goroutine.
type Reader struct {
	file   string
	limits Limits
	source *source
	buffer *bufio.Reader
	csv    *csv.Reader

	header []string
	names  map[string]int // the first column of a name, by its plain form
	record []string       // the current one, for Ref
	line   int
	after  int   // the line behind the last record that could be read
	err    error // what ended the file early
	done   bool
}

// Open reads the header of a table: text in UTF-8 with or without byte order mark,
// separated by commas, tabs or semicolons, as it is or packed with gzip or
// Zstandard. File is its name for people. Every error is a *kizuna.Error.
func Open(r io.Reader, file string, limits Limits) (*Reader, error) {
	limits = limits.orDefault()
	src, err := newSource(r, file, limits)
	if err != nil {
		return nil, err
	}
	t := &Reader{file: file, limits: limits, source: src, buffer: bufio.NewReaderSize(src, bufferSize), after: 1}
	start, err := t.buffer.Peek(bufferSize)
	if utf16(start) {
		return nil, kizuna.Errorf("file-utf16", "the file is written in UTF-16").
			WithMend(`save it as UTF-8; in Excel: "CSV UTF-8 (Comma delimited)"`).
			WithRef(kizuna.Ref{File: file, Line: 1})
	}
	if err != nil && err != io.EOF {
		return nil, t.failed(err, 1)
	}
	if rest, marked := bytes.CutPrefix(start, []byte("\ufeff")); marked {
		t.buffer.Discard(len(start) - len(rest)) //nolint:errcheck // it was peeked
		start = rest
	}
	t.csv = csv.NewReader(t.buffer)
	t.csv.Comma = delimiter(start)
	t.csv.ReuseRecord = true
	t.csv.FieldsPerRecord = -1 // counted here, with a better message
	if err := t.readHeader(); err != nil {
		return nil, err
	}
	return t, nil
}

func errBinary() *kizuna.Error {
	return kizuna.Errorf("file-binary", "the file is not text").
		WithMend("give a table as CSV; unpack archives and save workbooks as CSV UTF-8 first")
}

// utf16 reports a byte order mark of UTF-16, or that every other byte is 0.
func utf16(b []byte) bool {
	if bytes.HasPrefix(b, []byte{0xFF, 0xFE}) || bytes.HasPrefix(b, []byte{0xFE, 0xFF}) {
		return true
	}
	b = b[:min(len(b), 64)]
	var zero [2]int
	for i, c := range b {
		if c == 0 {
			zero[i%2]++
		}
	}
	pairs := len(b) / 2
	return pairs > 0 && (zero[0] == 0 && zero[1] == pairs || zero[1] == 0 && zero[0] == len(b)-pairs)
}

// delimiter finds what separates the header's names: the commonest candidate
// outside quotes.
func delimiter(start []byte) rune {
	var count [256]int
	quoted := false
	for _, c := range bytes.TrimLeft(start, "\r\n") {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' {
			break
		}
		count[c]++
	}
	best := ','
	for _, c := range "\t;" {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}

func (t *Reader) readHeader() error {
	record, err := t.next()
	at := kizuna.Ref{File: t.file, Line: max(t.line, 1)}
	if err == io.EOF {
		return kizuna.Errorf("file-empty", "the file is empty").
			WithMend("a table begins with a line that names its columns").WithRef(at)
	}
	if err != nil {
		return err
	}
	if len(record) > t.limits.MaxColumns {
		return kizuna.Errorf("file-columns", "the header names %d columns, more than %d", len(record), t.limits.MaxColumns).
			WithMend("check that the first line is the header and that lines end where they should").WithRef(at)
	}
	t.names = make(map[string]int, len(record))
	for i, name := range record {
		name = strings.Clone(strings.TrimSpace(name))
		if strings.ContainsRune(name, '\r') {
			return kizuna.Errorf("file-line-ends", "lines end with a carriage return alone").
				WithMend("save the file with the line ends of Windows or Unix").WithRef(at)
		}
		t.header = append(t.header, name)
		if plain := plain(name); plain != "" {
			if _, known := t.names[plain]; !known {
				t.names[plain] = i
			}
		}
	}
	return nil
}

// plain is a column's name without what exports of one kind write differently.
func plain(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '\u00a0':
			return -1
		}
		return r
	}, name))
}

// Header returns the names of the columns as the file spells them, without the
// spaces around them. It must not be changed.
func (t *Reader) Header() []string { return t.header }

// Find returns the index of the first of the names that the header has, or -1.
// Case, spaces, underscores and hyphens make no difference.
func (t *Reader) Find(names ...string) int { return find(t.names, names) }

// FindIn does what [Reader.Find] does, in a header that is not (or not yet) read
// from a table.
func FindIn(header []string, names ...string) int {
	index := make(map[string]int, len(header))
	for i, name := range header {
		if _, known := index[plain(name)]; !known {
			index[plain(name)] = i
		}
	}
	return find(index, names)
}

func find(index map[string]int, names []string) int {
	for _, name := range names {
		if i, ok := index[plain(name)]; ok {
			return i
		}
	}
	return -1
}

// Next returns the fields of the next record, exactly as many as the header has;
// the slice is reused, the texts are not. At the end it returns io.EOF.
//
// Any other error is a *kizuna.Error. If a record is broken, the next call goes
// on behind it. If the file cannot be read on at all (it is torn, too large, a
// quote never ends) the error is returned once, then io.EOF, and [Reader.Err]
// keeps it.
func (t *Reader) Next() ([]string, error) {
	record, err := t.next()
	if err != nil {
		return nil, err
	}
	if len(record) != len(t.header) {
		return nil, kizuna.Errorf("record-fields", "the line has %d fields, the header %d", len(record), len(t.header)).
			WithMend("put quotes around fields that hold the separator, and keep empty fields").
			WithRef(t.Ref(min(len(record), len(t.header)) - 1))
	}
	return record, nil
}

// Err returns what ended the file early; nil if it was, or may yet be, read whole.
func (t *Reader) Err() error { return t.err }

// Line returns the line on which the current record begins, 1 being the first.
func (t *Reader) Line() int { return t.line }

// Ref returns the place of a field of the current record; of its line if there is
// no such field. The column counts bytes.
func (t *Reader) Ref(column int) kizuna.Ref {
	at := kizuna.Ref{File: t.file, Line: t.line}
	if column >= 0 && column < len(t.record) {
		at.Line, at.Column = t.csv.FieldPos(column)
	}
	return at
}

func (t *Reader) next() ([]string, error) {
	t.record = nil
	if t.done {
		return nil, io.EOF
	}
	before := t.csv.InputOffset()
	t.source.allow(before + t.limits.MaxLine)
	record, err := t.csv.Read()
	if err == io.EOF {
		t.done = true
		return nil, io.EOF
	}
	switch tooLong := t.csv.InputOffset()-before > t.limits.MaxLine; {
	case err != nil:
		broken, ok := errors.AsType[*csv.ParseError](err)
		if !ok {
			return nil, t.fail(t.failed(err, t.after))
		}
		if !tooLong {
			t.line, t.after = broken.StartLine, broken.Line+1
			return nil, t.broken(broken)
		}
		fallthrough
	case tooLong:
		return nil, t.fail(t.failed(errTooLong, t.after))
	}
	t.record = record
	t.line, _ = t.csv.FieldPos(0)
	last := len(record) - 1
	t.after, _ = t.csv.FieldPos(last)
	t.after += 1 + strings.Count(record[last], "\n")
	if t.source.beyondASCII {
		for i, field := range record {
			if !utf8.ValidString(field) {
				return nil, t.notUTF8(i)
			}
		}
	}
	return record, nil
}

func (t *Reader) broken(e *csv.ParseError) error {
	at := kizuna.Ref{File: t.file, Line: e.Line, Column: e.Column}
	if e.StartLine != e.Line {
		// Whatever stands between is part of this record: name both ends.
		return kizuna.Errorf("record-quote-lines", "a quote opens on line %d, and up to line %d it is not closed as it should be", e.StartLine, e.Line).
			WithMend(`close it, and write quotes inside a quoted field twice: "a ""b"" c"`).
			WithRef(kizuna.Ref{File: t.file, Line: e.StartLine}).WithCause(e)
	}
	return kizuna.Errorf("record-quote", "a quote stands where none can").
		WithMend(`put the whole field in quotes and write quotes inside it twice: "a ""b"" c"`).
		WithRef(at).WithCause(e)
}

func (t *Reader) notUTF8(field int) error {
	return kizuna.Errorf("record-encoding", "the text is not UTF-8").
		WithMend(`save the file as UTF-8; in Excel: "CSV UTF-8 (Comma delimited)"`).WithRef(t.Ref(field))
}

// fail ends the file with an error.
func (t *Reader) fail(err error) error {
	t.done, t.err = true, err
	return err
}

// failed puts what the source said in words, on the line where it happened.
func (t *Reader) failed(err error, line int) error {
	at := kizuna.Ref{File: t.file, Line: line}
	if err == errTooLong {
		return kizuna.Errorf("record-long", "the record that begins here is longer than %d bytes", t.limits.MaxLine).
			WithMend("close the quote that it opens, or check that this is a table at all").WithRef(at)
	}
	if known, ok := errors.AsType[*kizuna.Error](err); ok {
		return known.WithRef(at)
	}
	return kizuna.Errorf("file-read", "the file cannot be read on from here").
		WithMend("check that it is whole, then try again").WithCause(err).WithRef(at)
}
