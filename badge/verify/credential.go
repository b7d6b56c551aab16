// Package verify checks badges, our own and those of others: what is in them, who
// signed them, whether they hold and whether the issuer is trusted. It asks nobody:
// the issuer's document and the status list come in as evidence.
package verify

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/bake"
	"github.com/kizuna-org/kizuna/badge/integrity"
	"github.com/kizuna-org/kizuna/badge/jwt"
	"github.com/kizuna-org/kizuna/badge/statuslist"
)

// Form is how a credential is signed.
type Form string

// The forms.
const (
	JWT           Form = "jwt"
	DataIntegrity Form = "data-integrity"
)

// Credential is a badge as it was read. Nothing that it says has been checked.
type Credential struct {
	Form     Form
	Document map[string]any
	ID       string
	Issuer   string
	Method   string // of the key that signed it, as it says
	// From and Until are the first and the last second at which it holds; an end that
	// it leaves out is open.
	From, Until kizuna.Instant
	Entries     []statuslist.Entry // where its status stands

	token *jwt.Token
}

// Read reads a badge: a JWT, JSON with a proof, or an image that one is baked into.
func Read(data []byte) (*Credential, error) {
	c, err := readAny(data)
	if err != nil {
		return nil, err
	}
	types := texts(c.Document["type"])
	known := []string{"OpenBadgeCredential", "AchievementCredential", badge.LetterType}
	if !slices.ContainsFunc(known, func(t string) bool { return slices.Contains(types, t) }) {
		return nil, shape(kizuna.Errorf("verify-type", "this is not of the types VerifiableCredential and OpenBadgeCredential"))
	}
	return c, nil
}

// ReadList reads a status list credential, for its id.
func ReadList(data []byte) (*Credential, error) { return readAny(data) }

func readAny(data []byte) (*Credential, error) {
	if bake.IsImage(data) {
		baked, err := bake.Unbake(data)
		if err != nil {
			return nil, err
		}
		data = []byte(baked)
	}
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("{")) {
		return readDocument(data)
	}
	return readToken(string(data))
}

func readDocument(data []byte) (*Credential, error) {
	document, err := integrity.Document(data)
	if err != nil {
		return nil, err
	}
	proof, err := integrity.ProofOf(document)
	if err != nil {
		return nil, err
	}
	c := &Credential{Form: DataIntegrity, Document: document, Method: proof.VerificationMethod}
	return c, c.read()
}

func readToken(text string) (*Credential, error) {
	token, err := jwt.Parse(text, integrity.Document)
	if err != nil {
		return nil, err
	}
	c := &Credential{Form: JWT, Document: token.Payload, Method: token.Method, token: token}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, c.claims()
}

// read takes out of the document what every check needs.
func (c *Credential) read() (err error) {
	d := c.Document
	if contexts := texts(d["@context"]); len(contexts) == 0 || contexts[0] != integrity.CredentialsContext {
		return shape(kizuna.Errorf("verify-context", "the first context of the badge is not that of W3C Verifiable Credentials 2.0"))
	}
	if !slices.Contains(texts(d["type"]), "VerifiableCredential") {
		return shape(kizuna.Errorf("verify-type", "this is not of the types VerifiableCredential and OpenBadgeCredential"))
	}
	c.ID, _ = d["id"].(string)
	c.Issuer, _ = d["issuer"].(string)
	if issuer, ok := d["issuer"].(map[string]any); ok {
		c.Issuer, _ = issuer["id"].(string)
	}
	if c.Issuer == "" {
		return shape(kizuna.Errorf("verify-no-issuer", "the badge names no issuer"))
	}
	if _, ok := d["credentialSubject"].(map[string]any); !ok {
		return shape(kizuna.Errorf("verify-one-subject", "the badge is not about one subject"))
	}
	if c.From, err = stamp(d["validFrom"], kizuna.Never); err != nil {
		return err
	}
	if c.Until, err = stamp(d["validUntil"], kizuna.Forever); err != nil {
		return err
	}
	c.Entries, err = statuslist.EntriesOf(d)
	return err
}

// claims reports a JWT whose registered claims say something else than the
// credential: readers would disagree on which of the two holds.
func (c *Credential) claims() error {
	d := c.Document
	subject, _ := d["credentialSubject"].(map[string]any)
	for claim, says := range map[string]any{"iss": c.Issuer, "jti": d["id"], "sub": subject["id"]} {
		if value, given := d[claim]; given && value != says {
			return shape(kizuna.Errorf("verify-claim", "the claim %s of the token says something else than the credential", claim))
		}
	}
	for claim, at := range map[string]kizuna.Instant{"nbf": c.From, "exp": c.Until} {
		if value, given := d[claim]; given && value != float64(at) {
			return shape(kizuna.Errorf("verify-claim", "the claim %s of the token says something else than the credential", claim))
		}
	}
	return nil
}

// shape says what to do about something that is no badge.
func shape(problem *kizuna.Error) error {
	return problem.WithMend("bring an Open Badges 3.0 credential, as it was issued")
}

func stamp(value any, missing kizuna.Instant) (kizuna.Instant, error) {
	if value == nil {
		return missing, nil
	}
	text, _ := value.(string)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return 0, shape(kizuna.Errorf("verify-unreadable-dates", "the dates of the badge cannot be read"))
	}
	return kizuna.Instant(t.Unix()), nil
}

// texts reads one text or a list of such.
func texts(value any) (all []string) {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	list, _ := value.([]any)
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// Achievement is what the badge was awarded for.
type Achievement struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Code           string `json:"code,omitempty"` // humanCode, such as AZ-104
	Specialization string `json:"specialization,omitempty"`
}

// Achievement returns what the badge says it was awarded for.
func (c *Credential) Achievement() Achievement {
	subject, _ := c.Document["credentialSubject"].(map[string]any)
	a, _ := subject["achievement"].(map[string]any)
	text := func(key string) string { s, _ := a[key].(string); return s }
	return Achievement{text("id"), text("name"), text("humanCode"), text("specialization")}
}

// Subject returns the id of whom the badge is about, or the name that it gives.
func (c *Credential) Subject() string {
	subject, _ := c.Document["credentialSubject"].(map[string]any)
	if id, _ := subject["id"].(string); id != "" {
		return id
	}
	for _, i := range c.identities() {
		return i.kind + ": " + i.value
	}
	return ""
}

type identity struct {
	kind, value, salt string
	hashed            bool
}

func (c *Credential) identities() (all []identity) {
	subject, _ := c.Document["credentialSubject"].(map[string]any)
	list, ok := subject["identifier"].([]any)
	if !ok && subject["identifier"] != nil {
		list = []any{subject["identifier"]}
	}
	for _, item := range list {
		o, _ := item.(map[string]any)
		text := func(key string) string { s, _ := o[key].(string); return s }
		hashed, _ := o["hashed"].(bool)
		all = append(all, identity{text("identityType"), text("identityHash"), text("salt"), hashed})
	}
	return all
}

// is reports whether the identity is this one.
func (i *identity) is(id string) bool {
	if !i.hashed {
		return strings.EqualFold(i.value, id)
	}
	return i.value == badge.HashedIdentity(id, i.salt) || i.value == "sha256$"+kizuna.HashOf([]byte(id+i.salt)).String()
}

// IsOf reports whether the badge is about whoever has the id of that kind.
func (c *Credential) IsOf(kind, id string) bool {
	return slices.ContainsFunc(c.identities(), func(i identity) bool { return i.kind == kind && i.is(id) })
}

// MarshalJSON writes the credential as it was read.
func (c *Credential) MarshalJSON() ([]byte, error) { return json.Marshal(c.Document) }
