package program

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
)

func example(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// marked takes the mark out of a text and returns where it stood.
func marked(s string) (text string, line, column int) {
	before, after, found := strings.Cut(s, "§")
	if !found {
		return s, 0, 0
	}
	lines := strings.Split(before, "\n")
	return before + after, len(lines), len([]rune(lines[len(lines)-1])) + 1
}

// Each case changes the example in one place and marks where the problem must be
// reported.
func TestEveryProblemIsReportedWhereItIs(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		code           string
		says           string // part of the message or the mend
	}{
		{"an unknown key with the nearest one", "        full_at: 5\n", "        §ful_at: 5\n", "program-unknown-key", `did you mean "full_at"?`},
		{"an unknown key at the top", "sources:\n", "§sorces:\n", "program-unknown-key", `did you mean "sources"?`},
		{"a key that stands twice", "        max: 40\n", "        max: 40\n        §max: 30\n", "program-duplicate-key", `"max" stands here twice`},
		{"an id that stands twice", "  people: {name: {en: Certified", "  §adds: {name: {en: Certified", "program-duplicate-key", "twice"},
		{"a missing key", "{total: 100, pass: 70, every", "§{total: 100, every", "program-missing-key", `"pass" is missing`},
		{"a list where a value belongs", "        max: 40\n", "        max: §[40]\n", "program-not-a-value", "a single value"},
		{"a value where a list belongs", "[AZ-305, PL-600]", "[AZ-305, §[PL-600]]", "program-not-a-value", ""},
		{"a value where a mapping belongs", "{from: 2025-01-01, to: 2025-12-31}", "§2025", "program-not-a-mapping", ""},
		{"no number", "        max: 40\n", "        max: §forty\n", "fraction", `"forty" is not a number`},
		{"no date", "retired: 2025-06-30", "retired: §2025-06-31", "date", "2025-06-31"},
		{"no integer", "people: 2,", "people: §two,", "program-not-an-integer", ""},
		{"a word that is none of the choices", "change: percent\n            sum: revenue", "change: §per cent\n            sum: revenue", "program-choice", "net, percent, gross"},
		{"a category that there is not", "category: skilling", "category: §skills", "program-choice", ""},
		{"points that do not add up", "    metrics:\n      adds:\n        max: 30", "    §metrics:\n      adds:\n        max: 31", "program-points-sum", "give 101 points, not 100"},
		{"a maximum of nothing", "        max: 30\n        best_of", "        max: §0\n        best_of", "program-max", ""},
		{"a threshold of nothing", "full_at: 6,", "full_at: §0,", "program-threshold", "above 0"},
		{"a negative threshold", "        full_at: 5\n", "        full_at: §-5\n", "program-threshold", ""},
		{"nobody to count", "counted: [AZ-305, PL-600]", "counted: §[]", "program-nobody-counted", "without certificates"},
		{"a step of nobody", "- {people: 2, any_of: [AZ-104]}", "- §{people: 0, any_of: [AZ-104]}", "program-step", ""},
		{"a step with more points than there are", "any_of: [AZ-104]}", "any_of: [AZ-104], points: §41}", "program-step-points", ""},
		{"both ways to say what a person earns", "      people:\n        max: 40\n", "      people:\n        §per_person: 4\n        max: 40\n", "program-per-person", ""},
		{"people and usage in one rule", "        counted: [AZ-305, PL-600]\n", "        counted: [AZ-305, PL-600]\n        §by: revenue\n", "program-not-of-people", ""},
		{"steps without people", "        count: tenants\n", "        §steps: []\n        count: tenants\n", "program-not-of-usage", ""},
		{"an empty range", "amount: {at_least: 100, below: 1000}", "amount: §{at_least: 1000, below: 1000}", "program-range", ""},
		{"a range with an end said twice", "amount: {at_least: 1000}", "amount: §{at_least: 1000, above: 1000}", "program-range-twice", ""},
		{"an unknown certificate", "counted: [AZ-305, PL-600]", "counted: [§AZ-350, PL-600]", "program-unknown-certificate", `did you mean "AZ-305"?`},
		{"a certificate twice", "counted: [AZ-305, PL-600]", "counted: [AZ-305, §AZ-305]", "program-twice", ""},
		{"an unknown certificate list", "counted: [AZ-305, PL-600]", "counted: §experts", "program-undefined", "certificate_lists"},
		{"an unknown workload in rates", "Portals: unknown}", "Portals: unknown, §Power BI: 1}", "program-unknown-workload", ""},
		{"an unknown workload behind an alias", "{Power Apps: Power App}", "{Power Apps: §Power Ap}", "program-unknown-workload", `did you mean "Power App"?`},
		{"an alias of an alias", "{Power Apps: Power App}", "{PA: §Power Apps, Power Apps: Power App}", "program-alias-chain", ""},
		{"one workload by two names", "names: [Power App, Portals]", "names: [Power App, §Power Apps, Portals]", "program-same-workload", ""},
		{"an unknown workload list", "            workloads: apps\n", "            workloads: §app\n", "program-unknown-list", `did you mean "apps"?`},
		{"a list that extends itself", "  azure: {product: Azure}", "  azure: {extends: §azure, product: Azure}", "program-circle", ""},
		{"a list without workloads", "  azure: {product: Azure}", "  azure: §{family: azure}", "program-empty-list", ""},
		{"a list without a family", "{family: business-applications, names", "§{names", "program-missing-key", "family"},
		{"an unknown association type", "[PAL, DPOR, CSP]", "[PAL, §DPRO, CSP]", "program-unknown-type", `did you mean "DPOR"?`},
		{"a metric that no type can feed", "[PAL, DPOR, CSP]", "§[]", "program-no-type", "no association type can feed this"},
		{"a metric that only TPOR feeds", "[PAL, DPOR, CSP]", "§[TPOR]", "program-no-type", "TPOR"},
		{"windows that overlap", "window: {trailing: 12}", "window: §{trailing: 12, back: 6}", "program-window-overlap", "overlap"},
		{"a net figure compared with nothing", "window: {months: 2}", "window: §{months: 2, back: 0}", "program-window-alone", ""},
		{"a window of no months", "window: {months: 2}", "window: §{months: 0}", "program-window-size", ""},
		{"two kinds of window", "window: {months: 2}", "window: §{months: 2, trailing: 12}", "program-window-kind", ""},
		{"changes out of order", "- {from: 2025-07-01, counted: [AZ-305]}", "- {from: 2025-07-01, counted: [AZ-305]}\n          - {from: §2025-07-01, full_at: 3}", "program-changes-order", "2025-07-01 is not after"},
		{"a snapshot over a trailing window", "            sum: consumption\n", "            sum: consumption\n            §window: {trailing: 3}\n", "program-mismatch", ""},
		{"a floor of what is no percentage", "            change: percent\n            sum: revenue\n            window: {trailing: 12}\n            floor", "            sum: revenue\n            window: {trailing: 12}\n            §floor", "program-needs", "change: percent"},
		{"a share above the whole", "        by: revenue\n        window: {months: 2}", "        by: users\n        active_share: §140%", "program-share", "140"},
		{"a share of revenue", "        by: revenue\n", "        by: revenue\n        §active_share: 40%\n", "program-needs", "count: tenants, by: users"},
		{"a share said twice", "        by: revenue\n        window: {months: 2}", "        by: users\n        active_share: 40%\n        §active_share_above: 40%", "program-range-twice", "active_share"},
		{"a share of a workload without a share", "        by: revenue\n", "        by: revenue\n        §share_of: workload\n", "program-needs", "active_share"},
		{"a step past the threshold", "            full_at: 20\n", "            full_at: 20\n            step: §21\n", "program-step-size", "up to 20"},
		{"a step of nothing", "            full_at: 20\n", "            full_at: 20\n            step: §0\n", "program-threshold", ""},
		{"losses without parts", "        max: 30\n        best_of", "        max: 30\n        §losses_offset: true\n        best_of", "program-needs", "parts"},
		{"steps in order without people", "        count: tenants\n", "        §steps_in_order: true\n        count: tenants\n", "program-not-of-usage", ""},
		{"count without by", "      adds:\n        max: 30\n        count: tenants\n        by: revenue\n", "      adds:\n        max: 30\n        §count: tenants\n", "program-measured", ""},
		{"an unknown track", "          small: {full_at", "          §smal: {full_at", "program-unknown-track", `did you mean "small"?`},
		{"one track to choose from", "tracks: {best: [large, small]}", "tracks: §{best: [large]}", "program-few-tracks", ""},
		{"a classification by nothing", "tracks: {best: [large, small]}", "tracks: §{classify: [large, small], then: large, otherwise: small, workloads: azure, through: [PAL]}", "program-missing-key", "by"},
		{"a metric that nobody named", "  growth: {name", "  grow: {name", "program-unknown-metric", `"growth" has no name`},
		{"a rule that nobody defined", "      growth:\n        max: 30\n", "      growth:\n        use: §azure-growth\n        max: 30\n", "program-undefined", "rules"},
		{"a source that is not listed", "sources: [guide]}", "sources: [§guid]}", "program-unknown-source", `did you mean "guide"?`},
		{"a figure without a source", "provenance: {basis: established, sources: [guide]}", "provenance: {§basis: likely}", "program-no-source", "needs a source"},
		{"a version that ends before it begins", "to: 2025-12-31", "§to: 2024-12-31", "program-period", "before the first day"},
		{"a pass mark out of reach", "pass: 70,", "§pass: 101,", "program-pass-mark", "cannot be reached"},
		{"a gate said twice", "every_metric: {above: 0}", "every_metric: §{above: 0, at_least: 1}", "program-gate", ""},
		{"days that end before they begin", "not_enrolled: {from: {months: -5}", "not_enrolled: §{from: {months: 5}", "program-day-range", ""},
		{"two ends of a certificate", "retired: 2025-06-30}", "counts_through: 2025-06-30, §stops_counting: 2025-07-01}", "program-two-ends", ""},
		{"a certificate that ends before it retires", "retired: 2025-06-30}", "§retired: 2025-06-30, counts_through: 2025-05-31}", "program-retired-late", ""},
		{"a limit in days of both kinds", "review: {business_days: 14}", "review: {days: 14, §business_days: 14}", "program-two-limits", "business_days: null"},
		{"business days of nowhere", "  region: JP\n  review: {business_days: 14}", "  review: {business_days: §14}", "program-no-region", "JP, US"},
		{"a region without a calendar", "region: JP", "region: §XX", "program-choice", "JP, US"},
		{"a limit of no days", "dispute: {days: 30}", "dispute: {days: §0}", "program-too-small", "1 or more"},
		{"fewer disputes than none", "dispute: {days: 30}", "dispute: {days: 30, times: §-1}", "program-too-small", "0 or more"},
		{"editing where it cannot be", "editing: {in: [action-required]}", "editing: {in: [§approved]}", "program-choice", "submitted, action-required"},
		{"no media type", "[application/pdf]", "[application/pdf, §PDF]", "program-media-type", "application/pdf"},
		{"a media type twice", "[application/pdf]", "[application/pdf, §application/pdf]", "program-twice", ""},
		{"evidence of what is not asked", "must_show: [partner, customer]", "must_show: [partner, §costumer]", "program-choice", "customer"},
		{"a claim's figure without its source", "basis: likely, note: By analogy.", "basis: likely, sources: [§gide]", "program-unknown-source", "guide"},
		{"a specialization on no area's designation", "{any_of: [cloud]}", "{any_of: [§clod]}", "program-unknown-area", `did you mean "cloud"?`},
		{"a specialization on nothing", "      designations: {any_of: [cloud]}\n", "", "program-designations", "any_of or all_of"},
		{"a specialization that asks for nothing", "      unknown: [performance, skilling]\n", "", "program-no-requirements", "unknown: [performance, skilling]"},
		{"an aspect that there is not", "unknown: [performance, skilling]", "unknown: [§perfomance, skilling]", "program-choice", "performance, skilling, offers"},
		{"a requirement with points", "          counted: [AZ-305]\n          full_at: 2\n", "          counted: [AZ-305]\n          full_at: 2\n          §max: 20\n", "program-unknown-key", ""},
		{"a specialization with an area's id", "    secrets:\n", "    §cloud:\n", "program-specialization-id", "another id"},
		{"nobody who validates", "      validation: audit\n", "", "program-missing-key", "validation"},
		{"a specialization's later terms out of order", "        - from: 2025-07-01\n          validation: references\n", "        - {from: 2025-07-01, validation: none}\n        - from: §2025-07-01\n          validation: references\n", "program-changes-order", ""},
		{"a measure's parts said in two ways", "          all_of:\n            dollars", "          parts: {one: {}}\n          all_of:\n            dollars", "program-parts-and-options", "one of best_of, parts and all_of"},
		{"an amount of seats", "          by: users\n          amount", "          by: seats\n          §amount", "program-mismatch", ""},
		{"a package for nobody", "with: {designations: [cloud]}", "with: §{}", "program-package-with", "specializations"},
		{"a package of a group that there is not", "{specializations: azure,", "{§specializations: azur,", "program-unknown-group", "group:"},
		{"half a benefit", "quantity: 50}", "quantity: §50.5}", "program-allowance", "unlimited"},
		{"an unknown version to build on", "version: \"2025\"\n", "version: \"2025\"\nextends: §mcpp@1999-01\n", "program-unknown-base", "mcpp@2023-10"},
		{"an anchor", "names: [Power App, Portals]", "names: §&a [Power App, Portals]", "program-anchor", ""},
		{"an alias", "names: [Power App, Portals]", "names: &a [Power App, Portals]", "program-anchor", ""},
		{"a tag", "        max: 40\n", "        max: §!!int 40\n", "program-anchor", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := example(t)
			if strings.Count(base, c.old) == 0 {
				t.Fatalf("the example does not hold %q", c.old)
			}
			text, line, column := marked(strings.Replace(base, c.old, c.new, 1))
			_, err := Parse("p.yaml", []byte(text))
			problems, ok := errors.AsType[Problems](err)
			if !ok {
				t.Fatalf("got %v, want problems", err)
			}
			for _, problem := range problems {
				here := line == 0 || problem.At == (kizuna.Ref{File: "p.yaml", Line: line, Column: column})
				if problem.Code == c.code && here && strings.Contains(problem.Error(), c.says) {
					if problem.Mend == "" {
						t.Errorf("no mend: %v", problem)
					}
					return
				}
			}
			t.Errorf("want %s at p.yaml:%d:%d saying %q, got\n%v", c.code, line, column, c.says, problems)
		})
	}
}

func TestAProblemOfWhatIsUsedSaysWhereItIsUsed(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no rate", "{Power App: 200, Portals: unknown}", "{Power App: 200}", `p.yaml:73:13: "Portals" on the list "apps" is counted by consumption and has no rate`},
		{"no gate", "every_metric: {above: 0}", "every_metric: {at_least: 31}", "p.yaml:41:14: with 30 points at most the metric never opens the gate of 31"},
		{"no rule for a track", "          small: {full_at: 6, amount: {at_least: 100, below: 1000}}\n", "", "p.yaml:40:7: adds has no rule for the track small"},
		{"nothing there", example(t), "# nothing\n", "p.yaml: there is no program in the file"},
		{"broken YAML", "through: [PAL, DPOR, CSP]", "through: [PAL, DPOR, CSP", "p.yaml:47:15: this is not YAML: did not find"},
		{"two documents", "program: contoso\n", "a: b\n---\nprogram: contoso\n", "p.yaml: the file goes on after the program"},
		{"workloads that the list does not hold", "            change: percent\n            sum: consumption\n            workloads: apps", "            change: gross\n            count: workloads\n            by: revenue\n            workloads: apps", "p.yaml:70:22: 30 distinct workloads cannot be reached: the lists hold 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(strings.Replace(example(t), c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %s, got\n%v", c.want, err)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnceAndInOrder(t *testing.T) {
	text := strings.NewReplacer("full_at: 6,", "full_at: 0,", "[PAL, DPOR, CSP]", "[PAL, DPRO]", "counted: [AZ-305, PL-600]", "counted: [AZ-1]").Replace(example(t))
	_, err := Parse("p.yaml", []byte(text))
	problems, _ := errors.AsType[Problems](err)
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.At.Line)
	}
	if fmt.Sprint(lines) != "[46 49 53]" {
		t.Errorf("problems at lines %v:\n%v", lines, err)
	}
}

func TestHostileFilesAreRefusedWithinBounds(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 7), c-1)
	}
	for name, text := range map[string]string{
		"an alias bomb":         bomb,
		"deep flow lists":       "program: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		"very deep lists":       strings.Repeat("[", 500_000),
		"deep block lists":      "program:\n " + strings.Repeat("- ", 3000) + "x",
		"a file without end":    "# " + strings.Repeat("x", 2<<20),
		"a key of a million":    strings.Repeat("k", 1_000_000-10) + ": 1",
		"many unknown keys":     manyKeys(),
		"a number without end":  strings.Replace(example(t), "max: 40", "max: "+strings.Repeat("9", 100_000), 1),
		"an exponent like this": strings.Replace(example(t), "max: 40", "max: 1e999999999", 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(text))
			problems, ok := errors.AsType[Problems](err)
			if !ok || len(problems) == 0 || len(problems) > maxProblems {
				t.Fatalf("got %d problems: %.300v", len(problems), err)
			}
			for _, p := range problems {
				if len(p.Error()) > 2000 {
					t.Errorf("a message of %d bytes", len(p.Error()))
				}
			}
		})
	}
}

func manyKeys() string {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func TestACertificateCountsAsLongAsItsFileSays(t *testing.T) {
	for _, c := range []struct{ written, last string }{
		{"{name: X, retired: 2025-06-30}", "2026-06-30"},
		{"{name: X, retired: 2024-02-29}", "2025-02-28"},
		{"{name: X, retired: 2025-06-30, counts_through: 2025-12-31}", "2025-12-31"},
		{"{name: X, retired: 2025-06-30, stops_counting: 2025-12-01}", "2025-11-30"},
		{"{name: X, stops_counting: 2025-12-01}", "2025-11-30"},
		{"X", "<nil>"},
	} {
		p, err := Parse("p.yaml", []byte(strings.Replace(example(t), "{name: Power Platform Solution Architect Expert, retired: 2025-06-30}", c.written, 1)))
		if err != nil {
			t.Fatal(err)
		}
		got := "<nil>"
		if day := p.Certificates["PL-600"].LastDay; day != nil {
			got = day.String()
		}
		if got != c.last {
			t.Errorf("%s counts through %s, want %s", c.written, got, c.last)
		}
	}
}

func TestWhatIsWrittenNearerWins(t *testing.T) {
	text := strings.Replace(example(t), "areas:\n", `rules:
  shared:
    max: 20
    full_at: 3
    sum: revenue
    workloads: azure
    through: [PAL]
    tracks:
      small: {full_at: 2}
areas:
`, 1)
	text = strings.Replace(text, "      growth:\n        max: 30\n        best_of", "      growth:\n        use: shared\n        max: 30\n        tracks: {small: {through: [CSP]}}\n        best_of", 1)
	p, err := Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	growth := p.Area("cloud").Metric("growth")
	for _, c := range []struct {
		track, what, got, want string
	}{
		{"large", "max of the metric", growth.Rules["large"].Max.String(), "30"},
		{"large", "threshold of the option", growth.Rules["large"].Components[0].Threshold.String(), "20"},
		{"small", "types of the option", growth.Rules["small"].Components[1].Measure.Feeds[0].Types.String(), "PAL"},
	} {
		if c.got != c.want {
			t.Errorf("%s, %s: got %s, want %s", c.track, c.what, c.got, c.want)
		}
	}
}

func TestAFileMayChangeABuiltInVersion(t *testing.T) {
	const changed = `program: mcpp
version: what-if
extends: mcpp@2023-12
areas:
  security:
    metrics:
      intermediate: {full_at: 3, counted: [SC-100, SC-999]}
`
	_, err := Parse("w.yaml", []byte(changed))
	if err == nil || !strings.HasPrefix(err.Error(), `w.yaml:7:52: "SC-999" is not a certificate`) {
		t.Fatalf("got %v", err)
	}
	p, err := Parse("w.yaml", []byte(strings.Replace(changed, ", SC-999", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	rule := p.Area("security").Metric("intermediate").Rules[Single]
	if got := rule.PeopleOn(kizuna.NewDate(2024, 1, 1)); got.PerPerson.String() != "40/3" || len(got.Counted) != 1 || len(got.Steps) != 2 || got.Steps[0].People != 2 {
		t.Errorf("got %+v", got)
	}
}

// Where the sources leave room, a file can say the other reading.
func TestAFileCanSayTheOtherReading(t *testing.T) {
	for _, c := range []struct {
		old, new string
		holds    func(p *Program) bool
	}{
		{"{total: 100,", "{whole_points: true, total: 100,", func(p *Program) bool {
			return p.Scoring.Counted(kizuna.Ratio(20, 3)).Cmp(kizuna.Int(6)) == 0
		}},
		{"            full_at: 20\n", "            full_at: 20\n            step: 5\n", func(p *Program) bool {
			c := p.Area("cloud").Metric("growth").Rules["large"].Components[0]
			return c.Points(kizuna.Ratio(99, 10)).Cmp(c.Points(kizuna.Int(5))) == 0
		}},
		{"        by: revenue\n        window: {months: 2}\n", "        by: users\n        active_share_above: 40%\n        share_of: workload\n        new_share_below: 40%\n", func(p *Program) bool {
			m := p.Area("cloud").Metric("adds").Rules["large"].Components[0].Measure
			return m.ShareExclusive && m.ShareOfWorkload && m.NewShareExclusive && m.Share.String() == "2/5"
		}},
		{"        best_of:\n", "        losses_offset: true\n        parts:\n", func(p *Program) bool {
			return p.Area("cloud").Metric("growth").Rules["large"].LossesOffset
		}},
		{"        full_at: 5\n        counted", "        full_at: 5\n        steps_in_order: true\n        counted", func(p *Program) bool {
			people := p.Area("cloud").Metric("people").Rules["large"].People
			return people[0].StepsInOrder && people[1].StepsInOrder
		}},
		{"{best: [large, small]}", "{classify: [large, small], by: selling_workloads, above: 5000, at_least: 5, then: large, otherwise: small, count: pairs, decides: either, workloads: azure, through: [PAL]}", func(p *Program) bool {
			c := p.Area("cloud").Track.Classifier
			return c.Count == Pairs && c.Decides == EitherMonth
		}},
	} {
		text := example(t)
		if c.old == "        by: revenue\n        window: {months: 2}\n" { // amounts are not asked of users
			text = strings.NewReplacer(", amount: {at_least: 1000}", "", ", amount: {at_least: 100, below: 1000}", "").Replace(text)
		}
		p, err := Parse("p.yaml", []byte(strings.Replace(text, c.old, c.new, 1)))
		if err != nil {
			t.Errorf("%s: %v", c.new, err)
			continue
		}
		if !c.holds(p) {
			t.Errorf("%s: the program does not say so", c.new)
		}
		base, err := Parse("p.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(Diff(base, p)) == 0 {
			t.Errorf("%s: the difference is not told", c.new)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example(f)))
	for _, ref := range builtinRefs {
		data, _ := builtinFile(ref)
		f.Add(data)
	}
	f.Add([]byte("program: x\nversion: 1\nextends: mcpp@2023-10\nareas: {security: null}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("p.yaml", data)
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if err != nil {
			if _, ok := errors.AsType[Problems](err); !ok || err.Error() == "" {
				t.Fatalf("%T is not a list of problems", err)
			}
			return
		}
		if len(Diff(p, p)) > 0 {
			t.Error("a program differs from itself")
		}
		Canonical(p)
		Associations(p, "ja")
	})
}
