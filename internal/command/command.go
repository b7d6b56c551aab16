// Package command is the command line of kizuna, a file per command. Programs differ
// only in the object stores that they can reach: cmd/kizuna, and cloud/cmd/kizuna.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/locale"
)

// commands is the command line. Help texts are keys of the catalogue.
type commands struct {
	JSON    bool   `name:"json" help:"help.json"`
	Lang    string `name:"lang" help:"help.lang" env:"KIZUNA_LANG,LC_ALL,LC_MESSAGES,LANG" placeholder:"en|ja"`
	NoColor bool   `name:"no-color" help:"help.no-color" env:"NO_COLOR"`

	Demo     demoCmd     `cmd:"" help:"help.demo"`
	Template templateCmd `cmd:"" help:"help.template"`
	Import   importCmd   `cmd:"" help:"help.import"`
	Score    scoreCmd    `cmd:"" help:"help.score"`
	Explain  explainCmd  `cmd:"" help:"help.explain"`
	Fate     fateCmd     `cmd:"" help:"help.fate"`
	Verify   verifyCmd   `cmd:"" help:"help.verify"`
	Compare  compareCmd  `cmd:"" help:"help.compare"`
	Calc     calcCmd     `cmd:"" help:"help.calc"`
	Program  programCmd  `cmd:"" help:"help.program-cmd"`

	Simulate simulateCmd `cmd:"" help:"help.simulate"`
	Forecast forecastCmd `cmd:"" help:"help.forecast"`
	Watch    watchCmd    `cmd:"" help:"help.watch"`
	Check    checkCmd    `cmd:"" help:"help.check"`
	Gaps     gapsCmd     `cmd:"" help:"help.gaps"`
	Plan     planCmd     `cmd:"" help:"help.plan"`

	Fleet   fleetCmd   `cmd:"" help:"help.fleet"`
	Segment segmentCmd `cmd:"" help:"help.segment"`

	Migrate migrateCmd `cmd:"" help:"help.migrate"`
	PAL     palCmd     `cmd:"" name:"pal" help:"help.pal"`

	Company      companyCmd      `cmd:"" help:"help.company"`
	Subscription subscriptionCmd `cmd:"" help:"help.subscription"`
	Access       accessCmd       `cmd:"" help:"help.access"`
	DPOR         dporCmd         `cmd:"" name:"dpor" help:"help.dpor"`
	CSP          cspCmd          `cmd:"" name:"csp" help:"help.csp"`
	People       peopleCmd       `cmd:"" help:"help.people"`
	Membership   membershipCmd   `cmd:"" help:"help.membership"`

	Specialization specializationCmd `cmd:"" help:"help.specialization-cmd"`
	Benefit        benefitCmd        `cmd:"" help:"help.benefit"`

	Badge   badgeCmd   `cmd:"" help:"help.badge"`
	Claim   claimCmd   `cmd:"" help:"help.claim"`
	History historyCmd `cmd:"" help:"help.history"`
	Tick    tickCmd    `cmd:"" help:"help.tick"`
	Upkeep  upkeepCmd  `cmd:"" help:"help.upkeep"`
	Audit   auditCmd   `cmd:"" help:"help.audit"`
	Person  personCmd  `cmd:"" help:"help.person"`
}

// app is what commands need of the world around them.
type app struct {
	Context context.Context
	Args    []string // of the command line
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	P       *locale.Printer
	JSON    bool
	Color   bool // Stdout is a terminal that takes colors
	Live    bool // Stderr is a terminal: progress may overwrite itself
	Doors   Doors

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

// Main runs the command line of this process and returns its exit code.
func Main(doors Doors) int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(lavish)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, doors)
}

// How often garbage is collected, unless GOGC says it. Most commands hold little and
// end soon. Usage that is read takes most of the memory and lives as long as the
// process: collecting sooner halves the peak for a few percent of time.
const (
	lavish = 400
	frugal = 50
)

// saveMemory has garbage collected sooner, where much is read.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(frugal)
	}
}

// The exit codes.
const (
	exitOK      = 0
	exitProblem = 1 // the answer is no, or something is wrong with the data
	exitUsage   = 2 // the command line cannot be understood
)

// errProblems ends a command with exit code 1 after it has said why itself.
var errProblems = errors.New("problems were reported")

// Run runs a command line and returns its exit code.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, doors Doors) int {
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
		kong.IgnoreFields(notAsked(args)),
		kong.PostBuild(helpIn(printer)),
		kong.Help(translatedHelp(printer)),
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
		Context: ctx, Args: args, Stdin: stdin, Stdout: stdout, Stderr: stderr, P: printer, JSON: c.JSON,
		Color: !c.NoColor && isTerminal(stdout), Live: isTerminal(stderr),
		Doors: doors,
	}
	switch err := a.run(parsed); {
	case err == nil:
		return exitOK
	case errors.Is(err, errSent):
		return exitOK
	case errors.Is(err, errUntrusted):
		return exitUntrusted
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

// notAsked is a pattern of the fields of [commands] that a command line does not ask
// for: reading the flags of all commands takes longer than most of them do. A line whose
// first word is no command's name asks for all, to be told of them.
func notAsked(args []string) string {
	var others []string
	asked := false
	for field := range reflect.TypeFor[commands]().Fields() {
		if _, command := field.Tag.Lookup("cmd"); !command {
			continue
		}
		if strings.ToLower(field.Name) == firstWord(args) {
			asked = true
		} else {
			others = append(others, field.Name)
		}
	}
	if !asked {
		return "^$" // no field
	}
	return `^commands\.(` + strings.Join(others, "|") + ")$"
}

// firstWord is the first argument that is no flag, nor the value of one before it.
func firstWord(args []string) string {
	for i, arg := range args {
		if !strings.HasPrefix(arg, "-") && (i == 0 || args[i-1] != "--lang") {
			return arg
		}
	}
	return ""
}

// helpIn puts the texts of the catalogue where the commands name their keys. (As
// variables of kong's they would be copied for every flag of every command.)
func helpIn(p *locale.Printer) func(*kong.Kong) error {
	return func(k *kong.Kong) error {
		return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
			switch n := node.(type) {
			case *kong.Node:
				n.Help = helpOf(p, n.Help)
			case *kong.Flag:
				n.Help = helpOf(p, n.Help)
			case *kong.Positional:
				n.Help = helpOf(p, n.Help)
			}
			return next(nil)
		})
	}
}

func helpOf(p *locale.Printer, key string) string {
	if !strings.HasPrefix(key, "help.") {
		return key // kong's own
	}
	return p.T(key)
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
