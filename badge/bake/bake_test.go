package bake

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
)

const svgImage = `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><title>絆</title><rect width="10" height="10"/></svg>
`

func pngImage(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var credentials = []string{
	"eyJhbGciOiJFZERTQSJ9.e30.c2ln",
	`{"name": "結橋 & <b>\"x\"</b> ]]> \\"}`,
}

func TestWhatIsBakedComesOutAndTheLastStays(t *testing.T) {
	for _, img := range [][]byte{pngImage(t), []byte(svgImage)} {
		for _, c := range credentials {
			baked, err := Bake(img, "earlier.one.x")
			if err == nil {
				baked, err = Bake(baked, c)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := Unbake(baked)
			if err != nil || strings.ReplaceAll(got, `\u003e`, ">") != c {
				t.Errorf("%q, %v", got, err)
			}
			if bytes.HasPrefix(img, pngMagic) {
				if _, err := png.Decode(bytes.NewReader(baked)); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestWhatIsNoImageIsRefused(t *testing.T) {
	baked, _ := Bake(pngImage(t), "a.b.c")
	flipped := bytes.Clone(baked)
	flipped[bytes.Index(flipped, []byte("a.b.c"))] = 'x'
	twice := strings.Replace(svgImage, "<title>", `<o:credential xmlns:o="https://purl.imsglobal.org/ob/v3p0" verify="a"/><o:credential xmlns:o="https://purl.imsglobal.org/ob/v3p0" verify="b"/><title>`, 1)
	for code, images := range map[string][][]byte{
		"bake-image":   {nil, []byte("GIF89a"), []byte("<html></html>"), []byte(`<svg xmlns="http://www.w3.org/2000/svg">`), flipped, baked[:len(baked)-4], pngMagic},
		"bake-nothing": {pngImage(t), []byte(svgImage)},
		"bake-several": {[]byte(twice)},
		"bake-size":    {make([]byte, MaxBytes+1)},
	} {
		for i, img := range images {
			if _, err := Unbake(img); kizuna.CodeOf(err) != code {
				t.Errorf("%s %d: %v", code, i, err)
			}
		}
	}
	if _, err := Bake([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "a"); kizuna.CodeOf(err) != "bake-image" {
		t.Error(err)
	}
}

func FuzzBake(f *testing.F) {
	for _, c := range credentials {
		for _, img := range [][]byte{pngImage(f), []byte(svgImage)} {
			baked, _ := Bake(img, c)
			f.Add(baked)
		}
	}
	f.Fuzz(func(t *testing.T, img []byte) {
		if _, err := Unbake(img); err != nil && kizuna.CodeOf(err) == "" {
			t.Fatal(err)
		}
		baked, err := Bake(img, "h.p.s")
		if err != nil {
			return
		}
		if got, err := Unbake(baked); err != nil || got != "h.p.s" {
			t.Fatalf("%q, %v", got, err)
		}
	})
}
