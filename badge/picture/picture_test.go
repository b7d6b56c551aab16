package picture

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"testing"
)

func TestPicturesAreWholeAndTheSameEachTime(t *testing.T) {
	for _, mono := range []bool{false, true} {
		p := Picture{Title: "Solutions Partner for Digital & App Innovation (Azure)", Lines: []string{"Infra and Database Migration to Microsoft Azure", "Analytics <on> Microsoft Azure", "DevOps"},
			Issuer: "Kizuna Partner Program", Year: "2023-11-02 to 2024-11-01", Hue: "data-ai", Mono: mono}
		data, err := p.PNG()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil || img.Bounds().Dx() != width {
			t.Errorf("%v, %v", img.Bounds(), err)
		}
		if again, _ := p.PNG(); !bytes.Equal(data, again) {
			t.Error("drawn twice, it differs")
		}
		d := xml.NewDecoder(bytes.NewReader(p.SVG()))
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			t.Error(err)
		}
	}
}
