package certificate

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// The states of a certificate.
const (
	Claimed   lifecycle.State = "claimed"   // by hand; not counted
	Dismissed lifecycle.State = "dismissed" // the claim, by whoever made it or by the operator
	Held      lifecycle.State = "held"      // verified
	Retired   lifecycle.State = "retired"   // held, but no longer offered; counts to its last day
	Expired   lifecycle.State = "expired"   // ended; to be earned again
	Revoked   lifecycle.State = "revoked"   // taken away by the vendor
)

// The actions.
const (
	Claim   lifecycle.Action = "claim"
	Dismiss lifecycle.Action = "dismiss"
	Earn    lifecycle.Action = "earn"  // an export says so; verifies a claim
	Prove   lifecycle.Action = "prove" // a signed credential of a trusted issuer says so; verifies a claim
	Renew   lifecycle.Action = "renew"
	Revoke  lifecycle.Action = "revoke"
	Carry   lifecycle.Action = "carry"  // to the profile that the person's profile was merged into
	Warn    lifecycle.Action = "warn"   // the clock's
	Retire  lifecycle.Action = "retire" // the clock's
	Expire  lifecycle.Action = "expire" // the clock's
)

// Case is what the machine's conditions look at.
type Case struct {
	Certificate Certificate
	Step        Step
	Policy      Policy
}

// Machine returns the table of a certificate's life.
func Machine() *lifecycle.Machine[Case] { return machine }

var machine = &lifecycle.Machine[Case]{
	Name:   "certificate",
	States: []lifecycle.State{lifecycle.None, Claimed, Dismissed, Held, Retired, Expired, Revoked},
	Table: []lifecycle.Transition[Case]{
		{From: lifecycle.None, Action: Claim, By: person, To: Claimed, Guards: guards(named, oneself, dated)},
		{From: lifecycle.None, Action: Earn, By: vendor, To: Held, Guards: guards(named, dated)},
		{From: lifecycle.None, Action: Prove, By: person, To: Held, Guards: guards(named, oneself, dated, proved)},
		{From: lifecycle.None, Action: Prove, By: importers, To: Held, Guards: guards(named, dated, proved)},

		{From: Claimed, Action: Earn, By: vendor, To: Held, Guards: guards(dated, afterLast)},
		{From: Claimed, Action: Prove, By: person, To: Held, Guards: guards(oneself, dated, afterLast, proved)},
		{From: Claimed, Action: Prove, By: importers, To: Held, Guards: guards(dated, afterLast, proved)},
		{From: Claimed, Action: Renew, By: vendor, To: Held, Guards: guards(ending, notRetired, inTime)},
		{From: Claimed, Action: Dismiss, By: person, To: Dismissed, Guards: guards(oneself)},
		{From: Claimed, Action: Dismiss, By: operator, To: Dismissed},
		{From: Claimed, Action: Carry, By: vendor, To: Claimed, Guards: guards(elsewhere)},

		{From: Dismissed, Action: Claim, By: person, To: Claimed, Guards: guards(oneself, dated, afterLast)},
		{From: Dismissed, Action: Earn, By: vendor, To: Held, Guards: guards(dated, afterLast)},
		{From: Dismissed, Action: Prove, By: person, To: Held, Guards: guards(oneself, dated, afterLast, proved)},
		{From: Dismissed, Action: Prove, By: importers, To: Held, Guards: guards(dated, afterLast, proved)},
		{From: Dismissed, Action: Renew, By: vendor, To: Held, Guards: guards(ending, notRetired, inTime)},
		{From: Dismissed, Action: Carry, By: vendor, To: Dismissed, Guards: guards(elsewhere)},

		{From: Held, Action: Renew, By: vendor, To: Held, Guards: guards(ending, notRetired, inTime)},
		{From: Held, Action: Warn, By: clock, To: Held, Guards: guards(warns)},
		{From: Held, Action: Retire, By: clock, To: Retired, Guards: guards(isRetired)},
		{From: Held, Action: Expire, By: clock, To: Expired, Guards: guards(isOver)},
		{From: Held, Action: Revoke, By: vendor, To: Revoked, Guards: guards(happened)},
		{From: Held, Action: Carry, By: vendor, To: Held, Guards: guards(elsewhere)},

		{From: Retired, Action: Renew, By: vendor, To: Retired, Guards: guards(ending, notRetired, inTime)},
		{From: Retired, Action: Warn, By: clock, To: Retired, Guards: guards(warns)},
		{From: Retired, Action: Expire, By: clock, To: Expired, Guards: guards(isOver)},
		{From: Retired, Action: Revoke, By: vendor, To: Revoked, Guards: guards(happened)},
		{From: Retired, Action: Carry, By: vendor, To: Retired, Guards: guards(elsewhere)},

		// An export may tell late of a renewal that was made in time.
		{From: Expired, Action: Renew, By: vendor, To: Held, Guards: guards(ending, notRetired, inTime)},
		{From: Expired, Action: Claim, By: person, To: Claimed, Guards: guards(oneself, dated, afterLast)},
		{From: Expired, Action: Earn, By: vendor, To: Held, Guards: guards(dated, afterLast)},
		{From: Expired, Action: Prove, By: person, To: Held, Guards: guards(oneself, dated, afterLast, proved)},
		{From: Expired, Action: Prove, By: importers, To: Held, Guards: guards(dated, afterLast, proved)},
		{From: Expired, Action: Revoke, By: vendor, To: Revoked, Guards: guards(happened)},
		{From: Expired, Action: Carry, By: vendor, To: Expired, Guards: guards(elsewhere)},

		{From: Revoked, Action: Claim, By: person, To: Claimed, Guards: guards(oneself, dated, afterLast)},
		{From: Revoked, Action: Earn, By: vendor, To: Held, Guards: guards(dated, afterLast)},
		{From: Revoked, Action: Prove, By: person, To: Held, Guards: guards(oneself, dated, afterLast, proved)},
		{From: Revoked, Action: Prove, By: importers, To: Held, Guards: guards(dated, afterLast, proved)},
		{From: Revoked, Action: Carry, By: vendor, To: Revoked, Guards: guards(elsewhere)},
	},
}

var (
	person   = []lifecycle.Role{lifecycle.Person}
	vendor   = []lifecycle.Role{lifecycle.Vendor}
	operator = []lifecycle.Role{lifecycle.Operator}
	clock    = []lifecycle.Role{lifecycle.System}

	importers = []lifecycle.Role{lifecycle.Vendor, lifecycle.Operator}
)

func guards(all ...lifecycle.Guard[Case]) []lifecycle.Guard[Case] { return all }

var (
	named = lifecycle.Guard[Case]{Name: "profile and certificate are named", Check: func(c Case) error {
		if c.Step.MCID == "" || c.Step.Certificate == "" {
			return kizuna.Errorf("certificate-unnamed", "a certificate %q of profile %q", c.Step.Certificate, c.Step.MCID).
				WithMend("name the learning profile's id (MCID) and the certificate, such as AZ-104")
		}
		return nil
	}}
	oneself = lifecycle.Guard[Case]{Name: "the person's own", Check: func(c Case) error {
		mcid := c.Certificate.MCID
		if c.Certificate.State == lifecycle.None {
			mcid = c.Step.MCID
		}
		if association.Fold(c.Step.Actor.ID) != association.Fold(mcid) {
			return kizuna.Errorf("certificate-not-yours", "%s is not the person of profile %s", c.Step.Actor, mcid).
				WithMend("only the person can do that")
		}
		return nil
	}}
	dated = lifecycle.Guard[Case]{Name: "earned by now, ends later", Check: func(c Case) error {
		s := &c.Step
		if s.day() > s.At.Date() || s.Ends != nil && *s.Ends <= s.day() {
			return kizuna.Errorf("certificate-dates", "earned on %s, ends %s, told on %s", s.day(), orNever(s.Ends), s.At.Date()).
				WithMend("a certificate is earned before it is told of, and ends after it is earned")
		}
		return nil
	}}
	afterLast = lifecycle.Guard[Case]{Name: "earned after the term before", Check: func(c Case) error {
		before := c.Certificate.last()
		if before != nil && (before.Ends == nil || c.Step.day() < *before.Ends) {
			return kizuna.Errorf("certificate-terms-overlap", "%s was held from %s, ends %s; it was not earned anew on %s",
				c.Certificate.Certificate, before.Earned, orNever(before.Ends), c.Step.day()).
				WithMend("what lengthens a term is a renewal")
		}
		return nil
	}}
	proved = lifecycle.Guard[Case]{Name: "by a credential that was verified", Check: func(c Case) error {
		if p := c.Step.Proof; p == nil || p.Issuer == "" || p.SHA256 == (kizuna.Hash{}) {
			return kizuna.Errorf("certificate-unproved", "no credential was verified for %s of profile %s", c.Step.Certificate, c.Step.MCID).
				WithMend("import the signed credential; it is verified before it counts")
		}
		return nil
	}}
	happened = lifecycle.Guard[Case]{Name: "not to come", Check: func(c Case) error {
		if c.Step.day() > c.Step.At.Date() {
			return kizuna.Errorf("certificate-to-come", "%s is still to come on %s", c.Step.day(), c.Step.At.Date()).
				WithMend("correct the day")
		}
		return nil
	}}
	ending = lifecycle.Guard[Case]{Name: "held before, and it ends", Check: func(c Case) error {
		term := c.Certificate.last()
		if term == nil {
			return kizuna.Errorf("certificate-never-held", "%s of profile %s was never verified", c.Certificate.Certificate, c.Certificate.MCID).
				WithMend("what was not held is earned, not renewed")
		}
		if term.Ends == nil {
			return kizuna.Errorf("certificate-endless", "%s does not end", c.Certificate.Certificate).
				WithMend("fundamentals need no renewal")
		}
		return nil
	}}
	notRetired = lifecycle.Guard[Case]{Name: "not retired by then", Check: func(c Case) error {
		if c.Policy.retiredOn(c.Step.day()) {
			return kizuna.Errorf("certificate-retired", "%s was retired on %s", c.Certificate.Certificate, *c.Policy.Rule.Retired).
				WithMend("what is retired cannot be renewed")
		}
		return nil
	}}
	inTime = lifecycle.Guard[Case]{Name: "renewed in the months before the end", Check: func(c Case) error {
		s, ends := &c.Step, *c.Certificate.last().Ends
		opens := c.Policy.renewable(ends)
		if day := s.day(); day < opens || day >= ends || day > s.At.Date() {
			return kizuna.Errorf("certificate-not-renewable", "%s can be renewed from %s until the day before %s, not on %s",
				c.Certificate.Certificate, opens, ends, day).WithMend("who misses the renewal earns the certificate again")
		}
		if s.Ends != nil && *s.Ends <= ends {
			return kizuna.Errorf("certificate-shortened", "a renewal does not move the end of %s from %s to %s", c.Certificate.Certificate, ends, *s.Ends).
				WithMend("correct the end")
		}
		return nil
	}}
	warns = lifecycle.Guard[Case]{Name: "a warning is due and not given", Check: func(c Case) error {
		if c.Certificate.warning(c.Step.At, c.Policy) == 0 {
			return notDue(c)
		}
		return nil
	}}
	isRetired = lifecycle.Guard[Case]{Name: "the program says it is retired", Check: func(c Case) error {
		if !c.Policy.retiredOn(c.Step.At.Date()) {
			return notDue(c)
		}
		return nil
	}}
	isOver = lifecycle.Guard[Case]{Name: "its last day is past", Check: func(c Case) error {
		if day, ok := c.Certificate.over(c.Policy); !ok || c.Step.At < day.Instant() {
			return notDue(c)
		}
		return nil
	}}
	elsewhere = lifecycle.Guard[Case]{Name: "to another profile", Check: func(c Case) error {
		if c.Step.MCID == "" || association.Fold(c.Step.MCID) == association.Fold(c.Certificate.MCID) {
			return kizuna.Errorf("certificate-carried-nowhere", "%s of profile %s cannot be carried to %q", c.Certificate.Certificate, c.Certificate.MCID, c.Step.MCID).
				WithMend("name the profile that the person goes on with")
		}
		return nil
	}}
)

func notDue(c Case) error {
	return kizuna.Errorf("certificate-not-due", "%s of profile %s: nothing to %s on %s", c.Certificate.Certificate, c.Certificate.MCID, c.Step.Action, c.Step.At).
		WithMend("the clock does each thing once, when its day has come")
}

func orNever(d *kizuna.Date) string {
	if d == nil {
		return "never"
	}
	return d.String()
}
