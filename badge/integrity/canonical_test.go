package integrity

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

// Everything that a document says is signed: whichever text is another, the canonical
// form is another, too, or there is none.
func FuzzEverythingIsSigned(f *testing.F) {
	f.Add([]byte(`{"@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
		"id": "https://a.example/1", "type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "N",
		"issuer": {"id": "did:web:a.example", "type": ["Profile"], "name": "I"}, "validFrom": "2024-01-01T00:00:00Z",
		"credentialStatus": {"id": "https://a.example/s#1", "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": "https://a.example/s"},
		"credentialSubject": {"type": ["AchievementSubject"], "identifier": [{"type": "IdentityObject", "hashed": false, "identityHash": "9", "identityType": "accountId"}],
			"achievement": {"id": "https://a.example/a", "type": ["Achievement"], "name": "A", "description": "d", "criteria": {"narrative": "n"}, "tag": ["x", "y"], "image": {"id": "https://a.example/i", "type": "Image"}}}}`), uint8(3))
	f.Add([]byte(`{"@context": "https://www.w3.org/ns/credentials/v2", "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod", "verificationMethod": "did:web:a.example#k"}`), uint8(1))
	f.Add([]byte(`{"@context": "https://www.w3.org/ns/credentials/v2", "name": {"@value": "結", "@language": "ja"}}`), uint8(0))
	suite, err := New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		document, err := Document(data)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		before, err := suite.canonical(document)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		n := int(which)
		if !alter(document, &n) {
			return
		}
		if after, err := suite.canonical(document); err == nil && after == before {
			changed, _ := json.Marshal(document)
			t.Fatalf("signed alike:\n%s\n%s", data, changed)
		}
	})
}

// alter changes the n-th text of a document, but for its contexts and languages, which
// are the same in capitals.
func alter(value any, n *int) bool {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			if text, ok := item.(string); ok {
				if *n == 0 {
					v[i] = text + "x"
					return true
				}
				*n--
			} else if alter(item, n) {
				return true
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key == "@context" || key == "@language" {
				continue
			}
			if text, ok := v[key].(string); ok {
				if *n == 0 {
					v[key] = text + "x"
					return true
				}
				*n--
			} else if alter(v[key], n) {
				return true
			}
		}
	}
	return false
}

// The same of documents made of the contexts' words in any order, which chance would not
// spell.
func TestEveryTextIsSigned(t *testing.T) {
	suite, err := New()
	if err != nil {
		t.Fatal(err)
	}
	texts := rapid.SampledFrom([]string{
		"a", "結", "https://a.example/1", "did:web:a.example", "2024-01-01T00:00:00Z", "Achievement", "Profile", "VerifiableCredential",
		"AchievementSubject", "IdentityObject", "Image", "#a", "_:b", "1", "accountId",
	})
	words := rapid.SampledFrom([]string{
		"id", "type", "name", "description", "issuer", "credentialSubject", "achievement", "criteria", "narrative", "image", "tag",
		"identifier", "identityHash", "identityType", "hashed", "salt", "validFrom", "awardedDate", "evidence", "creator", "result",
		"endorsement", "endorsementJwt", "jti", "relatedResource", "credentialStatus", "statusListIndex", "termsOfUse", "proof", "creditsAvailable",
		"digestSRI", "role", "source", "activityStartDate", "alignment", "targetUrl", "resultDescription",
	})
	signed := 0
	rapid.Check(t, func(t *rapid.T) {
		var object func(depth int) map[string]any
		var value func(depth int) any
		value = func(depth int) any {
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind < 5 || depth == 0:
				return texts.Draw(t, "text")
			case kind == 5:
				return rapid.Bool().Draw(t, "bool")
			case kind == 6:
				return float64(rapid.IntRange(-3, 3).Draw(t, "number"))
			case kind == 7:
				list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
				for i := range list {
					list[i] = value(depth - 1)
				}
				return list
			}
			return object(depth - 1)
		}
		object = func(depth int) map[string]any {
			o := make(map[string]any)
			for range rapid.IntRange(1, 4).Draw(t, "members") {
				o[words.Draw(t, "word")] = value(depth)
			}
			return o
		}
		document := object(3)
		document["@context"] = []any{CredentialsContext, OpenBadgesContext}
		said, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		before, err := suite.canonical(document)
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		signed++
		for n := 0; ; n++ {
			again, err := Document(said)
			if err != nil {
				t.Fatal(err)
			}
			left := n
			if !alter(again, &left) {
				return
			}
			if after, err := suite.canonical(again); err == nil && after == before {
				changed, _ := json.Marshal(again)
				t.Fatalf("signed alike:\n%s\n%s", said, changed)
			}
		}
	})
	if signed == 0 {
		t.Error("none of them could be signed")
	}
}
