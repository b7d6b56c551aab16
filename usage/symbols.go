package usage

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"strings"
)

// symbols numbers texts. Symbol 0 is the empty text.
//
// Most columns repeat what the row before said, and a month lists the resources
// in the order of the month before: what came behind a text before, itself or another,
// is tried before one is looked up. One look finds a text and those that are the same
// without case.
type symbols struct {
	texts []string
	fold  []uint32   // the first symbol that is the same without case
	next  []uint32   // what came behind it in its column the last time
	last  [11]uint32 // of the row before, by column

	seed  maphash.Seed
	slots []symbolSlot // open addressing, a quarter of it free
	room  strings.Builder
	kept  int64 // bytes of text
	// lasting says that texts need not be copied. Those that a reader gives again and
	// again are then found without a look at what they say.
	lasting      bool
	lower, other []byte
}

// symbolSlot is a symbol, 0 if the slot is free, and a part of the hash of its text
// without case.
type symbolSlot struct{ hash, symbol uint32 }

func newSymbols() symbols {
	return symbols{
		texts: []string{""}, fold: []uint32{0}, next: []uint32{0},
		seed: maphash.MakeSeed(), slots: make([]symbolSlot, 16),
	}
}

func (s *symbols) of(column int, text string) uint32 {
	if text == "" {
		return 0
	}
	last := s.last[column]
	n := s.next[last]
	if s.texts[n] != text {
		if n = last; s.texts[last] != text {
			n = s.number(text)
		}
		s.next[last] = n
	}
	s.last[column] = n
	return n
}

// number looks a text up, and takes it in if it is new.
func (s *symbols) number(text string) uint32 {
	s.lower = appendLower(s.lower[:0], text)
	hash := uint32(maphash.Bytes(s.seed, s.lower) >> 32)
	fold := uint32(0)
	for i := int(hash) & (len(s.slots) - 1); s.slots[i].symbol != 0; i = (i + 1) & (len(s.slots) - 1) {
		if s.slots[i].hash != hash {
			continue
		}
		known := s.slots[i].symbol
		if s.texts[known] == text {
			return known
		}
		if fold == 0 {
			if s.other = appendLower(s.other[:0], s.texts[known]); bytes.Equal(s.other, s.lower) {
				fold = s.fold[known]
			}
		}
	}
	if !s.lasting {
		text = s.keep(text) // it may be part of a long line
	}
	return s.add(hash, text, fold)
}

// lowered returns the symbol of a text without case.
func (s *symbols) lowered(symbol uint32) uint32 {
	text := s.texts[symbol]
	s.lower = appendLower(s.lower[:0], text)
	if string(s.lower) == text {
		return symbol
	}
	s.lasting = false
	return s.number(string(s.lower))
}

// roomLength is how much text is kept in one piece of memory.
const roomLength = 64 << 10

// keep copies a text behind those that are kept.
func (s *symbols) keep(text string) string {
	if s.room.Cap()-s.room.Len() < len(text) {
		s.room.Reset()
		s.room.Grow(max(roomLength, len(text)))
	}
	from := s.room.Len()
	s.room.WriteString(text)
	return s.room.String()[from:]
}

// add gives a text that is kept its symbol; fold is 0 if none is the same without case.
func (s *symbols) add(hash uint32, text string, fold uint32) uint32 {
	n := uint32(len(s.texts))
	if fold == 0 {
		fold = n
	}
	s.kept += int64(len(text))
	s.texts, s.fold, s.next = append(s.texts, text), append(s.fold, fold), append(s.next, 0)
	if 4*len(s.texts) > 3*len(s.slots) {
		old := s.slots
		s.slots = make([]symbolSlot, 2*len(old))
		for _, slot := range old {
			if slot.symbol != 0 {
				s.insert(slot)
			}
		}
	}
	s.insert(symbolSlot{hash, n})
	return n
}

func (s *symbols) insert(slot symbolSlot) {
	i := int(slot.hash) & (len(s.slots) - 1)
	for s.slots[i].symbol != 0 {
		i = (i + 1) & (len(s.slots) - 1)
	}
	s.slots[i] = slot
}

// Eight bytes at once.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7F * ones
)

// appendLower appends what [strings.ToLower] returns, eight bytes at once as long
// as they are ASCII.
func appendLower(to []byte, text string) []byte {
	start := len(to)
	to = append(to, text...)
	rest := to[start:]
	for ; len(rest) >= 8; rest = rest[8:] {
		w := binary.LittleEndian.Uint64(rest)
		if w&highs != 0 {
			return append(to[:start], strings.ToLower(text)...)
		}
		// The high bit of a byte is set in one sum from A on, in the other behind Z.
		upper := (w + (0x80-'A')*ones) &^ (w + (0x7F-'Z')*ones) & highs
		binary.LittleEndian.PutUint64(rest, w|upper>>2)
	}
	for i, c := range rest {
		switch {
		case c >= 0x80:
			return append(to[:start], strings.ToLower(text)...)
		case 'A' <= c && c <= 'Z':
			rest[i] = c + ('a' - 'A')
		}
	}
	return to
}
