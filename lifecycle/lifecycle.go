// Package lifecycle holds explicit state machines: which action takes a thing from
// which state to which, who may do it, and what must hold. A machine is a table,
// so that tests can walk it completely, documents can draw it, and a refusal can
// say what would have been possible.
//
// Machines decide, they do not act: they know no clock and change nothing.
package lifecycle

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// State is where a thing stands. The zero State is that of a thing which does not
// exist yet.
type State string

// Action is what somebody does to a thing: "submit", "approve".
type Action string

// None is the state before a thing exists.
const None State = ""

// Transition is one line of a machine's table. C is what its conditions look at:
// the thing, what is asked, the time, the policy.
type Transition[C any] struct {
	From   State
	Action Action
	By     []Role
	To     State
	// When chooses between lines of the same state and action: the first whose
	// condition holds is taken. The zero Condition always holds.
	When Condition[C]
	// Guards must all allow the step; the first that does not says why.
	Guards []Guard[C]
}

// Condition is a named question.
type Condition[C any] struct {
	Name  string
	Holds func(C) bool
}

// Guard is a named requirement. Check returns the reason for a refusal.
type Guard[C any] struct {
	Name  string
	Check func(C) error
}

// Machine is a complete table of transitions.
type Machine[C any] struct {
	Name   string // "claim"
	States []State
	Table  []Transition[C]
}

// Next returns the state that the action leads to. The errors:
// "lifecycle-action", nobody can do that in this state; "lifecycle-actor", others
// can; and those of the guards.
func (m *Machine[C]) Next(from State, action Action, by Role, c C) (State, error) {
	known, allowed := false, false
	for i := range m.Table {
		t := &m.Table[i]
		if t.From != from || t.Action != action {
			continue
		}
		known = true
		if !slices.Contains(t.By, by) {
			continue
		}
		allowed = true
		if t.When.Holds != nil && !t.When.Holds(c) {
			continue
		}
		for _, g := range t.Guards {
			if err := g.Check(c); err != nil {
				return from, err
			}
		}
		return t.To, nil
	}
	switch {
	case !known || allowed:
		return from, kizuna.Errorf("lifecycle-action", "a %s that is %s cannot be asked to %s", m.Name, from.Name(), action).
			WithMend("possible now: %s", orNothing(join(m.Actions(from, by))))
	default:
		return from, kizuna.Errorf("lifecycle-actor", "%s cannot %s a %s", by, action, m.Name).
			WithMend("only: %s", join(m.Actors(from, action)))
	}
}

// Name returns the state as people read it.
func (s State) Name() string {
	if s == None {
		return "new"
	}
	return string(s)
}

// Actions lists what somebody in one of the roles can do in a state.
func (m *Machine[C]) Actions(from State, by ...Role) []Action {
	var out []Action
	for _, t := range m.Table {
		may := slices.ContainsFunc(t.By, func(r Role) bool { return slices.Contains(by, r) })
		if t.From == from && may && !slices.Contains(out, t.Action) {
			out = append(out, t.Action)
		}
	}
	return out
}

// Actors lists who can do something in a state.
func (m *Machine[C]) Actors(from State, action Action) []Role {
	var out []Role
	for _, t := range m.Table {
		if t.From != from || t.Action != action {
			continue
		}
		for _, r := range t.By {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// AllActions lists every action of the table, in its order.
func (m *Machine[C]) AllActions() []Action {
	var out []Action
	for _, t := range m.Table {
		if !slices.Contains(out, t.Action) {
			out = append(out, t.Action)
		}
	}
	return out
}

// Mermaid draws the machine as a state diagram.
func (m *Machine[C]) Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	id := func(s State) string {
		if s == None {
			return "[*]"
		}
		return strings.ReplaceAll(string(s), "-", "_")
	}
	for _, s := range m.States {
		if s != None && strings.ContainsRune(string(s), '-') {
			b.WriteString("    " + id(s) + ": " + string(s) + "\n")
		}
	}
	for _, t := range m.Table {
		b.WriteString("    " + id(t.From) + " --> " + id(t.To) + ": " + string(t.Action) + " (" + join(t.By) + ")")
		if t.When.Name != "" {
			b.WriteString(" if " + t.When.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Markdown writes the table: a line for each transition, with its guards.
func (m *Machine[C]) Markdown() string {
	var b strings.Builder
	b.WriteString("| from | action | who | to | if | must hold |\n|---|---|---|---|---|---|\n")
	for _, t := range m.Table {
		var guards []string
		for _, g := range t.Guards {
			guards = append(guards, g.Name)
		}
		for i, cell := range []string{
			t.From.Name(), string(t.Action), join(t.By), t.To.Name(), t.When.Name, strings.Join(guards, "; "),
		} {
			if i == 0 {
				b.WriteString("|")
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func join[T ~string](items []T) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = string(item)
	}
	return strings.Join(texts, ", ")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
