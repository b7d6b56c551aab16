package segmentcache

import (
	"encoding/json"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
)

// Origin is what a segment was built from. It stands in the segment's label, and says
// what the sources could hold, which the rows alone do not.
type Origin struct {
	Place   string           `json:"place"`
	KnownAt *kizuna.Moment   `json:"known_at,omitempty"`
	Sources []dataset.Source `json:"sources"`
}

// Label returns the text to be kept in a segment.
func (o *Origin) Label() string { return labelText(o) }

// ReadOrigin reads a label; false if it is another's.
func ReadOrigin(label string) (*Origin, bool) {
	o := new(Origin)
	if err := json.Unmarshal([]byte(label), o); err != nil || len(o.Sources) == 0 {
		return nil, false
	}
	return o, true
}

// Coverage is what the sources could hold.
func (o *Origin) Coverage() dataset.Coverage {
	return (&dataset.Dataset{Sources: o.Sources}).Coverage()
}

// Agrees reports whether a place still holds what the segment was built from, as far
// as the names of its files tell and the numbers of their rows. Sources were read
// without usage.
func (o *Origin) Agrees(sources []dataset.Source) bool {
	type file struct {
		kind, hash string
		rows       int
	}
	count := func(sources []dataset.Source) map[file]int {
		all := make(map[file]int)
		for i := range sources {
			s := &sources[i]
			f := file{s.Kind, s.SHA256, s.Rows}
			if s.Imported() {
				f.rows = 0 // part of them may be usage
			}
			if s.Kind != "table/usage" {
				all[f]++
			}
		}
		return all
	}
	before, now := count(o.Sources), count(sources)
	for f, n := range before {
		if now[f] != n {
			return false
		}
	}
	return len(before) == len(now)
}

// form is the version of the cache: what another one wrote is not taken. It goes up
// with every change of what is kept, or of what facts and rows mean for a segment.
const form = 2

// label is what the cache keeps in a segment besides the packed facts: which usage and
// which facts it holds, and what was said when they were read.
type label struct {
	Origin
	Form  int         `json:"form"`
	Usage kizuna.Hash `json:"usage"`
	Facts kizuna.Hash `json:"facts"`
	Rates kizuna.Hash `json:"rates"`
	// Over is set for a delta: what the segment beneath it was built from.
	Over *identity `json:"over,omitempty"`
	// Content is nil in a delta over a segment of the same usage.
	Content *content `json:"content,omitempty"`
}

// content is what was said when the usage was read.
type content struct {
	// Seen is when the state of the usage was looked at, before it was read.
	Seen    time.Time           `json:"seen"`
	State   *dataset.UsageState `json:"state"`
	Reading *dataset.Reading    `json:"reading"`
	Survey  *attribution.Survey `json:"survey"`
	Refused []kizuna.KeptError  `json:"refused,omitempty"`
	Twins   []segment.Twins     `json:"twins,omitempty"`
}

func (l *label) identity() identity { return identity{l.Usage, l.Facts} }

func (l *label) text() string {
	if l.Content == nil {
		return labelText(l)
	}
	kept, all := *l.Content, *l
	kept.Refused, all.Content = kizuna.KeepErrors(kept.Survey.Refused), &kept
	return labelText(&all)
}

func labelText(l any) string {
	data, err := json.Marshal(l)
	if err != nil {
		panic(err) // plain data
	}
	return string(data)
}

// readLabel reads a label of this form; false if it is another's.
func readLabel(text string) (*label, bool) {
	l := new(label)
	if err := json.Unmarshal([]byte(text), l); err != nil || l.Form != form {
		return nil, false
	}
	c := l.Content
	if c == nil {
		return l, l.Over != nil && l.Over.Usage == l.Usage
	}
	if c.Reading == nil || c.Survey == nil || c.State == nil || c.State.Key != l.Usage {
		return nil, false
	}
	c.Survey.Refused = kizuna.RestoreErrors(c.Refused)
	return l, true
}
