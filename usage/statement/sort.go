package statement

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage"
)

// Sorter makes statements of rows that come in any order and number. It holds no
// more of them than the last ledger; the others lie as sorted runs in temporary files,
// which are merged: fanIn at once, so that the memory is bounded, too.
//
//	s := statement.NewSorter(dir)
//	defer s.Close()
//	for … { ledger.Add(row); ledger, err = s.Next(ledger) }
//	err = s.Hold(ledger) // the rest
//	for _, month := range s.Months() { summary, err := s.Write(ctx, month, file) }
//
// Rows that one ledger adds up before it is cut are one row; equal rows of two stay
// two, in the order in which they came.
type Sorter struct {
	dir    string
	months map[kizuna.Month]*sorting
	last   *usage.Ledger // not on disk
	added  int           // AddedRows, but in tests
	held   int64         // heldBytes, but in tests
	err    error
}

// sorting is a month's rows: runs by level, those of a level come before those of
// the levels below.
type sorting struct {
	levels [][]*run
	last   []int32 // of the last ledger
	rows   int
}

// run is a statement in a temporary file.
type run struct{ file *os.File }

const (
	// fanIn is how many runs are merged at once. Each takes a page and a dictionary.
	fanIn = 16
	// runRows is how many rows a group of a run has: few, because many are open.
	runRows = pageRows
)

// NewSorter returns a sorter that keeps its runs in a directory, under names of its
// own; Close removes them.
func NewSorter(dir string) *Sorter {
	return &Sorter{dir: dir, months: make(map[kizuna.Month]*sorting), added: AddedRows, held: heldBytes}
}

const (
	// AddedRows is how many different rows [Sorter.Next] has added up: how rows come
	// out depends on it, and on nothing else.
	AddedRows = 1 << 17
	// heldBytes is what Next leaves in memory.
	heldBytes = 192 << 20
)

// Next returns the ledger to go on with after a row was added to one: rows are not
// added to any more when AddedRows of them came behind, and go to the disk when they
// are more than memory should hold.
func (s *Sorter) Next(l *usage.Ledger) (*usage.Ledger, error) {
	if l.SinceCut() < s.added {
		return l, nil
	}
	l.Cut()
	if l.Size() < s.held {
		return l, nil
	}
	return usage.NewLedger(), s.Add(l)
}

// Add writes the rows of a ledger to the disk. An error is kept, and every later call
// returns it.
func (s *Sorter) Add(l *usage.Ledger) error {
	for month, positions := range l.ByMonth() {
		if s.err == nil {
			s.err = s.spill(month, &ledgerRows{ledger: l, positions: positions})
		}
		s.of(month).rows += len(positions)
	}
	return s.err
}

// Hold takes the last ledger, which stays in memory: what fits there never touches the
// disk. The caller gives it up.
func (s *Sorter) Hold(l *usage.Ledger) error {
	if s.err == nil && s.last != nil {
		s.err = errors.New("statement: a second last ledger")
	}
	s.last = l
	for month, positions := range l.ByMonth() {
		m := s.of(month)
		m.last = positions
		m.rows += len(positions)
	}
	return s.err
}

func (s *Sorter) of(month kizuna.Month) *sorting {
	m := s.months[month]
	if m == nil {
		m = new(sorting)
		s.months[month] = m
	}
	return m
}

// spill writes rows as a run.
func (s *Sorter) spill(month kizuna.Month, rows *ledgerRows) error {
	r, err := s.run(month, rows)
	if err != nil {
		return err
	}
	return s.push(month, s.of(month), 0, r)
}

// push puts a run on a level; a full level becomes one run of the next.
func (s *Sorter) push(month kizuna.Month, m *sorting, level int, r *run) error {
	for len(m.levels) <= level {
		m.levels = append(m.levels, nil)
	}
	m.levels[level] = append(m.levels[level], r)
	if len(m.levels[level]) < fanIn {
		return nil
	}
	full := m.levels[level]
	merging, err := s.merge(full, nil)
	if err != nil {
		return err
	}
	whole, err := s.run(month, merging)
	if err != nil {
		return err
	}
	m.levels[level] = nil
	if err := closeRuns(full); err != nil {
		return err
	}
	return s.push(month, m, level+1, whole)
}

// run writes rows into a temporary file. It is read once, so nothing is compressed.
func (s *Sorter) run(month kizuna.Month, rows source) (*run, error) {
	file, err := os.CreateTemp(s.dir, ".run-")
	if err != nil {
		return nil, err
	}
	r := &run{file}
	buffered := bufio.NewWriterSize(file, 1<<18)
	w := newWriter(buffered, month, new(codec), runRows, nil)
	if err := copyRows(context.Background(), w, rows); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if _, err = w.Close(); err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *run) close() error { return errors.Join(r.file.Close(), os.Remove(r.file.Name())) }

func closeRuns(runs []*run) (err error) {
	for _, r := range runs {
		err = errors.Join(err, r.close())
	}
	return err
}

// Months lists the months that have rows, in order.
func (s *Sorter) Months() []kizuna.Month { return slices.Sorted(maps.Keys(s.months)) }

// Len returns how many rows a month has.
func (s *Sorter) Len(month kizuna.Month) int {
	if m := s.months[month]; m != nil {
		return m.rows
	}
	return 0
}

// Write writes a month's statement. It may be done again.
func (s *Sorter) Write(ctx context.Context, month kizuna.Month, out io.Writer) (Summary, error) {
	rows, err := s.source(month)
	if err != nil {
		return Summary{}, err
	}
	w, err := NewWriter(out, month)
	if err != nil {
		return Summary{}, err
	}
	if err := copyRows(ctx, w, rows); err != nil {
		return Summary{}, err
	}
	return w.Close()
}

// Rows yields a month's rows in order, up to an error. The row is reused.
func (s *Sorter) Rows(ctx context.Context, month kizuna.Month) iter.Seq2[*usage.Row, error] {
	return func(yield func(*usage.Row, error) bool) {
		rows, err := s.source(month)
		if err != nil {
			yield(nil, err)
			return
		}
		for n := 0; ; n++ {
			row, err := rows.next()
			if n%1024 == 0 && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err == io.EOF || !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// source returns a month's rows, merged.
func (s *Sorter) source(month kizuna.Month) (source, error) {
	if s.err != nil {
		return nil, s.err
	}
	m := s.months[month]
	if m == nil {
		return &ledgerRows{}, nil
	}
	var runs []*run
	for _, level := range slices.Backward(m.levels) {
		runs = append(runs, level...)
	}
	last := &ledgerRows{ledger: s.last, positions: m.last}
	if len(runs) == 0 {
		return last, nil
	}
	return s.merge(runs, last)
}

// Close removes the runs.
func (s *Sorter) Close() (err error) {
	for _, m := range s.months {
		for _, level := range m.levels {
			err = errors.Join(err, closeRuns(level))
		}
		m.levels = nil
	}
	return err
}

// source yields rows; [io.EOF] is its error at the end.
type source interface{ next() (*usage.Row, error) }

func copyRows(ctx context.Context, w *Writer, rows source) error {
	if l, ok := rows.(*ledgerRows); ok {
		return w.ledger(ctx, l.ledger, l.positions)
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		row, err := rows.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.Add(row); err != nil {
			return err
		}
	}
}

// ledgerRows are rows of a ledger in an order.
type ledgerRows struct {
	ledger    *usage.Ledger
	positions []int32
	row       usage.Row
}

func (l *ledgerRows) next() (*usage.Row, error) {
	if len(l.positions) == 0 {
		return nil, io.EOF
	}
	l.ledger.Row(int(l.positions[0]), &l.row)
	l.positions = l.positions[1:]
	return &l.row, nil
}

// merging merges sources: of equal rows those of an earlier source come first.
type merging struct {
	heap []*cursor
	last *cursor // whose row was handed out
}

// cursor is a source and its next row.
type cursor struct {
	rows   source
	number int
	row    *usage.Row
	key    usage.Key
}

func (s *Sorter) merge(runs []*run, last *ledgerRows) (*merging, error) {
	m := new(merging)
	add := func(rows source) error {
		c := &cursor{rows: rows, number: len(m.heap)}
		if ok, err := c.advance(); !ok {
			return err
		}
		m.heap = append(m.heap, c)
		return nil
	}
	for _, r := range runs {
		info, err := r.file.Stat()
		if err != nil {
			return nil, err
		}
		f, err := open(r.file, info.Size(), new(codec))
		if err != nil {
			return nil, err
		}
		if err := add(f.rows()); err != nil {
			return nil, err
		}
	}
	if last != nil {
		if err := add(last); err != nil {
			return nil, err
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

func (c *cursor) advance() (ok bool, err error) {
	if c.row, err = c.rows.next(); err != nil {
		if err == io.EOF {
			err = nil
		}
		return false, err
	}
	c.key.Set(c.row)
	return true, nil
}

func (c *cursor) before(d *cursor) bool {
	order := c.key.Compare(&d.key)
	return order < 0 || order == 0 && c.number < d.number
}

func (m *merging) next() (*usage.Row, error) {
	if m.last != nil {
		ok, err := m.last.advance()
		if err != nil {
			return nil, err
		}
		if !ok {
			end := len(m.heap) - 1
			m.heap[0] = m.heap[end]
			m.heap = m.heap[:end]
		}
		m.down(0)
		m.last = nil
	}
	if len(m.heap) == 0 {
		return nil, io.EOF
	}
	m.last = m.heap[0]
	return m.last.row, nil
}

// down sinks a cursor of the heap to its place.
func (m *merging) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heap); child++ {
			if m.heap[child].before(m.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}
