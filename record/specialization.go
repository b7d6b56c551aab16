package record

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// pursuits is how companies' ways with specializations are kept, by global account and
// specialization. The clock sends reminders, and tells what the days bring.
var pursuits = &life[specialization.Pursuit]{
	kind: SpecializationKind,
	concerns: func(p *specialization.Pursuit) store.Concerns {
		return store.Concerns{Location: association.Fold(p.Account)}
	},
	holds: func(*specialization.Pursuit) kizuna.Intervals { return kizuna.Intervals{kizuna.Always} },
	due: func(s *session, p *specialization.Pursuit) (kizuna.Instant, bool, error) {
		days, err := s.membership()
		if err != nil {
			return 0, false, err
		}
		day, ok := s.specializations.Due(p)
		return days.Start(day), ok, nil
	},
	tick: func(s *session, p specialization.Pursuit) (specialization.Pursuit, []lifecycle.Event, error) {
		day, err := s.day()
		if err != nil {
			return p, nil, err
		}
		after, events := s.specializations.Tick(p, day)
		return after, events, nil
	},
}

func pursuitID(account, id string) string { return account + "/" + id }

// day is the program's day of the step.
func (s *session) day() (kizuna.Date, error) {
	rules, err := s.membership()
	if err != nil {
		return 0, err
	}
	return rules.Day(s.at), nil
}

// PursuitOutcome is what became of a command about a specialization.
type PursuitOutcome = Outcome[specialization.Pursuit]

// Pursue does a step of a company's way with a specialization: what was found is
// recorded, an audit or a reference goes on. Of what was found, which designations the
// account has is looked up in its membership. To request an audit or a reference, its
// id is given.
func (r *Record) Pursue(ctx context.Context, ask Ask, account, id string, do specialization.Step) (*PursuitOutcome, error) {
	action := "specialization." + string(do.Action)
	return one(ctx, r, ask, action, []any{account, id, do}, func(s *session) (*PursuitOutcome, error) {
		account, err := s.pursuing(account, id)
		if err != nil {
			return nil, err
		}
		return step(s, pursuits, pursuitID(account, id), func(s *session, p specialization.Pursuit) (specialization.Pursuit, []lifecycle.Event, error) {
			do.Actor = ask.Actor
			if do.On, err = s.day(); err != nil {
				return p, nil, err
			}
			p.Account, p.Specialization = account, id
			if do.Action == specialization.Find {
				if do.Finding.On == 0 {
					do.Finding.On = do.On
				}
				if do.Finding.Entitled, err = s.entitled(&p, do.Finding.On); err != nil {
					return p, nil, err
				}
			}
			return s.specializations.Apply(p, do)
		})
	})
}

// pursuing finds the account, for whoever may see it. A customer sees no accounts, and
// a pursuit only if it was asked for its word there.
func (s *session) pursuing(account, id string) (string, error) {
	if s.ask.Actor.Role != lifecycle.Customer {
		return s.accountOf(account)
	}
	p, _, err := load(s, pursuits, pursuitID(account, id))
	if err != nil {
		return "", err
	}
	own := func(f specialization.Reference) bool {
		return association.Fold(f.Tenant) == association.Fold(s.ask.Actor.Company)
	}
	if !slices.ContainsFunc(p.References, own) {
		return "", store.NotFound(pursuits.thing(pursuitID(account, id)))
	}
	return p.Account, nil
}

// entitled reports whether the account has the designations that a specialization
// stands on.
func (s *session) entitled(p *specialization.Pursuit, day kizuna.Date) (bool, error) {
	_, _, terms := s.specializations.On(p.Specialization, day)
	if terms == nil {
		return false, nil // said by the machine
	}
	e, _, err := load(s, enrollments, p.Account)
	if err != nil {
		return false, err
	}
	rules, err := s.membership()
	if err != nil {
		return false, err
	}
	return terms.Entitled(Designations(rules, &e.Ledger, day)), nil
}

// Designations answers which designations a membership has on a day.
func Designations(rules *membership.Rules, l *membership.Ledger, day kizuna.Date) func(area string) bool {
	status := rules.Status(l, day)
	return func(area string) bool {
		return slices.ContainsFunc(status.Areas, func(a membership.Area) bool { return a.ID == area && a.Holds() })
	}
}

// SpecializationRules returns the rules by which specializations are earned and kept.
func (r *Record) SpecializationRules() *specialization.Rules { return r.specializations }

// Pursuits lists what is recorded of companies' specializations.
func (r *Record) Pursuits(ctx context.Context, v store.View, q store.Query) Items[specialization.Pursuit] {
	return find(ctx, r, pursuits, v, q)
}

// PursuitsOf lists what is recorded of an account's specializations.
func (r *Record) PursuitsOf(ctx context.Context, v store.View, account string) ([]specialization.Pursuit, error) {
	v.AsOf = nil // a pursuit tells of every day
	var out []specialization.Pursuit
	for item, err := range r.Pursuits(ctx, v, store.Query{Location: association.Fold(account)}) {
		if err != nil {
			return nil, err
		}
		out = append(out, item.Value)
	}
	return out, nil
}
