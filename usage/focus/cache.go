package focus

// cache is a map that forgets everything rather than grow without end, unless it is
// lasting. Of what was asked before, most is found without reckoning a hash.
type cache[K key, V any] struct {
	lasting bool
	known   []answer[K, V] // the first one is none
	at      map[K]uint32
	last    uint32               // that was asked for
	ends    [1 << endBits]uint32 // the last one whose key ended so
}

type answer[K key, V any] struct {
	key   K
	value V
}

const (
	maxCached = 1 << 14
	endBits   = 10 // ends are told apart by
)

// key is what is asked for: end is what keys mostly differ in.
type key interface {
	comparable
	end() uint32
}

type one string

type pair struct{ a, b string }

type number int64

func (o one) end() uint32    { return endOf(string(o)) }
func (p pair) end() uint32   { return endOf(p.a) ^ endOf(p.b) }
func (n number) end() uint32 { return uint32(n) }

// endOf is made of the last letters of a text.
func endOf(s string) uint32 {
	n := len(s)
	if n < 4 {
		return uint32(n)
	}
	return (uint32(s[n-1])<<24 | uint32(s[n-2])<<16 | uint32(s[n-3])<<8 | uint32(s[n-4])) * 0x9E3779B1 >> (32 - endBits)
}

// get returns what is known of a key; nil if nothing is.
func (c *cache[K, V]) get(k K) *V {
	if c.at == nil {
		return nil
	}
	if c.known[c.last].key == k && c.last != 0 {
		return &c.known[c.last].value
	}
	end := &c.ends[k.end()%(1<<endBits)]
	if n := *end; n == 0 || c.known[n].key != k {
		if n = c.at[k]; n == 0 {
			return nil
		}
		*end = n
	}
	c.last = *end
	return &c.known[*end].value
}

func (c *cache[K, V]) put(k K, v V) *V {
	if c.at == nil || !c.lasting && len(c.at) >= maxCached {
		c.known, c.at = make([]answer[K, V], 1), make(map[K]uint32)
		clear(c.ends[:])
	}
	n := uint32(len(c.known))
	c.known = append(c.known, answer[K, V]{k, v})
	c.at[k], c.ends[k.end()%(1<<endBits)], c.last = n, n, n
	return &c.known[n].value
}
