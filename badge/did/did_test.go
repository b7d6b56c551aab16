package did_test

import (
	"bytes"
	"crypto/ed25519"
	"net/url"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/did"
)

func TestWhereADocumentLies(t *testing.T) {
	for id, want := range map[string]string{
		"did:web:w3c-ccg.github.io":            "https://w3c-ccg.github.io/.well-known/did.json",
		"did:web:w3c-ccg.github.io:user:alice": "https://w3c-ccg.github.io/user/alice/did.json",
		"did:web:example.com%3A3000:user":      "https://example.com:3000/user/did.json",
		"did:web:":                             "",
		"did:key:z6Mk":                         "",
		"did:web:example.com:..:x":             "",
		"did:web:a@b.example":                  "",
		"did:web:b.example:%2e%2e":             "",
		"did:web:b.example/x":                  "",
	} {
		got, err := did.DocumentURL(id)
		if got != want || (want == "") != (kizuna.CodeOf(err) == "did-web") {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
}

// The vector of the did:key method, an Ed25519 key.
func TestAMultikeyIsWrittenAsOthersDo(t *testing.T) {
	const text = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
	key, err := did.DecodeMultikey(text)
	if err != nil || did.Multikey(key) != text {
		t.Errorf("%x, %v", key, err)
	}
	for _, wrong := range []string{"", "z", "z0", text[1:], text[:40], did.Multibase([]byte{0x80, 0x24, 1})} {
		if _, err := did.DecodeMultikey(wrong); kizuna.CodeOf(err) == "" {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestMultibaseComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "data")
		back, err := did.DecodeMultibase(did.Multibase(data))
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%x, %v", back, err)
		}
	})
}

func TestAPublishedDocumentNamesWhatSigns(t *testing.T) {
	w := badgetest.New(t)
	w.Rotate(2, badgetest.At(t, "2024-01-01"))
	data, err := w.Document().Encode()
	if err != nil {
		t.Fatal(err)
	}
	d, err := did.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	now := badgetest.At(t, "2024-02-01").Moment().Time()
	for n := byte(1); n <= 2; n++ {
		public := badgetest.Key(n).Public().(ed25519.PublicKey)
		jwt, _ := w.Ring.JWTMethod(public)
		for _, method := range []string{w.Ring.Method(public), jwt} {
			key, err := d.Key(method, now)
			if err != nil || !public.Equal(key) {
				t.Errorf("%s: %v", method, err)
			}
		}
	}
	for code, method := range map[string]string{"did-method": badgetest.Issuer.ID + "#other"} {
		if _, err := d.Key(method, now); kizuna.CodeOf(err) != code {
			t.Error(err)
		}
	}
}

// A method that somebody else controls, or that is there for another purpose, does not sign.
func TestKeysOfOthersDoNotSign(t *testing.T) {
	const multikey = `"publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"`
	for code, text := range map[string]string{
		"":                `{"id": "did:web:a.example", "assertionMethod": [{"id": "#k", "type": "Multikey", "controller": "did:web:a.example", ` + multikey + `}]}`,
		"did-method":      `{"id": "did:web:a.example", "verificationMethod": [{"id": "#k", "controller": "did:web:b.example", ` + multikey + `}], "assertionMethod": ["#k"]}`,
		"did-method ":     `{"id": "did:web:a.example", "verificationMethod": [{"id": "#k", "controller": "did:web:a.example", ` + multikey + `}], "authentication": ["#k"]}`,
		"did-key-revoked": `{"id": "did:web:a.example", "verificationMethod": [{"id": "#k", "controller": "did:web:a.example", "revoked": "2024-01-01T00:00:00Z", ` + multikey + `}], "assertionMethod": ["#k"]}`,
	} {
		d, err := did.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Key("did:web:a.example#k", badgetest.At(t, "2024-01-01").Moment().Time())
		if kizuna.CodeOf(err) != string(bytes.TrimSpace([]byte(code))) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func FuzzDocument(f *testing.F) {
	data, _ := badgetest.New(f).Document().Encode()
	f.Add(data)
	f.Add([]byte(`{"id": "did:web:a.example", "assertionMethod": [{"id": "#k"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := did.Parse(data)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		for _, m := range d.Assertions {
			_, _ = d.Key(m, badgetest.At(t, "2024-01-01").Moment().Time())
		}
	})
}

// Whatever an identifier says, what is fetched for it lies at the host that it names.
func FuzzWeb(f *testing.F) {
	for _, id := range []string{"did:web:a.example", "did:web:a.example%3A8443:b:c", "did:web:a.example:..:b", "did:web:a@b", "did:web:%61.example"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		address, err := did.DocumentURL(id)
		if err != nil {
			if kizuna.CodeOf(err) != "did-web" {
				t.Fatal(err)
			}
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || path.Clean(u.Path) != u.Path || !strings.HasSuffix(u.Path, "/did.json") {
			t.Fatalf("%q is at %q, %v", id, address, err)
		}
		host, _, _ := strings.Cut(strings.TrimPrefix(id, "did:web:"), ":")
		if host, err = url.PathUnescape(host); err != nil || !strings.EqualFold(u.Host, host) {
			t.Fatalf("%q is asked of %q", id, u.Host)
		}
	})
}

func FuzzMultibase(f *testing.F) {
	f.Add("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
	f.Add("z1111")
	f.Fuzz(func(t *testing.T, text string) {
		data, err := did.DecodeMultibase(text)
		if err != nil {
			if kizuna.CodeOf(err) != "multibase" {
				t.Fatal(err)
			}
			return
		}
		if again := did.Multibase(data); again != text {
			t.Fatalf("%q comes back as %q", text, again)
		}
	})
}
