package jwt_test

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/integrity"
	"github.com/kizuna-org/kizuna/badge/jwt"
)

const method = "did:web:a.example#1"

func public(n byte) crypto.PublicKey { return badgetest.Key(n).Public().(ed25519.PublicKey) }

func TestATokenComesBackAsItWasSigned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := make(map[string]any)
		for k, v := range rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "claims") {
			claims[k] = v
		}
		token, err := jwt.Sign(claims, method, badgetest.Key(1))
		if err != nil {
			t.Fatal(err)
		}
		read, err := jwt.Parse(token, integrity.Document)
		if err != nil || read.Method != method {
			t.Fatalf("%+v, %v", read, err)
		}
		said, _ := json.Marshal(claims) // as JSON has it: text that is no UTF-8 is not kept
		var want map[string]any
		_ = json.Unmarshal(said, &want)
		if !reflect.DeepEqual(read.Payload, want) {
			t.Fatalf("%v, signed was %v", read.Payload, want)
		}
		if err := read.Verify(public(1)); err != nil {
			t.Fatal(err)
		}
		if err := read.Verify(public(2)); kizuna.CodeOf(err) != "jwt-signature" {
			t.Fatalf("by another key: %v", err)
		}
	})
}

// What says that it is signed with nothing, with a secret, or by other rules is not read.
func TestOtherTokensAreNotRead(t *testing.T) {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for header, code := range map[string]string{
		`{"alg":"none"}`:                             "jwt-unreadable",
		`{"alg":"HS256"}`:                            "jwt-unreadable",
		`{"alg":"RS512"}`:                            "jwt-unreadable",
		`{"alg":"EdDSA","typ":"at+jwt"}`:             "jwt-type",
		`{"alg":"EdDSA","crit":["exp"],"exp":1}`:     "jwt-unreadable",
		`{"alg":"EdDSA","b64":false,"crit":["b64"]}`: "jwt-unreadable",
		`{"alg":"EdDSA","typ":"vc+jwt","kid":"k"}`:   "",
	} {
		_, err := jwt.Parse(part(header)+"."+part(`{}`)+"."+part("signature"), integrity.Document)
		if kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", header, err, code)
		}
	}
}

// Nothing but what was signed is verified, however it is written.
func FuzzToken(f *testing.F) {
	claims := map[string]any{"sub": "a", "exp": 1.0}
	token, err := jwt.Sign(claims, method, badgetest.Key(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(strings.Replace(token, ".", "..", 1))
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := jwt.Parse(text, integrity.Document)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if read.Verify(public(1)) == nil && (!reflect.DeepEqual(read.Payload, claims) || read.Method != method) {
			t.Fatalf("verified: %+v", read)
		}
	})
}
