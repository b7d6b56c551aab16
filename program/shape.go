package program

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// shape is what a piece of a program file may look like. The grammar is written
// once, in shapes: it checks files and makes the JSON Schema that editors use.
type shape interface {
	check(r *reporter, n *node)
	schema() map[string]any
}

// value is a scalar.
type value struct {
	parse func(string) *kizuna.Error
	json  map[string]any
}

func (v value) check(r *reporter, n *node) {
	if n.kind != scalar {
		r.report(n.at, kizuna.Errorf("program-not-a-value", "here stands %s where one value belongs", nameOf(n)).
			WithMend("write a single value after the colon"))
		return
	}
	if problem := v.parse(n.text); problem != nil {
		r.report(n.at, problem)
	}
}

func (v value) schema() map[string]any { return v.json }

func nameOf(n *node) string {
	switch n.kind {
	case list:
		return "[list]"
	case mapping:
		return "{mapping}"
	case null:
		return "null"
	}
	return clip(n.text)
}

// oneOf is a scalar out of a few words.
type oneOf []string

func (o oneOf) check(r *reporter, n *node) {
	if n.kind != scalar || !slices.Contains(o, n.text) {
		r.report(n.at, kizuna.Errorf("program-choice", "%q is none of the words that can stand here", nameOf(n)).
			WithMend("write one of: %s", strings.Join(o, ", ")))
	}
}

func (o oneOf) schema() map[string]any { return map[string]any{"enum": []string(o)} }

// listOf is a list.
type listOf struct{ of shape }

func (l listOf) check(r *reporter, n *node) {
	if n.kind != list {
		r.report(n.at, kizuna.Errorf("program-not-a-list", "here stands %s where a list belongs", nameOf(n)).
			WithMend("write a list: [one, another]"))
		return
	}
	for _, item := range n.items {
		l.of.check(r, item)
	}
}

func (l listOf) schema() map[string]any {
	return map[string]any{"type": "array", "items": schemaOf(l.of)}
}

// mapOf is a mapping from names of the writer's own to one shape.
type mapOf struct{ of shape }

func (m mapOf) check(r *reporter, n *node) {
	if !isMapping(r, n) {
		return
	}
	for _, e := range n.fields() {
		m.of.check(r, e.value)
	}
}

func (m mapOf) schema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": nullable(schemaOf(m.of))}
}

// object is a mapping with known keys.
type object struct {
	name   string // of its definition in the JSON Schema
	fields []field
}

type field struct {
	key      string
	doc      string
	of       shape
	required bool
}

func (o *object) check(r *reporter, n *node) {
	if !isMapping(r, n) {
		return
	}
	for _, e := range n.entries {
		i := slices.IndexFunc(o.fields, func(f field) bool { return f.key == e.key })
		switch {
		case i < 0:
			r.report(e.at, kizuna.Errorf("program-unknown-key", "%q is not a key that can stand here", clip(e.key)).
				WithMend("did you mean %q? The keys here are: %s", nearest(e.key, o.keys()), strings.Join(o.keys(), ", ")))
		case e.value.kind != null:
			o.fields[i].of.check(r, e.value)
		}
	}
	for _, f := range o.fields {
		if f.required && !n.has(f.key) {
			r.report(n.at, missing(f.key))
		}
	}
}

func missing(key string) *kizuna.Error {
	return kizuna.Errorf("program-missing-key", "%q is missing here", key).WithMend("add %s:", key)
}

func (o *object) keys() []string {
	keys := make([]string, len(o.fields))
	for i, f := range o.fields {
		keys[i] = f.key
	}
	return keys
}

func (o *object) schema() map[string]any {
	properties := make(map[string]any, len(o.fields))
	for _, f := range o.fields {
		p := nullable(schemaOf(f.of))
		if f.doc != "" {
			p["description"] = f.doc
		}
		properties[f.key] = p
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

func isMapping(r *reporter, n *node) bool {
	if n.kind != mapping {
		r.report(n.at, kizuna.Errorf("program-not-a-mapping", "here stands %s where keys and values belong", nameOf(n)).
			WithMend("write keys and values: {key: value}"))
	}
	return n.kind == mapping
}

// short is a scalar, or in full a list or a mapping.
type short struct {
	scalar shape
	full   shape
}

func (s short) check(r *reporter, n *node) {
	if n.kind == scalar {
		s.scalar.check(r, n)
		return
	}
	s.full.check(r, n)
}

func (s short) schema() map[string]any {
	return map[string]any{"anyOf": []any{schemaOf(s.scalar), schemaOf(s.full)}}
}
