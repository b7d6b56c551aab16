package azure

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
)

// maxElement bounds one element of a listing; a management group with ten
// thousand subscriptions under it stays well below.
const maxElement = 16 << 20

// Read hands the records of a listing to the sink: a single object, several one
// after another, an array of them, or an array in the envelope "value". File is
// its name for people. An error means that the listing cannot be read on; what
// came before has been handed over.
func Read(ctx context.Context, in io.Reader, file string, opts Options, sink intake.Sink) (intake.Description, error) {
	bounded := &bound{r: in}
	text := bufio.NewReaderSize(bounded, 64<<10)
	start, err := text.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return intake.Description{}, failed(err, kizuna.Ref{File: file})
	}
	kind := Detect(start)
	if kind == "" {
		return intake.Description{}, kizuna.Errorf("az-unknown", "the JSON is none of the listings that Kizuna knows").
			WithMend("see docs/data.md for the az commands whose output can be imported").
			WithRef(kizuna.Ref{File: file, Line: 1})
	}
	if bytes.HasPrefix(start, []byte("\ufeff")) {
		text.Discard(3) //nolint:errcheck // it was peeked
	}
	r := &reader{opts: opts, sink: sink, tenants: map[string]bool{}, places: map[string]bool{}}
	l := &listing{lines: &lineCounter{r: text}, bound: bounded, file: file}
	l.json = json.NewDecoder(l.lines)
	err = l.each(func(raw json.RawMessage, at kizuna.Ref) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.at = at
		r.element(kind, raw)
		return nil
	})
	return intake.Description{Kind: kind, Source: r.source()}, err
}

// listing splits JSON into its elements without holding more than one.
type listing struct {
	json  *json.Decoder
	lines *lineCounter
	bound *bound
	file  string
}

// each yields every element with the line on which it begins.
func (l *listing) each(yield func(json.RawMessage, kizuna.Ref) error) error {
	for {
		l.allow()
		at := l.here()
		if !l.json.More() {
			// Either the end of the text, or a bracket too many: Token tells.
			if _, err := l.json.Token(); err != io.EOF {
				return l.failed(err, at)
			}
			return nil
		}
		at = l.here()
		first, err := l.peek()
		if err != nil {
			return l.failed(err, at)
		}
		if first == '[' {
			err = l.array(yield)
		} else {
			err = l.object(yield, at)
		}
		if err != nil {
			return err
		}
	}
}

// peek returns the first byte of the value that comes. More has passed the blanks.
func (l *listing) peek() (byte, error) {
	var first [1]byte
	_, err := io.ReadFull(l.json.Buffered(), first[:])
	return first[0], err
}

func (l *listing) array(yield func(json.RawMessage, kizuna.Ref) error) error {
	if _, err := l.json.Token(); err != nil {
		return l.failed(err, l.here())
	}
	for {
		l.allow()
		if !l.json.More() {
			break
		}
		if err := l.value(yield, l.here()); err != nil {
			return err
		}
	}
	_, err := l.json.Token()
	return l.failed(err, l.here())
}

// object yields an object, or the elements of the list that it wraps.
func (l *listing) object(yield func(json.RawMessage, kizuna.Ref) error, at kizuna.Ref) error {
	var raw json.RawMessage
	if err := l.json.Decode(&raw); err != nil {
		return l.failed(err, at)
	}
	var list struct {
		Value []json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &list) != nil || list.Value == nil {
		return yield(raw, at)
	}
	for _, one := range list.Value {
		if err := yield(one, at); err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) value(yield func(json.RawMessage, kizuna.Ref) error, at kizuna.Ref) error {
	var raw json.RawMessage
	if err := l.json.Decode(&raw); err != nil {
		return l.failed(err, at)
	}
	return yield(raw, at)
}

// allow lets the next element have its share of bytes.
func (l *listing) allow() { l.bound.left = maxElement }

// here returns the line of what has not been read yet, blanks passed over.
func (l *listing) here() kizuna.Ref {
	return kizuna.Ref{File: l.file, Line: l.lines.at(l.json)}
}

func (l *listing) failed(err error, at kizuna.Ref) error {
	if err == nil {
		return nil
	}
	return failed(err, at)
}

func failed(err error, at kizuna.Ref) error {
	if known, ok := errors.AsType[*kizuna.Error](err); ok {
		return known.WithRef(at)
	}
	return kizuna.Errorf("az-json", "the JSON is broken or cut off here").
		WithMend("print it again with -o json").WithCause(err).WithRef(at)
}

// bound stops reading when an element outgrows its share.
type bound struct {
	r    io.Reader
	left int64
	once bool
}

func (b *bound) Read(p []byte) (int, error) {
	if !b.once { // before anything is decoded: what is looked at to tell the kind
		b.once, b.left = true, maxElement
	}
	if b.left <= 0 {
		return 0, kizuna.Errorf("az-long", "a record is longer than %d bytes", maxElement).
			WithMend("print a smaller listing, or check that this is one at all")
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// lineCounter counts lines up to where the decoder has come.
type lineCounter struct {
	r     io.Reader
	ahead []byte // given, not yet passed by the decoder
	base  int64  // offset of ahead
	line  int    // line breaks before base
}

func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.ahead = append(c.ahead, p[:n]...)
	return n, err
}

// at returns the line of the first byte that the decoder has not read, blanks and
// separators passed over.
func (c *lineCounter) at(d *json.Decoder) int {
	passed := max(0, int(d.InputOffset()-c.base))
	for passed < len(c.ahead) && bytes.IndexByte([]byte(" \t\r\n,"), c.ahead[passed]) >= 0 {
		passed++
	}
	c.line += bytes.Count(c.ahead[:passed], []byte("\n"))
	c.base += int64(passed)
	c.ahead = c.ahead[passed:]
	return c.line + 1
}
