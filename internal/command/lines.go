package command

import (
	"context"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// named is a row that may have been added up from many lines: where its parts
// begin, how many more lines there are, and where their names go.
type named struct {
	source []kizuna.Ref
	added  int
	lines  *[]usage.Lines
}

func linesOf(rows []attribution.Line) []named {
	var out []named
	for i := range rows {
		out = append(out, named{rows[i].Source, rows[i].Added, &rows[i].Lines})
	}
	return out
}

// rowsOf lists the rows to which an explanation is opened.
func rowsOf(e *score.Explanation) []named {
	var out []named
	for _, c := range e.Components {
		for _, trace := range c.Customers {
			out = append(out, linesOf(trace.Lines)...)
		}
	}
	return out
}

// nameLines looks up the lines of the rows that have more than the ones they begin
// with.
func (in *inquiry) nameLines(ctx context.Context, rows []named) error {
	wanted := make(map[kizuna.Ref]bool)
	for _, r := range rows {
		if r.added > 0 {
			for _, at := range r.source {
				wanted[at] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	found, err := dataset.LinesOf(ctx, in.shelf, in.data.Ledger, wanted)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.added > 0 {
			for _, at := range r.source {
				*r.lines = append(*r.lines, found[at]...)
			}
		}
	}
	return nil
}

// sourceOf names all lines of a row, as far as they were looked up.
func sourceOf(line *attribution.Line) string {
	if len(line.Lines) > 0 {
		return showLines(line.Lines)
	}
	var parts []string
	for _, at := range line.Source {
		parts = append(parts, at.String())
	}
	return strings.Join(parts, ", ")
}

func showLines(lines []usage.Lines) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, l.File+":"+l.Lines)
	}
	return strings.Join(parts, ", ")
}
