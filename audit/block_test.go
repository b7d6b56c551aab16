package audit_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
)

func TestAnEntryIsCanonicalAndHashed(t *testing.T) {
	e := audit.Entry{Seq: 7, At: 1_700_000_000_000_001, Actor: "partner:4711/u<1>", Action: "claim.submit", Reason: "絆",
		Things: []audit.Thing{{Kind: "claim", ID: "c-1", Version: 2, SHA256: kizuna.HashOf([]byte("body"))}}}
	s := must(e.Store())
	want := `{"action":"claim.submit","actor":"partner:4711/u<1>","at":"2023-11-14T22:13:20.000001Z","reason":"絆","seq":7,` +
		`"things":[{"id":"c-1","kind":"claim","sha256":"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5","version":2}]}`
	if string(s.Canonical) != want || s.Hash != kizuna.Hash(sha256.Sum256([]byte(want))) {
		t.Errorf("%s", s.Canonical)
	}
	if back := must(must(s.Entry()).Store()); !bytes.Equal(back.Canonical, s.Canonical) {
		t.Errorf("reads back as %s", back.Canonical)
	}
}

func TestEntriesThatCannotBeKeptAreRefused(t *testing.T) {
	for code, e := range map[string]audit.Entry{
		"audit-number":     {Seq: 0},
		"audit-entry-size": {Seq: 1, Things: slices.Repeat([]audit.Thing{{Kind: "claim"}}, audit.MaxEntrySize/100)},
	} {
		if _, err := e.Store(); kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := (&audit.Entry{Seq: audit.MaxNumber + 1}).Store(); kizuna.CodeOf(err) != "audit-number" {
		t.Error(err)
	}
}

func TestABlockSealsEntriesAndTheGapsBetweenThem(t *testing.T) {
	w := newWorld()
	for _, seq := range []int64{3, 4, 7} {
		w.record(t, audit.Entry{Seq: seq})
	}
	w.seal(t, nil)
	w.record(t, audit.Entry{Seq: 9})
	w.seal(t, nil)
	first, second := must(w.blocks[0].Block()), must(w.blocks[1].Block())
	if first.First != 1 || first.Last != 7 || !slices.Equal(first.Gaps, []audit.Gap{{From: 1, To: 2}, {From: 5, To: 6}}) || first.Entries() != 3 {
		t.Errorf("%+v", first)
	}
	if second.First != 8 || second.Last != 9 || second.Entries() != 1 || second.Previous != w.blocks[0].Hash() {
		t.Errorf("%+v", second)
	}
	if r := w.verify(t); !r.Intact || r.Proved != 4 {
		t.Errorf("%+v", r)
	}
}

func TestWithoutEntriesThereIsNoBlock(t *testing.T) {
	sealer := audit.Sealer{Signer: key(1)}
	if b, err := sealer.Seal(nil, each[audit.StoredEntry](nil), 0); b != nil || err != nil {
		t.Errorf("%v, %v", b, err)
	}
}

func TestABlockIsBounded(t *testing.T) {
	w := newWorld()
	for range audit.MaxBlockEntries + 1 {
		w.record(t, audit.Entry{})
	}
	w.seal(t, nil)
	if b := must(w.blocks[0].Block()); b.Entries() != audit.MaxBlockEntries {
		t.Errorf("%d entries", b.Entries())
	}
	w.seal(t, nil)
	if r := w.verify(t); !r.Intact || r.Blocks != 2 || r.Tail != nil {
		t.Errorf("%+v", r)
	}
}

func TestWhatDoesNotFitIsNotSealed(t *testing.T) {
	w := newWorld()
	w.record(t, audit.Entry{})
	w.seal(t, nil)
	late := w.entries[0]
	w.record(t, audit.Entry{})
	changed, renumbered := w.entries[1], w.entries[1]
	changed.Canonical = []byte(`{"seq":2}`)
	renumbered.Seq = 3
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	broken := w.blocks[0]
	broken.Canonical = []byte("{}")
	for _, c := range []struct {
		code     string
		previous *audit.SealedBlock
		signer   crypto.Signer
		entry    audit.StoredEntry
	}{
		{"audit-late", &w.blocks[0], key(1), late},
		{"audit-unsealable", &w.blocks[0], key(1), changed},
		{"audit-unsealable", &w.blocks[0], key(1), renumbered},
		{"audit-key-not-introduced", &w.blocks[0], key(2), w.entries[1]},
		{"audit-key", nil, other, late},
		{"audit-block-unreadable", &broken, key(1), w.entries[1]},
	} {
		sealer := audit.Sealer{Signer: c.signer}
		if b, err := sealer.Seal(c.previous, each([]audit.StoredEntry{c.entry}), 0); b != nil || kizuna.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.code, err)
		}
	}
}

func TestAKeyIsFollowedOnlyIfTheOldOneIntroducedIt(t *testing.T) {
	w := newWorld()
	w.record(t, audit.Entry{})
	w.seal(t, key(2))
	w.record(t, audit.Entry{})
	w.seal(t, nil)
	if r := w.verify(t); !r.Intact || r.Blocks != 2 {
		t.Errorf("introduced: %+v", r.Findings)
	}
	w.record(t, audit.Entry{})
	retired := audit.Sealer{Signer: key(1)}
	if _, err := retired.Seal(w.lastBlock(), each(w.entries[2:]), 0); kizuna.CodeOf(err) != "audit-key-not-introduced" {
		t.Errorf("retired: %v", err)
	}
	c := w.check()
	c.Key = public(key(3))
	if r := must(audit.Verify(w.trail(), c)); r.Intact || r.Blocks != 0 || r.Findings[0].Kind != audit.BlockKey {
		t.Errorf("never introduced: %+v", r)
	}
}

func TestEveryEntryCanBeProvedAlone(t *testing.T) {
	for n := range int64(34) {
		w := newWorld()
		for i := range n + 1 {
			w.record(t, audit.Entry{Seq: 2 * (i + 1)}) // a gap before each
		}
		w.seal(t, nil)
		b := &w.blocks[0]
		for i, e := range w.entries {
			p := must(b.Prove(e.Seq))
			if !p.Proves(e, w.key) {
				t.Fatalf("entry %d of %d is not proved", i, n+1)
			}
			if p.Proves(e, public(key(2))) || p.Proves(w.entries[(i+1)%len(w.entries)], w.key) && n > 0 {
				t.Fatalf("the proof of entry %d of %d holds for another key or entry", i, n+1)
			}
			longer, shorter := *p, *p
			longer.Path = append(slices.Clone(p.Path), kizuna.Hash{})
			if longer.Proves(e, w.key) {
				t.Fatal("a longer path proves as well")
			}
			if len(p.Path) > 0 {
				if shorter.Path = p.Path[1:]; shorter.Proves(e, w.key) {
					t.Fatal("a shorter path proves as well")
				}
			}
		}
		if _, err := b.Prove(1); kizuna.CodeOf(err) != "audit-not-in-block" {
			t.Errorf("a gap: %v", err)
		}
	}
}

func TestAProofSurvivesJSON(t *testing.T) {
	w := newWorld()
	for range 5 {
		w.record(t, audit.Entry{})
	}
	w.seal(t, nil)
	var back audit.Inclusion
	if err := json.Unmarshal(must(json.Marshal(must(w.blocks[0].Prove(3)))), &back); err != nil || !back.Proves(w.entries[2], w.key) {
		t.Errorf("%v", err)
	}
}

func TestTheRootIsThatOfRFC6962(t *testing.T) {
	w := newWorld()
	for range 3 {
		w.record(t, audit.Entry{})
	}
	w.seal(t, nil)
	sum := func(parts ...[]byte) []byte {
		h := sha256.Sum256(bytes.Join(parts, nil))
		return h[:]
	}
	leaf := func(i int) []byte { return sum([]byte{0}, w.entries[i].Hash[:]) }
	want := sum([]byte{1}, sum([]byte{1}, leaf(0), leaf(1)), leaf(2))
	if got := must(w.blocks[0].Block()).Root; !bytes.Equal(got[:], want) {
		t.Errorf("%s, not %x", got, want)
	}
}

func TestKeysReadWhatTheyWrite(t *testing.T) {
	k := key(1)
	private, err := audit.DecodePrivateKey(must(audit.EncodePrivateKey(k)))
	if err != nil || !private.Equal(k) {
		t.Errorf("%v", err)
	}
	pub, err := audit.DecodePublicKey(must(audit.EncodePublicKey(public(k))))
	if err != nil || !pub.Equal(public(k)) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoKeyIsRefusedWithoutQuotingIt(t *testing.T) {
	k := key(1)
	for _, data := range [][]byte{nil, []byte("secret"), must(audit.EncodePublicKey(public(k))),
		[]byte("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")} {
		if _, err := audit.DecodePrivateKey(data); kizuna.CodeOf(err) != "audit-key-unreadable" || bytes.Contains([]byte(err.Error()), []byte("secret")) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if _, err := audit.DecodePublicKey(must(audit.EncodePrivateKey(k))); kizuna.CodeOf(err) != "audit-key-unreadable" {
		t.Error(err)
	}
	if _, err := audit.KeyID(ed25519.PublicKey("short")); kizuna.CodeOf(err) != "audit-key" {
		t.Error(err)
	}
}
