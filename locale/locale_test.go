package locale_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/locale"
)

func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	texts, err := locale.Catalogue(lang)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestEveryTextStandsInBothLanguages(t *testing.T) {
	en, ja := catalogue(t, locale.English), catalogue(t, locale.Japanese)
	for _, key := range slices.Sorted(maps.Keys(en)) {
		text, ok := ja[key]
		switch {
		case !ok:
			t.Errorf("%s has no Japanese", key)
		case en[key] == "" || text == "":
			t.Errorf("%s is empty", key)
		case verbs(en[key]) != verbs(text):
			t.Errorf("%s takes %s in English and %s in Japanese", key, verbs(en[key]), verbs(text))
		}
	}
	for key := range ja {
		if _, ok := en[key]; !ok && !strings.HasPrefix(key, "error.") {
			t.Errorf("%s has no English", key)
		}
	}
}

var verb = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*[\d.]*([a-zA-Z%])`)

// verbs lists a format's arguments in their order: "%[2]s %[1]d" takes d, s.
func verbs(format string) string {
	next := 1
	taken := make(map[int]string)
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(strings.Trim(m[1], "[]"))
		}
		kind := m[2]
		if kind == "q" || kind == "v" {
			kind = "s" // both say a text
		}
		taken[next] = kind
		next++
	}
	var out []string
	for _, i := range slices.Sorted(maps.Keys(taken)) {
		out = append(out, fmt.Sprint(i, taken[i]))
	}
	return strings.Join(out, ",")
}

// A message is an error's format as it stands in the code.
type message struct{ text, mend, at string }

func TestEveryErrorSpeaksJapanese(t *testing.T) {
	ja := catalogue(t, locale.Japanese)
	for code, m := range messages(t) {
		for key, english := range map[string]string{"error." + code: m.text, "error." + code + ".mend": m.mend} {
			if english == "" {
				continue
			}
			japanese, ok := ja[key]
			if !ok {
				t.Errorf("%s: %s has no Japanese: %q", m.at, key, english)
			} else if verbs(japanese) != verbs(english) {
				t.Errorf("%s: %s takes %s in English and %s in Japanese", m.at, key, verbs(english), verbs(japanese))
			}
		}
	}
}

func TestErrorsAreSaidInTheReadersLanguage(t *testing.T) {
	_, err := kizuna.ParseDate("tomorrow")
	for lang, want := range map[string]string{"en": "is not a date", "ja_JP.UTF-8": "日付ではありません", "fr": "is not a date"} {
		p, perr := locale.For(lang)
		if perr != nil {
			t.Fatal(perr)
		}
		if got := p.Error(err); !strings.Contains(got, want) || !strings.Contains(got, "2023-10-20") {
			t.Errorf("%s: %s", lang, got)
		}
	}
}

// messages collects every kizuna.Errorf of the product by its code. One code is
// one message.
func messages(t *testing.T) map[string]message {
	t.Helper()
	found := make(map[string]message)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		mends := make(map[ast.Node]string)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch name := calledName(call); name {
			case "WithMend":
				if inner := errorCall(call); inner != nil {
					mends[inner] = literal(call.Args[0])
				}
			case "Errorf":
				if code := literal(call.Args[0]); code != "" && len(call.Args) > 1 && isKizuna(call, file) {
					m := message{literal(call.Args[1]), mends[call], files.Position(call.Pos()).String()}
					if before, twice := found[code]; twice && before.text != m.text {
						t.Errorf("%s: the code %q stands for another message at %s", m.at, code, before.at)
					} else if !twice || m.mend != "" {
						found[code] = m
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// isKizuna tells kizuna.Errorf from fmt.Errorf and its like.
func isKizuna(call *ast.CallExpr, file *ast.File) bool {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		x, ok := s.X.(*ast.Ident)
		return ok && x.Name == "kizuna"
	}
	return file.Name.Name == "kizuna"
}

// errorCall finds the Errorf that a chain of With… calls begins with.
func errorCall(call *ast.CallExpr) ast.Node {
	for {
		s, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		inner, ok := s.X.(*ast.CallExpr)
		if !ok {
			return nil
		}
		if calledName(inner) == "Errorf" {
			return inner
		}
		call = inner
	}
}

func literal(e ast.Expr) string {
	if b, ok := e.(*ast.BasicLit); ok && b.Kind == token.STRING {
		s, _ := strconv.Unquote(b.Value)
		return s
	}
	if b, ok := e.(*ast.BinaryExpr); ok {
		return literal(b.X) + literal(b.Y)
	}
	return ""
}
