package table

import (
	"encoding/binary"
	"math/bits"
)

// index says where the fields of a stretch of text end, found 64 bytes at a time
// without looking at what stands between: a bit for each byte says whether it is a
// quote, a separator or inside of quotes, and whole records fall out of the bits.
// Records up to the first quote that stands where none can are certain to be well
// formed; that one is for [diagnose].
type index struct {
	comma uint64 // the separator, eight times

	ends      []uint32 // separators and line ends outside of quotes; longer than it is full
	filled    int      // of ends
	records   []uint32 // where in ends the line ends are
	broken    bool     // the record behind the last one has a quote that cannot be
	beyond127 bool     // some byte is not ASCII
	lines     int      // line feeds, those inside of quotes too
}

// block is how many bytes are looked at at once. Behind the text there have to be
// as many that are 0.
const block = 64

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	quote = '"' * ones
	feed  = '\n' * ones

	// gather times the high bits of eight bytes has them side by side at its top.
	gather = 0x0002040810204081
	top    = 0xFF << 56
)

// scan indexes text[from:to]; a record begins at from.
func (x *index) scan(text []byte, from, to int) {
	x.filled, x.records, x.broken, x.beyond127, x.lines = 0, x.records[:0], false, false, 0
	var (
		inside   uint64     // all ones: the block begins inside of quotes
		mayOpen  uint64 = 1 // 1: a quote may open on the block's first byte
		mustEnd  uint64     // 1: a field has to end there, or a quote to be doubled
		highBits uint64
		ends     = x.ends
		n        = 0
		comma    = x.comma
	)
	for at := from; at < to; at += block {
		b := (*[block]byte)(text[at:])
		var quotes, separators, feeds uint64
		for i := 0; i < block; i += 8 {
			w := binary.LittleEndian.Uint64(b[i : i+8 : i+8])
			highBits |= w
			// A byte of w that equals c becomes 0, and 0x80 minus it keeps the high bit.
			low, ascii := w&^highs, highs&^w
			q := (highs - (low ^ quote)) & ascii
			f := (highs - (low ^ feed)) & ascii
			s := (highs-(low^comma))&ascii | f
			feeds = feeds>>8 | f*gather&top
			quotes = quotes>>8 | q*gather&top
			separators = separators>>8 | s*gather&top
		}
		within := quotes // each quote turns over all that follows it
		within ^= within << 1
		within ^= within << 2
		within ^= within << 4
		within ^= within << 8
		within ^= within << 16
		within ^= within << 32
		within ^= inside
		inside = uint64(int64(within) >> 63)

		separators &^= within
		opening, closing := quotes&within, quotes&^within
		wrong := opening&^((separators|closing)<<1|mayOpen) |
			(closing<<1|mustEnd)&^(separators|opening)
		mayOpen, mustEnd = (separators|closing)>>63, closing>>63
		x.lines += bits.OnesCount64(feeds)
		if wrong != 0 {
			if wrong = unlessCRLF(wrong, text, at); wrong != 0 {
				separators &= wrong&-wrong - 1
				x.broken = true
			}
		}

		if len(ends)-n < block {
			x.ends = append(ends, make([]uint32, len(ends)+4*block)...)
			ends = x.ends
		}
		out, k, rest := (*[block]uint32)(ends[n:]), 0, separators
		for rest != 0 {
			out[k&(block-1)] = uint32(at + bits.TrailingZeros64(rest))
			rest &= rest - 1
			k++
		}
		for rest = separators & feeds; rest != 0; rest &= rest - 1 {
			before := separators & (rest&-rest - 1)
			x.records = append(x.records, uint32(n+bits.OnesCount64(before)))
		}
		n += k
		if x.broken {
			break
		}
	}
	x.filled, x.beyond127 = n, highBits&highs != 0
}

// unlessCRLF takes out of the places behind quotes those where a line ends with a
// carriage return and a line feed.
func unlessCRLF(wrong uint64, text []byte, at int) uint64 {
	for rest := wrong; rest != 0; rest &= rest - 1 {
		bit := bits.TrailingZeros64(rest)
		if text[at+bit] == '\r' && text[at+bit+1] == '\n' {
			wrong &^= 1 << bit
		}
	}
	return wrong
}
