package calc

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Case is one question, with the figures that it brings.
type Case struct {
	ID      string // "case-1" and so on if it has none of its own
	Program string // "2023-10", "mcpp@2023-10"; "*" if any will do; "" for the default
	Type    Type
	At      kizuna.Ref

	input *node
	typed *node // where its type stands
}

// Type says what a case asks.
type Type string

// The types of cases; docs/calc.md says what each one takes.
const (
	Metric        Type = "metric"         // points of one metric, by its progress
	People        Type = "people"         // points of one metric, by who holds which certificates
	Area          Type = "area"           // an area's total on one track
	AreaTracks    Type = "area_tracks"    // an area of several tracks, each a case of its own
	AreaInline    Type = "area_inline"    // a total with maxima and thresholds of one's own
	Qualify       Type = "qualify"        // whether given points qualify
	Needed        Type = "needed"         // what is lacking for a number of points
	MCV           Type = "mcv"            // monthly consumption value
	Window        Type = "window"         // the days in which a qualifying score is looked for
	RenewalWindow Type = "renewal_window" // the days in which a designation is renewed
	Anniversary   Type = "anniversary"    // the anniversary that several designations share
	Months        Type = "months"         // the months that a metric looks at
)

// Types lists the types of cases.
func Types() []Type {
	return []Type{Metric, People, Area, AreaTracks, AreaInline, Qualify, Needed, MCV, Window, RenewalWindow, Anniversary, Months}
}

// File is what was read: one case, or a list.
type File struct {
	Cases  []Case
	Single bool // the document was a case by itself: so is the answer
}

// Index returns the cases by id.
func (f *File) Index() map[string]*Case {
	index := make(map[string]*Case, len(f.Cases))
	for i := range f.Cases {
		index[f.Cases[i].ID] = &f.Cases[i]
	}
	return index
}

// annotations are what a case may say about itself besides what it asks.
var annotations = []string{"expected", "printed", "source", "sources", "kind", "note", "reason", "skip", "rule_key", "title", "comment"}

// Parse reads one case, or {"cases": [...]}; file is its name for messages. What
// else a list says about itself is left alone. What the cases ask for is looked
// at when they are answered, so that one broken case does not cost the others.
func Parse(r io.Reader, file string) (*File, error) {
	root, err := tree(r, file)
	if err != nil {
		return nil, err
	}
	at := func(n *node) kizuna.Ref { return kizuna.Ref{File: file, Line: int(n.line), Column: int(n.column)} }
	list := root.get("cases")
	if list == nil {
		c, err := parseCase(root, 1, at)
		if err != nil {
			return nil, err
		}
		return &File{Cases: []Case{c}, Single: true}, nil
	}
	if list.shape != isList {
		return nil, kizuna.Errorf("calc-cases", `"cases" is not a list`).
			WithMend(`write {"cases": [{...}, {...}]}`).WithRef(at(list))
	}
	out := &File{Cases: make([]Case, 0, len(list.members))}
	seen := make(map[string]kizuna.Ref, len(list.members))
	for i := range list.members {
		c, err := parseCase(&list.members[i].node, i+1, at)
		if err != nil {
			return nil, err
		}
		if before, twice := seen[c.ID]; twice {
			return nil, kizuna.Errorf("calc-id-twice", "two cases have the id %q, the first in line %d", c.ID, before.Line).
				WithMend("give each case an id of its own").WithRef(c.At)
		}
		seen[c.ID] = c.At
		out.Cases = append(out.Cases, c)
	}
	return out, nil
}

func parseCase(n *node, number int, at func(*node) kizuna.Ref) (Case, error) {
	c := Case{ID: fmt.Sprintf("case-%d", number), At: at(n)}
	if n.shape != isObject {
		return c, kizuna.Errorf("calc-case-shape", "case %d is not an object", number).
			WithMend(`write {"type": "metric", "input": {...}}`).WithRef(c.At)
	}
	text := func(key string, into *string) error {
		switch m := n.get(key); {
		case m == nil || m.shape == isNull:
			return nil
		case m.shape != isText || m.text == "":
			return kizuna.Errorf("calc-case-text", "case %s: %q is not a text", c.ID, key).
				WithMend("write it in quotation marks").WithRef(at(m))
		default:
			*into = m.text
			return nil
		}
	}
	var typed string
	for _, err := range []error{text("id", &c.ID), text("program", &c.Program), text("type", &typed)} {
		if err != nil {
			return c, err
		}
	}
	c.Type, c.typed, c.input = Type(typed), n.get("type"), n.get("input")
	for i := range n.members {
		m := &n.members[i]
		if !slices.Contains([]string{"id", "program", "type", "input"}, m.key) && !slices.Contains(annotations, m.key) {
			return c, kizuna.Errorf("calc-case-field", "case %s: a case has no field %q", c.ID, m.key).
				WithMend("its fields are id, program, type and input; notes go under %s", strings.Join(annotations, ", ")).
				WithRef(at(&m.node))
		}
	}
	return c, nil
}

// at returns the place of a value of the case; of the case itself for nil.
func (c *Case) at(n *node) kizuna.Ref {
	if n == nil {
		return c.At
	}
	return kizuna.Ref{File: c.At.File, Line: int(n.line), Column: int(n.column)}
}
