package record

import (
	"context"
	"iter"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Item is a thing as it is read.
type Item[T any] struct {
	Thing    store.Thing   `json:"thing"`
	Version  int64         `json:"version"`
	Recorded kizuna.Moment `json:"recorded"`
	Value    T             `json:"value"`
}

// Items is a list of things.
type Items[T any] = iter.Seq2[*Item[T], error]

// View is how an actor looks at the record: as of an instant (nil: whether things
// hold or not), with what was known at a moment (0: now).
func (r *Record) View(ctx context.Context, actor lifecycle.Actor, asOf *kizuna.Instant, knownAt kizuna.Moment) (store.View, error) {
	scope, err := r.ScopeOf(ctx, actor)
	return store.View{Scope: scope, AsOf: asOf, KnownAt: knownAt}, err
}

// ScopeOf says whose things an actor may see.
func (r *Record) ScopeOf(ctx context.Context, actor lifecycle.Actor) (store.Scope, error) {
	return r.knownAt(ctx, store.View{}).scope(actor, r.clock().Instant())
}

func get[T any](ctx context.Context, r *Record, l *life[T], v store.View, id string) (*Item[T], error) {
	found, err := r.store.Get(ctx, v, l.thing(id))
	if err != nil {
		return nil, err
	}
	return itemOf(l, found)
}

func find[T any](ctx context.Context, r *Record, l *life[T], v store.View, q store.Query) Items[T] {
	q.Kind = l.kind
	return func(yield func(*Item[T], error) bool) {
		for found, err := range r.store.Find(ctx, v, q) {
			var item *Item[T]
			if err == nil {
				item, err = itemOf(l, found)
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// pages lists things some at a time, each page as it is when it is asked for: nothing is
// held open in between.
func pages[T any](ctx context.Context, r *Record, l *life[T], v store.View, q store.Query, size int) iter.Seq2[[]*Item[T], error] {
	q.Limit = size
	return func(yield func([]*Item[T], error) bool) {
		for {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			page := make([]*Item[T], 0, size)
			for item, err := range find(ctx, r, l, v, q) {
				if err != nil {
					yield(nil, err)
					return
				}
				page = append(page, item)
			}
			if len(page) > 0 {
				q.After = page[len(page)-1].Thing.ID
				if !yield(page, nil) {
					return
				}
			}
			if len(page) < size {
				return
			}
		}
	}
}

func itemOf[T any](l *life[T], r *store.Record) (*Item[T], error) {
	value, err := l.decode(r)
	return &Item[T]{r.Thing, r.Version, r.Recorded, value}, err
}
