package command

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/textgrid"
)

// personCmd is what people may ask of what is held about them.
type personCmd struct {
	Data  personDataCmd  `cmd:"" help:"help.person-data"`
	Erase personEraseCmd `cmd:"" help:"help.person-erase"`
}

type personDataCmd struct {
	storeFlags
	As    string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	About string `name:"about" required:"" placeholder:"WHO" help:"help.person-about"`
}

// Run lists everything that is held about somebody.
func (c *personDataCmd) Run(a *app) error {
	actor, err := lifecycle.ParseActor(c.As)
	if err != nil {
		return err
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	held, err := o.PersonData(a.Context, actor, c.About)
	if err = cmp.Or(err, o.close()); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, held)
	}
	return a.showHeld(held)
}

func (a *app) showHeld(held *record.Held) error {
	personal := textgrid.New().Indent("  ")
	for _, p := range held.Personal {
		personal.Row(p.Ref, record.PersonalText(p.Value))
	}
	things := textgrid.New().Indent("  ")
	for _, t := range held.Things {
		things.Row(t.Thing.String(), t.Recorded.String())
	}
	rows := textgrid.New().Indent("  ")
	for _, f := range held.Rows {
		rows.Row(f.Table, "file/"+f.File, string(f.Body))
	}
	acts := textgrid.New().Indent("  ").Right(0)
	for _, act := range held.Acts {
		acts.Row(fmt.Sprint(act.Entry), act.At.String(), a.action(act.Action))
	}
	for _, part := range []struct {
		key  string
		grid *textgrid.Grid
	}{{"personal", personal}, {"things", things}, {"rows", rows}, {"acts", acts}} {
		if _, err := fmt.Fprintln(a.Stdout, a.P.T("person."+part.key, part.grid.Len())); err != nil {
			return err
		}
		if _, err := part.grid.WriteTo(a.Stdout); err != nil {
			return err
		}
	}
	return nil
}

type personEraseCmd struct {
	askFlags
	About string `name:"about" required:"" placeholder:"WHO" help:"help.person-about"`
}

// Run erases names, addresses and words of somebody.
func (c *personEraseCmd) Run(a *app) error {
	ask, err := c.ask()
	if err != nil {
		return err
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	gone, err := o.PersonErase(a.Context, ask, c.About)
	if err = cmp.Or(err, o.done(a.Context)); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, gone)
	}
	texts := []string{a.P.T("person.erased", len(gone.Refs), gone.Entry)}
	if len(gone.Refs) > 0 {
		texts = append(texts, "  "+strings.Join(gone.Refs, "\n  "))
	}
	return lines(a.Stdout, texts...)
}
