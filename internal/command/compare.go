package command

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/table"
)

// compareCmd sets the figures that the vendor published beside Kizuna's own.
type compareCmd struct {
	Published string `arg:"" type:"existingfile" help:"help.published"`
	questionFlags
	Partner string `name:"partner" placeholder:"ID" help:"help.partner"`
}

// Run compares; it is no failure that figures differ.
func (c *compareCmd) Run(a *app) error {
	published, err := readPublished(a.Context, c.Published)
	if err != nil {
		return err
	}
	in, err := c.ask(a)
	if err != nil {
		return err
	}
	account := ""
	if c.Partner != "" {
		if account, _, err = in.answer.Resolve(c.Partner); err != nil {
			return err
		}
	}
	rows, err := in.answer.Compare(published, account, func(q score.Question) (*score.Answer, error) {
		return score.Ask(q, in.facts), a.Context.Err()
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"as_of": in.answer.Question.AsOf, "rows": rows})
	}
	return report.Compare(a.Stdout, rows, report.Options{P: a.P, Rules: in.answer.Question.Program, Color: a.Color})
}

// readPublished reads a table of figures: account (or partner), area, track and
// metric if there are any, points, and whether the area qualifies.
func readPublished(ctx context.Context, name string) ([]score.Published, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := table.Open(f, name, table.DefaultLimits)
	if err != nil {
		return nil, err
	}
	account, area := r.Find("account", "partner", "location_id", "global_id"), r.Find("area", "solution_area")
	track, metric, points := r.Find("track"), r.Find("metric"), r.Find("points", "score", "total")
	qualified := r.Find("qualified", "passes")
	if area < 0 || points < 0 {
		return nil, kizuna.Errorf("published-columns", "%s has no columns area and points", name).
			WithMend("write the columns account, area, track, metric, points, qualified; an empty metric is the area's total").
			WithRef(kizuna.Ref{File: name, Line: 1})
	}
	var out []score.Published
	for ctx.Err() == nil {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		cell := func(i int) string {
			if i < 0 {
				return ""
			}
			return record[i]
		}
		p := score.Published{Account: cell(account), Area: cell(area), Track: cell(track), Metric: cell(metric), At: r.Ref(points)}
		if p.Points, err = kizuna.ParseFraction(cell(points)); err != nil {
			if known, ok := errors.AsType[*kizuna.Error](err); ok {
				return nil, known.WithRef(p.At)
			}
			return nil, err
		}
		if p.Qualified, err = yesOrNo(cell(qualified), r.Ref(qualified)); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return nil, ctx.Err()
}

// yesOrNo reads whether something holds; an empty cell does not say.
func yesOrNo(cell string, at kizuna.Ref) (*bool, error) {
	var answer bool
	switch strings.ToLower(cell) {
	case "":
		return nil, nil
	case "yes", "true", "1":
		answer = true
	case "no", "false", "0":
	default:
		return nil, kizuna.Errorf("published-qualified", "%q is neither yes nor no", cell).
			WithMend("write yes, no, or nothing").WithRef(at)
	}
	return &answer, nil
}
