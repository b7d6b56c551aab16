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
	mixed bool     // some byte may not be ASCII, and nobody has seen to it that it is UTF-8
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

// dictionary keeps the texts of a column. What follows a text often followed it before,
// itself or another: a bill lists its resources day after day in one order. So one
// comparison finds most of them.
type dictionary struct {
	given string // the text that was asked for last
	since uint64 // in which record

	known []known // the first one is the empty field
	last  uint32
	ends  []uint32 // the last one whose field ended so
	slots []place  // open addressing, a quarter of it free
	seed  maphash.Seed
	bytes int // of the fields
	found int // how often a text was one of them
	spare int // so many texts are not looked for: of those before hardly any came again
}

// known is a text, the field that it was read from, and which one came behind it.
type known struct {
	field, text string
	next        uint32
}

// place is the number of a text, 0 if the slot is free, and a part of its field's hash.
type place struct{ hash, number uint32 }

const (
	leastSlots  = 64
	endBits     = 11 // ends are told apart by
	longestKept = 512
	// What a column keeps before it forgets everything.
	mostKept  = 8 << 20 // bytes of text
	mostKnown = 1 << 17
)

func (d *dictionary) text(field []byte) string {
	if d.known == nil {
		d.forget()
	}
	last := &d.known[d.last]
	if next := &d.known[last.next]; string(field) == next.field {
		d.last = last.next
		d.found++
		return next.text
	}
	if string(field) == last.field {
		last.next = d.last
		d.found++
		return last.text
	}
	if d.spare > 0 || len(field) > longestKept {
		d.spare = max(0, d.spare-1)
		return newKnown(field).text
	}
	end := endOf(field)
	n := d.ends[end]
	if d.known[n].field == string(field) {
		d.found++
	} else {
		n = d.number(field)
		d.ends[end] = n
	}
	d.known[d.last].next = n
	d.last = n
	return d.known[n].text
}

// endOf numbers fields by their last letters and their length: what the fields of a
// column differ in.
func endOf(field []byte) int {
	var w uint64
	if n := len(field) - 8; n >= 0 {
		w = binary.LittleEndian.Uint64(field[n:])
	} else {
		for _, c := range field {
			w = w<<8 | uint64(c)
		}
	}
	return int((w + uint64(len(field))) * 0x9E3779B97F4A7C15 >> (64 - endBits))
}

func (d *dictionary) forget() {
	clear(d.known)
	d.known, d.last, d.bytes, d.found = append(d.known[:0], known{}), 0, 0, 0
	if d.slots == nil {
		d.slots, d.ends = make([]place, leastSlots), make([]uint32, 1<<endBits)
	}
	clear(d.ends)
	clear(d.slots)
	d.seed = maphash.MakeSeed()
}

// number finds a field, or takes it in.
func (d *dictionary) number(field []byte) uint32 {
	if len(field) == 0 {
		return 0
	}
	if len(d.known) == mostKnown || d.bytes+len(field) > mostKept {
		if d.found < len(d.known)/8 {
			d.spare = mostKnown
		}
		d.forget()
	}
	hash := uint32(maphash.Bytes(d.seed, field))
	i := int(hash) & (len(d.slots) - 1)
	for ; d.slots[i].number != 0; i = (i + 1) & (len(d.slots) - 1) {
		if p := d.slots[i]; p.hash == hash && d.known[p.number].field == string(field) {
			d.found++
			return p.number
		}
	}
	n := uint32(len(d.known))
	d.slots[i] = place{hash, n}
	d.known = append(d.known, newKnown(field))
	d.bytes += len(field)
	if 4*len(d.known) > 3*len(d.slots) {
		d.grow()
	}
	return n
}

func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]place, 4*len(old))
	for _, p := range old {
		if p.number == 0 {
			continue
		}
		i := int(p.hash) & (len(d.slots) - 1)
		for d.slots[i].number != 0 {
			i = (i + 1) & (len(d.slots) - 1)
		}
		d.slots[i] = p
	}
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
