package statement

import (
	"context"
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
	sum       hash.Hash // nil: nobody asks for it
	at        int64
	chunks    [NumColumns]*chunk
	directory directory
	groups    []format.RowGroup
	group     groupEntry // that is being filled
	page      int        // rows of its page
	grown     int        // bytes of its dictionaries
	groupRows int        // how many rows make a group full
	tenant    string     // of the last row, as written
	symbol    uint32     // or in the ledger, folded
	number    uint32     // of the series of the last row, if it is of a ledger
	common    usage.Series
	folded    string
	first     kizuna.Date // of the month
	day       kizuna.Date // of the last row, known to be of the month
	last      string      // folded, of the last row of the page
	tenants   int
	files     map[string]string // base names
	file      string            // of the last row, and its base name
	fileBase  string
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
	return newWriter(out, month, c, maxGroupRows, sha256.New()), nil
}

func newWriter(out io.Writer, month kizuna.Month, c *codec, groupRows int, sum hash.Hash) *Writer {
	w := &Writer{out: out, sum: sum, directory: directory{month: month}, first: month.Day(1), day: month.Day(1), groupRows: groupRows, files: make(map[string]string)}
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
	if w.empty() || row.Tenant != w.tenant {
		if err := w.nextTenant(association.Fold(row.Tenant)); err != nil {
			return err
		}
		w.tenant = row.Tenant
	}
	a := &row.Asserted
	texts := len(row.Tenant) + len(row.Subscription) + len(row.Scope) + len(row.Workload) + len(row.OfferType) + len(row.Channel) +
		len(row.Currency) + len(a.SourceRow) + len(a.Location) + len(a.Type) + len(row.At.File)
	if texts > textBytes {
		return rowTooLong(row.At)
	}
	if err := w.inMonth(row.Day); err != nil {
		return err
	}
	if err := w.begin(row.Month); err != nil {
		return err
	}
	c := &w.chunks
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
	c[SourceRow].name(a.SourceRow)
	c[AssertedLocation].name(a.Location)
	c[AssertedType].name(a.Type)
	c[SourceFile].name(w.base(row.At.File))
	w.duplicates([...]*bool{a.DuplicateForAccount, a.DuplicateForType, a.DuplicateForLocation})
	c[Month].count(int64(w.first))
	w.figures(&usage.Coded{
		Day: row.Day, Revenue: row.Revenue, ActiveUsers: row.ActiveUsers, PaidSeats: row.PaidSeats, Units: row.Units,
	})
	c[SourceLine].number(int64(row.At.Line))
	c[SourceRows].count(int64(max(1, row.Lines)))
	return w.end(1)
}

// codedRows is how many rows are taken out of a ledger at once: looks at memory that
// is far away then overlap.
const codedRows = 256

// ledger adds rows of a ledger, as Add does: texts are known by their numbers, and
// what rows that follow each other have in common is written at once. All rows of the
// writer are then of that ledger.
func (w *Writer) ledger(ctx context.Context, l *usage.Ledger, positions []int32) error {
	rows := make([]usage.Coded, min(codedRows, len(positions)))
	for len(positions) > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		some := positions[:min(codedRows, len(positions))]
		positions = positions[len(some):]
		l.Coded(some, rows)
		for from := 0; from < len(some); {
			to := from + 1
			for to < len(some) && rows[to].Series == rows[from].Series {
				to++
			}
			if err := w.series(l, rows[from:to]); err != nil {
				return err
			}
			from = to
		}
	}
	return nil
}

// series adds rows of one series.
func (w *Writer) series(l *usage.Ledger, rows []usage.Coded) error {
	s := &w.common
	if n := rows[0].Series; w.number != n {
		w.number, *s = n, l.Series(n)
	}
	if w.err != nil {
		return w.err
	}
	if w.empty() || s.Tenant != w.symbol {
		if err := w.nextTenant(l.Text(s.Tenant)); err != nil {
			return err
		}
		w.symbol = s.Tenant
	}
	if rows[0].Texts > textBytes {
		return rowTooLong(kizuna.Ref{File: l.Text(s.File), Line: int(rows[0].Line), Column: int(rows[0].Column)})
	}
	for len(rows) > 0 {
		if err := w.begin(s.Month); err != nil {
			return err
		}
		w.share(l)
		n := 1
		if w.grown <= dictionaryBytes { // else the group ends behind this row
			n = min(len(rows), w.groupRows-w.group.rows, pageRows-w.page)
			for _, c := range shared {
				w.chunks[c].again(n - 1)
			}
		}
		for i := range rows[:n] {
			r := &rows[i]
			if err := w.inMonth(r.Day); err != nil {
				return err
			}
			w.figures(r)
			w.chunks[SourceLine].number(int64(r.Line))
			w.chunks[SourceRows].count(int64(r.Lines))
		}
		if err := w.end(n); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// shared are the columns in which the rows of a series say the same.
var shared = [...]Column{
	Month, TenantID, TenantWritten, Subscription, Scope, Workload, OfferType, Channel, Currency,
	SourceRow, AssertedLocation, AssertedType, DuplicateForAccount, DuplicateForType, DuplicateForLocation, SourceFile,
}

// share writes what the rows of the series have in common, for one of them.
func (w *Writer) share(l *usage.Ledger) {
	s, c := &w.common, &w.chunks
	c[Month].count(int64(w.first))
	c[TenantID].symbol(l, s.Tenant)
	if s.TenantWritten != s.Tenant {
		c[TenantWritten].symbol(l, s.TenantWritten)
	} else {
		c[TenantWritten].null()
	}
	c[Subscription].symbol(l, s.Subscription)
	c[Scope].symbol(l, s.Scope)
	c[Workload].symbol(l, s.Workload)
	c[OfferType].symbol(l, s.OfferType)
	c[Channel].symbol(l, s.Channel)
	c[Currency].symbol(l, s.Currency)
	c[SourceRow].symbol(l, s.SourceRow)
	c[AssertedLocation].symbol(l, s.AssertedLocation)
	c[AssertedType].symbol(l, s.AssertedType)
	c[SourceFile].name(w.base(l.Text(s.File)))
	w.duplicates(s.Duplicates)
}

func (w *Writer) empty() bool { return w.directory.rows+w.group.rows == 0 }

// nextTenant begins the rows of a tenant, or of another spelling of it.
func (w *Writer) nextTenant(folded string) error {
	switch first := w.empty(); {
	case !first && folded < w.folded:
		return fmt.Errorf("statement: tenant %q behind %q", folded, w.folded)
	case first || folded != w.folded:
		w.tenants++
	}
	w.folded = folded
	return nil
}
func rowTooLong(at kizuna.Ref) error {
	return kizuna.Errorf("statement-row", "the row has more than %d bytes of text", textBytes).WithRef(at)
}

// begin begins rows of the tenant.
func (w *Writer) begin(month kizuna.Month) error {
	if month != w.directory.month {
		return w.otherMonth(month)
	}
	if w.group.rows >= w.groupRows || w.grown > dictionaryBytes {
		w.flushGroup()
	}
	if w.page == 0 {
		w.group.tenants = append(w.group.tenants, tenantSpan{first: w.folded})
	}
	w.last = w.folded
	return nil
}

// inMonth checks the day of a row.
func (w *Writer) inMonth(day *kizuna.Date) error {
	if day == nil || *day == w.day {
		return nil
	}
	if month := day.Month(); month != w.directory.month {
		return w.otherMonth(month)
	}
	w.day = *day
	return nil
}

func (w *Writer) otherMonth(month kizuna.Month) error {
	return fmt.Errorf("statement: a row of %v in a statement of %v", month, w.directory.month)
}

// figures writes what is no text.
func (w *Writer) figures(r *usage.Coded) {
	c := &w.chunks
	if r.Day != nil {
		c[Day].count(int64(*r.Day))
	} else {
		c[Day].null()
	}
	w.revenue(r.Revenue)
	c[ActiveUsers].numberOrNull(r.ActiveUsers)
	c[PaidSeats].numberOrNull(r.PaidSeats)
	c[Units].numberOrNull((*int64)(r.Units))
}

func (w *Writer) duplicates(flags [3]*bool) {
	for i, flag := range flags {
		if k := w.chunks[DuplicateForAccount+Column(i)]; flag != nil {
			k.flag(*flag)
		} else {
			k.null()
		}
	}
}

// end ends rows of a page.
func (w *Writer) end(rows int) error {
	w.group.rows += rows
	if w.page += rows; w.page == pageRows {
		w.flushPage()
	}
	return w.err
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
	if file == w.file {
		return w.fileBase
	}
	base, ok := w.files[file]
	if !ok {
		if base = filepath.Base(file); file == "" {
			base = ""
		}
		w.files[file] = base
	}
	w.file, w.fileBase = file, base
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
	if w.sum != nil {
		w.sum.Write(data)
	}
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
	if w.sum != nil {
		w.sum.Sum(s.SHA256[:0])
	}
	return s, w.err
}
