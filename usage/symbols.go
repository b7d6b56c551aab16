package usage

import (
	"hash/maphash"
	"math"
	"strings"
)

// symbols numbers texts. Symbol 0 is the empty text.
//
// Most columns repeat what the row before said, and a month lists the resources
// in the order of the month before; so both are tried before a text is looked up.
type symbols struct {
	seed   maphash.Seed
	texts  []string
	fold   []uint32    // the symbol that stands for the text without case; unset: not asked yet
	next   []uint32    // what came after it in its column when last it changed
	last   [11]uint32  // of the row before, by column
	exact  symbolIndex // by text
	folded symbolIndex // by text without case: the first of those that differ in case alone
	room   strings.Builder
	lower  []byte
}

const unset = math.MaxUint32

func newSymbols() symbols {
	return symbols{seed: maphash.MakeSeed(), texts: []string{""}, fold: []uint32{0}, next: []uint32{0}}
}

func (s *symbols) of(column int, text string) uint32 {
	if text == "" {
		return 0
	}
	last := s.last[column]
	if s.texts[last] == text {
		return last
	}
	n := s.next[last]
	if s.texts[n] != text {
		n = s.number(text)
		s.next[last] = n
	}
	s.last[column] = n
	return n
}

func (s *symbols) number(text string) uint32 {
	hash := uint32(maphash.String(s.seed, text) >> 32)
	n, ok := s.exact.find(hash, func(n uint32) bool { return s.texts[n] == text })
	if !ok {
		n = uint32(len(s.texts))
		s.exact.add(hash, n)
		s.texts, s.fold, s.next = append(s.texts, s.keep(text)), append(s.fold, unset), append(s.next, 0)
	}
	return n
}

// roomLength is how much text is kept in one piece of memory.
const roomLength = 64 << 10

// keep copies a text, which may be part of a long line, to others.
func (s *symbols) keep(text string) string {
	if s.room.Cap()-s.room.Len() < len(text) {
		s.room.Reset()
		s.room.Grow(max(roomLength, len(text)))
	}
	from := s.room.Len()
	s.room.WriteString(text)
	return s.room.String()[from:]
}

// withoutCase returns the text's symbol, and the one that stands for all texts that
// are the same in lower case.
func (s *symbols) withoutCase(column int, text string) (symbol, folded uint32) {
	symbol = s.of(column, text)
	if s.fold[symbol] == unset {
		s.fold[symbol] = s.foldOf(symbol)
	}
	return symbol, s.fold[symbol]
}

func (s *symbols) foldOf(symbol uint32) uint32 {
	s.lower = appendLower(s.lower[:0], s.texts[symbol])
	hash := uint32(maphash.Bytes(s.seed, s.lower) >> 32)
	n, ok := s.folded.find(hash, func(n uint32) bool { return strings.ToLower(s.texts[n]) == string(s.lower) })
	if !ok {
		n = symbol
		s.folded.add(hash, n)
	}
	return n
}

// appendLower appends what [strings.ToLower] returns.
func appendLower(to []byte, text string) []byte {
	start := len(to)
	to = append(to, text...)
	for i, c := range to[start:] {
		switch {
		case c >= 0x80:
			return append(to[:start], strings.ToLower(text)...)
		case 'A' <= c && c <= 'Z':
			to[start+i] = c + ('a' - 'A')
		}
	}
	return to
}

// symbolIndex finds symbols by a hash: open addressing, half of it empty. Symbol 0
// is not in it.
type symbolIndex struct {
	slots []symbolSlot
	used  int
}

type symbolSlot struct{ hash, symbol uint32 }

func (x *symbolIndex) find(hash uint32, equal func(symbol uint32) bool) (symbol uint32, ok bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	for i := int(hash) & (len(x.slots) - 1); x.slots[i].symbol != 0; i = (i + 1) & (len(x.slots) - 1) {
		if s := x.slots[i]; s.hash == hash && equal(s.symbol) {
			return s.symbol, true
		}
	}
	return 0, false
}

func (x *symbolIndex) add(hash, symbol uint32) {
	if 2*(x.used+1) > len(x.slots) {
		old := x.slots
		x.slots = make([]symbolSlot, max(256, 4*len(old)))
		for _, s := range old {
			if s.symbol != 0 {
				x.insert(s)
			}
		}
	}
	x.insert(symbolSlot{hash, symbol})
	x.used++
}

func (x *symbolIndex) insert(s symbolSlot) {
	i := int(s.hash) & (len(x.slots) - 1)
	for x.slots[i].symbol != 0 {
		i = (i + 1) & (len(x.slots) - 1)
	}
	x.slots[i] = s
}
