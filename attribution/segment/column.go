package segment

import (
	"encoding/binary"
	"math/bits"
)

// A column is a sequence of integers by frame of reference: each is
//
//	(base + delta) * 10^exponent
//
// and the deltas are packed in as few bits as the largest needs. Whole cents and
// whole users share a power of ten, which saves as many bits as it has.

// slack is how many readable bytes follow any packed bits, so that eight bytes can
// be loaded at once wherever a value begins.
const slack = 8

var powers = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// exponentOf returns the greatest power of ten that divides all values.
func exponentOf(values []int64) (exponent int) {
	exponent = len(powers) - 1
	zero := true
	for _, v := range values {
		if v == 0 {
			continue
		}
		zero = false
		for v%powers[exponent] != 0 {
			exponent--
		}
		if exponent == 0 {
			return 0
		}
	}
	if zero {
		return 0
	}
	return exponent
}

func appendColumn(dst []byte, values []int64) []byte {
	exponent := exponentOf(values)
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	power := powers[exponent]
	least, most = least/power, most/power
	width := bits.Len64(uint64(most) - uint64(least))
	dst = append(dst, byte(width), byte(exponent))
	dst = binary.AppendVarint(dst, least)
	p := packer{dst: dst}
	for _, v := range values {
		p.put(uint64(v/power)-uint64(least), width)
	}
	return p.bytes()
}

// packer appends values of any width, lowest bits first.
type packer struct {
	dst  []byte
	word uint64
	used int
}

func (p *packer) put(v uint64, width int) {
	p.word |= v << p.used
	if p.used += width; p.used < 64 {
		return
	}
	p.dst = binary.LittleEndian.AppendUint64(p.dst, p.word)
	p.used -= 64
	p.word = v >> (width - p.used) // 0 if nothing is left, as shifts by 64 are
}

func (p *packer) bytes() []byte {
	for ; p.used > 0; p.used -= 8 {
		p.dst = append(p.dst, byte(p.word))
		p.word >>= 8
	}
	return p.dst
}

// unpack returns the value of the given width at a bit.
func unpack(data []byte, bit int, width uint) uint64 {
	at, shift := bit>>3, uint(bit&7)
	v := binary.LittleEndian.Uint64(data[at:]) >> shift
	if width+shift > 64 {
		v |= uint64(data[at+8]) << (64 - shift)
	}
	return v & (1<<width - 1) // all bits if the width is 64
}

// Column is a column as it lies in a segment.
type Column struct {
	data  []byte
	base  int64
	power int64
	width uint
}

// At returns a value.
func (c *Column) At(i int) int64 {
	if c.width == 0 {
		return c.base * c.power
	}
	return (c.base + int64(unpack(c.data, i*int(c.width), c.width))) * c.power
}

// Read writes the values from the given one on into dst.
func (c *Column) Read(from int, dst []int64) {
	width, base, power := c.width, c.base, c.power
	if width == 0 {
		for i := range dst {
			dst[i] = base * power
		}
		return
	}
	bit := from * int(width)
	if width > 57 {
		for i := range dst {
			dst[i] = (base + int64(unpack(c.data, bit, width))) * power
			bit += int(width)
		}
		return
	}
	mask := uint64(1)<<width - 1
	for i := range dst {
		v := binary.LittleEndian.Uint64(c.data[bit>>3:]) >> (bit & 7) & mask
		dst[i] = (base + int64(v)) * power
		bit += int(width)
	}
}

// Sum returns the sum of a range of values.
func (c *Column) Sum(from, to int) (sum int64) {
	bit, width, mask := from*int(c.width), c.width, uint64(1)<<c.width-1
	switch {
	case width == 0:
	case width <= 57: // eight bytes hold a value, wherever it begins
		for range to - from {
			sum += int64(binary.LittleEndian.Uint64(c.data[bit>>3:]) >> (bit & 7) & mask)
			bit += int(width)
		}
	default:
		for range to - from {
			sum += int64(unpack(c.data, bit, width))
			bit += int(width)
		}
	}
	return (sum + c.base*int64(to-from)) * c.power
}

// cursor reads a record from its beginning. Every read is checked against the
// block's end: what passed its checksum and is still no record panics, and whoever
// reads the block names it.
type cursor struct {
	data []byte
	at   int
}

func (c *cursor) byte() byte {
	b := c.data[c.at]
	c.at++
	return b
}

func (c *cursor) uvarint() uint64 {
	b := c.data[c.at]
	if b < 0x80 {
		c.at++
		return uint64(b)
	}
	v, n := binary.Uvarint(c.data[c.at:])
	if n <= 0 {
		panic(errMalformed)
	}
	c.at += n
	return v
}

func (c *cursor) count() int {
	v := c.uvarint()
	if v > uint64(len(c.data))*64 {
		panic(errMalformed) // more than there are bits
	}
	return int(v)
}

func (c *cursor) varint() int64 {
	u := c.uvarint()
	v := int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v
}

// packed skips n values of a width and returns where they begin.
func (c *cursor) packed(n int, width uint) []byte {
	if width > 64 {
		panic(errMalformed)
	}
	data := c.data[c.at:]
	size := (n*int(width) + 7) / 8
	if size+slack > len(data) {
		panic(errMalformed)
	}
	c.at += size
	return data
}

func (c *cursor) column(n int, out *Column) {
	width, exponent := c.byte(), c.byte()
	out.base = c.varint()
	out.width = uint(width)
	out.power = powers[exponent]
	out.data = c.packed(n, uint(width))
}
