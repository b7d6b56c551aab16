package statement

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"path/filepath"

	"github.com/parquet-go/parquet-go/format"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// Writer writes a statement. Its memory is bounded by one row group: some megabytes.
//
//	w, err := statement.NewWriter(file, month)
//	for … { err = w.Add(&row) } // in the order of [usage.Key]
//	summary, err := w.Close()
type Writer struct {
	out       io.Writer
	sum       hash.Hash
	at        int64
	chunks    [NumColumns]*chunk
	directory directory
	groups    []format.RowGroup
	group     groupEntry // that is being filled
	page      int        // rows of its page
	grown     int        // bytes of its dictionaries
	groupRows int        // how many rows make a group full
	tenant    string     // of the last row, as written and folded
	folded    string
	last      string // folded, of the last row of the page
	tenants   int
	files     map[string]string // base names
	scratch   []byte
	err       error
}

// Summary is what was written.
type Summary struct {
	Month   kizuna.Month
	Rows    int
	Tenants int
	Bytes   int64
	SHA256  kizuna.Hash
}

// NewWriter begins a statement of the month.
func NewWriter(out io.Writer, month kizuna.Month) (*Writer, error) {
	c, err := newEncoder()
	if err != nil {
		return nil, err
	}
	return newWriter(out, month, c, maxGroupRows), nil
}

func newWriter(out io.Writer, month kizuna.Month, c *codec, groupRows int) *Writer {
	w := &Writer{out: out, sum: sha256.New(), directory: directory{month: month}, groupRows: groupRows, files: make(map[string]string)}
	for i := range w.chunks {
		w.chunks[i] = newChunk(specs[i], c, &w.grown)
	}
	w.write([]byte(parquetMagic))
	return w
}

// Add writes a row behind those that were added. The writer checks that it is of the
// month and that tenants ascend; the order within a tenant is the caller's care.
func (w *Writer) Add(row *usage.Row) error {
	if w.err != nil {
		return w.err
	}
	if row.Month != w.directory.month || row.Day != nil && row.Day.Month() != row.Month {
		return fmt.Errorf("statement: a row of %v in a statement of %v", row.Month, w.directory.month)
	}
	if w.directory.rows+w.group.rows == 0 || row.Tenant != w.tenant {
		folded := association.Fold(row.Tenant)
		switch first := w.directory.rows+w.group.rows == 0; {
		case !first && folded < w.folded:
			return fmt.Errorf("statement: tenant %q behind %q", folded, w.folded)
		case first || folded != w.folded:
			w.tenants++
		}
		w.tenant, w.folded = row.Tenant, folded
	}
	if length := textLength(row); length > textBytes {
		return kizuna.Errorf("statement-row", "the row has more than %d bytes of text", textBytes).WithRef(row.At)
	}
	if w.group.rows >= w.groupRows || w.grown > dictionaryBytes {
		w.flushGroup()
	}
	if w.page == 0 {
		w.group.tenants = append(w.group.tenants, tenantSpan{first: w.folded})
	}
	w.last = w.folded
	w.columns(row)
	w.group.rows++
	if w.page++; w.page == pageRows {
		w.flushPage()
	}
	return w.err
}

func textLength(r *usage.Row) int {
	a := &r.Asserted
	return len(r.Tenant) + len(r.Subscription) + len(r.Scope) + len(r.Workload) + len(r.OfferType) + len(r.Channel) +
		len(r.Currency) + len(a.SourceRow) + len(a.Location) + len(a.Type) + len(r.At.File)
}

func (w *Writer) columns(row *usage.Row) {
	c := &w.chunks
	c[Month].count(int64(row.Month.Day(1)))
	if row.Day != nil {
		c[Day].count(int64(*row.Day))
	} else {
		c[Day].null()
	}
	c[TenantID].name(w.folded)
	if w.tenant != w.folded {
		c[TenantWritten].name(w.tenant)
	} else {
		c[TenantWritten].null()
	}
	c[Subscription].name(row.Subscription)
	c[Scope].name(row.Scope)
	c[Workload].name(row.Workload)
	c[OfferType].name(row.OfferType)
	c[Channel].name(row.Channel)
	c[Currency].name(row.Currency)
	w.revenue(row.Revenue)
	whole := func(c *chunk, n *int64) {
		if n == nil {
			c.null()
			return
		}
		c.number(*n)
	}
	whole(c[ActiveUsers], row.ActiveUsers)
	whole(c[PaidSeats], row.PaidSeats)
	whole(c[Units], (*int64)(row.Units))
	a := &row.Asserted
	c[SourceRow].name(a.SourceRow)
	c[AssertedLocation].name(a.Location)
	c[AssertedType].name(a.Type)
	for i, flag := range [...]*bool{a.DuplicateForAccount, a.DuplicateForType, a.DuplicateForLocation} {
		if k := c[DuplicateForAccount+Column(i)]; flag != nil {
			k.flag(*flag)
		} else {
			k.null()
		}
	}
	c[SourceFile].name(w.base(row.At.File))
	c[SourceLine].number(int64(row.At.Line))
	c[SourceRows].count(int64(max(1, row.Lines)))
}

// revenue writes an amount rounded, and as text if that is not all of it.
func (w *Writer) revenue(amount *kizuna.Decimal) {
	rounded, exact := w.chunks[Revenue], w.chunks[RevenueExact]
	if amount == nil {
		rounded.null()
		exact.null()
		return
	}
	micro, whole, fits := amount.Millionths()
	if fits {
		rounded.number(int64(micro))
	} else {
		rounded.null()
	}
	if fits && whole {
		exact.null()
		return
	}
	if w.scratch = amount.Append(w.scratch[:0]); len(w.scratch) > exactBytes {
		w.err = kizuna.Errorf("statement-amount", "the amount has more than %d digits", exactBytes)
	}
	exact.exact(w.scratch)
}

// base returns a file's name without its directory.
func (w *Writer) base(file string) string {
	base, ok := w.files[file]
	if !ok {
		if base = filepath.Base(file); file == "" {
			base = ""
		}
		w.files[file] = base
	}
	return base
}

func (w *Writer) flushPage() {
	for _, k := range w.chunks {
		if w.err == nil {
			w.err = k.page(w.page)
		}
	}
	w.group.tenants[len(w.group.tenants)-1].last = w.last
	w.page = 0
}

func (w *Writer) flushGroup() {
	if w.group.rows == 0 {
		return
	}
	if w.page > 0 {
		w.flushPage()
	}
	g := format.RowGroup{
		NumRows: int64(w.group.rows), FileOffset: w.at, Ordinal: int16(len(w.groups)),
		SortingColumns: []format.SortingColumn{{ColumnIdx: int32(TenantID)}},
	}
	for i, k := range w.chunks {
		if w.err != nil {
			return
		}
		dictionary, pages, described, err := k.finish(w.at, w.group.rows)
		if err != nil {
			w.err = err
			return
		}
		w.write(dictionary)
		w.write(pages)
		w.group.columns[i] = k.entry
		g.Columns = append(g.Columns, described)
		g.TotalByteSize += described.MetaData.TotalUncompressedSize
		g.TotalCompressedSize += described.MetaData.TotalCompressedSize
		k.reset()
	}
	w.directory.rows += w.group.rows
	w.directory.groups = append(w.directory.groups, w.group)
	w.groups = append(w.groups, g)
	w.group, w.grown = groupEntry{}, 0
}

func (w *Writer) write(data []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(data)
	}
	w.sum.Write(data)
	w.at += int64(len(data))
}

// Close writes what is left. The statement is whole only if it returns no error.
func (w *Writer) Close() (Summary, error) {
	w.flushGroup()
	if w.err != nil {
		return Summary{}, w.err
	}
	w.write(w.directory.append(nil))
	text, err := footer(w.groups, int64(w.directory.rows))
	if err != nil {
		return Summary{}, err
	}
	w.write(text)
	s := Summary{Month: w.directory.month, Rows: w.directory.rows, Tenants: w.tenants, Bytes: w.at}
	w.sum.Sum(s.SHA256[:0])
	return s, w.err
}
