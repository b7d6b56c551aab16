package audit

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"

	"github.com/kizuna-org/kizuna"
)

const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// KeyID is the hash of a public key's PKIX form, as `openssl pkey -pubout
// -outform DER | sha256sum` prints it.
func KeyID(key ed25519.PublicKey) (kizuna.Hash, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return kizuna.Hash{}, kizuna.Errorf("audit-key", "the audit trail is signed with Ed25519 keys only").WithCause(err)
	}
	return kizuna.HashOf(der), nil
}

// EncodePrivateKey writes a key as PEM, PKCS #8.
func EncodePrivateKey(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: der}), nil
}

// DecodePrivateKey reads what [EncodePrivateKey] and `openssl genpkey -algorithm
// ed25519` write.
func DecodePrivateKey(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != privateBlock {
		return nil, badKey(nil)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, badKey(err)
	}
	return private, nil
}

// EncodePublicKey writes a key as PEM, PKIX.
func EncodePublicKey(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: der}), nil
}

// DecodePublicKey reads what [EncodePublicKey] writes.
func DecodePublicKey(data []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != publicBlock {
		return nil, badKey(nil)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, ok := key.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, badKey(err)
	}
	return public, nil
}

// badKey never quotes the input: it may be a secret.
func badKey(cause error) error {
	return kizuna.Errorf("audit-key-unreadable", "that is no Ed25519 key in PEM").
		WithMend("make one with: openssl genpkey -algorithm ed25519").WithCause(cause)
}
