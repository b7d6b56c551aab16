package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob/dir"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// tickCmd lets time have its say.
type tickCmd struct {
	storeFlags
	Until string `name:"until" placeholder:"INSTANT" help:"help.tick-until"`
}

// ticked is a thing that the clock acted on, as JSON.
type ticked struct {
	Thing  store.Thing       `json:"thing"`
	Events []lifecycle.Event `json:"events,omitempty"`
	Error  any               `json:"error,omitempty"`
}

// Run acts on everything that has run out, and seals the audit trail.
func (c *tickCmd) Run(a *app) error {
	var until *kizuna.Instant
	if c.Until != "" {
		at, err := kizuna.ParseInstant(c.Until)
		if err != nil {
			return err
		}
		until = &at
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	all := []ticked{}
	done, failed := 0, 0
	err = o.Tick(a.Context, until, func(r record.Rung) {
		if r.Err != nil {
			failed++
		} else {
			done++
		}
		switch {
		case a.JSON:
			t := ticked{Thing: r.Thing, Events: r.Events}
			if r.Err != nil {
				t.Error = errorForJSON(r.Err)
			}
			all = append(all, t)
		case a.Live:
			fmt.Fprint(a.Stderr, clearLine, a.P.T("tick.progress", done, failed))
		}
		if !a.JSON {
			a.showRung(r)
		}
	})
	if a.Live {
		_, _ = io.WriteString(a.Stderr, clearLine)
	}
	if err == nil {
		err = o.sweep(a.Context)
	}
	// What was recorded is sealed even if the user has interrupted meanwhile.
	if err = errors.Join(err, o.done(context.WithoutCancel(a.Context))); err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, map[string]any{"done": done, "failed": failed, "things": all})
	} else {
		_, err = fmt.Fprintln(a.Stdout, a.P.T("tick.done", done, failed))
	}
	if err == nil && failed > 0 {
		err = errProblems
	}
	return err
}

// unfinishedFor is how long a file may take to be written.
const unfinishedFor = 24 * time.Hour

// sweep removes what processes that were killed left unfinished where files are
// kept, if that is a directory.
func (o *opened) sweep(ctx context.Context) error {
	if d, ok := o.blobs.(*dir.Store); ok {
		return d.Sweep(ctx, time.Now().Add(-unfinishedFor)) // files go by the wall clock, whatever KIZUNA_NOW says
	}
	return nil
}

func (a *app) showRung(r record.Rung) {
	if a.Live {
		fmt.Fprint(a.Stderr, clearLine)
	}
	if r.Err != nil {
		fmt.Fprintf(a.Stderr, "%s: %s\n", r.Thing, a.P.Error(r.Err))
		return
	}
	fmt.Fprintln(a.Stdout, r.Thing)
	for _, e := range r.Events {
		fmt.Fprintf(a.Stdout, "  %s\n", a.event(e))
	}
}
