package audit_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
)

func TestEntriesAreStoredInTheirCanonicalForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return rapid.OneOf(rapid.StringMatching(`[a-z0-9:/-]{0,9}`), rapid.String()).Draw(t, label)
		}
		hash := func() kizuna.Hash { return kizuna.HashOf([]byte(text("hashed"))) }
		e := &audit.Entry{
			Seq: rapid.Int64Range(1, audit.MaxNumber).Draw(t, "seq"), At: kizuna.Moment(rapid.Int64Range(0, 1<<50).Draw(t, "at")),
			Actor: text("actor"), Behalf: text("behalf"), Action: text("action"), Reason: text("reason"),
		}
		if rapid.Bool().Draw(t, "with a key") {
			e.Key = hash()
		}
		for range rapid.IntRange(0, 3).Draw(t, "things") {
			e.Things = append(e.Things, audit.Thing{Kind: text("kind"), ID: text("id"), Version: 1, SHA256: hash()})
		}
		if rapid.Bool().Draw(t, "with more") {
			e.Facts = []audit.FactSet{{File: text("file"), Rows: 7, SHA256: hash()}}
			e.Personal = []audit.PersonalRef{{Ref: text("ref"), SHA256: hash()}}
			e.Blobs = []kizuna.Hash{hash()}
		}
		if rapid.IntRange(0, 3).Draw(t, "erases") == 0 {
			e.Erased = []audit.Subject{{Class: audit.ClassPersonal, ID: text("erased")}}
		}
		plain, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.Transform(plain)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := e.Store()
		if err != nil || !bytes.Equal(stored.Canonical, want) {
			t.Fatalf("%v\n got %s\nwant %s", err, stored.Canonical, want)
		}
	})
}

// Whoever gives entries another member must write it in its place, too.
func TestEveryMemberOfAnEntryIsStored(t *testing.T) {
	e := &audit.Entry{Seq: 1}
	v := reflect.ValueOf(e).Elem()
	const known = 12
	if v.NumField() != known || reflect.TypeFor[audit.Thing]().NumField() != 4 {
		t.Errorf("an entry has %d members: write the new ones in their order", v.NumField())
	}
}
