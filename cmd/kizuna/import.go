package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/textgrid"
)

// importCmd takes files of others into a data directory.
type importCmd struct {
	Files   []string `arg:"" type:"existingfile" placeholder:"FILE" help:"${help_import_files}"`
	Data    string   `name:"data" required:"" type:"path" placeholder:"DIR" help:"${help_data}"`
	Strict  bool     `name:"strict" help:"${help_import_strict}"`
	As      string   `name:"as" placeholder:"KIND" help:"${help_import_as}"`
	Mapping string   `name:"mapping" type:"existingfile" placeholder:"FILE" help:"${help_import_mapping}"`
	Cost    string   `name:"cost" placeholder:"COLUMN" help:"${help_import_cost}"`
	Tenant  string   `name:"tenant" placeholder:"ID" help:"${help_import_tenant}"`
	Since   string   `name:"since" placeholder:"DATE" help:"${help_import_since}"`
}

// Run imports the files and gives an account of every row.
func (c *importCmd) Run(a *app) error {
	opts := dataset.ImportOptions{Strict: c.Strict, As: c.As, Mapping: c.Mapping, Cost: c.Cost, Tenant: c.Tenant}
	if c.Since != "" {
		day, err := kizuna.ParseDate(c.Since)
		if err != nil {
			return err
		}
		opts.Since = &day
	}
	if a.Live {
		opts.Progress = func(p dataset.Progress) {
			fmt.Fprintf(a.Stderr, "\r\x1b[K%s", a.P.T("import.progress", p.File, p.Rows, p.Bytes>>20, p.Size>>20))
		}
	}
	account, err := dataset.Import(a.Context, c.Data, c.Files, opts)
	if a.Live {
		fmt.Fprint(a.Stderr, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, account)
	} else {
		a.sayAccount(account)
	}
	if err == nil && account.Failed() {
		return errProblems
	}
	return err
}

// mostRefusals is how many refused rows of a file are shown; --json has all.
const mostRefusals = 20

func (a *app) sayAccount(account *dataset.Account) {
	g := textgrid.New(a.P.T("column.file"), a.P.T("column.kind"), a.P.T("column.status"), a.P.T("column.read"),
		a.P.T("column.kept"), a.P.T("column.merged"), a.P.T("column.set-aside"), a.P.T("column.refused")).Right(3, 4, 5, 6, 7)
	for _, f := range account.Files {
		g.Row(f.File, strings.TrimSpace(f.Kind+" "+f.Vintage), a.P.T("import.status."+string(f.Status)),
			strconv.Itoa(f.Rows.Read), strconv.Itoa(f.Rows.Kept), strconv.Itoa(f.Rows.Merged),
			strconv.Itoa(f.Rows.SetAside), strconv.Itoa(f.Rows.Refused))
	}
	_, _ = g.WriteTo(a.Stdout)
	for _, f := range account.Files {
		a.sayFile(f)
	}
	if !account.Kept {
		fmt.Fprintln(a.Stdout, a.P.T("import.nothing-kept"))
	}
}

func (a *app) sayFile(f *dataset.FileAccount) {
	if f.Error != nil {
		fmt.Fprintf(a.Stdout, "\n%s\n", a.P.Error(f.Error))
	}
	if len(f.Asides) > 0 {
		fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("import.set-aside", f.File))
		g := textgrid.New(a.P.T("column.reason"), a.P.T("column.detail"), a.P.T("column.rows"), a.P.T("column.amount")).Right(2, 3).Indent("  ")
		for _, aside := range f.Asides {
			amount := ""
			if aside.Amount != nil {
				amount = strings.TrimSpace(aside.Amount.String() + " " + aside.Unit)
			}
			g.Row(a.P.T(aside.Reason), aside.Detail, strconv.Itoa(aside.Rows), amount)
		}
		_, _ = g.WriteTo(a.Stdout)
	}
	if len(f.Unmapped) > 0 {
		fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("import.unmapped", f.File))
		g := textgrid.New(a.P.T("column.service"), a.P.T("column.rows"), a.P.T("column.amount")).Right(1, 2).Indent("  ")
		for _, u := range f.Unmapped {
			g.Row(u.Service, strconv.Itoa(u.Rows), strings.TrimSpace(u.Amount.String()+" "+u.Currency))
		}
		_, _ = g.WriteTo(a.Stdout)
	}
	for i, problem := range f.Problems {
		if i == mostRefusals {
			fmt.Fprintln(a.Stdout, a.P.T("explain.more", len(f.Problems)-mostRefusals))
			break
		}
		fmt.Fprintf(a.Stdout, "%s\n", a.P.Error(problem))
	}
	for _, note := range f.Notes {
		fmt.Fprintf(a.Stdout, "%s\n", a.P.Error(note))
	}
	for _, name := range f.Replaces {
		fmt.Fprintln(a.Stdout, a.P.T("import.replaces", f.File, name))
	}
}

// templateCmd writes the plain tables, empty.
type templateCmd struct {
	Dir string `arg:"" type:"path" help:"${help_template_dir}"`
}

// Run writes every table that is not there yet.
func (c *templateCmd) Run(a *app) error {
	written, err := dataset.WriteTemplates(c.Dir)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"written": written})
	}
	for _, name := range written {
		fmt.Fprintln(a.Stdout, name)
	}
	return nil
}
