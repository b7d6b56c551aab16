package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// plot is lines on two logarithmic axes, written as SVG.
type plot struct {
	file        string
	title, x, y string
	lines       []line
}

type line struct {
	name   string
	points [][2]float64
}

func (p *plot) add(name string, x, y float64) {
	i := slices.IndexFunc(p.lines, func(l line) bool { return l.name == name })
	if i < 0 {
		i = len(p.lines)
		p.lines = append(p.lines, line{name: name})
	}
	p.lines[i].points = append(p.lines[i].points, [2]float64{x, y})
}

// worth reports whether any line has two points.
func (p *plot) worth() bool {
	return slices.ContainsFunc(p.lines, func(l line) bool { return len(l.points) > 1 })
}

const (
	width, height = 760, 440
	left, right   = 70, 200
	top, bottom   = 40, 50
)

// colors tell lines apart for most who see colors differently, too.
var colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"}

func (p *plot) svg() string {
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, l := range p.lines {
		for _, at := range l.points {
			for axis, v := range at {
				lo[axis], hi[axis] = min(lo[axis], v), max(hi[axis], v)
			}
		}
	}
	for axis := range lo {
		lo[axis], hi[axis] = math.Pow(10, math.Floor(math.Log10(lo[axis]))), math.Pow(10, math.Ceil(math.Log10(hi[axis]*1.0001)))
	}
	place := func(at [2]float64) (x, y float64) {
		along := func(axis int) float64 { return math.Log(at[axis]/lo[axis]) / math.Log(hi[axis]/lo[axis]) }
		return left + along(0)*(width-left-right), height - bottom - along(1)*(height-top-bottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
	}
	stroke := func(x1, y1, x2, y2 float64) {
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ccc"/>`+"\n", x1, y1, x2, y2)
	}
	text(left, top-16, "start", p.title)
	for v := lo[0]; v <= hi[0]*1.001; v *= 10 {
		x, y := place([2]float64{v, lo[1]})
		stroke(x, y, x, top)
		text(x, y+18, "middle", fmt.Sprintf("%g", v))
	}
	for v := lo[1]; v <= hi[1]*1.001; v *= 10 {
		x, y := place([2]float64{lo[0], v})
		stroke(x, y, width-right, y)
		text(x-8, y+4, "end", fmt.Sprintf("%g", v))
	}
	text((left+width-right)/2, height-12, "middle", p.x)
	text(left, top-2, "end", p.y)
	for i, l := range p.lines {
		color := colors[i%len(colors)]
		slices.SortFunc(l.points, func(a, b [2]float64) int { return int(math.Copysign(1, a[0]-b[0])) })
		var points []string
		for _, at := range l.points {
			x, y := place(at)
			points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, y, color)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), color)
		y := float64(top + 16*i)
		fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="12" height="4" fill="%s"/>`+"\n", width-right+14, y, color)
		text(width-right+32, y+6, "start", l.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
