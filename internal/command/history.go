package command

import (
	"fmt"
	"strings"

	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/textgrid"
)

// historyCmd tells the whole story of a thing.
type historyCmd struct {
	storeFlags
	As      string   `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	KnownAt string   `name:"known-at" placeholder:"MOMENT" help:"help.look-known-at"`
	Brief   bool     `name:"brief" help:"help.history-brief"`
	Thing   []string `arg:"" name:"thing" help:"help.history-thing"`
}

// Run tells it in the order in which it became known.
func (c *historyCmd) Run(a *app) error {
	thing, err := store.ParseThing(strings.Join(c.Thing, "/")) // "claim C-1" is claim/C-1
	if err != nil {
		return err
	}
	flags := lookFlags{storeFlags: c.storeFlags, As: c.As, KnownAt: c.KnownAt}
	return look(a, &flags, func(l *looking) ([]record.Episode, error) {
		return l.Record.History(l.ctx, l.view, thing)
	}, func(_ *looking, story []record.Episode) error {
		if c.Brief {
			return a.showBrief(story)
		}
		for i := range story {
			if i > 0 {
				fmt.Fprintln(a.Stdout)
			}
			if err := a.showEpisode(&story[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// showBrief is a line for each step.
func (a *app) showBrief(story []record.Episode) error {
	grid := textgrid.New("#", a.P.T("history.recorded"), a.P.T("history.effective"), a.P.T("history.who"),
		a.P.T("history.action"), a.P.T("history.state")).Right(0)
	for _, e := range story {
		effective := ""
		if e.Effective != nil {
			effective = e.Effective.String()
		}
		grid.Row(fmt.Sprint(e.Version), e.Recorded.String(), effective, a.who(&e), a.action(e.Action), a.stateText(&e))
	}
	_, err := grid.WriteTo(a.Stdout)
	return err
}

// stateText is the state that a step led to; not every thing has one.
func (a *app) stateText(e *record.Episode) string {
	if e.State == "" {
		return ""
	}
	return a.state(lifecycle.State(e.State))
}

func (a *app) who(e *record.Episode) string {
	if e.Behalf == "" {
		return e.Actor
	}
	return a.P.T("history.behalf", e.Actor, e.Behalf)
}

func (a *app) showEpisode(e *record.Episode) error {
	if _, err := fmt.Fprintln(a.Stdout, a.P.T("history.episode", e.Version, e.Recorded, a.action(e.Action), a.who(e))); err != nil {
		return err
	}
	grid := textgrid.New().Indent("    ")
	row := func(key, text string) {
		if text != "" {
			grid.Row(a.P.T("history."+key), text)
		}
	}
	row("state", a.stateText(e))
	if e.Effective != nil {
		row("effective", e.Effective.String())
	}
	row("reason", e.Reason)
	comment := e.Comment
	if e.Erased {
		comment = a.P.T("record.erased")
	}
	row("comment", comment)
	for _, event := range e.Events {
		row("happened", a.event(event))
	}
	for _, change := range e.Changes {
		if change.Field != "state" {
			row("changed", a.change(change))
		}
	}
	row("entry", fmt.Sprint(e.Entry))
	_, err := grid.WriteTo(a.Stdout)
	return err
}

// change writes "field: before → after".
func (a *app) change(c record.Change) string {
	text := func(s string) string {
		switch s {
		case "":
			return "–"
		case record.ErasedText:
			return a.P.T("record.erased")
		}
		return s
	}
	return c.Field + ": " + text(c.Before) + " → " + text(c.After)
}
