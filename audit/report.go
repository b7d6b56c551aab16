package audit

import (
	"fmt"
	"strconv"

	"github.com/kizuna-org/kizuna"
)

// Kind says what is wrong. "Missing" is what is not in its place; it may stand
// elsewhere, and that is a finding of its own.
type Kind string

// The kinds of findings. Each has its text, "audit.KIND", which takes the numbers
// and the subject.
const (
	EntryChanged  Kind = "entry-changed"  // is not what was recorded or sealed
	EntryHash     Kind = "entry-hash"     // is what was sealed, but the hash beside it is not
	EntryMissing  Kind = "entry-missing"  // was sealed and is not in its place
	EntryInserted Kind = "entry-inserted" // has a number that the block says was never used
	EntryOrder    Kind = "entry-order"    // stands after a higher number, or twice
	EntryUnproved Kind = "entry-unproved" // one or more of these do not match the root of their block

	BlockChanged   Kind = "block-changed"   // cannot be read as the block of its number
	BlockSignature Kind = "block-signature" // is not what was signed
	BlockKey       Kind = "block-key"       // is signed by a key that the chain did not introduce
	BlockChain     Kind = "block-chain"     // follows another block than the one before it
	BlockRange     Kind = "block-range"     // does not begin where the block before it ends
	BlockLeaves    Kind = "block-leaves"    // the hashes kept beside it are not those it seals
	BlockMissing   Kind = "block-missing"   // is not in its place
	BlockOrder     Kind = "block-order"     // stands after a higher number, or twice
	BlockHead      Kind = "block-head"      // is not the block that was noted under this number

	ContentChanged    Kind = "content-changed"    // is not what the entry recorded
	ContentMissing    Kind = "content-missing"    // is gone, though the entry recorded it
	ContentUnrecorded Kind = "content-unrecorded" // is in no entry, or not in the one that it names
	ContentErased     Kind = "content-erased"     // is said to be erased by an entry that did not erase it
	ContentRestored   Kind = "content-restored"   // is there, though the entry erased it

	FileLine Kind = "file-line" // a line that cannot be read
	FileCut  Kind = "file-cut"  // the file does not hold what its last line counts, or has no such line
)

// Kinds lists every kind of finding.
func Kinds() []Kind {
	return []Kind{
		EntryChanged, EntryHash, EntryMissing, EntryInserted, EntryOrder, EntryUnproved,
		BlockChanged, BlockSignature, BlockKey, BlockChain, BlockRange, BlockLeaves, BlockMissing, BlockOrder, BlockHead,
		ContentChanged, ContentMissing, ContentUnrecorded, ContentErased, ContentRestored,
		FileLine, FileCut,
	}
}

// Finding is something wrong with the entries, blocks or lines numbered From to
// To; with content, the entry that it concerns.
type Finding struct {
	Kind    Kind    `json:"kind"`
	From    int64   `json:"from"`
	To      int64   `json:"to"`
	Subject Subject `json:"subject,omitzero"`
}

// Numbers writes the run as people read it: "5" or "5-9".
func (f Finding) Numbers() string {
	if f.From == f.To {
		return strconv.FormatInt(f.From, 10)
	}
	return fmt.Sprintf("%d-%d", f.From, f.To)
}

// Report is what verifying found. The same trail gives the same bytes.
type Report struct {
	Intact  bool          `json:"intact"`
	At      kizuna.Moment `json:"at"`
	Key     kizuna.Hash   `json:"key"`            // the first key, from which trust follows
	Trusted bool          `json:"trusted"`        // the key was given; it was not taken from what it proves
	Entries int64         `json:"entries"`        // read
	Proved  int64         `json:"proved"`         // of these, proved by a signed block
	Blocks  int64         `json:"blocks"`         // proved
	Content int64         `json:"content"`        // compared with the entries
	Head    *Head         `json:"head,omitempty"` // the last proved block: note it elsewhere
	Tail    *Tail         `json:"tail,omitempty"` // what no block seals yet

	Findings []Finding `json:"findings"`
	More     int64     `json:"more,omitempty"` // findings beyond the limit
}

// Head names a block and all that came before it.
type Head struct {
	Number int64       `json:"number"`
	Hash   kizuna.Hash `json:"hash"`
}

// Tail is the run of entries after the last proved block. Nothing proves yet that
// none of them was changed or removed.
type Tail struct {
	First   int64         `json:"first"`
	Last    int64         `json:"last"`
	Entries int64         `json:"entries"` // fewer than the numbers from First to Last, if some were not used
	Oldest  kizuna.Moment `json:"oldest"`
	Seconds int64         `json:"seconds"` // the age of the oldest
}

// findings collects, runs of numbers as one, up to a limit.
type findings struct {
	list  []Finding
	limit int
	more  int64
}

func (l *findings) add(kind Kind, from, to int64) { l.addSubject(kind, from, to, Subject{}) }

func (l *findings) addSubject(kind Kind, from, to int64, about Subject) {
	if n := len(l.list); n > 0 {
		if last := &l.list[n-1]; last.Kind == kind && last.To+1 == from && about == (Subject{}) && last.Subject == about {
			last.To = to
			return
		}
	}
	if len(l.list) >= l.limit {
		l.more++
		return
	}
	l.list = append(l.list, Finding{kind, from, to, about})
}
