package command

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/locale"
)

// What package kong says about a command line it says in English. Here are its
// sentences that a user of Kizuna can meet, to be said in the user's language;
// others are shown as they are.
var usageErrors = []struct {
	key     string
	pattern *regexp.Regexp
}{
	{"usage.missing-flags", regexp.MustCompile(`^missing flags: (.+)$`)},
	{"usage.missing-arguments", regexp.MustCompile(`^missing positional arguments (.+)$`)},
	{"usage.unknown-flag-meant", regexp.MustCompile(`^unknown flag (\S+), did you mean (?:one of )?(.+)\?$`)},
	{"usage.unknown-flag", regexp.MustCompile(`^unknown flag (\S+)$`)},
	{"usage.unexpected-argument-meant", regexp.MustCompile(`^unexpected argument (.+), did you mean (?:one of )?(.+)\?$`)},
	{"usage.unexpected-argument", regexp.MustCompile(`^unexpected argument (.+)$`)},
	{"usage.one-of", regexp.MustCompile(`^(\S+) must be one of (.+) but got (.+)$`)},
	{"usage.no-value", regexp.MustCompile(`^(\S+): expected .+ value but got "EOL".*$`)},
	{"usage.no-value", regexp.MustCompile(`^(\S+): missing value.*$`)},
	{"usage.no-number", regexp.MustCompile(`^(\S+): expected a valid .*int but got (.+)$`)},
	{"usage.no-file", regexp.MustCompile(`^(\S+): stat (.+): no such file or directory$`)},
	{"usage.is-directory", regexp.MustCompile(`^(\S+): (".+") exists but is a directory$`)},
	{"usage.expected-one-of", regexp.MustCompile(`^expected one of (.+)$`)},
	{"usage.expected", regexp.MustCompile(`^expected (.+)$`)},
}

// usageError says what is wrong with a command line.
func usageError(p *locale.Printer, err error) string {
	if known, ok := errors.AsType[*kizuna.Error](err); ok {
		return p.Error(known)
	}
	text := err.Error()
	for _, e := range usageErrors {
		if found := e.pattern.FindStringSubmatch(text); found != nil {
			args := make([]any, len(found)-1)
			for i, group := range found[1:] {
				args[i] = group
			}
			return p.T(e.key, args...)
		}
	}
	return text
}

// translatedHelp prints kong's help under headings in the user's language.
func translatedHelp(p *locale.Printer) kong.HelpPrinter {
	if p.Lang == locale.English {
		return kong.DefaultHelpPrinter
	}
	headings := strings.NewReplacer(
		"Usage: ", p.T("usage.usage"),
		"\nArguments:\n", "\n"+p.T("usage.arguments")+"\n",
		"\nFlags:\n", "\n"+p.T("usage.flags")+"\n",
		"\nCommands:\n", "\n"+p.T("usage.commands")+"\n",
		`Run "kizuna <command> --help" for more information on a command.`, p.T("usage.more-on-command"),
	)
	return func(options kong.HelpOptions, ctx *kong.Context) error {
		var help bytes.Buffer
		out := ctx.Stdout
		ctx.Stdout = &help
		err := kong.DefaultHelpPrinter(options, ctx)
		ctx.Stdout = out
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, headings.Replace(help.String()))
		return err
	}
}
