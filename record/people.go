package record

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/store"
)

// Profile is a learning profile, and the references to what it is called.
type Profile struct {
	profile.Profile
	Names []Name `json:"names,omitempty"`
}

// Name refers to what a company calls a person.
type Name struct {
	Location string `json:"location"`
	Ref      string `json:"ref"`
}

// profiles is how learning profiles are kept.
var profiles = &life[Profile]{
	kind: ProfileKind,
	// Of the companies that know a person, the employer and the one that invited last
	// are shown the profile, each its own part ([Profile.For]).
	concerns: func(p *Profile) store.Concerns {
		c := store.Concerns{Subject: association.Fold(p.MCID), Location: association.Fold(p.Location())}
		for _, in := range slices.Backward(p.Invitations) {
			at := association.Fold(in.Location)
			switch {
			case in.Ended != "" || at == c.Location:
			case c.Location == "":
				c.Location = at
			case c.Second == "":
				c.Second = at
			}
		}
		return c
	},
	shown: func(s store.Scope, p Profile) Profile { return p.For(s) },
	holds: func(p *Profile) kizuna.Intervals {
		var during []kizuna.Interval
		for _, s := range p.Spells {
			during = append(during, s.During)
		}
		for _, in := range p.Invitations {
			during = append(during, in.During)
		}
		return kizuna.Union(during)
	},
	due: func(s *session, p *Profile) (kizuna.Instant, bool, error) {
		at, _, ok := p.Due(s.rules.People)
		return at, ok, nil
	},
	tick: func(s *session, p Profile) (Profile, []lifecycle.Event, error) {
		_, action, _ := p.Due(s.rules.People)
		return p.apply(s, profile.Step{Action: action, Actor: s.ask.Actor, At: s.at})
	},
}

func (p Profile) apply(s *session, step profile.Step) (Profile, []lifecycle.Event, error) {
	after, events, err := profile.Apply(p.Profile, step, s.rules.People)
	if err != nil {
		return p, nil, err
	}
	p.Profile = after
	return p, events, nil
}

// certificates is how certificates are kept, under "profile/certificate". They are
// the person's; a company sees them through the profile.
var certificates = &life[certificate.Certificate]{
	kind: CertificateKind,
	concerns: func(c *certificate.Certificate) store.Concerns {
		return store.Concerns{Subject: association.Fold(c.MCID)}
	},
	holds: func(c *certificate.Certificate) kizuna.Intervals {
		return union(c.Terms, func(t *certificate.Term) kizuna.Interval {
			during := kizuna.Interval{From: t.Earned.Instant(), To: kizuna.Forever}
			if t.Ends != nil {
				during.To = t.Ends.Instant()
			}
			return during
		})
	},
	due: func(s *session, c *certificate.Certificate) (kizuna.Instant, bool, error) {
		at, _, ok := c.Due(s.certificatePolicy(c.Certificate))
		return at, ok, nil
	},
	tick: func(s *session, c certificate.Certificate) (certificate.Certificate, []lifecycle.Event, error) {
		policy := s.certificatePolicy(c.Certificate)
		_, action, _ := c.Due(policy)
		return certificate.Apply(c, certificate.Step{Action: action, Actor: s.ask.Actor, At: s.at}, policy)
	},
}

func (s *session) certificatePolicy(id string) certificate.Policy {
	return certificate.PolicyFor(s.rules.Certificates[id])
}

// Invitation is a company's to a person.
type Invitation struct {
	MCID     string `json:"mcid"`
	Location string `json:"location,omitempty"` // empty: the actor's own
	// Person tells people apart who have several profiles; empty: nobody has said, the
	// profile stands for the person.
	Person string `json:"person,omitempty"`
	Name   string `json:"name,omitempty"` // kept where it can be erased
	Email  string `json:"email,omitempty"`
}

// Invite lets a person link the profile to a location of the company's.
func (r *Record) Invite(ctx context.Context, ask Ask, in Invitation) (*Outcome[Profile], error) {
	return r.profile(ctx, ask, in.MCID, in, profile.Step{Action: profile.Invite, Location: in.Location},
		func(s *session, p *Profile, step *profile.Step) error {
			step.MCID, step.Person = in.MCID, cmp.Or(in.Person, association.Fold(in.MCID))
			if in.Name == "" && in.Email == "" {
				return nil
			}
			ref, err := s.Keep(personOf(in.MCID), store.Concerns{Subject: association.Fold(in.MCID), Location: association.Fold(step.Location)},
				details("name", in.Name, "email", in.Email))
			p.Names = append(slices.Clone(p.Names), Name{step.Location, ref})
			return err
		})
}

// personOf is under what personal data of a profile's person is held: as an actor.
func personOf(mcid string) string {
	return lifecycle.Actor{Role: lifecycle.Person, ID: association.Fold(mcid)}.String()
}

// Profile does a step of a person or a company on a profile: [profile.Withdraw],
// [profile.Decline], [profile.Link], [profile.Unlink], [profile.ReportLeft] or
// [profile.RetractReport].
func (r *Record) Profile(ctx context.Context, ask Ask, action lifecycle.Action, mcid, location string) (*Outcome[Profile], error) {
	return r.profile(ctx, ask, mcid, location, profile.Step{Action: action, Location: location}, nil)
}

func (r *Record) profile(ctx context.Context, ask Ask, mcid string, input any, step profile.Step, prepare func(*session, *Profile, *profile.Step) error) (*Outcome[Profile], error) {
	return change(ctx, r, ask, profiles, mcid, step.Action, input,
		func(s *session, p Profile) (Profile, []lifecycle.Event, error) {
			step := step
			step.Actor, step.At = ask.Actor, s.at
			if err := s.whereabouts(&step); err != nil {
				return p, nil, err
			}
			if prepare != nil {
				if err := prepare(s, &p, &step); err != nil {
					return p, nil, err
				}
			}
			return p.apply(s, step)
		})
}

// whereabouts finds the location of a step and the account that acts for it. To
// end something the location need not be there any more.
func (s *session) whereabouts(step *profile.Step) error {
	if step.Location == "" && step.Actor.Role == lifecycle.Partner {
		step.Location = step.Actor.Company
	}
	if step.Location == "" {
		return nil
	}
	l, err := s.directory().Location(step.Location, step.At)
	switch {
	case err == nil:
		step.Location, step.Account = l.ID, l.Global
	case step.Action == profile.Invite || step.Action == profile.Link || kizuna.CodeOf(err) == "partner-id-global":
		return err
	}
	return nil
}

// MergeProfiles makes one profile of two that a person has, and carries the
// certificates over, as certification support does.
func (r *Record) MergeProfiles(ctx context.Context, ask Ask, survivor, duplicate string) (*Outcome[Profile], error) {
	return one(ctx, r, ask, "profile.merge", []string{survivor, duplicate}, func(s *session) (*Outcome[Profile], error) {
		var all []lifecycle.Event
		o, err := step(s, profiles, survivor, func(s *session, p Profile) (Profile, []lifecycle.Event, error) {
			other, version, err := load(s, profiles, duplicate)
			if err != nil {
				return p, nil, err
			}
			sayWhoTheyAre(&p.Profile, &other.Profile)
			united, ended, events, err := profile.Merge(p.Profile, other.Profile, profile.Step{Actor: ask.Actor, At: s.at}, s.rules.People)
			if err != nil {
				return p, nil, err
			}
			other.Profile = ended
			if err := save(s, profiles, duplicate, version, other, eventsOn(events, ended.MCID)); err != nil {
				return p, nil, err
			}
			carried, err := s.carry(ended.MCID, united.MCID)
			if err != nil {
				return p, nil, err
			}
			p.Profile, p.Names = united, append(slices.Clone(p.Names), other.Names...)
			all = append(events, carried...)
			return p, eventsOn(events, united.MCID), nil
		})
		if err == nil {
			o.Events = all
		}
		return o, err
	})
}

// sayWhoTheyAre settles who has two profiles: whoever was named as the person of
// one of them. Two who were named are not made one.
func sayWhoTheyAre(a, b *profile.Profile) {
	unnamed := func(p *profile.Profile) bool { return p.Person == association.Fold(p.MCID) }
	switch {
	case a.State == lifecycle.None || b.State == lifecycle.None:
	case unnamed(b):
		b.Person = a.Person
	case unnamed(a):
		a.Person = b.Person
	}
}

func eventsOn(events []lifecycle.Event, mcid string) []lifecycle.Event {
	var out []lifecycle.Event
	for _, e := range events {
		if association.Fold(e.Detail["mcid"]) == association.Fold(mcid) {
			out = append(out, e)
		}
	}
	return out
}

// carry takes the certificates of a profile that ended to the one that goes on.
func (s *session) carry(from, to string) ([]lifecycle.Event, error) {
	found, err := s.Find(store.Query{Kind: certificates.kind, Subject: association.Fold(from)})
	if err != nil {
		return nil, err
	}
	var all []lifecycle.Event
	for _, r := range found {
		c, err := certificates.decode(r)
		if err != nil {
			return nil, err
		}
		after, events, err := certificate.Apply(c, certificate.Step{Action: certificate.Carry, Actor: s.ask.Actor, At: s.at, MCID: to}, s.certificatePolicy(c.Certificate))
		if err != nil {
			return nil, err
		}
		if err := save(s, certificates, r.ID, r.Version, after, events); err != nil {
			return nil, err
		}
		all = append(all, events...)
	}
	return all, nil
}

// Certificate does a step on a profile's certificate: [certificate.Claim] and
// [certificate.Dismiss] by the person, [certificate.Earn], [certificate.Renew] and
// [certificate.Revoke] as the vendor says.
func (r *Record) Certificate(ctx context.Context, ask Ask, action lifecycle.Action, mcid, id string, on kizuna.Date, ends *kizuna.Date) (*Outcome[certificate.Certificate], error) {
	return one(ctx, r, ask, "certificate."+string(action), []any{mcid, id, on, ends},
		func(s *session) (*Outcome[certificate.Certificate], error) {
			mcid, id, thing, err := s.whichCertificate(mcid, id, nil)
			if err != nil {
				return nil, err
			}
			return step(s, certificates, thing, func(s *session, c certificate.Certificate) (certificate.Certificate, []lifecycle.Event, error) {
				return certificate.Apply(c, certificate.Step{
					Action: action, Actor: ask.Actor, At: s.at, MCID: mcid, Certificate: id, On: on, Ends: ends,
				}, s.certificatePolicy(id))
			})
		})
}

// Proven is a certificate as a signed credential says it, after the credential was
// verified: its issuer is trusted, its signature, dates and status hold, and it is
// about the profile.
type Proven struct {
	MCID        string            `json:"mcid"`
	Certificate string            `json:"certificate"`
	Earned      kizuna.Date       `json:"earned"`
	Ends        *kizuna.Date      `json:"ends,omitempty"`
	Proof       certificate.Proof `json:"proof"`
}

// ProveCertificate records what a verified credential says. The certificate counts
// from then on as if an export had said so.
func (r *Record) ProveCertificate(ctx context.Context, ask Ask, p Proven) (*Outcome[certificate.Certificate], error) {
	return one(ctx, r, ask, "certificate."+string(certificate.Prove), p, func(s *session) (*Outcome[certificate.Certificate], error) {
		mcid, id, thing, err := s.whichCertificate(p.MCID, p.Certificate, &p.Earned)
		if err != nil {
			return nil, err
		}
		return step(s, certificates, thing, func(s *session, c certificate.Certificate) (certificate.Certificate, []lifecycle.Event, error) {
			return certificate.Apply(c, certificate.Step{
				Action: certificate.Prove, Actor: s.ask.Actor, At: s.at, MCID: mcid, Certificate: id, On: p.Earned, Ends: p.Ends, Proof: &p.Proof,
			}, s.certificatePolicy(id))
		})
	})
}

// whichCertificate spells a profile and a certificate as the record and the program
// do, and finds where the certificate is kept. A profile that others were merged
// into may have two of a kind: the one that was earned on the day, if any.
func (s *session) whichCertificate(mcid, id string, earned *kizuna.Date) (_, _, thing string, err error) {
	p, _, err := load(s, profiles, mcid)
	if err != nil {
		return "", "", "", err
	}
	for known := range s.rules.Certificates {
		if strings.EqualFold(known, id) {
			id = known
		}
	}
	mcid = cmp.Or(p.MCID, mcid)
	if p.State == profile.Merged {
		mcid = p.Into // what is told of a profile that ended is of the one that goes on
	}
	best := -1
	err = each(s, certificates, store.Query{Subject: association.Fold(mcid)}, func(c *certificate.Certificate, at kizuna.Ref) {
		if c.Certificate != id {
			return
		}
		fits := 0
		if c.State == certificate.Held || c.State == certificate.Retired {
			fits = 1
		}
		if earned != nil && slices.ContainsFunc(c.Terms, func(t certificate.Term) bool { return t.Earned == *earned }) {
			fits = 2
		}
		if fits > best {
			best = fits
			_, thing, _ = strings.Cut(at.File, "/")
		}
	})
	return mcid, id, cmp.Or(thing, mcid+"/"+id), err
}

// Verified is what an export of the vendor's changed.
type Verified struct {
	Earned    int               `json:"earned"`
	Renewed   int               `json:"renewed"`
	Unchanged int               `json:"unchanged"`
	Events    []lifecycle.Event `json:"events,omitempty"`
	Receipt
}

// Verify records what an export of the vendor's says of certificates, all of it or
// nothing. What people only claimed is verified by it.
func (r *Record) Verify(ctx context.Context, ask Ask, rows []people.Certification) (*Verified, error) {
	v, receipt, err := do(ctx, r, ask, "certificate.import", rows, func(s *session) (*Verified, error) {
		v := &Verified{}
		for i := range rows {
			if err := s.verify(rows[i], v); err != nil {
				if known, ok := err.(*kizuna.Error); ok {
					return nil, known.WithRef(rows[i].At)
				}
				return nil, err
			}
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	v.told(receipt)
	return v, nil
}

func (s *session) verify(row people.Certification, v *Verified) error {
	mcid, id, thing, err := s.whichCertificate(row.MCID, row.Certificate, row.EarnedOn)
	if err != nil {
		return err
	}
	row.MCID, row.Certificate = mcid, id
	c, version, err := load(s, certificates, thing)
	if err != nil {
		return err
	}
	step, news := c.FromExport(row, s.ask.Actor, s.at)
	if !news {
		v.Unchanged++
		return nil
	}
	after, events, err := certificate.Apply(c, step, s.certificatePolicy(id))
	if err != nil {
		return err
	}
	if step.Action == certificate.Renew {
		v.Renewed++
	} else {
		v.Earned++
	}
	v.Events = append(v.Events, events...)
	return save(s, certificates, thing, version, after, events)
}
