package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
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
	commands["pack"] = pack
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

// pack is the script command "pack gz|zst FILE": it writes FILE.gz or FILE.zst.
func pack(ts *testscript.TestScript, _ bool, args []string) {
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
