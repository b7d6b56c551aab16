package record

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/store"
)

// claims is how claims are kept. Their subject is what they claim, so that those
// which compete are found in the transaction that decides between them.
var claims = &life[claim.Claim]{
	kind:  ClaimKind,
	fresh: func(id string) claim.Claim { return claim.Claim{ID: id} },
	concerns: func(c *claim.Claim) store.Concerns {
		return store.Concerns{
			Tenant: association.Fold(c.Tenant), Location: association.Fold(c.Location), Subject: claimed(&c.Details),
		}
	},
	holds: func(c *claim.Claim) kizuna.Intervals {
		return union(c.Spells, func(s *claim.Spell) kizuna.Interval { return s.During })
	},
	due: func(_ *session, c *claim.Claim) (kizuna.Instant, bool, error) {
		at, _, ok := c.Due()
		return at, ok, nil
	},
	tick: (*session).settleClaim,
}

// claimed names what a claim is on, whatever its role: a rule may let one
// subscription have a partner for each role, another day's rule may not.
func claimed(d *claim.Details) string { return "claim:" + association.Fold(d.Key(false)) }

const onSubscription = "claim:subscription/"

// ClaimSubject is the subject of claims on a subscription, whatever their tenant: what
// they are found by.
func ClaimSubject(subscription string) string { return onSubscription + association.Fold(subscription) }

// ClaimedSubscription returns the subscription, folded, that a claim is on; false if it
// is on a workload of its tenant.
func ClaimedSubscription(c store.Concerns) (string, bool) {
	return strings.CutPrefix(c.Subject, onSubscription)
}

// ClaimOutcome is what became of a command on a claim.
type ClaimOutcome = Outcome[claim.Claim]

// ClaimForm is what a partner fills in, people's names included. When a claim is
// edited, what is empty stays as it was.
type ClaimForm struct {
	Location     string                `json:"location,omitempty"`
	Tenant       string                `json:"tenant,omitempty"`
	Workload     string                `json:"workload,omitempty"`
	Subscription string                `json:"subscription,omitempty"`
	Role         association.ClaimRole `json:"role,omitempty"`
	Area         claim.Area            `json:"area,omitempty"`
	Name         string                `json:"name,omitempty"`
	Contacts     []Contact             `json:"contacts,omitempty"`
}

// Contact is a person to ask about a claim.
type Contact struct {
	Of    string `json:"of"` // "customer", "partner", "technical"
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
	Title string `json:"title,omitempty"`
}

// contactsOf lists whom a contact may be of.
var contactsOf = []string{"customer", "partner", "technical"}

var claimID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CreateClaim makes a draft; without an id it gets a new one.
func (r *Record) CreateClaim(ctx context.Context, ask Ask, id string, form ClaimForm) (*ClaimOutcome, error) {
	if id != "" && !claimID.MatchString(id) {
		return nil, kizuna.Errorf("claim-id", "%q is no id for a claim", id).
			WithMend("use up to 64 letters, digits, dots, hyphens and underscores, or name none")
	}
	return r.claiming(ctx, ask, claim.Create, []any{id, form}, func(s *session) (*ClaimOutcome, error) {
		id := cmp.Or(id, "C-"+s.NewID()[:10])
		return step(s, claims, id, func(s *session, c claim.Claim) (claim.Claim, []lifecycle.Event, error) {
			if c.State != lifecycle.None {
				return c, nil, kizuna.Errorf("claim-id-taken", "there is a claim %q already", id).WithMend("name another id, or none")
			}
			st := claim.Step{Action: claim.Create}
			var err error
			if st.Details, err = s.fillIn(c.Details, form); err != nil {
				return c, nil, err
			}
			return s.apply(c, st)
		})
	})
}

// EditClaim changes what the form names.
func (r *Record) EditClaim(ctx context.Context, ask Ask, id string, form ClaimForm) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Edit, form, func(s *session, c claim.Claim) (st claim.Step, err error) {
		st.Details, err = s.fillIn(c.Details, form)
		return st, err
	})
}

// SubmitClaim hands a draft in. Who claims what another holds, or has handed in
// before, is in arbitration with it from then on.
func (r *Record) SubmitClaim(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Submit, nil, nil)
}

// StartReview says that a reviewer is on it.
func (r *Record) StartReview(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.StartReview, nil, nil)
}

// AskPartner asks the partner to mend the claim.
func (r *Record) AskPartner(ctx context.Context, ask Ask, id string, reasons []claim.Reason) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Ask, reasons, because(reasons))
}

// ResubmitClaim answers what was asked.
func (r *Record) ResubmitClaim(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Resubmit, nil, nil)
}

// ApproveClaim lets the partner have what it claims.
func (r *Record) ApproveClaim(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Approve, nil, nil)
}

// RejectClaim refuses the claim.
func (r *Record) RejectClaim(ctx context.Context, ask Ask, id string, reasons []claim.Reason) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Reject, reasons, because(reasons))
}

func because(reasons []claim.Reason) func(*session, claim.Claim) (claim.Step, error) {
	return func(*session, claim.Claim) (claim.Step, error) { return claim.Step{Reasons: reasons}, nil }
}

// DeclineClaim is the customer's no.
func (r *Record) DeclineClaim(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Decline, nil, nil)
}

// Disassociate is the partner's farewell; the comment says why.
func (r *Record) Disassociate(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.Disassociate, nil, nil)
}

// DateSubscription says when the subscription that is claimed ends.
func (r *Record) DateSubscription(ctx context.Context, ask Ask, id string, ends kizuna.Instant) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.DateSubscription, ends, func(*session, claim.Claim) (claim.Step, error) {
		return claim.Step{Ends: ends}, nil
	})
}

// OpenArbitration weighs the claim against whoever holds or claims the same.
func (r *Record) OpenArbitration(ctx context.Context, ask Ask, id string) (*ClaimOutcome, error) {
	return r.claim(ctx, ask, id, claim.OpenArbitration, nil, nil)
}

// Arbitrate decides between claims on the same thing, all at once: the winner
// comes first in the answer.
func (r *Record) Arbitrate(ctx context.Context, ask Ask, winner string, losers []string) ([]*ClaimOutcome, error) {
	out, receipt, err := do(ctx, r, ask, "claim.arbitrate", []any{winner, losers}, func(s *session) ([]*ClaimOutcome, error) {
		return s.arbitrate(winner, losers)
	})
	for _, o := range out {
		o.told(receipt)
	}
	return out, err
}

// claiming runs a command on one claim.
func (r *Record) claiming(ctx context.Context, ask Ask, action lifecycle.Action, input any, fn func(*session) (*ClaimOutcome, error)) (*ClaimOutcome, error) {
	return one(ctx, r, ask, "claim."+string(action), input, fn)
}

// claim runs a step on a claim that there is, and that is the actor's business;
// prepare says what the step carries.
func (r *Record) claim(ctx context.Context, ask Ask, id string, action lifecycle.Action, input any, prepare func(*session, claim.Claim) (claim.Step, error)) (*ClaimOutcome, error) {
	return r.claiming(ctx, ask, action, []any{id, input}, func(s *session) (*ClaimOutcome, error) {
		return step(s, claims, id, func(s *session, c claim.Claim) (claim.Claim, []lifecycle.Event, error) {
			if err := s.isThere(id, &c); err != nil {
				return c, nil, err
			}
			var st claim.Step
			var err error
			if prepare != nil {
				if st, err = prepare(s, c); err != nil {
					return c, nil, err
				}
			}
			st.Action = action
			return s.apply(c, st)
		})
	})
}

// isThere answers "not-found" for a claim that there is not, and for one that is
// none of the actor's business.
func (s *session) isThere(id string, c *claim.Claim) error {
	if c.State == lifecycle.None {
		return store.NotFound(store.Thing{Kind: claims.kind, ID: id})
	}
	return s.mustSee(store.Thing{Kind: claims.kind, ID: id}, claims.concerns(c))
}

// apply lets time have its say and then takes the step, with what follows from it
// at once: the date of the subscription, an arbitration.
func (s *session) apply(c claim.Claim, st claim.Step) (claim.Claim, []lifecycle.Event, error) {
	rules, err := claim.RulesOf(s.rules)
	if err != nil {
		return c, nil, err
	}
	c, events, err := s.settleClaim(c)
	if err != nil {
		return c, nil, err
	}
	s.settled = len(events)
	st.At = s.at
	at := c.Location
	if st.Details != nil && c.State == lifecycle.None {
		at = st.Details.Location
	}
	if st.Actor, err = s.actingFor(at); err != nil {
		return c, nil, err
	}
	details := c.Details
	if st.Details != nil {
		details = *st.Details
	}
	if st.Rivals, err = s.rivals(&details, c.ID); err != nil {
		return c, nil, err
	}
	if wantsWords(st.Action) {
		if st.Comment, err = s.remark(claims.concerns(&c)); err != nil {
			return c, nil, err
		}
	}
	take := func(st claim.Step) error {
		after, caused, err := claim.Apply(c, st, rules)
		if err != nil {
			return err
		}
		c, events = after, append(events, caused...)
		return nil
	}
	if err := take(st); err != nil {
		return c, nil, err
	}
	if st.Action == claim.Submit {
		if err := s.dateSubscription(&c, take); err != nil {
			return c, nil, err
		}
	}
	if s.contested(&c, st, rules) {
		contest := claim.Step{Action: claim.OpenArbitration, Actor: lifecycle.Actor{Role: lifecycle.System}, At: s.at, Rivals: st.Rivals}
		// Of those who submit, everybody who is there already came first.
		if err := take(contest); err != nil && kizuna.CodeOf(err) != "claim-uncontested" {
			return c, nil, err
		}
	}
	return c, events, nil
}

// wantsWords reports whether the machine looks at the comment.
func wantsWords(a lifecycle.Action) bool { return a == claim.Dispute || a == claim.Disassociate }

// contested reports whether a claim that was handed in may meet another one.
func (s *session) contested(c *claim.Claim, st claim.Step, rules claim.Rules) bool {
	switch st.Action {
	case claim.Submit:
		return true
	case claim.Resubmit, claim.Dispute:
		return len(claim.MustArbitrate(c, st.Rivals, rules.OnePerRole)) > 0
	}
	return false
}

// settleClaim does what time has to do to a claim by now, by the rules of the day
// on which each thing fell due.
func (s *session) settleClaim(c claim.Claim) (claim.Claim, []lifecycle.Event, error) {
	var events []lifecycle.Event
	for {
		due, _, ok := c.Due()
		if !ok || due > s.at {
			return c, events, nil
		}
		p, err := s.rulesOn(due.Date())
		if err != nil {
			return c, events, err
		}
		rules, err := claim.RulesOf(p)
		if err != nil {
			return c, events, err
		}
		after, caused, err := claim.Settle(c, due, rules)
		if err != nil {
			return c, events, err
		}
		c, events = after, append(events, caused...)
	}
}

// rivals are all other claims on the same thing, as they stand now.
func (s *session) rivals(d *claim.Details, except string) ([]claim.Claim, error) {
	found, err := s.Find(store.Query{Kind: claims.kind, Subject: claimed(d)})
	if err != nil {
		return nil, err
	}
	var out []claim.Claim
	for _, r := range found {
		c, err := claims.decode(r)
		if err != nil {
			return nil, err
		}
		if c.ID == except {
			continue
		}
		if c, _, err = s.settleClaim(c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// arbitrate decides in one go and saves everybody.
func (s *session) arbitrate(winner string, losers []string) ([]*ClaimOutcome, error) {
	if len(losers) == 0 || slices.ContainsFunc(losers, func(l string) bool { return association.Fold(l) == association.Fold(winner) }) {
		return nil, kizuna.Errorf("claim-arbitrate", "an arbitration has one winner and others who lose").
			WithMend("name every claim that takes part, and one of them as the winner")
	}
	rules, err := claim.RulesOf(s.rules)
	if err != nil {
		return nil, err
	}
	var parties []*party
	for _, id := range append([]string{winner}, losers...) {
		p, err := s.party(id)
		if err != nil {
			return nil, err
		}
		parties = append(parties, p)
	}
	if v := parties[0].version; s.ask.Expected != 0 && s.ask.Expected != v {
		return nil, store.Conflict(claims.thing(winner), s.ask.Expected, v)
	}
	st := claim.Step{Actor: s.ask.Actor, At: s.at}
	won := parties[0].claim
	if st.Rivals, err = s.rivals(&won.Details, won.ID); err != nil {
		return nil, err
	}
	if won.State != claim.Approved && won.State != claim.Arbitration {
		// Who came first is not in arbitration yet; who decides puts it there.
		open := st
		open.Action = claim.OpenArbitration
		var caused []lifecycle.Event
		if won, caused, err = claim.Apply(won, open, rules); err != nil {
			return nil, err
		}
		parties[0].opened = caused
	}
	var others []claim.Claim
	for _, p := range parties[1:] {
		others = append(others, p.claim)
	}
	won, lost, caused, err := claim.Arbitrate(won, others, st, rules)
	if err != nil {
		return nil, err
	}
	var out []*ClaimOutcome
	for i, c := range append([]claim.Claim{won}, lost...) {
		p := parties[i]
		s.settled, p.events = len(p.events), append(p.events, p.opened...)
		for _, e := range caused {
			if e.Detail["claim"] == c.ID {
				p.events = append(p.events, e)
			}
		}
		if err := save(s, claims, c.ID, p.version, c, p.events); err != nil {
			return nil, err
		}
		out = append(out, &ClaimOutcome{Thing: claims.thing(c.ID), Version: p.version + 1, Value: c, Events: p.events})
	}
	return out, nil
}

// party is a claim that takes part in an arbitration.
type party struct {
	claim   claim.Claim
	version int64
	events  []lifecycle.Event // that time has caused
	opened  []lifecycle.Event // that putting it into arbitration has caused
}

func (s *session) party(id string) (p *party, err error) {
	p = new(party)
	if p.claim, p.version, err = load(s, claims, id); err != nil {
		return nil, err
	}
	if err := s.isThere(id, &p.claim); err != nil {
		return nil, err
	}
	p.claim, p.events, err = s.settleClaim(p.claim)
	return p, err
}

// fillIn returns the details with what the form says, people put where they can be
// erased, names of things as the program and the directory write them.
func (s *session) fillIn(d claim.Details, form ClaimForm) (*claim.Details, error) {
	d.Location = cmp.Or(form.Location, d.Location)
	d.Tenant = cmp.Or(form.Tenant, d.Tenant)
	d.Workload = cmp.Or(form.Workload, d.Workload)
	d.Subscription = cmp.Or(form.Subscription, d.Subscription)
	d.Role = cmp.Or(form.Role, d.Role)
	d.Area = cmp.Or(form.Area, d.Area)
	if form.Location != "" {
		l, err := s.directory().Location(form.Location, s.at)
		if err != nil {
			return nil, err
		}
		d.Location = l.ID
	}
	if form.Workload != "" {
		var err error
		if d.Workload, err = workloadOf(s.rules, form.Workload); err != nil {
			return nil, err
		}
	}
	if d.Subscription != "" {
		known, err := s.known().subscription(d.Subscription)
		if err != nil {
			return nil, err
		}
		fact := known.Fact()
		if err := claim.CheckSubscription(&d, &fact, s.at); err != nil {
			return nil, err
		}
	}
	return &d, s.keepPeople(&d, form)
}

// keepPeople puts what the form says of people where it can be erased.
func (s *session) keepPeople(d *claim.Details, form ClaimForm) (err error) {
	concerns := claims.concerns(&claim.Claim{Details: *d})
	if form.Name != "" {
		if d.Name, err = s.Keep(aboutActor(s.ask.Actor), concerns, map[string]string{"claim": form.Name}); err != nil {
			return err
		}
	}
	if form.Contacts == nil {
		return nil
	}
	d.Contacts = nil
	for _, c := range form.Contacts {
		if !slices.Contains(contactsOf, c.Of) || c.Name == "" && c.Email == "" {
			return kizuna.Errorf("claim-contact", "%q is no contact", c.Of).
				WithMend("name a person, by name or address, of one of: %s", strings.Join(contactsOf, ", "))
		}
		value := map[string]string{}
		for key, text := range map[string]string{"name": c.Name, "email": c.Email, "title": c.Title} {
			if text != "" {
				value[key] = text
			}
		}
		ref, err := s.Keep(association.Fold(cmp.Or(c.Email, c.Name)), concerns, value)
		if err != nil {
			return err
		}
		d.Contacts = append(d.Contacts, claim.Contact{Of: c.Of, Ref: ref})
	}
	return nil
}

// workloadOf is the program's name for a workload. One that it does not count
// cannot be claimed: a slip of the pen would be a thing of its own.
func workloadOf(p *program.Program, name string) (string, error) {
	var known []string
	for _, list := range p.Workloads {
		for workload := range list.Names {
			if !slices.Contains(known, workload) {
				known = append(known, workload)
			}
		}
	}
	for alias, workload := range p.Aliases {
		if strings.EqualFold(alias, name) {
			return workload, nil
		}
	}
	slices.Sort(known)
	for _, workload := range known {
		if strings.EqualFold(workload, name) {
			return workload, nil
		}
	}
	return "", kizuna.Errorf("claim-workload", "%s counts no workload %q", p.Ref(), name).
		WithMend("claim one of: %s", strings.Join(known, ", "))
}

// dateSubscription takes over when the subscription ends, as the vendor's files say.
func (s *session) dateSubscription(c *claim.Claim, take func(claim.Step) error) error {
	if c.Subscription == "" {
		return nil
	}
	subscription, err := s.known().subscription(c.Subscription)
	if err != nil {
		return err
	}
	known := subscription.Fact()
	if err := claim.CheckSubscription(&c.Details, &known, s.at); err != nil {
		return err
	}
	if known.During.To == kizuna.Forever || known.During.To == c.SubscriptionEnds {
		return nil
	}
	return take(claim.Step{Action: claim.DateSubscription, Actor: lifecycle.Actor{Role: lifecycle.Vendor}, At: s.at, Ends: known.During.To})
}

// redateClaims tells the claims on a subscription when it ends now.
func (s *session) redateClaims(subscription string) error {
	known, err := s.known().subscription(subscription)
	if err != nil || known.During.To == kizuna.Forever {
		return err
	}
	found, err := s.Find(store.Query{Kind: claims.kind, Subject: claimed(&claim.Details{Subscription: subscription})})
	if err != nil {
		return err
	}
	for _, r := range found {
		c, err := claims.decode(r)
		if err != nil {
			return err
		}
		if c.State == claim.Final || c.State == claim.Ended || c.SubscriptionEnds == known.During.To {
			continue
		}
		c, events, err := s.settleClaim(c)
		if err != nil {
			return err
		}
		rules, err := claim.RulesOf(s.rules)
		if err != nil {
			return err
		}
		if slices.Contains(claim.Machine().Actions(c.State, lifecycle.Vendor), claim.DateSubscription) {
			dated := claim.Step{Action: claim.DateSubscription, Actor: lifecycle.Actor{Role: lifecycle.Vendor}, At: max(s.at, c.Changed), Ends: known.During.To}
			var caused []lifecycle.Event
			if c, caused, err = claim.Apply(c, dated, rules); err != nil {
				return err
			}
			s.settled, events = len(events), append(events, caused...)
		}
		if err := save(s, claims, c.ID, r.Version, c, events); err != nil {
			return err
		}
	}
	return nil
}
