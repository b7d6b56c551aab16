package table

import (
	"encoding/binary"
	"math/bits"
)

// follower reads a record by the one before it. Most columns of an export say again
// and again what they said: where a stretch of columns is as it was, byte by byte,
// their fields end where they ended, and only the others are looked through. What it
// cannot tell is left to the index: line breaks inside of quotes, quotes where none
// can stand, another number of fields.
type follower struct {
	columns int    // of the table
	before  raw    // the record before, without line breaks and well encoded; of no text if there is none
	kept    []byte // memory for its text when the scanner's moves on
	ends    [2][]uint32
	turn    int // which of them before has not

	steps  []step
	stale  bool    // steps are to be made anew
	varies []bool  // by column
	calm   []uint8 // for how many records a column that varies has been the same

	record  uint64 // counts those that were handed out
	changed []uint64
	all     uint64 // the last one of which every column may have changed
}

// step is a column that varies, or a stretch of columns that do not.
type step struct {
	from, to int // to is the last one
	varies   bool
}

const (
	// calmFor is how many records a column has to be the same to be thought to stay so.
	calmFor = 16
	// What a step and a field that is looked through cost besides its length, in bytes
	// that the index would pass in that time (BenchmarkScanCSV).
	stepWork, fieldWork = 8, 16
	// longestFollowed bounds the record that is kept.
	longestFollowed = 1 << 14
)

func (f *follower) begin(columns int) {
	f.columns = columns
	f.varies, f.calm, f.changed = make([]bool, columns), make([]uint8, columns), make([]uint64, columns)
	f.ends = [2][]uint32{make([]uint32, columns), make([]uint32, columns)}
	f.stale = true
}

// seen takes a record of the index as the one to follow.
func (f *follower) seen(r *raw, lines int) {
	f.record++
	f.all = f.record
	f.before.text = nil
	if f.columns > 1 && len(r.ends) == f.columns && lines == 1 && len(r.whole()) <= longestFollowed {
		f.before = *r
		f.before.ends = f.ends[f.turn]
		copy(f.before.ends, r.ends)
		f.turn = 1 - f.turn
	}
}

// forget says that the record before is not to be relied on.
func (f *follower) forget() { f.before.text = nil }

// keep copies the record before out of text that is about to move.
func (f *follower) keep() {
	if f.before.text == nil {
		return
	}
	f.kept = append(f.kept[:0], f.before.whole()...)
	for i := range f.before.ends {
		f.before.ends[i] -= uint32(f.before.start)
	}
	f.before.text, f.before.start = f.kept, 0
}

// unchanged reports whether a column says in the current record what it said in an
// earlier one.
func (f *follower) unchanged(column int, since uint64) bool {
	return since >= f.all && since >= f.changed[column]
}

// guess is how following went.
type guess int

const (
	followed  guess = iota
	laborious       // but the index would have been quicker
	short           // the text ends before the record does
	lost
)

// follow reads the record that begins at a place of the text, which ends at filled; a
// block of zeros stands behind.
func (f *follower) follow(text []byte, at, filled int, comma uint64) (r raw, how guess) {
	if f.stale {
		f.plan()
	}
	f.record++
	b, ends := &f.before, f.ends[f.turn]
	p, work := at, stepWork*len(f.steps)
	for i := range f.steps {
		s := &f.steps[i]
		from := b.from(s.from)
		length := int(b.ends[s.to]) + 1 - from
		if !s.varies {
			if p+length > filled {
				return raw{}, short
			}
			if string(text[p:p+length]) == string(b.text[from:from+length]) {
				for k := s.from; k <= s.to; k++ {
					ends[k] = uint32(int(b.ends[k]) - from + p)
				}
				p += length
				continue
			}
		}
		for k := s.from; k <= s.to; k++ {
			from := b.from(k)
			length := int(b.ends[k]) + 1 - from
			if p+length <= filled && alike(text[p:p+length], b.text[from:from+length]) {
				ends[k] = uint32(p + length - 1)
				if f.varies[k] {
					f.rest(k)
				}
			} else {
				end, high, found := fieldEnd(text, p, filled, comma, k == f.columns-1)
				if !found {
					if end == filled {
						return raw{}, short
					}
					return raw{}, lost
				}
				if high && !validUTF8(text[p:end]) {
					return raw{}, lost
				}
				work += fieldWork + (end-p)*3/4
				ends[k] = uint32(end)
				f.changed[k], f.calm[k] = f.record, 0
				if !f.varies[k] {
					f.varies[k], f.stale = true, true
				}
			}
			p = int(ends[k]) + 1
		}
	}
	r = raw{text: text, start: at, ends: ends}
	f.before, f.turn = r, 1-f.turn
	if work > p-at {
		return r, laborious
	}
	return r, followed
}

// alike reports whether fields of one length are the same. Those that are not differ
// mostly in their ends.
func alike(a, b []byte) bool {
	if n := len(a) - 8; n >= 0 && binary.LittleEndian.Uint64(a[n:]) != binary.LittleEndian.Uint64(b[n:]) {
		return false
	}
	return string(a) == string(b)
}

// rest notes that a column which varies was the same.
func (f *follower) rest(column int) {
	if f.calm[column]++; f.calm[column] == calmFor {
		f.varies[column], f.calm[column], f.stale = false, 0, true
	}
}

// plan makes the steps.
func (f *follower) plan() {
	f.steps, f.stale = f.steps[:0], false
	for k, varies := range f.varies {
		if last := len(f.steps) - 1; !varies && last >= 0 && !f.steps[last].varies {
			f.steps[last].to = k
			continue
		}
		f.steps = append(f.steps, step{k, k, varies})
	}
}

// fieldEnd finds the separator behind the field that begins at a place, or the line
// feed behind the last one. High says that some byte of it is not ASCII. It finds none
// where the index has to look; end is then filled if the text ends before.
func fieldEnd(text []byte, at, filled int, comma uint64, last bool) (end int, high, found bool) {
	var seen uint64
	if text[at] == '"' {
		for at++; ; at += 2 {
			for {
				if at >= filled {
					return filled, false, false
				}
				w := binary.LittleEndian.Uint64(text[at:])
				hit := zeros(w^quote) | zeros(w^feed)
				if hit != 0 {
					n := bits.TrailingZeros64(hit) >> 3
					seen |= w & (1<<(8*n) - 1)
					at += n
					break
				}
				seen |= w
				at += 8
			}
			if at >= filled {
				return filled, false, false
			}
			if text[at] != '"' {
				return 0, false, false
			}
			if text[at+1] != '"' {
				at++
				break
			}
		}
		if last && text[at] == '\r' {
			at++
		}
	} else {
		for {
			if at >= filled {
				return filled, false, false
			}
			w := binary.LittleEndian.Uint64(text[at:])
			hit := zeros(w^quote) | zeros(w^feed) | zeros(w^comma)
			if hit != 0 {
				n := bits.TrailingZeros64(hit) >> 3
				seen |= w & (1<<(8*n) - 1)
				at += n
				break
			}
			seen |= w
			at += 8
		}
	}
	if at >= filled {
		return filled, false, false
	}
	want := byte(comma)
	if last {
		want = '\n'
	}
	return at, seen&highs != 0, text[at] == want
}

// zeros has the high bit set of the first byte that is 0, and of none before it.
func zeros(w uint64) uint64 { return (w - ones) &^ w & highs }
