package site

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/locale"
)

//go:embed site.css
var style string

//go:embed site.html
var markup string

// language is one in which pages are written, and how their files' names end.
type language struct{ tag, suffix string }

var languages = []language{{locale.English, ""}, {locale.Japanese, ".ja"}}

// other is the language that a page points to.
func (l language) other() language {
	if l == languages[0] {
		return languages[1]
	}
	return languages[0]
}

// frame is what every page has.
type frame struct {
	Lang, Title, Policy         string
	Style                       template.CSS
	Written                     string
	Other, OtherLang, OtherName string
}

type fact struct{ Name, Value string }

type link struct{ Anchor, Name string }

type badgeView struct {
	frame
	ID, Answer, Period string
	True               bool
	Facts              []fact
	Links              []link
}

type row struct{ Anchor, Name, From, Until, State string }

type partnerView struct {
	frame
	Rows []row
}

type letterView struct {
	Lang, Title, Date, Company, States, Good, Issuer string
	Rows                                             []row
}

// writer writes pages in one language.
type writer struct {
	p *locale.Printer
	t *template.Template
}

// writers are made once: reading the templates takes longer than filling them.
var writers = sync.OnceValues(func() (map[string]*writer, error) {
	all := make(map[string]*writer)
	for _, lang := range languages {
		p, err := locale.For(lang.tag)
		if err != nil {
			return nil, err
		}
		t, err := template.New("site").Funcs(template.FuncMap{"t": p.T}).Parse(markup)
		if err != nil {
			return nil, err
		}
		all[lang.tag] = &writer{p, t}
	}
	return all, nil
})

func in(lang language) (*writer, error) {
	all, err := writers()
	return all[lang.tag], err
}

func (w *writer) execute(name string, view any) ([]byte, error) {
	var out bytes.Buffer
	err := w.t.ExecuteTemplate(&out, name, view)
	return out.Bytes(), err
}

// frame is a page that needs nothing but its style and pictures of its own place.
func (w *writer) frame(lang language, title, other string, at kizuna.Instant) frame {
	sum := sha256.Sum256([]byte(style))
	return frame{
		Lang: lang.tag, Title: title, Style: template.CSS(style),
		Policy:  "default-src 'none'; img-src 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		Written: w.p.T("badge.page.written", stamp(at)),
		Other:   other, OtherLang: lang.other().tag, OtherName: w.p.T("badge.page.other"),
	}
}

// stamp writes an instant with its time, also a midnight: pages say when exactly.
func stamp(t kizuna.Instant) string { return t.Moment().Time().Format("2006-01-02 15:04 UTC") }

func (w *writer) until(t kizuna.Instant) string {
	if t == kizuna.Forever {
		return w.p.T("badge.page.open")
	}
	return stamp(t)
}

func (s *Site) badgePage(b *badge.Badge, lang language) ([]byte, error) {
	w, err := in(lang)
	if err != nil {
		return nil, err
	}
	p := w.p
	v := badgeView{frame: w.frame(lang, b.Name, b.ID+lang.other().suffix+".html", s.At), ID: b.ID, True: b.TrueAt(s.At)}
	during := b.True()
	v.Period = p.T("badge.page.true", stamp(during.From), w.until(during.To))
	switch {
	case v.True:
		v.Answer = p.T("badge.page.yes", stamp(s.At))
	case during.Empty():
		v.Answer, v.Period = p.T("badge.page.never"), ""
	case b.Revoked != nil:
		v.Answer = p.T("badge.page.revoked", stamp(b.Revoked.At), p.T("badge.because."+b.Revoked.Because))
	case s.At < during.From:
		v.Answer = p.T("badge.page.not-yet", stamp(during.From))
	default:
		v.Answer = p.T("badge.page.over", stamp(during.To))
	}
	add := func(key, value string) {
		if value != "" {
			v.Facts = append(v.Facts, fact{p.T("badge.page." + key), value})
		}
	}
	add("company", strings.TrimSpace(b.Subject.Name+" "+b.Subject.Company))
	if b.Certificate() {
		add("person", p.T("badge.page.hashed"))
	}
	add("achievement", b.Achievement)
	add("specializations", strings.Join(b.Specializations, "; "))
	add("family", b.Family)
	add("program", b.Program)
	add("issuer", s.Issuer.Name+" ("+s.Issuer.ID+")")
	add("issued", stamp(b.Issued))
	v.Links = []link{
		{"../credentials/" + b.ID + ".json", p.T("badge.page.json")}, {"../credentials/" + b.ID + ".jwt", p.T("badge.page.jwt")},
		{"../images/" + b.ID + ".png", p.T("badge.page.png")}, {b.ID + ".json", p.T("badge.page.statement")},
	}
	return w.execute("badge", v)
}

func (s *Site) partnerPage(company string, badges []badge.Badge, lang language) ([]byte, error) {
	w, err := in(lang)
	if err != nil {
		return nil, err
	}
	name := company
	for i := range badges {
		b := &badges[i]
		if b.Subject.Name != "" {
			name = b.Subject.Name + " " + company
		}
	}
	v := partnerView{frame: w.frame(lang, w.p.T("badge.page.of", name), "index"+lang.other().suffix+".html", s.At)}
	for i := range badges {
		b := &badges[i]
		state := w.p.T("badge.page.false")
		if b.TrueAt(s.At) {
			state = w.p.T("badge.page.holds")
		}
		v.Rows = append(v.Rows, row{
			Anchor: "../../verify/" + b.ID + lang.suffix + ".html", Name: b.Name,
			From: stamp(b.During.From), Until: w.until(b.During.To), State: state,
		})
	}
	return w.execute("partner", v)
}

// letterPage writes a letter in one page, first in English, then in Japanese.
func letterPage(l *badge.Letter, issuer badge.Issuer, token string) ([]byte, error) {
	var out bytes.Buffer
	for i, lang := range languages {
		w, err := in(lang)
		if err != nil {
			return nil, err
		}
		p := w.p
		v := letterView{
			Lang: lang.tag, Title: p.T("badge.letter.title"), Company: strings.TrimSpace(l.Name + " (" + l.Company + ")"), Issuer: issuer.Name,
			Date:   p.T("badge.letter.date", l.During.From.Date()),
			States: p.T("badge.letter.states", issuer.Name),
			Good:   p.T("badge.letter.good", (l.During.To - 1).Date()),
		}
		for _, line := range l.Lines {
			v.Rows = append(v.Rows, row{Name: line.Name.In(lang.tag), Until: p.T("badge.letter.until", (line.Until - 1).Date())})
		}
		if i == 0 {
			head, err := w.execute("head", w.frame(lang, v.Title, "", l.During.From))
			if err != nil {
				return nil, err
			}
			out.Write(head)
		}
		section, err := w.execute("letter", v)
		if err != nil {
			return nil, err
		}
		out.Write(section)
		if i == len(languages)-1 {
			// The token is of letters, digits, points and hyphens: nothing to escape.
			out.WriteString(`<script type="application/vc+jwt" id="letter">` + token + "</script>\n")
			foot, err := w.execute("foot", nil)
			if err != nil {
				return nil, err
			}
			out.Write(foot)
		}
	}
	return out.Bytes(), nil
}
