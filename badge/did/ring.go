package did

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kizuna-org/kizuna"
)

// Ring is an issuer of our own with all the keys that it ever had. The last one
// signs; those before go on verifying what they signed, unless they are revoked.
type Ring struct {
	ID   string    `json:"id"` // "did:web:badges.example"
	Keys []RingKey `json:"keys"`
}

// RingKey is the public half of a key.
type RingKey struct {
	Public  string          `json:"public"` // as a Multikey: z6Mk...
	Since   kizuna.Instant  `json:"since"`
	Retired *kizuna.Instant `json:"retired,omitempty"` // it signs no more
	// Revoked: it fell into other hands. Nothing that it ever signed is believed.
	Revoked *kizuna.Instant `json:"revoked,omitempty"`
}

// Current returns the key that signs.
func (r *Ring) Current() (ed25519.PublicKey, error) {
	n := len(r.Keys)
	if n == 0 || r.Keys[n-1].Retired != nil || r.Keys[n-1].Revoked != nil {
		return nil, kizuna.Errorf("badge-no-key", "the issuer %s has no key that signs", r.ID).
			WithMend("make one: kizuna badge keys rotate")
	}
	return DecodeMultikey(r.Keys[n-1].Public)
}

// Rotate returns the ring with a new key that signs from now on.
func (r Ring) Rotate(next ed25519.PublicKey, at kizuna.Instant) Ring {
	r.Keys = slices.Clone(r.Keys)
	if n := len(r.Keys); n > 0 && r.Keys[n-1].Retired == nil {
		r.Keys[n-1].Retired = &at
	}
	r.Keys = append(r.Keys, RingKey{Public: Multikey(next), Since: at})
	return r
}

// Revoke returns the ring without trust in a key, named by its Multikey.
func (r Ring) Revoke(public string, at kizuna.Instant) (Ring, error) {
	i := slices.IndexFunc(r.Keys, func(k RingKey) bool { return k.Public == public })
	if i < 0 {
		return r, kizuna.Errorf("badge-key-unknown", "the issuer has no key %.60q", public).
			WithMend("see kizuna badge keys list")
	}
	r.Keys = slices.Clone(r.Keys)
	if r.Keys[i].Revoked == nil {
		r.Keys[i].Revoked = &at
	}
	return r, nil
}

// Method is under which id others find the key of Data Integrity proofs.
func (r *Ring) Method(key ed25519.PublicKey) string { return r.ID + "#" + Multikey(key) }

// JWTMethod is under which id others find the key of JWTs.
func (r *Ring) JWTMethod(key ed25519.PublicKey) (string, error) {
	name, err := Thumbprint(key)
	return r.ID + "#" + name, err
}

// Document returns what is published: each key twice, as the Multikey that Data
// Integrity asks for and as the JsonWebKey that JWTs ask for.
func (r *Ring) Document() (*Document, error) {
	d := &Document{
		Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1", "https://w3id.org/security/jwk/v1"},
		ID:      r.ID, Methods: []Method{}, Assertions: []string{},
	}
	for _, k := range r.Keys {
		key, err := DecodeMultikey(k.Public)
		if err != nil {
			return nil, err
		}
		var revoked *time.Time
		if k.Revoked != nil {
			at := k.Revoked.Moment().Time()
			revoked = &at
		}
		name, err := r.JWTMethod(key)
		if err != nil {
			return nil, err
		}
		d.Methods = append(d.Methods,
			Method{ID: r.Method(key), Type: "Multikey", Controller: r.ID, Revoked: revoked, Multibase: k.Public},
			Method{ID: name, Type: "JsonWebKey", Controller: r.ID, Revoked: revoked, JWK: &jose.JSONWebKey{Key: key, Algorithm: string(jose.EdDSA), Use: "sig"}},
		)
		if k.Revoked == nil {
			d.Assertions = append(d.Assertions, r.Method(key), name)
		}
	}
	return d, nil
}

func base64URL(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
