package table

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"unicode/utf8"
)

// raw is a record as it stands in the text, whose fields are known to be well
// formed.
type raw struct {
	text  []byte
	start int      // of the record in the text
	ends  []uint32 // of its fields; the last one is the line feed
	line  int      // of the file
}

// whole is the record with its line end.
func (r *raw) whole() []byte { return r.text[r.start : r.ends[len(r.ends)-1]+1] }

// from is where a field begins.
func (r *raw) from(i int) int {
	if i == 0 {
		return r.start
	}
	return int(r.ends[i-1]) + 1
}

// field returns a field with its quotes.
func (r *raw) field(i int) []byte {
	from, to := r.from(i), int(r.ends[i])
	if i == len(r.ends)-1 && to > from && r.text[to-1] == '\r' {
		to--
	}
	return r.text[from:to]
}

// before returns the record up to a field.
func (r *raw) before(i int) []byte { return r.text[r.start:r.from(i)] }

// blank reports an empty line, which is no record.
func (r *raw) blank() bool { return len(r.ends) == 1 && len(r.field(0)) == 0 }

// strings appends all fields. Their memory is theirs, and one piece.
func (r *raw) strings(fields []string) []string {
	whole := string(r.whole())
	for i := range r.ends {
		field := r.field(i)
		plain := plainField(field)
		if cut := len(field) - len(plain); cut <= 2 { // the quotes around it, if any
			from := r.from(i) - r.start + cut/2
			fields = append(fields, whole[from:from+len(plain)])
		} else {
			fields = append(fields, string(plain))
		}
	}
	return fields
}

// plainField takes the quotes off a field. It returns a part of it wherever it can.
func plainField(field []byte) []byte {
	if len(field) == 0 || field[0] != '"' {
		return field
	}
	inner := field[1 : len(field)-1]
	quotes, returns := bytes.IndexByte(inner, '"') >= 0, bytes.IndexByte(inner, '\r') >= 0
	if quotes {
		inner = bytes.ReplaceAll(inner, []byte(`""`), []byte(`"`))
	}
	if returns {
		inner = bytes.ReplaceAll(inner, []byte("\r\n"), []byte("\n"))
	}
	return inner
}

// validUTF8 passes over what is ASCII faster than [utf8.Valid] does in a text that
// is not all ASCII.
func validUTF8(b []byte) bool {
	for {
		for len(b) >= 8 && binary.LittleEndian.Uint64(b)&highs == 0 {
			b = b[8:]
		}
		if len(b) == 0 {
			return true
		}
		for n := min(8, len(b)); n > 0; {
			r, size := utf8.DecodeRune(b)
			if r == utf8.RuneError && size == 1 {
				return false
			}
			b, n = b[size:], n-size
		}
	}
}

// dictionary keeps the texts that a column has had a short while ago.
type dictionary struct {
	last  known
	slots []known
	seed  maphash.Seed
	fresh int // texts that were not there, since it has this size
}

// known is a text and the field that it was read from.
type known struct{ field, text string }

const (
	leastKnown  = 64
	mostKnown   = 4096
	longestKept = 512
)

func (d *dictionary) text(field []byte) string {
	if string(field) == d.last.field {
		return d.last.text
	}
	if len(field) > longestKept {
		return newKnown(field).text
	}
	if d.fresh >= len(d.slots) && len(d.slots) < mostKnown {
		d.grow()
	}
	k := &d.slots[maphash.Bytes(d.seed, field)&uint64(len(d.slots)-1)]
	if k.field != string(field) {
		*k = newKnown(field)
		d.fresh++
	}
	d.last = *k
	return k.text
}

func (d *dictionary) grow() {
	if d.slots == nil {
		d.seed = maphash.MakeSeed()
	}
	d.slots, d.fresh = make([]known, max(leastKnown, 4*len(d.slots))), 0
}

func newKnown(field []byte) known {
	k := known{field: string(field)}
	plain := plainField(field)
	if cut := len(field) - len(plain); cut <= 2 {
		k.text = k.field[cut/2:][:len(plain)]
	} else {
		k.text = string(plain)
	}
	return k
}
