package statement

import (
	"encoding/binary"
	"errors"
	"io"
)

// Numbers of dictionaries and levels are kept as Parquet's hybrid of runs and packed
// groups of eight. The library's reader of it trusts what it reads, so ours it is.

var errRuns = errors.New("runs that do not add up")

// readHybrid fills out with numbers of that many bits, all of them below limit. One
// is true if they are all the same.
func readHybrid(out []uint32, data []byte, width int, limit uint32) (one bool, err error) {
	if width > 32 {
		return false, errRuns
	}
	n, runs := 0, 0
	for n < len(out) {
		head, size := binary.Uvarint(data)
		if size <= 0 {
			return false, io.ErrUnexpectedEOF
		}
		data = data[size:]
		runs++
		if head&1 == 0 {
			length, bytes := head>>1, (width+7)/8
			if length == 0 || length > uint64(len(out)-n) || len(data) < bytes {
				return false, errRuns
			}
			var value [4]byte
			copy(value[:], data[:bytes])
			data = data[bytes:]
			v := binary.LittleEndian.Uint32(value[:])
			if v >= limit {
				return false, errRuns
			}
			fill(out[n:n+int(length)], v)
			n += int(length)
			continue
		}
		runs++
		groups := head >> 1
		if groups == 0 || groups > uint64(len(out)-n+7)/8 || uint64(len(data)) < groups*uint64(width) {
			return false, errRuns
		}
		length := min(int(groups)*8, len(out)-n)
		if most := unpackBits(out[n:n+length], data[:int(groups)*width], width); most >= limit {
			return false, errRuns
		}
		data = data[int(groups)*width:]
		n += length
	}
	return runs == 1, nil
}

func fill(out []uint32, v uint32) {
	for i := range out {
		out[i] = v
	}
}

// unpackBits reads numbers of the width, lowest bits first, and returns their union.
func unpackBits(out []uint32, data []byte, width int) (union uint32) {
	if width == 0 {
		fill(out, 0)
		return 0
	}
	mask := uint32(1<<width - 1)
	i, at := 0, 0
	// Eight bytes at once, as long as there are so many.
	for ; i < len(out) && at>>3+8 <= len(data); i++ {
		v := uint32(binary.LittleEndian.Uint64(data[at>>3:])>>(at&7)) & mask
		out[i] = v
		union = max(union, v)
		at += width
	}
	var tail [16]byte
	copy(tail[:], data[min(at>>3, len(data)):])
	base := at >> 3 << 3
	for ; i < len(out); i++ {
		v := uint32(binary.LittleEndian.Uint64(tail[(at-base)>>3:])>>(at&7)) & mask
		out[i] = v
		union = max(union, v)
		at += width
	}
	return union
}

// readLevels fills out with 0 and 1: which cells hold a value; it returns how many do.
func readLevels(out []byte, numbers []uint32, data []byte) (present int, err error) {
	if _, err := readHybrid(numbers, data, 1, 2); err != nil {
		return 0, err
	}
	for i, n := range numbers {
		out[i] = byte(n)
		present += int(n)
	}
	return present, nil
}
