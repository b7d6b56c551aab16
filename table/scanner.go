package table

import (
	"bytes"
	"io"
)

// scanner cuts text into records. It reads a stretch and follows the records before;
// where that does not help, it indexes a window and hands out what the index has. The
// less it helps, the larger the window, up to all of the stretch. A record that is
// longer makes the stretch longer.
type scanner struct {
	source *source
	text   []byte // read and not passed yet, from at to filled; then a block of zeros
	at     int
	filled int
	offset int64 // of text[0] in the file
	line   int   // of the file, at which at is
	added  int   // 1: the last line feed is not the file's
	then   behind
	err    error // what stopped reading, if then is torn
	index  index
	upTo   int // the index knows the text before
	record int // the next one of index.records
	field  int // its first one of index.ends
	follow follower
	missed int  // how often following did not help
	pause  bool // do not follow before the next window
}

// leastWindow is how much is indexed at once where following did not help once.
const leastWindow = 1 << 10

// mostMissed makes a window of any stretch.
const mostMissed = 10

// slack is what stands behind the text: a line feed, if the file does not end with
// one, and the zeros that the index asks for.
const slack = 1 + block

func newScanner(s *source, stretch int) *scanner {
	return &scanner{source: s, text: make([]byte, stretch+slack), line: 1}
}

// begin returns the first stretch of the file. Before the first record can be had,
// the separator has to be told.
func (s *scanner) begin() []byte {
	s.read()
	return s.text[:s.filled-s.added]
}

// pass leaves out bytes that belong to no record.
func (s *scanner) pass(n int) { s.at += n }

func (s *scanner) separate(comma byte) {
	s.index.comma = uint64(comma) * ones
	s.reindex()
}

// fill reads on behind what has not been passed. The index is begun anew.
func (s *scanner) fill() {
	s.read()
	s.reindex()
}

func (s *scanner) read() {
	if s.at > 0 {
		s.follow.keep()
		copy(s.text, s.text[s.at:s.filled])
		s.offset += int64(s.at)
		s.at, s.filled = 0, s.filled-s.at
	}
	if room := len(s.text) - slack; s.filled > room/2 {
		s.text = append(s.text, make([]byte, room)...)
	}
	room, before, idle := len(s.text)-slack, s.filled, 0
	for s.filled < room && s.then == more {
		n, err := s.source.Read(s.text[s.filled:room])
		s.filled += n
		switch {
		case err == errTooLong && s.filled > before:
			room = 0 // not before it is known whether a record ends here
		case err == io.EOF:
			s.then = end
			if s.filled > 0 && s.text[s.filled-1] != '\n' {
				s.text[s.filled] = '\n'
				s.filled, s.added = s.filled+1, 1
			}
		case err != nil:
			s.then, s.err = torn, err
		case n > 0:
			idle = 0
		default:
			if idle++; idle == maxIdle {
				s.then, s.err = torn, io.ErrNoProgress
			}
		}
	}
	clear(s.text[s.filled : s.filled+block])
}

// maxIdle is how often a reader may give nothing.
const maxIdle = 100

// reindex forgets what the index knows: the next window begins at at.
func (s *scanner) reindex() {
	s.index.records, s.index.broken = s.index.records[:0], false
	s.record, s.field, s.upTo = 0, 0, s.at
}

// window indexes the text behind what has been passed.
func (s *scanner) window() {
	s.upTo = s.filled
	if window := leastWindow << min(s.missed, mostMissed); window < s.filled-s.at {
		s.upTo = s.at + window
	}
	s.index.scan(s.text, s.at, s.upTo)
	if len(s.index.records) == 0 && !s.index.broken && s.upTo < s.filled {
		s.upTo = s.filled
		s.index.scan(s.text, s.at, s.upTo)
	}
	s.record, s.field = 0, 0
}

// passed is how much of the file has been handed out.
func (s *scanner) passed() int64 {
	return s.offset + int64(min(s.at, s.filled-s.added))
}

// next passes the next record that can be told.
func (s *scanner) next() (r raw, ok bool) {
	for s.record == len(s.index.records) {
		if s.index.broken || s.upTo >= s.filled && s.upTo > s.at || s.at == s.filled {
			return raw{}, false
		}
		if s.follow.before.text != nil && !s.pause {
			r, how := s.follow.follow(s.text, s.at, s.filled, s.index.comma)
			switch how {
			case followed:
				s.missed = max(0, s.missed-1)
			case laborious:
				s.missed, s.pause = s.missed+1, true
			case short:
				if s.then == more {
					return raw{}, false
				}
			case lost:
				s.missed += 2
			}
			s.missed = min(s.missed, mostMissed)
			if r.text != nil {
				r.line = s.line
				s.line++
				s.at = int(r.ends[len(r.ends)-1]) + 1
				s.reindex()
				return r, true
			}
		}
		s.pause = false
		s.window()
	}
	last := int(s.index.records[s.record])
	r = raw{text: s.text, start: s.at, ends: s.index.ends[s.field : last+1], line: s.line}
	s.record, s.field = s.record+1, last+1
	s.at = int(s.index.ends[last]) + 1
	lines := 1
	if s.index.lines > len(s.index.records) {
		lines = bytes.Count(s.text[r.start:s.at], lineFeed)
	}
	s.line += lines
	r.mixed = s.index.beyond127
	s.follow.seen(&r, lines)
	return r, true
}

// fault passes the record behind those of the index if its fault is known.
func (s *scanner) fault() (f fault, found bool) {
	to := s.filled - s.added
	if s.at >= to || !s.index.broken && s.then == more {
		return fault{}, false
	}
	if f, found = diagnose(s.text[s.at:to], s.line, byte(s.index.comma), s.then); found {
		if s.at += f.end; s.at == to {
			s.at = s.filled
		}
		s.line = f.faultLine + 1
		s.reindex()
	}
	return f, found
}
