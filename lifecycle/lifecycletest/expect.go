package lifecycletest

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Expect walks the machine and compares what every role comes to with a table
// written by hand, a line for each outcome:
//
//	STATE  ACTION  ROLE,ROLE  STATE or the code of the refusal
//
// The role * stands for all that no line names, the action * for every one; # begins
// a comment. A line that
// nothing uses is an error too.
func Expect[C any](t *testing.T, m *lifecycle.Machine[C], file string,
	try func(*testing.T, lifecycle.State, lifecycle.Action, lifecycle.Role) (lifecycle.State, error)) {
	t.Helper()
	lines := readExpectations(t, file)
	used := make([]bool, len(lines))
	Walk(t, m, func(t *testing.T, s lifecycle.State, a lifecycle.Action, r lifecycle.Role) {
		find := func(role string) int {
			return slices.IndexFunc(lines, func(l expectation) bool {
				return l.state == s.Name() && (l.action == string(a) || l.action == "*") && slices.Contains(l.roles, role)
			})
		}
		i := find(string(r))
		if i < 0 {
			i = find("*")
		}
		to, err := try(t, s, a, r)
		got := to.Name()
		if err != nil {
			got = kizuna.CodeOf(err)
		}
		if i < 0 {
			t.Fatalf("%s has no line; it comes to %q", file, got)
		}
		used[i] = true
		if got != lines[i].outcome {
			t.Errorf("%q, want %q as %s says (%v)", got, lines[i].outcome, file, err)
		}
	})
	for i, l := range lines {
		if !used[i] {
			t.Errorf("%s: nothing is %s %s %s", file, l.state, l.action, strings.Join(l.roles, ","))
		}
	}
}

type expectation struct {
	state, action string
	roles         []string
	outcome       string
}

func readExpectations(t *testing.T, file string) []expectation {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []expectation
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		cells := strings.Fields(line)
		switch len(cells) {
		case 0:
		case 4:
			out = append(out, expectation{cells[0], cells[1], strings.Split(cells[2], ","), cells[3]})
		default:
			t.Fatalf("%s: %q is not STATE ACTION ROLES OUTCOME", file, s.Text())
		}
	}
	return out
}
