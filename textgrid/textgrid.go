// Package textgrid writes aligned tables to terminals. It counts columns as
// terminals do: a Japanese character is two wide.
package textgrid

import (
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Grid is a table: a header and rows of cells.
type Grid struct {
	header []string
	rows   [][]string
	right  []int
	indent string
	style  func(row, column int, text string) string
}

// New returns a grid with these column headings; without any it has no header line.
func New(header ...string) *Grid { return &Grid{header: header} }

// Right aligns the columns, counted from 0, to the right.
func (g *Grid) Right(columns ...int) *Grid {
	g.right = append(g.right, columns...)
	return g
}

// Indent puts the text before every line.
func (g *Grid) Indent(text string) *Grid {
	g.indent = text
	return g
}

// Style lets f dress a cell after it has been padded, with colors that take no
// width. The header is row -1.
func (g *Grid) Style(f func(row, column int, text string) string) *Grid {
	g.style = f
	return g
}

// Row adds a row.
func (g *Grid) Row(cells ...string) { g.rows = append(g.rows, cells) }

// Len returns how many rows there are.
func (g *Grid) Len() int { return len(g.rows) }

// WriteTo writes the table.
func (g *Grid) WriteTo(w io.Writer) (int64, error) {
	var widths []int
	measure := func(cells []string) {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	measure(g.header)
	for _, row := range g.rows {
		measure(row)
	}
	var b strings.Builder
	if len(g.header) > 0 {
		g.line(&b, -1, g.header, widths)
	}
	for i, row := range g.rows {
		g.line(&b, i, row, widths)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func (g *Grid) line(b *strings.Builder, row int, cells []string, widths []int) {
	var line strings.Builder
	for i, cell := range cells {
		pad := strings.Repeat(" ", widths[i]-Width(cell))
		text := cell + pad
		if slices.Contains(g.right, i) {
			text = pad + cell
		}
		if i == len(cells)-1 {
			text = strings.TrimRight(text, " ")
		}
		if g.style != nil {
			text = g.style(row, i, text)
		}
		if i > 0 {
			line.WriteString("  ")
		}
		line.WriteString(text)
	}
	b.WriteString(strings.TrimRight(g.indent+line.String(), " "))
	b.WriteByte('\n')
}

// Width returns how many columns a terminal needs for the text.
func Width(text string) int { return condition.StringWidth(text) }

// The width of a few characters depends on the terminal's locale; a fixed answer
// keeps output the same everywhere.
var condition = &runewidth.Condition{EastAsianWidth: false, StrictEmojiNeutral: true}
