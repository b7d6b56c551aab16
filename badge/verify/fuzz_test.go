package verify_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// Whatever comes in is refused or checked, and nothing that was not issued is trusted.
func FuzzCredential(f *testing.F) {
	w := badgetest.New(f)
	signed := w.Sign(w.Award())
	issued := map[string]bool{}
	c, err := verify.Read([]byte(signed.JWT))
	if err != nil {
		f.Fatal(err)
	}
	issued[c.ID] = true
	f.Add([]byte(signed.JWT))
	f.Add([]byte(signed.Document))
	verifier, err := verify.New()
	if err != nil {
		f.Fatal(err)
	}
	now := badgetest.At(f, "2024-02-01")
	evidence := w.Evidence(now)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := verify.Read(data)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		r := verifier.Verify(c, verify.Question{Now: now, Trusted: []string{badgetest.Issuer.ID}}, evidence)
		if r.Trusted && (!issued[c.ID] || r.Achievement.Name != "Solutions Partner for Data & AI (Azure)" || r.During.To != badgetest.At(t, "2024-11-02")) {
			t.Fatalf("trusted: %s", data)
		}
	})
}

// No status list but the issuer's own of the day makes a badge hold that was taken back.
func FuzzList(f *testing.F) {
	w := badgetest.New(f)
	a := w.Award()
	old := w.StatusList(badgetest.At(f, "2023-12-01"))
	w.Revoke(a)
	now := badgetest.At(f, "2024-02-01")
	c, err := verify.Read([]byte(w.Sign(a).JWT))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(old)
	f.Add(w.StatusList(now))
	f.Add([]byte(`{"type": ["BitstringStatusListCredential"]}`))
	verifier, err := verify.New()
	if err != nil {
		f.Fatal(err)
	}
	documents := map[string]*did.Document{badgetest.Issuer.ID: w.Document()}
	f.Fuzz(func(t *testing.T, data []byte) {
		e := verify.Evidence{
			Documents: documents,
			Lists:     map[string]*verify.List{"https://badges.example/kizuna/status/1.json": verify.NewList(data)},
		}
		r := verifier.Verify(c, verify.Question{Now: now}, e)
		if p := r.Problem(); r.Valid || p == nil || p.Code == "" {
			t.Fatalf("valid by the list %s", data)
		}
	})
}

func FuzzTrust(f *testing.F) {
	f.Add([]byte("issuers:\n  - id: did:web:a.example\n    by_code: true\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := verify.ParseTrust("trust.yaml", data); err != nil && kizuna.CodeOf(err) != "trust-file" {
			t.Fatal(err)
		}
	})
}

func BenchmarkIssue(b *testing.B) {
	w := badgetest.New(b)
	a := w.Award()
	b.Run("jwt", func(b *testing.B) {
		for b.Loop() {
			document, err := a.Document(badgetest.Issuer)
			if err == nil {
				_, err = w.Signer.SignJWT(document)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("data-integrity", func(b *testing.B) {
		for b.Loop() {
			document, err := a.Document(badgetest.Issuer)
			if err == nil {
				_, err = w.Signer.SignDocument(document, a.During.From)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkVerify reads a badge and runs every check but that of the status list, which
// is one for 131,072 badges.
func BenchmarkVerify(b *testing.B) {
	w := badgetest.New(b)
	signed := w.Sign(w.Award())
	verifier, err := verify.New()
	if err != nil {
		b.Fatal(err)
	}
	now := badgetest.At(b, "2024-02-01")
	evidence := w.Evidence(now)
	q := verify.Question{Now: now, Company: "990001000", Trusted: []string{badgetest.Issuer.ID}}
	for name, data := range map[string][]byte{"jwt": []byte(signed.JWT), "data-integrity": signed.Document} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c, err := verify.Read(data)
				if err != nil {
					b.Fatal(err)
				}
				if r := verifier.Verify(c, q, evidence); !r.Trusted {
					b.Fatal(r.Problem())
				}
			}
		})
	}
}
