package audit

import (
	"crypto/ed25519"
	"iter"

	"github.com/kizuna-org/kizuna"
)

// Trail is what is verified. Entries and blocks come in the order of their
// numbers; where they do not, that is found.
type Trail struct {
	Entries iter.Seq2[StoredEntry, error]
	Blocks  iter.Seq2[SealedBlock, error]
	Content Content
}

// Check is what a trail is verified against.
type Check struct {
	Key   ed25519.PublicKey // signs the first block; later keys are introduced by blocks
	Heads []Head            // noted earlier: each must still be in the chain
	Now   kizuna.Moment
	Limit int // of findings listed; 0 means 1,000
}

const defaultLimit = 1000

// Verify reads the trail once and reports. It holds one block's hashes and one
// entry's content at a time. The error is that of a sequence that could not be
// read; whatever is wrong with the trail is a finding.
func Verify(t Trail, c Check) (*Report, error) {
	return verify(t, c, newFindings(c))
}

func newFindings(c Check) *findings {
	limit := c.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	return &findings{list: []Finding{}, limit: limit}
}

func verify(t Trail, c Check, found *findings) (*Report, error) {
	id, err := KeyID(c.Key)
	if err != nil {
		return nil, err
	}
	next, stop := iter.Pull2(inOrder(t.Blocks, func(b SealedBlock) int64 { return b.Number },
		func(n int64) { found.add(BlockOrder, n, n) }))
	defer stop()
	known := make(map[int64]kizuna.Hash, len(c.Heads))
	for _, h := range c.Heads {
		known[h.Number] = h.Hash
	}
	v := &verifier{
		found:    found,
		chain:    &chain{next: next, found: found, known: known, keyID: id, key: c.Key},
		contents: newContents(t.Content, found),
		report:   &Report{At: c.Now, Key: id, Trusted: true},
	}
	defer v.contents.stop()
	entries := inOrder(t.Entries, func(e StoredEntry) int64 { return e.Seq },
		func(n int64) { v.report.Entries++; found.add(EntryOrder, n, n) })
	if err := v.run(entries); err != nil {
		return nil, err
	}
	r := v.report
	r.Blocks, r.Head, r.Content = v.chain.proved, v.chain.head, v.contents.compared
	if r.Tail != nil {
		r.Tail.Seconds = int64(c.Now.Instant() - r.Tail.Oldest.Instant())
	}
	r.conclude(found)
	return r, nil
}

func (r *Report) conclude(found *findings) {
	r.Findings, r.More = found.list, found.more
	r.Intact = len(found.list) == 0
}

type verifier struct {
	found    *findings
	chain    *chain
	contents *contents
	report   *Report
	block    *sealed // the proved block that the next entry may belong to
	ended    bool    // there is no further proved block
}

func (v *verifier) run(entries iter.Seq2[StoredEntry, error]) error {
	if err := v.advance(); err != nil {
		return err
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := v.entry(e); err != nil {
			return err
		}
	}
	for !v.ended {
		if err := v.advance(); err != nil {
			return err
		}
	}
	return v.contents.finish()
}

// advance leaves the block behind and goes to the next.
func (v *verifier) advance() error {
	if v.block != nil {
		v.report.Proved += v.block.finish()
		v.block = nil
	}
	l, err := v.chain.advance()
	if err != nil {
		return err
	}
	if v.ended = l == nil; !v.ended {
		v.block = newSealed(l, v.found)
	}
	return nil
}

func (v *verifier) entry(s StoredEntry) error {
	v.report.Entries++
	for !v.ended && s.Seq > v.block.Last {
		if err := v.advance(); err != nil {
			return err
		}
	}

	e, err := s.Entry()
	sound := err == nil && e.Seq == s.Seq
	if !sound {
		e = nil
	}
	computed := kizuna.HashOf(s.Canonical)
	if !v.ended && s.Seq >= v.block.First {
		v.block.meet(s, computed, sound)
	} else {
		// Not proved: in the tail, or where a block was that has been named.
		if !sound || computed != s.Hash {
			v.found.add(EntryChanged, s.Seq, s.Seq)
		}
		if v.ended {
			v.tail(s.Seq, e)
		}
	}
	return v.contents.compare(s.Seq, e)
}

func (v *verifier) tail(seq int64, e *Entry) {
	t := v.report.Tail
	if t == nil {
		t = &Tail{First: seq, Oldest: v.report.At}
		v.report.Tail = t
	}
	t.Last = seq
	t.Entries++
	if e != nil {
		t.Oldest = min(t.Oldest, e.At)
	}
}
