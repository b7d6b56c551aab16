package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test ./report -update writes it anew. Got:\n%s", file, got)
	}
}

func TestTextShowsEveryStateOfAScore(t *testing.T) {
	for _, lang := range locale.Languages() {
		t.Run(lang, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.Text(&b, fixture(t), report.Options{P: printer(t, lang), Detail: true}); err != nil {
				t.Fatal(err)
			}
			golden(t, "detail."+lang+".txt", b.Bytes())
		})
	}
}

func TestTextWithoutDetailIsATableForEachAccount(t *testing.T) {
	for _, lang := range locale.Languages() {
		t.Run(lang, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.Text(&b, carried(t), report.Options{P: printer(t, lang)}); err != nil {
				t.Fatal(err)
			}
			golden(t, "accounts."+lang+".txt", b.Bytes())
		})
	}
}

func TestColorsAreWrittenOnlyIfAskedFor(t *testing.T) {
	write := func(color bool) string {
		var b bytes.Buffer
		if err := report.Text(&b, fixture(t), report.Options{P: printer(t, "ja"), Detail: true, Color: color}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	plain, colored := write(false), write(true)
	if strings.Contains(plain, "\x1b") {
		t.Error("plain text holds escapes")
	}
	if !strings.Contains(colored, "\x1b[32m") || !strings.Contains(colored, "\x1b[31m") {
		t.Error("colored text holds no green or no red")
	}
	for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
		colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
	}
	if colored != plain {
		t.Error("colors change the text")
	}
}

func TestNoTextIsMissing(t *testing.T) {
	for _, lang := range locale.Languages() {
		for _, r := range []*score.Result{fixture(t), carried(t)} {
			var b bytes.Buffer
			if err := report.Text(&b, r, report.Options{P: printer(t, lang), Detail: true}); err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"report.", "reason.", "%!"} {
				if strings.Contains(b.String(), bad) {
					t.Errorf("%s: the text holds %q:\n%s", lang, bad, b.String())
				}
			}
		}
	}
}

func TestAResultWithoutRulesIsShownByIDs(t *testing.T) {
	r := fixture(t)
	r.Rules = nil
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{P: printer(t, "en"), Detail: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "net_customer_adds") {
		t.Errorf("no ids:\n%s", b.String())
	}
	var page bytes.Buffer
	if err := report.HTML(&page, report.Page{Result: r, P: printer(t, "en")}); err != nil {
		t.Fatal(err)
	}
}

func TestAnEmptyResultIsShown(t *testing.T) {
	r := &score.Result{Program: "2023-10", ProgramID: "mcpp", AsOf: kizuna.NewDate(2023, 11, 1)}
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{P: printer(t, "en"), Detail: true}); err != nil {
		t.Fatal(err)
	}
	if err := report.HTML(&b, report.Page{Result: r, P: printer(t, "ja")}); err != nil {
		t.Fatal(err)
	}
}

func TestReasonsAreTranslated(t *testing.T) {
	for reason, want := range map[string]string{
		"base under the floor":       "1 年前の値が下限に満たないため、増加にポイントが付きません",
		"no rate for Portals":        "Portals のレートがないため、このメトリックは計算できません",
		"now below 1000":             "現在の値が 1000 に満たないため、増加にポイントが付きません",
		"a prerequisite is not met":  "前提条件を満たしていないため、まだ誰も算入されません",
		"something nobody knows yet": "something nobody knows yet",
	} {
		if got := report.Reason(printer(t, "ja"), reason); got != want {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
	}
}

func TestComparisonTellsTheLikelyReason(t *testing.T) {
	frac := func(s string) kizuna.Fraction {
		f, err := kizuna.ParseFraction(s)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	rows := []score.Comparison{
		{Account: partner, Area: "data-ai", Track: "single", Published: frac("81"), Ours: frac("81"), Equal: true},
		{Account: partner, Area: "modern-work", Track: "smb", Metric: "usage_growth", Published: frac("24"), Ours: frac("26.5"), Difference: frac("2.5"), Readings: []string{"A2", "month-earlier"}},
		{Account: partner, Area: "security", Track: "single", Metric: "deployments", Published: frac("10"), Ours: frac("20/3"), Difference: frac("-3.3"), Missing: []string{"users.microsoft-365"}},
		{Account: partner, Area: "security", Track: "single", Metric: "intermediate", Published: frac("40"), Ours: frac("33.3"), Difference: frac("-6.7")},
	}
	for _, lang := range locale.Languages() {
		t.Run(lang, func(t *testing.T) {
			var b bytes.Buffer
			err := report.Compare(&b, rows, report.Options{P: printer(t, lang), Rules: fixture(t).Rules})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "compare."+lang+".txt", b.Bytes())
		})
	}
}
