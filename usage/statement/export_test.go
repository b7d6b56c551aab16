package statement

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Resealed gives hostile bytes the checksums that get them past the first looks: the
// directory's, and those of all pages that it names.
func Resealed(data []byte) []byte {
	out := bytes.Clone(data)
	end := bytes.LastIndex(out, []byte(directoryMagic))
	if end < 8 {
		return out
	}
	tail := out[end-8:]
	length := int(binary.LittleEndian.Uint32(tail))
	start := end - 8 - length
	if length < 0 || start < 0 {
		return out
	}
	text := out[start : start+length]
	if d, err := readDirectory(text, int64(start)); err == nil {
		for g := range d.groups {
			for c := range d.groups[g].columns {
				chunk := &d.groups[g].columns[c]
				at := chunk.offset
				reseal := func(e *pageEntry) {
					e.sum = crc32.ChecksumIEEE(out[at+int64(e.head) : at+e.size()])
					at += e.size()
				}
				if specs[c].form.dictionary() {
					reseal(&chunk.dictionary)
				}
				for p := range chunk.pages {
					reseal(&chunk.pages[p])
				}
			}
		}
		sealed := d.append(nil)
		if len(sealed) == length+directoryTail {
			copy(text, sealed)
		}
	}
	binary.LittleEndian.PutUint32(tail[4:], crc32.ChecksumIEEE(text))
	return out
}

// Bounded makes a sorter take rows for many, and memory for full, sooner.
func (s *Sorter) Bounded(added int, held int64) { s.added, s.held = added, held }
