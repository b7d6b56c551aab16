package statement

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/plain"
)

// Batch is a page of rows by columns. It and all that it returns hold until the next
// one is read.
type Batch struct {
	Start int // the number of its first row in the file
	Len   int
	// Group counts row groups: dictionaries hold for one.
	Group int

	overflows bool
	columns   [NumColumns]cells
}

// cells are a column's values of a batch.
type cells struct {
	texts   []string // names: the dictionary
	values  []int64  // dates, counts: the dictionary
	index   []uint32
	one     bool
	numbers []int64
	exact   []string
	present []byte
	filled  int // how many are present

	levels []uint32 // scratch
}

// Texts returns the dictionary of a column of texts, in which an index is that of a
// text; that of a column with empty cells begins with the empty text.
func (b *Batch) Texts(c Column) []string { return b.columns[c].texts }

// Index returns for each row the index of its text.
func (b *Batch) Index(c Column) []uint32 { return b.columns[c].index }

// One reports whether all rows surely have the same text.
func (b *Batch) One(c Column) bool { return b.columns[c].one }

// Numbers returns for each row its number, of columns that hold numbers, dates (days
// since 1970) or flags (1 is true); 0 where there is none.
func (b *Batch) Numbers(c Column) []int64 { return b.columns[c].numbers }

// Exact returns the exact amounts of column [RevenueExact]; "" where there is none.
func (b *Batch) Exact() []string { return b.columns[RevenueExact].exact }

// Present says for each row with 1 that the cell is not empty; nil says so of all.
func (b *Batch) Present(c Column) []byte {
	if k := &b.columns[c]; specs[c].optional && k.filled < b.Len {
		return k.present
	}
	return nil
}

// Empty reports whether no row has a value.
func (b *Batch) Empty(c Column) bool { return specs[c].optional && b.columns[c].filled == 0 }

// Overflows reports whether an amount of the batch may not fit column [Revenue]: then
// only [RevenueExact] has it.
func (b *Batch) Overflows() bool { return b.overflows }

// Scanner reads some columns of a statement, page by page.
type Scanner struct {
	file    *File
	columns []Column
	group   int
	page    int
	loaded  int // the group whose dictionaries are loaded
	batch   Batch
	packed  []byte
	raw     []byte
}

// Scan returns a scanner of the columns, at the first row. It is for one goroutine;
// there may be several.
func (f *File) Scan(columns ...Column) *Scanner {
	return &Scanner{file: f, columns: columns, loaded: -1}
}

// Next reads the next page; [io.EOF] is its error at the end.
func (s *Scanner) Next() (*Batch, error) {
	d := s.file.directory
	if s.group == len(d.groups) {
		return nil, io.EOF
	}
	g := &d.groups[s.group]
	if s.loaded != s.group {
		if err := s.dictionaries(g); err != nil {
			return nil, err
		}
		s.loaded = s.group
	}
	s.batch.Group, s.batch.Start, s.batch.Len = s.group, g.start+s.page*pageRows, g.pageLength(s.page)
	s.batch.overflows = g.columns[RevenueExact].pages[s.page].values > 0 && g.columns[Revenue].pages[s.page].values < s.batch.Len
	for _, c := range s.columns {
		if err := s.cells(g, c); err != nil {
			return nil, s.broken(c, err)
		}
	}
	if s.page++; s.page == g.pages() {
		s.group, s.page = s.group+1, 0
	}
	return &s.batch, nil
}

func (s *Scanner) broken(c Column, cause error) error {
	return damaged(fmt.Errorf("column %v, row group %d, page %d: %w", c, s.group, s.page, cause))
}

// dictionaries reads those of a group.
func (s *Scanner) dictionaries(g *groupEntry) error {
	for _, c := range s.columns {
		if !specs[c].form.dictionary() {
			continue
		}
		if err := s.dictionary(g, c); err != nil {
			return s.broken(c, err)
		}
	}
	return nil
}

func (s *Scanner) dictionary(g *groupEntry, c Column) error {
	chunk := &g.columns[c]
	raw, err := s.read(chunk.offset, &chunk.dictionary)
	if err != nil {
		return err
	}
	k := &s.batch.columns[c]
	size := chunk.dictionary.values
	switch specs[c].form {
	case names:
		k.texts = k.texts[:0]
		if specs[c].optional {
			k.texts = append(k.texts, "")
		}
		k.texts, err = readTexts(k.texts, raw, size)
		return err
	case dates:
		if len(raw) != 4*size {
			return errors.New("a dictionary of another length")
		}
		k.values = k.values[:0]
		month := s.file.directory.month
		first, end := int64(month.Day(1)), int64(month.Add(1).Day(1))
		for i := range size {
			day := int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
			if day < first || day >= end {
				return errors.New("a day of another month")
			}
			k.values = append(k.values, day)
		}
	default:
		if len(raw) != 8*size {
			return errors.New("a dictionary of another length")
		}
		k.values = k.values[:0]
		for i := range size {
			k.values = append(k.values, int64(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	}
	return nil
}

// readTexts appends so many texts, each behind its length. They are parts of one.
func readTexts(dst []string, raw []byte, n int) ([]string, error) {
	whole := string(raw)
	dst = slices.Grow(dst, min(n, len(raw)/plain.ByteArrayLengthSize))
	for range n {
		if len(whole) < plain.ByteArrayLengthSize {
			return dst, io.ErrUnexpectedEOF
		}
		length := int(binary.LittleEndian.Uint32(raw[len(raw)-len(whole):]))
		whole = whole[plain.ByteArrayLengthSize:]
		if length < 0 || length > len(whole) {
			return dst, io.ErrUnexpectedEOF
		}
		dst = append(dst, whole[:length])
		whole = whole[length:]
	}
	if len(whole) > 0 {
		return dst, errors.New("bytes behind the last text")
	}
	return dst, nil
}

// read reads a page, compares it with its checksum and unpacks it.
func (s *Scanner) read(offset int64, e *pageEntry) ([]byte, error) {
	if cap(s.packed) < e.packed {
		s.packed = make([]byte, e.packed+e.packed/4)
	}
	packed := s.packed[:e.packed]
	if n, err := s.file.r.ReadAt(packed, offset+int64(e.head)); n < len(packed) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if crc32.ChecksumIEEE(packed) != e.sum {
		return nil, errors.New("a page is not what its checksum says")
	}
	raw, err := s.file.codec.unpack(s.raw, packed, e.raw)
	if err == nil {
		s.raw = raw
	}
	return raw, err
}

// cells reads the column's values of the page.
func (s *Scanner) cells(g *groupEntry, c Column) error {
	chunk, k := &g.columns[c], &s.batch.columns[c]
	offset := chunk.offset + chunk.dictionary.size()
	for p := range s.page {
		offset += chunk.pages[p].size()
	}
	e := &chunk.pages[s.page]
	k.filled = e.values
	n := s.batch.Len
	if specs[c].optional && e.values == 0 {
		k.empty(c, n) // it needs no look
		return nil
	}
	raw, err := s.read(offset, e)
	if err != nil {
		return err
	}
	if specs[c].optional {
		if raw, err = k.readLevels(raw, n, e.values); err != nil {
			return err
		}
	}
	if specs[c].form.dictionary() {
		return k.readIndex(c, raw, n, chunk.dictionary.values)
	}
	return k.readPlain(c, raw, n)
}

// resized returns a slice of n elements, zero or not.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, pageRows))
	}
	return s[:n]
}

func (k *cells) empty(c Column, n int) {
	k.present = resized(k.present, n)
	clear(k.present)
	switch specs[c].form {
	case names:
		k.index, k.one = resized(k.index, n), true
		clear(k.index)
	case texts:
		k.exact = resized(k.exact, n)
		clear(k.exact)
	default:
		k.numbers = resized(k.numbers, n)
		clear(k.numbers)
	}
}

// readLevels reads which cells hold a value, and returns what follows.
func (k *cells) readLevels(raw []byte, n, values int) ([]byte, error) {
	if len(raw) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	length := int(binary.LittleEndian.Uint32(raw))
	if raw = raw[4:]; length > len(raw) {
		return nil, io.ErrUnexpectedEOF
	}
	k.present, k.levels = resized(k.present, n), resized(k.levels, n)
	if present, err := readLevels(k.present, k.levels, raw[:length]); err != nil || present != values {
		return nil, errors.Join(err, errors.New("another number of values than the directory says"))
	}
	return raw[length:], nil
}

// readIndex reads numbers of a dictionary of so many values.
func (k *cells) readIndex(c Column, raw []byte, n, size int) (err error) {
	if len(raw) == 0 {
		return io.ErrUnexpectedEOF
	}
	k.index = resized(k.index, n)
	index := k.index[:k.filled]
	if k.one, err = readHybrid(index, raw[1:], int(raw[0]), uint32(size)); err != nil {
		return err
	}
	if specs[c].form == names {
		if specs[c].optional {
			k.one = false
			spread(k.index, index, k.present, func(i uint32) uint32 { return i + 1 })
		}
		return nil
	}
	k.numbers = resized(k.numbers, n)
	if !specs[c].optional {
		for i, v := range index {
			k.numbers[i] = k.values[v]
		}
		return nil
	}
	at := 0
	for i, p := range k.present {
		k.numbers[i] = 0
		if p != 0 {
			k.numbers[i] = k.values[index[at]]
			at++
		}
	}
	return nil
}

// spread moves values to the rows that have one, from the last on, so that both may
// be the same memory. The others become zero.
func spread[T any](out, values []T, present []byte, to func(T) T) {
	at := len(values)
	for i := len(present) - 1; i >= 0; i-- {
		var v T
		if present[i] != 0 {
			at--
			v = to(values[at])
		}
		out[i] = v
	}
}

func same[T any](v T) T { return v }

func (k *cells) readPlain(c Column, raw []byte, n int) (err error) {
	switch specs[c].form {
	case texts:
		k.exact = resized(k.exact, n)
		values, err := readTexts(k.exact[:0], raw, k.filled)
		if err != nil {
			return err
		}
		spread(k.exact, values, k.present, same)
		return nil
	case flags:
		if len(raw) != (k.filled+7)/8 {
			return io.ErrUnexpectedEOF
		}
		k.numbers = resized(k.numbers, n)
		for i := range k.filled {
			k.numbers[i] = int64(raw[i/8] >> (i % 8) & 1)
		}
	default:
		if len(raw) != 8*k.filled {
			return io.ErrUnexpectedEOF
		}
		k.numbers = resized(k.numbers, n)
		for i := range k.numbers[:k.filled] {
			k.numbers[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	}
	if k.filled < n {
		spread(k.numbers, k.numbers[:k.filled], k.present, same)
	}
	return nil
}
