// Package certificate is the life of a certificate that somebody earned. It belongs
// to the person, through the learning profile, and survives every employer: nothing
// here knows of companies.
//
// What the vendor's export says, or a signed credential of an issuer that is trusted,
// is verified. What a person only claims by hand is
// kept apart and not counted until an export says so too.
package certificate

import (
	"slices"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
)

// Certificate is one certificate of one profile, however often it was earned.
type Certificate struct {
	MCID        string          `json:"mcid"`
	Certificate string          `json:"certificate"` // the program's id, such as AZ-104
	State       lifecycle.State `json:"state"`
	Terms       []Term          `json:"terms,omitempty"`  // verified; one after another, they never overlap
	Claim       *Term           `json:"claim,omitempty"`  // while Claimed: what the person says
	Warned      int             `json:"warned,omitempty"` // the last warning of this term: so many days before it ends
	// CountsThrough is the last day on which a retired certificate counts; nil if
	// that is not known.
	CountsThrough *kizuna.Date   `json:"counts_through,omitempty"`
	Changed       kizuna.Instant `json:"changed,omitzero"`
}

// Term is the time from earning a certificate to its end.
type Term struct {
	Earned  kizuna.Date   `json:"earned"`
	Ends    *kizuna.Date  `json:"ends,omitempty"` // the first day on which it no longer holds; nil: it does not end, as fundamentals
	Renewed []kizuna.Date `json:"renewed,omitempty"`
	Proof   *Proof        `json:"proof,omitempty"` // nil: an export of the vendor's said so
}

// Proof is the signed credential by which a term was verified.
type Proof struct {
	Issuer     string         `json:"issuer"`               // did:web:learn.example
	Credential string         `json:"credential,omitempty"` // its id
	SHA256     kizuna.Hash    `json:"sha256"`               // of what was signed
	Verified   kizuna.Instant `json:"verified"`             // its signature, dates and status
}

// Step is what somebody does to a certificate.
type Step struct {
	Action      lifecycle.Action `json:"action"`
	Actor       lifecycle.Actor  `json:"actor"`
	At          kizuna.Instant   `json:"at"`
	MCID        string           `json:"mcid,omitempty"`        // where the certificate is not known yet, or is carried to
	Certificate string           `json:"certificate,omitempty"` // where it is not known yet
	On          kizuna.Date      `json:"on,omitzero"`           // earned, renewed or revoked on; the day of At if zero
	Ends        *kizuna.Date     `json:"ends,omitempty"`        // earn: nil does not end; renew: nil asks the policy
	Proof       *Proof           `json:"proof,omitempty"`       // prove: by what
}

func (s *Step) day() kizuna.Date {
	if s.On == 0 {
		return s.At.Date()
	}
	return s.On
}

// Apply returns the certificate after the step and what happened. A step that is
// refused changes nothing.
func Apply(c Certificate, s Step, policy Policy) (Certificate, []lifecycle.Event, error) {
	if s.At < c.Changed && c.State != lifecycle.None {
		return c, nil, kizuna.Errorf("certificate-time-order", "%s of profile %s changed on %s; a step on %s comes too late", c.Certificate, c.MCID, c.Changed, s.At).
			WithMend("steps follow one another in time")
	}
	to, err := machine.Next(c.State, s.Action, s.Actor.Role, Case{c, s, policy})
	if err != nil {
		return c, nil, err
	}
	c.Terms = slices.Clone(c.Terms)
	events := c.take(&s, policy)
	c.State, c.Changed = to, s.At
	return c, events, nil
}

// take does what the machine allowed.
func (c *Certificate) take(s *Step, policy Policy) []lifecycle.Event {
	if c.State == lifecycle.None {
		c.MCID, c.Certificate = s.MCID, s.Certificate
	}
	switch s.Action {
	case Claim:
		c.Claim = &Term{Earned: s.day(), Ends: s.Ends}
		return c.event("claimed")
	case Dismiss:
		c.Claim = nil
		return c.event("claim-dismissed")
	case Earn, Prove:
		what, issuer := "earned", ""
		if c.Claim != nil {
			what = "verified"
		}
		if s.Action == Prove {
			what, issuer = "proved", s.Proof.Issuer
		}
		c.Terms = append(c.Terms, Term{Earned: s.day(), Ends: s.Ends, Proof: s.Proof})
		c.Claim, c.Warned, c.CountsThrough = nil, 0, nil
		return c.event(what, "on", s.day().String(), "ends", dateText(s.Ends), "issuer", issuer)
	case Renew:
		term := c.last()
		ends := extended(*term.Ends, s, policy)
		*term = Term{Earned: term.Earned, Ends: &ends, Renewed: append(slices.Clone(term.Renewed), s.day()), Proof: term.Proof}
		c.Claim, c.Warned = nil, 0
		return c.event("renewed", "on", s.day().String(), "ends", ends.String())
	case Warn:
		c.Warned = c.warning(s.At, policy)
		ends, _ := c.ends(policy)
		if ends.Instant() <= s.At {
			return nil // the clock stood still so long that it is too late to warn
		}
		return c.event("ending", "ends", ends.String(), "days", strconv.Itoa(c.Warned))
	case Retire:
		c.CountsThrough = policy.Rule.LastDay
		return c.event("retired", "counts_through", dateText(c.CountsThrough))
	case Expire:
		ends, _ := c.ends(policy)
		return c.event("expired", "on", ends.String())
	case Revoke:
		term, on := c.last(), s.day()
		if term.Ends == nil || on < *term.Ends {
			term.Ends = &on
		}
		return c.event("revoked", "on", on.String())
	case Carry:
		from := c.MCID
		c.MCID = s.MCID
		return c.event("carried", "from", from)
	}
	return nil
}

func (c *Certificate) event(what string, detail ...string) []lifecycle.Event {
	e := lifecycle.Event{Type: "certificate." + what, Detail: map[string]string{"mcid": c.MCID, "certificate": c.Certificate}}
	for i := 0; i+1 < len(detail); i += 2 {
		if detail[i+1] != "" {
			e.Detail[detail[i]] = detail[i+1]
		}
	}
	return []lifecycle.Event{e}
}

func dateText(d *kizuna.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// last returns the newest term, or nil.
func (c *Certificate) last() *Term {
	if len(c.Terms) == 0 {
		return nil
	}
	return &c.Terms[len(c.Terms)-1]
}

// Facts returns what is verified, for counting: one certification a term.
func (c *Certificate) Facts() []people.Certification {
	var facts []people.Certification
	for i := range c.Terms {
		term := &c.Terms[i]
		if term.Ends == nil || *term.Ends > term.Earned { // not revoked from the start
			facts = append(facts, c.certification(term))
		}
	}
	return facts
}

// Claimed returns what the person only claims, marked so that it counts nowhere
// and can be explained.
func (c *Certificate) Claimed() (people.Certification, bool) {
	if c.State != Claimed {
		return people.Certification{}, false
	}
	claim := c.certification(c.Claim)
	claim.Unverified = true
	return claim, true
}

func (c *Certificate) certification(term *Term) people.Certification {
	earned := term.Earned
	fact := people.Certification{MCID: c.MCID, Certificate: c.Certificate, EarnedOn: &earned}
	if term.Ends != nil {
		ends := *term.Ends
		fact.ExpiresOn = &ends
	}
	return fact
}
