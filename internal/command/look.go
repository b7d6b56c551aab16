package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/textgrid"
)

// lookFlags say who looks at the record, and as of when.
type lookFlags struct {
	storeFlags
	As      string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	AsOf    string `name:"as-of" placeholder:"INSTANT" help:"help.look-as-of"`
	KnownAt string `name:"known-at" placeholder:"MOMENT" help:"help.look-known-at"`
}

// looking is a look at the record under way.
type looking struct {
	*opened
	ctx   context.Context
	actor lifecycle.Actor
	view  store.View
}

// look reads the record and shows what was found, in a table or as JSON.
func look[T any](a *app, f *lookFlags, read func(*looking) (T, error), show func(*looking, T) error) (err error) {
	l := &looking{ctx: a.Context}
	if l.actor, err = lifecycle.ParseActor(f.As); err != nil {
		return err
	}
	var asOf *kizuna.Instant
	if f.AsOf != "" {
		at, err := kizuna.ParseInstant(f.AsOf)
		if err != nil {
			return err
		}
		asOf = &at
	}
	var knownAt kizuna.Moment
	if f.KnownAt != "" {
		if knownAt, err = kizuna.ParseMoment(f.KnownAt); err != nil {
			return err
		}
	}
	if l.opened, err = f.open(a); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if l.view, err = l.View(a.Context, l.actor, asOf, knownAt); err != nil {
		return err
	}
	found, err := read(l)
	switch {
	case err != nil:
		return err
	case a.JSON:
		return a.writeJSON(a.Stdout, found)
	}
	return show(l, found)
}

// all reads a list to its end.
func all[T any](items record.Items[T]) ([]*record.Item[T], error) {
	out := []*record.Item[T]{} // an empty list is one in JSON, too
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

// grid is a table with these columns, each named in the catalogue.
func (a *app) grid(columns ...string) *textgrid.Grid {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = a.P.T("list." + c)
	}
	return textgrid.New(names...)
}

// show writes a table, or says that there is nothing to show.
func (a *app) show(g *textgrid.Grid) error {
	if g.Len() == 0 {
		_, err := fmt.Fprintln(a.Stdout, a.P.T("list.nothing"))
		return err
	}
	_, err := g.WriteTo(a.Stdout)
	return err
}

// showSpells writes a thing's past, line by line.
func (a *app) showSpells(what string, spells lifecycle.Spells) error {
	g := a.grid(what, "from", "to", "ended")
	for _, s := range spells {
		g.Row(s.Of, begins(s.During), ends(s.During), a.ended(s.Ended))
	}
	return a.section(g, a.P.T("list.past"))
}

// head says which thing is shown, and how it stands.
func (a *app) head(t store.Thing, version int64, state lifecycle.State) error {
	_, err := fmt.Fprintln(a.Stdout, a.P.T("list.head", t, version, a.state(state)))
	return err
}

func begins(i kizuna.Interval) string { return openEnd(i.From) }
func ends(i kizuna.Interval) string   { return openEnd(i.To) }

// lasting is what still lasts of the spells, and since when.
func lasting(spells lifecycle.Spells) (of, since string) {
	if n := len(spells); n > 0 && spells[n-1].During.To == kizuna.Forever {
		return spells[n-1].Of, begins(spells[n-1].During)
	}
	return "", ""
}

// optionalInstant reads an instant that may be missing.
func optionalInstant(s string, missing kizuna.Instant) (kizuna.Instant, error) {
	if s == "" {
		return missing, nil
	}
	return kizuna.ParseInstant(s)
}

// optionalDate reads a date that may be missing.
func optionalDate(s string) (*kizuna.Date, error) {
	if s == "" {
		return nil, nil
	}
	day, err := kizuna.ParseDate(s)
	return &day, err
}
