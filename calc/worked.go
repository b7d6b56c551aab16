package calc

import (
	"bytes"
	"embed"
	"path"
	"sync"
)

//go:embed worked/*.json
var worked embed.FS

// Worked returns the built-in worked cases by id: those that the vendor's pages
// and screens of all versions give, and some of our own. Each says where it stands
// written ("source") and how far it may be trusted ("kind"): stated, carried over
// from another version's page, read off a screen, corrected where the page
// contradicts itself, or derived from the rules by us.
func Worked() (map[string]*Case, error) { return workedOnce() }

var workedOnce = sync.OnceValues(func() (map[string]*Case, error) {
	all := make(map[string]*Case)
	entries, err := worked.ReadDir("worked")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		data, err := worked.ReadFile(path.Join("worked", entry.Name()))
		if err != nil {
			return nil, err
		}
		f, err := Parse(bytes.NewReader(data), entry.Name())
		if err != nil {
			return nil, err
		}
		for id, c := range f.Index() {
			all[id] = c
		}
	}
	return all, nil
})
