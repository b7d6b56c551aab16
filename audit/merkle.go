package audit

import (
	"crypto/sha256"
	"math/bits"

	"github.com/kizuna-org/kizuna"
)

// The tree is that of RFC 6962, section 2.1: a leaf and a node are hashed apart,
// so that neither can pass for the other. Its leaves are the hashes of entries.

func leafHash(entry kizuna.Hash) kizuna.Hash {
	return kizuna.HashOf(append([]byte{0}, entry[:]...))
}

func nodeHash(left, right kizuna.Hash) kizuna.Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return kizuna.HashOf(b[:])
}

// split is the largest power of two below n, which is at least 2.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func merkleRoot(entries []kizuna.Hash) kizuna.Hash {
	switch n := len(entries); n {
	case 0:
		return kizuna.HashOf(nil)
	case 1:
		return leafHash(entries[0])
	default:
		k := split(n)
		return nodeHash(merkleRoot(entries[:k]), merkleRoot(entries[k:]))
	}
}

// merklePath returns the nodes that lead from entry i to the root, lowest first.
func merklePath(entries []kizuna.Hash, i int) []kizuna.Hash {
	if len(entries) <= 1 {
		return nil
	}
	k := split(len(entries))
	if i < k {
		return append(merklePath(entries[:k], i), merkleRoot(entries[k:]))
	}
	return append(merklePath(entries[k:], i-k), merkleRoot(entries[:k]))
}

// rootFromPath computes the root of a tree of n entries whose entry i is given.
// It is false for a path that such a tree cannot have.
func rootFromPath(entry kizuna.Hash, i, n int64, path []kizuna.Hash) (kizuna.Hash, bool) {
	if i < 0 || i >= n {
		return kizuna.Hash{}, false
	}
	h := leafHash(entry)
	last := n - 1
	for _, sibling := range path {
		if last == 0 {
			return kizuna.Hash{}, false
		}
		if i&1 == 1 || i == last {
			h = nodeHash(sibling, h)
			for i&1 == 0 && i != 0 { // the tree's right edge: levels without a sibling
				i, last = i>>1, last>>1
			}
		} else {
			h = nodeHash(h, sibling)
		}
		i, last = i>>1, last>>1
	}
	return h, last == 0
}
