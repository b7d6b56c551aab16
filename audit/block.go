package audit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"iter"

	"github.com/kizuna-org/kizuna"
)

// BlockFormat is the version of a block's form; it keeps a block's signature from
// passing for one over anything else.
const BlockFormat = "kizuna-block-1"

// MaxBlockEntries bounds the entries of a block, and with them what a verifier
// holds in memory.
const MaxBlockEntries = 1 << 14

// Block seals the entries numbered First to Last.
type Block struct {
	Format   string        `json:"format"`
	Number   int64         `json:"number"`            // from 1, without gaps
	Previous kizuna.Hash   `json:"previous,omitzero"` // the hash of the block before; none for the first
	First    int64         `json:"first"`             // one more than the Last of the block before
	Last     int64         `json:"last"`
	Gaps     []Gap         `json:"gaps,omitempty"` // numbers that no entry has, and none will have
	Root     kizuna.Hash   `json:"root"`           // of the Merkle tree (RFC 6962) over the entries' hashes
	SealedAt kizuna.Moment `json:"sealed_at"`
	KeyID    kizuna.Hash   `json:"key_id"`             // of the key that signs this block
	NextKey  []byte        `json:"next_key,omitempty"` // the Ed25519 key that signs the blocks after this one, if another
}

// Gap is a run of numbers that were drawn and given up: a transaction that was
// rolled back. They are sealed with the rest, so that a missing entry is one that
// was removed.
type Gap struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// SealedBlock is a block as it is kept: the exact bytes that were signed.
type SealedBlock struct {
	Number    int64
	Canonical []byte // JSON in its canonical form, RFC 8785
	Signature []byte // Ed25519 over Canonical
	// Leaves are the hashes of the block's entries in order, 32 bytes each. The
	// root proves them; they tell which entry was changed, not only that one was.
	Leaves []byte
}

// Hash is the block's hash, which the next block carries.
func (s *SealedBlock) Hash() kizuna.Hash { return kizuna.HashOf(s.Canonical) }

// Block reads the signed bytes and checks that they are a block's.
func (s *SealedBlock) Block() (*Block, error) {
	var b Block
	err := json.Unmarshal(s.Canonical, &b)
	if err != nil || b.Format != BlockFormat || b.Number != s.Number || !b.wellFormed() {
		return nil, kizuna.Errorf("audit-block-unreadable", "block %d cannot be read", s.Number).WithCause(err)
	}
	return &b, nil
}

func (b *Block) wellFormed() bool {
	if b.Number < 1 || b.Number > MaxNumber || b.First < 1 || b.Last < b.First || b.Last > MaxNumber ||
		len(b.NextKey) != 0 && len(b.NextKey) != ed25519.PublicKeySize {
		return false
	}
	free := b.First // the lowest number that may begin a gap
	for _, g := range b.Gaps {
		if g.From < free || g.To < g.From || g.To >= b.Last {
			return false
		}
		free = g.To + 2 // gaps that touch are one
	}
	return b.Entries() <= MaxBlockEntries
}

// Entries counts the block's entries.
func (b *Block) Entries() int64 {
	n := b.Last - b.First + 1
	for _, g := range b.Gaps {
		n -= g.To - g.From + 1
	}
	return n
}

// index is an entry's place among the block's entries; it is false for a number
// that the block does not seal.
func (b *Block) index(seq int64) (int64, bool) {
	if seq < b.First || seq > b.Last {
		return 0, false
	}
	i := seq - b.First
	for _, g := range b.Gaps {
		if seq < g.From {
			break
		}
		if seq <= g.To {
			return 0, false
		}
		i -= g.To - g.From + 1
	}
	return i, true
}

// nextKey is the key that must sign the block after this one, if this block
// introduces it.
func (b *Block) nextKey() (ed25519.PublicKey, bool) {
	return ed25519.PublicKey(b.NextKey), len(b.NextKey) != 0
}

// Sealer makes blocks. Signer holds an Ed25519 key, in memory or in hardware.
// Next, if set, is introduced as the key of the blocks that follow.
type Sealer struct {
	Signer crypto.Signer
	Next   ed25519.PublicKey
}

// Seal makes the block after previous (nil for the first) of entries, at most
// [MaxBlockEntries] of them; the others are for the block after. The entries
// follow those already sealed, in the order of their numbers, and the caller
// knows that no lower number will appear any more: what is missing between them
// is sealed as a gap. Without entries there is no block: nil.
//
// It refuses an entry that does not match its hash or comes too late
// ("audit-unsealable", "audit-late"), and a key that the chain does not expect
// ("audit-key-not-introduced").
func (s *Sealer) Seal(previous *SealedBlock, entries iter.Seq2[StoredEntry, error], at kizuna.Moment) (*SealedBlock, error) {
	b, err := s.begin(previous)
	if err != nil {
		return nil, err
	}
	var hashes []kizuna.Hash
	next := b.First
	for e, err := range entries {
		switch {
		case err != nil:
			return nil, err
		case e.Seq < next:
			return nil, kizuna.Errorf("audit-late", "entry %d was recorded after entry %d had been counted", e.Seq, next-1)
		case kizuna.HashOf(e.Canonical) != e.Hash || !e.numbered():
			return nil, kizuna.Errorf("audit-unsealable", "entry %d does not match its hash or its number", e.Seq).
				WithMend("see: kizuna audit verify")
		case e.Seq > next:
			b.Gaps = append(b.Gaps, Gap{next, e.Seq - 1})
		}
		hashes = append(hashes, e.Hash)
		next = e.Seq + 1
		if len(hashes) == MaxBlockEntries {
			break
		}
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	b.Last, b.Root, b.SealedAt, b.NextKey = next-1, merkleRoot(hashes), at, s.Next
	return s.sign(b, hashes)
}

func (s StoredEntry) numbered() bool {
	e, err := s.Entry()
	return err == nil && e.Seq == s.Seq && s.Seq >= 1 && s.Seq <= MaxNumber
}

// begin fills in what follows from the block before and from the key.
func (s *Sealer) begin(previous *SealedBlock) (*Block, error) {
	public, _ := s.Signer.Public().(ed25519.PublicKey)
	id, err := KeyID(public)
	if err != nil {
		return nil, err
	}
	b := &Block{Format: BlockFormat, Number: 1, First: 1, KeyID: id}
	if previous == nil {
		return b, nil
	}
	before, err := previous.Block()
	if err != nil {
		return nil, err
	}
	expected := before.KeyID
	if next, ok := before.nextKey(); ok {
		if expected, err = KeyID(next); err != nil {
			return nil, err
		}
	}
	if id != expected {
		return nil, kizuna.Errorf("audit-key-not-introduced", "block %d must be signed with key %s, not with %s", before.Number+1, expected, id).
			WithMend("let the old key introduce the new one first")
	}
	b.Number, b.First, b.Previous = before.Number+1, before.Last+1, previous.Hash()
	return b, nil
}

func (s *Sealer) sign(b *Block, hashes []kizuna.Hash) (*SealedBlock, error) {
	canonical, err := canonicalJSON(b)
	if err != nil {
		return nil, err
	}
	// Ed25519 hashes by itself and draws no random numbers.
	signature, err := s.Signer.Sign(nil, canonical, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	leaves := make([]byte, 0, len(hashes)*sha256.Size)
	for _, h := range hashes {
		leaves = append(leaves, h[:]...)
	}
	return &SealedBlock{Number: b.Number, Canonical: canonical, Signature: signature, Leaves: leaves}, nil
}

// leaves splits the kept hashes; it is false if they are not whole.
func (s *SealedBlock) leaves() ([]kizuna.Hash, bool) {
	if len(s.Leaves)%sha256.Size != 0 {
		return nil, false
	}
	out := make([]kizuna.Hash, len(s.Leaves)/sha256.Size)
	for i := range out {
		copy(out[i][:], s.Leaves[i*sha256.Size:])
	}
	return out, true
}

// Inclusion proves that a block seals an entry, without the other entries.
type Inclusion struct {
	Block     []byte        `json:"block"` // as it was signed
	Signature []byte        `json:"signature"`
	Path      []kizuna.Hash `json:"path"` // from the entry up to the block's root
}

// Prove returns the proof that the block seals the entry.
func (s *SealedBlock) Prove(seq int64) (*Inclusion, error) {
	b, err := s.Block()
	if err != nil {
		return nil, err
	}
	i, ok := b.index(seq)
	hashes, whole := s.leaves()
	if !ok || !whole || int64(len(hashes)) != b.Entries() || merkleRoot(hashes) != b.Root {
		return nil, kizuna.Errorf("audit-not-in-block", "block %d cannot prove entry %d", s.Number, seq).
			WithMend("see: kizuna audit verify")
	}
	return &Inclusion{s.Canonical, s.Signature, merklePath(hashes, int(i))}, nil
}

// Proves reports whether the proof holds for the entry, under the key of the
// proof's block.
func (p *Inclusion) Proves(e StoredEntry, key ed25519.PublicKey) bool {
	var head struct{ Number int64 }
	if json.Unmarshal(p.Block, &head) != nil || len(key) != ed25519.PublicKeySize {
		return false
	}
	b, err := (&SealedBlock{Number: head.Number, Canonical: p.Block}).Block()
	if err != nil || !e.numbered() || !ed25519.Verify(key, p.Block, p.Signature) {
		return false
	}
	i, ok := b.index(e.Seq)
	root, fits := rootFromPath(kizuna.HashOf(e.Canonical), i, b.Entries(), p.Path)
	return ok && fits && root == b.Root
}
