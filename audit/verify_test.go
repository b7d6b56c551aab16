package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/locale"
)

func TestWhatWasNotTamperedWithIsIntact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := w.verify(t)
		sealed := 0
		for _, e := range w.entries {
			if e.Seq <= w.sealedTo() {
				sealed++
			}
		}
		if !r.Intact || r.Entries != int64(len(w.entries)) || r.Proved != int64(sealed) || r.Blocks != int64(len(w.blocks)) {
			t.Fatalf("%d entries, %d sealed, %d blocks: %+v", len(w.entries), sealed, len(w.blocks), r)
		}
		if tail := int64(len(w.entries) - sealed); tail == 0 != (r.Tail == nil) || tail > 0 && (r.Tail.Entries != tail || r.Tail.Last != w.lastSeq()) {
			t.Fatalf("a tail of %d is reported as %+v", tail, r.Tail)
		}
	})
}

// A tampering changes a world and says what must be found; it is false where the
// world has nothing of the sort.
type tampering func(t *rapid.T, w *world) (audit.Finding, bool)

var tamperings = map[string]tampering{
	"a byte of an entry": func(t *rapid.T, w *world) (audit.Finding, bool) {
		e := pick(t, w.entries)
		e.Canonical = flip(t, e.Canonical)
		return numbered(audit.EntryChanged, e.Seq), true
	},
	"an entry with its hash": func(t *rapid.T, w *world) (audit.Finding, bool) {
		e := &w.entries[rapid.IntRange(0, len(w.entries)-1).Draw(t, "entry")]
		entry := must(e.Entry())
		entry.Reason += "x"
		*e = must(entry.Store())
		return numbered(audit.EntryChanged, e.Seq), e.Seq <= w.sealedTo()
	},
	"the hash beside an entry": func(t *rapid.T, w *world) (audit.Finding, bool) {
		e := pick(t, w.entries)
		e.Hash[0] ^= 1
		if e.Seq > w.sealedTo() {
			return numbered(audit.EntryChanged, e.Seq), true
		}
		return numbered(audit.EntryHash, e.Seq), true
	},
	"an entry and its leaf": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) == 0 {
			return audit.Finding{}, false
		}
		s := pick(t, w.blocks)
		b := must(s.Block())
		e := find(w, b.Last)
		entry := must(e.Entry())
		entry.Reason += "x"
		*e = must(entry.Store())
		s.Leaves = append(slices.Clone(s.Leaves[:len(s.Leaves)-32]), e.Hash[:]...)
		return audit.Finding{Kind: audit.EntryUnproved, From: b.First, To: b.Last}, true
	},
	"the leaves of a block": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) == 0 {
			return audit.Finding{}, false
		}
		s := pick(t, w.blocks)
		s.Leaves = flip(t, s.Leaves)
		return numbered(audit.BlockLeaves, s.Number), true
	},
	"a sealed entry removed": func(t *rapid.T, w *world) (audit.Finding, bool) {
		i := rapid.IntRange(0, len(w.entries)-1).Draw(t, "entry")
		seq := w.entries[i].Seq
		w.entries = slices.Delete(w.entries, i, i+1)
		return numbered(audit.EntryMissing, seq), seq <= w.sealedTo()
	},
	"the rows of two entries swapped": func(t *rapid.T, w *world) (audit.Finding, bool) {
		i, j := two(t, len(w.entries))
		a, b := &w.entries[i], &w.entries[j]
		a.Canonical, a.Hash, b.Canonical, b.Hash = b.Canonical, b.Hash, a.Canonical, a.Hash
		return numbered(audit.EntryChanged, a.Seq), i != j
	},
	"two entries out of order": func(t *rapid.T, w *world) (audit.Finding, bool) {
		i, j := two(t, len(w.entries))
		w.entries[i], w.entries[j] = w.entries[j], w.entries[i]
		return numbered(audit.EntryOrder, w.entries[i].Seq), i < j
	},
	"an entry twice": func(t *rapid.T, w *world) (audit.Finding, bool) {
		i := rapid.IntRange(0, len(w.entries)-1).Draw(t, "entry")
		j := rapid.IntRange(i, len(w.entries)).Draw(t, "to")
		seq := w.entries[i].Seq
		w.entries = slices.Insert(w.entries, j, w.entries[i])
		return numbered(audit.EntryOrder, seq), true
	},
	"an entry inserted in a gap": func(t *rapid.T, w *world) (audit.Finding, bool) {
		for i, e := range w.entries {
			if n := e.Seq - 1; n > 0 && n <= w.sealedTo() && (i == 0 || w.entries[i-1].Seq < n) {
				w.entries = slices.Insert(w.entries, i, must((&audit.Entry{Seq: n, At: w.now, Actor: "x", Action: "x"}).Store()))
				return numbered(audit.EntryInserted, n), true
			}
		}
		return audit.Finding{}, false
	},
	"the sealed end cut off": func(t *rapid.T, w *world) (audit.Finding, bool) {
		i := rapid.IntRange(0, len(w.entries)-1).Draw(t, "keep")
		seq := w.entries[i].Seq
		w.entries = w.entries[:i]
		return numbered(audit.EntryMissing, seq), seq <= w.sealedTo()
	},
	"the unsealed end cut off": func(t *rapid.T, w *world) (audit.Finding, bool) {
		seq := w.lastSeq()
		e := must(w.entries[len(w.entries)-1].Entry())
		w.entries = w.entries[:len(w.entries)-1]
		if len(e.Things) == 0 {
			return audit.Finding{}, false // nothing is left that could tell
		}
		x := e.Things[0]
		return audit.Finding{Kind: audit.ContentUnrecorded, From: seq, To: seq,
			Subject: audit.Subject{Class: audit.ClassThing, Kind: x.Kind, ID: x.ID, Version: x.Version}}, seq > w.sealedTo()
	},
	"a byte of a block": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) == 0 {
			return audit.Finding{}, false
		}
		s := pick(t, w.blocks)
		before := must(s.Block())
		s.Canonical = flip(t, s.Canonical)
		f := numbered(audit.BlockSignature, s.Number)
		if after, err := s.Block(); err != nil {
			f.Kind = audit.BlockChanged
		} else if after.KeyID != before.KeyID {
			f.Kind = audit.BlockKey
		}
		return f, true
	},
	"a signature": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) == 0 {
			return audit.Finding{}, false
		}
		s := pick(t, w.blocks)
		s.Signature = flip(t, s.Signature)
		return numbered(audit.BlockSignature, s.Number), true
	},
	"a block removed": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) < 2 {
			return audit.Finding{}, false
		}
		i := rapid.IntRange(0, len(w.blocks)-2).Draw(t, "block")
		n := w.blocks[i].Number
		w.blocks = slices.Delete(w.blocks, i, i+1)
		return numbered(audit.BlockMissing, n), true
	},
	"two blocks out of order": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) == 0 {
			return audit.Finding{}, false
		}
		i, j := two(t, len(w.blocks))
		w.blocks[i], w.blocks[j] = w.blocks[j], w.blocks[i]
		return numbered(audit.BlockOrder, w.blocks[i].Number), i < j
	},
	"the last block forged with another key": func(t *rapid.T, w *world) (audit.Finding, bool) {
		n := len(w.blocks)
		if n == 0 {
			return audit.Finding{}, false
		}
		// As good a forgery as can be made: the forger's own chain, all fitting.
		forger := newWorld()
		forger.signer = key(99)
		for i, e := range w.entries {
			forger.entries = w.entries[:i+1]
			if slices.ContainsFunc(w.blocks, func(s audit.SealedBlock) bool { return must(s.Block()).Last == e.Seq }) {
				forger.seal(t, nil)
			}
		}
		w.blocks[n-1] = forger.blocks[n-1]
		return numbered(audit.BlockKey, int64(n)), true
	},
	"a block exchanged for another that the same key signed": func(t *rapid.T, w *world) (audit.Finding, bool) {
		if len(w.blocks) < 2 {
			return audit.Finding{}, false
		}
		n := rapid.IntRange(0, len(w.blocks)-2).Draw(t, "block")
		before, after := must(w.blocks[n].Block()), must(w.blocks[n+1].Block())
		other := w.clone()
		other.blocks = other.blocks[:n]
		other.entries = slices.DeleteFunc(other.entries, func(e audit.StoredEntry) bool { return e.Seq > before.Last })
		other.signer, other.now = signerOf(before), other.now+1
		if before.NextKey != nil {
			other.seal(t, signerOf(after))
		} else {
			other.seal(t, nil)
		}
		w.blocks[n] = other.blocks[n]
		return numbered(audit.BlockChain, int64(n+2)), true
	},
	"the body of content": func(t *rapid.T, w *world) (audit.Finding, bool) {
		h := anyHeld(t, w)
		if h == nil || h.Erased != 0 {
			return audit.Finding{}, false
		}
		h.SHA256[0] ^= 1
		return about(audit.ContentChanged, h.Seq, h.Subject), true
	},
	"content removed": func(t *rapid.T, w *world) (audit.Finding, bool) {
		h := anyHeld(t, w)
		if h == nil {
			return audit.Finding{}, false
		}
		gone := *h
		w.held[gone.Subject.Class] = slices.DeleteFunc(w.held[gone.Subject.Class], func(h audit.Held) bool { return h == gone })
		return about(audit.ContentMissing, gone.Seq, gone.Subject), true
	},
	"content in no entry": func(t *rapid.T, w *world) (audit.Finding, bool) {
		seq := rapid.SampledFrom([]int64{-1, 0, 1, w.lastSeq(), w.lastSeq() + 1, 1<<63 - 1}).Draw(t, "entry")
		s := audit.Subject{Class: audit.ClassThing, Kind: "claim", ID: "forged", Version: 1}
		w.held[s.Class] = append(w.held[s.Class], audit.Held{Seq: seq, Subject: s})
		return about(audit.ContentUnrecorded, seq, s), true
	},
	"content said to be erased": func(t *rapid.T, w *world) (audit.Finding, bool) {
		h := anyHeld(t, w)
		if h == nil || h.Erased != 0 {
			return audit.Finding{}, false
		}
		h.Erased, h.SHA256 = rapid.SampledFrom([]int64{1, h.Seq, w.lastSeq(), w.lastSeq() + 1, 1<<63 - 1}).Draw(t, "by"), kizuna.Hash{}
		return about(audit.ContentErased, h.Erased, h.Subject), true
	},
	"content restored after its erasure": func(_ *rapid.T, w *world) (audit.Finding, bool) {
		for _, held := range w.held {
			for i := range held {
				if h := &held[i]; h.Erased != 0 {
					by := h.Erased
					h.Erased, h.SHA256 = 0, recorded(w, h)
					return about(audit.ContentRestored, by, h.Subject), true
				}
			}
		}
		return audit.Finding{}, false
	},
}

func TestAnySingleTamperingIsFoundAndNamed(t *testing.T) {
	for name, tamper := range tamperings {
		t.Run(name, func(t *testing.T) {
			met := 0
			rapid.Check(t, func(t *rapid.T) {
				w := drawWorld(t)
				want, possible := tamper(t, w)
				if !possible {
					return
				}
				met++
				r := w.verify(t)
				if r.Intact || !slices.ContainsFunc(r.Findings, func(f audit.Finding) bool {
					return f.Kind == want.Kind && f.From <= want.From && want.To <= f.To && f.Subject == want.Subject
				}) {
					t.Fatalf("%+v is not among %+v", want, r.Findings)
				}
			})
			if met == 0 {
				t.Error("no world could be tampered with like this")
			}
		})
	}
}

func TestTheSameTrailGivesTheSameReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		names := slices.Sorted(maps.Keys(tamperings))
		tamperings[rapid.SampledFrom(names).Draw(t, "tampering")](t, w)
		first := must(json.Marshal(w.verify(t)))
		if again := must(json.Marshal(w.verify(t))); !bytes.Equal(first, again) {
			t.Fatalf("%s\n%s", first, again)
		}
	})
}

func TestErasureKeepsTheChain(t *testing.T) {
	w := newWorld()
	ref := audit.Subject{Class: audit.ClassPersonal, ID: "p-1"}
	w.record(t, audit.Entry{Personal: []audit.PersonalRef{{Ref: ref.ID, SHA256: audit.SaltedHash([]byte("s"), []byte("Mika"))}}})
	w.seal(t, nil)
	w.record(t, audit.Entry{Action: "person.erase", Erased: []audit.Subject{ref}})
	w.seal(t, nil)
	if h := w.held[audit.ClassPersonal][0]; h.Erased != 2 || h.SHA256 != (kizuna.Hash{}) {
		t.Fatalf("%+v is not erased", h)
	}
	if r := w.verify(t); !r.Intact || r.Proved != 2 {
		t.Errorf("%+v", r)
	}
}

func TestBlocksCutOffAreMissedByWhoNotedTheHead(t *testing.T) {
	w := newWorld()
	for range 3 {
		w.record(t, audit.Entry{})
		w.seal(t, nil)
	}
	noted := *w.verify(t).Head
	w.record(t, audit.Entry{})
	w.seal(t, nil)

	c := w.check()
	c.Heads = []audit.Head{noted}
	if r := must(audit.Verify(w.trail(), c)); !r.Intact {
		t.Errorf("a chain that grew: %+v", r.Findings)
	}
	w.entries, w.blocks = w.entries[:1], w.blocks[:1]
	if r := w.verify(t); !r.Intact {
		t.Errorf("nobody can tell: %+v", r.Findings)
	}
	if r := must(audit.Verify(w.trail(), c)); r.Intact || r.Findings[0] != (audit.Finding{Kind: audit.BlockMissing, From: 2, To: 3}) {
		t.Errorf("%+v", r.Findings)
	}
	w.record(t, audit.Entry{Action: "other"})
	w.seal(t, nil)
	w.record(t, audit.Entry{Action: "other"})
	w.seal(t, nil)
	if r := must(audit.Verify(w.trail(), c)); r.Intact || r.Findings[0] != numbered(audit.BlockHead, 3) {
		t.Errorf("%+v", r.Findings)
	}
}

func TestRunsOfFindingsAreOneAndTheirNumberIsBounded(t *testing.T) {
	w := newWorld()
	for range 100 {
		w.record(t, audit.Entry{})
	}
	w.seal(t, nil)
	for i := range 100 {
		if i%2 == 0 {
			w.entries[i].Canonical = []byte("{}")
		}
	}
	c := w.check()
	c.Limit = 10
	if r := must(audit.Verify(w.trail(), c)); len(r.Findings) != 10 || r.More != 40 {
		t.Errorf("%d findings and %d more", len(r.Findings), r.More)
	}
	w.entries = w.entries[:30]
	r := w.verify(t)
	if last := r.Findings[len(r.Findings)-1]; last != (audit.Finding{Kind: audit.EntryMissing, From: 31, To: 100}) {
		t.Errorf("%+v", last)
	}
}

func TestAStoreThatCannotBeReadIsAnErrorNotAFinding(t *testing.T) {
	lost := errors.New("connection lost")
	w := newWorld()
	w.record(t, audit.Entry{})
	trail := w.trail()
	trail.Entries = func(yield func(audit.StoredEntry, error) bool) {
		if yield(w.entries[0], nil) {
			yield(audit.StoredEntry{}, lost)
		}
	}
	if r, err := audit.Verify(trail, w.check()); !errors.Is(err, lost) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestContentOutOfOrderIsRefused(t *testing.T) {
	w := newWorld()
	w.record(t, audit.Entry{Things: []audit.Thing{{Kind: "claim", ID: "a", Version: 1}}})
	w.record(t, audit.Entry{Things: []audit.Thing{{Kind: "claim", ID: "a", Version: 2}}})
	trail := w.trail()
	held := slices.Clone(w.held[audit.ClassThing])
	slices.Reverse(held)
	trail.Content.Held[audit.ClassThing] = each(held)
	if _, err := audit.Verify(trail, w.check()); kizuna.CodeOf(err) != "audit-content-order" {
		t.Error(err)
	}
}

func TestEveryFindingHasItsTextInEveryLanguage(t *testing.T) {
	for _, lang := range locale.Languages() {
		p := must(locale.For(lang))
		for _, kind := range audit.Kinds() {
			f := audit.Finding{Kind: kind, From: 5, To: 9, Subject: audit.Subject{Class: audit.ClassThing, Kind: "claim", ID: "c-1", Version: 2}}
			text := p.T("audit."+string(kind), f.Numbers(), f.Subject.String())
			about := strings.HasPrefix(string(kind), "content-")
			if !strings.Contains(text, "5-9") || about != strings.Contains(text, "thing claim c-1 v2") || strings.Contains(text, "%!") {
				t.Errorf("%s: %s: %s", lang, kind, text)
			}
		}
	}
}

func numbered(kind audit.Kind, n int64) audit.Finding {
	return audit.Finding{Kind: kind, From: n, To: n}
}

func about(kind audit.Kind, n int64, s audit.Subject) audit.Finding {
	return audit.Finding{Kind: kind, From: n, To: n, Subject: s}
}

func pick[T any](t *rapid.T, list []T) *T {
	return &list[rapid.IntRange(0, len(list)-1).Draw(t, "which")]
}

func two(t *rapid.T, n int) (int, int) {
	return rapid.IntRange(0, n-1).Draw(t, "one"), rapid.IntRange(0, n-1).Draw(t, "other")
}

func flip(t *rapid.T, data []byte) []byte {
	data = slices.Clone(data)
	data[rapid.IntRange(0, len(data)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return data
}

func find(w *world, seq int64) *audit.StoredEntry {
	return &w.entries[slices.IndexFunc(w.entries, func(e audit.StoredEntry) bool { return e.Seq == seq })]
}

func anyHeld(t *rapid.T, w *world) *audit.Held {
	held := w.held[rapid.SampledFrom(audit.Classes()).Draw(t, "class")]
	if len(held) == 0 {
		return nil
	}
	return pick(t, held)
}

// recorded is the hash that the entry gave to the content.
func recorded(w *world, h *audit.Held) (out kizuna.Hash) {
	e := must(find(w, h.Seq).Entry())
	for _, p := range e.Personal {
		out = p.SHA256
	}
	for _, b := range e.Blobs {
		out = b
	}
	return out
}

// signerOf finds the key that signed a block among those that worlds use.
func signerOf(b *audit.Block) ed25519.PrivateKey {
	for seed := range byte(99) {
		if k := key(seed); must(audit.KeyID(public(k))) == b.KeyID {
			return k
		}
	}
	panic("a key of no world")
}
