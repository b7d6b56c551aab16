// Command kizuna tells who works for which customer, how that is proved and what
// it earns. One file per command; see kizuna --help.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/locale"
)

// commands is the command line. Help texts are keys of the catalogue: help.NAME.
type commands struct {
	JSON    bool   `name:"json" help:"${help_json}"`
	Lang    string `name:"lang" help:"${help_lang}" env:"KIZUNA_LANG,LC_ALL,LC_MESSAGES,LANG" placeholder:"en|ja"`
	NoColor bool   `name:"no-color" help:"${help_no_color}" env:"NO_COLOR"`

	Demo     demoCmd     `cmd:"" help:"${help_demo}"`
	Template templateCmd `cmd:"" help:"${help_template}"`
	Import   importCmd   `cmd:"" help:"${help_import}"`
	Score    scoreCmd    `cmd:"" help:"${help_score}"`
	Explain  explainCmd  `cmd:"" help:"${help_explain}"`
	Fate     fateCmd     `cmd:"" help:"${help_fate}"`
	Verify   verifyCmd   `cmd:"" help:"${help_verify}"`
	Compare  compareCmd  `cmd:"" help:"${help_compare}"`
	Calc     calcCmd     `cmd:"" help:"${help_calc}"`
	Program  programCmd  `cmd:"" help:"${help_program_cmd}"`

	Migrate migrateCmd `cmd:"" help:"${help_migrate}"`
	PAL     palCmd     `cmd:"" name:"pal" help:"${help_pal}"`

	Company      companyCmd      `cmd:"" help:"${help_company}"`
	Subscription subscriptionCmd `cmd:"" help:"${help_subscription}"`
	Access       accessCmd       `cmd:"" help:"${help_access}"`
	DPOR         dporCmd         `cmd:"" name:"dpor" help:"${help_dpor}"`
	CSP          cspCmd          `cmd:"" name:"csp" help:"${help_csp}"`
	People       peopleCmd       `cmd:"" help:"${help_people}"`

	Claim   claimCmd   `cmd:"" help:"${help_claim}"`
	History historyCmd `cmd:"" help:"${help_history}"`
	Tick    tickCmd    `cmd:"" help:"${help_tick}"`
	Audit   auditCmd   `cmd:"" help:"${help_audit}"`
	Person  personCmd  `cmd:"" help:"${help_person}"`
}

// app is what commands need of the world around them.
type app struct {
	Context context.Context
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	P       *locale.Printer
	JSON    bool
	Color   bool // Stdout is a terminal that takes colors
	Live    bool // Stderr is a terminal: progress may overwrite itself

	ends []func() error
}

// atEnd has something closed when the command has ended.
func (a *app) atEnd(end func() error) { a.ends = append(a.ends, end) }

// run runs the command and closes what it opened.
func (a *app) run(command interface{ Run(...any) error }) error {
	err := command.Run(a)
	for _, end := range slices.Backward(a.ends) {
		if failed := end(); err == nil {
			err = failed
		}
	}
	return err
}

func main() {
	// Usage takes most of the memory and lives as long as the process: collecting
	// sooner halves the peak for a few percent of time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitOK      = 0
	exitProblem = 1 // the answer is no, or something is wrong with the data
	exitUsage   = 2 // the command line cannot be understood
)

// errProblems ends a command with exit code 1 after it has said why itself.
var errProblems = errors.New("problems were reported")

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	printer, err := locale.For(languageOf(args))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitProblem
	}
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("kizuna"),
		kong.Description(printer.T("cli.description")),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(translatedHelp(printer)),
		helpVars(printer),
	)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitProblem
	}
	parser.Model.HelpFlag.Help = printer.T("usage.help")
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "kizuna: %s\n", usageError(printer, err))
		return exitUsage
	}
	a := &app{
		Context: ctx, Stdin: stdin, Stdout: stdout, Stderr: stderr, P: printer, JSON: c.JSON,
		Color: !c.NoColor && isTerminal(stdout), Live: isTerminal(stderr),
	}
	switch err := a.run(parsed); {
	case err == nil:
		return exitOK
	case errors.Is(err, errProblems):
		return exitProblem
	default:
		a.fail(err)
		return exitProblem
	}
}

// languageOf finds --lang before the command line is parsed, because the help
// itself is translated.
func languageOf(args []string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			return value
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	for _, name := range []string{"KIZUNA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return locale.English
}

// helpVars hands every text under "help." to the help: help.score is ${help_score}.
func helpVars(p *locale.Printer) kong.Vars {
	vars := make(kong.Vars)
	for _, key := range p.Keys("help.") {
		vars[strings.NewReplacer(".", "_", "-", "_").Replace(key)] = p.T(key)
	}
	return vars
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fail says what went wrong, as JSON if JSON was asked for.
func (a *app) fail(err error) {
	if a.JSON {
		_ = a.writeJSON(a.Stderr, map[string]any{"error": errorForJSON(err)})
		return
	}
	fmt.Fprintf(a.Stderr, "kizuna: %s\n", a.P.Error(err))
}

func (a *app) writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func errorForJSON(err error) any {
	if known, ok := errors.AsType[*kizuna.Error](err); ok {
		return known
	}
	return map[string]string{"message": err.Error()}
}
