package command

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// showOutcome tells what a command did to a thing.
func (a *app) showOutcome(t store.Thing, version int64, events []lifecycle.Event, repeated bool) error {
	head := a.P.T("outcome.now", t, version)
	if repeated {
		head = a.P.T("outcome.repeated", t, version)
	}
	if _, err := fmt.Fprintln(a.Stdout, head); err != nil {
		return err
	}
	return a.showEvents(events)
}

func (a *app) showEvents(events []lifecycle.Event) error {
	for _, e := range events {
		if _, err := fmt.Fprintf(a.Stdout, "  %s\n", a.event(e)); err != nil {
			return err
		}
	}
	return nil
}

// event writes what happened in one line: its name, then the details. What stands
// in the place of a comment tells people nothing.
func (a *app) event(e lifecycle.Event) string {
	parts := []string{a.word("event.", e.Type)}
	for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
		if key != "comment" {
			parts = append(parts, key+"="+e.Detail[key])
		}
	}
	return strings.Join(parts, "  ")
}

// lines writes texts, a line each.
func lines(w io.Writer, texts ...string) error {
	for _, t := range texts {
		if _, err := fmt.Fprintln(w, t); err != nil {
			return err
		}
	}
	return nil
}
