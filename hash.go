package kizuna

import (
	"crypto/sha256"
	"encoding/hex"
)

// Hash is a SHA-256: the name of content that cannot be exchanged unseen. Its
// text is 64 hexadecimal digits in lower case; the zero Hash stands for none.
type Hash [sha256.Size]byte

// HashOf returns the hash of data.
func HashOf(data []byte) Hash { return sha256.Sum256(data) }

// ParseHash reads 64 hexadecimal digits in lower case.
func ParseHash(s string) (h Hash, err error) {
	if len(s) == hex.EncodedLen(len(h)) {
		_, err = hex.Decode(h[:], []byte(s))
	}
	if err != nil || h.String() != s {
		return Hash{}, Errorf("hash", "%.80q is no SHA-256", s).WithMend("write 64 of the digits 0-9 and a-f")
	}
	return h, nil
}

// String writes 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes 64 hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what [ParseHash] reads.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}
