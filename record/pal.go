package record

import (
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// links is how partner admin links are kept, under "tenant/object".
var links = &life[pal.Link]{
	kind: "pal",
	concerns: func(l *pal.Link) store.Concerns {
		return store.Concerns{
			Tenant: association.Fold(l.Tenant), Subject: association.Fold(l.Object), Location: association.Fold(l.Partner),
		}
	},
	holds: func(l *pal.Link) kizuna.Intervals { return holding(l.Spells) },
}

// Link makes, moves or deletes the partner admin link of the identity that asks.
func (r *Record) Link(ctx context.Context, ask Ask, action lifecycle.Action, partner string) (*Outcome[pal.Link], error) {
	tenant, object := ask.Actor.Company, ask.Actor.ID
	return change(ctx, r, ask, links, tenant+"/"+object, action, partner,
		func(s *session, l pal.Link) (pal.Link, []lifecycle.Event, error) {
			if l.State == lifecycle.None {
				l = pal.New(tenant, object)
			}
			return pal.Apply(l, pal.Step{Action: action, Actor: ask.Actor, At: s.at, Partner: partner}, s.directory())
		})
}
