// Package bake puts credentials into images and finds them there again (Open Badges
// 3.0, section 5.3, File Format): an iTXt chunk of a PNG, an element of an SVG.
package bake

import (
	"bytes"

	"github.com/kizuna-org/kizuna"
)

// MaxBytes bounds an image.
const MaxBytes = 8 << 20

// Bake returns the image, PNG or SVG, with the credential in it: a JWT, or JSON with
// a proof. What was baked into it before goes.
func Bake(image []byte, credential string) ([]byte, error) {
	switch {
	case len(image) > MaxBytes:
		return nil, tooLarge(len(image))
	case bytes.HasPrefix(image, pngMagic):
		return bakePNG(image, credential)
	case looksLikeXML(image):
		return bakeSVG(image, credential)
	}
	return nil, damaged(nil)
}

// IsImage reports whether the data begins as an image that a credential could be in.
func IsImage(data []byte) bool { return bytes.HasPrefix(data, pngMagic) || looksLikeXML(data) }

// Unbake returns the credential in an image. "bake-nothing": there is none.
func Unbake(image []byte) (credential string, err error) {
	var found []byte
	switch {
	case len(image) > MaxBytes:
		return "", tooLarge(len(image))
	case bytes.HasPrefix(image, pngMagic):
		found, err = unbakePNG(image)
	case looksLikeXML(image):
		found, err = unbakeSVG(image)
	default:
		err = damaged(nil)
	}
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", kizuna.Errorf("bake-nothing", "no credential is baked into the image").
			WithMend("many tools drop it when they save an image; take the file as it was issued")
	}
	return string(found), nil
}

func looksLikeXML(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<"))
}

func isJSON(credential string) bool {
	return bytes.HasPrefix(bytes.TrimSpace([]byte(credential)), []byte("{"))
}

func damaged(cause error) error {
	return kizuna.Errorf("bake-image", "that is no whole PNG or SVG").
		WithMend("take the file as it was issued").WithCause(cause)
}

func several() error {
	return kizuna.Errorf("bake-several", "more than one credential is baked into the image").
		WithMend("take the file as it was issued")
}

func tooLarge(size int) error {
	return kizuna.Errorf("bake-size", "the image has %d bytes; at most %d are read", size, MaxBytes).
		WithMend("take the file as it was issued")
}
