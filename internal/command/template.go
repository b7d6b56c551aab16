package command

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/textgrid"
)

// templateCmd writes the plain tables, empty.
type templateCmd struct {
	Dir string `arg:"" type:"path" help:"help.template-dir"`
}

// Run writes the tables that are not there yet and says what each is for.
func (c *templateCmd) Run(a *app) error {
	written, err := dataset.WriteTemplates(c.Dir)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"dir": c.Dir, "written": written})
	}
	grid := textgrid.New()
	for _, t := range dataset.Tables() {
		name := filepath.Join(c.Dir, t.File())
		about := t.About.In(a.P.Lang)
		if !slices.Contains(written, name) {
			about = a.P.T("template.kept")
		}
		grid.Row(name, about)
	}
	if _, err := grid.WriteTo(a.Stdout); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("template.next", c.Dir))
	return nil
}
