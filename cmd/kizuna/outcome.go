package main

import (
	"fmt"
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
	for _, e := range events {
		if _, err := fmt.Fprintf(a.Stdout, "  %s\n", a.event(e)); err != nil {
			return err
		}
	}
	return nil
}

// event writes what happened in one line: its name, then the details.
func (a *app) event(e lifecycle.Event) string {
	name, ok := a.P.Lookup("event." + e.Type)
	if !ok {
		name = e.Type
	}
	parts := []string{name}
	for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
		parts = append(parts, key+"="+e.Detail[key])
	}
	return strings.Join(parts, "  ")
}
