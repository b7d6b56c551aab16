// Package locale says things in the language of the reader. Every text that a
// person sees stands in a catalogue: locale/LANG/TOPIC.json, flat JSON from key to
// text, with fmt verbs (indexed, %[2]s, where the order differs). Errors are
// looked up by "error.CODE" and "error.CODE.mend"; their English stands in the code.
package locale

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/kizuna-org/kizuna"
)

//go:embed en/*.json ja/*.json
var files embed.FS

// The languages.
const (
	English  = "en"
	Japanese = "ja"
)

// Languages lists what Kizuna speaks, the default first.
func Languages() []string { return []string{English, Japanese} }

// Printer writes in one language, and in English what that language lacks.
type Printer struct {
	Lang     string
	texts    map[string]string
	fallback map[string]string
}

// For returns the printer of a language tag such as "ja", "ja-JP" or
// "ja_JP.UTF-8"; English for a language that Kizuna does not speak.
func For(tag string) (*Printer, error) {
	fallback, err := Catalogue(English)
	if err != nil {
		return nil, err
	}
	p := &Printer{Lang: English, texts: fallback, fallback: fallback}
	if strings.HasPrefix(strings.ToLower(tag), Japanese) {
		p.Lang = Japanese
		p.texts, err = Catalogue(Japanese)
	}
	return p, err
}

// Catalogue returns all texts of a language.
func Catalogue(lang string) (map[string]string, error) {
	entries, err := files.ReadDir(lang)
	if err != nil {
		return nil, err
	}
	all := make(map[string]string)
	for _, entry := range entries {
		name := path.Join(lang, entry.Name())
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var topic map[string]string
		if err := json.Unmarshal(data, &topic); err != nil {
			return nil, fmt.Errorf("locale/%s: %w", name, err)
		}
		for key, text := range topic {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("locale/%s: %q stands in two files", name, key)
			}
			all[key] = text
		}
	}
	return all, nil
}

// T returns the text of the key with the arguments filled in.
func (p *Printer) T(key string, args ...any) string {
	text, ok := p.Lookup(key)
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Lookup returns the text of the key as it stands in the catalogue.
func (p *Printer) Lookup(key string) (string, bool) {
	if text, ok := p.texts[key]; ok {
		return text, true
	}
	text, ok := p.fallback[key]
	return text, ok
}

// Error writes an error for people: translated where its code is known, with its
// place and its mend.
func (p *Printer) Error(err error) string {
	known, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		return err.Error()
	}
	message, mend := p.texts["error."+known.Code], p.texts["error."+known.Code+".mend"]
	return known.Translated(message, mend).Error()
}
