package record

import (
	"encoding/json"
	"maps"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// life is how the things of a kind are kept.
type life[T any] struct {
	kind store.Kind
	// fresh is a thing that does not exist yet; nil: the zero T.
	fresh    func(id string) T
	concerns func(*T) store.Concerns
	holds    func(*T) kizuna.Intervals // nil: as long as the record says
	// due is when the clock next has something to do; nil: never.
	due func(*session, *T) (at kizuna.Instant, ok bool, err error)
}

func (l *life[T]) thing(id string) store.Thing {
	return store.Thing{Kind: l.kind, ID: association.Fold(id)}
}

func (l *life[T]) decode(r *store.Record) (value T, err error) {
	if err := json.Unmarshal(r.Body, &value); err != nil {
		return value, kizuna.Errorf("record-body", "%s version %d cannot be read", r.Thing, r.Version).WithCause(err)
	}
	return value, nil
}

// load returns a thing and its version; version 0 is a fresh one.
func load[T any](s *session, l *life[T], id string) (value T, version int64, err error) {
	r, err := s.Get(l.thing(id))
	if store.IsNotFound(err) {
		if l.fresh != nil {
			value = l.fresh(id)
		}
		return value, 0, nil
	}
	if err != nil {
		return value, 0, err
	}
	value, err = l.decode(r)
	return value, r.Version, err
}

// save records a thing's next version and tells what happened.
func save[T any](s *session, l *life[T], id string, version int64, value T, events []lifecycle.Event) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	r := &store.Record{Thing: l.thing(id), Version: version + 1, Concerns: l.concerns(&value), Body: body}
	if l.holds != nil {
		r.Valid = l.holds(&value)
	}
	if l.due != nil {
		switch at, ok, err := l.due(s, &value); {
		case err != nil:
			return err
		case ok:
			r.Due = &at
		}
	}
	if err := s.Put(r); err != nil {
		return err
	}
	if err := s.comment(r, events); err != nil {
		return err
	}
	s.Emit(r.Thing, r.Concerns, events...)
	return nil
}

// comment keeps what was said of a step, in somebody's own words, where it can be
// erased, and refers to it from what happened.
func (s *session) comment(r *store.Record, events []lifecycle.Event) error {
	if s.ask.Comment == "" || len(events) == 0 {
		return nil
	}
	ref, err := s.Keep(s.ask.Actor.String(), r.Concerns, map[string]string{"comment": s.ask.Comment})
	if err != nil {
		return err
	}
	detail := map[string]string{"comment": ref}
	maps.Copy(detail, events[0].Detail)
	events[0].Detail = detail
	return nil
}

// step loads the thing that a command is about, lets apply decide and saves it.
func step[T any](s *session, l *life[T], id string, apply func(*session, T) (T, []lifecycle.Event, error)) (*Outcome[T], error) {
	value, version, err := load(s, l, id)
	if err != nil {
		return nil, err
	}
	if s.ask.Expected != 0 && s.ask.Expected != version {
		return nil, store.Conflict(l.thing(id), s.ask.Expected, version)
	}
	value, events, err := apply(s, value)
	if err != nil {
		return nil, err
	}
	if err := save(s, l, id, version, value, events); err != nil {
		return nil, err
	}
	return &Outcome[T]{Thing: l.thing(id), Version: version + 1, Value: value, Events: events}, nil
}

// holding is when any of the spells holds.
func holding(spells lifecycle.Spells) kizuna.Intervals {
	var during []kizuna.Interval
	for _, s := range spells {
		during = append(during, s.During)
	}
	return kizuna.Union(during)
}
