// Package picture draws badges, as SVG and as PNG, in color or black and white.
package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/kizuna-org/kizuna"
)

// Picture is what is drawn: two rings that hold each other, and lines of text in
// Latin letters.
type Picture struct {
	Title string   // "Solutions Partner for Data & AI (Azure)"
	Lines []string // specializations, in order
	Issuer,
	Year string // small, at the bottom
	// Hue is what the color is chosen by: the designation's id.
	Hue  string
	Mono bool // black and white
}

// The layout, in pixels of the PNG and units of the SVG.
const (
	width     = 640
	left      = 200 // of the texts
	lineStep  = 26
	emptySize = 220
	ring      = 46.0
	thickness = 12.0
)

// palette holds colors that are readable on white.
var palette = []color.RGBA{
	{0x1b, 0x4f, 0x9c, 0xff}, {0x0b, 0x6e, 0x6e, 0xff}, {0x8a, 0x1c, 0x4a, 0xff},
	{0x5b, 0x2a, 0x86, 0xff}, {0x9a, 0x4a, 0x00, 0xff}, {0x2e, 0x5e, 0x1e, 0xff},
}

func (p *Picture) ink() color.RGBA {
	if p.Mono {
		return color.RGBA{A: 0xff}
	}
	h := kizuna.HashOf([]byte(p.Hue))
	return palette[int(h[0])%len(palette)]
}

func (p *Picture) height() int { return emptySize + lineStep*max(0, len(p.Lines)-2) }

// text is one line and where it stands.
type text struct {
	at   int
	size float64
	bold bool
	s    string
}

func (p *Picture) texts() []text {
	var all []text
	y := 62
	for _, line := range wrap(p.Title, 32) {
		all = append(all, text{y, 24, true, line})
		y += 32
	}
	y += 4
	for _, line := range p.Lines {
		all = append(all, text{y, 16, false, line})
		y += lineStep
	}
	return append(all, text{p.height() - 28, 13, false, p.Issuer + "  " + p.Year})
}

// wrap breaks a text at spaces into lines of so many letters, two at most.
func wrap(s string, letters int) []string {
	if len(s) <= letters {
		return []string{s}
	}
	for i := letters; i > 0; i-- {
		if s[i] == ' ' {
			return []string{s[:i], s[i+1:]}
		}
	}
	return []string{s}
}

// SVG draws the picture as SVG.
func (p *Picture) SVG() []byte {
	var b bytes.Buffer
	ink := p.ink()
	shade := fmt.Sprintf("#%02x%02x%02x", ink.R, ink.G, ink.B)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`, width, p.height(), width, p.height())
	fmt.Fprintf(&b, "\n<title>%s</title>\n", escaped(p.Title))
	fmt.Fprintf(&b, `<rect x="2" y="2" width="%d" height="%d" fill="#fff" stroke="%s" stroke-width="4"/>`, width-4, p.height()-4, shade)
	for _, c := range p.rings() {
		fmt.Fprintf(&b, "\n"+`<circle cx="%g" cy="%g" r="%g" fill="none" stroke="%s" stroke-width="%g"/>`, c[0], c[1], ring, shade, thickness)
	}
	for _, t := range p.texts() {
		weight, fill := "normal", "#222"
		if t.bold {
			weight, fill = "bold", shade
		}
		fmt.Fprintf(&b, "\n"+`<text x="%d" y="%d" font-family="sans-serif" font-size="%g" font-weight="%s" fill="%s">%s</text>`, left, t.at, t.size, weight, fill, escaped(t.s))
	}
	b.WriteString("\n</svg>\n")
	return b.Bytes()
}

func (p *Picture) rings() [][2]float64 {
	y := float64(p.height()) / 2
	return [][2]float64{{76, y}, {76 + ring, y}}
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// PNG draws the picture as PNG.
func (p *Picture) PNG() ([]byte, error) {
	h, ink := p.height(), p.ink()
	img := image.NewRGBA(image.Rect(0, 0, width, h))
	draw.Draw(img, img.Bounds(), image.NewUniform(ink), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(4, 4, width-4, h-4), image.White, image.Point{}, draw.Src)
	for _, c := range p.rings() {
		drawRing(img, c[0], c[1], ink)
	}
	for _, t := range p.texts() {
		if err := write(img, t, ink); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// drawRing blends the ring's edge over one pixel.
func drawRing(img *image.RGBA, cx, cy float64, ink color.RGBA) {
	reach := ring + thickness
	for y := int(cy - reach); y <= int(cy+reach); y++ {
		for x := int(cx - reach); x <= int(cx+reach); x++ {
			away := math.Abs(math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy) - ring)
			covered := min(1, max(0, thickness/2-away+0.5))
			if covered == 0 {
				continue
			}
			under := img.RGBAAt(x, y)
			blend := func(a, b uint8) uint8 { return uint8(float64(a)*covered + float64(b)*(1-covered)) }
			img.SetRGBA(x, y, color.RGBA{blend(ink.R, under.R), blend(ink.G, under.G), blend(ink.B, under.B), 0xff})
		}
	}
}

// fonts are parsed once.
var fonts = sync.OnceValues(func() ([2]*opentype.Font, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return [2]*opentype.Font{}, err
	}
	bold, err := opentype.Parse(gobold.TTF)
	return [2]*opentype.Font{regular, bold}, err
})

func write(img *image.RGBA, t text, ink color.RGBA) error {
	both, err := fonts()
	if err != nil {
		return err
	}
	f, shade := both[0], color.RGBA{0x22, 0x22, 0x22, 0xff}
	if t.bold {
		f, shade = both[1], ink
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: t.size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return err
	}
	defer face.Close()
	d := font.Drawer{Dst: img, Src: image.NewUniform(shade), Face: face, Dot: fixed.P(left, t.at)}
	d.DrawString(t.s)
	return nil
}
