package focus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
)

// ReadParquet reads a bill in Parquet as [Read] reads one of text. Only the columns
// that matter are read, page by page. Lines are rows, the first being 1. File is
// its name for people.
func ReadParquet(ctx context.Context, r io.ReaderAt, size int64, file string, m *Mapping, opts Options, sink intake.Sink) (report Report, err error) {
	defer func() {
		// The library meets some damage by panicking; a damaged file is no fault of ours.
		if p := recover(); p != nil {
			err = errParquet(file, fmt.Errorf("%v", p))
		}
	}()
	if err := checkFooter(r, size); err != nil {
		return Report{}, errParquet(file, err)
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return Report{}, errParquet(file, err)
	}
	if f.NumRows() > maxRowsPerByte*size {
		return Report{}, errParquet(file, fmt.Errorf("%d rows in %d bytes", f.NumRows(), size))
	}
	roots := f.Root().Columns()
	header := make([]string, len(roots))
	for i, column := range roots {
		header[i] = column.Name()
	}
	b, err := bind(header, file, opts)
	if err != nil {
		return Report{}, err
	}
	leaves := leafElements(f.Metadata().Schema)
	var columns []*parquetColumn
	for name, i := range b.at {
		if i < 0 {
			continue
		}
		if !roots[i].Leaf() || roots[i].Repeated() {
			return Report{}, kizuna.Errorf("focus-parquet-column", "the column %s is not made of single values", header[i]).
				WithMend("export the bill as CSV, or in Parquet of flat columns").WithRef(kizuna.Ref{File: file})
		}
		leaf := roots[i].Index()
		columns = append(columns, &parquetColumn{field: field(name), leaf: leaf, text: textOf(leaves[leaf])})
	}
	row := 0
	c := newCollector(m, b, sink, func(field) kizuna.Ref { return kizuna.Ref{File: file, Line: row} })
	for _, group := range f.RowGroups() {
		if err := readGroup(ctx, group, columns, &row, c); err != nil {
			if ctx.Err() != nil {
				return c.report(), err
			}
			return c.report(), errParquet(file, err).WithRef(kizuna.Ref{File: file, Line: row})
		}
	}
	return c.report(), nil
}

func errParquet(file string, cause error) *kizuna.Error {
	return kizuna.Errorf("focus-parquet", "the Parquet file is damaged or of a kind that cannot be read").
		WithMend("fetch it again, or export it as CSV").WithCause(cause).WithRef(kizuna.Ref{File: file})
}

// checkFooter compares what the file says of its footer with what there is: the
// library believes it and makes room.
func checkFooter(r io.ReaderAt, size int64) error {
	const ends = len("PAR1") + 8 // magic at both ends, the footer's length before the last
	if size < int64(ends) {
		return io.ErrUnexpectedEOF
	}
	var tail [8]byte
	if n, err := r.ReadAt(tail[:], size-int64(len(tail))); n < len(tail) {
		return err
	}
	if footer := int64(binary.LittleEndian.Uint32(tail[:4])); footer > min(size-int64(ends), maxFooter) {
		return fmt.Errorf("a footer of %d bytes", footer)
	}
	return nil
}

// maxRowsPerByte is far above what the amounts of real charges shrink to.
const maxRowsPerByte = 64

// maxFooter is far above what a bill of many row groups needs.
const maxFooter = 64 << 20

func readGroup(ctx context.Context, group parquet.RowGroup, columns []*parquetColumn, row *int, c *collector) error {
	chunks := group.ColumnChunks()
	for _, column := range columns {
		column.open(chunks[column.leaf])
		defer column.close()
	}
	var ch charge
	var buffer []byte
	for n := range group.NumRows() {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		*row++
		for _, column := range columns {
			text, err := column.next()
			if err != nil {
				return err
			}
			if column.field == cost {
				buffer = append(buffer[:0], text...)
				ch.setCost(buffer)
			} else {
				ch.set(column.field, text)
			}
		}
		c.take(&ch)
	}
	return nil
}

// parquetColumn yields the values of a column chunk one by one as text.
type parquetColumn struct {
	field  field
	leaf   int
	text   func(parquet.Value) string
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [256]parquet.Value
	left   []parquet.Value // of the buffer
	last   bool            // of the page
}

func (p *parquetColumn) open(chunk parquet.ColumnChunk) {
	p.pages, p.page, p.values, p.left, p.last = chunk.Pages(), nil, nil, nil, true
}

func (p *parquetColumn) close() {
	if p.page != nil {
		parquet.Release(p.page)
		p.page = nil
	}
	p.pages.Close() //nolint:errcheck // it was only read
}

func (p *parquetColumn) next() (string, error) {
	for len(p.left) == 0 {
		if err := p.fill(); err != nil {
			return "", err
		}
	}
	v := p.left[0]
	p.left = p.left[1:]
	if v.IsNull() {
		return "", nil
	}
	return p.text(v), nil
}

func (p *parquetColumn) fill() error {
	if p.last {
		if p.page != nil {
			parquet.Release(p.page)
			p.page = nil
		}
		page, err := p.pages.ReadPage()
		if err == io.EOF {
			return io.ErrUnexpectedEOF // there are rows left
		}
		if err != nil {
			return err
		}
		p.page, p.values, p.last = page, page.Values(), false
	}
	n, err := p.values.ReadValues(p.buffer[:])
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	p.left, p.last = p.buffer[:n], err != nil || n == 0
	return nil
}

// leafElements returns the schema's leaves in the order of their columns.
func leafElements(schema []format.SchemaElement) []format.SchemaElement {
	var leaves []format.SchemaElement
	for _, element := range schema {
		if element.Type.Valid {
			leaves = append(leaves, element)
		}
	}
	return leaves
}

// textOf returns how the values of a column are written in a bill of text.
func textOf(e format.SchemaElement) func(parquet.Value) string {
	if scale, ok := decimalScale(e); ok {
		return decimalText(scale)
	}
	if unit := timeUnit(e); unit != 0 {
		return remembered(func(v parquet.Value) int64 { return v.Int64() }, func(n int64) string {
			perSecond := int64(time.Second / unit)
			return instantText(floorDiv(n, perSecond))
		})
	}
	if isDate(e) {
		return remembered(func(v parquet.Value) int64 { return int64(v.Int32()) }, func(n int64) string {
			return instantText(n * 24 * 60 * 60)
		})
	}
	texts := new(cache[one, string])
	return func(v parquet.Value) string {
		switch v.Kind() {
		case parquet.ByteArray, parquet.FixedLenByteArray:
			// Most columns repeat few texts: looking one up by bytes allocates nothing.
			b := v.ByteArray()
			if n := texts.at[one(b)]; n != 0 {
				return texts.known[n].value
			}
			text := strings.ToValidUTF8(string(b), "\uFFFD")
			if len(b) <= 256 {
				texts.put(one(text), text)
			}
			return text
		case parquet.Double:
			return strconv.FormatFloat(v.Double(), 'f', -1, 64)
		case parquet.Float:
			return strconv.FormatFloat(float64(v.Float()), 'f', -1, 32)
		case parquet.Int32:
			return strconv.FormatInt(int64(v.Int32()), 10)
		case parquet.Int64:
			return strconv.FormatInt(v.Int64(), 10)
		case parquet.Int96:
			// The old instant: nanoseconds of the day, then the Julian day.
			t := v.Int96()
			const julian1970 = 2440588
			nanoseconds := int64(uint64(t[1])<<32 | uint64(t[0]))
			return instantText((int64(t[2])-julian1970)*24*60*60 + floorDiv(nanoseconds, int64(time.Second)))
		}
		return v.String()
	}
}

// remembered writes each number once.
func remembered(read func(parquet.Value) int64, write func(int64) string) func(parquet.Value) string {
	texts := new(cache[number, string])
	return func(v parquet.Value) string {
		n := read(v)
		text := texts.get(number(n))
		if text == nil {
			text = texts.put(number(n), write(n))
		}
		return *text
	}
}

func instantText(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func decimalScale(e format.SchemaElement) (scale int, ok bool) {
	if d, ok := e.LogicalType.Value.(*format.DecimalType); ok {
		return int(d.Scale), true
	}
	return int(e.Scale.V), converted(e, deprecated.Decimal)
}

// timeUnit returns the unit of instants, 0 for other columns.
func timeUnit(e format.SchemaElement) time.Duration {
	if t, ok := e.LogicalType.Value.(*format.TimestampType); ok && t.Unit.Value != nil {
		return t.Unit.Value.Duration()
	}
	switch {
	case converted(e, deprecated.TimestampMillis):
		return time.Millisecond
	case converted(e, deprecated.TimestampMicros):
		return time.Microsecond
	}
	return 0
}

func isDate(e format.SchemaElement) bool {
	_, ok := e.LogicalType.Value.(*format.DateType)
	return ok || converted(e, deprecated.Date)
}

func converted(e format.SchemaElement, t deprecated.ConvertedType) bool {
	return e.ConvertedType.Valid && e.ConvertedType.V == t
}

// decimalText writes an integer with its decimal point.
func decimalText(scale int) func(parquet.Value) string {
	return func(v parquet.Value) string {
		var digits string
		switch v.Kind() {
		case parquet.Int32:
			digits = strconv.FormatInt(int64(v.Int32()), 10)
		case parquet.Int64:
			digits = strconv.FormatInt(v.Int64(), 10)
		case parquet.ByteArray, parquet.FixedLenByteArray:
			digits = bigEndian(v.ByteArray())
		default:
			return v.String()
		}
		if scale <= 0 || scale > 60 {
			return digits + "e" + strconv.Itoa(-scale)
		}
		sign := ""
		if strings.HasPrefix(digits, "-") {
			sign, digits = "-", digits[1:]
		}
		if missing := scale + 1 - len(digits); missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		point := len(digits) - scale
		return sign + digits[:point] + "." + digits[point:]
	}
}

// bigEndian writes an integer in two's complement of any length.
func bigEndian(b []byte) string {
	if len(b) == 16 {
		hi, lo := int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:])
		if hi == 0 && int64(lo) >= 0 || hi == -1 && int64(lo) < 0 {
			return strconv.FormatInt(int64(lo), 10)
		}
	}
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n.String()
}
