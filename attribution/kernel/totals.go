package kernel

import (
	"iter"
	"maps"
	"sync"

	"github.com/kizuna-org/kizuna/attribution"
)

// Totals are the tallies of every account. Accounts are dealt to parts, so that a
// part's tallies stay in a core's cache while a chunk of records is added to them.
type Totals struct {
	k        *Kernel
	accounts []string // by number
	numbers  map[string]uint32
	naming   sync.Once
	parts    [parts]part
}

const (
	parts = 256
	// chunkWords is how many words a worker collects for a part before it adds them.
	chunkWords = 2048
)

// part holds the tallies of every 256th account.
type part struct {
	mu      sync.Mutex
	sums    []int64 // now and base, by account and measure
	members members
}

func newTotals(k *Kernel, accounts []string) *Totals {
	t := &Totals{k: k, accounts: accounts}
	for i := range t.parts {
		n := (len(accounts) - i + parts - 1) / parts
		t.parts[i].sums = make([]int64, 2*max(n, 0)*len(k.measures))
	}
	return t
}

// add adds records to a part, or takes them away where sign is -1.
func (t *Totals) add(number int, words []uint64, sign int64) {
	p := &t.parts[number]
	stride := 2 * len(t.k.measures)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := 0; i < len(words); {
		account, n := uint32(words[i]>>32)/parts, int(uint32(words[i]))
		i++
		sums := p.sums[int(account)*stride : (int(account)+1)*stride]
		for end := i + n; i < end; i++ {
			e := entry(words[i])
			at := 2 * e.measure()
			switch e & entryKind {
			case small:
				now, base := e.small()
				sums[at] += sign * now
				sums[at+1] += sign * base
			case large:
				sums[at] += sign * int64(words[i+1])
				sums[at+1] += sign * int64(words[i+2])
				i += 2
			default:
				workload, now, base := e.member()
				p.members.add(memberKey(account, e, workload), int32(sign)*now, int32(sign)*base)
			}
		}
	}
}

// addAll adds records of any parts.
func (t *Totals) addAll(words []uint64, sign int64) {
	for i := 0; i < len(words); {
		end := i + 1 + int(uint32(words[i]))
		t.add(int(uint32(words[i]>>32)%parts), words[i:end], sign)
		i = end
	}
}

// Accounts lists the accounts that the totals know, by number.
func (t *Totals) Accounts() []string { return t.accounts }

// Account returns what all customers contribute to one account.
func (t *Totals) Account(account string) attribution.Contribution {
	out := make(attribution.Contribution)
	n, ok := t.number(account)
	if !ok {
		return out
	}
	workloads := t.k.workloads()
	p := &t.parts[n%parts]
	p.mu.Lock()
	defer p.mu.Unlock()
	t.tallies(out, n)
	for number := range t.k.measures {
		kind := t.k.measures[number].memberKind()
		if kind == 0 {
			continue
		}
		for w := range workloads {
			if !workloads[w].fed {
				continue
			}
			key := memberKey(n/parts, kind|entry(number)<<measureShift, uint32(w))
			if m := p.members.find(key); m != nil {
				addMember(out, account, workloads, m)
			}
		}
	}
	return out
}

// Contribution returns what all customers contribute to all accounts.
func (t *Totals) Contribution() attribution.Contribution {
	all := make(attribution.Contribution)
	for _, one := range t.All() {
		maps.Copy(all, one)
	}
	return all
}

// All yields every account that anything is contributed to, and what. The order is
// always the same. While it runs nothing may be added.
func (t *Totals) All() iter.Seq2[string, attribution.Contribution] {
	return func(yield func(string, attribution.Contribution) bool) {
		workloads := t.k.workloads()
		for i := range t.parts {
			members := t.parts[i].members.sorted()
			for n := i; n < len(t.accounts); n += parts {
				out := make(attribution.Contribution)
				t.tallies(out, uint32(n))
				for ; len(members) > 0 && accountOfMember(members[0].key) == n/parts; members = members[1:] {
					addMember(out, t.accounts[n], workloads, &members[0])
				}
				if len(out) > 0 && !yield(t.accounts[n], out) {
					return
				}
			}
		}
	}
}

func (t *Totals) number(account string) (uint32, bool) {
	t.naming.Do(func() {
		t.numbers = make(map[string]uint32, len(t.accounts))
		for i, a := range t.accounts {
			t.numbers[a] = uint32(i)
		}
	})
	n, ok := t.numbers[account]
	return n, ok
}

// tallies adds an account's sums to a contribution. The part's lock is held.
func (t *Totals) tallies(out attribution.Contribution, account uint32) {
	stride := 2 * len(t.k.measures)
	sums := t.parts[account%parts].sums[int(account/parts)*stride:][:stride]
	for m := range t.k.measures {
		if tally := (attribution.Tally{Now: sums[2*m], Base: sums[2*m+1]}); !tally.IsZero() {
			out[attribution.Key{Account: t.accounts[account], Measure: m}] = tally
		}
	}
}

// addMember adds a member of a measure's sets to a contribution.
func addMember(out attribution.Contribution, account string, workloads []workload, m *member) {
	if m.now == 0 && m.base == 0 {
		return
	}
	e, workload := ofMember(m.key)
	name := workloads[workload].name
	at := attribution.Key{Account: account, Measure: e.measure()}
	tally := out[at]
	if e&entryKind == inUnrated {
		tally.Unrated = with(tally.Unrated, name, m.now)
	} else {
		tally.NowSet, tally.BaseSet = with(tally.NowSet, name, m.now), with(tally.BaseSet, name, m.base)
	}
	out[at] = tally
}

func with(c attribution.Counts, member string, n int32) attribution.Counts {
	if n == 0 {
		return c
	}
	if c == nil {
		c = make(attribution.Counts)
	}
	c[member] = int64(n)
	return c
}

// memberKind says which members a measure's tallies have; 0 is none.
func (m *measure) memberKind() entry {
	switch m.class {
	case revenueWorkloads:
		return inSets
	case consumption:
		return inUnrated
	}
	return 0
}
