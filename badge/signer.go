package badge

import (
	"crypto/ed25519"
	"encoding/json"
	"maps"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/integrity"
	"github.com/kizuna-org/kizuna/badge/jwt"
)

// Signer signs in the name of an issuer.
type Signer struct {
	issuer Issuer
	suite  *integrity.Suite
	key    ed25519.PrivateKey

	method, jwtMethod string
}

// NewSigner returns a signer with the ring's current key; "badge-wrong-key" if the
// private key is of another one.
func NewSigner(issuer Issuer, ring did.Ring, key ed25519.PrivateKey) (*Signer, error) {
	current, err := ring.Current()
	if err != nil {
		return nil, err
	}
	if !current.Equal(key.Public()) {
		return nil, kizuna.Errorf("badge-wrong-key", "the private key is not the one of %s that signs now", issuer.ID).
			WithMend("bring the file of the key that kizuna badge keys list shows last")
	}
	suite, err := integrity.New()
	if err != nil {
		return nil, err
	}
	s := &Signer{issuer: issuer, suite: suite, key: key, method: ring.Method(current)}
	s.jwtMethod, err = ring.JWTMethod(current)
	return s, err
}

// Issuer returns in whose name is signed.
func (s *Signer) Issuer() Issuer { return s.issuer }

// Method returns under which id others find the key, in proofs.
func (s *Signer) Method() string { return s.method }

// Signed is a credential in both forms in which it can be handed on.
type Signed struct {
	JWT      string          `json:"jwt"`
	Document json.RawMessage `json:"document"` // with a Data Integrity proof
}

// Sign signs a document in both forms.
func (s *Signer) Sign(document map[string]any, at kizuna.Instant) (Signed, error) {
	token, err := s.SignJWT(document)
	if err != nil {
		return Signed{}, err
	}
	proved, err := s.SignDocument(document, at)
	return Signed{token, proved}, err
}

// SignJWT signs a document as a JWT.
func (s *Signer) SignJWT(document map[string]any) (string, error) {
	return jwt.Sign(Claims(document), s.jwtMethod, s.key)
}

// SignDocument signs a document with a Data Integrity proof.
func (s *Signer) SignDocument(document map[string]any, at kizuna.Instant) (json.RawMessage, error) {
	bare := maps.Clone(document)
	delete(bare, "proof")
	proved, err := s.suite.Sign(bare, s.method, s.key, at.Moment().Time())
	if err != nil {
		return nil, err
	}
	return json.Marshal(proved)
}
