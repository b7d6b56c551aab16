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
	// about fills in whom the thing concerns that it does not tell itself; nil: nobody.
	about func(*session, *T, *store.Concerns) error
	// shown is what a viewer sees of a thing that concerns several; nil: all of it.
	shown func(store.Scope, T) T
	holds func(*T) kizuna.Intervals // nil: as long as the record says
	// due is when the clock next has something to do; nil: never.
	due func(*session, *T) (at kizuna.Instant, ok bool, err error)
	// tick does what the clock has to do now; nil: nothing.
	tick func(*session, T) (T, []lifecycle.Event, error)
	// grows is set for things that only grow: a version tells what it adds to the one
	// before, or all of it would be written again each time.
	grows *growth[T]
}

func (l *life[T]) thing(id string) store.Thing {
	return store.Thing{Kind: l.kind, ID: association.Fold(id)}
}

func (l *life[T]) decode(r *store.Record) (value T, err error) {
	if err := json.Unmarshal(r.Body, &value); err != nil {
		return value, store.Unreadable(r, err)
	}
	return value, nil
}

// load returns a thing and its version; version 0 is a fresh one.
func load[T any](s *session, l *life[T], id string) (value T, version int64, err error) {
	value, version, err = lookUp(s, l, id)
	if err == nil && version == 0 && l.fresh != nil {
		value = l.fresh(id)
	}
	if l.grows != nil {
		s.loaded[l.thing(id)] = value
	}
	return value, version, err
}

// lookUp returns a thing as the reader sees it, and its version; 0: there is none.
func lookUp[T any](from Reader, l *life[T], id string) (value T, version int64, err error) {
	if l.grows != nil {
		versions, err := from.Versions(l.thing(id))
		if err != nil || len(versions) == 0 {
			return value, 0, err
		}
		value, err = l.grown(versions)
		return value, versions[len(versions)-1].Version, err
	}
	r, err := from.Get(l.thing(id))
	if store.IsNotFound(err) {
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
	body, err := l.encode(s, id, version, value)
	if err != nil {
		return err
	}
	r := &store.Record{Thing: l.thing(id), Version: version + 1, Concerns: l.concerns(&value), Body: body}
	if l.about != nil {
		if err := l.about(s, &value, &r.Concerns); err != nil {
			return err
		}
	}
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
	if err := s.annotate(r.Concerns, events); err != nil {
		return err
	}
	s.Emit(r.Thing, r.Concerns, events...)
	return nil
}

// remark keeps what was said of the step, in somebody's own words, where it can be
// erased, and returns the reference; "" if nothing was said.
func (s *session) remark(c store.Concerns) (ref string, err error) {
	if s.ask.Comment == "" {
		return "", nil
	}
	ref, ok := s.remarks[c]
	if !ok {
		ref, err = s.Keep(aboutActor(s.ask.Actor), c, map[string]string{"comment": s.ask.Comment})
		s.remarks[c] = ref
	}
	return ref, err
}

// annotate refers to the remark from the first thing that the step itself caused.
func (s *session) annotate(c store.Concerns, events []lifecycle.Event) error {
	ref, err := s.remark(c)
	if err != nil || ref == "" || len(events) <= s.settled {
		return err
	}
	detail := map[string]string{"comment": ref}
	maps.Copy(detail, events[s.settled].Detail)
	events[s.settled].Detail = detail
	return nil
}

// aboutActor is under whom personal data is kept that an actor leaves behind.
func aboutActor(a lifecycle.Actor) string { return association.Fold(a.String()) }

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
	return union(spells, func(s *lifecycle.Spell) kizuna.Interval { return s.During })
}

// union is all the time that any of the spells, of whatever make, takes.
func union[S any](spells []S, during func(*S) kizuna.Interval) kizuna.Intervals {
	var all []kizuna.Interval
	for i := range spells {
		all = append(all, during(&spells[i]))
	}
	return kizuna.Union(all)
}
