package bake

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
)

const (
	namespace = "https://purl.imsglobal.org/ob/v3p0"
	svg       = "http://www.w3.org/2000/svg"
)

// bakeSVG puts the credential into an element right after the root's start: a JWT
// as an attribute, JSON as text.
func bakeSVG(image []byte, credential string) ([]byte, error) {
	found, cut, root, err := readSVG(image)
	if err != nil {
		return nil, err
	}
	if found != nil {
		image = append(bytes.Clone(image[:cut[0]]), image[cut[1]:]...)
	}
	if image[root-2] == '/' {
		return nil, damaged(nil) // an image without anything in it
	}
	var element bytes.Buffer
	element.WriteString(`<openbadges:credential xmlns:openbadges="` + namespace + `"`)
	if isJSON(credential) {
		element.WriteString("><![CDATA[" + strings.ReplaceAll(credential, "]]>", `]]\u003e`) + "]]></openbadges:credential>")
	} else {
		element.WriteString(` verify="`)
		if err := xml.EscapeText(&element, []byte(credential)); err != nil {
			return nil, err
		}
		element.WriteString(`"></openbadges:credential>`)
	}
	return append(append(bytes.Clone(image[:root]), element.Bytes()...), image[root:]...), nil
}

func unbakeSVG(image []byte) ([]byte, error) {
	found, _, _, err := readSVG(image)
	return found, err
}

// readSVG finds the credential, nil if there is none, where its element stands, and
// where the root's start ends.
func readSVG(image []byte) (credential []byte, cut [2]int64, root int64, err error) {
	d := xml.NewDecoder(bytes.NewReader(image))
	for {
		before := d.InputOffset()
		token, err := d.Token()
		if err == io.EOF && root > 0 {
			return credential, cut, root, nil
		}
		if err != nil {
			return nil, cut, 0, damaged(err)
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case root == 0:
			if start.Name.Local != "svg" || start.Name.Space != svg {
				return nil, cut, 0, damaged(nil)
			}
			root = d.InputOffset()
		case start.Name == xml.Name{Space: namespace, Local: "credential"}:
			if credential != nil {
				return nil, cut, 0, several()
			}
			var element struct {
				Verify string `xml:"verify,attr"`
				Text   string `xml:",chardata"`
			}
			if err := d.DecodeElement(&element, &start); err != nil {
				return nil, cut, 0, damaged(err)
			}
			cut = [2]int64{before, d.InputOffset()}
			if credential = []byte(element.Verify); len(credential) == 0 {
				credential = []byte(strings.TrimSpace(element.Text))
			}
		}
	}
}
