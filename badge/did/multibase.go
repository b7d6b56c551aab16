package did

import (
	"crypto/ed25519"
	"math/big"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// base58 is the Bitcoin alphabet, which multibase names "z".
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

const maxMultibase = 256 // characters; a key has 48, a signature 89

// ed25519Code is the multicodec prefix of an Ed25519 public key.
var ed25519Code = []byte{0xed, 0x01}

// Multibase writes data as "z" and base58btc, as proofs and keys stand in documents.
func Multibase(data []byte) string {
	n, rest, radix := new(big.Int).SetBytes(data), new(big.Int), big.NewInt(58)
	var digits []byte
	for n.Sign() > 0 {
		n.DivMod(n, radix, rest)
		digits = append(digits, base58[rest.Int64()])
	}
	for _, b := range data {
		if b != 0 {
			break
		}
		digits = append(digits, base58[0])
	}
	slices.Reverse(digits)
	return "z" + string(digits)
}

// DecodeMultibase reads what [Multibase] writes.
func DecodeMultibase(text string) ([]byte, error) {
	digits, ok := strings.CutPrefix(text, "z")
	if !ok || len(digits) > maxMultibase {
		return nil, badMultibase()
	}
	n, radix := new(big.Int), big.NewInt(58)
	for _, c := range digits {
		i := strings.IndexRune(base58, c)
		if i < 0 {
			return nil, badMultibase()
		}
		n.Mul(n, radix).Add(n, big.NewInt(int64(i)))
	}
	zeros := len(digits) - len(strings.TrimLeft(digits, base58[:1]))
	return append(make([]byte, zeros), n.Bytes()...), nil
}

func badMultibase() error {
	return kizuna.Errorf("multibase", "that is no base58 text of a key or a signature").
		WithMend("it begins with z and goes on in letters and digits without 0, O, I and l")
}

// Multikey writes a public key as a Multikey's publicKeyMultibase.
func Multikey(key ed25519.PublicKey) string {
	return Multibase(append(slices.Clone(ed25519Code), key...))
}

// DecodeMultikey reads what [Multikey] writes.
func DecodeMultikey(text string) (ed25519.PublicKey, error) {
	data, err := DecodeMultibase(text)
	if err != nil {
		return nil, err
	}
	if len(data) != len(ed25519Code)+ed25519.PublicKeySize || !slices.Equal(data[:2], ed25519Code) {
		return nil, kizuna.Errorf("multikey", "that is no Ed25519 public key").WithMend("it begins with z6Mk")
	}
	return ed25519.PublicKey(data[2:]), nil
}
