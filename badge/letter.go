package badge

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/integrity"
	"github.com/kizuna-org/kizuna/program"
)

// Letter states on a day what a company holds.
type Letter struct {
	ID      string          `json:"id"`
	Company string          `json:"company"`
	Name    string          `json:"name,omitempty"`
	During  kizuna.Interval `json:"during"` // the days on which the letter is good
	Lines   []Line          `json:"lines"`
}

// Line is one designation or specialization, and until when it holds.
type Line struct {
	Designation    string         `json:"designation,omitempty"` // an area's id
	Specialization string         `json:"specialization,omitempty"`
	Name           program.Text   `json:"name"`
	Until          kizuna.Instant `json:"until"` // the first instant at which it no longer holds
}

// Compose writes a letter. Order names designations, by their ids, and specializations
// as they are to stand; empty: all that the company holds, in the program's order. The
// letter is good from today for the program's number of days.
func (c *Company) Compose(p *program.Program, id, account, name string, order []string, today kizuna.Interval, end kizuna.Instant) (*Letter, error) {
	l := &Letter{ID: id, Company: account, Name: name, During: kizuna.Interval{From: today.From, To: end}}
	if len(order) == 0 {
		order = c.everything(p, today.From)
	}
	for _, what := range order {
		line, err := c.line(p, what, today.From)
		if err != nil {
			return nil, err
		}
		if n := len(l.Lines); p.Badges.DesignationsFirst && line.Designation != "" && n > 0 && l.Lines[n-1].Designation == "" {
			return nil, kizuna.Errorf("letter-order", "%s stands behind a specialization", what).
				WithMend("name the designations first")
		}
		if slices.Contains(l.Lines, line) {
			return nil, kizuna.Errorf("letter-twice", "%.120q is named twice", what).WithMend("name each once")
		}
		l.Lines = append(l.Lines, line)
	}
	if len(l.Lines) == 0 {
		return nil, kizuna.Errorf("letter-empty", "%s holds nothing that a letter could state", account).
			WithMend("a letter can be had from enrollment to the anniversary")
	}
	return l, nil
}

func (c *Company) everything(p *program.Program, at kizuna.Instant) (all []string) {
	for i := range p.Areas {
		if _, err := c.holds(p.Badges, p.Areas[i].ID, at); err == nil {
			all = append(all, p.Areas[i].ID)
		}
	}
	for _, s := range c.Specializations {
		if s.During.Contains(at) {
			all = append(all, s.Name)
		}
	}
	return all
}

func (c *Company) line(p *program.Program, what string, at kizuna.Instant) (Line, error) {
	if area := p.Area(what); area != nil {
		during, err := c.holds(p.Badges, what, at)
		return Line{Designation: what, Name: p.Badges.NameOf(area), Until: during.To}, err
	}
	i := slices.IndexFunc(c.Specializations, func(s Specialization) bool {
		return s.named(what) && s.During.Contains(at)
	})
	if i < 0 {
		return Line{}, kizuna.Errorf("badge-specialization", "the specialization %.120q is not active on %s", what, at.Date()).
			WithMend("name active ones, as the program spells them")
	}
	s := &c.Specializations[i]
	return Line{Specialization: s.Name, Name: program.Text{EN: s.Name}, Until: s.During.To}, nil
}

// LetterType is the type of letters as credentials.
const LetterType = "PartnerLetter"

// Document returns the letter as an unsigned credential, for a JWT.
func (l *Letter) Document(issuer Issuer) (map[string]any, error) {
	base, err := issuer.Base()
	if err != nil {
		return nil, err
	}
	lines := []object{}
	for _, line := range l.Lines {
		lines = append(lines, object{"name": line.Name.EN, "validUntil": stamp(line.Until - 1)})
	}
	return plain(object{
		"@context":          []string{integrity.CredentialsContext},
		"id":                "urn:uuid:" + l.ID,
		"type":              []string{"VerifiableCredential", LetterType},
		"issuer":            object{"id": issuer.ID, "name": issuer.Name},
		"validFrom":         stamp(l.During.From),
		"validUntil":        stamp(l.During.To - 1),
		"credentialSubject": object{"id": PartnerURL(base, l.Company), "name": l.Name, "identifier": []object{{"identityType": accountType, "identityHash": l.Company, "hashed": false}}, "holds": lines},
	})
}
