// Package lifecycletest helps to test life cycles: it walks a machine's whole
// table and keeps the documents that show it equal to the code.
package lifecycletest

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/lifecycle"
)

var update = flag.Bool("update", false, "write the files that tests compare with anew (one package at a time)")

// Updating reports whether the test was asked to write its expectations anew.
func Updating() bool { return *update }

// Walk calls visit, in a subtest of its own, for every state of the machine,
// every action of its table and every role, allowed or not.
func Walk[C any](t *testing.T, m *lifecycle.Machine[C], visit func(*testing.T, lifecycle.State, lifecycle.Action, lifecycle.Role)) {
	t.Helper()
	for _, s := range m.States {
		for _, a := range m.AllActions() {
			for _, r := range lifecycle.Roles() {
				t.Run(s.Name()+"/"+string(a)+"/"+string(r), func(t *testing.T) { visit(t, s, a, r) })
			}
		}
	}
}

// Sound checks what must hold of every machine: each line's states are on the
// list, every state can be reached from [lifecycle.None], somebody may take each
// line, and no line stands behind one that always holds.
func Sound[C any](t *testing.T, m *lifecycle.Machine[C]) {
	t.Helper()
	known := make(map[lifecycle.State]bool)
	for _, s := range m.States {
		if known[s] {
			t.Errorf("%s: the state %q is listed twice", m.Name, s.Name())
		}
		known[s] = true
	}
	type asked struct {
		from   lifecycle.State
		action lifecycle.Action
		role   lifecycle.Role
	}
	always := make(map[asked]bool)
	for _, line := range m.Table {
		if !known[line.From] || !known[line.To] {
			t.Errorf("%s: %q or %q is not on the list of states", m.Name, line.From.Name(), line.To.Name())
		}
		if len(line.By) == 0 {
			t.Errorf("%s: nobody may %s what is %s", m.Name, line.Action, line.From.Name())
		}
		for _, r := range line.By {
			a := asked{line.From, line.Action, r}
			if always[a] {
				t.Errorf("%s: %s of what is %s by %s is never reached: a line before it always holds", m.Name, line.Action, line.From.Name(), r)
			}
			always[a] = line.When.Holds == nil
		}
	}
	reached := map[lifecycle.State]bool{lifecycle.None: true}
	for before := -1; before < len(reached); {
		before = len(reached)
		for _, line := range m.Table {
			if reached[line.From] {
				reached[line.To] = true
			}
		}
	}
	for _, s := range m.States {
		if !reached[s] {
			t.Errorf("%s: nothing leads to %q", m.Name, s.Name())
		}
	}
}

// Documented checks that each file shows the machine between its markers, and
// writes it there with -update:
//
//	<!-- machine:NAME -->
//	<!-- /machine:NAME -->
func Documented(t *testing.T, name, markdown, mermaid string, files ...string) {
	t.Helper()
	want := "\n```mermaid\n" + strings.TrimSpace(mermaid) + "\n```\n\n" + strings.TrimSpace(markdown) + "\n"
	Between(t, "<!-- machine:"+name+" -->\n", "<!-- /machine:"+name+" -->", want, files...)
}

// Between checks that each file holds the text between the two markers, and
// writes it there with -update.
func Between(t *testing.T, begin, end, want string, files ...string) {
	t.Helper()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		head, rest, ok := bytes.Cut(data, []byte(begin))
		got, tail, ended := bytes.Cut(rest, []byte(end))
		switch {
		case !ok || !ended:
			t.Errorf("%s lacks the markers %q and %q", file, strings.TrimSpace(begin), end)
		case string(got) == want:
		case *update:
			text := string(head) + begin + want + end + string(tail)
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s differs from the code; go test -update writes it anew", file)
		}
	}
}
