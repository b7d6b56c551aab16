package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The readmes show the demo's first account as it is printed.
func TestTheReadmesShowWhatTheDemoPrints(t *testing.T) {
	for lang, name := range map[string]string{"en": "../../README.md", "ja": "../../README.ja.md"} {
		readme, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		args := []string{"--lang", lang, "demo", filepath.Join(t.TempDir(), "demo")}
		if code := run(context.Background(), args, strings.NewReader(""), &out, os.Stderr); code != exitOK {
			t.Fatalf("exit code %d", code)
		}
		const first, second, fence = "990001000", "\n\n990002000", "\n```\n"
		_, printed, _ := strings.Cut(out.String(), "\n"+first)
		printed, _, _ = strings.Cut(printed, second)
		before, rest, found := strings.Cut(string(readme), fence+first)
		_, after, closed := strings.Cut(rest, fence)
		if !found || !closed {
			t.Fatalf("%s shows no table of %s", name, first)
		}
		want := before + fence + first + printed + fence + after
		switch {
		case want == string(readme):
		case os.Getenv("UPDATE_DOCS") == "":
			t.Errorf("%s does not show what the demo prints; UPDATE_DOCS=1 writes it", name)
		default:
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
