package record

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/benefit"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// uses is what was used of bundles of benefits, by account and first day. What is in a
// bundle, and until when, membership and specializations say.
var uses = &life[benefit.Used]{
	kind: BenefitKind,
	concerns: func(u *benefit.Used) store.Concerns {
		return store.Concerns{Location: association.Fold(u.Account), Second: association.Fold(u.Owner)}
	},
	holds: func(*benefit.Used) kizuna.Intervals { return kizuna.Intervals{kizuna.Always} },
}

// BenefitOutcome is what became of a command about benefits.
type BenefitOutcome = Outcome[benefit.Used]

// UseBenefit does a step with a bundle: to redeem, to restore, to assign or to recall.
// The bundle is named by its id; "" is the only one that lasts.
func (r *Record) UseBenefit(ctx context.Context, ask Ask, account, bundle string, do benefit.Step) (*BenefitOutcome, error) {
	return one(ctx, r, ask, "benefit."+string(do.Action), []any{account, bundle, do}, func(s *session) (*BenefitOutcome, error) {
		day, err := s.day()
		if err != nil {
			return nil, err
		}
		k, err := s.benefits()
		if err != nil {
			return nil, err
		}
		owner, err := s.ownerOf(account)
		if err != nil {
			return nil, err
		}
		terms, err := k.named(owner, bundle, day)
		if err != nil {
			return nil, err
		}
		do.Actor, do.On = ask.Actor, day
		return step(s, uses, terms.Term.ID(), func(s *session, u benefit.Used) (benefit.Used, []lifecycle.Event, error) {
			return benefit.Apply(u, do, *terms)
		})
	})
}

// ownerOf finds the account behind an id; somebody of a location acts for its account's
// benefits as far as the machine lets a location.
func (s *session) ownerOf(id string) (string, error) {
	actor := s.ask.Actor
	if actor.Role == lifecycle.Partner {
		found, err := s.known().locations(actor.Company)
		if err != nil {
			return "", err
		}
		for _, l := range found {
			same := association.Fold(l.ID) == association.Fold(actor.Company) && l.During.Contains(s.at)
			if same && (association.Fold(l.Global) == association.Fold(id) || association.Fold(l.ID) == association.Fold(id)) {
				return l.Global, nil
			}
		}
	}
	return s.accountOf(id)
}

// benefits looks up what benefits stand on.
type benefits struct {
	knowledge
	rules           *membership.Rules
	specializations *specialization.Rules
	rulesOn         func(kizuna.Date) (*program.Program, error)
	at              kizuna.Instant
}

func (s *session) benefits() (benefits, error) {
	rules, err := s.membership()
	return benefits{s.known(), rules, s.specializations, s.rulesOn, s.at}, err
}

// named finds the bundle of that id, or the only one that lasts on a day.
func (k benefits) named(owner, bundle string, day kizuna.Date) (*benefit.Terms, error) {
	all, err := k.of(owner, day)
	if err != nil {
		return nil, err
	}
	var ids []string
	var found *benefit.Terms
	for i := range all {
		t := &all[i].Terms
		if bundle == "" && day >= t.Term.First && day <= t.Term.Last || association.Fold(bundle) == association.Fold(t.Term.ID()) {
			found = t
			ids = append(ids, t.Term.ID())
		}
	}
	switch {
	case len(ids) == 1:
		return found, nil
	case len(ids) > 1:
		return nil, kizuna.Errorf("benefit-which", "account %s has %d bundles on %s", owner, len(ids), day).
			WithMend("name one of them with --bundle: %s", strings.Join(ids, ", "))
	}
	return nil, kizuna.Errorf("benefit-no-bundle", "account %s has no bundle %q on %s", owner, bundle, day).
		WithMend("benefits come with a membership that was paid for: see kizuna benefit list")
}

// Bundle is a bundle of an account: what is in it, what a cap kept out, what was used.
type Bundle struct {
	ID      string         `json:"bundle"`
	Terms   benefit.Terms  `json:"-"`
	Term    benefit.Term   `json:"term"`
	Items   []benefit.Held `json:"items"`
	LeftOut []benefit.Left `json:"left_out,omitempty"`
	Used    benefit.Used   `json:"-"`
}

// of lists the bundles of an account up to a day, oldest first. Those of accounts that
// merged into it keep their own ends, and what they brought.
func (k benefits) of(owner string, day kizuna.Date) ([]Bundle, error) {
	ledger, err := k.ledger(owner)
	if err != nil {
		return nil, err
	}
	under, err := k.under(owner)
	if err != nil {
		return nil, err
	}
	var failed error
	programOn := func(d kizuna.Date) *program.Program {
		p, err := k.rulesOn(d)
		if err != nil {
			failed = err
		}
		return p
	}
	var out []Bundle
	for _, b := range k.rules.Status(ledger, day).Paid {
		if b.Legacy || b.First > day {
			continue
		}
		of := ledger
		if association.Fold(b.Account) != association.Fold(owner) {
			if of, err = k.ledger(b.Account); err != nil {
				return nil, err
			}
		}
		specialized, err := k.specialized(day, b.Account, owner)
		if err != nil {
			return nil, err
		}
		t := benefit.Terms{Term: benefit.Term{Account: b.Account, First: b.First, Anniversary: b.Anniversary, Last: b.Last}, Owner: owner, Locations: under}
		var left []benefit.Left
		t.Packages, left = benefit.Entitled(t.Term, day, designated(k.rules, of, day), specialized, programOn)
		if failed != nil {
			return nil, failed
		}
		used, err := k.used(t.Term.ID())
		if err != nil {
			return nil, err
		}
		out = append(out, Bundle{ID: t.Term.ID(), Terms: t, Term: t.Term, Items: benefit.Holdings(used, &t, day), LeftOut: left, Used: *used})
	}
	slices.SortStableFunc(out, func(a, b Bundle) int { return cmp.Compare(a.Term.First, b.Term.First) })
	return out, nil
}

// usedBenefits reports whether anything was redeemed of the bundle that an account paid
// for last.
func (s *session) usedBenefits(account string) (bool, error) {
	day, err := s.day()
	if err != nil {
		return false, err
	}
	k, err := s.benefits()
	if err != nil {
		return false, err
	}
	all, err := k.of(account, day)
	if err != nil {
		return false, err
	}
	used := false
	for i := range all {
		if association.Fold(all[i].Term.Account) == association.Fold(account) {
			used = all[i].Used.Redeemed()
		}
	}
	return used, nil
}

// under lists the locations of an account.
func (k benefits) under(owner string) (ids []string, err error) {
	found, err := k.locations(owner)
	for _, l := range found {
		if l.During.Contains(k.at) && association.Fold(l.Global) == association.Fold(owner) {
			ids = append(ids, l.ID)
		}
	}
	return ids, err
}

func (k benefits) ledger(account string) (*membership.Ledger, error) {
	e, version, err := lookUp(k, enrollments, account)
	if version == 0 {
		e.Account = account
	}
	return &e.Ledger, err
}

func (k benefits) used(id string) (*benefit.Used, error) {
	u, _, err := lookUp(k, uses, id)
	return &u, err
}

// designated lists when an account had designations, up to a day.
func designated(rules *membership.Rules, l *membership.Ledger, day kizuna.Date) []benefit.Span {
	var out []benefit.Span
	open := make(map[string]int)
	holds := func(s membership.State) bool { return s == membership.Enrolled || s == membership.RenewalDue }
	for _, turn := range rules.History(l, day) {
		i, held := open[turn.Area]
		switch {
		case !held && holds(turn.To):
			open[turn.Area] = len(out)
			out = append(out, benefit.Span{ID: turn.Area, First: turn.On, Last: day})
		case held && !holds(turn.To):
			out[i].Last = turn.On.AddDays(-1)
			delete(open, turn.Area)
		}
	}
	return out
}

// specialized lists when accounts had specializations, up to a day.
func (k benefits) specialized(day kizuna.Date, accounts ...string) ([]benefit.Span, error) {
	var out []benefit.Span
	seen := make(map[string]bool)
	for _, account := range accounts {
		found, err := k.Find(store.Query{Kind: pursuits.kind, Location: association.Fold(account)})
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if seen[r.ID] {
				continue
			}
			seen[r.ID] = true
			p, err := pursuits.decode(r)
			if err != nil {
				return nil, err
			}
			for _, days := range k.specializations.Held(&p, day) {
				out = append(out, benefit.Span{ID: p.Specialization, First: days.First, Last: days.Last})
			}
		}
	}
	return out, nil
}

// Benefits lists the bundles of an account that began by a day, for whoever may see it.
func (r *Record) Benefits(ctx context.Context, v store.View, account string, day kizuna.Date) (owner string, bundles []Bundle, err error) {
	ledger, err := r.Ledger(ctx, v, account)
	if err != nil {
		return "", nil, err
	}
	rules, err := r.membership()
	if err != nil {
		return "", nil, err
	}
	k := benefits{r.knownAt(ctx, v), rules, r.specializations, r.rulesOn, rules.Start(day)}
	bundles, err = k.of(ledger.Account, day)
	return ledger.Account, bundles, err
}
