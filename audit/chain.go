package audit

import (
	"crypto/ed25519"

	"github.com/kizuna-org/kizuna"
)

// chain reads blocks and lets through those that are proved. Only a proved block
// may say which entries there must be; one that is not is named once, and the
// entries that it would have sealed count as unproved.
type chain struct {
	next  func() (SealedBlock, error, bool)
	found *findings
	known map[int64]kizuna.Hash // heads noted earlier and not yet met
	keyID kizuna.Hash           // expected next
	key   ed25519.PublicKey

	number   int64       // of the last block read
	previous kizuna.Hash // its hash
	broken   bool        // since the last proved block there was one that is not
	last     int64       // the last entry that a proved block seals
	proved   int64       // blocks
	head     *Head
}

// link is a proved block, ready to be compared with entries.
type link struct {
	*Block
	hashes []kizuna.Hash // of its entries; nil if those kept beside it do not match
}

// advance returns the next proved block, nil after the last.
func (c *chain) advance() (*link, error) {
	for {
		s, err, more := c.next()
		if err != nil {
			return nil, err
		}
		if !more {
			c.missingHeads()
			return nil, nil
		}
		if l := c.check(&s); l != nil {
			return l, nil
		}
	}
}

func (c *chain) check(s *SealedBlock) *link {
	if s.Number > c.number+1 {
		c.found.add(BlockMissing, c.number+1, s.Number-1)
		c.broken = true
	}
	followed := c.previous
	c.number, c.previous = s.Number, s.Hash()
	c.compareHead()

	b, err := s.Block()
	if err != nil {
		return c.reject(BlockChanged)
	}
	if b.KeyID != c.keyID {
		return c.reject(BlockKey)
	}
	signed := ed25519.Verify(c.key, s.Canonical, s.Signature)
	// A block that names the next key is followed even if it is not what was
	// signed: it has been named, and what comes after can still be told apart.
	if next, ok := b.nextKey(); ok {
		c.key = next
		c.keyID, _ = KeyID(next) // its length has been checked
	}
	if !signed {
		return c.reject(BlockSignature)
	}
	if !c.broken && b.Previous != followed {
		c.found.add(BlockChain, b.Number, b.Number)
	}
	if b.First <= c.last || !c.broken && b.First != c.last+1 {
		return c.reject(BlockRange)
	}
	c.broken, c.last = false, b.Last
	c.proved++
	c.head = &Head{b.Number, c.previous}
	return &link{b, c.leaves(s, b)}
}

func (c *chain) reject(kind Kind) *link {
	c.found.add(kind, c.number, c.number)
	c.broken = true
	return nil
}

func (c *chain) leaves(s *SealedBlock, b *Block) []kizuna.Hash {
	hashes, whole := s.leaves()
	if !whole || int64(len(hashes)) != b.Entries() || merkleRoot(hashes) != b.Root {
		c.found.add(BlockLeaves, b.Number, b.Number)
		return nil
	}
	return hashes
}

func (c *chain) compareHead() {
	if noted, ok := c.known[c.number]; ok {
		delete(c.known, c.number)
		if noted != c.previous {
			c.found.add(BlockHead, c.number, c.number)
		}
	}
}

// missingHeads names the blocks from the end of the chain up to the highest that
// was noted. Those noted within it have been named as missing already.
func (c *chain) missingHeads() {
	highest := c.number
	for number := range c.known {
		highest = max(highest, number)
	}
	if highest > c.number {
		c.found.add(BlockMissing, c.number+1, highest)
	}
	c.known = nil
}

// sealed walks the entries that a proved block must have.
type sealed struct {
	*link
	found *findings
	next  int64 // the lowest number not yet accounted for
	gap   int   // of the block's gaps, the first that ends at next or later

	met     []kizuna.Hash // without trusted leaves: the hashes of the entries themselves
	whole   bool          // and whether all are there
	checked int64
}

func newSealed(l *link, found *findings) *sealed {
	return &sealed{link: l, found: found, next: l.First, whole: true}
}

// skipTo accounts for the numbers up to seq, which the block seals: gaps pass,
// others are missing.
func (s *sealed) skipTo(seq int64) {
	for s.next < seq {
		to := seq
		if s.gap < len(s.Gaps) {
			g := s.Gaps[s.gap]
			if g.From <= s.next {
				s.next = min(seq, g.To+1)
				if s.next > g.To {
					s.gap++
				}
				continue
			}
			to = min(to, g.From)
		}
		s.found.add(EntryMissing, s.next, to-1)
		s.whole = false
		s.next = to
	}
}

// meet compares an entry of the block, whose number is at least next, with what
// was sealed.
func (s *sealed) meet(e StoredEntry, computed kizuna.Hash, sound bool) {
	s.skipTo(e.Seq)
	i, ok := s.index(e.Seq)
	if !ok {
		s.found.add(EntryInserted, e.Seq, e.Seq)
		return
	}
	s.next = e.Seq + 1
	if s.hashes == nil {
		if !sound {
			s.found.add(EntryChanged, e.Seq, e.Seq)
		}
		s.met = append(s.met, computed)
		return
	}
	switch {
	case s.hashes[i] != computed:
		s.found.add(EntryChanged, e.Seq, e.Seq)
	case e.Hash != computed:
		s.found.add(EntryHash, e.Seq, e.Seq)
	case !sound:
		s.found.add(EntryChanged, e.Seq, e.Seq)
	default:
		s.checked++
	}
}

// finish accounts for the rest of the block and returns how many of its entries
// are proved.
func (s *sealed) finish() int64 {
	s.skipTo(s.Last + 1)
	if s.hashes != nil {
		return s.checked
	}
	if s.whole && merkleRoot(s.met) == s.Root {
		return int64(len(s.met))
	}
	s.found.add(EntryUnproved, s.First, s.Last)
	return 0
}
