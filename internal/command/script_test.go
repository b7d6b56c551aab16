package command

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store/postgres/postgrestest"
)

// TestMain lets scripts run kizuna as a command of its own process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kizuna": func() { os.Exit(Main(nil)) },
	})
}

// run runs a command line of the program as most have it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return Run(ctx, args, stdin, stdout, stderr, nil)
}

func TestScripts(t *testing.T) {
	testscript.Run(t, scripts("testdata/script", nil))
}

// What is kept of a store lies beside an SQLite file, and for a database server among
// the user's settings.
func TestScriptsOnEveryStore(t *testing.T) {
	for name, store := range map[string]func(t *testing.T, work string) (dsn, beside string){
		"sqlite": func(_ *testing.T, work string) (dsn, beside string) { return "kizuna.db", work + "/kizuna.db." },
		"postgres": func(t *testing.T, work string) (dsn, beside string) {
			dsn = postgrestest.New(t)
			return dsn, filepath.Join(work, "settings", "kizuna", kizuna.HashOf([]byte(dsn)).String()[:16]) + "/"
		},
	} {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, scripts("testdata/everystore", func(env *testscript.Env) {
				dsn, beside := store(t, env.WorkDir)
				env.Setenv("KIZUNA_STORE", dsn)
				env.Setenv("BESIDE", beside)
				env.Setenv("KIZUNA_BLOBS", filepath.Join(env.WorkDir, "blobs"))
				env.Setenv("KIZUNA_AS", "operator:me")
				env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "settings"))
			}))
		})
	}
}

// scripts are the scripts of a folder, each in an environment that is set up for it.
func scripts(dir string, setup func(*testscript.Env)) testscript.Params {
	commands := recordCommands()
	commands["pack"] = compressed
	commands["damage"] = damage
	commands["others"] = others
	commands["replace"] = replace
	commands["until"] = until
	commands["settle"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(settled(ts.MkAbs(args[0])))
	}
	return testscript.Params{
		Dir:           dir,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds:          commands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C") // scripts that want Japanese say so
			if setup != nil {
				setup(env)
			}
			return nil
		},
	}
}

// until is the script command "until [!] PROGRAM ARGUMENTS": it is run again and again,
// until it succeeds, or with ! fails. The test's own time bounds it.
func until(ts *testscript.TestScript, _ bool, args []string) {
	want := args[0] != "!"
	if !want {
		args = args[1:]
	}
	for (ts.Exec(args[0], args[1:]...) == nil) != want {
		time.Sleep(20 * time.Millisecond)
	}
}

// damage is the script command "damage DIR": it changes a bit of every segment there.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	var names []string
	for _, ending := range []string{"*.segment", "*.pack"} {
		some, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), ending))
		ts.Check(err)
		names = append(names, some...)
	}
	if len(names) == 0 {
		ts.Fatalf("nothing is packed in %s", args[0])
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		ts.Check(err)
		data[len(data)/3] ^= 8
		ts.Check(os.WriteFile(name, data, 0o600))
	}
}

// replace is the script command "replace FILE OLD NEW": the text must be there.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	before := ts.ReadFile(args[0])
	after := strings.ReplaceAll(before, args[1], args[2])
	if after == before {
		ts.Fatalf("%s does not say %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(after), 0o666))
}

// compressed is the script command "pack gz|zst FILE": it writes FILE.gz or FILE.zst.
func compressed(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if args[0] == "zst" {
		packed, err := zstd.NewWriter(&b)
		ts.Check(err)
		w = packed
	}
	_, err := io.WriteString(w, ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+"."+args[0]), b.Bytes(), 0o666))
}
