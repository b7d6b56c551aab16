package calc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/calc"
	"github.com/kizuna-org/kizuna/program"
)

func builtin(t testing.TB) []*program.Program {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

func parse(t testing.TB, text string) *calc.File {
	t.Helper()
	f, err := calc.Parse(strings.NewReader(text), "cases.json")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// expectations reads what the cases of a file expect, by id.
func expectations(t *testing.T, data []byte) map[string]map[string]any {
	t.Helper()
	var file struct {
		Cases []struct {
			ID       string         `json:"id"`
			Expected map[string]any `json:"expected"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]map[string]any)
	for _, c := range file.Cases {
		out[c.ID] = c.Expected
	}
	return out
}

// differences lists what an answer, as JSON, has otherwise than expected; what it
// has besides does not matter.
func differences(t *testing.T, answer *calc.Answer, expected map[string]any) (out []string) {
	t.Helper()
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(expected)) {
		want, have := expected[key], got[key]
		if parts, ok := want.(map[string]any); ok {
			// The metrics that a screen shows may be only some.
			all, _ := have.(map[string]any)
			some := make(map[string]any)
			for part := range parts {
				some[part] = all[part]
			}
			have = some
		}
		if !reflect.DeepEqual(have, want) {
			wantJSON, _ := json.Marshal(want)
			haveJSON, _ := json.Marshal(have)
			out = append(out, key+": got "+string(haveJSON)+", want "+string(wantJSON))
		}
	}
	return out
}

func TestEveryWorkedCaseComesToWhatItExpects(t *testing.T) {
	files, err := filepath.Glob("worked/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no worked cases", err)
	}
	answered := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		expected := expectations(t, data)
		f, err := calc.Parse(bytes.NewReader(data), name)
		if err != nil {
			t.Fatal(err)
		}
		calculator := calc.Calculator{Programs: builtin(t)}
		for i := range f.Cases {
			c := &f.Cases[i]
			answered++
			t.Run(c.ID, func(t *testing.T) {
				answer, err := calculator.Answer(c)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range differences(t, answer, expected[c.ID]) {
					t.Error(d)
				}
			})
		}
	}
	if answered != 119 {
		t.Errorf("%d cases, want 119", answered)
	}
}

// TestTheSharedWorkedCasesAnswerAsExpected runs the file that the cases were first
// collected in, where it is at hand. It lacks the case that one of its cases
// refers to, which the built-in cases supply.
func TestTheSharedWorkedCasesAnswerAsExpected(t *testing.T) {
	data, err := os.ReadFile("../../shared/domain/golden-scores.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared file is not at hand")
	}
	if err != nil {
		t.Fatal(err)
	}
	expected := expectations(t, data)
	f, err := calc.Parse(bytes.NewReader(data), "golden-scores.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) != 118 {
		t.Errorf("%d cases, want 118", len(f.Cases))
	}
	worked, err := calc.Worked()
	if err != nil {
		t.Fatal(err)
	}
	calculator := calc.Calculator{Programs: builtin(t), Default: "mcpp@2023-10", Cases: f.Index()}
	for i := range f.Cases {
		c := &f.Cases[i]
		t.Run(c.ID, func(t *testing.T) {
			if worked[c.ID] == nil {
				t.Error("it is not among the built-in cases")
			}
			if c.ID == "sec-int-1" { // judged wrong as printed; the built-in case says why
				expected[c.ID] = map[string]any{"points": "40/3", "display": "13.3"}
			}
			answer, err := calculator.Answer(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range differences(t, answer, expected[c.ID]) {
				t.Error(d)
			}
		})
	}
}

func answer(t testing.TB, text string) (*calc.Answer, error) {
	t.Helper()
	f := parse(t, text)
	calculator := calc.Calculator{Programs: builtin(t), Default: "mcpp@2023-10", Cases: f.Index()}
	return calculator.Answer(&f.Cases[0])
}

func TestNumbersStayExact(t *testing.T) {
	for _, test := range []struct{ progress, points, display string }{
		{`1`, "10", "10"},
		{`"1/3"`, "10/3", "3.3"},
		{`0.1`, "1", "1"},
		{`"0.1"`, "1", "1"},
		{`0.333333333333333333333`, "333333333333333333333/100000000000000000000", "3.3"},
		{`1e-1`, "1", "1"},
		{`"010"`, "30", "30"},
		{`-7`, "0", "0"},
		{`0.045`, "9/20", "0.5"},
	} {
		got, err := answer(t, `{"type": "metric", "input": {"area": "data-ai", "metric": "net_customer_adds", "progress": `+test.progress+`}}`)
		if err != nil {
			t.Errorf("%s: %v", test.progress, err)
			continue
		}
		if got.Points != test.points || got.Display != test.display {
			t.Errorf("%s: %s points, shown as %s; want %s and %s", test.progress, got.Points, got.Display, test.points, test.display)
		}
	}
}

func TestACasesOwnProgramWins(t *testing.T) {
	for own, want := range map[string]string{
		``:                           "mcpp@2023-10",
		`"program": "2022-10",`:      "mcpp@2022-10",
		`"program": "mcpp@2022-10",`: "mcpp@2022-10",
		`"program": "*",`:            "mcpp@2023-10",
	} {
		got, err := answer(t, `{`+own+`"type": "metric", "input": {"area": "data-ai", "metric": "deployments", "progress": 5}}`)
		if err != nil {
			t.Errorf("%s: %v", own, err)
		} else if got.Program != want {
			t.Errorf("%s: answered under %s, want %s", own, got.Program, want)
		}
	}
}

func TestACaseForWhichAnyProgramWillDoIsAnsweredUnderTheNewest(t *testing.T) {
	f := parse(t, `{"program": "*", "type": "qualify", "input": {"metrics": [30, 20, 20]}}`)
	got, err := (&calc.Calculator{Programs: builtin(t)}).Answer(&f.Cases[0])
	if err != nil {
		t.Fatal(err)
	}
	if got.Program != "mcpp@2026-07" || !*got.Qualified {
		t.Errorf("%+v", got)
	}
}

func TestACertificateThatStoppedCountingIsNamed(t *testing.T) {
	got, err := answer(t, `{"type": "people", "input": {"area": "business-applications", "track": "smb", "metric": "advanced",
		"people": {"Aoi": ["PL-600"], "Ren": ["MB-600"]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Points != "15/2" || len(got.NotCounted) != 1 || got.NotCounted[0].Person != "Ren" {
		t.Errorf("%+v", got)
	}
}

func TestAStepThatIsNotMetIsNamed(t *testing.T) {
	got, err := answer(t, `{"type": "people", "input": {"area": "infrastructure", "metric": "intermediate",
		"people": {"Aoi": ["AZ-104", "AZ-700"]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Points != "0" || len(got.Unmet) != 1 || got.Unmet[0].Have != 1 || got.Unmet[0].Need != 2 {
		t.Errorf("%+v", got)
	}
}

func TestNeededPeopleIncludeWhatTheStepsEarn(t *testing.T) {
	got, err := answer(t, `{"program": "2026-07", "type": "needed", "input": {"area": "security", "track": "smb", "metric": "intermediate", "current": 1, "target_points": 40}}`)
	if err != nil {
		t.Fatal(err)
	}
	if *got.More != 3 || got.Gain != "24" {
		t.Errorf("%d more for %s points, want 3 for 24", *got.More, got.Gain)
	}
}

func TestTracksPreferTheFilesOwnCases(t *testing.T) {
	got, err := answer(t, `{"cases": [
		{"id": "both", "program": "2022-10", "type": "area_tracks", "input": {"area": "modern-work", "tracks": {"enterprise": "mw-sim-ent-80", "smb": "mw-sim-smb-78"}}},
		{"id": "mw-sim-ent-80", "program": "2022-10", "type": "area", "input": {"area": "modern-work", "track": "enterprise", "progress":
			{"net_customer_adds": 5, "intermediate": 4, "advanced": 2, "usage_growth": {"CPOR": 1000}, "deployments": {"DPOR": 10}}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != "100" || got.QualifyingTrack != "enterprise" || got.BestTotalTrack != "enterprise" {
		t.Errorf("%+v", got)
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	metric := func(input string) string { return `{"id": "x", "type": "metric", "input": {` + input + `}}` }
	for _, test := range []struct{ text, code, at string }{
		{metric(`"area": "data-ia", "metric": "deployments", "progress": 1`), "calc-area", "cases.json:1:49"},
		{metric("\n\"area\": \"data-ai\",\n \"metric\": \"advanced\", \"progress\": 1"), "calc-metric", "cases.json:3:12"},
		{metric(`"area": "modern-work", "metric": "deployments", "progress": {"CPOR": 1}`), "calc-no-track", "cases.json:1:40"},
		{metric(`"area": "modern-work", "track": "big", "metric": "deployments", "progress": {"CPOR": 1}`), "calc-track", "cases.json:1:73"},
		{metric(`"area": "modern-work", "track": "smb", "metric": "deployments", "progress": {"DPOR": 1}`), "calc-part", "cases.json:1:126"},
		{metric(`"area": "modern-work", "track": "smb", "metric": "deployments", "progress": 1`), "calc-parts", "cases.json:1:117"},
		{metric(`"area": "security", "metric": "deployments", "progress": {"azure": 1}`), "calc-parts", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": {"azure": 1}`), "calc-parts", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": "many"`), "calc-number", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": "0x10"`), "calc-number", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": "1/0"`), "calc-number", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": 1e20`), "calc-number-size", ""},
		{metric(`"area": "data-ai", "metric": "deployments"`), "calc-field-missing", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": null`), "calc-field-missing", ""},
		{metric(`"area": "data-ai", "metric": "deployments", "progress": 1, "progres": 1`), "calc-field", ""},
		{metric(`"area": "data-ai", "metric": "intermediate", "progress": 1.5`), "calc-people-count", ""},
		{metric(`"area": 7, "metric": "deployments", "progress": 1`), "calc-field-shape", ""},
		{`{"id": "x", "type": "metrik", "input": {}}`, "calc-type", "cases.json:1:21"},
		{`{"id": "x", "input": {}}`, "calc-no-type", "cases.json:1:1"},
		{`{"id": "x", "type": "metric"}`, "calc-no-input", "cases.json:1:1"},
		{`{"id": "x", "type": "metric", "input": []}`, "calc-input-shape", ""},
		{`{"id": "x", "program": "2021-01", "type": "metric", "input": {}}`, "calc-program", ""},
		{`{"type": "people", "input": {"area": "data-ai", "metric": "intermediate", "people": {"A": ["AZ-999"]}}}`, "calc-certificate", ""},
		{`{"type": "people", "input": {"area": "data-ai", "metric": "intermediate", "people": {"A": "AZ-104"}}}`, "calc-field-shape", ""},
		{`{"type": "people", "input": {"area": "data-ai", "metric": "deployments", "people": {}}}`, "calc-not-people", ""},
		{`{"type": "mcv", "input": {"units": [["Solitaire", 10]]}}`, "calc-rate", ""},
		{`{"type": "mcv", "input": {"units": [["Portals", 10]]}}`, "calc-rate", ""},
		{`{"type": "mcv", "input": {"units": [["Power App", -1]]}}`, "calc-units", ""},
		{`{"type": "mcv", "input": {"units": [["Power App"]]}}`, "calc-field-shape", ""},
		{`{"type": "area", "input": {"area": "data-ai", "progress": {"deployments": 1}}}`, "calc-figure-missing", ""},
		{`{"type": "area", "input": {"area": "data-ai", "progress": {"advanced": 1}}}`, "calc-metric", ""},
		{`{"type": "area_inline", "input": {"metrics": {"a": {"max": 10, "threshold": 0, "progress": 3}}}}`, "calc-inline", ""},
		{`{"type": "area_tracks", "input": {"area": "data-ai", "tracks": {"single": "x"}}}`, "calc-not-best", ""},
		{`{"type": "area_tracks", "input": {"area": "modern-work", "tracks": {"smb": "nowhere"}}}`, "calc-reference", ""},
		{`{"type": "area_tracks", "input": {"area": "modern-work", "tracks": {"smb": "mw-sim-smb-78"}}}`, "calc-reference-kind", ""},
		{`{"type": "area_tracks", "program": "2022-10", "input": {"area": "modern-work", "tracks": {"enterprise": "mw-sim-smb-78"}}}`, "calc-reference-track", ""},
		{`{"type": "area_tracks", "input": {"area": "modern-work", "tracks": {"huge": "mw-sim-smb-78"}}}`, "calc-tracks", ""},
		{`{"type": "area_tracks", "input": {"area": "modern-work", "tracks": {}}}`, "calc-field-shape", ""},
		{`{"type": "needed", "input": {"area": "data-ai", "metric": "deployments", "current": 1, "target_points": 11}}`, "calc-target", ""},
		{`{"type": "needed", "input": {"area": "data-ai", "metric": "deployments", "current": 1, "target_points": -1}}`, "calc-target", ""},
		{`{"type": "needed", "input": {"area": "security", "metric": "deployments", "current": 1, "target_points": 1}}`, "calc-no-option", ""},
		{`{"type": "needed", "input": {"area": "data-ai", "metric": "deployments", "option": "CSP", "current": 1, "target_points": 1}}`, "calc-no-parts", ""},
		{`{"type": "qualify", "input": {"total": 70, "metrics": [30, 30]}}`, "calc-total", ""},
		{`{"type": "window", "input": {"enrolled": false, "today": "2023-02-30"}}`, "calc-date", ""},
		{`{"type": "window", "input": {"enrolled": "no", "today": "2023-02-03"}}`, "calc-field-shape", ""},
		{`{"type": "months", "input": {"calculation_month": "2023-13"}}`, "calc-month", ""},
		{`{"type": "months", "input": {"calculation_month": "2023-12", "area": "data-ai", "metric": "intermediate"}}`, "calc-no-months", ""},
		{`{"type": "anniversary", "input": {"attained": []}}`, "calc-field-shape", ""},
		{`{"type": "anniversary", "input": {"attained": [["tea", "2022-11"]]}}`, "calc-area", ""},
	} {
		got, err := answer(t, test.text)
		known, ok := errors.AsType[*kizuna.Error](err)
		switch {
		case err == nil:
			t.Errorf("%s: answered %+v, want %s", test.text, got, test.code)
		case !ok || known.Code != test.code:
			t.Errorf("%s: %v (%s), want %s", test.text, err, kizuna.CodeOf(err), test.code)
		case known.Mend == "" || known.At.Line == 0:
			t.Errorf("%s: %v says neither where nor what to do", test.text, err)
		case test.at != "" && known.At.String() != test.at:
			t.Errorf("%s: it points at %s, want %s", test.text, known.At, test.at)
		}
	}
}

func TestWhatCannotBeReadIsRefusedWithItsPlace(t *testing.T) {
	for _, test := range []struct{ text, code, at string }{
		{``, "calc-json", "cases.json:1:1"},
		{"{\n  \"type\" 7}", "calc-json", "cases.json:2:10"},
		{`{"type": "metric"} {}`, "calc-json", "cases.json:1:20"},
		{`[]`, "calc-case-shape", "cases.json:1:1"},
		{`{"cases": {}}`, "calc-cases", "cases.json:1:11"},
		{`{"cases": [7]}`, "calc-case-shape", "cases.json:1:12"},
		{`{"id": 7}`, "calc-case-text", "cases.json:1:8"},
		{`{"type": "metric", "programme": "2023-10"}`, "calc-case-field", "cases.json:1:33"},
		{`{"type": "metric", "type": "area"}`, "calc-key-twice", "cases.json:1:20"},
		{"{\"cases\": [{\"id\": \"絆\"},\n {\"id\": \"絆\"}]}", "calc-id-twice", "cases.json:2:2"},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), "calc-too-complex", ""},
		{`{"cases": [` + strings.Repeat("0,", 600_000) + `0]}`, "calc-too-complex", ""},
		{strings.Repeat(" ", 5<<20), "calc-too-large", "cases.json"},
	} {
		_, err := calc.Parse(strings.NewReader(test.text), "cases.json")
		known, ok := errors.AsType[*kizuna.Error](err)
		shown := test.text[:min(len(test.text), 60)]
		switch {
		case !ok || known.Code != test.code:
			t.Errorf("%s: %v, want %s", shown, err, test.code)
		case test.at != "" && known.At.String() != test.at:
			t.Errorf("%s: it points at %s, want %s", shown, known.At, test.at)
		}
	}
}

func TestAMarkAtTheBeginningIsNoMistake(t *testing.T) {
	parse(t, "\ufeff"+`{"type": "metric"}`)
}

// FuzzParse asks that no file, however broken, does more than fail with a
// translated error that names its place.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("worked/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var list struct{ Cases []json.RawMessage }
		if err := json.Unmarshal(data, &list); err != nil {
			f.Fatal(err)
		}
		for _, c := range list.Cases[:min(len(list.Cases), 20)] {
			f.Add([]byte(c))
		}
	}
	f.Add([]byte(`{"cases": [{"type": "mcv", "input": {"units": [["Power App", "1e-3"]]}}]}`))
	programs := builtin(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := calc.Parse(bytes.NewReader(data), "x")
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		calculator := calc.Calculator{Programs: programs, Default: "2023-10", Cases: file.Index()}
		for i := range file.Cases {
			answer, err := calculator.Answer(&file.Cases[i])
			if err != nil {
				if kizuna.CodeOf(err) == "" {
					t.Fatalf("an error without a code: %v", err)
				}
				continue
			}
			if _, err := json.Marshal(answer); err != nil {
				t.Fatal(err)
			}
		}
	})
}
