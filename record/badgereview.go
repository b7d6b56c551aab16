package record

import (
	"context"
	"errors"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/store"
)

// Reviewed is what became of some badges that were looked at.
type Reviewed struct {
	Looked  int               `json:"looked"`
	Revoked []string          `json:"revoked,omitempty"` // ids
	Events  []lifecycle.Event `json:"events,omitempty"`
	Receipt
}

// ReviewBadges takes back every badge whose designation or certificate no longer holds,
// or whose key was revoked: what the record says of them now decides. Some are looked at
// at a time, each time in a command of its own if something is to be taken back, and
// reviewed is told of each. What was taken back is not again, however many review at
// once, so the ask needs no key, and its key is left aside.
func (r *Record) ReviewBadges(ctx context.Context, ask Ask, ring did.Ring, q store.Query, reviewed func(*Reviewed)) error {
	if role := ask.Actor.Role; role != lifecycle.Operator && role != lifecycle.System {
		return kizuna.Errorf("badge-review", "only an operator reviews badges").
			WithMend("take back single ones: kizuna badge revoke BADGE --because on-request")
	}
	ask.Key = ""
	for page, err := range pages(ctx, r, badges, store.View{Scope: store.Everything}, q, badgePage) {
		if err != nil {
			return err
		}
		var ids []string
		for _, item := range page {
			if item.Value.State == badge.Issued {
				ids = append(ids, item.Value.ID)
			}
		}
		v, err := r.reviewPage(ctx, ask, ring, ids)
		if err != nil {
			return err
		}
		reviewed(v)
	}
	return nil
}

// errAllHold ends a command that has nothing to record.
var errAllHold = errors.New("all of them hold")

func (r *Record) reviewPage(ctx context.Context, ask Ask, ring did.Ring, ids []string) (*Reviewed, error) {
	things := make([]store.Thing, len(ids))
	for i, id := range ids {
		things[i] = badges.thing(id)
	}
	v, receipt, err := do(ctx, r, ask, "badge.review", []any{ring, ids}, func(s *session) (*Reviewed, error) {
		v := &Reviewed{Looked: len(ids)}
		if err := s.Load(things...); err != nil {
			return nil, err
		}
		for _, id := range ids {
			b, version, err := load(s, badges, id)
			if err != nil {
				return nil, err
			}
			if b.State != badge.Issued {
				continue // somebody was faster
			}
			because, err := s.outdated(&b, ring)
			if err != nil {
				return nil, err
			}
			if because == "" {
				continue
			}
			after, events, err := s.takeBack(b, because)
			if err != nil {
				return nil, err
			}
			if err := save(s, badges, id, version, after, events); err != nil {
				return nil, err
			}
			v.Revoked, v.Events = append(v.Revoked, b.ID), append(v.Events, events...)
		}
		if v.Revoked == nil {
			return nil, errAllHold
		}
		return v, nil
	})
	if errors.Is(err, errAllHold) {
		return &Reviewed{Looked: len(ids)}, nil
	}
	if err != nil {
		return nil, err
	}
	v.told(receipt)
	return v, nil
}

// outdated says why a badge is to be taken back; "": it is not.
func (s *session) outdated(b *badge.Badge, ring did.Ring) (because string, err error) {
	if slices.ContainsFunc(ring.Keys, func(k did.RingKey) bool { return k.Public == b.Key && k.Revoked != nil }) {
		return badge.KeyRevoked, nil
	}
	if b.Certificate() {
		_, _, thing, err := s.whichCertificate(b.Subject.MCID, b.Achievement, nil)
		if err != nil {
			return "", err
		}
		c, _, err := load(s, certificates, thing)
		if err != nil || c.State == certificate.Held || c.State == certificate.Retired {
			return "", err
		}
		return badge.Withdrawn, nil
	}
	stands, known, err := s.known().standing(s.company(), b.Subject.Company, s.at)
	if err != nil || !known {
		return "", err // an operator told how it stands; nothing here knows better
	}
	o, err := stands.Offer(s.rules, b.Achievement, nil, s.at)
	if kizuna.CodeOf(err) == "badge-not-all" {
		err = errors.Unwrap(err)
	}
	switch kizuna.CodeOf(err) {
	case "badge-not-held", "badge-closed":
		return badge.Withdrawn, nil
	case "":
		if err == nil && o.During.To < b.During.To { // the term ends sooner than it was to
			return badge.Withdrawn, nil
		}
	}
	return "", nil
}
