// Package table reads and writes tables of delimited text, as people and programs
// exchange them. A reader is safe to point at a file of strangers: memory and time
// are bounded whatever the file holds, a broken record is named and does not end
// the file, and nothing that the file held is passed over in silence.
package table

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"

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
//
// [Reader.Next] gives a record's fields as they are. Who reads many records and few
// of their columns calls [Reader.Scan] and asks for the fields: what nobody asks for
// is checked and passed over.
type Reader struct {
	file   string
	limits Limits
	scan   *scanner

	header []string
	names  map[string]int // the first column of a name, by its plain form
	raw    raw            // the current record; without fields if there is none
	fields []string       // for Next
	texts  []dictionary   // by column, for Text
	line   int
	after  int   // the line behind the last record that could be read
	err    error // what ended the file early
	done   bool
}

// Open reads the header of a table: text in UTF-8 with or without byte order mark,
// separated by commas, tabs or semicolons, as it is or packed with gzip or
// Zstandard. File is its name for people. Every error is a *kizuna.Error.
func Open(r io.Reader, file string, limits Limits) (*Reader, error) {
	return open(r, file, limits, bufferSize)
}

// open reads so many bytes at a time.
func open(r io.Reader, file string, limits Limits, stretch int) (*Reader, error) {
	limits = limits.orDefault()
	src, err := newSource(r, file, limits)
	if err != nil {
		return nil, err
	}
	t := &Reader{file: file, limits: limits, scan: newScanner(src, stretch), after: 1}
	start := t.scan.begin()
	if utf16(start) {
		return nil, kizuna.Errorf("file-utf16", "the file is written in UTF-16").
			WithMend(`save it as UTF-8; in Excel: "CSV UTF-8 (Comma delimited)"`).
			WithRef(kizuna.Ref{File: file, Line: 1})
	}
	if t.scan.then == torn {
		return nil, t.failed(t.scan.err, 1)
	}
	const mark = "\ufeff"
	if bytes.HasPrefix(start, []byte(mark)) {
		t.scan.pass(len(mark))
		start = start[len(mark):]
	}
	t.scan.separate(delimiter(start))
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
func delimiter(start []byte) byte {
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
	best := byte(',')
	for _, c := range []byte("\t;") {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}

func (t *Reader) readHeader() error {
	err := t.next()
	at := kizuna.Ref{File: t.file, Line: max(t.line, 1)}
	if err == io.EOF {
		return kizuna.Errorf("file-empty", "the file is empty").
			WithMend("a table begins with a line that names its columns").WithRef(at)
	}
	if err != nil {
		return err
	}
	record := t.strings()
	if len(record) > t.limits.MaxColumns {
		return kizuna.Errorf("file-columns", "the header names %d columns, more than %d", len(record), t.limits.MaxColumns).
			WithMend("check that the first line is the header and that lines end where they should").WithRef(at)
	}
	t.scan.follow.begin(len(record))
	t.names = make(map[string]int, len(record))
	for i, name := range record {
		name = strings.TrimSpace(name)
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
	if err := t.Scan(); err != nil {
		return nil, err
	}
	return t.strings(), nil
}

// Scan moves to the next record, whose fields [Reader.Bytes] and [Reader.Text]
// return. It has the errors of [Reader.Next].
func (t *Reader) Scan() error {
	if err := t.next(); err != nil {
		return err
	}
	if fields := len(t.raw.ends); fields != len(t.header) {
		return kizuna.Errorf("record-fields", "the line has %d fields, the header %d", fields, len(t.header)).
			WithMend("put quotes around fields that hold the separator, and keep empty fields").
			WithRef(t.Ref(min(fields, len(t.header)) - 1))
	}
	return nil
}

// Bytes returns a field of the current record. They are valid until the next call
// of Scan, and must not be changed.
func (t *Reader) Bytes(column int) []byte { return plainField(t.raw.field(column)) }

// Text returns a field of the current record. A text that its column has had a
// short while ago is the same string again and costs no memory.
func (t *Reader) Text(column int) string {
	if t.texts == nil {
		t.texts = make([]dictionary, len(t.header))
	}
	d, f := &t.texts[column], &t.scan.follow
	if d.since == 0 || !f.unchanged(column, d.since) {
		d.given, d.since = d.text(t.raw.field(column)), f.record
	}
	return d.given
}

// Changed reports whether a field of the current record may be another than that of
// the last one that there was before it.
func (t *Reader) Changed(column int) bool {
	f := &t.scan.follow
	return f.all == f.record || f.changed[column] == f.record
}

// Err returns what ended the file early; nil if it was, or may yet be, read whole.
func (t *Reader) Err() error { return t.err }

// Line returns the line on which the current record begins, 1 being the first.
func (t *Reader) Line() int { return t.line }

// Ref returns the place of a field of the current record; of its line if there is
// no such field. The column counts bytes.
func (t *Reader) Ref(column int) kizuna.Ref {
	at := kizuna.Ref{File: t.file, Line: t.line}
	if column >= 0 && column < len(t.raw.ends) {
		before := t.raw.before(column)
		at.Line += bytes.Count(before, lineFeed)
		at.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	return at
}

// next moves to the next record, whatever the number of its fields.
func (t *Reader) next() error {
	t.raw = raw{}
	if t.done {
		return io.EOF
	}
	s := t.scan
	before := s.passed()
	tooLong := func(to int64) bool { return to-before > t.limits.MaxLine }
	s.source.allow(before + t.limits.MaxLine)
	for {
		if r, ok := s.next(); ok {
			switch {
			case r.blank():
				continue
			case tooLong(s.passed()):
				return t.fail(t.failed(errTooLong, t.after))
			}
			t.raw, t.line, t.after = r, r.line, s.line
			return t.checkEncoding()
		}
		if f, ok := s.fault(); ok {
			if tooLong(s.passed()) {
				return t.fail(t.failed(errTooLong, t.after))
			}
			t.line, t.after = f.line, s.line
			return t.broken(f)
		}
		switch s.then {
		case more:
			s.fill()
		case end:
			t.done = true
			return io.EOF
		case torn:
			if tooLong(s.offset + int64(s.filled)) {
				return t.fail(t.failed(errTooLong, t.after))
			}
			return t.fail(t.failed(s.err, t.after))
		}
	}
}

// strings returns the fields of the current record in memory of their own.
func (t *Reader) strings() []string {
	t.fields = t.raw.strings(t.fields[:0])
	return t.fields
}

// checkEncoding finds the first field that is not UTF-8.
func (t *Reader) checkEncoding() error {
	if !t.raw.mixed || validUTF8(t.raw.whole()) {
		return nil
	}
	t.scan.follow.forget()
	column := 0
	for validUTF8(t.raw.field(column)) {
		column++
	}
	return kizuna.Errorf("record-encoding", "the text is not UTF-8").
		WithMend(`save the file as UTF-8; in Excel: "CSV UTF-8 (Comma delimited)"`).WithRef(t.Ref(column))
}

func (t *Reader) broken(f fault) error {
	if f.line != f.faultLine {
		// Whatever stands between is part of this record: name both ends.
		return kizuna.Errorf("record-quote-lines", "a quote opens on line %d, and up to line %d it is not closed as it should be", f.line, f.faultLine).
			WithMend(`close it, and write quotes inside a quoted field twice: "a ""b"" c"`).
			WithRef(kizuna.Ref{File: t.file, Line: f.line})
	}
	return kizuna.Errorf("record-quote", "a quote stands where none can").
		WithMend(`put the whole field in quotes and write quotes inside it twice: "a ""b"" c"`).
		WithRef(kizuna.Ref{File: t.file, Line: f.line, Column: f.column})
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
