package command

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
)

// A process that writes something else than frames, or ends before its totals, is named.
func TestAPartThatFailsIsNamed(t *testing.T) {
	shown := 0
	g := gathering{done: make([][2]int, 2), progress: func(done, of int) { shown = 100*done + of }}
	message, err := g.read(bufio.NewReader(strings.NewReader("p\x01\x03p\x02\x03t\x04KIZU")), 1)
	if err != nil || string(message) != "KIZU" || shown != 203 {
		t.Errorf("%q, %v, %d", message, err, shown)
	}
	for _, said := range []string{"", "p", "p\x01", "PASS", "t", "t\xff\xff\xff\xff\x07KIZU", "p\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"} {
		if _, err := g.read(bufio.NewReader(strings.NewReader(said)), 0); err == nil {
			t.Errorf("%q is taken", said)
		}
	}
	// This binary, when it runs no test, says PASS and ends well.
	err = g.one(exec.Command(os.Args[0], "-test.run=^$"), 0)
	if kizuna.CodeOf(err) != "fleet-process" || !strings.Contains(err.Error(), "part 1 of 2") {
		t.Error(err)
	}
}
