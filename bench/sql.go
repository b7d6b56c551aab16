package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/program"
)

type sqlCmd struct {
	Job     string `help:"Which rules: full, or azure for the three Azure areas." enum:"full,azure" default:"full"`
	Dialect string `help:"For which engine: duckdb, or portable." enum:"duckdb,portable" default:"duckdb"`
}

// Run prints the text.
func (cmd *sqlCmd) Run() error {
	p, err := job(cmd.Job)
	if err != nil {
		return err
	}
	text, err := oracle.Text(p, world.AsOf, oracle.Dialects[cmd.Dialect])
	fmt.Print(text)
	return err
}

// job returns the program as far as a job needs it.
func job(name string) (*program.Program, error) {
	p, err := world.FindProgram()
	if err != nil || name == "full" {
		return p, err
	}
	if name == "simple" {
		return simple(p), nil
	}
	azure := *p
	azure.Areas = slices.DeleteFunc(slices.Clone(p.Areas), func(a program.Area) bool {
		return !strings.Contains(a.Name.EN, "(Azure)")
	})
	return &azure, nil
}
