// Package integrity signs JSON documents, and checks signatures, by W3C Verifiable
// Credential Data Integrity 1.0 with the cryptosuite eddsa-rdfc-2022 (W3C Data
// Integrity EdDSA Cryptosuites 1.0): what is signed are the statements that the
// document makes, in canonical form (RDFC-1.0).
package integrity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"maps"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
)

// Cryptosuite is the one suite of this package.
const Cryptosuite = "eddsa-rdfc-2022"

// Proof is a signature over a document.
type Proof struct {
	Type               string `json:"type"` // "DataIntegrityProof"
	Cryptosuite        string `json:"cryptosuite"`
	Created            string `json:"created,omitempty"`
	VerificationMethod string `json:"verificationMethod"`
	ProofPurpose       string `json:"proofPurpose"` // "assertionMethod"
	ProofValue         string `json:"proofValue"`
}

// Suite signs and checks. It is safe for concurrent use.
type Suite struct {
	contexts contexts
	words    words
}

// New returns the suite with the pinned contexts.
func New() (*Suite, error) {
	c, err := readContexts()
	if err != nil {
		return nil, err
	}
	return &Suite{c, c.words()}, nil
}

// Sign returns the document with a proof by the key, which others find under method.
// The document is not changed.
func (s *Suite) Sign(document map[string]any, method string, key ed25519.PrivateKey, at time.Time) (map[string]any, error) {
	proof := map[string]any{
		"type":               "DataIntegrityProof",
		"cryptosuite":        Cryptosuite,
		"created":            at.UTC().Truncate(time.Second).Format(time.RFC3339),
		"verificationMethod": method,
		"proofPurpose":       "assertionMethod",
	}
	digest, err := s.digest(document, proof)
	if err != nil {
		return nil, err
	}
	proof["proofValue"] = did.Multibase(ed25519.Sign(key, digest))
	signed := maps.Clone(document)
	signed["proof"] = proof
	return signed, nil
}

// ProofOf reads the document's one proof. It says by which method the document
// claims to be signed; nothing is checked yet.
func ProofOf(document map[string]any) (Proof, error) {
	fields, ok := document["proof"].(map[string]any)
	if list, isList := document["proof"].([]any); isList && len(list) == 1 {
		fields, ok = list[0].(map[string]any)
	}
	if !ok {
		return Proof{}, kizuna.Errorf("integrity-no-proof", "the document has not one proof").
			WithMend("bring the signed document: JSON with a proof, or a JWT")
	}
	text := func(key string) string { s, _ := fields[key].(string); return s }
	p := Proof{
		Type: text("type"), Cryptosuite: text("cryptosuite"), Created: text("created"),
		VerificationMethod: text("verificationMethod"), ProofPurpose: text("proofPurpose"), ProofValue: text("proofValue"),
	}
	if p.Type != "DataIntegrityProof" || p.Cryptosuite != Cryptosuite {
		return p, kizuna.Errorf("integrity-suite", "the proof is a %.60q with %.60q", p.Type, p.Cryptosuite).
			WithMend("only DataIntegrityProof with %s is checked here", Cryptosuite)
	}
	if p.ProofPurpose != "assertionMethod" {
		return p, kizuna.Errorf("integrity-purpose", "the proof was made for %.60q, not to assert something", p.ProofPurpose).
			WithMend("ask the issuer for a credential with an assertion proof")
	}
	return p, nil
}

// Verify checks the document's proof with the key of its method. The errors are
// those of [ProofOf], "integrity-signature" and those of documents that cannot be
// put in canonical form.
func (s *Suite) Verify(document map[string]any, key ed25519.PublicKey) error {
	if _, err := ProofOf(document); err != nil {
		return err
	}
	fields, _ := document["proof"].(map[string]any)
	if list, isList := document["proof"].([]any); isList {
		fields, _ = list[0].(map[string]any)
	}
	value, _ := fields["proofValue"].(string)
	signature, err := did.DecodeMultibase(value)
	if err != nil {
		return badSignature(err)
	}
	bare, options := maps.Clone(document), maps.Clone(fields)
	delete(bare, "proof")
	delete(options, "proofValue")
	digest, err := s.digest(bare, options)
	if err != nil {
		return err
	}
	if len(signature) != ed25519.SignatureSize || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, digest, signature) {
		return badSignature(nil)
	}
	return nil
}

func badSignature(cause error) error {
	return kizuna.Errorf("integrity-signature", "the signature does not fit the document").
		WithMend("it was changed after it was issued, or another key signed it; ask the holder for it anew").WithCause(cause)
}

// digest is what is signed: the hash of the proof's own statements, then that of
// the document's.
func (s *Suite) digest(document, proof map[string]any) ([]byte, error) {
	options := maps.Clone(proof)
	options["@context"] = document["@context"]
	head, err := s.canonical(options)
	if err != nil {
		return nil, err
	}
	body, err := s.canonical(document)
	if err != nil {
		return nil, err
	}
	h, b := sha256.Sum256([]byte(head)), sha256.Sum256([]byte(body))
	return append(h[:], b[:]...), nil
}
