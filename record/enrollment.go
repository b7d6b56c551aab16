package record

import (
	"context"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/store"
)

// enrollments is how companies' memberships are kept, by global account. The clock
// tells what the days bring: nothing is changed by it but how far the story was told.
var enrollments = &life[membership.Enrollment]{
	kind: EnrollmentKind,
	concerns: func(e *membership.Enrollment) store.Concerns {
		return store.Concerns{Location: association.Fold(e.Account)}
	},
	holds: func(*membership.Enrollment) kizuna.Intervals { return kizuna.Intervals{kizuna.Always} },
	due: func(s *session, e *membership.Enrollment) (kizuna.Instant, bool, error) {
		rules, err := s.membership()
		if err != nil {
			return 0, false, err
		}
		at, ok := rules.Due(e)
		return at, ok, nil
	},
	tick: func(s *session, e membership.Enrollment) (membership.Enrollment, []lifecycle.Event, error) {
		rules, err := s.membership()
		if err != nil {
			return e, nil, err
		}
		after, events := rules.Tick(e, s.at)
		return after, events, nil
	},
	grows: &growth[membership.Enrollment]{
		join: (*membership.Enrollment).Join, added: func(before, after membership.Enrollment) membership.Enrollment { return after.Added(before) },
	},
}

// EnrollmentOutcome is what became of a command about a company's membership. Its value
// is what the command added: the ledger itself grows for years, and an answer is kept
// for whoever sends the command again.
type EnrollmentOutcome = Outcome[membership.Enrollment]

// Qualify records what scores say of an account, by whose rules and with what
// knowledge. One that qualifies is a decision that counts from its day on.
func (r *Record) Qualify(ctx context.Context, ask Ask, account string, found []membership.Finding) (*EnrollmentOutcome, error) {
	return r.enroll(ctx, ask, account, membership.Step{Action: membership.Qualify, Findings: found})
}

// TakeOver records a membership of the time before that lasts until a day.
func (r *Record) TakeOver(ctx context.Context, ask Ask, account string, until kizuna.Date) (*EnrollmentOutcome, error) {
	return r.enroll(ctx, ask, account, membership.Step{Action: membership.TakeOver, Event: membership.Event{Until: &until}})
}

// Payment is a fee that was received.
type Payment struct {
	Note           string `json:"note,omitempty"`            // its number in the books
	LegacyBenefits bool   `json:"legacy_benefits,omitempty"` // it is for benefits of the time before
}

func (p Payment) event() membership.Event {
	return membership.Event{Note: p.Note, LegacyBenefits: p.LegacyBenefits}
}

// Enroll records the payment for a first term, or for one after all had lapsed.
func (r *Record) Enroll(ctx context.Context, ask Ask, account string, p Payment) (*EnrollmentOutcome, error) {
	return r.enroll(ctx, ask, account, membership.Step{Action: membership.Enroll, Event: p.event()})
}

// Renew records the payment for the next term.
func (r *Record) Renew(ctx context.Context, ask Ask, account string, p Payment) (*EnrollmentOutcome, error) {
	return r.enroll(ctx, ask, account, membership.Step{Action: membership.Renew, Event: p.event()})
}

// RefundFee takes the last payment back; used says that a benefit of it was used.
func (r *Record) RefundFee(ctx context.Context, ask Ask, account string, used bool) (*EnrollmentOutcome, error) {
	return r.enroll(ctx, ask, account, membership.Step{Action: membership.TakeBack, Event: membership.Event{Used: used}})
}

func (r *Record) enroll(ctx context.Context, ask Ask, account string, step membership.Step) (*EnrollmentOutcome, error) {
	input := []any{account, step}
	return one(ctx, r, ask, "enrollment."+string(step.Action), input, func(s *session) (*EnrollmentOutcome, error) {
		account, err := s.accountOf(account)
		if err != nil {
			return nil, err
		}
		return applyStep(s, account, step)
	})
}

func applyStep(s *session, account string, do membership.Step) (*EnrollmentOutcome, error) {
	var before membership.Enrollment
	o, err := step(s, enrollments, account, func(s *session, e membership.Enrollment) (membership.Enrollment, []lifecycle.Event, error) {
		before = e
		return s.applied(e, account, do)
	})
	if err == nil {
		o.Value = o.Value.Added(before)
	}
	return o, err
}

func (s *session) applied(e membership.Enrollment, account string, do membership.Step) (membership.Enrollment, []lifecycle.Event, error) {
	rules, err := s.membership()
	if err != nil {
		return e, nil, err
	}
	do.Account, do.Actor, do.At, do.Now = account, s.ask.Actor, s.at, s.Now().Instant()
	if do.Action == membership.TakeBack && !do.Event.Used {
		if do.Event.Used, err = s.usedBenefits(account); err != nil {
			return e, nil, err
		}
	}
	return rules.Apply(e, do)
}

// alongside does a step to a membership as part of one about its account. The version
// that was decided on is the account's.
func (s *session) alongside(account string, do membership.Step) error {
	do.Together = true
	e, version, err := load(s, enrollments, account)
	if err != nil {
		return err
	}
	after, events, err := s.applied(e, account, do)
	if err != nil {
		return err
	}
	return save(s, enrollments, account, version, after, events)
}

// accountOf finds the global account behind an id, which may be that of one of its
// locations. What is none of the actor's business is not found.
func (s *session) accountOf(id string) (string, error) {
	account := ""
	switch a, version, err := load(s, accounts, id); {
	case err != nil:
		return "", err
	case version > 0:
		account = a.ID
	}
	if account == "" {
		found, err := s.known().locations(id)
		if err != nil {
			return "", err
		}
		for _, l := range found {
			if l.During.Contains(s.at) && (strings.EqualFold(l.ID, id) || strings.EqualFold(l.Global, id)) {
				account = l.Global
			}
		}
	}
	if account == "" {
		return "", store.NotFound(accounts.thing(id))
	}
	return account, s.mustSee(accounts.thing(id), store.Concerns{Location: association.Fold(account)})
}

// absorb lets the account that goes on after a merge take in the membership of the
// one that ends, if it had one.
func (s *session) absorb(into, ended string) error {
	with, version, err := load(s, enrollments, ended)
	if err != nil || version == 0 {
		return err
	}
	if err := s.alongside(into, membership.Step{Action: membership.Absorb, Event: membership.Event{With: &with.Ledger}}); err != nil {
		return err
	}
	return s.endEnrollment(ended, into)
}

// endEnrollment ends the membership of an account that is no more.
func (s *session) endEnrollment(account, into string) error {
	_, version, err := load(s, enrollments, account)
	if err != nil || version == 0 {
		return err
	}
	return s.alongside(account, membership.Step{Action: membership.Close, Event: membership.Event{Into: into}})
}

// MembershipRules returns the rules by which companies enroll.
func (r *Record) MembershipRules() (*membership.Rules, error) { return r.membership() }

// Ledger returns all that is recorded of an account's membership, for whoever may see
// it; of an account of which nothing is, the empty one.
func (r *Record) Ledger(ctx context.Context, v store.View, account string) (*membership.Ledger, error) {
	switch e, version, err := lookUp(viewed{ctx, r.store, v}, enrollments, account); {
	case err != nil:
		return nil, err
	case version > 0:
		return &e.Ledger, nil
	}
	known := r.knownAt(ctx, v)
	a, err := known.Get(accounts.thing(account))
	if err == nil && v.Scope.Shows(a.Concerns) {
		return &membership.Ledger{Account: account}, nil
	}
	found, err := known.locations(account)
	if err != nil {
		return nil, err
	}
	for _, l := range found {
		global := store.Concerns{Location: association.Fold(l.Global)}
		switch {
		case strings.EqualFold(l.Global, account) && v.Scope.Shows(global):
			return &membership.Ledger{Account: l.Global}, nil
		case strings.EqualFold(l.ID, account) && v.Scope.Shows(global):
			return r.Ledger(ctx, v, l.Global)
		}
	}
	return nil, store.NotFound(accounts.thing(account))
}
