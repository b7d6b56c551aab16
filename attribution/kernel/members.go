package kernel

import (
	"cmp"
	"slices"
)

// members counts how many customers hold up each member of the sets of a part's
// accounts: a hash table by open addressing.
type members struct {
	slots []member
	used  int // slots with a key; a count that went down to 0 keeps it
}

type member struct {
	key       uint64 // 0 is none
	now, base int32  // unrated: now alone
}

// A key is a mark that makes it no 0, the account's place in its part, whether it
// is unrated, the measure and the workload.
func memberKey(account uint32, e entry, workload uint32) uint64 {
	unrated := uint64(0)
	if e&entryKind == inUnrated {
		unrated = 1
	}
	return 1<<63 | uint64(account)<<39 | unrated<<38 | uint64(e.measure())<<24 | uint64(workload)
}

func accountOfMember(key uint64) int { return int(key >> 39 & (1<<24 - 1)) }

// ofMember returns an entry of the kind and measure, and the workload.
func ofMember(key uint64) (e entry, workload uint32) {
	e = inSets
	if key>>38&1 != 0 {
		e = inUnrated
	}
	return e | entry(key>>24&measureMask)<<measureShift, uint32(key & (1<<24 - 1))
}

func (t *members) add(key uint64, now, base int32) {
	if 4*(t.used+1) > 3*len(t.slots) {
		t.grow()
	}
	s := t.slot(key)
	if s.key == 0 {
		s.key = key
		t.used++
	}
	s.now += now
	s.base += base
}

// find returns a member, or nil.
func (t *members) find(key uint64) *member {
	if len(t.slots) == 0 {
		return nil
	}
	if s := t.slot(key); s.key != 0 {
		return s
	}
	return nil
}

// sorted returns the members, those of an account together, the accounts in order.
func (t *members) sorted() []member {
	out := make([]member, 0, t.used)
	for _, m := range t.slots {
		if m.key != 0 {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	return out
}

// slot returns the key's slot, or the free one where it belongs.
func (t *members) slot(key uint64) *member {
	mask := uint64(len(t.slots) - 1)
	for i := key * 0x9E3779B97F4A7C15 >> 32 & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.key == key || s.key == 0 {
			return s
		}
	}
}

func (t *members) grow() {
	old := t.slots
	t.slots = make([]member, max(64, 2*len(old)))
	for _, m := range old {
		if m.key != 0 {
			*t.slot(m.key) = m
		}
	}
}
