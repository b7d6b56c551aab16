package command

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna"
)

// Whatever a table of published figures says, it is read or refused with a code.
func FuzzReadPublished(f *testing.F) {
	f.Add("account,area,track,metric,points\nG1,data-ai,,net_customer_adds,20\n")
	f.Add("Partner;Solution area;Score\nL1;security;20/3\n")
	f.Add("area,points\nsecurity,1e999999999\n\"security,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "published.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readPublished(context.Background(), name); err != nil && kizuna.CodeOf(err) == "" {
			t.Fatalf("%#v", err)
		}
	})
}
