// Package audit keeps a trail that cannot be changed unseen. An [Entry] says who
// did what to which versions of which things; it carries ids and hashes, never
// names. A [Sealer] chains entries into signed blocks; [Verify] reads the trail
// and what it speaks of, and names whatever is not as it was sealed.
//
// The package decides over bytes: it reads no clock, no file, no database.
package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"

	"github.com/kizuna-org/kizuna"
)

// The bounds of what is sealed and read.
const (
	MaxNumber    = 1<<53 - 1 // numbers pass through canonical JSON, which knows float64 only
	MaxEntrySize = 16 << 20  // bytes of an entry's canonical form
)

// Entry is one act: who, on whose behalf, what, why, and what came of it.
type Entry struct {
	Seq      int64         `json:"seq"` // from 1, rising in the order of recording
	At       kizuna.Moment `json:"at"`
	Actor    string        `json:"actor"`
	Behalf   string        `json:"behalf,omitempty"`
	Action   string        `json:"action"`
	Reason   string        `json:"reason,omitempty"` // a code or a reference, never somebody's words
	Key      kizuna.Hash   `json:"key,omitzero"`     // of the idempotency key
	Things   []Thing       `json:"things,omitempty"`
	Facts    []FactSet     `json:"facts,omitempty"`
	Personal []PersonalRef `json:"personal,omitempty"`
	Blobs    []kizuna.Hash `json:"blobs,omitempty"`
	Erased   []Subject     `json:"erased,omitempty"` // personal data and blobs that this act erased
}

// Thing is a version of a thing that the act wrote.
type Thing struct {
	Kind    string      `json:"kind"`
	ID      string      `json:"id"`
	Version int64       `json:"version"`
	SHA256  kizuna.Hash `json:"sha256"` // of its body
}

// FactSet is a file of facts that the act imported.
type FactSet struct {
	File   string      `json:"file"`
	Rows   int64       `json:"rows"`
	SHA256 kizuna.Hash `json:"sha256"`
}

// PersonalRef is personal data that the act wrote, where it can be erased.
type PersonalRef struct {
	Ref    string      `json:"ref"`
	SHA256 kizuna.Hash `json:"sha256"` // salted: see [SaltedHash]
}

// Class is a kind of content that entries speak of.
type Class string

// The classes.
const (
	ClassThing    Class = "thing"
	ClassFacts    Class = "facts"
	ClassPersonal Class = "personal"
	ClassBlob     Class = "blob"
)

// Classes lists the classes in the order in which they are verified.
func Classes() []Class { return []Class{ClassThing, ClassFacts, ClassPersonal, ClassBlob} }

// Subject names a piece of content: a thing by kind, id and version, facts by
// their file, personal data by its reference, a blob by its hash.
type Subject struct {
	Class   Class  `json:"class"`
	Kind    string `json:"kind,omitempty"`
	ID      string `json:"id"`
	Version int64  `json:"version,omitempty"`
}

// String writes the subject as people read it: "thing claim c-1 v2".
func (s Subject) String() string {
	out := string(s.Class)
	for _, part := range []string{s.Kind, s.ID} {
		if part != "" {
			out += " " + part
		}
	}
	if s.Version != 0 {
		out += fmt.Sprintf(" v%d", s.Version)
	}
	return out
}

// SaltedHash is the hash under which an entry mentions personal data: once data
// and salt are erased, guessing at the data leads nowhere. Salts are random, one
// for each row, at least 16 bytes.
func SaltedHash(salt, data []byte) (h kizuna.Hash) {
	mac := hmac.New(sha256.New, salt)
	mac.Write(data)
	mac.Sum(h[:0])
	return h
}

// StoredEntry is an entry as it is kept: the exact bytes that were hashed.
type StoredEntry struct {
	Seq       int64
	Canonical []byte // JSON in its canonical form, RFC 8785
	Hash      kizuna.Hash
}

// Store returns the entry as it is to be kept.
func (e *Entry) Store() (StoredEntry, error) {
	if e.Seq < 1 || e.Seq > MaxNumber {
		return StoredEntry{}, kizuna.Errorf("audit-number", "%d cannot number an entry", e.Seq).
			WithMend("entries are numbered from 1")
	}
	canonical, err := e.canonical()
	if err != nil {
		return StoredEntry{}, err
	}
	if len(canonical) > MaxEntrySize {
		return StoredEntry{}, kizuna.Errorf("audit-entry-size", "one act records %d bytes; %d is the most", len(canonical), MaxEntrySize).
			WithMend("split it into smaller acts")
	}
	return StoredEntry{Seq: e.Seq, Canonical: canonical, Hash: kizuna.HashOf(canonical)}, nil
}

// Entry reads the stored bytes.
func (s StoredEntry) Entry() (*Entry, error) {
	var e Entry
	if err := json.Unmarshal(s.Canonical, &e); err != nil {
		return nil, kizuna.Errorf("audit-entry-unreadable", "entry %d cannot be read", s.Seq).WithCause(err)
	}
	return &e, nil
}

// speaksOf lists the entry's content of a class with the hashes it had.
func (e *Entry) speaksOf(class Class) map[Subject]kizuna.Hash {
	out := make(map[Subject]kizuna.Hash)
	switch class {
	case ClassThing:
		for _, t := range e.Things {
			out[Subject{class, t.Kind, t.ID, t.Version}] = t.SHA256
		}
	case ClassFacts:
		for _, f := range e.Facts {
			out[Subject{Class: class, ID: f.File}] = f.SHA256
		}
	case ClassPersonal:
		for _, p := range e.Personal {
			out[Subject{Class: class, ID: p.Ref}] = p.SHA256
		}
	case ClassBlob:
		for _, b := range e.Blobs {
			out[Subject{Class: class, ID: b.String()}] = b
		}
	}
	return out
}

// sortedEntry is an entry with its members in the order of the canonical form.
type (
	sortedEntry struct {
		Action   string        `json:"action"`
		Actor    string        `json:"actor"`
		At       kizuna.Moment `json:"at"`
		Behalf   string        `json:"behalf,omitempty"`
		Blobs    []kizuna.Hash `json:"blobs,omitempty"`
		Facts    []FactSet     `json:"facts,omitempty"`
		Key      kizuna.Hash   `json:"key,omitzero"`
		Personal []PersonalRef `json:"personal,omitempty"`
		Reason   string        `json:"reason,omitempty"`
		Seq      int64         `json:"seq"`
		Things   []sortedThing `json:"things,omitempty"`
	}
	sortedThing struct {
		ID      string      `json:"id"`
		Kind    string      `json:"kind"`
		SHA256  kizuna.Hash `json:"sha256"`
		Version int64       `json:"version"`
	}
)

// canonical writes the entry in its canonical form. Written in order, and without
// a character that needs escaping, it is in that form as it stands; transforming it
// would cost more than all else that a commit does to an entry.
func (e *Entry) canonical() ([]byte, error) {
	if len(e.Erased) > 0 {
		return canonicalJSON(e)
	}
	things := make([]sortedThing, len(e.Things))
	for i, t := range e.Things {
		things[i] = sortedThing{ID: t.ID, Kind: t.Kind, SHA256: t.SHA256, Version: t.Version}
	}
	data, err := json.Marshal(sortedEntry{
		Action: e.Action, Actor: e.Actor, At: e.At, Behalf: e.Behalf, Blobs: e.Blobs, Facts: e.Facts,
		Key: e.Key, Personal: e.Personal, Reason: e.Reason, Seq: e.Seq, Things: things,
	})
	if err != nil || bytes.IndexByte(data, '\\') < 0 {
		return data, err
	}
	return jcs.Transform(data)
}

func canonicalJSON(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(data)
}
