package command

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/internal/worldtest"
)

// ways are how a score is asked for.
var ways = [][]string{
	{}, {"--json"}, {"--lang", "ja"}, {"--area", "security"}, {"--program", "mcpp@2022-10", "--attribution", "asserted", "--metric-gate", "at-least-1"},
	{"--csp-history", "by_interval", "--json"}, {"--html", "page.html"},
}

// mustSayTheSame asks in the ways: usage is packed, is packed already, is read by the
// oracle. Everything that is said is the same, to the byte.
func mustSayTheSame(t interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}, ways [][]string, root, dir string, more ...string) {
	t.Helper()
	page := filepath.Join(root, "page.html")
	say := func(args ...string) (code int, said [3]string) {
		var out, errs bytes.Buffer
		code = run(context.Background(), append([]string{"--lang", "en"}, args...), strings.NewReader(""), &out, &errs)
		said = [3]string{out.String(), errs.String(), ""}
		if data, err := os.ReadFile(page); err == nil {
			said[2] = string(data)
		}
		return code, said
	}
	for _, way := range ways {
		args := slices.Concat([]string{"score", "--data", dir}, more)
		for _, arg := range way {
			if arg == "page.html" {
				arg = page
			}
			args = append(args, arg)
		}
		code, want := say(append(args, "--oracle")...)
		if code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, want[1])
		}
		for range 2 {
			if code, got := say(args...); code != exitOK || got != want {
				t.Errorf("%v: exit code %d:\n%s\ninstead of\n%s", args, code, got, want)
			}
		}
		_ = os.Remove(page)
	}
}

// settled makes files look as if they had been written long ago: what was written just
// now is read again each time.
func settled(dir string) error {
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chtimes(path, at, at)
	})
}

func settle(t interface{ Fatal(...any) }, dir string) {
	if err := settled(dir); err != nil {
		t.Fatal(err)
	}
}

func TestTheCacheSaysOfTheDemoWhatTheOracleSays(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "demo")
	runs(t, exitOK, "demo", dir)
	settle(t, dir)
	mustSayTheSame(t, ways, root, dir)
	mustSayTheSame(t, ways[:2], root, dir, "--as-of", "2022-12-31", "--partner", "990001001")
}

// The worlds stand beside the project, not in it.
func TestTheCacheSaysOfTheWorldsWhatTheOracleSays(t *testing.T) {
	worlds, err := filepath.Glob("../../../shared/domain/worlds/w*")
	if err != nil || len(worlds) == 0 {
		t.Skip("the worlds are not beside this checkout")
	}
	root := t.TempDir()
	for _, world := range worlds {
		dir := filepath.Join(root, filepath.Base(world))
		if err := os.CopyFS(dir, os.DirFS(world)); err != nil {
			t.Fatal(err)
		}
		settle(t, dir)
		mustSayTheSame(t, ways, root, dir)
	}
}

func TestTheCacheSaysOfRandomDataWhatTheOracleSays(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			t.Fatal(err)
		}
		f := worldtest.DrawMixed(t)
		if f.Usage.Len() == 0 {
			return // there is no day to ask about
		}
		d := &dataset.Dataset{Associations: *f.Associations, Ledger: f.Usage, Rates: f.Rates, People: *worldtest.DrawPeople(t)}
		if err := dataset.Write(dir, d); err != nil {
			t.Fatal(err)
		}
		settle(t, dir)
		mustSayTheSame(t, [][]string{rapid.SampledFrom(ways).Draw(t, "way")}, root, dir)
	})
}
