package command

import (
	"fmt"
	"io"

	"github.com/kizuna-org/kizuna"
)

// counter overwrites one line of the terminal with how far long work is; elsewhere
// it says nothing.
type counter struct {
	app   *app
	shown bool
}

func (a *app) counter() *counter { return &counter{app: a} }

func (c *counter) show(text string) {
	if c.app.Live {
		fmt.Fprint(c.app.Stderr, clearLine, text)
		c.shown = true
	}
}

func (c *counter) clear() {
	if c.shown {
		_, _ = io.WriteString(c.app.Stderr, clearLine)
		c.shown = false
	}
}

// note says on standard error what should be known beside an answer: the first few,
// and how many more there are.
func (a *app) note(notes []*kizuna.Error) {
	const most = 10
	for i, n := range notes {
		if i == most {
			fmt.Fprintln(a.Stderr, a.P.T("note.more", len(notes)-most))
			return
		}
		fmt.Fprintln(a.Stderr, a.P.Error(n))
	}
}
