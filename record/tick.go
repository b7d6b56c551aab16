package record

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Clock is who acts when time has run out.
var Clock = lifecycle.Actor{Role: lifecycle.System, ID: "clock"}

// Rung is a thing whose time had come, and what became of it.
type Rung struct {
	Thing  store.Thing       `json:"thing"`
	Entry  int64             `json:"entry,omitempty"`
	Events []lifecycle.Event `json:"events,omitempty"`
	Err    error             `json:"-"` // why nothing became of it
}

// together is how many things are rung side by side: they share the cost of making
// a transaction durable.
const together = 64

// errNothingDue ends a command that another clock was faster with.
var errNothingDue = errors.New("nothing is due")

// Tick finds what has run out by an instant (nil: now) and lets the clock act: each
// thing once, however many clocks run and however long none did. What fails is told
// and stops nothing else. rung is told of each thing as it is done.
func (r *Record) Tick(ctx context.Context, until *kizuna.Instant, rung func(Rung)) error {
	at := r.clock().Instant()
	if until != nil {
		if *until > at {
			return stepFuture(*until)
		}
		at = *until
	}
	failed := make(map[store.Thing]bool)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		// What failed stays on the list, in front of what is later.
		due, err := r.store.Due(ctx, at, together+len(failed))
		if err != nil {
			return err
		}
		due = slices.DeleteFunc(due, func(t store.Thing) bool { return failed[t] })
		if len(due) == 0 {
			return nil
		}
		for _, one := range r.ringAll(ctx, due, at) {
			switch {
			case errors.Is(one.Err, errNothingDue):
				continue
			case ctx.Err() != nil && errors.Is(one.Err, context.Cause(ctx)):
				continue
			case one.Err != nil:
				failed[one.Thing] = true
			}
			rung(one)
		}
	}
}

func (r *Record) ringAll(ctx context.Context, due []store.Thing, at kizuna.Instant) []Rung {
	out := make([]Rung, len(due))
	var all sync.WaitGroup
	for i, t := range due {
		all.Go(func() { out[i] = r.ring(ctx, t, at) })
	}
	all.Wait()
	return out
}

func (r *Record) ring(ctx context.Context, t store.Thing, at kizuna.Instant) Rung {
	out := Rung{Thing: t}
	k, err := kindOf(t.Kind)
	if err != nil {
		out.Err = err
		return out
	}
	events, receipt, err := do(ctx, r, Ask{Actor: Clock, At: &at}, string(t.Kind)+".tick", t, func(s *session) ([]lifecycle.Event, error) {
		before, err := s.Get(t)
		if err != nil {
			return nil, err
		}
		if before.Due == nil || *before.Due > at {
			return nil, errNothingDue
		}
		return k.ring(s, t.ID)
	})
	if err != nil {
		out.Err = err
		return out
	}
	out.Events, out.Entry = events, receipt.Entry
	return out
}
