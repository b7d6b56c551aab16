package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// A trial is one badge that is checked: what is done to it, to the question or to
// the evidence, and the first problem, "" if it is valid and trusted.
type trial struct {
	name string
	do   func(*situation)
	want string
}

type situation struct {
	*badgetest.World
	award    badge.Award
	signed   badge.Signed
	question verify.Question
	evidence verify.Evidence
}

func (s *situation) at(text string) kizuna.Instant { return badgetest.At(s.TB, text) }

// change rewrites the badge without signing it anew, in both forms.
func (s *situation) change(edit func(map[string]any)) {
	var document map[string]any
	if err := json.Unmarshal(s.signed.Document, &document); err != nil {
		s.TB.Fatal(err)
	}
	edit(document)
	s.signed.Document, _ = json.Marshal(document)
	parts := strings.Split(s.signed.JWT, ".")
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	_ = json.Unmarshal(payload, &claims)
	edit(claims)
	payload, _ = json.Marshal(claims)
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	s.signed.JWT = strings.Join(parts, ".")
}

var trials = []trial{
	{"as issued", func(*situation) {}, ""},
	{"for the company", func(s *situation) { s.question.Company = "990001000" }, ""},
	{"tampered: the name", func(s *situation) { s.change(func(d map[string]any) { d["name"] = "Solutions Partner for Security" }) }, "signature"},
	{"tampered: the end", func(s *situation) {
		s.change(func(d map[string]any) { d["validUntil"] = "2034-11-01T23:59:59Z"; delete(d, "exp") })
	}, "signature"},
	{"tampered: no status", func(s *situation) { s.change(func(d map[string]any) { delete(d, "credentialStatus") }) }, "signature"},
	{"tampered: the company", func(s *situation) {
		s.change(func(d map[string]any) {
			d["credentialSubject"].(map[string]any)["identifier"] = []any{map[string]any{"type": "IdentityObject", "identityType": "accountId", "hashed": false, "identityHash": "1"}}
		})
		s.question.Company = "1"
	}, "signature"},
	{"before it begins", func(s *situation) { s.question.Now = s.at("2023-11-01") }, "verify-not-yet"},
	{"the last second", func(s *situation) { s.question.Now = s.at("2024-11-01T23:59:59Z") }, ""},
	{"expired: the day after the anniversary", func(s *situation) { s.question.Now = s.at("2024-11-02") }, "verify-expired"},
	{"was true on a day", func(s *situation) {
		s.question.Now = s.at("2025-02-01")
		on := s.at("2024-05-01")
		s.question.On = &on
	}, ""},
	{"revoked", func(s *situation) { s.Revoke(s.award) }, "verify-revoked"},
	{"another one revoked", func(s *situation) { other := s.award; other.Entry++; s.Revoke(other) }, ""},
	{"replayed: as another company's", func(s *situation) { s.question.Company = "990002000" }, "verify-subject"},
	{"wrong key", func(s *situation) {
		w := badgetest.New(s.TB)
		w.Rotate(9, 0)
		s.signed = w.Sign(s.award)
	}, "did-method"},
	{"as if another domain had issued it", func(s *situation) {
		const elsewhere = "did:web:elsewhere.example"
		s.change(func(d map[string]any) {
			d["issuer"].(map[string]any)["id"] = elsewhere
			if d["iss"] != nil {
				d["iss"] = elsewhere
			}
		})
		d := *s.Document() // with the keys of the one that did
		d.ID = elsewhere
		for i := range d.Methods {
			d.Methods[i].Controller = elsewhere
		}
		s.evidence.Documents = map[string]*did.Document{elsewhere: &d}
		s.question.Trusted = []string{elsewhere}
	}, "signature"},
	{"rotated since", func(s *situation) { s.Rotate(2, s.at("2024-01-01")) }, ""},
	{"rotated, and the old key revoked", func(s *situation) {
		old := did.Multikey(badgetest.Key(1).Public().(ed25519.PublicKey))
		s.Rotate(2, s.at("2024-01-01"))
		s.Ring, _ = s.Ring.Revoke(old, s.at("2024-01-02"))
	}, "did-key-revoked"},
	{"not trusted", func(s *situation) { s.question.Trusted = nil }, "verify-untrusted"},
	{"no document", func(s *situation) { s.evidence.Documents = nil }, "verify-no-document"},
	{"another issuer's document", func(s *situation) {
		d := *s.Document()
		d.ID = "did:web:elsewhere.example"
		s.evidence.Documents = map[string]*did.Document{badgetest.Issuer.ID: &d}
	}, "verify-other-document"},
	{"no status list", func(s *situation) { s.evidence.Lists = map[string]*verify.List{} }, "verify-no-list"},
	{"replayed: an old status list", func(s *situation) {
		old := s.StatusList(s.at("2023-12-01"))
		s.Revoke(s.award)
		s.evidence.Lists = map[string]*verify.List{"https://badges.example/kizuna/status/1.json": verify.NewList(old)}
	}, "verify-stale-list"},
	{"another list under the name", func(s *situation) {
		document, _ := badge.ListDocument(badgetest.Issuer, 2, s.Lists, s.question.Now, 86400)
		data, _ := s.Signer.SignDocument(document, s.question.Now)
		s.evidence.Lists = map[string]*verify.List{"https://badges.example/kizuna/status/1.json": verify.NewList(data)}
	}, "verify-other-list"},
}

func TestABadgeIsValidOnlyAsItWasIssued(t *testing.T) {
	verifier, err := verify.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range trials {
		for _, form := range []verify.Form{verify.JWT, verify.DataIntegrity} {
			t.Run(c.name+"/"+string(form), func(t *testing.T) {
				w := badgetest.New(t)
				s := &situation{World: w, award: w.Award()}
				s.signed = w.Sign(s.award)
				s.question = verify.Question{Now: s.at("2024-02-01"), Trusted: []string{badgetest.Issuer.ID}}
				c.do(s)
				published := w.Evidence(s.question.Now)
				if s.evidence.Documents == nil && c.want != "verify-no-document" {
					s.evidence.Documents = published.Documents
				}
				if s.evidence.Lists == nil {
					s.evidence.Lists = published.Lists
				}
				data := []byte(s.signed.JWT)
				if form == verify.DataIntegrity {
					data = s.signed.Document
				}
				read, err := verify.Read(data)
				if err != nil {
					t.Fatal(err)
				}
				r := verifier.Verify(read, s.question, s.evidence)
				got := kizuna.CodeOf(problem(r))
				if got != c.want && !(c.want == "signature" && strings.HasSuffix(got, "-signature")) {
					t.Errorf("%s, want %s: %v", got, c.want, problem(r))
				}
				if r.Trusted != (c.want == "") || r.Valid != (c.want == "" || c.want == "verify-untrusted") {
					t.Errorf("valid %v, trusted %v", r.Valid, r.Trusted)
				}
			})
		}
	}
}

func problem(r *verify.Report) error {
	if p := r.Problem(); p != nil {
		return p
	}
	return nil
}

// The same statements in other words have the same signature; whoever reads the JSON
// would be led astray.
func TestADocumentInOtherWordsIsRefused(t *testing.T) {
	const validUntil = "https://www.w3.org/2018/credentials#validUntil"
	date := map[string]any{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": "2024-11-01T23:59:59Z"}
	for name, edit := range map[string]func(map[string]any){
		"a full address for a word": func(d map[string]any) { delete(d, "validUntil"); d[validUntil] = date },
		"beside the credential": func(d map[string]any) {
			d["@included"] = []any{map[string]any{"id": d["id"], "validUntil": d["validUntil"]}}
			delete(d, "validUntil")
		},
		"in the credential's subject": func(d map[string]any) {
			d["credentialSubject"].(map[string]any)["evidence"] = map[string]any{"id": d["id"], "validUntil": d["validUntil"]}
			delete(d, "validUntil")
		},
		"by a context of its own": func(d map[string]any) {
			d["@context"] = append(d["@context"].([]any), map[string]any{"ends": map[string]any{"@id": validUntil, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}})
			d["ends"] = d["validUntil"]
			delete(d, "validUntil")
		},
		"a name of nobody": func(d map[string]any) {
			d["credentialSubject"].(map[string]any)["id"] = "_:b0"
		},
		"a word that nobody knows":   func(d map[string]any) { d["rank"] = "gold" },
		"a type that nobody knows":   func(d map[string]any) { d["type"] = append(d["type"].([]any), "Gold") },
		"a place that is not one":    func(d map[string]any) { d["id"] = "https://exa mple/1" },
		"an address that is dropped": func(d map[string]any) { d["relatedResource"] = map[string]any{"id": "https://a_b_.example/ x"} },
	} {
		w := badgetest.New(t)
		var document map[string]any
		_ = json.Unmarshal(w.Sign(w.Award()).Document, &document)
		edit(document)
		data, _ := json.Marshal(document)
		verifier, _ := verify.New()
		c, err := verify.Read(data)
		if err == nil {
			now := badgetest.At(t, "2024-02-01")
			r := verifier.Verify(c, verify.Question{Now: now, Trusted: []string{badgetest.Issuer.ID}}, w.Evidence(now))
			err = problem(r)
		}
		if code := kizuna.CodeOf(err); code != "integrity-expression" && code != "integrity-context-inline" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAProofOfAnotherBadgeDoesNotFit(t *testing.T) {
	w := badgetest.New(t)
	a, b := w.Award(), w.Award()
	b.Achievement, b.Name = "security", "Solutions Partner for Security"
	var first, second map[string]any
	_ = json.Unmarshal(w.Sign(a).Document, &first)
	_ = json.Unmarshal(w.Sign(b).Document, &second)
	second["proof"] = first["proof"]
	data, _ := json.Marshal(second)
	c, err := verify.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	verifier, _ := verify.New()
	now := badgetest.At(t, "2024-02-01")
	r := verifier.Verify(c, verify.Question{Now: now}, w.Evidence(now))
	if kizuna.CodeOf(problem(r)) != "integrity-signature" {
		t.Error(problem(r))
	}
}

func TestAProfessionalIsKnownByAHashAlone(t *testing.T) {
	w := badgetest.New(t)
	signed := w.Sign(w.Certificate())
	if bytes.Contains(signed.Document, []byte("MC-77")) {
		t.Error("the badge names the profile")
	}
	c, err := verify.Read([]byte(signed.JWT))
	if err != nil {
		t.Fatal(err)
	}
	if !c.IsOf("ext:mcid", "mc-77") || c.IsOf("ext:mcid", "mc-78") || c.Achievement().Code != "AZ-104" {
		t.Errorf("%+v", c.Achievement())
	}
}

func TestATokenThatSaysTwoThingsIsRefused(t *testing.T) {
	w := badgetest.New(t)
	document, _ := func() (map[string]any, error) { a := w.Award(); return a.Document(badgetest.Issuer) }()
	for claim, value := range map[string]any{"iss": "did:web:other.example", "exp": 1.0, "nbf": 5.0, "sub": "x", "jti": "y"} {
		claims := maps.Clone(document)
		claims[claim] = value
		_, err := verify.Read(unsigned(t, claims))
		if kizuna.CodeOf(err) != "verify-claim" {
			t.Errorf("%s: %v", claim, err)
		}
	}
}

func unsigned(t *testing.T, claims map[string]any) []byte {
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	return []byte(part(map[string]any{"alg": "EdDSA", "kid": "k"}) + "." + part(claims) + ".AAAA")
}
