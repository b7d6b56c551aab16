package verify

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/integrity"
)

// Evidence is what others have published, by its address.
type Evidence struct {
	Documents map[string]*did.Document // of issuers, by their identifiers
	Lists     map[string]*List         // by their addresses
}

// Question is what is asked of a badge.
type Question struct {
	Now kizuna.Instant
	// On asks about the dates of another time; nil: of now. Whether it was taken back,
	// and whether its key is good, is always asked of now.
	On *kizuna.Instant
	// Company or MCID is whose badge it must be; empty: whoever's.
	Company, MCID string
	// Trusted lists the issuers whose word counts.
	Trusted []string
}

// The checks, in order.
const (
	CheckIssuer    = "issuer"    // its document is there and names the key
	CheckSignature = "signature" // fits what was read
	CheckDates     = "dates"
	CheckStatus    = "status" // not taken back
	CheckSubject   = "subject"
	CheckTrust     = "trust"
)

// Check is one check and why it failed; a nil Problem is one that held.
type Check struct {
	Name    string        `json:"check"`
	Problem *kizuna.Error `json:"problem,omitempty"`
}

// Report is what became of the checks.
type Report struct {
	ID          string          `json:"id,omitempty"`
	Form        Form            `json:"form"`
	Issuer      string          `json:"issuer"`
	Subject     string          `json:"subject,omitempty"`
	Achievement Achievement     `json:"achievement"`
	During      kizuna.Interval `json:"during"`
	On          kizuna.Instant  `json:"on"`
	Checks      []Check         `json:"checks"`
	Valid       bool            `json:"valid"`   // every check but trust holds
	Trusted     bool            `json:"trusted"` // and trust does
}

// Verifier checks badges. It is safe for concurrent use.
type Verifier struct{ suite *integrity.Suite }

// New returns a verifier.
func New() (*Verifier, error) {
	suite, err := integrity.New()
	return &Verifier{suite}, err
}

// Verify runs every check and says of each how it went.
func (v *Verifier) Verify(c *Credential, q Question, e Evidence) *Report {
	on := q.Now
	if q.On != nil {
		on = *q.On
	}
	r := &Report{
		ID: c.ID, Form: c.Form, Issuer: c.Issuer, Subject: c.Subject(), Achievement: c.Achievement(),
		During: kizuna.Interval{From: c.From, To: c.Until}, On: on, Valid: true,
	}
	if c.Until != kizuna.Forever {
		r.During.To++ // the last second is the credential's own
	}
	check := func(name string, err error) {
		done := Check{Name: name}
		if err != nil {
			done.Problem = asProblem(err)
			r.Valid = r.Valid && name == CheckTrust
		}
		r.Checks = append(r.Checks, done)
	}
	document, err := documentOf(c, e)
	check(CheckIssuer, err)
	if err == nil {
		check(CheckSignature, v.signature(c, document, q.Now))
	} else {
		check(CheckSignature, unasked())
	}
	check(CheckDates, dates(c, on))
	check(CheckStatus, v.status(c, document, q.Now, e))
	check(CheckSubject, subject(c, q))
	trust := trusted(c, q)
	check(CheckTrust, trust)
	r.Trusted = r.Valid && trust == nil
	return r
}

// Problem returns the first check that failed, trust last; nil if none did.
func (r *Report) Problem() *kizuna.Error {
	for _, c := range r.Checks {
		if c.Problem != nil {
			return c.Problem
		}
	}
	return nil
}

func asProblem(err error) *kizuna.Error {
	if known, ok := errors.AsType[*kizuna.Error](err); ok {
		return known
	}
	return kizuna.Errorf("verify-failed", "the check could not be made").WithMend("report this").WithCause(err)
}

func unasked() error {
	return kizuna.Errorf("verify-unasked", "this could not be checked without the issuer's document").WithMend("see to that first")
}

func documentOf(c *Credential, e Evidence) (*did.Document, error) {
	d := e.Documents[c.Issuer]
	if d == nil {
		return nil, kizuna.Errorf("verify-no-document", "the document of the issuer %.120q is not at hand", c.Issuer).
			WithMend("bring it with --evidence, or fetch it with --fetch")
	}
	if d.ID != c.Issuer {
		return nil, kizuna.Errorf("verify-other-document", "the document is of %.120q, the badge of %.120q", d.ID, c.Issuer).
			WithMend("bring the issuer's own did.json")
	}
	return d, nil
}

func (v *Verifier) signature(c *Credential, d *did.Document, now kizuna.Instant) error {
	key, err := d.Key(c.Method, now.Moment().Time())
	if err != nil {
		return err
	}
	if c.Form == JWT {
		return c.token.Verify(key)
	}
	ours, ok := key.(ed25519.PublicKey)
	if !ok {
		return kizuna.Errorf("verify-key-kind", "the proof was made with a key that is not Ed25519").
			WithMend("only %s is checked here", integrity.Cryptosuite)
	}
	return v.suite.Verify(c.Document, ours)
}

func dates(c *Credential, on kizuna.Instant) error {
	switch {
	case on < c.From:
		return kizuna.Errorf("verify-not-yet", "it holds only from %s on; asked was %s", c.From, on).WithMend("ask again then")
	case on > c.Until:
		return kizuna.Errorf("verify-expired", "it held until %s; asked was %s", c.Until, on).
			WithMend("ask the holder for the badge of the present term")
	}
	return nil
}

// status looks every entry up in its list.
func (v *Verifier) status(c *Credential, d *did.Document, now kizuna.Instant, e Evidence) error {
	for _, entry := range c.Entries {
		list := e.Lists[entry.List]
		if list == nil {
			return kizuna.Errorf("verify-no-list", "the status list %.200q is not at hand", entry.List).
				WithMend("bring it with --evidence, or fetch it with --fetch")
		}
		if d == nil {
			return unasked()
		}
		bits, err := v.bits(list, entry.List, c.Issuer, d, now)
		if err != nil {
			return err
		}
		taken, err := bits.Get(entry.Index)
		if err != nil {
			return err
		}
		if taken {
			return kizuna.Errorf("verify-revoked", "the issuer has taken it back").
				WithMend("its page says when and why: %.200q", pageOf(c.ID))
		}
	}
	return nil
}

func pageOf(id string) string {
	return strings.Replace(strings.TrimSuffix(id, ".json"), "/credentials/", "/verify/", 1) + ".html"
}

func subject(c *Credential, q Question) error {
	for kind, id := range map[string]string{"accountId": q.Company, "ext:mcid": q.MCID} {
		if id != "" && !c.IsOf(kind, id) {
			return kizuna.Errorf("verify-subject", "the badge is not that of %.60q", id).
				WithMend("ask its holder for their own")
		}
	}
	return nil
}

func trusted(c *Credential, q Question) error {
	if !slices.Contains(q.Trusted, c.Issuer) {
		return kizuna.Errorf("verify-untrusted", "nothing says that the issuer %.120q is trusted", c.Issuer).
			WithMend("add it to the file of --trust if it is")
	}
	return nil
}
