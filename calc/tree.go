package calc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/kizuna-org/kizuna"
)

// What a person types in is small; the bounds keep a hostile file from costing
// memory or time.
const (
	maxBytes = 4 << 20
	maxNodes = 500_000
	maxDepth = 16
)

// shape is what kind of JSON value a node is.
type shape byte

const (
	isNull shape = iota
	isBool
	isNumber
	isText
	isList
	isObject
)

// node is a JSON value that knows where it stands, so that every mistake can be
// pointed at. Numbers keep the digits as written: nothing passes through a float.
type node struct {
	line, column int32
	shape        shape
	truth        bool
	text         string   // of a number and a text
	members      []member // of an object, in order; of a list, without keys
}

type member struct {
	key string
	node
}

// get returns the member of that key, or nil.
func (n *node) get(key string) *node {
	for i := range n.members {
		if n.members[i].key == key {
			return &n.members[i].node
		}
	}
	return nil
}

// tree reads a whole JSON document.
func tree(r io.Reader, file string) (*node, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBytes {
		return nil, kizuna.Errorf("calc-too-large", "the cases take more than %d bytes", maxBytes).
			WithMend("split them into several files").WithRef(kizuna.Ref{File: file})
	}
	t := &treeReader{file: file, data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), line: 1, column: 1}
	// The whole text is checked first, so that walking over its tokens cannot fail
	// half way.
	var whole json.RawMessage
	if err := json.Unmarshal(t.data, &whole); err != nil {
		return nil, t.syntax(err)
	}
	t.tokens = json.NewDecoder(bytes.NewReader(t.data))
	t.tokens.UseNumber()
	token, err := t.next()
	if err != nil {
		return nil, t.syntax(err)
	}
	n, err := t.node(token, 0)
	if err != nil {
		return nil, err
	}
	return &n, nil
}

type treeReader struct {
	file         string
	data         []byte
	tokens       *json.Decoder
	nodes        int
	offset       int // of line and column
	line, column int32
}

// advance moves the place forward to an offset.
func (t *treeReader) advance(to int) {
	to = min(to, len(t.data))
	for t.offset < to {
		c, size := utf8.DecodeRune(t.data[t.offset:])
		t.offset += size
		if t.column++; c == '\n' {
			t.line, t.column = t.line+1, 1
		}
	}
}

func (t *treeReader) here() kizuna.Ref {
	return kizuna.Ref{File: t.file, Line: int(t.line), Column: int(t.column)}
}

func (t *treeReader) syntax(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		t.advance(max(int(syntax.Offset)-1, 0))
	}
	return kizuna.Errorf("calc-json", "this is not JSON: %s", err).
		WithMend(`write one case as {"type": ..., "input": {...}}, or several as {"cases": [...]}`).
		WithRef(t.here())
}

// next moves to the next token and returns it.
func (t *treeReader) next() (json.Token, error) {
	at := int(t.tokens.InputOffset())
	for at < len(t.data) && bytes.IndexByte([]byte(" \t\r\n,:"), t.data[at]) >= 0 {
		at++
	}
	t.advance(at)
	return t.tokens.Token()
}

// node reads the value that begins with the token.
func (t *treeReader) node(token json.Token, depth int) (node, error) {
	n := node{line: t.line, column: t.column}
	if t.nodes++; t.nodes > maxNodes || depth > maxDepth {
		return n, kizuna.Errorf("calc-too-complex", "this holds more than %d values, or values nested deeper than %d", maxNodes, maxDepth).
			WithMend("split the cases into several files").WithRef(t.here())
	}
	switch token := token.(type) {
	case bool:
		n.shape, n.truth = isBool, token
	case json.Number:
		n.shape, n.text = isNumber, token.String()
	case string:
		n.shape, n.text = isText, token
	case json.Delim:
		n.shape = isList
		if token == '{' {
			n.shape = isObject
		}
		return n, t.fill(&n, depth)
	}
	return n, nil
}

// fill reads the members of a list or an object up to its end.
func (t *treeReader) fill(n *node, depth int) error {
	keys := make(map[string]bool)
	for {
		token, err := t.next()
		if err != nil {
			return t.syntax(err)
		}
		if end, ok := token.(json.Delim); ok && (end == ']' || end == '}') {
			return nil
		}
		var m member
		if n.shape == isObject {
			key, ok := token.(string)
			if !ok || keys[key] {
				return kizuna.Errorf("calc-key-twice", "%q stands here twice", key).
					WithMend("keep one of the two").WithRef(t.here())
			}
			keys[key], m.key = true, key
			if token, err = t.next(); err != nil {
				return t.syntax(err)
			}
		}
		if m.node, err = t.node(token, depth+1); err != nil {
			return err
		}
		n.members = append(n.members, m)
	}
}
