package report_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
)

func page(t *testing.T, lang string, r *score.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, report.Page{Result: r, P: printer(t, lang), Explain: explain}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// elements walks a page's elements in their order.
func elements(t *testing.T, data []byte) []*html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestThePageIsBuiltForReadersAndTheirTools(t *testing.T) {
	for _, lang := range locale.Languages() {
		t.Run(lang, func(t *testing.T) {
			count := make(map[string]int)
			ids, targets := make(map[string]bool), []string{}
			level := 0
			for _, n := range elements(t, page(t, lang, carried(t))) {
				if n.Data != "title" || n.Parent.Data == "head" { // pictures have titles, too
					count[n.Data]++
				}
				if id := attribute(n, "id"); id != "" {
					if ids[id] {
						t.Errorf("two elements have the id %q", id)
					}
					ids[id] = true
				}
				switch n.Data {
				case "html":
					if got := attribute(n, "lang"); got != lang {
						t.Errorf("lang %q", got)
					}
				case "a":
					href := attribute(n, "href")
					if !strings.HasPrefix(href, "#") {
						t.Errorf("a link leaves the page: %q", href)
					}
					targets = append(targets, strings.TrimPrefix(href, "#"))
				case "h1", "h2", "h3", "h4":
					l := int(n.Data[1] - '0')
					if l > level+1 {
						t.Errorf("%s %q follows h%d", n.Data, textOf(n), level)
					}
					level = l
				case "table":
					if n.FirstChild == nil || !strings.Contains(firstElement(n), "caption") {
						t.Error("a table has no caption")
					}
				case "th":
					if s := attribute(n, "scope"); s != "col" && s != "row" {
						t.Errorf("th %q has the scope %q", textOf(n), s)
					}
				case "meter", "nav":
					if attribute(n, "aria-label") == "" {
						t.Errorf("a %s has no label", n.Data)
					}
				case "svg":
					if attribute(n, "role") != "img" || attribute(n, "aria-label") == "" {
						t.Error("a picture has no text")
					}
				case "details":
					if firstElement(n) != "summary" {
						t.Error("details without summary")
					}
				}
			}
			for _, target := range targets {
				if !ids[target] {
					t.Errorf("nothing has the id %q", target)
				}
			}
			for _, one := range []string{"h1", "main", "header", "footer", "title", "nav"} {
				if count[one] != 1 {
					t.Errorf("%d of %s", count[one], one)
				}
			}
			for _, many := range []string{"details", "meter", "svg", "table"} {
				if count[many] == 0 {
					t.Errorf("no %s", many)
				}
			}
		})
	}
}

func firstElement(n *html.Node) string {
	for c := range n.ChildNodes() {
		if c.Type == html.ElementNode {
			return c.Data
		}
	}
	return ""
}

func TestThePageNeedsNothingButItself(t *testing.T) {
	for _, n := range elements(t, page(t, "en", fixture(t))) {
		switch n.Data {
		case "script", "link", "img", "iframe", "object", "form", "base", "input", "button":
			t.Errorf("the page holds a %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" {
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			}
			if strings.Contains(a.Val, "://") {
				t.Errorf("%s %s leads outside: %q", n.Data, a.Key, a.Val)
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("%s %s was thought unsafe", n.Data, a.Key)
			}
		}
		if n.Data == "style" && regexp.MustCompile(`(?i)url\(|@import|ZgotmplZ`).MatchString(textOf(n)) {
			t.Error("the style loads something")
		}
		if n.Data == "meta" && attribute(n, "http-equiv") != "" {
			if policy := attribute(n, "content"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
				t.Errorf("policy %q", policy)
			}
		}
	}
}

func TestNamesOfCustomersAreTextAndNothingElse(t *testing.T) {
	data := string(page(t, "en", carried(t)))
	for _, bad := range []string{`<script>alert`, `<Nagihara>`} {
		if strings.Contains(data, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !strings.Contains(data, "&lt;script&gt;alert") || !strings.Contains(data, "&lt;Nagihara&gt; &amp; Systems") {
		t.Error("the names are not on the page")
	}
}

func TestNoTextOfThePageIsMissing(t *testing.T) {
	for _, lang := range locale.Languages() {
		for _, n := range elements(t, page(t, lang, carried(t))) {
			if n.Data == "body" {
				if found := regexp.MustCompile(`report\.\w|reason\.\w|%!|<nil>`).FindString(textOf(n)); found != "" {
					t.Errorf("%s: the page holds %q", lang, found)
				}
			}
		}
	}
}

func TestAPageIsBoundedAndSaysWhatItLeavesOut(t *testing.T) {
	var b bytes.Buffer
	err := report.HTML(&b, report.Page{
		Result: carried(t), P: printer(t, "en"), Explain: explain,
		Limits: report.Limits{Accounts: 1, Contributions: 2, Rows: 3, AllRows: 7},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, n := range elements(t, b.Bytes()) {
		if n.Data == "table" && attribute(n, "class") == "rows" {
			rows += strings.Count(textOf(n), "usage/2023-")
		}
	}
	if rows != 7 {
		t.Errorf("%d rows", rows)
	}
	for _, want := range []string{
		"… and 1 more accounts", "… and 42 more:", "… and 37 more:", "… and 40 more:",
		"kizuna explain --partner 990001000 --area data-ai --metric net_customer_adds</code>",
		"--customer 5b1f0a8e-9d1f-4c55-8a2b-6a0b7a0d1101</code>",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(b.String(), "Nagihara") {
		t.Error("the second account is on the page")
	}
}

func TestTheSamePageHasTheSameBytes(t *testing.T) {
	if !bytes.Equal(page(t, "ja", fixture(t)), page(t, "ja", fixture(t))) {
		t.Error("two pages differ")
	}
}

// Contrast is computed as WCAG 2.2 defines it; AA asks 4.5 for text and 3 for
// bars and marks.
func TestColorsHaveEnoughContrast(t *testing.T) {
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	for name, scheme := range map[string]string{"light": light, "dark": dark} {
		colors := make(map[string]string)
		for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(scheme, -1) {
			colors[m[1]] = m[2]
		}
		check := func(front, back string, least float64) {
			if got := contrast(t, colors[front], colors[back]); got < least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, not %.1f", name, front, back, got, least)
			}
		}
		for _, back := range []string{"paper", "card"} {
			for _, front := range []string{"ink", "quiet", "accent", "bad"} {
				check(front, back, 4.5)
			}
			for _, front := range []string{"performance", "skilling", "customer-success"} {
				check(front, back, 3)
			}
		}
		for _, state := range []string{"good", "bad", "warn"} {
			check(state, state+"-ground", 4.5)
		}
		check("ink", "ground", 4.5)
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	if len(color) != 7 {
		t.Fatalf("%q is not a color", color)
	}
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func ExampleReason() {
	p, err := locale.For("en")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Reason(p, "base not positive"))
	// Output: the base is not positive, so growth has no percentage
}
