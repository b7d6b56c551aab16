package command

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kizuna-org/kizuna/demo"
)

// demoCmd writes the demo, scores it and tells what to look at.
type demoCmd struct {
	Dir   string `arg:"" optional:"" default:"kizuna-demo" help:"help.demo-dir"`
	Force bool   `name:"force" help:"help.demo-force"`
}

// Run writes and scores the demo.
func (c *demoCmd) Run(a *app) error {
	if err := demo.Write(c.Dir, c.Force); err != nil {
		return err
	}
	s := scoreCmd{scenarioFlags: scenarioFlags{questionFlags: questionFlags{
		placeFlags: placeFlags{Data: c.Dir}, Program: demo.Program, AsOf: demo.AsOf.String(),
		CSPHistory: "program", Attribution: "both", Gate: "program",
	}}}
	if a.JSON {
		return s.Run(a)
	}
	fmt.Fprintf(a.Stdout, "%s\n\n", a.P.T("demo.written", c.Dir))
	if err := s.Run(a); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("demo.events"))
	rules, _, err := programFor(demo.Program, demo.AsOf)
	if err != nil {
		return err
	}
	for i, e := range demo.Events() {
		var lost []string
		for _, l := range e.Lost() {
			lost = append(lost, fmt.Sprintf("%s −%s", rules.Area(l.Area).Name.In(a.P.Lang), l.Points.Decimal(1)))
		}
		fmt.Fprintf(a.Stdout, "%d. %s\n   %s\n   %s\n", i+1, e.Title.In(a.P.Lang), strings.Join(lost, a.P.T("demo.comma")), e.Command(c.Dir))
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("demo.more", filepath.Join(c.Dir, "README.md")))
	return nil
}
