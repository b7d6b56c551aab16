package program

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// docs are the pages that explain program files, in both languages.
var docs = []string{"../docs/program.md", "../docs/program.ja.md"}

func TestTheDocumentedExamplesAreProgramsWithoutProblems(t *testing.T) {
	for _, page := range docs {
		text := read(t, page)
		examples := 0
		for block := range strings.SplitSeq(text, "```yaml\n") {
			code, _, _ := strings.Cut(block, "```")
			if !strings.HasPrefix(code, "program: ") {
				continue
			}
			examples++
			if _, err := Parse(page, []byte(code)); err != nil {
				t.Error(err)
			}
		}
		if examples != 2 {
			t.Errorf("%s: %d examples, want a whole program and a changed one", page, examples)
		}
	}
}

func TestEveryKeyAndWordOfTheGrammarIsDocumented(t *testing.T) {
	for _, page := range docs {
		text := read(t, page)
		for _, word := range vocabulary() {
			if !strings.Contains(text, word) {
				t.Errorf("%s does not name %q", page, word)
			}
		}
	}
}

// vocabulary lists every key that a program file can have, and every word that
// can be chosen under one.
func vocabulary() []string {
	var words []string
	add := func(word string) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	for _, o := range objectsIn(fileShape) {
		for _, f := range o.fields {
			add(f.key)
			of := f.of
			if l, ok := of.(listOf); ok {
				of = l.of
			}
			if choices, ok := of.(oneOf); ok {
				for _, word := range choices {
					add(word)
				}
			}
		}
	}
	return words
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
