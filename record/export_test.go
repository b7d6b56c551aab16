package record

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Ring does what the clock has to do by the time, thing by thing, until nothing is
// due any more.
func (r *Record) Ring(ctx context.Context, until kizuna.Instant) (events []lifecycle.Event, err error) {
	ask := Ask{Actor: lifecycle.Actor{Role: lifecycle.System}, At: &until}
	for {
		due, err := r.store.Due(ctx, until, 100)
		if err != nil || len(due) == 0 {
			return events, err
		}
		for _, t := range due {
			more, err := r.ring(ctx, ask, t)
			if err != nil {
				return events, err
			}
			events = append(events, more...)
		}
	}
}

func (r *Record) ring(ctx context.Context, ask Ask, t store.Thing) ([]lifecycle.Event, error) {
	switch t.Kind {
	case roles.kind:
		return tick(ctx, r, ask, roles, t.ID)
	case memberships.kind:
		return tick(ctx, r, ask, memberships, t.ID)
	case appointments.kind:
		return tick(ctx, r, ask, appointments, t.ID)
	case resales.kind:
		return tick(ctx, r, ask, resales, t.ID)
	case profiles.kind:
		return tick(ctx, r, ask, profiles, t.ID)
	case certificates.kind:
		return tick(ctx, r, ask, certificates, t.ID)
	}
	panic(t)
}

func tick[T any](ctx context.Context, r *Record, ask Ask, l *life[T], id string) ([]lifecycle.Event, error) {
	o, err := change(ctx, r, ask, l, id, "tick", nil, l.tick)
	if err != nil {
		return nil, err
	}
	return o.Events, nil
}
