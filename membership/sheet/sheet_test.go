package sheet_test

import (
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/sheet"
	"github.com/kizuna-org/kizuna/program"
)

func rules(t testing.TB) *membership.Rules {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	r, err := membership.NewRules("mcpp", programs)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const table = `account_id,event,on,area,points,lacking,until,with,reference,legacy_benefits,benefit_used
G1,score,2023-10-05,data-ai,74,,,,,,
G1,purchase,2023-10-20,,,,,,R-1,,
g1,score,2024-03-05,data-ai,139/2,,,,,,
G2,score,2023-12-02,security,80,,,,,,
G2,score,2023-12-03,modern-work,90,advanced;deployments,,,,,
G2,purchase,2023-12-02T10:00:00Z,,,,,,,true,
G1,merge,2024-04-01,,,,,G2,,,
G3,legacy,2022-09-10,,,,2023-09-10,,,,
G3,score,2022-11-05,security,70,,,,,,
`

func TestATableBecomesLedgers(t *testing.T) {
	r := rules(t)
	rows, problems, err := sheet.Read(strings.NewReader(table), "memberships.csv", r)
	if err != nil || problems != nil || len(rows) != 9 {
		t.Fatalf("%d rows, %v, %v", len(rows), problems, err)
	}
	ledgers, err := sheet.Ledgers(rows)
	if err != nil || len(ledgers) != 3 {
		t.Fatalf("%v, %v", ledgers, err)
	}
	var got []string
	for _, l := range ledgers {
		for _, on := range []kizuna.Date{kizuna.NewDate(2022, 12, 1), kizuna.NewDate(2024, 3, 31), kizuna.NewDate(2024, 4, 1)} {
			s := r.Status(l, on)
			text := l.Account + " " + on.String()
			for _, a := range s.Areas {
				if a.Holds() {
					text += " " + a.ID
				}
			}
			got = append(got, text)
		}
	}
	want := `G1 2022-12-01
G1 2024-03-31 data-ai
G1 2024-04-01 data-ai security
G2 2022-12-01
G2 2024-03-31 security
G2 2024-04-01
G3 2022-12-01 security
G3 2024-03-31
G3 2024-04-01`
	if strings.ReplaceAll(strings.Join(got, "\n"), "g1", "G1") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	const head = "account_id,event,on,area,points,until,with,benefit_used\n"
	for text, want := range map[string]string{
		"event,on\n":                                                    "sheet-column m.csv:1",
		head + ",score,2023-10-05,security,70\n":                        "sheet-account m.csv:2:1",
		head + "G1,party,2023-10-05\n":                                  "sheet-event m.csv:2:4",
		head + "G1,score,soon,security,70\n":                            "date m.csv:2:10",
		head + "G1,purchase,soon\n":                                     "instant m.csv:2:13",
		head + "G1,score,2023-10-05,garden,70\n":                        "membership-area m.csv:2:21",
		head + "G1,score,2023-10-05,security,x\n":                       "fraction m.csv:2:30",
		head + "G1,score,2023-10-05,security,101\n":                     "membership-points m.csv:2:30",
		head + "G1,legacy,2022-09-10\n":                                 "date m.csv:2:24",
		head + "G1,merge,2023-10-05,,,,g1\n":                            "sheet-with m.csv:2:24",
		head + "G1,refund,2023-10-05,,,,,perhaps\n":                     "sheet-flag m.csv:2:26",
		head + "G1,merge,2023-10-05,,,,G2\nG2,merge,2023-10-05,,,,G1\n": "sheet-circle m.csv:3",
	} {
		lines := strings.SplitAfter(text, "\n")
		for i, line := range lines[1:] { // every line has all columns
			if line != "" && strings.HasPrefix(text, head) {
				line = strings.TrimSuffix(line, "\n")
				lines[i+1] = line + strings.Repeat(",", 7-strings.Count(line, ",")) + "\n"
			}
		}
		rows, problems, err := sheet.Read(strings.NewReader(strings.Join(lines, "")), "m.csv", rules(t))
		var got *kizuna.Error
		switch {
		case err != nil:
			got = err.(*kizuna.Error)
		case len(problems) > 0:
			got = problems[0]
		default:
			_, err := sheet.Ledgers(rows)
			got, _ = err.(*kizuna.Error)
		}
		if got == nil || got.Code+" "+got.At.String() != want {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(table)
	f.Add("account_id,event,on\nG1,merge,2023-10-05\n")
	r := rules(f)
	f.Fuzz(func(t *testing.T, text string) {
		rows, _, err := sheet.Read(strings.NewReader(text), "m.csv", r)
		if err != nil {
			return
		}
		ledgers, err := sheet.Ledgers(rows)
		for _, l := range ledgers {
			if err == nil && len(l.Events) < 50 && len(l.Findings) < 50 {
				r.Status(l, kizuna.NewDate(2025, 1, 1))
			}
		}
	})
}
