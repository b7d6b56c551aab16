package command

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/kizuna-org/kizuna/locale"
)

func TestEveryHelpTextIsInTheCatalogue(t *testing.T) {
	for _, lang := range []string{locale.English, locale.Japanese} {
		printer, err := locale.For(lang)
		if err != nil {
			t.Fatal(err)
		}
		parser, err := kong.New(new(commands), kong.PostBuild(helpIn(printer)))
		if err != nil {
			t.Fatal(err)
		}
		check := func(what, help string) {
			if help == "" || strings.HasPrefix(help, "help.") {
				t.Errorf("%s: %s has no text (%q)", lang, what, help)
			}
		}
		err = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
			switch n := node.(type) {
			case *kong.Node:
				check(n.FullPath(), n.Help)
			case *kong.Flag:
				check("--"+n.Name, n.Help)
			case *kong.Positional:
				check("<"+n.Name+">", n.Help)
			}
			return next(nil)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestALineThatNamesACommandReadsThatOne(t *testing.T) {
	all, err := kong.New(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range all.Model.Children {
		for _, line := range [][]string{{want.Name, "--help"}, {"--lang", "score", "--json", want.Name, "demo"}} {
			one, err := kong.New(new(commands), kong.IgnoreFields(notAsked(line)))
			if err != nil {
				t.Fatal(err)
			}
			got := one.Model.Children
			if len(got) != 1 || got[0].Name != want.Name || len(got[0].Leaves(false)) != len(want.Leaves(false)) ||
				len(one.Model.Flags) != len(all.Model.Flags) {
				t.Errorf("%q reads %v", line, got)
			}
		}
	}
	for _, line := range [][]string{nil, {"--help"}, {"scroe", "demo"}, {"--lang", "demo"}, {"--lang=ja"}} {
		every, err := kong.New(new(commands), kong.IgnoreFields(notAsked(line)))
		if err != nil || len(every.Model.Children) != len(all.Model.Children) {
			t.Errorf("%q does not read every command: %v", line, err)
		}
	}
}
