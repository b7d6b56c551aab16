package audit_test

import (
	"cmp"
	"crypto/ed25519"
	"fmt"
	"iter"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
)

// A world is a store as the audit sees it, small enough to be tampered with.
type world struct {
	entries []audit.StoredEntry
	blocks  []audit.SealedBlock
	held    map[audit.Class][]audit.Held
	key     ed25519.PublicKey // the first
	signer  ed25519.PrivateKey
	now     kizuna.Moment
}

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func newWorld() *world {
	k := key(1)
	return &world{held: make(map[audit.Class][]audit.Held), key: public(k), signer: k, now: 1_700_000_000_000_000}
}

// record appends an entry and holds what it speaks of.
func (w *world) record(t failing, e audit.Entry) audit.StoredEntry {
	t.Helper()
	w.now += 1_000_000
	if e.Seq == 0 {
		e.Seq = w.lastSeq() + 1
	}
	e.At, e.Actor = w.now, "partner:4711/u1"
	if e.Action == "" {
		e.Action = "claim.submit"
	}
	s, err := e.Store()
	if err != nil {
		t.Fatal(err)
	}
	w.entries = append(w.entries, s)
	hold := func(s audit.Subject, h kizuna.Hash) {
		w.held[s.Class] = append(w.held[s.Class], audit.Held{Seq: e.Seq, Subject: s, SHA256: h})
	}
	for _, x := range e.Things {
		hold(audit.Subject{Class: audit.ClassThing, Kind: x.Kind, ID: x.ID, Version: x.Version}, x.SHA256)
	}
	for _, x := range e.Facts {
		hold(audit.Subject{Class: audit.ClassFacts, ID: x.File}, x.SHA256)
	}
	for _, x := range e.Personal {
		hold(audit.Subject{Class: audit.ClassPersonal, ID: x.Ref}, x.SHA256)
	}
	for _, x := range e.Blobs {
		hold(audit.Subject{Class: audit.ClassBlob, ID: x.String()}, x)
	}
	for _, s := range e.Erased {
		for i := range w.held[s.Class] {
			if h := &w.held[s.Class][i]; h.Subject == s && h.Erased == 0 {
				h.Erased, h.SHA256 = e.Seq, kizuna.Hash{}
			}
		}
	}
	return s
}

func (w *world) lastSeq() int64 {
	if n := len(w.entries); n > 0 {
		return w.entries[n-1].Seq
	}
	return 0
}

func (w *world) lastBlock() *audit.SealedBlock {
	if n := len(w.blocks); n > 0 {
		return &w.blocks[n-1]
	}
	return nil
}

func (w *world) sealedTo() int64 {
	if b := w.lastBlock(); b != nil {
		return must(b.Block()).Last
	}
	return 0
}

// seal makes a block of all that is not sealed; a next key takes over after it.
func (w *world) seal(t failing, next ed25519.PrivateKey) {
	t.Helper()
	sealer := audit.Sealer{Signer: w.signer}
	if next != nil {
		sealer.Next = public(next)
	}
	to := w.sealedTo()
	unsealed := slices.DeleteFunc(slices.Clone(w.entries), func(e audit.StoredEntry) bool { return e.Seq <= to })
	b, err := sealer.Seal(w.lastBlock(), each(unsealed), w.now)
	if err != nil {
		t.Fatal(err)
	}
	if b != nil {
		w.blocks = append(w.blocks, *b)
		if next != nil {
			w.signer = next
		}
	}
}

func (w *world) trail() audit.Trail {
	erased := []audit.Held{}
	held := make(map[audit.Class]iter.Seq2[audit.Held, error])
	for _, class := range audit.Classes() {
		bySeq := slices.Clone(w.held[class])
		slices.SortStableFunc(bySeq, func(a, b audit.Held) int { return cmp.Compare(a.Seq, b.Seq) })
		held[class] = each(bySeq)
		for _, h := range bySeq {
			if h.Erased != 0 {
				erased = append(erased, h)
			}
		}
	}
	slices.SortStableFunc(erased, func(a, b audit.Held) int { return cmp.Compare(a.Erased, b.Erased) })
	return audit.Trail{Entries: each(w.entries), Blocks: each(w.blocks), Content: audit.Content{Held: held, Erased: each(erased)}}
}

func (w *world) check() audit.Check { return audit.Check{Key: w.key, Now: w.now + 5_000_000} }

func (w *world) verify(t failing) *audit.Report {
	t.Helper()
	r, err := audit.Verify(w.trail(), w.check())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clone copies deeply enough for tampering.
func (w *world) clone() *world {
	c := *w
	c.entries, c.blocks, c.held = slices.Clone(w.entries), slices.Clone(w.blocks), maps.Clone(w.held)
	for class, held := range c.held {
		c.held[class] = slices.Clone(held)
	}
	return &c
}

// drawWorld makes a trail of random acts: with gaps, erasures, rotated keys and
// perhaps a tail.
func drawWorld(t *rapid.T) *world {
	w := newWorld()
	version := make(map[string]int64)
	var erasable []audit.Subject
	for i := range rapid.IntRange(1, 40).Draw(t, "acts") {
		e := audit.Entry{Seq: w.lastSeq() + 1}
		if rapid.IntRange(0, 9).Draw(t, "rolled back") == 0 {
			e.Seq += rapid.Int64Range(1, 3).Draw(t, "gap")
		}
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(t, "things") {
			version[id]++
			e.Things = append(e.Things, audit.Thing{Kind: "claim", ID: id, Version: version[id], SHA256: hash(id, version[id])})
		}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			e.Facts = []audit.FactSet{{File: fmt.Sprintf("usage-%d.csv", i), Rows: 7, SHA256: hash("facts", i)}}
		case 1:
			ref := fmt.Sprintf("p-%d", i)
			e.Personal = []audit.PersonalRef{{Ref: ref, SHA256: audit.SaltedHash([]byte("salt"), []byte(ref))}}
			erasable = append(erasable, audit.Subject{Class: audit.ClassPersonal, ID: ref})
		case 2:
			h := hash("blob", i)
			e.Blobs = []kizuna.Hash{h}
			erasable = append(erasable, audit.Subject{Class: audit.ClassBlob, ID: h.String()})
		case 3:
			if len(erasable) > 0 {
				e.Action, e.Erased, erasable = "person.erase", erasable[:1], erasable[1:]
			}
		}
		w.record(t, e)
		switch rapid.IntRange(0, 11).Draw(t, "seal") {
		case 0, 1, 2:
			w.seal(t, nil)
		case 3:
			w.seal(t, key(byte(2+i)))
		}
	}
	return w
}

// failing is what tests and properties share.
type failing interface {
	Helper()
	Fatal(...any)
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func hash(parts ...any) kizuna.Hash { return kizuna.HashOf([]byte(fmt.Sprint(parts...))) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
