package audit

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Held is a piece of content as it stands in the store, with the entry that it
// says recorded it.
type Held struct {
	Seq     int64
	Subject Subject
	SHA256  kizuna.Hash // computed anew; of personal data salted; none if erased
	Erased  int64       // the entry that erased it; 0 if it is there
}

// Content is what the entries speak of. Each sequence is in the order of the
// entries, so that both can be read side by side in little memory. A class that
// is not given is not compared.
type Content struct {
	Held   map[Class]iter.Seq2[Held, error] // in the order of Seq
	Erased iter.Seq2[Held, error]           // what is erased, of every class given, in the order of Erased
}

// contents compares what is held with what the entries say.
type contents struct {
	found    *findings
	classes  []Class
	held     map[Class]*cursor
	erased   *cursor
	compared int64
}

func newContents(c Content, found *findings) *contents {
	out := &contents{found: found, held: make(map[Class]*cursor)}
	for _, class := range Classes() {
		if seq, ok := c.Held[class]; ok {
			out.classes = append(out.classes, class)
			out.held[class] = newCursor(seq, func(h Held) int64 { return h.Seq })
		}
	}
	if c.Erased != nil {
		out.erased = newCursor(c.Erased, func(h Held) int64 { return h.Erased })
	}
	return out
}

func (c *contents) stop() {
	for _, cursor := range c.held {
		cursor.stop()
	}
	if c.erased != nil {
		c.erased.stop()
	}
}

// compare takes the entry of a number: nil if it cannot be read, which has been
// named already.
func (c *contents) compare(seq int64, e *Entry) error {
	for _, class := range c.classes {
		held, err := c.held[class].at(seq, c.unrecorded)
		if err != nil {
			return err
		}
		if e != nil {
			c.compareClass(class, e, held)
		}
	}
	if c.erased == nil {
		return nil
	}
	held, err := c.erased.at(seq, c.notErased)
	if err == nil && e != nil {
		c.compareErased(e, held)
	}
	return err
}

// finish names what is held beyond the last entry.
func (c *contents) finish() error {
	rest := func(from *cursor, stray func(Held)) error {
		highest, err := from.at(math.MaxInt64, stray)
		for _, h := range highest {
			stray(h)
		}
		return err
	}
	for _, class := range c.classes {
		if err := rest(c.held[class], c.unrecorded); err != nil {
			return err
		}
	}
	if c.erased == nil {
		return nil
	}
	return rest(c.erased, c.notErased)
}

func (c *contents) unrecorded(h Held) { c.found.addSubject(ContentUnrecorded, h.Seq, h.Seq, h.Subject) }
func (c *contents) notErased(h Held) {
	c.found.addSubject(ContentErased, h.Erased, h.Erased, h.Subject)
}

func (c *contents) compareClass(class Class, e *Entry, held []Held) {
	recorded := e.speaksOf(class)
	for _, h := range held {
		want, ok := recorded[h.Subject]
		delete(recorded, h.Subject)
		c.compared++
		switch {
		case !ok:
			c.unrecorded(h)
		case h.Erased != 0:
			if h.Erased < e.Seq || c.erased == nil {
				c.notErased(h)
			}
		case h.SHA256 != want:
			c.found.addSubject(ContentChanged, e.Seq, e.Seq, h.Subject)
		}
	}
	for _, s := range slices.SortedFunc(maps.Keys(recorded), compareSubjects) {
		c.found.addSubject(ContentMissing, e.Seq, e.Seq, s)
	}
}

func (c *contents) compareErased(e *Entry, held []Held) {
	erased := make(map[Subject]bool, len(held))
	for _, h := range held {
		erased[h.Subject] = true
		if !slices.Contains(e.Erased, h.Subject) {
			c.notErased(h)
		}
	}
	for _, s := range e.Erased {
		if _, given := c.held[s.Class]; given && !erased[s] {
			c.found.addSubject(ContentRestored, e.Seq, e.Seq, s)
		}
	}
}

func compareSubjects(a, b Subject) int {
	return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
}

// cursor reads a sequence in the order of its numbers.
type cursor struct {
	next   func() (Held, error, bool)
	stop   func()
	number func(Held) int64
	head   Held
	state  int
	last   int64 // number read
}

// The states of a cursor.
const (
	unread = iota
	headed // head is the next that was not taken
	ended
)

func newCursor(seq iter.Seq2[Held, error], number func(Held) int64) *cursor {
	next, stop := iter.Pull2(seq)
	return &cursor{next: next, stop: stop, number: number, last: math.MinInt64}
}

// at takes everything up to the number: what comes before is a stray, what has it
// is returned.
func (c *cursor) at(number int64, stray func(Held)) ([]Held, error) {
	var out []Held
	for {
		if c.state == unread {
			if err := c.read(); err != nil {
				return nil, err
			}
		}
		if c.state == ended || c.number(c.head) > number {
			return out, nil
		}
		if c.number(c.head) < number {
			stray(c.head)
		} else {
			out = append(out, c.head)
		}
		c.state = unread
	}
}

func (c *cursor) read() error {
	h, err, more := c.next()
	switch {
	case err != nil:
		return err
	case !more:
		c.state = ended
		return nil
	case c.number(h) < c.last:
		return kizuna.Errorf("audit-content-order", "what entry %d recorded is read after what entry %d recorded", c.number(h), c.last)
	}
	c.head, c.state, c.last = h, headed, c.number(h)
	return nil
}
