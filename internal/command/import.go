package command

import (
	"context"
	"fmt"
	"io"
	"os/user"
	"strconv"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/textgrid"
)

// importCmd takes files into a data directory or a store and accounts for every
// row.
type importCmd struct {
	placeFlags
	Strict  bool     `name:"strict" help:"help.import-strict"`
	Mapping string   `name:"mapping" type:"path" placeholder:"FILE" help:"help.import-mapping"`
	As      string   `name:"as" placeholder:"KIND" help:"help.import-as"`
	Cost    string   `name:"cost" placeholder:"COLUMN" help:"help.import-cost"`
	Tenant  string   `name:"tenant" placeholder:"ID" help:"help.import-tenant"`
	Since   string   `name:"since" placeholder:"DATE" help:"help.import-since"`
	Azure   string   `name:"azure-from" enum:"as-before,partnercenter,focus,both" default:"as-before" help:"help.import-azure-from"`
	Actor   string   `name:"actor" env:"KIZUNA_AS" placeholder:"ROLE:ID" help:"help.import-actor"`
	Behalf  string   `name:"on-behalf-of" placeholder:"WHO" help:"help.behalf"`
	Reason  string   `name:"reason" placeholder:"WORD" help:"help.reason"`
	Files   []string `arg:"" name:"file" optional:"" help:"help.import-files"`
}

// Run imports the files. Refused rows are no failure unless nothing may be lost
// (--strict); a file that cannot be imported at all is one.
func (c *importCmd) Run(a *app) error {
	saveMemory()
	opts := dataset.ImportOptions{Strict: c.Strict, Mapping: c.Mapping, As: c.As, Cost: c.Cost, Tenant: c.Tenant}
	if c.Azure != "as-before" {
		opts.AzureFrom = dataset.AzureSource(c.Azure)
	}
	if len(c.Files) == 0 && opts.AzureFrom == "" {
		return kizuna.Errorf("import-nothing", "no file is named").WithMend("name the files to import")
	}
	if c.Since != "" {
		day, err := kizuna.ParseDate(c.Since)
		if err != nil {
			return err
		}
		opts.Since = &day
	}
	if a.Live {
		p := &progressLine{app: a}
		opts.Progress = p.show
		defer p.clear()
	}
	account, err := c.imports(a, opts)
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, account)
	} else {
		err = a.showAccount(account)
	}
	if err == nil && account.Failed() {
		err = errProblems
	}
	return err
}

func (c *importCmd) imports(a *app, opts dataset.ImportOptions) (*dataset.Account, error) {
	if !c.inStore() {
		return dataset.Import(a.Context, c.Data, c.Files, opts)
	}
	actor, err := c.actor()
	if err != nil {
		return nil, err
	}
	o, err := c.open(a)
	if err != nil {
		return nil, err
	}
	shelf := c.imported(o)
	shelf.Actor, shelf.Behalf, shelf.Reason = actor, c.Behalf, c.Reason
	account, err := dataset.ImportTo(a.Context, shelf, c.Files, opts)
	// What was recorded is sealed even if the user has interrupted meanwhile.
	if failed := o.done(context.WithoutCancel(a.Context)); err == nil {
		err = failed
	}
	return account, err
}

// actor is who imports: the operator whose account of this machine it is, unless
// said otherwise.
func (c *importCmd) actor() (lifecycle.Actor, error) {
	if c.Actor != "" {
		return lifecycle.ParseActor(c.Actor)
	}
	actor := lifecycle.Actor{Role: lifecycle.Operator}
	if u, err := user.Current(); err == nil {
		actor.ID = u.Username
	}
	return actor, nil
}

// showAccount tells what became of the files, and why rows were not kept.
func (a *app) showAccount(account *dataset.Account) error {
	files := textgrid.New(a.P.T("import.file"), a.P.T("import.kind"), a.P.T("import.months"),
		a.P.T("import.read"), a.P.T("import.kept"), a.P.T("import.merged"), a.P.T("import.aside"), a.P.T("import.refused"), "").
		Right(3, 4, 5, 6, 7)
	for _, f := range account.Files {
		r := f.Rows
		files.Row(f.File, f.Kind, monthsOf(f.Months), strconv.Itoa(r.Read), strconv.Itoa(r.Kept), strconv.Itoa(r.Merged),
			strconv.Itoa(r.SetAside), strconv.Itoa(r.Refused), a.statusOf(f))
	}
	if files.Len() > 0 {
		if _, err := files.WriteTo(a.Stdout); err != nil {
			return err
		}
	}
	for _, f := range account.Files {
		if err := a.showFile(f, len(account.Files) > 1); err != nil {
			return err
		}
	}
	a.showErrors(a.P.T("import.overlaps"), account.Overlaps)
	if !account.Kept {
		fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("import.nothing-kept"))
	}
	return nil
}

func monthsOf(months []kizuna.Month) string {
	switch len(months) {
	case 0:
		return "–"
	case 1:
		return months[0].String()
	}
	return months[0].String() + " – " + months[len(months)-1].String()
}

func (a *app) statusOf(f *dataset.FileAccount) string {
	status := a.P.T("import.status." + string(f.Status))
	switch {
	case len(f.Replaces) == 1:
		return a.P.T("import.replaces", status, f.Replaces[0])
	case len(f.Replaces) > 1:
		return a.P.T("import.replaces-several", status, len(f.Replaces))
	case f.ReplacedBy != "":
		return a.P.T("import.replaced-by", status, f.ReplacedBy)
	}
	return status
}

// shownLines is how many lines of a list are shown; --json has all.
const shownLines = 10

func (a *app) showFile(f *dataset.FileAccount, several bool) error {
	name := ""
	if several {
		name = f.File + ": "
	}
	if f.Error != nil {
		fmt.Fprintf(a.Stderr, "%s\n", a.P.Error(f.Error))
	}
	asides := textgrid.New().Indent("  ").Right(0, 2)
	for i, aside := range f.Asides {
		if i == shownLines {
			asides.Row("", a.P.T("import.more", len(f.Asides)-i))
			break
		}
		amount := ""
		if aside.Amount != nil {
			amount = aside.Amount.String() + " " + aside.Unit
		}
		asides.Row(strconv.Itoa(aside.Rows), a.asideText(aside.Reason, aside.Detail), amount)
	}
	if err := a.section(asides, name+a.P.T("import.asides")); err != nil {
		return err
	}
	services := textgrid.New().Indent("  ").Right(0, 2)
	for i, u := range f.Unmapped {
		if i == shownLines {
			services.Row("", a.P.T("import.more", len(f.Unmapped)-i))
			break
		}
		currency := u.Currency
		if currency == "" {
			currency = "USD"
		}
		services.Row(strconv.Itoa(u.Rows), u.Service, u.Amount.String()+" "+currency)
	}
	if err := a.section(services, name+a.P.T("import.unmapped")); err != nil {
		return err
	}
	a.showErrors(name+a.P.T("import.refusals", f.Rows.Refused), f.Problems)
	a.showErrors(name+a.P.T("import.notes"), f.Notes)
	return nil
}

func (a *app) asideText(reason, detail string) string {
	if detail == "" {
		return a.P.T(reason)
	}
	return a.P.T("import.aside-detail", a.P.T(reason), detail)
}

func (a *app) section(grid *textgrid.Grid, title string) error {
	if grid.Len() == 0 {
		return nil
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", title)
	_, err := grid.WriteTo(a.Stdout)
	return err
}

func (a *app) showErrors(title string, errs []*kizuna.Error) {
	if len(errs) == 0 {
		return
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", title)
	for i, err := range errs {
		if i == shownLines {
			fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("import.more", len(errs)-i))
			return
		}
		fmt.Fprintf(a.Stdout, "  %s\n", a.P.Error(err))
	}
}

// progressLine overwrites one line of the terminal.
type progressLine struct {
	app     *app
	file    string
	started time.Time
	shown   bool
}

const clearLine = "\r\x1b[K"

func (p *progressLine) show(now dataset.Progress) {
	if p.file != now.File {
		p.file, p.started = now.File, time.Now()
	}
	rate := 0.0
	if spent := time.Since(p.started).Seconds(); spent > 0 {
		rate = float64(now.Rows) / spent
	}
	percent := int64(100)
	if now.Size > 0 {
		percent = min(100, 100*now.Bytes/now.Size)
	}
	fmt.Fprint(p.app.Stderr, clearLine, p.app.P.T("import.progress", now.File, now.Rows, percent, now.Bytes>>20, int(rate)))
	p.shown = true
}

func (p *progressLine) clear() {
	if p.shown {
		_, _ = io.WriteString(p.app.Stderr, clearLine)
	}
}
