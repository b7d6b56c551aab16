// Package badgetest makes badges for tests: an issuer with a key, and awards.
package badgetest

import (
	"crypto/ed25519"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// Issuer is who issues in tests.
var Issuer = badge.Issuer{ID: "did:web:badges.example:kizuna", Name: "Kizuna Partner Program"}

// Key returns a key that is always the same for the same number.
func Key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

// World is an issuer at work.
type World struct {
	TB     testing.TB
	Ring   did.Ring
	Signer *badge.Signer
	Lists  statuslist.List // the first one
}

// New returns an issuer with one key.
func New(t testing.TB) *World {
	w := &World{TB: t, Ring: did.Ring{ID: Issuer.ID}, Lists: statuslist.New()}
	w.Rotate(1, At(t, "2023-10-01"))
	return w
}

// At reads an instant.
func At(t testing.TB, s string) kizuna.Instant {
	t.Helper()
	at, err := kizuna.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Rotate gives the issuer its n-th key.
func (w *World) Rotate(n byte, at kizuna.Instant) {
	w.TB.Helper()
	w.Ring = w.Ring.Rotate(Key(n).Public().(ed25519.PublicKey), at)
	signer, err := badge.NewSigner(Issuer, w.Ring, Key(n))
	if err != nil {
		w.TB.Fatal(err)
	}
	w.Signer = signer
}

// Award is a company's designation for a year.
func (w *World) Award() badge.Award {
	return badge.Award{
		ID:          "6f8d8f2e-0a4c-4f0e-9a55-2d6b1d3c7a10",
		Subject:     badge.Subject{Company: "990001000", Name: "結橋情報サービス"},
		Achievement: "data-ai", Name: "Solutions Partner for Data & AI (Azure)", Program: "mcpp@2023-10",
		During: kizuna.Interval{From: At(w.TB, "2023-11-02"), To: At(w.TB, "2024-11-02")}, Entry: 4,
	}
}

// Certificate is a professional's.
func (w *World) Certificate() badge.Award {
	return badge.Award{
		ID:          "0e1c8e52-3b55-4d0a-8c1f-71c6c1f6a4b2",
		Subject:     badge.Subject{MCID: "MC-77", Salt: "00112233445566778899aabbccddeeff"},
		Achievement: "AZ-104", Name: "Azure Administrator Associate", Program: "mcpp@2023-10",
		During: kizuna.Interval{From: At(w.TB, "2023-05-20"), To: At(w.TB, "2024-05-20")}, Entry: 5,
	}
}

// Sign signs an award in both forms.
func (w *World) Sign(a badge.Award) badge.Signed {
	w.TB.Helper()
	document, err := a.Document(Issuer)
	if err != nil {
		w.TB.Fatal(err)
	}
	signed, err := w.Signer.Sign(document, a.During.From)
	if err != nil {
		w.TB.Fatal(err)
	}
	return signed
}

// Revoke sets the award's bit.
func (w *World) Revoke(a badge.Award) { w.Lists.Set(statuslist.Place(a.Entry)) }

// StatusList is the list as it is published at a time, good for a week.
func (w *World) StatusList(at kizuna.Instant) []byte {
	w.TB.Helper()
	document, err := badge.ListDocument(Issuer, 1, w.Lists, at, 7*86400)
	if err != nil {
		w.TB.Fatal(err)
	}
	signed, err := w.Signer.SignDocument(document, at)
	if err != nil {
		w.TB.Fatal(err)
	}
	return signed
}

// Document is the issuer's document.
func (w *World) Document() *did.Document {
	w.TB.Helper()
	d, err := w.Ring.Document()
	if err != nil {
		w.TB.Fatal(err)
	}
	return d
}

// Evidence is what is published at a time.
func (w *World) Evidence(at kizuna.Instant) verify.Evidence {
	w.TB.Helper()
	base, err := Issuer.Base()
	if err != nil {
		w.TB.Fatal(err)
	}
	return verify.Evidence{
		Documents: map[string]*did.Document{Issuer.ID: w.Document()},
		Lists:     map[string]*verify.List{badge.ListURL(base, 1): verify.NewList(w.StatusList(at))},
	}
}
