package partnercenter

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/people"
)

//go:embed titles.yaml
var titlesFile []byte

// titles are the certificates by their titles, and by their codes.
var titles = sync.OnceValue(func() map[string][]string {
	var byID map[string][]string
	if err := yaml.Load(titlesFile, &byID); err != nil {
		panic(err) // the file is part of the program and tested
	}
	out := make(map[string][]string)
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		for _, name := range append(byID[id], id) {
			if key := foldTitle(name); !slices.Contains(out[key], id) {
				out[key] = append(out[key], id)
			}
		}
	}
	return out
})

// foldTitle makes a certificate's titles comparable: "Microsoft 365 Certified:
// Teams Administrator Associate" and "Microsoft 365 Teams Administrator Associate"
// are one.
func foldTitle(s string) string {
	s = strings.ToLower(s)
	if _, rest, ok := strings.Cut(s, "certified:"); ok {
		s = rest
	}
	words := strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '-'
	})
	for len(words) > 0 && words[0] == "microsoft" {
		if words = words[1:]; len(words) > 0 && words[0] == "365" {
			words = words[1:]
		}
	}
	return strings.Join(words, " ")
}

// certificates returns the programs' ids of the certificate that a title names, by
// its words or by a code in it. A title may mean the certificate before and after
// a change of its exams.
func certificates(title string) []string {
	known := titles()
	if ids := known[foldTitle(title)]; ids != nil {
		return ids
	}
	for _, word := range strings.FieldsFunc(title, func(r rune) bool {
		return r == ' ' || r == ':' || r == '(' || r == ')' || r == ',' || r == '|'
	}) {
		if isCode(word) {
			if ids := known[foldTitle(word)]; ids != nil {
				return ids
			}
		}
	}
	return nil
}

// isCode tells AZ-104 from other words.
func isCode(s string) bool {
	letters, digits, ok := strings.Cut(s, "-")
	return ok && len(letters) == 2 && len(digits) == 3 && strings.Trim(digits, "0123456789") == ""
}

// trainingRow reads a row of trainings, exams and certifications.
func trainingRow(in *input) fate {
	title, kind := in.text(trainingTitle), strings.ToLower(in.text(trainingType))
	switch {
	case strings.Contains(kind, "exam") && !strings.Contains(kind, "certif"):
		return aside("aside.exam", title, nil) // a certificate may take several
	case strings.Contains(kind, "training"), strings.Contains(kind, "course"):
		return aside("aside.not-a-certificate", title, nil)
	}
	return in.certificate(person{
		mcid:  in.text(mcid),
		name:  strings.TrimSpace(in.text(firstName) + " " + in.text(lastName)),
		email: firstOf(in.text(corporateEmail), in.text(email)),
		id:    in.text(directoryUser),
	}, title, completed)
}

// learnRow reads a row of Microsoft Learn: courses, unless it names a certificate.
func learnRow(in *input) fate {
	title := in.text(learnTraining)
	says := strings.ToLower(in.text(trainingType) + " " + title)
	if !strings.Contains(says, "certifi") || len(certificates(title)) == 0 {
		return aside("aside.not-a-certificate", title, nil)
	}
	return in.certificate(person{mcid: in.text(learnUser), name: in.text(learnUserName)}, title, learnCompleted)
}

type person struct{ mcid, name, email, id string }

// certificate hands over a certificate, its holder and where the holder's profile
// is linked. Since when the profile is linked the report does not say.
func (in *input) certificate(p person, title string, earned field) fate {
	ids := certificates(title)
	if len(ids) == 0 {
		return aside("aside.unknown-certificate", title, nil)
	}
	id := firstOf(strings.ToLower(p.email), p.id, p.mcid)
	profile := firstOf(p.mcid, id)
	if profile == "" {
		return in.missing(mcid)
	}
	day, ok := parseDay(in.text(earned))
	if !ok {
		return in.badDate(earned)
	}
	expiry, f, ok := in.expiry()
	if !ok {
		return f
	}
	status := strings.ToLower(in.text(activation))
	if expiry == nil && (strings.Contains(status, "inactive") || strings.Contains(status, "expired") || strings.Contains(status, "revoked")) {
		return aside("aside.certificate-inactive", title, nil)
	}
	at := in.place()
	if in.firstTime("person", id, profile) {
		in.sink.Facts(people.Person{ID: id, Name: p.name, MCID: profile, At: at})
	}
	if where := in.text(location); where != "" && in.firstTime("link", profile, where) {
		in.sink.Facts(people.ProfileLink{MCID: profile, Location: where, During: kizuna.Always, At: at})
	}
	for _, id := range ids {
		in.sink.Facts(people.Certification{MCID: profile, Certificate: id, EarnedOn: &day, ExpiresOn: expiry, At: at})
	}
	return kept
}

func (in *input) expiry() (*kizuna.Date, fate, bool) {
	switch strings.ToLower(in.text(expires)) {
	case "", "na", "n/a", "none", "never", "-":
		return nil, kept, true
	}
	day, ok := parseDay(in.text(expires))
	if !ok {
		return nil, in.badDate(expires), false
	}
	return &day, kept, true
}

func (in *input) badDate(f field) fate {
	return in.refuse(f, kizuna.Errorf("partnercenter-date", "%s is not a day: %q", in.name(f), clip(in.text(f))).
		WithMend("write 2023-10-20 or 10/20/2023"))
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
