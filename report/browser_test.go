package report_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/kizuna-org/kizuna/locale"
)

// browser starts a headless browser. Where there is none, the test is skipped on a
// laptop, and fails where all must be there.
func browser(t *testing.T) context.Context {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	i := slices.IndexFunc(names, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if i < 0 && os.Getenv("CI") == "" {
		t.Skip("no Chromium is installed")
	}
	if i < 0 {
		t.Fatal("no Chromium is installed")
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(names[i]), chromedp.NoSandbox, chromedp.WindowSize(1200, 900))...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// complaints are what a browser says of a page: its policy's refusals for one.
type complaints struct {
	sync.Mutex
	all []string
}

func (c *complaints) hear(event any) {
	c.Lock()
	defer c.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		c.all = append(c.all, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		c.all = append(c.all, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		c.all = append(c.all, string(e.Type))
	}
}

func TestARealBrowserOpensThePage(t *testing.T) {
	ctx := browser(t)
	var heard complaints
	if err := chromedp.Listen(ctx, heard.hear); err != nil {
		t.Fatal(err)
	}
	headings := map[string]string{"en": "Partner capability score", "ja": "パートナー ケイパビリティ スコア"}
	for _, lang := range locale.Languages() {
		file := filepath.Join(t.TempDir(), "score.html")
		if err := os.WriteFile(file, page(t, lang, carried(t)), 0o644); err != nil {
			t.Fatal(err)
		}
		do(t, ctx, chromedp.Navigate("file://"+file))
		if got := ask(t, ctx, chromedp.Title()); got != headings[lang] {
			t.Errorf("%s: title %q", lang, got)
		}
		if got := ask(t, ctx, chromedp.Text(chromedp.CSS("h1"))); got != headings[lang] {
			t.Errorf("%s: heading %q", lang, got)
		}
		if got := script[string](t, ctx, `getComputedStyle(document.querySelector(".area")).borderRadius`); got != "12px" {
			t.Errorf("%s: the style does not apply: %q", lang, got)
		}
		if script[bool](t, ctx, `document.querySelector(".area").open`) {
			t.Errorf("%s: an area is open before it is clicked", lang)
		}
		// An area, a metric in it, what stands behind that, and its rows.
		for _, details := range []string{".area", ".area .metric", ".area .metric .why", ".area .metric .contributions details"} {
			do(t, ctx, chromedp.Click(chromedp.CSS(details+" > summary")))
			do(t, ctx, chromedp.WaitVisible(chromedp.CSS(details+"[open]")))
		}
		do(t, ctx, chromedp.WaitVisible(chromedp.CSS(".area .rows td")))
		if wide := script[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
			t.Errorf("%s: the page is %d pixels wider than the window", lang, wide)
		}
		if script[int](t, ctx, `document.querySelectorAll("script").length`) != 0 {
			t.Errorf("%s: a name became a script", lang)
		}
		screenshot(t, ctx, lang)
	}
	heard.Lock()
	defer heard.Unlock()
	for _, c := range heard.all {
		t.Errorf("the browser says: %s", c)
	}
}

func do(t *testing.T, ctx context.Context, action chromedp.Action[chromedp.Void]) {
	t.Helper()
	ask(t, ctx, action)
}

func ask[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func script[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	return ask(t, ctx, chromedp.Evaluate[T](expression))
}

// screenshot keeps pictures where KIZUNA_SCREENSHOTS names a directory.
func screenshot(t *testing.T, ctx context.Context, name string) {
	dir := os.Getenv("KIZUNA_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture := ask(t, ctx, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
