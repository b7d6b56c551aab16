package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/dataset"
)

// tablesInWords describes the tables as docs/data.md does.
func tablesInWords(lang string) string {
	words := map[string][3]string{"en": {"column", "form", "meaning"}, "ja": {"列", "形式", "意味"}}[lang]
	var b strings.Builder
	for _, t := range dataset.Tables() {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| %s | %s | %s |\n|---|---|---|\n", t.File(), t.About.In(lang), words[0], words[1], words[2])
		for _, c := range t.Columns {
			name := "`" + c.Name + "`"
			if c.Required {
				name = "**" + name + "**"
			}
			form := string(c.Form)
			if len(c.Values) > 0 {
				form = strings.Join(c.Values, ", ")
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, form, c.About.In(lang))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTheDocumentationDescribesTheTables(t *testing.T) {
	for lang, name := range map[string]string{"en": "data.md", "ja": "data.ja.md"} {
		name = filepath.Join("..", "docs", name)
		const begin, end = "<!-- tables -->\n\n", "<!-- end of tables -->"
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, ok1 := strings.Cut(string(text), begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s has no place for the tables", name)
		}
		want := before + begin + tablesInWords(lang) + end + after
		if want == string(text) {
			continue
		}
		if os.Getenv("UPDATE_DOCS") == "" {
			t.Errorf("%s is not what the tables are; UPDATE_DOCS=1 writes it", name)
		} else if err := os.WriteFile(name, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
