// Package jwt signs credentials as JWTs and checks such (W3C Securing Verifiable
// Credentials using JOSE and COSE; Open Badges 3.0, section 8.2): the credential is
// the claim set, with the registered claims beside it. Ours are signed with EdDSA;
// those of others may be signed with ES256 or RS256 as well.
package jwt

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"

	"github.com/kizuna-org/kizuna"
)

// MaxBytes bounds a token.
const MaxBytes = 256 << 10

const (
	typ        = "vc+jwt"
	minRSABits = 2048
)

// What is never accepted: "none", keys that are shared.
var algorithms = []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.RS256}

// Token is a token as it was read. Nothing of it has been checked yet.
type Token struct {
	Method  string // of the key that it names
	Payload map[string]any

	signed *jose.JSONWebSignature
}

// Sign writes the claims as a token. Method is under which id others find the key.
func Sign(claims any, method string, key ed25519.PrivateKey) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	opts := (&jose.SignerOptions{}).WithType(typ).WithContentType("vc").WithHeader(jose.HeaderKey("kid"), method)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, opts)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// Parse reads a token in the compact form. Document reads the payload, which must
// be one JSON object.
func Parse(token string, document func([]byte) (map[string]any, error)) (*Token, error) {
	if len(token) > MaxBytes {
		return nil, unreadable(nil)
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, unreadable(err)
	}
	header := &signed.Signatures[0].Protected
	switch t, _ := header.ExtraHeaders[jose.HeaderType].(string); t {
	case "", "JWT", "vc+jwt", "application/vc+jwt", "vc+ld+jwt":
	default:
		return nil, kizuna.Errorf("jwt-type", "the token is of the type %.60q, not a credential", t).
			WithMend("bring a token of the type %s", typ)
	}
	if _, critical := header.ExtraHeaders["crit"]; critical {
		return nil, unreadable(nil)
	}
	payload, err := document(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return nil, err
	}
	return &Token{Method: header.KeyID, Payload: payload, signed: signed}, nil
}

// Verify checks the signature with the key.
func (t *Token) Verify(key crypto.PublicKey) error {
	if weak, ok := key.(*rsa.PublicKey); ok && weak.N.BitLen() < minRSABits {
		return kizuna.Errorf("jwt-weak-key", "the issuer's key has %d bits; less than %d protect nothing", weak.N.BitLen(), minRSABits).
			WithMend("ask the issuer for a credential signed with a longer key")
	}
	if _, err := t.signed.Verify(key); err != nil {
		return kizuna.Errorf("jwt-signature", "the signature does not fit the token").
			WithMend("it was changed after it was issued, or another key signed it; ask the holder for it anew").WithCause(err)
	}
	return nil
}

func unreadable(cause error) error {
	return kizuna.Errorf("jwt-unreadable", "that is no signed token").
		WithMend("it has three parts with points between, and is signed with EdDSA, ES256 or RS256").WithCause(cause)
}
