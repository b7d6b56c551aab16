// Package did holds issuers' documents: which keys speak for a did:web identifier
// (W3C Decentralized Identifiers 1.0, Controlled Identifiers 1.0), and the ring of
// keys that an issuer of our own has had.
package did

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kizuna-org/kizuna"
)

// Bounds of a document.
const (
	MaxBytes   = 256 << 10
	maxMethods = 256
)

// Document says which keys speak for an identifier.
type Document struct {
	Context    any      `json:"@context"`
	ID         string   `json:"id"`
	Methods    []Method `json:"verificationMethod"`
	Assertions []string `json:"assertionMethod"` // ids of the methods whose keys sign credentials
}

// Method is one key. Exactly one of Multibase and JWK is set.
type Method struct {
	ID         string           `json:"id"`
	Type       string           `json:"type"` // "Multikey" or "JsonWebKey"
	Controller string           `json:"controller"`
	Revoked    *time.Time       `json:"revoked,omitempty"` // from then on nothing of it holds
	Expires    *time.Time       `json:"expires,omitempty"`
	Multibase  string           `json:"publicKeyMultibase,omitempty"`
	JWK        *jose.JSONWebKey `json:"publicKeyJwk,omitempty"`
}

// Parse reads a document. Keys of kinds that are not used here are passed over.
func Parse(data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, badDocument(nil)
	}
	var raw struct {
		Context    any               `json:"@context"`
		ID         string            `json:"id"`
		Methods    []json.RawMessage `json:"verificationMethod"`
		Assertions []json.RawMessage `json:"assertionMethod"`
	}
	if err := json.Unmarshal(data, &raw); err != nil || raw.ID == "" || len(raw.Methods)+len(raw.Assertions) > maxMethods {
		return nil, badDocument(err)
	}
	d := &Document{Context: raw.Context, ID: raw.ID}
	for _, m := range raw.Methods {
		d.method(m)
	}
	for _, a := range raw.Assertions {
		var id string
		if json.Unmarshal(a, &id) == nil {
			d.Assertions = append(d.Assertions, absolute(d.ID, id))
		} else if id = d.method(a); id != "" { // a method may stand right where it is used
			d.Assertions = append(d.Assertions, id)
		}
	}
	return d, nil
}

func (d *Document) method(data []byte) (id string) {
	var m Method
	if json.Unmarshal(data, &m) != nil || m.ID == "" || (m.Multibase == "") == (m.JWK == nil) {
		return ""
	}
	m.ID = absolute(d.ID, m.ID)
	d.Methods = append(d.Methods, m)
	return m.ID
}

func absolute(id, reference string) string {
	if len(reference) > 0 && reference[0] == '#' {
		return id + reference
	}
	return reference
}

func badDocument(cause error) error {
	return kizuna.Errorf("did-document", "that is no DID document").
		WithMend("fetch the issuer's did.json anew").WithCause(cause)
}

// Key returns the key of a method, if it speaks for the document's subject by
// assertions at the time. The errors: "did-method", it does not; "did-key-revoked".
func (d *Document) Key(method string, at time.Time) (crypto.PublicKey, error) {
	i := slices.IndexFunc(d.Methods, func(m Method) bool { return m.ID == method })
	if i < 0 || d.Methods[i].Controller != d.ID {
		return nil, kizuna.Errorf("did-method", "%s does not name the key %.120q", d.ID, method).
			WithMend("another key signed this, or the issuer's did.json is not of today; fetch it anew")
	}
	m := &d.Methods[i]
	if m.Revoked != nil && !at.Before(*m.Revoked) || m.Expires != nil && !at.Before(*m.Expires) {
		return nil, kizuna.Errorf("did-key-revoked", "the key %.120q is no longer good", method).
			WithMend("the issuer took it back; ask for a credential signed with another one")
	}
	if !slices.Contains(d.Assertions, method) {
		return nil, kizuna.Errorf("did-method", "%s does not name the key %.120q", d.ID, method).
			WithMend("another key signed this, or the issuer's did.json is not of today; fetch it anew")
	}
	if m.Multibase != "" {
		return DecodeMultikey(m.Multibase)
	}
	if !m.JWK.Valid() || !m.JWK.IsPublic() {
		return nil, badDocument(nil)
	}
	return m.JWK.Key, nil
}

// Thumbprint is a key's name by RFC 7638.
func Thumbprint(key ed25519.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	return base64URL(sum), err
}

// Encode writes the document as it is published.
func (d *Document) Encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(d)
	return out.Bytes(), err
}
