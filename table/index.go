package table

import (
	"bytes"
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

	ends      []uint32 // separators and line ends outside of quotes; some more behind them
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
	lows  = 0x7F * ones
	quote = '"' * ones
	feed  = '\n' * ones

	// gather times the high bits of eight bytes has them side by side at its top.
	gather = 0x0002040810204081
)

// compare compares eight bytes at once. The high bit of a byte is clear in what it
// equals, and set in what it does not.
func compare(w, comma uint64) (quotes, separators, feeds uint64) {
	// The difference of seven bits plus 0x7F carries into the eighth unless it is 0.
	low := w & lows
	feeds = (low ^ feed) + lows
	quotes = (low ^ quote) + lows
	separators = ((low ^ comma) + lows) & feeds
	return (quotes | w) & highs, (separators | w) & highs, feeds | w
}

// classify says of each byte whether it is a quote, and whether a separator or a
// line feed. Feeds tells if there is any line feed, and high has the high bits of
// all bytes. It is written out because a loop takes a tenth longer (BenchmarkScanCSV).
func classify(b *[block]byte, comma uint64) (quotes, separators uint64, feeds bool, high uint64) {
	var w, q, s, f uint64
	feed := uint64(highs)
	w = binary.LittleEndian.Uint64(b[0:8])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 0
	separators |= s * gather >> 56 << 0
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[8:16])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 8
	separators |= s * gather >> 56 << 8
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[16:24])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 16
	separators |= s * gather >> 56 << 16
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[24:32])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 24
	separators |= s * gather >> 56 << 24
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[32:40])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 32
	separators |= s * gather >> 56 << 32
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[40:48])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 40
	separators |= s * gather >> 56 << 40
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[48:56])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 48
	separators |= s * gather >> 56 << 48
	feed, high = feed&f, high|w
	w = binary.LittleEndian.Uint64(b[56:64])
	q, s, f = compare(w, comma)
	quotes |= q * gather >> 56 << 56
	separators |= s * gather >> 56 << 56
	feed, high = feed&f, high|w
	return ^quotes, ^separators, feed&highs != highs, high
}

// scan indexes text[from:to]; a record begins at from.
func (x *index) scan(text []byte, from, to int) {
	x.records, x.broken, x.beyond127, x.lines = x.records[:0], false, false, 0
	var (
		inside   uint64     // all ones: the block begins inside of quotes
		mayOpen  uint64 = 1 // 1: a quote may open on the block's first byte
		mustEnd  uint64     // 1: a field has to end there, or a quote to be doubled
		highBits uint64
		ends     = x.ends
		n        = 0 // of ends
		comma    = x.comma
	)
	for at := from; at < to; at += block {
		b := (*[block]byte)(text[at:])
		quotes, separators, feeds, high := classify(b, comma)
		highBits |= high
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
		if wrong != 0 {
			if wrong = unlessCRLF(wrong, text, at); wrong != 0 {
				separators &= wrong&-wrong - 1
				x.broken = true
			}
		}

		if len(ends)-n < block {
			ends = append(ends, make([]uint32, len(ends)+block)...)
			x.ends = ends
		}
		found := (*[block]uint32)(ends[n:])
		k := 0
		for ; separators != 0; separators &= separators - 1 {
			found[k&(block-1)] = uint32(at + bits.TrailingZeros64(separators))
			k++
		}
		if feeds {
			x.lines += bytes.Count(b[:], lineFeed)
			for i, end := range found[:k] {
				if text[end] == '\n' {
					x.records = append(x.records, uint32(n+i))
				}
			}
		}
		n += k
		if x.broken {
			break
		}
	}
	x.beyond127 = highBits&highs != 0
}

var lineFeed = []byte{'\n'}

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
