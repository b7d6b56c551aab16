// Package site writes what an issuer publishes: its document, status lists, badges,
// images and pages that say what is true. They are files for any web server.
package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/bake"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/picture"
	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// Site writes what is published, as of a time. Every file is handed on by its name
// under the issuer's address.
type Site struct {
	Issuer badge.Issuer
	Ring   did.Ring
	Signer *badge.Signer
	At     kizuna.Instant
	// ListSeconds is how long a status list is good: who keeps an older one back has
	// nothing after that.
	ListSeconds int64
	File        func(name string, data []byte) error
}

// Document writes the issuer's document.
func (s *Site) Document() error {
	document, err := s.Ring.Document()
	if err != nil {
		return err
	}
	data, err := document.Encode()
	if err != nil {
		return err
	}
	url, err := did.DocumentURL(s.Issuer.ID)
	if err != nil {
		return err
	}
	base, err := s.Issuer.Base()
	if err != nil {
		return err
	}
	return s.File(strings.TrimPrefix(url, base), data)
}

// ListName is the name of the file of the n-th status list.
func ListName(n int) string { return fmt.Sprintf("status/%d.json", n) }

// List writes the n-th status list.
func (s *Site) List(n int, list statuslist.List) error {
	document, err := badge.ListDocument(s.Issuer, n, list, s.At, s.ListSeconds)
	if err != nil {
		return err
	}
	signed, err := s.Signer.SignDocument(document, s.At)
	if err != nil {
		return err
	}
	return s.File(ListName(n), signed)
}

// Current reports whether a file that was published says what the n-th list says now,
// signed by the key that signs now, and is good for half of its time yet.
func (s *Site) Current(file []byte, list statuslist.List) bool {
	c, err := verify.ReadList(file)
	if err != nil || c.Method != s.Signer.Method() || c.Issuer != s.Issuer.ID || s.At < c.From || int64(c.Until-s.At) < s.ListSeconds/2 {
		return false
	}
	says, err := statuslist.Of(c.Document)
	return err == nil && bytes.Equal(says, list)
}

// Badge writes a badge in all its forms, and the pages that say whether it is true. Of
// one that was erased only the lists speak.
func (s *Site) Badge(b *badge.Badge) error {
	if b.Signed.JWT == "" {
		return nil
	}
	var err error
	write := func(name string, data []byte, failed error) {
		if err == nil {
			err = failed
		}
		if err == nil {
			err = s.File(name, data)
		}
	}
	write("credentials/"+b.ID+".json", b.Signed.Document, nil)
	write("credentials/"+b.ID+".jwt", []byte(b.Signed.JWT), nil)
	for _, mono := range []bool{false, true} {
		suffix := ""
		if mono {
			suffix = "-mono"
		}
		svg, failed := Image(b, s.Issuer, "svg", mono)
		write("images/"+b.ID+suffix+".svg", svg, failed)
		png, failed := Image(b, s.Issuer, "png", mono)
		write("images/"+b.ID+suffix+".png", png, failed)
	}
	statement, failed := json.MarshalIndent(s.Statement(b), "", "  ")
	write("verify/"+b.ID+".json", append(statement, '\n'), failed)
	for _, lang := range languages {
		page, failed := s.badgePage(b, lang)
		write("verify/"+b.ID+lang.suffix+".html", page, failed)
	}
	return err
}

// Image draws a badge, "svg" or "png", with the credential baked in: the JWT, because
// every reader of images takes it.
func Image(b *badge.Badge, issuer badge.Issuer, kind string, mono bool) ([]byte, error) {
	p := picture.Picture{Title: b.Name, Lines: b.Specializations, Issuer: issuer.Name, Year: period(b.During), Hue: b.Achievement, Mono: mono}
	if kind == "svg" {
		return bake.Bake(p.SVG(), b.Signed.JWT)
	}
	png, err := p.PNG()
	if err != nil {
		return nil, err
	}
	return bake.Bake(png, b.Signed.JWT)
}

// period writes the days of a badge.
func period(during kizuna.Interval) string {
	if during.To == kizuna.Forever {
		return during.From.Date().String()
	}
	return during.From.Date().String() + " to " + (during.To - 1).Date().String()
}

// Statement says what is true of a badge.
type Statement struct {
	ID          string            `json:"id"`
	Achievement string            `json:"achievement"`
	Name        string            `json:"name"`
	Company     string            `json:"company,omitempty"`
	Shown       []string          `json:"specializations,omitempty"`
	TrueNow     bool              `json:"true_now"`      // at the time of writing
	True        *kizuna.Interval  `json:"true,omitzero"` // when it was, or is; missing: never
	Issued      kizuna.Instant    `json:"issued"`
	Revoked     *badge.Revocation `json:"revoked,omitempty"`
	Written     kizuna.Instant    `json:"written"`
	Issuer      string            `json:"issuer"`
	Credential  string            `json:"credential"`
	StatusList  string            `json:"status_list"`
}

// Statement is what is known of a badge at the time of the site.
func (s *Site) Statement(b *badge.Badge) Statement {
	base, _ := s.Issuer.Base() // the site could not be written with another one
	st := Statement{
		ID: b.ID, Achievement: b.Achievement, Name: b.Name, Company: b.Subject.Company, Shown: b.Specializations,
		TrueNow: b.TrueAt(s.At), Issued: b.Issued, Revoked: b.Revoked, Written: s.At, Issuer: s.Issuer.ID,
		Credential: base + "credentials/" + b.ID + ".json", StatusList: badge.EntryOf(base, b.Entry).List,
	}
	if during := b.True(); !during.Empty() {
		st.True = &during
	}
	return st
}

// Partner writes the page of a company, of all its badges.
func (s *Site) Partner(company string, badges []badge.Badge) error {
	for _, lang := range languages {
		page, err := s.partnerPage(company, badges, lang)
		if err != nil {
			return err
		}
		if err := s.File("partners/"+company+"/index"+lang.suffix+".html", page); err != nil {
			return err
		}
	}
	return nil
}

// Letter writes a letter as one page in both languages, with the same said in a JWT
// that software can check.
func Letter(l *badge.Letter, signer *badge.Signer) ([]byte, error) {
	document, err := l.Document(signer.Issuer())
	if err != nil {
		return nil, err
	}
	token, err := signer.SignJWT(document)
	if err != nil {
		return nil, err
	}
	return letterPage(l, signer.Issuer(), token)
}

// LetterToken finds the signed statement in a letter's page.
func LetterToken(page []byte) (string, bool) {
	_, rest, ok := bytes.Cut(page, []byte(`<script type="application/vc+jwt" id="letter">`))
	token, _, closed := bytes.Cut(rest, []byte("</script>"))
	return string(bytes.TrimSpace(token)), ok && closed
}
