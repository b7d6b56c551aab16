package record

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/store"
)

// badges is how badges are kept, by their ids. A company's concern its account.
var badges = &life[badge.Badge]{
	kind: BadgeKind,
	concerns: func(b *badge.Badge) store.Concerns {
		return store.Concerns{Location: association.Fold(b.Subject.Company), Subject: association.Fold(b.Subject.MCID)}
	},
	holds: func(b *badge.Badge) kizuna.Intervals { return kizuna.Union([]kizuna.Interval{b.True()}) },
	due: func(_ *session, b *badge.Badge) (kizuna.Instant, bool, error) {
		at, ok := b.Due()
		return at, ok, nil
	},
	tick: func(s *session, b badge.Badge) (badge.Badge, []lifecycle.Event, error) {
		after, events, err := badge.Apply(b, badge.Step{Action: badge.Expire, Actor: s.ask.Actor, At: s.at})
		if err == nil {
			err = s.out(b.Entry)
		}
		return after, events, err
	},
}

// badgeCount counts an issuer's badges, so that each has a place of its own on the
// status lists.
type badgeCount struct {
	Count int `json:"count"`
}

var badgeCounts = &life[badgeCount]{
	kind:     BadgeCountKind,
	concerns: func(*badgeCount) store.Concerns { return store.Concerns{} },
}

// BadgeForm says which badge is wanted.
type BadgeForm struct {
	ID string `json:"id"` // fresh: badge.NewID

	Company     string `json:"company,omitempty"` // an account, or one of its locations
	Designation string `json:"designation,omitempty"`
	// Specializations to show, in this order.
	Specializations []string `json:"specializations,omitempty"`
	// Told is how the company stands, where an operator says so; nil: by its membership.
	Told *badge.Company `json:"told,omitempty"`

	MCID        string `json:"mcid,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	Salt        string `json:"salt,omitempty"` // fresh: badge.NewSalt
}

// IssueBadge issues a badge. One of the same award that still holds is taken back.
func (r *Record) IssueBadge(ctx context.Context, ask Ask, signer *badge.Signer, key string, form BadgeForm) (*Outcome[badge.Badge], error) {
	o, err := change(ctx, r, ask, badges, form.ID, badge.Issue, form, func(s *session, b badge.Badge) (badge.Badge, []lifecycle.Event, error) {
		award, err := s.award(&form)
		if err != nil {
			return b, nil, err
		}
		if err := s.replace(award); err != nil {
			return b, nil, err
		}
		if award.Entry, err = s.nextEntry(signer.Issuer().ID); err != nil {
			return b, nil, err
		}
		document, err := award.Document(signer.Issuer())
		if err != nil {
			return b, nil, err
		}
		signed, err := signer.Sign(document, s.at)
		if err != nil {
			return b, nil, err
		}
		issued := badge.Badge{Award: *award, Key: key}
		if issued.Kept, err = s.keepSigned(award, signed); err != nil {
			return b, nil, err
		}
		return badge.Apply(b, badge.Step{Action: badge.Issue, Actor: ask.Actor, At: s.at, Issued: issued})
	})
	if err != nil {
		return nil, err
	}
	return o, r.readSigned(ctx, store.View{Scope: store.Everything}, &o.Value)
}

// keepSigned holds the signed forms, which name the company, where they can be erased.
func (s *session) keepSigned(a *badge.Award, signed badge.Signed) (ref string, err error) {
	about, c := accounts.thing(a.Subject.Company).String(), store.Concerns{Location: association.Fold(a.Subject.Company)}
	if a.Certificate() {
		about, c = personOf(a.Subject.MCID), store.Concerns{Subject: association.Fold(a.Subject.MCID)}
	}
	return s.Keep(about, c, details("jwt", signed.JWT, "document", string(signed.Document), "name", a.Subject.Name))
}

// readSigned fills in what is kept apart, as far as the viewer may see it.
func (r *Record) readSigned(ctx context.Context, v store.View, all ...*badge.Badge) error {
	var refs []string
	for _, b := range all {
		refs = append(refs, b.Kept)
	}
	held, err := r.Names(ctx, v, refs...)
	for _, b := range all {
		if kept := held[b.Kept]; kept != nil {
			b.Subject.Name, b.Signed = kept["name"], badge.Signed{JWT: kept["jwt"], Document: json.RawMessage(kept["document"])}
		}
	}
	return err
}

// award is what the badge that is asked for says.
func (s *session) award(form *BadgeForm) (*badge.Award, error) {
	a := &badge.Award{ID: form.ID, Program: s.rules.Ref()}
	if form.MCID != "" {
		return a, s.certified(form, a)
	}
	account, err := s.known().account(form.Company, s.at)
	if err != nil {
		return nil, err
	}
	stands, err := s.known().standsFor(s.ask.Actor, s.company(), account.ID, form.Told, s.at)
	if err != nil {
		return nil, err
	}
	var name string
	if account.Name != "" {
		p, _, err := s.Personal(account.Name)
		if err != nil {
			return nil, err
		}
		name = p.Value["name"]
	}
	offer, err := stands.Offer(s.rules, form.Designation, form.Specializations, s.at)
	if err != nil {
		return nil, err
	}
	a.Subject = badge.Subject{Company: account.ID, Name: name}
	a.Achievement, a.Name, a.Specializations, a.During = offer.Designation, offer.Name.EN, offer.Specializations, offer.During
	if family, ok := s.rules.Badges.FamilyOn(offer.Designation, s.at.Date()); ok {
		a.Family = family.EN
	}
	return a, nil
}

// account finds the account behind an id of either kind. One that only imported files
// know has no more than its id.
func (k knowledge) account(id string, at kizuna.Instant) (company.Account, error) {
	account := company.Account{ID: id}
	l, err := k.directory().Location(id, at)
	switch {
	case err == nil:
		account.ID = l.Global
	case kizuna.CodeOf(err) != "partner-id-global":
		return account, err
	}
	found, err := k.Get(accounts.thing(account.ID))
	if store.IsNotFound(err) {
		return account, nil
	}
	if err != nil {
		return account, err
	}
	return accounts.decode(found)
}

// standsFor is how an account stands, for somebody who may know: partners their own.
// Told is what an operator says of it; nil: its membership tells.
func (k knowledge) standsFor(by lifecycle.Actor, rules companyRules, account string, told *badge.Company, at kizuna.Instant) (*badge.Company, error) {
	if by.Role == lifecycle.Partner {
		ids, err := k.within(account, at)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, association.Fold(by.Company)) {
			return nil, store.NotFound(accounts.thing(account))
		}
	}
	if told != nil && by.Role != lifecycle.Operator {
		return nil, kizuna.Errorf("badge-told", "only an operator can say how a company stands").
			WithMend("leave it out; the record of memberships tells")
	}
	if told != nil {
		return told, nil
	}
	stands, _, err := k.standing(rules, account, at)
	return stands, err
}

// certified is a professional's certificate, as it is held now.
func (s *session) certified(form *BadgeForm, a *badge.Award) error {
	if by := s.ask.Actor; by.Role == lifecycle.Person && association.Fold(by.ID) != association.Fold(form.MCID) {
		return store.NotFound(profiles.thing(form.MCID))
	}
	mcid, id, thing, err := s.whichCertificate(form.MCID, form.Certificate, nil)
	if err != nil {
		return err
	}
	c, _, err := load(s, certificates, thing)
	if err != nil {
		return err
	}
	if c.State != certificate.Held && c.State != certificate.Retired {
		return kizuna.Errorf("badge-not-certified", "%s of profile %s is %s, not held", id, mcid, c.State.Name()).
			WithMend("only what is verified and held becomes a badge")
	}
	term := c.Terms[len(c.Terms)-1]
	a.Subject = badge.Subject{MCID: mcid, Salt: form.Salt}
	a.Achievement, a.Name = id, id
	if known, ok := s.rules.Certificates[id]; ok && known.Name != "" {
		a.Name = known.Name
	}
	a.During = kizuna.Interval{From: term.Earned.Instant(), To: kizuna.Forever}
	if term.Ends != nil {
		a.During.To = term.Ends.Instant()
	}
	return nil
}

// replace takes back what was issued for the same award before.
func (s *session) replace(a *badge.Award) error {
	q := store.Query{Kind: badges.kind, Location: association.Fold(a.Subject.Company), Subject: association.Fold(a.Subject.MCID)}
	found, err := s.Find(q)
	if err != nil {
		return err
	}
	for _, r := range found {
		b, err := badges.decode(r)
		if err != nil {
			return err
		}
		if b.State != badge.Issued || b.Achievement != a.Achievement {
			continue
		}
		if err := s.revoke(r, b, badge.Replaced); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) revoke(r *store.Record, b badge.Badge, because string) error {
	after, events, err := s.takeBack(b, because)
	if err != nil {
		return err
	}
	return save(s, badges, r.ID, r.Version, after, events)
}

func (s *session) takeBack(b badge.Badge, because string) (badge.Badge, []lifecycle.Event, error) {
	after, events, err := badge.Apply(b, badge.Step{Action: badge.Revoke, Actor: s.ask.Actor, At: s.at, Because: because})
	if err == nil {
		err = s.out(b.Entry)
	}
	return after, events, err
}

func (s *session) nextEntry(issuer string) (int, error) {
	count, version, err := load(s, badgeCounts, issuer)
	if err != nil {
		return 0, err
	}
	entry := count.Count
	count.Count++
	return entry, save(s, badgeCounts, issuer, version, count, nil)
}

// RevokeBadge takes a badge back. Companies and professionals take back their own.
func (r *Record) RevokeBadge(ctx context.Context, ask Ask, id, because string) (*Outcome[badge.Badge], error) {
	return change(ctx, r, ask, badges, id, badge.Revoke, because, func(s *session, b badge.Badge) (badge.Badge, []lifecycle.Event, error) {
		if b.State == lifecycle.None {
			return b, nil, store.NotFound(badges.thing(id))
		}
		if err := s.mustSee(badges.thing(id), badges.concerns(&b)); err != nil {
			return b, nil, err
		}
		return s.takeBack(b, because)
	})
}

// Badges lists badges, those of a company with q.Location, of a professional with
// q.Subject. The signed forms are left out: see Badge and SignedBadges.
func (r *Record) Badges(ctx context.Context, v store.View, q store.Query) Items[badge.Badge] {
	return find(ctx, r, badges, v, q)
}

// badgePage is how many badges are held at once where there may be very many.
const badgePage = 64

// SignedBadges lists badges with their signed forms, some at a time: each time as they
// are then, so that nothing is kept waiting for whoever takes long over them.
func (r *Record) SignedBadges(ctx context.Context, v store.View, q store.Query) iter.Seq2[[]badge.Badge, error] {
	return func(yield func([]badge.Badge, error) bool) {
		for items, err := range pages(ctx, r, badges, v, q, badgePage) {
			if err != nil {
				yield(nil, err)
				return
			}
			some := make([]badge.Badge, len(items))
			of := make([]*badge.Badge, len(items))
			for i, item := range items {
				some[i], of[i] = item.Value, &some[i]
			}
			err := r.readSigned(ctx, v, of...)
			if !yield(some, err) || err != nil {
				return
			}
		}
	}
}

// Badge returns a badge with its signed forms.
func (r *Record) Badge(ctx context.Context, v store.View, id string) (*Item[badge.Badge], error) {
	item, err := get(ctx, r, badges, v, id)
	if err != nil {
		return nil, err
	}
	return item, r.readSigned(ctx, v, &item.Value)
}

// BadgeOffer is a badge that a company may have, or why there is none.
type BadgeOffer struct {
	badge.Offer
	Problem *kizuna.Error `json:"problem,omitempty"`
}

// BadgeOffers says of each designation, and of all of them together, whether there is
// a badge now.
func (r *Record) BadgeOffers(ctx context.Context, v store.View, by lifecycle.Actor, id string, told *badge.Company) ([]BadgeOffer, error) {
	rules, _, stands, at, err := r.stands(ctx, v, by, id, told)
	if err != nil {
		return nil, err
	}
	designations := []string{badge.AllAreas}
	for i := range rules.Areas {
		designations = append(designations, rules.Areas[i].ID)
	}
	var offers []BadgeOffer
	for _, d := range designations[1:] {
		offers = append(offers, offerOf(stands, rules, d, at))
	}
	return append(offers, offerOf(stands, rules, badge.AllAreas, at)), nil
}

func offerOf(stands *badge.Company, rules *program.Program, designation string, at kizuna.Instant) BadgeOffer {
	o, err := stands.Offer(rules, designation, nil, at)
	if err == nil {
		return BadgeOffer{Offer: o}
	}
	problem, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		problem = kizuna.Errorf("badge-none", "%s has no badges", rules.Ref()).WithMend("add badges: to the program file").WithCause(err)
	}
	return BadgeOffer{Offer: badge.Offer{Designation: designation}, Problem: problem}
}

// BadgeLetter composes a letter on what a company holds now.
func (r *Record) BadgeLetter(ctx context.Context, v store.View, by lifecycle.Actor, letter, id string, lines []string, told *badge.Company) (*badge.Letter, error) {
	rules, account, stands, at, err := r.stands(ctx, v, by, id, told)
	if err != nil {
		return nil, err
	}
	if rules.Badges == nil {
		return nil, kizuna.Errorf("badge-none", "%s has no badges", rules.Ref()).WithMend("add badges: to the program file")
	}
	names, err := r.Names(ctx, v, account.Name)
	if err != nil {
		return nil, err
	}
	end := at.Date().AddDays(rules.Badges.LetterDays).Instant()
	return stands.Compose(rules, letter, account.ID, names[account.Name]["name"], lines, kizuna.Interval{From: at, To: kizuna.Forever}, end)
}

// stands finds a company as an actor may look at it, and the rules of the day.
func (r *Record) stands(ctx context.Context, v store.View, by lifecycle.Actor, id string, told *badge.Company) (*program.Program, *company.Account, *badge.Company, kizuna.Instant, error) {
	at := r.clock().Instant()
	if v.AsOf != nil {
		at = *v.AsOf
	}
	rules, err := r.rulesOn(at.Date())
	if err != nil {
		return nil, nil, nil, 0, err
	}
	known := r.knownAt(ctx, v)
	account, err := known.account(id, at)
	if err != nil {
		return nil, nil, nil, 0, err
	}
	stands, err := known.standsFor(by, r.company(), account.ID, told, at)
	return rules, &account, stands, at, err
}
