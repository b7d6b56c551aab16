package record

import (
	"encoding/json"

	"github.com/kizuna-org/kizuna/store"
)

// growth is how a thing grows: what is recorded of it is only ever added to.
type growth[T any] struct {
	// join adds to a thing what a later version tells.
	join func(whole *T, later T)
	// added is what a thing tells that it did not tell before.
	added func(before, after T) T
}

// addition is the body of a version that tells what it adds to the version over which
// it stands. One that tells all is the thing itself: the first, and those of stores
// from the time when every version did.
type addition[T any] struct {
	Over int64 `json:"over"`
	Adds *T    `json:"adds"`
}

// encode writes the body of the version after one. The thing was loaded before.
func (l *life[T]) encode(s *session, id string, version int64, value T) ([]byte, error) {
	if l.grows == nil {
		return json.Marshal(value)
	}
	before, loaded := s.loaded[l.thing(id)].(T)
	s.loaded[l.thing(id)] = value
	if version == 0 || !loaded {
		return json.Marshal(value)
	}
	adds := l.grows.added(before, value)
	return json.Marshal(addition[T]{version, &adds})
}

// line reads a version: what it adds, or all that there is.
func (l *life[T]) line(r *store.Record) (value T, adds bool, err error) {
	var a addition[T]
	if err := json.Unmarshal(r.Body, &a); err != nil {
		return value, false, store.Unreadable(r, err)
	}
	if a.Adds == nil {
		value, err = l.decode(r)
		return value, false, err
	}
	if a.Over != r.Version-1 {
		return value, false, store.Unreadable(r, nil)
	}
	return *a.Adds, true, nil
}

// grown is what the versions of one thing, in order, tell together.
func (l *life[T]) grown(versions []*store.Record) (value T, err error) {
	lines := make([]T, 0, len(versions))
	for i := len(versions) - 1; i >= 0; i-- {
		line, adds, err := l.line(versions[i])
		if err != nil {
			return value, err
		}
		lines = append(lines, line)
		switch {
		case !adds:
			i = 0 // those before are told by this one, too
		case i == 0:
			return value, store.Unreadable(versions[0], nil) // it adds to one that is not there
		case versions[i-1].Version != versions[i].Version-1:
			return value, store.Unreadable(versions[i], nil)
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		l.grows.join(&value, lines[i])
	}
	return value, nil
}
