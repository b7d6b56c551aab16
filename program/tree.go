package program

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
)

// Bounds of a program file. The built-in ones have 30 kB and six levels.
const (
	maxFileBytes = 1 << 20
	maxDepth     = 32
)

// node is a piece of a program file that knows its place. Trees are never
// changed: what builds on a tree copies the mappings it alters.
type node struct {
	at      kizuna.Ref
	kind    nodeKind
	text    string  // of a scalar
	items   []*node // of a list
	entries []entry // of a mapping, in the file's order
}

type nodeKind uint8

const (
	scalar nodeKind = iota
	list
	mapping
	null
)

type entry struct {
	key   string
	at    kizuna.Ref
	value *node
}

// get returns the value under the key, nil if there is none or it is null.
func (n *node) get(key string) *node {
	if e := n.entry(key); e != nil && e.value.kind != null {
		return e.value
	}
	return nil
}

func (n *node) entry(key string) *entry {
	if n == nil {
		return nil
	}
	if i := slices.IndexFunc(n.entries, func(e entry) bool { return e.key == key }); i >= 0 {
		return &n.entries[i]
	}
	return nil
}

func (n *node) has(key string) bool { return n.get(key) != nil }

// fields are the entries that hold something; nil has none.
func (n *node) fields() []entry {
	if n == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.entries), func(e entry) bool { return e.value.kind == null })
}

// names are the keys of a mapping that hold something.
func (n *node) names() []string {
	var names []string
	for _, e := range n.fields() {
		names = append(names, e.key)
	}
	return names
}

// place is where to point at for the key: the key itself, or what should hold it.
func (n *node) place(key string) kizuna.Ref {
	if e := n.entry(key); e != nil {
		return e.at
	}
	return n.at
}

// oneOf is the first of these keys that is there, "" if none is.
func (n *node) oneOf(keys ...string) string {
	for _, key := range keys {
		if n.has(key) {
			return key
		}
	}
	return ""
}

// firstOf is the place of the first of these keys that is there.
func (n *node) firstOf(keys ...string) kizuna.Ref { return n.place(n.oneOf(keys...)) }

// without returns a mapping that lacks the keys.
func (n *node) without(keys ...string) *node {
	less := *n
	less.entries = slices.DeleteFunc(slices.Clone(n.entries), func(e entry) bool { return slices.Contains(keys, e.key) })
	return &less
}

// with returns a mapping in which the key holds this.
func (n *node) with(key string, value *node) *node {
	more := n.without(key)
	more.entries = append(more.entries, entry{key, value.at, value})
	return more
}

// scalarNode is a scalar that nobody wrote.
func scalarNode(at kizuna.Ref, text string) *node { return &node{at: at, kind: scalar, text: text} }

// merge lays one tree over another: mappings merge key by key, everything else
// replaces, null takes away. This is JSON Merge Patch (RFC 7396), and the one way
// in which anything in a program file builds on anything else.
func merge(base, over *node) *node {
	switch {
	case over == nil:
		return base
	case base == nil || base.kind != mapping || over.kind != mapping:
		return over
	}
	merged := &node{at: over.at, kind: mapping, entries: slices.Clone(base.entries)}
	for _, e := range over.entries {
		if below := merged.entry(e.key); below != nil {
			*below = entry{e.key, e.at, merge(below.value, e.value)}
			continue
		}
		merged.entries = append(merged.entries, e)
	}
	return merged
}

// readTree reads YAML into a tree. Anchors, aliases and tags have no place in a
// program file; without them no file can be larger than it looks.
func readTree(file string, data []byte) (*node, error) {
	whole := kizuna.Ref{File: file}
	if len(data) > maxFileBytes {
		return nil, Problems{kizuna.Errorf("program-too-large", "the file has %d bytes; a program has at most %d", len(data), maxFileBytes).
			WithMend("check that this is a program file").WithRef(whole)}
	}
	var doc yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err == nil {
		err = loader.Load(&doc)
	}
	switch {
	case err != nil && err != io.EOF:
		return nil, Problems{syntaxProblem(whole, err)}
	case len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode:
		return nil, Problems{kizuna.Errorf("program-empty", "there is no program in the file").
			WithMend("begin with program: and version:").WithRef(whole)}
	case loader.Load(new(yaml.Node)) != io.EOF:
		return nil, Problems{kizuna.Errorf("program-documents", "the file goes on after the program").
			WithMend("keep one program in a file, without --- after it").WithRef(whole)}
	}
	r := treeReader{file: file}
	root := r.node(doc.Content[0], 0)
	return root, r.err()
}

func syntaxProblem(at kizuna.Ref, err error) *kizuna.Error {
	message := err.Error()
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		message = load.Message
		at.Line, at.Column = load.Mark.Line, load.Mark.Column
	}
	return kizuna.Errorf("program-syntax", "this is not YAML: %s", clip(message)).
		WithMend("check the indentation, the brackets and the quotes just before").WithRef(at).WithCause(err)
}

type treeReader struct {
	reporter
	file string
}

func (r *treeReader) node(y *yaml.Node, depth int) *node {
	n := &node{at: kizuna.Ref{File: r.file, Line: y.Line, Column: y.Column}, kind: null}
	switch {
	case depth > maxDepth:
		r.report(n.at, kizuna.Errorf("program-too-deep", "more than %d levels deep", maxDepth).
			WithMend("a program needs no more than six levels"))
		return n
	case y.Kind == yaml.AliasNode || y.Anchor != "" || y.Style&yaml.TaggedStyle != 0:
		r.report(n.at, kizuna.Errorf("program-anchor", "anchors, aliases and tags are not part of a program file").
			WithMend("name what is shared under rules:, tracks: or certificate_lists: and use the name"))
		return n
	}
	switch y.Kind {
	case yaml.SequenceNode:
		n.kind = list
		for _, item := range y.Content {
			n.items = append(n.items, r.node(item, depth+1))
		}
	case yaml.MappingNode:
		n.kind = mapping
		r.entries(n, y.Content, depth)
	case yaml.ScalarNode:
		if y.Tag != "!!null" {
			n.kind, n.text = scalar, y.Value
		}
	}
	return n
}

func (r *treeReader) entries(n *node, content []*yaml.Node, depth int) {
	seen := make(map[string]bool, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		key := content[i]
		at := kizuna.Ref{File: r.file, Line: key.Line, Column: key.Column}
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag == "!!merge":
			r.report(at, kizuna.Errorf("program-key", "a key must be a word").
				WithMend("write NAME: value; there are no merge keys in a program file"))
			continue
		case seen[key.Value]:
			r.report(at, kizuna.Errorf("program-duplicate-key", "%q stands here twice", clip(key.Value)).
				WithMend("keep one of the two"))
			continue
		}
		seen[key.Value] = true
		n.entries = append(n.entries, entry{key.Value, at, r.node(content[i+1], depth+1)})
	}
}
