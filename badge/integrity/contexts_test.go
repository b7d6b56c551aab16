package integrity

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// The digests are those of the files as they are published, byte for byte:
//   - the W3C Recommendation "Verifiable Credentials Data Model v2.0" (15 May 2025)
//     prints that of its base context in section B.1, Base Context;
//   - 1EdTech prints none. This is that of the file that its address serves in 2026, as
//     openbadgeslib 4.6.3 pins it, too. The one in the specification's repository lacks
//     two words, endorsementJwt and jti.
var published = map[string]string{
	CredentialsContext: "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
	OpenBadgesContext:  "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84",
}

func TestTheContextsAreThoseThatWerePublished(t *testing.T) {
	for url, name := range pinnedFiles {
		data, err := pinned.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != published[url] {
			t.Errorf("%s has the digest %x", url, sum)
		}
	}
	if len(published) != len(pinnedFiles) {
		t.Errorf("%d contexts are pinned, %d digests", len(pinnedFiles), len(published))
	}
}
