package command

import (
	"bufio"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
)

// scoreCmd tells what a partner's score is in every solution area.
type scoreCmd struct {
	scenarioFlags
	oracleFlag
	Partner string `name:"partner" placeholder:"ID" help:"help.partner"`
	Area    string `name:"area" placeholder:"AREA" help:"help.area"`
	HTML    string `name:"html" type:"path" placeholder:"FILE" help:"help.html"`
}

// Run prints the score.
func (c *scoreCmd) Run(a *app) error {
	ask := c.count
	if c.Oracle || c.HTML != "" { // the page shows the rows behind the score
		ask = c.ask
	}
	in, err := ask(a)
	if err != nil {
		return err
	}
	result, err := in.result(c.Partner, c.Area)
	if err != nil {
		return err
	}
	if c.HTML != "" {
		if err := writeFile(c.HTML, func(w *bufio.Writer) error {
			return report.HTML(w, in.page(result, a.P))
		}); err != nil {
			return err
		}
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, scoreAnswer{result, in.data.Problems, in.data.Overlaps, in.data.Notes, in.data.Sources})
	}
	a.warn(in)
	return report.Text(a.Stdout, result, report.Options{P: a.P, Color: a.Color, Detail: c.Partner != "" || c.Area != ""})
}

// scoreAnswer is the score as JSON, with what the data directory had to say.
type scoreAnswer struct {
	*score.Result
	Problems []*kizuna.Error  `json:"problems,omitempty"` // rows that could not be understood
	Overlaps []*kizuna.Error  `json:"overlaps,omitempty"` // usage that two files measure
	Notes    []*kizuna.Error  `json:"notes,omitempty"`    // what was seen and not used
	Sources  []dataset.Source `json:"sources"`
}

// result scores the partner that was asked for, or everybody, in one area or all.
func (in *inquiry) result(partner, area string) (*score.Result, error) {
	var result *score.Result
	if partner == "" {
		result = in.answer.Result()
	} else {
		account, location, err := in.answer.Resolve(partner)
		if err != nil {
			return nil, err
		}
		result = in.answer.Result(account)
		result.Accounts[0].Value.Asked = location
	}
	if area == "" {
		return result, nil
	}
	for _, account := range result.Accounts {
		one, ok := account.Value.Areas.Get(area)
		if !ok {
			return nil, in.answer.NoSuchArea(area)
		}
		account.Value.Areas = score.Keyed[*score.Area]{{Name: area, Value: one}}
	}
	return result, nil
}
