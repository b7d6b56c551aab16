package command

import (
	"bufio"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/forecast"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/report"
)

// forecastView shows a forecast.
type forecastView struct {
	*app
	cmd *forecastCmd
	in  *adviceInquiry
	q   *forecast.Question
	f   *forecast.Forecast
}

func (v *forecastView) options() report.ForecastOptions {
	return report.ForecastOptions{
		Options: report.Options{P: v.P, Color: v.Color}, Question: v.q, Name: v.in.answer.Name(v.in.account), Most: v.cmd.Most,
		Open: func(on kizuna.Date, area, track, metric string) string {
			return v.cmd.command(v.in, on, area, track, metric)
		},
	}
}

func (v *forecastView) text() error { return report.Forecast(v.Stdout, v.f, v.options()) }

// writeICS writes the calendar in the reader's language, and described in the other, too.
func (v *forecastView) writeICS(name string) error {
	printers := []*locale.Printer{v.P}
	for _, lang := range locale.Languages() {
		if lang == v.P.Lang {
			continue
		}
		p, err := locale.For(lang)
		if err != nil {
			return err
		}
		printers = append(printers, p)
	}
	return writeFile(name, func(w *bufio.Writer) error { return report.ForecastCalendar(w, v.f, v.options(), printers...) })
}

// forecastAnswer is a forecast as JSON.
type forecastAnswer struct {
	Asked   string          `json:"asked,omitempty"` // the location id that was asked for, if it was one
	Name    string          `json:"name,omitempty"`
	AsOf    kizuna.Date     `json:"as_of"`
	Assumed assumedAnswer   `json:"assumed"`
	Delays  forecast.Delays `json:"delays"`
	*forecast.Forecast
	Problems []*kizuna.Error  `json:"problems,omitempty"` // rows that could not be understood
	Overlaps []*kizuna.Error  `json:"overlaps,omitempty"` // usage that two files measure
	Notes    []*kizuna.Error  `json:"notes,omitempty"`    // what was seen and not used
	Sources  []dataset.Source `json:"sources"`
}

// assumedAnswer is what usage is taken to be.
type assumedAnswer struct {
	Kind  forecast.Kind           `json:"kind"`
	From  kizuna.Month            `json:"from"`
	Until kizuna.Month            `json:"until"`
	Rate  kizuna.Fraction         `json:"rate"`            // a month, of what it is in from
	Rates map[string]advice.Rates `json:"rates,omitempty"` // of customers that have their own
}

func (v *forecastView) json() forecastAnswer {
	p := v.f.Assumed
	return forecastAnswer{
		Asked: v.in.location, Name: v.in.answer.Name(v.in.account), AsOf: v.q.AsOf, Forecast: v.f, Delays: v.q.Delays,
		Assumed:  assumedAnswer{v.q.Assume.Kind, p.From, p.Until, p.Rate, p.Rates},
		Problems: v.in.data.Problems, Overlaps: v.in.data.Overlaps, Notes: slices.Concat(v.in.notes, v.in.data.Notes), Sources: v.in.data.Sources,
	}
}
