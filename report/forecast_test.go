package report_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/forecast"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// everything covers all that can be asked for.
type everything struct{}

func (everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }
func (everything) Certifications() bool                                        { return true }

// demoForecast is two months of the demo's partner.
func demoForecast(t *testing.T) (*forecast.Forecast, report.ForecastOptions) {
	t.Helper()
	d := demo.New()
	ledger := usage.Collect(d.Usage)
	var packed bytes.Buffer
	facts := &attribution.Facts{Associations: &d.Associations, Usage: ledger, Rates: d.Rates}
	if _, err := segment.Build(segment.NewBuilder(&packed), facts); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(packed.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	view, err := segment.NewView(s)
	if err != nil {
		t.Fatal(err)
	}
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		t.Fatal(err)
	}
	q := &forecast.Question{Question: score.Question{Program: p, AsOf: demo.AsOf}, Account: demo.Partner, Months: 2, Delays: forecast.DefaultDelays, Most: 2}
	q.Assume.Kind = forecast.Flat
	f, err := forecast.New(context.Background(), q, &forecast.Facts{
		View: view, Associations: &d.Associations, People: &d.People, Coverage: everything{},
		Usage: func(tenants []string) advice.Usage {
			some := usage.NewLedger()
			for _, u := range ledger.All() {
				for _, id := range tenants {
					if association.Fold(u.Tenant) == id {
						some.Add(u)
					}
				}
			}
			return advice.UsageOf(some, d.Rates)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, report.ForecastOptions{Question: q, Name: "Yuihashi", Most: 2, Open: func(on kizuna.Date, area, track, metric string) string {
		return strings.Join([]string{"open", on.String(), area, track, metric}, " ")
	}}
}

func TestADesignationThatGoesIsRed(t *testing.T) {
	f, o := demoForecast(t)
	for _, lang := range locale.Languages() {
		var err error
		if o.P, err = locale.For(lang); err != nil {
			t.Fatal(err)
		}
		lost := o.P.T("forecast.lost")
		o.Color = true
		var colored, plain bytes.Buffer
		if err := report.Forecast(&colored, f, o); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile("\x1b\\[31m[^\x1b\n]* 70 → 66  " + lost + "\x1b").Match(colored.Bytes()) {
			t.Errorf("%s: nothing lost is red:\n%s", lang, colored.String())
		}
		o.Color = false
		if err := report.Forecast(&plain, f, o); err != nil {
			t.Fatal(err)
		}
		if got := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(colored.String(), ""); got != plain.String() {
			t.Errorf("%s: colors change more than colors", lang)
		}
		if !strings.Contains(plain.String(), "open 2023-12-08 infrastructure single advanced") {
			t.Errorf("%s: the lapse does not open:\n%s", lang, plain.String())
		}
	}
}

// Two calendars of one forecast name each event alike, and no two events of one.
func TestACalendarNamesItsEventsForGood(t *testing.T) {
	f, o := demoForecast(t)
	uids := func(first, second string) (all []string) {
		var printers []*locale.Printer
		for _, lang := range []string{first, second} {
			p, err := locale.For(lang)
			if err != nil {
				t.Fatal(err)
			}
			printers = append(printers, p)
		}
		var out bytes.Buffer
		if err := report.ForecastCalendar(&out, f, o, printers...); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(out.String(), "\r\n ", "")
		for _, want := range []string{printers[0].T("forecast.lost"), printers[1].T("forecast.lost"), "open 2023-12-08 infrastructure single advanced"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing", first, want)
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^UID:(\S+)`).FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		return all
	}
	en, ja := uids(locale.English, locale.Japanese), uids(locale.Japanese, locale.English)
	if strings.Join(en, " ") != strings.Join(ja, " ") {
		t.Errorf("%v\n%v", en, ja)
	}
	seen := make(map[string]bool)
	for _, uid := range en {
		if seen[uid] {
			t.Errorf("%s stands twice", uid)
		}
		seen[uid] = true
	}
	if len(en) < 3 {
		t.Errorf("%d events", len(en))
	}
}
