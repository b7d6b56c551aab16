package statement

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"slices"
	"sort"

	"github.com/parquet-go/parquet-go/encoding/plain"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// File is a statement that is read. Any number of goroutines may read it.
type File struct {
	r         io.ReaderAt
	size      int64
	codec     *codec
	directory *directory
	close     func() error // of what it reads; nil: nothing
}

// Open reads a statement's directory. Bytes that are no statement end in an error of
// the code "statement-damaged", here or when they are read: nothing that they claim
// makes more memory than a statement's page takes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	c, err := newDecoder()
	if err != nil {
		return nil, err
	}
	return open(r, size, c)
}

func open(r io.ReaderAt, size int64, c *codec) (*File, error) {
	f := &File{r: r, size: size, codec: c}
	text, at, err := f.directoryText()
	if err != nil {
		return nil, damaged(err)
	}
	if f.directory, err = readDirectory(text, at); err != nil {
		return nil, damaged(err)
	}
	return f, nil
}

// directoryText finds the directory: it ends where the Parquet footer begins.
func (f *File) directoryText() (text []byte, at int64, err error) {
	var head [len(parquetMagic)]byte
	if err := f.readAt(head[:], 0); err != nil {
		return nil, 0, err
	}
	var tail [4 + len(parquetMagic)]byte
	if err := f.readAt(tail[:], f.size-int64(len(tail))); err != nil {
		return nil, 0, err
	}
	if string(head[:]) != parquetMagic || string(tail[4:]) != parquetMagic {
		return nil, 0, fmt.Errorf("no Parquet")
	}
	end := f.size - int64(len(tail)) - int64(binary.LittleEndian.Uint32(tail[:]))
	var own [directoryTail]byte
	if err := f.readAt(own[:], end-int64(len(own))); err != nil {
		return nil, 0, err
	}
	if string(own[8:]) != directoryMagic {
		return nil, 0, fmt.Errorf("no statement")
	}
	length := int64(binary.LittleEndian.Uint32(own[:]))
	if at = end - int64(len(own)) - length; at < int64(len(head)) || length > maxDirectory {
		return nil, 0, fmt.Errorf("a directory of %d bytes", length)
	}
	text = make([]byte, length)
	if err := f.readAt(text, at); err != nil {
		return nil, 0, err
	}
	if crc32.ChecksumIEEE(text) != binary.LittleEndian.Uint32(own[4:]) {
		return nil, 0, fmt.Errorf("the directory is not what its checksum says")
	}
	return text, at, nil
}

func (f *File) readAt(p []byte, at int64) error {
	if at < 0 {
		return io.ErrUnexpectedEOF
	}
	if n, err := f.r.ReadAt(p, at); n < len(p) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}

// Close closes what [OpenContent] was given.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Month returns the month that the statement is of.
func (f *File) Month() kizuna.Month { return f.directory.month }

// Len returns how many rows there are.
func (f *File) Len() int { return f.directory.rows }

// Empty reports whether no row surely has a value in a column, or a text that is not
// empty. The column is not read.
func (f *File) Empty(c Column) bool {
	for g := range f.directory.groups {
		if !f.directory.groups[g].columns[c].empty(c) {
			return false
		}
	}
	return true
}

func (e *chunkEntry) empty(c Column) bool {
	if !specs[c].optional {
		d := &e.dictionary // of the empty text alone, which takes its length
		return specs[c].form == names && d.values == 1 && d.raw == plain.ByteArrayLengthSize
	}
	return !slices.ContainsFunc(e.pages, func(p pageEntry) bool { return p.values > 0 })
}

// Span is rows From up to, not with, To.
type Span struct{ From, To int }

// Tenant is a customer and its rows.
type Tenant struct {
	ID string // without case
	Span
}

// Tenants yields every tenant in ascending order, up to an error. Only their column
// is read.
func (f *File) Tenants() iter.Seq2[Tenant, error] {
	return func(yield func(Tenant, error) bool) {
		s := f.Scan(TenantID)
		var t Tenant
		for {
			b, err := s.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				yield(Tenant{}, err)
				return
			}
			texts := b.Texts(TenantID)
			for i, k := range b.Index(TenantID) {
				n := b.Start + i
				if id := texts[k]; n == 0 || id != t.ID {
					if n > 0 && !yield(t, nil) {
						return
					}
					t = Tenant{id, Span{n, n}}
				}
				t.To++
			}
		}
		if t.To > 0 {
			yield(t, nil)
		}
	}
}

// Find returns the rows of a tenant; none if it has none. Case does not matter.
func (f *File) Find(tenant string) (Span, error) {
	id := association.Fold(tenant)
	groups := f.directory.groups
	g := sort.Search(len(groups), func(i int) bool { return groups[i].tenants[len(groups[i].tenants)-1].last >= id })
	if g == len(groups) {
		return Span{}, nil
	}
	spans := groups[g].tenants
	p := sort.Search(len(spans), func(i int) bool { return spans[i].last >= id })
	if p == len(spans) || spans[p].first > id {
		return Span{}, nil
	}
	s := f.Scan(TenantID)
	s.group, s.page = g, p
	found := Span{-1, -1}
	for {
		b, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Span{}, err
		}
		texts, index := b.Texts(TenantID), b.Index(TenantID)
		for i, k := range index {
			switch text := texts[k]; {
			case text == id && found.From < 0:
				found = Span{b.Start + i, b.Start + i + 1}
			case text == id:
				found.To = b.Start + i + 1
			case text > id:
				return found.orNone(), nil
			}
		}
	}
	return found.orNone(), nil
}

func (s Span) orNone() Span {
	if s.From < 0 {
		return Span{}
	}
	return s
}

// Rows yields the rows of spans, up to an error. The row is reused, and what its
// pointers point to: copy what is to be kept, but for texts. Spans in their order share
// what is read of a page and of a row group.
func (f *File) Rows(spans ...Span) iter.Seq2[*usage.Row, error] {
	return func(yield func(*usage.Row, error) bool) {
		r := f.rows()
		for _, span := range spans {
			if !r.yield(span, yield) {
				return
			}
		}
	}
}

// yield yields the rows of a span; false if nothing more is to be yielded.
func (r *rows) yield(span Span, yield func(*usage.Row, error) bool) bool {
	if err := r.seek(span.From); err != nil {
		yield(nil, err)
		return false
	}
	for n := span.From; n < span.To; n++ {
		row, err := r.next()
		if err == io.EOF {
			return true
		}
		if !yield(row, err) || err != nil {
			return false
		}
	}
	return true
}

// All yields all rows, as [File.Rows] does.
func (f *File) All() iter.Seq2[*usage.Row, error] { return f.Rows(Span{0, f.Len()}) }

// TenantRows yields the rows of a tenant.
func (f *File) TenantRows(tenant string) iter.Seq2[*usage.Row, error] {
	return func(yield func(*usage.Row, error) bool) {
		span, err := f.Find(tenant)
		if err != nil {
			yield(nil, err)
			return
		}
		f.Rows(span)(yield)
	}
}

// rows makes rows of batches.
type rows struct {
	scanner *Scanner
	batch   *Batch
	at      int

	row          usage.Row
	day          kizuna.Date
	revenue      kizuna.Decimal
	users, seats int64
	units        kizuna.Micro
}

func (f *File) rows() *rows {
	all := make([]Column, NumColumns)
	for i := range all {
		all[i] = Column(i)
	}
	return &rows{scanner: f.Scan(all...)}
}

// seek makes a row the next one.
func (r *rows) seek(n int) error {
	if b := r.batch; b != nil && b.Start <= n && n < b.Start+b.Len {
		r.at = n - b.Start
		return nil
	}
	groups := r.scanner.file.directory.groups
	g := sort.Search(len(groups), func(i int) bool { return groups[i].start+groups[i].rows > n })
	if g == len(groups) {
		r.scanner.group, r.batch = g, nil
		return nil
	}
	r.scanner.group, r.scanner.page = g, (n-groups[g].start)/pageRows
	var err error
	if r.batch, err = r.scanner.Next(); err == nil {
		r.at = n - r.batch.Start
	}
	return err
}

func (r *rows) next() (*usage.Row, error) {
	if r.batch == nil || r.at == r.batch.Len {
		b, err := r.scanner.Next()
		if err != nil {
			return nil, err
		}
		r.batch, r.at = b, 0
	}
	err := r.fill(r.at)
	r.at++
	return &r.row, err
}

var no, yes = false, true

func (r *rows) fill(i int) (err error) {
	b := r.batch
	text := func(c Column) string { k := &b.columns[c]; return k.texts[k.index[i]] }
	number := func(c Column) int64 { return b.columns[c].numbers[i] }
	has := func(c Column) bool { k := &b.columns[c]; return k.filled > 0 && k.present[i] != 0 }
	r.row = usage.Row{
		Month:  r.scanner.file.directory.month,
		Tenant: text(TenantID), Subscription: text(Subscription), Scope: text(Scope), Workload: text(Workload),
		OfferType: text(OfferType), Channel: text(Channel), Currency: text(Currency),
		Asserted: usage.Asserted{SourceRow: text(SourceRow), Location: text(AssertedLocation), Type: text(AssertedType)},
		At:       kizuna.Ref{File: text(SourceFile), Line: int(number(SourceLine))},
		Lines:    int(number(SourceRows)),
	}
	row := &r.row
	if written := text(TenantWritten); written != "" {
		row.Tenant = written
	}
	if has(Day) {
		r.day = kizuna.Date(number(Day))
		row.Day = &r.day
	}
	switch {
	case has(RevenueExact):
		if r.revenue, err = kizuna.ReadDecimal(b.columns[RevenueExact].exact[i]); err != nil {
			return damaged(err)
		}
		row.Revenue = &r.revenue
	case has(Revenue):
		r.revenue = kizuna.Micro(number(Revenue)).Decimal()
		row.Revenue = &r.revenue
	}
	if has(ActiveUsers) {
		r.users = number(ActiveUsers)
		row.ActiveUsers = &r.users
	}
	if has(PaidSeats) {
		r.seats = number(PaidSeats)
		row.PaidSeats = &r.seats
	}
	if has(Units) {
		r.units = kizuna.Micro(number(Units))
		row.Units = &r.units
	}
	a := &row.Asserted
	for k, flag := range [...]**bool{&a.DuplicateForAccount, &a.DuplicateForType, &a.DuplicateForLocation} {
		switch c := DuplicateForAccount + Column(k); {
		case !has(c):
		case number(c) != 0:
			*flag = &yes
		default:
			*flag = &no
		}
	}
	return nil
}
