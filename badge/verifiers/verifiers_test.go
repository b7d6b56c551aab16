// Package verifiers has badges checked by software that others wrote: see check.mjs.
package verifiers

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// trial is one badge in one form, with all that a verifier needs.
type trial struct {
	JWT         string                     `json:"jwt,omitempty"`
	Document    json.RawMessage            `json:"document,omitempty"`
	DIDDocument *did.Document              `json:"didDocument"`
	Lists       map[string]json.RawMessage `json:"lists"`
	Now         string                     `json:"now"`
	Company     string                     `json:"company,omitempty"`
	Subject     string                     `json:"subject,omitempty"`
}

type verdict struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

// needNode skips on a laptop without the packages, and fails where all must be there.
func needNode(t *testing.T) {
	t.Helper()
	_, missing := exec.LookPath("node")
	if missing == nil {
		_, missing = os.Stat("node_modules/jose")
	}
	if missing == nil {
		return
	}
	if os.Getenv("CI") == "" {
		t.Skipf("the verifiers of others are not here (npm ci in badge/verifiers brings them): %v", missing)
	}
	t.Fatal(missing)
}

func ask(t *testing.T, cases []trial) []verdict {
	t.Helper()
	question, err := json.Marshal(map[string]any{"cases": cases})
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "check.mjs")
	node.Stdin = bytes.NewReader(question)
	var stderr bytes.Buffer
	node.Stderr = &stderr
	answer, err := node.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var verdicts []verdict
	if err := json.Unmarshal(answer, &verdicts); err != nil || len(verdicts) != len(cases) {
		t.Fatalf("%v: %s", err, answer)
	}
	return verdicts
}

// A scene is what is done before the badge is shown, and what a verifier must say of
// it: words of the verifier for Data Integrity, and of the one for JWTs. Empty words:
// it is accepted.
type scene struct {
	name          string
	do            func(*situation)
	document, jwt string
}

type situation struct {
	*badgetest.World
	signed  badge.Signed
	now     kizuna.Instant
	company string
	list    []byte // nil: as it is published now
}

var scenes = []scene{
	{"as issued", func(*situation) {}, "", ""},
	{"with specializations and an end", func(s *situation) {
		a := s.Award()
		a.Specializations, a.Family = []string{"Infra and Database Migration to Microsoft Azure", "Analytics on Microsoft Azure"}, "Cloud & AI Platforms"
		s.signed = s.Sign(a)
	}, "", ""},
	{"rotated since", func(s *situation) { s.Rotate(2, s.now) }, "", ""},
	{"tampered", func(s *situation) { s.change("Solutions Partner for Data", "Solutions Partner for Gold") }, "invalid signature", "signature verification failed"},
	{"with the signature of another badge", func(s *situation) {
		a := s.Award()
		a.Achievement, a.Name = "security", "Solutions Partner for Security"
		s.graft(s.Sign(a))
	}, "invalid signature", "signature verification failed"},
	{"as if another domain had issued it", func(s *situation) {
		s.change("did:web:badges.example:kizuna", "did:web:elsewhere.example")
	}, "not found", "signature verification failed"},
	{"before it begins", func(s *situation) { s.now = badgetest.At(s.TB, "2023-11-01") }, "before", `"nbf" claim timestamp check failed`},
	{"expired", func(s *situation) { s.now = badgetest.At(s.TB, "2024-11-02T00:10:00Z") }, "after", `"exp" claim timestamp check failed`},
	{"revoked", func(s *situation) { s.Revoke(s.Award()) }, `"status":true`, `"status":true`},
	{"wrong key", func(s *situation) {
		other := badgetest.New(s.TB)
		other.Rotate(9, 0)
		s.signed = other.Sign(s.Award())
	}, "not found", "no key"},
	{"the key was revoked", func(s *situation) {
		old := did.Multikey(badgetest.Key(1).Public().(ed25519.PublicKey))
		s.Rotate(2, s.now)
		s.Ring, _ = s.Ring.Revoke(old, s.now)
	}, "not authorized", "no key"},
	{"replayed as another company's", func(s *situation) { s.company = "990002000" }, "another subject", `unexpected "sub" claim value`},
	{"replayed with an old status list", func(s *situation) {
		s.list = s.StatusList(badgetest.At(s.TB, "2023-12-01"))
		s.Revoke(s.Award())
	}, "after", "after"},
}

// change rewrites a text in both forms without signing them anew.
func (s *situation) change(from, to string) {
	parts := strings.Split(s.signed.JWT, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		s.TB.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(payload, []byte(from), []byte(to)))
	s.signed = badge.Signed{JWT: strings.Join(parts, "."), Document: bytes.ReplaceAll(s.signed.Document, []byte(from), []byte(to))}
}

// graft puts the signatures of one badge under what another one says.
func (s *situation) graft(from badge.Signed) {
	parts, others := strings.Split(s.signed.JWT, "."), strings.Split(from.JWT, ".")
	s.signed.JWT = strings.Join([]string{parts[0], parts[1], others[2]}, ".")
	var document, other map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(s.signed.Document, &document), json.Unmarshal(from.Document, &other)); err != nil {
		s.TB.Fatal(err)
	}
	document["proof"] = other["proof"]
	var err error
	if s.signed.Document, err = json.Marshal(document); err != nil {
		s.TB.Fatal(err)
	}
}

func TestOthersAcceptAndRefuseWhatWeDo(t *testing.T) {
	needNode(t)
	ours, err := verify.New()
	if err != nil {
		t.Fatal(err)
	}
	var cases []trial
	var want []string
	for _, sc := range scenes {
		w := badgetest.New(t)
		s := &situation{World: w, signed: w.Sign(w.Award()), now: badgetest.At(t, "2024-02-01"), company: "990001000"}
		sc.do(s)
		if s.list == nil {
			s.list = w.StatusList(s.now)
		}
		published := w.Evidence(s.now)
		c := trial{DIDDocument: w.Document(), Now: s.now.Moment().Time().Format("2006-01-02T15:04:05Z"), Lists: map[string]json.RawMessage{}}
		for url := range published.Lists {
			published.Lists[url], c.Lists[url] = verify.NewList(s.list), s.list
		}
		inDocument, inToken := c, c
		inDocument.Document, inDocument.Company = s.signed.Document, s.company
		inToken.JWT, inToken.Subject = s.signed.JWT, "https://badges.example/kizuna/partners/"+s.company
		cases, want = append(cases, inDocument, inToken), append(want, sc.document, sc.jwt)
		for _, data := range [][]byte{s.signed.Document, []byte(s.signed.JWT)} {
			read, err := verify.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			r := ours.Verify(read, verify.Question{Now: s.now, Company: s.company, Trusted: []string{badgetest.Issuer.ID}}, published)
			if r.Trusted != (sc.document == "") {
				t.Errorf("%s: ours says %v", sc.name, r.Problem())
			}
		}
	}
	for i, v := range ask(t, cases) {
		name := scenes[i/2].name + []string{", as a document", ", as a token"}[i%2]
		if v.OK != (want[i] == "") || !strings.Contains(strings.ToLower(v.Error), strings.ToLower(want[i])) {
			t.Errorf("%s: ok %v, %s; want %q", name, v.OK, v.Error, want[i])
		}
	}
}

// Texts in Japanese, quotes and line ends come out of both canonical forms alike.
func TestTextsOfAnyKindAreSignedAlike(t *testing.T) {
	needNode(t)
	var cases []trial
	for _, name := range []string{"結橋情報サービス", `"quoted" \ and <more>`, "two\nlines\tand a tab", "𠮷野家 é é"} {
		w := badgetest.New(t)
		a := w.Award()
		a.Subject.Name, a.Name = name, name
		now := badgetest.At(t, "2024-02-01")
		lists := map[string]json.RawMessage{"https://badges.example/kizuna/status/1.json": w.StatusList(now)}
		cases = append(cases, trial{Document: w.Sign(a).Document, DIDDocument: w.Document(), Lists: lists, Now: "2024-02-01T00:00:00Z"})
	}
	verdicts := ask(t, cases)
	if i := slices.IndexFunc(verdicts, func(v verdict) bool { return !v.OK }); i >= 0 {
		t.Errorf("%d: %s", i, verdicts[i].Error)
	}
}

// A badge that others issue, in every form that is read here, is taken as ours are.
func TestWeAcceptWhatOthersIssue(t *testing.T) {
	needNode(t)
	const issuer = "did:web:learn.example"
	question := `{"did": "` + issuer + `", "credential": {
		"@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
		"id": "https://learn.example/c/1", "type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "Azure の管理者",
		"issuer": {"id": "` + issuer + `", "type": ["Profile"], "name": "Learn"},
		"validFrom": "2023-05-20T00:00:00Z", "awardedDate": "2023-05-18T00:00:00Z",
		"credentialSubject": {
			"type": ["AchievementSubject"],
			"identifier": [{"type": "IdentityObject", "hashed": false, "identityHash": "MC-77", "identityType": "ext:mcid"}],
			"achievement": {
				"id": "https://learn.example/a/17", "type": ["Achievement"], "name": "Administrator", "description": "d",
				"criteria": {"narrative": "n"}, "creator": {"id": "` + issuer + `", "type": ["Profile"]}
			}
		}
	}}`
	node := exec.CommandContext(t.Context(), "node", "issue.mjs")
	node.Stdin = strings.NewReader(question)
	var stderr bytes.Buffer
	node.Stderr = &stderr
	answer, err := node.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var issued struct {
		Document    json.RawMessage
		Tokens      map[string]string
		DIDDocument json.RawMessage
	}
	if err := json.Unmarshal(answer, &issued); err != nil || len(issued.Tokens) != 3 {
		t.Fatalf("%v: %s", err, answer)
	}
	document, err := did.Parse(issued.DIDDocument)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := verify.New()
	if err != nil {
		t.Fatal(err)
	}
	trust := verify.Trust{Issuers: []verify.TrustedIssuer{{ID: issuer, Certificates: map[string]string{"https://learn.example/a/17": "AZ-104"}}}}
	forms := map[string][]byte{"data-integrity": issued.Document}
	for alg, token := range issued.Tokens {
		forms[alg] = []byte(token)
	}
	for form, data := range forms {
		c, err := verify.Read(data)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		q := verify.Question{Now: badgetest.At(t, "2024-02-01"), MCID: "mc-77", Trusted: trust.IDs()}
		e := verify.Evidence{Documents: map[string]*did.Document{issuer: document}}
		if r := verifier.Verify(c, q, e); !r.Trusted {
			t.Errorf("%s: %v", form, r.Problem())
		}
		code, err := trust.CertificateOf(c)
		earned, ends, failed := c.Earned()
		if err != nil || failed != nil || code != "AZ-104" || earned.String() != "2023-05-18" || ends != nil {
			t.Errorf("%s: %s, %s, %v, %v, %v", form, code, earned, ends, err, failed)
		}
		// The same under another name does not hold.
		forged := bytes.ReplaceAll(data, []byte("Administrator"), []byte("Architect"))
		if form == "data-integrity" {
			if c, err = verify.Read(forged); err != nil {
				t.Fatal(err)
			}
			if r := verifier.Verify(c, q, e); kizuna.CodeOf(asError(r)) != "integrity-signature" {
				t.Errorf("forged: %v", r.Problem())
			}
		}
	}
}

func asError(r *verify.Report) error {
	if p := r.Problem(); p != nil {
		return p
	}
	return nil
}
