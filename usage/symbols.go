package usage

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"strings"
)

// symbols numbers texts. Symbol 0 is the empty text.
//
// Most columns repeat what the row before said, and a month lists the resources
// in the order of the month before: what came behind a text before, itself or another,
// is tried before one is looked up.
type symbols struct {
	texts []string
	fold  []uint32   // the symbol of the text without case; unset: not asked yet
	next  []uint32   // what came behind it in its column the last time
	last  [11]uint32 // of the row before, by column

	seed  maphash.Seed
	slots []symbolSlot // open addressing, a quarter of it free
	room  strings.Builder
	kept  int64 // bytes of text
	// lasting says that texts need not be copied. Those that a reader gives again and
	// again are then found without a look at what they say.
	lasting bool
	lower   []byte
}

// symbolSlot is a symbol, 0 if the slot is free, and a part of its text's hash.
type symbolSlot struct{ hash, symbol uint32 }

const unset = math.MaxUint32

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

func (s *symbols) number(text string) uint32 {
	n, hash := s.find(text)
	if n == 0 && s.lasting {
		return s.add(hash, text)
	}
	if n == 0 {
		s.reserve(len(text))
		from := s.room.Len()
		s.room.WriteString(text) // it may be part of a long line
		n = s.add(hash, s.room.String()[from:])
	}
	return n
}

// withoutCase returns the text's symbol and that of the text without case.
func (s *symbols) withoutCase(column int, text string) (symbol, folded uint32) {
	symbol = s.of(column, text)
	if s.fold[symbol] == unset {
		s.fold[symbol] = s.folded(symbol)
	}
	return symbol, s.fold[symbol]
}

func (s *symbols) folded(symbol uint32) uint32 {
	text := s.texts[symbol]
	s.lower = appendLower(s.lower[:0], text)
	if string(s.lower) == text {
		return symbol
	}
	s.reserve(len(s.lower))
	from := s.room.Len()
	s.room.Write(s.lower)
	lower := s.room.String()[from:]
	n, hash := s.find(lower)
	if n == 0 {
		n = s.add(hash, lower)
		s.fold[n] = n
	}
	return n
}

// roomLength is how much text is kept in one piece of memory.
const roomLength = 64 << 10

// reserve makes room for a text behind those that are kept.
func (s *symbols) reserve(length int) {
	if s.room.Cap()-s.room.Len() < length {
		s.room.Reset()
		s.room.Grow(max(roomLength, length))
	}
}

// find returns a text's symbol, 0 if it has none yet, and its hash.
func (s *symbols) find(text string) (symbol, hash uint32) {
	hash = uint32(maphash.String(s.seed, text) >> 32)
	for i := int(hash) & (len(s.slots) - 1); ; i = (i + 1) & (len(s.slots) - 1) {
		slot := s.slots[i]
		if slot.symbol == 0 || slot.hash == hash && s.texts[slot.symbol] == text {
			return slot.symbol, hash
		}
	}
}

// add gives a text that is kept its symbol.
func (s *symbols) add(hash uint32, text string) uint32 {
	n := uint32(len(s.texts))
	s.kept += int64(len(text))
	s.texts, s.fold, s.next = append(s.texts, text), append(s.fold, unset), append(s.next, 0)
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

// appendLower appends what [strings.ToLower] returns, eight bytes at once as long
// as they are ASCII.
func appendLower(to []byte, text string) []byte {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
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
