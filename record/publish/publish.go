// Package publish keeps what an issuer of badges has published in step with the record.
//
// Several may publish to one place at once, in processes that do not know of each other.
// Nobody waits for anybody: whoever has written looks at the record again, and writes
// again if it says something else by now. So the last of them to write has written what
// holds, and nobody's late writing hides that a badge was taken back.
package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"reflect"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/site"
	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// Source is what is published of a record.
type Source interface {
	SignedBadges(ctx context.Context, v store.View, q store.Query) iter.Seq2[[]badge.Badge, error]
	StatusLists(ctx context.Context, issuer string) (int, error)
	StatusList(ctx context.Context, n int) (statuslist.List, error)
	Head(ctx context.Context, known kizuna.Moment) (entry int64, at kizuna.Moment, err error)
	Events(ctx context.Context, v store.View, after int64, limit int) ([]store.Event, error)
}

// Site writes what is published, a thing at a time: see [site.Site].
type Site interface {
	Document() error
	List(n int, list statuslist.List) error
	Current(file []byte, list statuslist.List) bool
	Badge(b *badge.Badge) error
	Partner(company string, badges []badge.Badge) error
}

// Publisher publishes to one place.
type Publisher struct {
	Source
	Site
	Issuer string
	// Read returns what is published under a name; nil if nothing can be read there.
	Read  func(name string) []byte
	Write func(name string, data []byte) error
}

// Written is how much was written.
type Written struct {
	Badges int `json:"badges"`
	Lists  int `json:"lists"`
}

// stateName is the file that says up to when a place is in step. It lies with the rest,
// so that whoever empties the place has all of it written again.
const stateName = "published.json"

type state struct {
	Issuer string        `json:"issuer"`
	Known  kizuna.Moment `json:"known"` // what the record knew then is published
}

var everything = store.View{Scope: store.Everything}

// Everything writes all that the issuer publishes, some badges at a time.
func (p *Publisher) Everything(ctx context.Context) (w Written, err error) {
	began, known, err := p.Head(ctx, 0)
	if err != nil {
		return w, err
	}
	entry := began
	if err := p.Document(); err != nil {
		return w, err
	}
	if w.Lists, err = p.lists(ctx, true); err != nil {
		return w, err
	}
	for some, err := range p.SignedBadges(ctx, everything, store.Query{}) {
		if err != nil {
			return w, err
		}
		for i := range some {
			if err := p.badgeAndPartner(ctx, &some[i]); err != nil {
				return w, err
			}
			w.Badges++
		}
		// All of them may take hours. Who looks at a list must not wait for that.
		now, _, err := p.Head(ctx, 0)
		if err != nil {
			return w, err
		}
		if now == entry {
			continue
		}
		entry = now
		if _, err := p.lists(ctx, false); err != nil {
			return w, err
		}
	}
	if err := p.keep(known); err != nil {
		return w, err
	}
	err = p.since(ctx, began, &w) // what happened meanwhile
	return w, err
}

// badgeAndPartner writes a badge and, with the first of a company, the company's page:
// so each is written once, and no more is held than the badges of one company.
func (p *Publisher) badgeAndPartner(ctx context.Context, b *badge.Badge) error {
	if err := p.Badge(b); err != nil || b.Subject.Company == "" {
		return err
	}
	same, err := p.of(ctx, ofSame(b))
	if err != nil || len(same) == 0 || same[0].ID != b.ID {
		return err
	}
	return p.Partner(b.Subject.Company, same)
}

// eventsAtOnce is how many events are held at once.
const eventsAtOnce = 1000

// Changed writes what has changed since the place was last in step, and status lists that
// say something else or will not be good much longer. Where nothing was published yet it
// writes everything.
func (p *Publisher) Changed(ctx context.Context) (w Written, err error) {
	var s state
	if json.Unmarshal(p.Read(stateName), &s) != nil || s.Issuer != p.Issuer {
		return p.Everything(ctx)
	}
	var entry int64
	if s.Known != 0 {
		if entry, _, err = p.Head(ctx, s.Known); err != nil {
			return w, err
		}
	}
	if err := p.Document(); err != nil {
		return w, err
	}
	err = p.since(ctx, entry, &w)
	return w, err
}

// since writes what has changed since an entry of the audit trail, until nothing has.
func (p *Publisher) since(ctx context.Context, entry int64, w *Written) error {
	for {
		latest, known, err := p.Head(ctx, 0)
		if err != nil {
			return err
		}
		n, err := p.lists(ctx, false) // first, because they must not be late
		if err != nil {
			return err
		}
		w.Lists += n
		if latest <= entry {
			return nil
		}
		events, err := p.Events(ctx, everything, entry, eventsAtOnce)
		if err != nil {
			return err
		}
		if n, err = p.happened(ctx, events); err != nil {
			return err
		}
		w.Badges += n
		entry = latest
		if len(events) >= eventsAtOnce { // there may be more up to the latest
			last := &events[len(events)-1]
			entry, known = last.Entry, last.Recorded
		}
		if err := p.keep(known); err != nil {
			return err
		}
	}
}

func (p *Publisher) keep(known kizuna.Moment) error {
	data, err := json.Marshal(state{p.Issuer, known})
	if err != nil {
		return err
	}
	return p.Write(stateName, append(data, '\n'))
}

// happened writes the badges to which something happened.
func (p *Publisher) happened(ctx context.Context, events []store.Event) (written int, err error) {
	ids := make(map[string]bool)
	var whose []store.Query
	for i := range events {
		e := &events[i]
		if e.Thing.Kind != record.BadgeKind {
			continue
		}
		ids[e.Thing.ID] = true
		q := store.Query{Location: e.Concerns.Location, Subject: e.Concerns.Subject}
		if !slices.ContainsFunc(whose, func(have store.Query) bool { return have.Location == q.Location && have.Subject == q.Subject }) {
			whose = append(whose, q)
		}
	}
	for _, q := range whose {
		same, err := p.of(ctx, q)
		if err != nil {
			return written, err
		}
		n, err := p.write(same, func(b *badge.Badge) bool { return ids[association.Fold(b.ID)] })
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

// Same writes what changes with one badge: the status lists, then the badges of the same
// company or professional, some of which it may have replaced.
func (p *Publisher) Same(ctx context.Context, b *badge.Badge) error {
	for before := []badge.Badge(nil); ; {
		if _, err := p.lists(ctx, false); err != nil { // first, because they must not be late
			return err
		}
		same, err := p.of(ctx, ofSame(b))
		if err != nil || reflect.DeepEqual(same, before) {
			return err
		}
		if _, err := p.write(same, func(*badge.Badge) bool { return true }); err != nil {
			return err
		}
		before = same
	}
}

func ofSame(b *badge.Badge) store.Query {
	return store.Query{Location: association.Fold(b.Subject.Company), Subject: association.Fold(b.Subject.MCID)}
}

// of lists the badges of one company or professional.
func (p *Publisher) of(ctx context.Context, q store.Query) (all []badge.Badge, err error) {
	for some, err := range p.SignedBadges(ctx, everything, q) {
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// write writes those badges of a company or a professional that are wanted, and the
// company's page.
func (p *Publisher) write(same []badge.Badge, wanted func(*badge.Badge) bool) (written int, err error) {
	for i := range same {
		if b := &same[i]; wanted(b) {
			if err := p.Badge(b); err != nil {
				return written, err
			}
			written++
		}
	}
	if len(same) == 0 || same[0].Subject.Company == "" {
		return written, nil
	}
	return written, p.Partner(same[0].Subject.Company, same)
}

// lists writes the status lists, all of them or those that are not current.
func (p *Publisher) lists(ctx context.Context, all bool) (written int, err error) {
	count, err := p.StatusLists(ctx, p.Issuer)
	if err != nil {
		return 0, err
	}
	for n := 1; n <= count; n++ {
		list, err := p.StatusList(ctx, n)
		if err != nil {
			return written, err
		}
		if !all && p.Current(p.Read(site.ListName(n)), list) {
			continue
		}
		for said := statuslist.List(nil); !bytes.Equal(said, list); {
			if err := p.List(n, list); err != nil {
				return written, err
			}
			written++
			said = list
			if list, err = p.StatusList(ctx, n); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}
