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
