package record

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Held is all that is held about somebody.
type Held struct {
	About    string           `json:"about"`
	Personal []store.Personal `json:"personal"` // names, addresses, words: what can be erased
	Things   []*store.Record  `json:"things"`   // what the person is the subject of
	Rows     []*store.Fact    `json:"rows"`     // what imported files say of the person
	Acts     []Act            `json:"acts"`     // what the person did, as the audit trail has it
}

// Act is an entry of the audit trail.
type Act struct {
	Entry  int64         `json:"entry"`
	At     kizuna.Moment `json:"at"`
	Action string        `json:"action"`
	Actor  string        `json:"actor"`
}

// PersonData returns all that is held about somebody: a person under a learning
// profile or as an actor, or an address. One asks for oneself, an operator for
// anybody.
func (r *Record) PersonData(ctx context.Context, actor lifecycle.Actor, about string) (*Held, error) {
	who, err := whoIs(actor, about)
	if err != nil {
		return nil, err
	}
	known := r.knownAt(ctx, store.View{})
	if err := known.imported(&who); err != nil {
		return nil, err
	}
	out := &Held{About: about}
	if who.mcid != "" {
		if out.Rows, err = known.imports.Rows(known, who.mcid); err != nil {
			return nil, err
		}
	}
	for _, name := range who.names {
		rows, err := r.store.PersonalAbout(ctx, store.View{Scope: store.Everything}, name)
		if err != nil {
			return nil, err
		}
		out.Personal = append(out.Personal, rows...)
	}
	if err := r.thingsOf(ctx, who, out); err != nil {
		return nil, err
	}
	trail, err := r.store.Trail(ctx)
	if err != nil {
		return nil, err
	}
	for e, err := range trail.Entries {
		if err != nil {
			return nil, err
		}
		entry, err := e.Entry()
		if err != nil {
			continue // the audit names it
		}
		if slices.Contains(who.names, association.Fold(entry.Actor)) || slices.Contains(who.names, association.Fold(entry.Behalf)) {
			out.Acts = append(out.Acts, Act{entry.Seq, entry.At, entry.Action, entry.Actor})
		}
	}
	return out, nil
}

func (r *Record) thingsOf(ctx context.Context, who somebody, out *Held) error {
	if who.subject == "" {
		return nil
	}
	for _, kind := range Kinds() {
		for found, err := range r.store.Find(ctx, store.View{Scope: store.Everything}, store.Query{Kind: kind, Subject: who.subject}) {
			if err != nil {
				return err
			}
			out.Things = append(out.Things, found)
		}
	}
	return nil
}

// Erasure is what was erased of somebody.
type Erasure struct {
	About    string        `json:"about"`
	Refs     []string      `json:"refs"`
	Entry    int64         `json:"entry,omitempty"`
	Recorded kizuna.Moment `json:"recorded,omitzero"`
}

// PersonErase erases names, addresses and words of somebody. What the person did
// stays, under ids; that something was erased stays in the audit trail, which
// holds as before.
func (r *Record) PersonErase(ctx context.Context, ask Ask, about string) (*Erasure, error) {
	who, err := whoIs(ask.Actor, about)
	if err != nil {
		return nil, err
	}
	refs, receipt, err := do(ctx, r, ask, "person.erase", about, func(s *session) ([]string, error) {
		if err := s.known().imported(&who); err != nil {
			return nil, err
		}
		var refs []string
		for _, name := range who.names {
			gone, err := s.Erase(name)
			if err != nil {
				return nil, err
			}
			refs = append(refs, gone...)
		}
		return refs, nil
	})
	if err != nil {
		return nil, err
	}
	return &Erasure{about, refs, receipt.Entry, receipt.Recorded}, nil
}

// somebody is under which names personal data is kept of a person, and of what the
// person is the subject.
type somebody struct {
	names   []string
	subject string
	mcid    string // the learning profile, if it may be one
}

// imported adds the names under which imported files keep personal data.
func (k knowledge) imported(who *somebody) error {
	if who.mcid == "" {
		return nil
	}
	more, err := k.imports.Abouts(k, who.mcid)
	for _, name := range more {
		if !slices.Contains(who.names, name) {
			who.names = append(who.names, name)
		}
	}
	return err
}

// whoIs finds somebody who is named as an actor ("person:PROFILE"), by a learning
// profile or by an address, and refuses who asks for others.
func whoIs(actor lifecycle.Actor, about string) (who somebody, err error) {
	about = association.Fold(about)
	if about == "" {
		return who, kizuna.Errorf("person-about", "nobody is named").WithMend("write --about person:PROFILE, an actor as --as takes it, or an address")
	}
	who.names = []string{about}
	if named, err := lifecycle.ParseActor(about); err == nil {
		if named.ID == "" { // a company is nobody, and all of its people are not one
			return who, kizuna.Errorf("person-about", "nobody is named").WithMend("write --about person:PROFILE, an actor as --as takes it, or an address")
		}
		if named.Role == lifecycle.Person || named.Role == lifecycle.Identity {
			who.subject = named.ID
		}
		if named.Role == lifecycle.Person {
			who.mcid = named.ID
		}
	} else {
		profile := lifecycle.Actor{Role: lifecycle.Person, ID: about}
		who.names, who.subject, who.mcid = append(who.names, profile.String()), about, about
	}
	if actor.Role != lifecycle.Operator && !slices.Contains(who.names, aboutActor(actor)) {
		return who, kizuna.Errorf("person-other", "%s asks about somebody else", actor).
			WithMend("ask about yourself, or let the operator do it on your behalf")
	}
	return who, nil
}
