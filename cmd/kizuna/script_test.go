package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run kizuna as a command of its own process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kizuna": func() {
			os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

func TestScripts(t *testing.T) {
	commands := recordCommands()
	commands["pack"] = compressed
	commands["damage"] = damage
	commands["others"] = others
	commands["replace"] = replace
	commands["settle"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(settled(ts.MkAbs(args[0])))
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds:          commands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C") // scripts that want Japanese say so
			return nil
		},
	})
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
